"""A customer's invoices (newest first) and bought articles (most pieces first), paginated."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from ecom_pipeline.domain import keys
from ecom_pipeline.realtime.clients import env
from ecom_pipeline.realtime.invoices import MOST_INVOICES, Line, index_keys, lines_of
from ecom_pipeline.realtime.page_token import Listing, sign


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: at most `limit` entries after the cursor `after` of the page before."""

    listing: Listing
    limit: int
    after: str | None


class Bought(msgspec.Struct):
    """A customer's net purchases of one stock code: sales less cancellations."""

    stock_code: str
    description: str | None = None
    pieces: int = 0
    spend: Decimal = Decimal("0.0000")

    @property
    def rank(self) -> tuple[int, str]:
        return -self.pieces, self.stock_code


def invoices(page: Page) -> dict[str, Any]:
    """Return the response body: a page of a customer's invoices, the newest first."""
    customer = page.listing.customer
    found = index_keys(customer, before=page.after, limit=page.limit + 1)
    shown = found[: page.limit]
    return {
        "customer_id": customer,
        "invoices": [{"invoice_no": keys.invoice_of(p), "invoice_date": p[:10]} for p in shown],
        "next": sign(page.listing, shown[-1]) if len(found) > page.limit else None,
    }


def items(page: Page) -> dict[str, Any]:
    """Return the response body: a page of a customer's articles, the most pieces first.

    The ranking needs all of the customer's lines. It reads at most the newest MOST_INVOICES
    invoices; `complete` is whether those were all.
    """
    customer = page.listing.customer
    found = index_keys(customer, before=None, limit=MOST_INVOICES + 1)
    counted = [keys.invoice_of(index_key) for index_key in found[:MOST_INVOICES]]
    ranked = sorted(_bought(customer, counted), key=lambda item: item.rank)
    if page.after is not None:
        last = _rank_of(page.after)
        ranked = [item for item in ranked if item.rank > last]
    shown = ranked[: page.limit]
    return {
        "customer_id": customer,
        "invoices_counted": len(counted),
        "complete": len(found) <= MOST_INVOICES,
        "currency": env("CURRENCY"),
        "items": shown,
        "next": sign(page.listing, _cursor_of(shown[-1])) if len(ranked) > page.limit else None,
    }


def _bought(customer: str, numbers: Iterable[str]) -> Iterable[Bought]:
    bought: dict[str, Bought] = {}
    for _, lines in lines_of(numbers):
        for line in lines:
            if line.customer == customer:
                _add(bought.setdefault(line.stock_code, Bought(line.stock_code)), line)
    return bought.values()


def _add(item: Bought, line: Line) -> None:
    item.description = item.description or line.description  # the newest invoice comes first
    item.pieces += line.quantity
    item.spend += line.amount


def _cursor_of(item: Bought) -> str:
    return f"{item.pieces}#{item.stock_code}"


def _rank_of(index_key: str) -> tuple[int, str]:
    pieces, _, stock_code = index_key.partition("#")
    return -int(pieces), stock_code
