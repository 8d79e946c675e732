"""Lists that are kept in two places agree: fields in the API's description, metrics in alarms."""

import re

import yaml

from ecom_pipeline.domain.columns import WIRE_KEYS
from ecom_pipeline.domain.event import EVENT_ID
from ecom_pipeline.realtime.metrics import METRICS, NAMESPACE
from ecom_pipeline_tests.architecture.documents import ROOT

TEMPLATE = (ROOT / "infra" / "template.yaml").read_text()


def test_the_described_event_has_the_fields_that_are_accepted():
    described = yaml.safe_load((ROOT / "infra" / "openapi.yaml").read_text())
    fields = described["components"]["schemas"]["Event"]["properties"]
    assert set(fields) == {*WIRE_KEYS, EVENT_ID}


def test_alarms_and_dashboard_use_metrics_that_there_are():
    used = set(re.findall(rf"Namespace: {NAMESPACE}, MetricName: (\w+)", TEMPLATE))
    shown = re.search(r'"Events in".*?\]\]', TEMPLATE, re.DOTALL)
    assert shown is not None
    used |= set(re.findall(r'\["(?:EcomPipeline|\.)", "(\w+)"', shown[0]))
    assert {"Accepted", "Rejected", "Stored", "Archived"} <= used <= METRICS.keys()
