"""Dagster's storage as in production: Postgres, configured by infra/dagster/."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import yaml

from ecom_pipeline.local.redshift.backend import SUPERUSER
from ecom_pipeline.local.redshift.postgres import Postgres, bundled_binaries

_INFRA = Path(__file__).parents[1] / "infra" / "dagster"
_ON_AWS = ("compute_logs", "run_launcher")
_BATCH_SIZE = "DAGSTER_EVENT_BATCH_SIZE"


@contextmanager
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Start a PostgreSQL in a directory and yield a Dagster instance that uses it.

    All but the address is production's: a socket, so there is no TLS and no password.
    """
    configured = yaml.safe_load((_INFRA / "production.yaml").read_text())
    database = configured["storage"]["postgres"]["postgres_db"]
    environment = {database[name]["env"]: "" for name in ("hostname", "password")}
    environment[database["username"]["env"]] = SUPERUSER
    environment[_BATCH_SIZE] = _in_image(_BATCH_SIZE)
    home.mkdir()
    postgres = Postgres(home, bundled_binaries())
    postgres.start()
    try:
        _create(postgres, database["db_name"])
        database["params"] = {"host": str(postgres.socket.parent)}
        kept = {
            key: configured[key] for key in configured.keys() - {"compute_logs", "run_launcher"}
        }
        (home / "dagster.yaml").write_text(yaml.safe_dump(kept))
        with patch.dict(os.environ, environment), dg.DagsterInstance.from_config(str(home)) as made:
            yield made
    finally:
        postgres.stop()


def _in_image(name: str) -> str:
    found = re.search(rf"\b{name}=(\S+)", (_INFRA / "Dockerfile").read_text())
    if not found:
        raise AssertionError(f"the image sets no {name}")
    return found[1]


def _create(postgres: Postgres, database: str) -> None:
    command = [bundled_binaries() / "psql", "-h", postgres.socket.parent, "-U", SUPERUSER]
    command += ["-c", f"create database {database}"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
