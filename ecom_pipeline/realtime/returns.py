"""The matches of an invoice's cancelled lines, by the rule of domain/returns.py.

A match depends on all earlier lines of the customer and the stock code. So all the customer's
invoices up to that day are read, one query each, filtered by the cancelled stock codes. Above
MOST_INVOICES nothing is matched and the answer is `unknown`: the newest invoices alone would give
other matches.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ecom_pipeline.domain import keys, returns
from ecom_pipeline.domain.returns import Fit, Match
from ecom_pipeline.realtime import invoices
from ecom_pipeline.realtime.invoices import MOST_INVOICES, Line

UNKNOWN = "unknown"

Shown = dict[str, Any]
_Read = tuple[str, Line]  # an invoice's number and one of its lines


def matched(number: str, lines: Sequence[Line]) -> dict[str, Shown]:
    """Return what the API adds to each cancelled line of an invoice, by event id."""
    by_customer: dict[str | None, list[Line]] = defaultdict(list)
    for line in lines:
        if line.kind == "cancellation":
            by_customer[line.customer].append(line)
    added: dict[str, Shown] = {}
    for customer, cancelled in by_customer.items():
        if customer is None:
            added |= {line.event_id: _unmatched(Fit.GUEST, line) for line in cancelled}
        else:
            own = [(number, line) for line in lines if line.customer == customer]
            added |= _of_customer(customer, number, own, cancelled)
    return added


def _of_customer(
    customer: str, number: str, own: Sequence[_Read], cancelled: Sequence[Line]
) -> dict[str, Shown]:
    numbers = _invoices_until(customer, max(line.invoice_time for line in cancelled)[:10])
    if numbers is None:
        return {line.event_id: _unmatched(UNKNOWN, line) for line in cancelled}
    codes = {line.stock_code for line in cancelled}
    others = invoices.lines_of([each for each in numbers if each != number], codes)
    read = [*own, *((other, line) for other, found in others for line in found)]
    theirs = [(of, line) for of, line in read if line.customer == customer]
    matches = [match for code in codes for match in matches_of(theirs, code)]
    found = {(m.cancelled.invoice_no, m.cancelled.event_id): m for m in matches}
    return {line.event_id: shown(found[number, line.event_id]) for line in cancelled}


def _invoices_until(customer: str, day: str) -> list[str] | None:
    """Return a customer's invoices up to the end of a day; None when they are too many."""
    index_keys = invoices.index_keys(
        customer, before=keys.after_invoices_of(day), limit=MOST_INVOICES + 1
    )
    if len(index_keys) > MOST_INVOICES:
        return None
    return [keys.invoice_of(index_key) for index_key in index_keys]


def matches_of(read: Iterable[_Read], code: str) -> list[Match]:
    """Return the matches of a customer's cancelled lines of a stock code."""
    of_code = [(number, line) for number, line in read if line.stock_code == code]
    return returns.match(_of_kind(of_code, "sale", 1), _of_kind(of_code, "cancellation", -1))


def shown(match: Match) -> Shown:
    """Return what the API adds to a cancelled line."""
    sales = [
        {
            "invoice_no": sale.invoice_no,
            "event_id": sale.event_id,
            "pieces": pieces,
            "amount": str(match.amount(pieces)),
        }
        for sale, pieces in match.allocations
    ]
    return {"match": match.fit, "sales": sales, "unmatched": match.unmatched}


def _of_kind(read: Iterable[_Read], kind: str, sign: int) -> Iterator[returns.Line]:
    for number, line in read:
        if line.kind == kind:
            yield returns.Line(
                time=datetime.fromisoformat(line.invoice_time),
                invoice_no=number,
                event_id=line.event_id,
                unit_price=line.unit_price,
                pieces=sign * line.quantity,
            )


def _unmatched(why: str, line: Line) -> Shown:
    return {"match": why, "sales": [], "unmatched": -line.quantity}
