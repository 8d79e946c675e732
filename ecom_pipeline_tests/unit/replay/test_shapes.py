"""Files of other people's forms come in as the rows they mean, or are refused by a sentence."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ecom_pipeline.replay.account import numbered
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline_tests.builders import REAL

SHAPES = sorted(path for path in (REAL / "shapes").glob("*") if path.suffix != ".json")
MIXED = {"44_one_bad_byte_utf8.csv": "line 9, byte 21: E9"}  # in no one encoding


def meant(path: Path) -> list[list[object]]:
    rows = json.loads((path.parent / f"{path.name[:2]}.expected.json").read_text())
    return [[*row[:5], Decimal(row[5]), *row[6:]] for row in rows]


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.name)
def test_a_shape_is_read_as_it_is_meant(path):
    if path.name in MIXED:
        with pytest.raises(DatasetError, match=MIXED[path.name]):
            events(path)
        return
    sent = events(path)
    assert sent.file.bad.count == 0
    assert [
        [
            line.invoice_no,
            line.stock_code,
            line.description or "",
            line.quantity,
            line.invoice_time.isoformat(" "),
            line.unit_price,
            line.customer_id or "",
            line.country,
        ]
        for _, line, _ in numbered(sent)
        if line is not None
    ] == meant(path)
    assert {line.invoice_date for _, line, _ in numbered(sent) if line is not None} > {
        date(2010, 12, 1)
    }
