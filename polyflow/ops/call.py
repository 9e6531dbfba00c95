"""The way in: what happens between the call of an op and its kernel.

`apply` is the one general way. The functions made here per arity short-cut it when every argument is a plain tensor of
one dtype and one backend, which saves about two microseconds a call; a test holds both ways equal for every op.

Which interpreter an op meets is a context variable: None (run it now), or the innermost of the interpreters that `flow`
puts there. The functions here run an op themselves under one interpreter, a tape with nothing below it, and only tell
it of results from ``live`` values. Ops know nothing of tensors beyond their ``array`` and ``backend``; `flow` connects
the general way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..dtypes import HALVES, SCALARS, float32, float64

if TYPE_CHECKING:
    from .declare import Op

interpreter: ContextVar[Any] = ContextVar("polyflow_interpreter", default=None)
"""The innermost interpreter of this context; None where ops simply run."""

NO_ATTRS: dict[str, Any] = {}
_new = object.__new__
_top = interpreter.get
_general: Callable[[Op, tuple[Any, ...], dict[str, Any]], Any]
_explain: Callable[[Op, tuple[Any, ...], dict[str, Any], Exception], Exception]
_wrap: Callable[[Any, Any], Any]
_create: Callable[[Op, dict[str, Any], Any], Any]
_constant: Callable[[Any, Any], Any]
_operand: Callable[[Any], Any]
_kind: type
_MISSING = object()
_WEAK = frozenset({float32, float64})


def connect(
    general: Callable[..., Any],
    explain: Callable[..., Exception],
    wrap: Callable[[Any, Any], Any],
    create: Callable[..., Any],
    constant: Callable[[Any, Any], Any],
    operand: Callable[[Any], Any],
    kind: type,
) -> None:
    """Called once, by `flow`, which knows tensors.

    Args:
        general: the general way in, ``general(op, args, attrs)``.
        explain: turns a kernel's exception into the one a user should see.
        wrap: makes a tensor of a library's array and its backend.
        create: applies an op that has no tensor arguments.
        constant: makes a tensor of host values.
        operand: makes a tensor of anything a user may pass.
        kind: the class of tensors.
    """
    global _general, _explain, _wrap, _create, _constant, _operand, _kind
    _general, _explain, _wrap, _create, _constant, _operand = general, explain, wrap, create, constant, operand
    _kind = kind


def apply(op: Op, args: tuple[Any, ...], attrs: dict[str, Any] = NO_ATTRS) -> Any:
    """Apply an op to anything a user may pass: promote, convert, and hand it to the current interpreter."""
    return _general(op, args, attrs)


def decomposed(op: Op, backend: Any) -> Callable[..., Any]:
    """A kernel made of the op's decomposition: other ops, run below every interpreter; of the halves in float32."""
    decomposition: Callable[..., Any] = op.decomposition  # type: ignore[assignment]

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        token = interpreter.set(None)
        try:
            operands = [_wrap(array, backend) for array in arrays]
            dtype = operands[0].dtype if operands and operands[0].__class__ not in SCALARS else None
            if dtype not in HALVES:
                return decomposition(*operands, **attrs).array
            wide = [one.astype(float32) if getattr(one, "dtype", None) is dtype else one for one in operands]
            result = decomposition(*wide, **attrs)
            return (result.astype(dtype) if result.dtype is float32 else result).array
        finally:
            interpreter.reset(token)

    return kernel


def caller(op: Op) -> Callable[..., Any]:
    """The public function of an op, made for its arity."""
    if op.defaults or op.variadic or not op.tensors or len(op.tensors) > 2:
        return _with_attributes(op)
    return _unary(op) if len(op.tensors) == 1 else binary(op)


def _unary(op: Op) -> Callable[..., Any]:
    kernels, direct = op.kernels, op.rule.direct

    def call(x: Any, /) -> Any:
        array = backend = None
        try:
            array, backend = x.array, x.backend
            plain = backend.numpy_dtypes and array.dtype in direct
        except AttributeError:
            plain = False
        if not plain:
            return _general(op, (x,), NO_ATTRS)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x,), NO_ATTRS)
        result = _new(x.__class__)
        try:
            result.array = kernels[backend](array)
        except Exception as error:
            raise _explain(op, (x,), NO_ATTRS, error) from None
        result.backend = backend
        if top is not None and id(x) in top.live:
            top.remember(op, (x,), NO_ATTRS, result)
        return result

    return call


def binary(op: Op, accepts: Callable[[Any], bool] | None = None) -> Callable[..., Any]:
    """The function of a two-tensor op; as an operator's method (``accepts`` given) it leaves strangers alone."""
    kernels, direct = op.kernels, op.rule.direct
    weak = direct & _WEAK

    def call(x1: Any, x2: Any, /) -> Any:
        array = backend = other = None
        kind = x2.__class__
        try:
            array, backend = x1.array, x1.backend
            dtype = array.dtype
            if kind is x1.__class__:
                other = x2.array
                plain = other.dtype is dtype and x2.backend is backend and backend.numpy_dtypes and dtype in direct
            elif kind is float or kind is int:
                plain = backend.weak_scalars and dtype in weak
                other = float(x2) if plain else None
            else:
                plain = False
        except (AttributeError, OverflowError):
            plain = False
        if not plain:
            if accepts is not None and not accepts(x2):
                return NotImplemented
            return _general(op, (x1, x2), NO_ATTRS)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x1, x2 if kind is x1.__class__ else other), NO_ATTRS)
        result = _new(x1.__class__)
        try:
            result.array = kernels[backend](array, other)
        except Exception as error:
            raise _explain(op, (x1, x2), NO_ATTRS, error) from None
        result.backend = backend
        if top is not None:
            live = top.live
            if id(x1) in live or id(x2) in live:
                top.remember(op, (x1, x2 if kind is x1.__class__ else other), NO_ATTRS, result)
        return result

    return call


def reflected(op: Op, accepts: Callable[[Any], bool]) -> Callable[..., Any]:
    """The method of an operator whose left operand is no tensor."""
    kernels, weak = op.kernels, op.rule.direct & _WEAK

    def call(x2: Any, x1: Any, /) -> Any:
        array = backend = None
        plain = x1.__class__ is float or x1.__class__ is int
        if plain:
            try:
                array, backend = x2.array, x2.backend
                plain = backend.weak_scalars and array.dtype in weak and _top() is None
                x1 = float(x1) if plain else x1
            except (AttributeError, OverflowError):
                plain = False
        if plain:
            result = _new(x2.__class__)
            try:
                result.array = kernels[backend](x1, array)
            except Exception as error:
                raise _explain(op, (x1, x2), NO_ATTRS, error) from None
            result.backend = backend
            return result
        return _general(op, (x1, x2), NO_ATTRS) if accepts(x1) else NotImplemented

    return call


def _with_attributes(op: Op) -> Callable[..., Any]:
    """For one tensor and attributes; the callers of other arities are below."""
    if op.variadic or len(op.tensors) != 1:
        return _several(op)
    run, bind = prepared(op), op.bind
    names, count = tuple(op.defaults), len(op.defaults)
    axis = names.index("axis") if [name for name, _ in op.converted] == ["axis"] else None
    whole = op.defaults.get("axis", 0) is None  # None is an axis: all of them
    usual = None if op.required else bind((), {})

    def call(x: Any = _MISSING, /, *given: Any, **named: Any) -> Any:
        if x is _MISSING:
            named, (x,) = _by_name(op, (), named)
        if not named and len(given) == count and axis is not None:
            value = given[axis]
            if value.__class__ is int or (whole and value is None):  # nothing to convert
                return run(x, dict(zip(names, given)))  # noqa: B905  (the lengths are equal)
        return run(x, bind(given, named) if named or given or usual is None else usual)

    return call


def prepared(op: Op) -> Callable[[Any, dict[str, Any]], Any]:
    """The function of an op of one tensor that is given its attributes complete and in their one form."""
    kernels, direct = op.kernels, op.rule.direct

    def call(x: Any, attrs: dict[str, Any]) -> Any:
        array = backend = None
        try:
            array, backend = x.array, x.backend
            plain = backend.numpy_dtypes and array.dtype in direct
        except AttributeError:
            plain = False
        if not plain:
            return _general(op, (x,), attrs)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x,), attrs)
        result = _new(x.__class__)
        try:
            result.array = kernels[backend](array, **attrs)
        except Exception as error:
            raise _explain(op, (x,), attrs, error) from None
        result.backend = backend
        if top is not None and id(x) in top.live:
            top.remember(op, (x,), attrs, result)
        return result

    return call


def _several(op: Op) -> Callable[..., Any]:
    """For any number of tensors, with attributes or without."""
    count, bind = len(op.tensors), op.bind

    if op.variadic:
        return lambda *tensors, **named: _general(op, tensors, bind((), named))

    def call(*args: Any, **named: Any) -> Any:
        if len(args) == count and not named and not op.defaults:
            return _general(op, args, NO_ATTRS)
        if len(args) < count:
            named, args = _by_name(op, args, named)
        return _general(op, args[:count], bind(args[count:], named))

    return call


def _by_name(op: Op, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Take tensor arguments that were given by name, as TensorFlow's users do."""
    rest = dict(named)
    found = list(args)
    for name in op.tensors[len(args) :]:
        if name not in rest:
            raise TypeError(op.usage(f"needs {name!r}"))
        found.append(rest.pop(name))
    return rest, tuple(found)


def create(op: Op, attrs: dict[str, Any], backend: Any) -> Any:
    """Apply an op without tensor arguments, on ``backend`` or the current one."""
    return _create(op, attrs, backend)


def constant(values: Any, backend: Any) -> Any:
    """A tensor of host values worked out here, on ``backend`` or the current one."""
    return _constant(values, backend)


def operand(value: Any) -> Any:
    """An argument of a function that is made of ops, as a tensor: a variable's value, or a new tensor of a list."""
    return value if value.__class__ is _kind else _operand(value)
