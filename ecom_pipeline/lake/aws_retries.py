# pyright: basic
# botocore has no types.
"""A log of the retries that botocore makes by itself: it asks after each response if one is due."""

from typing import Any

from ecom_pipeline import stages

ATTEMPTS = 6
_TOO_MANY, _SERVER_ERROR = 429, 500
_LIMITS = ("Throttl", "LimitExceeded", "SlowDown")


def log(
    operation: Any, attempts: int, response: Any, caught_exception: Any = None, **_: object
) -> None:
    """Log a failed attempt after which botocore tries again; a handler of `needs-retry`.

    The error's code only: a message of AWS can quote what was sent.
    """
    why = _reason(response, caught_exception)
    if why and attempts < ATTEMPTS:
        call = f"{operation.service_model.service_id} {operation.name}"
        stages.retry(call, attempts, ATTEMPTS, why)


def _reason(response: Any, caught: Any) -> str | None:
    """Return the error's code or kind if a retry may succeed."""
    if caught is not None:
        return type(caught).__name__
    status = response[0].status_code
    code = str(response[1].get("Error", {}).get("Code", ""))
    is_again = status == _TOO_MANY or status >= _SERVER_ERROR
    if is_again or any(text in code for text in _LIMITS):
        return f"{status} {code}" if code not in {"", str(status)} else str(status)
    return None
