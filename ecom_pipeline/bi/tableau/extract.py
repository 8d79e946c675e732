"""The marts as a .hyper file, and a packaged workbook with it, usable without Redshift.

Texts are not escaped: a .hyper file is typed, so a text that begins with `=` is not a formula in
it, unlike in a CSV that a spreadsheet opens.
"""

import re
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from ecom_pipeline.bi.marts import Table, base_type
from ecom_pipeline.bi.tableau.source import hyper_file
from ecom_pipeline.bi.tableau.workbook import NAME, workbook
from ecom_pipeline.domain.columns import Column
from ecom_pipeline.domain.currency import Currency
from ecom_pipeline.domain.errors import EcomError

_IN_PACKAGE = f"Data/{NAME}.hyper"
# the version that has decimals of more than 18 digits; Tableau reads it since 2022.4.1
_PARAMETERS = {"log_config": "", "default_database_version": "3"}


class ExtractError(EcomError):
    """The extract cannot be written; the message has the remedy."""


def write(tables: Iterable[Table], currency: Currency, folder: Path) -> list[Path]:
    """Write the extract and the packaged workbook into a folder, each atomically.

    Return their paths.

    Raises:
        ExtractError: Tableau's Hyper API is not installed.
    """
    api = _hyper_api()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        extract = Path(unfinished) / f"{NAME}.hyper"
        _write_hyper(api, tables, extract)
        packed = Path(unfinished) / f"{NAME}.twbx"
        with ZipFile(packed, "w", ZIP_DEFLATED) as package:
            package.writestr(f"{NAME}.twb", workbook(hyper_file(_IN_PACKAGE), currency))
            package.write(extract, _IN_PACKAGE)
        return [each.replace(folder / each.name) for each in (extract, packed)]


def _hyper_api() -> Any:
    """Return Tableau's library; Any, since it is an optional dependency."""
    try:
        return import_module("tableauhyperapi")
    except ImportError as error:
        raise ExtractError(
            "an extract needs Tableau's Hyper API: pip install 'ecom-pipeline[tableau]'"
            " (in a checkout: uv sync --extra tableau)"
        ) from error


def _write_hyper(api: Any, tables: Iterable[Table], path: Path) -> None:
    private = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(private, user_agent="ecom_pipeline", parameters=_PARAMETERS) as process,
        api.Connection(process.endpoint, path, api.CreateMode.CREATE_AND_REPLACE) as connection,
    ):
        for table in tables:
            connection.catalog.create_schema_if_not_exists(table.mart.schema)
            definition = _definition(api, table)
            connection.catalog.create_table(definition)
            with api.Inserter(connection, definition) as inserter:
                inserter.add_rows(table.rows)
                inserter.execute()


def _definition(api: Any, table: Table) -> Any:
    columns = [
        api.TableDefinition.Column(column.name, _type(api, column), api.NULLABLE)
        for column in table.mart.columns
    ]
    return api.TableDefinition(api.TableName(table.mart.schema, table.mart.name), columns)


def _type(api: Any, column: Column) -> Any:
    sizes = [int(size) for size in re.findall(r"\d+", column.redshift)]
    types = {
        "bigint": api.SqlType.big_int,
        "decimal": lambda: api.SqlType.numeric(*sizes),
        "varchar": api.SqlType.text,
        "date": api.SqlType.date,
        "timestamp": api.SqlType.timestamp,
    }
    return types[base_type(column)]()
