"""The shape of the code, checked: what may import what, and how big a thing may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2] / "ecom_pipeline"
MODULES = sorted(ROOT.rglob("*.py"))
LAMBDAS = ("archive", "ingest", "query", "store")
READERS = {"settings.py", "realtime/clients.py"}  # of the environment
HANDLERS = {"drill/functions.py"}  # sets it for the handlers, as Lambda does
ENTRY_POINTS = {"local/redshift/__main__.py", "local/poller/__main__.py"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_rooms_import_downward_only():
    assert lint_imports(config_filename=str(ROOT.parent / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("module", LAMBDAS)
def test_a_lambda_loads_nothing_heavy(module):
    """Static rules miss dynamic imports, so a fresh Python says what it loaded."""
    heavy = {"dagster", "pandas", "pydantic", "requests", "rich", "click", "redshift_connector"}
    script = f"import sys, ecom_pipeline.realtime.{module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    ).stdout
    assert heavy.isdisjoint(loaded.split())


def test_only_the_settings_and_the_functions_read_the_environment():
    readers = {
        name_of(p) for p in MODULES if "os.environ" in p.read_text() or "getenv" in p.read_text()
    }
    deploy = {"local/deploy.py"}  # sets samtranslator's region, which it takes from nowhere else
    assert readers <= READERS | HANDLERS | ENTRY_POINTS | deploy


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_belongs_in_it_and_stays_small(path):
    source = path.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree)
    assert source.count("\n") <= 250
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 50, f"{path}:{node.name}"


def test_there_are_no_mocks_of_our_own_code():
    tests = Path(__file__).parents[1].rglob("*.py")
    words = ("unittest." + "mock", "Magic" + "Mock", "mock" + "_aws", "mocker" + ".")
    assert [str(p) for p in tests if any(word in p.read_text() for word in words)] == []
