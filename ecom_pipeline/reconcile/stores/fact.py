"""The fact table: Redshift computes the totals; rows are fetched only where buckets differ."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile import model
from ecom_pipeline.reconcile.model import BUCKETS, Discrepancy, StoredEvent, StoreName
from ecom_pipeline.warehouse import load
from ecom_pipeline.warehouse.ledger import sums_of, within
from ecom_pipeline.warehouse.session import Session, Warehouse
from ecom_pipeline.warehouse.stage import DIGEST, FACT, SUMS

_BUCKET = f"strtol(left(md5(event_id), 2), 16) % {BUCKETS}"  # model.bucket_of in SQL


class FactStore:
    """Queries the warehouse for totals, and for rows of differing buckets."""

    name = StoreName.FACT
    needs: frozenset[StoreName] = frozenset()

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def days(self, first: date, last: date) -> dict[date, Totals]:
        return load.fact_totals(self.warehouse, first, last)

    def buckets(self, days: Sequence[date]) -> dict[tuple[date, int], Totals]:
        rows = self.warehouse.query(
            f"select invoice_date, {_BUCKET}, {SUMS} from {FACT} where {within(days)} group by 1, 2"
        )
        return {(day, int(bucket)): sums_of(*sums) for day, bucket, *sums in rows}

    def lines(self, wanted: model.BucketsByDay) -> Iterator[tuple[date, StoredEvent]]:
        for day, buckets in wanted.items():
            rows = self.warehouse.query(
                f"select event_id, quantity, amount, {DIGEST} from {FACT} where {within([day])}"
                f" and {_BUCKET} in ({', '.join(map(str, sorted(buckets)))})"
            )
            for event_id, quantity, amount, row_digest in rows:
                yield day, StoredEvent(event_id, int(quantity), Decimal(amount), int(row_digest))

    def faults(self) -> list[Discrepancy]:
        return []


def digests_of_invoices(
    session: Session, numbers: Sequence[str]
) -> dict[str, dict[tuple[date, str], int]]:
    """Return the digest of each published row of these invoices, by invoice, day and event id."""
    marks = ", ".join(["%s"] * len(numbers))
    found: defaultdict[str, dict[tuple[date, str], int]] = defaultdict(dict)
    for number, day, event_id, row_digest in session.rows(
        f"select invoice_no, invoice_date, event_id, {DIGEST} from {FACT}"
        f" where invoice_no in ({marks})",
        list(numbers),
    ):
        found[number][day, event_id] = int(row_digest)
    return dict(found)
