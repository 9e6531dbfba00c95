"""Compiled graphs on every backend, and JAX's own gradient beside polyflow's rules."""

from __future__ import annotations

import numpy as np
import pytest
from op_cases import ALL_OPS

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend.keys import ARRAY, Slice
from polyflow.flow.graph import Graph, Value
from polyflow.flow.trace import trace
from polyflow.ops import call, creation
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec


def specs(*arrays):
    return [Spec(a.shape, dt.as_dtype(a.dtype)) for a in arrays]


def test_a_compiled_graph_gives_what_its_ops_give(backend):
    """Values, indices, integers and booleans, with captured tensors and Python numbers among the inputs."""
    rng = np.random.default_rng(0)
    x, i = rng.normal(size=(4, 3)), np.array([3, 0, 0])
    held = pf.tensor(rng.normal(size=(3, 2)), backend=backend)

    def function(x, i):
        y = pf.tanh(x @ held) * 0.5 + 1.0
        return y, pf.take(y, i, axis=0), pf.argmax(x, axis=1), x > 0.0, pf.sum(y), x[::-2, None, 1:]

    traced = trace(function, *specs(x, i), backend=backend)
    arrays = [backend.asarray(a) for a in (x, i)]
    outputs = backend.compile(traced.graph)(*arrays, *[t.array for t in traced.captured])
    with pf.use_backend(backend):
        expected = function(pf.tensor(x), pf.tensor(i))
    for got, value in zip(outputs, expected, strict=True):
        assert backend.dtype_of(got) is value.dtype
        np.testing.assert_allclose(backend.to_numpy(got), value.numpy(), rtol=1e-14, atol=1e-15)


def test_a_graph_may_return_its_inputs_a_constant_or_need_none(backend):
    """Outputs that no node computes are arrays of their dtype all the same."""
    x = Value((2,), dt.float32, "x")
    number, flag = Value((), dt.float32, scalar=1.5), Value((), dt.bool_, scalar=True)
    first, again, value, truth = backend.compile(Graph([x], [], [x, x, number, flag]))(
        backend.asarray(np.array([1, 2], np.float32))
    )
    np.testing.assert_array_equal(backend.to_numpy(first), backend.to_numpy(again))
    assert (backend.dtype_of(value), backend.to_numpy(value)) == (dt.float32, 1.5)
    assert (backend.dtype_of(truth), backend.to_numpy(truth)) == (dt.bool_, True)
    traced = trace(lambda: creation.full((2,), 3.0, "float64", backend=backend) * 2.0, backend=backend)
    (made,) = backend.compile(traced.graph)()
    np.testing.assert_array_equal(backend.to_numpy(made), [6.0, 6.0])


# The second opinion on gradients -----------------------------------------------------------------------------------

X = np.random.default_rng(0).uniform(0.2, 0.8, (3, 4))
Y = np.random.default_rng(1).uniform(0.2, 0.8, (3, 4))
INDEX = np.array([2, 0, 2])
ATTRIBUTES = {
    "astype": {"dtype": dt.float32},
    "reshape": {"shape": (2, 6)},
    "permute_dims": {"axes": (1, 0)},
    "broadcast_to": {"shape": (2, 3, 4)},
    "pad": {"widths": ((1, 0), (0, 2)), "value": 3.0},
    "flip": {"axis": 1},
    "concat": {"axis": 0},
    "clip": {"min": 0.3, "max": 0.7},
    "getitem": {"key": (ARRAY, Slice(1, 4, 2))},
    "index_add": {"key": (ARRAY, Slice(1, 4, 2))},
    "index_set": {"key": (2, Slice(1, 4, 2))},
    "sort": {"axis": 1, "descending": True},
}
ARGUMENTS = {
    "acosh": (X + 1,),
    "matmul": (X, Y.T),
    "where": (X > 0.5, X, Y),
    "clamp": (X, Y - 0.5, Y + 0.25),
    "getitem": (X, INDEX),
    "index_add": (X, X[:, :2], INDEX),
    "index_set": (X, X[0, :2]),
    "concat": (X, Y, X),
}


def arguments(op):
    given = ARGUMENTS.get(op.name) or (X, Y, X)[: len(op.tensors)]
    attrs = {name: value for name, value in (("axis", 1), ("keepdims", False)) if name in op.defaults}
    return given, ATTRIBUTES.get(op.name, attrs)


def native(backend, traced, arrays, cotangents):
    pull = backend.native_vjp(traced.graph)
    return pull([backend.asarray(a) for a in arrays], [backend.asarray(c) for c in cotangents])


DIFFERENTIABLE = [name for name in ALL_OPS if OPS[name].differentiable]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_jax_differentiates_every_op_as_polyflow_does(name, numpy, jax):
    """For every floating argument of every op that has a rule, in float64."""
    op = OPS[name]
    arrays, attrs = arguments(op)
    traced = trace(lambda *args: call.apply(op, args, attrs), *specs(*arrays), backend=jax)
    (output,) = traced.graph.outputs
    seed = np.random.default_rng(2).normal(size=output.shape).astype(output.dtype)
    theirs = native(jax, traced, arrays, [seed])
    floating = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]

    def function(*varied):
        args = [pf.tensor(a, backend=numpy) for a in arrays]
        for i, value in zip(floating, varied, strict=True):
            args[i] = value
        return call.apply(op, tuple(args), attrs)

    _, pull = pf.vjp(function, *[pf.tensor(arrays[i], backend=numpy) for i in floating])
    ours = dict(zip(floating, pull(pf.tensor(seed, backend=numpy)), strict=True))
    assert [i for i, cotangent in enumerate(theirs) if cotangent is not None] == floating
    for i in floating:
        tolerance = 1e-6 if output.dtype is dt.float32 else 1e-11
        np.testing.assert_allclose(
            np.asarray(theirs[i]), ours[i].numpy(), rtol=tolerance, atol=tolerance, err_msg=f"argument {i}"
        )


HOLOMORPHIC = [
    "multiply",
    "divide",
    "exp",
    "log",
    "log1p",
    "log2",
    "log10",
    "sin",
    "sinh",
    "cosh",
    "tanh",
    "sqrt",
    "square",
    "matmul",
    "expm1",
    "atanh",
    "acosh",
]


@pytest.mark.parametrize("name", [*HOLOMORPHIC, "abs", "real", "imag", "conj"])
def test_cotangents_of_complex_numbers_are_conjugates_of_derivatives(name, numpy, jax):
    """The convention of polyflow's rules, which is not JAX's own."""
    op = OPS[name]
    rng = np.random.default_rng(5)
    arrays = [rng.uniform(0.2, 0.8, (3, 3)) + 1j * rng.uniform(0.2, 0.8, (3, 3)) for _ in op.tensors]
    traced = trace(lambda *args: call.apply(op, args, {}), *specs(*arrays), backend=jax)
    (output,) = traced.graph.outputs
    seed = rng.normal(size=output.shape) + (1j * rng.normal(size=output.shape) if output.dtype in dt.COMPLEX else 0)
    seed = seed.astype(output.dtype)
    theirs = native(jax, traced, arrays, [seed])
    _, pull = pf.vjp(lambda *args: call.apply(op, args, {}), *[pf.tensor(a, backend=numpy) for a in arrays])
    for one, other in zip(theirs, pull(pf.tensor(seed, backend=numpy)), strict=True):
        np.testing.assert_allclose(np.asarray(one), other.numpy(), rtol=1e-11, atol=1e-12)


def test_integer_inputs_and_outputs_have_no_cotangent(jax):
    """None stands for those of integer inputs; what is given for integer outputs does not matter."""
    x, i = np.array([3.0, 1.0, 2.0]), np.array([2, 0])
    traced = trace(lambda x, i: (pf.take(x, i, axis=0) ** 2, pf.argmax(x)), *specs(x, i), backend=jax)
    found = native(jax, traced, [x, i], [np.array([1.0, 10.0]), np.array(7)])
    np.testing.assert_array_equal(np.asarray(found[0]), [60.0, 0.0, 4.0])
    assert found[1] is None


def test_a_backend_without_gradients_of_its_own_says_so(numpy, strict):
    """And needs none: polyflow's rules run on it."""
    from polyflow.errors import UnsupportedError

    for backend in (numpy, strict):
        assert not backend.capabilities.native_gradient
        with pytest.raises(UnsupportedError, match="no gradients of its own"):
            backend.native_vjp(Graph())


def test_a_strict_library_trains(strict):
    """Linear regression by gradient descent on a library that knows nothing but the standard."""
    rng = np.random.default_rng(0)
    x, true = rng.normal(size=(50, 3)), np.array([[1.0], [-2.0], [0.5]])
    with np.errstate(all="ignore"):
        inputs, targets = pf.tensor(x, backend=strict), pf.tensor(x @ true, backend=strict)
        weights = pf.tensor(np.zeros((3, 1)), backend=strict)
        slope = pf.function(pf.grad(lambda w: pf.mean((inputs @ w - targets) ** 2)))
        for _ in range(200):
            weights = weights - 0.1 * slope(weights)
    assert weights.backend is strict
    np.testing.assert_allclose(weights.numpy(), true, atol=1e-6)
    assert strict.host_fallbacks == {}
