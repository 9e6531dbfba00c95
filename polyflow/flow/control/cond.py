"""cond: one of two functions, chosen by a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ... import dtypes as dt
from ... import tree
from ...callables import check_function
from ...convert import short
from ...errors import ShapeError
from ...ops.call import interpreter
from ...ops.elementwise import not_equal
from ...ops.several import parts
from ...tensor import Operators, asarray, concrete
from ..guards import Guard, Guards, guard_of, mask_of
from ..interpreter import inside
from .agreement import check_specs, check_structure, tensors
from .narrowing import read_for, with_few
from .nested import Nested, Outside, closed, masks_of, or_zeros, pulled_back, symbols, values_of
from .op import Control, Narrowed, specs_of


def _cond(pred, /, *operands, then, otherwise):
    """``then(*operands)`` where ``pred`` is true, else ``otherwise(*operands)``."""
    return then(*operands) if pred else otherwise(*operands)


COND = Control(_cond, lambda *specs, then, otherwise: specs_of(then.outputs), ("then", "otherwise"))
COND.needs = lambda specs, attrs: {
    branch: (specs[1:], specs_of(attrs["then"].outputs)) for branch in ("then", "otherwise")
}


def cond(
    pred: Any,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any],
    *operands: Any,
    name: str | None = None,
) -> Any:
    """``true_fn(*operands)`` if ``pred`` is true, else ``false_fn(*operands)``.

    Run op by op, it calls the one function. In a traced function it traces both, and the compiled program runs the one:
    what the other would have computed, and its gradient, do not matter. Both may use tensors and variables from outside
    and assign variables.

    Args:
        pred: a boolean without axes (of numbers, 0 is false): a tensor, or a Python value.
        true_fn: returns a tensor or a nested container of tensors, or None.
        false_fn: returns the same structure, with tensors of the same shapes and dtypes.
        *operands: passed to either function.
        name: accepted as in TensorFlow.

    Raises:
        ShapeError: for a ``pred`` with axes. TypeError, ShapeError, DTypeError: where the two differ in structure,
        shapes or dtypes; found in traced functions only.
    """
    for label, branch in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(branch):
            raise TypeError(f"cond needs functions to choose between; {label} is {branch!r}. Write lambda: value.")
        check_function("cond", label, branch, len(operands), "the operands")
    return choose("cond", predicate("cond", pred), ("true_fn", true_fn), ("false_fn", false_fn), operands)


Labelled = tuple[str, Callable[..., Any]]


def choose(name: str, pred: Any, one: Labelled, other: Labelled, operands: tuple[Any, ...] = ()) -> Any:
    """What one of two functions returns.

    Args:
        name: who asks.
        pred: a condition, as `predicate` gives it.
        one: what the first function is called, and itself; taken where ``pred`` is true. other: the second.
        operands: what they get.
    """
    if pred.__class__ is bool:
        return tree.map(asarray, (one if pred else other)[1](*operands))
    outer = interpreter.get()
    (then, leaves, structure), (otherwise, others, found) = (
        _branch(outer, function, operands) for _, function in (one, other)
    )
    first, second = (f"what {label} returned" for label, _ in (one, other))
    check_structure(name, (first, structure), (second, found))
    check_specs(name, (first, leaves), (second, others), structure)
    outside = Outside(then, otherwise)
    graphs = [
        closed(
            part, [*outside.constants_in(part), *outside.state_in(part)], [*values_of(results), *outside.state_of(part)]
        )
        for part, results in ((then, leaves), (otherwise, others))
    ]
    arguments = (pred, *outside.constants(), *outside.state())
    results = parts(outer.run(COND, arguments, {"then": graphs[0], "otherwise": graphs[1]}))
    outside.assign(results[len(leaves) :])
    return tree.unflatten(structure, list(results[: len(leaves)]))


def predicate(name: str, pred: Any) -> Any:
    """A condition as a Python bool where it is known now, else as a boolean tensor of the traced function."""
    value = pred.read() if isinstance(pred, Operators) else pred
    shape = getattr(value, "shape", ())
    if tuple(shape) != ():
        raise ShapeError(
            f"{name} decides by one value; its condition has shape {tuple(shape)}. "
            "Reduce it with .all() or .any(), or choose element by element with where."
        )
    if not (isinstance(value, dt.SCALARS) or hasattr(value, "shape")):
        raise TypeError(f"{name} decides by a boolean; its condition is {short(value)} ({type(value).__name__}).")
    if not isinstance(value, Operators) or concrete(value):
        return bool(value)
    return value if value.dtype is dt.bool_ else not_equal(value, 0)


def _branch(outer: Any, function: Callable[..., Any], operands: tuple[Any, ...]) -> tuple[Nested, list[Any], Any]:
    """What a branch was traced to: its part, its results in there, and their structure."""
    part = Nested(outer)
    with inside(part):
        leaves, structure = tensors(function(*operands))
        return part, [part.lift(leaf) for leaf in leaves], structure


def _narrowed(attrs: dict[str, Any], used: set[int]) -> Narrowed | None:
    """Without results, and operands that neither branch reads for the others."""
    branches, outputs = (attrs["then"], attrs["otherwise"]), sorted(used)
    operands = sorted(set().union(*(read_for(branch, outputs) for branch in branches)))
    if len(outputs) == len(branches[0].outputs) and len(operands) == len(branches[0].inputs):
        return None
    then, otherwise = (with_few(branch, operands, outputs) for branch in branches)
    return {"then": then, "otherwise": otherwise}, [0, *(place + 1 for place in operands)], outputs


COND.narrowed = _narrowed


@COND.differentiated
def _pull(
    found: dict[int, Any], guards: Guards, live: set[int], args: tuple[Any, ...], attrs: dict[str, Any], out: Any
) -> Iterator[tuple[Any, Any, Guard | None]]:
    """The cotangents come from the branch that was taken: another choice between the two graphs' gradients.

    So do the masks of those that have guards in either; what one branch alone reads is guarded by the choice itself.
    """
    given = found.get(id(out))
    if not given:
        return
    pred, *operands = args
    wanted = [place for place, arg in enumerate(operands) if id(arg) in live and arg.dtype in dt.INEXACT]
    top, masks = interpreter.get(), masks_of(guards, out, given)
    traced = []
    for graph in (attrs["then"], attrs["otherwise"]):
        part = Nested(top)
        with inside(part):
            inputs = symbols(part, operands, "argument")
            seeds = symbols(part, list(given.values()), "cotangent")
            over = symbols(part, list(masks.values()), "guard")
            seeded, held = dict(zip(given, seeds, strict=True)), dict(zip(masks, map(guard_of, over), strict=True))
            pulled = pulled_back(graph, inputs, wanted, seeded, held)
        traced.append((part, inputs, [*inputs, *seeds, *over], pulled))
    pairs = dict(zip(wanted, zip(*[pulled for *_, pulled in traced], strict=True), strict=True))
    used = [place for place, pair in pairs.items() if any(cotangent is not None for cotangent, _ in pair)]
    guarded = [place for place in used if any(guard is not None for _, guard in pairs[place])]
    outputs = []
    for branch, (part, inputs, _, _) in enumerate(traced):
        with inside(part):
            cotangents = [or_zeros(pairs[place][branch][0], inputs[place]) for place in used]
            reached = [
                mask_of(cotangent is not None, guard, inputs[place])
                for place, (cotangent, guard) in ((place, pairs[place][branch]) for place in guarded)
            ]
            outputs.append(values_of([part.lift(one) for one in (*cotangents, *reached)]))
    outside = Outside(*[part for part, *_ in traced])
    then, otherwise = (
        closed(part, [*outside.constants_in(part), *values_of(taken)], results)
        for (part, _, taken, _), results in zip(traced, outputs, strict=True)
    )
    if not used:
        return
    arguments = (pred, *outside.constants(), *operands, *given.values(), *masks.values())
    results = parts(top.run(COND, arguments, {"then": then, "otherwise": otherwise}))
    masked = dict(zip(guarded, results[len(used) :], strict=True))
    for place, cotangent in zip(used, results, strict=False):
        (first, _), (second, _) = pairs[place]
        if place in masked:
            guard = guard_of(masked[place])
        elif first is None or second is None:  # the other branch does not read it
            guard = Guard({(id(pred), second is None): pred})
        else:
            guard = None
        yield operands[place], cotangent, guard
