"""The Lambda zip: its content, its size, and that it runs without other packages."""

import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest

from bench import infra
from ecom_pipeline import packaging

RUNTIME = ("boto3", "botocore", "jmespath", "s3transfer", "dateutil", "six", "urllib3")  # Lambda's


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return packaging.build_here(tmp_path_factory.mktemp("zip") / "lambda.zip")


def test_the_zip_holds_two_rooms_and_one_library(built):
    names = zipfile.ZipFile(built).namelist()
    rooms = {name.rsplit("/", 1)[0] for name in names}
    assert rooms == {"ecom_pipeline", "ecom_pipeline/domain", "ecom_pipeline/realtime", "msgspec"}
    assert built.stat().st_size < 2_000_000


def test_the_same_source_makes_the_same_bytes(built, tmp_path):
    again = packaging.build_here(tmp_path / "again.zip")
    assert sha256(again.read_bytes()).digest() == sha256(built.read_bytes()).digest()


def test_the_handlers_import_where_there_is_nothing_but_lambdas_own_libraries(built, tmp_path):
    """-I and -S leave out this environment; the few libraries that Lambda has are linked in."""
    site = Path(str(distribution("boto3").locate_file("")))
    for name in RUNTIME:
        for found in (name, f"{name}.py"):
            if (site / found).exists():
                (tmp_path / found).symlink_to(site / found)
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path / "task")
    script = f"import sys; sys.path[:0] = [{str(tmp_path / 'task')!r}, {str(tmp_path)!r}]\n"
    for module in infra.handlers():
        script += f"from {module} import handler; print(handler.__module__)\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == infra.handlers(), done.stderr
