"""What the policies of infra/ may allow: exact permissions, to named principals, by TLS only.

A duty has the mutations that break it, so that infra_gate.py can check that each can fail.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bench.infra import Resources, of_kind

Resource = dict[str, Any]
Statement = dict[str, Any]
Check = Callable[[Resources, str], bool]
Spoil = Callable[[Resources, str], object]

ROLE = "AWS::IAM::Role"
KEY = "AWS::KMS::Key"
POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")


class Duty(NamedTuple):
    """A sentence, whether a resource keeps it, and what would break it."""

    says: str
    kind: str
    kept: Check
    spoils: tuple[Spoil, ...]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def documents(resource: Resource) -> list[Resource]:
    """Return the policies of any resource that has some."""
    properties = resource["Properties"]
    found = [each["PolicyDocument"] for each in properties.get("Policies", ())]
    return found + [properties[key] for key in ("PolicyDocument", "KeyPolicy") if key in properties]


def statements(resource: Resource) -> Iterator[Statement]:
    for document in documents(resource):
        yield from document["Statement"]


def allowed(resource: Resource) -> list[Statement]:
    return [each for each in statements(resource) if each["Effect"] == "Allow"]


def _exact(resources: Resources, name: str) -> bool:
    """No action by pattern, and no resource that is all of them."""
    return all(
        "*" not in action and action != "*" and target != "*" and "NotAction" not in each
        for each in allowed(resources[name])
        for action in listed(each["Action"])
        for target in listed(each.get("Resource", "*"))
    )


def _for_somebody(resources: Resources, name: str) -> bool:
    """Whoever is allowed is named, and a service only on this account's behalf."""
    return all(
        each["Principal"] != "*"
        and "*" not in each["Principal"].values()
        and (
            "Service" not in each["Principal"] or "aws:SourceAccount" in str(each.get("Condition"))
        )
        for each in allowed(resources[name])
    )


def _widen(field: str, value: object) -> Spoil:
    """Allow something more, with one field that is too wide."""
    narrow = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": {"Ref": "Bucket"},
        "Principal": {"AWS": "0"},
    }

    def spoil(resources: Resources, name: str) -> None:
        if not documents(resources[name]):
            resources[name]["Properties"]["Policies"] = [{"PolicyDocument": {"Statement": []}}]
        documents(resources[name])[0]["Statement"].append(narrow | {field: value})

    return spoil


def _encrypted_way_in(kind: str, field: str) -> Check:
    """Plain HTTP is denied by a policy of the resource's own, for everybody and everything."""

    def kept(resources: Resources, name: str) -> bool:
        policies = of_kind(resources, kind).values()
        own = [p for p in policies if {"Ref": name} in listed(p["Properties"][field])]
        return any(
            each["Effect"] == "Deny"
            and each["Principal"] == "*"
            and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for policy in own
            for each in statements(policy)
        )

    return kept


def _open(kind: str) -> tuple[Spoil, ...]:
    def each_policy(change: Callable[[Resource], object]) -> Spoil:
        def spoil(resources: Resources, name: str) -> None:
            for policy in of_kind(resources, kind).values():
                if f"'{name}'" in str(policy):
                    change(policy)

        return spoil

    def soften(policy: Resource) -> None:
        for each in statements(policy):
            each["Effect"] = "Allow"

    return (
        each_policy(soften),
        each_policy(lambda policy: [each.update(Principal={}) for each in statements(policy)]),
        each_policy(lambda policy: policy["Properties"]["PolicyDocument"].update(Statement=[])),
    )


POLICY_DUTIES: tuple[Duty, ...] = (
    *(
        Duty(
            "it allows exact actions on exact resources",
            kind,
            _exact,
            (_widen("Action", ["s3:*"]), _widen("Resource", "*"), _widen("Resource", ["*"])),
        )
        for kind in (ROLE, KEY, *POLICIES)
    ),
    *(
        Duty(
            "it allows principals of this account only",
            kind,
            _for_somebody,
            (_widen("Principal", "*"), _widen("Principal", {"AWS": "*"})),
        )
        for kind in (KEY, *POLICIES)
    ),
    *(
        Duty("it is reached by TLS only", kind, _encrypted_way_in(policy, field), _open(policy))
        for kind, policy, field in (
            ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
            ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
            ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
        )
    ),
)
