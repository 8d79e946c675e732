"""restate.difference: whatever a file changes of an invoice, its decision makes both the same."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.event import parse
from ecom_pipeline.realtime.item_shape import RETRACTED, header_item, line_item
from ecom_pipeline.restate.difference import difference, fields
from ecom_pipeline.restate.rows import FileRow, Selection, Without
from ecom_pipeline_tests.builders import RECEIVED, payload


def line(event_id, code, quantity, customer="17850"):
    event = payload(event_id=event_id, StockCode=code, Quantity=quantity, CustomerID=customer)
    return parse(event | {"UnitPrice": "2.55"}, received=RECEIVED.date())


def rows_of(*lines):
    """Return rows with an id of content and occurrence, as a replay gives them."""
    times = Counter()
    rows = []
    for number, (code, quantity) in enumerate(lines, 1):
        times[code, quantity] += 1
        event_id = f"file-{code}-{quantity}-{times[code, quantity]}"
        rows.append(FileRow(number, line(event_id, code, quantity), event_id))
    return rows


@dataclass
class Stored:
    """An invoice in the table: lines by event id, and which of them are retracted."""

    lines: dict
    retracted: set

    def items(self):
        items = [
            line_item(each, RECEIVED)
            | ({RETRACTED: {"S": "restatement"}} if event_id in self.retracted else {})
            for event_id, each in self.lines.items()
        ]
        return [header_item(next(iter(self.lines.values()))), *items] if items else []

    def standing(self):
        return Counter(
            each.row()[1:] for name, each in self.lines.items() if name not in self.retracted
        )

    def replay(self, rows):
        """Carry a restatement out, and send what is then to be sent."""
        found = difference(rows, self.items(), of_a_file)
        self.retracted |= {each.old.event_id for each in found.changes if each.old}
        self.retracted -= {each.event_id for each in found.back}
        for row in rows:
            if row.event_id not in found.stored_elsewhere:
                self.lines.setdefault(row.event_id, row.line)
        return found


def of_a_file(event_id):
    return event_id.startswith("file-")


SOLD = st.tuples(st.sampled_from("AB"), st.integers(1, 3))
FILES = st.lists(st.lists(SOLD, min_size=1, max_size=5), min_size=1, max_size=5)


@given(files=FILES)
def test_after_each_restatement_the_store_has_all_of_the_file_and_no_line_twice(files):
    """More than the file only where the file has nothing new: then it is a shorter export."""
    stored = Stored({}, set())
    for sold in files:
        rows = rows_of(*sold)
        before = stored.standing()
        found = stored.replay(rows)
        wanted = Counter(row.content for row in rows)
        assert wanted <= stored.standing()
        if found.changes:
            assert stored.standing() == wanted
        else:
            assert stored.standing() == before | wanted
        assert difference(rows, stored.items(), of_a_file).changes == ()


@given(ours=st.lists(SOLD, max_size=4), theirs=st.lists(SOLD, min_size=1, max_size=4))
def test_lines_of_another_producer_are_never_taken_back_and_never_doubled(ours, theirs):
    lines = {f"till-{n}": line(f"till-{n}", *sold) for n, sold in enumerate(theirs)}
    stored = Stored(dict(lines), set())
    rows = rows_of(*ours)
    found = stored.replay(rows)
    assert (found.changes, stored.retracted) == ((), set())
    sold = Counter(each.row()[1:] for each in lines.values())
    assert stored.standing() == sold | Counter(row.content for row in rows)


def test_a_line_is_paired_with_the_one_most_like_it_of_its_product():
    before = rows_of(("A", 1), ("A", 5), ("B", 5))
    stored = Stored({row.event_id: row.line for row in before}, set())
    found = difference(rows_of(("A", 1), ("A", 6), ("C", 7)), stored.items(), of_a_file)
    assert [list(fields(each)) for each in found.changes] == [
        [("Quantity", "5", "6")],
        [("StockCode", "B", "C"), ("Quantity", "5", "7")],
    ]


def test_a_line_without_a_pair_is_named_as_a_whole():
    stored = Stored({row.event_id: row.line for row in rows_of(("A", 1), ("B", 2))}, set())
    (pair, alone) = difference(rows_of(("A", 3)), stored.items(), of_a_file).changes
    assert list(fields(pair)) == [("Quantity", "1", "3")]
    assert list(fields(alone)) == [("line", "2 x B at 2.5500", "none")]


def test_what_is_left_out_makes_another_replay():
    events = [(1, {"event_id": "a"}), (2, {"event_id": "b"})]

    class Source:
        name, undated = "file", 3

        def __iter__(self):
            return iter(events)

    left = Without(Source(), {"a"})
    assert (list(left), left.count(), left.undated) == ([(2, {"event_id": "b"})], 1, 3)
    assert len({Source.name, left.name, Without(Source(), {"b"}).name}) == 3


def test_a_selection_knows_rows_whatever_their_ids_look_like():
    selection = Selection([(1, line("x", "A", 1), "x"), (2, None, "bad")])
    assert (selection.rows("536365"), selection.rows("1"), selection.invalid) == (1, 0, {"bad"})
    assert selection.has("536365", "x")
    assert not selection.exceeds("536365", ["x", "y"])
    assert selection.exceeds("536365", ["y"])
