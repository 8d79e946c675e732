"""The customer page in a real browser, on a whole pipeline: customers see their data only."""

import base64
import hashlib
import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Error, expect

from ecom_pipeline.bi.report import words
from ecom_pipeline.local import deploy, page, tokens
from ecom_pipeline.values import currency
from ecom_pipeline_tests.browser import shop as shops
from ecom_pipeline_tests.browser.shop import ANN, ANNS, BEN, BENS, CANCELLED, NEW, SECRET, Visit
from ecom_pipeline_tests.pipeline import api_world

pytestmark = pytest.mark.usefixtures("whole_line")

OLDEST, NEWEST = ANNS[0], ANNS[-1]
PAGE = 10
MINUS = "\u2212"


@pytest.fixture(scope="module")
def world(whole_line):
    return api_world.build(whole_line)


@pytest.fixture(scope="module")
def shop(world):
    with shops.opened(world):
        yield world.settings


@pytest.fixture
def visit(context, shop):
    """Open a tab; at the end it has asked nobody but the page's host, the API and the sign-in."""
    made = Visit(context.new_page(), shop)
    yield made
    assert made.asked <= {shop.page_origin, shop.endpoint_url}


@pytest.fixture
def quiet(visit):
    """Allow no error in the console."""
    yield visit
    assert visit.complaints == []


@pytest.fixture
def signed_in(visit):
    visit.open(OLDEST)
    visit.sign_in()
    visit.reads(f"Invoice {OLDEST}")
    return visit


@pytest.mark.parametrize("code", ["GBP", "JPY", "KWD", "CLF", "CAD", "CHF"])
def test_the_page_writes_an_amount_as_the_report_does(quiet, code):
    quiet.open()
    amounts = ["1234.5000", "-0.0010", "9747747.9340", "0.0000", "12.3450", "-100.0000"]
    told = quiet.tab.evaluate(
        "async ([code, amounts]) => { const { money } = await import('./format.js');"
        " return amounts.map((each) => money(each, code)); }",
        [code, amounts],
    )
    assert told == [words.money(Decimal(each), currency(code)) for each in amounts]


def test_a_customer_reads_their_invoices_newest_first_and_cancellations_marked(quiet):
    quiet.open()
    quiet.sign_in()
    quiet.reads("Your invoices")
    quiet.reads_totals()
    assert quiet.tab.url == f"{quiet.settings.page_origin}/"
    rows = quiet.rows()
    assert len(rows) == PAGE
    assert rows[0] == [f"{CANCELLED} Cancellation", "12 Jan 2009", "2", f"{MINUS}£10.825"]
    assert rows[1] == [NEWEST, "11 Jan 2009", "3", "£1,234,575.55"]
    assert rows[2] == [ANNS[-2], "10 Jan 2009", "1", "£15.30"]
    assert quiet.tab.get_by_text(f"Customer {ANN}").is_visible()


def test_older_invoices_come_by_the_page_and_the_keyboard_goes_on_there(quiet):
    quiet.open()
    quiet.sign_in()
    quiet.reads("Your invoices")
    quiet.button("Show older").press("Enter")
    expect(quiet.tab.locator("tbody tr")).to_have_count(len(ANNS) + 1)
    quiet.reads_totals()
    assert quiet.rows()[-1] == [OLDEST, "1 Jan 2009", "1", "£15.30"]
    assert quiet.button("Show older").count() == 0
    expect(quiet.tab.get_by_role("link", name=ANNS[1])).to_be_focused()


def test_an_invoice_shows_its_items_and_what_a_cancellation_cancels(signed_in):
    signed_in.open()
    signed_in.tab.get_by_role("link", name=CANCELLED).click()
    signed_in.reads(f"Cancellation {CANCELLED}")
    (some, *_), (item, *numbers) = signed_in.rows()
    assert some.endswith(f"probably 2 from invoice {NEWEST} · 3 from an invoice that was not found")
    assert "Cancelled" in item
    assert item.endswith(f"· probably from invoice {NEWEST}")
    assert numbers == [f"{MINUS}4", "£2.55", f"{MINUS}£10.20"]
    signed_in.tab.get_by_role("link", name=NEWEST).first.click()
    signed_in.reads(f"Invoice {NEWEST}")
    assert [row[1:] for row in signed_in.rows()] == [
        ["2", "£0.125", "£0.25"],
        ["1,000", "£1,234.56", "£1,234,560.00"],
        ["6", "£2.55", "£15.30"],
    ]
    expect(signed_in.heading(NEWEST)).to_be_focused()
    assert signed_in.tab.title() == f"Invoice {NEWEST} · Your invoices"
    assert signed_in.complaints == []


def test_a_description_is_shown_as_text_whatever_it_says(signed_in):
    signed_in.open(NEWEST)
    signed_in.reads(f"Invoice {NEWEST}")
    assert signed_in.tab.get_by_text(shops.MARKUP, exact=True).is_visible()
    assert signed_in.tab.locator("main img, main script").count() == 0
    assert signed_in.tab.title() != "run"
    refused = "document.querySelector('main').innerHTML = '<b>x</b>'"
    with pytest.raises(Error, match="TrustedHTML"):
        signed_in.tab.evaluate(refused)


def test_a_link_to_anothers_invoice_is_the_same_as_one_to_none(signed_in):
    for number in (BENS, "999999999"):
        signed_in.open(number)
        signed_in.reads("No such invoice")
        assert SECRET not in signed_in.tab.content()
    signed_in.button("All invoices").click()
    signed_in.reads("Your invoices")


def test_the_token_of_the_page_opens_nobody_elses_routes(signed_in, world):
    token = json.loads(signed_in.kept()["ecom.token"])["token"]
    assert world.get("/me/invoices", token).json()["customer_id"] == ANN
    assert world.get(f"/me/invoices/{BENS}", token).status_code == 404
    for path in (f"/customers/{BEN}/invoices", f"/customers/{BEN}/items", f"/invoices/{BENS}"):
        answer = world.get(path, token)
        assert answer.status_code == 403
        assert SECRET not in answer.text


def test_a_deep_link_is_followed_after_signing_in(visit):
    visit.open(OLDEST)
    visit.sign_in()
    visit.reads(f"Invoice {OLDEST}")
    assert visit.tab.url == f"{visit.settings.page_origin}/#/invoices/{OLDEST}"


def test_signing_out_forgets(signed_in):
    signed_in.button("Sign out").click()
    signed_in.tab.wait_for_url(f"{signed_in.settings.page_origin}/")
    assert signed_in.button("Sign in").is_visible()
    assert signed_in.kept() == {}
    signed_in.tab.go_back()
    signed_in.button("Sign in").wait_for()
    assert signed_in.rows() == []


def test_a_reload_keeps_the_session_and_another_tab_does_not_have_it(signed_in):
    signed_in.tab.reload()
    signed_in.reads(f"Invoice {OLDEST}")
    other = Visit(signed_in.tab.context.new_page(), signed_in.settings)
    other.open()
    other.button("Sign in").wait_for()
    assert set(signed_in.kept()) == {"ecom.token"}
    assert "refresh" not in str(signed_in.kept())


def test_a_session_that_is_over_asks_to_sign_in_again(signed_in):
    signed_in.tab.clock.install()
    signed_in.tab.clock.fast_forward("01:00:01")
    signed_in.tab.get_by_role("link", name="All invoices").click()
    expect(signed_in.tab.get_by_role("alert")).to_contain_text("Your session has ended")
    signed_in.sign_in()
    signed_in.reads("Your invoices")


def test_a_token_that_the_api_refuses_asks_to_sign_in_again(signed_in):
    """The API's gateway says so, and its answer may be read by the page."""
    kept = json.loads(signed_in.kept()["ecom.token"])
    kept["token"] = api_world.forged(kept["token"], **{"custom:customer_id": BEN})
    signed_in.tab.evaluate("text => sessionStorage.setItem('ecom.token', text)", json.dumps(kept))
    signed_in.tab.reload()
    expect(signed_in.tab.get_by_role("alert")).to_contain_text("Your session has ended")
    assert signed_in.kept() == {}


def test_a_code_that_was_not_asked_for_is_refused_and_leaves_the_address(visit):
    """Else a stranger could sign a customer in as somebody else."""
    exchanged = []
    visit.tab.on("request", lambda request: exchanged.append(request.url))
    visit.tab.goto(f"{visit.settings.page_origin}/?code=stolen&state=guessed")
    expect(visit.tab.get_by_role("alert")).to_contain_text("not completed")
    assert visit.tab.url == f"{visit.settings.page_origin}/"
    assert not any("/oauth2/token" in url for url in exchanged)


def test_a_code_is_good_once_for_its_verifier_and_for_the_pages_address_only(shop):
    """What the user pool's client of infra/template.yaml allows."""
    verifier = "v" * 43
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    here = {
        "client_id": deploy.outputs(shop)["UserPoolClientId"],
        "redirect_uri": f"{shop.page_origin}/",
    }
    asked = here | {
        "response_type": "code",
        "scope": "openid",
        "code_challenge": digest.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }

    def authorize(**changes):
        return requests.get(f"{shop.endpoint_url}/oauth2/authorize", asked | changes, timeout=30)

    def exchange(**changes):
        given = here | {"grant_type": "authorization_code", "code": code} | changes
        return requests.post(f"{shop.endpoint_url}/oauth2/token", given, timeout=30).status_code

    assert authorize().status_code == 200
    assert authorize(redirect_uri="https://elsewhere.invalid/").status_code == 400
    assert authorize(redirect_uri=f"{shop.page_origin}/x").status_code == 400
    assert authorize(response_type="token").status_code == 400

    who = {"username": f"customer-{ANN}", "password": tokens.PASSWORD}
    form = f"{shop.endpoint_url}/login"
    sent = requests.post(form, asked | who, allow_redirects=False, timeout=30).headers["Location"]
    code = parse_qs(urlsplit(sent).query)["code"][0]
    assert exchange() == 400
    assert exchange(code_verifier="w" * 43) == 400
    assert exchange(code_verifier=verifier, redirect_uri="https://elsewhere.invalid/") == 400
    assert exchange(code_verifier=verifier) == 200
    assert exchange(code_verifier=verifier) == 400


def test_no_page_of_another_origin_may_ask_the_api(signed_in, world):
    """The same files under another name are another origin, and their own policy lets them ask."""
    token = json.loads(signed_in.kept()["ecom.token"])["token"]
    ask = """async ([url, token]) => {
        const headers = {Authorization: token};
        return (await fetch(url, {headers}).catch((error) => ({status: error.name}))).status;
    }"""
    assert signed_in.tab.evaluate(ask, [f"{world.url}/me/invoices", token]) == 200
    stranger = signed_in.tab.context.new_page()
    stranger.goto(signed_in.settings.page_origin.replace("127.0.0.1", "localhost"))
    assert stranger.evaluate(ask, [f"{world.url}/me/invoices", token]) == "TypeError"
    staffs = f"{world.url}/customers/{BEN}/invoices"
    assert signed_in.tab.evaluate(ask, [staffs, token]) == "TypeError"


def test_what_did_not_change_is_not_sent_again(signed_in):
    urls, statuses = {}, {}
    wire = signed_in.tab.context.new_cdp_session(signed_in.tab)
    wire.send("Network.enable")
    wire.on(
        "Network.requestWillBeSent", lambda it: urls.update({it["requestId"]: it["request"]["url"]})
    )
    wire.on(
        "Network.responseReceivedExtraInfo",
        lambda it: statuses.update({it["requestId"]: it["statusCode"]}),
    )
    signed_in.tab.reload()
    signed_in.reads(f"Invoice {OLDEST}")
    (asked,) = (id_ for id_, url in urls.items() if url.endswith(f"/me/invoices/{OLDEST}"))
    assert statuses[asked] == 304


def test_who_has_no_invoices_or_is_no_customer_is_told(visit):
    visit.open()
    visit.sign_in(f"customer-{NEW}")
    visit.reads("No invoices yet")
    visit.button("Sign out").click()
    visit.tab.wait_for_url(f"{visit.settings.page_origin}/")
    visit.sign_in(tokens.STAFF)
    visit.reads("Not a customer")
    assert visit.rows() == []


def test_a_line_that_is_down_is_told_and_tried_again(signed_in):
    signed_in.tab.context.set_offline(True)
    signed_in.tab.get_by_role("link", name="All invoices").click()
    signed_in.reads("The shop can")
    signed_in.tab.context.set_offline(False)
    signed_in.button("Try again").click()
    signed_in.reads("Your invoices")


def test_a_phone_needs_no_sideways_scrolling(signed_in):
    for number, title in ((None, "Your invoices"), (NEWEST, NEWEST), (CANCELLED, CANCELLED)):
        signed_in.open(number)
        signed_in.reads(title)
        signed_in.reads_totals()
        for width in (375, 320):
            signed_in.tab.set_viewport_size({"width": width, "height": 740})
            assert signed_in.tab.evaluate("document.documentElement.scrollWidth") == width


def test_each_file_comes_with_the_headers_that_docs_tell_a_host_to_send(shop):
    given = requests.get(f"{shop.page_origin}/config.json", timeout=30).json()
    for path in ("/", "/app.js", "/config.json"):
        answer = requests.get(shop.page_origin + path, timeout=30)
        assert answer.status_code == 200
        assert page.headers(given).items() <= dict(answer.headers).items()
