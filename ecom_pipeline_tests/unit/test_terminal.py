"""terminal: the tables show all that there is."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from rich.console import Console

from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.domain.shop import DEFAULT
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.reconcile.compare import Reconciliation
from ecom_pipeline.reconcile.model import Discrepancy, StoreName
from ecom_pipeline.terminal.tables import (
    SHOWN_ALIKE,
    SHOWN_LINES,
    answer,
    listing,
    show_plan,
    show_reconciliation,
)
from ecom_pipeline.warehouse import ledger
from ecom_pipeline.warehouse.ledger import Change
from ecom_pipeline.warehouse.plan import LoadPlan

ONE, TWO = date(2010, 12, 1), date(2010, 12, 2)


def shown(thing):
    written = io.StringIO()
    console = Console(file=written, width=120)
    thing(console) if callable(thing) else console.print(thing)
    return written.getvalue()


def test_brackets_in_a_text_are_shown_as_they_are():
    assert "MUG [red]BIG[/] [x]" in shown(
        listing("t [b]", ["description"], [["MUG [red]BIG[/] [x]"]])
    )


def test_an_answer_too_wide_for_the_terminal_is_a_line_a_column_with_no_word_broken():
    columns = [f"column_{n}" for n in range(9)]
    row = [Decimal("30375.3000"), None, *range(7)]
    lines = shown(answer(columns, [row], width=80)).splitlines()
    assert [line.split() for line in lines[1:3]] == [["column_0", "30375.3000"], ["column_1"]]
    assert len(lines) == 1 + len(columns)
    assert "column_0 ┃ column_1" in shown(answer(columns, [row], width=120))


def test_a_day_on_which_stores_differ_is_named_with_what_each_holds():
    one = Totals(rows=1, quantity=6, amount=Decimal("15.3000"), digest=7)
    other = Totals(rows=1, quantity=6, amount=Decimal("15.3100"), digest=8)
    found = Reconciliation({"raw": {ONE: one, TWO: one}, "fact": {ONE: one, TWO: other}})
    text = shown(lambda console: show_reconciliation(found, POUND, console))
    assert "1 difference in 2 days, 2 stores" in text
    assert f"{TWO}: raw 1 rows 15.3000 7, fact 1 rows 15.3100 8" in text
    assert f"{ONE}: " not in text


def test_a_store_without_a_day_differs_from_one_that_has_it():
    one = Totals(rows=1, quantity=6, amount=Decimal("15.3000"), digest=7)
    assert len(Reconciliation({"raw": {ONE: one}, "fact": {}}).differences) == 1
    assert Reconciliation({"raw": {ONE: Totals()}, "fact": {}}).differences == []


def test_a_lost_objects_thousand_events_hide_no_other_fault():
    lost = [
        Discrepancy(day=ONE, store=StoreName.RAW, kind="missing", state="lost", event_id=f"e{n:04}")
        for n in range(1000)
    ]
    other = Discrepancy(
        day=TWO, store=StoreName.FACT, kind="changed", event_id="other", hop="CSV -> fact"
    )
    found = Reconciliation({"raw": {}}, findings=[*lost, other])
    text = shown(lambda console: show_reconciliation(found, POUND, console))
    assert text.count("LOST: event") == SHOWN_ALIKE
    assert f"{ONE} raw: and {1000 - SHOWN_ALIKE} more missing" in text
    assert f"{TWO} fact: event other changed (CSV -> fact)" in text


def test_where_every_day_differs_the_rest_is_counted():
    faults = [
        Discrepancy(day=ONE + timedelta(days=n), store=StoreName.CSV, kind="missing", event_id="e")
        for n in range(SHOWN_LINES + 7)
    ]
    text = shown(
        lambda console: show_reconciliation(Reconciliation({}, findings=faults), POUND, console)
    )
    assert "... and 7 lines more: --json has them all" in text


def test_a_plan_says_until_when_a_day_that_is_not_over_would_be_loaded():
    until = datetime(2010, 7, 1, 13, 35, tzinfo=UTC)  # 14:35 in London's summer
    totals = Totals(rows=3, quantity=3, amount=Decimal("7.5000"), digest=1)
    entries = {
        day: replace(ledger.following(None, totals, Change(added=3), 1, "first"), running_until=at)
        for day, at in ((ONE, None), (TWO, until))
    }
    plan = LoadPlan(
        id="1", days=entries, reasons=[], refused=[], unbuilt={}, outdated=[], outdated_marts=0
    )
    text = shown(lambda console: show_plan(plan, DEFAULT, console))
    assert f"{TWO} until 14:35" in text
    assert f"{ONE} until" not in text
