"""The whole pipeline: a data set replayed through the API is in every store, to the penny."""

import csv
import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import boto3
import dagster as dg
import pytest
from click.testing import CliRunner, Result

from ecom_pipeline import operations, settings
from ecom_pipeline.cli import ecom as root
from ecom_pipeline.client import endpoints
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.local import stack, waiting
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import requests
from ecom_pipeline.orchestration.sensors import new_raw_objects
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.account import account_of
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.settings import LOCAL, Settings
from ecom_pipeline.warehouse import connect, ledger
from ecom_pipeline_tests.builders import REAL, on

pytestmark = pytest.mark.usefixtures("whole_line")

REAL_DAYS = DayRange(
    date(2010, 12, 3), date(2010, 12, 5)
)  # a day without sales between two with 2,000
STORES = ["raw", "DynamoDB", "CSV", "fact"]


@dataclass(frozen=True)
class DataSet:
    """A file, the days of it that are replayed, and the sums that every store must show."""

    path: Path
    days: tuple[date, date]
    golden: dict[date, tuple[int, int, Decimal]]


def made_up(folder):
    start = date(2013, 3, 1)
    path = write_sample(folder / "sample.csv.gz", days=3, rows_per_day=400, start=start).path
    sums = account_of(dataset.events(path, choices=DATA_SET)).days
    golden = {day: (t.rows, t.quantity, t.amount) for day, t in sums.items()}
    return DataSet(path, (start, date(2013, 3, 3)), golden)


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


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return made_up(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def data(sample):
    """Return the real data set; made-up sales where it is missing."""
    return real() if REAL.exists() else sample


def send(configured, data, seed=None):
    """Replay a data set and wait until both consumers of the stream have finished it."""
    events = dataset.events(data.path, choices=DATA_SET, days=data.days, seed=seed)
    summary = sender.send(events, endpoints.producer(configured))
    waiting.wait_for(configured, summary.last_sequence)
    return summary


def sums(days):
    return {day: (t.rows, t.quantity, t.amount) for day, t in days.items() if t != Totals()}


@pytest.fixture(scope="module")
def replayed(whole_line, data):
    """Replay and load a data set once; return what the API acknowledged."""
    summary = send(whole_line, data)
    operations.load_days(whole_line, *data.days)
    return summary


@pytest.fixture(scope="module")
def right(whole_line, data, replayed):
    """Return what every store holds of the data set, which is right."""
    found = operations.compare(whole_line, DayRange(*data.days))
    for store in STORES:
        assert sums(found.stores[store]) == data.golden, store
    return found


def test_what_the_demo_makes_up_is_in_every_store_to_the_penny(whole_line, sample):
    summary = send(whole_line, sample)
    operations.load_days(whole_line, *sample.days)
    test_a_data_set_is_in_every_store_to_the_penny(whole_line, sample, summary)


def test_a_data_set_is_in_every_store_to_the_penny(whole_line, data, replayed):
    assert replayed.rejected == Counter()
    found = operations.compare(whole_line, DayRange(*data.days), accepted=replayed.days)
    assert found.differences == []
    for store in ("accepted", *STORES):
        assert sums(found.stores[store]) == data.golden, store


def test_replayed_again_in_another_order_it_changes_nothing(whole_line, data, right):
    versions = ledger_of(whole_line, data)
    send(whole_line, data, seed=7)
    operations.load_days(whole_line, *data.days)
    assert operations.compare(whole_line, DayRange(*data.days)) == right
    assert ledger_of(whole_line, data) == versions


def ledger_of(configured, data):
    with connect.warehouse(configured).session() as session:
        return ledger.newest(session, list(data.golden))


def test_a_late_event_changes_its_day_alone_and_the_ledger_says_so(whole_line, days):
    desk = endpoints.producer(whole_line)
    day, _, last = days(3)
    events = [on(each, event_id=f"on-time-{each}") for each in (day, last)]
    post(whole_line, desk, *events)
    operations.load_days(whole_line, day, last)
    post(whole_line, desk, on(day, event_id=f"late-{day}", Quantity=1))
    operations.load_days(whole_line, day, last)
    with connect.warehouse(whole_line).session() as session:
        entries = ledger.newest(session, [day, last])
    assert (entries[day].version, entries[day].cause) == (2, "late")
    assert (entries[day].rows_before, entries[day].totals.rows) == (1, 2)
    assert (entries[last].version, entries[last].cause) == (1, "first")


def post(configured, target, *events):
    """Send events one after the other and wait for both stores."""

    class Source:
        name = "test"
        undated = 0

        def __iter__(self):
            yield from enumerate(events, 1)

    summary = sender.send(Source(), target, pace=sender.Pace(batch_size=1, concurrency=1))
    waiting.wait_for(configured, summary.last_sequence)
    return summary


def test_the_dirty_rows_of_the_real_file_posted_one_by_one_are_all_kept(whole_line, tmp_path):
    """Without the real file, made-up rows of the same classes of dirt stand in."""
    events = dirty_rows() if REAL.exists() else made_up_rows(tmp_path)
    summary = post(whole_line, endpoints.producer(whole_line), *events)
    assert (summary.accepted, summary.rejected) == (len(events), Counter())
    dynamodb = boto3.client("dynamodb", **emulator(whole_line))
    for event in events:
        key = {
            "pk": {"S": keys.invoice_pk(str(event["InvoiceNo"]))},
            "sk": {"S": keys.line_sk(str(event["event_id"]))},
        }
        item = dynamodb.get_item(TableName=whole_line.table, Key=key)["Item"]
        assert item.get("description", {}).get("S", "") == (event["Description"] or "")
        assert item["stock_code"]["S"] == event["StockCode"]


def emulator(configured):
    key = configured.emulator_key
    where = {"endpoint_url": configured.endpoint_url, "region_name": configured.region}
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
    return [event for _, event in dataset.events(path, choices=DATA_SET)]


def test_bad_events_are_in_quarantine_with_their_reason_and_nothing_stops(whole_line, day):
    good = on(day, event_id=f"good-{day}")
    bad = [good | {"Quantity": "six"}, good | {"Country": None}, good | {"event_id": "no spaces"}]
    summary = post(whole_line, endpoints.producer(whole_line), *bad, good)
    assert summary.accepted == 1
    assert summary.rejected == {"invalid Quantity": 1, "invalid Country": 1, "invalid event_id": 1}
    operations.load_days(whole_line, day, day)
    assert operations.compare(whole_line, DayRange(day, day)).differences == []


def test_stopped_and_started_again_the_data_are_still_there(whole_line, data, right):
    assert stack.down(whole_line) == ["poller", "redshift", "aws"]
    with pytest.raises(endpoints.NotRunningError, match="ecom local up"):
        operations.compare(whole_line, DayRange(*data.days))
    stack.up(whole_line)
    assert operations.compare(whole_line, DayRange(*data.days)) == right
    assert all(stack.status(whole_line).values())


def test_killed_at_once_it_comes_back_with_all_that_was_archived(whole_line, data, right):
    for name, pid in stack.status(whole_line).items():
        assert pid, name
        os.kill(pid, signal.SIGKILL)
    stack.up(whole_line)
    assert operations.compare(whole_line, DayRange(*data.days)) == right


def test_the_api_answers_what_the_stores_hold(whole_line, data, replayed):
    events = [event for _, event in dataset.events(data.path, choices=DATA_SET, days=data.days)]
    numbers = Counter(event["CustomerID"] for event in events if event["CustomerID"])
    ((customer, _),) = numbers.most_common(1)
    desk = endpoints.query_api(whole_line)
    wanted = settings.aws_environment(whole_line)
    assert wanted["AWS_ENDPOINT_URL"] in desk.url
    invoices = [desk.invoice(each["invoice_no"]) for each in desk.invoices(str(customer))]
    of_day = [each for each in invoices if data.days[0] <= day_of(each) <= data.days[1]]
    found = Counter(line["event_id"] for invoice in of_day for line in invoice["lines"])
    assert found == Counter(e["event_id"] for e in events if e["CustomerID"] == customer)
    assert {invoice["customer_id"] for invoice in invoices} == {customer}


def day_of(invoice):
    return date.fromisoformat(invoice["invoice_date"])


def ecom(configured: Settings, *arguments: object) -> Result:
    """Run a command against the line, as from a shell with this system's variables alone."""
    given = dict.fromkeys(each for each in os.environ if each.startswith(("ECOM_", "AWS_")))
    given |= settings.environment_of(configured)
    return CliRunner().invoke(root, [str(each) for each in arguments], env=given)


def test_the_commands_show_what_the_stores_hold(whole_line, data, replayed):
    first, last = data.days
    days = f"{first}:{last}"
    asked = f"select count(*) as n from sales.fact_invoice_lines where invoice_date <= '{last}'"
    asked += f" and invoice_date >= '{first}'"
    found = ecom(whole_line, "sql", asked, "--format", "csv").stdout.split()
    assert found == ["n", str(replayed.accepted)]
    report = json.loads(ecom(whole_line, "reconcile", days, "--json").stdout)
    assert report["differences"] == []
    assert list(report["stores"]) == STORES
    assert ecom(whole_line, "load", days).exit_code == 0
    status = ecom(whole_line, "local", "status", "--json")
    assert status.exit_code == 0
    assert set(json.loads(status.stdout)) == {"aws", "redshift", "poller"}
    exports = ecom(whole_line, "local", "env").stdout
    assert f"export AWS_ENDPOINT_URL={whole_line.endpoint_url}" in exports
    again = ecom(whole_line, "replay", data.path, "--days", days, "--limit", 100, "--shuffle", 3)
    assert "accepted 100, rejected 0" in again.stdout
    number = next(
        event["InvoiceNo"]
        for _, event in dataset.events(data.path, choices=DATA_SET, days=data.days)
    )
    invoice = json.loads(ecom(whole_line, "invoice", number, "--json").stdout)
    assert invoice["lines"]


def test_a_corrupted_store_is_named_with_its_day_and_exit_code_1(whole_line, day):
    post(whole_line, endpoints.producer(whole_line), on(day, event_id=f"c-{day}"))
    operations.load_days(whole_line, day, day)
    with connect.warehouse(whole_line).session() as session:
        session.run(
            "update sales.fact_invoice_lines set amount = amount + 0.01 where invoice_date = %s",
            [day],
        )
        session.commit()
    done = ecom(whole_line, "reconcile", day)
    assert done.exit_code == 1
    assert f"{day}: raw 1 rows 15.3000" in done.stdout.replace("\n", " ")


def test_the_sensor_asks_for_the_day_of_a_new_object_once(whole_line, day):
    post(whole_line, endpoints.producer(whole_line), on(day, event_id=f"s-{day}"))
    queue = connect.notifications(whole_line)
    cursor, asked = None, []
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(20):  # other tests' objects are on the queue too
            context = dg.build_sensor_context(
                instance=instance,
                cursor=cursor,
                resources={"raw_notifications": queue, "shop": LOCAL.shop},
            )
            found = new_raw_objects(context)
            if isinstance(found, dg.SkipReason):
                break
            assert isinstance(found, dg.SensorResult)
            cursor = found.cursor
            for each in found.run_requests or ():
                day_tag = {requests.PARTITION: each.partition_key} if each.partition_key else {}
                asked.append(requests.days_of_tags({**each.tags, **day_tag}))
    assert requests.is_waiting(day, asked)
    assert queue.receive(10) == []
