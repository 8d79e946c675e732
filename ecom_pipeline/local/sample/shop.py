"""Generate one invoice after the other, with the anomalies of the real ones.

The time and the number of an invoice are assigned in writer.py.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ecom_pipeline.local.sample.dirt import HOME, Census, Quotas
from ecom_pipeline.local.sample.goods import (
    ASKING,
    GUEST,
    NOTES,
    Customer,
    Customers,
    Goods,
    Product,
    pick,
)

_QUANTITIES = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 6, 6, 8, 10, 12, 12, 12, 24, 24, 48)
_ODD_SHELVES = ("quote", "comma", "lead", "double_blank", "trail")
_CANCELLED_BY_GUESTS = 0.04
_TRIES = 8
_TO_EIRE = 0.25  # share of the sales abroad, besides those that need a CARRIAGE line
_TWO_MINUTES_FROM = 40  # lines: only invoices this long may span two minutes


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an invoice that has no number yet."""

    code: str
    name: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """Items for one customer; `prefix` goes before the number; `spans` if it spans two minutes."""

    items: list[Item]
    customer: Customer = GUEST
    prefix: str = ""
    spans: bool = False


def money(pence: int) -> str:
    """Return pounds in the real file's format: `2.1` and `18`, never `2.10`."""
    sign, rest = "-" if pence < 0 else "", abs(pence)
    return f"{sign}{rest // 100}.{rest % 100:02d}".rstrip("0").rstrip(".")


class Shop:
    """Generates invoices, so that the file gets the anomalies that it lacks."""

    def __init__(self, seed: int, census: Census) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - sample data, not a secret
        self._goods = Goods(self._rng)
        self._customers = Customers(self._rng)
        self._census = census
        self._lacking = Quotas(census).lacking
        self._rare: dict[str, Callable[[], list[Invoice]]] = {
            "A": self._adjustments,
            "bigq": self._mistaken_bulk,
            "S": self._samples,
            "D": lambda: self._fee("D", "Discount", "C", self._known()),
            "BANK": lambda: self._fee("BANK CHARGES", "Bank Charges", self._cancels(0.68)),
            "AMAZON": lambda: self._fee("AMAZONFEE", "AMAZON FEE", self._cancels(0.94)),
            "CRUK": lambda: self._fee("CRUK", "CRUK Commission", "C", self._known()),
            "numdesc": lambda: self._correction("30417"),
            "qmark": lambda: self._correction(pick(self._rng, ASKING)),
            "junk": lambda: self._correction(pick(self._rng, NOTES)),
            "nodesc": lambda: self._correction(""),
            "negq_notC": lambda: self._correction(""),
            "C": self._cancellation,
        }

    def next(self, room: int) -> list[Invoice]:
        """Return the next invoice with those that belong to it; a sale has `room` lines at most."""
        for name, make in self._rare.items():
            if self._lacking(name):
                return make()
        return [self._sale(room)]

    def _sale(self, room: int) -> Invoice:
        customer, size = self._buyer()
        size = min(room, size)
        items = self._goods_sold(size, guest=customer is GUEST)
        items += self._extras(customer)
        first = not self._census.counts["twodates"] and len(items) > 1
        spans = self._lacking("twodates") > 0 and (first or len(items) >= _TWO_MINUTES_FROM)
        return Invoice(items=items, customer=customer, spans=spans)

    def _buyer(self) -> tuple[Customer, int]:
        """Return the customer and the number of lines, which may grow with the file."""
        rows = self._census.rows
        if self._lacking("nocust"):
            return GUEST, min(self._around(70, 0.9), 30 + rows // 10, 1_100)
        size = self._around(13, 0.95)
        if not self._lacking("foreign"):
            return self._known(), size
        people = self._customers.abroad
        by_chance = self._rng.random() < _TO_EIRE and not self._lacking("POST")
        if self._lacking("C2") or by_chance:
            people = self._customers.eire
        return pick(self._rng, people, 2), min(size, 12 + rows // 40)

    def _goods_sold(self, size: int, *, guest: bool) -> list[Item]:
        copies = min(self._lacking("dup", size), size // 2)
        again = min(max(0, self._lacking("same_code", size) - copies), (size - copies) // 2)
        shelves = [
            shelf
            for shelf in (*_ODD_SHELVES, *(["lowercode"] if guest else []))
            for _ in range(min(self._lacking(shelf, size), size))
        ]
        fresh = size - copies - again
        shelves = (shelves + ["plain"] * fresh)[:fresh]
        sold = [self._item(product, dear=guest) for product in self._different(shelves)]
        sold += [pick(self._rng, sold[:fresh]) for _ in range(copies)]
        more = [pick(self._rng, sold[:fresh]) for _ in range(again)]
        sold += [replace(item, quantity=item.quantity + 1) for item in more]
        sold.sort(key=lambda _: self._rng.random())
        return sold

    def _extras(self, customer: Customer) -> list[Item]:
        """Return the lines other than goods that are due and possible for the customer."""
        extras: list[Item] = []
        if self._lacking("p0"):
            extras.append(replace(self._item(self._product("plain")), price="0"))
        if self._lacking("M"):
            extras.append(Item("M", "Manual", 1, money(self._between(50, 9_000))))
        if customer is GUEST:
            return extras + self._guest_extras()
        if self._lacking("PADS"):
            extras.append(Item("PADS", "PADS FOR EVERY SIZE OF CUSHION", 1, "0.001"))
        if customer.country == "EIRE":
            if self._lacking("C2"):
                extras.append(Item("C2", "CARRIAGE", 1, "50"))
        elif customer.country != HOME and self._lacking("POST"):
            extras.append(
                Item("POST", "POSTAGE", self._between(1, 3), money(self._between(12, 40) * 100))
            )
        return extras

    def _guest_extras(self) -> list[Item]:
        extras: list[Item] = []
        if self._lacking("m"):
            extras.append(Item("m", "Manual", 1, "2.55"))
        if self._lacking("gift"):
            pounds = pick(self._rng, (10, 20, 30, 40, 50))
            name = f"Corner Shop Gift Voucher £{pounds}.00"
            extras.append(Item(f"gift_0001_{pounds}", name, 1, money(pounds * 100 * 10 // 12)))
        if self._lacking("DCG"):
            extras.append(self._item(self._product("DCG")))
        if self._lacking("DOT"):
            extras.append(Item("DOT", "DOTCOM POSTAGE", 1, money(self._between(2_000, 90_000))))
        return extras

    def _adjustments(self) -> list[Invoice]:
        """Return a bad debt, booked once and reversed twice: the only negative prices."""
        price = self._between(500_000, 1_500_000)
        return [
            Invoice(items=[Item("B", "Adjust bad debt", 1, money(sign * price))], prefix="A")
            for sign in (1, -1, -1)
        ]

    def _mistaken_bulk(self) -> list[Invoice]:
        """Return an order of a mistaken quantity, and its cancellation."""
        sold = replace(self._item(self._product("plain")), quantity=self._between(60_000, 81_000))
        back = replace(sold, quantity=-sold.quantity)
        customer = self._known()
        return [
            Invoice(items=[sold], customer=customer),
            Invoice(items=[back], customer=customer, prefix="C"),
        ]

    def _samples(self) -> list[Invoice]:
        items = [
            Item("S", "SAMPLES", -1, money(self._between(100, 6_000)))
            for _ in range(self._between(1, 3))
        ]
        return [Invoice(items=items, prefix="C")]

    def _fee(self, code: str, name: str, prefix: str, customer: Customer = GUEST) -> list[Invoice]:
        price = money(int(10 ** (2 + 4 * self._rng.random())))
        items = [Item(code, name, -1 if prefix else 1, price)]
        return [Invoice(items=items, customer=customer, prefix=prefix)]

    def _correction(self, note: str) -> list[Invoice]:
        """Return a stock correction: one line, no price, no customer, and a note or no text."""
        code = self._product("plain").code
        count = self._between(1, 200) * (-1 if self._lacking("negq_notC") else 1)
        return [Invoice(items=[Item(code, note, count, "0")])]

    def _cancellation(self) -> list[Invoice]:
        customer = GUEST if self._rng.random() < _CANCELLED_BY_GUESTS else self._known()
        sold = [self._item(self._product("plain")) for _ in range(self._between(1, 4))]
        back = [replace(item, quantity=-item.quantity) for item in sold]
        return [Invoice(items=back, customer=customer, prefix="C")]

    def _known(self) -> Customer:
        return pick(self._rng, self._customers.home, 2)

    def _product(self, shelf: str) -> Product:
        return pick(self._rng, self._goods.shelves[shelf], 1.5)

    def _different(self, shelves: list[str]) -> Iterator[Product]:
        """Yield a product from each shelf, without repeats if the shelf has enough."""
        seen: set[str] = set()
        for shelf in shelves:
            product = self._product(shelf)
            for _ in range(_TRIES):
                if product.code not in seen:
                    break
                product = self._product(shelf)
            seen.add(product.code)
            yield product

    def _item(self, product: Product, *, dear: bool = False) -> Item:
        """Return some of a product; guests pay about double, as in the real file."""
        quantity = 1 if dear else pick(self._rng, _QUANTITIES)
        pence = product.pence * 2 - 1 if dear else product.pence
        return Item(product.code, product.name, quantity, money(pence))

    def _cancels(self, share: float) -> str:
        return "C" if self._rng.random() < share else ""

    def _between(self, least: int, most: int) -> int:
        return least + int((most - least + 1) * self._rng.random())

    def _around(self, median: int, spread: float) -> int:
        """Return a log-normal size; the sum of 12 uniform numbers is normal enough."""
        normal = sum(self._rng.random() for _ in range(12)) - 6
        return max(1, int(median * math.exp(spread * normal)))
