"""local.redshift.results: what it writes, the driver reads as the same value."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redshift_connector.utils.type_utils import numeric_in_binary

from ecom_pipeline.local.redshift.results import (
    Field,
    NumericOverflowError,
    converted,
    converters,
    postgres_formats,
)

DRIVER_DIGITS = 28  # beyond, the driver rounds: its Decimal has the default context


def numeric(precision: int, scale: int) -> Field:
    return Field(b"n", 0, 0, 1700, -1, (precision << 16 | scale) + 4, 0)


def read(field: Field, text: str) -> Decimal:
    row = struct.pack("!hi", 1, len(text)) + text.encode()
    sent = converted(row, converters([field], [1]))
    (size,) = struct.unpack_from("!i", sent, 2)
    return numeric_in_binary(sent, 6, size, field.scale)


@given(st.data())
def test_the_driver_reads_each_number_of_a_type(data: st.DataObject) -> None:
    precision = data.draw(st.integers(1, DRIVER_DIGITS))
    scale = data.draw(st.integers(0, precision))
    most = min(10**precision - 1, 2**63 - 1 if precision <= 19 else 10**38)
    whole = data.draw(st.integers(-most, most))
    number = Decimal(whole).scaleb(-scale)
    shown = format(number, "f")
    assert read(numeric(precision, scale), shown) == number
    assert read(numeric(precision, scale), shown + ("00" if "." in shown else ".00")) == number


@pytest.mark.parametrize(
    ("precision", "scale", "text"),
    [(19, 0, "9223372036854775808"), (4, 2, "100"), (38, 0, "1" + "0" * 38), (38, 2, "NaN"),
     (38, 2, "Infinity"), (38, 2, "-Infinity"), (4, 2, "99.995")],
)  # fmt: skip
def test_what_is_beyond_a_type_is_told(precision: int, scale: int, text: str) -> None:
    with pytest.raises(NumericOverflowError):
        read(numeric(precision, scale), text)


def test_digits_beyond_the_scale_are_rounded_half_up() -> None:
    assert read(numeric(38, 2), "1.005") == Decimal("1.01")
    assert read(numeric(38, 2), "-1.005") == Decimal("-1.01")
    assert read(numeric(38, 2), "1.0049") == Decimal("1.00")


def test_postgresql_is_asked_for_numbers_as_text() -> None:
    other = Field(b"i", 0, 0, 23, 4, -1, 0)
    assert postgres_formats([numeric(4, 2), other], [1, 1]) == struct.pack("!Hhh", 2, 0, 1)
    assert converters([other], [1]) == []
    assert converters([numeric(4, 2)], [0]) == []
