"""The way in: what happens between the call of an op and its kernel.

`apply` is the one general way. The functions made here per arity short-cut it where every argument is a plain tensor of
one dtype and one backend, a variable that holds one, or a Python number beside one. A test holds both ways equal for
every op.

Which interpreter an op meets is a context variable: None (run it now), or the innermost of the interpreters that `flow`
puts there. The functions here run an op themselves under one interpreter, a tape with nothing below it, and only tell
it of results from ``live`` values. Ops know nothing of tensors beyond their ``array`` and ``backend``; `flow` connects
the general way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from ..dtypes import HALVES, HELD, INTEGERS, SCALARS, float32, float64
from .attributes import PLAIN, Attrs, are_integers, known
from .looked import strangers

if TYPE_CHECKING:
    from .declare import Op

interpreter: ContextVar[Any] = ContextVar("polyflow_interpreter", default=None)
"""The innermost interpreter of this context; None where ops simply run."""

NO_ATTRS: dict[str, Any] = {}
NOTHING = object()
"""Where a tape's record has no second argument."""

kind: type
"""The class of tensors, for those that make them without its constructor: ``new(kind)``, ``array``, ``backend``."""

new = object.__new__
_top = interpreter.get
_general: Callable[[Op, tuple[Any, ...], dict[str, Any]], Any]
_wrap: Callable[[Any, Any], Any]
_create: Callable[[Op, dict[str, Any], Any], Any]
_constant: Callable[[Any, Any, bool], Any]
_operand: Callable[[Any], Any]
_integer: Callable[[int, Any], Any]
_number: Callable[[Any, Any, Any], Any]
_again: Callable[[Op, tuple[Any, ...], dict[str, Any], Any], Any]
_cast: Callable[[Any, Attrs], Any]
_casts: Mapping[Any, Any]
_variable: type
_MISSING = object()
_WEAK = frozenset({float32, float64})
_PYTHON = frozenset({int, float})


def connect(
    general: Callable[..., Any],
    wrap: Callable[[Any, Any], Any],
    create: Callable[..., Any],
    constant: Callable[[Any, Any, bool], Any],
    operand: Callable[[Any], Any],
    integer: Callable[[int, Any], Any],
    number: Callable[[Any, Any, Any], Any],
    again: Callable[..., Any],
    cast: Callable[[Any, Attrs], Any],
    casts: Mapping[Any, Attrs],
    tensors: type,
    variables: type,
) -> None:
    """Called once, by `flow`, which knows tensors.

    Args:
        general: the general way in, ``general(op, args, attrs)``.
        wrap: makes a tensor of a library's array and its backend.
        create: applies an op that has no tensor arguments.
        constant: makes a tensor of host values; the last argument says whether nobody else holds them.
        operand: makes a tensor of anything a user may pass.
        integer: makes a host array of a Python integer, ``integer(value, dtype)``; OverflowError if it does not fit.
        number: makes a library's array of a Python number, ``number(value, dtype, backend)``; OverflowError likewise.
        again: runs an op's kernel in the way that always works, ``again(op, args, attrs, backend)``, and explains what
            it raises.
        cast: converts a tensor, ``cast(x, attrs)``.
        casts: the attributes with which it converts to each dtype.
        tensors: the class of tensors.
        variables: the class of variables.
    """
    global _general, _wrap, _create, _constant, _operand, _integer, _number, _again, _cast, _casts, kind, _variable
    _general, _wrap, _create, _constant, _operand = general, wrap, create, constant, operand
    _integer, _number, _again, _cast, _casts, kind, _variable = integer, number, again, cast, casts, tensors, variables


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


def _read(x: Any, beside: Any = None) -> Any:
    """A variable's tensor, or an array's on the backend of the tensor ``beside`` it; anything else as it is."""
    if x.__class__ is _variable:
        return x.read()
    if x.__class__ is ndarray and x.dtype in HELD:
        if beside is None:
            return _constant(x, None, False)
        result = new(kind)
        result.backend = backend = beside.backend
        result.array = backend.asarray(x)
        return result
    return x


def caller(op: Op) -> Callable[..., Any]:
    """The public function of an op, made for its arity."""
    if op.defaults or op.variadic or not 1 <= len(op.tensors) <= 3:
        return _with_attributes(op)
    return _unary(op) if len(op.tensors) == 1 else binary(op) if len(op.tensors) == 2 else _ternary(op)


def _unary(op: Op) -> Callable[..., Any]:
    kernels, direct = op.quick, op.rule.direct

    def call(x: Any, /, *, name: Any = None) -> Any:
        if x.__class__ is not kind:
            x = _read(x)
            if x.__class__ is not kind:
                return _general(op, (x,), NO_ATTRS)
        array, backend = x.array, x.backend
        kernel = kernels[backend]
        try:
            if kernel is None or array.dtype not in direct:
                return _general(op, (x,), NO_ATTRS)
        except AttributeError:
            strangers(op, (x,))
            raise
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x,), NO_ATTRS)
        result = new(kind)
        try:
            result.array = kernel(array)
        except Exception:
            result.array = _again(op, (x,), NO_ATTRS, backend)
        result.backend = backend
        if top is not None and id(x) in top.live and op.rules:  # as Tape.remember does
            top.live.add(id(result))
            top.records += (op, x, NOTHING, NO_ATTRS, result)
        return result

    return call


def binary(op: Op, accepts: Callable[[Any], bool] | None = None) -> Callable[..., Any]:
    """The function of a two-tensor op; as an operator's method (``accepts`` given) it leaves strangers alone."""
    kernels, direct = op.quick, op.rule.direct
    weak, beside = direct & _WEAK, _beside(op)

    def call(x1: Any, x2: Any, /, *, name: Any = None) -> Any:
        other = x2.__class__
        if x1.__class__ is kind and (other is float or other is int):
            first, backend = x1.array, x1.backend
            kernel = kernels[backend]
            try:
                if kernel is None or first.dtype not in weak or not backend.weak_scalars:
                    return beside(x1, x2, False)
            except AttributeError:
                strangers(op, (x1,))
                raise
            x2 = second = x2 if other is float else float(x2)
        else:
            if x1.__class__ is not kind or other is not kind:
                if other is float or other is int:
                    return call(x1.read(), x2) if x1.__class__ is _variable else beside(x1, x2, False)
                if x1.__class__ is float or x1.__class__ is int:
                    return beside(x2, x1, True)
                if other is ndarray or x1.__class__ is ndarray:
                    result = hosted(x1, x2)
                    if result is not None:
                        return result
                known_kind = other is kind or other is _variable or other is ndarray
                if not known_kind and accepts is not None and not accepts(x2):
                    return NotImplemented
                if x1.__class__ is _variable:
                    x1 = x1.read()
                if x1.__class__ is kind:
                    x2 = x2 if other is kind else _read(x2, x1)
                elif other is kind or other is _variable:
                    x2 = x2 if other is kind else x2.read()
                    x1 = _read(x1, x2)
                if x1.__class__ is not kind or x2.__class__ is not kind:
                    return _general(op, (x1, x2), NO_ATTRS)
            first, second, backend = x1.array, x2.array, x1.backend
            try:
                dtype, kernel = first.dtype, kernels[backend]
                if kernel is None or x2.backend is not backend:
                    return _general(op, (x1, x2), NO_ATTRS)
                if second.dtype is not dtype or dtype not in direct:
                    return mixed(x1, x2)
            except AttributeError:
                strangers(op, (x1, x2))
                raise
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x1, x2), NO_ATTRS)
        result = new(kind)
        try:
            result.array = kernel(first, second)
        except Exception:
            result.array = _again(op, (x1, x2), NO_ATTRS, backend)
        result.backend = backend
        if top is not None:
            live = top.live
            if (id(x1) in live or id(x2) in live) and op.rules:  # as Tape.remember does
                live.add(id(result))
                top.records += (op, x1, x2, NO_ATTRS, result)
        return result

    mixed, hosted = _mixed(op, call), _hosted(op)
    return call


def _hosted(op: Op) -> Callable[[Any, Any], Any]:
    """A two-tensor op of a tensor that is a NumPy array and another of its dtype; None otherwise."""
    kernels, direct = op.quick, op.rule.direct

    def call(x1: Any, x2: Any) -> Any:
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return None
        x = x1 if x1.__class__ is kind else x2
        if x.__class__ is not kind:
            return None
        first, second = (x1.array, x2) if x is x1 else (x1, x2.array)
        backend, dtype = x.backend, first.dtype
        kernel = kernels[backend]
        if first.__class__ is not ndarray or second.__class__ is not ndarray or kernel is None:
            return None
        if second.dtype is not dtype or dtype not in direct:
            return None
        result = new(kind)
        try:
            result.array = kernel(first, second)
        except Exception:  # said of it by the way that always works
            return None
        result.backend = backend
        if top is not None and id(x) in top.live and op.rules:  # as Tape.remember does, of an array of its own
            other = new(kind)
            other.backend, other.array = backend, (second if x is x1 else first).copy()
            top.live.add(id(result))
            top.records += (op, x, other, NO_ATTRS, result) if x is x1 else (op, other, x, NO_ATTRS, result)
        return result

    return call


def reflected(op: Op, accepts: Callable[[Any], bool]) -> Callable[..., Any]:
    """The method of an operator whose left operand is no tensor."""
    beside, both, hosted = _beside(op), binary(op), _hosted(op)

    def call(x2: Any, x1: Any, /) -> Any:
        if x1.__class__ is float or x1.__class__ is int:
            return beside(x2, x1, True)
        if x1.__class__ is ndarray:
            result = hosted(x1, x2)
            return both(_read(x1, x2), x2) if result is None else result
        return _general(op, (x1, x2), NO_ATTRS) if accepts(x1) else NotImplemented

    return call


def _beside(op: Op) -> Callable[[Any, Any, bool], Any]:
    """A two-tensor op of something and a Python float or integer, which comes first where ``swapped``."""
    kernels, direct = op.quick, op.rule.direct
    weak, whole = direct & _WEAK, direct & INTEGERS

    def call(x: Any, number: Any, swapped: bool) -> Any:
        if x.__class__ is _variable:
            x = x.read()
        kernel = kernels[x.backend] if x.__class__ is kind else None
        if kernel is None:
            return _general(op, (number, x) if swapped else (x, number), NO_ATTRS)
        array, backend, other = x.array, x.backend, None
        try:
            dtype = array.dtype
            if dtype in weak:
                if backend.weak_scalars:
                    other = float(number)
            elif number.__class__ is int and dtype in whole:
                other = _integer(number, dtype)
                if not backend.capabilities.host_arguments:
                    other = backend.adopt(other)
        except OverflowError:
            pass
        except AttributeError:
            strangers(op, (x,))
            raise
        if other is None:
            return _general(op, (number, x) if swapped else (x, number), NO_ATTRS)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, _pair(x, other, swapped), NO_ATTRS)
        result = new(kind)
        try:
            result.array = kernel(other, array) if swapped else kernel(array, other)
        except Exception:
            result.array = _again(op, _pair(x, other, swapped), NO_ATTRS, backend)
        result.backend = backend
        if top is not None and id(x) in top.live:
            top.remember(op, _pair(x, other, swapped), NO_ATTRS, result)
        return result

    return call


def _mixed(op: Op, same: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A two-tensor op of tensors of one backend that have to be converted first; ``same`` is it of one dtype."""
    kernels, plans = op.quick, op.plans

    def call(x1: Any, x2: Any) -> Any:
        first, second, backend = x1.array, x2.array, x1.backend
        plan = plans.get((first.dtype, second.dtype))
        top = _top()
        if not plan or (top is not None and (top.below is not None or top.live is None)):
            return _general(op, (x1, x2), NO_ATTRS)
        to1, to2 = plan
        if top is not None and (id(x1) in top.live or id(x2) in top.live):  # it remembers the conversions too
            x1 = x1 if to1 is None else _cast(x1, _casts[to1[0]])
            return same(x1, x2 if to2 is None else _cast(x2, _casts[to2[0]]))
        result = new(kind)
        try:
            if to1 is not None:
                first = _casts[to1[0]].kernels[backend](first)
            if to2 is not None:
                second = _casts[to2[0]].kernels[backend](second)
            result.array = kernels[backend](first, second)  # type: ignore[misc]
        except Exception:
            return _general(op, (x1, x2), NO_ATTRS)
        result.backend = backend
        return result

    return call


def _pair(x: Any, other: Any, swapped: bool) -> tuple[Any, Any]:
    """A tensor and a number beside it, a float or an array, as an op's arguments."""
    backend = x.backend
    if other.__class__ is not float:
        other = _wrap(backend.adopt(other) if backend.capabilities.host_arguments else other, backend)
    return (other, x) if swapped else (x, other)


def _ternary(op: Op) -> Callable[..., Any]:
    kernels, plans, usual = op.quick, op.plans, _several(op)

    def call(x1: Any = _MISSING, x2: Any = _MISSING, x3: Any = _MISSING, /, *more: Any, **named: Any) -> Any:
        if x1.__class__ is not kind or x3 is _MISSING or more or named:
            return usual(*[x for x in (x1, x2, x3) if x is not _MISSING], *more, **named)
        first, second, third, backend = x1.array, x2, x3, x1.backend
        kernel, second_kind, third_kind = kernels[backend], x2.__class__, x3.__class__
        if kernel is None:
            return _general(op, (x1, x2, x3), NO_ATTRS)
        together = True
        try:
            if second_kind is kind:
                together = x2.backend is backend
                second = x2.array
                second_kind = second.dtype
            if third_kind is kind:
                together = together and x3.backend is backend
                third = x3.array
                third_kind = third.dtype
            plan = plans.get((first.dtype, second_kind, third_kind)) if together else None
        except AttributeError:
            strangers(op, (x1, x2, x3))
            raise
        if plan and plan[0] is None:  # a number may be one that stays a float
            weak = backend.weak_scalars
            if weak and (second_kind is float or second_kind is int) and plan[1][1] and plan[2] is None:
                x2 = second = float(x2)
                plan = ()
            elif weak and (third_kind is float or third_kind is int) and plan[2][1] and plan[1] is None:
                x3 = third = float(x3)
                plan = ()
            elif {second_kind, third_kind} <= _PYTHON:
                top = _top()
                if top is None or (top.below is None and top.live is not None):
                    try:
                        second, third = _number(x2, plan[1][0], backend), _number(x3, plan[2][0], backend)
                        plan = ()
                    except OverflowError:
                        pass
        if plan != ():
            return _general(op, (x1, x2, x3), NO_ATTRS)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x1, x2, x3), NO_ATTRS)
        result = new(kind)
        try:
            result.array = kernel(first, second, third)
        except Exception:
            result.array = _again(op, (x1, x2, x3), NO_ATTRS, backend)
        result.backend = backend
        if top is not None:
            live = top.live
            if (id(x1) in live or id(x2) in live or id(x3) in live) and op.rules:  # as Tape.remember does
                live.add(id(result))
                top.records += (op, (x1, x2, x3), NOTHING, NO_ATTRS, result)
        return result

    return call


def _with_attributes(op: Op) -> Callable[..., Any]:
    """For one tensor and attributes; the callers of other arities are below."""
    if op.variadic or len(op.tensors) != 1:
        return _several(op)
    run, run_known, bind, bound = prepared(op), fixed(op), op.bind, known(op)
    usual = None if op.required else Attrs(op, bind((), {}))

    def call(x: Any = _MISSING, /, *given: Any, **named: Any) -> Any:
        if x is _MISSING:
            named, (x,) = _by_name(op, (), named)
        if not given and not named and usual is not None:
            return run_known(x, usual)
        for value in (*given, *named.values()) if named else given:
            if value.__class__ not in PLAIN and not are_integers(value):
                if value.__class__ is list:
                    named = {name: _tupled(one) for name, one in named.items()} if named else named
                    return call(x, *[_tupled(one) for one in given], **named)
                return run(x, bind(given, named))
        return run_known(x, bound(*given, **named))

    return call


def _tupled(value: Any) -> Any:
    return tuple(value) if value.__class__ is list else value


def fixed(op: Op) -> Callable[[Any, Attrs], Any]:
    """The function of an op of one tensor that is given attributes which come again."""
    direct = op.rule.direct
    every = direct == HELD  # then there is nothing to look for

    def call(x: Any, attrs: Attrs) -> Any:
        if x.__class__ is not kind:
            x = _read(x)
            if x.__class__ is not kind:
                return _general(op, (x,), attrs)
        array, backend = x.array, x.backend
        kernel = attrs.kernels[backend]
        try:
            if kernel is None or not (every or array.dtype in direct):
                return _general(op, (x,), attrs)
        except AttributeError:
            strangers(op, (x,))
            raise
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x,), attrs)
        result = new(kind)
        try:
            result.array = kernel(array)
        except Exception:
            result.array = _again(op, (x,), attrs, backend)
        result.backend = backend
        if top is not None and id(x) in top.live and op.rules:  # as Tape.remember does
            top.live.add(id(result))
            top.records += (op, x, NOTHING, attrs, result)
        return result

    return call


def prepared(op: Op) -> Callable[[Any, dict[str, Any]], Any]:
    """The function of an op of one tensor that is given its attributes complete and in their one form."""
    kernels, direct = op.quick, op.rule.direct

    def call(x: Any, attrs: dict[str, Any]) -> Any:
        if x.__class__ is not kind:
            x = _read(x)
            if x.__class__ is not kind:
                return _general(op, (x,), attrs)
        array, backend = x.array, x.backend
        kernel = kernels[backend]
        try:
            if kernel is None or array.dtype not in direct:
                return _general(op, (x,), attrs)
        except AttributeError:
            strangers(op, (x,))
            raise
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, (x,), attrs)
        result = new(kind)
        try:
            result.array = kernel(array, **attrs)
        except Exception:
            result.array = _again(op, (x,), attrs, backend)
        result.backend = backend
        if top is not None and id(x) in top.live:
            top.remember(op, (x,), attrs, result)
        return result

    return call


def together(op: Op) -> Callable[[Sequence[Any], Attrs], Any]:
    """As `fixed`, for calls with any number of tensors."""
    plans = op.plans

    def call(tensors: Sequence[Any], attrs: Attrs) -> Any:
        first = tensors[0]
        backend = first.backend if first.__class__ is kind else None
        for x in tensors:
            if x.__class__ is not kind or x.backend is not backend:
                return _general(op, tuple(tensors), attrs)
        try:
            if len(tensors) == 2:  # the usual one
                array, other = arrays = first.array, tensors[1].array
                dtypes = array.dtype, other.dtype
            else:
                arrays = tuple([x.array for x in tensors])
                dtypes = tuple([array.dtype for array in arrays])
        except AttributeError:
            strangers(op, tensors)
            raise
        kernel = attrs.kernels[backend]
        if kernel is None or plans.get(dtypes, True):
            return _general(op, tuple(tensors), attrs)
        top = _top()
        if top is not None and (top.below is not None or top.live is None):
            return top.run(op, tuple(tensors), attrs)
        result = new(kind)
        try:
            result.array = kernel(*arrays)
        except Exception:
            result.array = _again(op, tuple(tensors), attrs, backend)
        result.backend = backend
        if top is not None:
            live = top.live
            for x in tensors:
                if id(x) in live:
                    if op.rules:  # as Tape.remember does
                        live.add(id(result))
                        top.records += (op, tuple(tensors), NOTHING, attrs, result)
                    break
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
    """A tensor of host values, copied, on ``backend`` or the current one."""
    return _constant(values, backend, False)


def fresh(values: Any, backend: Any) -> Any:
    """A tensor of host values worked out here, which nobody else holds, on ``backend`` or the current one."""
    return _constant(values, backend, True)


def operand(value: Any) -> Any:
    """An argument of a function that is made of ops, as a tensor: a variable's value, or a new tensor of a list."""
    return value if value.__class__ is kind else _operand(value)
