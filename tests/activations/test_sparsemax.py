"""Sparsemax is the nearest point of the probability simplex. (Keras 3.15 sums the wrong numbers: no oracle here.)"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import activations


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=7), st.sampled_from([0, -1]))
def test_it_is_the_nearest_distribution(values, axis):
    x = np.array(values, "float32").reshape((-1, 1) if axis == 0 else (1, -1))
    y = activations.sparsemax(pf.tensor(x), axis=axis).numpy()
    assert (y >= 0).all()
    assert y.sum() == pytest.approx(1, abs=1e-5)
    taken_off = (x - y)[y > 0]  # the conditions for the minimum of |x - y|: one number is taken off all that is left,
    assert np.ptp(taken_off) < 1e-5
    assert (x[y == 0] <= taken_off.max() + 1e-5).all()  # and what is nothing was not more than that


def test_its_gradient_is_centred_on_the_support():
    x = pf.tensor([[2.0, 1.8, -1.0]])
    gradient = pf.grad(lambda x: activations.sparsemax(x)[0, 0])(x)
    np.testing.assert_allclose(gradient.numpy(), [[0.5, -0.5, 0.0]], atol=1e-6)
