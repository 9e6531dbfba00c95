"""Assignment to elements: ``x[key] = values``.

Arrays are never written to. The tensor takes the array that `index_set` makes, so that slices, aliases and records made
before keep what they saw. Tapes tell values apart by identity: what they recorded of the tensor goes to a copy of it.
"""

from __future__ import annotations

from typing import Any

from ..errors import TraceError
from ..ops import call, indexing
from ..tensor import Tensor, concrete
from ..variable import Variable
from .tape import Tape
from .trace import Symbol, tracer_of


def assign(x: Any, key: Any, values: Any) -> None:
    """Give the elements of ``x`` that ``key`` selects other values.

    Raises:
        TypeError: for a variable's value, an argument of a traced function, and a tensor that a tape watches: others
            hold them too.
        TraceError: for a tensor from outside, in a traced function, a branch or the body of a loop.
        Otherwise as `index_set`.
    """
    if isinstance(x, Variable):
        raise TypeError(
            f"variable {x.name!r} takes other values by v[key].assign(values). Or assign to a copy of them: v.copy()."
        )
    if getattr(x, "fixed", False):
        raise TypeError(
            "this tensor is a variable's value or a traced function's argument. Assign to a copy: x.copy()."
        )
    top = call.interpreter.get()
    if concrete(x) and top is not None and top.backend is not None:
        raise TraceError(
            "a traced function assigned to elements of a tensor from outside, which would change while tracing only. "
            "Assign to a copy made inside: x.copy()."
        )
    if isinstance(x, Symbol) and top is not None and top.backend is not None and x.tracer is not tracer_of(top):
        raise TraceError(
            "a branch or a loop's body assigned to elements of a tensor from outside of it, which others hold too. "
            "Assign to a copy made inside, x.copy(), and return that."
        )
    tapes = Tape.existing()
    if any(tape.watches(x) for tape in tapes):
        raise TypeError("a tape watches this tensor, so its values have to stay. Assign to a copy of it: x.copy().")
    before = _twin(x)
    _renamed(tapes, x, before)
    try:
        after = indexing.index_set(before, key, values)
    except BaseException:
        _renamed(tapes, before, x)
        raise
    _move(after, x)
    _renamed(tapes, after, x)


def _twin(x: Any) -> Any:
    """Another tensor, or symbol, of the same value."""
    return Tensor(x.array, x.backend) if concrete(x) else Symbol(x.value, x.backend, x.tracer)


def _move(source: Any, target: Any) -> None:
    if concrete(target):
        target.array = source.array
    else:
        target.value = source.value


def _renamed(tapes: list[Tape], value: Any, other: Any) -> None:
    for tape in tapes:
        tape.rename(value, other)
