"""The modules that a Lambda loads at its start: those of boto3, our two packages and msgspec.

The time is measured by `python -m bench.cold_start`.
"""

import json
import os
import subprocess
import sys

from bench import infra
from ecom_pipeline.local import deploy

# A new Python process, because static rules miss dynamic imports; forked for each function, because
# no function may depend on imports of another.
STARTS = """
import json, os, sys
from importlib import import_module
import boto3
handlers, services = json.loads(sys.argv[1])
for service in services:
    boto3.client(service)
known = set(sys.modules)
for handler in handlers:
    if not os.fork():
        import_module(handler)
        clients = import_module("ecom_pipeline.realtime.clients")
        for service in services:
            clients.client(service)
        print(json.dumps([handler, sorted(set(sys.modules) - known)]), flush=True)
        os._exit(0)
    os.wait()
"""
SERVICES = ("dynamodb", "kinesis", "s3")
ENVIRONMENT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}
OURS = ("ecom_pipeline.domain.", "ecom_pipeline.realtime.")
LIBRARIES = ("msgspec.", "typing_extensions.")  # optional for msgspec: not in the zip
# what the shop's time zone needs, in the two functions that know the time: 2.4 ms (2026-11-30)
ZONES = ("zoneinfo.", "_zoneinfo.", "sysconfig.", "_sysconfigdata_")
KNOW_THE_TIME = {f"ecom_pipeline.realtime.{name}" for name in ("ingest", "archive")}


def test_a_function_loads_nothing_that_boto3_does_not_but_our_rooms_and_msgspec():
    """Not a module more of Python's own, of boto3 or of botocore: each costs every cold start."""
    done = subprocess.run(
        [sys.executable, "-c", STARTS, json.dumps([infra.handlers(), SERVICES])],
        env=ENVIRONMENT,
        cwd=deploy.INFRA.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = dict(map(json.loads, done.stdout.splitlines()))
    assert sorted(loaded) == infra.handlers(), done.stderr
    assert {
        (handler, module)
        for handler, modules in loaded.items()
        for module in modules
        if module != "ecom_pipeline"
        and not f"{module}.".startswith(OURS + LIBRARIES)
        and not (handler in KNOW_THE_TIME and f"{module}.".startswith(ZONES))
    } == set()
