"""NumPy's ufuncs on tensors: operators of arrays are the tensor's, all others say what to write instead."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import polyflow as pf
from polyflow.ufuncs import OPERATORS

OPERATIONS = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
)  # fmt: skip
WHOLE = (operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift)
LEFT = [np.array([1.0, 2.0, 3.0], np.float32), np.array(2.0), np.float64(2.0), np.arange(1, 4), np.int32(3)]
MAKERS = {"tensor": pf.tensor, "variable": pf.Variable}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.__name__)
def test_operators_of_arrays(operation, make):
    """An array or a number of NumPy's on the left is taken as the same on the right of the reflected operator."""
    host = np.array([3.0, 2.0, 1.0], np.float32)
    for left in LEFT:
        found = operation(left, MAKERS[make](host))
        assert isinstance(found, pf.Tensor)
        weak = left.item() if isinstance(left, np.generic) else pf.tensor(left)
        expected = operation(weak, pf.tensor(host))
        assert found.dtype is expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


@pytest.mark.parametrize("operation", [*WHOLE, operator.matmul], ids=lambda one: one.__name__)
def test_operators_of_integers_and_matrices(operation):
    left, right = np.array([[1, 2], [3, 4]]), np.array([[2, 1], [0, 1]])
    np.testing.assert_array_equal(operation(left, pf.tensor(right)).numpy(), operation(left, right))


def test_every_operator_is_there():
    ufuncs = {getattr(np, name) for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    assert OPERATORS.keys() <= ufuncs
    assert all(hasattr(pf.Tensor, method) for method in OPERATORS.values())


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_functions_are_refused_in_a_sentence(backend):
    if backend == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    x = pf.tensor([1.0, 2.0], backend=backend)
    for call, says in (
        (lambda: np.exp(x), "Use pf.exp, or np.exp(x.numpy()) if an array"),
        (lambda: np.arctan2(x, 1.0), "Use pf.atan2, or np.arctan2(x.numpy(), …) if"),
        (lambda: np.power(x, 2), "Use pf.pow, or np.power(x.numpy(), …) if"),
        (lambda: np.multiply(x, x), "Use pf.multiply, or np.multiply(x.numpy(), x.numpy()) if"),
        (lambda: np.add.reduce(x), "np.add.reduce got a tensor of shape (2,) and dtype float32"),
        (lambda: np.modf(x), "Use polyflow's ops, or np.modf(x.numpy()) if"),
        (lambda: np.sqrt(pf.Variable([1.0])), "np.sqrt got a variable of shape (1,) and dtype float32"),
        (lambda: operator.iadd(np.ones(2), x), "np.add cannot write a tensor of shape (2,)"),
    ):
        with pytest.raises(TypeError) as error:
            call()
        assert says in str(error.value)


def test_strangers_on_the_left_are_left_alone():
    """An object of neither NumPy nor polyflow has its own operator asked."""

    class Stranger:
        __array_ufunc__ = None

        def __add__(self, other):
            return "mine"

        __radd__ = __add__

    assert Stranger() + pf.tensor([1.0]) == "mine"
    assert pf.tensor([1.0]) + Stranger() == "mine"
    with pytest.raises(TypeError):
        np.array([object()]) + pf.tensor([1.0])
