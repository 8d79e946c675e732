"""The gate itself: each rule fails for a wrong value, for each resource of its kind."""

from functools import partial

from bench import infra
from ecom_pipeline_tests.architecture.infra_duties import DUTIES
from ecom_pipeline_tests.architecture.infra_gate import (
    absent,
    duties_that_stay_green,
    rules_that_stay_green,
)
from ecom_pipeline_tests.architecture.infra_rules import RULES
from ecom_pipeline_tests.architecture.test_infra import EXCEPTIONS

production = partial(infra.resources_of, "production")


def test_each_rule_goes_red_for_a_wrong_value_and_for_a_missing_one():
    assert rules_that_stay_green(RULES, production) == set()


def test_each_duty_goes_red_however_it_is_spoilt():
    assert absent((duty.kind for duty in DUTIES), production()) == set()
    assert duties_that_stay_green(DUTIES, production, EXCEPTIONS.keys()) == set()


def test_each_exception_is_still_needed_and_says_why():
    resources = production()
    for (says, name), reason in EXCEPTIONS.items():
        duties = [d for d in DUTIES if d.says == says and d.kind == resources[name]["Type"]]
        assert duties, (says, name)
        assert not any(duty.kept(resources, name) for duty in duties), (says, name)
        assert len(reason) > 40, (says, name)
