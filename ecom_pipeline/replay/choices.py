"""What a user says about a file where the file itself doesn't say enough, or is named otherwise."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.domain.shop import DEFAULT
from ecom_pipeline.replay.columns import plain
from ecom_pipeline.replay.errors import DatasetError

OPTIONS = {
    "dates": ("day-first", "month-first", "year-first"),
    "decimal": ("point", "comma"),
    "zone": ("convert", "keep"),
    "midnight": (True, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How to read a file; what is None is decided by the file, or the file is refused.

    `dates` is the order of the day's numbers, `decimal` the decimal mark. `zone` says of times with
    a zone whether to convert them to the shop's or to keep them as written. `midnight` takes dates
    without a time. `time_zone` and `currency` are the shop's. `columns` has the file's names of
    those columns that columns.py doesn't find.
    """

    dates: str | None = None
    decimal: str | None = None
    zone: str | None = None
    midnight: bool = False
    time_zone: ZoneInfo = DEFAULT.time_zone
    currency: Currency = DEFAULT.currency
    columns: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        """Return the choices made, for the identity of a replay."""
        made = {each.name: getattr(self, each.name) for each in fields(self)}
        return " ".join(f"{name}={value}" for name, value in made.items() if value)


AS_IT_IS = Choices()
DATA_SET = Choices(dates="month-first")  # the data set's own form, and the samples'


def columns_of(text: str) -> dict[str, str]:
    """Return the columns of `InvoiceNo=order_no,UnitPrice=net`.

    Raises:
        DatasetError: it is not of this form, or names none of the eight columns.
    """
    named: dict[str, str] = {}
    for pair in text.split(","):
        key, equals, name = pair.partition("=")
        if not equals or not name.strip():
            raise DatasetError(f"--map {text}: expected a TOML file, or KEY=NAME,KEY=NAME")
        named[key.strip()] = name
    return _checked(named, f"--map {text}")


def from_toml(path: Path) -> dict[str, Any]:
    """Return the choices of a TOML file: keys of the eight columns, and of OPTIONS.

    Raises:
        DatasetError: the file can't be read, or has another key or value.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DatasetError(f"{path} is not a TOML file that can be read: {error}") from error
    chosen: dict[str, Any] = {name: given.pop(name) for name in OPTIONS if name in given}
    for name, value in chosen.items():
        if value not in OPTIONS[name]:
            allowed = ", ".join(str(each).lower() for each in OPTIONS[name])
            raise DatasetError(f"{path}: {name} = {value!r}, expected one of {allowed}")
    return chosen | {"columns": _checked(given, str(path))}


def _checked(named: dict[str, Any], where: str) -> dict[str, str]:
    keys: dict[str, str] = {}  # by the column's name
    for key, name in named.items():
        if key not in DATA_SET_KEYS:
            raise DatasetError(f"{where}: {key!r} is none of {', '.join(DATA_SET_KEYS)}")
        if not isinstance(name, str):
            raise DatasetError(f"{where}: {key} = {name!r}, expected a column's name")
        if (other := keys.setdefault(plain(name), key)) != key:
            raise DatasetError(f"{where}: {name!r} is given for {other} and for {key}: choose one")
    return named
