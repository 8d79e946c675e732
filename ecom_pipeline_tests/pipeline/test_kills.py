"""Loads, runs and ticks that are killed at random moments: no day is lost to any of them.

For many more kills: TEST_KILLS=200, some half an hour.
"""

import os
import random
import signal
import sys
import time
from dataclasses import replace

import dagster as dg
import pytest

from ecom_pipeline.orchestration import runs
from ecom_pipeline.orchestration.keys import CATALOG_CSV, CSV_LINES, FACT_LINES, RAW_EVENTS
from ecom_pipeline.settings import aws_environment, child_environment, environment_of
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests import children
from ecom_pipeline_tests.pipeline.test_daemon import (
    WAIT_SECONDS,
    arrive,
    at_rest,
    dagster,
    fact_is,
    instance_of,
    marts_are,
)
from ecom_pipeline_tests.waiting import until

KILLS = int(os.environ.get("TEST_KILLS", "4"))
DAYS = 6
SLOWEST = 12.0  # seconds; a load of these days has ended by then
ASSETS = ",".join(key.to_user_string() for key in (RAW_EVENTS, CSV_LINES, CATALOG_CSV, FACT_LINES))


@pytest.fixture
def world(redshift, tmp_path):
    """Return settings with a separate Dagster; a killed tick's messages come back in 5 s."""
    queue = connect.notifications(redshift)
    queue.sqs.set_queue_attributes(QueueUrl=queue._url(), Attributes={"VisibilityTimeout": "5"})
    return replace(redshift, home=tmp_path)


def killed(configured, command, seconds):
    """Start a command in a separate session and kill all of it after so many seconds."""
    home = str(runs.local_instance_home(configured.home))
    environment = child_environment(
        aws_environment(configured) | environment_of(configured) | {"DAGSTER_HOME": home}
    )
    with children.running(command, env=environment, stdout=-3, stderr=-3) as process:
        time.sleep(seconds)
        children.end(process, signal.SIGKILL)


def test_however_loads_runs_and_ticks_are_killed_each_day_ends_right(world, days):
    rng = random.Random(KILLS)
    days = days(DAYS)
    names = ["first"]
    for each in days:
        arrive(world, each, "first")
    load = [sys.executable, "-m", "ecom_pipeline.cli", "load", f"{days[0]}:{days[-1]}"]
    materialize = [sys.executable, "-m", "dagster", "asset", "materialize", "--select", ASSETS]
    materialize += ["-m", "ecom_pipeline.definitions", "--partition"]
    for number in range(KILLS):
        if number % 10 == 9:  # ticks and the runs that they asked for
            with dagster(world):
                time.sleep(rng.uniform(0, SLOWEST))
        elif number % 4 == 3:
            day = rng.choice(days)
            killed(world, [*materialize, str(day)], rng.uniform(0, SLOWEST))
        else:
            killed(world, load, rng.uniform(0, SLOWEST))
        if number % 5 == 4:
            names.append(f"late-{number}")
            for each in days:
                arrive(world, each, names[-1])
    for each in days:
        arrive(world, each, "last")
    with instance_of(world) as instance, dagster(world):
        whole = [*names, "last"]
        until(lambda: fact_is(world, days, *whole), "every event of every day", WAIT_SECONDS)
        until(lambda: marts_are(world, days, len(whole)), "the marts", WAIT_SECONDS)
        until(lambda: at_rest(instance), "no run to wait or to be orphaned", WAIT_SECONDS)
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) == 0
