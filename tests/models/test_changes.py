"""Whatever changes in a model after its programs were made counts in the next prediction and the next step."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow.models.inventory import Inventory

L = pf.keras.layers
X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)


class Branches(pf.keras.Model):
    """A model that keeps layers in an attribute, a list and a dict within a tuple."""

    def __init__(self):
        super().__init__()
        self.first, self.rest, self.named = L.Dense(3), [L.Dense(3)], ({"last": L.Dense(2)},)

    def call(self, x):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return self.named[0]["last"](x)


def predicted(model):
    """What `predict` says, by whichever way it takes, after it was asked before; the layers' own calls say the same."""
    found = model.predict(X, verbose=0)
    np.testing.assert_array_equal(found, model.predict(X[:], verbose=0))
    np.testing.assert_allclose(found, model(X).numpy(), rtol=1e-6, atol=1e-7)
    return found


def replace_layer(model):
    model.first = L.Dense(3, kernel_initializer="ones")


def grow_list(model):
    model.rest.append(L.Dense(3, kernel_initializer="ones"))


def shrink_list(model):
    model.rest.clear()


def replace_in_dict(model):
    model.named[0]["last"] = L.Dense(2, kernel_initializer="ones")


def move_between(model):
    model.rest.insert(0, model.rest.pop())
    model.first, model.rest[0] = model.rest[0], model.first


def replace_variable(model):
    model.first.kernel = pf.Variable(np.ones((3, 3), np.float32))


def assign(model):
    model.first.kernel.assign(np.ones((3, 3), np.float32))


@pytest.mark.parametrize(
    "change", [replace_layer, grow_list, shrink_list, replace_in_dict, move_between, replace_variable, assign]
)
def test_a_prediction_follows_every_change(change):
    model = Branches()
    before = predicted(model)
    change(model)
    assert not np.array_equal(before, predicted(model))


def test_what_a_model_holds_is_looked_up_again_only_after_a_change():
    model = Branches()
    model.predict(X, verbose=0)
    held = Inventory(model)
    assert held.holds()
    model.first.kernel.assign(np.ones((3, 3), np.float32))
    assert held.holds(), "a variable's value is none of its business"
    model.rest.append(L.Dense(3))
    assert not held.holds()
    model.rest.pop()
    assert held.holds()
    model.note = "something"
    assert not held.holds()


def test_attributes_that_can_hold_nothing_count_only_when_they_do():
    model = Branches()
    model.note, model.extra = "before", None
    found = Inventory(model)
    model.note, model.stop_training = "after", True
    assert found.holds()
    assert found.holds()
    for value in (L.Dense(2), pf.Variable(1.0), [], {}, (L.Dense(2),)):
        model.extra = value
        assert not found.holds(), value
    model.extra = "nothing again"
    assert found.holds()


def test_a_step_follows_what_is_frozen():
    model = Branches()
    model.compile("sgd", "mse")
    y = np.ones((4, 2), np.float32)
    model.train_on_batch(X, y)
    before = model.first.kernel.numpy()
    model.first.trainable = False
    model.train_on_batch(X, y)
    np.testing.assert_array_equal(model.first.kernel.numpy(), before)
    model.first.trainable = True
    model.train_on_batch(X, y)
    assert not np.array_equal(model.first.kernel.numpy(), before)


@pytest.mark.parametrize("made", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_a_life_of_its_own(made):
    model = pf.Sequential([L.Dense(2, input_dim=3)])
    before = predicted(model)
    other = made(model)
    other.layers[0].kernel.assign(np.zeros((3, 2), np.float32))
    assert not predicted(other).any()
    np.testing.assert_array_equal(predicted(model), before)


def test_a_prediction_moves_with_the_model():
    model = pf.Sequential([L.Dense(2, input_dim=3)])
    before = predicted(model)
    model.to("jax")
    np.testing.assert_allclose(predicted(model), before, rtol=1e-6, atol=1e-7)
    assert model.variables[0].backend.name == "jax"


def test_other_dtypes_shapes_and_sizes_after_a_program_is_known():
    model = pf.Sequential([L.Dense(2, input_dim=3)])
    found = predicted(model)
    np.testing.assert_array_equal(model.predict(X.astype(np.float64), verbose=0), found)
    np.testing.assert_array_equal(model.predict(X.tolist(), verbose=0), found)
    np.testing.assert_allclose(model.predict(X, batch_size=3, verbose=0), found, rtol=1e-6)
    with pytest.raises(pf.errors.ShapeError):
        model.predict(X[:, :2], verbose=0)
    with pytest.raises(pf.errors.EmptyDataError):
        model.predict(X[:0], verbose=0)
    with pytest.raises(ValueError, match="batch_size"):
        model.predict(X, batch_size=0, verbose=0)


def test_values_are_checked_however_often_they_come():
    model = pf.Sequential([L.Embedding(3, 2)])
    good = np.array([[0, 1, 2]])
    for _ in range(2):
        assert model.predict(good, verbose=0).shape == (1, 3, 2)
    with pytest.raises(IndexError, match="from 0 to 2"):
        model.predict(np.array([[0, 1, 3]]), verbose=0)


def test_a_prediction_is_the_callers_own():
    model = pf.Sequential([L.Activation("linear", input_shape=(3,))])
    x = X.copy()
    for _ in range(3):
        found = model.predict(x, verbose=0)
        found[:] = 7
        np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(model.predict(x, verbose=0), X)
