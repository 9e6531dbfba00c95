"""The names, signatures and ufunc loops of real CuPy releases, read from the installed package and kept in a table.

CuPy imports without a GPU, so its surface can be read on any machine that can install it. ``surface.json`` holds what
was read from each release; the stand-in offers only those names, checks every call against those signatures, and picks
ufunc loops from those lists. ``test_signatures.py`` holds the table against the installed CuPy.

To add the installed release to the table:

    python tests/cupy/surface.py --write
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("surface.json")
MODULES = ("cupy", "cupy.linalg", "cupy.cuda", "cupyx", "cupyx.scipy.special")
"""Modules whose public names are recorded."""

PYTHONS = {"__buffer__", "__release_buffer__"}
"""Methods that Python 3.12 and later give every class in C that has a buffer: they are no part of CuPy."""


def installed_cupy() -> Any:
    """The real ``cupy``, or None where it is not installed.

    A folder called cupy (this one) may be importable as an empty namespace package: that is not CuPy.
    """
    from importlib.util import find_spec

    spec = find_spec("cupy")
    if spec is None or spec.origin is None:
        return None
    import cupy

    return cupy


def load() -> dict[str, Any]:
    """The recorded surface of every release, by version."""
    return json.loads(TABLE.read_text(encoding="utf-8"))


def read(cupy: Any) -> dict[str, Any]:
    """The surface of the real package ``cupy``: modules, and the methods of its array class."""
    from importlib import import_module

    surface: dict[str, Any] = {}
    for module in MODULES:
        try:
            found = import_module(module)
        except ImportError:
            continue
        surface[module] = {
            name: described(getattr(found, name), cupy)
            for name in sorted(dir(found))
            if not name.startswith("_") or name == "__version__"
        }
    surface["ndarray"] = {
        name: described(getattr(cupy.ndarray, name), cupy)
        for name in sorted(dir(cupy.ndarray))
        if name not in PYTHONS and (not name.startswith("_") or re.fullmatch(r"__\w+__", name))
    }
    return surface


def described(thing: Any, cupy: Any) -> str | list[str]:
    """One entry of the table: a ufunc's loops as a list, a callable's signature, or the word for anything else."""
    if isinstance(thing, cupy.ufunc):
        return list(thing.types)
    if inspect.ismodule(thing):
        return "module"
    if inspect.isclass(thing):
        return "class"
    if callable(thing):
        return signature(thing)
    return "value"


def signature(function: Any) -> str:
    """A callable's signature as text, from `inspect` or from the first line of a compiled function's documentation."""
    try:
        return plain(str(inspect.signature(function)))
    except (TypeError, ValueError):
        pass
    first = (getattr(function, "__doc__", None) or "").split("\n")[0]
    found = re.match(r"[\w.]+(\(.*\))", first)
    return plain(found[1]) if found else "(*args, **kwargs)"


@cache
def parsed(text: str) -> inspect.Signature:
    """The signature that an entry of the table writes out."""
    scope: dict[str, Any] = {}
    exec(f"def function{text}: pass", scope)
    return inspect.signature(scope["function"])


def plain(text: str) -> str:
    """A signature without return type, annotations and C types: names and defaults only."""
    text = text[: text.rindex(")") + 1]
    if ")" in text[:-1] and " -> " in text:
        text = text[: text.index(" -> ")]
    parts = []
    for part in _split(text[1:-1]):
        name, equals, default = part.partition("=")
        name = name.partition(":")[0].strip().split(" ")[-1]
        default = default.strip().removeprefix("u") if default.strip().startswith("u'") else default.strip()
        simple = re.fullmatch(r"-?[\d.]+|None|True|False|'[^']*'", default)
        parts.append(name + (f"={default if simple else '...'}" if equals else ""))
    if parts and parts[0] == "self":
        parts = parts[1:]
    return f"({', '.join(parts)})"


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += letter in "([{"
        depth -= letter in ")]}"
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [*parts, current.strip()] if current.strip() else parts


if __name__ == "__main__":
    package = installed_cupy()
    if package is None:
        sys.exit("CuPy is not installed here: pip install cupy-cuda12x. No GPU is needed to read its names.")
    table = (load() if TABLE.exists() else {}) | {package.__version__: read(package)}
    if "--write" in sys.argv:
        text = json.dumps(table, indent=0, sort_keys=True)
        TABLE.write_text(text.replace(',\n"', ',\n "') + "\n", encoding="utf-8")
        print(f"{TABLE.name}: CuPy {', '.join(sorted(table))}")
    else:
        print(json.dumps(table[package.__version__], indent=1))
