"""Redshift SQL as tokens, and a cursor to walk over them.

Belongs here: where a word, a string or a comment begins and ends. Does not belong here: what any
statement means. sqlglot's own tokenizer is not used for this: it takes all that follows VACUUM,
SHOW, LOCK and others as one opaque string, and reads `$1,$2` as a dollar-quoted one (30.30).
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
    """One word, string, number or symbol, and where it stands in the text."""

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
    """Return the tokens that mean something: no blanks, no comments."""
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
    """Return the tokens as text: quoted names in lower case, comments gone."""
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
    """Split a list's tokens into its items, leaving inner parentheses whole."""
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
    """A place in a statement's tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def rest(self) -> list[Token]:
        """The tokens not taken yet."""
        return self._tokens[self._at :]

    def peek(self, ahead: int = 0) -> str:
        """Return the next keyword or symbol without taking it."""
        index = self._at + ahead
        return self._tokens[index].word if index < len(self._tokens) else ""

    def take(self, *words: str) -> bool:
        """Take the words if they are what comes next."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Take one of the words if it comes next, and say which."""
        found = self.peek()
        if found not in words:
            return ""
        self._at += 1
        return found

    def need(self, *words: str) -> None:
        """Take the words or refuse the statement."""
        if not self.take(*words):
            raise self.unexpected(f"expected {' '.join(words)}")

    def next(self) -> Token:
        """Take the next token, whatever it is."""
        if not self.rest:
            raise RefusedError("syntax error at end of input")
        self._at += 1
        return self._tokens[self._at - 1]

    def integer(self) -> int:
        """Take a whole number."""
        token = self.next()
        if not token.text.isdecimal():
            raise RefusedError(f'syntax error at or near "{token.text}" (expected a number)')
        return int(token.text)

    def inside(self) -> list[Token]:
        """Take a parenthesised list and return the tokens within."""
        self.need("(")
        start, depth = self._at, 1
        while depth:
            word = self.next().word
            depth += (word == "(") - (word == ")")
        return self._tokens[start : self._at - 1]

    def name(self) -> str:
        """Take a name, with its schema if it has one, and return it quoted."""
        parts = [quote(self._name_part())]
        while self.take("."):
            parts.append(quote(self._name_part()))
        return ".".join(parts)

    def names(self) -> tuple[str, ...]:
        """Take a parenthesised list of plain names."""
        return tuple(token.value for token in self.inside() if token.word != ",")

    def text(self) -> str:
        """Return what is left as text."""
        return text_of(self.rest)

    def done(self) -> None:
        """Refuse a statement of which something is left."""
        if self.rest:
            raise self.unexpected("the local Redshift does not know this clause")

    def unexpected(self, why: str) -> RefusedError:
        """Return the refusal that names the next token."""
        found = self.rest[0].text if self.rest else "end of input"
        return RefusedError(f'syntax error at or near "{found}" ({why})')

    def _name_part(self) -> str:
        token = self.next()
        if token.kind not in {"word", "quoted"}:
            raise RefusedError(f'syntax error at or near "{token.text}" (expected a name)')
        return token.value
