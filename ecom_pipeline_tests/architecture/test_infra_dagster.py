"""infra/dagster/ is safe and consistent: template, image, instance, the real-time stack."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths

from bench import infra
from ecom_pipeline import settings
from ecom_pipeline.local import deploy
from ecom_pipeline.orchestration import engines
from ecom_pipeline_tests.architecture import infra_dagster_rules, infra_duties, infra_rules
from ecom_pipeline_tests.architecture.infra_gate import (
    absent,
    duties_neglected,
    duties_that_stay_green,
    rules_broken,
    rules_that_stay_green,
)
from ecom_pipeline_tests.architecture.infra_policies import ROLE, allowed, listed

STAGES = ("staging", "production")


def everything(stage="production"):
    """Return a stage's resources, those that only Spark needs included."""
    return infra.dagster_resources(stage, Engine="spark", SparkImage="registry/ecom-spark:1")


KINDS = {each["Type"] for each in everything().values()}
ELSEWHERE = {"AWS::SecretsManager::Secret", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
RULES = [
    *(rule for rule in infra_rules.RULES if rule[0] in KINDS),
    *infra_dagster_rules.RULES,
]
DUTIES = [
    *(duty for duty in infra_duties.DUTIES if duty.kind in ELSEWHERE),
    *infra_dagster_rules.DUTIES,
]
HARMLESS = {
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Glue::Database",
    "AWS::RDS::DBSubnetGroup",
    "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "AWS::ServiceDiscovery::Service",
}
ROOT = deploy.INFRA.parent
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(params=STAGES)
def resources(request):
    return everything(request.param)


def test_each_resource_says_what_its_kind_must_say(resources):
    assert absent((kind for kind, *_ in RULES), resources) == set()
    assert rules_broken(RULES, resources) == set()


def test_each_resource_keeps_its_duties_to_the_others(resources):
    assert absent((duty.kind for duty in DUTIES), resources) == set()
    assert duties_neglected(DUTIES, resources) == set()


def test_each_rule_goes_red_for_a_wrong_value_and_for_a_missing_one():
    assert rules_that_stay_green(RULES, everything) == set()


def test_each_duty_goes_red_however_it_is_spoilt():
    assert duties_that_stay_green(DUTIES, everything) == set()


def test_every_kind_of_resource_has_a_rule_or_needs_none():
    ruled = {rule[0] for rule in RULES} | {duty.kind for duty in DUTIES}
    assert ruled | HARMLESS >= KINDS
    assert ROLE in ruled


def test_what_it_needs_of_the_real_time_stack_is_what_make_hands_over():
    (names,) = re.findall(r"contains\('([^']+)', OutputKey\)", MAKEFILE)
    asked = {
        name
        for name, each in infra.dagster_template()["Parameters"].items()
        if each.get("Description", "").startswith("Output of the real-time stack")
    }
    assert set(names.split()) == asked
    assert asked <= infra.expanded()["Outputs"].keys()


@pytest.mark.parametrize("stage", STAGES)
def test_every_parameter_has_a_value(stage):
    parameters = infra.dagster_template()["Parameters"]
    (names,) = re.findall(r"contains\('([^']+)', OutputKey\)", MAKEFILE)
    by_make = {*names.split(), *re.findall(r"(\w+)=\$\(\1\)", MAKEFILE, re.IGNORECASE)}
    given = infra.dagster_parameters(stage).keys()
    assert given <= parameters.keys()
    needed = {name for name, each in parameters.items() if "Default" not in each}
    assert needed <= given | by_make


def environment_of(resources, task):
    (container,) = resources[task]["Properties"]["ContainerDefinitions"]
    return {each["Name"]: each["Value"] for each in container["Environment"]}


def test_who_does_not_ask_for_spark_gets_nothing_of_it():
    without = infra.dagster_resources("production")
    assert {name for name in everything() if name not in without} == {
        "SparkApplication",
        "SparkLog",
        "SparkRights",
        "SparkRole",
    }
    added = environment_of(everything(), "RunTask").keys() - environment_of(without, "RunTask")
    assert added == {"ECOM_SPARK_APPLICATION", "ECOM_SPARK_ROLE"}
    assert environment_of(without, "RunTask")["ECOM_ENGINE"] == settings.LOCAL.engine


def test_the_engines_to_choose_from_are_those_that_there_are():
    for name in infra.dagster_template()["Parameters"]["Engine"]["AllowedValues"]:
        assert engines.engine_for(replace(settings.LOCAL, engine=name))


def test_a_spark_job_may_do_to_the_lake_what_its_run_may_and_nothing_else():
    """A run's role is compared with its calls in emulated/test_permissions_batch.py."""

    def pairs(role):
        return {
            (action, str(resource))
            for each in allowed(everything()[role])
            for action in listed(each["Action"])
            for resource in listed(each["Resource"])
        }

    of_job = {pair for pair in pairs("SparkRole") if not pair[0].startswith("logs:")}
    assert {action for action, _ in of_job} == {
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert of_job < pairs("PipelineRole")
    assert not any(name in resource for _, resource in of_job for name in ("/copy/", "/reports/"))


def test_the_image_of_spark_holds_what_the_template_and_the_job_name():
    text = (infra.SPARK / "Dockerfile").read_text()
    application = everything()["SparkApplication"]["Properties"]
    assert f"/emr-serverless/spark/{application['ReleaseLabel']}:" in text
    (home,) = re.findall(r"UV_PROJECT_ENVIRONMENT=(\S+)", text)
    (defaults,) = application["RuntimeConfiguration"]
    assert set(defaults["Properties"].values()) == {f"{home}/bin/python"}
    on_aws = replace(settings.LOCAL, spark_application="0", spark_role="arn")
    entry = engines.job_run(on_aws, "token")["jobDriver"]["sparkSubmit"]["entryPoint"]
    assert f"/spark_job.py {entry.removeprefix('local://')}\n" in text
    newest = max(re.findall(r"python3\.(\d+)", text))
    assert f'requires-python = ">=3.{newest}' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("folder", "user"), [(infra.DAGSTER, "dagster"), (infra.SPARK, "hadoop:hadoop")]
)
def test_the_image_is_built_from_files_that_are_there(folder, user):
    text = (folder / "Dockerfile").read_text()
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    sources = [each for line in copied if not line[0].startswith("--") for each in line]
    assert sources
    assert [each for each in sources if not (ROOT / each).exists()] == []
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    assert all(any(each.startswith(name) for name in let_in) for each in sources)
    assert text.rstrip().endswith(f"USER {user}")
    (pinned,) = re.findall(r"uv==(\S+)", text)
    assert f'name = "uv"\nversion = "{pinned}"' in (ROOT / "uv.lock").read_text()


def commands_of(resources):
    """Yield each command of a task and of its health check, as a list of words."""
    for task in infra.of_kind(resources, "AWS::ECS::TaskDefinition").values():
        (container,) = task["Properties"]["ContainerDefinitions"]
        yield from filter(None, [container.get("Command")])
        yield from filter(None, [container.get("HealthCheck", {}).get("Command", [])[1:]])


@pytest.mark.filterwarnings("ignore::Warning")  # of imports by the programs
def test_each_command_of_a_task_is_there(monkeypatch):
    """Its program is installed and takes its words and options; with --help nothing is run."""
    commands = list(commands_of(infra.dagster_resources("production")))
    assert commands
    for program, *words in commands:
        assert Path(sys.executable).with_name(program).exists(), program
        if program == "python":
            option, source = words
            assert option == "-c"
            compile(source, program, "exec")
            continue
        (entry,) = entry_points(group="console_scripts", name=program)
        options = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
        argv = [program, *words[:options], "--help", *words[options:]]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as ended:
            entry.load()()
        assert ended.value.code == 0, argv


def test_the_services_find_the_code_location(monkeypatch):
    resources = infra.dagster_resources("production")
    given = infra.of_kind(resources, "AWS::ECS::TaskDefinition")["WebTask"]["Properties"]
    names = {each["Name"] for each in given["ContainerDefinitions"][0]["Environment"]}
    assert "ECOM_DAGSTER_CODE_HOST" in names
    monkeypatch.setenv("ECOM_DAGSTER_CODE_HOST", "code.internal")
    (origin,) = location_origins_from_yaml_paths([str(infra.DAGSTER / "workspace.yaml")])
    assert isinstance(origin, GrpcServerCodeLocationOrigin)
    assert (origin.host, origin.port, origin.location_name) == (
        "code.internal",
        4000,
        "ecom_pipeline",
    )


def test_make_deploy_dagster_says_what_is_missing(tmp_path):
    done = subprocess.run(
        [str(shutil.which("make")), "deploy-dagster", "STAGE=staging"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout.startswith("make deploy-dagster needs the AWS SAM CLI: ")


def test_the_template_names_no_account_region_or_person():
    text = (infra.DAGSTER / "template.yaml").read_text()
    assert not any(word in text for word in ("000000000000", "eu-west", "us-east", "@", "arn:aws:"))
