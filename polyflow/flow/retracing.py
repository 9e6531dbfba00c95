"""Why a function was traced again: which arguments came in another shape, dtype or value than any call before had."""

from __future__ import annotations

import inspect
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from .. import tree
from ..tensor import concrete, is_spec
from ..variable import Variable
from . import notes
from .trace import Compiled, parameters

MANY = 8
"""After so many traces in a row, with fewer calls between them that needed none, a warning says why."""


COMPARED = 64
"""How many of the latest traces a new one is compared with, so that a storm of them costs each no more than this."""


FEW = 2
"""A function that was called no more than this is not worth a trace."""

thrown_away: dict[CodeType, int] = {}
"""How many functions of some code, one after the other, were traced, called that seldom, and thrown away.

That may be right, as where each test of a suite makes its own; so it is logged, and no warning, which may be an error.
"""


class RetracingWarning(UserWarning):
    """A function is traced for nearly every call, which costs far more than running it."""


class Traits(NamedTuple):
    """What a call was traced for: its backend, what each leaf of its arguments is, and how each argument came."""

    backend: str
    leaves: dict[str, str]
    ways: dict[str, tuple[str, str]]


class Programs(dict[Any, Compiled]):
    """The programs of a function, by what they were made for.

    Attributes:
        calls: how often the function was called.
        of_plain: programs by the backend, shapes and dtypes of arguments that are all tensors: a shorter way to them.
        reasons: why it was traced again, for each trace but the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.of_plain: dict[Any, Compiled] = {}
        self.reasons: list[str] = []
        self._traits: deque[Traits] = deque(maxlen=COMPARED)
        self._at: deque[int] = deque(maxlen=MANY + 1)
        self._warned = False
        self._code: CodeType | None = None

    def __del__(self) -> None:
        code = self._code
        if code is not None and thrown_away is not None:  # else Python is about to end
            thrown_away[code] = thrown_away.get(code, 0) + 1 if self.calls <= FEW else 0

    def traced(self, name: str, traits: Traits, function: Callable[..., Any] | None = None) -> None:
        """Write down that the function ``name`` was traced, and tell where that happens too often."""
        if not self._traits:
            self._code = _code_of(function)
            if self._code is not None and thrown_away.get(self._code, 0) == MANY:
                thrown_away[self._code] += 1
                logging.getLogger("polyflow").warning(
                    "%s was made a compiled function, traced for a call or two and thrown away %d times. Each time "
                    "traces it anew: make it once, outside of the loop or the function that calls it (%s:%d).",
                    name,
                    MANY,
                    self._code.co_filename,
                    self._code.co_firstlineno,
                )
        else:
            self.reasons.append(_reason(traits, reversed(self._traits)))
        self._traits.append(traits)
        self._at.append(self.calls)
        if len(self._at) > MANY and self._at[-1] - self._at[0] < 2 * MANY and not self._warned:
            self._warned = True
            reasons = "".join(f"\n  trace {i + 2}: {reason}" for i, reason in enumerate(self.reasons))
            notes.warn(
                f"{name} was traced {len(self.reasons) + 1} times in {self.calls} calls, for it is traced anew for "
                f"every shape, dtype and Python value of its arguments:{reasons}\n"
                "Pass numbers that change as tensors, and keep to a few shapes.",
                RetracingWarning,
            )


def _code_of(function: Any) -> CodeType | None:
    """The code of a user's function; not of a method, of which each object has programs of its own."""
    plain = None if function is None else inspect.unwrap(function)
    if not isinstance(plain, FunctionType) or not notes.is_users(plain.__code__.co_filename):
        return None
    return plain.__code__


def traits(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], backend: Any) -> Traits:
    """What a call with these arguments, tensors among them, is traced for."""
    known = parameters(function)
    named = [(known[i] if i < len(known) else f"argument {i}", arg) for i, arg in enumerate(args)]
    leaves: dict[str, str] = {}
    ways: dict[str, tuple[str, str]] = {}
    for name, container in (*named, *sorted(kwargs.items())):
        found, structure = tree.flatten(container)
        ways[name] = (tree.shown(structure), "by name" if name in kwargs else "by place")
        paths = [""] if structure is None else ["".join(f"[{key!r}]" for key in path) for path in structure.paths()]
        for path, leaf in zip(paths, found, strict=True):
            leaves[name + path] = _shown(leaf)
    return Traits(f"{backend.name} on {backend.device}", leaves, ways)


def _shown(leaf: Any) -> str:
    if concrete(leaf) or is_spec(leaf):
        return f"{leaf.dtype.name} of shape {leaf.shape}"
    text = f"the variable {leaf.name!r}" if isinstance(leaf, Variable) else repr(leaf)
    return text if len(text) < 60 else f"{text[:57]}..."


def _reason(now: Traits, before: Iterable[Traits]) -> str:
    """How a call differs from the one before it that was most like it."""
    fewest = min((_differences(now, one) for one in before), key=len)
    return ", ".join(fewest) or "another object that looks the same"


def _differences(now: Traits, before: Traits) -> list[str]:
    found = [] if now.backend == before.backend else [f"backend {now.backend} instead of {before.backend}"]
    for name, shown in now.leaves.items():
        if name not in before.leaves:
            found.append(f"{name} is new")
        elif shown != before.leaves[name]:
            found.append(f"{name} is {shown} instead of {before.leaves[name]}")
    found += [f"no {name}" for name in before.leaves if name not in now.leaves]
    return found or list(_ways(now, before))


def _ways(now: Traits, before: Traits) -> Iterator[str]:
    """How arguments of the same leaves came another way."""
    for name, (form, given) in now.ways.items():
        form_before, given_before = before.ways.get(name, (form, given))
        if form != form_before:
            yield f"{name} is of the form {form} instead of {form_before}"
        if given != given_before:
            yield f"{name} is given {given} instead of {given_before}"
