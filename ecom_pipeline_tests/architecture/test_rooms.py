"""The structure of the code: allowed imports, and limits of size."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2] / "ecom_pipeline"
MODULES = sorted(ROOT.rglob("*.py"))
READERS = {"settings.py", "realtime/clients.py"}  # modules that read the environment
HANDLERS = {"local/drill/functions.py"}  # sets the environment of the handlers, as Lambda does
ENTRY_POINTS = {"local/redshift/__main__.py", "local/poller/__main__.py"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_rooms_import_downward_only():
    """In a separate process: import-linter disables the loggers of the process it runs in."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_the_settings_and_the_functions_read_the_environment():
    readers = {
        name_of(p) for p in MODULES if "os.environ" in p.read_text() or "getenv" in p.read_text()
    }
    # set samtranslator's region, and the size of Dagster's batches: they have no other source
    setters = {"local/deploy.py", "orchestration/storage.py"}
    assert readers <= READERS | HANDLERS | ENTRY_POINTS | setters


def test_each_module_says_what_belongs_in_it_and_stays_small():
    assert MODULES
    assert {fault for path in MODULES for fault in faults_of(path)} == set()


def faults_of(path):
    source = path.read_text()
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield f"{name_of(path)} has no docstring"
    if (lines := source.count("\n")) > 250:
        yield f"{name_of(path)} has {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno
            if lines >= 50:
                yield f"{name_of(path)}: {node.name} has {lines} lines"


def test_nothing_but_a_test_imports_a_test_and_the_product_imports_neither_bench_nor_docs():
    taboo = {"bench": "ecom_pipeline_tests", "docs": "ecom_pipeline_tests"}
    taboo |= {"ecom_pipeline": "ecom_pipeline_tests|bench|docs"}
    assert {
        (path.relative_to(ROOT.parent).as_posix(), line)
        for folder, names in taboo.items()
        for path in (ROOT.parent / folder).rglob("*.py")
        for line in re.findall(rf"^\s*((?:from|import) (?:{names})\b.*)", path.read_text(), re.M)
    } == set()


def test_neither_a_question_to_the_stores_nor_a_process_of_an_engine_waits_for_dagster():
    """Importing it takes as long as building a dozen days."""
    modules = (
        "ecom_pipeline.operations, ecom_pipeline.terminal.tables, ecom_pipeline.cost.metered_build"
    )
    code = f"import sys, {modules}; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_there_are_no_mocks_of_our_own_code():
    tests = Path(__file__).parents[1].rglob("*.py")
    words = ("unittest." + "mock", "Magic" + "Mock", "mock" + "_aws", "mocker" + ".")
    assert {str(p) for p in tests if any(word in p.read_text() for word in words)} == set()
