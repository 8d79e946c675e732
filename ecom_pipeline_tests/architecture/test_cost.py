"""The fixed costs of `ecom cost` are those of the resources in infra/."""

from bench import deployed
from ecom_pipeline.cost.usage import recorded


def test_what_is_recorded_as_standing_is_what_infra_deploys():
    """Where it isn't any more: python -m bench.cost_usage CSV."""
    metrics = int(recorded().standing["watching"]["metrics"])
    made_up = {("function", str(n)) for n in range(metrics)}
    assert recorded().standing == deployed.standing(made_up)
    assert recorded().base_rpus == deployed.base_rpus()


def test_the_windows_of_deliveries_are_those_of_the_stream_in_infra():
    assert recorded().windows == deployed.windows()
    assert recorded().windows.keys() < recorded().ways["many"].parts.keys()
