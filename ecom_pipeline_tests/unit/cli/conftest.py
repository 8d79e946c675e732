"""`ecom` run in this process, through its entry point `main`."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecom_pipeline import cli

UNUSED = {"ECOM_ENDPOINT_URL": "http://127.0.0.1:1", "ECOM_REDSHIFT_PORT": "1"}


@dataclass(frozen=True)
class Done:
    """What a user sees of a command that ended."""

    code: object
    out: str
    err: str

    def refusal(self) -> str:
        """Return the one sentence of a refusal."""
        assert self.code == 2, self
        (sentence,) = self.err.strip().splitlines()
        return sentence


Ecom = Callable[..., Done]


@pytest.fixture
def ecom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Ecom:
    """Return what runs a command in a folder and a home of its own, told nothing by the shell.

    What comes through `main` unexpected would be a traceback: it is raised here.
    """

    def run(*arguments: object, **environment: str) -> Done:
        with monkeypatch.context() as given:
            for name in os.environ:
                if name.startswith(("ECOM_", "AWS_")):
                    given.delenv(name)
            for name, value in ({"ECOM_HOME": str(tmp_path / "home")} | environment).items():
                given.setenv(name, value)
            given.setattr(sys, "argv", ["ecom", *map(str, arguments)])
            given.chdir(tmp_path)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        out, err = capfd.readouterr()
        return Done(ended.value.code, out, err)

    return run
