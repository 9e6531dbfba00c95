"""Tracing: a function becomes a graph, and the graph computes what the function does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.errors import MixedBackendsError, ShapeError, TraceError
from polyflow.flow.graph import Graph
from polyflow.flow.interpreter import inside
from polyflow.flow.tape import Tape
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import creation, elementwise, indexing
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor, concrete

from .programs import F64, programs, run

NUMPY = discovery.get("numpy")


def traced(function, *arrays):
    specs = [Spec(np.shape(a), dt.as_dtype(np.asarray(a).dtype)) for a in arrays]
    return trace(function, *specs, backend=NUMPY)


def both(function, *arrays):
    """The result of a function run op by op, and that of its graph."""
    eager = function(*[Tensor(np.asarray(a), NUMPY) for a in arrays])
    return np.asarray(eager.numpy()), np.asarray(Compiled(traced(function, *arrays))(*arrays))


# Random programs ------------------------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(programs())
def test_random_programs(steps):
    """A compiled graph gives the bits of the function run op by op."""
    x = np.random.default_rng(0).normal(size=(3, 3))
    a, b = both(lambda x: run(steps, x), x)
    np.testing.assert_array_equal(a, b)


@settings(max_examples=80, deadline=None)
@given(programs())
def test_gradients_of_random_programs(steps):
    """The gradient of a program, traced as a whole, is that of the tape; and it is the function's, by differences."""
    rng = np.random.default_rng(0)
    x, direction = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))

    def loss(x):
        return (elementwise.tanh(run(steps, x)) * creation.arange(9, dtype="float64").reshape(3, 3)).sum()

    a, b = both(lambda x: pf.grad(loss)(x), x)
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
    used = {name for name, _, _ in steps}
    if used & {"cast", "rounded", "stopped"}:  # no derivative, or not the function's
        return
    step = 1e-6
    ends = [float(loss(Tensor(x + s * step * direction, NUMPY))) for s in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    if abs(slope) < 1e4:
        assert float((a * direction).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-5)


# What a trace is ------------------------------------------------------------------------------------------------------


def test_structures_and_several_results():
    program = Compiled(traced(lambda x, y: {"sum": x + y, "rest": [x, (y * 2, None)]}, np.ones(2), np.ones(2)))
    result = program(np.ones(2), np.full(2, 3.0))
    assert result["sum"].tolist() == [4, 4]
    assert result["rest"][0].tolist() == [1, 1]
    assert result["rest"][1][0].tolist() == [6, 6]


def test_python_numbers_are_results_too():
    program = Compiled(traced(lambda x: (x, 2.5, 3), np.ones(2)))
    assert [np.asarray(r).tolist() for r in program(np.ones(2))] == [[1, 1], 2.5, 3]


def test_captured_tensors_are_inputs():
    c = pf.constant(np.full(2, 3.0))
    t = traced(lambda x: x * c + c, np.ones(2))
    assert len(t.captured) == 1
    assert len(t.graph.inputs) == 2
    assert Compiled(t)(np.ones(2)).tolist() == [6, 6]


def test_variables_are_inputs_and_outputs():
    """What is read is an input and what is assigned an output, once each, in order; the graph is a pure function."""
    count, total = pf.Variable(0), pf.Variable(np.zeros(2), dtype="float64")

    def step(x):
        count.assign_add(1)
        total.assign(total + x * count.value.astype("float64"))
        count.assign_add(1)
        return total * 2

    t = traced(step, np.ones(2))
    assert [v is w for v, w in zip(t.reads, (count, total), strict=True)] == [True, True]
    assert len(t.writes) == 2
    assert count.numpy() == 0  # tracing changed nothing
    program = Compiled(t)
    assert program(np.ones(2)).tolist() == [2, 2]
    assert (count.numpy(), total.numpy().tolist()) == (2, [1, 1])
    program(np.ones(2))
    assert (count.numpy(), total.numpy().tolist()) == (4, [4, 4])


def test_a_variable_read_after_assignment_is_the_new_value():
    v = pf.Variable(1.0)

    def function(x):
        v.assign(x * 3)
        return v * v

    assert Compiled(traced(function, np.float32(2)))(np.float32(2)) == 36
    assert v.numpy() == 6


def test_a_variable_that_is_returned_is_its_value_after_the_call():
    read, assigned = pf.Variable(1.0), pf.Variable(1.0)

    @pf.function
    def step(x):
        assigned.assign_add(x)
        return read, pf.cond(x > 2.0, lambda: read, lambda: assigned), assigned

    assert [value.item() for value in step(np.float32(2))] == [1, 3, 3]
    assert [value.item() for value in step(np.float32(3))] == [1, 1, 6]
    with pf.GradientTape() as tape:
        found = pf.function(lambda: read)()
    assert tape.gradient(found, read).item() == 1


def test_numbers_travel_as_numbers():
    """Python floats are constants of the graph; integers are nodes; neither is a captured array."""
    t = traced(lambda x, i: (x * 2.0 + 1.0, i + 1), np.ones(2), np.ones(2, np.int32))
    assert len(t.graph.inputs) == 2
    assert t.captured == []
    assert {node.op.name for node in t.graph.nodes} == {"multiply", "add", "full"}
    x, i = Compiled(t)(np.ones(2), np.ones(2, np.int32))
    assert (x.tolist(), i.tolist(), i.dtype) == ([3, 3], [2, 2], np.int32)


def test_unused_work_is_dropped_and_stops_are_kept():
    def function(x):
        _ = elementwise.exp(x)
        return elementwise.identity(x) + pf.stop_gradient(x)

    graph = traced(function, np.ones(2)).graph
    assert [node.op.name for node in graph.nodes] == ["stop_gradient", "add"]


def test_a_graph_prints():
    graph = traced(lambda x: (x * 2.0).sum(axis=0), np.ones((2, 3))).graph
    assert isinstance(graph, Graph)
    assert str(graph).splitlines() == [
        "graph(%x: float64[2, 3]) {",
        "  %1: float64[2, 3] = multiply(%x, 2.0)",
        "  %2: float64[3] = sum(%1, axis=0, keepdims=False)",
        "  return %2",
        "}",
    ]


def test_a_gradient_inside_a_trace():
    a, b = both(lambda x: pf.grad(pf.grad(lambda t: (t**3).sum()))(x[0]), np.array([2.0, 3.0]))
    assert a == b == 12


def test_a_tape_inside_a_trace():
    v = pf.Variable(np.array([1.0, 2.0]))

    def step(x):
        with pf.GradientTape() as tape:
            loss = ((v - x) ** 2).sum()
        v.assign_sub(0.5 * tape.gradient(loss, v))
        return loss

    program = Compiled(traced(step, np.zeros(2)))
    assert program(np.zeros(2)) == 5
    assert v.numpy().tolist() == [0, 0]


def test_a_trace_inside_a_tape():
    """Tracing under a tape is no business of the tape's."""
    x = Tensor(np.ones(2), NUMPY)
    tape = Tape(None)
    tape.watch(x)
    with inside(tape):
        t = traced(lambda y: y * 2, np.ones(2))
    assert tape.records == []
    assert Compiled(t)(np.ones(2)).tolist() == [2, 2]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: float(x[0]),
        lambda x: np.asarray(x),
        lambda x: x.numpy(),
        lambda x: x.item() if x.size == 1 else x[0].item(),
        lambda x: [0, 1, 2][x[0].astype("int32")],
        lambda x: x[x > 0],
        lambda x: indexing.nonzero(x),
        lambda x: range(int(x[0])),
        lambda x: creation.arange(x[0]),
    ],
)
def test_values_are_not_known(function):
    """Asking a traced tensor for its value says so, and what to do."""
    with pytest.raises(TraceError, match="is not known yet.*(Use polyflow ops on it|Write pf.cond|Use it in x)"):
        traced(function, np.ones(2))


def test_what_is_known_while_tracing():
    def function(x):
        assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, F64)
        assert [row.shape for row in x] == [(3,), (3,)]
        assert repr(x) == "<traced tensor: shape=(2, 3), dtype=float64, backend=numpy>"
        assert x.to("numpy") is x
        return x.T.reshape(-1)

    assert Compiled(traced(function, np.ones((2, 3))))(np.ones((2, 3))).shape == (6,)


def test_a_symbol_that_escapes():
    """A traced tensor kept for later is refused with a reason, in another trace and on its own."""
    kept = []
    traced(lambda x: kept.append(x) or x, np.ones(2))
    with pytest.raises(TraceError, match="was kept from the function that made it"):
        traced(lambda x: x + kept[0], np.ones(2))
    with pytest.raises(TraceError, match="was kept from the function that made it"):
        _ = kept[0] + 1.0
    with pf.GradientTape(), pytest.raises(TraceError, match="was kept from"):
        _ = kept[0] + 1.0


def test_one_backend_for_a_graph():
    pytest.importorskip("jax", reason="JAX is not installed")
    other = pf.constant([1.0]).to("jax")
    with pytest.raises(MixedBackendsError, match=r"Move it first: x.to\('numpy'\)|Move one first"):
        traced(lambda x: x + other, np.ones(1))


def test_tensors_made_while_tracing_lie_where_the_graph_runs():
    jax = discovery.get("jax")

    def function(x):
        return x + creation.ones(2) + pf.constant([1.0, 2.0]) + creation.arange(2) + np.ones(2, np.float32) + 1

    t = trace(function, Spec((2,), dt.float32), backend=jax)
    result = Compiled(t)(jax.asarray(np.zeros(2, np.float32)))
    assert jax.to_numpy(result).tolist() == [4, 6]


def test_errors_leave_no_interpreter_behind():
    from polyflow.ops.call import interpreter

    with pytest.raises(ZeroDivisionError):
        traced(lambda x: 1 / 0, np.ones(1))
    assert interpreter.get() is None


def test_tensors_of_a_traced_function_are_tensors_to_those_who_ask():
    seen = []

    @pf.function
    def asked(x, v):
        seen.extend([isinstance(x, pf.Tensor), isinstance(x * 2, pf.Tensor), isinstance(v, pf.Tensor), concrete(x)])
        return x

    asked(pf.constant(1.0), 3)
    assert seen == [True, True, False, False]
    assert concrete(pf.constant(1.0))
    assert not isinstance(pf.Variable(1.0), pf.Tensor)


def test_they_are_no_tensors_of_a_class_of_the_users():
    class Mine(pf.Tensor):
        pass

    assert isinstance(Mine(np.ones(2), discovery.get("numpy")), (pf.Tensor, Mine))
    assert not pf.function(lambda x: isinstance(x, Mine))(pf.constant(1.0))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_variables_as_arguments_stay_variables(backend):
    with pf.use_backend(backend):
        v, other = pf.Variable(1.0), pf.Variable(10.0)

        @pf.function
        def add(variable, x, twice=False):
            variable.assign_add(x)
            return variable * (2 if twice else 1)

        assert (add(v, pf.constant(2.0)).item(), v.numpy()) == (3, 3)
        assert (add(variable=other, x=1.0, twice=True).item(), other.numpy(), v.numpy()) == (22, 11, 3)
        assert (add(v, pf.constant(2.0)).item(), v.numpy()) == (5, 5)

        optimizer = pf.keras.optimizers.SGD(0.5)

        @pf.function
        def step(weights, x):
            with pf.GradientTape() as tape:
                loss = pf.reduce_sum(pf.square(weights[0] * x))
            gradient = tape.gradient(loss, weights)
            optimizer.apply_gradients(zip(gradient, weights, strict=True))
            return gradient[0]

        assert step([v], pf.constant([1.0, 2.0])).item() == 50
        assert v.numpy() == -20
        with pf.GradientTape() as tape:
            found = pf.function(lambda w, x: w * w * x)(v, pf.constant(3.0))
        assert tape.gradient(found, v).item() == -120
        signed = pf.function(lambda x: x + 1, input_signature=[pf.TensorSpec((), "float32")])
        assert (signed(v).item(), signed(other).item()) == (-19, 12)


def test_specs_in_place_of_tensors():
    """As for tensors of their shapes and dtypes: the same program."""

    @pf.function
    def f(x, pair, k=2.0, *, scale=1.0):
        return x @ pair["w"] * k + scale

    w = pf.TensorSpec((3, 2))
    traced = f.trace(pf.TensorSpec((4, 3)), {"w": w}, scale=3.0)
    assert str(traced.graph).startswith("graph(%x: float32[4, 3], %pair: float32[3, 2])")
    f(pf.ones((4, 3)), {"w": pf.ones((3, 2))}, scale=3.0)
    assert f.retraces == ()
    assert str(f.graph(pf.ones((4, 3)), {"w": w}, scale=3.0)) == str(traced.graph)
    with pytest.raises(ShapeError, match=r"f is traced for one shape, and TensorSpec\(shape=\(None, 3\).*Write them"):
        f.trace(pf.TensorSpec((None, 3)), {"w": w})
    with pytest.raises(TypeError, match="f was called with TensorSpec.*trace, graph and get_concrete_function"):
        f(pf.TensorSpec((4, 3)), {"w": w})


def test_specs_beside_a_signature():
    f = pf.function(lambda x: x * 2.0, input_signature=[pf.TensorSpec((None,))])
    assert str(f.graph(pf.TensorSpec((3,)))).startswith("graph(%x: float32[3])")
    for spec, words in ((pf.TensorSpec((3, 1)), "has shape"), (pf.TensorSpec(None), "has shape None")):
        with pytest.raises(ShapeError, match=words):
            f.graph(spec)
    with pytest.raises(ShapeError, match="leaves sizes open"):
        f.graph(pf.TensorSpec((None,)))
