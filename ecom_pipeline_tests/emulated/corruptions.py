"""Corruptions of one day in a store, and the discrepancy that reconcile must report for each."""

import gzip

from ecom_pipeline.domain import keys
from ecom_pipeline.lake import partition
from ecom_pipeline.warehouse import connect, load

FACT = load.FACT


def number_of(day, n):
    return f"{day:%y%m%d}{n}"


def sql(world, statement, *parameters):
    with connect.warehouse(world).session() as session:
        session.run(statement, parameters)
        session.commit()


def line_key(day):
    return {
        "pk": {"S": keys.invoice_pk(number_of(day, 1))},
        "sk": {"S": keys.line_sk(f"{day}-1-2")},
    }


def header_key(day, n):
    return {"pk": {"S": keys.invoice_pk(number_of(day, n))}, "sk": {"S": keys.HEADER_SK}}


def delete_line(world, day):
    connect.client(world, "dynamodb").delete_item(TableName=world.table, Key=line_key(day))


def change_line(world, day):
    connect.client(world, "dynamodb").update_item(
        TableName=world.table,
        Key=line_key(day),
        UpdateExpression="SET unit_price = :p",
        ExpressionAttributeValues={":p": {"N": "2.56"}},
    )


def copy_line(world, day):
    """Store an event under a second invoice, as an id used twice does."""
    dynamodb = connect.client(world, "dynamodb")
    item = dynamodb.get_item(TableName=world.table, Key=line_key(day))["Item"]
    item["pk"] = {"S": keys.invoice_pk(number_of(day, 2))}
    dynamodb.put_item(TableName=world.table, Item=item)


def lose_header(world, day):
    connect.client(world, "dynamodb").delete_item(TableName=world.table, Key=header_key(day, 1))


def add_header(world, day):
    header = {"invoice_date": {"S": str(day)}, "country": {"S": "France"}}
    connect.client(world, "dynamodb").put_item(
        TableName=world.table, Item=header_key(day, 9) | header
    )


def change_header(world, day):
    """Show an invoice to another customer."""
    connect.client(world, "dynamodb").update_item(
        TableName=world.table,
        Key=header_key(day, 1),
        UpdateExpression="SET customer = :c",
        ExpressionAttributeValues={":c": {"S": keys.customer_key("12345")}},
    )


def change_a_cent(world, day):
    sql(world, f"update {FACT} set amount = amount + 0.01 where event_id = %s", f"{day}-1-2")


def swap_rows(world, day):
    """Delete a row and double another, so that the count still matches."""
    sql(world, f"delete from {FACT} where event_id = %s", f"{day}-1-2")
    sql(world, f"insert into {FACT} select * from {FACT} where event_id = %s", f"{day}-0-0")


def delete_fact_row(world, day):
    sql(world, f"delete from {FACT} where event_id = %s", f"{day}-1-2")


def rename_fact_row(world, day):
    sql(world, f"update {FACT} set event_id = 'stranger' where event_id = %s", f"{day}-1-2")


def csv_part(world, day):
    return partition.committed(connect.lake(world), day).parts[0].key


def body_of(lake, key) -> bytes:
    stored = lake.csv.read(key)
    assert stored is not None, f"{key} is missing"
    return stored.body


def cut_csv_part(world, day):
    lake = connect.lake(world)
    text = gzip.decompress(body_of(lake, csv_part(world, day))).decode().splitlines(keepends=True)
    lake.csv.write_part(csv_part(world, day), gzip.compress("".join(text[:-1]).encode()))


def add_csv_part(world, day):
    lake = connect.lake(world)
    body = body_of(lake, csv_part(world, day))
    lake.csv.write_part(keys.csv_part_key(day, "0" * 16, 1), body)


def lose_csv_part(world, day):
    connect.lake(world).csv.remove([csv_part(world, day)])


def break_manifest(world, day):
    connect.lake(world).csv.write_json(keys.manifest_key(day), b'{"day": ')


MENDED = {
    delete_line: ["DynamoDB: event {day}-1-2 missing (stream -> DynamoDB)"],
    change_line: ["DynamoDB: event {day}-1-2 changed (stream -> DynamoDB)"],
    copy_line: ["DynamoDB: event {day}-1-2 duplicated (stream -> DynamoDB)"],
    lose_header: ["DynamoDB: header (stream -> DynamoDB), {number}1, lines without a header"],
    add_header: ["DynamoDB: header (stream -> DynamoDB), {number}9, a header without lines"],
    change_header: ["DynamoDB: header (stream -> DynamoDB), {number}1, a header that is not"],
    change_a_cent: ["fact: event {day}-1-2 changed (CSV -> fact)"],
    swap_rows: [
        "fact: event {day}-0-0 duplicated (CSV -> fact)",
        "fact: event {day}-1-2 missing (CSV -> fact)",
    ],
    delete_fact_row: ["fact: event {day}-1-2 missing (CSV -> fact)"],
    rename_fact_row: [
        "fact: event stranger extra (CSV -> fact)",
        "fact: event {day}-1-2 missing (CSV -> fact)",
    ],
    cut_csv_part: ["CSV: damaged (raw -> CSV)", "CSV: event {day}-1-2 missing (raw -> CSV)"],
    add_csv_part: ["CSV: extra (raw -> CSV)"],
    lose_csv_part: ["CSV: damaged (raw -> CSV)", "CSV: event {day}-1-2 missing (raw -> CSV)"],
    break_manifest: ["CSV: damaged (raw -> CSV)", "CSV: event {day}-1-2 missing (raw -> CSV)"],
}
"""The discrepancies that reconcile reports for each, and that a repair resolves."""

UNKNOWN_TO_RAW = {add_header}
"""Corruptions of invoices that neither raw nor CSV has: a scan finds them, no query of a day."""
OF_THE_TABLE = [delete_line, change_line, copy_line, lose_header, add_header, change_header]
