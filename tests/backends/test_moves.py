"""Gradients through moves between backends: cotangents move back, to every order."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.backend import discovery
from polyflow.errors import MixedBackendsError, TraceError
from polyflow.ops import elementwise, reduction
from polyflow_numpy.backend import NumPyBackend

X = np.array([0.5, -1.0, 2.0])


@pytest.fixture(scope="module")
def other():
    """A backend that is none of the others: tensors of two backend objects do not mix."""
    return NumPyBackend()


@pytest.fixture
def x(backend):
    return pf.tensor(X, backend=backend)


def there_and_back(x, other):
    """``sum(exp(2 x) * x)``, the factors computed on two backends."""
    return reduction.sum(elementwise.exp((x * 2.0).to(other)).to(x.backend) * x)


def exactly_on(value, backend, expected):
    assert value.backend is backend
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)


def test_grad(x, backend, other):
    found = pf.grad(lambda x: there_and_back(x, other))(x)
    exactly_on(found, backend, np.exp(2 * X) * (1 + 2 * X))


def test_second_order(x, backend, other):
    """The cotangent's own move is recorded too."""
    found = pf.hessian(lambda x: there_and_back(x, other))(x)
    exactly_on(found, backend, np.diag(np.exp(2 * X) * (4 + 4 * X)))


def test_jvp(x, backend, other):
    value, slope = pf.jvp(lambda x: elementwise.square(x.to(other)), (x,), (x * 0.0 + 1.0,))
    exactly_on(value, other, X * X)
    exactly_on(slope, other, 2 * X)


@pytest.mark.parametrize("watched", [False, True], ids=["run", "recorded"])
def test_a_compiled_function_and_a_variable_of_another_backend(x, backend, other, watched):
    """It says so as single ops do, also when the variable has moved since; and the variable stays where it is."""
    v = pf.Variable(X, backend=other)
    scaled = pf.function(lambda x: elementwise.sin(v) * x)
    added = pf.function(lambda x: v.assign_add(x))

    def call(function, x):
        if not watched:
            return function(x)
        with pf.GradientTape() as tape:
            tape.watch(x)
            return function(x)

    for function in (scaled, added):
        with pytest.raises(MixedBackendsError, match=f"'{backend.name}' .* uses the variable 'Variable' of 'numpy'"):
            call(function, x)
    assert v.backend is other
    exactly_on(call(scaled, x.to(other)), other, np.sin(X) * X)
    v.move_to(backend)
    exactly_on(call(scaled, x), backend, np.sin(X) * X)
    with pytest.raises(MixedBackendsError, match=r"Give it tensors of that backend"):
        call(scaled, x.to(other))


def test_the_result_may_stay_there(x, backend, other):
    exactly_on(pf.grad(lambda x: reduction.sum(elementwise.square(x.to(other))))(x), backend, 2 * X)


def test_sources_on_both_backends(backend, other):
    """Each gradient lies where its source does."""
    v, w = pf.Variable(X, backend=backend), pf.Variable(2 * X, backend=other)
    with pf.GradientTape(persistent=True) as tape:
        y = v * 3.0
        z = reduction.sum(y.to(other) * w)
    at_v, at_w, at_y = tape.gradient(z, [v, w, y])
    exactly_on(at_v, backend, 6 * X)
    exactly_on(at_w, other, 3 * X)
    exactly_on(at_y, backend, 2 * X)
    given = tape.gradient(z, v, output_gradients=2.0)
    exactly_on(given, backend, 12 * X)


def test_a_move_that_only_the_outer_tape_sees(x, backend, other):
    """An inner tape that watches nothing of it leaves the move to the one outside."""
    with pf.GradientTape() as outer:
        outer.watch(x)
        with pf.GradientTape() as inner:
            y = pf.tensor(X, backend=other)
            inner.watch(y)
            z = reduction.sum(y * y * x.to(other))
        first = inner.gradient(z, y)
        second = reduction.sum(first)
    exactly_on(first, other, 2 * X * X)
    exactly_on(outer.gradient(second, x), backend, 2 * X)


def test_constants_move_unseen(x, backend, other):
    """What no tape watches has no gradient, moved or not."""
    weights = pf.tensor(X, backend=other)
    exactly_on(pf.grad(lambda x: reduction.sum(x * weights.to(backend)))(x), backend, X)
    assert pf.stop_gradient(x).to(other).backend is other


def test_where_keeps_nan_out_across_a_move(backend, other):
    def function(x):
        return reduction.sum(elementwise.where(pf.tensor([True, False], backend=other), x.to(other), 0.0))

    x = pf.tensor(np.array([4.0, 0.0]), backend=backend)
    exactly_on(pf.grad(lambda x: function(elementwise.sqrt(x)))(x), backend, [0.25, 0.0])


def test_a_variable_assigned_on_another_backend_is_no_part_of_the_gradient(backend, other):
    v = pf.Variable(X, backend=other)
    with pf.GradientTape() as tape:
        x = pf.Variable(X, backend=backend)
        v.assign(x * 2.0)
        y = reduction.sum(x * x)
    exactly_on(tape.gradient(y, x), backend, 2 * X)
    exactly_on(v.value, other, 2 * X)


def test_cotangents_of_numbers_lie_where_their_values_do(x, backend, other):
    """Lists and arrays given as cotangents or tangents go to the backend of what they belong to."""
    with pf.use_backend(other):
        pull = pf.vjp(elementwise.square, x)[1]
        exactly_on(pull(np.array([1.0, 2.0, 3.0]))[0], backend, 2 * X * [1, 2, 3])
        exactly_on(pf.jvp(elementwise.square, (x,), (np.ones(3),))[1], backend, 2 * X)
        with pf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        exactly_on(tape.gradient(y, x, output_gradients=[1.0, 2.0, 3.0]), backend, 2 * X * [1, 2, 3])


def test_two_backends_still_do_not_mix(x, other):
    with pytest.raises(MixedBackendsError, match=r"Move one first, e\.g\. x\.to"):
        pf.grad(lambda x: reduction.sum(x.to(other) * x))(x)


def test_nor_as_arguments_of_a_function(x, other):
    product = pf.function(lambda x, y: x * y)
    for pair in ((x, x.to(other)), (x.to(other), x)):
        with pytest.raises(MixedBackendsError, match=r"got tensors of two backends.*Move one first, e\.g\. x\.to"):
            product(*pair)


def test_arguments_of_a_function_lie_beside_its_tensors(x, backend, other):
    host = np.array(2.0, x.dtype)
    told = pf.function(lambda y, x: x * y, input_signature=[pf.TensorSpec([], x.dtype), pf.TensorSpec(None, x.dtype)])
    with pf.use_backend(other):
        exactly_on(pf.function(lambda y, x: x * y)(host, x), backend, 2 * X)
        exactly_on(told(2.0, x), backend, 2 * X)


def test_a_traced_tensor_does_not_move(x, other):
    with pytest.raises(TraceError, match="a graph runs on one"):
        pf.function(lambda x: x.to(other))(x)


def test_between_the_installed_ones():
    """By name, as users write it."""
    for first, second in (("numpy", "jax"), ("jax", "numpy")):
        x = pf.tensor(X, backend=first)
        found = pf.grad(lambda x: reduction.sum(elementwise.tanh(x.to(second)) ** 2))(x)  # noqa: B023
        exactly_on(found, discovery.get(first), 2 * np.tanh(X) * (1 - np.tanh(X) ** 2))
