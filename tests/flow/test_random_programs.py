"""Derivatives of random programs next to JAX's: values used twice, moved, reduced, multiplied and indexed."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import polyflow as pf
from polyflow.ops import elementwise, indexing, linalg, nn, reduction, shape

ROWS, COLUMNS = 3, 4
AT = np.array([2, 0, 2])
SQUARE = np.random.default_rng(5).normal(size=(COLUMNS, COLUMNS)) / 2
KEPT = np.random.default_rng(6).random((ROWS, COLUMNS)) < 0.5


class Step(NamedTuple):
    """A function of arrays of one shape to that shape, here and in JAX; bounded, so that programs stay finite."""

    ours: Any
    theirs: Any


UNARY = {
    "sin": Step(elementwise.sin, jnp.sin),
    "tanh": Step(elementwise.tanh, jnp.tanh),
    "sigmoid": Step(nn.sigmoid, jax.nn.sigmoid),
    "softplus": Step(nn.softplus, jax.nn.softplus),
    "erf": Step(nn.erf, jax.scipy.special.erf),
    "root": Step(lambda x: elementwise.sqrt(x * x + 1.0), lambda x: jnp.sqrt(x * x + 1.0)),
    "log": Step(lambda x: elementwise.log1p(x * x), lambda x: jnp.log1p(x * x)),
    "quotient": Step(lambda x: 1.0 / (2.0 + x * x), lambda x: 1.0 / (2.0 + x * x)),
    "power": Step(lambda x: (x * x + 0.5) ** 0.7, lambda x: (x * x + 0.5) ** 0.7),
    "softmax": Step(nn.softmax, jax.nn.softmax),
    "log_softmax": Step(nn.log_softmax, jax.nn.log_softmax),
    "logsumexp": Step(
        lambda x: x - reduction.logsumexp(x, 0, True), lambda x: x - jax.nn.logsumexp(x, 0, keepdims=True)
    ),
    "centred": Step(
        lambda x: (x - reduction.mean(x, -1, True)) / elementwise.sqrt(0.5 + reduction.var(x, -1, keepdims=True)),
        lambda x: (x - x.mean(-1, keepdims=True)) / jnp.sqrt(0.5 + x.var(-1, keepdims=True)),
    ),
    "largest": Step(lambda x: x * 0.5 + reduction.max(x, 0, True), lambda x: x * 0.5 + x.max(0, keepdims=True)),
    "sort": Step(lambda x: reduction.sort(x, 1), lambda x: jnp.sort(x, 1)),
    "running sum": Step(lambda x: reduction.cumulative_sum(x, axis=1) * 0.3, lambda x: jnp.cumsum(x, 1) * 0.3),
    "running product": Step(lambda x: reduction.cumulative_prod(x, axis=0), lambda x: jnp.cumprod(x, 0)),
    "product": Step(lambda x: x + reduction.prod(x, 1, keepdims=True), lambda x: x + x.prod(1, keepdims=True)),
    "turned": Step(lambda x: shape.reshape(x.T, x.shape), lambda x: x.T.reshape(x.shape)),
    "rolled": Step(lambda x: shape.roll(x, 1, axis=1) * x, lambda x: jnp.roll(x, 1, 1) * x),
    "joined": Step(
        lambda x: shape.concat([x[:, 2:], x[:, :2] * 2.0], axis=1),
        lambda x: jnp.concatenate([x[:, 2:], x[:, :2] * 2.0], 1),
    ),
    "matrix": Step(lambda x: x @ pf.constant(SQUARE), lambda x: x @ SQUARE),
    "gram": Step(lambda x: (x @ x.T) @ x * 0.1, lambda x: (x @ x.T) @ x * 0.1),
    "einsum": Step(
        lambda x: linalg.einsum("ij,kj,k->ij", x, x, x[:, 0]) * 0.1,
        lambda x: jnp.einsum("ij,kj,k->ij", x, x, x[:, 0]) * 0.1,
    ),
    "rows": Step(lambda x: x[AT], lambda x: x[AT]),
    "mask": Step(
        lambda x: elementwise.where(pf.constant(KEPT), x, elementwise.exp(-x * x)),
        lambda x: jnp.where(KEPT, x, jnp.exp(-x * x)),
    ),
    "added at": Step(lambda x: indexing.index_add(x, AT, x * x * 0.2), lambda x: x.at[AT].add(x * x * 0.2)),
    "set at": Step(
        lambda x: indexing.index_set(x, (slice(None), 1), elementwise.sin(x[:, 3])),
        lambda x: x.at[:, 1].set(jnp.sin(x[:, 3])),
    ),
    "clipped": Step(lambda x: elementwise.clip(x, -0.8, 0.9), lambda x: jnp.clip(x, -0.8, 0.9)),
    "stopped": Step(lambda x: x * pf.stop_gradient(x), lambda x: x * jax.lax.stop_gradient(x)),
}
BINARY = {
    "add": Step(elementwise.add, jnp.add),
    "subtract": Step(elementwise.subtract, jnp.subtract),
    "multiply": Step(elementwise.multiply, jnp.multiply),
    "divide": Step(lambda x, y: x / (1.5 + y * y), lambda x, y: x / (1.5 + y * y)),
    "hypot": Step(lambda x, y: elementwise.hypot(x, y + 3.0), lambda x, y: jnp.hypot(x, y + 3.0)),
    "atan2": Step(lambda x, y: elementwise.atan2(x, y * y + 1.0), lambda x, y: jnp.arctan2(x, y * y + 1.0)),
    "logaddexp": Step(elementwise.logaddexp, jnp.logaddexp),
    "maximum": Step(elementwise.maximum, jnp.maximum),
    "minimum": Step(elementwise.minimum, jnp.minimum),
}


@st.composite
def programs(draw):
    """Steps, each on one or two of the two arguments and the values before it."""
    steps = []
    for size in range(2, 2 + draw(st.integers(1, 7))):
        place = st.integers(0, size - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(place)))
        else:
            steps.append((draw(st.sampled_from(sorted(BINARY))), draw(place), draw(place)))
    return tuple(steps)


def scalar(steps, which, total, weights, *arguments):
    """The weighted sum of a program's last value; ``which`` is 0 for polyflow's functions and 1 for JAX's."""
    pool = list(arguments)
    for name, *places in steps:
        pool.append((UNARY if len(places) == 1 else BINARY)[name][which](*[pool[place] for place in places]))
    return total(pool[-1] * weights)


def close(ours, theirs):
    theirs = [np.asarray(one) for one in theirs]
    size = max(1.0, *[float(np.abs(one).max()) for one in theirs])
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other, rtol=1e-8, atol=1e-10 * size)


@given(programs(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_derivatives_equal_those_of_jax(steps, seed):
    """First order forwards and backwards, by a tape and in a compiled function; and second order along a direction."""
    check("numpy", steps, seed)


@given(programs(), st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_they_do_on_jax_too(steps, seed):
    check("jax", steps, seed)


def check(backend, steps, seed):
    rng = np.random.default_rng(seed)
    x, y, u, v, weights = rng.normal(size=(5, ROWS, COLUMNS)) * 0.7
    with jax.enable_x64(True), pf.use_backend(backend):
        theirs = functools.partial(scalar, steps, 1, jnp.sum, jnp.asarray(weights))
        function = functools.partial(scalar, steps, 0, reduction.sum, pf.constant(weights))
        given_, along = [pf.constant(one) for one in (x, y)], [pf.constant(one) for one in (u, v)]
        slope = jax.grad(theirs, (0, 1))
        first, second = jax.jvp(slope, (jnp.asarray(x), jnp.asarray(y)), (jnp.asarray(u), jnp.asarray(v)))

        gradient = pf.grad(function, argnums=(0, 1))
        close(gradient(*given_), first)
        close(pf.jvp(gradient, tuple(given_), tuple(along))[1], second)
        moved = lambda *xs: functools.reduce(  # noqa: E731
            elementwise.add, [reduction.sum(g * d) for g, d in zip(gradient(*xs), along, strict=True)]
        )
        close(pf.grad(moved, argnums=(0, 1))(*given_), second)

        slopes = sum(np.sum(np.asarray(g) * d) for g, d in zip(first, (u, v), strict=True))
        close([pf.jvp(function, tuple(given_), tuple(along))[1]], [slopes])
        with pf.GradientTape() as tape:
            tape.watch(given_)
            value = function(*given_)
        close(tape.gradient(value, given_, unconnected_gradients="zero"), first)
        close(pf.function(lambda a, b: gradient(a, b))(*given_), first)


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_each_step_by_itself(name):
    """Its Jacobian, and the Hessian of its sum of squares."""
    step = UNARY.get(name) or BINARY[name]
    x = np.random.default_rng(11).normal(size=(ROWS, COLUMNS)) * 0.7
    other = np.random.default_rng(12).normal(size=(ROWS, COLUMNS)) * 0.7
    ours = step.ours if name in UNARY else lambda x: step.ours(x, pf.constant(other))
    theirs = step.theirs if name in UNARY else lambda x: step.theirs(x, other)
    with jax.enable_x64(True):
        close([pf.jacobian(ours)(pf.constant(x))], [jax.jacobian(theirs)(jnp.asarray(x))])
        squares = pf.hessian(lambda x: reduction.sum(elementwise.square(ours(x))))(pf.constant(x))
        close([squares], [jax.hessian(lambda x: jnp.sum(theirs(x) ** 2))(jnp.asarray(x))])
