"""The commands in the documents exist, with their words and options.

None is run here: pipeline/test_documented_commands.py and test_first_hour.py do that.
"""

import itertools
import re
import subprocess
from functools import cache

import click
import pytest
from botocore import xform_name
from botocore.loaders import Loader

from ecom_pipeline.cli import ecom
from ecom_pipeline_tests.architecture.documents import FIRST_HOUR, PAGES, ROOT, mentioned, typed

TYPED = sorted({words for page in PAGES for words in typed(page)})
MENTIONED = sorted({words for page in PAGES for words in mentioned(page)})
# options of the AWS CLI that are not in the APIs' models
GLOBAL = {"query", "output", "region", "profile"}
NAMES = {"s3api": "s3"}
ADDED = {"create-invalidation": {"paths"}}
BY_HAND = {"s3": {"cp", "ls", "sync"}}
MAKEFILE = (ROOT / "Makefile").read_text()
# commands that no test runs, and why
NOT_RUN = {
    "make check": "make lint and make test do",
    "make deploy": "an AWS account",
    "make deploy-dagster": "an AWS account",
    "aws": "an AWS account, or the AWS CLI; its words are checked here",
    "docker": "a registry",
    "uv": "make setup does",
    "pytest": "make test does",
}


def of(program, commands):
    return [each for each in commands if each[0] == program]


def named(program):
    return [pytest.param(each, id=" ".join(each)[:80]) for each in of(program, TYPED)]


def test_each_make_target_of_a_document_exists_and_takes_its_variables():
    """As `make` plans them, all at once: it runs nothing, and names what it can't make."""
    words = {word for command in of("make", TYPED + MENTIONED) for word in command[1:]} - {"…"}
    variables = {word.partition("=")[0] for word in words if "=" in word}
    targets = {word for word in words if "=" not in word}
    known = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    known |= {name for name in variables if f"$({name})" in MAKEFILE}
    assert (targets | variables) - known == set()
    done = subprocess.run(
        ["make", "--dry-run", "--keep-going", *sorted(targets)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", named("ecom"))
def test_each_command_of_a_document_is_one_that_ecom_takes(command, tmp_path, monkeypatch):
    """All of it is parsed: names, options, and what kind of value each takes. Nothing is run."""
    (tmp_path / "data.csv").touch()
    monkeypatch.chdir(tmp_path)
    context, rest = click.Context(ecom, info_name="ecom"), list(command[1:])
    while isinstance(context.command, click.Group) and rest != ["--help"]:
        name, child, rest = context.command.resolve_command(context, rest)
        assert child
        context = click.Context(child, info_name=name, parent=context)
        if not isinstance(child, click.Group):
            child.parse_args(context, rest)


def test_each_command_that_a_document_mentions_exists_with_its_options():
    commands = of("ecom", MENTIONED)
    assert commands
    assert {" ".join(each) for each in commands if not has(ecom, each[1:])} == set()


def has(command, words):
    """Return whether a command has these words, of which a|b are two, and their options."""
    chosen = command
    for word in itertools.takewhile(lambda word: not word.startswith("--"), words):
        if not isinstance(chosen, click.Group):
            break
        if not set(word.split("|")) <= chosen.commands.keys():
            return False
        chosen = chosen.commands[word.partition("|")[0]]
    known = {option for each in chosen.params for option in each.opts} | {"--help"}
    return {word for word in words if word.startswith("--")} <= known


@cache
def options(service: str) -> dict[str, set[str]]:
    """Return what each call of a service takes, by the model that botocore itself brings.

    Its sessions would look for models among the developer's own files, too.
    """
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    model = loader.load_service_model(service, "service-2")
    inputs = {
        name: model["shapes"][call["input"]["shape"]]["members"] if "input" in call else {}
        for name, call in model["operations"].items()
    }
    return {
        xform_name(name, "-"): {xform_name(member, "-") for member in members}
        for name, members in inputs.items()
    }


@pytest.mark.parametrize("command", named("aws"))
def test_each_call_of_aws_in_a_document_is_one_that_aws_has(command):
    """By the model of its API, which the AWS CLI makes its commands and options from."""
    _, service, operation, *rest = command
    if service in BY_HAND:
        assert operation in BY_HAND[service]
        return
    known = options(NAMES.get(service, service))[operation] | GLOBAL | ADDED.get(operation, set())
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    assert {option.removeprefix("no-") for option in given} <= known


def test_each_command_of_a_document_is_run_or_has_a_reason_why_not():
    """Those of ecom are run by pipeline/test_documented_commands.py and test_first_hour.py."""
    ci = re.findall(r"^(make) ([a-z-]+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    run = {*typed(FIRST_HOUR), *ci, ("make", "setup")}  # which all others need
    run = {short(words) for words in run} | {"ecom", "echo", "export"}
    assert {short(words) for words in TYPED} - run == NOT_RUN.keys()


def short(words):
    return " ".join(words[:2]) if words[0] == "make" else words[0]


def test_the_test_command_of_the_readme_is_what_ci_runs():
    assert ("make", "test") in typed(ROOT / "README.md")
    assert "make test" in (ROOT / ".ci" / "run").read_text()
