"""ecom doctor, status, completion: without a running system, and what a shell completes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ecom_pipeline_tests.unit.cli.conftest import UNUSED, Ecom


def test_the_doctor_says_what_to_start_and_what_stands_in_the_way(ecom: Ecom, socket_enabled: None):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        done = ecom("doctor", "--json", **UNUSED | {"ECOM_REDSHIFT_PORT": f"{taken}"})
    found = {each["name"]: each for each in json.loads(done.out)}
    assert done.code == 1
    assert found["local AWS"]["todo"] == "ecom local up"
    assert [name for name, each in found.items() if each["state"] == "missing"] == [f"port {taken}"]
    assert "ECOM_REDSHIFT_PORT" in found[f"port {taken}"]["todo"]


def test_the_doctor_is_content_where_nothing_stands_in_the_way(ecom: Ecom, socket_enabled: None):
    assert ecom("doctor", **UNUSED).code == 0


def test_the_doctor_names_settings_that_are_missing(ecom: Ecom):
    done = ecom("doctor", ECOM_ENVIRONMENT="prod")
    assert done.code == 1
    assert "ECOM_RAW_BUCKET" in done.out.replace("\n", "")


def test_the_status_of_nothing_says_what_to_start(ecom: Ecom, socket_enabled: None):
    done = ecom("status", "--json", **UNUSED)
    assert done.code == 1
    assert all("ecom local up" in each["trouble"] for each in json.loads(done.out))


@pytest.mark.parametrize(
    ("words", "completed"), [("ecom recon", "reconcile"), ("ecom reconcile --rep", "--repair")]
)
def test_a_command_and_its_options_are_completed(ecom: Ecom, words: str, completed: str):
    asked = {"COMP_WORDS": words, "COMP_CWORD": f"{words.count(' ')}"}
    done = ecom(_ECOM_COMPLETE="bash_complete", **asked)
    assert (done.code, done.out.split()) == (0, [f"plain,{completed}"])


def test_what_is_printed_for_bash_makes_bash_complete(ecom: Ecom, tmp_path: Path):
    program = tmp_path / "ecom"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ecom_pipeline.cli "$@"\n')
    program.chmod(0o755)
    asked = """
COMP_WORDS=(ecom reconcile --rep); COMP_CWORD=2; COMPREPLY=()
_ecom_completion ecom; echo "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "-c", ecom("completion", "bash").out + asked],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["--repair"]
