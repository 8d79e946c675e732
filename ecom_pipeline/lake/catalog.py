# pyright: basic
# boto3 has no types; its Glue client is passed in as Any.
"""The Glue Data Catalog: database, tables and day partitions, derived from the column list.

No crawler: it would infer bigint for InvoiceNo on 3 of the data set's 305 days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, PARTITION, Column
from ecom_pipeline.domain.envelope import Rejected
from ecom_pipeline.domain.errors import EcomError

CSV_TABLE = "csv_invoice_lines"
FACT_TABLE = "fact_invoice_lines"
QUARANTINE_TABLE = "quarantine"

_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_OPENCSV_TYPES = {"string", "int"}  # OpenCSVSerde reads dates and decimals as text only
_PARTITIONS_A_CALL = 100
_REJECTED = {
    "status": "rejected, always",
    "received_at": "When the API received it, ISO 8601",
    "reason": "not_json, invalid, too_large, id_conflict or unreadable",
    "record": "Position of the record in its request, stream or object",
    "field": "The field at fault",
    "expected": "The expected value of that field",
    "got": "The received value, truncated",
    "original": "The original, if it is text",
    "original_base64": "The original, base64-encoded, if it is not text",
}


@dataclass(frozen=True, slots=True)
class Catalog:
    """One Glue database: tables over the CSV and quarantine, and the fact table's schema."""

    glue: Any
    database: str
    csv_bucket: str
    raw_bucket: str

    def sync(self, days: Sequence[date]) -> None:
        """Create or update the database, the tables and the partitions of these days.

        Raises:
            CatalogError: Glue refused a partition.
        """
        self._ensure_database()
        for wanted in self._tables():
            self._ensure_table(wanted)
        for start in range(0, len(days), _PARTITIONS_A_CALL):
            self._ensure_partitions(days[start : start + _PARTITIONS_A_CALL])

    def expected(self) -> dict[str, dict[str, str]]:
        """Return each table's expected columns: table -> column -> Glue type."""
        return {wanted["Name"]: _types(wanted) for wanted in self._tables()}

    def columns(self, table: str) -> dict[str, str]:
        """Return a table's columns in Glue, as column -> type; empty when it does not exist."""
        found = self._table(table)
        return {} if found is None else _types(found)

    def _tables(self) -> list[dict[str, Any]]:
        return [
            table_input(self.csv_bucket),
            fact_table_input(),
            quarantine_table_input(self.raw_bucket),
        ]

    def _table(self, name: str) -> dict[str, Any] | None:
        try:
            return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None

    def _ensure_database(self) -> None:
        try:
            self.glue.create_database(DatabaseInput={"Name": self.database})
        except self.glue.exceptions.AlreadyExistsException:
            return

    def _ensure_table(self, wanted: dict[str, Any]) -> None:
        """Create or update a table; an unchanged one is skipped, as each update adds a version."""
        found = self._table(wanted["Name"])
        if found is None:
            self.glue.create_table(DatabaseName=self.database, TableInput=wanted)
        elif _essence(found) != _essence(wanted):
            self.glue.update_table(DatabaseName=self.database, TableInput=wanted)

    def _ensure_partitions(self, days: Iterable[date]) -> None:
        wanted = [partition_input(self.csv_bucket, day) for day in days]
        answer = self.glue.batch_create_partition(
            DatabaseName=self.database, TableName=CSV_TABLE, PartitionInputList=wanted
        )
        for error in answer.get("Errors", []):
            if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                raise CatalogError(f"{error['PartitionValues']}: {error['ErrorDetail']}")


class CatalogError(EcomError):
    """Glue refused a partition."""


def table_input(bucket: str) -> dict[str, Any]:
    """Return the CSV table as Glue's TableInput."""
    return {
        "Name": CSV_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [_column(PARTITION, PARTITION.glue)],
        "Parameters": {"classification": "csv", "skip.header.line.count": "1", "EXTERNAL": "TRUE"},
        "StorageDescriptor": _storage(f"s3://{bucket}/{keys.CSV}"),
    }


def fact_table_input() -> dict[str, Any]:
    """Return the fact table's schema as Glue's TableInput, for people and their tools."""
    columns = [_column(each, each.glue) for each in (*COLUMNS, PARTITION)]
    return {
        "Name": FACT_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "Description": "Schema only; the data are in Redshift, in sales.fact_invoice_lines",
        "PartitionKeys": [],
        "Parameters": {"classification": "redshift", "typeOfData": "table"},
        "StorageDescriptor": {"Columns": columns, "Location": "dev.sales.fact_invoice_lines"},
    }


def quarantine_table_input(bucket: str) -> dict[str, Any]:
    """Return quarantine as Glue's TableInput; partition projection, so no partition is added.

    The range begins at 1970-01-01, the partition of records without a readable arrival
    (flatten.py). Restrict queries to days.
    """
    names = ("status", *(field.name for field in msgspec.structs.fields(Rejected)))
    location = f"s3://{bucket}/{keys.QUARANTINE}"
    return {
        "Name": QUARANTINE_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "Description": "Rejected records: position, failed rule and original bytes",
        "PartitionKeys": [{"Name": "received_date", "Type": "date", "Comment": "Day of arrival"}],
        "Parameters": {
            "classification": "json",
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "projection.received_date.type": "date",
            "projection.received_date.format": "yyyy-MM-dd",
            "projection.received_date.range": "1970-01-01,NOW",
            "storage.location.template": f"{location}received_date=${{received_date}}/",
        },
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": "string", "Comment": _REJECTED[n]} for n in names],
            "Location": location,
            "InputFormat": _INPUT,
            "OutputFormat": _OUTPUT,
            "Compressed": True,
            "SerdeInfo": {"SerializationLibrary": _JSON_SERDE, "Parameters": {}},
        },
    }


def partition_input(bucket: str, day: date) -> dict[str, Any]:
    """Return a day's partition as Glue's PartitionInput."""
    return {
        "Values": [day.isoformat()],
        "StorageDescriptor": _storage(f"s3://{bucket}/{keys.csv_prefix(day)}"),
    }


def _storage(location: str) -> dict[str, Any]:
    columns = [_column(c, c.glue if c.glue in _OPENCSV_TYPES else "string") for c in COLUMNS]
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": _INPUT,
        "OutputFormat": _OUTPUT,
        "Compressed": True,
        "SerdeInfo": {
            "SerializationLibrary": _SERDE,
            "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\x00"},
        },
    }


def _types(table: dict[str, Any]) -> dict[str, str]:
    every = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    return {column["Name"]: column["Type"] for column in every}


def _essence(table: dict[str, Any]) -> tuple[object, ...]:
    """Return the properties to compare a table by: columns, comments, location and format."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo", {}).get("Parameters")
    every = [*storage["Columns"], *table.get("PartitionKeys", [])]
    texts = [(each["Name"], each["Type"], each.get("Comment")) for each in every]
    return texts, storage.get("Location"), serde, table.get("Parameters")


def _column(column: Column, kind: str) -> dict[str, str]:
    return {"Name": column.name, "Type": kind, "Comment": column.comment}
