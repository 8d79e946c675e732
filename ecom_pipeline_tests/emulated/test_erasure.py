"""erasure: a customer is erased from every store, also after a kill, and stays erased."""

import gzip
from datetime import UTC, datetime

import pytest

from ecom_pipeline.domain import discard_keys, envelope, failed_batch, keys
from ecom_pipeline.domain.tombstone import Tombstone
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.erasure import erase as erasure
from ecom_pipeline.erasure import fact
from ecom_pipeline.erasure.erase import DataSubject, Stores
from ecom_pipeline.erasure.table import _invoice
from ecom_pipeline.lake import partition, tombstones
from ecom_pipeline.lake.tombstones import TombstoneError
from ecom_pipeline.realtime import archive, store
from ecom_pipeline.warehouse import connect, load, marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import RECEIVED, on, stream_of
from ecom_pipeline_tests.emulated.given_up import given_up
from ecom_pipeline_tests.emulated.killing import killed_at

pytestmark = pytest.mark.usefixtures("redshift", "functions")

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def customer():
    return "918273001"


@pytest.fixture
def stores(aws):
    return Stores(
        connect.lake(aws), connect.client(aws, "dynamodb"), aws.table, connect.warehouse(aws)
    )


class Shop:
    """Two days of events: a customer's, another's, guests'; redelivered, refused, in conflict."""

    def __init__(self, stores, days, invoice, customer):
        self.stores, self.customer, self.invoice = stores, customer, invoice
        self.days = days
        first, another = days[0], f"{customer}9"
        mine = {"InvoiceNo": invoice, "CustomerID": f"{customer}.0"}
        self.mine = [
            on(each, event_id=f"{invoice}-{n}{each:%j}", Quantity=n + 2, **mine)
            for each in self.days
            for n in range(3)
        ]
        self.others = [
            on(first, event_id=f"{invoice}-o", InvoiceNo=f"A{invoice}", CustomerID=another),
            on(first, event_id=f"{invoice}-g", InvoiceNo=f"A9{invoice}", CustomerID=None),
        ]
        self.conflict = self.mine[0] | {"Quantity": 50}
        self.deliver(*self.mine, *self.others, self.mine[1])
        self.deliver(self.conflict, first=500)
        bad = envelope.rejected(
            envelope._ENCODER.encode(self.mine[0] | {"Country": None}),
            record=f"record 1 {invoice}",
            reason="invalid",
            received_at=RECEIVED,
            error=envelope.EventError("Country", "text", None),
        )
        key = keys.quarantine_key(RECEIVED.date(), invoice, "1", "1")
        for each in (key, keys.replayed_key(key), discard_keys.discarded_key(key)):
            stores.lake.raw.write_records(each, [bad])
        batch = given_up(stores.lake.raw.name, "ecom-store", [*self.mine[:2], *self.others])
        for each in (batch.key, failed_batch.redelivered_key(batch.key)):
            stores.lake.raw.put(each, batch.body.encode())
        self.load()

    def deliver(self, *events, first=1):
        """Let both consumers of the stream have events."""
        number = first + 1000 * int(self.invoice)
        for handler in (archive.handler, store.handler):
            assert handler(stream_of(*events, first=number)) == {"batchItemFailures": []}

    def load(self):
        made = [partition.build(self.stores.lake, day) for day in self.days]
        load.publish(self.stores.warehouse, self.stores.lake, self.days)
        marts.refresh(self.stores.warehouse, MARTS)
        assert [each.unaccounted for each in made] == [0, 0]
        return made

    def sums(self):
        found = load.fact_totals(self.stores.warehouse, min(self.days), max(self.days))
        return [found.get(day, Totals()) for day in self.days]

    def totals(self):
        return [(each.rows, each.quantity, each.amount) for each in self.sums()]

    def items(self):
        numbers = (self.invoice, f"A{self.invoice}", f"A9{self.invoice}")
        s = self.stores
        return [each for no in numbers for each in _invoice(s.dynamodb, s.table, no)]

    def state(self):
        """Return all that the stores hold of these days, but when the tombstone was written."""
        lake = self.stores.lake
        raw = {
            found.key: list(lake.raw.lines(found.key))
            for prefix in (
                *map(keys.raw_prefix, self.days),
                keys.QUARANTINE,
                keys.REPLAYED,
                keys.DISCARDED,
            )
            for found in lake.raw.objects(prefix)
            if self.invoice in found.key or self.invoice in str(list(lake.raw.lines(found.key)))
        }
        csv = [lake.csv.read(p.key).body for d in self.days for p in committed(lake, d).parts]
        return raw, csv, self.items(), self.sums()


def committed(lake, day):
    return partition.committed(lake, day)


@pytest.fixture
def shop(stores, days, invoice, customer):
    return Shop(stores, days(2), invoice, customer)


def erase(shop, mode):
    return erasure.erase(shop.stores, DataSubject(shop.customer, mode), NOW)


def names_nobody(shop):
    """Look for the id in the bytes of all objects, all versions, and in items and rows."""
    lake = shop.stores.lake
    customer = shop.customer.encode()
    for bucket in (lake.raw.name, lake.csv.name):
        for each in lake.s3.list_object_versions(Bucket=bucket)["Versions"]:
            found = lake.s3.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
            body = found["Body"].read()
            text = gzip.decompress(body) if each["Key"].endswith(".gz") else body
            if failed_batch.is_failed_batch(each["Key"]):
                text = b"".join(failed_batch.lines_of(failed_batch.decode(each["Key"], body)))
            assert customer not in text.replace(customer + b"9", b"")  # the id of another customer
    assert not [item for item in shop.items() if f"{shop.customer}'" in str(item)]
    rows = shop.stores.warehouse.query(
        "select count(*) from sales.fact_invoice_lines where customer_id = %s", [shop.customer]
    )
    assert rows == [(0,)]
    return True


def test_what_was_overwritten_before_is_in_a_version_that_is_looked_into(shop):
    lake = shop.stores.lake
    person = DataSubject(shop.customer, "delete")
    before = erasure.find_personal_data(shop.stores, person).rows["old versions"]
    (found,) = lake.raw.objects_of(shop.days[1])
    lake.raw.write_lines(found.key, list(lake.raw.lines(found.key))[:1])
    assert erasure.find_personal_data(shop.stores, person).rows["old versions"] == before + 1
    with pytest.raises(AssertionError):
        names_nobody(shop)


def test_what_a_killed_plan_left_is_erased_in_all_versions(shop):
    lake, day = shop.stores.lake, shop.days[0]
    key = keys.plan_part_key(keys.plan_prefix("killed"), day)
    lake.csv.write_part(key, partition.preview(lake, day).csv)
    erasure.erase(shop.stores, DataSubject(shop.customer, "anonymise"), NOW)
    versions = lake.s3.list_object_versions(Bucket=lake.csv.name, Prefix=keys.PLANS)
    assert versions.get("Versions", []) == []


def test_a_dry_run_finds_the_customer_everywhere_and_changes_nothing(shop):
    before = shop.state()
    found = erasure.find_personal_data(shop.stores, DataSubject(shop.customer, "anonymise"))
    assert found.days == set(shop.days)
    assert {k: n for k, n in found.rows.items() if k not in {"marts", "old versions"}} == {
        "raw": 8,
        "quarantine": 2,
        "replayed": 1,
        "discarded": 1,
        "CSV": 6,
        "DynamoDB": 7,
        "fact": 6,
        "failed batches": 4,
    }
    assert found.rows["marts"] >= 2
    assert shop.state() == before


def test_anonymised_the_sales_stay_and_name_nobody(shop):
    totals = shop.totals()
    report = erase(shop, "anonymise")
    assert report.after.is_clean
    assert report.before.shop.amount == report.after.shop.amount
    assert shop.totals() == totals
    assert names_nobody(shop)
    lines = [item for item in shop.items() if item["sk"]["S"] != keys.HEADER_SK]
    by_day = sum(int(item["digest"]["N"]) for item in lines)
    assert by_day == sum(each.digest for each in shop.sums()), "the stores still agree"
    versions = shop.stores.warehouse.query(
        "select cause, rows_changed, published_by from sales.load_ledger"
        " where version = 2 and invoice_date = %s",
        [shop.days[1]],
    )
    operator = shop.stores.warehouse.by.caller()
    assert ":root" in operator
    assert versions == [("erasure", 3, operator)]
    kept = tombstones.find(shop.stores.lake, shop.customer, "anonymise")
    assert kept is not None
    assert kept.who == operator


def test_a_day_that_breaks_a_rule_is_erased_too(shop):
    """A load refuses it; its published version would keep the customer."""
    first = shop.days[0]
    torn = on(first, event_id=f"{shop.invoice}-t", InvoiceNo=shop.invoice, CustomerID="424242")
    shop.deliver(torn, first=900)
    assert erase(shop, "anonymise").after.is_clean
    assert names_nobody(shop)


def test_deleted_the_sales_go_and_the_others_stay(shop):
    report = erase(shop, "delete")
    assert report.after.is_clean
    assert [rows for rows, *_ in shop.totals()] == [2, 0]
    assert names_nobody(shop)
    others = {keys.invoice_pk(f"{prefix}{shop.invoice}") for prefix in ("A", "A9")}
    assert {item["pk"]["S"] for item in shop.items()} == others
    assert report.before.shop.rows - report.after.shop.rows == 6


@pytest.mark.parametrize(
    ("mode", "rows", "erased"), [("anonymise", [5, 3], 0), ("delete", [2, 0], 8)]
)
def test_neither_a_backfill_nor_a_redelivery_brings_them_back(shop, mode, rows, erased):
    erase(shop, mode)
    totals = shop.totals()
    archive.handler(stream_of(*shop.mine, shop.conflict, first=777 + 1000 * int(shop.invoice)))
    archive.handler(stream_of(shop.mine[0] | {"Quantity": 0}, first=9 * 10**12))  # quarantined
    made = shop.load()
    assert shop.totals() == totals
    assert [each.totals.rows for each in made] == rows
    assert sum(each.erased for each in made) >= erased - 1
    assert not [k for k in made[0].quarantine_keys if shop.customer in held(shop, k)]
    assert erase(shop, mode).after.is_clean, "raw, to which they had returned, is clean at once"
    assert names_nobody(shop)


def held(shop, key):
    return str(list(shop.stores.lake.raw.lines(key)))


def test_erased_twice_it_changes_nothing(shop):
    erase(shop, "anonymise")
    before = shop.state()
    report = erase(shop, "anonymise")
    assert report.before.is_clean
    assert report.days == ()
    assert shop.state() == before


@pytest.mark.parametrize("write", [3, 5, 9, 14])
def test_killed_at_a_write_and_run_again_it_ends_the_same(stores, days, invoice, customer, write):
    shop = Shop(stores, days(2), invoice, customer)
    clients = stores.lake.s3, stores.dynamodb
    was_killed = killed_at(write, lambda: erase(shop, "anonymise"), *clients)
    assert was_killed
    report = erase(shop, "anonymise")
    assert report.after.is_clean
    assert names_nobody(shop)
    assert [rows for rows, *_ in shop.totals()] == [5, 3]
    for each in shop.days:
        sources = [source.etag for source in committed(stores.lake, each).sources]
        assert sources == [found.etag for found in stores.lake.raw.objects_of(each)]


def test_an_erasure_touches_no_other_day(stores, days, invoice, customer):
    *these, other = days(3)
    archive.handler(stream_of(on(other, event_id=f"{invoice}-z"), first=5 * 10**12))
    made = partition.build(stores.lake, other)
    before = stores.lake.csv.read(keys.manifest_key(other)).etag
    report = erase(Shop(stores, these, invoice, customer), "delete")
    assert other not in report.days
    assert stores.lake.csv.read(keys.manifest_key(other)).etag == before
    assert made.totals.rows == 1


def test_without_its_salt_no_day_is_built(stores, day, customer):
    tombstone = Tombstone(mode="delete", moment=NOW)
    tombstones.write(stores.lake, customer, tombstone)
    assert tombstones.find(stores.lake, customer, "delete") == tombstone
    stores.lake.raw.remove([keys.SALT])
    with pytest.raises(TombstoneError, match="restore"):
        partition.build(stores.lake, day)


def test_an_erasure_looks_into_every_mart_that_has_a_customer(warehouse):
    rows = warehouse.query(
        "select t.table_schema || '.' || t.table_name from svv_tables t join svv_columns c"
        " on c.table_schema = t.table_schema and c.table_name = t.table_name"
        " where c.column_name = 'customer_id' and t.table_type = 'BASE TABLE'"
        " and t.table_schema = 'marts'"
    )
    assert {name for (name,) in rows} == set(fact._MARTS)
