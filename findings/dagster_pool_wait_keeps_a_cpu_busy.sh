#!/usr/bin/env bash
# Dagster 1.13.27: a run that waits for a slot of a pool keeps one CPU busy, and SIGTERM waits, too.
#
# The in-process executor sleeps for the smallest of all waiting times and 0, so it never sleeps: it
# asks for the next step again at once, until the other run frees the slot, for hours if need be.
# SIGTERM is recorded in the meantime and read only when a step runs. The run's log has one line
# that it is blocked; with the console logger off, nothing is shown.
#
# Seen on 2026-11-30: "in 5 s of waiting: 4.9 s of CPU, alive after SIGTERM: True".
# Exits 0 while this holds, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dagster==1.13.27
mkdir "$folder/home"
cat > "$folder/home/dagster.yaml" <<'YAML'
concurrency:
  pools: {default_limit: 1, granularity: op}
YAML
cat > "$folder/waiting.py" <<'PYTHON'
import dagster as dg


@dg.asset(pool="one_at_a_time")
def table():
    return 1


with dg.DagsterInstance.get() as instance:
    dg.materialize([table], instance=instance)
PYTHON
cd "$folder"
DAGSTER_HOME="$folder/home" "$folder/venv/bin/python" - <<'PYTHON'
import os
import signal
import subprocess
import sys
import time

import dagster as dg


def cpu_seconds(pid):
    ticks = open(f"/proc/{pid}/stat").read().rpartition(") ")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


with dg.DagsterInstance.get() as instance:
    instance.event_log_storage.set_concurrency_slots("one_at_a_time", 1)
    instance.event_log_storage.claim_concurrency_slot("one_at_a_time", "another run", "a step")
run = subprocess.Popen([sys.executable, "waiting.py"], stderr=subprocess.PIPE, text=True)
for line in run.stderr:
    if "blocked by" in line:
        break
before = cpu_seconds(run.pid)
time.sleep(5)
busy = cpu_seconds(run.pid) - before
run.send_signal(signal.SIGTERM)
time.sleep(3)
alive = run.poll() is None
run.kill()
print(f"in 5 s of waiting: {busy:.1f} s of CPU, alive after SIGTERM: {alive}")
sys.exit(not (busy > 2 and alive))
PYTHON
