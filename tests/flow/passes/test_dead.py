"""Dead code in loops and branches: results that nobody takes are not computed, the others keep every bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow.backend import discovery
from polyflow.flow.passes import simplified
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

NUMPY = discovery.get("numpy")


def loop_of(function, *shapes):
    """The graph of a function with one loop or branch, that node, and its graphs' numbers of inputs and outputs."""
    graph = simplified(
        trace(function, *[Spec(shape, pf.float32) for shape in shapes], backend=NUMPY).graph, weak_scalars=True
    )
    (node,) = [node for node in graph.nodes if node.op.graphs]
    sizes = [(len(node.attrs[name].inputs), len(node.attrs[name].outputs)) for name in node.op.graphs]
    return graph, node, sizes


def test_a_scan_keeps_no_rows_that_nobody_takes():
    def last(x, w):
        carry, _ = pf.scan(lambda c, row: (c + row, {"exp": pf.exp(c * w), "row": row}), pf.zeros(3), x)
        return carry

    graph, node, sizes = loop_of(last, (5, 3), (3,))
    assert sizes == [(2, 1)]
    assert [inner.op.name for inner in node.attrs["body"].nodes] == ["add"]
    (found,) = NUMPY.compile(graph)(np.ones((5, 3), np.float32), np.ones(3, np.float32))
    np.testing.assert_array_equal(found, np.full(3, 5, np.float32))


def test_a_carry_stays_where_another_comes_from_it():
    def first(x):
        def step(c, row):
            a, b, other = c
            return (a + b, b * 2.0, other + row), row

        return pf.scan(step, (pf.zeros(()), pf.ones(()), pf.zeros(3)), x)[0][0]

    _, node, sizes = loop_of(first, (5, 3))
    assert sizes == [(2, 2)]
    assert node.attrs["carries"] == 2


def test_a_while_loop_keeps_what_its_condition_reads():
    def found(x):
        loop = pf.while_loop(
            lambda i, value, unused: i < 4, lambda i, value, unused: (i + 1, value * 2.0, pf.exp(unused)), (0, x, x)
        )
        return loop[1]

    _, _, sizes = loop_of(found, (2,))
    assert sizes == [(2, 1), (2, 2)]


def test_a_branch_computes_what_is_taken():
    def found(x, y):
        return pf.cond(pf.sum(x) > 0, lambda: (x * 2.0, pf.exp(y)), lambda: (x, y))[0]

    _, node, sizes = loop_of(found, (2,), (2,))
    assert sizes == [(1, 1), (1, 1)]
    assert len(node.inputs) == 2


@st.composite
def loops(draw):
    """A scan or while loop of four carries, each new one made of two old ones, of which some results are taken."""
    made = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=4))
    rows = draw(st.lists(st.integers(0, 5), min_size=3, max_size=3))
    taken = draw(st.sets(st.integers(0, 6), min_size=1))
    return draw(st.sampled_from(["scan", "while", "cond"])), made, rows, sorted(taken), draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(loops())
def test_what_is_taken_keeps_its_bits(loop):
    kind, made, rows, taken, differentiated = loop

    def function(x, w):
        def new(carry, row):
            known = [*carry, w, row]
            return [pf.tanh(known[a] * 0.5 + known[b]) for a, b in made], [known[place] * 2.0 for place in rows]

        start = [w * 0.1, w * 0.2, w - 1.0, w]
        if kind == "scan":
            carry, each = pf.scan(lambda c, row: new(c, row), start, x)
            results = [*carry, *each]
        elif kind == "while":
            body = lambda i, *carry: (i + 1, *new(carry, w * 0.3)[0])  # noqa: E731
            results = [w, w, w, *pf.while_loop(lambda i, *carry: i < 3, body, (0, *start), maximum_iterations=4)[1:]]
        else:
            both = [*start, *start[:3]]
            results = pf.cond(pf.sum(x) > 0, lambda: sum(new(start, w), []), lambda: both)  # noqa: RUF017
        return [results[place] for place in taken]

    def slope(x, w):
        return pf.grad(lambda x, w: sum(pf.sum(value) for value in function(x, w)), argnums=(0, 1))(x, w)

    x = np.random.default_rng(0).normal(size=(3, 2)).astype("float32")
    w = np.array([0.5, -0.25], np.float32)
    traced = trace(
        slope if differentiated else function, Spec((3, 2), pf.float32), Spec((2,), pf.float32), backend=NUMPY
    )
    captured = [tensor.array for tensor in traced.captured]
    plain = NUMPY.compile(traced.graph)(x, w, *captured)
    few = NUMPY.compile(simplified(traced.graph, weak_scalars=True))(x, w, *captured)
    for one, other in zip(plain, few, strict=True):
        np.testing.assert_array_equal(one, other)
