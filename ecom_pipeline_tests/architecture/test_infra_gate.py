"""The gate itself: each rule goes red when a resource is spoilt, for each resource of its kind."""

import pytest

from ecom_pipeline_tests.architecture import infra
from ecom_pipeline_tests.architecture.infra_duties import DUTIES
from ecom_pipeline_tests.architecture.infra_rules import RULES, broken, spoil
from ecom_pipeline_tests.architecture.test_infra import EXCEPTIONS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule[0]} {rule[1]}")
def test_a_rule_goes_red_for_a_wrong_value_and_for_a_missing_one(rule):
    for value in (rule[2].wrong, None):
        for name, each in infra.of_kind(infra.resources_of("production"), rule[0]).items():
            spoil(each, rule[1], value)
            assert broken(rule, each), (name, value)


@pytest.mark.parametrize("duty", DUTIES, ids=lambda duty: f"{duty.kind} {duty.says}")
def test_a_duty_goes_red_however_it_is_spoilt(duty):
    good = infra.resources_of("production")
    names = [n for n in infra.of_kind(good, duty.kind) if (duty.says, n) not in EXCEPTIONS]
    assert names or any(says == duty.says for says, _ in EXCEPTIONS)
    for change in duty.spoils:
        for name in names:
            resources = infra.resources_of("production")
            change(resources, name)
            assert not duty.kept(resources, name), name


def test_each_exception_is_still_needed_and_says_why():
    resources = infra.resources_of("production")
    for (says, name), reason in EXCEPTIONS.items():
        duties = [d for d in DUTIES if d.says == says and d.kind == resources[name]["Type"]]
        assert duties
        assert not any(duty.kept(resources, name) for duty in duties)
        assert len(reason) > 40
