"""infra/ deployed: every resource exists, a change is an update, and stages don't collide."""

import json

import pytest

from bench import infra
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy
from ecom_pipeline_tests.conftest import emulated

# Not supported by the emulator: its CloudFormation refuses both.
AWS_ONLY = {"RejectedRate": "an alarm on metric math", "WebAclOfApi": "a web ACL's association"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """Yield an emulator that only this file's tests use: they deploy to it."""
    with emulated(tmp_path_factory) as configured:
        yield configured


@pytest.fixture(scope="module", autouse=True)
def first(emulator):
    """Return the states of the local stage's resources right after they were created."""
    return states(emulator, deploy.STACK)


def deployable(aws):
    """Return the template with the code that the local stage has."""
    (code,) = (
        each["Key"]
        for each in client(aws, "s3").list_objects_v2(Bucket=f"{deploy.STACK}-artifacts")[
            "Contents"
        ]
        if each["Key"].endswith(".zip")
    )
    place = f"s3://{deploy.STACK}-artifacts/{code}"
    template = deploy.expand(deploy.INFRA / "template.yaml", place, aws.region)
    for name in AWS_ONLY:
        del template["Resources"][name]
    return template


def apply(aws, name, template, parameters):
    """Create or update a stack, and return the state of each of its resources."""
    bucket = f"{deploy.STACK}-artifacts"
    client(aws, "s3").put_object(Bucket=bucket, Key="tried.json", Body=json.dumps(template))
    cloudformation = client(aws, "cloudformation")
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    there = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    put, done = (
        (cloudformation.update_stack, "stack_update_complete")
        if name in there
        else (cloudformation.create_stack, "stack_create_complete")
    )
    put(
        StackName=name,
        TemplateURL=f"{aws.endpoint_url}/{bucket}/tried.json",
        Parameters=given,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.get_waiter(done).wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return states(aws, name)


def states(aws, name):
    found = client(aws, "cloudformation").describe_stack_resources(StackName=name)
    return {each["LogicalResourceId"]: each["ResourceStatus"] for each in found["StackResources"]}


def test_every_resource_of_the_local_stage_is_created(first):
    assert first.keys() == infra.resources_of("local").keys()
    assert set(first.values()) == {"CREATE_COMPLETE"}


def test_the_other_stages_are_created_beside_it(emulator):
    """In one account, where each name can be used once."""
    for stage in ("staging", "production"):
        found = apply(
            emulator, f"{deploy.STACK}-{stage}", deployable(emulator), infra.parameters_of(stage)
        )
        assert found.keys() == infra.resources_of(stage).keys() - AWS_ONLY.keys()
        assert set(found.values()) == {"CREATE_COMPLETE"}


def test_deployed_again_nothing_changes_and_a_change_replaces_nothing_with_data_in_it(
    emulator, first
):
    assert deploy.deploy(emulator) == deploy.outputs(emulator)
    assert states(emulator, deploy.STACK) == first
    kept = ("ApiId", "UserPoolId", "RawBucket", "TableName", "PageTokenSecretArn", "ProducerKeyId")
    before = deploy.outputs(emulator)
    template = deployable(emulator)
    template["Resources"]["QueryFunction"]["Properties"]["MemorySize"] = 256
    template["Resources"]["EventStream"]["Properties"]["RetentionPeriodHours"] = 192
    found = apply(emulator, deploy.STACK, template, deploy.parameters(emulator))
    assert all(state.endswith("_COMPLETE") for state in found.values())
    after = deploy.outputs(emulator)
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    query = client(emulator, "lambda").get_function_configuration(FunctionName="ecom-query")
    assert query["MemorySize"] == 256
    assert (
        query["Environment"]["Variables"]["PAGE_TOKEN_SECRET_ARN"] == before["PageTokenSecretArn"]
    )


def test_the_seal_secret_is_made_by_aws_and_long(emulator):
    arn = deploy.outputs(emulator)["PageTokenSecretArn"]
    secret = client(emulator, "secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert len(secret) == 64
