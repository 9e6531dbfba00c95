"""Every example of the README and the docs runs and prints what its page says, and what the pages list is there.

The blocks of a page share one namespace, in order, and one empty working directory. A block is fenced as

    ```python                     it runs; a ``text`` block right after it is its output, to the letter
    ```python error               it raises; the ``text`` block right after it is the exception, as Python shows it
    ```python file=NAME           it is written to that file of the working directory, which Python imports from
    ```toml file=pyproject.toml   likewise; the entry points it declares are installed
    ```python no-run              it is shown only

A page that says ``<!-- runs on: numpy, jax -->`` runs on each of these backends, and prints the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import array_api_strict
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import Backend, Capabilities, discovery, selection
from polyflow.backend.plugin import HOOKS
from polyflow.composed import names
from polyflow.errors import DTypeError

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
RUNS_ON = re.compile(r"<!-- runs on: (.*?) -->")


class Block(NamedTuple):
    """A fenced block, and the ``text`` that follows it at once (or None)."""

    line: int
    kind: str
    body: str
    output: str | None

    @property
    def file(self) -> str | None:
        name = re.search(r"file=(\S+)", self.kind)
        return name[1] if name else None


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found = list(FENCE.finditer(text))
    result = []
    for one, after in zip(found, [*found, None][1:], strict=True):
        follows = after is not None and after["kind"].strip() == "text" and not text[one.end() : after.start()].strip()
        line = text[: one.start()].count("\n") + 1
        result.append(Block(line, one["kind"].strip(), one["body"], after["body"] if follows and after else None))
    return result


def runs() -> list[tuple[Path, str]]:
    pairs = []
    for page in PAGES:
        named = RUNS_ON.search(page.read_text())
        pairs += [(page, backend.strip()) for backend in (named[1] if named else "numpy").split(",")]
    return pairs


@pytest.fixture
def desk(monkeypatch, tmp_path):
    """An empty working directory that Python imports from, and nothing left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("POLYFLOW_BACKEND", raising=False)
    monkeypatch.setenv("POLYFLOW_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text("")
    before = set(discovery._registered)
    selection.set_backend(None)
    pf.keras.backend.clear_session()
    yield tmp_path
    selection.set_backend(None)
    for name in set(discovery._registered) - before:
        discovery.unregister(name)
    monkeypatch.undo()
    discovery.refresh()


@pytest.mark.parametrize(("page", "backend"), runs(), ids=lambda value: getattr(value, "name", value))
def test_the_examples_of_a_page(page, backend, desk):
    namespace: dict[str, object] = {"__name__": "__main__"}
    with pf.use_backend(backend):
        for block in blocks(page):
            where = f"{page.name}, line {block.line}"
            if block.file:
                write(desk, block)
            elif block.kind == "python error":
                with pytest.raises(Exception) as caught:
                    run(block, page, namespace)
                shown = f"{caught.type.__name__}: {caught.value}"
                assert block.output is not None, f"{where}: no text says what is raised"
                assert shown == " ".join(block.output.split()), where
            elif block.kind == "python":
                output = run(block, page, namespace)
                if block.output is not None:
                    assert output.rstrip() == block.output.rstrip(), where


def run(block: Block, page: Path, namespace: dict[str, object]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile("\n" * block.line + block.body, str(page), "exec"), namespace)
    return output.getvalue()


def write(desk: Path, block: Block) -> None:
    """Lay a file where the page says; what its pyproject.toml declares is as if installed."""
    assert block.file is not None
    path = desk / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.body)
    if path.name == "pyproject.toml":
        project = tomllib.loads(block.body)["project"]
        info = desk / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        groups = [
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
            for group, points in project["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(groups))
        discovery.refresh()


def test_the_readme_has_examples():
    assert [block for block in blocks(ROOT / "README.md") if block.kind == "python"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page):
    text = FENCE.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


# Tables -----------------------------------------------------------------------------------------------------------


def promotion_table() -> str:
    """The promotion table of docs/specification.md, from the code that promotes."""

    def cell(a: object, b: object) -> str:
        try:
            return dt.result_type(a, b).name
        except DTypeError:
            return "—"

    others = [*dt.ALL, *dt.SCALARS]
    head = ["", *[f"**{one.name}**" for one in dt.ALL]]
    rows = [head, ["---"] * len(head)]
    for other in others:
        name = f"Python {other.__name__}" if isinstance(other, type) else other.name
        rows.append([f"**{name}**", *[cell(other, one) for one in dt.ALL]])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def test_the_promotion_table_is_the_codes():
    text = (ROOT / "docs" / "specification.md").read_text()
    shown = text.partition("<!-- promotion table -->\n")[2].partition("\n<!-- end -->")[0]
    assert shown == promotion_table(), f"expected this table:\n{promotion_table()}"


def test_the_guide_to_backends_names_the_whole_protocol():
    """Each attribute of a backend and its capabilities, and each hook of a plugin, stands in a table's first column."""
    text = (ROOT / "docs" / "writing-a-backend.md").read_text()
    shown = {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    protocol = {name for name in {*vars(Backend), *Backend.__annotations__} if not name.startswith("_")}
    fields = {field.name for field in dataclasses.fields(Capabilities)}
    assert (protocol | fields | set(HOOKS)) - shown == set()


def test_the_table_of_shared_names_is_complete():
    """It lists the functions of `polyflow.names` that the array API standard has under the same name."""
    text = (ROOT / "docs" / "differences-from-tensorflow.md").read_text()
    table = text.partition("<!-- shared names -->")[2].partition("<!-- end -->")[0]
    shown = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    own = {name for name, value in vars(names).items() if getattr(value, "__module__", "") == names.__name__}
    assert shown == {name for name in own if hasattr(array_api_strict, name)}


def listed_names(kind: str) -> list[str]:
    """The names in the table after ``<!-- names: KIND -->``: its first column is a path, its second names in it."""
    text = (ROOT / "docs" / "differences-from-tensorflow.md").read_text()
    table = text.partition(f"<!-- names: {kind} -->\n")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| `(tf[\w.]*)`[^|]*\| (.*) \|$", table, re.MULTILINE)
    return [f"{path}.{name.strip()}" for path, names in rows for name in names.split(",")]


def exists(name: str) -> bool:
    value = pf
    for part in name.split(".")[1:]:
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True


def test_names_that_the_page_says_are_there_are_there():
    names = listed_names("there")
    assert len(names) > 200
    assert [name for name in names if not exists(name)] == []


def test_names_that_the_page_says_are_missing_are_missing():
    names = listed_names("missing")
    assert names
    assert [name for name in names if exists(name)] == [], "move these to the names that are there"
