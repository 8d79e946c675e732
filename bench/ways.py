"""Send the same events our way and the original's; return the billed usage of each component."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from bench import deployed
from bench.metered import Metric, chunks, delivered, metered
from bench.original import deploy as original
from bench.original import functions as original_functions
from ecom_pipeline.cost.units import Units, summed
from ecom_pipeline.cost.usage import INGEST_API, NOTHING, Usage, Way
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy
from ecom_pipeline.local.drill import functions
from ecom_pipeline.realtime import archive, ingest, store
from ecom_pipeline.settings import Settings

Event = Mapping[str, Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_CONSUMERS = {"store": store.handler, "archive": archive.handler}


def ours(
    settings: Settings, events: Sequence[Event], *, request: int, store_batch: int | None = None
) -> tuple[Way, set[Metric]]:
    """Send events, `request` of them at once; deliver full batches, or `store_batch` to the table.

    Return also the metrics that are extracted from the logs.
    """
    sizes = {name: _batch_size(settings, f"{deploy.STACK}-{name}") for name in _CONSUMERS}
    sizes["store"] = store_batch or sizes["store"]
    parts: dict[str, Usage] = dict.fromkeys((INGEST_API, "stream", *sizes), NOTHING)
    a_request = {"api_requests": 1, "waf_requests": 1, "log_gb": deployed.access_log_gb()}
    with metered(settings) as (_, lambdas):
        for batch in chunks(events, request):
            body = {"headers": {}, "body": _ENCODER.encode(batch).decode()}
            used = lambdas.call(f"{deploy.STACK}-ingest", ingest.handler, body)
            parts[INGEST_API] += _without_stream(used, a_request)
            parts["stream"] += _stream_of(used)
        for shard in delivered(settings, functions.STREAM):
            for name, handler in _CONSUMERS.items():
                for batch in chunks(shard, sizes[name]):
                    event = {"Records": batch}
                    parts[name] += lambdas.call(f"{deploy.STACK}-{name}", handler, event)
    parts["stream"] = _on_demand(parts["stream"], consumers=len(_CONSUMERS))
    parts["archive"] += _notified(parts["archive"])
    way = Way(events=len(events), request=request, deliveries=sizes, parts=parts)
    return way, lambdas.metrics


def originals(settings: Settings, events: Sequence[Event]) -> Way:
    """Send events one by one, and deliver full batches to the original's only consumer."""
    original.deploy(settings)
    ingest_name, consume_name = original.FUNCTIONS
    size = _batch_size(settings, consume_name)
    parts: dict[str, Usage] = dict.fromkeys((INGEST_API, "stream", "consumer"), NOTHING)
    with metered(settings) as (_, lambdas):
        for event in events:
            body = {"body": _ENCODER.encode(event).decode()}
            used = lambdas.call(ingest_name, original_functions.ingest, body)
            parts[INGEST_API] += _without_stream(used, {"api_requests": 1})
            parts["stream"] += _stream_of(used)
        for shard in delivered(settings, original_functions.STREAM):
            for batch in chunks(shard, size):
                event = {"Records": batch}
                parts["consumer"] += lambdas.call(consume_name, original_functions.consume, event)
    parts["stream"].units.pop("kinesis_gb_in")  # its stream has a shard, billed by the hour
    return Way(events=len(events), request=1, deliveries={"consumer": size}, parts=parts)


def _batch_size(settings: Settings, function: str) -> int:
    lambdas = client(settings, "lambda")
    (mapping,) = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    return int(mapping["BatchSize"])


def _stream_of(used: Usage) -> Usage:
    """Return Kinesis's billed usage of an invocation."""
    return Usage(
        calls={name: n for name, n in used.calls.items() if name.startswith("kinesis")},
        units={name: n for name, n in used.units.items() if name.startswith("kinesis")},
    )


def _without_stream(used: Usage, more: Mapping[str, int | Decimal]) -> Usage:
    """Return an invocation's usage without Kinesis; `more` is that of the API before it."""
    units = {name: n for name, n in used.units.items() if not name.startswith("kinesis")}
    calls = {name: n for name, n in used.calls.items() if not name.startswith("kinesis")}
    return Usage(calls=calls, units=summed([units, {k: Decimal(n) for k, n in more.items()}]))


def _on_demand(stream: Usage, *, consumers: int) -> Usage:
    """Return an on-demand stream's usage: each consumer reads all; a day's retention is free."""
    taken = stream.units["kinesis_gb_in"]
    units: Units = {
        "kinesis_gb_in": taken,
        "kinesis_gb_out": consumers * taken,
        "kinesis_gb_months": taken * deployed.extra_retention_months(),
    }
    return Usage(calls=stream.calls, units=units)


def _notified(archive_: Usage) -> Usage:
    """Return the S3 event notifications of new objects, each deleted with nine others."""
    objects = archive_.units["s3_puts"]
    return Usage(calls={}, units={"sqs_requests": objects + objects / 10})
