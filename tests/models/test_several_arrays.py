"""A list of arrays stands for several arrays, as in Keras; a nested list of numbers for one."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError

L = pf.keras.layers
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def single():
    pf.random.set_seed(0)
    model = pf.Sequential([L.Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


class Sum(pf.Model):
    """The sum of a layer's outputs for each of its inputs."""

    def __init__(self):
        super().__init__()
        self.dense = L.Dense(1)

    def call(self, inputs):
        first, second = inputs.values() if isinstance(inputs, dict) else inputs
        return self.dense(first) + self.dense(second)


def several():
    pf.random.set_seed(0)
    model = Sum()
    model.compile("sgd", "mse", metrics=["mae"])
    model((X, X))
    return model


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param):
        yield


@pytest.mark.parametrize("wrap", [lambda a: [a], lambda a: (a,)], ids=["list", "tuple"])
def test_a_list_of_one_array_is_that_array(backend, wrap):
    plain, wrapped = single(), single()
    options = {"epochs": 2, "validation_split": 0.25, "shuffle": False, "verbose": 0}
    one = plain.fit(X, Y, sample_weight=np.ones(8), **options)
    other = wrapped.fit(wrap(X), wrap(Y), sample_weight=wrap(np.ones(8)), **options)
    assert one.history == other.history
    assert plain.evaluate(X, Y, verbose=0) == wrapped.evaluate(wrap(X), wrap(Y), verbose=0)
    assert np.array_equal(plain.predict(X, verbose=0), wrapped.predict(wrap(X), verbose=0))
    assert np.array_equal(plain.predict_on_batch(X), wrapped.predict_on_batch(wrap(X)))
    assert plain.train_on_batch(X, Y) == wrapped.train_on_batch(wrap(X), wrap(Y))
    assert np.array_equal(plain(X).numpy(), wrapped(wrap(X)).numpy())


@pytest.mark.parametrize(
    "use",
    [
        lambda model, x: model.fit(x, Y, verbose=0),
        lambda model, x: model.fit(x, Y, validation_split=0.5, verbose=0),
        lambda model, x: model.fit(X, Y, validation_data=(x, Y), verbose=0),
        lambda model, x: model.evaluate(x, Y, verbose=0),
        lambda model, x: model.predict(x, verbose=0),
        lambda model, x: model.train_on_batch(x, Y),
        lambda model, x: model.predict_on_batch(x),
        lambda model, x: model(x),
    ],
    ids=["fit", "split", "validation_data", "evaluate", "predict", "train_on_batch", "predict_on_batch", "call"],
)
@pytest.mark.parametrize(
    ("x", "text"),
    [
        ([X, X], r"takes one array; got a list of 2 with shapes \(8, 3\), \(8, 3\)\. If they are samples.*np\.stack"),
        (list(X), r"got a list of 8 with shapes \(3,\), \(3,\), \(3,\), \(3,\), …\."),
        ({"x": X}, r"got a dict of 1 with shapes \(8, 3\)"),
    ],
    ids=["two", "rows", "dict"],
)
def test_a_sequential_refuses_several_arrays(use, x, text):
    model = single()
    with pytest.raises(ShapeError, match=text):
        use(model, x)


def test_several_targets_are_refused_by_the_loss(backend):
    model = single()
    with pytest.raises(ShapeError, match="one array of targets; got a tuple of 2"):
        model.fit(X, [Y, Y], verbose=0)
    assert model.fit(X, Y, verbose=0).epoch == [0]


@pytest.mark.parametrize(
    "x", [[X, 2 * X], (X, 2 * X), {"a": X, "b": 2 * X}, [pf.constant(X), (2 * X).astype("float64")]]
)
def test_a_model_of_several_inputs_gets_them_all(backend, x):
    given, alike = several(), several()
    given.fit(x, Y, epochs=2, verbose=0, shuffle=False)
    batches = pf.data.Dataset.from_tensor_slices(((X, 2 * X), Y)).batch(32)
    alike.fit(batches, epochs=2, verbose=0)
    for a, b in zip(given.get_weights(), alike.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(given.predict(x, verbose=0), alike.predict(batches, verbose=0))


def test_the_rows_of_several_inputs_are_counted():
    model = several()
    with pytest.raises(ShapeError, match=r"x\[0\] has 8, x\[1\] has 7, y has 8.*Join a list of samples with np.stack"):
        model.fit([X, X[:7]], Y, verbose=0)
    with pytest.raises(ShapeError, match=r"x\[5\] has 3, …"):
        model.fit(list(X), Y, verbose=0)


@pytest.mark.parametrize(
    "x", [X.tolist(), [tuple(row) for row in X.tolist()], [[np.float32(v) for v in row] for row in X]]
)
def test_nested_lists_of_numbers_are_one_array(x):
    one, other = single(), single()
    history = one.fit(X, Y, shuffle=False, verbose=0).history
    assert history == other.fit(x, Y.tolist(), shuffle=False, verbose=0).history
