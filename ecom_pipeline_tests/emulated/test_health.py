"""The doctor and the status on a real, separate local AWS: healthy, then with faults."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Rejected
from ecom_pipeline.health import doctor, status
from ecom_pipeline.lake import partition
from ecom_pipeline.local import processes, stack
from ecom_pipeline.warehouse import connect, load, marts, migrations
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import RECEIVED, accepted, on
from ecom_pipeline_tests.conftest import free_port
from ecom_pipeline_tests.stores import Servers
from ecom_pipeline_tests.waiting import until

DAY = date(2011, 3, 1)


@pytest.fixture
def new(whole_line):
    """Return stores in which nothing is, on this file's line: the numbers are of all they hold."""
    servers = Servers(whole_line)
    made = servers.stores()
    servers.bare_warehouse(made.redshift_database)
    return made


def put(lake, day, *ids):
    events = [accepted(on(day, event_id=f"{day}-{each}", InvoiceNo=f"{each}")) for each in ids]
    lake.raw.write_records(keys.raw_key(day, "0", ids[0], ids[-1]), events)


def set_aside(lake, *reasons):
    records = [
        Rejected(
            received_at=RECEIVED,
            reason=reason,
            record="1",
            field="Quantity",
            expected="a number",
            got="x",
            original="{}",
        )
        for reason in reasons
    ]
    lake.raw.write_records(keys.quarantine_key(DAY, "0", "1", "2"), records)


def findings(configured):
    return {each.name: each for each in doctor.environment(configured)}


def stores(configured):
    return {each.name: each for each in status.read(configured)}


def facts(configured, name, *wanted) -> list[Any]:
    return [stores(configured)[name].facts[each] for each in wanted]


def test_a_healthy_system_lacks_nothing_and_is_all_shown(new):
    found = findings(new)
    assert {name: each.found for name, each in found.items() if each.state != "ok"} == {}
    assert {"warehouse", "table", "raw bucket", "CSV bucket, to write", "clock"} <= found.keys()
    lake = connect.lake(new)
    key = keys.copy_manifest_key(keys.copy_prefix(0), 0)
    assert lake.csv.read(key) is None  # the check wrote nothing


def test_a_store_without_a_load_says_so_and_hides_no_other(new):
    found = stores(new)
    assert {name: each.trouble for name, each in found.items() if each.trouble} == {}
    nothing = {name for name, each in found.items() if "state" in each.facts and name != "DynamoDB"}
    assert nothing == {"warehouse", "to load", "trust"}
    assert found["warehouse"].facts["state"] == "nothing loaded yet"
    assert found["raw lake"].facts["newest_day"] is None


def test_the_numbers_are_those_of_what_was_put_in(new):
    lake, warehouse = connect.lake(new), connect.warehouse(new)
    migrations.migrate(warehouse)
    days = [DAY, DAY + timedelta(days=1)]
    for day in days:
        put(lake, day, "536365", "536366")
        partition.build(lake, day)
    load.publish(warehouse, lake, days)
    marts.refresh(warehouse, MARTS)
    put(lake, DAY, "536367")  # late: this day was loaded
    put(lake, DAY + timedelta(days=2), "536368")
    set_aside(lake, "invalid", "not_json", "invalid")
    found: dict[str, Any] = {name: each.facts for name, each in stores(new).items()}
    assert found["raw lake"] == {
        "days": 3,
        "newest_day": DAY + timedelta(days=2),
        "its_objects": 1,
        "notifications_waiting": 5,  # including S3's test message to a new queue
    }
    assert found["quarantine"] == {"open": 3, "invalid": 2, "not_json": 1, "discarded": 0}
    assert found["CSV"] == {"days": 2, "newest_day": days[1], "its_rows": 2}
    assert [found["warehouse"][name] for name in ("its_newest_day", "version", "rows")] == [
        days[1],
        1,
        2,
    ]
    assert found["to load"]["days"] == 2
    assert found["to load"]["first"].startswith(f"{DAY}: 1 raw objects are not in its CSV")
    assert [found["trust"][name] for name in ("days_published", "rows_published")] == [2, 4]
    assert [found["trust"][name] for name in ("days_not_in_marts", "reconciled")] == [0, "unknown"]


def test_the_lag_is_the_age_of_what_no_consumer_has_finished(whole_line):
    *_, poller = stack.services(whole_line)
    lag = ("store_lag_seconds", "archive_lag_seconds")
    assert facts(whole_line, "stream", *lag) == [0.0, 0.0]
    processes.stop(poller, whole_line.home)
    connect.client(whole_line, "kinesis").put_record(
        StreamName="event-ingest",
        Data=envelope.encode(accepted(on(DAY, event_id="waits"))),
        PartitionKey="536365",
    )
    until(lambda: min(facts(whole_line, "stream", *lag)) > 0, "a lag")
    assert findings(whole_line)["local AWS"].found == "poller does not run"
    processes.start(poller, whole_line.home)
    until(lambda: facts(whole_line, "stream", *lag) == [0.0, 0.0], "no lag")
    assert facts(whole_line, "DynamoDB", "items") == [2]  # the line and its invoice's header


def test_a_store_that_is_not_there_is_named_with_its_setting(new):
    migrations.migrate(connect.warehouse(new))
    elsewhere = replace(new, raw_bucket="nobody-s", raw_queue="nobody-s", table="nobody-s")
    found = {n: each for n, each in findings(elsewhere).items() if each.state != "ok"}
    assert {name: each.todo.rsplit(" ", 1)[1] for name, each in found.items()} == {
        "raw bucket": "ECOM_RAW_BUCKET",
        "queue of new objects": "ECOM_RAW_QUEUE",
        "table": "ECOM_TABLE",
    }
    assert {name for name, each in stores(elsewhere).items() if each.trouble} == {
        "DynamoDB",
        "raw lake",
        "quarantine",
        "to load",
    }


def test_a_warehouse_that_stopped_is_named_and_the_others_are_shown(whole_line):
    _, warehouse, _ = stack.services(whole_line)
    processes.stop(warehouse, whole_line.home)
    try:
        missing = {n: e.todo for n, e in findings(whole_line).items() if e.state == "missing"}
        shown = stores(whole_line)
    finally:
        processes.start(warehouse, whole_line.home)
    assert missing.keys() == {"local AWS", "warehouse"}
    assert all("ecom local up" in todo for todo in missing.values())
    silent = {name for name, each in shown.items() if each.trouble}
    assert silent == {"warehouse", "to load", "trust"}
    assert shown["trust"].trouble == "redshift does not run: ecom local up"


def test_a_dead_emulator_hides_no_living_warehouse(new):
    """As an installation without the extra `local` sees it: by what answers at the ports."""
    dead = replace(new, environment="elsewhere", endpoint_url=f"http://127.0.0.1:{free_port()}")
    assert findings(dead)["local AWS"].found == "aws does not run"
    found = stores(dead)
    assert found["warehouse"].facts == {"state": "nothing loaded yet"}
    assert found["raw lake"].trouble == "aws does not run: ecom local up"
    assert found["to load"].trouble == "aws does not run: ecom local up"
