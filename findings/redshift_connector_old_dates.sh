#!/usr/bin/env bash
# redshift-connector 2.2.0 returns dates before 14 October 1612 ten days late in its binary protocol.
#
# Its reader adds ten days before a cut-off, as if to turn Julian dates into Gregorian ones. The
# cut-off is October 1582 in seconds since 1970, but the value counts from 2000: it applies thirty
# years too late, and Redshift and Python both count Gregorian days at all times.
#
# Seen on 2026-11-30: 1612-10-13 is returned as 1612-10-23, 1612-10-14 as itself.
# Exits 0 while this holds, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check redshift-connector==2.2.0
"$folder/venv/bin/python" - <<'PYTHON'
import struct
import sys
from datetime import date

from redshift_connector.utils.type_utils import date_recv_binary

changed = False
for sent, expected in ((date(1612, 10, 13), date(1612, 10, 23)), (date(1612, 10, 14),) * 2):
    wire = struct.pack("!i", (sent - date(2000, 1, 1)).days)  # as Redshift sends a DATE
    got = date_recv_binary(wire, 0, 4)
    print(f"sent {sent}, returned {got}")
    changed = changed or got != expected
sys.exit(changed)
PYTHON
