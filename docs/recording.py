"""`python -m docs.recording`: record a real `make demo` as docs/images/demo.svg, for the README.

Lines appear at their recorded times, accelerated by the factor in the title. Nothing is edited but
the run's directory, which is temporary. Run it on an idle machine.
"""

import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from docs.own_system import IMAGES, local_aws
from ecom_pipeline import settings
from ecom_pipeline.settings import Settings, environment_of

TARGET = IMAGES / "demo.svg"
COLUMNS = 92
SHOWN_SECONDS = 15
_ID = "demo"  # rich names the clip path of each line after it
_FONTS = r"@font-face \{[^}]*\}\s*"  # from another host; any monospace font is fine


def recorded(configured: Settings) -> Iterator[tuple[float, str]]:
    """Run the demo and yield each line of its terminal, with the seconds since the start."""
    colours = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(COLUMNS)}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "ecom_pipeline.cli", "demo"],
        env=settings.child_environment(environment_of(configured) | colours),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout or ():
            home = line.replace(configured.home.resolve().as_uri(), "file:///shop/.local")
            yield time.monotonic() - started, home.rstrip("\n")
    if process.returncode:
        sys.exit("the demo failed: no recording was written")


def drawn(lines: list[tuple[float, str]]) -> str:
    """Return the terminal as an SVG that shows each line at its time."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for _, line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis", crop=True)
    faster = max(1.0, lines[-1][0] / SHOWN_SECONDS)
    title = f"make demo  ({lines[-1][0]:.0f} s, shown {faster:.1f} times as fast)"
    svg = re.sub(_FONTS, "", console.export_svg(title=title, unique_id=_ID))
    rules = "".join(
        f'[clip-path="url(#{_ID}-line-{n})"]{{animation:show .01s {at / faster:.2f}s both}}\n'
        for n, (at, _) in enumerate(lines)
    )
    motion = (
        "@keyframes show{from{visibility:hidden}to{visibility:visible}}\n"
        f"@media (prefers-reduced-motion:no-preference){{\n{rules}}}\n"
    )
    return svg.replace("</style>", f"{motion}</style>", 1)


def main() -> None:
    """Record, with a separate home and ports."""
    with local_aws() as configured:
        TARGET.write_text(drawn(list(recorded(configured))))


if __name__ == "__main__":
    main()
