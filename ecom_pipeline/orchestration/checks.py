"""The checks of all assets by name, and their results, from the queries of warehouse/quality.py.

A day that breaks a rule is refused by its load, so no reader ever has it; the others warn. Checks
that look at the current state, and can be run alone, are in current.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import dagster as dg
import msgspec

from ecom_pipeline.orchestration.causes import Finding
from ecom_pipeline.orchestration.keys import FACT_LINES
from ecom_pipeline.warehouse import quality
from ecom_pipeline.warehouse.quality import Fault, Faults
from ecom_pipeline.warehouse.session import Session

CONSERVED = "every_raw_record_is_accounted_for"
COLUMNS_AGREE = "columns_agree_everywhere"
EQUALS_CSV = "fact_equals_csv"
VOLUME = "volume_is_usual"
BALANCED = "sums_are_those_of_the_fact_table"
AGREE = "every_store_has_every_event"
SEGMENT_AGREES = "every_item_is_published"
# of the current state
FRESH = "every_raw_day_is_loaded"
YESTERDAY = "yesterday_is_published"
NONE_DIFFERS = "no_compared_day_differs"
RECONCILED_IN_TIME = "every_day_is_reconciled_in_time"
NO_QUARANTINE = "no_record_is_in_quarantine"

AT_FAULT = "at_fault"
"""The metadata of a result with its findings, for the alarms."""

_BLOCKING = {
    EQUALS_CSV: "Rows, pieces, revenue and digest of each day are those of its CSV.",
} | {
    name: f"{rule.text} A load does not publish a day that violates it."
    for name, rule in quality.RULES.items()
}
_OF_FACT = _BLOCKING | {
    VOLUME: "The row count of each day that is over is usual for its weekday in the eight weeks "
    "before.",
}
_WARNING = {VOLUME, FRESH, NO_QUARANTINE}
_SHOWN = 100
SPECS = [
    dg.AssetCheckSpec(name, asset=FACT_LINES, blocking=name in _BLOCKING, description=text)
    for name, text in _OF_FACT.items()
]


def of_days(
    session: Session,
    days: Sequence[date],
    differing: Sequence[date],
    faults: Faults = MappingProxyType({}),
) -> list[dg.AssetCheckResult]:
    """Check the days of a run; one result each, which names the days at fault.

    `differing` are days whose fact rows are not those of their CSV; `faults` has the broken rules
    of published and of refused days.
    """
    found: dict[str, Sequence[object]] = {
        EQUALS_CSV: differing,
        **{name: faults.get(name, ()) for name in quality.RULES},
        VOLUME: quality.unusual_volumes(session, days),
    }
    return [
        result(FACT_LINES, name, findings(each), {"days": len(days)})
        for name, each in found.items()
    ]


def findings(faults: Iterable[object]) -> list[Finding]:
    """Return faults as findings; those of a day are one."""
    by_day: dict[str, list[str]] = {}
    for each in faults:
        day = each.day if isinstance(each, Fault) else each if isinstance(each, date) else ""
        by_day.setdefault(str(day), []).append(str(each))
    return [Finding(day=day, what="; ".join(texts)) for day, texts in by_day.items()]


def result(
    asset: dg.AssetKey,
    name: str,
    found: Sequence[Finding],
    metadata: Mapping[str, Any] = MappingProxyType({}),
) -> dg.AssetCheckResult:
    """Return a check's result: passed without findings; `metadata` is added to theirs."""
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not found,
        severity=severity(name),
        metadata={
            "faults": len(found),
            "what": "\n".join(each.what for each in found[:_SHOWN]) or "none",
            AT_FAULT: dg.MetadataValue.json(msgspec.to_builtins(found)),
            **metadata,
        },
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
