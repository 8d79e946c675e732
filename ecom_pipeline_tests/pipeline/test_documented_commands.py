"""Every `ecom` command in a document is run as written, on a small shop's sales.

Those of docs/first-hour.md are run, and their output compared, by test_first_hour.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from click.testing import CliRunner, Result

from ecom_pipeline import operations, settings
from ecom_pipeline.cli import ecom
from ecom_pipeline.client import endpoints
from ecom_pipeline.local import stack, waiting
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.warehouse.session import WarehouseError
from ecom_pipeline_tests.architecture.documents import FIRST_HOUR, PAGES, typed
from ecom_pipeline_tests.conftest import local_aws

pytestmark = pytest.mark.usefixtures("world")

# by prefix: the test that runs a command instead
ELSEWHERE = {
    "ecom page": "test_first_hour.py: it serves until Ctrl-C",
    "ecom local down": "test_first_hour.py: nothing would be left for the others",
    "ecom drill": "test_drill.py: a separate system, and minutes",
    "ecom replay data.csv --days 2010-12-01:2010-12-07 --rate": "the same without its rate",
}
FIRST = date(2010, 12, 1)
INVOICE = "536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\r\n"
SHOWN = dict.fromkeys(
    words for page in PAGES if page != FIRST_HOUR for words in typed(page) if words[0] == "ecom"
)
HERE = [words for words in SHOWN if not " ".join(words).startswith(tuple(ELSEWHERE))]
ERASES = [words for words in HERE if words[1] == "erase"]


@contextmanager
def shop(tmp_path_factory: pytest.TempPathFactory, days: int) -> Iterator[Mapping[str, str]]:
    """Run a system in a folder with the files that commands read; yield its environment.

    It holds data.csv, and all of that is loaded.
    """
    configured, folder = local_aws(tmp_path_factory), tmp_path_factory.mktemp("shop")
    csv = write_sample(folder / "data.csv", days=days, rows_per_day=80).path
    header, *rows = csv.read_bytes().splitlines(keepends=True)
    csv.write_bytes(b"".join([header, INVOICE.encode(), *rows]))
    write_sample(folder / "sample.csv.gz", days=16, rows_per_day=80)
    try:
        stack.up(configured)
        summary = sender.send(dataset.events(csv, choices=DATA_SET), endpoints.producer(configured))
        waiting.wait_for(configured, summary.last_sequence)
        operations.load_days(configured, FIRST, FIRST + timedelta(days=days - 1))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            yield settings.environment_of(configured)
    finally:
        stack.down(configured)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with shop(tmp_path_factory, days=16) as environment:
        yield environment


def run(command: Sequence[str], environment: Mapping[str, str]) -> Result:
    done = CliRunner().invoke(ecom, command[1:], env=environment, input="y\n")
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done


@pytest.mark.parametrize("command", [each for each in HERE if each not in ERASES], ids=" ".join)
def test_a_command_of_a_document_does_what_it_is_shown_for(command, world):
    # events of an earlier replay may still be in flight, and their days not loaded
    may_differ = command[1] in {"reconcile", "sweep"}
    done = run(command, world)
    assert done.exit_code in ({0, 1} if may_differ else {0}), done.output


def test_each_erasure_of_a_document_does_what_it_is_shown_for(tmp_path_factory):
    """In a system of its own: elsewhere the customer is asked for."""
    assert ERASES
    with shop(tmp_path_factory, days=2) as environment:
        for command in ERASES:
            done = run(command, environment)
            assert done.exit_code == 0, done.output


def test_a_statement_that_the_warehouse_refuses_is_answered_with_its_reason(world):
    done = CliRunner().invoke(ecom, ["sql", "select * from nothing"], env=world)
    assert str(done.exception) == 'relation "nothing" does not exist'
    assert isinstance(done.exception, WarehouseError)  # so a sentence and exit code 2
