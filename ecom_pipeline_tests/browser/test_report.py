"""The sales report in a real browser, without a network."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ecom_pipeline.bi.report import sales
from ecom_pipeline.domain import keys
from ecom_pipeline.domain.currency import POUND
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load, marts
from ecom_pipeline.warehouse.mart_list import COUNTRIES, CUSTOMERS, DAILY_SALES, MARTS, PRODUCTS
from ecom_pipeline_tests.browser.report_data import shop
from ecom_pipeline_tests.builders import accepted, on

CUSTOMER = "98765432123"
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
READ = ("h1", ".period", ".trust h2", ".trust p", ".headlines span", "figcaption p", ".note",
        "summary", "thead th", "td.n", "footer p")  # fmt: skip
DRAWN = (".role-axis-label text", ".label_marks text", ".weak_marks text")


@pytest.fixture
def show(context, tmp_path):
    """Return what opens a page's HTML; whatever the browser complains of fails the test."""
    said, asked = [], []
    context.set_offline(True)
    path = tmp_path / "sales_report.html"

    def open_(html, **media):
        path.write_text(html)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.emulate_media(**media)
        page.goto(path.as_uri())
        if "<figure" in html:
            page.locator("html[data-drawn]").wait_for()
        return page

    yield open_
    assert said == []
    assert set(asked) == {path.as_uri()}


@pytest.fixture
def warehouse(redshift):
    """Return a warehouse with sales and returns of two months."""
    found, lake = connect.warehouse(redshift), connect.lake(redshift)
    days = [date(2009, 9, 28) + timedelta(days=n) for n in range(6)]
    for n, day in enumerate(days):
        events = [
            {"event_id": f"{day}a", "InvoiceNo": f"{day:%y%m%d}", "UnitPrice": 1.255 + n},
            {"event_id": f"{day}b", "InvoiceNo": f"{day:%y%m%d}1", "Country": f"Land {n}"},
            {"event_id": f"{day}c", "InvoiceNo": f"C{day:%y%m%d}", "Quantity": -1 - n},
        ]
        records = [accepted(on(day, **{"CustomerID": CUSTOMER} | event)) for event in events]
        lake.raw.write_records(keys.raw_key(day, "0", "1", "1"), records)
        partition.build(lake, day)
    load.publish(found, lake, days)
    marts.refresh(found, MARTS)
    return found


def amount(text):
    """Read money back as people read it."""
    sign = -1 if text.startswith("\N{MINUS SIGN}") else 1
    return sign * Decimal(re.sub(r"[^\d.]", "", text))


def table_of(page, figure):
    """Return a figure's table by column: what each cell says."""
    names = page.locator(f"#{figure} thead th").all_text_contents()
    rows = page.locator(f"#{figure} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


def test_the_figures_are_those_of_the_marts_and_nobodys_id_is_among_them(show, warehouse):
    tables = sales.read(warehouse)
    page = show(sales.render(tables, POUND))
    assert CUSTOMER in {row[0] for row in tables[CUSTOMERS.name].rows}
    assert CUSTOMER not in page.content()
    days = tables[DAILY_SALES.name].records()
    headlines = dict(
        zip(
            page.locator(".headlines dt").all_text_contents(),
            page.locator(".headlines strong").all_text_contents(),
            strict=True,
        )
    )
    assert amount(headlines["Net revenue"]) == sum(day["net"] for day in days)
    assert amount(headlines["Gross"]) == sum(day["gross"] for day in days)
    assert amount(headlines["Returned"]) == sum(day["returned"] for day in days)
    assert amount(headlines["Invoices"]) == sum(day["invoices"] for day in days)
    assert amount(headlines["Pieces"]) == sum(day["pieces"] for day in days)
    by_day = table_of(page, "net-by-day")
    assert [amount(each) for each in by_day["Net"]] == [day["net"] for day in days]
    by_country = table_of(page, "countries")
    countries = {each["country"]: each["net"] for each in tables[COUNTRIES.name].records()}
    shown = map(amount, by_country["Net"])
    assert dict(zip(by_country["Country"], shown, strict=True)) == countries
    best = table_of(page, "best-products")
    products = tables[PRODUCTS.name].records()
    assert sum(map(amount, best["Gross"])) == sum(each["gross"] for each in products)
    assert page.locator("#net-by-day .net_marks path").count() == len(days)


def test_each_chart_is_drawn_labelled_and_has_a_table(show):
    page = show(sales.render(shop(305), POUND))
    figures = page.locator("figure")
    assert figures.count() == 6
    for figure in figures.all():
        assert figure.get_by_role("heading").count() == 1
        chart = figure.locator(".chart")
        assert chart.get_attribute("role") == "img"
        assert len(chart.get_attribute("aria-label")) > 20
        assert chart.locator("svg .role-mark > *").count() >= 12
        assert figure.locator("details table tbody tr").count() >= 6
    assert page.locator("h1").count() == 1


def test_other_peoples_text_is_text(show):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)></script>"
    page = show(sales.render(shop(40, product=attack, country=attack), POUND))
    drawn = page.locator("#best-products .label_marks text")
    assert drawn.first.text_content().startswith("<script>")
    assert table_of(page, "best-products")["Product"][0] == attack
    assert attack in page.locator("#countries figcaption").text_content()
    page.locator("#best-products .best_products_marks path").first.hover()
    assert attack in page.locator("#vg-tooltip-element").text_content()
    assert page.locator("img, #vg-tooltip-element script").count() == 0
    assert page.locator("script").count() == 2


@pytest.mark.parametrize("days", [1, 9, 89, 374])
def test_a_shop_of_any_age_is_shown(show, days):
    page = show(sales.render(shop(days), POUND))
    bars = page.locator("#net-by-day .net_marks path")
    assert bars.count() == days
    assert bars.first.bounding_box()["width"] < 60
    labels = page.locator("#net-by-day .role-axis-label").first.locator("text")
    boxes = sorted((each.bounding_box() for each in labels.all()), key=lambda box: box["x"])
    assert len(boxes) >= min(days, 3)
    ends = [box["x"] + box["width"] for box in boxes]
    assert all(end < box["x"] for end, box in zip(ends, boxes[1:], strict=False))


def test_a_shop_without_sales_says_so(show):
    page = show(sales.render(shop(0, as_of=None, last_event=None, reconciled="unknown"), POUND))
    assert page.locator(".period").text_content() == "No sales have been published yet."
    assert page.locator("figure, script").count() == 0


@pytest.mark.parametrize(
    ("trust", "says"),
    [
        ({"reconciled": "yes"}, "All stores agree"),
        ({"reconciled": "no", "days_differing": 2}, "On 2 days"),
        ({"reconciled": "unknown", "days_published": 9, "days_unreconciled": 3}, "3 of 9 "),
        ({"quarantine_open": 1234}, "1,234"),
        ({"days_pending": None}, "not known"),
        ({"days_not_in_marts": 4}, "4 days newer than this page"),
    ],
)
def test_the_banner_says_how_far_to_trust_it(show, trust, says):
    page = show(sales.render(shop(1, **trust), POUND))
    banner = page.locator(".trust")
    assert says in banner.inner_text()
    assert "9 December 2011, 12:50" in banner.inner_text()


def luminance(colour):
    channels = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(show, scheme):
    page = show(sales.render(shop(305), POUND), color_scheme=scheme)
    page.locator("summary").first.click()
    style = "(each, name) => getComputedStyle(each)[name]"
    under = luminance(page.locator("body").evaluate(style, "backgroundColor"))
    assert (under > 0.5) == (scheme == "light")
    for selector, name in [
        *((each, "color") for each in READ),
        *((each, "fill") for each in DRAWN),
    ]:
        ink = luminance(page.locator(selector).first.evaluate(style, name))
        darker, lighter = sorted([ink, under])
        assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST, selector


def test_on_a_phone_nothing_is_wider_than_the_screen(show):
    page = show(sales.render(shop(305), POUND))
    page.set_viewport_size({"width": 360, "height": 780})
    page.wait_for_function("document.querySelector('svg').getBoundingClientRect().width < 360")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    last = page.locator("#best-products .value_marks text").first.bounding_box()
    assert last["x"] + last["width"] <= 360


def test_on_paper_it_is_light_and_without_its_tables(show):
    page = show(sales.render(shop(305), POUND), media="print", color_scheme="dark")
    style = "each => getComputedStyle(each).backgroundColor"
    assert page.locator("body").evaluate(style) == "rgb(255, 255, 255)"
    assert page.locator("details:visible").count() == 0
    assert page.locator("figure:visible").count() == 6
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert pages <= 4
