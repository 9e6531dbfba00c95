"""Constraints hold after every step, and activity regularizers add to the loss."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

K, L = pf.keras, pf.keras.layers
R = np.random.default_rng(0)
X = R.normal(size=(16, 4)).astype("float32")
Y = X.sum(1, keepdims=True)
W = R.normal(size=(4, 3)).astype("float32")
NORMS = np.sqrt((W**2).sum(0))

HELD = {
    "non_neg": np.maximum(W, 0),
    "unit_norm": W / NORMS,
    K.constraints.MaxNorm(0.5): W * np.minimum(NORMS, 0.5) / NORMS,
    K.constraints.MinMaxNorm(0.3, 0.6, rate=0.5): W * (0.5 * np.clip(NORMS, 0.3, 0.6) + 0.5 * NORMS) / NORMS,
}


@pytest.mark.parametrize("constraint", HELD, ids=lambda one: one if isinstance(one, str) else type(one).__name__)
def test_formulas(constraint):
    np.testing.assert_allclose(K.constraints.get(constraint)(pf.constant(W)), HELD[constraint], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_weights_stay_within_while_training(backend):
    with pf.use_backend(backend):
        layer = L.Dense(3, kernel_constraint="unit_norm", bias_constraint=lambda w: pf.clip_by_value(w, -1e-3, 1e-3))
        model = K.Sequential([K.Input((4,)), layer, L.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(X, Y, epochs=2, verbose=0)
        np.testing.assert_allclose(np.linalg.norm(layer.kernel.numpy(), axis=0), 1, rtol=1e-5)
        assert 0 < abs(layer.bias.numpy()).max() <= np.float32(1e-3)


def test_a_variable_of_ones_own():
    variable = pf.Variable([1.0, -1.0], constraint=K.constraints.NonNeg())
    K.optimizers.SGD(0.1).apply([pf.ones(2)], [variable])
    np.testing.assert_allclose(variable, [0.9, 0.0])


def test_constraints_come_back_with_a_saved_model(tmp_path):
    model = K.Sequential([K.Input((4,)), L.Dense(1, kernel_constraint=K.constraints.MaxNorm(0.25))])
    model.save(tmp_path / "m.safetensors")
    assert K.models.load_model(tmp_path / "m.safetensors").layers[0].kernel_constraint.max_value == 0.25


REGULAR = K.regularizers.L2(0.5)


@pytest.mark.parametrize(
    "layers", [[L.Dense(1, activity_regularizer=REGULAR)], [L.Dense(1), L.ActivityRegularization(l2=0.5)]]
)
def test_activity_regularizers_count_by_sample(tmp_path, layers):
    model = K.Sequential([K.Input((4,)), *layers])
    model.compile("sgd", "mse")
    out = model.predict(X, verbose=0)
    expected = ((out - Y) ** 2).mean() + 0.5 * (out**2).sum() / len(X)
    assert model.evaluate(X, Y, batch_size=16, verbose=0) == pytest.approx(expected, rel=1e-5)
    model.save(tmp_path / "m.safetensors")
    loaded = K.models.load_model(tmp_path / "m.safetensors")
    assert loaded.evaluate(X, Y, batch_size=16, verbose=0) == pytest.approx(expected, rel=1e-5)
