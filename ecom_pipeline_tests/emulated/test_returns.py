"""Returns in both stores: the customer's page and marts.returns name the same sale."""

import pytest

from ecom_pipeline.realtime import query_invoice, store
from ecom_pipeline.warehouse import load, marts, migrations
from ecom_pipeline.warehouse.mart_list import MARTS
from ecom_pipeline_tests.builders import on, stream_of
from ecom_pipeline_tests.emulated.test_marts import arrive

pytestmark = pytest.mark.usefixtures("redshift")

SALES_OF = "select sale_invoice_no, pieces from marts.returns where invoice_no = %s"


@pytest.mark.usefixtures("functions")
def test_the_page_and_the_mart_name_the_sale_at_the_same_price(warehouse, lake, days, invoice, aws):
    """12 at 2.00, 12 at 2.50 the next day, 12 at 2.00 cancelled: the later sale is another one."""
    lines = ((f"{invoice}1", 12, 2), (f"{invoice}2", 12, 2.5), (f"C{invoice}3", -12, 2))
    these = days(len(lines))
    for day, (number, pieces, price) in zip(these, lines, strict=True):
        event = {"InvoiceNo": number, "event_id": number, "Quantity": pieces, "UnitPrice": price}
        event["CustomerID"] = invoice
        store.handler(stream_of(on(day, **event)))
        arrive(lake, day, number, event)
    load.publish(warehouse, lake, these)
    marts.refresh(warehouse, MARTS)
    asked = query_invoice.invoice(f"C{invoice}3", reader=invoice, receipt=None)
    (line,) = asked["lines"]
    named = [(sale["invoice_no"], sale["pieces"]) for sale in line["sales"]]
    assert named == warehouse.query(SALES_OF, [f"C{invoice}3"]) == [(f"{invoice}1", 12)]


def test_marts_from_before_the_rule_are_rebuilt(aws, warehouse, lake, servers, day, monkeypatch):
    servers.drop_warehouse(aws.redshift_database)
    servers.bare_warehouse(aws.redshift_database)
    before = [name for name in migrations._names() if not name.startswith("0007_")]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_names", lambda: before)
        migrations.migrate(warehouse)
    sale = {"event_id": "s", "InvoiceNo": "1", "Quantity": 6}
    arrive(lake, day, "1", sale, {"event_id": "r", "InvoiceNo": "C2", "Quantity": -9})
    load.publish(warehouse, lake, [day])
    with warehouse.session() as session:
        session.run(
            "insert into marts.builds (invoice_date, version)"
            " select invoice_date, version from sales.load_ledger"
        )
        session.run(
            "insert into marts.returns select event_id, invoice_no, invoice_date, customer_id,"
            " stock_code, 9, amount, 'too_many', 'low', null, null"
            " from sales.fact_invoice_lines where kind = 'cancellation'"
        )
        session.commit()
    (added,) = migrations.migrate(warehouse)
    assert added.startswith("0007_")
    assert marts.refresh(warehouse, MARTS).days == [day]
    assert sorted(warehouse.query(SALES_OF, ["C2"]), key=str) == [("1", 6), (None, 3)]
