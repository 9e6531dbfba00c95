"""Every name of CuPy that the backend uses exists in the real packages and takes the arguments it is given."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import NamedTuple

import pytest
from surface import load, parsed, read

import polyflow_cupy
from polyflow.ops.declare import OPS
from polyflow_cupy.names import NAMES

PACKAGE = Path(polyflow_cupy.__file__).parent
RELEASES = sorted(load())


class Use(NamedTuple):
    """One use of a name: where, the path from the module (or the array's method), and the call's arguments, if any."""

    where: str
    path: tuple[str, ...]
    positional: int | None
    keywords: tuple[str, ...]


def chain(node: ast.AST) -> tuple[str, ...] | None:
    """``self.cp.cuda.Device`` as its parts, or None where the expression is no plain chain of names."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def uses() -> tuple[list[Use], list[Use]]:
    """Uses of the module (``cp.x``, ``self.cp.x``, ``backend.cp.x``, ``cupy.x``), and calls of all other methods."""
    of_module, of_others = [], []
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute):
                continue
            call = called.get(id(node))
            where = f"{file.name}:{node.lineno}"
            starred = call is not None and (
                any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)
            )
            positional = len(call.args) if call is not None and not starred else None
            keywords = tuple(k.arg for k in call.keywords if k.arg) if call is not None else ()
            parts = chain(node) or ()
            held = parts[:2] in (("self", "cp"), ("backend", "cp"))
            root = 2 if held else 1 if parts[:1] in (("cp",), ("cupy",)) else 0
            if root and len(parts) > root and id(node) not in inner:
                of_module.append(Use(where, parts[root:], positional, keywords))
            elif call is not None and not root and not (len(parts) == 2 and parts[0] == "self"):
                of_others.append(Use(where, (node.attr,), positional, keywords))
    return of_module, of_others


MODULE, METHODS = uses()
NOT_ARRAYS = {"append", "get", "items", "copy", "join", "format", "use"}
"""Methods that also belong to lists, dictionaries and strings; `get` and `copy` of arrays are checked by name below."""


def test_uses_are_found():
    """The search itself works: these uses are known to be there."""
    paths = {use.path for use in MODULE}
    assert {("matmul",), ("cuda", "Device"), ("asarray",), ("argsort",), ("ElementwiseKernel",), ("_core",)} <= paths
    assert {"astype", "view", "reshape", "transpose"} <= {use.path[0] for use in METHODS}


def bind(signature: inspect.Signature, use: Use, bound_self: bool = False) -> None:
    if use.positional is None:
        return
    try:
        signature.bind(*range(use.positional + bound_self), **dict.fromkeys(use.keywords))
    except TypeError as error:
        raise AssertionError(f"{use.where}: {'.'.join(use.path)}{signature} does not take this call: {error}") from None


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("use", MODULE, ids=lambda u: f"{u.where}-{'.'.join(u.path)}")
def test_names_of_the_module_exist_and_take_their_arguments(use, release):
    """In each recorded release; what lies deeper than a module's own names is checked in the installed one."""
    surface = load()[release]
    first, *rest = use.path
    if first in ("_core", "__version__"):
        return
    entry = surface["cupy"].get(first)
    assert entry is not None, f"{use.where}: CuPy {release} has no cupy.{first}"
    if entry == "module" and rest and f"cupy.{first}" in surface:
        entry = surface[f"cupy.{first}"].get(rest[0])
        assert entry is not None, f"{use.where}: CuPy {release} has no cupy.{first}.{rest[0]}"
        rest = rest[1:]
    if isinstance(entry, str) and entry.startswith("(") and not rest:
        bind(parsed(entry), use)
    if isinstance(entry, list) and use.positional is not None:
        assert set(use.keywords) <= {"out", "dtype", "casting"}
        assert use.positional == len(entry[0].split("->")[0])


@pytest.mark.parametrize("use", MODULE, ids=lambda u: f"{u.where}-{'.'.join(u.path)}")
def test_names_exist_in_the_installed_package(use, cupy):
    found = cupy
    for part in use.path:
        assert hasattr(found, part), (
            f"{use.where}: the installed CuPy {cupy.__version__} has no cupy.{'.'.join(use.path)}"
        )
        found = getattr(found, part)
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return  # compiled: checked against what its documentation says, above
    bind(signature, use)


def test_streams_capture_and_graphs_launch(cupy):
    """Compiled methods tell no signature: what their documentation says of the arguments that plans give."""
    stream, graph = cupy.cuda.Stream, cupy.cuda.Graph
    assert "begin_capture(self, mode=None)" in stream.begin_capture.__doc__
    assert "end_capture(self)" in stream.end_capture.__doc__
    assert "launch(self, stream=None)" in graph.launch.__doc__
    assert callable(cupy.cuda.MemoryPool().malloc)


@pytest.mark.parametrize("release", RELEASES)
def test_methods_of_arrays_take_their_arguments(release):
    methods = load()[release]["ndarray"]
    checked = 0
    for use in METHODS:
        name = use.path[0]
        if name in methods and name not in NOT_ARRAYS and methods[name].startswith("("):
            bind(parsed(methods[name]), use)
            checked += 1
    assert checked > 20
    for name in ("get", "copy", "shape", "dtype", "ndim", "size", "flags", "device", "real", "imag"):
        assert name in methods


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", NAMES)
def test_every_op_that_cupy_serves_has_its_function(name, release):
    """The namespace's functions exist, and ufuncs take as many arrays as the op."""
    entry = load()[release]["cupy"].get(NAMES[name])
    assert entry is not None
    op = OPS.get(name)
    if isinstance(entry, list) and op is not None:
        assert len(entry[0].split("->")[0]) == len(op.tensors)


@pytest.mark.parametrize("release", RELEASES)
def test_ufuncs_have_a_loop_for_every_dtype_of_their_op(release):
    """No op that CuPy's ufunc serves is computed in another dtype, so that its result's dtype is the op's."""
    from standin import BFLOAT16, Ufunc, make

    from polyflow import dtypes as dt
    from polyflow.ops.rules import Spec
    from polyflow_cupy.backend import CuPyBackend

    library, checked = make(release), 0
    for name, theirs in NAMES.items():
        function, op = getattr(library, theirs), OPS.get(name)
        if op is None or hasattr(CuPyBackend, name) or not isinstance(function, Ufunc):
            continue
        for dtype in sorted(op.rule.direct, key=dt.ALL.index):
            if dtype is BFLOAT16 and release.startswith("13"):
                continue
            sample = [_sample(dtype)] * len(op.tensors)
            _, (result, *_) = function._loop(sample, None)
            assert result == op.infer(tuple(Spec((1,), dtype) for _ in sample), {}).dtype, f"{name} of {dtype}"
            checked += 1
    assert checked > 100


def _sample(dtype):
    import numpy as np

    return np.zeros(1, dtype)


def test_the_table_is_that_of_the_installed_package(cupy):
    """``surface.json`` is what the package says (``python tests/cupy/surface.py --write`` adds a release)."""
    table = load()
    if cupy.__version__ not in table:
        pytest.skip(f"CuPy {cupy.__version__} is not in surface.json, which holds {', '.join(table)}")
    found = read(cupy)
    assert found == table[cupy.__version__]
