"""cost.units: the billed units of a call, by each service's rule."""

from decimal import Decimal

import pytest

from ecom_pipeline.cost.units import GB, KB, billed, item_bytes, summed


def insert(**attributes):
    names = ", ".join(f"'{name}': ?" for name in attributes)
    parameters = [{"S": text} for text in attributes.values()]
    return {"Statement": f'INSERT INTO "t" VALUE {{{names}}}', "Parameters": parameters}


def written(*statements, answers=None):
    asked = {"Statements": list(statements)}
    answer = {"Responses": answers or [{}] * len(statements)}
    return billed("dynamodb", "BatchExecuteStatement", asked, answer)


def test_an_insert_costs_a_write_unit_a_kilobyte_begun():
    units = written(insert(pk="a", sk="b"), insert(pk="a", sk="x" * KB))
    assert units["dynamodb_write_units"] == 1 + 2


def test_a_refused_insert_costs_its_units_but_nothing_is_kept():
    units = written(insert(pk="a", sk="b"), answers=[{"Error": {"Code": "DuplicateItem"}}])
    assert units == {"dynamodb_write_units": 1}


def test_an_item_of_the_customers_index_costs_a_unit_there_too_unless_it_is_refused():
    header = insert(pk="a", sk="b", customer="c", customer_invoice="d")
    assert written(header)["dynamodb_write_units"] == 2
    refused = written(header, answers=[{"Error": {"Code": "DuplicateItem"}}])
    assert refused["dynamodb_write_units"] == 1


def test_what_is_kept_of_an_item_is_its_size_and_the_hundred_bytes_of_its_overhead():
    kept = written(insert(pk="aaaa", sk="é"))["dynamodb_gb_kept"]
    assert kept == Decimal(len("pk") + 4 + len("sk") + 2 + 100) / GB


@pytest.mark.parametrize(
    ("number", "size"), [("0", 2), ("7", 2), ("-7", 3), ("1200", 2), ("12345", 4), ("2.55", 3)]
)
def test_a_number_takes_half_its_digits_and_a_byte(number, size):
    assert item_bytes({"n": {"N": number}}) == len("n") + size


@pytest.mark.parametrize(("consistent", "units"), [(True, "4"), (False, "2")])
def test_a_batch_of_reads_costs_four_kilobytes_a_unit_and_one_for_what_is_not_there(
    consistent, units
):
    asked = {"RequestItems": {"t": {"Keys": [{}, {}, {}, {}], "ConsistentRead": consistent}}}
    answer = {
        "Responses": {"t": [{"pk": {"S": "x" * 5 * KB}}, {"pk": {"S": "x"}}]},
        "UnprocessedKeys": {"t": {"Keys": [{}]}},
    }
    assert billed("dynamodb", "BatchGetItem", asked, answer) == {
        "dynamodb_read_units": Decimal(units)
    }


def test_an_update_costs_what_the_table_says():
    answer = {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 3.0}}
    assert billed("dynamodb", "UpdateItem", {}, answer) == {"dynamodb_write_units": 3}


def test_a_record_of_the_stream_is_billed_by_whole_kilobytes_and_on_shards_by_twenty_five():
    records = [
        {"Data": b"x" * (KB - 1), "PartitionKey": "k"},
        {"Data": b"x" * KB, "PartitionKey": "k"},
        {"Data": b"x" * 26 * KB, "PartitionKey": "k"},
    ]
    units = billed("kinesis", "PutRecords", {"Records": records}, {"Records": []})
    assert units == {"kinesis_gb_in": Decimal((1 + 2 + 27) * KB) / GB, "kinesis_put_units": 4}
    one = billed("kinesis", "PutRecord", {"Data": "text", "PartitionKey": "k"}, {})
    assert one == {"kinesis_gb_in": Decimal(KB) / GB, "kinesis_put_units": 1}


@pytest.mark.parametrize(
    ("operation", "units"),
    [
        ("ListObjectsV2", {"s3_puts": 1}),
        ("CopyObject", {"s3_puts": 1}),
        ("GetObject", {"s3_gets": 1}),
        ("HeadObject", {"s3_gets": 1}),
        ("DeleteObject", {}),
    ],
)
def test_s3_bills_requests_in_two_tiers_and_deletes_not_at_all(operation, units):
    assert billed("s3", operation, {}, {}) == units


def test_a_put_object_says_what_stays():
    units = billed("s3", "PutObject", {"Body": b"x" * KB}, {})
    assert units == {"s3_puts": 1, "s3_gb_kept": Decimal(KB) / GB}


@pytest.mark.parametrize(("size", "requests"), [(0, 1), (64 * KB, 1), (64 * KB + 1, 2)])
def test_sqs_bills_sixty_four_kilobytes_as_a_request(size, requests):
    received = {"Messages": [{"Body": "x" * size}]}
    assert billed("sqs", "ReceiveMessage", {}, received) == {"sqs_requests": requests}
    entries = {"Entries": [{"MessageBody": "x" * size}, {"MessageBody": ""}]}
    assert billed("sqs", "SendMessageBatch", entries, {}) == {"sqs_requests": requests}


def test_units_are_added_up_by_name():
    parts = [{"a": Decimal("0.1")}, {"a": Decimal("0.2"), "b": Decimal(1)}, {}]
    assert summed(parts) == {"a": Decimal("0.3"), "b": Decimal(1)}
