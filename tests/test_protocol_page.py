"""docs/protocol.md is what the code says, and says something of everything."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

from polyflow.backend import ArrayNamespaceBackend, Backend, BackendDescription, Capabilities, Deviation
from polyflow.backend.plugin import HOOKS

ROOT = Path(__file__).parents[1]


def _script():
    spec = importlib.util.spec_from_file_location("protocol_reference", ROOT / "scripts" / "protocol_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
OPS = SCRIPT.OPS
PAGE = SCRIPT.PAGE.read_text(encoding="utf-8")


def test_it_is_what_the_code_says():
    assert SCRIPT.page() == PAGE, "run python scripts/protocol_reference.py"


def public(cls):
    return {name for name in {*vars(cls), *vars(cls).get("__annotations__", ())} if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted({*public(Backend), *HOOKS}))
def test_everything_of_the_protocol_has_its_entry_and_its_words(name):
    entry = re.search(rf"^#### `{name}`\n\n```python no-run\n(.*?)```\n\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL)
    assert entry is not None
    assert entry[1].startswith(name)
    assert len(entry[2].split()) > 3


@pytest.mark.parametrize("name", sorted(public(ArrayNamespaceBackend)))
def test_everything_of_a_namespace_backend_is_named(name):
    part = PAGE.partition("## A backend of an array namespace")[2].partition("\n## ")[0]
    assert f"`{name}`" in part


@pytest.mark.parametrize("cls", [Capabilities, Deviation, BackendDescription], ids=lambda cls: cls.__name__)
def test_every_field_is_explained(cls):
    for field in dataclasses.fields(cls):
        assert f"- `{field.name}`: " in PAGE


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_op_stands_in_the_table(name):
    (row,) = re.findall(rf"^\| `{name}\((.*)\)` \| (.*) \| (?:yes)? ?\| .* \|$", PAGE, re.MULTILINE)
    assert row[1].strip()
    assert set(OPS[name].defaults) <= set(re.findall(r"\w+", row[0]))


@pytest.mark.parametrize("page", ["README.md", "docs/writing-a-backend.md"])
def test_it_is_linked(page):
    assert re.search(r"\]\((docs/)?protocol\.md", (ROOT / page).read_text(encoding="utf-8"))
