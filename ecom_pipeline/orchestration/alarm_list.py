"""The alarms that Dagster raises: their texts, and the checks whose failure raises them.

Each has a section in docs/runbook.md and a scenario of the drill; CloudWatch's are in infra/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ecom_pipeline.orchestration import checks
from ecom_pipeline.orchestration.causes import Finding

_SHOWN, _LONGEST = 15, 500  # findings of a message, characters of one: together below SNS's limit


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: what it means, what to look at first, and the command that puts it right."""

    name: str
    meaning: str
    first_look: str
    fix: str


RUN_FAILED = Alarm(
    "RunFailed",
    "A run failed. Its days keep the version they had.",
    "the run in Dagster; transient errors were already retried.",
    "ecom load {days}",
)
CHECK_FAILED = Alarm(
    "CheckFailed",
    "A check failed or warns. The run that found it may have succeeded.",
    "the check in Dagster: its metadata has all faults.",
    "ecom load {days}",
)
TICK_FAILED = Alarm(
    "TickFailed",
    "A sensor or schedule fails: it requests no runs.",
    "its ticks in Dagster, with the whole error.",
    "ecom doctor",
)
STORES_DIFFER = Alarm(
    "StoresDiffer",
    "The stores do not have the same events.",
    "the asset proof/reconciliation in Dagster: event, store and hop of each difference.",
    "ecom reconcile {days} --repair",
)
LOADS_LATE = Alarm(
    "LoadsLate",
    "A day that is over is not in the warehouse.",
    "the last ticks of daily_load and new_raw_objects, then failed and queued runs.",
    "ecom load {days}",
)
QUARANTINE_GROWS = Alarm(
    "QuarantineGrows",
    "More records are in quarantine than were told before.",
    "ecom quarantine list, for reasons and fields.",
    "ecom quarantine replay",
)
RECONCILIATION_LATE = Alarm(
    "ReconciliationLate",
    "Days were published more than a day ago and not compared since.",
    "the last ticks of daily_reconciliation, then failed runs of reconcile_days.",
    "ecom reconcile {days}",
)
ALL = MappingProxyType(
    {
        each.name: each
        for each in (
            RUN_FAILED,
            CHECK_FAILED,
            TICK_FAILED,
            STORES_DIFFER,
            LOADS_LATE,
            QUARANTINE_GROWS,
            RECONCILIATION_LATE,
        )
    }
)
OF_CHECK = MappingProxyType(
    {
        checks.AGREE: STORES_DIFFER,
        checks.SEGMENT_AGREES: STORES_DIFFER,
        checks.NONE_DIFFERS: STORES_DIFFER,
        checks.FRESH: LOADS_LATE,
        checks.YESTERDAY: LOADS_LATE,
        checks.NO_QUARANTINE: QUARANTINE_GROWS,
        checks.RECONCILED_IN_TIME: RECONCILIATION_LATE,
    }
)
_FIX_OF_CHECK = MappingProxyType(
    {
        checks.EQUALS_CSV: "ecom reconcile {days} --repair",
        checks.VOLUME: "ecom reconcile {days}",
        checks.BALANCED: "ecom reconcile A:B --repair; if the fact table is right,"
        " `delete from marts.builds` in Redshift and launch refresh_marts",
    }
)


def of_check(name: str) -> Alarm:
    """Return the alarm that the failure of a check raises."""
    return OF_CHECK.get(name, CHECK_FAILED)


def fix_of_check(name: str) -> str:
    """Return the command that puts a failed check right; empty for the alarm's own."""
    return _FIX_OF_CHECK.get(name, "")


def message(alarm: Alarm, news: Sequence[tuple[str, Finding]]) -> tuple[str, str]:
    """Return the subject and the text of an alarm's message."""
    days = sorted({each.day for _, each in news if each.day})
    about = _span(days) if days else news[0][0]
    shown = [_line(subject, finding) for subject, finding in news[:_SHOWN]]
    more = [f"* and {len(news) - _SHOWN} more"] if len(news) > _SHOWN else []
    fixes = dict.fromkeys(
        (each.fix or alarm.fix).format(days=_span(days) or "A:B") for _, each in news
    )
    lines = [
        alarm.meaning,
        *shown,
        *more,
        f"First look: {alarm.first_look}",
        *(f"Put it right: {fix}" for fix in fixes),
        f"Runbook: docs/runbook.md#{alarm.name.lower()}",
    ]
    return f"ecom_pipeline {alarm.name}: {about}", "\n".join(lines)


def _line(subject: str, finding: Finding) -> str:
    what = finding.what if len(finding.what) <= _LONGEST else finding.what[:_LONGEST] + " ..."
    return "* " + ", ".join(filter(None, [finding.day, subject])) + f": {what}"


def _span(days: Sequence[str]) -> str:
    return ":".join(dict.fromkeys([days[0], days[-1]])) if days else ""
