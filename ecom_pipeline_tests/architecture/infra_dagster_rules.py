"""The rules for resources of infra/dagster/, beside those that hold everywhere.

As in infra_rules.py, a rule is a kind, a property and its allowed values; a duty involves others.
"""

import re
from dataclasses import MISSING, fields

from bench.infra import Resources, of_kind
from ecom_pipeline.orchestration import alarms
from ecom_pipeline.settings import Settings, variable
from ecom_pipeline_tests.architecture.infra_policies import (
    ROLE,
    Duty,
    Spoil,
    allowed,
    documents,
    listed,
)
from ecom_pipeline_tests.architecture.infra_rules import (
    Rule,
    be,
    be_at_least,
    be_given,
    be_within,
)

TASK = "AWS::ECS::TaskDefinition"
SERVICE = "AWS::ECS::Service"
GROUP = "AWS::EC2::SecurityGroup"
DATABASE = "AWS::RDS::DBInstance"
WORKGROUP = "AWS::RedshiftServerless::Workgroup"
NAMESPACE = "AWS::RedshiftServerless::Namespace"
SPARK = "AWS::EMRServerless::Application"
RIGHTS = "AWS::IAM::RolePolicy"

RULES: tuple[Rule, ...] = (
    (DATABASE, "StorageEncrypted", be(True)),
    (DATABASE, "PubliclyAccessible", be(False)),
    (DATABASE, "DeletionProtection", be(True)),
    (DATABASE, "BackupRetentionPeriod", be_at_least(7)),
    (DATABASE, "AutoMinorVersionUpgrade", be(True)),
    (DATABASE, "VPCSecurityGroups.0.Ref", be("DatabaseGroup")),
    (DATABASE, "@DeletionPolicy", be("Snapshot")),
    (DATABASE, "@UpdateReplacePolicy", be("Snapshot")),
    ("AWS::RDS::DBParameterGroup", "Parameters", be({"rds.force_ssl": "1"})),
    (WORKGROUP, "PubliclyAccessible", be(False)),
    (WORKGROUP, "EnhancedVpcRouting", be(True)),
    (
        WORKGROUP,
        "ConfigParameters",
        be([{"ParameterKey": "require_ssl", "ParameterValue": "true"}]),
    ),
    (WORKGROUP, "SecurityGroupIds.0.Ref", be("WarehouseGroup")),
    (NAMESPACE, "ManageAdminPassword", be(True)),
    (NAMESPACE, "@DeletionPolicy", be("Retain")),
    (NAMESPACE, "LogExports", be(["connectionlog", "useractivitylog", "userlog"])),
    (SERVICE, "DesiredCount", be(1)),
    (SERVICE, "DeploymentConfiguration.MaximumPercent", be(100)),
    (SERVICE, "DeploymentConfiguration.DeploymentCircuitBreaker.Rollback", be(True)),
    (SERVICE, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", be("DISABLED")),
    (SERVICE, "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups.0.Ref", be("ServiceGroup")),
    (TASK, "NetworkMode", be("awsvpc")),
    (TASK, "RuntimePlatform.CpuArchitecture", be("ARM64")),
    (TASK, "ContainerDefinitions.0.Image.Ref", be("Image")),
    (TASK, "ContainerDefinitions.0.LogConfiguration.Options.awslogs-group.Ref", be("Log")),
    ("AWS::ECS::Cluster", "ClusterSettings.0.Value", be("enabled")),
    (GROUP, "GroupDescription", be_given()),
    (SPARK, "Architecture", be("ARM64")),
    (SPARK, "AutoStopConfiguration.Enabled", be(True)),
    (SPARK, "AutoStopConfiguration.IdleTimeoutMinutes", be_within(1, 15)),
    (SPARK, "MaximumCapacity.Cpu", be_given()),
    (SPARK, "MaximumCapacity.Memory", be_given()),
    (SPARK, "MonitoringConfiguration.CloudWatchLoggingConfiguration.Enabled", be(True)),
    (
        SPARK,
        "MonitoringConfiguration.CloudWatchLoggingConfiguration.LogGroupName.Ref",
        be("SparkLog"),
    ),
)

SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|USER")
VARIABLES = {variable(field.name) for field in fields(Settings)}
REQUIRED = {variable(field.name) for field in fields(Settings) if field.default is MISSING}
WIDE = {"ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "ec2:DescribeNetworkInterfaces"}
"""Actions without resource-level permissions in IAM (Service Authorization Reference)."""
METRIC = "cloudwatch:PutMetricData"  # without them too; a condition names the namespace


def _container(resources: Resources, name: str) -> dict[str, list[dict[str, str]]]:
    return resources[name]["Properties"]["ContainerDefinitions"][0]


def _environment(resources: Resources, name: str) -> dict[str, object]:
    return {each["Name"]: each["Value"] for each in _container(resources, name)["Environment"]}


def _tells_no_secret(resources: Resources, name: str) -> bool:
    return not any(
        SECRET.search(variable_name) or "{{resolve:" in str(value)
        for variable_name, value in _environment(resources, name).items()
    )


def _secrets_are_references(resources: Resources, name: str) -> bool:
    return {each["Name"] for each in _container(resources, name)["Secrets"]} == {
        "DAGSTER_POSTGRES_USER",
        "DAGSTER_POSTGRES_PASSWORD",
    } and all("Fn::Sub" in each["ValueFrom"] for each in _container(resources, name)["Secrets"])


def _loads_its_settings(resources: Resources, name: str) -> bool:
    """What loads the definitions is told every setting without a default; nobody else is."""
    given = {each for each in _environment(resources, name) if each in REQUIRED}
    role = resources[name]["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0]
    return given == (REQUIRED if role == "PipelineRole" else set())


def _is_understood(resources: Resources, name: str) -> bool:
    """Each variable that is for the pipeline's settings is one of them."""
    given = {each for each in _environment(resources, name) if each.startswith("ECOM_")}
    return {each for each in given if not each.startswith("ECOM_DAGSTER_")} <= VARIABLES


def _own_role(resources: Resources, name: str) -> bool:
    """A role is of one task; what runs the pipeline's code, in whichever task, has the same."""
    used: dict[str, list[str]] = {}
    for task, each in of_kind(resources, TASK).items():
        used.setdefault(each["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0], []).append(task)
    mine = used[resources[name]["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0]]
    return mine in ([name], ["RunTask", "CodeTask"])


def _only_insiders(resources: Resources, name: str) -> bool:
    """Nobody comes in but from a security group, and only by one port."""
    ways = resources[name]["Properties"].get("SecurityGroupIngress", ())
    return all(
        "SourceSecurityGroupId" in way and way["FromPort"] == way["ToPort"] for way in ways
    ) and not any("CidrIp" in way for way in ways)


def _watched(resources: Resources, name: str) -> bool:
    found = of_kind(resources, "AWS::CloudWatch::Alarm").values()
    return any(f"'{name}'" in str(alarm["Properties"]["Dimensions"]) for alarm in found)


def _narrow(resources: Resources, name: str) -> bool:
    """A * stands only for actions that have no resource, and for Session Manager's channels."""
    return all(
        set(listed(each["Action"])) <= WIDE
        or (
            each["Action"] == [METRIC]
            and each.get("Condition")
            == {"StringEquals": {"cloudwatch:namespace": alarms.NAMESPACE}}
        )
        or all(action.startswith("ssmmessages:") for action in listed(each["Action"]))
        for each in allowed(resources[name])
        if each["Resource"] == "*"
    ) and not any("*" in action for each in allowed(resources[name]) for action in each["Action"])


def _passes_to_one_service(resources: Resources, name: str) -> bool:
    return all(
        "iam:PassedToService" in str(each.get("Condition"))
        for each in allowed(resources[name])
        if "iam:PassRole" in each["Action"]
    )


def _trust(resources: Resources, name: str) -> dict[str, object]:
    (statement,) = resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    return statement


def _taken_on_for_this_account(resources: Resources, name: str) -> bool:
    statement = _trust(resources, name)
    return "Service" in str(statement["Principal"]) and "aws:SourceAccount" in str(
        statement.get("Condition")
    )


def _add_variable(variable_name: str) -> Spoil:
    return lambda resources, name: _container(resources, name)["Environment"].append(
        {"Name": variable_name, "Value": "x"}
    )


def _toggle(variable_name: str) -> Spoil:
    """Take a variable away from a task that has it, and give it to one that has not."""

    def spoil(resources: Resources, name: str) -> None:
        given = _container(resources, name)["Environment"]
        kept = [each for each in given if each["Name"] != variable_name]
        added = {"Name": variable_name, "Value": "x"}
        given[:] = kept if len(kept) < len(given) else [*given, added]

    return spoil


def _drop(field: str, index: int) -> Spoil:
    return lambda resources, name: _container(resources, name)[field].pop(index)


def _share_role(resources: Resources, name: str) -> None:
    for each in of_kind(resources, TASK).values():
        each["Properties"]["TaskRoleArn"] = resources[name]["Properties"]["TaskRoleArn"]


def _let_in(**way: object) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        ways = resources[name]["Properties"].setdefault("SecurityGroupIngress", [])
        ways.append({"FromPort": 1, "ToPort": 1} | way)

    return spoil


def _allow(action: str) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        documents(resources[name])[0]["Statement"].append(
            {"Effect": "Allow", "Action": [action], "Resource": "*"}
        )

    return spoil


def _blind(resources: Resources, name: str) -> None:
    for alarm, found in of_kind(resources, "AWS::CloudWatch::Alarm").items():
        if f"'{name}'" in str(found):
            del resources[alarm]


DUTIES: tuple[Duty, ...] = (
    Duty("its environment has no secret", TASK, _tells_no_secret,
         (_add_variable("DB_PASSWORD"), _add_variable("API_KEY"))),
    Duty("its secrets are references", TASK, _secrets_are_references, (_drop("Secrets", 0),)),
    Duty("it has its settings, if it needs them", TASK, _loads_its_settings,
         (_toggle("ECOM_TABLE"),)),
    Duty("its variables are settings", TASK, _is_understood, (_add_variable("ECOM_NO_SUCH"),)),
    Duty("its role is its own", TASK, _own_role, (_share_role,)),
    Duty("only insiders reach it", GROUP, _only_insiders,
         (_let_in(CidrIp="0.0.0.0/0"), _let_in(SourceSecurityGroupId="x", ToPort=9))),
    Duty("an alarm watches it", SERVICE, _watched, (_blind,)),
    Duty("an alarm watches it", DATABASE, _watched, (_blind,)),
    Duty("an alarm watches it", WORKGROUP, _watched, (_blind,)),
    *(Duty("it allows nothing by pattern", kind, _narrow,
           (_allow("s3:GetObject"), _allow("ecs:*"), _allow(METRIC)))
      for kind in (ROLE, RIGHTS)),
    *(Duty("it passes a role to one service", kind, _passes_to_one_service,
           (_allow("iam:PassRole"),)) for kind in (ROLE, RIGHTS)),
    Duty("a service takes it on for this account", ROLE, _taken_on_for_this_account,
         (lambda resources, name: _trust(resources, name).pop("Condition"),
          lambda resources, name: _trust(resources, name).update(Principal={"AWS": "*"}))),
)  # fmt: skip
