"""The shop's service desk: reads of the query API, signed as AWS asks staff to (Signature V4)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ecom_pipeline.settings import Settings

_SECONDS = 30


class QueryError(RuntimeError):
    """The query API did not answer what was asked."""


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The query API of one environment."""

    url: str
    settings: Settings

    def invoice(self, number: str) -> dict[str, Any]:
        """Return an invoice with its lines."""
        return self._get(f"/invoices/{quote(number, safe='')}")

    def invoices(self, customer: str) -> list[dict[str, str]]:
        """Return all invoices of a customer, the newest first."""
        found: list[dict[str, str]] = []
        path = f"/customers/{quote(customer, safe='')}/invoices"
        after = None
        while True:
            page = self._get(path, f"?after={quote(after, safe='')}" if after else "")
            found += page["invoices"]
            after = page["next"]
            if after is None:
                return found

    def _get(self, path: str, query: str = "") -> dict[str, Any]:
        url = f"{self.url}{path}{query}"
        request = AWSRequest("GET", url)
        SigV4Auth(self._credentials(), "execute-api", self.settings.region).add_auth(request)
        try:
            answer = requests.get(url, headers=dict(request.headers), timeout=_SECONDS)
        except requests.RequestException as error:
            raise QueryError(f"{self.url} does not answer: {error}") from error
        if not answer.ok:
            raise QueryError(f"{path}: {answer.status_code} {answer.json().get('message', '')}")
        return answer.json()

    def _credentials(self) -> Any:
        key = self.settings.emulator_key
        session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=key)
        found = session.get_credentials()
        if found is None:
            raise QueryError("no AWS credentials: sign in as the shop's staff first")
        return found.get_frozen_credentials()
