"""The pipeline: every pass alone and all together keep every bit; the variables that choose and show them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow.backend import discovery
from polyflow.errors import ConfigError
from polyflow.flow.graph import Graph
from polyflow.flow.passes import PASSES, simplified
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

from ..programs import programs as longer_programs
from ..programs import run

NUMPY = discovery.get("numpy")
BINARY = [pf.add, pf.subtract, pf.multiply, pf.divide, pf.maximum]
UNARY = [pf.negative, pf.square, pf.tanh, lambda x: pf.reshape(x, (3, 2)), lambda x: pf.cast(x, pf.float32)]
CONSTANTS = [1.0, 0.0, -0.0, 2.5, float("inf"), -3.0]


def traced(function, *shapes):
    return trace(function, *[Spec(shape, pf.float32) for shape in shapes], backend=NUMPY).graph


def ops(graph):
    return [node.op.name for node in graph.nodes]


@st.composite
def programs(draw):
    """A random function of two tensors of shape (3, 2)."""
    steps = draw(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=14)
    )

    def function(a, b):
        values = [a, b, *(pf.full((3, 2), c) for c in CONSTANTS), *(pf.full((), c) for c in CONSTANTS), *CONSTANTS]
        for kind, left, right in steps:
            x, y = values[left % len(values)], values[right % len(values)]
            if kind < 5:
                values.append(BINARY[kind](x, y))
            else:
                x = pf.broadcast_to(pf.asarray(x), (3, 2))
                values.append(UNARY[kind - 5](x))
        return values[-1] + a, values[-2] * 1.0, values[-1]

    return function


def bits(arrays):
    """Every bit of arrays, but for the signs of NaN: no op promises those."""
    hosts = [np.asarray(array) for array in arrays]
    return [np.where(np.isnan(host), np.asarray(np.nan, host.dtype), host).tobytes() for host in hosts]


def changed(graph):
    """The graph after each pass alone, and after all."""
    return [*(one(graph) for one in PASSES.values()), simplified(graph, weak_scalars=True)]


@settings(max_examples=150, deadline=None)
@given(programs())
def test_every_pass_keeps_every_bit(function):
    draw = np.random.default_rng(0)
    a, b = (draw.normal(size=(3, 2)).astype("float32") for _ in range(2))
    found = trace(function, *[Spec((3, 2), pf.float32)] * 2, backend=NUMPY)
    graph, arguments = found.graph, [a, b, *(tensor.array for tensor in found.captured)]
    expected = bits(NUMPY.compile(graph)(*arguments))
    for one in changed(graph):
        assert bits(NUMPY.compile(one)(*arguments)) == expected
        assert len(one.nodes) <= len(graph.nodes)


@settings(max_examples=100, deadline=None)
@given(longer_programs())
def test_what_is_compiled_is_what_runs_op_by_op(steps):
    x = np.random.default_rng(0).normal(size=(3, 3))
    expected = bits([run(steps, pf.constant(x)).numpy()])
    found = trace(lambda x: run(steps, x), Spec((3, 3), pf.float64), backend=NUMPY)
    for one in changed(found.graph):
        assert bits(NUMPY.compile(one)(x, *(tensor.array for tensor in found.captured))) == expected


@settings(max_examples=5, deadline=None)
@given(longer_programs())
def test_on_jax(steps):
    x = np.random.default_rng(0).normal(size=(3, 3))
    with pf.use_backend("jax"):
        found = pf.function(lambda x: run(steps, x))(pf.constant(x)).numpy()
    np.testing.assert_allclose(found, run(steps, pf.constant(x)).numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_compiled_step_is_smaller_and_equal(backend):
    with pf.use_backend(backend):
        w = pf.constant(np.random.default_rng(0).normal(size=(3, 2)).astype("float32"))

        def loss(v):
            return pf.reduce_mean(pf.square(pf.tanh(v) - 1.0))

        graph = pf.function(pf.grad(loss)).graph(w)
        assert len(simplified(graph, weak_scalars=True).nodes) < len(graph.nodes)
        np.testing.assert_allclose(pf.function(pf.grad(loss))(w).numpy(), pf.grad(loss)(w).numpy(), rtol=1e-6)


def test_graphs_inside_a_graph_are_simplified_too():
    graph = traced(lambda x: pf.cond(pf.sum(x) > 0.0, lambda: x * 1.0 + x * 1.0, lambda: -x), (2,))
    before = str(graph)
    (inner,) = [node.attrs["then"] for node in simplified(graph, weak_scalars=True).nodes if node.op.name == "cond"]
    assert ops(inner) == ["add"]
    assert str(graph) == before


def test_draws_are_neither_dropped_nor_put_in_another_order():
    def function(key):
        one, two = pf.random.split(key)
        return pf.random.normal((2,), key=one) + pf.random.normal((2,), key=two) * pf.random.normal((2,), key=one)

    key = pf.random.key(3)
    np.testing.assert_array_equal(pf.function(function)(key).numpy(), function(key).numpy())


def noisy(x):
    return pf.exp(x) * 1.0 + pf.exp(x) * (pf.ones((2,)) * 0.5)


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ("none", ["exp", "multiply", "exp", "full", "multiply", "multiply", "add"]),
        ("", ["exp", "multiply", "exp", "full", "multiply", "multiply", "add"]),
        ("common", ["exp", "multiply", "full", "multiply", "multiply", "add"]),
        ("dead, common ,algebra,numbers,fold", ["exp", "multiply", "add"]),
    ],
)
def test_passes_are_chosen_by_a_variable(monkeypatch, chosen, left):
    monkeypatch.setenv("POLYFLOW_PASSES", chosen)
    assert ops(simplified(traced(noisy, (2,)), weak_scalars=True)) == left


def test_an_unknown_pass_is_refused(monkeypatch):
    monkeypatch.setenv("POLYFLOW_PASSES", "fold,comon")
    with pytest.raises(ConfigError, match="POLYFLOW_PASSES='fold,comon': Unknown pass 'comon'. Did you mean 'common'?"):
        pf.function(noisy)(pf.ones(2))


def test_stages_are_written_to_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYFLOW_DUMP_GRAPHS", str(tmp_path / "graphs"))
    pf.function(noisy)(pf.ones(2))
    files = sorted((tmp_path / "graphs").iterdir(), key=lambda file: file.name.split("-")[2:])
    assert [file.name.split("-", 3)[3] for file in files] == [
        "traced.txt",
        "fold.txt",
        "algebra.txt",
        "common.txt",
        "numbers.txt",
        "dead.txt",
    ]
    for file in files:
        assert "test_pipeline.py:" in file.read_text()
        Graph.parse(file.read_text())


def test_a_folder_for_graphs_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("POLYFLOW_DUMP_GRAPHS", str(tmp_path / "file" / "graphs"))
    with pytest.raises(ConfigError, match="POLYFLOW_DUMP_GRAPHS names .* Name another folder"):
        pf.function(lambda x: x * 2.0)(pf.ones(3))
