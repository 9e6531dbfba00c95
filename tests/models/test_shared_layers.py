"""Layers that several models share are saved with each of them, by their place in that model."""

from __future__ import annotations

import numpy as np
import safetensors.numpy

import polyflow as pf

K, L = pf.keras, pf.keras.layers
X = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")


def two():
    """Two stacks that begin with the same layer."""
    shared = L.Dense(3, name="shared")
    return [K.Sequential([K.Input((2,)), shared, L.Dense(1)], name=name) for name in ("first", "second")]


def test_both_models_come_back(tmp_path):
    path = tmp_path / "m.safetensors"
    for model in two():
        model.compile("adam", "mse")
        model.fit(X, X[:, :1], verbose=0)
        model.save(path)
        loaded = K.models.load_model(path)
        assert np.array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
        for one, other in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
            assert np.array_equal(one, other)


def test_a_shared_layer_keeps_the_path_it_was_first_given():
    first, second = two()
    assert [v.path for v in first.weights][:2] == ["first/shared/kernel", "first/shared/bias"]
    assert second.weights[0] is first.weights[0]


def test_the_names_in_a_file_are_those_of_the_model_that_is_saved(tmp_path):
    path = tmp_path / "m.weights.safetensors"
    _, second = two()
    second.save_weights(path)
    head = second.layers[1].name
    names = ("shared/kernel", "shared/bias", f"{head}/kernel", f"{head}/bias")
    assert sorted(safetensors.numpy.load_file(path)) == sorted(f"second/{name}" for name in names)


def test_a_model_within_two_others(tmp_path):
    inner, _ = two()
    x = K.Input((2,))
    stack = K.Sequential([K.Input((2,)), inner, L.Dense(2)])
    for outer in (K.Model(x, L.Dense(1)(inner(x))), stack):
        outer.save(tmp_path / "m.safetensors")
        loaded = K.models.load_model(tmp_path / "m.safetensors")
        assert np.array_equal(loaded.predict(X, verbose=0), outer.predict(X, verbose=0))


def test_a_layer_used_in_two_models_within_one_is_saved_once(tmp_path):
    first, second = two()
    x = K.Input((2,))
    model = K.Model(x, L.Add()([first(x), second(x)]))
    model.save_weights(tmp_path / "m.weights.safetensors")
    before = model.get_weights()
    model.set_weights([0 * one for one in before])
    model.load_weights(tmp_path / "m.weights.safetensors")
    assert len(before) == 6
    assert all(map(np.array_equal, before, model.get_weights()))
