"""The write units of a whole data set, computed by DynamoDB's rules from what each way writes.

The measured slice validates the rule; the whole file shows the effect of growing items.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from bench.original.functions import OF_A_LINE

_KB = 1024


class _Growing:
    """Items that get one attribute after the other; an update is billed for the whole item."""

    def __init__(self, key: str) -> None:
        self._key = len(key)
        self._attributes: dict[str, dict[str, int]] = defaultdict(dict)
        self._bytes: dict[str, int] = {}

    def update(self, item: str, attribute: str, value: Mapping[str, Any]) -> int:
        """Set an attribute and return the units: of the larger item, before or after."""
        size = len(attribute.encode()) + len(json.dumps(value).encode())
        before = self._bytes.setdefault(item, self._key + len(item))
        held = self._attributes[item]
        self._bytes[item] = before + size - held.get(attribute, 0)
        held[attribute] = size
        return max(1, ceil(max(before, self._bytes[item]) / _KB))


def original(events: Iterable[Mapping[str, Any]]) -> float:
    """Return the original's write units per event."""
    customers, invoices = _Growing("CustomerID"), _Growing("InvoiceNo")
    units = count = 0
    for count, event in enumerate(events, 1):  # noqa: B007 - counted
        if event["CustomerID"] is not None:
            value = {"InvoiceDate": event["InvoiceDate"]}
            units += customers.update(str(event["CustomerID"]), event["InvoiceNo"], value)
        value = {name: event[name] for name in OF_A_LINE}
        units += invoices.update(event["InvoiceNo"], event["StockCode"], value)
    return units / count


def ours(events: Iterable[Mapping[str, Any]]) -> float:
    """Return our write units per event: a line, a header per invoice, its index entry."""
    customers: dict[str, Any] = {}
    count = 0
    for count, event in enumerate(events, 1):  # noqa: B007 - counted
        customers[event["InvoiceNo"]] = event["CustomerID"]
    indexed = sum(customer is not None for customer in customers.values())
    return (count + len(customers) + indexed) / count
