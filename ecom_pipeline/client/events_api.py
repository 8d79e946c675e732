"""One batch through `POST /events`: what the API answers, when to try again, when to give up.

Which batches there are, and what their results add up to, is replay/sender.py's.
"""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Annotated

import msgspec
import requests

from ecom_pipeline.domain.errors import EcomError

Numbered = tuple[int, Mapping[str, object]]

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 8.0
_SHOWN = 200
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class SendError(EcomError):
    """The replay can't go on: why, and what to do."""


class Accepted(msgspec.Struct, frozen=True, tag_field="status", tag="accepted"):
    """An event that is in the stream, and where."""

    event_id: str
    shard: str
    sequence: Annotated[str, msgspec.Meta(pattern=r"^\d{1,128}$")]


class Rejected(msgspec.Struct, frozen=True, tag_field="status", tag="rejected"):
    """An event that the API refused, and why."""

    reason: str
    field: str = ""
    expected: str = ""
    got: str = ""


Result = Accepted | Rejected


class _Answer(msgspec.Struct, frozen=True):
    results: list[Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to post to, and how many seconds without any progress to put up with.

    `unreached_patience` counts as long as nothing was ever heard from the URL.
    """

    url: str
    api_key: str = ""
    patience: float = 120.0
    unreached_patience: float = 5.0
    timeout: float = 30.0


class Client:
    """Posts batches, from any thread, over one kept connection per thread."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._endpoint = f"{target.url.rstrip('/')}/events"
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._stopped = threading.Event()
        self._reached = False
        self._progress = time.monotonic()

    def stop(self) -> None:
        """Let nobody wait for a better time any more: who would, raises SendError."""
        self._stopped.set()

    def close(self) -> None:
        for session in self._sessions:
            session.close()

    def post(self, batch: Sequence[Numbered]) -> list[Result]:
        """Return a result for each event, in order. Repeats itself safely: events carry ids."""
        response = self._answer(_ENCODER.encode([event for _, event in batch]))
        if response.status_code == requests.codes.request_entity_too_large:
            return self._post_halves(batch)
        if response.status_code in (requests.codes.accepted, requests.codes.bad_request):
            return self._results(response, batch)
        raise SendError(self._refusal(response))

    def _post_halves(self, batch: Sequence[Numbered]) -> list[Result]:
        if len(batch) == 1:
            return [Rejected("too_large", expected="a record that the API takes at all")]
        middle = len(batch) // 2
        return self.post(batch[:middle]) + self.post(batch[middle:])

    def _answer(self, body: bytes) -> requests.Response:
        """Return the first answer that is not about the moment."""
        started = time.monotonic()
        for attempt in count():
            asked = 0.0
            try:
                response = self._session().post(
                    self._endpoint, data=body, timeout=self._target.timeout, allow_redirects=False
                )
            except ValueError as error:  # requests' errors for what can't be a URL or a header
                raise SendError(f"{self._target.url} can't be posted to: {error}") from error
            except requests.RequestException as error:
                self._reached |= isinstance(error, requests.ReadTimeout)
                cause = _root_of(error)
            else:
                self._reached = True
                if response.status_code not in _TRANSIENT:
                    self._progress = time.monotonic()
                    return response
                asked, cause = _retry_after(response), _message(response)
            self._pause(attempt, asked, cause, started)
        raise AssertionError("count() ends nowhere")

    def _pause(self, attempt: int, asked: float, cause: str, started: float) -> None:
        """Wait with full jitter, at least as long as asked, or raise SendError."""
        patience = self._target.patience if self._reached else self._target.unreached_patience
        left = max(self._progress, started) + patience - time.monotonic()
        if left <= 0 or asked > left:
            raise SendError(self._impatience(patience, asked, cause))
        jitter = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311
        if self._stopped.wait(min(asked + jitter, left)):
            raise SendError("stopped")

    def _impatience(self, patience: float, asked: float, cause: str) -> str:
        if not self._reached:
            return (
                f"{self._target.url} can't be reached ({cause}): start the local AWS with "
                "`ecom local up`, or name the API with --url"
            )
        wish = f", and it asks to wait {asked:g} s" if asked else ""
        return (
            f"{self._endpoint} took nothing for {patience:g} s (last: {cause}{wish}): "
            "once it is well, the same command goes on from here"
        )

    def _refusal(self, response: requests.Response) -> str:
        told = _message(response)
        match response.status_code:
            case 401 | 403:
                return (
                    f"{self._endpoint} refused the API key ({told}): set ECOM_API_KEY, or see "
                    "`ecom local env`"
                )
            case 404 | 405:
                return f"{self._endpoint} is not there ({told}): name the API's stage with --url"
            case _:
                return f"{self._endpoint} answered {told}: is that the URL of the events API?"

    def _results(self, response: requests.Response, batch: Sequence[Numbered]) -> list[Result]:
        """Read the results, and see that they are of this very batch."""
        try:
            results = msgspec.json.decode(response.content, type=_Answer).results
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SendError(self._refusal(response)) from error
        if len(results) != len(batch):
            raise SendError(
                f"{self._endpoint} answered {len(results)} results for {len(batch)} events: "
                "is that the URL of the events API?"
            )
        for result, (number, event) in zip(results, batch, strict=True):
            if isinstance(result, Accepted) and result.event_id != event.get("event_id"):
                raise SendError(
                    f"{self._endpoint} acknowledged {result.event_id!r} for row {number}, whose id "
                    f"is {event.get('event_id')!r}: its results are not in order"
                )
        return results

    def _session(self) -> requests.Session:
        session = getattr(self._thread, "session", None)
        if session is None:
            session = self._thread.session = requests.Session()
            session.headers.update(
                {"content-type": "application/json", "x-api-key": self._target.api_key}
            )
            self._sessions.append(session)
        return session


def _message(response: requests.Response) -> str:
    """Return the status and, from the answer, the little that a person wants to read."""
    text = response.text.strip()
    try:
        text = msgspec.json.decode(text, type=dict[str, object]).get("message", text)
    except msgspec.DecodeError:
        text = text.partition("\n")[0]
    return f"{response.status_code} {str(text)[:_SHOWN]}".strip()


def _retry_after(response: requests.Response) -> float:
    """Return the seconds the server asks for; its other form, a date, is left to the back-off."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdecimal() else 0.0


def _root_of(error: BaseException) -> str:
    """Return what lies under requests' and urllib3's layers: 'Connection refused'."""
    while error.__context__ is not None:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
