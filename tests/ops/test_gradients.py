"""Gradients: against central differences in float64 to second order for every op with a rule, and the corners."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops import elementwise, linalg, nn, reduction, shape
from polyflow.ops.declare import OPS

from .cases import DIFFERENTIABLE, Case, cases, fast, tensor, weighted

STEP = 1e-5


def along(function, arrays, directions):
    """The derivative of a scalar function in a direction, by central differences."""
    values = []
    for sign in (1, -1):
        moved = [tensor(x + sign * STEP * d) for x, d in zip(arrays, directions, strict=True)]
        values.append(float(function(*moved)))
    return (values[0] - values[1]) / (2 * STEP)


def dot(gradients, directions):
    return sum(float((g.numpy() * d).sum()) for g, d in zip(gradients, directions, strict=True))


def check(function, arrays, seed=0, order=2):
    """The gradient of a scalar function, and the gradient of that along a direction, against differences."""
    rng = np.random.default_rng(seed)
    first = [rng.normal(size=x.shape) for x in arrays]
    second = [rng.normal(size=x.shape) for x in arrays]
    places = tuple(range(len(arrays)))
    tensors = [tensor(x) for x in arrays]
    gradient = pf.grad(function, argnums=places)
    found = dot(gradient(*tensors), first)
    assert found == pytest.approx(along(function, arrays, first), rel=1e-6, abs=1e-7)
    if order == 1:
        return

    def slope(*xs):
        total = None
        for g, d in zip(gradient(*xs), first, strict=True):
            part = (g * tensor(d)).sum()
            total = part if total is None else total + part
        return total

    found = dot(pf.grad(slope, argnums=places)(*tensors), second)
    assert found == pytest.approx(along(slope, arrays, second), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_first_and_second_order(name):
    """Every op with a rule has the gradient of its function, and so has that gradient."""
    op = OPS[name]
    checked = 0
    for case in cases(op, dt.float64):
        case = Case(case.args, op.bind((), case.attrs))
        if name == "astype" and case.attrs["dtype"] is not dt.float64:
            continue
        function, arrays = weighted(op, case, tensor, fast(op))
        if arrays and all(x.size for x in arrays):
            check(function, arrays)
            checked += 1
    assert checked


@pytest.mark.parametrize("name", [n for n in DIFFERENTIABLE if n != "floor_divide"])
def test_float32_gradients_equal_those_in_float64(name):
    """In float32 the gradient is the float64 one, rounded; it keeps the argument's dtype."""
    op = OPS[name]
    for case in cases(op, dt.float32)[:4]:
        function, arrays = weighted(op, Case(case.args, op.bind((), case.attrs)), tensor, fast(op))
        if name == "astype" and dt.as_dtype(case.attrs["dtype"]) not in dt.FLOATING:
            continue
        places = tuple(range(len(arrays)))
        narrow = pf.grad(function, argnums=places)(*[tensor(x) for x in arrays])
        wide_case = Case(tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in case.args), case.attrs)
        function, arrays = weighted(op, Case(wide_case.args, op.bind((), case.attrs)), tensor, fast(op))
        wide = pf.grad(function, argnums=places)(*[tensor(x) for x in arrays])
        for a, b in zip(narrow, wide, strict=True):
            assert a.dtype is dt.float32
            scale = np.abs(b.numpy()).max(initial=0)
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=2e-6 * scale)


COMPOSED = {
    "var": lambda x: reduction.var(x, 0, correction=1),
    "std": lambda x: reduction.std(x, axis=1, keepdims=True),
    "norm": lambda x: reduction.norm(x, 1),
    "cumulative_sum": lambda x: reduction.cumulative_sum(x, axis=1, include_initial=True),
    "cumulative_prod": lambda x: reduction.cumulative_prod(x, axis=0, include_initial=True),
    "prod over axes": lambda x: reduction.prod(x, (0, 1)),
    "clip by tensors": lambda x: elementwise.clip(x, x * 0.5 - 1.0, x * x),
    "tensordot": lambda x: linalg.tensordot(x, x, axes=[[1], [1]]),
    "einsum": lambda x: linalg.einsum("ij,kj,j->ik", x, x * 2, x[0]),
    "einsum diagonal": lambda x: linalg.einsum("ii->i", x[:, :3]),
    "outer": lambda x: linalg.outer(x[0], x[:, 1]),
    "vecdot": lambda x: linalg.vecdot(x, x * x),
    "trace": lambda x: linalg.trace(x, offset=1),
    "roll": lambda x: shape.roll(x * x, (1, -2), axis=(0, 1)),
    "tile": lambda x: shape.tile(x * x, (2, 1, 2)),
    "repeat": lambda x: shape.repeat(x * x, [1, 0, 2], axis=0),
    "pad reflect": lambda x: shape.pad(x * x, [(1, 1), (2, 0)], mode="reflect"),
    "tril": lambda x: shape.tril(x * x, k=-1),
    "diff": lambda x: shape.diff(x * x, n=2, axis=1),
    "stack and split": lambda x: shape.stack(shape.split(x * x, [1, 3], axis=1)[1:] * 2, axis=1),
    "symbolic weak": lambda x: 2 / x + x**3 - (1 - x) * 0.5,
    **{name: getattr(nn, name) for name in nn.__all__ if name != "erfinv"},
    "gelu by tanh": lambda x: nn.gelu(x, approximate=True),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_functions_made_of_ops(name):
    """What is composed of ops has their gradients, to second order."""
    x = np.random.default_rng(3).normal(size=(3, 4))
    x = np.where(np.abs(x) < 0.05, 0.1, x)

    def function(x):
        y = COMPOSED[name](x)
        weights = np.random.default_rng(1).uniform(0.5, 1.5, y.shape)
        return (y * tensor(weights)).sum()

    check(function, [x])


def test_elements_chosen_by_a_mask():
    x = np.random.default_rng(3).normal(size=(3, 4))
    check(lambda t: (t[x > 0] ** 3).sum(), [x])


def gradient_at(function, *values):
    xs = [tensor(np.asarray(v, np.float64)) for v in values]
    found = pf.grad(lambda *xs: function(*xs).sum(), argnums=tuple(range(len(xs))))(*xs)
    return [g.numpy().tolist() for g in found]


CORNERS = {
    "relu at 0": (nn.relu, [[-1, 0.0, -0.0, 2]], [[0, 0, 0, 1]]),
    "relu6 at its ends": (nn.relu6, [[0.0, 3, 6]], [[0, 1, 0]]),
    "abs at 0": (elementwise.abs, [[0.0, -0.0, -2, 3]], [[0, 0, -1, 1]]),
    "sign": (elementwise.sign, [[0.0, -2, 3]], [[0, 0, 0]]),
    "max shares ties": (lambda x: reduction.max(x, -1), [[1, 3, 3, 2, 3]], [[0, 1 / 3, 1 / 3, 0, 1 / 3]]),
    "min shares ties": (lambda x: reduction.min(x, -1), [[1, 1, 3, 2]], [[0.5, 0.5, 0, 0]]),
    "max shares ties over axes": (lambda x: reduction.max(x, (0, 1)), [[[2, 2], [2, 2]]], [[[0.25] * 2] * 2]),
    "maximum(x, x)": (elementwise.maximum, [[1, 2], [1, 5]], [[0.5, 0], [0.5, 1]]),
    "minimum(x, x)": (elementwise.minimum, [[1, 2], [1, 5]], [[0.5, 1], [0.5, 0]]),
    "sqrt at 0": (elementwise.sqrt, [[0.0, 4]], [[np.inf, 0.25]]),
    "x**0": (lambda x: x**0, [[0.0, 2, -1]], [[0, 0, 0]]),
    "x**0.0": (lambda x: x**0.0, [[0.0, 2, -1]], [[0, 0, 0]]),
    "x**y at y = 0": (elementwise.pow, [[0.0, 2], [0, 0]], [[0, 0], [0, np.log(2)]]),
    "x**2 at 0": (lambda x: x**2, [[0.0, 3]], [[0, 6]]),
    "x**1 at 0": (lambda x: x**1, [[0.0, 3]], [[1, 1]]),
    "where keeps NaN out": (
        lambda x: elementwise.where(elementwise.greater(x, 0), elementwise.log(x), 0.0),
        [[0.0, 2]],
        [[0, 0.5]],
    ),
    "clip in the closed interval": (lambda x: elementwise.clip(x, 0, 1), [[-1, 0, 0.5, 1, 2]], [[0, 1, 1, 1, 0]]),
    "clip below alone": (lambda x: elementwise.clip(x, 0), [[-1, 0, 0.5]], [[0, 1, 1]]),
    "clip passes to its limits": (
        elementwise.clip,
        [[-1, 0.5, 2], [0, 0, 0], [1, 1, 1]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],
    ),
    "norm at 0": (lambda x: reduction.norm(x, -1), [[[0.0, 0], [3, 4]]], [[[0, 0], [0.6, 0.8]]]),
    "std at 0": (lambda x: reduction.std(x, -1), [[2.0, 2, 2]], [[0, 0, 0]]),
    "hypot at 0": (elementwise.hypot, [[0.0, 3], [0.0, 4]], [[0, 0.6], [0, 0.8]]),
    "prod with a zero": (lambda x: reduction.prod(x, -1), [[2, 0.0, 3]], [[0, 6, 0]]),
    "prod with two zeros": (lambda x: reduction.prod(x, -1), [[2, 0.0, 0.0]], [[0, 0, 0]]),
    "prod of nothing": (lambda x: reduction.prod(x, -1), [np.zeros((2, 0))], [[[], []]]),
    "cumulative_prod with a zero": (
        lambda x: reduction.cumulative_prod(x, axis=0),
        [[2, 0.0, 3]],
        [[1, 2 + 6, 0]],
    ),
    "logsumexp of nothing likely": (lambda x: reduction.logsumexp(x, -1), [[-np.inf, -np.inf]], [[0, 0]]),
    "logaddexp of nothing likely": (elementwise.logaddexp, [-np.inf, -np.inf], [0.5, 0.5]),
    "sort with ties": (lambda x: reduction.sort(x)[0] * 2 + reduction.sort(x)[1], [[1, 1.0]], [[2, 1]]),
    "floor, ceil, round, trunc": (
        lambda x: elementwise.floor(x) + elementwise.ceil(x) + elementwise.round(x) + elementwise.trunc(x),
        [[0.3, 1.0]],
        [[0, 0]],
    ),
    "stop_gradient": (lambda x: x * pf.stop_gradient(x), [[2.0, 3]], [[2, 3]]),
    "x + x": (lambda x: x + x, [[1.0]], [[2]]),
    "broadcasting": (lambda x, y: x * y, [[[1.0], [2]], [3.0, 4]], [[[7], [7]], [3, 3]]),
    "softplus far out": (nn.softplus, [[-1000.0, 1000]], [[0, 1]]),
    "sigmoid far out": (nn.sigmoid, [[-1000.0, 1000]], [[0, 0]]),
    "erfinv at its ends": (nn.erfinv, [[1.0]], [[np.inf]]),
}


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name):
    """The gradients that are pinned where mathematics leaves a choice."""
    function, values, expected = CORNERS[name]
    found = gradient_at(function, *values)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, np.asarray(b, np.float64), rtol=1e-12, atol=0)


def test_second_derivative_of_a_square_at_zero():
    """Where a first derivative is 0 by a corner's rule, smooth functions still have their second derivative."""
    for function in (
        lambda x: reduction.var(x, -1) * 2,
        lambda x: reduction.sum(elementwise.square(x)),
        lambda x: x[0] ** 2 + x[1] * x[1],
    ):
        found = pf.hessian(function)(tensor(np.zeros(2)))
        assert np.diag(found.numpy()).min() > 0


def test_integers_have_no_gradient():
    """A tape gives None for integers and booleans, grad refuses them."""
    x = pf.constant([1, 2, 3])
    with pf.GradientTape() as tape:
        w = pf.Variable([1, 2], trainable=True)
        y = pf.Variable([1.0, 2.0])
        z = (pf.cast(w, "float32") * y).sum()
    assert tape.gradient(z, [w, y])[0] is None
    for value in (x, x > 1):
        with pytest.raises(TypeError, match="integers and booleans have no gradient"):
            pf.grad(lambda t: t.sum())(value)


def test_no_gradient_flows_through_integers():
    """A float that has been an integer is a constant."""
    found = pf.grad(lambda x: (x.astype("int32").astype("float32") * x).sum())(pf.constant([1.5, 2.5]))
    assert found.numpy().tolist() == [1, 2]


def test_promotion_returns_to_the_arguments_dtype():
    """A gradient has its argument's dtype, whatever the result was computed in."""
    x, y = pf.constant([1.0, 2.0]), tensor(np.array([3.0, 4.0]))
    gx, gy = pf.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, y)
    assert gx.dtype is dt.float32
    assert gy.dtype is dt.float64
    z = tensor(np.array([1 + 2j, 3j]))
    (gx,) = pf.grad(lambda a: pf.real(a * z).sum(), argnums=(0,))(x)
    assert gx.dtype is dt.float32
    assert gx.numpy().tolist() == [1, 0]
