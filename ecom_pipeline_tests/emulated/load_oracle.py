"""The oracle of a day: its table, its quarantine, and each version that it may have."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.domain.envelope import Accepted, Record
from ecom_pipeline_tests.builders import accepted, on

POISON = ("other day", "no quantity", "rejected")


def event_of(day, name, quantity) -> Accepted:
    """Return the record of an event's name and quantity."""
    return accepted(on(day, event_id=f"{day}.{name}", Quantity=quantity, UnitPrice=1))


def record_of(day, content) -> Record:
    """Return the record of an event's name and quantity, or of poison."""
    if content == "other day":
        return accepted(on(day + timedelta(days=400), event_id=f"{day}.p"))
    if content == "no quantity":
        return accepted(on(day, event_id=f"{day}.p", Quantity=0))
    if content == "rejected":
        return envelope.conflict(event_of(day, "p", 1))
    return event_of(day, *content)


@dataclass
class Account:
    """What is true of a day: its table, in stream order, and what is not in it."""

    table: dict[str, int] = field(default_factory=dict)
    redelivered: int = 0
    conflicts: list[tuple[str, int]] = field(default_factory=list)
    poison: list[str] = field(default_factory=list)

    def take(self, content):
        if content in POISON:
            self.poison.append(content)
        elif content[0] not in self.table:
            self.table |= [content]
        elif content in self.table.items():
            self.redelivered += 1
        else:
            self.conflicts.append(content)


class Oracle:
    """A day's objects by their place in the stream, and each table that they ever made."""

    def __init__(self, day):
        self.day = day
        self.objects = {}
        self.tables = [{}]
        self.version = 0
        self.held = {}  # observed contents of the fact table
        self.newest = 0  # index of the oldest table that the fact table may still show

    def arrive(self, place, contents):
        self.objects[place] = contents
        self.tables.append(self.account().table)

    def account(self):
        account = Account()
        for content in itertools.chain.from_iterable(v for _, v in sorted(self.objects.items())):
            account.take(content)
        return account

    def key(self, place):
        shard, number = place
        return keys.raw_key(self.day, str(shard), str(number), str(number))

    def check(self, rows, entries, totals):
        """Compare with the fact table's rows, the ledger's and the fact table's sums."""
        table = dict(rows)
        assert len(rows) == len(table), "a duplicate event"
        assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) - self.version in {0, 1}
        if not entries:
            assert rows == []
            return
        assert entries[-1].totals == totals
        if len(entries) == self.version:
            assert table == self.held, "changed without a version"
            return
        later = range(self.newest, len(self.tables))
        assert table in self.tables[self.newest :], "not a table of the day, or an outdated one"
        self.newest = next(n for n in later if self.tables[n] == table)
        self._check_version(entries[-1], table)
        self.version, self.held = len(entries), table

    def _check_version(self, entry, table):
        past, both = self.held, self.held.keys() & table.keys()
        assert self.version == 0 or past != table, "a version without a change"
        assert (entry.totals.rows, entry.rows_before) == (len(table), len(past))
        assert entry.totals.amount == entry.totals.quantity == sum(table.values())
        change = entry.change
        assert change.added == len(table.keys() - past.keys())
        assert change.removed == len(past.keys() - table.keys())
        assert change.changed == sum(past[name] != table[name] for name in both)


def set_aside(day, account):
    """Return the bytes that must be in quarantine: a conflict once, poison each time it came."""
    conflicts = {bytes(event_of(day, *content).event) for content in account.conflicts}
    return [*conflicts, *(envelope.encode(record_of(day, each)) for each in account.poison)]
