"""realtime.seal: a page token is good for its own list, and nobody can make one up."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ecom_pipeline.realtime import seal
from ecom_pipeline.realtime.seal import Listing, SealError

ARN = "arn:aws:secretsmanager:eu-west-2:000000000000:secret:seal"
OWN = Listing("/me/invoices", "17850")
PLACE = "2010-12-01#536365"

# few letters, so that two lists are often one text when put together
near = st.builds(Listing, st.text("/a1", max_size=3), st.text("/a1", max_size=3))
places = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def know(*secrets: bytes) -> None:
    """Tell the function its secrets, the current one first: it has read them just now."""
    kept = seal._of(ARN)
    kept._found, kept._read_at = secrets, float("inf")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEAL_SECRET_ARN", ARN)
    know(b"first")
    yield
    seal._of.cache_clear()


def refused(listing: Listing, token: str) -> bool:
    try:
        seal.unseal(listing, token)
    except SealError:
        return True
    return False


@settings(max_examples=settings().max_examples // 2)
@given(near, places)
def test_a_token_gives_its_place_back_and_needs_no_escapes_in_a_url(listing: Listing, place: str):
    token = seal.seal(listing, place)
    assert re.fullmatch(r"[\w-]+", token, re.ASCII)
    assert seal.unseal(listing, token) == place


@settings(max_examples=settings().max_examples // 2)
@example(Listing("/a", "1"), Listing("/a1", ""), "p")
@given(near, near, places)
def test_a_token_is_good_for_no_other_list(one: Listing, other: Listing, place: str):
    assume(one != other)
    assert refused(other, seal.seal(one, place))


def test_a_token_with_any_character_changed_is_refused():
    token = seal.seal(OWN, PLACE)
    spoilt = [token[:n] + chr(ord(old) ^ 1) + token[n + 1 :] for n, old in enumerate(token)]
    spoilt += [token[:-1], token[1:], f"{token}A", f"{token}=", f"{token}\n", f" {token}"]
    assert [each for each in spoilt if not refused(OWN, each)] == []


@pytest.mark.parametrize("made_up", ["", "A", "A" * 43, "A" * 47, "é", "=", PLACE, "A" * 513])
def test_what_was_never_a_token_is_refused(made_up: str):
    assert refused(OWN, made_up)


def test_no_place_and_one_too_long_for_a_url_are_refused_though_they_were_sealed_here():
    assert not refused(OWN, seal.seal(OWN, "p" * 352))
    assert refused(OWN, seal.seal(OWN, "p" * 353))
    assert refused(OWN, seal.seal(OWN, ""))


def test_a_rotation_breaks_no_token_and_the_next_one_does():
    old = seal.seal(OWN, PLACE)
    know(b"second", b"first")
    new = seal.seal(OWN, PLACE)
    assert seal.unseal(OWN, old) == seal.unseal(OWN, new) == PLACE
    know(b"third", b"second")
    assert refused(OWN, old)
    assert seal.unseal(OWN, new) == PLACE
