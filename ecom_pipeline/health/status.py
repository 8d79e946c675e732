"""`ecom status`: the progress of each store on one screen, or the error of a store.

Bounded: no listing and no read here grows with the history. A fact that covers a part only is
named accordingly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import redshift_connector
import requests
from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.client import endpoints
from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.health import facts, timeout
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.session import reason

Facts = Mapping[str, object]

_EXPECTED = (
    BotoCoreError,
    ClientError,
    EcomError,
    redshift_connector.Error,
    requests.RequestException,
)
_NO_TABLES = {"42P01", "3F000"}  # SQLSTATE of no table and no schema: the first load creates them
# each store: the function that reads it, and the services of the local AWS that this needs
_STORES: Mapping[str, tuple[Callable[[Settings], Facts], tuple[str, ...]]] = {
    "API": (facts.api, ("aws",)),
    "stream": (facts.stream, ("aws",)),
    "DynamoDB": (facts.table, ("aws",)),
    "raw lake": (facts.raw, ("aws",)),
    "quarantine": (facts.quarantine, ("aws",)),
    "CSV": (facts.csv, ("aws",)),
    "catalog": (facts.catalog, ("aws",)),
    "warehouse": (facts.warehouse, ("redshift",)),
    "to load": (facts.to_load, ("aws", "redshift")),
    "trust": (facts.trust, ("redshift",)),
}


@dataclass(frozen=True, slots=True)
class Store:
    """The facts of a store, or the reason why they could not be read."""

    name: str
    facts: Facts = field(default_factory=dict[str, object])
    trouble: str = ""


def read(settings: Settings) -> list[Store]:
    """Read the facts of every store in sequence; nothing is written."""
    stopped = {name for name, answers in endpoints.local_services(settings).items() if not answers}
    late = f"no answer in {timeout.SECONDS} s: run ecom doctor"
    return [
        timeout.answer(
            partial(_ask, name, tell, sorted(stopped.intersection(needs)), settings),
            Store(name, trouble=late),
        )
        for name, (tell, needs) in _STORES.items()
    ]


def _ask(
    name: str, tell: Callable[[Settings], Facts], stopped: Sequence[str], settings: Settings
) -> Store:
    if stopped:
        return Store(name, trouble=f"{', '.join(stopped)} does not run: ecom local up")
    try:
        return Store(name, tell(settings))
    except redshift_connector.ProgrammingError as error:
        fields = error.args[0] if error.args else None
        if isinstance(fields, dict) and fields.get("C") in _NO_TABLES:
            return Store(name, {"state": "nothing loaded yet"})
        return Store(name, trouble=" ".join(reason(error).split()))
    except _EXPECTED as error:
        said = reason(error) if isinstance(error, redshift_connector.Error) else str(error)
        return Store(name, trouble=" ".join(said.split()))
