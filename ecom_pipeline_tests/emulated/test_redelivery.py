"""redelivery: failed batches are delivered again by the deployed functions, and nothing twice."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ecom_pipeline.domain import failed_batch, keys
from ecom_pipeline.domain.failed_batch import PREFIX, REDELIVERED
from ecom_pipeline.domain.tombstone import Tombstone
from ecom_pipeline.lake import connect, partition, tombstones
from ecom_pipeline.local.poller import mapping
from ecom_pipeline.reconcile import connect as compared
from ecom_pipeline.reconcile.compare import reconcile
from ecom_pipeline.redelivery import redeliver
from ecom_pipeline.warehouse import connect as warehouse_connect
from ecom_pipeline.warehouse import load
from ecom_pipeline_tests.builders import on
from ecom_pipeline_tests.emulated.given_up import given_up

A_BATCH = 50


class System:
    """Stores of this test's own, and deployed functions that write to them."""

    def __init__(self, configured, names):
        self.settings, self.names = configured, names
        self.lake = connect.lake(configured)
        self.functions = connect.client(configured, "lambda")
        self.queue = connect.failed_batches(configured)

    def give_up(self, consumer: str, events: Sequence[dict[str, Any]], first: int) -> None:
        """Write what the poller writes when a batch's retries are exhausted."""
        written = given_up(self.lake.raw.name, self.names[consumer], events, first)
        self.lake.raw.put(written.key, written.body.encode())

    def redeliver(self, found=None):
        wanted = redeliver.find(self.lake) if found is None else found
        return redeliver.redeliver(self.lake, self.functions, wanted)

    def objects(self, prefix: str) -> dict[str, bytes]:
        listed = [each.key for each in self.lake.raw.objects(prefix)]
        return {key: self._body(key) for key in listed}

    def _body(self, key: str) -> bytes:
        stored = self.lake.raw.read(key)
        assert stored is not None
        return stored.body

    def items(self) -> list[Any]:
        pages = connect.client(self.settings, "dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.settings.table)
        return sorted((each for page in found for each in page["Items"]), key=str)

    def messages(self) -> int:
        attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.queue.sqs.get_queue_attributes(
            QueueUrl=self.queue._url(), AttributeNames=attributes
        )
        return sum(int(found["Attributes"][name]) for name in attributes)


@pytest.fixture
def system(redshift, emulator):
    """Yield the stores, with a store and an archive function that have these as their variables."""
    functions = connect.client(redshift, "lambda")
    names = {each: f"{redshift.table}-{each}" for each in failed_batch.CONSUMERS}
    for consumer, name in names.items():
        deployed = functions.get_function(FunctionName=f"ecom-{consumer}")
        known = deployed["Configuration"]
        (code,) = _code(emulator)
        given = {"TABLE_NAME": redshift.table, "RAW_BUCKET": redshift.raw_bucket}
        functions.create_function(
            FunctionName=name,
            Runtime=known["Runtime"],
            Role=known["Role"],
            Handler=known["Handler"],
            Timeout=known["Timeout"],
            Code={"S3Bucket": "ecom-artifacts", "S3Key": code},
            Environment={"Variables": known["Environment"]["Variables"] | given},
        )
    made = System(redshift, names)
    made.queue.sqs.purge_queue(QueueUrl=made.queue._url())  # S3's test message
    yield made
    for name in names.values():
        functions.delete_function(FunctionName=name)


def _code(emulator):
    listed = connect.client(emulator, "s3").list_objects_v2(Bucket="ecom-artifacts")["Contents"]
    return [each["Key"] for each in listed if each["Key"].endswith(".zip")][:1]


def sales(day, invoice, count):
    return [
        on(day, InvoiceNo=f"{invoice}{n // 10}", event_id=f"{invoice}-{n}", Quantity=n % 9 + 1)
        for n in range(count)
    ]


def test_a_thousand_given_up_records_redelivered_twice_leave_equal_stores(system, day, invoice):
    events = sales(day, invoice, 1_000)
    for consumer in failed_batch.CONSUMERS:
        for start in range(0, len(events), A_BATCH):
            system.give_up(consumer, events[start : start + A_BATCH], first=start + 1)
    kept = system.objects(PREFIX)
    assert len(kept) == system.messages() == 40
    outcomes = system.redeliver()
    assert [each.trouble for each in outcomes] == [""] * 40
    assert sum(each.delivered for each in outcomes) == 2_000
    once = system.objects(keys.RAW), system.items()
    assert len(once[1]) == 1_000 + 100  # lines and headers
    assert system.objects(PREFIX) == {}
    assert redeliver.clear(system.lake, system.queue) == 40
    assert system.messages() == 0

    for key, body in kept.items():  # as if the first had been killed before it moved them
        system.lake.raw.put(key, body)
    assert sum(each.delivered for each in system.redeliver()) == 2_000
    assert (system.objects(keys.RAW), system.items()) == once
    assert system.objects(REDELIVERED) == {REDELIVERED + key: kept[key] for key in kept}

    assert partition.build(system.lake, day).unaccounted == 0
    load.publish(warehouse_connect.warehouse(system.settings), system.lake, [day])
    found = reconcile(
        compared.stores(system.settings), day, day, compared.watermark(system.settings)
    )
    assert (found.differences, found.wrong) == ([], [])
    assert {sums[day].rows for sums in found.stores.values()} == {1_000}


def test_a_batch_that_fails_again_waits_with_its_message_and_holds_no_other_up(
    system, day, invoice
):
    good, bad = sales(day, invoice, 3), sales(day, f"{invoice}9", 2)
    system.give_up("archive", good, first=1)
    system.give_up("store", bad, first=4)
    broken = connect.client(system.settings, "lambda")
    broken.update_function_configuration(
        FunctionName=system.names["store"], Environment={"Variables": {}}
    )
    outcomes = system.redeliver()
    (failed,) = [each for each in outcomes if each.trouble]
    assert f"{system.names['store']} failed" in failed.trouble
    assert failed.found.key in failed.trouble
    assert sorted(each.delivered for each in outcomes) == [0, 3]
    assert list(system.objects(PREFIX)) == [failed.found.key]
    queue, url = system.queue.sqs, system.queue._url()
    for body in ('{"Event": "s3:TestEvent"}', '{"KinesisBatchInfo": {}}', "not JSON"):
        queue.send_message(QueueUrl=url, MessageBody=body)
    assert redeliver.clear(system.lake, system.queue) == 2  # the done batch's, and S3's test
    assert system.messages() == 3  # the alarm stays on


def test_an_object_that_is_no_batch_of_a_consumer_is_told_and_not_invoked(system, day, invoice):
    system.give_up("archive", sales(day, invoice, 2), first=1)
    ((key, body),) = system.objects(PREFIX).items()
    foreign = json.loads(body)
    foreign["requestContext"]["functionArn"] = "arn:aws:lambda:r:1:function:pay-everyone"
    system.lake.raw.put(key[:-1] + "0", json.dumps(foreign).encode())
    system.lake.raw.put(key[:-1] + "1", body[:100])
    unread = json.loads(body) | {"payload": '{"Records": [{"kinesis": {"data": "*"}}]}'}
    system.lake.raw.put(key[:-1] + "2", json.dumps(unread).encode())
    told = sorted(each.trouble for each in system.redeliver() if each.trouble)
    assert "got 'pay-everyone': it is not invoked" in "".join(told)
    assert sum("expected Lambda's invocation record" in each for each in told) == 2
    assert all(each.startswith(key[:-1]) for each in told)
    assert len(system.objects(PREFIX)) == 3


def test_customers_who_were_erased_since_are_not_delivered(system, day, invoice):
    mine = on(day, InvoiceNo=invoice, event_id=f"{invoice}-mine", CustomerID="918273001")
    other = on(day, InvoiceNo=invoice, event_id=f"{invoice}-other", CustomerID="918273002")
    system.give_up("store", [mine, other], first=1)
    found = redeliver.find(system.lake)
    tombstones.write(  # after the batches were listed
        system.lake,
        "918273001",
        Tombstone(mode="delete", moment=datetime(2026, 11, 30, tzinfo=UTC)),
    )
    (outcome,) = system.redeliver(found)
    assert (outcome.delivered, outcome.erased, outcome.trouble) == (1, 1, "")
    lines = [each["sk"]["S"] for each in system.items() if each["sk"]["S"] != keys.HEADER_SK]
    assert lines == [keys.line_sk(f"{invoice}-other")]
    (moved,) = system.objects(REDELIVERED).values()
    data = [each["kinesis"]["data"] for each in json.loads(json.loads(moved)["payload"])["Records"]]
    assert b"918273001" not in b"".join(map(base64.b64decode, data))
    assert [each.delivered for each in system.redeliver(found)] == [0]  # it is not there any more


def test_a_payload_that_is_an_object_and_not_text_is_read_too(system, day, invoice):
    system.give_up("archive", sales(day, invoice, 2), first=1)
    ((key, body),) = system.objects(PREFIX).items()
    kept = json.loads(body)
    changed = kept | {"payload": json.loads(kept["payload"])}
    system.lake.raw.put(key, json.dumps(changed).encode())
    assert [each.delivered for each in system.redeliver()] == [2]


def test_the_deployed_consumers_give_up_to_the_raw_bucket_whose_queue_is_told(emulator):
    """As the poller reads it from the deployed mappings."""
    listed = connect.client(emulator, "lambda").list_event_source_mappings()
    mappings = [mapping.parse(each) for each in listed["EventSourceMappings"]]
    assert {each.destination for each in mappings} == {f"arn:aws:s3:::{emulator.raw_bucket}"}
    told = connect.client(emulator, "s3").get_bucket_notification_configuration(
        Bucket=emulator.raw_bucket
    )["QueueConfigurations"]
    queues = {
        each["Filter"]["Key"]["FilterRules"][0]["Value"]: each["QueueArn"].rpartition(":")[2]
        for each in told
    }
    assert queues == {keys.RAW: emulator.raw_queue, PREFIX: emulator.failed_queue}


def test_without_the_queue_s_name_nothing_is_redelivered(aws):
    with pytest.raises(connect.SettingsError, match="ECOM_FAILED_QUEUE"):
        connect.failed_batches(replace(aws, failed_queue=None))
