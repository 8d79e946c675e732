"""realtime.caller: the caller is the subject of a verified identity token, or none."""

from typing import Any

import pytest

from ecom_pipeline.realtime.caller import Caller, ForbiddenError, caller_of

NOBODY = Caller(customer=None, staff=False)


def of_claims(**claims: object) -> Caller:
    """Return who an identity token with these claims belongs to."""
    verified = {"token_use": "id", "sub": "5b1c"} | claims
    return caller_of({"requestContext": {"authorizer": {"claims": verified}}})


def test_a_customer_is_who_the_token_says_and_no_staff():
    found = of_claims(**{"custom:customer_id": "17850"})
    assert found == Caller(customer="17850", staff=False)
    assert found.as_customer() == "17850"
    with pytest.raises(ForbiddenError, match="staff"):
        found.require_staff()


@pytest.mark.parametrize(
    "claim",
    [None, "", "17850 ", "17850\n", "١٧٨٥٠", "CUSTOMER#17850", "-1", "1" * 19, 17850, ["17850"]],
)
def test_what_is_no_customer_id_names_no_customer(claim: object):
    found = of_claims(**{"custom:customer_id": claim})
    assert found == NOBODY
    with pytest.raises(ForbiddenError, match="customer"):
        found.as_customer()


@pytest.mark.parametrize(
    "groups", ["staff", "[staff]", "[desk staff]", "desk,staff", "staff, desk"]
)
def test_the_group_is_read_as_rest_apis_and_the_emulator_write_it(groups: str):
    found = of_claims(**{"cognito:groups": groups})
    assert found == Caller(customer=None, staff=True)
    found.require_staff()


@pytest.mark.parametrize(
    "groups", [None, "", "[]", "Staff", "staffs", "not-staff", "[a nostaff b]", ["staff"]]
)
def test_no_other_group_is_staff(groups: object):
    assert of_claims(**{"cognito:groups": groups}) == NOBODY


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"requestContext": None},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"claims": None}}},
        {"requestContext": {"authorizer": {"claims": {"custom:customer_id": "17850"}}}},
        {"requestContext": {"authorizer": {"claims": {"token_use": "access"}}}},
        {"claims": {"token_use": "id", "custom:customer_id": "17850"}},
        {"headers": {"Authorization": "Bearer x"}},
    ],
)
def test_without_an_identity_token_of_api_gateways_nobody_asks(request_: dict[str, Any]):
    with pytest.raises(ForbiddenError, match="identity token"):
        caller_of(request_)
