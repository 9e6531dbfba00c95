"""fori_loop: a function repeated for the integers from one to before another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import dtypes as dt
from ... import tree
from ...callables import check_function
from ...convert import integer
from ...errors import DTypeError, ShapeError
from ...tensor import Operators, asarray, concrete
from .agreement import handed_on, tensors
from .arrays import Arrays, holds_arrays
from .scan import run
from .while_loop import while_loop


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``for i in range(lower, upper): init_val = body_fun(i, init_val)``, and what that is in the end.

    In a traced function the body is traced once. Gradients flow where the bounds are known while tracing.

    Args:
        lower: the first integer: a Python integer or an integer tensor without axes.
        upper: one more than the last.
        body_fun: gets ``i``, an integer tensor without axes, and the value; returns a new value of the old one's
            structure, shapes and dtypes.
        init_val: a tensor or a nested container of tensors.

    Raises:
        TypeError, ShapeError, DTypeError: where a new value differs from the old one in structure, shapes or dtypes;
        for bounds that are no integers.
    """
    check_function("fori_loop", "body_fun", body_fun, 2, "(i, value)")
    if holds_arrays(init_val):
        arrays = Arrays("fori_loop", init_val, lambda held: body_fun(asarray(lower), held))
        last = fori_loop(lower, upper, lambda i, held: arrays.taken(body_fun(i, arrays.given(held))), arrays.start)
        return arrays.given(last)
    bounds = [_bound("lower", lower), _bound("upper", upper)]
    dtype = dt.result_type(*[one.dtype if isinstance(one, Operators) else type(one) for one in bounds])
    low, high = bounds
    start = asarray(low, dt.default(low) if dtype is dt.int32 and isinstance(low, int) else dtype)
    carry, structure = tensors(init_val)

    def step(now: list[Any]) -> list[Any]:
        i, *held = now
        new = body_fun(i, tree.unflatten(structure, held))
        return [i + 1, *handed_on("fori_loop", "what body_fun returned", new, held, structure, "init_val")]

    if all(isinstance(one, int) or concrete(one) for one in bounds):
        length = max(0, int(high) - int(low))
        last, _, _ = run(lambda now, _: (step(now), [], tree.flatten(None)[1]), [start, *carry], [], length)
    else:
        last = while_loop(lambda i, *_: i < high, lambda *now: step(list(now)), [start, *carry])
    return tree.unflatten(structure, list(last[1:]))


def _bound(what: str, value: Any) -> Any:
    value = value.read() if isinstance(value, Operators) else value
    if not isinstance(value, Operators):
        return integer("fori_loop", what, value)
    if value.dtype not in dt.INTEGERS:
        raise DTypeError(f"fori_loop counts integers; {what} is {value.dtype.name}.")
    if value.shape:
        raise ShapeError(f"fori_loop counts from one number to another; {what} has shape {value.shape}.")
    return value
