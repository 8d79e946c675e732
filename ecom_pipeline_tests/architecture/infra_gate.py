"""Checks a stage's resources by rules and duties, and that each of them can fail.

All offences are listed at once: the kind, the requirement, the resource. The rules are in
infra_rules.py and infra_dagster_rules.py, the duties in infra_policies.py and infra_duties.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from bench.infra import Resources, of_kind
from ecom_pipeline_tests.architecture.infra_policies import Duty
from ecom_pipeline_tests.architecture.infra_rules import Rule, broken, spoil

Offence = tuple[str, str, str]
"""A kind of resource, the requirement, and the resource that does not meet it."""


def absent(kinds: Iterable[str], resources: Resources) -> set[str]:
    """Return the kinds that there is no resource of: what is asked of them holds for nothing."""
    return set(kinds) - {each["Type"] for each in resources.values()}


def rules_broken(rules: Iterable[Rule], resources: Resources) -> set[Offence]:
    return {
        (kind, path, name)
        for kind, path, must in rules
        for name, resource in of_kind(resources, kind).items()
        if _is_broken((kind, path, must), name, resource)
    }


def duties_neglected(duties: Iterable[Duty], resources: Resources) -> set[Offence]:
    return {
        (duty.kind, duty.says, name)
        for duty in duties
        for name in of_kind(resources, duty.kind)
        if not _is_kept(duty, name, resources)
    }


def rules_that_stay_green(
    rules: Iterable[Rule], make: Callable[[], Resources]
) -> set[tuple[Offence, str]]:
    """Return the rules that a wrong value does not break, or a missing one, with that value."""
    found: set[tuple[Offence, str]] = set()
    for kind, path, must in rules:
        for value in (must.wrong, None):
            for name, resource in of_kind(make(), kind).items():
                with _about(kind, path, name, value):
                    spoil(resource, path, value)
                if not _is_broken((kind, path, must), name, resource):
                    found.add(((kind, path, name), repr(value)))
    return found


def duties_that_stay_green(
    duties: Iterable[Duty],
    make: Callable[[], Resources],
    exceptions: Collection[tuple[str, str]] = (),
) -> set[tuple[Offence, int]]:
    """Return the duties that are still kept however spoilt, with the number of the spoil."""
    found: set[tuple[Offence, int]] = set()
    for duty in duties:
        names = [n for n in of_kind(make(), duty.kind) if (duty.says, n) not in exceptions]
        for number, change in enumerate(duty.spoils):
            for name in names:
                resources = make()
                with _about(duty.kind, duty.says, name, number):
                    change(resources, name)
                if _is_kept(duty, name, resources):
                    found.add(((duty.kind, duty.says, name), number))
    return found


def _is_broken(rule: Rule, name: str, resource: Resources) -> bool:
    with _about(*rule[:2], name):
        return broken(rule, resource)


def _is_kept(duty: Duty, name: str, resources: Resources) -> bool:
    with _about(duty.kind, duty.says, name):
        return duty.kept(resources, name)


@contextmanager
def _about(*what: object) -> Iterator[None]:
    """Say of an error what it was that could not be looked at."""
    try:
        yield
    except Exception as error:
        error.add_note(f"of {what}")
        raise
