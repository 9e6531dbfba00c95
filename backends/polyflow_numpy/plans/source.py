"""The text of a plan, and the function it becomes.

The text defines ``make(a0, …)``, which is given arrays that are the same in all calls, makes the blocks of memory
(``k0``), the arrays in them (``b0``) and views of these (``w0``), and returns ``run(x0, …)``. What ``run`` does is one
line after the other, without a choice: ``add(b0, x1, b0)``. Other names stand for constants (``c0``), and for what a
call makes for itself: arrays (``v0``) and NumPy's scalars (``s0``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from polyflow.backend.nodes import looked_at
from polyflow.errors import point

FILE = "<plan>"

NODES = "nodes of lines"
"""What the node behind each line stands under among a plan's constants."""

LOOKED = "variables of lines"
"""The same for the variables at which lines look, whether a kernel has put an array there; and what these belong to:"""

OWNER = "backend"

Make = Callable[..., Callable[..., tuple[Any, ...]]]


class Source:
    """Lines written one by one, and the constants that they name.

    Attributes:
        node: the node of the graph that lines are being written for.
    """

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {"empty": np.empty, "ndarray": np.ndarray, "uint8": np.uint8}
        self._lines: list[str] = []
        self._nodes: list[Any] = []
        self._looked: dict[int, str] = {}
        self.node: Any = None
        self._once: list[str] = []
        self._shared: dict[str, str] = {}
        self._named: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def name(self, kind: str) -> str:
        """A new name that begins with ``kind``."""
        count = self._counts[kind] = self._counts.get(kind, -1) + 1
        return f"{kind}{count}"

    def constant(self, value: Any, kind: str = "c") -> str:
        """The name of an object that is the same in all calls of all functions."""
        name = self._named.get(id(value))
        if name is None:
            name = value.__name__ if isinstance(value, np.ufunc) else self.name(kind)
            self.constants[name] = value
            self._named[id(value)] = name
        return name

    def once(self, expression: str, kind: str) -> str:
        """The name of what an expression gives, evaluated once for each function; the same for the same expression."""
        name = self._shared.get(expression)
        if name is None:
            name = self._shared[expression] = self.own(expression, kind)
        return name

    def own(self, expression: str, kind: str) -> str:
        """As `once`, but another for every one who asks."""
        name = self.name(kind)
        self._once.append(f"{name} = {expression}")
        return name

    def line(self, text: str) -> None:
        """One more line for every call."""
        self._lines.append(text)
        self._nodes.append(self.node)

    def look(self, variable: str) -> None:
        """A line that raises, at every call, where what a kernel has returned is no array."""
        self._looked[len(self._lines)] = variable
        self.line(f"{variable}.dtype")

    def text(self, given: list[str], arguments: list[str], results: list[str], blocks: list[str]) -> str:
        """The whole."""
        first = len(blocks) + len(self._once) + 3
        self.constants[NODES] = {first + i: node for i, node in enumerate(self._nodes) if node is not None}
        self.constants[LOOKED] = {first + i: variable for i, variable in self._looked.items()}
        return "\n".join(
            [
                f"def make({', '.join(given)}):",
                *(f"    {line}" for line in (*blocks, *self._once)),
                f"    def run({', '.join(arguments)}):",
                *(f"        {line}" for line in self._lines),
                f"        return ({''.join(f'{result}, ' for result in results)})",
                "    return run",
            ]
        )

    def function(self, text: str) -> Make:
        """What the text says: a function that makes functions, each with arrays of its own."""
        scope = dict(self.constants)
        exec(_compiled(text), scope)
        return scope["make"]


def point_out(error: BaseException) -> None:
    """Note on an error that a plan raised which node of its graph it was.

    Raises:
        BackendBrokenError: it was a kernel that returned no array.
    """
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            known, at = trace.tb_frame.f_globals, trace.tb_lineno
            node = known[NODES].get(at)
            if at in known[LOOKED]:
                looked_at(node.op, known[OWNER], trace.tb_frame.f_locals[known[LOOKED][at]])
            if node is not None:
                point(error, node)
        trace = trace.tb_next


@lru_cache(256)
def _compiled(text: str) -> CodeType:
    return compile(text, FILE, "exec")
