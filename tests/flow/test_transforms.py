"""grad, value_and_grad, vjp, jvp, jacobian, hessian and custom_gradient, against JAX and by themselves."""

from __future__ import annotations

from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError
from polyflow.ops import elementwise, nn, reduction

Layer = namedtuple("Layer", "w b")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _x64():
    with jax.enable_x64(True):
        yield


def parameters(convert):
    rng = np.random.default_rng(1)
    return {
        "hidden": [Layer(convert(rng.normal(size=(3, 4))), convert(rng.normal(size=4)))],
        "out": (convert(rng.normal(size=(4, 2))), None),
        "scale": convert(np.asarray(0.7)),
    }


def network(p, x, tanh, softmax, exp):
    """A small network over nested parameters, written for either library."""
    for layer in p["hidden"]:
        x = tanh(x @ layer.w + layer.b)
    w, _ = p["out"]
    return softmax(x @ w) * exp(p["scale"] * 0.5)


INPUT = RNG.normal(size=(5, 3))


def ours(p, x=None):
    x = pf.constant(INPUT) if x is None else x
    return (network(p, x, elementwise.tanh, nn.softmax, elementwise.exp) ** 2).sum()


def theirs(p, x=INPUT):
    return (network(p, x, jnp.tanh, jax.nn.softmax, jnp.exp) ** 2).sum()


def leaves(tree):
    return [np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf) for leaf in jax.tree.leaves(tree)]


def close(a, b, rtol=1e-10):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(leaves(a), leaves(b), strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-12)


def test_grad_of_nested_containers():
    """Dictionaries, lists, tuples, named tuples and None come back as they went in."""
    p = parameters(pf.constant)
    gradient = pf.grad(ours)(p)
    assert isinstance(gradient["hidden"][0], Layer)
    assert gradient["out"][1] is None
    close(gradient, jax.jit(jax.grad(theirs))(parameters(jnp.asarray)))


def test_value_and_grad():
    value, gradient = pf.value_and_grad(ours)(parameters(pf.constant))
    np.testing.assert_allclose(value.numpy(), theirs(parameters(jnp.asarray)), rtol=1e-14)
    close(gradient, jax.jit(jax.grad(theirs))(parameters(jnp.asarray)))


def test_argnums():
    p, x = parameters(pf.constant), pf.constant(INPUT)
    q, z = parameters(jnp.asarray), jnp.asarray(INPUT)
    close(pf.grad(ours, argnums=1)(p, x), jax.jit(jax.grad(theirs, argnums=1))(q, z))
    close(pf.grad(ours, argnums=-1)(p, x), jax.jit(jax.grad(theirs, argnums=1))(q, z))
    both = pf.grad(ours, argnums=(1, 0))(p, x)
    assert isinstance(both, tuple)
    close(both, jax.jit(jax.grad(theirs, argnums=(1, 0)))(q, z))
    with pytest.raises(TypeError, match="ours got 1 positional arguments; argnums=1 names none of them"):
        pf.grad(ours, argnums=1)(p)


def test_the_same_tensor_twice():
    """Each argument has a gradient of its own, even if one tensor is given for two."""
    x = pf.constant(3.0)
    a, b = pf.grad(lambda a, b: a * a * b, argnums=(0, 1))(x, x)
    assert (a.numpy(), b.numpy()) == (18, 9)


def test_has_aux():
    def function(x):
        return (x * x).sum(), {"twice": x * 2}

    x = pf.constant([1.0, 2.0])
    gradient, aux = pf.grad(function, has_aux=True)(x)
    assert gradient.numpy().tolist() == [2, 4]
    assert aux["twice"].numpy().tolist() == [2, 4]
    (value, aux), gradient = pf.value_and_grad(function, has_aux=True)(x)
    assert value.numpy() == 5


def test_python_numbers_and_keywords():
    assert pf.grad(lambda x, k: x**k)(3.0, k=2).numpy() == 6
    assert pf.grad(lambda x: x * x)(np.float32(3)).dtype.name == "float32"


def test_variables():
    """Variables given as arguments are differentiated in; those read inside are constants."""
    v, w = pf.Variable(2.0), pf.Variable(5.0)
    assert pf.grad(lambda x: x * x * w)(v).numpy() == 20


def test_unconnected_arguments_are_zero():
    a, b = pf.grad(lambda a, b: a * 2, argnums=(0, 1))(pf.constant(1.0), pf.constant(np.ones(3)))
    assert a.numpy() == 2
    assert b.numpy().tolist() == [0, 0, 0]
    assert pf.grad(lambda x: 3.0)(pf.constant(1.0)).numpy() == 0


def test_orders():
    """Derivatives nest."""
    f = elementwise.sin
    for order in range(5):
        expected = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin][order]
        np.testing.assert_allclose(f(pf.constant(np.float64(0.7))).numpy(), expected(0.7), rtol=1e-14)
        f = pf.grad(f)


def test_perturbations_are_not_confused():
    """An inner derivative does not differentiate in the outer variable."""
    result = pf.grad(lambda x: x * pf.grad(lambda y: x + y)(pf.constant(1.0)))(pf.constant(2.0))
    assert result.numpy() == 1
    result = pf.grad(lambda x: x * pf.grad(lambda y: x * y * y)(x))(pf.constant(2.0))
    assert result.numpy() == 3 * 2 * 4  # x * 2 x**2


def test_vjp():
    p, q = parameters(pf.constant), parameters(jnp.asarray)

    def both(net, p, x):
        return {"probabilities": net(p, x), "inputs": x * 2}

    mine = lambda p, x: both(lambda p, x: network(p, x, elementwise.tanh, nn.softmax, elementwise.exp), p, x)  # noqa: E731
    other = lambda p, x: both(lambda p, x: network(p, x, jnp.tanh, jax.nn.softmax, jnp.exp), p, x)  # noqa: E731
    value, pullback = pf.vjp(mine, p, pf.constant(INPUT))
    expected, their_pullback = jax.vjp(other, q, jnp.asarray(INPUT))
    close(value, expected)
    cotangent = {"probabilities": RNG.normal(size=(5, 2)), "inputs": RNG.normal(size=(5, 3))}
    for _ in range(2):  # a pullback may be called more than once
        close(pullback(cotangent), their_pullback({k: jnp.asarray(v) for k, v in cotangent.items()}))
    with pytest.raises(ShapeError, match="the cotangent's structure"):
        pullback([cotangent["inputs"]])
    with pytest.raises(ShapeError, match="a cotangent has the shape of its value"):
        pullback({"probabilities": cotangent["inputs"], "inputs": cotangent["inputs"]})


def test_jvp():
    p, q = parameters(pf.constant), parameters(jnp.asarray)
    tangents = jax.tree.map(lambda x: np.random.default_rng(2).normal(size=x.shape), q)
    mine = lambda p: {"y": network(p, pf.constant(INPUT), elementwise.tanh, nn.softmax, elementwise.exp)}  # noqa: E731
    other = lambda p: {"y": network(p, INPUT, jnp.tanh, jax.nn.softmax, jnp.exp)}  # noqa: E731
    value, tangent = pf.jvp(mine, (p,), (jax.tree.map(pf.constant, tangents),))
    expected = jax.jvp(other, (q,), (tangents,))
    close(value, expected[0])
    close(tangent, expected[1])
    with pytest.raises(ShapeError, match="jvp needs one tangent per argument; got 1 arguments and 2 tangents"):
        pf.jvp(mine, (p,), (tangents, tangents))


def test_jvp_of_unconnected_functions():
    value, tangent = pf.jvp(lambda x: pf.constant(1.0) * 2, (pf.constant(3.0),), (pf.constant(1.0),))
    assert (value.numpy(), tangent.numpy()) == (2, 0)


def test_jvp_through_corners():
    """Forward derivatives take the same corners: they are the backward rules, transposed."""
    x = pf.constant([0.0, 2.0, -1.0])
    function = lambda x: elementwise.where(elementwise.greater(x, 0), elementwise.log(x), elementwise.abs(x) * 3)  # noqa: E731
    _, tangent = pf.jvp(function, (x,), (pf.constant([1.0, 1.0, 1.0]),))
    assert tangent.numpy().tolist() == [0, 0.5, -3]


def test_jacobian():
    f = lambda x: {"a": x[:, 0] * x[:, 1], "b": [x.sum()]}  # noqa: E731
    x = RNG.normal(size=(3, 2))
    close(pf.jacobian(f)(pf.constant(x)), jax.jacrev(f)(jnp.asarray(x)))
    g = lambda p: p["w"] @ p["v"]  # noqa: E731
    p = {"w": RNG.normal(size=(2, 3)), "v": RNG.normal(size=3)}
    close(pf.jacobian(g)(jax.tree.map(pf.constant, p)), jax.jacrev(g)(p))
    h = lambda a, b: a * b  # noqa: E731
    for argnums in (0, 1, -1):
        found = pf.jacobian(h, argnums)(pf.constant([1.0, 2.0]), pf.constant([3.0, 4.0]))
        assert np.diag(found.numpy()).tolist() == ([3, 4] if argnums == 0 else [1, 2])
    with pytest.raises(TypeError, match="argnums=2 names none"):
        pf.jacobian(h, 2)(pf.constant(1.0), pf.constant(1.0))


def test_hessian():
    f = lambda x: (elementwise.exp(x[0] * x[1]) + x[2] ** 3 * x[0]).sum()  # noqa: E731
    g = lambda x: (jnp.exp(x[0] * x[1]) + x[2] ** 3 * x[0]).sum()  # noqa: E731
    x = RNG.normal(size=(3, 2))
    close(pf.hessian(f)(pf.constant(x)), jax.jit(jax.hessian(g))(x))
    third = pf.jacobian(pf.hessian(f))(pf.constant(x))
    close(third, jax.jit(jax.jacrev(jax.hessian(g)))(x))


def test_hessian_of_a_network():
    p, q = parameters(pf.constant), parameters(jnp.asarray)
    w = {"w": p["out"][0]}

    def mine(w):
        return ours({**p, "out": (w["w"], None)})

    def other(w):
        return theirs({**q, "out": (w["w"], None)})

    close(pf.hessian(mine)(w), jax.jit(jax.hessian(other))({"w": q["out"][0]}), rtol=1e-9)


def test_mixed_orders():
    """A derivative by tape of a derivative by grad, and the other way round."""
    x = pf.Variable(1.5)
    with pf.GradientTape() as tape:
        first = pf.grad(lambda x: x**3)(x.value)
    np.testing.assert_allclose(tape.gradient(first, x).numpy(), 9.0, rtol=1e-6)

    def by_tape(x):
        with pf.GradientTape() as tape:
            tape.watch(x)
            y = x**3
        return tape.gradient(y, x)

    np.testing.assert_allclose(pf.grad(by_tape)(pf.constant(1.5)).numpy(), 9.0, rtol=1e-6)


def test_refused():
    with pytest.raises(ShapeError, match=r"grad needs square to return a scalar; got shape \(2,\). Reduce it"):
        pf.grad(elementwise.square)(pf.constant([1.0, 2.0]))
    with pytest.raises(DTypeError, match="to return a floating scalar; got dtype int32"):
        pf.grad(lambda x: (x * 2).sum().astype("int32"))(pf.constant([1.0, 2.0]))
    with pytest.raises(TypeError, match="to return one tensor; got dict"):
        pf.grad(lambda x: {"y": x})(pf.constant(1.0))
    with pytest.raises(DTypeError, match=r"cannot be differentiated in argument 0 of dtype int32.*Pass floats"):
        pf.grad(lambda x: x * 1.0)(1)


# custom_gradient ------------------------------------------------------------------------------------------------------


@pf.custom_gradient
def log1pexp(x):
    """TensorFlow's own example: stable where the plain gradient is NaN."""
    e = elementwise.exp(x)
    return elementwise.log(1 + e), lambda g: g * (1 - 1 / (1 + e))


def test_custom_gradient():
    assert pf.grad(log1pexp)(pf.constant(100.0)).numpy() == 1
    x = pf.Variable(2.0)
    with pf.GradientTape() as tape:
        y = log1pexp(x) * 3
    expected = 3 / (1 + np.exp(-2.0))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(log1pexp(2.0).numpy(), np.log1p(np.exp(2.0)), rtol=1e-6)


def test_custom_gradient_to_second_order():
    """The pullback is differentiated as it is written."""
    x = pf.constant(np.float64(0.3))
    s = 1 / (1 + np.exp(-0.3))
    np.testing.assert_allclose(pf.grad(pf.grad(log1pexp))(x).numpy(), s * (1 - s), rtol=1e-12)
    v = pf.Variable(np.float64(0.3))
    with pf.GradientTape() as outer:
        with pf.GradientTape() as inner:
            y = log1pexp(v * 1.0)
        first = inner.gradient(y, v)
    np.testing.assert_allclose(outer.gradient(first, v).numpy(), s * (1 - s), rtol=1e-12)


def test_custom_gradient_replaces_the_true_one():
    calls = []

    @pf.custom_gradient
    def odd(x, y):
        def pullback(g):
            calls.append(1)
            return g * 10, None

        return x * y, pullback

    x, y = pf.constant(2.0), pf.constant(3.0)
    a, b = pf.grad(odd, argnums=(0, 1))(x, y)
    assert (a.numpy(), b.numpy()) == (10, 0)
    assert len(calls) == 1
    with pf.GradientTape() as outer, pf.GradientTape() as inner:
        outer.watch(x)
        inner.watch(x)
        z = odd(x, y)
    assert inner.gradient(z, x).numpy() == 10
    assert outer.gradient(z, x).numpy() == 10


def test_custom_gradient_of_several_results():
    """The pullback gets a cotangent for every result at once, zeros for those that nothing depends on."""
    seen = []

    @pf.custom_gradient
    def pair(x):
        def pullback(g, h):
            seen.append((g.numpy().tolist(), h.numpy().tolist()))
            return g + 2 * h

        return {"a": x * 1, "b": x * 1}, pullback

    x = pf.constant([1.0, 2.0])
    assert pf.grad(lambda x: (pair(x)["a"] * 3 + pair(x)["b"]).sum())(x).numpy().tolist() == [5, 5]
    seen.clear()

    def one_call(x):
        both = pair(x)
        return (both["a"] * 3 + both["b"] * 7).sum()

    assert pf.grad(one_call)(x).numpy().tolist() == [17, 17]
    assert seen == [([3, 3], [7, 7])]


def test_custom_gradient_refuses_a_wrong_pullback():
    with pytest.raises(ValueError, match="returned 2 cotangents for a function of 1 arguments"):
        pf.grad(pf.custom_gradient(lambda x: (x * 1, lambda g: (g, g))))(pf.constant(1.0))
    with pytest.raises(ShapeError, match=r"returned a cotangent of shape \(2,\) for an argument of shape \(\)"):
        pf.grad(pf.custom_gradient(lambda x: (x * 1, lambda g: pf.constant([1.0, 2.0]))))(pf.constant(1.0))


def test_custom_gradient_may_return_numbers():
    assert pf.grad(pf.custom_gradient(lambda x: (x * 1, lambda g: 5)))(pf.constant(1.0)).numpy() == 5
    found = pf.grad(lambda x: pf.custom_gradient(lambda x: (x * 1, lambda g: 2.0))(x).sum())(pf.constant([1.0, 1.0]))
    assert found.numpy().tolist() == [2, 2]


def test_reductions_in_float32_match_jax():
    """The same network in float32: within rounding of JAX's gradient."""
    f32 = lambda x: np.asarray(x, np.float32)  # noqa: E731
    mine = pf.grad(lambda p: ours(p, pf.constant(f32(INPUT))))(parameters(lambda x: pf.constant(f32(x))))
    other = jax.grad(lambda p: theirs(p, f32(INPUT)))(parameters(lambda x: jnp.asarray(f32(x))))
    for a, b in zip(leaves(mine), leaves(other), strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    assert reduction.sum(pf.constant(f32(INPUT))).dtype.name == "float32"
