"""Layers that change values, shapes or several inputs, against Keras's own; and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import EmptyDataError, ShapeError

L = pf.keras.layers
DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(5, 4)).astype("float32")
SEQUENCES = DRAW.normal(size=(5, 3, 4)).astype("float32")
PAIR = [X, DRAW.normal(size=(5, 4)).astype("float32")]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")  # Keras's own


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


CASES = {
    "leaky relu": (lambda layers: layers.LeakyReLU(), X),
    "leaky relu, slope": (lambda layers: layers.LeakyReLU(negative_slope=0.05), X),
    "elu": (lambda layers: layers.ELU(alpha=0.7), X),
    "prelu": (lambda layers: layers.PReLU(alpha_initializer="ones"), X),
    "prelu, shared": (lambda layers: layers.PReLU("ones", shared_axes=[1]), SEQUENCES),
    "permute": (lambda layers: layers.Permute((2, 1)), SEQUENCES),
    "repeat": (lambda layers: layers.RepeatVector(3), X),
    "average": (lambda layers: layers.GlobalAveragePooling1D(), SEQUENCES),
    "max": (lambda layers: layers.GlobalMaxPooling1D(keepdims=True), SEQUENCES),
    "noise at rest": (lambda layers: layers.GaussianNoise(0.5), X),
    "alpha dropout at rest": (lambda layers: layers.AlphaDropout(0.5), X),
    "gaussian dropout at rest": (lambda layers: layers.GaussianDropout(0.5), X),
    "spatial dropout at rest": (lambda layers: layers.SpatialDropout1D(0.5), SEQUENCES),
    "groups": (lambda layers: layers.GroupNormalization(2), SEQUENCES),
    "groups, of vectors": (lambda layers: layers.GroupNormalization(2, epsilon=0.1, center=False), X),
    "groups, axis 1": (lambda layers: layers.GroupNormalization(3, axis=1, gamma_initializer="zeros"), SEQUENCES),
    "groups, each": (lambda layers: layers.GroupNormalization(-1, scale=False), SEQUENCES),
    "root mean square": (lambda layers: layers.RMSNormalization(), X),
    "root mean square, two axes": (lambda layers: layers.RMSNormalization(axis=(1, 2), epsilon=0.1), SEQUENCES),
    "identity": (lambda layers: layers.Identity(), X),
    "given": (lambda layers: layers.Normalization(mean=3.0, variance=2.0), X),
    "undone": (lambda layers: layers.Normalization(mean=3.0, variance=2.0, invert=True), X),
    "add": (lambda layers: layers.Add(), [*PAIR, X]),
    "subtract": (lambda layers: layers.Subtract(), PAIR),
    "multiply": (lambda layers: layers.Multiply(), PAIR),
    "mean": (lambda layers: layers.Average(), [*PAIR, X]),
    "maximum": (lambda layers: layers.Maximum(), PAIR),
    "minimum": (lambda layers: layers.Minimum(), PAIR),
    "concatenate": (lambda layers: layers.Concatenate(), PAIR),
    "concatenate, axis 1": (lambda layers: layers.Concatenate(axis=1), [SEQUENCES, SEQUENCES]),
}


def test_as_keras_does():
    import keras

    for name, (make, inputs) in CASES.items():
        expected = np.asarray(make(keras.layers)(inputs))
        for backend in ("numpy", "jax"):
            with pf.use_backend(backend):
                found = make(L)(inputs)
            assert found.shape == expected.shape, name
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6, err_msg=f"{name} on {backend}")


@pytest.mark.parametrize(
    ("axis", "data"),
    [
        (-1, X),
        (None, X[:, 0]),
        (None, SEQUENCES),
        (1, SEQUENCES),
        ((1, 2), SEQUENCES),
        (-1, np.eye(4, 2, dtype=int)),
    ],
)
def test_normalization_adapts(axis, data, backend):
    layer = L.Normalization(axis=axis)
    layer.adapt(data)
    kept = () if axis is None else tuple(np.atleast_1d(axis) % data.ndim)
    others = tuple(i for i in range(data.ndim) if i not in kept)
    wide = data.astype("float64")
    expected = (wide - wide.mean(others, keepdims=True)) / wide.std(others, keepdims=True)
    np.testing.assert_allclose(layer(data).numpy(), expected, rtol=1e-5, atol=1e-5)
    assert (int(layer.count), layer.trainable_weights) == (len(data), [])


def test_normalization_adapts_to_batches_as_to_all_of_them(backend):
    data = X * np.float32([1.0, 100.0, 0.0, 1e-3]) + np.float32([0.0, 1e4, 7.0, 0.0])
    whole, parts = L.Normalization(), L.Normalization()
    whole.adapt(data)
    parts.adapt(pf.data.Dataset.from_tensor_slices(data).batch(2))
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert np.abs(whole(data).numpy()[:, 2]).max() == 0  # a feature that is the same everywhere
    model = pf.Sequential([parts, L.Dense(1)])
    model.compile("adam", "mse")
    model.fit(data, X[:, 0], epochs=2, verbose=0)
    np.testing.assert_array_equal(parts.mean.numpy(), whole.mean.numpy().astype("float32"))


def test_noise_is_drawn_while_training(backend):
    layer = L.GaussianNoise(0.5, seed=1)
    x = np.zeros((200, 50), np.float32)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert not np.array_equal(first, second)
    assert abs(first.std() - 0.5) < 0.02
    assert abs(first.mean()) < 0.02


def test_noise_makes_floats_of_bytes(backend):
    """Images are often bytes; a model may begin with noise."""
    found = L.GaussianNoise(0.5)(np.full((4, 3), 7, np.uint8), training=True)
    assert found.dtype is pf.float32
    assert abs(found.numpy() - 7).max() < 5


def test_axes_and_sizes_are_taken_however_they_are_written(backend):
    shared = L.PReLU(shared_axes=-1)
    shared(SEQUENCES)
    assert shared.weights[0].shape == (SEQUENCES.shape[1], 1)
    dropout = L.Dropout(0.5, noise_shape=np.array([2, 1]))
    assert json.loads(json.dumps(dropout.get_config()))["noise_shape"] == [2, 1]


def test_dropouts_are_drawn_while_training(backend):
    x = DRAW.normal(size=(400, 50)).astype("float32")
    layer = L.AlphaDropout(0.3, seed=1)
    found = layer(x, training=True).numpy()
    values, counts = np.unique(found, return_counts=True)
    assert abs(counts.max() / x.size - 0.3) < 0.02
    kept = found != values[counts.argmax()]
    scale = (0.7 * (1 + 0.3 * 1.7580993408473766**2)) ** -0.5  # Klambauer et al., appendix
    np.testing.assert_allclose(found[kept], scale * (x[kept] + 0.3 * 1.7580993408473766), rtol=1e-5, atol=1e-6)
    assert (abs(found.mean()), abs(found.std() - 1)) < (0.03, 0.03)
    assert not np.array_equal(layer(x, training=True), found)

    ratio = L.GaussianDropout(0.2, seed=1)(x, training=True).numpy() / x
    assert (abs(ratio.mean() - 1), abs(ratio.std() - 0.5)) < (0.02, 0.02)

    found = L.SpatialDropout1D(0.25, seed=1)(np.ones((100, 3, 8), np.float32), training=True).numpy()
    assert (found == found[:, :1]).all()
    assert set(np.unique(found).tolist()) == {0.0, np.float32(1 / 0.75)}
    assert abs((found == 0).mean() - 0.25) < 0.05


def test_new_layers_in_a_model_and_from_their_configurations(backend):
    layers = [L.SpatialDropout1D(0.1, seed=2), L.GroupNormalization(2), L.RMSNormalization(), L.Flatten()]
    model = pf.Sequential([*layers, L.AlphaDropout(0.1, seed=3), L.GaussianDropout(0.1, seed=4), L.Dense(1)])
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(SEQUENCES, X[:, :1], epochs=2, verbose=0).history["loss"]).all()
    again = pf.keras.models.model_from_json(model.to_json())
    again.build((None, *SEQUENCES.shape[1:]))
    again.set_weights(model.get_weights())
    assert np.array_equal(model.predict(SEQUENCES, verbose=0), again.predict(SEQUENCES, verbose=0))


def test_lambda(backend):
    model = pf.Sequential([L.Lambda(lambda x, power: x**power, arguments={"power": 2}), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, 0], verbose=0)
    assert L.Lambda(lambda x, training: x * (2.0 if training else 1.0))(X, training=True).numpy()[0, 0] == 2 * X[0, 0]
    with pytest.raises(TypeError, match="Lambda takes a function; got 3"):
        L.Lambda(3)


class Wide(pf.Model):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.join, self.out = L.Dense(3), L.Dense(2), L.Concatenate(), L.Dense(1)

    def call(self, inputs):
        return self.out(self.join([self.left(inputs), self.right(inputs)]))


def test_inputs_are_joined_in_a_model(backend):
    model = Wide()
    model.compile("adam", "mse")
    losses = model.fit(X, X[:, :1], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert len(model.trainable_weights) == 6


@pytest.mark.parametrize(
    ("use", "kind", "sentence"),
    [
        (lambda: L.Add()(X), ShapeError, r"Add\) takes a list of two tensors or more; got shape \(5, 4\)"),
        (lambda: L.Concatenate()([X]), ShapeError, "got a list of 1"),
        (lambda: L.Subtract()([X, X, X]), ShapeError, "takes a list of two tensors; got 3"),
        (lambda: L.Permute((0, 1)), ShapeError, "numbers 1 to n"),
        (lambda: L.Permute((2, 1))(X), ShapeError, r"orders 2 axes after the batch; got shape \(5, 4\)"),
        (lambda: L.RepeatVector(0), ValueError, "integer of 1 or more; got n=0"),
        (lambda: L.GlobalAveragePooling1D()(X), ShapeError, r"\(batch, steps, features\); got shape \(5, 4\)"),
        (lambda: L.LeakyReLU(-1), ValueError, "0 or more; got negative_slope=-1"),
        (lambda: L.GaussianNoise(-1), ValueError, "0 or more; got stddev=-1"),
        (lambda: L.AlphaDropout(1), ValueError, "0 or more and below 1; got rate=1"),
        (lambda: L.GaussianDropout(-0.5), ValueError, "0 or more and below 1; got rate=-0.5"),
        (lambda: L.SpatialDropout1D(0.5)(X), ShapeError, r"\(batch, steps, features\); got shape \(None, 4\)"),
        (lambda: L.GroupNormalization(0), ValueError, "an integer of 1 or more; got groups=0"),
        (lambda: L.GroupNormalization(3)(X), ShapeError, "makes 3 groups of the same size; got 4 features"),
        (lambda: L.GroupNormalization(1, axis=0)(X), ShapeError, "not the batch's"),
        (lambda: L.Normalization(mean=1.0), ValueError, "mean and variance together"),
        (lambda: L.Normalization(mean=1.0, variance=1.0).adapt(X), ValueError, "nothing to adapt"),
        (lambda: L.Normalization().adapt(X[:0]), EmptyDataError, "no data to adapt to"),
        (lambda: L.Normalization().adapt(X[:, 0]), ShapeError, "not the batch's"),
    ],
)
def test_what_they_refuse(use, kind, sentence):
    with pytest.raises(kind, match=sentence):
        use()


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("scale", [[1.0, 2.0, 3.0], np.array([1.0, 2.0, 3.0]), pf.tensor([1.0, 2.0, 3.0])])
def test_rescaling_takes_a_number_for_each_feature(backend, scale):
    x = np.arange(6.0, dtype="float32").reshape(2, 3)
    with pf.use_backend(backend):
        layer = L.Rescaling(scale, offset=(0.5, 0.0, 1.0))
        again = L.Rescaling.from_config(json.loads(json.dumps(layer.get_config())))
        for call in (layer, again, pf.function(layer)):
            np.testing.assert_array_equal(call(pf.tensor(x)).numpy(), x * [1, 2, 3] + [0.5, 0, 1])


@pytest.mark.parametrize(("axis", "shape"), [(-1, (1, 3)), (None, (1, 1)), ((1,), (1, 3))])
def test_the_mean_of_normalization_broadcasts_with_inputs_as_in_keras(axis, shape):
    import keras

    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    ours, theirs = L.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    for layer in (ours, theirs):
        layer.adapt(x)
    assert ours.mean.shape == theirs.mean.shape == shape
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.variance, theirs.variance, rtol=1e-5)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
