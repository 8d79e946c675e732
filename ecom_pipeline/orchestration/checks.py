"""The fact table's checks: a few lines around the questions of warehouse/quality.py.

What would put wrong figures before an analyst blocks the marts; the others warn.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import dagster as dg

from ecom_pipeline.domain.shop import today
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration.keys import FACT_LINES
from ecom_pipeline.warehouse import quality
from ecom_pipeline.warehouse.session import Session

EQUALS_CSV = "fact_equals_csv"
UNIQUE = "event_ids_are_unique"
VALUES = "values_are_possible"
WHOLE = "every_invoice_has_one_owner"
VOLUME = "volume_is_usual"
FRESH = "every_raw_day_is_loaded"

_BLOCKING = {
    EQUALS_CSV: "Rows, pieces, revenue and digest of each day are those of its CSV.",
    UNIQUE: "No event id stands twice in the days of the run.",
    VALUES: "No row that the rules would have refused: amounts, kinds, dates, signs.",
    WHOLE: "The lines of an invoice have one customer and one country.",
}
_WARNING = {
    VOLUME: "Each day against the same weekday of the eight weeks before it.",
    FRESH: "No day before today lies in the raw lake and not in the fact table.",
}
SPECS = [
    dg.AssetCheckSpec(name, asset=FACT_LINES, blocking=name in _BLOCKING, description=text)
    for name, text in (_BLOCKING | _WARNING).items()
]


def of_days(
    lake: Lake, session: Session, days: Sequence[date], differing: Sequence[date]
) -> list[dg.AssetCheckResult]:
    """Check the days of a run; one result each, which names the days at fault."""
    found: dict[str, Sequence[object]] = {
        EQUALS_CSV: differing,
        UNIQUE: quality.repeated_ids(session, days),
        VALUES: quality.impossible_values(session, days),
        WHOLE: quality.torn_invoices(session, days),
        VOLUME: quality.unusual_volumes(session, days),
        FRESH: quality.not_loaded(lake, session, today()),
    }
    return [result(FACT_LINES, name, faults, days=len(days)) for name, faults in found.items()]


def result(
    asset: dg.AssetKey, name: str, faults: Sequence[object], **numbers: float
) -> dg.AssetCheckResult:
    """Return a check's result: passed when there is no fault, else it names them."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not faults,
        severity=severity(name),
        metadata={**numbers, "faults": len(faults), "what": described(faults)},
    )


def severity(name: str) -> dg.AssetCheckSeverity:
    """Return how bad a failed check is."""
    return dg.AssetCheckSeverity.WARN if name in _WARNING else dg.AssetCheckSeverity.ERROR


def described(faults: Iterable[object]) -> str:
    """Return faults as a text for people."""
    return quality.described(faults)
