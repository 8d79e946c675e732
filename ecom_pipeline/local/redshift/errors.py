"""PostgreSQL's errors with Redshift's codes and texts.

Belongs here: error fields in, error fields out, and the reasons of a failed load. Does not belong
here: sending them.
"""

import re

from ecom_pipeline.local.redshift.wire import Fields, fields_body, fields_of

_BYTES = re.compile(r'"bytes of ([^"]+)"')
_CONFLICT = "could not complete because of conflict with concurrent transaction"
_CYCLE = "Serializable isolation violation on table - 0, transactions forming the cycle are: "


class BackendError(Exception):
    """An ErrorResponse of PostgreSQL."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.fields: Fields = fields_of(body)
        self.sqlstate = self.fields.get("C", "")
        super().__init__(self.fields.get("M", ""))


class LoadError(Exception):
    """A COPY that failed, with Redshift's message."""

    sqlstate = "XX000"


class InternalError(Exception):
    """An unexpected exception in the proxy; the log has its traceback."""

    sqlstate = "XX000"

    def __init__(self, error: Exception) -> None:
        what = f"{type(error).__name__}: {error}"
        super().__init__(f"internal error of the local Redshift ({what}); please report it")


def as_redshift(body: bytes) -> bytes:
    """Return an ErrorResponse's body as Redshift sends it."""
    fields = fields_of(body)
    code, reason = fields.get("C", ""), fields.get("M", "")
    if code == "40001":
        return fields_body(fields | _conflict(reason))
    if code == "23514" and (found := _BYTES.search(reason)):
        return fields_body(_without_values(fields) | _too_long(found[1]))
    return fields_body(_without_values(fields)) if code.startswith("23") else body


def _conflict(reason: str) -> Fields:
    if "concurrent" in reason:
        return {"C": "XX000", "M": _CONFLICT}
    return {"C": "XX000", "M": "1023", "D": _CYCLE + reason}


def _too_long(column: str) -> Fields:
    detail = f"column {column}: Redshift counts bytes, not characters"
    return {"C": "22001", "M": "value too long for type character varying", "D": detail}


def _without_values(fields: Fields) -> Fields:
    """Remove the detail: PostgreSQL shows the whole row in it; Redshift does not."""
    return {key: value for key, value in fields.items() if key != "D"}


# Codes as in Redshift's "Load error reference".
_REASONS: dict[str, tuple[int, str]] = {
    "22001": (1204, "String length exceeds DDL length"),
    "23514": (1204, "String length exceeds DDL length"),
    "22003": (1204, "Value out of range for the column's type"),
    "23502": (1213, "Missing data for not-null field"),
    "22021": (1220, "String contains invalid or unsupported UTF8 codepoints"),
    "57014": (1200, "The statement was cancelled"),
}
_BY_TYPE: dict[str, tuple[int, str]] = {
    "integer": (1207, "Invalid digit, Type: Integer"),
    "smallint": (1207, "Invalid digit, Type: Short"),
    "bigint": (1207, "Invalid digit, Type: Long"),
    "date": (1205, "Invalid Date Format"),
    "timestamp": (1206, "Invalid timestamp format"),
    "double": (1208, "Invalid float"),
    "numeric": (1209, "Invalid decimal"),
    "boolean": (1210, "Invalid boolean"),
}


def load_reason(error: BackendError, column_type: str) -> tuple[int, str]:
    """Return Redshift's code and reason for a bad record; never the value itself."""
    if error.sqlstate in _REASONS:
        return _REASONS[error.sqlstate]
    reason = str(error)
    if reason.startswith("missing data"):
        return 1201, "Delimiter not found: the record has too few columns"
    if reason.startswith("extra data"):
        return 1202, "Extra column(s) found"
    return _BY_TYPE.get(re.split(r"\W", column_type)[0], (1214, "Invalid record in CSV"))
