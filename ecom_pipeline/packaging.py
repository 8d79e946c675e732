"""Build the Lambda zip: two of this project's packages and msgspec, reproducibly.

The handlers are configured in infra/template.yaml; deployment is not in this module.
"""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, version
from pathlib import Path

from ecom_pipeline.domain.errors import EcomError

ROOMS = ("domain", "realtime")
LIBRARY = "msgspec"
LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORM = "aarch64-manylinux2014"

_PACKAGE = Path(__file__).parent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's earliest date instead of the build time
_READABLE = 0o644 << 16


class PackagingError(EcomError):
    """The zip could not be built."""


def build_here(target: Path) -> Path:
    """Build the zip for this machine's Python, with the installed msgspec; return its path."""
    return _write(target, [*_ours(), *_installed()])


def build_for_lambda(target: Path, scratch: Path) -> Path:
    """Build the zip for Lambda on arm64, with a wheel of the locked msgspec; return its path.

    Raises:
        PackagingError: the wheel could not be downloaded.
    """
    wanted = f"{LIBRARY}=={version(LIBRARY)}"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--python-platform", LAMBDA_PLATFORM]
    command += ["--python-version", LAMBDA_PYTHON, "--target", str(scratch), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise PackagingError(f"no {wanted} for {LAMBDA_PLATFORM}: {done.stderr.strip()}")
    found = [(path, path.relative_to(scratch).as_posix()) for path in _files(scratch / LIBRARY)]
    return _write(target, [*_ours(), *found])


def _ours() -> Iterator[tuple[Path, str]]:
    yield _PACKAGE / "__init__.py", f"{_PACKAGE.name}/__init__.py"
    for room in ROOMS:
        for path in _files(_PACKAGE / room):
            yield path, path.relative_to(_PACKAGE.parent).as_posix()


def _installed() -> Iterator[tuple[Path, str]]:
    root = Path(str(distribution(LIBRARY).locate_file(LIBRARY)))
    for path in _files(root):
        yield path, path.relative_to(root.parent).as_posix()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in {".py", ".so"})


def _write(target: Path, files: list[tuple[Path, str]]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in sorted(files, key=lambda pair: pair[1]):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return target
