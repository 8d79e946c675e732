"""The marts' assets: one step refreshes all of them atomically."""

import time
from typing import Any

import dagster as dg

from ecom_pipeline.orchestration import describe, pools
from ecom_pipeline.orchestration.keys import FACT_LINES, Results, of_mart
from ecom_pipeline.orchestration.retries import translate_errors
from ecom_pipeline.warehouse import marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline.warehouse.marts import Mart, Refreshed
from ecom_pipeline.warehouse.session import Session, Warehouse

# Not eager(): it requires that no partition of the fact table is missing, which is never true. Also
# at the initial evaluation, because earlier loads have triggered nothing.
_Condition = dg.AutomationCondition
_CHANGED: Any = (  # Dagster types it as of assets only, where it expects any of its keys
    _Condition.any_deps_updated()
    | _Condition.initial_evaluation()
    | _Condition.code_version_changed()
)
FOLLOW: dg.AutomationCondition[dg.AssetKey] = (
    _CHANGED.since_last_handled() & ~_Condition.in_progress()
)


@dg.multi_asset(
    specs=[
        describe.made_by(
            f"{mart.name} {marts.code_version(mart)}",
            describe.spec(
                of_mart(mart),
                deps=[FACT_LINES],
                kinds={"redshift", "sql"},
                text=mart.text,
                metadata={"dagster/column_schema": describe.schema(mart.columns)},
            ),
        ).replace_attributes(automation_condition=FOLLOW)
        for mart in MARTS
    ],
    name="marts",
    pool=pools.MARTS,
)
def refreshed_marts(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> Results:
    """Refresh the marts for the days with newer versions in the ledger.

    Marts whose sums would not be those of the fact table are not committed, and the run fails.
    """
    with translate_errors(context):
        began = time.monotonic()
        done = marts.refresh(warehouse, MARTS)
        seconds = round(time.monotonic() - began, 3)
        with warehouse.session() as session:
            results = [_result(session, mart, done, seconds) for mart in MARTS]
    yield from results


def _result(session: Session, mart: Mart, done: Refreshed, seconds: float) -> dg.MaterializeResult:  # type: ignore[type-arg]
    rows = marts.head(session, mart, describe.PREVIEW_ROWS)
    return dg.MaterializeResult(
        asset_key=of_mart(mart),
        metadata={
            "dagster/row_count": done.rows[mart.name],
            "dagster/table_name": mart.table,
            "days_refreshed": len(done.days),
            "seconds": seconds,
            "preview": describe.preview([column.name for column in mart.columns], rows),
        },
    )


ALL = [refreshed_marts]
