"""Calls of the query handler with API Gateway's events, as a customer or as staff."""

import json
from typing import Any

from ecom_pipeline.realtime import query


def claims(customer: object = None, *, staff=False, **changes: object) -> dict[str, object]:
    """Return the claims of an identity token as API Gateway passes them on."""
    found: dict[str, object] = {"token_use": "id", "sub": "5b1c"} | changes
    if customer is not None:
        found["custom:customer_id"] = customer
    if staff:
        found["cognito:groups"] = "desk,staff"
    return found


def request(resource, verified, path=None, headers=None, **parameters) -> dict[str, Any]:
    return {
        "resource": resource,
        "pathParameters": path,
        "queryStringParameters": parameters or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in parameters.items()} or None,
        "headers": headers,
        "requestContext": {"authorizer": {"claims": verified}},
    }


def ask(
    resource, verified, path=None, headers=None, **parameters
) -> tuple[int, Any, dict[str, str]]:
    """Return the status, the body and the headers of an answer."""
    answer = query.handler(request(resource, verified, path, headers, **parameters))
    body = json.loads(answer["body"]) if answer["body"] else None
    return answer["statusCode"], body, answer["headers"]


def pages(resource, verified, path=None, **parameters) -> list[Any]:
    """Return all pages of a list."""
    found, token = [], {}
    while True:
        status, page, _ = ask(resource, verified, path, **parameters, **token)
        assert status == 200, page
        found.append(page)
        if page["next"] is None:
            return found
        token = {"page": page["next"]}
