"""Write docs/protocol.md: the reference of the backend protocol, made of the code's own signatures and docstrings.

    python scripts/protocol_reference.py            writes the page
    python scripts/protocol_reference.py --check    says whether it is up to date

Signatures and what stands below an attribute are read from the source (`ast`), so that they look as they do there.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polyflow
from polyflow import array_api
from polyflow.backend import PROTOCOL, Backend
from polyflow.ops.declare import Op
from polyflow_conformance.table import ops

importlib.import_module("polyflow.random")
OPS = ops()
"""Every op that comes with polyflow: those of `polyflow.ops`, and those of random numbers."""

PAGE = Path(__file__).parents[1] / "docs" / "protocol.md"

HEAD = f"""\
# The backend protocol

<!-- Written by scripts/protocol_reference.py from the code, which the tests check: change the docstrings instead. -->

Version {PROTOCOL}. [Writing a backend](writing-a-backend.md) is the guide; this page has every name of the protocol,
with its signature and its docstring.
"""

CLASSES = (  # title, module, class
    ("The backend", "polyflow.backend.protocol", "Backend"),
    ("What it can do", "polyflow.backend.protocol", "Capabilities"),
    ("Training over rows in memory", "polyflow.backend.loop", "Loop"),
    ("What it does otherwise", "polyflow.backend.deviation", "Deviation"),
    ("A backend of an array namespace", "polyflow.backend.namespace", "ArrayNamespaceBackend"),
    ("What listings show", "polyflow.backend.hookspecs", "BackendDescription"),
)

FUNCTIONS = (  # title, module, names (None: all)
    ("Hooks of a plugin", "polyflow.backend.hookspecs", None),
    ("Keys and checks", "polyflow.backend.keys", ("library_key",)),
    ("", "polyflow.backend.checks", ("check_indices", "check_power")),
    ("In this process", "polyflow.backend.discovery", ("get", "installed", "register", "unregister")),
)


class Member(NamedTuple):
    """One entry of the page.

    Attributes:
        name: its name.
        signature: as the source has it.
        text: what is said of it.
        part: the comment that heads its part of the class.
        function: whether it is one.
    """

    name: str
    signature: str
    text: str
    part: str
    function: bool


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for title, module, name in CLASSES:
        lines += [f"## {title}", "", *_class(module, name)]
    for title, module, names in FUNCTIONS:
        lines += [f"## {title}", ""] if title else []
        for member in _members(ast.parse(_source(module)).body, module):
            if member.name in names if names is not None else member.name.startswith("polyflow_"):
                lines += _entry(member)
    lines += ["## Kernels", "", *_kernels()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _class(module: str, name: str) -> Iterator[str]:
    (tree,) = (node for node in ast.parse(_source(module)).body if isinstance(node, ast.ClassDef) and node.name == name)
    members = list(_members(tree.body, module))
    yield f"`{module}.{name}`\n"
    yield f"{markdown(ast.get_docstring(tree) or '')}\n"
    if tree.decorator_list:  # a dataclass, whose docstring has said what its fields are
        fields = ",\n    ".join(member.signature for member in members if not member.function)
        yield f"```python no-run\n{name}(\n    {fields},\n)\n```\n"
        members = [member for member in members if member.function]
    part, kernels, again = "", [], []
    for member in members:
        if name != "Backend" and member.name in OPS:
            kernels.append(f"`{member.name}`")
        elif name != "Backend" and not member.text:
            again.append(f"`{member.name}`")
        else:
            if member.part != part and name == "Backend":
                part = member.part
                yield f"### {part}\n"
            yield from _entry(member)
    if again:
        yield f"As said of `Backend`: {', '.join(again)}.\n"
    if kernels:
        yield f"It has kernels of its own for {', '.join(sorted(kernels))}.\n"


def _members(body: list[ast.stmt], module: str) -> Iterator[Member]:
    """The public attributes and functions of a body, in their order."""
    source = _source(module).splitlines()
    for node, after in zip(body, [*body[1:], None], strict=True):
        part = next((found[1] for line in source[node.lineno - 1 :: -1] if (found := _PART.match(line))), "")
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            node.args.args = [argument for argument in node.args.args if argument.arg != "self"]
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            given = re.sub(r"(: [^,=]*?)=", r"\1 = ", ast.unparse(node.args))  # the spaces that `unparse` leaves out
            signature = f"{node.name}({given}){returns}"
            yield Member(node.name, signature, ast.get_docstring(node) or "", part, True)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if not isinstance(target, ast.Name) or target.id.startswith("_"):
                continue
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            text = inspect.cleandoc(after.value.value) if said else ""  # type: ignore[union-attr]
            yield Member(target.id, ast.unparse(node), text, part, False)


_PART = re.compile(r"^    # (.+?) -{4,}$")


def _entry(member: Member) -> list[str]:
    return [f"#### `{member.name}`", "", f"```python no-run\n{member.signature}\n```", "", markdown(member.text), ""]


def _kernels() -> Iterator[str]:
    yield """\
A kernel is called as `kernel(*arrays, **attributes)`: what stands before the slash is an array, all else an attribute,
given by name. *Standard* ops are what an array namespace's function of that name does. *Without one*, an op runs by its
decomposition into other ops, or on the host.
"""
    yield "| op | what it does | standard | without one |"
    yield "| --- | --- | --- | --- |"
    for name, op in sorted(OPS.items()):
        other = "on the host" if op.decomposition is None else "other ops"
        yield f"| `{name}{_arguments(op)}` | {_first(op)} | {'yes' if op.standard else ''} | {other} |"


def _arguments(op: Op) -> str:
    names = list(op.tensors)
    arrays = f"*{names[0]}" if op.variadic and len(names) == 1 else ", ".join([*names, "/"] if names else [])
    if op.variadic and len(names) > 1:
        arrays = ", ".join([*names[:-1], "/", f"*{names[-1]}"])
    attributes = "" if not op.defaults else ("" if op.variadic else "*, ") + ", ".join(op.defaults)
    return f"({', '.join(part for part in (arrays, attributes) if part)})"


def _first(op: Op) -> str:
    homes = (polyflow, array_api, array_api.linalg, array_api.fft, Backend)
    named = [op.reference, *(getattr(home, op.name) for home in homes if hasattr(home, op.name))]
    text = next((text for one in named if (text := inspect.getdoc(one))), "")
    return markdown(text.split("\n\n")[0]).replace("\n", " ").replace("|", "\\|")


def markdown(text: str) -> str:
    """A docstring as Markdown: its sections become lists, double backquotes single ones."""
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    text = re.sub(r":\w+:`(.+?)`", r"`\1`", text)
    lines: list[str] = []
    section = False
    for line in text.splitlines():
        heading = re.fullmatch(r"(Args|Attributes|Returns|Raises):", line)
        if heading:
            section = True
            lines += [f"**{heading[1]}**", ""]
        elif section and (item := re.fullmatch(r"    ([\w*, ]+): (.*)", line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif section and line.startswith("    "):
            lines.append(f"  {line.strip()}" if lines[-1].startswith(("- ", "  ")) else line.strip())
        else:
            section = section and not line
            lines.append(line)
    return "\n".join(lines)


def _source(module: str) -> str:
    return textwrap.dedent(inspect.getsource(importlib.import_module(module)))


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    text = page()
    if parser.parse_args().check:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE.name} is {'up to date' if same else 'stale: run scripts/protocol_reference.py'}")
        return int(not same)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
