"""The grammar of COPY.

Belongs here: parsing a COPY and refusing each option that is not supported. Does not belong here:
executing it (load.py).
"""

import re
from typing import Any

from ecom_pipeline.local.redshift.dialect.lexer import Cursor
from ecom_pipeline.local.redshift.dialect.statement import Copy, RefusedError

_ROLE = re.compile(r"default|arn:aws[\w-]*:iam::\d{12}:role/\S+")
_KEYS = {"CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "AUTHORIZATION"}


def copy(cursor: Cursor) -> Copy:
    """Parse a COPY.

    Raises:
        RefusedError: it is not one of CSV from S3 with a role.
    """
    cursor.need("COPY")
    table = cursor.name()
    columns = cursor.names() if cursor.peek() == "(" else ()
    cursor.need("FROM")
    source = cursor.next()
    if source.kind != "string" or not source.value.startswith("s3://"):
        raise RefusedError("COPY loads from 's3://bucket/key' only")
    options = _options(cursor)
    if not options.pop("role", False):
        raise RefusedError("COPY needs IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or default")
    if not options.pop("csv", False):
        raise RefusedError("the local Redshift loads only CSV: use FORMAT AS CSV")
    return Copy(table=table, columns=columns, source=source.value, **options)


def _options(cursor: Cursor) -> dict[str, Any]:
    options: dict[str, Any] = {}
    while cursor.rest:
        word = cursor.next().word
        if word in _KEYS:
            raise RefusedError(
                f"COPY with {word} is refused: keys do not belong in SQL, use IAM_ROLE"
            )
        if word not in _OPTIONS:
            raise RefusedError(f"COPY option {word} is not supported by the local Redshift")
        options |= _OPTIONS[word](cursor)
    return options


def _role(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    if not _ROLE.fullmatch(cursor.next().value):
        raise RefusedError("IAM_ROLE must be default or a role's ARN")
    return {"role": True}


def _format(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    if not cursor.take("CSV"):
        raise RefusedError(f"COPY FORMAT {cursor.peek()} is not supported: only CSV is")
    return {"csv": True}


def _ignore_header(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    return {"ignore_header": cursor.integer()}


def _null_as(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    return {"null_as": cursor.next().value}


def _region(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    return {"region": cursor.next().value}


def _time_format(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    if cursor.next().value != "auto":
        raise RefusedError("TIMEFORMAT and DATEFORMAT are 'auto' in the local Redshift")
    return {}


def _max_error(cursor: Cursor) -> dict[str, Any]:
    cursor.take("AS")
    if cursor.next().value != "0":
        raise RefusedError("MAXERROR is 0 in the local Redshift: a load is atomic")
    return {}


def _switch(cursor: Cursor) -> dict[str, Any]:
    if not cursor.take_any("ON", "OFF", "TRUE", "FALSE", "PRESET"):
        raise cursor.unexpected("expected ON or OFF")
    return {}


_OPTIONS = {
    "IAM_ROLE": _role,
    "FORMAT": _format,
    "CSV": lambda _cursor: {"csv": True},
    "GZIP": lambda _cursor: {"gzip": True},
    "MANIFEST": lambda _cursor: {"manifest": True},
    "EMPTYASNULL": lambda _cursor: {"empty_as_null": True},
    "IGNOREHEADER": _ignore_header,
    "NULL": _null_as,
    "REGION": _region,
    "TIMEFORMAT": _time_format,
    "DATEFORMAT": _time_format,
    "MAXERROR": _max_error,
    "COMPUPDATE": _switch,
    "STATUPDATE": _switch,
}
