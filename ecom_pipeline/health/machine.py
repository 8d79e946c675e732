"""Checks of this machine: Python, packages, programs, disk, clock; without AWS credentials."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import requests

from ecom_pipeline.health.finding import Check
from ecom_pipeline.settings import child_environment, variable

_CHECKOUT = Path(str(files("ecom_pipeline"))).parent  # unless the package was installed by pip
_GIB = 2**30
_ROOMY, _TIGHT = 4 * _GIB, _GIB  # the whole data set takes 1.5 GB in the local AWS
_SKEW_SECONDS = 300  # AWS rejects signatures with a larger clock skew
_PROGRAMS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "Chromium": (
        "the browser's tests, make screenshots",
        "Debian: apt install chromium",
        ("chromium", "chromium-browser", "google-chrome"),
    ),
    "Java": ("ECOM_ENGINE=spark", "Debian: apt install default-jre-headless", ("java",)),
    "AWS SAM CLI": (
        "make deploy",
        "https://docs.aws.amazon.com/serverless-application-model/",
        ("sam",),
    ),
}
_GROUPS = {
    "playwright": ("--group browser", "the browser's tests, make screenshots"),
    "pyspark": ("--extra spark", "ECOM_ENGINE=spark on this machine"),
    "tableauhyperapi": ("--extra tableau", "ecom tableau extract"),
}


def python() -> Check:
    """Check Python and the operating system; the local AWS is tested on Linux only."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if platform.system() == "Linux":
        return Check("Python", "ok", found)
    return Check("Python", "warning", found, "the local AWS is tested on Linux only")


def packages(root: Path = _CHECKOUT) -> Check:
    """Check with uv that the installed packages match uv.lock; additional ones are allowed."""
    uv = shutil.which("uv", path=str(Path(sys.prefix) / "bin")) or shutil.which("uv")
    if not (root / "uv.lock").exists():
        return Check("packages", "ok", "not a checkout: installed by pip")
    if uv is None:
        return Check("packages", "warning", "not checked: uv is not installed", "make setup")
    sync = [uv, "sync", "--frozen", "--inexact", "--no-install-project", "--project", str(root)]
    done = subprocess.run(  # noqa: S603
        [*sync, "--check", "--offline"],
        env=child_environment({"UV_PROJECT_ENVIRONMENT": sys.prefix}),
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        return Check("packages", "ok", "as in uv.lock")
    return Check("packages", "missing", "not as in uv.lock", "uv sync --frozen --inexact")


def programs() -> list[Check]:
    """Check the programs that some commands need."""
    return [
        Check(name, "ok", path)
        if (path := next(filter(None, map(shutil.which, names)), None))
        else Check(name, "warning", f"not on the PATH; for {purpose}", how)
        for name, (purpose, how, names) in _PROGRAMS.items()
    ]


def groups() -> list[Check]:
    """Check the optional packages that some commands need."""
    return [
        Check(package, "ok", "installed")
        if find_spec(package)
        else Check(
            package,
            "warning",
            f"not installed; for {purpose}",
            f"uv sync --frozen --inexact {how}",
        )
        for package, (how, purpose) in _GROUPS.items()
    ]


def disk(home: Path) -> Check:
    """Check the free disk space for the local AWS's data."""
    folder = next(each for each in (home.resolve(), *home.resolve().parents) if each.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:,.1f} GiB free at {folder}"
    if free >= _ROOMY:
        return Check("disk", "ok", found)
    state = "warning" if free >= _TIGHT else "missing"
    return Check("disk", state, found, f"free space, or set {variable('home')} to another disk")


def clock(url: str) -> Check:
    """Check this machine's clock against a server's Date header, to a second."""
    try:
        theirs = requests.head(url, timeout=5, allow_redirects=False).headers.get("Date")
    except requests.RequestException as error:
        return Check("clock", "warning", f"{url}: {type(error).__name__}", "check the network")
    if theirs is None:
        return Check("clock", "warning", f"{url} sends no Date header", "check the clock manually")
    off = (datetime.now(UTC) - parsedate_to_datetime(theirs)).total_seconds()
    found = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} {url}"
    if abs(off) <= _SKEW_SECONDS:
        return Check("clock", "ok", found)
    return Check("clock", "missing", found, "AWS rejects its signatures: set the clock (NTP)")
