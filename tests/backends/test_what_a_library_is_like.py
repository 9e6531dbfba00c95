"""What `ArrayNamespaceBackend` finds out about a library: whether it warns, and where it is off as NumPy is."""

from __future__ import annotations

import warnings

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow.backend import ArrayNamespaceBackend, discovery, sums


class Strict(ArrayNamespaceBackend):
    name = "likestrict"
    xp = array_api_strict


@st.composite
def summed(draw):
    shape = tuple(draw(st.lists(st.integers(0, 70), min_size=1, max_size=3)))
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True))
    return np.random.default_rng(draw(st.integers(0, 99))).integers(-9, 9, shape).astype(np.float64), axes


@settings(deadline=None)
@given(summed())
def test_halves_add_up_to_the_whole(case):
    """Whatever the sizes, even or odd or 0, no row is lost or counted twice, and few are left to add in turn."""
    x, axes = case
    parts = sums.halved(x, axes)
    total = np.sum([part.sum(axis=tuple(axes), keepdims=True) for part in parts], axis=0)
    np.testing.assert_array_equal(total, x.sum(axis=tuple(axes), keepdims=True))
    assert all(part.shape[axis] <= sums.FEW for part in parts for axis in axes)


@pytest.mark.parametrize("name", ["numpy", "jax"])
def test_backends_in_the_box_say_it_themselves(name):
    """Nothing is measured when they are made."""
    backend = discovery.get(name)
    assert (backend.warns, backend.adds_in_turn) == (False, False)


def test_a_library_over_numpy_is_found_to_warn_and_to_add_in_turn():
    strict = Strict()
    with pf.use_backend(strict):
        pf.sum(pf.tensor([1.0, 2.0]))
    assert (strict.warns, strict.adds_in_turn) == (True, True)


def test_it_warns_no_more_and_the_user_still_hears_numpy():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pf.use_backend(Strict()):
            assert np.isneginf(float(pf.log(pf.constant(0.0))))
        with pytest.raises(RuntimeWarning):
            np.log(np.float32(0))


class Strictest:
    """A library that has no logarithm of 0."""

    def __getattr__(self, name):
        return getattr(array_api_strict, name)

    def log(self, x):
        raise ZeroDivisionError("log of 0")


@pytest.mark.parametrize("asked", ["raise", "ignore", "warn"])
@pytest.mark.parametrize("library", [array_api_strict, Strictest()], ids=["NumPy's", "raises"])
def test_what_the_user_has_numpy_do_is_not_what_it_is_like(library, asked):
    """It is looked at once, and the user may have NumPy do something else before and after."""
    backend = type("Like", (ArrayNamespaceBackend,), {"name": "like", "xp": library})()
    with pf.use_backend(backend):
        with np.errstate(all=asked):
            assert float(pf.sum(pf.exp(pf.zeros(2)))) == 2.0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isposinf(float(pf.exp(pf.constant(1000.0))))


@pytest.mark.parametrize("axis", [0, (0, 2), None, -3])
@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_sums_of_many_rows_keep_their_digits(axis, dtype):
    x = np.random.default_rng(0).uniform(0.5, 1, (3001, 3, 5)).astype(dtype)
    with pf.use_backend(Strict()):
        found = pf.sum(pf.tensor(x), axis=axis, keepdims=True).numpy()
    true = x.astype(np.clongdouble).sum(axis=axis, keepdims=True)
    bound = 4 * np.finfo(np.float32).eps * abs(x).sum(axis=axis, keepdims=True) * (1 + np.log2(x.size / true.size) / 8)
    assert found.shape == true.shape
    assert np.all(abs(found - true) <= bound)


def test_slips_of_numpy_are_found_and_mended():
    """A power of 0.5 is no square root, in any form of the exponent, and log1p keeps its digits near 0."""
    strict = Strict()
    with pf.use_backend(strict):
        x = pf.constant([-np.inf, -0.0, 4.0], "float64")
        for exponent in (0.5, pf.constant(0.5, "float64"), pf.constant([0.5], "float64")):
            root = (x**exponent).numpy()
            np.testing.assert_array_equal(root, [np.inf, 0.0, 2.0])
            assert not np.signbit(root).any()
        logarithms = pf.math.log1p(pf.constant([1e-30 + 2e-30j, 1.0], "complex128")).numpy()
        np.testing.assert_allclose(logarithms, [1e-30 + 2e-30j, np.log(2)], rtol=1e-15)
    assert strict.takes_roots == {pf.float32, pf.float64}
    assert strict.loses_digits
