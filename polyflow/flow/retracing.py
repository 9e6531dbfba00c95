"""Why a function was traced again: which arguments came in another shape, dtype or value than any call before had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .. import tree
from ..tensor import concrete
from ..variable import Variable
from . import notes
from .trace import Compiled, parameters

MANY = 8
"""After so many traces in a row, with fewer calls between them that needed none, a warning says why."""


class RetracingWarning(UserWarning):
    """A function is traced for nearly every call, which costs far more than running it."""


class Traits(NamedTuple):
    """What a call was traced for: its backend, and what each leaf of its arguments is."""

    backend: str
    leaves: dict[str, str]


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
        self._traits: list[Traits] = []
        self._at: list[int] = []
        self._warned = False

    def traced(self, name: str, traits: Traits) -> None:
        """Write down that the function ``name`` was traced, and warn where that happens too often."""
        if self._traits:
            self.reasons.append(_reason(traits, self._traits))
        self._traits.append(traits)
        self._at.append(self.calls)
        if len(self._at) > MANY and self._at[-1] - self._at[-1 - MANY] < 2 * MANY and not self._warned:
            self._warned = True
            reasons = "".join(f"\n  trace {i + 2}: {reason}" for i, reason in enumerate(self.reasons))
            notes.warn(
                f"{name} was traced {len(self._at)} times in {self.calls} calls, for it is traced anew for every "
                f"shape, dtype and Python value of its arguments:{reasons}\n"
                "Pass numbers that change as tensors, and keep to a few shapes.",
                RetracingWarning,
            )


def traits(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], backend: Any) -> Traits:
    """What a call with these arguments, tensors among them, is traced for."""
    known = parameters(function)
    named = [(known[i] if i < len(known) else f"argument {i}", arg) for i, arg in enumerate(args)]
    leaves: dict[str, str] = {}
    for name, container in (*named, *sorted(kwargs.items())):
        found, structure = tree.flatten(container)
        paths = [""] if structure is None else ["".join(f"[{key!r}]" for key in path) for path in structure.paths()]
        for path, leaf in zip(paths, found, strict=True):
            leaves[name + path] = _shown(leaf)
    return Traits(f"{backend.name} on {backend.device}", leaves)


def _shown(leaf: Any) -> str:
    if concrete(leaf):
        return f"{leaf.dtype.name} of shape {leaf.shape}"
    text = f"the variable {leaf.name!r}" if isinstance(leaf, Variable) else repr(leaf)
    return text if len(text) < 60 else f"{text[:57]}..."


def _reason(now: Traits, before: list[Traits]) -> str:
    """How a call differs from the one before it that was most like it."""
    fewest = min((_differences(now, one) for one in reversed(before)), key=len)
    return ", ".join(fewest) or "another object that looks the same"


def _differences(now: Traits, before: Traits) -> list[str]:
    found = [] if now.backend == before.backend else [f"backend {now.backend} instead of {before.backend}"]
    for name, shown in now.leaves.items():
        if name not in before.leaves:
            found.append(f"{name} is new")
        elif shown != before.leaves[name]:
            found.append(f"{name} is {shown} instead of {before.leaves[name]}")
    found += [f"no {name}" for name in before.leaves if name not in now.leaves]
    return found
