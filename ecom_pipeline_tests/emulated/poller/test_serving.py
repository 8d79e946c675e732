"""The poller process against the emulator: delivered, discarded and skipped records."""

import json

from ecom_pipeline_tests.emulated.poller.world import World


def test_every_record_is_delivered_once_in_the_order_of_its_key(world: World):
    world.deploy(BatchSize=40, ParallelizationFactor=3)
    sent = [f"good {n:04}" for n in range(300)]
    world.put(*sent)
    world.poll()
    world.wait()
    assert sorted(world.delivered) == sent
    assert max(len(batch) for batch in world.batches) <= 40
    by_key: dict[str, list[str]] = {}
    for note in (note for batch in world.batches for note in batch):
        by_key.setdefault(note["key"], []).append(note["data"])
    # three workers write concurrently: order is defined only within a key
    assert all(datas == sorted(datas) for datas in by_key.values())


def test_the_event_names_the_shard_and_the_sequence_number(world: World):
    world.deploy()
    world.put("one")
    world.poll()
    world.wait()
    ((shard, sequence),) = world.sent.items()
    assert world.batches == [[{"data": "one", "key": "key-0", "event": f"{shard}:{sequence}"}]]


def test_one_bad_record_goes_to_the_queue_alone_and_blocks_nobody(world: World):
    world.deploy(
        BatchSize=50,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": world.queue_arn}},
    )
    good = [f"good {n}" for n in range(40)]
    world.put(*good[:13], "poison", *good[13:])
    world.poll()
    world.wait()
    (letter,) = world.letters()
    batch = letter["KinesisBatchInfo"]
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["requestContext"]["functionArn"].endswith(f"function:{world.name}")
    assert (batch["batchSize"], batch["streamArn"]) == (1, world.stream_arn)
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]
    assert set(good) <= set(world.delivered)


def test_a_function_that_raises_is_split_and_its_batch_kept_in_a_bucket(world: World):
    world.s3.create_bucket(
        Bucket=world.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    world.deploy(
        answer="raise",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{world.name}"}},
    )
    world.put("good 1", "poison", "good 2", keys=1)
    world.poll()
    world.wait()
    (found,) = world.s3.list_objects_v2(Bucket=world.name)["Contents"]
    ((shard, _),) = world.sent.items()
    assert found["Key"].startswith(f"aws/lambda/{world.mapping['UUID']}/{shard}/")
    kept = json.loads(world.s3.get_object(Bucket=world.name, Key=found["Key"])["Body"].read())
    (record,) = json.loads(kept["payload"])["Records"]
    assert record["eventSource"] == "aws:kinesis"
    assert kept["responseContext"]["functionError"] == "Unhandled"


def test_a_destination_that_refuses_is_asked_again_before_the_shard_moves_on(world: World):
    world.deploy(
        MaximumRetryAttempts=0,
        BatchSize=1,
        DestinationConfig={"OnFailure": {"Destination": f"{world.queue_arn}-later"}},
    )
    world.put("poison", "good", keys=1)
    world.poll()
    world.says("not accepted")
    assert "good" not in world.delivered
    world.queue_url = world.sqs.create_queue(QueueName=f"{world.name}-later")["QueueUrl"]
    world.wait()
    assert "good" in world.delivered
    assert len(world.letters()) == 1


def test_a_function_that_returns_nothing_has_succeeded(world: World):
    world.deploy(answer="none")
    world.put("one", "two")
    world.poll()
    world.wait()
    assert sorted(world.delivered) == ["one", "two"]


def test_a_mapping_that_the_emulator_serves_itself_is_left_alone(world: World):
    world.deploy()
    world.functions.update_event_source_mapping(UUID=world.mapping["UUID"], Enabled=True)
    world.poll()
    world.says("left to the emulator")
    assert "reading after" not in world.log.read_text()


def test_a_shard_that_appears_later_is_read_from_its_start(world: World):
    world.deploy()
    world.put("before")
    world.poll()
    world.wait()
    ((old, _),) = world.sent.items()
    shards = world.kinesis.list_shards(StreamName=world.name)["Shards"]
    (split,) = [one["HashKeyRange"] for one in shards if one["ShardId"] == old]
    middle = (int(split["StartingHashKey"]) + int(split["EndingHashKey"])) // 2
    world.kinesis.split_shard(
        StreamName=world.name, ShardToSplit=old, NewStartingHashKey=str(middle)
    )
    world.sent.clear()
    world.put("after")
    assert old not in world.sent
    world.wait()
    assert world.delivered == ["before", "after"]


def test_latest_means_from_when_the_poller_first_saw_the_mapping_even_if_killed(world: World):
    world.deploy(StartingPosition="LATEST")
    world.put("before")
    first = world.poll()
    world.says("reading after=None", times=2)
    first.kill()
    first.wait(10)
    world.put("after")
    world.poll()
    world.wait()
    assert world.delivered == ["after"]
