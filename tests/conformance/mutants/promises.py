"""Faults of what a backend says of itself beside its ops, and of the arrays that others still hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np

from polyflow.backend import Capabilities
from polyflow.backend.loop import StepByStep
from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


def _fixed(array: Any) -> Any:
    array = np.array(array)
    array.flags.writeable = False
    return array


@mutant("arrays that cannot be written to, though that is claimed", "inplace")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return _fixed(super().asarray(obj, dtype, device))


@mutant("what is written to a row goes nowhere, though that is claimed", "inplace")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return super().asarray(obj, dtype, device).view(_Deaf)


class _Deaf(np.ndarray):
    def __setitem__(self, key, value):
        pass


@mutant("bytes counted as elements", "memory_of")
class _(NumPyBackend):
    def memory_of(self, graph):
        return super().memory_of(graph) // 4


@mutant("no bytes at all", "memory_of")
class _(NumPyBackend):
    def memory_of(self, graph):
        return 0


@mutant("the arguments among the bytes", "memory_of")
class _(NumPyBackend):
    def memory_of(self, graph):
        return super().memory_of(graph) + sum(np.prod(v.shape, dtype=int) * v.dtype.itemsize for v in graph.inputs)


@mutant("a number of bytes that is none", "memory_of")
class _(NumPyBackend):
    def memory_of(self, graph):
        return f"{super().memory_of(graph)} B"


@mutant("bytes of the graph that was asked about first", "memory_of")
class _(NumPyBackend):
    def memory_of(self, graph):
        self.first = self.__dict__.get("first") or super().memory_of(graph)
        return self.first


@mutant("donation claimed, and nothing is taken", "donation")
class _(NumPyBackend):
    capabilities = Capabilities(host_arguments=True, donation=True)


class Donating(StepByStep):
    """A loop that works in the memory of its state, without a fault."""

    taken = True

    def __init__(self, loop, backend):
        super().__init__(loop, backend)
        self.donated = loop.writes

    def donating(self, state, data, orders, start, stop, into):
        kept = [np.array(one) for one in state]
        after, reports = self(kept, data, orders, start, stop)
        changed = [self.over(state, after, place) for place in self.loop.writes]
        into.append((tuple(changed), tuple(reports)))

    def over(self, state, after, place):
        """The new array of a place, in the memory of the old one."""
        if not np.ndim(state[place]):
            return after[place]
        state[place][...] = after[place]
        return state[place]


def looping_with(program: type[StepByStep]) -> Any:
    """A backend that claims donation, with this way to run loops."""
    members = {
        "loop": lambda self, loop: program(loop, self),
        "capabilities": Capabilities(host_arguments=True, inplace=True, donation=True),
    }
    return type("Donating", (NumPyBackend,), members)()


def donating(fault: str, program: type[StepByStep]) -> None:
    """A mutant whose loops take the memory of the state."""
    MUTANTS.append(Mutant(fault, "donation", lambda: looping_with(program)))


class _TakesMore(Donating):
    def donating(self, state, data, orders, start, stop, into):
        super().donating(state, data, orders, start, stop, into)
        for place, array in enumerate(state):
            if place not in self.donated and array.ndim:
                array.flags.writeable = True
                array[...] = 0


class _AlwaysTakes(Donating):
    def __call__(self, state, data, orders, start, stop):
        after, reports = super().__call__(state, data, orders, start, stop)
        return [self.over(state, after, place) for place in range(len(state))], reports


class _TakesConstants(Donating):
    def __init__(self, loop, backend):
        super().__init__(loop, backend)
        self.donated = (*loop.writes, len(loop.writes) + 1)


class _OldValues(Donating):
    def over(self, state, after, place):
        return np.array(state[place])


class _AllOfState(Donating):
    def donating(self, state, data, orders, start, stop, into):
        super().donating(state, data, orders, start, stop, into)
        changed, reports = into.pop()
        into.append((tuple(changed[::-1]), reports))


class _EachApart(Donating):
    def donating(self, state, data, orders, start, stop, into):
        super().donating(state, data, orders, start, stop, into)
        into.extend(into.pop())


class _TakesAndRaises(Donating):
    def donating(self, state, data, orders, start, stop, into):
        for place in self.donated:
            state[place][...] = 0
        super().donating(state, data, orders, start, stop, into)


donating("donation that eats arrays which are no part of what is taken", _TakesMore)
donating("a loop that takes the memory of a state which it was not given", _AlwaysTakes)
donating("donation of places that the loop does not write", _TakesConstants)
donating("donation after which the values are the old ones", _OldValues)
donating("donation that gives the new arrays in another order", _AllOfState)
donating("donation that gives what comes out as two things", _EachApart)
donating("donation that clears the arrays before they are read", _TakesAndRaises)


class _Staged(NumPyBackend):
    """Host copies by way of one buffer for each shape and dtype."""

    def to_numpy(self, array):
        array = np.asarray(array)
        held = self.__dict__.setdefault("staged", {})
        buffer = held.setdefault((array.shape, array.dtype), np.empty_like(array))
        buffer.flags.writeable = True
        buffer[...] = array
        buffer.flags.writeable = False
        return buffer


MUTANTS.append(Mutant("host copies that all lie in one buffer", "to_numpy", _Staged))


@mutant("host arrays adopted by way of one buffer", "adopt")
class _(NumPyBackend):
    def adopt(self, array):
        held = self.__dict__.setdefault("staged", {})
        buffer = held.setdefault((array.shape, array.dtype), np.empty_like(array))
        buffer[...] = array
        return buffer


@mutant("host arrays adopted as if they lay in C order", "adopt")
class _(NumPyBackend):
    def adopt(self, array):
        return np.frombuffer(array.tobytes("A"), array.dtype).reshape(array.shape)


@mutant("adopted arrays that lose their axes of size 1", "adopt")
class _(NumPyBackend):
    def adopt(self, array):
        return array.reshape(()) if array.shape == (1,) else array


@mutant("a device without room for a byte", "fits")
class _(NumPyBackend):
    def fits(self, size):
        return False


@mutant("room for a number of bytes that is no truth", "fits")
class _(NumPyBackend):
    def fits(self, size):
        return None


@mutant("dtypes claimed as NumPy's that are not", "numpy_dtypes")
class _(NumPyBackend):
    xp = array_api_strict
    numpy_dtypes = True

    def asarray(self, obj, dtype=None, device=None):
        return array_api_strict.asarray(super().asarray(obj, dtype, device))

    def to_numpy(self, array):
        return super().to_numpy(np.asarray(array))


def weakly(op: str, when: Callable[..., bool], wrong: Callable[[Any], Any], fault: str) -> None:
    """A mutant whose kernel is wrong beside a Python float."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        value = right(op)(*arrays, **attrs)
        return wrong(value) if any(one.__class__ is float for one in arrays) and when(*arrays) else value

    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))


def _doubled(value: Any) -> Any:
    return np.asarray(value, np.float64)


def _axisless(*arrays: Any) -> bool:
    return any(np.shape(x) == () and x.__class__ is not float for x in arrays)


for _op in ("maximum", "where", "atan2", "hypot", "logaddexp", "clamp", "copysign", "pow", "subtract"):
    weakly(_op, lambda *arrays: True, _doubled, "float64 beside a Python float")
for _op in ("minimum", "add", "nextafter"):
    weakly(
        _op,
        lambda *arrays: any(np.shape(x) == () and x.__class__ is not float for x in arrays),
        _doubled,
        "float64 of an array without axes beside a Python float",
    )
for _op in ("multiply", "less"):
    weakly(_op, lambda *arrays: arrays[0].__class__ is float, spoiled, "wrong where the Python float comes first")


@mutant("programs that want no host arrays, though they are claimed to take them", "host_arguments")
class _(NumPyBackend):
    def compile(self, graph):
        run = super().compile(graph)

        def program(*arrays):
            if any(isinstance(one, np.ndarray) and not one.flags.writeable for one in arrays):
                raise TypeError("expected an array of the library")
            return run(*arrays)

        return program


@mutant("a program that works in the memory of host arrays that it is given", "host_arguments")
class _(NumPyBackend):
    def compile(self, graph):
        run = super().compile(graph)

        def program(*arrays):
            results = tuple([np.array(one) for one in run(*arrays)])
            for one in arrays:
                if one.base is None and one.ndim == 2:
                    one.flags.writeable = True
                    one[...] = 1
            return results

        return program


def thread_first(fault: str, op: str) -> None:
    """A mutant whose kernel is wrong in the first call of every thread but the first that calls."""

    def kernel(self: Any, *arrays: Any, **attrs: Any) -> Any:
        seen = self.__dict__.setdefault("seen", {})
        mine = threading.current_thread().__dict__.setdefault("calls", 0)
        threading.current_thread().__dict__["calls"] = mine + 1
        seen.setdefault("first", threading.current_thread())
        value = right(op)(*arrays, **attrs)
        return spoiled(value) if seen["first"] is not threading.current_thread() and not mine else value

    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: kernel})))


for _op in ("cumulative_sum", "matmul", "trunc"):
    thread_first("wrong in the first call of a thread", _op)


def given_wrong(op: str) -> None:
    """A mutant whose kernel for attributes that come again is wrong; the one for any attributes is right."""

    def given(**attrs: Any) -> Callable[..., Any]:
        return lambda *arrays: spoiled(right(op)(*arrays, **attrs))

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        return right(op)(*arrays, **attrs)

    kernel.given = given  # type: ignore[attr-defined]
    MUTANTS.append(
        Mutant(
            "a kernel for attributes that come again that is wrong",
            op,
            type("Mutant", (NumPyBackend,), {op: staticmethod(kernel)}),
        )
    )


for _op in ("sum", "reshape", "getitem", "full", "softmax"):
    given_wrong(_op)


def given_stale(op: str) -> None:
    """A mutant whose kernel for attributes that come again is that for the first ones."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        return right(op)(*arrays, **attrs)

    first: list[Any] = []

    def given(**attrs: Any) -> Callable[..., Any]:
        first[:] = first or [attrs]
        return lambda *arrays: right(op)(*arrays, **first[0])

    kernel.given = given  # type: ignore[attr-defined]
    MUTANTS.append(
        Mutant(
            "a kernel for attributes that come again that is that for the first ones",
            op,
            type("Mutant", (NumPyBackend,), {op: staticmethod(kernel)}),
        )
    )


for _op in ("max", "sort", "astype"):
    given_stale(_op)


@mutant("the first of several results always", "part")
class _(NumPyBackend):
    def part(self, packed, *, index):
        return packed[0]
