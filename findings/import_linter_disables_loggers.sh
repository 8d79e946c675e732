#!/usr/bin/env bash
# import-linter 2.16, called from Python, disables every logger that the process has so far.
#
# lint_imports() configures logging with a dictionary that does not set disable_existing_loggers,
# whose default is true. In a test suite, a test that checks the contracts in-process silences the
# loggers of the code under test: later tests of log messages fail, by order and by worker.
#
# Seen on 2026-11-30: "before: False", "after: True".
# Exits 0 while this holds, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check import-linter==2.16
mkdir "$folder/shop"
touch "$folder/shop/__init__.py" "$folder/shop/till.py"
cat > "$folder/contracts.ini" <<'INI'
[importlinter]
root_package = shop
include_external_packages = True

[importlinter:contract:1]
name = The till imports no network
type = forbidden
source_modules = shop.till
forbidden_modules = socket
INI
cd "$folder"
PYTHONPATH="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import logging
import sys

from importlinter.cli import lint_imports

log = logging.getLogger("shop.till")
print("before:", log.disabled)
lint_imports(config_filename="contracts.ini", no_cache=True)
print("after:", log.disabled)
sys.exit(not log.disabled)
PYTHON
