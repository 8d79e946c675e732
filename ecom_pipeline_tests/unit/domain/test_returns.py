"""domain.returns: the sale lines that a cancelled line is matched to."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.domain.returns import Fit, Line, Match, match

FIRST = datetime(2010, 12, 1, 8)  # noqa: DTZ001  the shop's clock has no zone


def line(day: int, pieces: int, price: str = "2.50", name: str = "") -> Line:
    """Return a line of a day, counted from the first; it is named by day and pieces."""
    name = name or f"{day}-{pieces}-{price}"
    return Line(FIRST + timedelta(days=day), f"5363{day:02d}", name, Decimal(price), pieces)


def allocated(*matches: Match) -> list[list[tuple[str, int]]]:
    return [[(sale.event_id, pieces) for sale, pieces in found.allocations] for found in matches]


@pytest.mark.parametrize(
    ("sold", "back", "expected", "fit"),
    [
        ([(1, 6)], (2, 6), [(0, 6)], Fit.WHOLE_LINE),
        ([(1, 6)], (2, 5), [(0, 5)], Fit.PART_OF_LINE),
        ([(1, 2), (2, 6)], (3, 2), [(0, 2)], Fit.WHOLE_LINE),  # just as many before the latest
        ([(1, 9), (2, 6)], (3, 2), [(1, 2)], Fit.PART_OF_LINE),  # the latest of those with more
        ([(1, 2), (2, 2)], (3, 2), [(1, 2)], Fit.WHOLE_LINE),
        ([(1, 2), (2, 3)], (3, 5), [(1, 3), (0, 2)], Fit.SEVERAL_LINES),  # from the latest back
        ([(1, 9), (2, 3)], (3, 5), [(0, 5)], Fit.PART_OF_LINE),  # one line before several
        ([(1, 6, "2.00")], (2, 6), [(0, 6)], Fit.OTHER_PRICE),
        ([(1, 12), (2, 12, "2.00")], (3, 12), [(0, 12)], Fit.WHOLE_LINE),  # house.md, F5
        ([(1, 9), (2, 2, "2.00")], (3, 2), [(0, 2)], Fit.PART_OF_LINE),  # the price before the fit
        ([(1, 2), (2, 9, "2.00")], (3, 5), [(0, 2), (1, 3)], Fit.OTHER_PRICE),
        ([(1, 2)], (2, 3), [(0, 2)], Fit.TOO_MANY),
        ([(2, 6)], (2, 6), [(0, 6)], Fit.WHOLE_LINE),  # in the same minute
        ([(3, 6)], (2, 6), [], Fit.NO_SALE),
        ([(1, -6)], (2, 6), [], Fit.NO_SALE),
        ([(1, 6)], (2, -6), [], Fit.NO_SALE),
        ([], (2, 6), [], Fit.NO_SALE),
    ],
)
def test_a_cancelled_line_is_matched_to_the_most_likely_sales(sold, back, expected, fit):
    sales = [line(*each) for each in sold]
    (found,) = match(sales, [line(*back)])
    assert [(sales.index(sale), pieces) for sale, pieces in found.allocations] == expected
    assert found.fit == fit
    assert found.unmatched == found.cancelled.pieces - sum(pieces for _, pieces in expected)
    assert found.amount(3) == Decimal("-7.50")


def test_a_cancelled_line_is_matched_against_what_is_left():
    sales = [line(1, 6, name="a"), line(2, 6, name="b")]
    back = [line(3, 4), line(4, 4), line(5, 2), line(6, 3)]
    found = match(sales, back)
    assert allocated(*found) == [[("b", 4)], [("a", 4)], [("b", 2)], [("a", 2)]]
    assert [each.fit for each in found] == [Fit.PART_OF_LINE] * 3 + [Fit.TOO_MANY]
    assert found[-1].unmatched == 1


def test_a_sale_after_a_cancelled_line_is_there_for_a_later_one_only():
    sales = [line(1, 6, name="a"), line(4, 6, name="b")]
    assert allocated(*match(sales, [line(3, 6), line(5, 6)])) == [[("a", 6)], [("b", 6)]]


def test_lines_of_one_minute_are_ordered_by_invoice_then_by_id():
    sales = [line(1, 1, name="b"), line(1, 1, name="a")]
    assert allocated(*match(sales, [line(2, 1, name="y"), line(2, 1, name="x")])) == [
        [("b", 1)],
        [("a", 1)],
    ]


prices = st.sampled_from(["1.00", "2.50"])
lines = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12), prices), max_size=9)


@given(sold=lines, back=lines, random=st.randoms(use_true_random=False))
def test_no_sale_is_over_used_and_no_piece_is_lost_whatever_is_bought_and_cancelled(
    sold, back, random
):
    sales = [line(*each, name=f"s{n}") for n, each in enumerate(sold)]
    cancelled = [line(*each, name=f"c{n}") for n, each in enumerate(back)]
    matches = match(sales, cancelled)
    assert [found.cancelled for found in matches] == sorted(cancelled)
    used: Counter[Line] = Counter()
    for found in matches:
        pieces = [pieces for _, pieces in found.allocations]
        assert all(pieces)
        assert sum(pieces) + found.unmatched == found.cancelled.pieces
        assert len({sale for sale, _ in found.allocations}) == len(found.allocations)
        assert all(sale.time <= found.cancelled.time for sale, _ in found.allocations)
        used.update(dict(found.allocations))
        if found.unmatched:  # then nothing was left
            there = [sale for sale in sales if sale.time <= found.cancelled.time]
            assert all(used[sale] == sale.pieces for sale in there)
    assert all(used[sale] <= sale.pieces for sale in sales)
    random.shuffle(sales)
    random.shuffle(cancelled)
    assert match(sales, cancelled) == matches


@given(sold=lines, back=lines, later=lines)
def test_what_comes_later_changes_no_match(sold, back, later):
    """So the page, which reads up to an invoice's day, says what the mart says of all days."""
    sales = [line(*each, name=f"s{n}") for n, each in enumerate(sold)]
    cancelled = [line(*each, name=f"c{n}") for n, each in enumerate(back)]
    after = [line(10 + day, pieces, price, f"l{n}") for n, (day, pieces, price) in enumerate(later)]
    assert match(sales + after, cancelled + after)[: len(cancelled)] == match(sales, cancelled)
