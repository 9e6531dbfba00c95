"""Functions of elements: map, filter, flat_map and reduce, with threads and without."""

from __future__ import annotations

import contextvars
import gc
import threading
import time
from collections import namedtuple

import numpy as np
import pytest

import polyflow as pf
from polyflow import use_backend
from polyflow.data import AUTOTUNE, Dataset, TensorSpec
from polyflow.errors import DTypeError
from polyflow.tensor import Tensor

N = Dataset.range
Point = namedtuple("Point", "x y")


def listed(dataset):
    return [element.tolist() for element in dataset]


def settle(*names):
    """Wait until no thread of a dataset is left, or none of these names."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not any(
            thread.name.startswith(names or ("polyflow-map", "polyflow-prefetch")) for thread in threading.enumerate()
        ):
            return
        gc.collect()
        time.sleep(0.01)
    raise AssertionError(f"threads left: {threading.enumerate()}")


def test_map_gets_tensors_and_unpacks_tuples():
    """A tuple's items are the arguments; a dict and a named tuple are one."""
    assert listed(N(3).map(lambda x: x * x)) == [0, 1, 4]
    pairs = Dataset.from_tensor_slices(([1, 2], [3, 4]))
    assert listed(pairs.map(lambda x, y: x + y)) == [4, 6]
    assert listed(Dataset.from_tensor_slices({"x": [1, 2]}).map(lambda e: e["x"] * 2)) == [2, 4]
    assert listed(Dataset.from_tensor_slices(Point([1, 2], [3, 4])).map(lambda p: p.x - p.y)) == [-2, -2]
    seen = []
    list(N(1).map(lambda x: seen.append(x) or x))
    assert isinstance(seen[0], Tensor)
    assert seen[0].shape == ()


def test_map_results_of_every_kind():
    """Tensors, arrays, numbers, structures; a list counts as a tuple; a new structure as it is."""
    assert next(iter(N(1).map(lambda x: 1.5))).dtype == np.float32
    assert next(iter(N(1).map(lambda x: np.float64(1)))).dtype == np.float64
    assert next(iter(N(1).map(lambda x: np.ones(3, np.int8)))).dtype == np.int8
    assert next(iter(N(1).map(lambda x: True))).dtype == bool
    assert isinstance(next(iter(N(1).map(lambda x: [x, 1]))), tuple)
    assert next(iter(N(1).map(lambda x: {"a": x, "b": (x, None)})))["b"][1] is None
    assert isinstance(next(iter(N(1).map(lambda x: Point(x, x)))), Point)
    assert [b.tolist() for _, b in N(4).map(lambda x: (x, x * 2)).batch(2)] == [[0, 2], [4, 6]]


def test_map_is_lazy():
    """Nothing is called before the element is asked for."""
    calls = []
    iterator = iter(N(10).map(lambda x: calls.append(int(x)) or x).take(5).batch(2))
    assert calls == []
    next(iterator)
    assert calls == [0, 1]


def test_a_function_may_reuse_its_array():
    """What it returns is copied."""
    buffer = np.zeros(1, np.int64)

    def fill(x):
        buffer[0] = int(x)
        return buffer

    assert listed(N(3).map(fill).batch(3)) == [[[0], [1], [2]]]


def test_map_over_batches_runs_on_whole_batches():
    """After batch, the function gets a batch."""
    shapes = []
    assert listed(N(5).batch(2).map(lambda x: shapes.append(x.shape) or x * 2)) == [[0, 2], [4, 6], [8]]
    assert shapes == [(2,), (2,), (1,)]


def test_functions_run_eagerly_in_any_context():
    """A tape around the iteration records nothing of it."""
    with pf.GradientTape() as tape:
        x = pf.tensor([1.0])
        tape.watch(x)
        (element,) = Dataset.from_tensor_slices([2.0]).map(lambda e: e * 3)
        y = x * element
    assert tape.gradient(y, x).tolist() == [6.0]


def test_errors_of_the_function_come_through():
    """With their own class and traceback, on every kind of path; elements before it are not lost."""

    def broken(x):
        if x == 3:
            raise KeyError("mine")
        return x

    for dataset in (
        N(5).map(broken),
        N(5).map(broken, num_parallel_calls=3),
        N(5).map(broken).prefetch(2),
        N(5).map(broken).map(lambda x: x, num_parallel_calls=4),
        N(5).map(broken).cache(),
    ):
        for _ in range(2):
            got = []
            with pytest.raises(KeyError, match="mine") as caught:
                got.extend(x.item() for x in dataset)
            assert got == [0, 1, 2]
            assert "broken" in [frame.name for frame in caught.traceback]
    settle()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda x: None, TypeError, "`return` missing"),
        (lambda x: "a", DTypeError, r"the result of the function given to map\(\)"),
        (lambda x: (x, x) if x == 1 else x, TypeError, r"has the structure \(\*, \*\); expected \*"),
    ],
)
def test_results_that_are_none(function, error, message):
    """What was returned, what was expected."""
    with pytest.raises(error, match=message):
        list(N(3).map(function))


def test_filter():
    """Keeps what the function says True of; tensors, NumPy and Python booleans are all fine."""
    assert listed(N(6).filter(lambda x: x % 2 == 0)) == [0, 2, 4]
    assert listed(N(6).filter(lambda x: int(x) > 3)) == [4, 5]
    assert listed(N(6).filter(lambda x: np.bool_(x.item() < 1))) == [0]
    pairs = Dataset.from_tensor_slices(([1, 2], [2, 1]))
    assert [x.item() for x, _ in pairs.filter(lambda x, y: x < y)] == [1]
    assert listed(N(10).filter(lambda x: x > 6).batch(2)) == [[7, 8], [9]]


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        (lambda x: x, "shape .. and dtype int64"),
        (lambda x: pf.tensor([True, False]), r"shape \(2,\) and dtype bool"),
        (lambda x: None, "returned None"),
        (lambda x: (True,), r"structure \(\*,\)"),
    ],
)
def test_filter_needs_one_boolean(predicate, message):
    """Anything else is refused, rather than taken for true."""
    with pytest.raises(TypeError, match=message):
        list(N(3).filter(predicate))


def test_flat_map():
    """The elements of the datasets that the function returns."""
    assert listed(N(4).flat_map(lambda x: N(int(x)))) == [0, 0, 1, 0, 1, 2]
    assert N(4).flat_map(lambda x: N(int(x))).element_spec == TensorSpec((), "int64")
    with pytest.raises(TypeError, match="returned a Tensor. Expected a Dataset"):
        list(N(3).flat_map(lambda x: x))
    with pytest.raises(TypeError, match="different structures"):
        list(N(2).flat_map(lambda x: N(1) if x == 0 else Dataset.zip((N(1), N(1)))))


def test_reduce():
    """From a state and an element to the next state, which may be a structure; a tuple element is one argument."""
    assert N(5).reduce(np.int64(0), lambda s, x: s + x).item() == 10
    assert N(5).reduce(0, lambda n, _: n + 1).item() == 5
    assert N(0).reduce(7, lambda n, _: n + 1).item() == 7
    pairs = Dataset.from_tensor_slices(([1, 2], [3, 4]))
    total, product = pairs.reduce((0, 1), lambda s, e: (s[0] + e[0], s[1] * e[1]))
    assert (total.item(), product.item()) == (3, 12)
    assert isinstance(N(5).reduce(0, lambda n, _: 3), Tensor)
    with pytest.raises(TypeError, match=r"structure \(\*, \*\); expected \*"):
        N(5).reduce(0, lambda n, _: (n, n))
    with pytest.raises(TypeError, match="needs a function"):
        N(5).reduce(0, 3)


def test_parallel_results_are_in_order():
    """However long each call takes."""

    def slow(x):
        time.sleep(0.002 * ((7 - int(x)) % 4))
        return x

    for workers in (1, 2, 4, AUTOTUNE):
        assert listed(N(12).map(slow, num_parallel_calls=workers)) == list(range(12))
    settle("polyflow-map")


def test_parallel_calls_do_overlap():
    """Two threads are in the function at the same time: each waits there for the other."""
    barrier = threading.Barrier(2, timeout=30)
    assert listed(N(4).map(lambda x: (barrier.wait(), x)[1], num_parallel_calls=2)) == [0, 1, 2, 3]


def test_parallel_calls_do_not_run_far_ahead():
    """At most as many elements are under way as there are threads."""
    calls = []
    iterator = iter(N(100).map(lambda x: calls.append(int(x)) or x, num_parallel_calls=3))
    next(iterator)
    time.sleep(0.05)
    assert len(calls) <= 3
    iterator.close()
    settle("polyflow-map")


def test_workers_see_the_context_of_the_iteration():
    """The backend and every other context variable are those of the consumer."""
    variable = contextvars.ContextVar("variable", default=0)
    seen = []

    def look(x):
        seen.append((variable.get(), x.backend.name, threading.current_thread() is threading.main_thread()))
        return x

    variable.set(5)
    with use_backend("jax"):
        list(N(4).map(look, num_parallel_calls=2).prefetch(1))
        list(N(4).map(look).prefetch(1))
    assert set(seen) == {(5, "jax", False)}


def test_closing_stops_the_threads():
    """Breaking off leaves no thread behind; neither does forgetting the iterator, nor never starting it."""
    dataset = N(10**6).map(lambda x: x + 1, num_parallel_calls=3).prefetch(4)
    for x in dataset:
        assert x.item() == 1
        break
    settle()

    iterator = iter(dataset)
    next(iterator)
    iterator.close()
    settle()

    iterator = iter(dataset)
    next(iterator)
    del iterator
    settle()

    del dataset
    iter(N(5).prefetch(2))
    settle()


def test_prefetch_runs_ahead_and_not_too_far():
    """The thread fills the buffer while the consumer is busy, and waits when it is full."""
    calls = []
    filled = threading.Event()

    def log(x):
        calls.append(int(x))
        if len(calls) == 4:
            filled.set()
        return x

    iterator = iter(N(100).map(log).prefetch(2))
    assert next(iterator).item() == 0
    assert filled.wait(30)  # one taken, two in the buffer, one in the thread's hands
    time.sleep(0.05)
    assert len(calls) == 4
    assert [x.item() for x in iterator] == list(range(1, 100))
    settle("polyflow-prefetch")


def test_prefetch_of_nothing_ahead():
    """A buffer of 0 is no thread at all."""
    threads = []
    list(N(2).map(lambda x: threads.append(threading.current_thread()) or x).prefetch(0))
    assert set(threads) == {threading.main_thread()}


def test_the_threads_close_the_generator():
    """A generator below a prefetch is closed when the consumer stops."""
    closed = threading.Event()

    def numbers():
        try:
            yield from range(10**6)
        finally:
            closed.set()

    for _ in Dataset.from_generator(numbers, output_signature=TensorSpec((), "int64")).prefetch(2):
        break
    assert closed.wait(30)
    settle("polyflow-prefetch")


def test_cache_computes_each_element_once():
    """Over iterations, repetitions, iterations broken off, and two at once."""
    calls = []
    dataset = N(4).map(lambda x: calls.append(int(x)) or x * 2).cache()
    iterator = iter(dataset)
    assert next(iterator).item() == 0
    assert calls == [0]
    assert listed(dataset) == [0, 2, 4, 6]
    assert [x.item() for x in iterator] == [2, 4, 6]
    assert listed(dataset.repeat(2)) == [0, 2, 4, 6] * 2
    assert listed(dataset.batch(3)) == [[0, 2, 4], [6]]
    assert calls == [0, 1, 2, 3]


def test_cache_keeps_the_order_of_a_shuffle():
    """What is shuffled before the cache stays as it was; what is shuffled after it does not."""
    before = N(20).shuffle(20, seed=1).cache()
    assert listed(before) == listed(before) == listed(N(20).shuffle(20, seed=1))
    after = N(20).map(lambda x: x).cache().shuffle(20, seed=1)
    assert listed(after) == listed(N(20).shuffle(20, seed=1))
    assert listed(after) != listed(N(20).shuffle(20, seed=1))


def test_cache_of_ragged_and_of_nested_elements():
    """Batches with a remainder, and windows."""
    batches = N(5).batch(2).cache()
    for _ in range(2):
        assert listed(batches) == [[0, 1], [2, 3], [4]]
        assert sorted(listed(batches.shuffle(3, seed=0))) == [[0, 1], [2, 3], [4]]
    windows = N(4).window(2).cache()
    for _ in range(2):
        assert [listed(window) for window in windows] == [[0, 1], [2, 3]]


def test_cache_begins_anew_after_an_error():
    """An error is no end: the next iteration tries again."""
    errors = [OSError("once")]

    def fail_once(x):
        if x == 2 and errors:
            raise errors.pop()
        return x

    dataset = N(4).map(fail_once).cache()
    with pytest.raises(OSError, match="once"):
        list(dataset)
    assert listed(dataset) == [0, 1, 2, 3]
    assert listed(dataset) == [0, 1, 2, 3]
