"""Checks of the current state: each can be run alone, from the UI or every morning.

They ask the stores "is it still true?" and materialize nothing. Checks of a load's days are in
checks.py.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import dagster as dg

from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration import checks
from ecom_pipeline.orchestration.causes import Finding
from ecom_pipeline.orchestration.keys import FACT_LINES, RAW_EVENTS, RECONCILED, of_mart
from ecom_pipeline.orchestration.retries import translate_errors
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.warehouse import ledger, marts, migrations, quality, trust
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.session import Warehouse

Look = Callable[[Lake, Warehouse], list[Finding]]


def _unpublished_days(lake: Lake, warehouse: Warehouse) -> list[Finding]:
    with warehouse.session() as session:
        missing = quality.not_loaded(lake, session, warehouse.shop.today())
    return [
        Finding(day=str(day), what=f"{day} has raw objects and was not published since its end")
        for day in missing
        if day >= warehouse.shop.first_day
    ]


def _yesterday(_: Lake, warehouse: Warehouse) -> list[Finding]:
    yesterday = warehouse.shop.today() - timedelta(days=1)
    with warehouse.session() as session:
        whole = ledger.published(session) - ledger.running(session).keys()
        newest = max((day for day in whole if day <= yesterday), default=None)
    if newest == yesterday:
        return []
    first = yesterday if newest is None else newest + timedelta(days=1)
    what = f"the newest published day is {newest or 'none'}, yesterday was {yesterday}"
    return [Finding(what=what, mark=str(newest), fix=f"ecom load {first}:{yesterday}")]


def _differing_days(_: Lake, warehouse: Warehouse) -> list[Finding]:
    return [
        Finding(
            day=str(day), what=f"{count} differences since {since} UTC", mark=str(since), size=count
        )
        for day, (count, since) in trust.differing(warehouse).items()
    ]


def _unreconciled_days(_: Lake, warehouse: Warehouse) -> list[Finding]:
    late = trust.not_reconciled(warehouse, datetime.now(UTC))
    return [
        Finding(day=str(day), what=f"version {version} was not compared", mark=str(version))
        for day, version in late.items()
    ]


def _quarantine(lake: Lake, _: Warehouse) -> list[Finding]:
    records = verdict.quarantined(lake)
    return [Finding(what=f"{records} records are open", size=records)] if records else []


_LOOKS: Mapping[str, tuple[dg.AssetKey, Look, str]] = MappingProxyType(
    {
        checks.FRESH: (
            FACT_LINES,
            _unpublished_days,
            "No day before today has raw objects and was never published, and none before "
            "yesterday was published before its end only.",
        ),
        checks.YESTERDAY: (
            FACT_LINES,
            _yesterday,
            "The fact table has yesterday, also when the shop was closed.",
        ),
        checks.NONE_DIFFERS: (
            RECONCILED,
            _differing_days,
            "No day differed at its newest comparison, in Dagster or by `ecom reconcile`.",
        ),
        checks.RECONCILED_IN_TIME: (
            RECONCILED,
            _unreconciled_days,
            "Each version of a day is compared within 26 hours of its publish.",
        ),
        checks.NO_QUARANTINE: (RAW_EVENTS, _quarantine, "No record in quarantine is open."),
    }
)


@dg.multi_asset_check(
    name="current_state",
    specs=[
        dg.AssetCheckSpec(name, asset=asset, description=text)
        for name, (asset, _, text) in _LOOKS.items()
    ],
    can_subset=True,
)
def current_state(
    context: dg.AssetCheckExecutionContext,
    lake: dg.ResourceParam[Lake],
    warehouse: dg.ResourceParam[Warehouse],
) -> Iterator[dg.AssetCheckResult]:
    """Look at the stores as they are now."""
    with translate_errors(context):
        migrations.migrate(warehouse)
        wanted = {key.name for key in context.selected_asset_check_keys}
        asked = {name: _LOOKS[name] for name in _LOOKS if name in wanted}
        found = {name: look(lake, warehouse) for name, (_, look, _) in asked.items()}
    for name, findings in found.items():
        yield checks.result(asked[name][0], name, findings)


@dg.multi_asset_check(
    name="marts_balance",
    specs=[
        dg.AssetCheckSpec(
            checks.BALANCED,
            asset=of_mart(mart),
            description=f"Equal to the expected sums: {', '.join(mart.balances)}. A refresh "
            "compares them too, before it commits.",
        )
        for mart in MARTS
    ],
    can_subset=True,
)
def marts_balance(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.AssetCheckResult]:
    """Compare the marts' sums with those of the fact table, as they are now."""
    wanted = {key.asset_key for key in context.selected_asset_check_keys}
    asked = [mart for mart in MARTS if of_mart(mart) in wanted]
    with translate_errors(context):
        migrations.migrate(warehouse)
        with warehouse.session() as session:
            found = [(mart, marts.imbalances(session, mart)) for mart in asked]
    for mart, wrong in found:
        yield checks.result(of_mart(mart), checks.BALANCED, checks.findings(wrong))


ALL = [current_state, marts_balance]
NAMES = frozenset({*_LOOKS, checks.BALANCED})
