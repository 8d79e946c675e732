"""The rules that involve several resources of infra/: roles, logs, alarms, mappings.

What policies may allow is in infra_policies.py.
"""

import re

from bench.infra import Resources, of_kind, refers_to
from ecom_pipeline_tests.architecture.infra_policies import (
    POLICY_DUTIES,
    ROLE,
    Check,
    Duty,
    Resource,
    Spoil,
    allowed,
    listed,
    statements,
)

ALARM = "AWS::CloudWatch::Alarm"
FUNCTION = "AWS::Lambda::Function"
LOG_GROUP = "AWS::Logs::LogGroup"
QUEUE_METRICS = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
MAPPING = "AWS::Lambda::EventSourceMapping"

# A body, a path with a customer's number in it, and a caller's identity or address.
PERSONAL = ("body", '$context.path"', "sourceIp", "userAgent", "caller", "claims", 'apiKey"')
PLAIN = re.compile(r"[a-z-]{1,32}|https?://[a-z0-9.:-]+|[A-Z]{3}|[A-Z][a-z]+/[A-Z][a-z_]+")
SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD")


def _own_role(resources: Resources, name: str) -> bool:
    """A role of this function only, without managed policies, for Lambda only."""
    asked = resources[name]["Properties"]["Role"]
    users = [f for f in of_kind(resources, FUNCTION).values() if f["Properties"]["Role"] == asked]
    role = resources.get(asked.get("Fn::GetAtt", [""])[0], {"Properties": {}})["Properties"]
    trust = role.get("AssumeRolePolicyDocument", {}).get("Statement", [])
    return (
        len(users) == 1
        and "ManagedPolicyArns" not in role
        and [each["Principal"] for each in trust] == [{"Service": "lambda.amazonaws.com"}]
    )


def _role_of(resources: Resources, name: str) -> Resource:
    return resources[resources[name]["Properties"]["Role"]["Fn::GetAtt"][0]]


def _logs_to_its_own_group(resources: Resources, name: str) -> bool:
    group = resources[name]["Properties"]["LoggingConfig"]["LogGroup"].get("Ref")
    writes = [each for each in allowed(_role_of(resources, name)) if "logs:" in str(each["Action"])]
    return resources.get(group, {}).get("Type") == LOG_GROUP and all(
        refers_to(each["Resource"], group) for each in writes
    )


def _tells_no_secret(resources: Resources, name: str) -> bool:
    given = resources[name]["Properties"].get("Environment", {}).get("Variables", {})
    return not any(
        (SECRET_NAME.search(variable) and not variable.endswith("_ARN"))
        or "{{resolve:" in str(value)
        or (isinstance(value, str) and not PLAIN.fullmatch(value))
        for variable, value in given.items()
    )


def _set_variable(**given: str) -> Spoil:
    return lambda resources, name: resources[name]["Properties"]["Environment"]["Variables"].update(
        given
    )


def _watched(namespace: str, metric: str, dimension: str) -> Check:
    """An alarm looks at a resource's metric."""

    def kept(resources: Resources, name: str) -> bool:
        return any(
            (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
            and any(
                each["Name"] == dimension and f"'{name}'" in str(each["Value"])
                for each in alarm["Dimensions"]
            )
            for alarm in (each["Properties"] for each in of_kind(resources, ALARM).values())
        )

    return kept


def _blind(metric: str) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        for alarm, found in of_kind(resources, ALARM).items():
            if found["Properties"].get("MetricName") == metric and f"'{name}'" in str(found):
                del resources[alarm]

    return spoil


def _stream_function_is_watched(resources: Resources, name: str) -> bool:
    function = resources[name]["Properties"]["FunctionName"]["Ref"]
    return _watched("AWS/Lambda", "IteratorAge", "FunctionName")(resources, function)


def _queue_is_watched(resources: Resources, name: str) -> bool:
    """What waits in a dead-letter queue, or waits too long, is somebody's to see."""
    return any(
        _watched("AWS/SQS", metric, "QueueName")(resources, name) for metric in QUEUE_METRICS
    )


def _blind_to_queue(resources: Resources, name: str) -> None:
    for metric in QUEUE_METRICS:
        _blind(metric)(resources, name)


def _role_serves_mapping(resources: Resources, name: str) -> bool:
    """The function may read this stream and write to this destination."""
    mapping = resources[name]["Properties"]
    may = allowed(_role_of(resources, mapping["FunctionName"]["Ref"]))
    wanted = (
        ("kinesis:GetRecords", mapping["EventSourceArn"]),
        ("s3:ListBucket", mapping["DestinationConfig"]["OnFailure"]["Destination"]),
        ("s3:PutObject", {"Fn::Sub": "${RawBucket.Arn}/aws/lambda/*"}),
    )
    return all(
        any(action in each["Action"] and target == each["Resource"] for each in may)
        for action, target in wanted
    )


def _drop_action(action: str) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        role = _role_of(resources, resources[name]["Properties"]["FunctionName"]["Ref"])
        for each in statements(role):
            each["Action"] = [a for a in listed(each["Action"]) if a != action]

    return spoil


def _put(path: str, value: object) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        node = resources[name]["Properties"]
        *way, last = path.split(".")
        for step in way:
            node = node[step]
        node[last] = value

    return spoil


def _lacks(field: str) -> Check:
    return lambda resources, name: field not in resources[name]["Properties"]


def _logs_nobody(resources: Resources, name: str) -> bool:
    written = resources[name]["Properties"]["AccessLogSetting"]["Format"]
    return written.startswith("{") and not any(each in written for each in PERSONAL)


def _log_format(added: str) -> Spoil:
    def spoil(resources: Resources, name: str) -> None:
        resources[name]["Properties"]["AccessLogSetting"]["Format"] += added

    return spoil


def _lifecycle(resources: Resources, name: str) -> bool:
    """Uploads that were broken off and versions that were overwritten go away."""
    rules = resources[name]["Properties"].get("LifecycleConfiguration", {}).get("Rules", [])
    said = {key for rule in rules if rule["Status"] == "Enabled" for key in rule}
    return {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"} <= said


DUTIES: tuple[Duty, ...] = (
    *POLICY_DUTIES,
    Duty(
        "it leaves nothing behind for ever",
        "AWS::S3::Bucket",
        _lifecycle,
        (_put("LifecycleConfiguration", {"Rules": []}),),
    ),
    Duty(
        "it has no managed policy",
        ROLE,
        _lacks("ManagedPolicyArns"),
        (_put("ManagedPolicyArns", ["arn:aws:iam::aws:policy/AmazonKinesisFullAccess"]),),
    ),
    Duty(
        "it has a separate role",
        FUNCTION,
        _own_role,
        (
            _put("Role", {"Fn::GetAtt": ["ApiLogWriter", "Arn"]}),
            lambda resources, name: (
                _role_of(resources, name)["Properties"].update(ManagedPolicyArns=["any"])
            ),
        ),
    ),
    Duty(
        "it logs to a separate group, with retention",
        FUNCTION,
        _logs_to_its_own_group,
        (_put("LoggingConfig.LogGroup", {"Ref": "ApiLog"}), _put("LoggingConfig.LogGroup", {})),
    ),
    Duty(
        "its environment has no secret",
        FUNCTION,
        _tells_no_secret,
        (
            _set_variable(API_KEY="abc"),
            _set_variable(NAME="{{resolve:secretsmanager:x}}"),
            _set_variable(NAME="AKIAIOSFODNN7EXAMPLE"),
        ),
    ),
    *(
        Duty(
            f"an alarm watches its {metric}",
            FUNCTION,
            _watched("AWS/Lambda", metric, "FunctionName"),
            (_blind(metric),),
        )
        for metric in ("Errors", "Throttles")
    ),
    Duty("an alarm watches it", "AWS::SQS::Queue", _queue_is_watched, (_blind_to_queue,)),
    Duty(
        "an alarm watches how far it is behind",
        MAPPING,
        _stream_function_is_watched,
        (
            lambda resources, name: _blind("IteratorAge")(
                resources, resources[name]["Properties"]["FunctionName"]["Ref"]
            ),
        ),
    ),
    Duty("it has no tumbling window", MAPPING, _lacks("TumblingWindowInSeconds"),
         (_put("TumblingWindowInSeconds", 60),)),
    Duty(
        "its function's role allows its calls",
        MAPPING,
        _role_serves_mapping,
        tuple(map(_drop_action, ("kinesis:GetRecords", "s3:ListBucket", "s3:PutObject"))),
    ),
    Duty(
        "its access log has no personal data",
        "AWS::ApiGateway::Stage",
        _logs_nobody,
        (_log_format(' "$context.identity.sourceIp"'), _log_format(' "$context.path"')),
    ),
    Duty("its value is not in the template", "AWS::SecretsManager::Secret",
         _lacks("SecretString"), (_put("SecretString", "x"),)),
    Duty("its value is not in the template", "AWS::ApiGateway::ApiKey", _lacks("Value"),
         (_put("Value", "x"),)),
)  # fmt: skip
