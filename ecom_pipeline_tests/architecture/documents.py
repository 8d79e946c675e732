"""The documents' content for tests: pages, links, anchors, and the commands in them."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for folder in ("", "docs", "infra", "ecom_pipeline/local", "ecom_pipeline/local/redshift")
    for path in (ROOT / folder).glob("*.md")
)
FIRST_HOUR = ROOT / "docs" / "first-hour.md"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BREAKS = set(";&|\n")  # separators of commands

Words = tuple[str, ...]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _BLOCK.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Return the links of a page that lead to the project itself."""
    return re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    heads = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def typed(page: Path) -> list[Words]:
    """Return the commands of a page: all of its blocks of shell, and what stands behind a `$`."""
    found = []
    for kind, body in _BLOCK.findall(page.read_text()):
        shown = body if kind == "sh" else "\n".join(re.findall(r"^\$ (.*)$", body, re.MULTILINE))
        found += _commands(re.sub(r"(^|\s+)# .*$", "", shown, flags=re.MULTILINE))
    return found


def mentioned(page: Path) -> list[Words]:
    """Return the commands that a page's text mentions, where words may be placeholders."""
    found = re.findall(r"`((?:ecom|make) [^`]+)`", prose(page))
    return [tuple(words.split()) for words in found if "…`" not in f"{words}`"]


def _commands(shell: str) -> list[Words]:
    lexer = shlex.shlex(shell.replace("\\\n", " "), posix=True, punctuation_chars=";&|\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    inner = []
    for word in lexer:
        if set(word) <= _BREAKS:
            found.append([])
            continue
        found[-1].append(word)
        inner += re.findall(r"\$\(((?:ecom|aws) [^)]*)\)", word)
    return [
        tuple(word.removeprefix(".venv/bin/") for word in words) for words in found if words
    ] + [command for text in inner for command in _commands(text)]
