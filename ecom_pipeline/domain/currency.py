"""A currency as it is displayed. Amounts are exact decimals of four places in any currency."""

from dataclasses import dataclass
from decimal import Decimal
from unicodedata import category

_PLACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency: its ISO 4217 code, the symbol, and the decimals that are always displayed."""

    code: str
    symbol: str
    decimals: int

    def __str__(self) -> str:
        return self.code

    @property
    def prefix(self) -> str:
        """The symbol as it precedes a number: letters are kept apart by a no-break space."""
        is_sign = category(self.symbol[-1]).startswith("S")
        return self.symbol if is_sign else f"{self.symbol}\N{NO-BREAK SPACE}"

    def text(self, amount: Decimal) -> str:
        """Return an exact amount: the currency's decimals, and further ones that are not 0."""
        whole, _, decimals = f"{abs(amount):,f}".partition(".")
        decimals = decimals.rstrip("0").ljust(self.decimals, "0")
        return self._signed(amount, f"{whole}.{decimals}" if decimals else whole)

    def aligned(self, amount: Decimal) -> str:
        """Return an exact amount for a column: the currency's decimals, or all four."""
        exact = round(amount, self.decimals) == amount
        return self._signed(amount, f"{abs(amount):,.{self.decimals if exact else _PLACES}f}")

    def _signed(self, amount: Decimal, text: str) -> str:
        return f"{'-' if amount < 0 else ''}{self.prefix}{text}"


POUND = Currency(code="GBP", symbol="£", decimals=2)
