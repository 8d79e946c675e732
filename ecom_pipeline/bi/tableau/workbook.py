"""The workbook: which sheets there are, one dashboard of them, over all marts."""

from xml.etree.ElementTree import Element

from ecom_pipeline.bi.marts import SHOWN
from ecom_pipeline.bi.tableau.dashboard import dashboard, windows
from ecom_pipeline.bi.tableau.pills import Generated, Pill, by_day, by_month, members, total
from ecom_pipeline.bi.tableau.sheets import Pane, Sheet, Top, map_source, worksheet
from ecom_pipeline.bi.tableau.source import Connection, data_source, tds
from ecom_pipeline.bi.tableau.tree import NEW_LINE, VERSION, document, node, runs
from ecom_pipeline.warehouse.mart_list import COHORTS, COUNTRIES, DAILY_SALES, DATA_TRUST, PRODUCTS

NAME = "ecom_sales"
_SOLD, _RETURNED = "#4e79a7", "#e15759"
_PRODUCTS_SHOWN = 20


def workbook(connection: Connection) -> bytes:
    """Return the workbook whose marts lie there."""
    root = node(
        "workbook",
        {
            "original-version": VERSION,
            "source-build": "0.0.0 (0000.0.0.0)",  # of no Tableau: this program made it
            "source-platform": "win",
            "version": VERSION,
        },
        node("document-format-change-manifest", {}, node("ManifestByVersion")),
        node("datasources", {}, *(data_source(mart, connection) for mart in SHOWN)),
        map_source(),
        node("worksheets", {}, *map(worksheet, SHEETS)),
        node("dashboards", {}, dashboard(SHEETS)),
        windows(SHEETS),
        _explain_data(),
    )
    return document(root)


def files(connection: Connection) -> dict[str, bytes]:
    """Return the workbook and each mart's data source, by the names of their files."""
    sources = {f"{mart.name}.tds": tds(mart, connection) for mart in SHOWN}
    return {f"{NAME}.twb": workbook(connection), **sources}


def _explain_data() -> Element:
    """Return what the schema asks for: Tableau's guesses at unusual marks are not shown."""
    off = {"enabled-for-viewer": "false", "extreme-values-enabled-for-all": "false"}
    return node("explain-data", off, node("explanation-types"))


def _trust() -> Sheet:
    def shown(name: str) -> str:
        return f"<{pills[name]}>"

    pills = {name: _as_it_is(name) for name in (column.name for column in DATA_TRUST.columns)}
    label = runs(
        f"Reconciled: {shown('reconciled')}",
        f"  (compared {shown('reconciled_at')} UTC; {shown('days_differing')} days differ,"
        f" {shown('days_unreconciled')} not compared since they were published)",
        NEW_LINE,
        f"Published {shown('as_of')} UTC: {shown('days_published')} days,"
        f" {shown('rows_published')} lines, {shown('revenue')}, up to {shown('last_event')}",
        NEW_LINE,
        f"Waiting: {shown('days_pending')} days to be published,"
        f" {shown('days_not_in_marts')} not in these figures yet,"
        f" {shown('quarantine_open')} records in quarantine",
        fontalignment="0",
        fontsize="10",
    )
    encodings = [("text", pill) for pill in pills.values()]
    return Sheet(
        name="Data trust",
        mart=DATA_TRUST,
        title="How far these figures can be trusted",
        panes=(
            Pane(mark="Text", encodings=(*encodings, ("color", pills["reconciled"])), label=label),
        ),
    )


def _as_it_is(name: str) -> Pill:
    """Return a value of the one row: numbers added up, which changes nothing, the rest as it is."""
    found = members(DATA_TRUST, name)
    return total(DATA_TRUST, name) if found.field.measure else found


def _daily_sales() -> Sheet:
    sold, returned = total(DAILY_SALES, "gross"), total(DAILY_SALES, "returned")
    return Sheet(
        name="Daily sales",
        mart=DAILY_SALES,
        title="Daily sales, and what came back",
        rows=(sold, returned),
        columns=(by_day(DAILY_SALES, "invoice_date"),),
        panes=(
            Pane(mark="Bar", colour=_SOLD, axis=sold),
            Pane(mark="Bar", colour=_RETURNED, axis=returned),
        ),
    )


def _countries() -> Sheet:
    encodings = (
        ("lod", members(COUNTRIES, "place")),
        ("size", total(COUNTRIES, "net")),
        ("tooltip", total(COUNTRIES, "customers")),
        ("tooltip", total(COUNTRIES, "invoices")),
        ("tooltip", total(COUNTRIES, "returned")),
    )
    return Sheet(
        name="Countries",
        mart=COUNTRIES,
        title="Net sales by country",
        rows=(Generated(COUNTRIES, "Latitude"),),
        columns=(Generated(COUNTRIES, "Longitude"),),
        panes=(Pane(mark="Circle", encodings=encodings, colour=_SOLD),),
        on_a_map=True,
    )


def _products() -> Sheet:
    code, net = members(PRODUCTS, "stock_code"), total(PRODUCTS, "net")
    encodings = (
        ("tooltip", total(PRODUCTS, "pieces_sold")),
        ("tooltip", total(PRODUCTS, "returned")),
    )
    return Sheet(
        name="Products",
        mart=PRODUCTS,
        title=f"The {_PRODUCTS_SHOWN} products with the most net sales",
        rows=(code, members(PRODUCTS, "description")),
        columns=(net,),
        panes=(Pane(mark="Bar", encodings=encodings, colour=_SOLD),),
        top=Top(count=_PRODUCTS_SHOWN, of=code, by=net),
    )


def _cohorts() -> Sheet:
    customers = total(COHORTS, "customers")
    return Sheet(
        name="Customer cohorts",
        mart=COHORTS,
        title="Who comes back: customers by month of their first order, and months since then",
        rows=(by_month(COHORTS, "cohort_month"),),
        columns=(members(COHORTS, "months_after"),),
        panes=(Pane(mark="Square", encodings=(("color", customers), ("text", customers))),),
    )


SHEETS = (_trust(), _daily_sales(), _countries(), _products(), _cohorts())
