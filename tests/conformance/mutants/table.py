"""The table of mutants in docs/conformance.md; `python -m tests.conformance.mutants.table` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polyflow_conformance as suite
from polyflow_conformance.trying import try_case

from . import MUTANTS
from .declared import Mutant

DOCS = Path(__file__).parents[3] / "docs/conformance.md"
BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"


def killer(one: Mutant, first: str = "") -> Any:
    """The first result, of cases that name the mutant's op, that says something is wrong; or None.

    The case ``first`` is tried before the others.
    """
    backend = one.make()
    chosen = [case for case in suite.all_cases().values() if case.op == one.op]
    chosen.sort(key=lambda case: case.id != first)
    with one.around():
        results = (try_case(case, backend) for case in chosen)
        return next((result for result in results if result.failed), None)


def table() -> list[str]:
    """The table of the documentation: each fault, its op, and the case that notices first."""
    rows = ["| fault | op | found by |", "| --- | --- | --- |"]
    for one in MUTANTS:
        found = killer(one)
        if found is None:
            raise SystemExit(f"no case of {one.op!r} notices: {one.fault}")
        rows.append(f"| {one.fault} | {one.op} | `{found.id}` |")
    return rows


def documented() -> dict[tuple[str, str], str]:
    """What the documentation's table says: for each fault and op, the id of the case that notices."""
    text = DOCS.read_text(encoding="utf-8")
    rows = [line for line in text.partition(BEGIN)[2].partition(END)[0].splitlines() if line.startswith("| ")]
    cells = [row.strip("| ").split(" | ") for row in rows[2:]]
    return {(fault, op): found.strip("`") for fault, op, found in cells}


if __name__ == "__main__":
    text = DOCS.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{head}{BEGIN}\n\n" + "\n".join(table()) + f"\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
