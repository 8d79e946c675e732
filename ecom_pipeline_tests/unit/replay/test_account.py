"""The sums of the data set, day by day."""

from datetime import date
from decimal import Decimal

import pytest

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.domain.tombstone import NONE
from ecom_pipeline.local.sample.writer import Sample
from ecom_pipeline.replay.account import Account, account_of, lines
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import _number
from ecom_pipeline.replay.understanding import understand
from ecom_pipeline_tests.unit.replay.conftest import FIRST_DAYS, REAL_FILE, row
from ecom_pipeline_tests.unit.replay.reading import events, reading_of


@pytest.fixture(scope="module")
def account(made_up: Sample) -> Account:
    """What the made-up data set's events add up to."""
    return account_of(events(made_up.path))


def test_the_order_of_events_does_not_change_what_they_add_up_to(made_up, account):
    assert account_of(events(made_up.path).shuffled(3)).days == account.days


def test_an_account_adds_up_each_day_and_counts_what_is_no_event(written):
    path = written(
        row(Quantity="2", UnitPrice="1.5"),
        row(Quantity="-1", UnitPrice="0.001"),
        row(Quantity="1", UnitPrice="2", InvoiceDate="12/2/2010 9:00"),
        row(Quantity="0"),
        row(UnitPrice="free"),
    )
    account = account_of(events(path))
    first, second = (account.days[date(2010, 12, day)] for day in (1, 2))
    assert (first.rows, first.quantity, first.amount) == (2, 1, Decimal("2.999"))
    assert (second.rows, second.quantity, second.amount) == (1, 1, Decimal(2))
    assert account.refused == 2


def test_what_was_sent_is_what_was_accepted_and_may_be_nothing(written):
    path = written(row(Quantity="2"), row(Quantity="0"), row(CustomerID="17850"))
    file = understand(path, DATA_SET)
    day, other = date(2010, 12, 1), date(2011, 6, 1)
    assert [line.quantity for line in lines(file, NONE, day, other)] == [2, 6]
    assert list(lines(file, NONE, other, other)) == []


def test_a_made_up_file_has_no_row_that_is_refused_and_none_on_saturdays(made_up, account):
    assert account.refused == 0
    assert len(account.days) == made_up.days == 3  # Wednesday to Saturday
    assert sum(totals.rows for totals in account.days.values()) == made_up.rows


def test_the_events_of_the_first_days_add_up_to_the_golden_figures_of_each_day(data_set, golden):
    account = account_of(events(data_set, days=DayRange(*FIRST_DAYS)))
    assert account.refused == 0
    assert {
        day: (totals.rows, totals.quantity, totals.amount) for day, totals in account.days.items()
    } == {day: figures for day, figures in golden.items() if day <= FIRST_DAYS[1]}


def test_the_rows_add_up_to_the_golden_figures_of_the_whole(whole, golden):
    """A row's event has `_number` of its texts: here each pair of texts is read once."""
    rows, units, revenue = 0, 0, Decimal(0)
    for (quantity, price), count in reading_of(whole).sold.items():
        pieces, each = _number(quantity), _number(price)
        assert isinstance(pieces, int)
        assert isinstance(each, int | Decimal)
        rows, units, revenue = rows + count, units + count * pieces, revenue + count * pieces * each
    assert (rows, units, revenue) == tuple(map(sum, zip(*golden.values(), strict=True)))
    if whole == REAL_FILE:
        assert (rows, units, revenue) == (541_909, 5_176_450, Decimal("9747747.934"))
