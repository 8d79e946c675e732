"""The proof: each day compared in all stores, and DynamoDB's table segment by segment."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg

from ecom_pipeline.cost.prices import prices
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.lake.buckets import Lake
from ecom_pipeline.orchestration import checks, describe
from ecom_pipeline.orchestration.causes import Finding
from ecom_pipeline.orchestration.keys import FACT_LINES, RECONCILED, TABLE_SEGMENTS, Results
from ecom_pipeline.orchestration.partitions import days_of
from ecom_pipeline.orchestration.retries import translate_errors
from ecom_pipeline.reconcile import verdict
from ecom_pipeline.reconcile.classify import Watermark
from ecom_pipeline.reconcile.compare import Reconciliation, reconcile
from ecom_pipeline.reconcile.model import Discrepancy, Store, StoreName
from ecom_pipeline.reconcile.segments import SEGMENTS
from ecom_pipeline.reconcile.verdict import SegmentVerdict
from ecom_pipeline.warehouse import trust
from ecom_pipeline.warehouse.session import Warehouse

_SHOWN = 100
_NAMED = 3  # events of a day in an alarm
_COLUMNS = ("day", "store", "kind", "state", "event_id", "hop", "location", "detail")

Since = Mapping[date, str]  # when a day began to differ
Stores = Callable[[], Sequence[Store]]
Clock = Callable[[], Watermark]
NextSegment = Callable[[], SegmentVerdict]


@dg.multi_asset(
    specs=[
        describe.daily(
            describe.spec(
                RECONCILED,
                deps=[FACT_LINES],
                kinds={"dynamodb", "s3", "redshift"},
                text="A day's events, compared in raw lake, DynamoDB, CSV and fact table: sums and "
                "digests first, single events where they differ. Each discrepancy has the event "
                "and the hop; `ecom reconcile A:B --repair` repairs it. The result is recorded "
                "for `sales.data_trust`.",
            )
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            checks.AGREE,
            asset=RECONCILED,
            description="No event is missing, extra, changed or duplicated in any store. Recent "
            "events, and those of a day that is not over, may be in flight.",
        )
    ],
    name="reconciliation",
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def reconciliation(
    context: dg.AssetExecutionContext,
    stores: dg.ResourceParam[Stores],
    watermark: dg.ResourceParam[Clock],
    warehouse: dg.ResourceParam[Warehouse],
    lake: dg.ResourceParam[Lake],
) -> Results:
    """Compare the days in all stores; DynamoDB is asked for their invoices."""
    days = days_of(context)
    span = min(days), max(days)
    with translate_errors(context):
        found = verdict.recorded(
            warehouse, lake, *span, lambda: reconcile(stores(), *span, watermark())
        )
        result = _result(found, _since(warehouse))
    for day in days:
        held = {name: sums.get(day, Totals()) for name, sums in found.stores.items()}
        wrong = [each for each in found.wrong if each.day == day]
        metadata = describe.sums(held[StoreName.FACT]) | {
            "stores": describe.preview(
                ("store", "rows", "pieces", "revenue", "digest"),
                [
                    (name, t.rows, t.quantity, describe.exact(t.amount), f"{t.digest:x}")
                    for name, t in held.items()
                ],
            ),
            "wrong": len(wrong),
            "in_flight": sum(each.day == day for each in found.in_flight),
        }
        context.add_asset_metadata(metadata, partition_key=day.isoformat())
    metadata = {"dynamodb": str(found.reading)} | _units(found.read_units)
    yield dg.MaterializeResult(asset_key=RECONCILED, metadata=metadata, check_results=[result])


@dg.multi_asset(
    specs=[
        describe.spec(
            TABLE_SEGMENTS,
            deps=[FACT_LINES],
            kinds={"dynamodb", "redshift"},
            text=f"One of {SEGMENTS} segments of DynamoDB's table, the one that was looked at "
            "longest ago, compared with what is published. It finds invoices and lines that raw "
            "does not know, which the comparison of a day does not ask for. Days that differ are "
            "compared in all stores.",
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            checks.SEGMENT_AGREES,
            asset=TABLE_SEGMENTS,
            description="No invoice or line of the segment differs from what is published.",
        )
    ],
    name="table_segments",
)
def table_segments(
    context: dg.AssetExecutionContext,
    next_segment: dg.ResourceParam[NextSegment],
    warehouse: dg.ResourceParam[Warehouse],
) -> Results:
    """Scan the next segment of the table, and compare the days that differ."""
    with translate_errors(context):
        found = next_segment()
        looked_at, since = trust.coverage(warehouse, SEGMENTS), _since(warehouse)
    metadata = {
        "segment": found.scanned.number,
        "items": found.scanned.items,
        "segments_looked_at": f"{looked_at.scanned} of {SEGMENTS}",
        "oldest_looked_at": f"{looked_at.oldest} UTC",
        "wrong": len(found.wrong),
    } | _units(found.scanned.read_units)
    differing = [each for compared in found.compared for each in _findings(compared, since)]
    left = [Finding(day=str(day), what=f"{day}: not compared yet") for day in found.left]
    result = checks.result(
        TABLE_SEGMENTS,
        checks.SEGMENT_AGREES,
        differing + left,
        {"events": _table(found.wrong[:_SHOWN])},
    )
    yield dg.MaterializeResult(asset_key=TABLE_SEGMENTS, metadata=metadata, check_results=[result])


def _units(units: Decimal) -> dict[str, dg.MetadataValue[Any]]:
    """Return read units of DynamoDB, and their price, as metadata."""
    dollars = prices().cost({"dynamodb_read_units": units})
    return {
        "read_units": dg.MetadataValue.float(float(units)),
        "usd": dg.MetadataValue.text(f"{dollars:.6f}"),
    }


def _result(found: Reconciliation, since: Since) -> dg.AssetCheckResult:
    return checks.result(
        RECONCILED,
        checks.AGREE,
        _findings(found, since),
        {
            "days": len(found.days),
            "rows": found.total(StoreName.RAW).rows,
            "revenue": describe.exact(found.total(StoreName.FACT).amount),
            "differences": len(found.wrong),
            "in_flight": len(found.in_flight),
            "totals": "\n".join(found.differences[:_SHOWN]) or "none",
            "events": _table([*found.wrong, *found.in_flight][:_SHOWN]),
        },
    )


def _since(warehouse: Warehouse) -> Since:
    return {day: str(since) for day, (_, since) in trust.differing(warehouse).items()}


def _findings(found: Reconciliation, since: Since) -> list[Finding]:
    """Return the differing days, each with its first events, or with its totals without any."""
    totals = dict(zip(found.differing, found.differences, strict=True))
    made: list[Finding] = []
    for day in found.differing:
        wrong = [each for each in found.wrong if each.day == day]
        named = "; ".join(map(str, wrong[:_NAMED])) or totals[day]
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        mark, size = since.get(day, ""), max(1, len(wrong))
        made.append(Finding(day=str(day), what=named + more, mark=mark, size=size))
    return made


def _table(findings: Sequence[Discrepancy]) -> dg.MetadataValue:  # type: ignore[type-arg]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {name: str(getattr(each, name)) for name in _COLUMNS} | {"trace": _trace(each)}
            )
            for each in findings
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name) for name in (*_COLUMNS, "trace")]),
    )


def _trace(found: Discrepancy) -> str:
    """Return the command that follows a discrepancy's event through the stores."""
    return f"ecom trace {found.event_id} --day {found.day}" if found.event_id else ""


ALL = [reconciliation, table_segments]
