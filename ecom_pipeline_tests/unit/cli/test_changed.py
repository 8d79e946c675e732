"""cli.changed: what the table of changed rows shows."""

from ecom_pipeline.cli.changed import _cells
from ecom_pipeline.restate.compare import FieldChange


def test_texts_that_differ_by_a_blank_are_shown_in_quotes_and_others_as_they_are():
    change = FieldChange(1, "536365", "22423", "Description", "CAKE", "CAKE ")
    assert _cells(change)[-2:] == ["'CAKE'", "'CAKE '"]
    assert _cells(change._replace(new="CAKES"))[-2:] == ["CAKE", "CAKES"]
    hard = _cells(change._replace(old="A B", new="A\xa0B"))
    assert hard[-2:] == ["'A B'", r"'A\xa0B'"]
