"""ecom: what can be expected to go wrong is one clear sentence and exit code 2."""

import builtins
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import botocore.exceptions
import pytest

from ecom_pipeline import cli

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
UNUSED = {"ECOM_ENDPOINT_URL": "http://127.0.0.1:1"}


def ecom(folder, *arguments, **environment):
    """Run a command in a process of its own, in a home of its own, and return it when it ended."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("ECOM_", "AWS_"))}
    given |= {"ECOM_HOME": str(folder / "home")} | environment
    return subprocess.run(
        [sys.executable, "-m", "ecom_pipeline.cli", *map(str, arguments)],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refuses(done):
    """Return the one sentence of a refusal."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    return sentence


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "CSV"),
        (b"a,b,c\r\n1,2,3\r\n", "InvoiceNo"),
        (HEADER.replace("Country", "Land").encode(), "Country"),
        (HEADER.encode(), "no rows"),
    ],
)
def test_a_file_that_is_no_data_set_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    sentence = refuses(
        ecom(tmp_path, "replay", path, ECOM_API_URL="http://127.0.0.1:1", ECOM_API_KEY="k")
    )
    assert says in sentence
    assert "data.csv" in sentence


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    sentence = refuses(
        ecom(tmp_path, "replay", "nowhere.csv", ECOM_API_URL="http://x", ECOM_API_KEY="k")
    )
    assert "nowhere.csv" in sentence


def test_an_api_that_does_not_answer_is_one_sentence(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(HEADER + "1,2,3,4,12/1/2010 8:26,5,6,7\r\n")
    url = "http://127.0.0.1:1"
    sentence = refuses(ecom(tmp_path, "replay", path, ECOM_API_URL=url, ECOM_API_KEY="k"))
    assert url in sentence
    assert "ecom local up" in sentence


@pytest.mark.parametrize(
    "command",
    [
        ["invoice", "536365"],
        ["customer", "17850"],
        ["local", "env"],
        ["load", "2010-12-01:2010-12-02"],
        ["reconcile", "2010-12-01"],
        ["sql", "select 1"],
    ],
)
def test_without_the_local_aws_a_command_says_what_to_start(tmp_path, command):
    unused = {"ECOM_ENDPOINT_URL": "http://127.0.0.1:1", "ECOM_REDSHIFT_PORT": "1"}
    assert "ecom local up" in refuses(ecom(tmp_path, *command, **unused))


def test_a_ui_whose_port_is_taken_starts_nothing(tmp_path, socket_enabled):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refuses(ecom(tmp_path, "dev", "--port", port, **UNUSED))
    assert said == f"ecom: http://127.0.0.1:{port}: Address already in use; set --port"
    assert not (tmp_path / "home").exists()


def test_a_port_that_is_taken_is_one_sentence(tmp_path, socket_enabled):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refuses(
            ecom(tmp_path, "local", "up", ECOM_ENDPOINT_URL=f"http://127.0.0.1:{port}")
        )
    assert f"port {port}" in sentence


def test_a_setting_that_is_missing_is_named(tmp_path):
    assert "ECOM_RAW_BUCKET" in refuses(ecom(tmp_path, "sql", "select 1", ECOM_ENVIRONMENT="prod"))


@pytest.mark.parametrize("days", ["yesterday", "2010-12-02:2010-12-01", "2010-13-01"])
def test_days_that_are_none_are_refused(tmp_path, days):
    done = ecom(tmp_path, "load", days)
    assert done.returncode == 2
    assert days in done.stderr


def test_every_command_has_help_with_an_example(tmp_path):
    from ecom_pipeline.cli import ecom as root

    commands = {**root.commands, **root.commands["local"].commands}
    commands.pop("local")
    for name, command in commands.items():
        assert "Example: " in command.help, name
        assert "ecom " in command.help, name


def test_a_sample_is_the_same_for_the_same_seed(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        done = ecom(tmp_path, "sample", name, "--days", 1, "--rows-per-day", 50, "--seed", 3)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_each_error_that_is_expected_by_name_exists():
    """A renamed class would come out as a traceback."""
    sources = [path.read_text() for path in Path(cli.__file__).parents[1].rglob("*.py")]
    ours = {name for text in sources for name in re.findall(r"^class (\w+)", text, re.MULTILINE)}
    known = ours | set(vars(botocore.exceptions)) | set(vars(builtins))
    assert set(cli._EXPECTED) <= known


def test_the_doctor_says_what_to_start_and_what_stands_in_the_way(tmp_path, socket_enabled):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        done = ecom(tmp_path, "doctor", "--json", ECOM_REDSHIFT_PORT=f"{taken}", **UNUSED)
    found = {each["name"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 1, done.stderr
    assert found["local AWS"]["todo"] == "ecom local up"
    assert [name for name, each in found.items() if each["state"] == "missing"] == [f"port {taken}"]
    assert "ECOM_REDSHIFT_PORT" in found[f"port {taken}"]["todo"]
    assert ecom(tmp_path, "doctor", ECOM_REDSHIFT_PORT="1", **UNUSED).returncode == 0


def test_the_doctor_names_settings_that_are_missing(tmp_path):
    done = ecom(tmp_path, "doctor", ECOM_ENVIRONMENT="prod")
    assert done.returncode == 1
    assert "ECOM_RAW_BUCKET" in done.stdout.replace("\n", "")


def test_the_status_of_nothing_says_what_to_start(tmp_path):
    done = ecom(tmp_path, "status", "--json", **UNUSED)
    assert done.returncode == 1, done.stderr
    assert all("ecom local up" in each["trouble"] for each in json.loads(done.stdout))


def test_bash_completes_a_command_and_its_options(tmp_path):
    program = tmp_path / "ecom"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m ecom_pipeline.cli "$@"\n')
    program.chmod(0o755)
    asked = (("ecom", "recon"), ("ecom", "reconcile", "--rep"))
    script = 'eval "$(ecom completion bash)"\n' + "".join(
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
        '_ecom_completion ecom; echo "${COMPREPLY[@]}"\n'
        for words in asked
    )
    given = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=given, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["reconcile", "--repair"]
