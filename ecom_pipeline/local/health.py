"""The local AWS's part of `ecom doctor` and `ecom status`: ports, processes, consumer lag.

client/local_extra.py finds these functions by the entry points of pyproject.toml.
"""

from datetime import UTC, datetime
from typing import Any

from ecom_pipeline.health.finding import Check
from ecom_pipeline.local import deploy, processes, stack
from ecom_pipeline.local.poller import progress
from ecom_pipeline.local.poller.aws import after_sequence, since
from ecom_pipeline.settings import Settings, variable
from ecom_pipeline.warehouse import connect


def ports(settings: Settings) -> list[Check]:
    """Check the ports of the local AWS: free, used by its own service, or by another program."""
    named = {"aws": "endpoint_url", "redshift": "redshift_port"}
    pids = stack.status(settings)
    services = [each for each in stack.services(settings) if each.port is not None]
    return [
        _port(each.name, each.port or 0, variable(named[each.name]), pids[each.name])
        for each in services
    ]


def running(settings: Settings) -> dict[str, bool]:
    """Return for each service whether it is running."""
    return {name: pid is not None for name, pid in stack.status(settings).items()}


def _port(service: str, port: int, name: str, pid: int | None) -> Check:
    check = f"port {port}"
    if pid is not None:
        return Check(check, "ok", f"{service} of the local AWS, pid {pid}")
    if not processes.answers(port):
        return Check(check, "ok", f"free, for {service}")
    other = f"stop it, or set {name} to another port"
    return Check(check, "missing", f"used by another program; {service} needs it", other)


def lag(settings: Settings, name: str) -> float:
    """Return the age of the oldest record after the poller's checkpoints, in seconds."""
    kinesis = connect.client(settings, "kinesis")
    found = deploy.outputs(settings)["StreamName"]
    reached = progress.reached(settings.home, (f"{deploy.STACK}-{name}", found))
    shards = kinesis.list_shards(StreamName=found)["Shards"]
    oldest = (_next_record(kinesis, found, each["ShardId"], reached) for each in shards)
    ages = [(datetime.now(UTC) - at).total_seconds() for at in oldest if at is not None]
    return round(max(ages, default=0.0), 1)


def _next_record(
    kinesis: Any, name: str, shard: str, reached: dict[str, int | None]
) -> datetime | None:
    sequence = reached.get(shard)
    start = since(None) if sequence is None else after_sequence(str(sequence))
    answer = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, **start)
    records = kinesis.get_records(ShardIterator=answer["ShardIterator"], Limit=1)["Records"]
    return records[0]["ApproximateArrivalTimestamp"] if records else None
