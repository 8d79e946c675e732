"""Compare the stores and record the result in the warehouse, for the view `sales.data_trust`.

The comparison is in compare.py, the tables of results in warehouse/trust.py.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from ecom_pipeline.domain import keys
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.reconcile import segments
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.compare import Reconciliation, reconcile
from ecom_pipeline.reconcile.model import Discrepancy, Store
from ecom_pipeline.reconcile.segments import SEGMENTS, ScannedSegment
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.warehouse import migrations, sweep, trust
from ecom_pipeline.warehouse.session import Warehouse
from ecom_pipeline.warehouse.trust import Backlog

MOST_DAYS = 31

_AT_ONCE = 16

StoresWith = Callable[[Collection[str]], Sequence[Store]]


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


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """A segment's scan, the comparisons of its suspect days, and days left for another scan."""

    scanned: ScannedSegment
    compared: Sequence[Reconciliation]
    left: Sequence[date]

    @property
    def wrong(self) -> list[Discrepancy]:
        return [each for found in self.compared for each in found.wrong]

    @property
    def differences(self) -> list[str]:
        """Each differing day as text."""
        texts = [text for found in self.compared for text in found.differences]
        return texts + [
            f"{day}: not compared yet, of {MOST_DAYS} days or more" for day in self.left
        ]


def of_segment(
    warehouse: Warehouse, lake: Lake, table: InvoiceTable, stores: StoresWith, mark: Watermark
) -> SegmentVerdict:
    """Scan the table's next segment, compare the days that differ, and record the results.

    `stores` returns the stores with further invoices to read. At most MOST_DAYS days are compared.
    """
    migrations.migrate(warehouse)
    number = trust.next_segment(warehouse, SEGMENTS)
    scanned = segments.scan(table, warehouse, number, mark)
    days = sorted(scanned.suspects)
    compared = [
        recorded(
            warehouse,
            lake,
            day,
            day,
            lambda day=day: reconcile(stores(scanned.suspects[day]), day, day, mark),
        )
        for day in days[:MOST_DAYS]
    ]
    found = SegmentVerdict(scanned, compared, days[MOST_DAYS:])
    count = len(found.wrong) + len(found.left)
    trust.keep_segment(warehouse, number, SEGMENTS, items=scanned.items, differences=count)
    return found


def backlog(warehouse: Warehouse, lake: Lake) -> Backlog:
    """Return the number of quarantined and discarded records, and of pending days.

    Pending days are those that a sweep of today finds.

    """
    records, gone = quarantined(lake), quarantined(lake, keys.DISCARDED)
    pending = sweep.behind_in_turn(lake, warehouse, warehouse.shop.today())
    return Backlog(quarantine_open=records, quarantine_discarded=gone, days_pending=len(pending))


def quarantined(lake: Lake, aside: str = keys.QUARANTINE) -> int:
    """Return the number of records in quarantine, or of DISCARDED ones.

    It costs one HEAD request an object, 16 at once: the number of records is in the metadata.
    """
    objects = [each.key for each in lake.raw.quarantined(aside=aside)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(lake.raw.count, objects))
