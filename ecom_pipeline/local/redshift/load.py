"""Execute a COPY: objects from S3, in the client's own transaction, into its table.

Belongs here: the order of steps, and what is recorded about a load. Does not belong here: COPY's
grammar (dialect/copying.py), S3 (s3_source.py), CSV (records.py).
"""

import asyncio
import itertools
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecom_pipeline.lake.prefetch import prefetched
from ecom_pipeline.local.redshift import records, s3_source
from ecom_pipeline.local.redshift.backend import Backend
from ecom_pipeline.local.redshift.dialect.lexer import literal, quote
from ecom_pipeline.local.redshift.dialect.statement import Copy
from ecom_pipeline.local.redshift.errors import BackendError, LoadError, load_reason
from ecom_pipeline.local.redshift.records import Column
from ecom_pipeline.local.redshift.s3_source import S3Object

_PLACE = re.compile(r"line (\d+)(?:, column (\w+))?")
_SHORT = re.compile(r'missing data for column "(.+)"')
_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod), attidentity, attrelid FROM pg_attribute
    WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
_READERS, _OPEN = 2, 4  # objects read at once, and prefetched: S3 is slow
_INSERT = "INSERT INTO redshift.{} VALUES ({})"
_BAD_RECORD = ("22", "23")  # SQLSTATE classes: data exception, constraint violation

T = TypeVar("T")
OpenBackend = Callable[[], Awaitable[Backend]]


@dataclass(slots=True)
class Load:
    """One COPY; `record_on` opens a second connection, which a rollback does not affect."""

    copy: Copy
    backend: Backend
    s3: Any
    record_on: OpenBackend
    session_id: int
    columns: list[Column] = field(default_factory=list)
    query_id: int = 0
    table_id: int = 0
    files: int = 0

    async def run(self) -> int:
        """Load all objects or none, and return the number of rows.

        Raises:
            BackendError: PostgreSQL failed.
            LoadError: an object can't be read or does not fit the table.
        """
        await self._prepare()
        alone = self.backend.status == b"I"
        if alone:
            await self.backend.run("BEGIN")
        try:
            rows = await self._objects()
            await self._tell_session(rows)
        except Exception as error:
            if alone:
                await self.backend.run("ROLLBACK")
            await self._record("aborted", 0, str(error))
            raise
        if alone:
            await self.backend.run("COMMIT")
        await self._record("completed", rows, "")
        return rows

    async def _prepare(self) -> None:
        answer = await self.backend.run(_COLUMNS.format(literal(self.copy.table)))
        types = {str(row[0]): str(row[1]) for row in answer.rows}
        wanted = self.copy.columns or [str(row[0]) for row in answer.rows if not row[2]]
        if unknown := [name for name in wanted if name not in types]:
            table = self.copy.table_name
            raise LoadError(f'column "{unknown[0]}" of relation "{table}" does not exist')
        self.columns = [Column(name, types[name]) for name in wanted]
        self.table_id = int(str(answer.rows[0][3]))
        answer = await self.backend.run("SELECT nextval('redshift.query_id')")
        self.query_id = int(str(answer.rows[0][0]))

    async def _objects(self) -> int:
        rows = 0
        items = await asyncio.to_thread(s3_source.objects_of, self.s3, self.copy)
        pool = ThreadPoolExecutor(_READERS)
        try:
            async with aclosing(_in_thread(prefetched(pool, self._opened, items, _OPEN))) as opened:
                async for item, feed in opened:
                    if feed is not None:
                        rows += await self._object(item, feed)
                        self.files += 1
        finally:  # after an error, do not block other sessions until S3 has responded
            pool.shutdown(wait=False, cancel_futures=True)
        if not self.files:
            raise LoadError(f"none of the objects in {self.copy.source} exist")
        return rows

    def _opened(self, item: S3Object) -> tuple[S3Object, Iterator[bytes] | None]:
        """Open an object and read its first records, for most objects all of them."""
        chunks = s3_source.chunks(self.s3, item, gzip=self.copy.gzip)
        if chunks is None:
            return item, None
        feed = records.records(self.copy, self.columns, chunks)
        return item, itertools.chain([next(feed, b"")], feed)

    async def _object(self, item: S3Object, feed: Iterator[bytes]) -> int:
        names = ", ".join(quote(column.name) for column in self.columns)
        options = records.copy_options(self.copy, self.columns)
        sql = f"COPY {self.copy.table} ({names}) FROM STDIN ({options})"
        try:
            answer = await self.backend.run(sql, _in_thread(feed))
        except BackendError as error:
            if not error.sqlstate.startswith(_BAD_RECORD):
                raise
            await self._record_error(item, error)
            table = self.copy.table_name
            check = "Check 'sys_load_error_detail' system table for details."
            raise LoadError(f"Load into table '{table}' failed.  {check}") from None
        return int(answer.tag.split()[-1])

    async def _tell_session(self, rows: int) -> None:
        await self.backend.run(
            f"SELECT set_config('redshift.last_copy_count', '{rows}', false),"
            f" set_config('redshift.last_copy_id', '{self.query_id}', false)"
        )

    async def _record_error(self, item: S3Object, error: BackendError) -> None:
        found = _PLACE.search(error.fields.get("W", ""))
        line = int(found[1]) + self.copy.ignore_header if found else 0
        name = (found and found[2]) or _column_at_fault(error)
        type_ = next((column.type for column in self.columns if column.name == name), "")
        code, reason = load_reason(error, type_)
        values = [self.query_id, self.table_id, self.session_id, "now() AT TIME ZONE 'UTC'"]
        values += [literal(item.url), line, literal(name), literal(type_), code, literal(reason)]
        await self._insert("load_errors", values)

    async def _record(self, status: str, rows: int, message: str) -> None:
        values = [self.query_id, literal(self.copy.table.replace('"', ""))]
        values += [literal(self.copy.source), literal(status), rows, self.files, "NULL"]
        values += ["now() AT TIME ZONE 'UTC'"] * 2 + [literal(message)]
        await self._insert("loads", values)

    async def _insert(self, table: str, values: list[Any]) -> None:
        """Insert into a system table, outside the client's transaction."""
        backend = await self.record_on()
        try:
            await backend.run(_INSERT.format(table, ", ".join(map(str, values))))
        finally:
            backend.close()


def _column_at_fault(error: BackendError) -> str:
    """Return the column of a violated constraint or a short record, whose context has none."""
    if found := _SHORT.match(str(error)):
        return found[1]
    return error.fields.get("c") or error.fields.get("n", "").removeprefix("bytes of ")


async def _in_thread(items: Iterator[T]) -> AsyncGenerator[T, None]:
    """Yield items; the next one is produced in a thread while the current one is used."""
    following = asyncio.create_task(asyncio.to_thread(next, items, None))
    try:
        while (item := await following) is not None:
            following = asyncio.create_task(asyncio.to_thread(next, items, None))
            yield item
    finally:
        following.cancel()
