"""Values that are taken as they are, and may be meant otherwise: what to tell people of them."""

import re
from collections.abc import Iterator, Sequence

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay import numbers
from ecom_pipeline.replay.understanding import Understanding

_CODE, _PRICE, _CUSTOMER, _COUNTRY = map(
    DATA_SET_KEYS.index, ("StockCode", "UnitPrice", "CustomerID", "Country")
)
# 84029E10 is 8.4029E+14 to Excel, and 840290000000000 in a workbook's cell
_EXCEL_NUMBER = re.compile(r"\d(?:\.\d+)?E\+\d+|[1-9]\d{3,}0{5,}", re.ASCII)


def find(file: Understanding) -> list[str]:
    """Return what may be meant otherwise, one sentence each."""
    codes = file.columns[_CODE].values
    named = [*codes, *file.columns[_COUNTRY].values]
    blank = [text for text in codes if text and not text.strip()]
    around = [text for text in named if text.strip() not in ("", text)]
    excel = [text for text in codes if _EXCEL_NUMBER.fullmatch(text)]
    zero = [text for text in file.columns[_CUSTOMER].values if text and not text.strip("0")]
    said = {
        "some stock codes are only blanks": blank,
        "blanks are kept around some stock codes or countries": around,
        "some stock codes look like numbers that Excel made of codes": excel,
        "a customer's number is no guest": zero,
    }
    found = [f"{what}: {texts[0]!r}" for what, texts in said.items() if texts]
    return [*found, *_apostrophes(file), *_unsigned(file)]


def _apostrophes(file: Understanding) -> Iterator[str]:
    """Yield the columns whose texts all begin with an apostrophe, as Excel keeps texts."""
    for key, column in zip(DATA_SET_KEYS, file.columns, strict=True):
        some: Sequence[str] = [text for text in column.values if text]
        if some and all(text.startswith("'") for text in some):
            yield f"the apostrophe before every {key} is kept: {some[0]!r}"


def _unsigned(file: Understanding) -> Iterator[str]:
    """Yield how many rows have a price without the currency sign that others have."""
    if not file.currency:
        return
    prices = enumerate(file.table.texts[_PRICE])
    without = [n for n, text in prices if re.search("[1-9]", text) and not numbers.currency(text)]
    if without:
        rows = int(file.table.counts(_PRICE)[without].sum())
        yield f"{rows:,} rows have prices without a sign, others with {file.currency}"
