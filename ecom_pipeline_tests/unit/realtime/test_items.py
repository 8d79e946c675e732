"""realtime.items: a put is one PartiQL statement with bound values."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.realtime import items

values = st.builds(lambda kind, text: {kind: text}, st.sampled_from("SN"), st.text(max_size=8))
made = st.dictionaries(st.text("abc_", min_size=1, max_size=6), values, min_size=1, max_size=9)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "ecom-sales")


def test_an_item_becomes_a_statement_that_dynamodb_documents():
    item = {"pk": {"S": "INVOICE#1"}, "sk": {"S": "HEADER"}, "digest": {"N": "7"}}
    assert items._statement(item) == {
        "Statement": "INSERT INTO \"ecom-sales\" VALUE {'pk': ?, 'sk': ?, 'digest': ?}",
        "Parameters": [{"S": "INVOICE#1"}, {"S": "HEADER"}, {"N": "7"}],
    }


@settings(max_examples=settings().max_examples // 2)
@given(made)
def test_each_attribute_has_the_value_at_its_place(item: items.Item):
    statement = items._statement(item)
    names = re.findall(r"'(\w+)': \?", statement["Statement"])
    assert dict(zip(names, statement["Parameters"], strict=True)) == item


def test_nothing_to_put_or_to_read_asks_nobody():
    assert items.put_once({}, deadline=0) == items.Put(frozenset(), frozenset())
    assert items.read([], deadline=0) == ({}, frozenset())
