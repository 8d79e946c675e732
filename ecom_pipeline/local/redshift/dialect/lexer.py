"""Redshift SQL as tokens, and a cursor over them.

Belongs here: where a word, a string or a comment begins and ends. Does not belong here: the meaning
of a statement. sqlglot's own tokenizer is not used for this: it reads all that follows VACUUM,
SHOW, LOCK and others as one opaque string, and `$1,$2` as a dollar-quoted one (30.30).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ecom_pipeline.local.redshift.dialect.statement import RefusedError

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<string>[eE]?'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<parameter>\$\d+)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<space>\s+)
      | (?P<symbol>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, string, number or symbol, and its position in the text."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword or symbol to compare with; empty for a string or a quoted name."""
        return "" if self.kind in {"string", "quoted"} else self.text.upper()

    @property
    def value(self) -> str:
        """The content of a string, or a name as Redshift stores it (lower case, even quoted)."""
        if self.kind == "string" and self.text.startswith("$$"):
            return self.text[2:-2]
        if self.kind == "string":
            inner = self.text[self.text.index("'") + 1 : -1]
            return _ESCAPED.sub(lambda found: found[1] or "'", inner)
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"').lower()
        return self.text.lower()


def tokens_of(sql: str) -> list[Token]:
    """Return the tokens without blanks and comments."""
    return [
        Token(str(found.lastgroup), found[0], found.start(), found.end())
        for found in _TOKEN.finditer(sql)
        if found.lastgroup not in {"comment", "space"}
    ]


def statements_of(sql: str) -> Iterator[str]:
    """Split a script at its semicolons."""
    start = 0
    for token in tokens_of(sql):
        if token.word == ";":
            yield sql[start : token.start]
            start = token.end
    yield sql[start:]


def text_of(tokens: list[Token]) -> str:
    """Return the tokens as text: quoted names in lower case, comments removed."""
    parts: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        if token.start > end:
            parts.append(" ")
        parts.append(_written(token))
        end = token.end
    return "".join(parts)


def _written(token: Token) -> str:
    if token.kind == "quoted":
        return quote(token.value)
    return f" {token.text} " if token.kind == "parameter" else token.text


def quote(name: str) -> str:
    """Return a name as PostgreSQL's quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as PostgreSQL's string literal."""
    return "'" + value.replace("'", "''") + "'"


def split_at_commas(tokens: list[Token]) -> list[list[Token]]:
    """Split a list's tokens into its items; inner parentheses stay whole."""
    items: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.word == "(") - (token.word == ")")
        if token.word == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return [item for item in items if item]


class Cursor:
    """A position in a statement's tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def rest(self) -> list[Token]:
        """The tokens not yet consumed."""
        return self._tokens[self._at :]

    def peek(self, ahead: int = 0) -> str:
        """Return the next keyword or symbol without consuming it."""
        index = self._at + ahead
        return self._tokens[index].word if index < len(self._tokens) else ""

    def take(self, *words: str) -> bool:
        """Consume the words if they come next; return whether they did."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Consume one of the words if it comes next; return it, or ""."""
        found = self.peek()
        if found not in words:
            return ""
        self._at += 1
        return found

    def need(self, *words: str) -> None:
        """Consume the words; RefusedError if others come next."""
        if not self.take(*words):
            raise self.unexpected(f"expected {' '.join(words)}")

    def next(self) -> Token:
        """Consume the next token, of any kind; RefusedError at the end."""
        if not self.rest:
            raise RefusedError("syntax error at end of input")
        self._at += 1
        return self._tokens[self._at - 1]

    def integer(self) -> int:
        """Consume an integer; RefusedError if the next token is none."""
        token = self.next()
        if not token.text.isdecimal():
            raise RefusedError(f'syntax error at or near "{token.text}" (expected a number)')
        return int(token.text)

    def inside(self) -> list[Token]:
        """Consume a parenthesised list and return the tokens within."""
        self.need("(")
        start, depth = self._at, 1
        while depth:
            word = self.next().word
            depth += (word == "(") - (word == ")")
        return self._tokens[start : self._at - 1]

    def name(self) -> str:
        """Consume a name, with its schema if it has one, and return it quoted."""
        parts = [quote(self._name_part())]
        while self.take("."):
            parts.append(quote(self._name_part()))
        return ".".join(parts)

    def names(self) -> tuple[str, ...]:
        """Consume a parenthesised list of plain names."""
        return tuple(token.value for token in self.inside() if token.word != ",")

    def text(self) -> str:
        """Return the remaining tokens as text."""
        return text_of(self.rest)

    def done(self) -> None:
        """Raise RefusedError if a token remains."""
        if self.rest:
            raise self.unexpected("this clause is not supported by the local Redshift")

    def unexpected(self, why: str) -> RefusedError:
        """Return the error for an unexpected next token."""
        found = self.rest[0].text if self.rest else "end of input"
        return RefusedError(f'syntax error at or near "{found}" ({why})')

    def _name_part(self) -> str:
        token = self.next()
        if token.kind not in {"word", "quoted"}:
            raise RefusedError(f'syntax error at or near "{token.text}" (expected a name)')
        return token.value
