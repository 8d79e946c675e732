"""The rules for each resource of infra/, as data: its kind, the property, its allowed values.

Rules with more than one property (policies, roles, routes, alarms) are in infra_duties.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

WEEK_HOURS = 168
DAY_SECONDS = 86_400


class Must(NamedTuple):
    """An expectation of a value, and a value that does not meet it."""

    hold: Callable[[Any], bool]
    wrong: Any


def be(value: object) -> Must:
    return Must(lambda found: found == value, None if value else "something")


def be_one_of(*values: str) -> Must:
    return Must(lambda found: found in values, "NONE")


def be_within(low: float, high: float) -> Must:
    return Must(lambda found: low <= float(found) <= high, high + 1)


def be_at_least(low: float) -> Must:
    return Must(lambda found: float(found) >= low, low - 1)


def have(value: object) -> Must:
    return Must(lambda found: value in found, ())


def lack(value: object) -> Must:
    return Must(lambda found: bool(found) and value not in found, [value])


def be_given() -> Must:
    return Must(bool, "")


Rule = tuple[str, str, Must]
"""A kind of resource, a property, and its allowed values."""

RULES: tuple[Rule, ...] = (
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm",
        be_one_of("AES256", "aws:kms"),
    ),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.BlockPublicAcls", be(True)),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.BlockPublicPolicy", be(True)),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.IgnorePublicAcls", be(True)),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.RestrictPublicBuckets", be(True)),
    ("AWS::S3::Bucket", "OwnershipControls.Rules.0.ObjectOwnership", be("BucketOwnerEnforced")),
    ("AWS::S3::Bucket", "VersioningConfiguration.Status", be("Enabled")),
    ("AWS::S3::Bucket", "@DeletionPolicy", be("Retain")),
    ("AWS::S3::Bucket", "@UpdateReplacePolicy", be("Retain")),
    ("AWS::DynamoDB::Table", "BillingMode", be("PAY_PER_REQUEST")),
    (
        "AWS::DynamoDB::Table",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        be(True),
    ),
    ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", be(True)),
    ("AWS::DynamoDB::Table", "SSESpecification.SSEEnabled", be(True)),
    ("AWS::DynamoDB::Table", "SSESpecification.SSEType", be("KMS")),
    ("AWS::DynamoDB::Table", "@DeletionPolicy", be("Retain")),
    ("AWS::DynamoDB::Table", "@UpdateReplacePolicy", be("Retain")),
    ("AWS::Kinesis::Stream", "StreamEncryption.EncryptionType", be("KMS")),
    ("AWS::Kinesis::Stream", "StreamEncryption.KeyId", be_given()),
    ("AWS::Kinesis::Stream", "RetentionPeriodHours", be_at_least(WEEK_HOURS)),
    ("AWS::Kinesis::Stream", "StreamModeDetails.StreamMode", be("ON_DEMAND")),
    ("AWS::SQS::Queue", "SqsManagedSseEnabled", be(True)),
    ("AWS::SQS::Queue", "MessageRetentionPeriod", be_at_least(14 * DAY_SECONDS)),
    ("AWS::SNS::Topic", "KmsMasterKeyId", be_given()),
    ("AWS::KMS::Key", "EnableKeyRotation", be(True)),
    ("AWS::Logs::LogGroup", "RetentionInDays", be_within(1, 365)),
    ("AWS::SecretsManager::Secret", "GenerateSecretString.PasswordLength", be_at_least(32)),
    ("AWS::Lambda::Function", "Architectures.0", be("arm64")),
    ("AWS::Lambda::Function", "Timeout", be_within(1, 60)),
    ("AWS::Lambda::Function", "LoggingConfig.LogGroup", be_given()),
    ("AWS::Lambda::Permission", "Principal", be("apigateway.amazonaws.com")),
    ("AWS::Lambda::Permission", "SourceArn", be_given()),
    ("AWS::Lambda::EventSourceMapping", "BatchSize", be_within(1, 10_000)),
    ("AWS::Lambda::EventSourceMapping", "BisectBatchOnFunctionError", be(True)),
    ("AWS::Lambda::EventSourceMapping", "MaximumRetryAttempts", be_within(1, 100)),
    (
        "AWS::Lambda::EventSourceMapping",
        "MaximumRecordAgeInSeconds",
        be_within(3600, WEEK_HOURS * 3600 - DAY_SECONDS),
    ),
    ("AWS::Lambda::EventSourceMapping", "FunctionResponseTypes", have("ReportBatchItemFailures")),
    ("AWS::Lambda::EventSourceMapping", "DestinationConfig.OnFailure.Destination", be_given()),
    ("AWS::Lambda::EventSourceMapping", "StartingPosition", be("TRIM_HORIZON")),
    (
        "AWS::ApiGateway::RestApi",
        "SecurityPolicy",
        be_one_of("SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"),
    ),
    ("AWS::ApiGateway::Stage", "AccessLogSetting.DestinationArn", be_given()),
    ("AWS::ApiGateway::Stage", "MethodSettings.0.ResourcePath", be("/*")),
    ("AWS::ApiGateway::Stage", "MethodSettings.0.HttpMethod", be("*")),
    ("AWS::ApiGateway::Stage", "MethodSettings.0.ThrottlingRateLimit", be_within(1, 10_000)),
    ("AWS::ApiGateway::Stage", "MethodSettings.0.ThrottlingBurstLimit", be_within(1, 5_000)),
    ("AWS::ApiGateway::Stage", "MethodSettings.0.DataTraceEnabled", be(False)),
    ("AWS::ApiGateway::UsagePlan", "Throttle.RateLimit", be_within(1, 10_000)),
    ("AWS::ApiGateway::UsagePlan", "Throttle.BurstLimit", be_within(1, 5_000)),
    ("AWS::Cognito::UserPool", "AdminCreateUserConfig.AllowAdminCreateUserOnly", be(True)),
    ("AWS::Cognito::UserPool", "Policies.PasswordPolicy.MinimumLength", be_at_least(12)),
    ("AWS::Cognito::UserPool", "Policies.PasswordPolicy.RequireLowercase", be(True)),
    ("AWS::Cognito::UserPool", "Policies.PasswordPolicy.RequireUppercase", be(True)),
    ("AWS::Cognito::UserPool", "Policies.PasswordPolicy.RequireNumbers", be(True)),
    ("AWS::Cognito::UserPool", "Policies.PasswordPolicy.RequireSymbols", be(True)),
    ("AWS::Cognito::UserPool", "DeletionProtection", be("ACTIVE")),
    ("AWS::Cognito::UserPool", "Schema.0.Name", be("customer_id")),
    ("AWS::Cognito::UserPool", "Schema.0.Mutable", be(False)),
    ("AWS::Cognito::UserPoolClient", "GenerateSecret", be(False)),
    ("AWS::Cognito::UserPoolClient", "AllowedOAuthFlows", be(["code"])),
    ("AWS::Cognito::UserPoolClient", "AllowedOAuthScopes", be(["openid"])),
    ("AWS::Cognito::UserPoolClient", "CallbackURLs", be([{"Fn::Sub": "${PageOrigin}/"}])),
    ("AWS::Cognito::UserPoolClient", "LogoutURLs", be([{"Fn::Sub": "${PageOrigin}/"}])),
    ("AWS::Cognito::UserPoolClient", "PreventUserExistenceErrors", be("ENABLED")),
    ("AWS::Cognito::UserPoolClient", "EnableTokenRevocation", be(True)),
    ("AWS::Cognito::UserPoolClient", "WriteAttributes", lack("custom:customer_id")),
    ("AWS::CloudWatch::Alarm", "AlarmActions.0.Ref", be_one_of("AlarmTopic", "AlarmTopicArn")),
    ("AWS::CloudWatch::Alarm", "AlarmDescription", have("First look: ")),
    ("AWS::CloudWatch::Alarm", "TreatMissingData", be_one_of("notBreaching", "breaching")),
)


def look(resource: dict[str, Any], path: str) -> Any:
    """Return a property, or with an @ an attribute of the resource itself; None when missing."""
    node: Any = resource if path.startswith("@") else resource["Properties"]
    for step in path.removeprefix("@").split("."):
        try:
            node = node[int(step)] if step.isdigit() else node.get(step)
        except IndexError:
            return None
        if node is None:
            return None
    return node


def spoil(resource: dict[str, Any], path: str, value: object) -> None:
    """Put another value in a property's place."""
    node: Any = resource if path.startswith("@") else resource["Properties"]
    *way, last = path.removeprefix("@").split(".")
    for step in way:
        node = node[int(step)] if step.isdigit() else node[step]
    node[int(last) if last.isdigit() else last] = value


def broken(rule: Rule, resource: dict[str, Any]) -> bool:
    """Return whether a resource breaks a rule; what is not said is broken, defaults change."""
    _, path, must = rule
    found = look(resource, path)
    return found is None or not must.hold(found)
