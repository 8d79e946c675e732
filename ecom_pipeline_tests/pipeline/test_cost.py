"""The usage of events does not grow unnoticed: calls and units against the recorded ones."""

import pytest

from bench import cost_usage
from ecom_pipeline.cost.usage import recorded


@pytest.fixture(scope="module")
def world():
    """Return what made-up events and a load of them make AWS do, on a local AWS of their own."""
    return cost_usage.apart(cost_usage.guard)


def grown(now, then):
    """Name each call and unit of which there are more than were recorded."""
    for part, usage in now.items():
        was = then[part]
        for kind in ("calls", "units"):
            before = getattr(was, kind)
            for name, n in getattr(usage, kind).items():
                if n > before.get(name, 0):
                    yield f"{part}: {before.get(name, 0)} -> {n} {name}"


def test_no_event_and_no_load_costs_more_calls_or_units_than_were_recorded(world):
    more = list(grown(world, recorded().guard))
    assert more == [], "if it is intended, record it: python -m bench.cost_usage"
    assert world.keys() == recorded().guard.keys()
    assert sum(part.requests for part in world.values()) > 0
