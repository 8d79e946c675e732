"""The zip that infra/ deploys: built for arm64 on any machine, with the same bytes every time."""

import zipfile
from importlib.util import find_spec

import pytest

from ecom_pipeline import packaging
from ecom_pipeline.local import deploy

AARCH64 = 0xB7  # ELF's e_machine


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if find_spec("uv") is None:
        pytest.skip("uv is not installed: run `make setup`")
    folder = tmp_path_factory.mktemp("lambda")
    return packaging.build_for_lambda(folder / "lambda.zip", folder / "scratch")


def test_the_same_source_makes_the_same_bytes_for_lambda(built, tmp_path):
    again = packaging.build_for_lambda(tmp_path / "again.zip", tmp_path / "scratch")
    assert again.read_bytes() == built.read_bytes()


def test_it_is_small_and_its_libraries_are_for_arm64(built):
    assert built.stat().st_size < 2_000_000
    with zipfile.ZipFile(built) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
        heads = [archive.read(name)[:20] for name in libraries]
    assert libraries
    assert all(head[:4] == b"\x7fELF" for head in heads)
    assert {int.from_bytes(head[18:20], "little") for head in heads} == {AARCH64}


def test_the_template_runs_it_as_it_is_built(built):
    """One Python and one architecture, said in two places."""
    text = (deploy.INFRA / "template.yaml").read_text()
    assert f"Runtime: python{packaging.LAMBDA_PYTHON}\n" in text
    assert "Architectures: [arm64]" in text
    with zipfile.ZipFile(built) as archive:
        (library,) = (name for name in archive.namelist() if name.endswith(".so"))
    assert packaging.LAMBDA_PYTHON.replace(".", "") in library
