"""warehouse.session: what is retried, how often, and what is not."""

import pytest
import redshift_connector as driver

from ecom_pipeline.warehouse import session
from ecom_pipeline.warehouse.fence import FencedError
from ecom_pipeline.warehouse.session import UnreachableError, WarehouseError, retrying

SERIALIZATION = {"C": "XX000", "M": "1023", "D": "Serializable isolation violation on table - 1"}
CONFLICT = {"M": "could not complete because of conflict with concurrent transaction"}
DATA = {"M": "Load into table 'stage' failed.  Check 'sys_load_error_detail' system table"}
LOOKALIKE = {"M": "Value 1023 is out of range"}

TRANSIENT = [
    driver.ProgrammingError(SERIALIZATION),
    driver.ProgrammingError(CONFLICT),
    driver.InterfaceError("BrokenPipe: server socket closed"),
    ConnectionResetError("reset by peer"),
    UnreachableError("no warehouse answers"),
]
FINAL = [driver.ProgrammingError(DATA), driver.ProgrammingError(LOOKALIKE)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(session.time, "sleep", lambda _seconds: None)


def failing(error, times):
    """Return an attempt that fails so many times, and the list of its calls."""
    calls = []

    def attempt():
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "done"

    return attempt, calls


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_what_is_transient_is_tried_again_until_it_works(error):
    attempt, calls = failing(error, times=3)
    assert retrying(attempt) == "done"
    assert len(calls) == 4


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_but_not_for_ever(error):
    attempt, calls = failing(error, times=1000)
    with pytest.raises(WarehouseError):
        retrying(attempt)
    assert len(calls) == session.ATTEMPTS


@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_what_is_wrong_with_the_data_is_tried_once_and_said(error):
    attempt, calls = failing(error, times=1000)
    with pytest.raises(WarehouseError, match=error.args[0]["M"][:20]):
        retrying(attempt)
    assert len(calls) == 1


def test_a_load_that_was_overtaken_is_not_tried_again():
    attempt, calls = failing(FencedError("a newer load"), times=1000)
    with pytest.raises(FencedError):
        retrying(attempt)
    assert len(calls) == 1
