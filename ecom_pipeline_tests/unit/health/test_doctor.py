"""The doctor names the problem and the next step: a refusal, a clock, an unresponsive host."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ecom_pipeline import settings
from ecom_pipeline.health import access, machine, timeout

pytestmark = pytest.mark.usefixtures("socket_enabled")


# the AWS services have two protocols; the same refusal in both
JSON = b'{"__type":"AccessDeniedException","message":"no"}'
XML = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@contextmanager
def server(moment):
    """Run a server that refuses whatever it is asked, at a moment of its own clock."""

    class Refusing(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = JSON if "X-Amz-Target" in self.headers else XML
            self.send_response_only(403)
            self.send_header("Date", format_datetime(moment, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the base's names

        def log_message(self, format, *args):  # noqa: A002 - the base's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_each_refusal_names_the_permission_and_what_it_is_for():
    with server(datetime.now(UTC)) as url:
        found = access.stores(replace(settings.LOCAL, endpoint_url=url, redshift_port=1))
    assert {each.state for each in found} == {"missing"}
    todo = {each.name: each.todo for each in found if each.name != "warehouse"}
    raw, csv = settings.LOCAL.raw_bucket, settings.LOCAL.csv_bucket
    assert todo == {
        "raw bucket": f"allow s3:ListBucket on {raw}",
        "CSV bucket": f"allow s3:ListBucket on {csv}",
        "CSV bucket, to write": f"allow s3:PutObject on {csv}",
        "queue of new objects": "allow sqs:GetQueueUrl on ecom-raw-notifications",
        "table": "allow dynamodb:Query on ecom-sales",
        "catalog": "allow glue:GetTable on ecom",
    }


@pytest.mark.parametrize(
    ("minutes", "state", "says"),
    [(0, "ok", ""), (4, "ok", "behind"), (6, "missing", "behind"), (-6, "missing", "ahead of")],
)
def test_a_clock_that_aws_would_refuse_is_named(minutes, state, says):
    with server(datetime.now(UTC) + timedelta(minutes=minutes)) as url:
        found = machine.clock(url)
    assert found.state == state
    assert says in found.found
    assert ("NTP" in found.todo) == (state == "missing")


def test_a_host_that_is_silent_holds_up_nobody():
    silent = threading.Event()
    assert timeout.answer(silent.wait, "late", seconds=0.01) == "late"
    silent.set()


def test_an_error_is_raised_where_it_was_asked():
    with pytest.raises(ZeroDivisionError):
        timeout.answer(lambda: 1 // 0, 0)


def test_packages_that_are_not_those_of_the_lock_are_named(tmp_path):
    """A lock of a project of another package: this environment does not have it."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "other"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["absent"]\n'
    )
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.11"\n\n'
        '[[package]]\nname = "other"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "absent" }]\n\n'
        '[[package]]\nname = "absent"\nversion = "1"\n'
        'source = { registry = "https://pypi.org/simple" }\n'
        'wheels = [{ url = "https://files.pythonhosted.org/absent-1-py3-none-any.whl",'
        ' hash = "sha256:' + "0" * 64 + '" }]\n'
    )
    found = machine.packages(tmp_path)
    assert (found.state, found.todo) == ("missing", "uv sync --frozen --inexact")
    assert machine.packages(tmp_path / "elsewhere").state == "ok"
