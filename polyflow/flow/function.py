"""function: a Python function run as a compiled graph, traced once per signature."""

from __future__ import annotations

import functools
import inspect
import keyword
import math
import re
import threading
import weakref
from collections.abc import Callable
from typing import Any

from .. import tree
from ..backend import selection
from ..errors import DTypeError, ShapeError
from ..ops.call import interpreter
from ..ops.rules import Spec
from ..tensor import Operators, Tensor, asarray, concrete, is_spec, tensor
from ..variable import Variable
from . import notes, refusals
from .eager import common
from .interpreter import inside
from .joint import called
from .retracing import Programs, traits
from .signature import Signature
from .trace import Compiled, Traced, parameters, trace

MANY_CALLS = 10
"""How many calls of a function inside of itself are taken for ones without an end, where Python gave up."""


class Function:
    """A function that is traced into a graph for each signature of its tensors and compiled by the backend.

    Python code in it runs while tracing only; values it reads from variables, and those it assigns, are inputs and
    outputs of the graph. Arguments that are no tensors, arrays or numbers are static: another value traces again.
    A variable that is an argument stays a variable, which may be assigned; another one traces again.
    In another trace the function's own ops go into that graph. Tapes record a call as one, whose gradient is compiled
    too, of every order; what they record of a function with a gradient of its own (`custom_gradient`), or that reads a
    trainable variable which it has assigned, are its ops.
    """

    def __init__(
        self, function: Callable[..., Any], signature: Signature | None = None, programs: Programs | None = None
    ) -> None:
        functools.update_wrapper(self, function)
        self.python_function, self.signature = function, signature
        self.name = getattr(function, "__name__", "the function")
        self._programs = Programs() if programs is None else programs
        self._making = threading.Lock()
        self._programs_of: dict[int, tuple[Any, Programs]] = {}

    def __get__(self, owner: Any, kind: type | None = None) -> Function:
        """As a method: the function with its first argument given, with programs of its own for each object."""
        if owner is None:
            return self
        return Function(self.python_function.__get__(owner), self.signature, self._programs_for(owner))

    def _programs_for(self, owner: Any) -> Programs:
        """The programs made for an object, for as long as it lives."""
        place = id(owner)
        if place not in self._programs_of:
            try:
                forget = weakref.ref(owner, lambda _: self._programs_of.pop(place, None))
            except TypeError:
                raise TypeError(
                    f"{self.name} is a method of a {type(owner).__name__}, which has no weak references: "
                    "its programs would outlive it. Add '__weakref__' to its __slots__, or compile a function of it."
                ) from None
            self._programs_of[place] = (forget, Programs())
        return self._programs_of[place][1]

    def __repr__(self) -> str:
        return f"<polyflow function {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Function, (self.python_function, self.signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.signature is not None:
            args, kwargs = self.signature.fit(self.python_function, args, kwargs), {}
        if _setting.eagerly:
            return self.python_function(*args, **kwargs)
        top = interpreter.get()
        if top is not None and top.backend is not None:
            return self._inline(args, kwargs)
        self._programs.calls += 1
        if top is None and not kwargs:
            key = _plain(args)
            program = self._programs.of_plain.get(key)
            if program is not None:
                return program.tensors([tensor.array for tensor in args])
        else:
            key = None
        leaves, structure, tensors, backend = self._tensors(args, kwargs)
        program = self._program(leaves, structure, tensors, backend)
        if top is not None:
            return self._inline(args, kwargs) if program.traced.tapes_differ else called(program, tensors, top)
        if key is not None:
            self._programs.of_plain[key] = program
        return program.tensors([tensor.array for tensor in tensors])

    def _inline(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Its own ops, for those who record them or write them into a graph."""
        with notes.scope(self.name):
            return self.python_function(*args, **kwargs)

    @property
    def retraces(self) -> tuple[str, ...]:
        """Why it was traced again, for each trace but the first: how that call differed from those before."""
        return tuple(self._programs.reasons)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Function:
        """The function of tensors like these alone, with everything else that is given here settled.

        Args:
            *args, **kwargs: as in a call, with a `TensorSpec` in place of a tensor or a container of them.

        Returns:
            A function of the tensors, in the order of the parameters or by their names.
        """
        if self.signature is not None:
            return self
        bound = inspect.signature(self.python_function).bind(*args, **kwargs)
        keys, count = list(bound.kwargs), len(bound.args)
        shown = _apart([*keys, *_places(bound)])
        names = [*shown[len(keys) :], *shown[: len(keys)]]
        given = dict(zip(names, (*bound.args, *bound.kwargs.values()), strict=True))
        specs = {name: _spec_of(arg) for name, arg in given.items() if not _is_static(arg)}

        @functools.wraps(self.python_function)
        def concrete_function(*tensors: Any) -> Any:
            values = list((given | dict(zip(specs, tensors, strict=True))).values())
            return self.python_function(*values[:count], **dict(zip(keys, values[count:], strict=True)))

        del concrete_function.__wrapped__  # it takes tensors only
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        taken = [inspect.Parameter(name, kind) for name in specs]
        concrete_function.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
        return Function(concrete_function, Signature(list(specs.values())))

    def trace(self, *args: Any, **kwargs: Any) -> Traced:
        """The trace for arguments like these: its ``graph``, and the variables it reads and writes.

        Args:
            *args, **kwargs: as in a call, with a `TensorSpec` in place of a tensor where its values do not matter.

        Raises:
            ShapeError: for a spec with sizes that vary; a trace is of one shape.
        """
        if self.signature is not None:
            args, kwargs = self.signature.fit(self.python_function, args, kwargs), {}
        leaves, structure, tensors, backend = self._tensors(args, kwargs, specs=True)
        return self._program(leaves, structure, tensors, backend).traced

    def graph(self, *args: Any, **kwargs: Any) -> Any:
        """The graph for arguments like these; as `trace`."""
        return self.trace(*args, **kwargs).graph

    def _program(self, leaves: list[Any], structure: Any, tensors: list[Tensor], backend: Any) -> Compiled:
        signature = tuple(
            ("tensor", tuple(leaf.shape), leaf.dtype) if _is_traced(leaf) else ("static", type(leaf), _key(leaf))
            for leaf in leaves
        )
        key = (backend, structure, signature)
        try:
            program = self._programs.get(key)
        except TypeError:
            found = next(leaf for leaf in leaves if not _is_traced(leaf) and not _hashable(leaf))
            raise DTypeError(
                f"{self.name} got an argument of type {type(found).__name__}, which is no tensor and not hashable. "
                "Pass tensors, numbers, or values that can be a dict's key."
            ) from None
        if program is None:
            with self._making:
                program = self._programs.get(key)
                if program is None:
                    program = self._programs[key] = self._compile(leaves, structure, tensors, backend)
                    args, kwargs = tree.unflatten(structure, leaves)
                    found = traits(self.python_function, args, kwargs, backend)
                    self._programs.traced(self.name, found, self.python_function)
        return program

    def _compile(self, leaves: list[Any], structure: Any, tensors: list[Tensor], backend: Any) -> Compiled:
        def flat(*symbols: Any) -> Any:
            waiting = iter(symbols)
            args, kwargs = tree.unflatten(structure, [next(waiting) if _is_traced(leaf) else leaf for leaf in leaves])
            return self.python_function(*args, **kwargs)

        named = _names(self.python_function, *tree.unflatten(structure, leaves))
        specs = [Spec(t.shape, t.dtype) for t in tensors]
        try:
            traced = trace(flat, *specs, backend=backend, names=named)
            if traced.new:  # the way of later calls, which find these variables made
                with inside(None):
                    for generator, state in traced.drawn:
                        generator.assign(state)
                traced = trace(flat, *specs, backend=backend, names=named)
        except RecursionError as error:
            if refusals.calls_of(self.python_function, error) < MANY_CALLS:
                raise
            raise refusals.recursion(self.name) from None
        if traced.new:
            raise refusals.made_again(self.name, *traced.new[0])
        return Compiled(traced, self.name)

    def _tensors(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], specs: bool = False
    ) -> tuple[list[Any], Any, list[Tensor], Any]:
        """The leaves of the arguments and their structure, the tensors among them, and their backend.

        With ``specs``, specs of tensors are tensors too.
        """
        leaves, structure = tree.flatten((args, kwargs))
        leaves = [
            leaf.read() if isinstance(leaf, Operators) and not isinstance(leaf, Variable) else leaf for leaf in leaves
        ]
        backend = common(self.name, leaves) or selection.current()
        leaves = [_maybe_array(leaf, backend) for leaf in leaves]
        for leaf in filter(is_spec, leaves):
            self._check_spec(leaf, specs)
        return leaves, structure, [leaf for leaf in leaves if _is_traced(leaf)], backend

    def _check_spec(self, spec: Any, taken: bool) -> None:
        if not taken:
            raise TypeError(
                f"{self.name} was called with {spec!r}, which describes a tensor and is none. Call it with a tensor; "
                "trace, graph and get_concrete_function take specs."
            )
        if not spec.fixed:
            raise ShapeError(
                f"{self.name} is traced for one shape, and {spec!r} leaves sizes open. Write them as numbers."
            )


class _Setting:
    """What holds for all functions."""

    eagerly = False


_setting = _Setting()


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether `function` leaves functions as they are, so that a debugger stops in them and values may be looked at."""
    _setting.eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether it does so now."""
    return _setting.eagerly


def _names(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """A name for each tensor of a call: its parameter's, with a number where that holds several."""
    found = []
    known = parameters(function)
    pairs = [(known[i] if i < len(known) else f"argument_{i}", arg) for i, arg in enumerate(args)]
    for name, container in (*pairs, *sorted(kwargs.items())):
        count = sum(_is_traced(leaf) for leaf in tree.flatten(container)[0])
        found += [name] if count == 1 else [f"{name}.{i}" for i in range(count)]
    return found


def _places(bound: inspect.BoundArguments) -> list[str]:
    """A name for each argument that is handed over by place: its parameter's, with a number for one of ``*args``."""
    found: list[str] = []
    for name in bound.arguments:
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            found += [f"{name}_{number}" for number in range(len(bound.arguments[name]))]
        elif kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
            found.append(name)
    return found


def _apart(names: list[str]) -> list[str]:
    """Names that parameters may have, no two the same: the first of several keeps its own."""
    found: list[str] = []
    for name in names:
        own = re.sub(r"\W", "_", name)
        while own in found or keyword.iskeyword(own):
            own += "_"
        found.append(own)
    return found


def _plain(args: tuple[Any, ...]) -> Any:
    """What a call with these arguments is traced for, where they are tensors of one backend; None for all others."""
    key: list[Any] = []
    for arg in args:
        if arg.__class__ is not Tensor or arg.backend is not args[0].backend:
            return None
        key += (arg.array.shape, arg.dtype)
    return (args[0].backend, *key) if key else None


def _is_static(arg: Any) -> bool:
    """Whether an argument holds neither tensors nor specs of tensors."""
    return not any(_is_tensor(leaf) for leaf in tree.flatten(arg)[0])


def _is_tensor(leaf: Any) -> bool:
    if isinstance(leaf, Variable):
        return False
    return isinstance(leaf, Operators) or hasattr(leaf, "__array__") or hasattr(leaf, "accepts")


def _spec_of(arg: Any) -> Any:
    """The specs of tensors in a container; specs are taken as they are."""
    from ..data import TensorSpec

    def spec(leaf: Any) -> Any:
        if hasattr(leaf, "accepts"):
            return leaf
        value = asarray(leaf)
        return TensorSpec(value.shape, value.dtype)

    return tree.map(spec, arg)


class _Same:
    """A variable as part of a key: it is itself and no other, whatever its value."""

    __slots__ = ("variable",)

    def __init__(self, variable: Variable) -> None:
        self.variable = variable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)


def _key(leaf: Any) -> Any:
    """What a leaf that is no tensor is known by: numbers by their bits, for 0.0 == -0.0 and NaN is unlike itself."""
    if isinstance(leaf, float):
        return leaf.hex(), math.copysign(1.0, leaf)
    if isinstance(leaf, complex):
        return _key(leaf.real), _key(leaf.imag)
    return _Same(leaf) if isinstance(leaf, Variable) else leaf


def _hashable(leaf: Any) -> bool:
    try:
        hash(leaf)
    except TypeError:
        return False
    return True


def _is_traced(leaf: Any) -> bool:
    """Whether a leaf is an input of the graph: a tensor, or the spec of one."""
    return concrete(leaf) or is_spec(leaf)


def _maybe_array(leaf: Any, backend: Any) -> Any:
    foreign = hasattr(leaf, "__array__") and not isinstance(leaf, (type, Operators))
    return tensor(leaf, backend=backend) if foreign else leaf


def function(func: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Run ``func`` as a compiled graph (a decorator, with or without parentheses).

    Args:
        func: the function.
        input_signature: a `TensorSpec` for each argument, or a container of them. Numbers, lists and arrays become
            tensors of these dtypes, and what does not fit is refused; each shape is still traced by itself.
        jit_compile, reduce_retracing, autograph: accepted as in TensorFlow; they change nothing.
    """
    unknown = set(options) - {"input_signature", "jit_compile", "reduce_retracing", "autograph"}
    if unknown:
        raise TypeError(f"function has no option {min(unknown)!r}.")
    if func is not None and not callable(func):
        raise TypeError(f"function takes a Python function to turn into graphs; got {func!r}.")
    given = options.get("input_signature")
    signature = None if given is None else Signature(given)
    return Function(func, signature) if func is not None else functools.partial(Function, signature=signature)
