"""Every op against jax.numpy in 64 bits: values, first-order gradients, and what JAX lacks against NumPy."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops.declare import OPS

from .cases import ALL, DIFFERENTIABLE, Case, cases, direct, fast, oracle, tensor, weighted

NOT_IN_JAX = {"random_bits", "threefry2x32", "next_key", "random_permutation", "keep_mask"}
"""Ops of polyflow's own; tests/random holds them to published vectors."""

RTOL = {dt.float32: 3e-6, dt.float64: 1e-13}
PAIRS = [
    (name, dtype)
    for name in ALL
    if name not in NOT_IN_JAX
    for dtype in direct(OPS[name])
    if dtype is dt.int32 or (dtype is dt.float64 and OPS[name].rule.direct) or dtype is dt.bool_
]


@pytest.fixture(autouse=True)
def _x64():
    with jax.enable_x64(True):
        yield


def chosen(found, count=2):
    """A few cases that hold elements, the last ones: compiling them takes longer than running all."""
    return [case for case in found if all(arg.size for arg in case.args)][-count:]


def test_jax_has_every_op_but_those_named():
    """The oracle covers the table: a new op is compared, or named here with its own test."""
    assert {name for name in ALL if oracle(OPS[name]) is None} <= NOT_IN_JAX


@pytest.mark.parametrize(("name", "dtype"), PAIRS, ids=str)
def test_values(name, dtype):
    """Each op gives what JAX gives."""
    op = OPS[name]
    theirs = oracle(op)
    for case in chosen(cases(op, dtype)):
        attrs = op.bind((), case.attrs)
        given = {key: value for key, value in attrs.items() if key in case.attrs or key != "keepdims"}
        result = fast(op)(*case.tensors(), **case.attrs).numpy()
        if name in ("sum", "prod", "cumulative_sum", "cumulative_prod", "mean") and dtype in dt.INTEGERS:
            case = Case((case.args[0].astype(np.float64 if name == "mean" else np.int64),), case.attrs)
        expected = np.asarray(jax.jit(functools.partial(theirs, **given))(*case.args))
        assert result.shape == expected.shape
        scale = float(np.abs(expected[np.isfinite(expected)]).max(initial=0)) if expected.dtype.kind == "f" else 0
        rtol = RTOL.get(dt.as_dtype(result.dtype), 0)
        np.testing.assert_allclose(result, expected, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_equal_those_of_jax(name):
    """First-order gradients with respect to all arguments are those of jax.grad."""
    op = OPS[name]
    theirs = oracle(op)
    for case in chosen(cases(op, dt.float64), 3):
        if name == "astype" and dt.as_dtype(case.attrs["dtype"]) is not dt.float64:
            continue
        keywords = op.bind((), case.attrs)
        case = Case(case.args, keywords)
        ours, arrays = weighted(op, case, tensor, fast(op))
        other, _ = weighted(op, case, jnp.asarray, theirs)
        places = tuple(range(len(arrays)))
        mine = pf.grad(ours, argnums=places)(*[tensor(a) for a in arrays])
        expected = jax.jit(jax.grad(other, argnums=places))(*arrays)
        for a, b in zip(mine, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-10, atol=1e-12)


COMPLEX = [
    "add", "subtract", "multiply", "divide", "negative", "positive", "abs", "square", "reciprocal", "sqrt", "exp",
    "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "conj", "real", "imag", "pow", "sum", "prod", "mean", "matmul", "cumulative_sum", "cumulative_prod",
    "rsqrt",
]  # fmt: skip


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    """Complex values are JAX's; complex gradients of a real function are the conjugates of JAX's."""
    op = OPS[name]
    theirs = oracle(op)
    for case in chosen(cases(op, dt.complex128)):
        keywords = op.bind((), case.attrs)
        xs = [tensor(a) for a in case.args]
        np.testing.assert_allclose(
            fast(op)(*xs, **case.attrs).numpy(),
            np.asarray(jax.jit(functools.partial(theirs, **keywords))(*case.args)),
            rtol=1e-12,
        )
        weights = np.random.default_rng(1).normal(size=np.shape(op.reference(*case.args, **keywords)))

        def ours(*args, keywords=keywords, weights=weights):
            y = fast(op)(*args, **keywords)
            return (pf.real(y) * tensor(weights)).sum() + (pf.imag(y) * tensor(weights**2)).sum()

        def other(*args, keywords=keywords, weights=weights):
            y = theirs(*args, **keywords)
            return (jnp.real(y) * weights).sum() + (jnp.imag(y) * weights**2).sum()

        places = tuple(range(len(xs)))
        for mine, expected in zip(
            pf.grad(ours, argnums=places)(*xs),
            jax.jit(jax.grad(other, argnums=places))(*case.args),
            strict=True,
        ):
            np.testing.assert_allclose(mine.numpy(), np.conj(expected), rtol=1e-10, atol=1e-12)
