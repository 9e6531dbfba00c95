"""What is told of a function from its code: whether it does nothing but compute, and what it reads."""

from __future__ import annotations

import functools
import itertools
import math
import random
import threading
import time
from collections import namedtuple

import numpy as np
import pytest

import polyflow as pf
from polyflow import tensor
from polyflow.data.purity import reads

Point = namedtuple("Point", "x y")
MEAN = np.ones(3, np.float32)
SCALES = [1.0, 2.0]
TABLE = {"a": 1.0}
FACTOR = 2.0
TENSOR = tensor([1.0, 2.0])
TWO = tensor(2.0)
VARIABLE = pf.Variable([1.0])
GENERATOR = np.random.default_rng(0)
COUNTER = itertools.count()
LOCK = threading.Lock()


class Config:
    scale = 3.0
    rng = GENERATOR

    @property
    def computed(self):
        return GENERATOR.random()


class Scaler:
    limit = 5.0

    def __init__(self):
        self.mean = MEAN
        self.config = Config()
        self.rng = GENERATOR
        self.calls = 0

    def __call__(self, x):
        return (x - self.mean) / self.limit + self.config.scale

    def plain(self, x):
        return self.helper(x) + self.limit

    def helper(self, x):
        return x * self.mean

    @staticmethod
    def fixed(x):
        return x + 1

    def noisy(self, x):
        return x + self.rng.random()

    def deep(self, x):
        return x + self.config.rng.random()

    def counting(self, x):
        self.calls += 1
        return x

    def handed_on(self, x):
        return helper_of(self, x)

    def through(self, x):
        return x + self.config.computed


class Elusive:
    def __getattr__(self, name):
        return GENERATOR

    def method(self, x):
        return x * self.anything


SCALER = Scaler()


def helper_of(owner, x):
    return x


def nested(x):
    def inner(y):
        return y * FACTOR + sum(z for z in (x, y))

    return [inner(part) for part in (x, x + 1)]


def recursive(x, n=3):
    return x if n == 0 else recursive(x + 1, n - 1)


def branches(x, y):
    if x.shape and x.ndim > 1:
        raise ValueError("too many axes")
    return {"x": x, "y": y[::-1]}, Point(x, y), max(2, len(x.shape))


def assigns_items(e):
    e = dict(e)
    e["y"] = e["x"] * 2
    return e


def pipeline(x, mean=0.5, *, scale=TWO):
    x = pf.cast(x, "float32") / 255.0
    x -= mean
    return pf.nn.relu(x) * scale @ pf.eye(3)


def closing_over(value):
    return lambda x: x * value


def forgets(x):
    global FACTOR
    FACTOR = 3.0
    return x


def remembering():
    count = 0

    def function(x):
        nonlocal count
        count += 1
        return x * count

    return function


def hides(x):
    try:
        return x if x > 0 else -x
    except Exception:
        return x


def imports(x):
    import time

    return x + time.time()


def default_list(x, seen=[]):  # noqa: B006
    seen.append(x)
    return x


def generates(x):
    yield x


def makes_a_class(x):
    class Holder:
        value = x

    return Holder.value


PURE = {
    "arithmetic": lambda x, y: (x * 2.0 + 1.0, y),
    "ops": lambda x: pf.reduce_sum(pf.exp(x)) + pf.nn.softmax(x) + pf.math.sin(x),
    "methods of tensors": lambda x: x.sum().astype("float32").reshape(1),
    "the pipeline": pipeline,
    "the standard modules": lambda x: x * math.pi + math.sqrt(2) + np.pi + np.float32(3) + np.sqrt(2.0),
    "a global number": lambda x: x * FACTOR,
    "a tensor": lambda x: x * TENSOR.sum(),
    "a closure": closing_over(3),
    "a closure over a tuple": closing_over((1.0, "a", None)),
    "functions in functions": nested,
    "recursion": recursive,
    "raising, branches on shapes, named tuples": branches,
    "items of its own dict": assigns_items,
    "a partial": functools.partial(pipeline, mean=1.0),
    "a function run as a graph": pf.function(lambda x: x + 1),
    "a gradient": pf.grad(lambda x: x * x),
    "a static method": Scaler.fixed,
    "keyed random draws": lambda x: x + pf.random.uniform((3,), key=TENSOR),
    "comprehensions": lambda x: {k: [v * i for i in range(3)] for k, v in {"a": x}.items()},
    "asking for containers": lambda e: e["x"] if isinstance(e, dict) else e,
    "one of polyflow's own": pf.exp,
}
"""Functions that only compute and read what never changes."""

CHANGEABLE = {
    "an array": lambda x: x - MEAN,
    "a list": lambda x: x * SCALES[0],
    "a dict": lambda x: x * TABLE["a"],
    "a closure over an array": closing_over(MEAN),
    "a method": SCALER.plain,
    "an object that is called": SCALER,
    "a class's constant": lambda x: x * Config.scale,
    "an object's constant": lambda x: x * SCALER.limit,
    "an object's method": lambda x: SCALER.helper(x),
    "a static method of an object": lambda x: SCALER.fixed(x),
}
"""Functions that only compute, and read what may be changed in place."""

IMPURE = {
    "printing": lambda x: print(x) or x,
    "appending": lambda x: SCALES.append(x) or x,
    "assigning items": lambda x: MEAN.__setitem__(0, 1) or x,
    "NumPy's generator": lambda x: x + np.random.rand(),  # noqa: NPY002
    "NumPy's generator by its name": closing_over(np.random.rand),
    "making a generator by its name": closing_over(np.random.default_rng),
    "making a generator": lambda x: x + np.random.default_rng().random(),
    "double underscores": lambda x: x if x.__class__ is pf.Tensor else x + 1,
    "a generator": lambda x: x + GENERATOR.random(),
    "random": lambda x: x + random.random(),
    "time": lambda x: x + time.time(),
    "next": lambda x: x + next(COUNTER),
    "a lock": lambda x: (LOCK.acquire(), x)[1],
    "a variable": lambda x: x + VARIABLE,
    "assigning a variable": lambda x: VARIABLE.assign(x),
    "a variable in a closure": closing_over(VARIABLE),
    "an iterator in a closure": closing_over(iter([1])),
    "a global assignment": forgets,
    "a nonlocal assignment": remembering(),
    "exceptions handled": hides,
    "imports": imports,
    "a list among its defaults": default_list,
    "a generator function": generates,
    "classes": makes_a_class,
    "the type": lambda x: x if type(x) is pf.Tensor else x + 1,
    "asking for tensors": lambda x: x if isinstance(x, pf.Tensor) else x + 1,
    "asking for attributes": lambda x: x if hasattr(x, "array") else x + 1,
    "files": lambda x: x + np.load("somewhere.npy"),
    "eval": lambda x: eval("x"),
    "a name that is not there": lambda x: x + not_there,  # noqa: F821
    "draws of a method": SCALER.noisy,
    "draws of an object's object": SCALER.deep,
    "draws in a property": SCALER.through,
    "attributes assigned": SCALER.counting,
    "the object handed on": SCALER.handed_on,
    "draws of a class's generator": lambda x: x + Config.rng.random(),
    "an object that answers everything": Elusive().method,
    "a module handed on": lambda x: helper_of(np, x),
    "an object handed on": lambda x: helper_of(SCALER, x),
    "a partial of an effect": functools.partial(print),
    "a partial with an iterator": functools.partial(helper_of, COUNTER),
    "a gradient of an effect": pf.grad(lambda x: print(x) or x),
    "an effect run as a graph": pf.function(lambda x: print(x) or x),
    "an effect two calls away": lambda x: closing_over(1)(x) + (lambda y: y + random.random())(x),
    "a layer": pf.layers.Dense(2),
    "a cached function": functools.lru_cache(recursive),
    "a very long list": closing_over([0.0] * 5000),
    "a bound method of a list": [].append,
}


@pytest.mark.parametrize("name", PURE)
def test_functions_that_only_compute(name):
    """What they read stays the same for ever."""
    found = reads(PURE[name])
    assert found is not None
    assert found.same()


@pytest.mark.parametrize("name", CHANGEABLE)
def test_functions_that_read_what_may_change(name):
    """They only compute; but what they read cannot be known to be the same later."""
    found = reads(CHANGEABLE[name])
    assert found is not None
    assert not found.same()


@pytest.mark.parametrize("name", IMPURE)
def test_functions_that_may_do_more(name):
    """None, without having been called."""
    before = GENERATOR.bit_generator.state
    assert reads(IMPURE[name]) is None
    assert GENERATOR.bit_generator.state == before


def test_an_assignment_between_two_looks_is_seen():
    """Of a name outside of the function, and of a variable that it closes over."""
    global FACTOR
    found = reads(lambda x: x * FACTOR)
    assert found.same()
    FACTOR = 4.0
    assert not found.same()

    scale = 1.0
    found = reads(lambda x: x * scale)
    assert found.same()
    scale = 2.0
    assert not found.same()


def test_a_cell_that_is_still_empty():
    """A function that is defined before what it closes over is no function that only computes, yet."""

    def later():
        function = lambda x: x * value  # noqa: E731
        found = reads(function)
        value = 2.0
        return found, reads(function), value

    empty, filled, _ = later()
    assert empty is None
    assert filled is not None
