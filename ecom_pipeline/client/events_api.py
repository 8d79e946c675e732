"""A client of `POST /events`: sends a batch, retries transient errors, validates the results.

Batching and the counts of results are in replay/sender.py.
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
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 8.0  # seconds
_SHOWN = 200  # characters
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class SendError(EcomError):
    """Sending failed permanently; the message states the cause and what to do next."""


class Accepted(msgspec.Struct, frozen=True, tag_field="status", tag="accepted"):
    """The result of an accepted event: its id, shard and sequence number in the stream."""

    event_id: str
    shard: str
    sequence: Annotated[str, msgspec.Meta(pattern=r"^\d{1,128}$")]


class Rejected(msgspec.Struct, frozen=True, tag_field="status", tag="rejected"):
    """The result of an event that the API rejected: the reason and the field at fault."""

    reason: str
    field: str = ""
    expected: str = ""
    got: str = ""


Result = Accepted | Rejected


class _Answer(msgspec.Struct, frozen=True):
    results: list[Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The API's URL and key, and timeouts in seconds.

    `retry_for` is how long to retry without progress; `retry_unreached_for` applies instead until
    the URL has answered once. `timeout` is for one request.
    """

    url: str
    api_key: str = ""
    retry_for: float = 120.0
    retry_unreached_for: float = 5.0
    timeout: float = 30.0


class Client:
    """Posts batches; thread-safe, with one persistent connection per thread."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._endpoint = f"{target.url.rstrip('/')}/events"
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._stopped = threading.Event()
        self._reached = False
        self._progress = time.monotonic()

    def stop(self) -> None:
        """Stop retrying: a call of `post` that would pause raises SendError instead."""
        self._stopped.set()

    def close(self) -> None:
        for session in self._sessions:
            session.close()

    def post(self, batch: Sequence[Numbered]) -> list[Result]:
        """Return a result for each event, in order; a retry is idempotent by the events' ids.

        A batch is pairs of a row number, for messages, and an event. A batch that the API refuses
        as too large is sent in halves.

        Raises:
            SendError: the API cannot be reached, refuses the request, or answers unexpectedly.
        """
        response = self._answer(_ENCODER.encode([event for _, event in batch]))
        if response.status_code == requests.codes.request_entity_too_large:
            return self._post_halves(batch)
        if response.status_code in (requests.codes.accepted, requests.codes.bad_request):
            return self._results(response, batch)
        raise SendError(self._refusal(response))

    def _post_halves(self, batch: Sequence[Numbered]) -> list[Result]:
        if len(batch) == 1:
            return [Rejected("too_large", expected="a record below the API's size limit")]
        middle = len(batch) // 2
        return self.post(batch[:middle]) + self.post(batch[middle:])

    def _answer(self, body: bytes) -> requests.Response:
        """Return the first response that is not a transient error, with retries."""
        started = time.monotonic()
        for attempt in count():
            asked = 0.0
            try:
                response = self._session().post(
                    self._endpoint, data=body, timeout=self._target.timeout, allow_redirects=False
                )
            except ValueError as error:  # requests' errors for what can't be a URL or a header
                raise SendError(f"cannot post to {self._target.url}: {error}") from error
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
        """Wait with full jitter, at least `asked` seconds (Retry-After), or raise SendError."""
        seconds = self._target.retry_for if self._reached else self._target.retry_unreached_for
        left = max(self._progress, started) + seconds - time.monotonic()
        if left <= 0 or asked > left:
            raise SendError(self._timed_out(seconds, asked, cause))
        jitter = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))  # noqa: S311
        if self._stopped.wait(min(asked + jitter, left)):
            raise SendError("stopped")

    def _timed_out(self, seconds: float, asked: float, cause: str) -> str:
        if not self._reached:
            return (
                f"{self._target.url} can't be reached ({cause}): start the local AWS with "
                "`ecom local up`, or name the API with --url"
            )
        wish = f", Retry-After {asked:g} s" if asked else ""
        return (
            f"{self._endpoint} accepted nothing for {seconds:g} s (last: {cause}{wish}): "
            "once it is available, the same command resumes from here"
        )

    def _refusal(self, response: requests.Response) -> str:
        message = _message(response)
        match response.status_code:
            case 401 | 403:
                return (
                    f"{self._endpoint} refused the API key ({message}): set ECOM_API_KEY, or see "
                    "`ecom local env`"
                )
            case 404 | 405:
                return f"{self._endpoint} does not exist ({message}): set the API's URL with --url"
            case _:
                return f"{self._endpoint} answered {message}: is that the URL of the events API?"

    def _results(self, response: requests.Response, batch: Sequence[Numbered]) -> list[Result]:
        """Decode the results, and check that they are of this batch, in order."""
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
    """Return the status and the response's message, or its first line, truncated."""
    text = response.text.strip()
    try:
        text = msgspec.json.decode(text, type=dict[str, object]).get("message", text)
    except msgspec.DecodeError:
        text = text.partition("\n")[0]
    return f"{response.status_code} {str(text)[:_SHOWN]}".strip()


def _retry_after(response: requests.Response) -> float:
    """Return the seconds of a Retry-After header; 0 without one, or if it is a date."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdecimal() else 0.0


def _root_of(error: BaseException) -> str:
    """Return the message of the root cause below requests and urllib3: 'Connection refused'."""
    while error.__context__ is not None:
        error = error.__context__
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
