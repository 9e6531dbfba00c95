"""What is said where a program asks for the value of a traced tensor, or keeps one after its function was traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TraceError, shown_line
from ..ufuncs import OPERATORS
from . import notes

_DECIDING = (
    "Write pf.cond(condition, true_fn, false_fn) for a choice, pf.while_loop for a loop, or pf.where to choose element "
    "by element; or take the value outside."
)
_COMPUTING = "Use polyflow ops on it (where instead of if), or take the value outside."
_WAYS = {
    "bool": _DECIDING,
    "index": "Use it in x[...] or with gather, or pass a Python integer, which is known; or take the value outside.",
}


def asked(shape: tuple[int, ...], dtype: np.dtype, what: str) -> TraceError:
    """For a value that is asked for while it is traced, as ``what`` does: a Python type, or "values"."""
    return _at_line(
        f"the value of a traced tensor (shape {shape}, dtype {dtype.name}) is not known yet: "
        f"the function is being turned into a graph. {_WAYS.get(what, _COMPUTING)}"
    )


def numpy_called(shape: tuple[int, ...], dtype: np.dtype, name: str) -> TraceError:
    """For a function of NumPy's that gets a traced tensor."""
    import polyflow

    instead = f"pf.{name}" if hasattr(polyflow, name) else "polyflow's ops"
    return _at_line(
        f"np.{name} got a traced tensor (shape {shape}, dtype {dtype.name}), whose values are not known yet: the "
        f"function is being turned into a graph. Use {instead}, which may be traced, or call NumPy outside."
    )


def kept(shape: tuple[int, ...], dtype: np.dtype, line: notes.Line | None) -> TraceError:
    """For a traced tensor outside the function, branch or body that it belongs to."""
    made = f", made at {shown_line(line)}," if line is not None else ""
    return _at_line(
        f"a traced tensor (shape {shape}, dtype {dtype.name}){made} was kept from the function that made it, as in a "
        "list or an attribute; it has no value, for that function ran only to be turned into a graph. "
        "Return it from the function, the branch or the loop's body instead; scan and map_fn collect values."
    )


def recursion(name: str) -> TraceError:
    """For a function that calls itself again and again while it is traced."""
    return _at_line(
        f"{name} calls itself without end while it is traced: a traced value cannot end it, and of cond both functions "
        "are traced. Repeat with pf.while_loop or pf.scan, or let an argument that is a Python number end it."
    )


def calls_of(function: Any, error: BaseException) -> int:
    """How often a function is being called where an error was raised."""
    code, frame, count = getattr(function, "__code__", None), error.__traceback__, 0
    while frame is not None:
        count += frame.tb_frame.f_code is code
        frame = frame.tb_next
    return count


def made_again(name: str, variable: Any, line: notes.Line | None) -> TraceError:
    """For a function that makes a new variable whenever it runs."""
    return _at_line(
        f"{name} makes the variable {variable.name!r} at every call. In a compiled function there is one, which stays "
        "from call to call, so make it once: outside, or where it is not there yet "
        "(if self.v is None: self.v = pf.Variable(...)).",
        line,
    )


def _at_line(message: str, line: notes.Line | None = None) -> TraceError:
    error = TraceError(message)
    line = line or notes.user_line()
    if line is not None:
        error.add_note(f"at {shown_line(line)}")
    return error


def numpy_operator(symbol: Any, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy's operators come to where the right operand is a traced tensor; other calls of NumPy are refused."""
    reflected = OPERATORS.get(ufunc)
    if reflected is not None and method == "__call__" and not options and inputs[1] is symbol:
        return getattr(symbol, reflected)(np.asarray(inputs[0])[()])
    raise numpy_called(symbol.shape, symbol.dtype, ufunc.__name__)
