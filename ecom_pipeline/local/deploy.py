"""Deploy infra/ with CloudFormation: expand SAM offline, upload the zip, run a change set.

The template is the one that is deployed to AWS; only the endpoint differs.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from ecom_pipeline import packaging
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local.files import folder
from ecom_pipeline.local.processes import LocalError
from ecom_pipeline.settings import Settings

STACK = "ecom"
INFRA = folder("infra")
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_WAIT_SECONDS = 120
_ARTIFACTS = f"{STACK}-artifacts"


def deploy(settings: Settings) -> dict[str, str]:
    """Create or update the stack from infra/ and return its outputs; no change is no error."""
    code = _upload(settings, packaging.build_here(settings.home / "lambda.zip").read_bytes(), "zip")
    template = expand(INFRA / "template.yaml", f"s3://{_ARTIFACTS}/{code}", settings.region)
    key = _upload(settings, json.dumps(template).encode(), "json")
    given = parameters(settings)
    url = f"{settings.endpoint_url}/{_ARTIFACTS}/{key}"
    _apply(client(settings, "cloudformation"), url, given)
    _disable_mappings(client(settings, "lambda"))
    found = outputs(settings)
    _gateway_responses(client(settings, "apigateway"), template, found, given)
    return found


def parameters(settings: Settings) -> dict[str, str]:
    """Return the parameters of the local stage: with the page's origin, zone and currency."""
    stage = json.loads((INFRA / "parameters" / "local.json").read_text())
    return stage | {
        "PageOrigin": settings.page_origin,
        "TimeZone": str(settings.time_zone),
        "Currency": str(settings.currency),
    }


def outputs(settings: Settings) -> dict[str, str]:
    """Return the outputs of the deployed stack."""
    stack = client(settings, "cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def expand(path: Path, code: str, region: str) -> dict[str, Any]:
    """Return the plain CloudFormation of a SAM template, with its functions' code at `code`."""
    os.environ.setdefault("AWS_DEFAULT_REGION", region)  # samtranslator has no other source
    from samtranslator.translator.transform import transform  # noqa: PLC0415 - 1.9 s to import
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415

    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns about its own metrics
    document = _include(yaml_parse(path.read_text()), path.parent)
    document["Globals"]["Function"]["CodeUri"] = code
    return transform(document, {}, _NoManagedPolicies())  # pyright: ignore[reportArgumentType]


class _NoManagedPolicies:
    """Stub of the translator's loader of managed policies; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


def _include(node: Any, folder: Path) -> Any:
    """Resolve each AWS::Include to the content of its file, as CloudFormation does."""
    if isinstance(node, list):
        return [_include(each, folder) for each in node]
    if not isinstance(node, dict):
        return node
    asked = node.get("Fn::Transform")
    if isinstance(asked, dict) and asked.get("Name") == "AWS::Include":
        return yaml.safe_load((folder / asked["Parameters"]["Location"]).read_text())
    return {key: _include(value, folder) for key, value in node.items()}


def _upload(settings: Settings, content: bytes, kind: str) -> str:
    """Upload a file under its SHA-256, so that changed content gives a new key; return the key."""
    key = f"{sha256(content).hexdigest()}.{kind}"
    s3 = client(settings, "s3")
    if _ARTIFACTS not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        place = {"LocationConstraint": settings.region}
        s3.create_bucket(Bucket=_ARTIFACTS, CreateBucketConfiguration=place)
    s3.put_object(Bucket=_ARTIFACTS, Key=key, Body=content)
    return key


def _apply(cloudformation: Any, template_url: str, parameters: Mapping[str, str]) -> None:
    kind = "UPDATE" if _exists(cloudformation) else "CREATE"
    name = f"change-{time.time_ns()}"
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateURL=template_url,  # TemplateBody is limited to 51,200 bytes
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=_CAPABILITIES,
    )
    change = _settled(
        lambda: cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name), "Status"
    )
    if change["Status"] == "FAILED":
        if "contain changes" in change.get("StatusReason", ""):
            return
        raise LocalError(f"infra/template.yaml was rejected: {change.get('StatusReason')}")
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
    stack = _settled(
        lambda: cloudformation.describe_stacks(StackName=STACK)["Stacks"][0], "StackStatus"
    )
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise LocalError(
            f"deploying infra/ ended with {stack['StackStatus']}: {_why(cloudformation)}"
        )


def _exists(cloudformation: Any) -> bool:
    try:
        stacks = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError:
        return False
    return stacks[0]["StackStatus"] not in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}


def _settled(describe: Any, field: str) -> dict[str, Any]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        found = describe()
        if not found[field].endswith(("IN_PROGRESS", "PENDING")):
            return found
        if time.monotonic() > deadline:
            raise LocalError(f"CloudFormation is still {found[field]} after {_WAIT_SECONDS} s")
        time.sleep(0.1)


def _why(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    return "; ".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)


def _disable_mappings(functions: Any) -> None:
    """Disable the emulator's event source mappings: they drop failed records; poller/ does not."""
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def _gateway_responses(
    gateway: Any, template: Mapping[str, Any], found: Mapping[str, str], given: Mapping[str, str]
) -> None:
    """Set the gateway responses' headers of infra/openapi.yaml, which the emulator ignores."""
    described = template["Resources"]["Api"]["Properties"]["Body"]
    api, changed = found["ApiId"], False
    for kind, response in described["x-amazon-apigateway-gateway-responses"].items():
        headers = {
            name: value["Fn::Sub"].replace("${PageOrigin}", given["PageOrigin"])
            for name, value in response["responseParameters"].items()
        }
        held = gateway.get_gateway_response(restApiId=api, responseType=kind)
        if held.get("responseParameters") != headers:
            gateway.put_gateway_response(
                restApiId=api, responseType=kind, responseParameters=headers
            )
            changed = True
    if changed:
        gateway.create_deployment(restApiId=api, stageName=given["Stage"])
