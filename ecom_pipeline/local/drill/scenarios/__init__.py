"""The fault scenarios by the part of the pipeline; importing their modules registers them."""

from ecom_pipeline.local.drill.registry import ALL, Fault
from ecom_pipeline.local.drill.scenarios import (
    alarms,
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

_MODULES = (api, stream, table, clock, lake, parts, warehouse, loads, triggers, processes, alarms)


def every() -> list[Fault]:
    """Return all faults, in pipeline order."""
    groups = [module.GROUP for module in _MODULES]
    return sorted(ALL, key=lambda each: groups.index(each.group))
