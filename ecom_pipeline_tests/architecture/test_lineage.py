"""The lineage as text: a change of the graph is a change of this text, visible in review."""

import warnings

import dagster as dg
import pytest
from dagster._core.storage.defs_state.base import set_defs_state_storage

from ecom_pipeline.definitions import build
from ecom_pipeline.domain.columns import CSV_HEADER
from ecom_pipeline.orchestration import current, requests
from ecom_pipeline.orchestration.keys import FACT_LINES, SALES_REPORT
from ecom_pipeline.settings import LOCAL

LINEAGE = """
bi/sales_report <- marts/cohorts, marts/countries, marts/customers, marts/daily_sales, \
marts/products, proof/reconciliation
catalog/csv_invoice_lines <- lake/csv_invoice_lines
lake/csv_invoice_lines <- lake/raw_events
lake/raw_events <-
marts/basket_pairs <- warehouse/fact_invoice_lines
marts/cohorts <- warehouse/fact_invoice_lines
marts/countries <- warehouse/fact_invoice_lines
marts/customers <- warehouse/fact_invoice_lines
marts/daily_sales <- warehouse/fact_invoice_lines
marts/products <- warehouse/fact_invoice_lines
marts/returns <- warehouse/fact_invoice_lines
proof/reconciliation <- warehouse/fact_invoice_lines
proof/table_segments <- warehouse/fact_invoice_lines
tableau/sales_dashboard <- marts/basket_pairs, marts/cohorts, marts/countries, \
marts/customers, marts/daily_sales, marts/products, marts/returns, proof/reconciliation
warehouse/fact_invoice_lines <- lake/csv_invoice_lines
"""


@pytest.fixture(autouse=True)
def _no_instance():
    """Forget the instances of other tests: one that is gone would be asked for its state (1.13)."""
    with set_defs_state_storage(None):
        yield


def test_the_lineage_is_the_one_we_reviewed():
    graph = build(LOCAL).resolve_asset_graph()
    lines = sorted(
        f"{key.to_user_string()} <- "
        + ", ".join(sorted(parent.to_user_string() for parent in graph.get(key).parent_keys))
        for key in graph.get_all_asset_keys()
    )
    assert [line.strip() for line in lines] == LINEAGE.split("\n")[1:-1]


def test_the_definitions_load_whole_and_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dg.Definitions.validate_loadable(build(LOCAL))


def test_what_readers_see_has_a_freshness_policy():
    graph = build(LOCAL).resolve_asset_graph()
    policies = {key: graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
    shown = {FACT_LINES, SALES_REPORT} | {key for key in policies if key.path[0] == "marts"}
    assert {key for key, policy in policies.items() if policy} == shown
    zones = {str(policy) for policy in policies.values() if policy}
    assert all(f"timezone='{LOCAL.time_zone}'" in each for each in zones)


def test_each_check_of_the_current_state_can_be_run_alone_and_no_load_runs_them():
    repository = build(LOCAL).get_repository_def()
    graph = repository.asset_graph
    # as dagster-graphql decides whether the UI may execute a check
    alone = {
        key.name
        for key in graph.asset_check_keys
        if len(graph.get_execution_set_asset_and_check_keys(key)) <= 1
    }
    assert alone == current.NAMES
    loading = repository.get_job(requests.LOAD_DAYS).asset_layer.asset_graph.asset_check_keys
    assert {check.name for check in loading} & current.NAMES == set()


def test_every_asset_says_what_it_is_and_shows_its_columns():
    graph = build(LOCAL).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name == key.path[0], key
        assert node.kinds, key
        if key.path[0] in {"bi", "proof", "tableau"} or key.path[-1] == "raw_events":
            continue
        columns = [c.name for c in node.metadata["dagster/column_schema"].columns]
        if key.path[0] == "marts":
            assert columns, key
        else:
            assert columns[: len(CSV_HEADER)] == list(CSV_HEADER), key
