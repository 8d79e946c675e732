"""The figures of countries and products, the largest first; the tables include all of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ecom_pipeline.bi.report import charts, words
from ecom_pipeline.bi.report.figure import (
    Cells,
    Figure,
    Record,
    Records,
    Table,
    money,
    number,
    tabulate,
    total,
)
from ecom_pipeline.bi.report.words import count, percent, several
from ecom_pipeline.domain.currency import Currency

_SHOWN = 12
_HALF = Decimal("0.5")
_PRODUCT_SUMS = {
    "Net": "net",
    "Gross": "gross",
    "Returned": "returned",
    "Pieces sold": "pieces_sold",
    "Pieces returned": "pieces_returned",
}


def by_country(countries: Records, currency: Currency) -> Figure:
    """Return the figure of countries by net sales.

    A country with more than half of the net sales is in the summary only: beside its bar the others
    would be too short, and bars on a logarithmic axis are misleading.
    """
    order = sorted(countries, key=lambda each: (-each["net"], each["country"]))
    net = total(order, "net")
    home = order[0] if len(order) > 1 and order[0]["net"] > net * _HALF else None
    drawn = [each for each in order if each is not home and each["net"] > 0][:_SHOWN]
    points = [
        _point(n, each["country"], each["net"], f"{percent(each['net'], net)} of all", currency)
        for n, each in enumerate(drawn)
    ]
    columns = {
        "Country": lambda each: each["country"],
        "Net": money("net", currency),
        "Of all": lambda each: percent(each["net"], net),
        "Gross": money("gross", currency),
        "Returned": money("returned", currency),
        "Customers": number("customers"),
    }
    gross, returned = (words.money(total(order, name), currency) for name in ("gross", "returned"))
    return Figure(
        id="countries",
        title="Countries",
        says=_of_countries(home, net, len(drawn), len(order), currency),
        alt="Ranked bars of net sales: "
        + ", ".join(f"{each['label']} {each['text']}" for each in points),
        spec=charts.ranked(points, "countries") if points else None,
        table=Table(
            columns=tuple(columns),
            rows=tabulate(columns, order),
            sums=("All countries", words.money(net, currency), "", gross, returned, ""),
        ),
        note="A customer of two countries counts in both.",
    )


def best_products(products: Records, currency: Currency) -> Figure:
    """Return the figure of the products with the largest net sales."""
    order = sorted(products, key=lambda each: (-each["net"], each["stock_code"]))
    drawn = [each for each in order if each["net"] > 0][:_SHOWN]
    share = percent(total(drawn, "net"), total(order, "net"))
    return _products(
        order,
        [(each, each["net"]) for each in drawn],
        currency,
        id="best-products",
        title="Best-selling products",
        says=f"The {len(drawn)} with the largest net sales of {several(len(order), 'stock code')}:"
        f" {share} of all. Services, such as postage, have stock codes too.",
        alt="Ranked bars of products by net sales.",
    )


def most_returned(products: Records, currency: Currency) -> Figure:
    """Return the figure of the products with the largest refunds."""
    order = sorted(products, key=lambda each: (each["returned"], each["stock_code"]))
    drawn = [each for each in order if each["returned"] < 0][:_SHOWN]
    share = percent(total(drawn, "returned"), total(order, "returned"))
    return _products(
        order,
        [(each, -each["returned"]) for each in drawn],
        currency,
        id="most-returned",
        title="Most returned products",
        says=f"The {len(drawn)} for which most money was given back: {share} of all returns."
        if drawn
        else "There are no returns.",
        alt="Ranked bars of products by the money given back.",
    )


def _of_countries(
    home: Record | None, net: Decimal, drawn: int, of: int, currency: Currency
) -> str:
    if home is None:
        all_of_them = several(of, "country", "countries")
        return f"The {drawn} largest of {all_of_them}." if drawn < of else f"{all_of_them}."
    share = percent(home["net"], net)
    return (
        f"{home['country']} brings {share} of net sales, {words.money(home['net'], currency)}."
        f" The bars are the {drawn} largest of the other {of - 1}."
    )


def _products(
    order: Records, drawn: list[tuple[Record, Decimal]], currency: Currency, **texts: str
) -> Figure:
    """Return a figure of products; products without a bar are one row of the table."""
    points = [
        _point(n, _name(each), value, _details(each), currency)
        for n, (each, value) in enumerate(drawn)
    ]
    rows = [_cells(_name(each), each["stock_code"], [each], currency) for each, _ in drawn]
    others = order[len(drawn) :]
    rows += [_cells(f"{count(len(others))} others", "", others, currency)] if others else []
    table = Table(
        columns=("Product", "Code", *_PRODUCT_SUMS),
        rows=rows,
        sums=_cells("All products", "", order, currency),
        words=2,
    )
    spec = charts.ranked(points, texts["id"]) if points else None
    return Figure(**texts, spec=spec, table=table if points else None)


def _point(
    rank: int, label: str, value: Decimal, details: str, currency: Currency
) -> Mapping[str, Any]:
    text = words.money(value, currency)
    return {"rank": rank, "label": label, "value": float(value), "text": text, "more": details}


def _cells(name: str, code: str, products: Records, currency: Currency) -> Cells:
    sums = {title: total(products, column) for title, column in _PRODUCT_SUMS.items()}
    texts = (
        count(int(value)) if title.startswith("Pieces") else words.money(value, currency)
        for title, value in sums.items()
    )
    return (name, code, *texts)


def _details(each: Record) -> str:
    sold, returned = each["pieces_sold"], each["pieces_returned"]
    return f"{each['stock_code']}: {several(sold, 'piece')} sold, {count(returned)} returned"


def _name(each: Record) -> str:
    return (each["description"] or "").strip() or each["stock_code"]
