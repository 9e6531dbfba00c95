"""Every Python block of the README and the docs runs, and prints what the page says it prints.

The blocks of a page share one namespace, in order. A block fenced as ``text`` right after one fenced as ``python`` is its
output, to the letter. A block fenced as ``python no-run`` is shown only.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)


def blocks(page: Path) -> list[tuple[int, str, str, str | None]]:
    """(line, kind, code, expected output) of each Python block."""
    text = page.read_text()
    found = [(text[: m.start()].count("\n") + 1, m["kind"].strip(), m["body"], m.end(), m.start()) for m in FENCE.finditer(text)]
    result = []
    for i, (line, kind, body, end, _) in enumerate(found):
        if kind == "python":
            follows = i + 1 < len(found) and found[i + 1][1] == "text" and not text[end : found[i + 1][4]].strip()
            result.append((line, kind, body, found[i + 1][2] if follows else None))
    return result


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, _, code, expected in blocks(page):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile("\n" * line + code, str(page), "exec"), namespace)
        if expected is not None:
            assert output.getvalue().rstrip() == expected.rstrip(), f"{page.name}, line {line}"


def test_the_readme_has_examples():
    assert blocks(ROOT / "README.md")
