"""Every activation against Keras's, values and gradients."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import activations

POINTS = np.concatenate([np.linspace(-12, 12, 97), [0.3, -0.7, 5.3, -3.4]]).astype("float32").reshape(-1, 1) + 1e-3
TABLE = np.random.default_rng(5).normal(size=(4, 6)).astype("float32") * 2

ELEMENTWISE = [
    *((name, {}) for name in ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "sigmoid")),
    *((name, {}) for name in ("hard_sigmoid", "softplus", "softsign", "silu", "swish", "tanh", "exponential", "mish")),
    *((name, {}) for name in ("hard_silu", "hard_swish", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink")),
    *((name, {}) for name in ("sparse_plus", "sparse_sigmoid", "squareplus", "log_sigmoid")),
    ("relu", {"negative_slope": 0.3}),
    ("relu", {"max_value": 4.0}),
    ("relu", {"max_value": 6}),
    ("relu", {"threshold": 1.5}),
    ("relu", {"threshold": 1.5, "max_value": 3.0, "negative_slope": 0.1}),
    ("relu", {"max_value": 3.0, "negative_slope": 0.1}),
    ("leaky_relu", {"negative_slope": 0.5}),
    ("elu", {"alpha": 0.4}),
    ("celu", {"alpha": 2.5}),
    ("gelu", {"approximate": True}),
    ("squareplus", {"b": 0.5}),
    ("hard_shrink", {"threshold": 2.0}),
    ("soft_shrink", {"threshold": 2.0}),
    ("threshold", {"threshold": 1.0, "default_value": -3.0}),
]
ALONG_AN_AXIS = [
    *((name, {}) for name in ("softmax", "log_softmax", "glu")),
    *((name, {"axis": 0}) for name in ("softmax", "log_softmax", "glu")),
]


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.mark.parametrize(
    ("name", "options"), ELEMENTWISE + ALONG_AN_AXIS, ids=lambda part: str(part) if part != {} else "default"
)
def test_values_and_gradients_are_keras_s(keras, name, options):
    import jax

    x = TABLE if (name, options) in ALONG_AN_AXIS else POINTS
    theirs, ours = getattr(keras.activations, name), getattr(activations, name)
    expected = np.asarray(theirs(x, **options))
    weights = np.random.default_rng(7).normal(size=expected.shape).astype("float32")
    slope = np.asarray(jax.grad(lambda x: (theirs(x, **options) * weights).sum())(x))

    result = ours(pf.tensor(x), **options)
    gradient = pf.grad(lambda x: pf.sum(ours(x, **options) * weights))(pf.tensor(x))

    assert result.dtype == np.float32
    np.testing.assert_allclose(result.numpy(), expected, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(gradient.numpy(), slope, rtol=1e-5, atol=5e-6)


def test_every_name_of_keras_is_known(keras):
    from keras.src.activations import ALL_OBJECTS_DICT

    assert set(ALL_OBJECTS_DICT) == set(activations.FAMILY.names)
