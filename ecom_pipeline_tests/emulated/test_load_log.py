"""The log of a load: read alone it tells what happened, when and why, and it names nobody."""

import csv
import json
import logging
import re
import threading
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ecom_pipeline import definitions, stages
from ecom_pipeline.domain import keys
from ecom_pipeline.lake import connect as lake_connect
from ecom_pipeline.lake import identity
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.local.drill.wire import Fate, StatementStrike, WarehouseProxy
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.orchestration import logs, runs
from ecom_pipeline.replay import dataset
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.terminal.logging import shown
from ecom_pipeline.warehouse import connect, fence, lock
from ecom_pipeline_tests.builders import REAL, accepted, on
from ecom_pipeline_tests.waiting import until

pytestmark = pytest.mark.usefixtures("redshift")


def arrive(lake, day, *events, name="1"):
    key = keys.raw_key(day, "0", name, name)
    lake.raw.write_records(key, [accepted(event) for event in events])


def run_log(instance):
    """Return all that the runs' logs say, in order."""
    found = [each for run in instance.get_runs() for each in instance.all_logs(run.run_id)]
    return [each.user_message for each in sorted(found, key=lambda each: each.timestamp)]


def steady(text):
    """Return a log without what differs from run to run."""
    for found, shown_as in {
        r"\d+\.\d+ s|\b\d+ s\b": "N s",
        r"\d\d:\d\d:\d\d ": "HH:MM:SS ",
        r"session \d+": "session P",
        r"run=\w{8}": "run=R",
        r"[\d,]+ bytes": "B bytes",
        r"\b[0-9a-f]{12}\b": "I",
    }.items():
        text = re.sub(found, shown_as, text)
    return text


STORY = """\
HH:MM:SS list: begins, {day}
HH:MM:SS list: done in N s, {day}, 2 objects, B bytes
HH:MM:SS build: begins, {day}
HH:MM:SS build: done in N s, {day}, 2 records, 2 rows, 1 part, B bytes
HH:MM:SS catalog: begins, {day}
HH:MM:SS catalog: done in N s, {day}
HH:MM:SS waiting for the lock of sales.load_lock for N s; held by session P, since HH:MM:SS UTC \
(ecom_pipeline run=R days={day}:{day})
HH:MM:SS waited N s for the lock of sales.load_lock
HH:MM:SS stage: begins, {day}
HH:MM:SS stage: failed after N s: ProgrammingError
HH:MM:SS publish: attempt 1 of 6 failed: XX000: 1023 Serializable isolation violation on table - 0,\
 transactions forming the cycle are: 1, 2; trying again in N s
HH:MM:SS stage: begins, {day}
HH:MM:SS stage: done in N s, {day}, 1 part, B bytes
HH:MM:SS assert: begins, {day}
HH:MM:SS assert: done in N s, {day}, 2 rows, 0 refused days
HH:MM:SS publish: begins, {day}
HH:MM:SS publish: failed after N s: ApprovalRequiredError: held for approval as plan I: {day}: \
1 rows added, 0 removed, 0 changed of 1, revenue 15.3000 to 30.6000
HH:MM:SS fact_invoice_lines: failed: held for approval as plan I: {day}: 1 rows added, 0 removed, \
0 changed of 1, revenue 15.3000 to 30.6000. The day's previous version stays. To approve this \
plan, run `ecom load` of these days with --approve I, which records who you are, or launch the run \
again with the config {{"ops": {{"fact_invoice_lines": {{"config": {{"approve": "I"}}}}}}}}.
HH:MM:SS marts: begins
HH:MM:SS marts: done in N s, 0 days, 5 rows
"""


def test_a_load_that_waits_tries_again_and_fails_is_understood_from_its_log_alone(
    aws, instance, lake, day, capsys, monkeypatch
):
    """What somebody reads who does not know the code: shown in docs/batch-path.md."""
    monkeypatch.setattr(lock, "_FIRST_SECONDS", 2.0)
    gated = replace(aws, load_bound=Decimal("0.1"))
    arrive(lake, day, on(day, event_id="a"))
    runs.run_days(definitions.build(gated), instance, day, day)
    arrive(lake, day, on(day, event_id="b"), name="2")
    before = len(run_log(instance))
    by = replace(connect.warehouse(aws).by, run_id="1b2c3d4e")
    other = replace(connect.warehouse(aws), by=by, label=f"days={day}:{day}")
    conflict = StatementStrike("copy", Fate.CONFLICT)
    with other.session() as session, WarehouseProxy(aws.redshift_port, conflict) as proxy, shown():
        lock.take(other, session, fence.LOCK)
        through = definitions.build(replace(gated, redshift_port=proxy.port))
        holder = threading.Thread(target=let_go_once_waited_for, args=(session, instance))
        holder.start()
        with pytest.raises(runs.RunFailedError, match="held for approval as plan"):
            runs.run_days(through, instance, day, day)
        holder.join()
    printed = capsys.readouterr().err
    assert steady(printed) == STORY.format(day=day)
    lines = [line.partition(" ")[2] for line in printed.splitlines()]
    logged = run_log(instance)[before:]
    assert [each for each in logged if each in lines] == lines


def let_go_once_waited_for(session, instance):
    """End the transaction that has the lock. The run is the main thread's: Dagster captures it."""
    until(lambda: any("waiting for" in each for each in run_log(instance)), "the wait")
    session.commit()


def dirty_events(folder, day):
    """Return rows of the real file that are dirty, if it is there, and made-up ones, of a day."""
    real = REAL / "dirty_sample.csv"
    text = real.read_text(encoding="utf-8") if real.exists() else ""
    path = write_sample(folder / "dirt.csv", days=2, rows_per_day=60).path
    rows = [*csv.DictReader(text.splitlines())]
    rows += [event for _, event in dataset.events(path, choices=DATA_SET)]
    named = on(day)
    return [
        {name: str(row[name]) for name in named if row.get(name) is not None}
        | {"event_id": f"e{number}", "InvoiceDate": named["InvoiceDate"]}
        for number, row in enumerate(rows)
    ]


def test_no_log_of_dirty_rows_names_a_customer_or_a_product(
    aws, instance, lake, day, tmp_path, caplog
):
    """Rows that are refused, doubled or in conflict, a torn invoice, and a damaged object."""
    caplog.set_level(logging.DEBUG, "ecom_pipeline")
    events = dirty_events(tmp_path, day)
    torn = [on(day, event_id=f"t{n}", InvoiceNo="999", CustomerID=f"9876543{n}") for n in (1, 2)]
    broken = [each | {"event_id": f"b{n}", "Quantity": "six"} for n, each in enumerate(events[:9])]
    other = [each | {"Quantity": 77} for each in events[:9]]  # the same ids
    arrive(lake, day, *events, *torn, *broken)
    arrive(lake, day, *events[:5], *other, name="2")
    with pytest.raises(runs.RunFailedError) as first:
        runs.run_days(definitions.build(aws), instance, day, day)
    damaged = keys.raw_key(day, "0", "3", "3")
    lake.s3.put_object(
        Bucket=lake.raw.name, Key=damaged, Body=b"17850", Metadata={"sha256": "0", "rows": "1"}
    )
    with pytest.raises(runs.RunFailedError) as second:
        runs.run_days(definitions.build(aws), instance, day, day)
    lines = [stages.JsonLines().format(each) for each in caplog.records]
    text = "\n".join([*run_log(instance), *lines, str(first.value), str(second.value)])
    assert "invoice of two owners, first 999" in text
    sent = [*events, *torn]
    private = {str(row.get(name) or "") for row in sent for name in ("CustomerID", "Description")}
    private = {each.removesuffix(".0").strip() for each in private}
    long_enough = {each for each in private if len(each) > 4}  # shorter ones are in any number
    assert len(long_enough) > 50
    assert [
        each for each in long_enough if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)
    ] == []


def test_on_aws_what_a_load_logs_is_json_lines_that_name_run_and_step(
    aws, instance, lake, day, capsys
):
    torn = [on(day, event_id=f"t{n}", CustomerID=f"9876543{n}") for n in (1, 2)]
    arrive(lake, day, *torn)
    try:
        with pytest.raises(runs.RunFailedError, match="two owners"):
            runs.run_days(definitions.build(replace(aws, log_format="json")), instance, day, day)
    finally:
        logs.print_as("text")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    run_ids = set(instance.get_run_ids())
    assert all({"time", "level", "message", "job", "step"} <= each.keys() for each in lines)
    assert {each["run_id"] for each in lines} == run_ids
    (build,) = (each for each in lines if (each["stage"], each["state"]) == ("build", "done"))
    assert (build["step"], build["days"], build["rows"]) == ("csv_invoice_lines", 1, 2)
    assert (build["first_day"], build["message"][:11]) == (str(day), "build: done")
    (failed,) = (each for each in lines if each["state"] == "failed")
    assert (failed["step"], failed["level"]) == ("fact_invoice_lines", "ERROR")
    assert failed["reason"].startswith("every_invoice_has_one_owner: ")
    assert "9876543" not in json.dumps(lines)


def test_what_a_worker_process_logs_is_in_the_log_of_the_load(aws, lake, day, days, caplog):
    arrive(lake, day, on(day, event_id="a"))
    lake.raw.put(f"{keys.raw_prefix(day)}notes.txt", b"a person's")
    list(ProcessEngine(aws, processes=2, few=0).build([day, *days(1)]))
    assert [each.getMessage() for each in caplog.records if "notes.txt" in each.getMessage()]


class Busy(BaseHTTPRequestHandler):
    """An S3 that is busy at its first request."""

    answers = iter((503, 200))

    def do_HEAD(self):
        self.send_response(next(self.answers))
        self.end_headers()

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        pass


def test_a_retry_of_an_aws_client_is_logged(aws, caplog):
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        busy = replace(aws, endpoint_url=f"http://127.0.0.1:{server.server_port}")
        lake_connect.client(busy, "s3").head_bucket(Bucket="busy")
        server.shutdown()
    assert [each.getMessage() for each in caplog.records] == [
        "S3 HeadBucket: attempt 1 of 6 failed: 503; trying again"
    ]


def test_without_an_answer_of_sts_the_caller_is_unknown_and_the_log_says_so(aws, caplog):
    nowhere = replace(aws, endpoint_url="http://127.0.0.1:1")
    assert identity.caller(nowhere).endswith(", unknown")
    (record,) = caplog.records
    assert "STS does not say (EndpointConnectionError)" in record.getMessage()
