"""ecom: each expected error is one clear sentence and exit code 2."""

import builtins
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

import botocore.exceptions
import click
import pytest

from ecom_pipeline import cli
from ecom_pipeline.cli import ecom as root
from ecom_pipeline_tests.unit.cli.conftest import Ecom


def test_the_program_refuses_with_one_sentence_and_exit_code_2(tmp_path: Path):
    """In a process of its own; the other tests of the commands call its edge in this one."""
    given = os.environ | {"ECOM_REDSHIFT_PORT": "abc"}
    done = subprocess.run(
        [sys.executable, "-m", "ecom_pipeline.cli", "dev"],
        cwd=tmp_path,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ecom: ECOM_REDSHIFT_PORT: expected a port number, got 'abc'\n"


def test_a_setting_that_is_missing_is_named(ecom: Ecom):
    assert "ECOM_RAW_BUCKET" in ecom("sql", "select 1", ECOM_ENVIRONMENT="prod").refusal()


@pytest.mark.parametrize("days", ["yesterday", "2010-12-02:2010-12-01", "2010-13-01"])
def test_days_that_are_none_are_refused(ecom: Ecom, days: str):
    done = ecom("load", days)
    assert done.code == 2
    assert days in done.err


def commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


def test_every_command_has_help_with_an_example():
    example = re.compile(r"Example: .*\becom ")
    without = {each.name for each in commands(root) if not example.search(each.help or "")}
    assert without == {"local"}  # a group, whose commands have the option


def test_each_error_that_is_expected_by_name_exists():
    """A renamed class would come out as a traceback."""
    sources = [path.read_text() for path in Path(cli.__file__).parents[1].rglob("*.py")]
    ours = {name for text in sources for name in re.findall(r"^class (\w+)", text, re.MULTILINE)}
    known = ours | set(vars(botocore.exceptions)) | set(vars(builtins))
    assert set(cli._EXPECTED) <= known


def test_the_extras_that_are_named_are_those_of_the_package():
    assert set(cli._EXTRAS.values()) <= set(metadata("ecom-pipeline").get_all("Provides-Extra", []))
