"""Every op is declared once: its name, signature, documentation, NumPy reference, rule and gradient row.

    @op(elementwise("floating"))
    def exp(x, /):
        "e raised to the power of each element."
        return np.exp(x)

    gradient(exp, lambda g, y, x: g * y)

The body is the NumPy reference: documentation's example, conformance's expected value and the fallback of last resort.
Positional-only parameters are tensors, the others are attributes (static Python values). `op` returns the public
function; the declaration itself is its attribute ``op``.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import numpy as np

from ..backend import optable
from ..dtypes import SCALARS, as_dtype
from ..errors import AxisError, ShapeError, TraceError
from . import call, looked
from .attributes import Attrs, are_integers
from .rules import Rule, Spec

if TYPE_CHECKING:
    from ..tensor import Tensor

P = ParamSpec("P")
_EMPTY = inspect.Parameter.empty

OPS: dict[str, Op] = optable.OPS
"""Every declared op by name: the op table."""


class Kernels(dict[Any, Callable[..., Any]]):
    """An op's kernel on each backend, resolved once, on first use."""

    def __init__(self, op: Op) -> None:
        self.op = op

    def __missing__(self, backend: Any) -> Callable[..., Any]:
        kernel = self[backend] = looked.function(backend.kernel(self.op), f"kernel({self.op.name})", backend)
        return kernel


class QuickKernels(dict[Any, Callable[..., Any] | None]):
    """An op's kernel on each backend in its quickest form, for callers that run the kernel itself should it raise.

    None where arrays have dtypes of the library's own, which are not to be compared with NumPy's. It is kept here
    when it has returned an array.
    """

    def __init__(self, kernels: Kernels) -> None:
        self.kernels = kernels

    def __missing__(self, backend: Any) -> Callable[..., Any] | None:
        quick = self.form(backend)
        if quick is None:
            self[backend] = None
            return None
        return looked.first(self.kernels.op, backend, quick, self)

    def form(self, backend: Any) -> Callable[..., Any] | None:
        """The kernel in its quickest form, whether it has run or not."""
        kernel = self.kernels[backend]
        return getattr(kernel, "quick", kernel) if backend.numpy_dtypes else None


class Op:
    """One declared op.

    Attributes:
        name: the op's name, the same as its public function's and its kernels'.
        called: what errors call it: its name, or that of the function which users come to it by.
        reference: the NumPy function whose parameters are the op's.
        rule: its dtype and shape rule.
        tensors: names of the tensor parameters (one name after ``*`` for a variadic op).
        defaults: every attribute with its default (`inspect.Parameter.empty` where it must be given).
        rules: gradient rules, one per tensor parameter (None: not differentiable in it).
        decomposition: the same op in terms of other ops, for backends without a kernel; or None.
        standard: whether the array API standard has it under this name and signature; the extension's name
            ("linalg", "fft") where it stands in one.
        samples: what its arguments should be when they are chosen for it: a word for all of them, or one for each
            ("any", "positive", "nonzero", "unit": inside (-1, 1), "above one").
        diagnose: finds the reason for a kernel's exception in the arguments, ``diagnose(args, attrs) -> exception or
            None``, so that it is one sentence on every backend; or None.
        results: how many arrays its kernels return: a tuple of them where it is not 1 (see `several`).
        kernels: the kernel on each backend. quick: the same for callers that can do without (see `QuickKernels`).
        prepared: the public function of an op of one tensor, for callers that have its attributes ready.
        fixed: the same for attributes that come again.
        plans: what the general way in does with arguments of each combination of dtypes, worked out once.
        graphs: the attributes that are graphs, in ops of control flow.
        joint: whether it has one gradient rule for all arguments together.
        pointwise: whether it is elementwise of one tensor: then cotangents have their argument's shape as they come.
    """

    graphs: tuple[str, ...] = ()
    joint = False

    def __init__(
        self,
        reference: Callable[..., Any],
        rule: Rule,
        *,
        name: str | None = None,
        decomposition: Callable[..., Any] | None = None,
        standard: bool | str = True,
        samples: str | tuple[str, ...] = "any",
        diagnose: Callable[..., Exception | None] | None = None,
        results: int = 1,
        called: str | None = None,
    ) -> None:
        self.name = name or reference.__name__.strip("_")
        self.called = called or self.name
        self.reference, self.rule, self.decomposition, self.standard = reference, rule, decomposition, standard
        self.samples, self.diagnose, self.results = samples, diagnose, results
        self.rules: tuple[Callable[..., Any] | None, ...] = ()
        self.kernels = Kernels(self)
        self.quick = QuickKernels(self.kernels)
        self.prepared: Callable[[Any, dict[str, Any]], Any]
        self.fixed: Callable[[Any, Attrs], Any]
        self.plans: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.tensors, self.variadic, self.defaults = _parameters(reference)
        self.pointwise = rule.family == "elementwise" and len(self.tensors) == 1 and not self.variadic
        self.required = tuple([name for name, value in self.defaults.items() if value is _EMPTY])
        self.converted = tuple((name, CONVERT[name]) for name in self.defaults if name in CONVERT)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return OPS.__getitem__, (self.name,)

    @property
    def differentiable(self) -> bool:
        """Whether any argument has a gradient rule."""
        return any(rule is not None for rule in self.rules)

    def pullback(self, index: int, g: Any, y: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """The cotangent of argument ``index`` from the cotangent ``g`` of the result ``y`` (None: no gradient)."""
        rules = self.rules
        if self.variadic and index >= len(rules) - 1:
            rule = rules[-1] if rules else None
            return None if rule is None else rule(index, g, y, *args, **attrs)
        rule = rules[index] if index < len(rules) else None
        return None if rule is None else rule(g, y, *args, **attrs)

    def bind(self, positional: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """All attributes of a call, defaults filled in and values in one hashable form; a ``name`` means nothing."""
        if "name" in named:
            named = {name: value for name, value in named.items() if name != "name"}
        attrs = {**self.defaults, **named}
        count = len(self.defaults)
        if positional:
            if len(positional) > count:
                raise TypeError(self.usage(f"takes at most {count} attributes, got {len(positional)}"))
            for name, value in zip(self.defaults, positional):  # noqa: B905  (fewer values than names is the usual case)
                if name in named:
                    raise TypeError(self.usage(f"got {name!r} twice"))
                attrs[name] = value
        if len(attrs) > count:
            unknown = next(name for name in named if name not in self.defaults)
            raise TypeError(self.usage(f"has no attribute {unknown!r}"))
        if len(positional) + len(named) < count:
            for name in self.required:
                if attrs[name] is _EMPTY:
                    raise TypeError(self.usage(f"needs {name!r}"))
        for name, convert in self.converted:
            value = attrs[name] = convert(attrs[name])
            if value is None and name == "axis" and self.defaults["axis"] is not None:
                raise AxisError(f"{self.called}: expected an axis; got None.")
        return attrs

    def fallback(self, backend: Any) -> Callable[..., Any]:
        """The kernel for a backend that has none: the decomposition, else the reference on the host."""
        return self.on_host(backend) if self.decomposition is None else call.decomposed(self, backend)

    def on_host(self, backend: Any) -> Callable[..., Any]:
        """The NumPy reference as a kernel of a backend: there and back again, counted in its ``host_fallbacks``."""

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            backend.host_fallbacks[self.name] = backend.host_fallbacks.get(self.name, 0) + 1
            hosted = [a if isinstance(a, SCALARS) else backend.to_numpy(a) for a in arrays]
            with np.errstate(all="ignore"):  # values speak for themselves: no backend warns
                found = self.reference(*hosted, **attrs)
                if self.results > 1:
                    return tuple(backend.asarray(np.asarray(part)) for part in found)
                return backend.asarray(np.asarray(found))

        return kernel

    def usage(self, trouble: str) -> str:
        """A sentence that says what is wrong with a call and how the op is called."""
        return f"{self.called} {trouble}. Its signature is {self.called}{inspect.signature(self.reference)}."

    def infer(self, specs: tuple[Spec, ...], attrs: dict[str, Any]) -> Any:
        """The result's shape and dtype; errors of shapes and axes name the op."""
        try:
            return self.rule.infer(*specs, **attrs)
        except (ShapeError, AxisError) as error:
            if str(error).startswith(self.called):
                raise
            raise type(error)(f"{self.called}: {error}") from None


def _parameters(reference: Callable[..., Any]) -> tuple[tuple[str, ...], bool, dict[str, Any]]:
    """The tensor parameters of a reference, whether the last of them is variadic, and its attributes with defaults.

    What `inspect.signature` says, read from the code object: with two hundred ops, a tenth of the import's time.
    """
    while hasattr(reference, "__wrapped__"):
        reference = reference.__wrapped__  # type: ignore[attr-defined]
    code: Any = reference.__code__  # type: ignore[attr-defined]
    names, first, last = code.co_varnames, code.co_posonlyargcount, code.co_argcount
    end = last + code.co_kwonlyargcount
    variadic = bool(code.co_flags & inspect.CO_VARARGS)
    by_place = reference.__defaults__ or ()  # type: ignore[attr-defined]
    given = dict(zip(names[last - len(by_place) : last], by_place, strict=True))
    given |= reference.__kwdefaults__ or {}  # type: ignore[attr-defined]
    attributes = {name: given.get(name, _EMPTY) for name in names[first:end]}
    return names[:first] + (names[end : end + 1] if variadic else ()), variadic, attributes


def _axis(axis: Any) -> Any:
    if axis is None or axis.__class__ is int:
        return axis
    if are_integers(axis):
        return axis
    if isinstance(axis, (tuple, list)):
        return tuple([_axis_number(one) for one in axis])
    return _axis_number(axis)


def _axis_number(axis: Any) -> int:
    if not hasattr(axis, "__index__") or isinstance(axis, bool):
        raise TypeError(f"axis must be an integer or a tuple of integers; got {axis!r}.")
    return int(axis.__index__())


def _flag(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise TypeError(f"keepdims must be True or False; got {value!r}.")
    return bool(value)


def shape_tuple(shape: Any) -> tuple[int, ...]:
    """A shape given as an integer, a tuple, a list or a one-dimensional tensor, as a tuple of Python integers."""
    if are_integers(shape) or (isinstance(shape, (tuple, list)) and are_integers(tuple(shape))):
        return tuple(shape)
    if hasattr(shape, "__index__") and not isinstance(shape, (tuple, list)) and not getattr(shape, "ndim", 0):
        return (int(shape.__index__()),)
    try:
        return tuple(int(size.__index__()) for size in shape)
    except TraceError:
        raise
    except (TypeError, AttributeError):
        raise TypeError(f"a shape is an integer or a sequence of integers; got {shape!r}.") from None


MOST_BYTES = 2**47
"""More than processors can address: a tensor of more bytes fits into no memory."""


def checked_sizes(shape: tuple[int, ...], dtype: np.dtype | None = None) -> tuple[int, ...]:
    """A shape whose sizes are 0 or more, and of which a tensor of the dtype (of a byte, if left out) may be made."""
    for size in shape:
        if size < 0:
            raise ShapeError(f"sizes of a shape are 0 or more; got {shape}.")
    count = math.prod(shape) * (1 if dtype is None else dtype.itemsize)
    if count > MOST_BYTES:
        kind = "" if dtype is None else f" and dtype {dtype.name}"
        raise ShapeError(
            f"a tensor of shape {shape}{kind} has at least {count:,} bytes, which fit into no machine's memory. Make "
            "parts of it."
        )
    return shape


CONVERT: dict[str, Callable[[Any], Any]] = {
    "axis": _axis,
    "axes": _axis,
    "keepdims": _flag,
    "shape": shape_tuple,
    "dtype": lambda dtype: None if dtype is None else as_dtype(dtype),
}
"""How attributes of these names are brought to one form, so that equal calls have equal, hashable attributes."""


def op(
    rule: Rule,
    *,
    name: str | None = None,
    decomposition: Callable[..., Any] | None = None,
    standard: bool | str = True,
    samples: str | tuple[str, ...] = "any",
    diagnose: Callable[..., Exception | None] | None = None,
    results: int = 1,
    called: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]:
    """Declare an op: the decorated function is its NumPy reference, the result its public function.

    Args:
        rule: the dtype and shape rule.
        name: the op's name where it differs from the function's.
        decomposition: the op in terms of other ops, used where a backend has no kernel of that name.
        standard: whether an array namespace's function of that name is this op (False: only a backend's own method is),
            or the name of the standard's extension in which that function stands.
        samples: what arguments to choose for it in examples and checks (see `Op`).
        diagnose: what a kernel's exception means, in words that are the same on every backend (see `Op`).
        called: what errors call it, where users know it by another function's name.
        results: how many results it has; the function of an op of several returns them as one value, see `several`.
    """

    def declare(reference: Callable[P, Any]) -> Callable[P, Tensor]:
        declared = Op(
            reference,
            rule,
            name=name,
            decomposition=decomposition,
            standard=standard,
            samples=samples,
            diagnose=diagnose,
            results=results,
            called=called,
        )
        if declared.name in OPS:
            raise ValueError(
                f"an op named {declared.name!r} is declared already, in {OPS[declared.name].reference.__module__}."
            )
        OPS[declared.name] = declared
        declared.prepared, declared.fixed = call.prepared(declared), call.fixed(declared)
        function = call.caller(declared)
        function.__name__ = function.__qualname__ = reference.__name__
        function.__doc__, function.__module__ = reference.__doc__, reference.__module__
        function.__wrapped__ = reference  # type: ignore[attr-defined]  # inspect.signature shows the op's own parameters
        function.op = declared  # type: ignore[attr-defined]
        return cast("Callable[P, Tensor]", function)

    return declare


def gradient(function: Callable[..., Any], *rules: Callable[..., Any] | None) -> None:
    """Give an op its gradient row: one rule per tensor argument, in order.

    A rule is ``rule(g, y, *args, **attrs) -> cotangent of its argument``, written in polyflow's own ops, where ``g`` is
    the cotangent of the result ``y``. Broadcasting needs no thought: it is undone where gradients are added up. None
    marks an argument without a gradient. The last rule of a variadic op gets the argument's index first.
    """
    op: Op = function.op  # type: ignore[attr-defined]
    if not op.variadic and len(rules) != len(op.tensors):
        raise TypeError(f"{op.name} has {len(op.tensors)} tensor arguments; got {len(rules)} gradient rules.")
    op.rules = rules
