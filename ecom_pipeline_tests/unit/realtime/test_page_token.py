"""realtime.page_token: a page token is valid for its own list only, and can't be forged."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ecom_pipeline.realtime import page_token
from ecom_pipeline.realtime.page_token import Listing, PageTokenError

ARN = "arn:aws:secretsmanager:eu-west-2:000000000000:secret:seal"
OWN = Listing("/me/invoices", "17850")
CURSOR = "2010-12-01#536365"

# few letters, so that two lists often concatenate to the same text
near = st.builds(Listing, st.text("/a1", max_size=3), st.text("/a1", max_size=3))
cursors = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def know(*secrets: bytes) -> None:
    """Tell the function its secrets, the current one first: it has read them just now."""
    kept = page_token._of(ARN)
    kept._found, kept._read_at = secrets, float("inf")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PAGE_TOKEN_SECRET_ARN", ARN)
    know(b"first")
    yield
    page_token._of.cache_clear()


def refused(listing: Listing, token: str) -> bool:
    try:
        page_token.verify(listing, token)
    except PageTokenError:
        return True
    return False


@settings(max_examples=settings().max_examples // 2)
@given(near, cursors)
def test_a_token_gives_its_place_back_and_needs_no_escapes_in_a_url(listing: Listing, cursor: str):
    token = page_token.sign(listing, cursor)
    assert re.fullmatch(r"[\w-]+", token, re.ASCII)
    assert page_token.verify(listing, token) == cursor


@settings(max_examples=settings().max_examples // 2)
@example(Listing("/a", "1"), Listing("/a1", ""), "p")
@given(near, near, cursors)
def test_a_token_is_good_for_no_other_list(one: Listing, other: Listing, cursor: str):
    assume(one != other)
    assert refused(other, page_token.sign(one, cursor))


def test_a_token_with_any_character_changed_is_refused():
    token = page_token.sign(OWN, CURSOR)
    spoilt = [token[:n] + chr(ord(old) ^ 1) + token[n + 1 :] for n, old in enumerate(token)]
    spoilt += [token[:-1], token[1:], f"{token}A", f"{token}=", f"{token}\n", f" {token}"]
    assert [each for each in spoilt if not refused(OWN, each)] == []


@pytest.mark.parametrize("made_up", ["", "A", "A" * 43, "A" * 47, "é", "=", CURSOR, "A" * 513])
def test_what_was_never_a_token_is_refused(made_up: str):
    assert refused(OWN, made_up)


def test_no_place_and_one_too_long_for_a_url_are_refused_though_they_were_sealed_here():
    assert not refused(OWN, page_token.sign(OWN, "p" * 352))
    assert refused(OWN, page_token.sign(OWN, "p" * 353))
    assert refused(OWN, page_token.sign(OWN, ""))


def test_a_rotation_breaks_no_token_and_the_next_one_does():
    old = page_token.sign(OWN, CURSOR)
    know(b"second", b"first")
    new = page_token.sign(OWN, CURSOR)
    assert page_token.verify(OWN, old) == page_token.verify(OWN, new) == CURSOR
    know(b"third", b"second")
    assert refused(OWN, old)
    assert page_token.verify(OWN, new) == CURSOR
