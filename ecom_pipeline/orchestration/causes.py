"""Causes of alarms: what a check, a run or a tick found, and which of it was not told yet.

Plain data: reading them from Dagster is in observed.py, the alarms' texts are in alarm_list.py.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One cause: a day (ISO, or empty) and what is wrong with it; no personal data.

    The same `mark` is the same cause: it differs after the cause was gone meanwhile. A larger
    `size` is told again. `fix` is the command that puts it right, if it is not the alarm's own.
    """

    what: str
    day: str = ""
    mark: str = ""
    size: int = 0
    fix: str = ""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a subject (a check, a step, a sensor) found on the days that it looked at.

    `days` None means all days: whatever is not found is put right.
    """

    alarm: str
    subject: str
    findings: Sequence[Finding] = ()
    days: Collection[str] | None = None


class Told(msgspec.Struct):
    """The causes that were told and are not put right, by alarm and subject, then by day."""

    causes: dict[str, dict[str, tuple[str, int]]] = {}

    def news(self, seen: Observation) -> list[Finding]:
        """Return the findings that were not told yet; from now on they are, until put right."""
        key = f"{seen.alarm} {seen.subject}"
        before = self.causes.get(key, {})
        found = {each.day: each for each in seen.findings}
        kept = {} if seen.days is None else {d: c for d, c in before.items() if d not in seen.days}
        self.causes[key] = kept | {d: (each.mark, each.size) for d, each in found.items()}
        if not self.causes[key]:
            del self.causes[key]
        return [each for each in found.values() if _is_new(each, before.get(each.day))]


def _is_new(finding: Finding, told: tuple[str, int] | None) -> bool:
    return told is None or told[0] != finding.mark or told[1] < finding.size


def by_alarm(
    told: Told, observations: Iterable[Observation]
) -> dict[str, list[tuple[str, Finding]]]:
    """Return what is to be told, by alarm: the subject and the finding."""
    news: dict[str, list[tuple[str, Finding]]] = {}
    for seen in observations:
        for finding in told.news(seen):
            news.setdefault(seen.alarm, []).append((seen.subject, finding))
    return news
