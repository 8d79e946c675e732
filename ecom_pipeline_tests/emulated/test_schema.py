"""One column list and four places: drift, one added column, and refusal of other changes."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ecom_pipeline
from ecom_pipeline import settings
from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.realtime import archive
from ecom_pipeline.warehouse import connect, load, migrations, schema
from ecom_pipeline.warehouse.migrations import MigrationError
from ecom_pipeline.warehouse.schema import SchemaError
from ecom_pipeline_tests.builders import on, stream_of

pytestmark = pytest.mark.usefixtures("redshift", "functions")


def run(warehouse, *statements):
    with warehouse.session() as session:
        for statement in statements:
            session.run(statement)
        session.commit()


def drift(aws, warehouse, *days):
    found = schema.drift(connect.catalog(aws), connect.lake(aws), warehouse, days)
    return [(each.schema, each.column) for each in found]


def test_what_was_just_made_does_not_drift(aws, warehouse, day):
    archive.handler(stream_of(on(day, event_id="a")))
    partition.build(connect.lake(aws), day)
    connect.catalog(aws).sync([day])
    assert drift(aws, warehouse, day) == []


def test_drift_names_the_place_and_the_column(aws, warehouse, day):
    catalog, lake = connect.catalog(aws), connect.lake(aws)
    catalog.sync([day])
    table = {
        name: value
        for name, value in catalog.glue.get_table(
            DatabaseName=aws.glue_database, Name="csv_invoice_lines"
        )["Table"].items()
        if name in {"Name", "StorageDescriptor", "PartitionKeys", "Parameters", "TableType"}
    }
    table["StorageDescriptor"]["Columns"][1]["Type"] = "bigint"  # as a crawler would infer
    catalog.glue.update_table(DatabaseName=aws.glue_database, TableInput=table)
    archive.handler(stream_of(on(day, event_id="a")))
    partition.build(lake, day)
    manifest = lake.csv.read(keys.manifest_key(day))
    assert manifest is not None
    lake.csv.write_json(keys.manifest_key(day), manifest.body.replace(b'"kind"', b'"sort"'))
    run(warehouse, "alter table sales.fact_invoice_lines add column oddity varchar(5)")
    assert drift(aws, warehouse, day) == [
        ("Glue csv_invoice_lines", "invoice_no"),
        (f"CSV {day}", "kind"),
        (f"CSV {day}", "sort"),
        ("Redshift", "oddity"),
    ]
    with pytest.raises(SchemaError, match=r"oddity.*Otherwise: 1\. .*2\. rebuild"):
        migrations.migrate(warehouse)
    run(warehouse, "alter table sales.fact_invoice_lines drop column oddity")
    catalog.sync([day])
    partition.build(lake, day)
    assert drift(aws, warehouse, day) == []


def test_the_catalog_is_left_alone_when_it_is_right(aws, day):
    catalog = connect.catalog(aws)
    catalog.sync([day])
    calls = []
    catalog.glue.meta.events.register(
        "before-call.glue.*", lambda model, **_: calls.append(model.name)
    )
    catalog.sync([day])
    assert calls.count("UpdateTable") == calls.count("CreateTable") == 0
    assert len(calls) == 5


def test_some_that_start_at_once_migrate_once(aws, servers):
    servers.drop_warehouse(aws.redshift_database)
    servers.bare_warehouse(aws.redshift_database)
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(migrations.migrate(connect.warehouse(aws))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(map(len, done)) == [0, 0, 0, len(migrations._names())]
    names = connect.warehouse(aws).query("select name from public.ecom_migrations order by name")
    assert [name for (name,) in names] == migrations._names()


@pytest.mark.parametrize(
    ("statement", "undo", "says"),
    [
        (
            "update public.ecom_migrations set sha256 = reverse(sha256) where name like '0001%'",
            "update public.ecom_migrations set sha256 = reverse(sha256) where name like '0001%'",
            "0001_sales.sql was edited",
        ),
        (
            "insert into public.ecom_migrations values ('9999_later.sql', 'x')",
            "delete from public.ecom_migrations where name = '9999_later.sql'",
            "deploy the newer",
        ),
    ],
)
def test_a_history_of_another_program_is_refused(warehouse, statement, undo, says):
    run(warehouse, statement)
    with pytest.raises(MigrationError, match=says):
        migrations.migrate(warehouse)
    run(warehouse, undo)
    assert migrations.migrate(warehouse) == []


ADDED = """ADDED: tuple[Column, ...] = (
    Column(name="channel", redshift="varchar(20)", glue="string", wire="Channel", nullable=True,
           comment="Where it was sold"),
)
"""
AFTER = """
import sys
from datetime import date
from ecom_pipeline import settings
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load, migrations, schema
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.realtime import archive
from ecom_pipeline_tests.builders import on, stream_of

configured = settings.load()
old, new = map(date.fromisoformat, sys.argv[1:])
lake, warehouse, catalog = (make(configured) for make in
                            (connect.lake, connect.warehouse, connect.catalog))
assert migrations.migrate(warehouse) == ["channel"], "the column is added by the first that starts"
assert load.publish(warehouse, lake, [old]) == {}, "history's digests are as they were"
archive.handler(stream_of(on(new, event_id="n", Channel="web"), on(new, event_id="o"), first=500))
made = partition.build(lake, new)
catalog.sync([old, new])
with warehouse.session() as session:
    session.run("delete from sales.load_ledger where invoice_date = %s", [old])
    session.commit()
assert set(load.publish(warehouse, lake, [old, new])) == {old, new}, "two headers, two COPYs"
totals = load.fact_totals(warehouse, min(old, new), max(old, new))
assert totals[new] == made.totals and totals[old] == partition.committed(lake, old).totals
assert schema.drift(catalog, lake, warehouse, [old, new]) == []
rows = warehouse.query("select event_id, channel from sales.fact_invoice_lines"
                       " where invoice_date in (%s, %s) order by 1", [old, new])
assert rows == [("m", None), ("n", "web"), ("o", None)], rows
print("evolved")
"""


def test_a_nullable_column_is_added_everywhere_by_one_change(aws, warehouse, day, tmp_path):
    """The program with one more column is a copy of ours with that one change, in a new process."""
    lake = connect.lake(aws)
    archive.handler(stream_of(on(day, event_id="m")))
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    package = Path(ecom_pipeline.__file__).parent
    shutil.copytree(package, tmp_path / "ecom_pipeline")
    columns = tmp_path / "ecom_pipeline" / "domain" / "columns.py"
    text = columns.read_text()
    assert "ADDED: tuple[Column, ...] = ()\n" in text
    columns.write_text(text.replace("ADDED: tuple[Column, ...] = ()\n", ADDED))
    given = (
        settings.aws_environment(aws)
        | settings.environment_of(aws)
        | {
            "PYTHONPATH": f"{tmp_path}:{package.parent}",
            "RAW_BUCKET": aws.raw_bucket,
        }
    )
    done = subprocess.run(
        [sys.executable, "-c", AFTER, str(day), str(day.replace(year=day.year + 5))],
        env=settings.child_environment(given),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.endswith("evolved\n"), done.stderr
