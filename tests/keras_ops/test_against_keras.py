"""`keras.ops` against Keras's own: values, dtypes, shapes, gradients, and the same from compiled functions."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import polyflow as pf

from .cases import CASES

FAMILIES = sorted({case.name for case in CASES})


def traceable(case):
    """Whether tensors are given by themselves, and the result's size is no data."""
    return any(isinstance(arg, np.ndarray) for arg in case.args) and (case.name != "unique" or "size" in case.options)


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


def leaves(found):
    return [one for part in found for one in leaves(part)] if isinstance(found, (tuple, list)) else [found]


def theirs(keras, case):
    args = [_given(keras, arg) for arg in case.args]
    return [np.asarray(one) for one in leaves(getattr(keras.ops, case.name)(*args, **case.options))]


def _given(keras, arg):
    if isinstance(arg, (tuple, list)) and arg and isinstance(arg[0], np.ndarray):
        return type(arg)(keras.ops.array(one) for one in arg)
    return keras.ops.array(arg) if isinstance(arg, np.ndarray) else arg


def same(found, expected, case):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        value = one.numpy()
        assert value.shape == other.shape
        places = case.places and other.dtype == np.int32 and value.dtype == np.int64
        assert places or value.dtype == other.dtype
        np.testing.assert_allclose(value, other, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_are_keras_s(keras, backend, case):
    found = getattr(pf.keras.ops, case.name)(*case.args, **case.options)
    same(leaves(found), theirs(keras, case), case)


@pytest.mark.parametrize("case", [case for case in CASES if traceable(case)], ids=str)
def test_compiled_functions_give_the_same(backend, case):
    function = getattr(pf.keras.ops, case.name)
    tensors = [place for place, arg in enumerate(case.args) if isinstance(arg, np.ndarray)]

    def call(*given):
        args = list(case.args)
        for place, one in zip(tensors, given, strict=True):
            args[place] = one
        return function(*args, **case.options)

    given = [pf.constant(case.args[place]) for place in tensors]
    once, compiled = leaves(call(*given)), leaves(pf.function(call)(*given))
    for one, other in zip(once, compiled, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", [case for case in CASES if case.gradients], ids=str)
def test_gradients_are_keras_s(keras, backend, case):
    import jax

    weights = [np.random.default_rng(1).normal(size=one.shape) for one in theirs(keras, case)]

    def total(ops, array):
        def scalar(*given):
            args = list(case.args)
            for place, one in zip(case.gradients, given, strict=True):
                args[place] = one
            found = leaves(getattr(ops, case.name)(*args, **case.options))
            parts = [(one * array(w)).sum() for one, w in zip(found, weights, strict=True) if "float" in str(one.dtype)]
            return sum(parts[1:], parts[0])

        return scalar

    places = tuple(range(len(case.gradients)))
    given = [case.args[place] for place in case.gradients]
    expected = jax.grad(total(keras.ops, lambda w: w.astype("float32")), places)(*map(keras.ops.array, given))
    found = pf.grad(total(pf.keras.ops, lambda w: pf.constant(w, "float32")), places)(*map(pf.constant, given))
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one.numpy(), np.asarray(other), rtol=10 * case.rtol, atol=10 * case.atol)


@pytest.mark.parametrize("name", FAMILIES)
def test_arguments_are_keras_s(keras, name):
    """They have the same names in the same order, so that calls by name work too."""
    expected = [one for one in inspect.signature(getattr(keras.ops, name)).parameters if one != "kwargs"]
    assert list(inspect.signature(getattr(pf.keras.ops, name)).parameters) == expected
