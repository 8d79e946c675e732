"""By command: a corrected row is refused, then restated; a killed emulator's table is restored."""

import pytest
from click.testing import CliRunner

from ecom_pipeline import operations, settings
from ecom_pipeline.cli import ecom as root
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.restore import restore
from ecom_pipeline.realtime.item_shape import RETRACTED
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.warehouse import connect, ledger
from ecom_pipeline_tests.waiting import until

pytestmark = pytest.mark.usefixtures("whole_line")

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@pytest.fixture
def replay(whole_line, monkeypatch, tmp_path):
    """Return a function that replays rows as a file by command, and returns what it printed."""
    for name, value in settings.environment_of(whole_line).items():
        monkeypatch.setenv(name, value)

    def run(rows, *options, name="sales.csv"):
        path = tmp_path / name
        path.write_text("\r\n".join([HEADER, *rows, ""]))
        return CliRunner().invoke(root, ["replay", str(path), "--dates", "month-first", *options])

    return run


@pytest.fixture
def rows(day, invoice):
    """Return a file's rows with a price and a customer."""

    def make(price, customer="17850"):
        when = f"{day.month}/{day.day}/{day.year} 8:26"
        product = f"LANTERN,6,{when}"
        return [f"{invoice},{code},{product},{price},{customer},Eire" for code in ("A", "B")]

    return make


def stored(whole_line, invoice):
    """Return an invoice's items by sort key."""
    table = InvoiceTable(connect.client(whole_line, "dynamodb"), whole_line.table)
    ((_, items),) = table.items([invoice])
    return {item["sk"]["S"]: item for item in items}


def lines_that_stand(whole_line, invoice):
    items = stored(whole_line, invoice)
    return [sk for sk, item in items.items() if sk != keys.HEADER_SK and RETRACTED not in item]


def both_stand(whole_line, invoice, day):
    """Return whether both of the stream's consumers have stored two lines."""
    raw = RawStore(connect.lake(whole_line))

    def stand():
        in_raw = raw.days(day, day)
        return day in in_raw and in_raw[day].rows == len(lines_that_stand(whole_line, invoice)) == 2

    return stand


def test_a_corrected_file_is_refused_then_left_then_restated(
    whole_line, replay, rows, day, invoice
):
    assert replay(rows("2.55")).exit_code == 0
    until(both_stand(whole_line, invoice, day), "the lines in table and lake")
    operations.load_days(whole_line, day, day)
    before = stored(whole_line, invoice)
    told = replay(rows("2.95"))
    (sentence,) = told.stderr.splitlines()
    assert (told.exit_code, sentence) == (
        1,
        "ecom: 2 lines of 1 invoice changed since they were sent, so nothing is sent: choose"
        " --changed leave (what is stored stays) or --changed restate (the file's lines take its"
        " place)",
    )
    assert "2.5500" in told.stdout
    left = replay(rows("2.95"), "--changed", "leave")
    assert (left.exit_code, stored(whole_line, invoice)) == (0, before), left.output
    assert "sent 0" in left.stdout
    again = replay(rows("2.55"), name="saved again.csv")
    assert again.exit_code == 0, again.output

    done = replay(rows("2.95", "13047"), "--changed", "restate")
    assert done.exit_code == 0, done.output
    until(both_stand(whole_line, invoice, day), "the new lines in table and lake")
    operations.load_days(whole_line, day, day)
    assert operations.compare(whole_line, DayRange(day, day)).differences == []
    with connect.warehouse(whole_line).session() as session:
        entry = ledger.newest(session, [day])[day]
    assert (entry.cause, entry.totals.rows, entry.change.removed) == ("restatement", 2, 2)

    right = stored(whole_line, invoice)
    assert len(right) == 5
    forget(whole_line, invoice, before)
    restore(whole_line, print)
    assert stored(whole_line, invoice) == right
    assert operations.compare(whole_line, DayRange(day, day)).differences == []


def forget(whole_line, invoice, before):
    """Make an invoice's items those of an earlier time, as after a kill of the emulator."""
    dynamodb = connect.client(whole_line, "dynamodb")
    for sk in stored(whole_line, invoice):
        key = {"pk": {"S": keys.invoice_pk(invoice)}, "sk": {"S": sk}}
        dynamodb.delete_item(TableName=whole_line.table, Key=key)
    for item in before.values():
        dynamodb.put_item(TableName=whole_line.table, Item=item)
