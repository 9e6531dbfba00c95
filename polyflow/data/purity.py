"""Whether a function does nothing but compute: read off its code, without running it.

Running a function once on symbols in place of once for each element is only the same if it has no effect but its result
and reads nothing that changes between two calls. So its code, and that of the functions it calls, may load constants,
functions of polyflow, of NumPy and of `math`, Python's pure built-in functions, and captured values: numbers, strings,
tensors, arrays, containers of these, and attributes of the object that a method belongs to. Whatever is not known to be
harmless is taken for an effect: printing, random draws, iterators, clocks, locks, variables, classes of the user's,
assignments to anything but local names, and handling exceptions, which would hide that a function asks for values.
"""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..flow.function import Function
from ..tensor import Tensor
from .spec import TensorSpec

__all__ = ["Reads", "reads"]

_POLYFLOW = tuple(
    """
    activations array_api composed dtypes flow linalg losses math nn ops random.draws random.keys tensor
    """.split()  # noqa: SIM905
)
"""Modules whose functions only compute (a random draw without a key reads a variable, which tracing finds)."""

_BUILTINS = frozenset(
    getattr(builtins, name)
    for name in """
    abs all any bool complex dict divmod enumerate float frozenset int isinstance len list max min pow range reversed
    round set slice sorted str sum tuple zip
    """.split()  # noqa: SIM905
)

_NUMPY_EFFECTS = frozenset(
    """
    copyto empty empty_like errstate fill_diagonal fromfile genfromtxt load loadtxt memmap place put put_along_axis
    putmask save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall
    """.split()  # noqa: SIM905
)

_CHANGES = frozenset(
    """
    add append clear discard extend fill insert partition pop popitem put remove resize reverse setdefault setfield
    setflags sort update
    """.split()  # noqa: SIM905
)
"""Methods that change a list, a set, a dict or an array in place."""

_EFFECTS = frozenset(
    """
    DELETE_ATTR DELETE_GLOBAL IMPORT_FROM IMPORT_NAME LOAD_BUILD_CLASS LOAD_NAME PUSH_EXC_INFO STORE_ATTR STORE_GLOBAL
    STORE_NAME
    """.split()  # noqa: SIM905
)
"""Instructions that change something outside of the function, hide exceptions, or lead to what is not followed here."""

MANY = 1000
"""Containers of more values than this are not looked through."""

_PLAIN = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    slice,
    range,
    type(None),
    type(Ellipsis),
    np.generic,
    np.dtype,
    enum.Enum,
    TensorSpec,
)
"""Types of values that never change."""


class _Impure(Exception):
    """A function may do more than compute."""


class Reads:
    """What a function that only computes reads besides its arguments."""

    __slots__ = ("changeable", "places")

    def __init__(self) -> None:
        self.places: list[tuple[Callable[[], Any], Any]] = []
        self.changeable = False

    def same(self) -> bool:
        """Whether it is certain that all of it is still what it was: False where an array or a list is among it."""
        return not self.changeable and all(get() is value for get, value in self.places)


def reads(function: Callable[..., Any]) -> Reads | None:
    """What a function reads besides its arguments, if it does nothing but compute; None where it may do more."""
    reader = _Reader()
    try:
        if isinstance(function, (FunctionType, MethodType, functools.partial, Function)):
            reader.callable(function)
        else:
            reader.callable(_member(function, "__call__") if _own(function) else function)
    except _Impure:
        return None
    found = reader.reads
    return None if reader.writes and (found.changeable or reader.tensors) else found


class _Reader:
    """Follows code from one function to those that it calls.

    Attributes:
        reads: what was found.
        writes: whether an item of something is assigned, or a method called that changes things in place.
        tensors: whether the function holds a tensor, to whose items it might assign.
    """

    def __init__(self) -> None:
        self.reads = Reads()
        self.writes = self.tensors = False
        self._seen: set[Any] = set()

    def callable(self, value: Any) -> None:
        """Follow something that may be called."""
        if _known(value):
            return
        if isinstance(value, FunctionType):
            self._function(value, None)
        elif isinstance(value, MethodType) and isinstance(value.__func__, FunctionType):
            self._function(value.__func__, value.__self__)
        elif isinstance(value, Function):
            self.callable(value.python_function)
        elif isinstance(value, functools.partial):
            self.callable(value.func)
            for one in (*value.args, *value.keywords.values()):
                self.value(one)
        else:
            raise _Impure

    def value(self, value: Any) -> None:
        """Take note of a value that the function holds."""
        if isinstance(value, _PLAIN):
            return
        kind = type(value)
        if isinstance(value, tuple) or kind is frozenset:
            parts = value
        elif kind in (list, set):
            parts, self.reads.changeable = value, True
        elif kind in (dict, OrderedDict):
            parts, self.reads.changeable = value.values(), True
        elif kind is np.ndarray and value.dtype.kind != "O":
            parts, self.reads.changeable = (), True
        elif kind is Tensor:
            parts, self.tensors = (), True
            self.reads.places.append((functools.partial(getattr, value, "array"), value.array))
        else:
            self.callable(value)
            return
        if len(parts) > MANY:
            raise _Impure
        if id(value) not in self._seen:  # a list may hold itself
            self._seen.add(id(value))
            for part in parts:
                self.value(part)

    def _function(self, function: FunctionType, owner: Any) -> None:
        if (id(function), id(owner)) in self._seen:
            return
        self._seen.add((id(function), id(owner)))
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        if _trusted(function):
            for cell in cells.values():  # functions of the user's, as in a gradient
                held = _held(cell)
                if isinstance(held, (FunctionType, MethodType, Function)):
                    self.callable(held)
            return
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise _Impure
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.value(default)
        self._code(function.__code__, function, cells, owner)

    def _code(self, code: CodeType, function: FunctionType, cells: dict[str, CellType], owner: Any) -> None:
        own = code.co_varnames[0] if owner is not None and code.co_argcount else None
        instructions = [one for one in dis.get_instructions(code) if one.opname != "CACHE"]
        for i, one in enumerate(instructions):
            name, argument = one.opname, one.argval
            if name in _EFFECTS or (name in ("STORE_DEREF", "DELETE_DEREF") and argument in cells):
                raise _Impure
            if _attribute(one) and argument.startswith("__"):
                raise _Impure
            if name in ("STORE_SUBSCR", "STORE_SLICE", "DELETE_SUBSCR") or (_attribute(one) and argument in _CHANGES):
                self.writes = True
            if name == "LOAD_GLOBAL":
                self._global(function, argument, instructions[i + 1 :])
            elif name in ("LOAD_DEREF", "LOAD_CLOSURE") and argument in cells:
                cell = cells[argument]
                self._follow(functools.partial(_held, cell), _held(cell), instructions[i + 1 :])
            elif own is not None and "_FAST" in name and own in (named := _names(argument)):
                if not name.startswith("LOAD_FAST") or named[-1] != own or named.count(own) > 1:
                    raise _Impure  # the object itself is handed on, or another one takes its name
                self._attributes(owner, instructions[i + 1 :])
            elif isinstance(argument, CodeType):  # a function inside: what it takes from this one is followed here
                inner = {name: cells[name] for name in argument.co_freevars if name in cells}
                if own in argument.co_freevars:
                    raise _Impure
                self._code(argument, function, inner, None)

    def _global(self, function: FunctionType, name: str, after: list[dis.Instruction]) -> None:
        names = function.__globals__
        if name in names:
            self._follow(functools.partial(names.get, name), names[name], after)
        elif getattr(builtins, name, None) not in _BUILTINS and not _exception(getattr(builtins, name, None)):
            raise _Impure

    def _follow(self, get: Callable[[], Any], value: Any, after: list[dis.Instruction]) -> None:
        """A value from outside and what is asked of it."""
        self.reads.places.append((get, value))
        self._attributes(value, after)

    def _attributes(self, value: Any, after: list[dis.Instruction]) -> None:
        """What a chain of attributes leads to, in which the value is a module or an object of the user's."""
        for one in after:
            if not _attribute(one):
                break
            if isinstance(value, ModuleType):
                value = getattr(value, one.argval, _Impure)
            elif _own(value):
                self.reads.changeable = True
                value = _member(value, one.argval)
            else:
                break
        self.value(value)


def _attribute(one: dis.Instruction) -> bool:
    return one.opname in ("LOAD_ATTR", "LOAD_METHOD")


def _names(argument: Any) -> tuple[str, ...]:
    """The local names of an instruction: some have two."""
    return argument if isinstance(argument, tuple) else (argument,)


def _held(cell: CellType) -> Any:
    """What a cell holds; `_Impure` itself, which no function may read, for one that is still empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return _Impure


def _own(value: Any) -> bool:
    """Whether a value is a class of the user's, or an object of one."""
    cls = value if isinstance(value, type) else type(value)
    return (
        not isinstance(value, (*_PLAIN, tuple, list, dict, set, np.ndarray, FunctionType, MethodType))
        and hasattr(value, "__dict__")
        and cls.__getattribute__ in (object.__getattribute__, type.__getattribute__)
        and not hasattr(cls, "__getattr__")
        and cls.__module__.partition(".")[0] not in ("builtins", "functools", "numpy", "polyflow")
    )


def _member(value: Any, name: str) -> Any:
    """An attribute of a class of the user's or of an object of one, found without running code."""
    is_class = isinstance(value, type)
    if not is_class and name in vars(value):
        return vars(value)[name]
    for base in (value if is_class else type(value)).__mro__:
        if name in vars(base):
            found = vars(base)[name]
            if isinstance(found, FunctionType):
                return found if is_class else MethodType(found, value)
            return found.__func__ if isinstance(found, staticmethod) else found
    raise _Impure


def _trusted(function: FunctionType) -> bool:
    """Whether a function is one of polyflow's that only compute."""
    module = str(function.__globals__.get("__name__", ""))
    package, _, rest = module.partition(".")
    return package == "polyflow" and any(rest == name or rest.startswith(f"{name}.") for name in _POLYFLOW)


def _exception(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _known(value: Any) -> bool:
    """Whether something that is not written in Python only computes when it is called."""
    if isinstance(value, type):
        named_tuple = issubclass(value, tuple) and hasattr(value, "_fields")
        return (
            value in _BUILTINS
            or issubclass(value, np.generic)
            or named_tuple
            or (_exception(value) and value is not _Impure)
        )
    if isinstance(value, np.ufunc):
        return True
    module = getattr(value, "__module__", None)
    if module == "math":
        return isinstance(value, BuiltinFunctionType)
    if isinstance(module, str) and module.partition(".")[0] == "numpy" and not module.startswith("numpy.random"):
        bound = getattr(value, "__self__", None)
        return (bound is None or isinstance(bound, ModuleType)) and getattr(value, "__name__", "") not in _NUMPY_EFFECTS
    return isinstance(value, BuiltinFunctionType) and value in _BUILTINS
