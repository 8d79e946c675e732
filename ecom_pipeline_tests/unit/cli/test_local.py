"""Without the local AWS, or with its port taken, a command's error has the next step."""

import socket
from pathlib import Path

import pytest

from ecom_pipeline.local import processes
from ecom_pipeline_tests.unit.cli.conftest import UNUSED, Ecom


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
def test_without_the_local_aws_a_command_says_what_to_start(
    ecom: Ecom, command: list[str], socket_enabled: None
):
    assert "ecom local up" in ecom(*command, **UNUSED).refusal()


def test_a_ui_whose_port_is_taken_starts_nothing(ecom: Ecom, tmp_path: Path, socket_enabled: None):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = ecom("dev", "--port", port, **UNUSED).refusal()
    assert said == f"ecom: http://127.0.0.1:{port}: Address already in use; set --port"
    assert not (tmp_path / "home").exists()


def test_a_port_that_is_taken_is_one_sentence(
    ecom: Ecom, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
):
    monkeypatch.setattr(processes, "_PORT_SECONDS", 0.0)  # no process is shutting down
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = ecom("local", "up", ECOM_ENDPOINT_URL=f"http://127.0.0.1:{port}").refusal()
    assert f"port {port}" in said
