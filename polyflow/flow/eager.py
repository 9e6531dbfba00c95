"""The general way in, and running an op now."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import discovery, selection
from ..convert import LARGEST, Nested, held, nested, plain, short, to_host
from ..errors import DTypeError, MixedBackendsError, PolyflowError
from ..ops import call, elementwise, looked
from ..ops.attributes import Attrs
from ..ops.declare import OPS, Op
from ..ops.rules import Spec
from ..tensor import Operators, Tensor, asarray, concrete, here, holds_tensors, packed, tensor
from ..variable import Variable
from . import notes

_WEAK = frozenset({dt.float32, dt.float64})
_NUMBERS = frozenset(dt.SCALARS)
_ASTYPE, _CASTS, _CAST = OPS["astype"].fixed, elementwise.CASTS, OPS["astype"].kernels
_new = object.__new__


def apply(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Apply ``op`` to anything a user may pass, through the current interpreter.

    Variables are read, Python numbers and lists become operands of their neighbours' dtype and backend, lists that hold
    tensors are stacked, dtypes are promoted by the op's rule (as conversions of their own, so that gradients flow).

    Raises:
        MixedBackendsError: when tensors lie on different backends. DTypeError: for dtypes the op does not take.
    """
    backend = None
    for arg in args:
        if arg.__class__ is Tensor and arg.backend is not backend:
            if backend is not None:
                raise _mixed(op.called, backend, arg.backend)
            backend = arg.backend
    kernel = None if backend is None else op.quick[backend]
    if backend is None or kernel is None:
        return apply_any(op, args, attrs)
    try:
        plan = op.plans.get(tuple([arg.array.dtype if arg.__class__ is Tensor else arg.__class__ for arg in args]))
    except AttributeError:
        looked.strangers(op, args)
        raise
    if plan is None:  # dtypes that were not met before, or something else than tensors and numbers
        return apply_any(op, args, attrs)
    top = call.interpreter.get()
    if top is not None:
        if plan:
            args = _operands(args, plan, backend)
        if top.below is not None or top.live is None:
            return top.run(op, args, attrs)
    arrays = [arg.array if arg.__class__ is Tensor else arg for arg in args]
    if plan and top is None:
        arrays = [_array(arg, how, backend) for arg, how in zip(arrays, plan)]  # noqa: B905  (of one length)
    result = _new(Tensor)
    try:
        result.array = kernel(*arrays, **attrs)
    except Exception:
        result.array = again(op, _operands(args, plan, backend) if plan and top is None else args, attrs, backend)
    result.backend = backend
    if top is not None:
        live = top.live
        for arg in args:
            if id(arg) in live:
                top.remember(op, args, attrs, result)
                break
    return result


def apply_any(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """`apply` for arguments that are not all plain tensors and numbers: they are read or converted first."""
    try:
        values, backend = _prepared(op, args)
    except PolyflowError as error:
        notes.asked(error, op)
        raise
    top = call.interpreter.get()
    if top is not None:
        return top.run(op, values, attrs)
    return run(op, values, attrs, backend)


def _prepared(op: Op, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """The arguments as operands, and their backend."""
    values: tuple[Any, ...] = tuple([arg.read() if isinstance(arg, Operators) else arg for arg in args])
    backend = common(op.called, values)
    key = tuple([_dtype(value) for value in values])
    if backend is None or not all(isinstance(kind, np.dtype) or kind in _NUMBERS for kind in key):
        values, backend = _converted(op, values)
        key = tuple([_dtype(value) for value in values])
    plan = op.plans.get(key)
    if plan is None:
        plan = op.plans[key] = _plan(op, values)
    if plan:
        values = _operands(values, plan, backend)
    return values, backend


def common(name: str, values: Sequence[Any]) -> Any:
    """The backend of the tensors among these values, which ``name`` was given; None without any.

    Raises:
        MixedBackendsError: when they lie on different backends.
    """
    backend = None
    for value in values:
        if isinstance(value, Operators):
            if backend is not None and value.backend is not backend:
                raise _mixed(name, backend, value.backend)
            backend = value.backend
    return backend


def _plan(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What each argument needs: None, or the dtype to convert it to and whether a float may stay one.

    A float stays one beside a tensor of a dtype that it is weak to. Empty if no argument needs anything.
    """
    targets = op.rule.operands(op.called, tuple([_dtype(arg) for arg in args]))
    pairs = list(zip(args, targets, strict=True))
    held = {target for arg, target in pairs if isinstance(arg, Operators)} & _WEAK
    plan = tuple([None if _dtype(arg) is target else (target, target in held) for arg, target in pairs])
    return plan if any(plan) else ()


def run(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], backend: Any = None) -> Tensor:
    """Run a prepared op now, on the backend of its arguments."""
    if backend is None:
        backend = next((a.backend for a in args if concrete(a)), None) or selection.current()
    return Tensor(again(op, args, attrs, backend), backend)


def again(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], backend: Any) -> Any:
    """The array that an op's kernel makes; raises the exception that a user should see."""
    caught = sys.exception()
    if isinstance(caught, RecursionError) and _caught_by(sys._getframe(1), caught):
        raise explain(op, args, attrs, caught) from None  # a second try at each level would never end
    try:
        found = op.kernels[backend](*[a.array if concrete(a) else a for a in args], **attrs)
        return looked.result(op, backend, found)
    except Exception as error:
        raise explain(op, args, attrs, error) from None


def _caught_by(frame: Any, error: BaseException) -> bool:
    return error.__traceback__ is not None and error.__traceback__.tb_frame is frame


def explain(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """The exception a user sees for a kernel's: the op's own rule speaks first, to say the same on every backend."""
    for arg in args:
        if isinstance(arg, Operators) and not concrete(arg):
            return arg.kept()  # type: ignore[attr-defined]  # of a function that has been traced
    try:
        op.infer(specs(args), attrs)
        ours = None if op.diagnose is None else op.diagnose(args, attrs)
    except Exception as found:
        ours = found
    if ours is not None:
        return notes.asked(ours, op)
    if isinstance(error, PolyflowError):
        return error
    shown = ", ".join(f"{s.dtype.name}{list(s.shape)}" for s in specs(args))
    note = f"while polyflow ran {op.name}({shown})"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error


def specs(args: tuple[Any, ...]) -> tuple[Spec, ...]:
    """The shapes and dtypes of prepared arguments; a Python scalar has its floating neighbour's dtype."""
    dtype = beside([a for a in args if isinstance(a, Operators)])
    return tuple(Spec(a.shape, a.dtype) if isinstance(a, Operators) else Spec((), dtype or dt.default(a)) for a in args)


def beside(values: Sequence[Any]) -> np.dtype | None:
    """The dtype that a Python scalar has beside prepared values: the first to which it is weak."""
    for value in values:
        if value is not None and value.dtype in _WEAK:
            return value.dtype
    return None


def _value(arg: Any, op: Op) -> Any:
    """A tensor, a Python number, a NumPy array, or a nested list of Python numbers."""
    if isinstance(arg, Operators):
        return arg.read()
    if arg.__class__ in dt.SCALARS or isinstance(arg, np.ndarray):
        return arg
    if isinstance(arg, (list, tuple)):
        return packed(arg) if holds_tensors(arg) else nested(arg)
    if isinstance(arg, np.generic) and arg.dtype.kind in "biufcV":
        return arg.item() if arg.dtype.kind != "V" else float(arg)  # type: ignore[arg-type]  # bfloat16 has kind V
    if isinstance(arg, dt.SCALARS):  # subclasses, such as IntEnum
        return plain(arg)
    if hasattr(arg, "__array__") or hasattr(arg, "__dlpack__"):
        return to_host(arg)
    raise DTypeError(
        f"{op.called} got {short(arg)} of type {type(arg).__name__}. "
        "Expected tensors, arrays, numbers or nested lists of numbers."
    )


def _dtype(value: Any) -> np.dtype | type:
    """What a rule is told of a value: its dtype, or the Python type of a weak one."""
    if isinstance(value, Operators):
        return value.dtype
    return value.kind if value.__class__ is Nested else value.__class__


def _wide_enough(values: list[Any], targets: tuple[np.dtype, ...]) -> tuple[np.dtype, ...]:
    """int64 for Python integers among themselves where int32 is too narrow for one."""
    wide = any(
        dt.default(int(one)) is dt.int64
        for value, target in zip(values, targets, strict=True)
        if target is dt.int32
        for one in (value.limits if value.__class__ is Nested else (value,))
    )
    return tuple([dt.int64 if wide and target is dt.int32 else target for target in targets])


def _converted(op: Op, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """The arguments with everything foreign made into tensors, numbers or lists of numbers; and their backend."""
    values = [_value(arg, op) for arg in args]
    backend = common(op.called, values)
    backend = here() if backend is None else backend
    values = [tensor(v, backend=backend) if isinstance(v, np.ndarray) else v for v in values]
    if not any(isinstance(v, Operators) for v in values):  # numbers among themselves take their defaults
        targets = _wide_enough(values, op.rule.operands(op.called, tuple([_dtype(v) for v in values])))
        values = [_operand(v, (target, False), backend) for v, target in zip(values, targets, strict=True)]
    return tuple(values), backend


def _mixed(name: str, first: Any, second: Any) -> MixedBackendsError:
    return MixedBackendsError(
        f"{name} got tensors of two backends, {first.name!r} ({first.device}) and {second.name!r} "
        f"({second.device}). Move one first, e.g. x.to({first.name!r})."
    )


def _operands(values: tuple[Any, ...], plan: tuple[Any, ...], backend: Any) -> tuple[Any, ...]:
    """Values as operands, as `_plan` says."""
    return tuple([v if how is None else _operand(v, how, backend) for v, how in zip(values, plan, strict=True)])


def _array(value: Any, how: Any, backend: Any) -> Any:
    """What a kernel gets for an array or a number, as `_plan` says, where no interpreter has to know of it."""
    if how is None:
        return value
    if value.__class__ not in _NUMBERS:
        return looked.result(_CAST.op, backend, _CAST[backend](value, dtype=how[0]))
    if not how[1]:
        return _number(value, how[0], backend)
    operand = _operand(value, how, backend)
    return operand.array if operand.__class__ is Tensor else operand


def _operand(value: Any, how: Any, backend: Any) -> Any:
    """A value as an operand, as `_plan` says."""
    target, weak = how
    kind = value.__class__
    if weak and backend.weak_scalars and (kind is float or kind is int or kind is bool):
        number = float(value)
        return number if -LARGEST <= number <= LARGEST else held(number, target)
    if kind is Tensor or isinstance(value, Operators):
        return _ASTYPE(value, _CASTS[target])
    if kind is int:
        dt.check_fits(value, target)
    elif kind is Nested:
        return tensor(value.fitting(target), target, backend=backend)
    return constant(value, target, backend)


@lru_cache(maxsize=1024, typed=True)
def number(value: Any, dtype: np.dtype, negative: bool = False) -> np.ndarray:
    """A host array of one number, which is kept; raises OverflowError for an integer that does not fit.

    ``negative`` tells -0.0 from the 0.0 that it is equal to.
    """
    if value.__class__ is int:
        dt.check_fits(value, dtype)
    if dtype in dt.INTEGERS:
        host = np.array(value, dtype)
    else:
        with np.errstate(all="ignore"):
            host = np.array(value).astype(dtype)
    host.flags.writeable = False
    return host


def constant(value: Any, dtype: np.dtype, backend: Any) -> Any:
    """A Python number as a 0-d tensor; a node of the graph that is being traced, if one is."""
    top = call.interpreter.get()
    if top is not None and top.backend is not None:
        return top.create(OPS["full"], {"shape": (), "fill_value": held(value, dtype), "dtype": dtype}, backend)
    return Tensor(_number(value, dtype, backend), backend)


def _number(value: Any, dtype: np.dtype, backend: Any) -> Any:
    """A Python number as an array of the library's."""
    return backend.adopt(number(value, dtype, not value and math.copysign(1.0, value.real) < 0))


def host_constant(values: np.ndarray, backend: Any = None, fresh: bool = False) -> Tensor:
    """Host values as a tensor of ``backend``, or of the backend that ops without tensors run on here.

    They are copied unless they are ``fresh``: nobody else holds them.
    """
    target = _target(backend)
    return Tensor(target.adopt(values) if fresh else target.asarray(values), target)


def create(op: Op, attrs: dict[str, Any], backend: Any = None) -> Any:
    """Apply an op that has no tensor arguments."""
    top = call.interpreter.get()
    if top is not None and (top.below is not None or top.live is None):
        return top.create(op, attrs, _target(backend))
    target = selection.current() if backend is None else _target(backend)
    kernel = attrs.kernels[target] if isinstance(attrs, Attrs) else None
    result = _new(Tensor)
    try:
        result.array = looked.result(op, target, op.kernels[target](**attrs)) if kernel is None else kernel()
    except Exception:
        result.array = again(op, (), attrs, target)
    result.backend = target
    return result


def _target(backend: Any) -> Any:
    return here() if backend is None else discovery.get(backend) if isinstance(backend, str) else backend


def wrap(array: Any, backend: Any) -> Any:
    """A kernel's argument as a tensor again (Python scalars stay)."""
    return array if isinstance(array, dt.SCALARS) else Tensor(array, backend)


call.connect(apply, wrap, create, host_constant, asarray, number, _number, again, _ASTYPE, _CASTS, Tensor, Variable)
