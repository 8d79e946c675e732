"""Results in Redshift's protocol: version 1 adds column metadata, 2 a binary format of its own.

Belongs here: RowDescription and DataRow, from PostgreSQL's encoding to Redshift's. A driver
requests a version in its start-up message, and the server announces the one in use. The encoding
is documented only by the drivers' source: github.com/aws/amazon-redshift-python-driver, core.py and
utils/type_utils.py. Does not belong here: the protocol's flow (session.py).
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal

EXTENDED, BINARY = 1, 2  # protocol versions

_NUMERIC, _INTERVAL = 1700, 1186
_FIXED = struct.Struct("!IhIhih")
_TYPMOD_HEADER = 4
_DIGITS = 38
_UNKNOWN_SCALE = 20  # of a quotient, see scales.py: PostgreSQL rarely returns more digits
_SMALL_DIGITS = 19  # DECIMAL up to here has 8 bytes, and beyond 16
_NULLABLE, _IDENTITY, _SEARCHABLE = 1, 1 << 4, 1 << 12
_MICROSECONDS_A_DAY = 86_400_000_000
_EXACT = Context(prec=2 * _DIGITS, rounding=ROUND_HALF_UP)

Convert = Callable[[bytes], bytes]


class NumericOverflowError(Exception):
    """A number that does not fit any of Redshift's types."""

    sqlstate = "22003"


@dataclass(frozen=True, slots=True)
class Names:
    """Where a column of a result comes from."""

    schema: str = ""
    table: str = ""
    column: str = ""
    catalog: str = ""
    nullable: bool = True
    identity: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a RowDescription."""

    label: bytes
    table: int
    number: int
    type: int
    size: int
    modifier: int
    format: int

    @property
    def precision(self) -> int:
        """All digits of a NUMERIC."""
        return (self.modifier - _TYPMOD_HEADER) >> 16

    @property
    def scale(self) -> int:
        """The digits of a NUMERIC after its point."""
        return (self.modifier - _TYPMOD_HEADER) & 0x7FF

    @property
    def needs_scale(self) -> bool:
        """Whether it is a NUMERIC without a type of its own, as computed ones are."""
        return self.type == _NUMERIC and self.modifier < _TYPMOD_HEADER

    def typed(self, scale: int | None = None) -> "Field":
        """Return the field with a type that Redshift has: each NUMERIC has a scale."""
        if not self.needs_scale:
            return self
        scale = _UNKNOWN_SCALE if scale is None else min(scale, _DIGITS - 1)
        return replace(self, modifier=(_DIGITS << 16 | scale) + _TYPMOD_HEADER)


def fields_of(body: bytes) -> list[Field]:
    """Return the columns of PostgreSQL's RowDescription."""
    fields: list[Field] = []
    offset = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(0, offset)
        fields.append(Field(body[offset:end], *_FIXED.unpack_from(body, end + 1)))
        offset = end + 1 + _FIXED.size
    return fields


def description(fields: Sequence[Field], names: Sequence[Names]) -> bytes:
    """Return a RowDescription with Redshift's additions."""
    parts = [struct.pack("!H", len(fields))]
    for field, named in zip(fields, names, strict=True):
        fixed = (field.table, field.number, field.type, field.size, field.modifier, field.format)
        parts.append(field.label + b"\0" + _FIXED.pack(*fixed))
        texts = (named.schema, named.table, named.column, named.catalog)
        parts += [text.encode() + b"\0" for text in texts]
        flags = _NULLABLE * named.nullable | _IDENTITY * named.identity | _SEARCHABLE
        parts.append(struct.pack("!H", flags))
    return b"".join(parts)


def formats_of(body: bytes, offset: int, count: int) -> tuple[int, list[int]]:
    """Return where a Bind's result formats begin, and the format of each column."""
    (codes,) = struct.unpack_from("!H", body, offset)
    offset += 2 + 2 * codes
    (values,) = struct.unpack_from("!H", body, offset)
    offset += 2
    for _ in range(values):
        (size,) = struct.unpack_from("!i", body, offset)
        offset += 4 + max(size, 0)
    (wanted,) = struct.unpack_from("!H", body, offset)
    formats = list(struct.unpack_from(f"!{wanted}h", body, offset + 2))
    if len(formats) <= 1:
        formats = (formats or [0]) * count
    return offset, formats


def postgres_formats(fields: Sequence[Field], formats: Sequence[int]) -> bytes:
    """Return the result formats for PostgreSQL: numbers as text, which is exact."""
    asked = [0 if f.type == _NUMERIC else wanted for f, wanted in zip(fields, formats, strict=True)]
    return struct.pack(f"!H{len(asked)}h", len(asked), *asked)


def converters(fields: Sequence[Field], formats: Sequence[int]) -> list[Convert | None]:
    """Return each column's conversion to Redshift's binary; None where it is PostgreSQL's."""
    found: list[Convert | None] = []
    for field, wanted in zip(fields, formats, strict=True):
        if wanted and field.type == _NUMERIC:
            found.append(_numeric(field))
        else:
            found.append(_interval if wanted and field.type == _INTERVAL else None)
    return found if any(found) else []


def converted(body: bytes, convert: Sequence[Convert | None]) -> bytes:
    """Return a DataRow with the values converted."""
    parts = [body[:2]]
    offset = 2
    for each in convert:
        (size,) = struct.unpack_from("!i", body, offset)
        end = offset + 4 + max(size, 0)
        if each is None or size < 0:
            parts.append(body[offset:end])
        else:
            value = each(body[offset + 4 : end])
            parts.append(struct.pack("!i", len(value)) + value)
        offset = end
    return b"".join(parts)


def _numeric(field: Field) -> Convert:
    """Return the conversion to a scaled integer, which is Redshift's binary of NUMERIC."""
    scale, most = field.scale, 10**field.precision
    size = 8 if field.precision <= _SMALL_DIGITS else 16

    def convert(value: bytes) -> bytes:
        number = _scaled(value, scale)
        if abs(number) >= most:
            raise _overflow(field)
        try:
            return number.to_bytes(size, "big", signed=True)
        except OverflowError:
            raise _overflow(field) from None

    return convert


def _scaled(value: bytes, scale: int) -> int:
    whole, _, part = value.partition(b".")
    if len(part) <= scale and value[-1:].isdigit():
        return int(whole + part.ljust(scale, b"0"))
    number = Decimal(value.decode())
    if not number.is_finite():
        raise NumericOverflowError(f"numeric {value.decode()} does not exist in Amazon Redshift")
    return int(_EXACT.to_integral_value(number.scaleb(scale, _EXACT)))


def _overflow(field: Field) -> NumericOverflowError:
    of = f"column {field.label.decode()}: numeric({field.precision},{field.scale})"
    return NumericOverflowError(f"Numeric data overflow (result precision), {of}")


def _interval(value: bytes) -> bytes:
    """Return microseconds and months, as PostgreSQL 8.0 sent them: a day is 24 hours."""
    microseconds, days, months = struct.unpack("!qii", value)
    return struct.pack("!qi", microseconds + days * _MICROSECONDS_A_DAY, months)
