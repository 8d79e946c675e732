"""What the data set adds up to, day by day."""

import csv
from datetime import date
from decimal import Decimal

import pytest

from ecom_pipeline.domain.tombstone import NONE
from ecom_pipeline.replay.account import account_of, lines
from ecom_pipeline.replay.dataset import events
from ecom_pipeline_tests.unit.replay.conftest import DATA, REAL_FILE, row


def test_the_order_of_events_does_not_change_what_they_add_up_to(made_up):
    in_order = events(made_up.path)
    assert account_of(in_order).days == account_of(in_order.shuffled(3)).days


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
    day, other = date(2010, 12, 1), date(2011, 6, 1)
    assert [line.quantity for line in lines(path, NONE, day, other)] == [2, 6]
    assert list(lines(path, NONE, other, other)) == []


def test_a_made_up_file_has_no_row_that_is_refused_and_none_on_saturdays(made_up):
    account = account_of(events(made_up.path))
    assert account.refused == 0
    assert len(account.days) == made_up.days == 3  # Wednesday to Saturday
    assert sum(totals.rows for totals in account.days.values()) == made_up.rows


def golden_figures():
    with (DATA / "rows_per_day.csv").open(newline="") as lines:
        return {
            date.fromisoformat(day["day"]): (
                int(day["rows"]),
                int(day["units"]),
                Decimal(day["revenue"]),
            )
            for day in csv.DictReader(lines)
        }


@pytest.mark.parametrize("path", [REAL_FILE] if REAL_FILE.exists() else [])
def test_the_real_files_first_weeks_add_up_to_the_golden_figures_of_each_day(path):
    days = date(2010, 12, 1), date(2010, 12, 23)
    account = account_of(events(path, days=days))
    assert account.refused == 0
    assert {
        day: (totals.rows, totals.quantity, totals.amount) for day, totals in account.days.items()
    } == {day: figures for day, figures in golden_figures().items() if day <= days[1]}


@pytest.mark.parametrize("path", [REAL_FILE] if REAL_FILE.exists() else [])
def test_the_real_files_events_add_up_to_the_golden_figures_of_the_whole(path):
    ids, quantity, amount = set(), 0, Decimal(0)
    for _, event in events(path):
        ids.add(event["event_id"])
        quantity += event["Quantity"]
        amount += event["Quantity"] * event["UnitPrice"]
    assert (len(ids), quantity, amount) == (541_909, 5_176_450, Decimal("9747747.934"))
    rows, units, revenue = (
        sum(figures) for figures in zip(*golden_figures().values(), strict=True)
    )
    assert (len(ids), quantity, amount) == (rows, units, revenue)
