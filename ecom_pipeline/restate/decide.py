"""The decisions on changed invoices: leave the stored lines, restate them, or add what moved.

A restatement writes the retractions in the lake first, then the table; the new rows are sent
afterwards, by the replay, and the days are loaded as after any late event. Each step is idempotent,
and after each the same comparison finds what is left to do, so the same command completes it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from ecom_pipeline.domain.errors import EcomError
from ecom_pipeline.domain.retraction import Retraction
from ecom_pipeline.lake import retractions
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.restate.compare import ChangedInvoice
from ecom_pipeline.table import retract
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.table.retract import LineKey
from ecom_pipeline.warehouse.ledger import RESTATEMENT

_AT_ONCE = 8


class RestateError(EcomError):
    """A decision that cannot be carried out."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who decided, and when: kept with each retraction."""

    name: str
    at: datetime


def leave(lake: Lake, changed: Iterable[ChangedInvoice]) -> frozenset[str]:
    """Return the event ids of the changed rows, which are then not sent: the stored lines stay.

    Raises:
        RestateError: a restatement of these lines was begun; only its completion is consistent.
    """
    invoices = list(changed)
    taken = {each.event_id: invoice.number for invoice in invoices for each in invoice.taken}
    for day in sorted({each.day for invoice in invoices for each in invoice.taken}):
        begun = retractions.retracted_in(lake, lake.raw.objects_of(day)) & taken.keys()
        if begun:
            raise RestateError(
                f"the restatement of invoice {taken[min(begun)]} was begun and not finished:"
                " run the replay with --changed restate, as before"
            )
    return frozenset(event_id for invoice in invoices for event_id in invoice.new)


def restate(
    lake: Lake, table: InvoiceTable, changed: Sequence[ChangedInvoice], operator: Operator
) -> list[date]:
    """Take the old lines back, in the lake and in the table; return all days that change.

    The new rows must be sent next. Safe to run again after an interruption at any point.

    Raises:
        RestateError: an invoice's new rows are only partly to be sent.
    """
    cut = next((invoice.number for invoice in changed if invoice.is_partial), None)
    if cut is not None:
        raise RestateError(
            f"only a part of invoice {cut} is selected: restate it without --limit and --days"
        )
    by_day = _retractions(changed, operator)
    for day, records in sorted(by_day.items()):
        retractions.append(lake, day, records)
    _change(table, changed)
    return sorted({*by_day, *(day for invoice in changed for day in invoice.days)})


def add(
    lake: Lake, table: InvoiceTable, changed: Sequence[ChangedInvoice], operator: Operator
) -> frozenset[str]:
    """Leave all stored lines; return what not to send: the changed rows, but for those that moved.

    A row that moved to where its line was once taken back is reinstated, since its key is taken.

    Raises:
        RestateError: a restatement of these lines was begun.
    """
    unsent = leave(lake, changed)
    again = [_arrivals(each) for each in changed if each.arrived]
    restate(lake, table, [each for each in again if each.back], operator)
    return unsent.difference(*(each.arrived for each in again))


def _arrivals(invoice: ChangedInvoice) -> ChangedInvoice:
    """Return an invoice of which only the lines that moved to it change."""
    return replace(
        invoice,
        taken=(),
        back=tuple(each for each in invoice.back if each.event_id in invoice.arrived),
        header=invoice.header if invoice.arrived.issuperset(invoice.new) else None,
        is_emptied=False,
        is_partial=False,
    )


def _retractions(
    changed: Iterable[ChangedInvoice], operator: Operator
) -> dict[date, list[Retraction]]:
    by_day: defaultdict[date, list[Retraction]] = defaultdict(list)
    for invoice in changed:
        ways = [(each.day, each.event_id, False, each.replaced_by) for each in invoice.taken]
        ways += [(each.day, each.event_id, True, "") for each in invoice.back]
        for day, event_id, stands, replaced_by in ways:
            record = Retraction(
                event_id=event_id,
                invoice_no=invoice.number,
                stands=stands,
                replaced_by=replaced_by,
                cause=RESTATEMENT,
                by=operator.name,
                at=operator.at,
            )
            by_day[day].append(record)
    return by_day


def _change(table: InvoiceTable, changed: Sequence[ChangedInvoice]) -> None:
    """Write headers, retract, then reinstate: in this order a comparison after a kill finds more.

    With a header last, an invoice whose lines are all retracted would seem finished without it;
    with a line reinstated first, the file would seem to have fewer lines than the store. A line
    that moved is retracted in one invoice and reinstated in another, so all of them are retracted
    before any is reinstated.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_retract, table), changed))
        list(pool.map(partial(_reinstate, table), changed))


def _retract(table: InvoiceTable, invoice: ChangedInvoice) -> None:
    if invoice.header is not None:
        retract.put(table.dynamodb, table.name, invoice.header)
    elif invoice.is_emptied:
        retract.remove_header(table.dynamodb, table.name, invoice.number)
    for each in invoice.taken:
        line = LineKey(invoice.number, each.event_id)
        retract.retract(table.dynamodb, table.name, line, RESTATEMENT)


def _reinstate(table: InvoiceTable, invoice: ChangedInvoice) -> None:
    for each in invoice.back:
        line = LineKey(invoice.number, each.event_id)
        retract.reinstate(table.dynamodb, table.name, line)
