"""A client of the query API, with a token of the user pool's group `staff`."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import requests

from ecom_pipeline.domain.errors import EcomError

_SECONDS = 30  # timeout of a request


class QueryError(EcomError):
    """A request to the query API failed."""


@dataclass(frozen=True, slots=True)
class QueryApi:
    """The query API of one environment, for its staff.

    Each method raises QueryError when the API cannot be reached or returns an error.
    """

    url: str
    token: str = field(repr=False)

    def invoice(self, number: str) -> dict[str, Any]:
        """Return an invoice with its lines, as decoded JSON."""
        return self._get(f"/invoices/{quote(number, safe='')}", {})

    def invoices(self, customer: str) -> list[dict[str, str]]:
        """Return all invoices of a customer, the newest first."""
        return self._all(f"/customers/{quote(customer, safe='')}/invoices", "invoices")

    def items(self, customer: str) -> list[dict[str, Any]]:
        """Return a customer's articles, the most pieces first."""
        return self._all(f"/customers/{quote(customer, safe='')}/items", "items")

    def _all(self, path: str, name: str) -> list[dict[str, Any]]:
        page = self._get(path, {})
        found = page[name]
        while page["next"] is not None:
            page = self._get(path, {"page": page["next"]})
            found += page[name]
        return found

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        url = f"{self.url}{path}?{urlencode(parameters)}"
        try:
            answer = requests.get(url, headers={"Authorization": self.token}, timeout=_SECONDS)
        except requests.RequestException as error:
            raise QueryError(f"{self.url} does not answer: {error}") from error
        if not answer.ok:
            raise QueryError(f"{path}: {answer.status_code} {_message(answer)}")
        return answer.json()


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (requests.JSONDecodeError, KeyError, TypeError):
        return answer.reason
