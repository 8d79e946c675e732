"""What a function's cold start costs, as a ratio to what no function with boto3 can do without."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
ROUNDS = 5
MOST = 1.5
SERVICES = {
    "ingest": "kinesis",
    "store": "dynamodb",
    "archive": "s3",
    "query": "dynamodb",
}
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "PATH": os.environ["PATH"],
}
END = "import time; print(time.process_time())"


def cpu_seconds(script):
    """Return the CPU time of a fresh process, the interpreter's own start included."""
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; {END}"],
        env=ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@pytest.mark.parametrize("name", SERVICES)
def test_a_cold_start_takes_at_most_half_as_long_again_as_boto3_alone(name):
    """Import and first client, in turn, so that a busy machine is busy for both."""
    service = SERVICES[name]
    ours = f"from ecom_pipeline.realtime import {name}, clients; clients.client({service!r})"
    boto3 = f"import boto3; boto3.client({service!r})"
    cpu_seconds(ours)  # writes the bytecode
    rounds = [(cpu_seconds(ours), cpu_seconds(boto3)) for _ in range(ROUNDS)]
    assert median(a for a, _ in rounds) / median(b for _, b in rounds) <= MOST
