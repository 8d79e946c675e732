"""Compare the stores and record the result in the warehouse, for the view `sales.data_trust`.

The comparison is in compare.py, the tables of results in warehouse/trust.py.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from ecom_pipeline.domain import shop
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.reconcile.compare import Reconciliation
from ecom_pipeline.warehouse import sweep, trust
from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline.warehouse.trust import Backlog

_AT_ONCE = 16


def recorded(
    warehouse: Warehouse, lake: Lake, first: date, last: date, compare: Callable[[], Reconciliation]
) -> Reconciliation:
    """Run `compare` for these days, record each day's result, and return the reconciliation."""
    span = trust.begin(warehouse, first, last)
    found = compare()
    counts = Counter(each.day for each in found.wrong)
    differences = {day: max(1, counts[day]) for day in found.differing}
    trust.keep(warehouse, span, differences, backlog(warehouse, lake))
    return found


def backlog(warehouse: Warehouse, lake: Lake) -> Backlog:
    """Return the number of quarantined records, and of pending days as a sweep of today finds them.

    Quarantine costs one HEAD request an object, 16 at once: the number of records is in the
    metadata.
    """
    quarantine = [each.key for each in lake.raw.quarantined()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        records = sum(pool.map(lake.raw.count, quarantine))
    pending = sweep.behind_in_turn(lake, warehouse, shop.today())
    return Backlog(quarantine_open=records, days_pending=len(pending))
