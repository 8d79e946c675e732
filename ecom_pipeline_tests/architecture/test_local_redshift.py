"""The local Redshift's list of differences names tests, and its use of sqlglot has no subclass."""

import ast
import re
from pathlib import Path

import pytest

from ecom_pipeline_tests.architecture.documents import ROOT

CODE = ROOT / "ecom_pipeline" / "local" / "redshift"
README = (CODE / "README.md").read_text()
LINES = [
    line
    for line in README.partition("## What is not as Redshift")[2].splitlines()
    if line.startswith("| ") and not line.startswith(("| what |", "| --- |"))
]
TESTS = {
    node.name
    for path in (ROOT / "ecom_pipeline_tests" / "emulated" / "redshift").glob("test_*.py")
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef)
}


def imported(tree: ast.AST, module: str) -> set[str]:
    """Return the names that a module's code has from another one."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == module:
            names |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found = (each for each in node.names if each.name.split(".")[0] == module)
            names |= {alias.asname or module for alias in found}
    return names


@pytest.mark.parametrize("line", LINES)
def test_each_difference_names_a_page_of_aws_and_a_test_that_exists(line: str) -> None:
    _, page, test = line.strip("| ").split(" | ")
    assert re.search(r"\]\(https://docs\.aws\.amazon\.com/redshift/latest/\S+\.html\)", page)
    (name,) = re.findall(r"`(test_\w+)`", test)
    assert name in TESTS


def test_each_test_of_a_difference_is_in_the_list() -> None:
    path = ROOT / "ecom_pipeline_tests" / "emulated" / "redshift" / "test_differences.py"
    shown = set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    assert shown <= set(re.findall(r"`(test_\w+)`", README))


@pytest.mark.parametrize("path", sorted(CODE.rglob("*.py")), ids=lambda path: path.name)
def test_no_class_of_sqlglot_is_subclassed(path: Path) -> None:
    """Its compiled form can't be: `interpreted classes cannot inherit from compiled`."""
    tree = ast.parse(path.read_text())
    names = imported(tree, "sqlglot")
    bases = [b for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for b in node.bases]
    used = {n.id for base in bases for n in ast.walk(base) if isinstance(n, ast.Name)}
    assert not used & names
