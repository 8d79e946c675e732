"""The generated shop's products and customers: invented names, codes and prices.

Which product is sold when is decided in shop.py. No row, name or customer is from real data.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from ecom_pipeline.local.sample.dirt import HOME

T = TypeVar("T")


def _listed(names: str) -> tuple[str, ...]:
    return tuple(names.split(","))


_SIZES = _listed(",MINI ,LARGE ,SET OF 3 ")
_LOOKS = _listed(
    "AMBER,BRAIDED,CHALKY,COPPER,DOTTED,FADED,FELT,GINGHAM,HERON,INDIGO,JOLLY,LACQUERED,MARBLED,"
    "MOSSY,NAUTICAL,OCHRE,PEBBLE,QUILTED,RUSTIC,SALTY,SPECKLED,TARTAN,UMBER,WOVEN"
)
_THINGS = _listed(
    "APRON,BASKET,BIRD FEEDER,BOOK END,BREAD CROCK,BUNTING,BUTTER DISH,CANDLE JAR,COASTER,"
    "COAT PEG,CUSHION,DOOR WEDGE,EGG CUP,FRUIT BOWL,GARDEN GNOME,HAT STAND,INK STAMP,JUG,KEY HOOK,"
    "LANTERN,LUNCH TIN,MUG,NAPKIN RING,OVEN GLOVE,PEPPER MILL,PICNIC RUG,PLANT POT,POSTER,"
    "SOAP TRAY,SPICE RACK,TABLE CLOCK,TEA COSY,TOAST RACK,UMBRELLA,WALL CLOCK,WATERING CAN"
)
_PENCE = (29, 42, 55, 85, 110, 125, 165, 195, 210, 255, 295, 375, 415, 495, 650, 795, 995, 1275)
_ABROAD = _listed(
    "EIRE,Germany,France,EIRE,Spain,Netherlands,Belgium,Switzerland,Portugal,Australia,Norway,"
    "Italy,Channel Islands,Finland,Unspecified,USA,European Community,Japan"
)
_HOME_CUSTOMERS, _FOREIGN_CUSTOMERS = 3_600, 360
_TWINS = 40

NOTES = ("count again", "damaged", "found in the loft", "wet carton", "Missing", "wrong label")
ASKING = ("?", "??", "?", "lost?", "sold as a pair?")


class Product(NamedTuple):
    """An article; the price in pence."""

    code: str
    name: str
    pence: int


class Customer(NamedTuple):
    """A buyer: an account number, or '' for a guest, and a country."""

    number: str
    country: str


GUEST = Customer("", HOME)


def pick(rng: random.Random, options: Sequence[T], lean: float = 1.0) -> T:
    """Choose one; a `lean` over 1 prefers the first.

    Only random() of `rng` is used in this package: it alone is guaranteed to give the same numbers
    in
    every version of Python.
    """
    return options[int(len(options) * rng.random() ** lean)]


class Goods:
    """The catalogue: a list of products for each anomaly of a description or code."""

    def __init__(self, rng: random.Random) -> None:
        names = [f"{size}{look} {thing}" for size in _SIZES for look in _LOOKS for thing in _THINGS]
        names.sort(key=lambda _: rng.random())
        self._rng = rng
        self._code = 53_000  # to 60,000: a range without real codes
        shelves = {"quote": 40, "comma": 60, "lead": 40, "double_blank": 100, "trail": 700}
        self.shelves: dict[str, list[Product]] = {}
        for shelf, size in shelves.items():
            taken, names = names[:size], names[size:]
            self.shelves[shelf] = [self._product(_odd(shelf, name)) for name in taken]
        self.shelves["plain"] = [self._product(name) for name in names]
        self._add_twins()
        self.shelves["DCG"] = [
            Product(f"DCGS{number:04d}", f"{pick(rng, _LOOKS)} GLASS CHARM", 251)
            for number in (903, 919, 958, 976)
        ]

    def _product(self, name: str) -> Product:
        self._code += 1 + int(3 * self._rng.random())
        suffix = pick(self._rng, "ABCDEF") if self._rng.random() < 0.15 else ""  # noqa: PLR2004
        return Product(f"{self._code}{suffix}", name, pick(self._rng, _PENCE))

    def _add_twins(self) -> None:
        """Give some products a twin whose code differs by case alone, at another price."""
        plain = self.shelves["plain"]
        spread = range(0, len(plain), len(plain) // _TWINS)
        for at in spread:
            product = plain[at]
            plain[at] = product._replace(code=f"{product.code[:5]}{pick(self._rng, 'ABCG')}")
        self.shelves["lowercode"] = [
            plain[at]._replace(code=plain[at].code.lower(), pence=plain[at].pence * 2 - 1)
            for at in spread
        ]


class Customers:
    """The known customers, at home and abroad; each has one country."""

    def __init__(self, rng: random.Random) -> None:
        number = 21_000
        everyone: list[Customer] = []
        for at in range(_HOME_CUSTOMERS + _FOREIGN_CUSTOMERS):
            number += 1 + int(2 * rng.random())
            country = pick(rng, _ABROAD, 2) if at % 11 == 0 else HOME
            everyone.append(Customer(str(number), country))
        everyone.sort(key=lambda _: rng.random())
        self.home = [customer for customer in everyone if customer.country == HOME]
        self.eire = [customer for customer in everyone if customer.country == "EIRE"]
        self.abroad = [customer for customer in everyone if customer.country not in (HOME, "EIRE")]


def _odd(shelf: str, name: str) -> str:
    """Give a name its shelf's anomaly; none gets longer than the real file's 35 characters."""
    first, rest = name.split(" ", 1)
    spelled = {
        "quote": f'{name} 7"',
        "comma": f"{rest},{first}",
        "lead": f" {name} ",
        "double_blank": f"{first}  {rest}",
        "trail": f"{name} ",
    }
    return spelled[shelf]
