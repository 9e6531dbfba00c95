"""`keras.ops` against Keras's own: values, dtypes, shapes, gradients, and the same from compiled functions."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import polyflow as pf

from .cases import CASES, RANGES

NAMES = sorted({case.name for case in CASES})


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


def leaves(found):
    return [one for part in found for one in leaves(part)] if isinstance(found, (tuple, list)) else [found]


def as_keras_takes_it(keras, arg):
    if isinstance(arg, (tuple, list)) and arg and isinstance(arg[0], np.ndarray):
        return type(arg)(keras.ops.array(one) for one in arg)
    return keras.ops.array(arg) if isinstance(arg, np.ndarray) else arg


def theirs(keras, case):
    args = [as_keras_takes_it(keras, arg) for arg in case.args]
    return [np.asarray(one) for one in leaves(getattr(keras.ops, case.name)(*args, **case.options))]


def ours(case):
    return leaves(getattr(pf.keras.ops, case.name)(*case.args, **case.options))


def compiled(case):
    """What the function gives in a compiled one, to which the tensors are given, so that they are no constants."""
    tensors = [place for place, arg in enumerate(case.args) if isinstance(arg, np.ndarray)]

    @pf.function
    def call(*given):
        args = list(case.args)
        for place, one in zip(tensors, given, strict=True):
            args[place] = one
        return getattr(pf.keras.ops, case.name)(*args, **case.options)

    return leaves(call(*(pf.constant(case.args[place]) for place in tensors)))


def is_traceable(case):
    """Whether tensors are given by themselves, the result's size is no data, and the function makes no constants."""
    sized = case.name != "unique" or "size" in case.options
    return sized and case.name not in NOT_TRACED and any(isinstance(arg, np.ndarray) for arg in case.args)


SLOPES = [case for case in CASES if case.gradients]
NOT_TRACED = {case.name for case in RANGES}


def backends(case, cases):
    """All of them for the first of a function's cases, NumPy for the others: their ops are tested on all."""
    return ["numpy", "jax"] if case is next(one for one in cases if one.name == case.name) else ["numpy"]


def check(found, expected, case):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        value = one.numpy()
        assert value.shape == other.shape
        places = case.places and other.dtype == np.int32 and value.dtype == np.int64
        assert places or value.dtype == other.dtype
        np.testing.assert_allclose(value, other, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_are_keras_s(keras, case):
    """On NumPy op by op; on NumPy, and for one case of each function on JAX, from a compiled one where it can be."""
    expected = theirs(keras, case)
    with pf.use_backend("numpy"):
        check(ours(case), expected, case)
    for backend in backends(case, CASES):
        with pf.use_backend(backend):
            check(compiled(case) if is_traceable(case) else ours(case), expected, case)


@pytest.mark.parametrize("case", SLOPES, ids=str)
def test_gradients_are_keras_s(keras, case):
    import jax

    weights = [np.random.default_rng(1).normal(size=one.shape).astype("float32") for one in theirs(keras, case)]

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
    expected = jax.jit(jax.grad(total(keras.ops, np.asarray), places))(*map(keras.ops.array, given))
    for backend in backends(case, SLOPES):
        with pf.use_backend(backend):
            found = pf.function(pf.grad(total(pf.keras.ops, pf.constant), places))(*map(pf.constant, given))
        for one, other in zip(found, expected, strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one.numpy(), np.asarray(other), rtol=10 * case.rtol, atol=10 * case.atol)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_keras_s(keras, name):
    """They have the same names in the same order, so that calls by name work too."""
    expected = [one for one in inspect.signature(getattr(keras.ops, name)).parameters if one != "kwargs"]
    assert list(inspect.signature(getattr(pf.keras.ops, name)).parameters) == expected
