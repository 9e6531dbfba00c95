"""Masks: padding does not count in poolings, losses and metrics, however many layers hand the mask on."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import polyflow as pf

K, L = pf.keras, pf.keras.layers
R = np.random.default_rng(0)
IDS = R.integers(1, 9, (6, 4))
IDS[:, 2:] *= R.integers(0, 2, (6, 2))
REAL = IDS != 0


def model(*layers, dtype="int32"):
    return K.Sequential([K.Input((4,), dtype=dtype), L.Embedding(9, 3, mask_zero=True), *layers])


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_mean_over_steps_leaves_padding_out(backend):
    with pf.use_backend(backend):
        net = model(L.Dropout(0.5), L.Activation("tanh"), L.GlobalAveragePooling1D())
        steps = np.tanh(net.layers[0].get_weights()[0][IDS])
        expected = (steps * REAL[..., None]).sum(1) / REAL.sum(1, keepdims=True)
        np.testing.assert_allclose(net.predict(IDS, verbose=0), expected, rtol=1e-5)


def test_the_loss_and_metrics_of_steps_are_means_over_those_that_count():
    y = R.normal(size=(6, 4, 1)).astype("float32")
    net = model(L.Dense(1))
    net.compile("sgd", "mse", metrics=["mae"])
    error = (net.predict(IDS, verbose=0) - y)[..., 0]
    loss, mae = net.evaluate(IDS, y, verbose=0)
    assert loss == pytest.approx((error**2)[REAL].mean(), rel=1e-5)
    per_row = [abs(row[real]).sum() / 4 for row, real in zip(error, REAL, strict=True)]
    assert mae == pytest.approx(sum(per_row) / REAL.mean(1).sum(), rel=1e-5)
    history = net.fit(IDS, y, epochs=2, batch_size=6, verbose=0).history["loss"]
    assert history[0] == pytest.approx(loss, rel=1e-5)
    assert history[1] < history[0]


def test_masks_of_several_inputs():
    a, b = (pf.ones((2, 3, 2)) for _ in range(2))
    a.mask, b.mask = pf.constant([[True, False, False]] * 2), pf.constant([[True, True, False]] * 2)
    assert L.Add()([a, b]).mask.tolist() == [[True, True, False]] * 2
    assert L.Concatenate()([a, b]).mask.tolist() == [[True, False, False]] * 2
    assert L.Concatenate(axis=1)([a, b]).mask.tolist() == [[True, False, False, True, True, False]] * 2
    assert getattr(L.Multiply()([a, pf.ones((2, 3, 2))]), "mask", None) is None


def test_masking_finds_steps_of_one_value():
    x = np.ones((1, 3, 2), "float32")
    x[0, 1] = -1
    found = L.Masking(mask_value=-1.0)(x)
    assert found.mask.tolist() == [[True, False, True]]
    assert found.tolist() == [[[1, 1], [0, 0], [1, 1]]]


def test_batch_normalization_and_softmax_leave_out_what_does_not_count():
    x = R.normal(size=(4, 5, 2)).astype("float32")
    mask = R.integers(0, 2, (4, 5)).astype(bool)
    kept = x[mask]
    found = L.BatchNormalization(epsilon=0.0)(x, training=True, mask=pf.constant(mask)).numpy()[mask]
    np.testing.assert_allclose(found, (kept - kept.mean(0)) / kept.std(0), rtol=1e-4, atol=1e-5)
    scores = L.Softmax()([[1.0, 2.0, 3.0]], mask=pf.constant([[True, True, False]])).numpy()
    np.testing.assert_allclose(scores, [[*np.exp([1, 2]) / np.exp([1, 2]).sum(), 0]], rtol=1e-6)


def test_layers_of_ones_own_take_masks_and_make_them():
    class Total(L.Layer):
        def call(self, x, mask=None):
            return pf.reduce_sum(x * pf.cast(mask, x.dtype)[..., None], axis=1)

        def compute_mask(self, inputs, mask=None):
            return None

    class Same(L.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x * 1.0

    net = model(Same(), Total())
    table = net.layers[0].get_weights()[0]
    np.testing.assert_allclose(net.predict(IDS, verbose=0), (table[IDS] * REAL[..., None]).sum(1), rtol=1e-5)


def test_a_layer_that_knows_of_no_masks_warns():
    with pytest.warns(UserWarning, match="does not hand it on"):
        model(L.Flatten())(IDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        K.Sequential([K.Input((4,), dtype="int32"), L.Embedding(9, 3), L.Flatten()])(IDS)


def test_masks_come_back_with_a_saved_model(tmp_path):
    net = model(L.GlobalAveragePooling1D())
    net.save(tmp_path / "m.safetensors")
    loaded = K.models.load_model(tmp_path / "m.safetensors")
    assert np.array_equal(loaded.predict(IDS, verbose=0), net.predict(IDS, verbose=0))
