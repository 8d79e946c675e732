"""All faults, in pipeline order: importing their modules registers them."""

from ecom_pipeline.local.drill import (
    api,
    clock,
    lake,
    loads,
    parts,
    processes,
    stream,
    table,
    triggers,
    warehouse,
)
from ecom_pipeline.local.drill.registry import ALL, Fault

_MODULES = (api, stream, table, clock, lake, parts, warehouse, loads, triggers, processes)


def every() -> list[Fault]:
    """Return all faults, in pipeline order."""
    groups = [module.GROUP for module in _MODULES]
    return sorted(ALL, key=lambda each: groups.index(each.group))
