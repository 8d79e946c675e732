"""The real-time path at full speed with throttling, lost responses and redelivered batches.

2,500 events meet each kind of fault; ECOM_FAULT_EVENTS=100000 runs the same with more.
"""

import os
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import count

import psutil
import pytest

from ecom_pipeline.client import endpoints
from ecom_pipeline.domain import envelope, keys
from ecom_pipeline.local import deploy, processes, stack, waiting
from ecom_pipeline.local.drill.http_proxy import Proxy
from ecom_pipeline.local.sample.writer import write_sample
from ecom_pipeline.reconcile.stores.raw import RawStore
from ecom_pipeline.reconcile.stores.table import TableStore
from ecom_pipeline.redelivery import redeliver
from ecom_pipeline.replay import dataset, sender
from ecom_pipeline.table.invoices import InvoiceTable
from ecom_pipeline.warehouse import connect
from ecom_pipeline_tests.builders import REAL, accepted, payload, read_rejected
from ecom_pipeline_tests.pipeline.faults import KINDS, Faults

EVENTS = int(os.environ.get("ECOM_FAULT_EVENTS", "2500"))
A_POISON_IN = 400  # so that each kind of poison occurs
PACE = sender.Pace(batch_size=250)  # more requests, so more of them meet a fault
ALWAYS = date(2009, 1, 1), date(2029, 1, 1)

EVENT = envelope.encode(accepted(payload()))
POISONS = (
    b"poison %d",
    b"\xff\xfe\x00 %d",
    b'{"status": "accepted", "event_id": %d}',
    EVENT.replace(b'"536365"', b'"not a number %d"'),
    EVENT.replace(b'"536365"', b'"%d", "Quantity": 1e99999999999999999999'),
    EVENT.replace(b'"536365"', b"[" * 3000 + b"%d" + b"]" * 3000),
)


class Saboteur:
    """Puts poison on the stream and kills the poller once, while events are being sent."""

    def __init__(self, configured, endpoint_url):
        self.put = {}
        self.last_sequence = {}
        self.kills = 0
        self._home = configured.home.resolve()
        self._stream = deploy.outputs(configured)["StreamName"]
        self._kinesis = connect.client(configured, "kinesis")
        _, _, self.poller = stack.services(replace(configured, endpoint_url=endpoint_url))
        self._sent = 0
        self._numbers = count()

    def after(self, events):
        """Do what is due now that so many more events were acknowledged."""
        before, self._sent = self._sent, self._sent + events
        for _ in range(before // A_POISON_IN, self._sent // A_POISON_IN):
            self._poison(next(self._numbers))
        if self.kills == 1 and self._sent > EVENTS // 2:
            self.restart()

    def restart(self):
        """Kill the poller where it stands, and start it behind the proxy."""
        poller = psutil.Process(processes.pid_of("poller", self._home))
        poller.kill()
        poller.wait(10)
        self.kills += 1
        assert processes.start(self.poller, self._home)

    def _poison(self, number):
        data = POISONS[number % len(POISONS)].replace(b"%d", str(number).encode())
        key = f"poison-{number}"
        told = self._kinesis.put_record(StreamName=self._stream, Data=data, PartitionKey=key)
        shard, sequence = told["ShardId"], told["SequenceNumber"]
        self.put[f"{shard}:{sequence}"] = data
        self.last_sequence[shard] = max(sequence, self.last_sequence.get(shard, ""), key=number_of)


def number_of(sequence):
    return int(sequence or 0)


def events_at_hand(folder):
    if REAL.exists():
        return dataset.events(REAL / "online_retail.csv.gz", limit=EVENTS)
    rows = write_sample(folder / "sample.csv.gz", days=7, rows_per_day=EVENTS // 4).path
    return dataset.events(rows, limit=EVENTS)


def send_functions_through(configured, endpoint_url):
    functions = connect.client(configured, "lambda")
    for name in ("ingest", "store", "archive"):
        function = f"{deploy.STACK}-{name}"
        known = functions.get_function_configuration(FunctionName=function)["Environment"]
        given = known["Variables"] | {"AWS_ENDPOINT_URL": endpoint_url}
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": given}
        )


def quarantined(configured):
    """Return the original bytes of what was set aside, by where it stood on the stream."""
    lake = connect.lake(configured)
    pages = lake.s3.get_paginator("list_objects_v2").paginate(
        Bucket=configured.raw_bucket, Prefix=keys.QUARANTINE
    )
    found = [each["Key"] for page in pages for each in page.get("Contents", [])]
    records = [read_rejected(data) for key in found for data in lake.raw.lines(key)]
    return {record.record: envelope.original_bytes(record) for record in records}


def headers(configured):
    pages = (
        connect.client(configured, "dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=configured.table,
            FilterExpression="sk = :header",
            ExpressionAttributeValues={":header": {"S": keys.HEADER_SK}},
            ProjectionExpression="pk",
        )
    )
    return Counter(keys.invoice_no_of(item["pk"]["S"]) for page in pages for item in page["Items"])


def given_up(configured):
    return redeliver.find(connect.lake(configured))


@pytest.fixture(scope="module")
def story(whole_line, tmp_path_factory):
    """Send the events through all faults at once, and wait until both consumers are done.

    Functions and poller of this file's system reach AWS through a faulty proxy from then on.
    """
    events = events_at_hand(tmp_path_factory.mktemp("data"))
    faults, began = Faults(), time.monotonic()
    with Proxy(whole_line.endpoint_url, faults) as proxy:
        send_functions_through(whole_line, proxy.url)
        saboteur = Saboteur(whole_line, proxy.url)
        saboteur.restart()  # from now on the poller uses the proxy, too
        target = endpoints.producer(whole_line)
        summary = sender.send(events, target, pace=PACE, on_progress=saboteur.after)
        waiting.wait_for(whole_line, summary.last_sequence)
        waiting.wait_for(whole_line, saboteur.last_sequence)
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"\n{summary.accepted} events, {summary.events_per_second:.0f} accepted a second, "
        f"{summary.accepted / seconds:.0f} end to end; {len(saboteur.put)} poison; "
        f"{dict(faults.injected)}\n"
    )
    return summary, saboteur, faults


def test_every_accepted_event_is_in_both_stores_once(whole_line, story):
    summary, _, _ = story
    assert (summary.accepted, summary.rejected) == (EVENTS, Counter())
    raw = RawStore(connect.lake(whole_line)).days(*ALWAYS)
    dynamodb = connect.client(whole_line, "dynamodb")
    assert raw == summary.days
    assert (
        TableStore(InvoiceTable(dynamodb, whole_line.table), dict, full=True).days(*ALWAYS)
        == summary.days
    )


def test_every_invoice_has_one_header(whole_line, story, tmp_path):
    invoices = {event["InvoiceNo"] for _, event in events_at_hand(tmp_path)}
    assert headers(whole_line) == dict.fromkeys(invoices, 1)


def test_the_poison_and_nothing_else_is_in_quarantine_byte_for_byte(whole_line, story):
    _, saboteur, _ = story
    assert len(saboteur.put) >= EVENTS // A_POISON_IN
    assert quarantined(whole_line) == saboteur.put


def test_nothing_was_given_up_and_every_kind_of_fault_did_happen(whole_line, story):
    _, saboteur, faults = story
    assert saboteur.kills == 2
    assert given_up(whole_line) == []
    every = {(name, kind.__name__) for name, kinds in KINDS.items() for kind in kinds}
    rare = {each for each in every if each[0] in {"BatchGetItem", "PutRecords"}}
    assert every - rare <= set(faults.injected)
