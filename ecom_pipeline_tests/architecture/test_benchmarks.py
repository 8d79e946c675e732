"""The picture of a benchmark has the same figures as its table."""

import re

from bench.outcome import PICTURE, TARGET

MARK = r'aria-roledescription="{}"[^>]*?'


def test_each_line_of_the_table_is_a_bar_with_its_ratio():
    head, _, *lines = re.findall(r"^\| (.+) \|$", TARGET.read_text(), re.MULTILINE)
    ratio = head.split(" | ").index("ratio")
    ratios = [line.split(" | ")[ratio] for line in lines]
    picture = PICTURE.read_text()
    assert re.findall(MARK.format("text mark") + r">([^<]+)<", picture) == ratios
    outlines = re.findall(MARK.format("bar") + r'\bd="([^"]+)"', picture)
    assert len(outlines) == len(ratios)
    for outline in outlines:
        places = [float(x) for x in re.findall(r"([\d.]+),", outline)]
        assert max(places) > min(places), "a bar without a width"
