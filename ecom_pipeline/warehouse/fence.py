"""The fence: who may publish a day. A generation, claimed before a load, is its fencing token.

A load with an older token than the newest claim on one of its days is a zombie writer: refused.
"""

from collections.abc import Sequence
from datetime import date

from ecom_pipeline.warehouse import lock, shop_record
from ecom_pipeline.warehouse.ledger import within
from ecom_pipeline.warehouse.session import Session, Warehouse, WarehouseError

LOCK = "sales.load_lock"

_FENCE = "sales.load_fence"


class FencedError(WarehouseError):
    """A newer load has claimed one of the days, so this load must not publish."""


def claim(warehouse: Warehouse, days: Sequence[date]) -> int:
    """Claim days and return the new generation; loads with an older one may not publish.

    Raises:
        ShopChangedError: days are loaded of another time zone or currency.
    """
    with warehouse.session() as session:
        lock.take(warehouse, session, LOCK)
        shop_record.adopt(session, warehouse.shop)
        ((newest,),) = session.rows(f"select coalesce(max(generation), 0) from {_FENCE}")
        generation = int(newest) + 1
        session.run(f"delete from {_FENCE} where {within(days)}")
        rows = ", ".join(f"('{day.isoformat()}', {generation})" for day in days)
        session.run(f"insert into {_FENCE} values {rows}")
        session.commit()
        return generation


def require_newest_claim(session: Session, days: Sequence[date], generation: int) -> None:
    """Check the fence: `generation` must be the newest claim on each of the days.

    Raises:
        FencedError: a newer load has claimed one of them.
    """
    claims = dict(
        session.rows(f"select invoice_date, generation from {_FENCE} where {within(days)}")
    )
    lost = [day for day in days if claims.get(day) != generation]
    if lost:
        raise FencedError(f"a newer load has claimed {', '.join(map(str, lost))}; nothing to do")
