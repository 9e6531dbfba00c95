"""Activations by name, as functions, and in traced functions."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import activations
from polyflow.errors import ShapeError, UnknownNameError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops.rules import Spec


@pytest.mark.parametrize("name", activations.FAMILY.names)
def test_a_name_survives_saving(name):
    function = activations.get(name)
    assert activations.get(activations.serialize(function)) is function


def test_none_is_linear_and_functions_are_themselves():
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh


def test_an_unknown_name_lists_the_nearest():
    with pytest.raises(UnknownNameError, match="Unknown activation 'sigmiod'. Did you mean 'sigmoid'"):
        activations.get("sigmiod")


@pytest.mark.parametrize("wrong", [3, 1.5, ["relu"]])
def test_what_is_no_activation_is_refused(wrong):
    with pytest.raises(UnknownNameError, match="Unknown activation"):
        activations.get(wrong)


def test_a_lambda_has_no_name_to_be_saved_under():
    with pytest.raises(ValueError, match="has no name to be saved under"):
        activations.serialize(lambda x: x)


@pytest.mark.parametrize("name", [name for name in activations.FAMILY.names if name != "threshold"])
def test_traced_is_eager(name):
    x = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    function = activations.get(name)
    eager = function(pf.tensor(x))
    traced = trace(function, Spec(x.shape, x.dtype), backend=eager.backend)
    np.testing.assert_array_equal(Compiled(traced)(x), eager.numpy())


@pytest.mark.parametrize("name", [name for name in activations.FAMILY.names if name not in ("threshold", "linear")])
def test_numpy_arrays_and_integers_are_taken(name):
    assert activations.get(name)(np.array([[1.0, -2.0]], "float32")).shape in ((1, 2), (1, 1))


def test_glu_needs_an_even_axis():
    with pytest.raises(ShapeError, match=r"must be even; got shape \(2, 3\)"):
        activations.glu(pf.ones((2, 3)))
