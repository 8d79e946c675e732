"""New stores on servers that tests share: their content belongs to one test.

Belongs here: how buckets, queue, table, stream and warehouse are made as infra/ makes them. Does
not belong here: starting the servers (conftest.py).
"""

import itertools
import subprocess
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ecom_pipeline.local.redshift.backend import CLIENT, SUPERUSER
from ecom_pipeline.local.redshift.postgres import Postgres, bundled_binaries
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import connect, migrations

_NUMBERS = itertools.count(1)
_EMPTY = "ecom_empty"  # a migrated warehouse without rows, the template of the others
_SHARDS = 2


@dataclass(frozen=True)
class Servers:
    """An emulator with infra/ deployed, and how to get stores like the deployed ones on it."""

    deployed: Settings

    def stores(self) -> Settings:
        """Make buckets, a queue and a table; name a catalog and a warehouse that are not there."""
        name = f"ecom-{next(_NUMBERS)}"
        made = replace(
            self.deployed,
            raw_bucket=f"{name}-raw",
            csv_bucket=f"{name}-csv",
            raw_queue=name,
            failed_queue=f"{name}-failed",
            table=name,
            glue_database=name.replace("-", "_"),
            redshift_database=name.replace("-", "_"),
        )
        self._make_buckets(made)
        self._client("dynamodb").create_table(TableName=name, **self._table)
        return made

    def stream(self) -> str:
        """Make a stream and return its name."""
        name = f"ecom-{next(_NUMBERS)}"
        self._client("kinesis").create_stream(StreamName=name, ShardCount=_SHARDS)
        return name

    def warehouse(self, name: str) -> None:
        """Make a warehouse with all tables and no rows."""
        _ = self._empty_warehouse
        self._postgres(f"create database {name} template {_EMPTY} owner {CLIENT}")

    def bare_warehouse(self, name: str) -> None:
        """Make a warehouse in which no migration ran."""
        self._postgres(f"create database {name} owner {CLIENT}")

    def drop_warehouse(self, name: str) -> None:
        """Remove a warehouse, whoever is still connected."""
        self._postgres(f"drop database {name} with (force)")

    def _make_buckets(self, made: Settings) -> None:
        s3 = self._client("s3")
        for bucket in (made.raw_bucket, made.csv_bucket):
            where = {"LocationConstraint": made.region}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
            s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": self._versioning}
            )
        arns = {
            self.deployed.raw_queue: self._make_queue(made.raw_queue, self._queue_attributes),
            str(self.deployed.failed_queue): self._make_queue(str(made.failed_queue), {}),
        }
        told = [
            each | {"QueueArn": arns[each["QueueArn"].rpartition(":")[2]]}
            for each in self._notifications
        ]
        s3.put_bucket_notification_configuration(
            Bucket=made.raw_bucket, NotificationConfiguration={"QueueConfigurations": told}
        )

    def _make_queue(self, name: str, attributes: dict[str, str]) -> str:
        """Make a queue and return its ARN."""
        sqs = self._client("sqs")
        queue = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    @cached_property
    def _clients(self) -> dict[str, Any]:
        return {}

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = connect.client(self.deployed, service)
        return self._clients[service]

    @cached_property
    def _versioning(self) -> str:
        return self._client("s3").get_bucket_versioning(Bucket=self.deployed.raw_bucket)["Status"]

    @cached_property
    def _notifications(self) -> list[dict[str, Any]]:
        found = self._client("s3").get_bucket_notification_configuration(
            Bucket=self.deployed.raw_bucket
        )
        return found["QueueConfigurations"]

    @cached_property
    def _queue_attributes(self) -> dict[str, str]:
        sqs = self._client("sqs")
        url = sqs.get_queue_url(QueueName=self.deployed.raw_queue)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return found["Attributes"]

    @cached_property
    def _table(self) -> dict[str, Any]:
        """What create_table is told, from what describe_table says of the deployed one."""
        found = self._client("dynamodb").describe_table(TableName=self.deployed.table)["Table"]
        asked = ("IndexName", "KeySchema", "Projection")
        return {
            "KeySchema": found["KeySchema"],
            "AttributeDefinitions": found["AttributeDefinitions"],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {name: index[name] for name in asked} for index in found["GlobalSecondaryIndexes"]
            ],
        }

    @cached_property
    def _empty_warehouse(self) -> str:
        self.bare_warehouse(_EMPTY)
        migrations.migrate(connect.warehouse(replace(self.deployed, redshift_database=_EMPTY)))
        return _EMPTY

    def _postgres(self, sql: str) -> None:
        """Run a statement beside the proxy: Redshift's CREATE DATABASE knows no template."""
        command = [bundled_binaries() / "psql", "-h", self._socket_folder, "-U", SUPERUSER]
        command += ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", sql]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    @cached_property
    def _socket_folder(self) -> str:
        postgres = Postgres(self.deployed.home.resolve() / "redshift", bundled_binaries())
        return (postgres.data / "postmaster.pid").read_text().splitlines()[4]
