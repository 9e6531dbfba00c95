"""GradientTape: TensorFlow's way to write a gradient."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Any

from .. import dtypes as dt
from .. import tree
from ..errors import DTypeError, ShapeError
from ..ops import creation
from ..ops.call import interpreter
from ..tensor import Operators, asarray, beside
from ..variable import Variable
from . import notes
from .interpreter import inside
from .tape import Tape


class UnconnectedGradients:
    """What a tape gives for a source that the target does not depend on: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Records what is computed inside its ``with`` block, for `gradient` and `jacobian`.

    Trainable variables are watched as they are read; other tensors by `watch`. Tapes nest: a gradient taken inside an
    outer tape's block is recorded there.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched by themselves.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._tape: Tape | None = None
        self._token: Any = None
        self._used = False

    def __enter__(self) -> GradientTape:
        if self._token is not None:
            raise ValueError("this tape is recording already: a GradientTape cannot be entered twice at once.")
        if self._tape is None or (self._used and not self._persistent):
            self._tape = Tape(None, watch_variables=self._watch_variables)
            self._used = False
        self._tape.below = interpreter.get()
        self._token = interpreter.set(self._tape)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._token is None:
            raise RuntimeError("this tape is not recording: it was not entered. Write 'with GradientTape() as tape:'.")
        interpreter.reset(self._token)
        self._token = None

    def watch(self, value: Any) -> None:
        """Record what is computed from ``value``: a tensor or variable, or a nested container of them.

        Raises:
            TypeError: for anything else, and for integers and booleans, which have no gradient.
        """
        tape = self._recorded("watch")
        for leaf in tree.flatten(value)[0]:
            if not isinstance(leaf, Operators):
                raise TypeError(
                    f"watch takes tensors and variables; got {type(leaf).__name__}. Make one with constant()."
                )
            if leaf.dtype not in dt.INEXACT:
                raise TypeError(f"watch takes floating tensors; got dtype {leaf.dtype.name}, which has no gradient.")
            if isinstance(leaf, Variable):
                tape.watch_variable(leaf)
            else:
                tape.watch(leaf)  # type: ignore[arg-type]

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The gradient of ``target`` with respect to ``sources``, in the structure of ``sources``.

        Args:
            target: a tensor or a nested container of tensors; elements of all of them are summed.
            sources: a variable or watched tensor, or a nested container of them.
            output_gradients: a cotangent for each target, in the structure of ``target`` (ones for None).
            unconnected_gradients: "none" (None for a source that the target does not depend on) or "zero".

        Raises:
            RuntimeError: on the second call, unless the tape is persistent.
            ShapeError: where ``output_gradients`` do not have the targets' structure or shapes.
        """
        _check_unconnected(unconnected_gradients)
        tape = self._take("gradient")
        targets = [leaf.read() if isinstance(leaf, Operators) else asarray(leaf) for leaf in tree.flatten(target)[0]]
        with notes.backward():
            cotangents = _cotangents(target, targets, output_gradients)
        seeds = [pair for pair in zip(targets, cotangents, strict=True) if pair[0].dtype in dt.INEXACT]
        leaves, structure = tree.flatten(sources)
        with self._paused(), notes.backward():
            found = tape.cotangents(seeds)
            results = [_of_source(tape, found, leaf) for leaf in leaves]
        if unconnected_gradients == "zero":
            results = [creation.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, results, strict=True)]
        return tree.unflatten(structure, results)

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none") -> Any:
        """The Jacobian of one tensor with respect to ``sources``: shape of the target, then shape of the source."""
        from ..ops import shape

        _check_unconnected(unconnected_gradients)
        tape = self._take("jacobian")
        target = asarray(target)
        if target.dtype not in dt.INEXACT:
            raise DTypeError(f"jacobian needs a floating target; got dtype {target.dtype.name}.")
        leaves, structure = tree.flatten(sources)
        rows: list[list[Any]] = [[] for _ in leaves]
        with self._paused():
            basis = creation.eye(max(target.size, 1), dtype=target.dtype, backend=target.backend)
            for element in range(target.size):
                found = tape.cotangents([(target, shape.reshape(basis[element], target.shape))])
                for row, leaf in zip(rows, leaves, strict=True):
                    row.append(_of_source(tape, found, leaf))
            results = []
            for row, leaf in zip(rows, leaves, strict=True):
                if all(one is None for one in row):
                    unconnected = creation.zeros((*target.shape, *leaf.shape), leaf.dtype, backend=leaf.backend)
                    results.append(unconnected if unconnected_gradients == "zero" else None)
                else:
                    parts = [creation.zeros_like(leaf) if one is None else one for one in row]
                    results.append(shape.reshape(shape.stack(parts), (*target.shape, *leaf.shape)))
        return tree.unflatten(structure, results)

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: str = "none") -> Any:
        """For each sample the Jacobian of its row of ``target`` with respect to its row of ``source``.

        The rows must not depend on each other. Shapes (b, m, …) and (b, n, …) give (b, m, …, n, …).

        Raises:
            ShapeError: unless both have one first axis.
        """
        from ..ops import shape

        _check_unconnected(unconnected_gradients)
        tape = self._take("batch_jacobian")
        target = asarray(target)
        if not target.shape or not source.shape or target.shape[0] != source.shape[0]:
            raise ShapeError(
                f"batch_jacobian needs a target and a source of as many rows; got shapes {target.shape} and "
                f"{source.shape}."
            )
        sizes, count = target.shape[1:], math.prod(target.shape[1:])
        with self._paused():
            basis = creation.eye(max(count, 1), dtype=target.dtype, backend=target.backend)
            rows = []
            for element in range(count):
                seed = shape.broadcast_to(shape.reshape(basis[element], (1, *sizes)), target.shape)
                rows.append(_of_source(tape, tape.cotangents([(target, seed)]), source))
            if all(row is None for row in rows):
                whole = (target.shape[0], *sizes, *source.shape[1:])
                none = unconnected_gradients != "zero"
                return None if none else creation.zeros(whole, source.dtype, backend=source.backend)
            parts = [creation.zeros_like(source) if row is None else row for row in rows]
            stacked = shape.stack(parts, axis=1)
            return shape.reshape(stacked, (target.shape[0], *sizes, *source.shape[1:]))

    def stop_recording(self) -> Any:
        """A ``with`` block whose ops this tape does not record."""
        return inside(self._recorded("stop_recording").below)

    def reset(self) -> None:
        """Forget what was recorded."""
        self._recorded("reset").reset()
        self._used = False

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were read while the tape recorded, in the order of their first reading."""
        if self._tape is None:
            return ()
        return tuple(seen[0][0] for seen in self._tape.reads.values() if seen)

    def _recorded(self, what: str) -> Tape:
        if self._tape is None:
            raise RuntimeError(f"{what} needs a tape that recorded: use it inside 'with GradientTape() as tape:'.")
        return self._tape

    def _take(self, what: str) -> Tape:
        tape = self._recorded(what)
        if self._used and not self._persistent:
            raise RuntimeError(
                f"{what} was asked of a non-persistent GradientTape a second time, and it answers once. "
                "Use GradientTape(persistent=True) to ask more often."
            )
        self._used = True
        return tape

    def _paused(self) -> Any:
        """Inside its own block, a tape that is not persistent does not record its own gradient."""
        top = interpreter.get()
        return inside(self._tape.below if self._tape is top and self._tape and not self._persistent else top)


def _cotangents(target: Any, targets: list[Any], given: Any) -> list[Any]:
    """The cotangents that a user gave for the leaves of ``target``, which are ``targets``."""
    if given is None:
        return [creation.ones_like(one) for one in targets]
    found: list[Any] = []
    try:
        if tree.flatten(target)[1] is None:
            found = [given]
        else:
            tree.map(lambda _, one: found.append(one), target, given)
    except ValueError as error:
        raise ShapeError(f"output_gradients need the structure of the targets: {error}") from None
    cotangents = [
        creation.ones_like(one) if g is None else beside(g, one) for g, one in zip(found, targets, strict=True)
    ]
    shapes, wanted = [c.shape for c in cotangents], [t.shape for t in targets]
    if shapes != wanted:
        raise ShapeError(f"output_gradients need the targets' shapes {wanted}; got {shapes}.")
    return cotangents


def _check_unconnected(choice: str) -> None:
    if choice not in ("none", "zero"):
        raise ValueError(f"unconnected_gradients is 'none' or 'zero'; got {choice!r}.")


def _of_source(tape: Tape, found: dict[int, Any], source: Any) -> Any:
    if not isinstance(source, Operators):
        raise TypeError(f"sources are variables and watched tensors; got {type(source).__name__}.")
    if not isinstance(source, Variable):
        return found.get(id(source)) if id(source) in tape.live else None
    parts = [found[id(alias)] for alias in tape.aliases(source) if id(alias) in found]
    total = None
    for part in parts:
        total = part if total is None else total + part
    return total
