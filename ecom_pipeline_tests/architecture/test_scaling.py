"""docs/scaling.md says what follows from infra/ as it is, and the shards are simulated soundly."""

import re

from bench import arrivals, scaling
from bench.arrivals import Invoice
from bench.infra import parameters_of
from ecom_pipeline.lake import parts
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.local import deploy

DOCUMENT = (deploy.INFRA.parent / "docs" / "scaling.md").read_text()


def test_the_document_has_what_is_computed_now():
    """Where it isn't any more: python -m bench.scaling, and put what it prints into docs/."""
    assert scaling.tables() in DOCUMENT


def test_what_the_prose_says_is_what_was_read_and_what_is_set():
    shop, rows = arrivals.recorded(), {name: cells for name, *cells in scaling.load()}
    for said in (
        f"{shop.events:,} lines in {shop.days} days",
        f"one invoice of {shop.largest_invoice:,} lines",
        f"nothing waits for {scaling.PATIENCE:.0f} s"
        f" with {rows['shards, so that nothing waits 5 s'][-1]}",
        f"need {rows['shards, by the mean'][-1]} shards at 1,000x",
        f"{rows['deliveries to archive that day, by its window'][-1]} deliveries a day",
        f"the {rows['store at once'][-1]} runs that `store` needs are far from the"
        f" {rows['store at once, at most'][-1]} that the shards allow",
        f"{scaling.write_units():.2f} write units an event",
        f"up to {ProcessEngine.few} days in its own process",
        f"the most parts there are, {parts.MOST_PARTS}",
        f"{parts.PART_BYTES // 1_000_000} MB of raw make a part",
        f"a day of {parts.PART_BYTES * parts.MOST_PARTS // 1_000_000} MB",
    ):
        assert said in DOCUMENT


def test_what_the_tables_tell_to_turn_can_be_turned():
    then = " ".join(each.then for each in scaling.limits())
    knobs = set(re.findall(r"[A-Z]\w+[A-Z]\w+", then))
    named = (deploy.INFRA / "template.yaml").read_text()
    assert {"RequestsPerSecond", "StoreConcurrency"} < knobs
    assert {knob for knob in knobs if f"{knob}:" not in named} == set()


def test_a_limit_is_the_production_setting():
    rate = int(parameters_of("production")["RequestsPerSecond"])
    (found,) = [each for each in scaling.limits() if each.then == "RequestsPerSecond"]
    assert (found.one, found.many) == (rate, rate * 500)


def test_an_invoice_waits_for_what_is_above_a_second_of_its_shard():
    assert arrivals.longest_wait([Invoice(0, 1_000)], 1, 1) == 0
    assert arrivals.longest_wait([Invoice(0, 1_500)], 1, 64) == 0.5


def test_a_shard_works_off_what_waits_before_the_next_minute():
    far_apart = [Invoice(0, 30_000), Invoice(5, 1_500)]
    assert arrivals.longest_wait(far_apart[1:], 1, 1) == 0.5
    assert arrivals.longest_wait(far_apart, 1, 1) == 29


def test_invoices_of_a_minute_are_spread_over_shards_by_their_key():
    held = [Invoice(0, 100)] * 2_000
    one, four = (arrivals.longest_wait(held, 1, shards) for shards in (1, 4))
    assert 100 < one < 200  # 200,000 records at 1,000 a second, less the minute they come in
    assert four < one / 4
    assert arrivals.shards_for(held, 1, 5, 1) > 1


def test_the_most_that_shards_hold_is_the_last_that_does_not_wait():
    held = [Invoice(0, 1_000)]
    most = arrivals.times_for(held, 4, 5)
    assert arrivals.longest_wait(held, most, 4) <= 5 < arrivals.longest_wait(held, most + 1, 4)


def test_arrivals_are_the_hour_of_the_busiest_minute():
    def event(moment, invoice):
        return {"InvoiceDate": moment, "InvoiceNo": invoice}

    quiet = [event("12/1/2010 8:26", "1")] * 3 + [event("12/1/2010 8:27", "2")] * 3
    busy = [event("12/2/2010 9:05", "3")] * 2 + [event("12/2/2010 9:05", "4")] * 2
    later = [event("12/2/2010 9:59", "5"), event("12/2/2010 10:00", "6")]
    found = arrivals.read("file", [*quiet, *busy, *later])
    assert (found.events, found.days, found.busiest_day, found.hour) == (12, 2, 6, "12/2/2010 9")
    assert found.invoices == (Invoice(5, 2), Invoice(5, 2), Invoice(59, 1))
    assert (found.busiest_minute, found.largest_invoice) == (4, 2)
