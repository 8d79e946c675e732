"""The templates of infra/ as deployed in one environment: expanded, with its parameters.

The rules for the resources are in ecom_pipeline_tests/architecture/infra_rules.py.
"""

import json
from functools import cache
from typing import Any

from ecom_pipeline.local import deploy

STAGES = ("local", "staging", "production")
REGION = "eu-west-2"
DAGSTER = deploy.INFRA / "dagster"
SPARK = deploy.INFRA / "spark"
NOTHING = {"Ref": "AWS::NoValue"}

Resources = dict[str, Any]


def expanded() -> dict[str, Any]:
    """Return the plain CloudFormation template, as a copy."""
    return json.loads(_expanded())


def parameters_of(stage: str) -> dict[str, str]:
    """Return the parameters of a stage's real-time stack."""
    return json.loads((deploy.INFRA / "parameters" / f"{stage}.json").read_text())


def resources_of(stage: str) -> Resources:
    """Return a copy of a stage's resources, with parameters resolved and conditions evaluated."""
    return json.loads(_resources_of(stage))


def dagster_template() -> dict[str, Any]:
    """Return infra/dagster/template.yaml as plain data, as a copy."""
    return json.loads(_dagster_template())


def dagster_parameters(stage: str) -> dict[str, str]:
    """Return the parameters of a stage's batch stack."""
    return json.loads((DAGSTER / "parameters" / f"{stage}.json").read_text())


def dagster_resources(stage: str, **changed: str) -> Resources:
    """Return a copy of the resources of a stage's batch stack, with some parameters changed."""
    return json.loads(_dagster_resources(stage, tuple(changed.items())))


def of_kind(resources: Resources, kind: str) -> dict[str, Resources]:
    """Return the resources of a type, by logical id."""
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def handlers() -> list[str]:
    """Return the modules whose `handler` is a Lambda function's."""
    functions = of_kind(resources_of("local"), "AWS::Lambda::Function").values()
    return sorted(each["Properties"]["Handler"].removesuffix(".handler") for each in functions)


def refers_to(value: Any, name: str) -> bool:
    """Return whether a value is a reference to a resource."""
    return value in ({"Ref": name}, {"Fn::GetAtt": [name, "Arn"]})


# Text, because json.loads copies it several times faster than copy.deepcopy copies the data.
@cache
def _expanded() -> str:
    return json.dumps(deploy.expand(deploy.INFRA / "template.yaml", "s3://code/key.zip", REGION))


@cache
def _resources_of(stage: str) -> str:
    return json.dumps(_resources(expanded(), parameters_of(stage)))


@cache
def _dagster_template() -> str:
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - as in deploy

    return json.dumps(yaml_parse((DAGSTER / "template.yaml").read_text()))


@cache
def _dagster_resources(stage: str, changed: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(_resources(dagster_template(), dagster_parameters(stage) | dict(changed)))


def _resources(template: dict[str, Any], given: dict[str, str]) -> Resources:
    defaults = {k: p["Default"] for k, p in template["Parameters"].items() if "Default" in p}
    parameters = defaults | given
    holds = {
        name: _truth(condition, parameters)
        for name, condition in template.get("Conditions", {}).items()
    }
    return {
        name: _resolved(resource, parameters, holds)
        for name, resource in template["Resources"].items()
        if holds.get(resource.get("Condition"), True)
    }


def _truth(condition: Any, parameters: dict[str, str]) -> bool:
    ((operator, operands),) = condition.items()
    if operator == "Fn::Not":
        return not _truth(operands[0], parameters)
    if operator != "Fn::Equals":
        raise NotImplementedError(f"a condition with {operator}")
    left, right = (str(_resolved(each, parameters, {})) for each in operands)
    return left == right


def _resolved(node: Any, parameters: dict[str, str], holds: dict[str, bool]) -> Any:
    if isinstance(node, list):
        found = [_resolved(each, parameters, holds) for each in node]
        return [each for each in found if each != NOTHING]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"} and node["Ref"] in parameters:
        return parameters[node["Ref"]]
    if set(node) == {"Fn::If"}:
        name, yes, no = node["Fn::If"]
        return _resolved(yes if holds[name] else no, parameters, holds)
    found = {key: _resolved(value, parameters, holds) for key, value in node.items()}
    return {key: value for key, value in found.items() if value != NOTHING}
