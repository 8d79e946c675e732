"""Every fault of `ecom drill`, one test each, on one system; and a drill that fails."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.local.drill import report, runner, scenarios
from ecom_pipeline.local.drill.registry import fault_of

SEED = 1
DAYS, ROWS = (date(2010, 12, 1), date(2010, 12, 5)), 300  # of sales beside the faults' own
EVERY = scenarios.every()


@pytest.fixture(scope="module")
def world():
    """Yield the drill's world, with made-up sales in it."""
    with runner.world(SEED) as made:
        made.replay(DayRange(*DAYS), made.settings.home, lambda _count: None, ROWS)
        yield made


@pytest.mark.usefixtures("world")
def test_there_are_thirty_faults_at_least_each_with_a_name_and_a_sentence():
    names = {each.name for each in EVERY}
    assert len(names) == len(EVERY) >= 30
    assert all(each.description.endswith(".") for each in EVERY)
    assert runner.in_any_order(EVERY, 1) != runner.in_any_order(EVERY, 2)


@pytest.mark.parametrize("fault", EVERY, ids=lambda each: each.name)
def test_a_fault_is_stood(world, fault):
    assert runner.run_fault(world, fault).wrong == ""


def test_a_drill_whose_invariant_is_broken_says_so(world, capsys):
    from rich.console import Console

    cent = Decimal("0.01")

    def a_cent_is_stolen(system):
        """Somebody takes a cent out of the warehouse."""
        day, _ = system.loaded_day()
        alter(system, day, cent)
        return "nobody saw it"

    def alter(system, day, by):
        with system.warehouse.session() as session:
            session.run(
                f"update sales.fact_invoice_lines set amount = amount - {by}"
                " where invoice_date = %s",
                [day],
            )
            session.commit()
        stolen.append(day)

    stolen = []
    outcomes = runner.run_all(world, [fault_of("sabotage", a_cent_is_stolen)])
    result = runner.verify(world, outcomes)
    assert str(stolen[0]) in outcomes[0].wrong
    assert any(str(stolen[0]) in each for each in result.differences)
    assert not result.held
    report.show(result, Console(width=200))
    assert "BROKEN" in capsys.readouterr().out
    alter(world, stolen[0], -cent)
    healed = runner.verify(world, [])
    assert healed.held
    assert not replace(healed, outcomes=outcomes).held
