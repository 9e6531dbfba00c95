"""What `fit` and its kin refuse, in a sentence, and that the model is usable afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

L = pf.keras.layers
X = np.ones((8, 4), np.float32)
Y = np.ones((8, 1), np.float32)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda model: model.fit(X, Y, epochs=2, initial_epoch="1"), "initial_epoch is an integer"),
        (lambda model: model.fit(X, Y, initial_epoch=-1), "initial_epoch is an integer of 0 or more; got -1"),
        (lambda model: model.fit(X), "the loss needs targets"),
        (lambda model: model.train_on_batch(X), "the loss needs targets"),
        (lambda model: model.train_on_batch(1.0, 1.0), "needs a batch of samples"),
        (lambda model: model.fit("data.csv"), "x is 'data.csv'. Expected arrays"),
        (lambda model: model.fit(X, Y, steps_per_epoch=1.5), "number of steps is an integer of 1 or more; got 1.5"),
        (lambda model: model.fit(X, Y, shuffle="False"), "shuffle is True or False; got 'False'"),
        (lambda model: model.fit(X, Y, class_weight={1: float("nan")}), "got nan for the class 1"),
        (lambda model: model.fit(X, Y, class_weight={1: np.inf}), "got inf for the class 1"),
        (lambda model: model.fit(X, Y, validation_data=5), "validation_data is .* got 5 of type int"),
        (lambda model: model.fit(pf.data.Dataset.from_tensor_slices((X, Y))), "a single sample: batch it"),
        (lambda model: model.get_layer("dens"), "Did you mean 'dense'"),
    ],
)
def test_a_mistake_is_named_and_leaves_the_model_usable(backend, mistake, text):
    with pf.use_backend(backend):
        model = pf.Sequential([L.Dense(1, name="dense", input_shape=(4,))])
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match=text):
            mistake(model)
        assert model.fit(X, Y, verbose=0).epoch == [0]


def test_weights_are_not_written_over_where_that_is_not_wanted(tmp_path):
    model = pf.Sequential([L.Dense(1, input_shape=(4,))])
    path = tmp_path / "a.safetensors"
    model.save_weights(path, overwrite=False)
    with pytest.raises(FileExistsError, match=r"a\.safetensors' exists"):
        model.save_weights(path, overwrite=False)
    model.save_weights(path)


def test_to_categorical_names_a_label_outside_the_classes():
    assert pf.keras.utils.to_categorical([0, 2]).shape == (2, 3)
    with pytest.raises(pf.errors.LabelError, match="label 5; expected whole numbers from 0 to 2"):
        pf.keras.utils.to_categorical([0, 5], 3)
