"""The extract: Tableau's own Hyper reads the content of the marts from it, to the penny."""

from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import tableauhyperapi as hyper

from ecom_pipeline.bi import marts as bi
from ecom_pipeline.bi.tableau import extract
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load, marts
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import accepted, on

pytestmark = pytest.mark.usefixtures("redshift")

FORMULA = "=1+1"  # a formula in a spreadsheet; here a text
SOLD = [
    {"InvoiceNo": "1", "Quantity": 6, "UnitPrice": 2.555},
    {
        "InvoiceNo": "1",
        "Quantity": 1,
        "UnitPrice": 0.0001,
        "StockCode": "84029g",
        "Description": FORMULA,
    },
    {"InvoiceNo": "C2", "Quantity": -6, "UnitPrice": 2.555},
    {"InvoiceNo": "3", "Quantity": 2, "UnitPrice": 9_999_999, "CustomerID": None},
    {"InvoiceNo": "A4", "Quantity": 1, "UnitPrice": -11_062.06, "CustomerID": None},
    {"InvoiceNo": "5", "Quantity": -3, "UnitPrice": 0, "Description": "damaged"},
]


@pytest.fixture
def tables(aws, day):
    """Return the marts after a day of every kind of line."""
    warehouse, lake = connect.warehouse(aws), connect.lake(aws)
    events = [on(day, event_id=f"{day}-{n}", **line) for n, line in enumerate(SOLD)]
    lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), map(accepted, events))
    partition.build(lake, day)
    load.publish(warehouse, lake, [day])
    marts.refresh(warehouse, MARTS)
    return bi.read(warehouse)


@pytest.fixture
def written(tables, tmp_path):
    """Return the paths of the extract and of the packed workbook."""
    return extract.write(tables.values(), POUND, tmp_path)


def opened(path):
    """Return a connection of Tableau's Hyper to a file."""
    private = hyper.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    process = hyper.HyperProcess(private, parameters={"log_config": ""})
    return process, hyper.Connection(process.endpoint, path)


def plain(value):
    """Return a value of Hyper's as Python's own: its dates are classes of its own."""
    if isinstance(value, hyper.Timestamp):
        return value.to_datetime()
    return value.to_date() if isinstance(value, hyper.Date) else value


def held(path):
    """Return each table's columns and rows."""
    process, connection = opened(path)
    with process, connection:
        found = {}
        for schema in ("marts", "sales"):
            for table in connection.catalog.get_table_names(schema):
                columns = connection.catalog.get_table_definition(table).columns
                rows = connection.execute_list_query(f"select * from {table}")
                found[table.name.unescaped] = (
                    [column.name.unescaped for column in columns],
                    [tuple(map(plain, row)) for row in rows],
                )
    return found


def test_hyper_reads_what_the_marts_hold(tables, written):
    found = held(written[0])
    assert found.keys() == tables.keys()
    for name, table in tables.items():
        columns, rows = found[name]
        assert columns == [column.name for column in table.mart.columns]
        assert sorted(map(repr, rows)) == sorted(map(repr, table.rows))
    assert FORMULA in {row["description"] for row in tables["products"].records()}
    assert all(table.rows for name, table in tables.items() if name != "basket_pairs")


def test_hyper_adds_up_to_the_penny(tables, written):
    process, connection = opened(written[0])
    with process, connection:
        net = connection.execute_scalar_query("select sum(net) from marts.daily_sales")
        revenue = connection.execute_scalar_query("select sum(revenue) from sales.data_trust")
    assert net == sum(row["net"] for row in tables["daily_sales"].records())
    assert revenue == tables["data_trust"].records()[0]["revenue"]


def test_the_packed_workbook_finds_all_it_shows_in_its_extract(written, tmp_path):
    with ZipFile(written[1]) as package:
        book = ElementTree.fromstring(package.read("ecom_sales.twb"))
        place = package.extract("Data/ecom_sales.hyper", tmp_path / "unpacked")
    there = held(place)
    sources = book.findall("datasources/datasource")
    assert len(sources) == len(there)
    for source in sources:
        (where,) = source.iterfind("connection/named-connections/named-connection/connection")
        assert (where.get("class"), where.get("dbname")) == ("hyper", "Data/ecom_sales.hyper")
        (relation,) = source.iterfind("connection/relation")
        columns, _ = there[relation.get("name")]
        assert relation.get("table") == f"[{where.get('schema')}].[{relation.get('name')}]"
        assert [each.text for each in source.iter("remote-name")] == columns


def test_an_extract_is_written_whole_over_the_one_before(tables, written, tmp_path):
    again = extract.write([tables["data_trust"]], POUND, tmp_path)
    assert again == written
    assert held(again[0]).keys() == {"data_trust"}
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "ecom_sales.hyper",
        "ecom_sales.twbx",
    ]
