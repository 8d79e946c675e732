"""Two customers of a shop, their invoices, and the customer page in a browser."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from ecom_pipeline.local import tokens
from ecom_pipeline.settings import Settings, child_environment, environment_of
from ecom_pipeline_tests.builders import payload
from ecom_pipeline_tests.children import running
from ecom_pipeline_tests.pipeline import api_world
from ecom_pipeline_tests.pipeline.api_world import World
from ecom_pipeline_tests.waiting import until

ANN, BEN, NEW = "62001", "62002", "62003"
ANNS = tuple(str(7200001 + n) for n in range(11))
CANCELLED = "C7200020"
BENS = "7200030"
SECRET = "BENS-SECRET"
MARKUP = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
LONG = "A" * 120


def sold(number: str, day: int, **changes: object) -> dict[str, object]:
    """Return an event of January 2009."""
    given = {
        "event_id": f"page-{number}-{changes.get('StockCode', 'x')}",
        "InvoiceNo": number,
        "InvoiceDate": f"1/{day}/2009 9:30",
        "CustomerID": ANN,
    }
    return payload(**(given | changes))


EVENTS = [
    *(sold(number, day) for day, number in enumerate(ANNS, start=1)),
    sold(ANNS[-1], 11, StockCode="22720", Description=MARKUP, Quantity=2, UnitPrice=0.125),
    sold(ANNS[-1], 11, StockCode="L", Description=LONG, Quantity=1000, UnitPrice=1234.56),
    sold(CANCELLED, 12, Quantity=-4),
    sold(CANCELLED, 12, StockCode="22720", Quantity=-5, UnitPrice=0.125),
    sold(BENS, 13, CustomerID=BEN, Description=SECRET),
]


@contextmanager
def opened(world: World) -> Iterator[None]:
    """Sell, put the customers into the pool, and serve the page as `ecom page` does."""
    receipts = [each["event_id"] for each in world.post(*EVENTS).json()["results"]]
    for event, receipt in zip(EVENTS, receipts, strict=True):
        api_world.wait_for(world, event["InvoiceNo"], receipt)
    for customer in (BEN, NEW):
        tokens.add_customer(world.settings, customer)
    command = [sys.executable, "-u", "-m", "ecom_pipeline.cli", "page", ANN]
    environment = child_environment(environment_of(world.settings))
    said = world.settings.home / "page.said"
    with said.open("w") as out, running(command, env=environment, stdout=out) as process:

        def told() -> list[str]:
            assert process.poll() is None, "`ecom page` has exited"
            lines = said.read_text().splitlines()
            return lines if len(lines) >= 2 else []

        assert until(told, "the URL of the page") == [
            f"the customer page: {world.settings.page_origin}/",
            f"sign in as customer-{ANN} with the password {tokens.PASSWORD}",
        ]
        yield


@dataclass
class Visit:
    """A tab, and what it asked for and complained of since it was opened."""

    tab: Page
    settings: Settings
    asked: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.on("request", lambda request: self.asked.add(origin(request.url)))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("console", self._note)

    def _note(self, said: ConsoleMessage) -> None:
        icon = f"{self.settings.endpoint_url}/favicon.ico"  # missing in the emulator's sign-in
        if said.type == "error" and said.location["url"] != icon:
            self.complaints.append(said.text)

    def open(self, invoice: str | None = None) -> None:
        path = "/" if invoice is None else f"/#/invoices/{invoice}"
        self.tab.goto(self.settings.page_origin + path)

    def sign_in(self, name: str = f"customer-{ANN}") -> None:
        self.button("Sign in").click()
        self.tab.get_by_label("Username").fill(name)
        self.tab.get_by_label("Password").fill(tokens.PASSWORD)
        self.button("Sign in").click()

    def button(self, name: str) -> Locator:
        return self.tab.get_by_role("button", name=name)

    def heading(self, name: str) -> Locator:
        return self.tab.get_by_role("heading", name=name)

    def reads(self, name: str) -> None:
        """Wait for a page by its heading."""
        self.heading(name).wait_for()
        self.tab.locator("[aria-busy]").wait_for(state="detached")

    def reads_totals(self) -> None:
        """Wait until every row has what is asked for one by one."""
        expect(self.tab.get_by_text("…", exact=True)).to_have_count(0, timeout=30_000)

    def rows(self) -> list[list[str]]:
        """Return the texts of the table's body, cell by cell."""
        return [
            [" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()]
            for row in self.tab.locator("tbody tr").all()
        ]

    def kept(self) -> dict[str, str]:
        """Return what the tab keeps in storage."""
        return self.tab.evaluate("({...sessionStorage, ...localStorage})")


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
