"""realtime.metrics: one line of JSON from which CloudWatch extracts metrics."""

import json
from datetime import date
from types import SimpleNamespace

import pytest

from ecom_pipeline.realtime import metrics

CONTEXT = SimpleNamespace(aws_request_id="r-1")


def test_an_invocation_writes_one_line_with_its_figures_fields_and_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    moments = iter([10.0, 10.25])
    clock = SimpleNamespace(monotonic=lambda: next(moments), time_ns=lambda: 1_290_000_000_123_456)
    monkeypatch.setattr(metrics, "time", clock)
    run = metrics.Invocation("store", CONTEXT)
    run.report("stored", {"Stored": 2, "Failed": 0}, shard="s-1", day=date(2010, 12, 1))
    (written,) = capsys.readouterr().out.splitlines()
    line = json.loads(written)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "message": "stored",
        "function": "store",
        "request_id": "r-1",
        "shard": "s-1",
        "day": "2010-12-01",
        "Stored": 2,
        "Failed": 0,
        "LatencyMs": 250.0,
        "_aws": {
            "Timestamp": 1_290_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "EcomPipeline",
                    "Dimensions": [["function"]],
                    "Metrics": [
                        {"Name": "Stored", "Unit": "Count"},
                        {"Name": "Failed", "Unit": "Count"},
                        {"Name": "LatencyMs", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
    }


def test_without_a_context_there_is_no_request_to_name(capsys: pytest.CaptureFixture[str]):
    metrics.Invocation("query", None).report("answered", {"Answers": 1})
    assert json.loads(capsys.readouterr().out)["request_id"] == ""


def test_a_line_feed_in_a_text_makes_no_second_line(capsys: pytest.CaptureFixture[str]):
    metrics.Invocation("query", None).report("answered", {}, route="/me\n/items")
    (written,) = capsys.readouterr().out.splitlines()
    assert json.loads(written)["route"] == "/me\n/items"
