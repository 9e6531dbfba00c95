"""``x[key] = values`` gives a tensor other values and leaves everything else as it was."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import TraceError

KEYS = [
    0,
    -1,
    slice(1, 3),
    (slice(None), 2),
    (..., 0),
    None,
    (0, None, slice(None, None, -2)),
    [0, 2],
    ([0, 1], [2, 0]),
]


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_values_are_numpys(key):
    host = np.arange(12.0).reshape(3, 4)
    x = pf.constant(host)
    host[key] = 7.5
    x[key] = 7.5
    np.testing.assert_array_equal(x.numpy(), host)


def test_a_mask_selects():
    host = np.arange(6.0)
    x = pf.constant(host)
    x[x > 2] = 0.0
    host[host > 2] = 0.0
    np.testing.assert_array_equal(x.numpy(), host)


def test_whoever_shares_the_memory_sees_nothing():
    x = pf.constant([1.0, 2.0, 3.0])
    part, back, same, given = x[1:], pf.reshape(x, (3, 1)), x.copy(), x.numpy()
    x[:] = 9.0
    for other in (part, back, same, given):
        assert 9.0 not in np.asarray(other)
    assert x.tolist() == [9.0, 9.0, 9.0]


def test_the_same_tensor_under_another_name_is_the_same():
    x = pf.constant([1.0, 2.0])
    y = x
    x[0] = 5.0
    assert y.tolist() == [5.0, 2.0]


def test_a_value_of_a_higher_kind_is_refused_and_changes_nothing():
    x = pf.constant([1, 2])
    with pytest.raises(TypeError, match="float32"):
        x[0] = 1.5
    with pytest.raises(IndexError):
        x[5] = 1
    assert x.tolist() == [1, 2]


def f(w):
    """5w₁, w₁ and w₂ by assignments to a copy."""
    x = w.copy()
    x[0] = 5.0 * w[1]
    squares = x * x
    x[2] = x[1] * 2.0
    return (squares + x).sum()


@pytest.mark.parametrize("how", [pf.grad(f), pf.function(pf.grad(f)), pf.grad(pf.function(f))])
def test_gradients_flow_through_assignments(how):
    np.testing.assert_allclose(how(pf.constant([1.0, 2.0, 3.0])).numpy(), [0.0, 52.0 * 2 + 8, 6.0])


def test_second_derivatives_too():
    np.testing.assert_allclose(pf.hessian(f)(pf.constant([1.0, 2.0, 3.0])).numpy(), np.diag([0.0, 52.0, 2.0]))


def test_a_tape_keeps_what_it_saw():
    """Assigning to what was computed, or to a constant, after it was used does not change a recorded gradient."""
    w, c = pf.Variable([1.0, 2.0]), pf.constant([2.0, 3.0])
    with pf.GradientTape() as tape:
        y = w * c
        z = pf.reduce_sum(y * y)
    c[0] = 100.0
    y[1] = 77.0
    assert tape.gradient(z, w).tolist() == [8.0, 36.0]


def test_a_failed_assignment_leaves_the_tape_whole():
    w = pf.Variable([1.0, 2.0])
    with pf.GradientTape() as tape:
        y = w * 2.0
        with pytest.raises(IndexError):
            y[9] = 1.0
        z = pf.reduce_sum(y * y)
    assert tape.gradient(z, w).tolist() == [8.0, 16.0]


def test_what_a_tape_watches_is_refused():
    x = pf.constant([1.0, 2.0])
    with pf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(TypeError, match="x.copy"):
            x[0] = 3.0
        y = x * x
    with pytest.raises(TypeError, match="x.copy"):
        x[0] = 3.0
    assert tape.gradient(y, x).tolist() == [2.0, 4.0]


def test_a_variable_never_changes_by_its_value():
    v, t = pf.Variable([1.0, 2.0]), pf.constant([3.0, 4.0])
    for value in (v.value, v.read_value(), pf.asarray(v), v):
        with pytest.raises(TypeError, match="copy"):
            value[0] = 9.0
    v.assign(t)
    with pytest.raises(TypeError, match="copy"):
        t[0] = 9.0
    x = v.copy()
    x[0] = 9.0
    assert (v.numpy().tolist(), x.tolist()) == ([3.0, 4.0], [9.0, 4.0])


def test_arguments_of_traced_functions_are_refused():
    @pf.function
    def g(x):
        x[0] = 1.0
        return x

    with pytest.raises(TypeError, match="x.copy"):
        g(pf.constant([2.0, 3.0]))


def test_a_captured_tensor_cannot_change_inside_and_is_seen_when_it_changes_outside():
    c = pf.constant([2.0, 3.0])

    @pf.function
    def scaled(x):
        return x * c

    @pf.function
    def bad(x):
        c[0] = 1.0
        return x

    one = pf.constant([1.0, 1.0])
    assert scaled(one).tolist() == [2.0, 3.0]
    c[0] = 10.0
    assert scaled(one).tolist() == [10.0, 3.0]
    with pytest.raises(TraceError, match="x.copy"):
        bad(one)


def test_a_dataset_sees_a_tensor_change():
    """A function of map that holds a tensor is not taken for one of constants."""
    c = pf.constant([1.0])
    data = pf.data.Dataset.from_tensor_slices(np.arange(3.0, dtype=np.float32)).map(lambda x: x + c)
    first = [row.tolist() for row in data.as_numpy_iterator()]
    c[0] = 5.0
    again = [row.tolist() for row in data.as_numpy_iterator()]
    assert (first, again) == ([[1.0], [2.0], [3.0]], [[5.0], [6.0], [7.0]])
