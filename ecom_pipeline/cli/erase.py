"""ecom erase: erase a customer's personal data from every store."""

from typing import TYPE_CHECKING, Any

import click

from ecom_pipeline.terminal.options import show

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from ecom_pipeline.domain.currency import Currency
    from ecom_pipeline.erasure.erase import PersonalData, Report, Stores


@click.command()
@click.option("--customer", required=True, metavar="ID", help="The customer; the id is not logged.")
@click.option("--anonymise", "mode", flag_value="anonymise", help="Keep the sales, as a guest's.")
@click.option("--delete", "mode", flag_value="delete", help="Delete the sales too.")
@click.option("--dry-run", is_flag=True, help="Show the customer's records, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="For scripts; needs --yes or --dry-run.")
def erase(customer: str, mode: str | None, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase a customer from raw, quarantine, CSV, DynamoDB, the warehouse and the marts.

    A tombstone without the id is kept, so that no backfill and no replay restores the customer. It
    is safe to run again. Exit 1 when records of the customer remain: run it again.

    Example: ecom erase --customer 17850 --anonymise --dry-run
    """
    from datetime import UTC, datetime

    from ecom_pipeline.domain.event import CUSTOMER_ID_PATTERN
    from ecom_pipeline.erasure import erase

    if mode is None:
        raise click.UsageError("choose --anonymise or --delete")
    if not CUSTOMER_ID_PATTERN.fullmatch(customer):
        raise click.UsageError("--customer takes digits")
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json needs --yes or --dry-run")
    stores = _stores()
    currency = stores.warehouse.shop.currency
    person = erase.DataSubject(customer, "delete" if mode == "delete" else "anonymise")
    if dry_run or not yes:
        _print(erase.find_personal_data(stores, person), currency, as_json=as_json)
        if dry_run:
            return
        click.confirm(f"{mode} this customer? This cannot be undone", abort=True)
    report = erase.erase(
        stores, person, datetime.now(UTC), say=lambda step: click.echo(f"{step} ...", err=True)
    )
    _print(report, currency, as_json=as_json)
    raise SystemExit(0 if report.after.is_clean else 1)


def _stores() -> "Stores":
    from ecom_pipeline import settings
    from ecom_pipeline.client import endpoints
    from ecom_pipeline.erasure.erase import Stores
    from ecom_pipeline.warehouse import connect

    configured = settings.load()
    endpoints.require(configured)
    return Stores(
        connect.lake(configured),
        connect.client(configured, "dynamodb"),
        configured.table,
        connect.warehouse(configured),
    )


def _print(found: "PersonalData | Report", currency: "Currency", *, as_json: bool) -> None:
    import json

    from ecom_pipeline.erasure.erase import PersonalData

    if isinstance(found, PersonalData):
        click.echo(json.dumps(_survey(found))) if as_json else _show_survey(found)
    else:
        click.echo(json.dumps(_report(found))) if as_json else _show_report(found, currency)


def _survey(found: "PersonalData") -> dict[str, Any]:
    shop = found.shop
    totals = {"rows": shop.rows, "pieces": shop.quantity, "revenue": str(shop.amount)}
    return {"customer": dict(found.rows), "days": len(found.days), "shop": totals}


def _report(report: "Report") -> dict[str, Any]:
    return {
        "mode": report.mode,
        "before": _survey(report.before),
        "after": _survey(report.after),
        "days": [str(day) for day in report.days],
        "seconds": dict(report.seconds),
    }


def _title(days: "Collection[date]") -> str:
    from ecom_pipeline.terminal.tables import counted

    return f"The customer, on {counted(len(days), 'day')}"


def _show_survey(found: "PersonalData") -> None:
    rows = [[store, f"{rows:,}"] for store, rows in found.rows.items()]
    show(_title(found.days), ["store", "rows"], rows)


def _show_report(report: "Report", currency: "Currency") -> None:
    before, after = report.before, report.after
    rows = [[name, f"{count:,}", f"{after.rows[name]:,}"] for name, count in before.rows.items()]
    show(_title(report.days), ["store", "before", "after"], rows)
    totals = [
        ["rows", f"{before.shop.rows:,}", f"{after.shop.rows:,}"],
        ["pieces", f"{before.shop.quantity:,}", f"{after.shop.quantity:,}"],
        ["revenue", *(currency.aligned(each.shop.amount) for each in (before, after))],
    ]
    show("The shop", ["", "before", "after"], totals)
    click.echo(f"in {sum(report.seconds.values()):.1f} s")


COMMANDS = [erase]
