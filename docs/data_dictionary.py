"""`python -m docs.data_dictionary`: write data-dictionary.md from the code that makes the data.

Columns are those of domain/columns.py, marts those of warehouse/mart_list.py, tables of the ledger
those of the migrations. The meaning of the ledger's columns is documented only here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from ecom_pipeline.domain import discard_keys, keys
from ecom_pipeline.domain.columns import COLUMNS, PARTITION
from ecom_pipeline.domain.event import InvoiceLine
from ecom_pipeline.lake.catalog import quarantine_table_input
from ecom_pipeline.realtime import item_shape
from ecom_pipeline.warehouse.ledger import RESTATEMENT
from ecom_pipeline.warehouse.mart_list import DATA_TRUST, MARTS
from ecom_pipeline.warehouse.marts import Mart

OUT = Path(__file__).with_name("data-dictionary.md")
MIGRATIONS = Path(__file__).parents[1] / "ecom_pipeline" / "warehouse" / "sql" / "migrations"

_HEAD = """# Data dictionary
Written by `python -m docs.data_dictionary` from the code that makes the data. Amounts are in the
shop's currency.
"""
_RESTATED = {
    "invoice_date": "The day",
    "version": "1 for the first publish of the day, then incremented",
    "cause": "first, late (rows added), correction (rows removed or changed), restatement (lines"
    " retracted), erasure or repair; in `sales.load_ledger` also running (of a day that was not"
    " over) and over (the first one after its end)",
    "published_at": "When, UTC",
    "rows_added": "Events that are not in the previous version",
    "rows_removed": "Events of the previous version that are not in this one",
    "rows_changed": "Events in both versions with different content",
    "amount_before": "All amounts of the day in the previous version",
    "rows_before": "Rows of the previous version; 0 for the first",
    "published_by": "Who published it: the AWS identity of the process; locally the user, too",
    "run_id": "Dagster's run; null for a command that publishes by itself (erasure, repair)",
    "requested_by": "What the run's tags say of its origin: the identity behind `ecom load`, a"
    " schedule, a sensor, a backfill",
    "approved_plan": "The plan that a person approved (`requested_by`); null without approval",
}
_TABLES: Mapping[str, Mapping[str, str]] = {
    "sales.load_ledger": _RESTATED
    | {
        "generation": "The fencing token with which it was published",
        "row_count": "Rows of the day",
        "quantity": "Pieces of the day",
        "amount": "All amounts of the day",
        "digest": "The order-independent digest of the day's rows",
        "running_until": "Up to when it has the day's events, UTC, if the day was not over; else"
        " null",
        "running_until_local": "The same in the shop's time zone",
    },
    "sales.restatements": _RESTATED
    | {
        "rows_after": "Rows of this version",
        "amount_after": "All amounts of the day in this version",
        "amount_delta": "Change of the day's revenue",
    },
    "sales.load_fence": {
        "invoice_date": "The day",
        "generation": "The newest claim on it",
    },
    "sales.reconciliations": {
        "invoice_date": "The day",
        "version": "The version that was compared; 0 for a day that was never published",
        "reconciled_at": "When, UTC",
        "differences": "Number of discrepancies",
        "differing_since": "Since when it differs without interruption, UTC; null if it does not",
    },
    "sales.backlog": {
        "quarantine_open": "Records in quarantine",
        "quarantine_discarded": "Discarded records",
        "days_pending": "Days with unpublished raw objects",
    },
    "sales.repairs": {
        "repaired_at": "When, UTC",
        "items": "Items of DynamoDB that were put right",
        "days_rebuilt": "Days whose CSV and fact rows were built again",
        "days_lost": "Days that were not, since raw itself has lost events of them",
        "repaired_by": "Who repaired: as published_by of the ledger",
    },
    "sales.shop": {
        "time_zone": "The time zone (IANA) of the shop whose days are loaded",
        "currency": "Its currency, in ISO 4217",
        "first_day": "The first day that is loaded",
    },
    "sales.csv_rules": {
        "invoice_date": "The day",
        "rules": "The version of the rules (lake/rules.py) that its CSV was built by",
    },
    "marts.builds": {
        "invoice_date": "The day",
        "version": "The day's version in the marts",
        "definition": "The SHA-256 of the SQL that built them",
    },
}
_DAY = date(2010, 12, 1)
_MOMENT = datetime(2010, 12, 1, 9, tzinfo=UTC)
_FIRST, _LAST = "4961", "4987"
_EXAMPLE = InvoiceLine(
    event_id="4f1c",
    invoice_no="536365",
    stock_code="85123A",
    description="A HOLDER",
    quantity=6,
    invoice_time=datetime(2010, 12, 1, 8, 26),  # noqa: DTZ001 - the shop's local time has no zone
    unit_price=Decimal("2.55"),
    customer_id="17850",
    country="United Kingdom",
)


def render() -> str:
    """Return the whole document."""
    return "\n".join([_HEAD, *_event(), *_lake(), *_dynamodb(), *_warehouse(), *_marts()])


def _event() -> Iterable[str]:
    yield "## An invoice line"
    yield (
        "One row in the CSV (`csv_invoice_lines` in Glue) and in `sales.fact_invoice_lines`, which"
        " is also in Glue. The key is the field's name in a producer's JSON; columns without are"
        " derived.\n"
    )
    rows = [
        (
            _code(c.name),
            _code(c.wire or ("event_id" if c.name == "event_id" else "")),
            _code(c.glue),
            _code(c.redshift),
            "yes" if c.nullable else "",
            c.comment,
        )
        for c in (*COLUMNS, PARTITION)
    ]
    yield _listing(("column", "key", "Glue", "Redshift", "may be null", "means"), rows)
    yield "In the CSV all columns are text: Glue's OpenCSVSerde reads dates and decimals as text.\n"


def _lake() -> Iterable[str]:
    yield "## The lake"
    batch = ("shardId-000000000000", _FIRST, _LAST)
    rows = [
        ("raw", keys.raw_key(_DAY, *batch), "events of a day, one object a batch"),
        ("raw", keys.retraction_key(_DAY, 1), "lines of the day that were taken back"),
        ("raw", keys.quarantine_key(_DAY, *batch), "rejected or unreadable records of a batch"),
        (
            "raw",
            keys.transform_quarantine_key(_DAY, _DAY, 0),
            "records quarantined by the rebuild of a day",
        ),
        ("raw", keys.conflict_key(_DAY, "4f1c", 0xABC), "id conflicts: used id, other content"),
        ("raw", keys.replayed_key(keys.quarantine_key(_DAY, *batch)), "replayed records"),
        ("raw", discard_keys.discarded_key(keys.quarantine_key(_DAY, *batch)), "discarded records"),
        ("raw", discard_keys.discard_key(_MOMENT, "5c…"), "the log entry of a discard"),
        ("raw", keys.tombstone_key("anonymise", "9d…"), "the tombstone of an erased customer"),
        ("csv", keys.csv_part_key(_DAY, "1f…", 0), "rows of a day"),
        ("csv", keys.manifest_key(_DAY), "the manifest, which commits a day: parts, sums, sources"),
        ("csv", keys.copy_manifest_key(keys.copy_prefix(7), 0), "the manifest of a load's COPY"),
        ("csv", keys.REPORT, "the sales report"),
    ]
    yield _listing(
        ("bucket", "key", "holds"), [(b, _code(_short(key)), what) for b, key, what in rows]
    )
    yield "Glue's table `quarantine`:\n"
    columns = quarantine_table_input("bucket")["StorageDescriptor"]["Columns"]
    yield _listing(
        ("column", "type"), [(_code(each["Name"]), _code(each["Type"])) for each in columns]
    )


def _dynamodb() -> Iterable[str]:
    yield "## DynamoDB"
    yield "A line and the header of its invoice; a guest's header is not in the index.\n"
    kinds = {"S": "text", "N": "number"}
    items = {
        "a line": item_shape.line_item(_EXAMPLE, datetime(2010, 12, 1, 8, 27, tzinfo=UTC)),
        "a retracted line, also": {item_shape.RETRACTED: {"S": RESTATEMENT}},
        "a header": item_shape.header_item(_EXAMPLE),
    }
    rows = [
        (item, _code(name), kinds[kind], _code(value))
        for item, attributes in items.items()
        for name, typed in attributes.items()
        for kind, value in typed.items()
    ]
    yield _listing(("item", "attribute", "type", "such as"), rows)


def _warehouse() -> Iterable[str]:
    yield "## The ledger"
    sql = "\n".join(path.read_text() for path in sorted(MIGRATIONS.glob("*.sql")))
    for name, meanings in _TABLES.items():
        columns = _columns(sql, name)
        rows = [(_code(column), _code(kind), meanings[column]) for column, kind in columns.items()]
        yield f"### `{name}`\n{_said(sql, name)}\n"
        yield _listing(("column", "type", "means"), rows)
    yield _mart(DATA_TRUST)


def _marts() -> Iterable[str]:
    yield "## The marts"
    yield from map(_mart, MARTS)


def _mart(mart: Mart) -> str:
    rows = [(_code(c.name), _code(c.redshift), c.comment) for c in mart.columns]
    return f"### `{mart.table}`\n{mart.text}\n\n" + _listing(("column", "type", "means"), rows)


def _columns(sql: str, name: str) -> dict[str, str]:
    """Return a table's columns and types, or a view's columns, after all migrations.

    A view's types are those of the table that it reads, so they are not repeated.
    """
    found = re.search(rf"^create table {name} \((.*?)\) diststyle", sql, re.M | re.S)
    if found is None:
        view = re.search(rf"^create view {name} as\nselect\n(.*?)\nfrom", sql, re.M | re.S)
        names = view[1].split(",\n") if view else []
        return {each.split()[-1]: "" for each in names}
    added = re.findall(rf"^alter table {name} add column (.*);$", sql, re.MULTILINE)
    spelled = [line.strip().split() for line in [*found[1].strip().split(",\n"), *added]]
    return {words[0]: words[1] for words in spelled}


def _said(sql: str, name: str) -> str:
    """Return the comment before a table or view."""
    found = re.search(rf"((?:^-- .*\n)+)create (?:table|view) {name} ", sql, re.MULTILINE)
    return " ".join(re.findall(r"^-- (.*)$", found[1], re.MULTILINE)) if found else ""


def _short(key: str) -> str:
    """Remove the zeros before a sequence number."""
    return re.sub(r"(?<=-)0{40,}", "0…", key)


def _code(text: object) -> str:
    return f"`{text}`" if text != "" else ""


def _listing(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    OUT.write_text(render())
