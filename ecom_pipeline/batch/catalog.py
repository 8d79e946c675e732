# pyright: basic
# boto3 carries no types; its Glue client is handed in as Any.
"""The Glue Data Catalog: a database, the CSV table and its day partitions, from the column list.

No crawler: it would take InvoiceNo for a bigint on 3 of the data set's 305 days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ecom_pipeline.domain import keys
from ecom_pipeline.domain.columns import COLUMNS, PARTITION, Column

CSV_TABLE = "csv_invoice_lines"

_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_OPENCSV_TYPES = {"string", "int"}  # OpenCSVSerde reads dates and decimals as text only
_PARTITIONS_A_CALL = 100


@dataclass(frozen=True, slots=True)
class Catalog:
    """One Glue database over the CSV bucket."""

    glue: Any
    database: str
    csv_bucket: str

    def sync(self, days: Sequence[date]) -> None:
        """Bring database, table and the partitions of these days to what the columns say."""
        self._ensure_database()
        self._ensure_table()
        for start in range(0, len(days), _PARTITIONS_A_CALL):
            self._ensure_partitions(days[start : start + _PARTITIONS_A_CALL])

    def _ensure_database(self) -> None:
        try:
            self.glue.create_database(DatabaseInput={"Name": self.database})
        except self.glue.exceptions.AlreadyExistsException:
            return

    def _ensure_table(self) -> None:
        wanted = table_input(self.csv_bucket)
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=wanted)
        except self.glue.exceptions.AlreadyExistsException:
            self.glue.update_table(DatabaseName=self.database, TableInput=wanted)

    def _ensure_partitions(self, days: Iterable[date]) -> None:
        wanted = [partition_input(self.csv_bucket, day) for day in days]
        answer = self.glue.batch_create_partition(
            DatabaseName=self.database, TableName=CSV_TABLE, PartitionInputList=wanted
        )
        for error in answer.get("Errors", []):
            if error["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException":
                raise CatalogError(f"{error['PartitionValues']}: {error['ErrorDetail']}")


class CatalogError(RuntimeError):
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


def partition_input(bucket: str, day: date) -> dict[str, Any]:
    """Return a day as Glue's PartitionInput."""
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


def _column(column: Column, kind: str) -> dict[str, str]:
    return {"Name": column.name, "Type": kind, "Comment": column.comment}
