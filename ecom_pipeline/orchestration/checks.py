"""The fact table's asset checks, based on the queries of warehouse/quality.py.

Checks of wrong figures are blocking, so that the marts are not refreshed; the others are warnings.
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
    EQUALS_CSV: "Rows, pieces, revenue and digest of each day equal those of its CSV.",
    UNIQUE: "No event id is on two rows in the days of the run.",
    VALUES: "No row violates the validation rules: amounts, kinds, dates, signs.",
    WHOLE: "All lines of an invoice have the same customer and country.",
}
_WARNING = {
    VOLUME: "Each day's row count is usual for its weekday in the eight weeks before.",
    FRESH: "No day before today has raw objects and was never published.",
}
SPECS = [
    dg.AssetCheckSpec(name, asset=FACT_LINES, blocking=name in _BLOCKING, description=text)
    for name, text in (_BLOCKING | _WARNING).items()
]


def of_days(
    lake: Lake, session: Session, days: Sequence[date], differing: Sequence[date]
) -> list[dg.AssetCheckResult]:
    """Run all checks on the days of a run; return one result per check, with the faulty days.

    `differing` are the days whose fact rows differ from their CSV.
    """
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
    """Return a check's result: passed without faults; `numbers` are further metadata."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not faults,
        severity=severity(name),
        metadata={**numbers, "faults": len(faults), "what": described(faults)},
    )


def severity(name: str) -> dg.AssetCheckSeverity:
    """Return the severity of a failed check."""
    return dg.AssetCheckSeverity.WARN if name in _WARNING else dg.AssetCheckSeverity.ERROR


def described(faults: Iterable[object]) -> str:
    """Return faults as text, one a line; "none" without faults."""
    return quality.described(faults)
