"""The key of a graph: equal for graphs that differ in names alone, and for no others."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.flow.graph import Graph, Node, Value
from polyflow.flow.identity import identity
from polyflow.flow.trace import trace
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec

from .programs import programs, run
from .test_text import equal

NUMPY = discovery.get("numpy")


def graph_of(function, *specs):
    return trace(function, *specs or (Spec((3, 3), dt.float64),), backend=NUMPY).graph


def apart(a, b):
    try:
        return not equal(a, b)
    except ValueError:  # of other lengths
        return True


@given(programs(), programs())
def test_random_programs(first, second):
    """Read back from its text a graph has other names; `equal` compares two graphs by other code."""
    a, b = (graph_of(lambda x, steps=steps: run(steps, x)) for steps in (first, second))
    assert identity(a) == identity(Graph.parse(str(a)))
    assert hash(identity(a)) == hash(identity(Graph.parse(str(a))))
    assert (identity(a) != identity(b)) is apart(a, b)


NUMBERS = [0.0, -0.0, math.nan, math.inf, 1, 1.0, True, np.float32(1), "1", None, (1,), [1], (1.0,), slice(1), ...]
NUMBERS += [np.zeros(2), -np.zeros(2), np.zeros(2, "float32"), np.zeros((2, 1)), dt.float32, dt.float64, {"a": 1}]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(range(len(NUMBERS)), 2)])
def test_attributes_that_python_may_take_for_equal(one, other):
    keys = []
    for place in (one, other, one):
        x, y = Value((2,), dt.float32, f"x{len(keys)}"), Value((2,), dt.float32)
        keys.append(identity(Graph([x], [Node(OPS["clip"], (x,), {"min": NUMBERS[place], "max": None}, y)], [y])))
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]


@pytest.mark.parametrize(
    "other",
    [
        lambda x: pf.cond(pf.reduce_sum(x) > 0, lambda: x * -0.0, lambda: x),
        lambda x: pf.cond(pf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x),
        lambda x: pf.cond(pf.reduce_sum(x) > 0, lambda: x, lambda: x * 0.0),
        lambda x: pf.cond(pf.reduce_sum(x) > 1, lambda: x * 0.0, lambda: x),
        lambda x: pf.cond(pf.reduce_sum(x) >= 0, lambda: x * 0.0, lambda: x),
    ],
)
def test_graphs_inside(other):
    def one(x):
        return pf.cond(pf.reduce_sum(x) > 0, lambda: x * 0.0, lambda: x)

    assert identity(graph_of(one)) == identity(graph_of(one))
    assert identity(graph_of(one)) != identity(graph_of(other))


def test_inputs_and_results_count():
    first, second = Spec((2,), dt.float32), Spec((3,), dt.float32)
    keys = {
        identity(graph_of(function, *specs))
        for function, specs in [
            (lambda x, y: (x, y), (first, first)),
            (lambda x, y: (y, x), (first, first)),
            (lambda x, y: (x, x), (first, first)),
            (lambda x, y: x, (first, first)),
            (lambda x, y: (x, y), (first, second)),
            (lambda x: (x, x), (first,)),
            (lambda x: (x, 1.0), (first,)),
            (lambda x: (x, 1), (first,)),
        ]
    }
    assert len(keys) == 8


def test_what_has_no_text_has_no_key():
    x, y = Value((2,), dt.float32, "x"), Value((2,), dt.float32)
    for attribute in (len, (len,), {"a": [object()]}):
        assert identity(Graph([x], [Node(OPS["clip"], (x,), {"min": attribute}, y)], [y])) is None


@given(st.text())
def test_text_is_never_taken_for_something_else(text):
    x, y = Value((2,), dt.float32, "x"), Value((2,), dt.float32)
    assert identity(Graph([x], [Node(OPS["clip"], (x,), {"min": text}, y)], [y])) is not None
