"""The fact table's asset checks, based on the queries of warehouse/quality.py.

A day that breaks a rule is refused by its load, so no reader ever has it; the others warn.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from types import MappingProxyType

import dagster as dg

from ecom_pipeline.orchestration.keys import FACT_LINES
from ecom_pipeline.warehouse import quality
from ecom_pipeline.warehouse.quality import Faults
from ecom_pipeline.warehouse.session import Session

EQUALS_CSV = "fact_equals_csv"
VOLUME = "volume_is_usual"
FRESH = "every_raw_day_is_loaded"

_BLOCKING = {
    EQUALS_CSV: "Rows, pieces, revenue and digest of each day are those of its CSV.",
} | {
    name: f"{rule.text} A load does not publish a day that violates it."
    for name, rule in quality.RULES.items()
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
    session: Session,
    days: Sequence[date],
    differing: Sequence[date],
    not_loaded: Sequence[date],
    faults: Faults = MappingProxyType({}),
) -> list[dg.AssetCheckResult]:
    """Check the days of a run; one result each, which names the days at fault.

    `differing` are days whose fact rows are not those of their CSV, `not_loaded` any days before
    today with raw objects and no load; `faults` has the broken rules of published and of refused
    days.
    """
    found: dict[str, Sequence[object]] = {
        EQUALS_CSV: differing,
        **{name: faults.get(name, ()) for name in quality.RULES},
        VOLUME: quality.unusual_volumes(session, days),
        FRESH: not_loaded,
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


def failed(results: Iterable[dg.AssetCheckResult]) -> str:
    """Return what the failed checks found, warnings left out."""
    wrong = (
        f"{each.check_name}: {each.metadata['what'].value}"
        for each in results
        if not each.passed and each.severity == dg.AssetCheckSeverity.ERROR
    )
    return "; ".join(wrong)


def severity(name: str) -> dg.AssetCheckSeverity:
    """Return the severity of a failed check."""
    return dg.AssetCheckSeverity.WARN if name in _WARNING else dg.AssetCheckSeverity.ERROR


def described(faults: Iterable[object]) -> str:
    """Return faults as text, one a line; "none" without faults."""
    return quality.described(faults)
