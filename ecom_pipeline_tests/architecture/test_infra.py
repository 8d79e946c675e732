"""infra/ is safe, in each environment: every resource follows the rules of its kind."""

import json
import re
import shutil
import subprocess

import pytest

from bench import infra
from ecom_pipeline.local import deploy
from ecom_pipeline.settings import LOCAL
from ecom_pipeline.values import READERS
from ecom_pipeline_tests.architecture.infra_duties import DUTIES
from ecom_pipeline_tests.architecture.infra_gate import absent, duties_neglected, rules_broken
from ecom_pipeline_tests.architecture.infra_rules import RULES

EXCEPTIONS = {
    ("it allows exact actions on exact resources", "AlarmKey"): (
        "a key's policy names no other resource than itself, and without the account's kms:* "
        "no principal could ever change it"
    ),
    ("it has no managed policy", "ApiLogWriter"): (
        "API Gateway accepts a role for the account's logs only with what AWS' policy lists"
    ),
}
SHOP = {"TimeZone": "time_zone", "Currency": "currency", "FirstDay": "first_day"}
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(params=infra.STAGES)
def resources(request):
    return infra.resources_of(request.param)


@pytest.fixture(scope="module")
def api():
    (found,) = infra.of_kind(infra.expanded()["Resources"], "AWS::ApiGateway::RestApi").values()
    return found["Properties"]["Body"]


def test_each_resource_says_what_its_kind_must_say(resources):
    assert absent((kind for kind, *_ in RULES), resources) == set()
    assert rules_broken(RULES, resources) == set()


def test_each_resource_keeps_its_duties_to_the_others(resources):
    excepted = {(resources[n]["Type"], says, n) for says, n in EXCEPTIONS if n in resources}
    assert duties_neglected(DUTIES, resources) == excepted


def test_every_kind_of_resource_has_a_rule_or_needs_none(resources):
    """A new kind of resource must be given its rules."""
    ruled = {rule[0] for rule in RULES} | {duty.kind for duty in DUTIES}
    harmless = {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::CloudWatch::Dashboard",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::WAFv2::WebACL",
        "AWS::WAFv2::WebACLAssociation",
    }
    assert {each["Type"] for each in resources.values()} <= ruled | harmless


def test_no_route_is_open(api):
    schemes = api["components"]["securitySchemes"]
    for path, item in api["paths"].items():
        assert item.keys() <= METHODS | {"parameters"}, f"{path} has a catch-all method"
        for method in METHODS & item.keys() - {"options"}:  # options: the next test
            wanted = item[method].get("security", api.get("security"))
            assert wanted, f"{method} {path} has no authorization"
            assert all(each and each.keys() <= schemes.keys() for each in wanted), (method, path)


def test_a_browser_is_answered_for_the_customers_routes_and_the_pages_origin_only(api):
    """A preflight has no token: it is open, and may only reach what tells it who may ask."""
    asked_first = {
        path: item["options"] for path, item in api["paths"].items() if "options" in item
    }
    assert asked_first.keys() == {path for path in api["paths"] if path.startswith("/me/")}
    for path, operation in asked_first.items():
        integration = "x-amazon-apigateway-integration"
        assert operation["security"] == []
        assert operation[integration] == api["paths"][path]["get"][integration]
    errors = api["x-amazon-apigateway-gateway-responses"]
    assert errors.keys() == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for error in errors.values():
        (origin,) = error["responseParameters"].values()
        assert origin == {"Fn::Sub": "'${PageOrigin}'"}


def test_the_pages_origin_is_one_and_by_default_nobodys():
    parameter = infra.expanded()["Parameters"]["PageOrigin"]
    assert parameter["Default"].endswith(".invalid")  # RFC 2606: reserved, never resolves
    for wrong in ("*", "https://*", "https://a.b/", "https://a.b,https://c.d", "null", ""):
        assert not re.search(parameter["AllowedPattern"], wrong), wrong
    for right in (parameter["Default"], LOCAL.page_origin, "https://invoices.example.com"):
        assert re.search(parameter["AllowedPattern"], right), right


def test_the_functions_shop_is_by_default_that_of_the_settings():
    """So that a stack and its commands agree; each stage's parameters are values of settings."""
    for parameters in (infra.expanded()["Parameters"], infra.dagster_template()["Parameters"]):
        for name, field in SHOP.items():
            default = parameters.get(name, {}).get("Default", str(getattr(LOCAL, field)))
            assert default == str(getattr(LOCAL, field))
            assert re.search(parameters.get(name, {}).get("AllowedPattern", ""), default)
    for stage in infra.STAGES:
        given = infra.parameters_of(stage)
        for name in SHOP.keys() & given.keys():
            read, _ = READERS[SHOP[name]]
            assert str(read(given[name])) == given[name]


def test_a_scheme_is_an_authorizer_iam_or_the_producers_key(api):
    """A header that nobody looks at protects nothing."""
    for name, scheme in api["components"]["securitySchemes"].items():
        checked = scheme.get("x-amazon-apigateway-authtype"), scheme["name"].lower()
        authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
        assert (
            checked == ("awsSigv4", "authorization")
            or authorizer.get("type") == "cognito_user_pools"
            or checked == (None, "x-api-key")
        ), name


def test_only_producers_come_in_by_their_key(api):
    """A key of a usage plan is no proof of who reads."""
    keyed = {n for n, s in api["components"]["securitySchemes"].items() if s["name"] == "x-api-key"}
    routes = {
        (method, path)
        for path, item in api["paths"].items()
        for method in METHODS & item.keys()
        if any(keyed & each.keys() for each in item[method].get("security", ()))
    }
    assert routes == {("post", "/events")}


def test_production_has_a_web_acl_on_the_api_and_reserves_concurrency():
    production = infra.resources_of("production")
    assert infra.of_kind(production, "AWS::WAFv2::WebACLAssociation")
    functions = infra.of_kind(production, "AWS::Lambda::Function").values()
    assert all(each["Properties"]["ReservedConcurrentExecutions"] for each in functions)


def test_stages_in_one_account_share_no_name():
    names = [
        {str(infra.parameters_of(stage).get(key)) for key in ("StreamName", "TableName", "Stage")}
        for stage in ("staging", "production")
    ]
    assert names[0].isdisjoint(names[1])


def test_each_stage_gives_only_parameters_that_the_template_has():
    known = infra.expanded()["Parameters"]
    for stage in infra.STAGES:
        assert infra.parameters_of(stage).keys() <= known.keys()


def test_the_dashboard_and_the_access_log_are_json_of_things_that_exist(resources):
    (board,) = infra.of_kind(resources, "AWS::CloudWatch::Dashboard").values()
    text = board["Properties"]["DashboardBody"]["Fn::Sub"]
    named = {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)}", text)}
    assert named <= resources.keys() | {"AWS", "Stage"} | {"AWS::Region", "AWS::StackName"}
    assert json.loads(text)["widgets"]
    (stage,) = infra.of_kind(resources, "AWS::ApiGateway::Stage").values()
    assert "route" in json.loads(stage["Properties"]["AccessLogSetting"]["Format"])


def test_make_deploy_says_what_is_missing(tmp_path):
    make = str(shutil.which("make"))
    done = subprocess.run(
        [make, "deploy", "STAGE=staging"],
        cwd=deploy.INFRA.parent,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout.startswith("make deploy needs the AWS SAM CLI: ")


def test_the_template_names_no_account_region_or_person():
    text = (deploy.INFRA / "template.yaml").read_text()
    assert not any(word in text for word in ("000000000000", "eu-west", "us-east", "@", "arn:aws:"))


def test_the_template_is_clean_as_it_is_deployed():
    """As it is written, `make lint` looks at it; what SAM makes of it has properties of its own."""
    from cfnlint.api import ManualArgs, lint  # 3 s, not needed by other tests

    found = lint(json.dumps(infra.expanded()), config=ManualArgs(regions=[infra.REGION]))
    assert {str(each) for each in found} == set()
