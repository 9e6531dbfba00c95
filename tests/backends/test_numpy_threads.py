"""BLAS computes the products of small programs with one thread, and has its threads back afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import polyflow as pf
from polyflow.backend import discovery
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec
from polyflow_numpy import plans, threads

BLAS = ThreadpoolController().select(user_api="blas")
pytestmark = pytest.mark.skipif(not BLAS.lib_controllers, reason="NumPy has no BLAS whose threads can be counted")


def counts() -> list[int]:
    return [library.get_num_threads() for library in BLAS.lib_controllers]


@pytest.fixture(autouse=True)
def two_threads():
    with BLAS.limit(limits=2):
        yield


def graph(*shapes, function=pf.matmul):
    specs = [Spec(shape, np.dtype("float32")) for shape in shapes]
    return trace(function, *specs, backend=discovery.get("numpy")).graph


@pytest.mark.parametrize(
    ("shapes", "small"),
    [
        (((4, 8), (8, 4)), False),  # too small to be shared at all
        (((32, 64), (64, 256)), True),
        (((128, 784), (784, 512)), False),
        (((8, 32, 64), (8, 64, 32)), True),
    ],
)
def test_which_products_are_small(shapes, small):
    assert threads.small([graph(*shapes)]) is small
    assert threads.small([graph((2, 2), (2, 2)), graph(*shapes)]) is small


def test_a_sum_counts_as_the_product_that_it_is():
    assert threads.small([graph((128, 512), function=lambda x: pf.sum(x, 0))])


def test_programs_run_with_one_thread_and_give_the_others_back():
    seen = []
    one = threads.alone(lambda x: seen.append(counts()) or x)
    assert one(3) == 3
    assert set(seen[0]) == {1}
    assert set(counts()) == {2}
    with pytest.raises(ZeroDivisionError):
        threads.alone(lambda: 1 // 0)()
    assert set(counts()) == {2}


def test_loops_and_programs_of_small_products_are_such(monkeypatch):
    seen = []
    monkeypatch.setattr(threads, "alone", lambda function: seen.append(function) or function)
    monkeypatch.setattr(plans.loop, "alone", threads.alone)
    monkeypatch.setattr(plans.planner, "alone", threads.alone)
    with pf.use_backend("numpy"):
        model = pf.Sequential([pf.keras.layers.Dense(64, input_dim=64), pf.keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(np.ones((64, 64)), np.ones((64, 1)), batch_size=64, verbose=0)
        model.predict(np.ones((64, 64)), batch_size=64, verbose=0)
    assert len(seen) == 2


def test_variables_of_the_process_stay():
    """The library that counts threads sets one when it is imported, in a program's first call."""
    code = """
import os
before = dict(os.environ)
from polyflow_numpy import threads
threads.alone(lambda: None)()
assert dict(os.environ) == before
"""
    environment = {name: value for name, value in os.environ.items() if name != threads.VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
