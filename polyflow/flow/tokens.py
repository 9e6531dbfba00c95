"""The words and signs of a graph's text, each with its line."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import GraphTextError

END = "end"

_TOKEN = re.compile(
    r"""
    (?P<skip>    [ \t\r\n]+ | \#[^\n]* )
  | (?P<value>   % [\w./'-]+ )
  | (?P<number>  -? (?: \d+ (?:\.\d*)? (?:[eE][+-]?\d+)? | inf\b | nan\b ) )
  | (?P<string>  b? (?: '(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*" ) )
  | (?P<word>    [A-Za-z_]\w* )
  | (?P<sign>    \.\.\. | [(){}\[\],:=] )
    """,
    re.VERBOSE | re.ASCII,
)


class Token(NamedTuple):
    """A piece of text.

    Attributes:
        kind: ``value`` (whose text goes without its ``%``), ``number``, ``string``, ``word``, ``sign`` or ``end``.
    """

    kind: str
    text: str
    line: int

    @property
    def shown(self) -> str:
        """What it is, for a message."""
        if self.kind == END:
            return "the end of the text"
        text = f"%{self.text}" if self.kind == "value" else self.text
        return repr(text if len(text) <= 40 else f"{text[:40]}…")


def tokens(text: str) -> list[Token]:
    """All tokens, the end as the last.

    Raises:
        GraphTextError: at a letter that begins none.
    """
    found = []
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise GraphTextError(_strange(text[place], line))
        kind, piece = str(match.lastgroup), match.group()
        if kind != "skip":
            found.append(Token(kind, piece.removeprefix("%") if kind == "value" else piece, line))
        line += piece.count("\n")
        place = match.end()
    return [*found, Token(END, "", line)]


def _strange(letter: str, line: int) -> str:
    if letter == "<":
        return f"line {line}: found '<', an object that has no text; expected a literal, which can be read back."
    if letter in "'\"":
        return f"line {line}: found a string without its end; expected {letter} before the end of the line."
    if letter == "%":
        return f"line {line}: found '%' alone; expected the name of a value after it, such as %x."
    return f"line {line}: found {letter!r}; expected a value, number, string, word or one of ( ) {{ }} [ ] , : = ..."
