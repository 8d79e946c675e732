"""Compare the stores and keep what came of it in the warehouse, beside the figures it is about.

How they are compared is in compare.py, what `sales.data_trust` makes of it in warehouse/trust.py.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from ecom_pipeline.domain import keys, shop
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.reconcile.compare import Reconciliation
from ecom_pipeline.warehouse import sweep, trust
from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline.warehouse.trust import Backlog

_AT_ONCE = 16


def recorded(
    warehouse: Warehouse, lake: Lake, first: date, last: date, compare: Callable[[], Reconciliation]
) -> Reconciliation:
    """Compare these days, keep the verdict on each, and return what was found."""
    span = trust.begin(warehouse, first, last)
    found = compare()
    counts = Counter(each.day for each in found.wrong)
    differences = {day: max(1, counts[day]) for day in found.differing}
    trust.keep(warehouse, span, differences, backlog(warehouse, lake))
    return found


def backlog(warehouse: Warehouse, lake: Lake) -> Backlog:
    """Return what waits outside of the warehouse, of whatever days.

    Quarantine costs a HEAD an object, 16 at once: what an object holds is in its metadata.
    """
    quarantine = [each.key for each in lake.raw.objects(keys.QUARANTINE)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        records = sum(pool.map(lake.raw.count, quarantine))
    pending = sweep.behind(lake, warehouse, shop.today())
    return Backlog(quarantine_open=records, days_pending=len(pending))
