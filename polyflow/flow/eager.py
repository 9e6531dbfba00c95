"""The general way in, and running an op now."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes as dt
from ..backend import discovery, selection
from ..errors import DTypeError, MixedBackendsError, PolyflowError
from ..ops import call
from ..ops.declare import OPS, Op
from ..ops.rules import Spec
from ..tensor import Operators, Tensor, tensor, weak_operand

_WEAK = frozenset({dt.float32, dt.float64})


def apply(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Apply ``op`` to anything a user may pass, through the current interpreter.

    Variables are read, Python numbers and lists become operands of their neighbours' dtype and backend, dtypes are
    promoted by the op's rule (as conversions of their own, so that gradients flow through them).

    Raises:
        MixedBackendsError: when tensors lie on different backends. DTypeError: for dtypes the op does not take.
    """
    values = [_value(arg, op) for arg in args]
    backend = _backend(op, values)
    values = [tensor(v, backend=backend) if isinstance(v, np.ndarray) else v for v in values]
    if any(isinstance(v, (list, tuple)) for v in values):
        dtypes = [v.dtype for v in values if isinstance(v, Operators)]
        values = [
            v
            if not isinstance(v, (list, tuple))
            else weak_operand(v, dtypes[0], backend)
            if dtypes
            else tensor(v, backend=backend)
            for v in values
        ]
    targets = op.rule.operands(op.name, tuple(v.dtype if isinstance(v, Operators) else type(v) for v in values))
    if dt.DEFAULT_INT in targets and not any(isinstance(v, Operators) for v in values):
        targets = tuple(  # integers too large for int32, alone or together, are int64
            dt.promote(t, dt.default(v)) if type(v) is int and t is dt.int32 else t
            for v, t in zip(values, targets, strict=True)
        )
        targets = (dt.result_type(*targets),) * len(targets) if len({*targets}) > 1 and dt.int64 in targets else targets
    held = {target for v, target in zip(values, targets, strict=True) if isinstance(v, Operators)}
    ready = tuple([_operand(v, target, backend, held) for v, target in zip(values, targets, strict=True)])
    top = call.interpreter.get()
    if top is not None:
        return top.run(op, ready, attrs)
    return run(op, ready, attrs, backend)


def run(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], backend: Any = None) -> Tensor:
    """Run a prepared op now, on the backend of its arguments."""
    if backend is None:
        backend = next((a.backend for a in args if isinstance(a, Tensor)), None) or selection.current()
    try:
        array = op.kernels[backend](*[a.array if isinstance(a, Tensor) else a for a in args], **attrs)
    except Exception as error:
        raise explain(op, args, attrs, error) from None
    return Tensor(array, backend)


def explain(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], error: Exception) -> Exception:
    """The exception a user sees for a kernel's: the op's own rule speaks first, so that it is the same on every backend."""
    if isinstance(error, PolyflowError):
        return error
    try:
        op.infer(specs(args), attrs)
    except Exception as ours:
        return ours
    shown = ", ".join(f"{s.dtype.name}{list(s.shape)}" for s in specs(args))
    error.add_note(f"while polyflow ran {op.name}({shown})")
    return error


def specs(args: tuple[Any, ...]) -> tuple[Spec, ...]:
    """The shapes and dtypes of prepared arguments; a Python scalar has its floating neighbour's dtype."""
    dtype = next((a.dtype for a in args if isinstance(a, Operators) and a.dtype in _WEAK), None)
    return tuple(Spec(a.shape, a.dtype) if isinstance(a, Operators) else Spec((), dtype or dt.default(a)) for a in args)


def _value(arg: Any, op: Op) -> Any:
    if isinstance(arg, Operators):
        return arg.read()
    kind = arg.__class__
    if kind in dt.SCALARS:
        return arg
    if isinstance(arg, np.generic):
        return arg.item() if dt.as_dtype(arg.dtype) is not dt.bfloat16 else float(arg)
    if isinstance(arg, (np.ndarray, list, tuple)):
        return arg
    if isinstance(arg, dt.SCALARS):  # subclasses: IntEnum, NumPy-like floats
        return next(base(arg) for base in dt.SCALARS if isinstance(arg, base))
    if hasattr(arg, "__array__") or hasattr(arg, "__dlpack__"):
        return tensor(arg).numpy() if call.interpreter.get() is None else np.asarray(arg)
    raise DTypeError(
        f"{op.name} got {_short(arg)} of type {type(arg).__name__}. Expected tensors, arrays, numbers or nested lists of numbers."
    )


def _short(obj: Any) -> str:
    text = repr(obj)
    return text if len(text) <= 60 else text[:57] + "..."


def _backend(op: Op, values: list[Any]) -> Any:
    found = None
    for value in values:
        if isinstance(value, Operators):
            backend = value.backend
            if found is None:
                found = backend
            elif backend is not found:
                raise MixedBackendsError(
                    f"{op.name} got tensors of two backends, {found.name!r} ({found.device}) and {backend.name!r} "
                    f"({backend.device}). Move one first, e.g. x.to({found.name!r})."
                )
    return found or _here()


def _operand(value: Any, target: np.dtype, backend: Any, held: set[np.dtype]) -> Any:
    """A value in its target dtype; a Python float stays one beside a tensor (``held``) of a dtype it is weak to."""
    if isinstance(value, Operators):
        return value if value.dtype is target else call.apply(OPS["astype"], (value,), {"dtype": target})
    if type(value) is int:
        dt.check_fits(value, target)
        if target in _WEAK:
            value = float(value)
    if target in held and target in _WEAK and type(value) is float and backend.weak_scalars:
        return value
    return constant(value, target, backend)


def constant(value: Any, dtype: np.dtype, backend: Any) -> Tensor:
    """A Python scalar as a 0-d tensor."""
    return Tensor(backend.asarray(np.asarray(value).astype(dtype)), backend)


def host_constant(values: np.ndarray, backend: Any = None) -> Tensor:
    """Host values as a tensor of ``backend``, or of the backend that ops without tensors run on here."""
    target = _here() if backend is None else discovery.get(backend)
    return Tensor(target.asarray(values), target)


def create(op: Op, attrs: dict[str, Any], backend: Any = None) -> Any:
    """Apply an op that has no tensor arguments."""
    top = call.interpreter.get()
    target = _here() if backend is None else discovery.get(backend)
    if top is not None:
        return top.create(op, attrs, target)
    return run(op, (), attrs, target)


def _here() -> Any:
    """The backend of ops without tensors: that of the graph being traced, else the current one."""
    top = call.interpreter.get()
    return selection.current() if top is None else top.backend or selection.current()


def wrap(array: Any, backend: Any) -> Any:
    """A kernel's argument as a tensor again (Python scalars stay)."""
    return array if isinstance(array, dt.SCALARS) else Tensor(array, backend)


call.connect(apply, explain, wrap, create, host_constant)
