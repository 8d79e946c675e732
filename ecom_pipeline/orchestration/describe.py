"""Asset specs and metadata for the Dagster UI: columns, totals, previews. Masks personal data."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

import dagster as dg

from ecom_pipeline.cost import bill
from ecom_pipeline.cost.prices import prices
from ecom_pipeline.cost.usage import Usage
from ecom_pipeline.domain.columns import COLUMNS, PARTITION, Column
from ecom_pipeline.domain.totals import Totals
from ecom_pipeline.orchestration.partitions import ANY_DAYS

OWNERS = ["team:data-engineering"]
PREVIEW_ROWS = 5
_COLUMNS = repr((COLUMNS, PARTITION))
_PERSONAL = {"customer_id"}


def spec(
    key: dg.AssetKey,
    *,
    deps: Iterable[dg.AssetKey],
    kinds: set[str],
    text: str,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """Return an asset's spec; its group is the first part of its key."""
    return dg.AssetSpec(
        key,
        deps=list(deps),
        description=text,
        group_name=key.path[0],
        kinds=kinds,
        owners=OWNERS,
        tags={"layer": key.path[0]},
        code_version=_code_version(key.to_user_string()),
        metadata=metadata,
    )


def made_by(version: str, asset: dg.AssetSpec) -> dg.AssetSpec:
    """Return the asset with the rules or the SQL that make it in its code version."""
    return asset.replace_attributes(code_version=_code_version(version))


def _code_version(version: str) -> str:
    return sha256(f"{version} {_COLUMNS}".encode()).hexdigest()[:8]


def daily(asset: dg.AssetSpec) -> dg.AssetSpec:
    """Return the asset with daily partitions, in the shop's time zone."""
    return asset.replace_attributes(partitions_def=ANY_DAYS)


def schema(columns: Iterable[Column], *, text_only: bool = False) -> dg.TableSchema:
    """Return columns as a table schema for the UI; `text_only` for a CSV, which has no types."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type="text" if text_only else column.redshift,
                description=column.comment,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in columns
        ]
    )


def lineage(sources: Mapping[str, Iterable[str]], upstream: dg.AssetKey) -> dg.TableColumnLineage:
    """Return the column lineage: each column's source columns in the upstream asset."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [dg.TableColumnDep(asset_key=upstream, column_name=each) for each in made_of]
            for name, made_of in sources.items()
        }
    )


def sums(totals: Totals) -> dict[str, Any]:
    """Return a day's totals as metadata: numbers for plots over partitions, exact texts."""
    found: dict[str, Any] = {
        "dagster/partition_row_count": totals.rows,
        "pieces": totals.quantity,
        "revenue": float(totals.amount),  # for the plot; revenue_exact is the exact figure
        "revenue_exact": exact(totals.amount),
        "digest": f"{totals.digest:x}",
    }
    return found if totals.rows else found | {"note": "closed: no event of this day"}


def exact(amount: Decimal) -> str:
    """Return an exact amount of the shop's currency, as text."""
    return f"{amount:,}"


def spent(usage: Usage) -> dict[str, Any]:
    """Return a run's AWS requests and their cost at list prices (`ecom cost`), as metadata."""
    calls = ", ".join(f"{n} {call.replace(':', ' ')}" for call, n in usage.calls.items())
    return {
        "requests": usage.requests,
        "requests_made": calls or "none",
        "estimated_cost_usd": float(bill.estimate(usage, prices())),
    }


def preview(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue:  # type: ignore[type-arg]
    """Return rows as a Markdown table, with personal data masked."""
    shown = [[_cell(name, value) for name, value in zip(columns, row, strict=True)] for row in rows]
    lines = [columns, ["---"] * len(columns), *shown]
    return dg.MetadataValue.md("\n".join("| " + " | ".join(line) + " |" for line in lines))


def sql(statement: str) -> dg.MetadataValue:  # type: ignore[type-arg]
    """Return an SQL statement as a Markdown code block."""
    return dg.MetadataValue.md(f"```sql\n{statement}\n```")


def _cell(name: str, value: object) -> str:
    if value is None or value == "":
        return ""
    return "•••" if name in _PERSONAL else str(value).replace("|", "\\|")
