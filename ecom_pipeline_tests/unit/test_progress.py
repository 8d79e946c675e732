"""A long command says how far it is where there is no terminal, every ten seconds."""

import io
from itertools import count

import pytest
from rich.console import Console

from ecom_pipeline.terminal.progress import progress


@pytest.mark.parametrize(
    ("total", "said"), [(400, "sending: 40 of 400 (10%)"), (None, "sending: 40")]
)
def test_a_line_is_printed_every_ten_seconds(total, said):
    out = io.StringIO()
    clock = map(float, count(0, 3))  # three seconds between any two looks
    with progress("sending", total, Console(file=out), clock.__next__) as advance:
        for _ in range(8):
            advance(10)
    assert out.getvalue().splitlines() == [said, said.replace("40", "80", 1).replace("10%", "20%")]
