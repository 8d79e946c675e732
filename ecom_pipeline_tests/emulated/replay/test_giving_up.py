"""When a replay retries, when it stops, and with which message."""

import socket
import threading
import time

import pytest

from ecom_pipeline.client.events_api import SendError, Target
from ecom_pipeline.replay.sender import Pace, send
from ecom_pipeline_tests.emulated.replay.some import SMALL, Some, target


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            (403, {"message": "Forbidden"}),
            r"refused the API key \(403 Forbidden\): set ECOM_API_KEY",
        ),
        (
            (404, b"nothing here\nat all"),
            r"does not exist \(404 nothing here\): set the API's URL",
        ),
        ((415, {"message": "no"}), "answered 415 no: is that the URL of the events API"),
        ((400, {"message": "not JSON"}), "answered 400 not JSON: is that the URL"),
        ((202, b"<html>hello"), "answered 202 <html>hello: is that the URL"),
        ((202, b"\xff\xfe"), "answered 202"),
        ((202, {"results": []}), "answered 0 results for 100 events"),
        ((301, b"", {"location": "/elsewhere"}), "answered 301: is that"),
    ],
)
def test_what_will_not_pass_stops_at_once_with_a_sentence(shop_api, fault, sentence):
    shop_api.always = fault
    started = time.monotonic()
    with pytest.raises(SendError, match=sentence) as caught:
        send(Some(), target(shop_api), pace=SMALL)
    assert str(caught.value).startswith(shop_api.url)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 2
    assert shop_api.requests <= 2 * SMALL.concurrency


def test_a_wrong_key_is_named(shop_api):
    with pytest.raises(SendError, match="ECOM_API_KEY, or see `ecom local env`"):
        send(Some(10), target(shop_api, api_key="stolen"))


def test_results_of_another_batch_are_not_believed(shop_api):
    result = {"status": "accepted", "event_id": "id-2", "shard": "s", "sequence": "1"}
    shop_api.faults = [(202, {"results": [result]})]
    with pytest.raises(SendError, match="acknowledged 'id-2' for row 1, whose id is 'id-1'"):
        send(Some(1), target(shop_api))


def test_a_server_that_never_gets_well_is_given_up_with_its_last_word(shop_api):
    shop_api.always = (503, {"message": "on holiday"})
    with pytest.raises(
        SendError, match=r"accepted nothing for 0.5 s \(last: 503 on holiday\): once"
    ):
        send(Some(), target(shop_api, retry_for=0.5), pace=SMALL)


def test_a_wait_beyond_the_retry_time_is_not_begun(shop_api):
    shop_api.always = (429, {}, {"retry-after": "3600"})
    started = time.monotonic()
    with pytest.raises(SendError, match=r"last: 429.*, Retry-After 3600 s"):
        send(Some(), target(shop_api))
    assert time.monotonic() - started < 2


def test_the_retry_time_starts_anew_with_each_batch_that_gets_through(shop_api):
    shop_api.faults = [(503, {}), (503, {}), None] * 3
    shop_api.delay = 0.05
    pace = Pace(batch_size=10, concurrency=1)
    assert send(Some(50), target(shop_api, retry_for=0.5), pace=pace).accepted == 50


def test_idle_time_between_batches_does_not_use_up_the_retry_time(shop_api):
    shop_api.faults = [None, (503, {})]
    pace = Pace(batch_size=10, rate=20)
    assert send(Some(20), target(shop_api, retry_for=0.3), pace=pace).accepted == 20


def test_a_batch_held_up_waits_on_as_long_as_others_get_through(shop_api):
    shop_api.delay = 0.03
    shop_api.busy = {"1": time.monotonic() + 0.8}
    pace = Pace(batch_size=10, concurrency=2)
    assert send(Some(500), target(shop_api, retry_for=0.3), pace=pace).accepted == 500


def test_an_answer_that_takes_too_long_is_asked_for_again(shop_api):
    shop_api.delay = 0.3
    with pytest.raises(SendError, match=r"accepted nothing for 0\.5 s"):
        send(Some(10), target(shop_api, timeout=0.1, retry_for=0.5))


def test_where_nobody_listens_the_url_and_the_remedy_are_named_soon(socket_enabled, shop_api):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    started = time.monotonic()
    with pytest.raises(SendError) as caught:
        send(Some(), Target(url=url, retry_unreached_for=0.5))
    assert str(caught.value).startswith(f"{url} can't be reached (Connection refused): start the")
    assert "`ecom local up`" in str(caught.value)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("url", ["localhost:1", "ftp://shop/", "http://", "not a url"])
def test_what_is_no_url_is_said_to_be_none(shop_api, url):
    with pytest.raises(SendError, match="cannot post to"):
        send(Some(10), Target(url=url))


def test_no_thread_is_left_behind(shop_api):
    before = threading.active_count()
    shop_api.always = (403, {})
    with pytest.raises(SendError):
        send(Some(), target(shop_api), pace=SMALL)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("replay")]
    assert threading.active_count() <= before + SMALL.concurrency  # the server's own
