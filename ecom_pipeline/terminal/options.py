"""Shared by several commands: the parameter types, and tables."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import click

from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.values import currency, share


class DayRangeType(click.ParamType):
    """A range of days, A:B with both included, or a single day."""

    name = "A:B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> DayRange:
        if isinstance(value, tuple):
            return DayRange(*value)
        first, _, last = value.partition(":")
        try:
            days = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r}: expected YYYY-MM-DD:YYYY-MM-DD", param, ctx)
        if days[0] > days[1]:
            self.fail(f"{value!r}: the first day is after the last", param, ctx)
        return DayRange(*days)


class ShareType(click.ParamType):
    """A share, 0 to 1, exact."""

    name = "SHARE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            return share(str(value))
        except ValueError:
            self.fail(f"{value!r}: expected a share like 0.2", param, ctx)


class CurrencyType(click.ParamType):
    """A currency by its ISO 4217 code."""

    name = "CODE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Currency:
        try:
            return currency(str(value))
        except ValueError:
            self.fail(f"{value!r}: expected the ISO 4217 code of a currency, like GBP", param, ctx)


DAYS = DayRangeType()
CURRENCY = CurrencyType()
SHARE = ShareType()


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    from rich.console import Console

    from ecom_pipeline.terminal.tables import listing

    Console().print(listing(title, columns, rows))
