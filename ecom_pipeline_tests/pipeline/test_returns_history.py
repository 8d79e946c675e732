"""Returns on the whole history: no sale is over-used, page and mart are equal for each line.

Only the lines that a return can depend on are loaded: those of a customer and a stock code of which
something was cancelled. That the marts of all lines have the same counts is test_history.py's.
For all lines, what the page computes is compared; for some customers, what it reads from DynamoDB
and answers.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bench.history import write_raw
from ecom_pipeline.domain.event import InvoiceLine, parse
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.realtime import item_shape, query_invoice, returns, store
from ecom_pipeline.realtime.invoices import Line, _line
from ecom_pipeline.replay import dataset
from ecom_pipeline.warehouse import connect, load, marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import REAL, stream_of

ASKED_CUSTOMERS = 12
FITS = {
    "whole_line": 2774,
    "part_of_line": 4359,
    "several_lines": 45,
    "other_price": 339,
    "too_many": 53,
    "no_sale": 1335,
    "guest": 383,
}
NOW = datetime(2026, 11, 22, tzinfo=UTC)

Shown = dict[str, Any]
Name = tuple[str, str]  # an invoice's number and an event id


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Return the events that returns depend on, of the real data set or of a made-up one."""
    path = REAL / "online_retail.csv.gz"
    if not REAL.exists():
        path = tmp_path_factory.mktemp("data") / "sample.csv.gz"
        write_sample(path, days=40, rows_per_day=300, start=date(2010, 12, 1))
    events = [event for _, event in dataset.events(path)]
    cancelled = {bought(event) for event in events if str(event["InvoiceNo"])[0] == "C"}
    return [event for event in events if bought(event) in cancelled]


def bought(event: Mapping[str, Any]) -> tuple[str, str]:
    return event["CustomerID"], event["StockCode"]


@pytest.fixture(scope="module")
def aws(servers):
    return servers.stores()


@pytest.fixture(scope="module")
def warehouse(aws, servers, own_warehouse, history):
    """Yield a warehouse with the history's lines, its marts refreshed."""
    own_warehouse(aws)
    lake, warehouse = connect.lake(aws), connect.warehouse(aws)
    days = sorted(write_raw(lake, enumerate(history)))
    list(ProcessEngine(aws).build(days))
    load.publish(warehouse, lake, days)
    marts.refresh(warehouse, MARTS)
    yield warehouse
    servers.drop_warehouse(aws.redshift_database)


@pytest.fixture(scope="module")
def mart(warehouse):
    """Return what marts.returns says of each cancelled line, as the API would say it."""
    with warehouse.session() as session:
        assert [marts.imbalances(session, each) for each in MARTS] == [[] for _ in MARTS]
    return shown_of(
        warehouse.query(
            "select invoice_no, event_id, match, sale_invoice_no, sale_event_id, pieces, amount"
            " from marts.returns"
        )
    )


def shown_of(rows) -> dict[Name, Shown]:
    found: dict[Name, Shown] = {}
    for number, event_id, match, sold_on, sale, pieces, amount in rows:
        line = found.setdefault((number, event_id), {"match": match, "sales": [], "unmatched": 0})
        assert line["match"] == match
        if sale is None:
            line["unmatched"] += pieces
        else:
            allocated = {"invoice_no": sold_on, "event_id": sale}
            line["sales"].append(allocated | {"pieces": pieces, "amount": str(amount)})
    return {name: in_order(line) for name, line in found.items()}


def in_order(line: Shown) -> Shown:
    """Return what is shown of a line; a table does not keep which of its sales comes first."""
    sales = sorted(line["sales"], key=lambda sale: (sale["invoice_no"], sale["event_id"]))
    return {"match": line["match"], "sales": sales, "unmatched": line["unmatched"]}


@pytest.fixture(scope="module")
def sold(history) -> dict[Name, InvoiceLine]:
    """Return all lines of the history that are events at all, by name."""
    lines = (parse(event, received=NOW.date()) for event in history)
    return {(line.invoice_no, line.event_id): line for line in lines}


def test_no_sale_is_returned_more_than_it_sold_and_all_pieces_are_accounted_for(mart, sold):
    cancelled = {name: line for name, line in sold.items() if line.kind == "cancellation"}
    assert mart.keys() == cancelled.keys()
    used: Counter[Name] = Counter()
    for name, back in mart.items():
        sales = {(sale["invoice_no"], sale["event_id"]): sale["pieces"] for sale in back["sales"]}
        used.update(sales)
        assert sum(sales.values()) + back["unmatched"] == -cancelled[name].quantity
        for sale in sales:
            assert sold[sale].kind == "sale"
            assert sold[sale].customer_id == cancelled[name].customer_id
            assert sold[sale].stock_code == cancelled[name].stock_code
            assert sold[sale].invoice_time <= cancelled[name].invoice_time
    assert [name for name, pieces in used.items() if pieces > sold[name].quantity] == []
    if REAL.exists():
        assert Counter(back["match"] for back in mart.values()) == FITS


def test_what_the_page_computes_equals_the_mart_for_every_line(mart, sold):
    """An invoice is matched by the lines up to its own day, as they are read from DynamoDB."""
    read: dict[tuple[str, str], list[tuple[str, Line]]] = defaultdict(list)
    wanted: dict[tuple[str, str, str], list[Name]] = defaultdict(list)
    for name, line in sold.items():
        if line.customer_id is not None:
            stored = _line(item_shape.line_item(line, NOW))
            read[line.customer_id, line.stock_code].append((line.invoice_no, stored))
            if line.kind == "cancellation":
                wanted[line.customer_id, line.stock_code, line.invoice_no].append(name)
    found: dict[Name, Shown] = {}
    for (customer, code, number), names in wanted.items():
        day = str(sold[names[0]].invoice_date)
        until = [each for each in read[customer, code] if each[1].invoice_time[:10] <= day]
        for match in returns.matches_of(until, code):
            if match.cancelled.invoice_no == number:
                found[number, match.cancelled.event_id] = in_order(returns.shown(match))
    guests = {name: back for name, back in mart.items() if sold[name].customer_id is None}
    assert {back["match"] for back in guests.values()} <= {"guest"}
    assert found | guests == mart


def test_what_the_page_reads_and_answers_equals_the_mart(mart, sold, history, functions):
    """Of some customers, those with the hardest cases among them."""
    chosen = customers(mart, sold)
    ids = {event_id for (_, event_id), line in sold.items() if line.customer_id in chosen}
    events = [event for event in history if event["event_id"] in ids]
    for start in range(0, len(events), 500):
        store.handler(stream_of(*map(sendable, events[start : start + 500]), first=start + 1))
    asked = {name[0]: sold[name].customer_id for name in mart if sold[name].customer_id in chosen}
    found: dict[Name, Shown] = {}
    for number, customer in asked.items():
        invoice = query_invoice.invoice(number, reader=customer, receipt=None)
        for line in invoice["lines"]:
            if line["kind"] == "cancellation":
                found[number, line["event_id"]] = in_order(line)
    assert found == {name: back for name, back in mart.items() if name[0] in asked}
    assert found


def customers(mart, sold) -> set[str]:
    """Return customers that cancelled: one for each kind of match, and some by chance."""
    by_match: dict[str, list[str]] = defaultdict(list)
    for name, back in sorted(mart.items()):
        customer = sold[name].customer_id
        if customer is not None:
            by_match[back["match"]].append(customer)
    rng = random.Random(5)
    every = sorted({customer for found in by_match.values() for customer in found})
    return {rng.choice(found) for found in by_match.values()} | set(
        rng.sample(every, min(ASKED_CUSTOMERS, len(every)))
    )


def sendable(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with its price as a text, which JSON's floats are not exact for."""
    return event | {"UnitPrice": str(event["UnitPrice"])}
