"""The GET routes of infra/openapi.yaml: permissions, parameters, dispatch.

Customers' routes (/me) take the customer id from the verified token alone, so a request contains
no id to tamper with; staff routes have it in the path. The reads are in query_invoice.py and
query_customer.py.
"""

import re
from typing import Any

from ecom_pipeline.domain.event import CUSTOMER_ID_PATTERN, EVENT_ID_PATTERN
from ecom_pipeline.realtime import responses
from ecom_pipeline.realtime.caller import Caller, ForbiddenError, caller_of
from ecom_pipeline.realtime.invoices import BusyError
from ecom_pipeline.realtime.metrics import Invocation
from ecom_pipeline.realtime.page_token import Listing, PageTokenError, verify
from ecom_pipeline.realtime.query_customer import Page, invoices, items
from ecom_pipeline.realtime.query_invoice import invoice
from ecom_pipeline.realtime.responses import (
    BadRequestError,
    NotFoundError,
    NotYetError,
    Response,
)

LONGEST_PAGE = 100

_LIMIT = re.compile(r"[1-9]\d{0,2}", re.ASCII)


def handler(request: dict[str, Any], context: object = None) -> Response:
    """Route a request and return API Gateway's proxy response."""
    run = Invocation("query", context)
    is_preflight = request.get("httpMethod") == "OPTIONS"
    answer = responses.preflight() if is_preflight else _answer(request)
    report = {"route": request["resource"], "status": answer["statusCode"]}
    run.report("answered", {"Answers": 1}, **report)
    return answer


def _answer(request: dict[str, Any]) -> Response:
    try:
        return responses.ok(_read(request), _header(request, "if-none-match"))
    except ForbiddenError as error:
        return responses.error(403, str(error))
    except BadRequestError as error:
        return responses.error(400, str(error))
    except NotFoundError as error:
        return responses.error(404, str(error))
    except NotYetError:
        return responses.not_yet()
    except BusyError:
        return responses.busy()


def _read(request: dict[str, Any]) -> object:
    route = request["resource"]
    path: dict[str, str] = request.get("pathParameters") or {}
    caller = caller_of(request)
    match route:
        case "/me/invoices":
            return invoices(_page(request, caller.as_customer()))
        case "/me/items":
            return items(_page(request, caller.as_customer()))
        case "/me/invoices/{no}":
            reader = caller.as_customer()
            return invoice(path["no"], reader=reader, receipt=_receipt(request))
        case "/invoices/{no}":
            caller.require_staff()
            return invoice(path["no"], reader=None, receipt=_receipt(request))
        case "/customers/{id}/invoices":
            return invoices(_page(request, _named(caller, path["id"])))
        case "/customers/{id}/items":
            return items(_page(request, _named(caller, path["id"])))
        case _:
            raise NotFoundError("no such route")


def _named(caller: Caller, customer: str) -> str:
    """Return the customer id of a staff route's path."""
    caller.require_staff()
    if not CUSTOMER_ID_PATTERN.fullmatch(customer):
        raise NotFoundError("no such customer")
    return customer


def _page(request: dict[str, Any], customer: str) -> Page:
    given = _parameters(request, {"limit", "page"})
    limit = given.get("limit", str(LONGEST_PAGE))
    if not _LIMIT.fullmatch(limit) or int(limit) > LONGEST_PAGE:
        raise BadRequestError(f"limit: expected 1 to {LONGEST_PAGE}")
    listing = Listing(request["resource"], customer)
    token = given.get("page")
    try:
        after = None if token is None else verify(listing, token)
    except PageTokenError as error:
        raise BadRequestError("page: expected the `next` of this list's page before") from error
    return Page(listing=listing, limit=int(limit), after=after)


def _receipt(request: dict[str, Any]) -> str | None:
    event_id = _parameters(request, {"after"}).get("after")
    if event_id is not None and not EVENT_ID_PATTERN.fullmatch(event_id):
        raise BadRequestError("after: expected an event_id that POST /events answered")
    return event_id


def _parameters(request: dict[str, Any], known: set[str]) -> dict[str, str]:
    """Return the query's parameters; an unknown or repeated one is an error, not ignored."""
    given: dict[str, str] = request.get("queryStringParameters") or {}
    repeated: dict[str, list[str]] = request.get("multiValueQueryStringParameters") or {}
    if not given.keys() | repeated.keys() <= known:
        raise BadRequestError(f"parameters: expected only {', '.join(sorted(known))}")
    if any(len(values) > 1 for values in repeated.values()):
        raise BadRequestError("parameters: expected each once")
    return given


def _header(request: dict[str, Any], name: str) -> str | None:
    headers: dict[str, str] = request.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), None)
