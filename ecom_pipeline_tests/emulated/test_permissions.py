"""Each function's role allows the calls of its code, on their resources, and no others.

The handlers run in this process with the environment and the resources of infra/; botocore reports
their calls, and the template their roles' policies. That AWS evaluates the policies as this module
does is not tested: it supports exact actions, and * at the end.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any, NamedTuple

import boto3
import pytest
import yaml

import ecom_pipeline
from ecom_pipeline.lake.connect import client as connect
from ecom_pipeline.local import deploy
from ecom_pipeline.settings import ACCOUNT_LOCAL, LOCAL, Settings
from ecom_pipeline_tests.builders import kinesis_event, on, payload, request, stream_of

PLACE = f"{LOCAL.region}:{ACCOUNT_LOCAL}"
FUNCTIONS = ("archive", "ingest", "query", "store")

# Called by Lambda on the function's behalf, not by its code: logging, reading the stream for the
# event source mapping, sending to its on-failure destination.
LAMBDAS_OWN = ("logs:", "kinesis:Describe", "kinesis:Get", "kinesis:List", "s3:ListBucket")
FAILED_BATCHES = "/aws/lambda/*"


class Call(NamedTuple):
    """An IAM action on a resource."""

    action: str
    resource: str


HANDLERS = {name: import_module(f"ecom_pipeline.realtime.{name}").handler for name in FUNCTIONS}

Heard = tuple[Callable[[dict[str, Any]], dict[str, Any]], set[Call]]


class Deployed(NamedTuple):
    """A function as it is deployed."""

    variables: dict[str, str]
    allowed: frozenset[Call]  # resources as patterns


def deployed(aws: Settings, name: str) -> Deployed:
    function = connect(aws, "lambda").get_function_configuration(
        FunctionName=f"{deploy.STACK}-{name}"
    )
    iam, role = connect(aws, "iam"), function["Role"].rsplit("/", 1)[1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=each)["PolicyDocument"] for each in policies
    ]
    return Deployed(
        function["Environment"]["Variables"],
        frozenset(
            Call(action, resource)
            for document in documents
            for statement in document["Statement"]
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        ),
    )


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _kinesis(asked: dict[str, Any]) -> Iterator[str]:
    yield f"arn:aws:kinesis:{PLACE}:stream/{asked['StreamName']}"


def _table(asked: dict[str, Any]) -> Iterator[str]:
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    yield f"arn:aws:dynamodb:{PLACE}:table/{asked['TableName']}{index}"


def _tables(asked: dict[str, Any]) -> Iterator[str]:
    yield from (f"arn:aws:dynamodb:{PLACE}:table/{name}" for name in asked["RequestItems"])


def _inserted(asked: dict[str, Any]) -> Iterator[str]:
    for each in asked["Statements"]:
        (name,) = re.findall(r'^INSERT INTO "([^"]+)"', each["Statement"])
        yield f"arn:aws:dynamodb:{PLACE}:table/{name}"


def _object(asked: dict[str, Any]) -> Iterator[str]:
    yield f"arn:aws:s3:::{asked['Bucket']}/{asked['Key']}"


def _secret(asked: dict[str, Any]) -> Iterator[str]:
    yield asked["SecretId"]


# The IAM actions of each operation; an unlisted operation is an error.
NEEDS = {
    ("dynamodb", "BatchExecuteStatement"): ("dynamodb:PartiQLInsert", _inserted),
    ("dynamodb", "BatchGetItem"): ("dynamodb:BatchGetItem", _tables),
    ("dynamodb", "GetItem"): ("dynamodb:GetItem", _table),
    ("dynamodb", "Query"): ("dynamodb:Query", _table),
    ("kinesis", "PutRecords"): ("kinesis:PutRecords", _kinesis),
    ("s3", "PutObject"): ("s3:PutObject", _object),
    ("secretsmanager", "GetSecretValue"): ("secretsmanager:GetSecretValue", _secret),
}


@contextmanager
def listening(name: str, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """Yield a function's handler, in its own environment, and the set that its calls go into."""
    for other in FUNCTIONS:
        for variable in deployed(aws, other).variables:
            monkeypatch.delenv(variable, raising=False)
    for variable, value in deployed(aws, name).variables.items():
        monkeypatch.setenv(variable, value)
    made: set[Call] = set()

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        action, resources = NEEDS[model.service_model.service_name, model.name]
        made.update(Call(action, each) for each in resources(params))

    _forget_the_functions(monkeypatch)
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", note)
    yield import_module(f"ecom_pipeline.realtime.{name}").handler, made
    boto3.setup_default_session()


def _forget_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start cold until the test ends: what a warm function keeps, it does not call for."""
    for module in [each for each in sys.modules if each.startswith("ecom_pipeline.realtime")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(ecom_pipeline, "realtime")


def ingest(handler, day, invoice):
    handler(request([on(day, InvoiceNo=invoice), payload(Quantity="six")]))
    for body in ("not json", "[]"):
        handler(request(body))


def store(handler, day, invoice):
    one = on(day, InvoiceNo=invoice, event_id=f"{invoice}-1")
    for batch in (stream_of(one), stream_of(one, first=9), stream_of(one | {"Quantity": 9})):
        handler(batch)
    handler(kinesis_event([b"poison"]))


def archive(handler, day, invoice):
    handler(stream_of(on(day, InvoiceNo=invoice)))
    handler(kinesis_event([b"poison"], first=int(invoice)))


def query(handler, day, invoice):
    """Ask every GET route of the API as a customer of the staff, with pages and made-up values."""
    described = yaml.safe_load((deploy.INFRA / "openapi.yaml").read_text())
    for path, item in described["paths"].items():
        asked = [p["name"] for p in item.get("get", {}).get("parameters", ()) if p["in"] == "query"]
        for no in (f"{invoice}000", "1"):
            parameters = {"no": no, "id": invoice}
            page = _get(handler, path, parameters)
            values = ("x", f"{invoice}000", json.loads(page["body"] or "{}").get("next"))
            for name in asked:
                for value in filter(None, values):
                    _get(handler, path, parameters, **{name: value})


def _get(handler, path, parameters, **query_string):
    claims = {"sub": "s", "token_use": "id", "cognito:groups": "staff"}
    claims["custom:customer_id"] = parameters["id"]
    return handler(
        {
            "httpMethod": "GET",
            "resource": path,
            "path": path.format(**parameters),
            "headers": {},
            "pathParameters": {n: v for n, v in parameters.items() if f"{{{n}}}" in path},
            "queryStringParameters": query_string or None,
            "requestContext": {"authorizer": {"claims": claims}},
        }
    )


def fill_the_table(day, invoice):
    numbers = [f"{invoice}{n:03d}" for n in range(120)]
    events = [on(day, InvoiceNo=n, event_id=n, CustomerID=invoice) for n in numbers]
    HANDLERS["store"](stream_of(*events))


@pytest.fixture
def aws(emulator):
    """Return the stores of infra/ itself: those that the roles name."""
    return emulator


SCENES = {"ingest": ingest, "store": store, "archive": archive, "query": query}


def matches(call: Call, permission: Call) -> bool:
    return call.action == permission.action and fnmatchcase(call.resource, permission.resource)


def denied(made: set[Call], may: frozenset[Call]) -> set[Call]:
    return {call for call in made if not any(matches(call, each) for each in may)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_allows_what_the_function_calls_and_nothing_else(
    functions, monkeypatch, day, invoice, name
):
    fill_the_table(day, invoice)
    with listening(name, functions, monkeypatch) as (handler, made):
        SCENES[name](handler, day, invoice)
    may = deployed(functions, name).allowed
    assert made
    assert denied(made, may) == set()
    codes = {
        each
        for each in may
        if not each.action.startswith(LAMBDAS_OWN) and not each.resource.endswith(FAILED_BATCHES)
    }
    assert {each for each in codes if not any(matches(call, each) for call in made)} == set()


def test_another_functions_role_would_be_seen_to_deny(functions, monkeypatch, day, invoice):
    with listening("archive", functions, monkeypatch) as (handler, made):
        archive(handler, day, invoice)
    refused = denied(made, deployed(functions, "store").allowed)
    assert {call.resource.split("/")[1] for call in refused} == {"raw"}
    assert denied(made, deployed(functions, "ingest").allowed) == made


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_a_function_that_is_mapped_to_the_stream_reads_it(aws, name):
    mapped = connect(aws, "lambda").list_event_source_mappings(
        FunctionName=f"{deploy.STACK}-{name}"
    )["EventSourceMappings"]
    actions = {each.action for each in deployed(aws, name).allowed}
    reads = {"kinesis:GetRecords", "s3:ListBucket"} <= actions
    assert reads == bool(mapped)
    assert reads or not any(each.startswith(("kinesis:Get", "s3:List")) for each in actions)
