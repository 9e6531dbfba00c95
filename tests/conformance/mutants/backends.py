"""Faults of what a backend says of itself and does beside its ops."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np

from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend, Capabilities
from polyflow.backend.quiet import quiet
from polyflow.errors import UnsupportedError
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("float64 narrowed silently", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        host = np.array(obj, dtype=dtype)
        return host.astype(np.float32) if host.dtype == np.float64 else host


@mutant("an array that aliases the one it was made of", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        return np.asarray(obj, dtype=dtype)


@mutant("a host copy through which tensors can be written to", "tensor")
class _(NumPyBackend):
    def to_numpy(self, array):
        return np.asarray(array)


@mutant("a dtype declared as missing, and narrowed instead of refused", "dtypes")
class _(NumPyBackend):
    capabilities = Capabilities(dtypes=frozenset(dt.ALL) - {dt.float64})

    def asarray(self, obj, dtype=None, device=None):
        host = np.array(obj, dtype=dtype)
        return host.astype(np.float32) if host.dtype == np.float64 else host


@mutant("an op declared as unsupported that answers", "erf")
class _(NumPyBackend):
    unsupported = {"erf": "not in this library"}

    def kernel(self, op):
        return op.reference


@mutant("gaps of an op that does not exist", "backend")
class _(NumPyBackend):
    gaps = {"sortt": [dt.bfloat16]}


@mutant("an op that refuses without having declared it", "atan2")
class _(NumPyBackend):
    def atan2(self, x1, x2):
        raise UnsupportedError("no atan2 here")


@mutant("devices as a list that leaves out its own", "backend")
class _(NumPyBackend):
    def devices(self):
        return ["gpu:0"]


@mutant("results that say they lie elsewhere", "backend")
class _(NumPyBackend):
    def device_of(self, array):
        return "cpu:1"


class Placed(ArrayNamespaceBackend):
    """A library of several devices, without a fault."""

    name = "placed"
    xp = array_api_strict

    def devices(self):
        return ("CPU_DEVICE", "device1", "device2")

    def library_device(self, device):
        return self.xp.Device(device)

    def to_numpy(self, array):
        return super().to_numpy(array.to_device(self.library_device("CPU_DEVICE")))

    def kernel(self, op):
        return quiet(super().kernel(op))

    def compile(self, graph):
        return quiet(super().compile(graph))


@mutant("constants that are made on the library's default device", "backend")
class _(Placed):
    def full(self, *, shape, fill_value, dtype):
        return self.xp.full(shape, fill_value, dtype=self.library_dtype(dtype))


@mutant("errors that only synchronize() shows", "cos")
class _(NumPyBackend):
    late = False

    def cos(self, x):
        self.late = True
        return np.cos(x)

    def synchronize(self):
        if self.late:
            self.late = False
            raise RuntimeError("an error of an earlier kernel")


@mutant("a line printed", "backend")
class _(NumPyBackend):
    def sort(self, x, *, axis, descending):
        print("compiling sort ...")
        return right("sort")(x, axis=axis, descending=descending)


@mutant("a warning for a division by zero", "backend")
class _(NumPyBackend):
    def reciprocal(self, x):
        if not x.all():
            warnings.warn("divide by zero", RuntimeWarning, stacklevel=2)
        return np.reciprocal(x)


@mutant("results that are never let go", "backend")
class _(NumPyBackend):
    def add(self, x1, x2):
        value = np.add(x1, x2)
        self.__dict__.setdefault("kept", []).append(value)
        return value


@mutant("the user's random numbers started anew", "backend")
class _(NumPyBackend):
    def log(self, x):
        np.random.seed(np.random.randint(1000))  # noqa: NPY002
        return np.log(x)


@mutant("scratch memory shared between threads", "threads")
class _(NumPyBackend):
    scratch = None

    def square(self, x):
        self.scratch = x * x
        time.sleep(1e-4)
        return np.array(self.scratch)


@mutant("a key shared between threads", "threads")
class _(NumPyBackend):
    def random_bits(self, key, *, shape, dtype):
        self.shared = key
        time.sleep(1e-4)
        return right("random_bits")(self.shared, shape=shape, dtype=dtype)


@mutant("a protocol of another version", "backend")
class _(NumPyBackend):
    protocol = "9.0"


@mutant("a result that is a Python float", "sum")
class _(NumPyBackend):
    def sum(self, x, *, axis, keepdims):
        value = right("sum")(x, axis=axis, keepdims=keepdims)
        return float(value) if axis is None and x.dtype == np.float64 else value


@mutant("memory shared with an array that only looks as if nobody wrote to it", "asarray")
class _(NumPyBackend):
    def asarray(self, obj, dtype=None, device=None):
        fixed = isinstance(obj, np.ndarray) and not obj.flags.writeable and dtype in (None, obj.dtype)
        return obj if fixed else super().asarray(obj, dtype, device)


@mutant("the working directory changed", "exp")
class _(NumPyBackend):
    def exp(self, x):
        os.chdir("/")
        return right("exp")(x)


@mutant("Ctrl-C taken away", "tanh")
class _(NumPyBackend):
    def tanh(self, x):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        return right("tanh")(x)


def keeping(fault: str, op: str, kept: Callable[..., Any]) -> None:
    """A mutant that never lets ``kept(result, *arrays)`` go."""

    def method(self: Any, *arrays: Any, **attrs: Any) -> Any:
        value = right(op)(*arrays, **attrs)
        self.__dict__.setdefault("kept", []).append(kept(value, *arrays))
        return value

    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {op: method})))


for op in ("full", "index_add", "index_set", "cumulative_sum"):
    keeping("results that are never let go", op, lambda value, *arrays: value)
for op in ("sum", "argmax", "isnan"):
    keeping("arguments that are never let go", op, lambda value, *arrays: arrays)
