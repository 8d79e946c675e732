"""The whole story: a data set replayed through the API is in every store, to the penny."""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from ecom_pipeline import addresses, demo, settings
from ecom_pipeline.batch import connect, ledger
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.local import processes, stack
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.account import account_of
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline_tests.builders import REAL, on

pytestmark = pytest.mark.usefixtures("whole_line")

REAL_DAYS = date(2010, 12, 1), date(2010, 12, 7)
STORES = ["raw", "DynamoDB", "CSV", "fact"]


@dataclass(frozen=True)
class DataSet:
    """A file, the days of it that are replayed, and the sums that every store must show."""

    path: Path
    days: tuple[date, date]
    golden: dict[date, tuple[int, int, Decimal]]


def made_up(folder):
    start = date(2013, 3, 1)
    path = write_sample(folder / "sample.csv.gz", days=5, rows_per_day=400, start=start).path
    sums = account_of(dataset.events(path)).days
    golden = {day: (t.rows, t.quantity, t.amount) for day, t in sums.items()}
    return DataSet(path, (start, date(2013, 3, 5)), golden)


def real():
    text = (REAL / "rows_per_day.csv").read_text()
    golden = {
        date.fromisoformat(row["day"]): (
            int(row["rows"]),
            int(row["units"]),
            Decimal(row["revenue"]),
        )
        for row in csv.DictReader(text.splitlines())
    }
    wanted = {day: sums for day, sums in golden.items() if REAL_DAYS[0] <= day <= REAL_DAYS[1]}
    return DataSet(REAL / "online_retail.csv.gz", REAL_DAYS, wanted)


AT_HAND = ["made up", *(["real"] if REAL.exists() else [])]


@pytest.fixture(scope="module", params=AT_HAND)
def data(request, tmp_path_factory):
    return real() if request.param == "real" else made_up(tmp_path_factory.mktemp("data"))


def send(line, data, seed=None):
    """Replay a data set and wait until both consumers of the stream have finished it."""
    events = dataset.events(data.path, days=data.days, seed=seed)
    summary = sender.send(events, addresses.producer(line))
    demo.wait_for(line, summary.last_sequence)
    return summary


def sums(days):
    return {day: (t.rows, t.quantity, t.amount) for day, t in days.items() if t != Totals()}


def test_a_data_set_is_in_every_store_to_the_penny(whole_line, data):
    summary = send(whole_line, data)
    assert summary.rejected == Counter()
    demo.load_days(whole_line, *data.days)
    found = demo.compare(whole_line, *data.days, accepted=summary.days)
    assert found.differences == []
    for store in ("accepted", *STORES):
        assert sums(found.stores[store]) == data.golden, store


def test_replayed_again_in_another_order_it_changes_nothing(whole_line, data):
    send(whole_line, data)
    demo.load_days(whole_line, *data.days)
    before = demo.compare(whole_line, *data.days)
    versions = ledger_of(whole_line, data)
    send(whole_line, data, seed=7)
    demo.load_days(whole_line, *data.days)
    assert demo.compare(whole_line, *data.days) == before
    assert ledger_of(whole_line, data) == versions
    for store in STORES:
        assert sums(before.stores[store]) == data.golden


def ledger_of(line, data):
    with connect.warehouse(line).session() as session:
        return ledger.newest(session, list(data.golden))


def test_a_late_event_changes_its_day_alone_and_the_ledger_says_so(whole_line, day):
    desk = addresses.producer(whole_line)
    last = day.replace(day=28)
    for number, each in enumerate((day, last)):
        post(whole_line, desk, on(each, event_id=f"on-time-{day}-{number}"))
    demo.load_days(whole_line, day, last)
    post(whole_line, desk, on(day, event_id=f"late-{day}", Quantity=1))
    demo.load_days(whole_line, day, last)
    with connect.warehouse(whole_line).session() as session:
        entries = ledger.newest(session, [day, last])
    assert (entries[day].version, entries[day].cause) == (2, "late")
    assert (entries[day].rows_before, entries[day].totals.rows) == (1, 2)
    assert (entries[last].version, entries[last].cause) == (1, "first")


def post(line, target, *events):
    """Send events one after the other and wait for both stores."""

    class Source:
        name = "test"
        undated = 0

        def __iter__(self):
            yield from enumerate(events, 1)

    summary = sender.send(Source(), target, pace=sender.Pace(batch_size=1, concurrency=1))
    demo.wait_for(line, summary.last_sequence)
    return summary


def test_the_dirty_rows_of_the_real_file_posted_one_by_one_are_all_kept(whole_line, tmp_path):
    """Without the real file, made-up rows of the same classes of dirt stand in."""
    events = dirty_rows() if REAL.exists() else made_up_rows(tmp_path)
    summary = post(whole_line, addresses.producer(whole_line), *events)
    assert (summary.accepted, summary.rejected) == (len(events), Counter())
    dynamodb = boto3.client("dynamodb", **emulator(whole_line))
    for event in events:
        key = {
            "pk": {"S": keys.invoice_pk(event["InvoiceNo"])},
            "sk": {"S": keys.line_sk(event["event_id"])},
        }
        item = dynamodb.get_item(TableName=whole_line.table, Key=key)["Item"]
        assert item.get("description", {}).get("S", "") == (event["Description"] or "")
        assert item["stock_code"]["S"] == event["StockCode"]


def emulator(line):
    key = line.emulator_key
    where = {"endpoint_url": line.endpoint_url, "region_name": line.region}
    return where | {"aws_access_key_id": key, "aws_secret_access_key": key}


def dirty_rows():
    text = (REAL / "dirty_sample.csv").read_text(encoding="utf-8")
    return [
        {key: value for key, value in row.items() if key not in {"dirty_class", "source_line"}}
        | {"event_id": f"dirty-{number}", "InvoiceDate": row["InvoiceDate"].replace("/201", "/202")}
        for number, row in enumerate(csv.DictReader(text.splitlines()))
    ]


def made_up_rows(folder):
    path = write_sample(folder / "dirt.csv", days=2, rows_per_day=60, start=date(2014, 1, 6)).path
    return [event for _, event in dataset.events(path)]


def test_bad_events_are_in_quarantine_with_their_reason_and_nothing_stops(whole_line, day):
    good = on(day, event_id=f"good-{day}")
    bad = [good | {"Quantity": "six"}, good | {"Country": None}, good | {"event_id": "no spaces"}]
    summary = post(whole_line, addresses.producer(whole_line), *bad, good)
    assert summary.accepted == 1
    assert summary.rejected == {"invalid Quantity": 1, "invalid Country": 1, "invalid event_id": 1}
    demo.load_days(whole_line, day, day)
    assert demo.compare(whole_line, day, day).differences == []


def test_stopped_and_started_again_the_data_are_still_there(whole_line, data):
    before = demo.compare(whole_line, *data.days)
    assert stack.down(whole_line) == ["poller", "redshift", "aws"]
    with pytest.raises(processes.LocalError, match="ecom local up"):
        demo.compare(whole_line, *data.days)
    stack.up(whole_line)
    assert demo.compare(whole_line, *data.days) == before
    assert all(stack.status(whole_line).values())


def test_the_api_answers_what_the_stores_hold(whole_line, data):
    send(whole_line, data)
    numbers = Counter(
        event["CustomerID"]
        for _, event in dataset.events(data.path, days=data.days)
        if event["CustomerID"]
    )
    ((customer, lines),) = numbers.most_common(1)
    desk = addresses.service_desk(whole_line)
    wanted = settings.aws_environment(whole_line)
    assert wanted["AWS_ENDPOINT_URL"] in desk.url
    invoices = [desk.invoice(each["invoice_no"]) for each in desk.invoices(customer)]
    assert sum(len(invoice["lines"]) for invoice in invoices) == lines
    assert {invoice["customer_id"] for invoice in invoices} == {customer}
