"""Tables for people: drawn by rich on a terminal, plain aligned text everywhere else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence


def show(headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> None:
    """Print a table on standard output.

    Args:
        headers: the name of each column.
        rows: their cells; control characters in them are replaced, since some come from other people's messages.
        numbers: the columns to align on the right.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    right = set(numbers)
    if sys.stdout.isatty():
        if _least(headers, cells) > shutil.get_terminal_size().columns:
            print("\n\n".join(_record(headers, row) for row in cells))
            return
        try:
            _draw(headers, cells, right)
            return
        except ImportError:
            pass
    for line in lines(headers, cells, right):
        print(line)


def lines(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """The table as aligned lines of plain text."""
    right = set(right)
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (headers, *rows)
    ]


def _least(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns of a terminal the table needs, so that no word is broken."""
    words = [
        max(len(word) for cell in column for word in cell.split() or [""])
        for column in zip(headers, *rows, strict=True)
    ]
    return sum(words) + 3 * len(words)


def _record(headers: Sequence[str], row: Sequence[str]) -> str:
    """A row as lines, for terminals that are too narrow for a table."""
    return "\n".join(f"{header}: {cell}" if header else cell for header, cell in zip(headers, row, strict=True) if cell)


def printable(text: str) -> str:
    """One line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _draw(headers: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column, header in enumerate(headers):
        table.add_column(header, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: brackets in a message are not markup
    Console(file=sys.stdout).print(table)
