"""The state of each store, from a few calls; status.py handles their errors."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import islice

import requests

from ecom_pipeline.bi import marts
from ecom_pipeline.client import local_extra
from ecom_pipeline.lake import partition, rules
from ecom_pipeline.quarantine import replay
from ecom_pipeline.reconcile.segments import SEGMENTS
from ecom_pipeline.settings import Settings, with_outputs
from ecom_pipeline.warehouse import connect, ledger, shop_record, sweep
from ecom_pipeline.warehouse import marts as marts_sql
from ecom_pipeline.warehouse.mart_list import DATA_TRUST
from ecom_pipeline.warehouse.trust import coverage

MOST_RECORDS = 500
_CONSUMERS = ("store", "archive")
_METRIC_MINUTES = 15

Facts = dict[str, object]


def api(settings: Settings) -> Facts:
    """Return whether the API answers: a request without a token, for which a 4xx is success."""
    url = with_outputs(settings).api_url
    if url is None:
        return {"answers": "unknown: set ECOM_API_URL"}
    status = requests.get(f"{url}/me/invoices", timeout=10).status_code
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return {"answers": True, "url": url}
    return {"answers": False, "status": status, "url": url}


def stream(settings: Settings) -> Facts:
    """Return each consumer's lag: the age of its oldest unprocessed event, in seconds."""
    lag = _metric_lag if settings.endpoint_url is None else local_extra.lag()
    if lag is None:
        return {"lag_seconds": f"unknown: {local_extra.HOW_TO_INSTALL}"}
    return {f"{name}_lag_seconds": lag(settings, name) for name in _CONSUMERS}


def _metric_lag(settings: Settings, name: str) -> float | str:
    """Return Lambda's newest IteratorAge in seconds; Lambda reports it only with deliveries."""
    now = datetime.now(UTC)
    answer = connect.client(settings, "cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": f"ecom-{settings.environment}-{name}"}],
        StartTime=now - timedelta(minutes=_METRIC_MINUTES),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    if not points:
        return f"unknown: nothing was delivered in {_METRIC_MINUTES} minutes"
    return round(points[-1]["Maximum"] / 1000, 1)


def table(settings: Settings) -> Facts:
    """Return DynamoDB's own item count; the newest item could be found by a scan only."""
    found = connect.client(settings, "dynamodb").describe_table(TableName=settings.table)["Table"]
    counted = "items" if settings.endpoint_url is not None else "items_up_to_6_hours_ago"
    return {"state": found["TableStatus"], counted: found["ItemCount"]}


def raw(settings: Settings) -> Facts:
    """Return the newest day, and the number of notifications that no sensor has deleted yet."""
    lake, queue = connect.lake(settings), connect.client(settings, "sqs")
    days = lake.raw.days()
    url = queue.get_queue_url(QueueName=settings.raw_queue)["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    waiting = queue.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return {
        "days": len(days),
        "newest_day": days[-1] if days else None,
        "its_objects": len(lake.raw.objects_of(days[-1])) if days else 0,
        "notifications_waiting": sum(int(waiting[name]) for name in names),
    }


def quarantine(settings: Settings) -> Facts:
    """Return the open records by reason, and the discarded ones; of each the first MOST_RECORDS."""
    lake = connect.lake(settings)
    quarantined = replay.find(lake, replay.QuarantineFilter())
    reasons = Counter(each.record.reason for each in islice(quarantined, MOST_RECORDS))
    more = reasons.total() == MOST_RECORDS
    gone = replay.find(lake, replay.QuarantineFilter(discarded=True))
    discarded = sum(1 for _ in islice(gone, MOST_RECORDS))
    return {
        "at_least" if more else "open": reasons.total(),
        **dict(sorted(reasons.items())),
        "discarded_at_least" if discarded == MOST_RECORDS else "discarded": discarded,
    }


def csv(settings: Settings) -> Facts:
    """Return the number of days with CSV, and the newest day with its rows."""
    lake = connect.lake(settings)
    days = lake.csv.days()
    built = partition.read_manifest(lake, days[-1]) if days else None
    return {
        "days": len(days),
        "newest_day": days[-1] if days else None,
        "its_rows": built.totals.rows if built else 0,
    }


def catalog(settings: Settings) -> Facts:
    """Return the number of tables with the expected columns, and the names of the others."""
    found = connect.catalog(settings)
    tables = found.expected()
    wrong = [name for name, columns in tables.items() if found.columns(name) != columns]
    return {"tables": len(tables) - len(wrong), "not_as_expected": ", ".join(wrong) or None}


def warehouse(settings: Settings) -> Facts:
    """Return the last load, from the ledger."""
    store = connect.warehouse(settings)
    rows = store.query(
        "select published_at, invoice_date, version, cause, row_count,"
        " coalesce(requested_by, published_by), run_id from sales.load_ledger"
        " order by published_at desc, invoice_date desc limit 1"
    )
    if not rows:
        return {"last_load": None}
    with store.session() as session:
        outdated = len(ledger.days_of_other_rules(session, rules.VERSION))
        outdated_marts = marts_sql.outdated_days(session)
        changed = shop_record.differences(session, store.shop)
    names = ("last_load", "its_newest_day", "version", "cause", "rows", "requested_by", "run")
    return {
        **dict(zip(names, rows[0], strict=True)),
        "rules_changed_days": outdated,
        "marts_changed_days": outdated_marts,
        "settings_changed": "; ".join(each.what for each in changed) or None,
    }


def to_load(settings: Settings) -> Facts:
    """Return the number of days to load: never published, or with unpublished raw objects.

    The latter are those that this morning's sweep looks for; `ecom sweep` looks at all days.
    """
    lake, store = connect.lake(settings), connect.warehouse(settings)
    behind = sweep.behind_in_turn(lake, store, settings.shop.today())
    first = next(iter(behind.items()), None)
    return {"days": len(behind), "first": f"{first[0]}: {first[1]}" if first else None}


def trust(settings: Settings) -> Facts:
    """Return the row of sales.data_trust, and how much of the table the rolling scan has seen."""
    warehouse = connect.warehouse(settings)
    (row,) = marts.read(warehouse, [DATA_TRUST])[DATA_TRUST.name].records()
    seen = coverage(warehouse, SEGMENTS)
    return row | {"table_scanned": f"{seen.scanned} of {seen.segments}", "oldest_scan": seen.oldest}
