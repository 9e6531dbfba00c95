"""Models that are copied or pickled go on as the original does."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import polyflow as pf

L = pf.keras.layers
X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_trains_on_as_the_original_and_apart_from_it(backend, clone):
    with pf.use_backend(backend):
        model = pf.Sequential([L.Dense(3, input_shape=(4,)), L.Dropout(0.5), L.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        model.optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.fit(X, Y, verbose=0)
        other = clone(model)
        before = model.get_weights()
        first = other.fit(X, Y, shuffle=False, verbose=0).history
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
        assert model.fit(X, Y, shuffle=False, verbose=0).history == first
        assert all(np.array_equal(a, b) for a, b in zip(other.get_weights(), model.get_weights(), strict=True))
        assert [v.path for v in other.variables] == [v.path for v in model.variables]


def test_a_function_is_copied_without_its_programs():
    double = pf.function(lambda x: x * 2)
    assert copy.deepcopy(double)(pf.constant(2.0)).item() == 4.0


def test_a_function_in_a_class_is_a_method():
    class Counter:
        def __init__(self):
            self.total = pf.Variable(0.0)

        @pf.function
        def add(self, x):
            self.total.assign_add(x)
            return self.total.value

    first, second = Counter(), Counter()
    first.add(pf.constant(2.0))
    assert second.add(pf.constant(5.0)).item() == 5.0
    assert first.add(pf.constant(1.0)).item() == 3.0
    program = vars(Counter)["add"]
    assert len(program._programs_of) == 2
    del first
    assert len(program._programs_of) == 1
