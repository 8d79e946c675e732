"""A stopped replay resumes at its checkpoint."""

import os
import signal
import subprocess
import sys
from datetime import date

import pytest

from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.sender import Pace, send
from ecom_pipeline_tests.emulated.replay.shop import KEY
from ecom_pipeline_tests.emulated.replay.some import SMALL, Some, ids_of, target


def test_a_file_that_ends_badly_stops_the_replay_but_keeps_what_was_acknowledged(
    shop_api, tmp_path
):
    with pytest.raises(DatasetError, match="ends here"):
        send(Some(broken_after=451), target(shop_api), pace=SMALL, journal_folder=tmp_path)
    again = send(Some(450), target(shop_api), pace=SMALL, journal_folder=tmp_path)
    assert again.resumed >= 100  # a batch that no worker has started is not sent
    assert again.resumed + again.sent == 450
    assert set(shop_api.deliveries.values()) == {1}
    assert len(shop_api.stored) == 450


def test_an_interrupted_replay_goes_on_behind_what_was_acknowledged(shop_api, tmp_path):
    def interrupt(_count):
        if shop_api.requests >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(
            Some(2_000),
            target(shop_api),
            pace=SMALL,
            journal_folder=tmp_path,
            on_progress=interrupt,
        )
    before = len(shop_api.stored)
    assert 400 <= before < 2_000
    told = []
    rest = send(
        Some(2_000), target(shop_api), pace=SMALL, journal_folder=tmp_path, on_progress=told.append
    )
    assert rest.resumed >= 300
    assert rest.sent + rest.resumed == sum(told) == len(shop_api.stored) == 2_000
    assert rest.days[date(2010, 12, 1)].rows == rest.sent
    assert list(tmp_path.iterdir()) == []


def test_a_completed_replay_sends_everything_again_the_next_time(shop_api, tmp_path):
    for _ in range(2):
        assert send(Some(250), target(shop_api), journal_folder=tmp_path).sent == 250
    assert set(shop_api.deliveries.values()) == {2}


def test_another_replay_does_not_profit_from_a_journal(shop_api, tmp_path):
    with pytest.raises(DatasetError):
        send(Some(broken_after=451), target(shop_api), pace=SMALL, journal_folder=tmp_path)
    others = [
        send(Some(450, name="other"), target(shop_api), pace=SMALL, journal_folder=tmp_path),
        send(Some(450), target(shop_api), pace=Pace(batch_size=50), journal_folder=tmp_path),
        send(
            Some(450), target(shop_api, url=f"{shop_api.url}/"), pace=SMALL, journal_folder=tmp_path
        ),
    ]
    assert [summary.resumed for summary in others] == [0, 0, 0]


KILLED = """
import signal, sys
from pathlib import Path
from ecom_pipeline.client.events_api import Target
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import events
from ecom_pipeline.replay.sender import Pace, send
signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background ignores it
send(events(Path(sys.argv[1]), choices=DATA_SET), Target(url=sys.argv[2], api_key=sys.argv[3]),
     pace=Pace(batch_size=50, concurrency=2), journal_folder=Path(sys.argv[4]))
"""


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_replay_loses_nothing_and_is_taken_up_again(shop_api, made_up, tmp_path, death):
    shop_api.delay = 0.05
    arguments = [str(made_up.path), shop_api.url, KEY, str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    shop_api.await_requests(8)
    process.send_signal(death)
    assert process.wait(20) != 0
    shop_api.delay = 0
    assert 0 < len(shop_api.stored) < made_up.rows
    source = events(made_up.path, choices=DATA_SET)
    pace = Pace(batch_size=50, concurrency=2)
    rest = send(source, target(shop_api), pace=pace, journal_folder=tmp_path)
    assert rest.resumed >= 100
    assert rest.resumed + rest.sent == made_up.rows
    assert shop_api.stored.keys() == ids_of(source)
