"""IntegerLookup: the numbers here are what Keras's layer gives."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import EmptyDataError, UnknownNameError

Lookup = pf.keras.layers.IntegerLookup
DATA = np.array([[7, 7, 3], [3, -1, 9], [0, 12, 7]])


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


def adapted(**options):
    layer = Lookup(**options)
    layer.adapt(DATA)
    return layer


def test_the_most_frequent_come_first():
    layer = adapted()
    assert layer.get_vocabulary() == [-1, 7, 3, 12, 9, 0]
    found = layer([[7, 3, 5], [0, -1, 99]])
    assert (found.dtype, found.tolist()) == (pf.int64, [[1, 2, 0], [5, 0, 0]])
    few = adapted(max_tokens=4)
    assert (few.get_vocabulary(), few.vocabulary_size()) == ([-1, 7, 3, 12], 4)
    batches = Lookup()
    batches.adapt(pf.data.Dataset.from_tensor_slices(DATA).batch(2))
    assert batches.get_vocabulary() == layer.get_vocabulary()
    layer.adapt([[1, 1]])
    assert layer.get_vocabulary() == [-1, 1]


def test_a_mask_and_several_places_outside():
    layer = adapted(mask_token=0, num_oov_indices=2)
    assert layer.get_vocabulary() == [0, -1, -1, 7, 3, 12, 9]
    assert layer.get_vocabulary(include_special_tokens=False) == [7, 3, 12, 9]
    assert layer([[7, 3, 5], [0, -1, 100]]).tolist() == [[3, 4, 2], [0, 2, 1]]
    assert Lookup(vocabulary=[0, -1, 4], mask_token=0)([0, 1, 4]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("mode", "several", "masked"),
    [
        ("one_hot", [[[0, 1, 0, 0], [1, 0, 0, 0]]], [[[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]]),
        ("multi_hot", [[1, 1, 0, 0]], [[1, 1, 0, 0, 0]]),
        ("count", [[1, 1, 0, 0]], [[1, 1, 0, 0, 0]]),
    ],
)
def test_ones(mode, several, masked):
    layer = Lookup(vocabulary=[4, 5, 6], output_mode=mode)
    found = layer([[4, 9]])
    assert (found.dtype, found.tolist()) == (pf.int64, several)
    assert layer([[4], [5]]).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    layer = Lookup(vocabulary=[4, 5, 6], output_mode=mode, mask_token=0, max_tokens=5, pad_to_max_tokens=True)
    assert layer.get_vocabulary() == [-1, 4, 5, 6]
    assert layer([[4, 9, 0]]).tolist() == masked
    assert layer(np.array([[[4, 9, 0]]])).tolist() == [masked]


def test_counts():
    found = Lookup(vocabulary=[4, 5, 6], output_mode="count")([[4, 9, 4], [6, 5, 5]])
    assert found.tolist() == [[1, 2, 0, 0], [0, 0, 2, 1]]


def test_back_to_numbers():
    places = [0, 1, 2, 3, 4, 9, -2]
    assert Lookup(vocabulary=[4, 5, 6], invert=True)(places).tolist() == [-1, 4, 5, 6, -1, -1, -1]
    assert Lookup(vocabulary=[4, 5, 6], invert=True, mask_token=0)(places).tolist() == [0, -1, 4, 5, 6, -1, -1]


def test_no_place_for_numbers_outside():
    layer = Lookup(vocabulary=[4, 5, 6], num_oov_indices=0)
    assert (layer.get_vocabulary(), layer([4, 5]).tolist()) == ([4, 5, 6], [0, 1])
    with pytest.raises(ValueError, match="got 7, which is not in its vocabulary"):
        layer([4, 7])
    assert pf.function(layer)(pf.constant([4, 7])).tolist() == [0, -1]


def test_in_models_datasets_and_files(tmp_path):
    layer = adapted()
    numbers = DATA[:, :1]
    model = pf.Sequential([layer, pf.keras.layers.Embedding(layer.vocabulary_size(), 3), pf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(numbers, np.ones((3, 1, 1)), epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = pf.keras.models.load_model(tmp_path / "model.safetensors")
    assert np.array_equal(model.predict(numbers, verbose=0), again.predict(numbers, verbose=0))
    mapped = list(pf.data.Dataset.from_tensor_slices(DATA).batch(2).map(layer).as_numpy_iterator())
    assert np.concatenate(mapped).tolist() == layer(DATA).tolist()
    assert Lookup.from_config(layer.get_config())(DATA).tolist() == layer(DATA).tolist()
    assert Lookup(vocabulary=[4, 5])(np.array([4.7, 5.0])).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("use", "kind", "sentence"),
    [
        (lambda: Lookup(vocabulary=[4, 4]), ValueError, "got 4 twice"),
        (lambda: Lookup(vocabulary=[]), EmptyDataError, "given none"),
        (lambda: Lookup().adapt(np.zeros((0,), int)), EmptyDataError, "given none"),
        (lambda: Lookup()([1]), ValueError, r"call adapt\(data\) first"),
        (lambda: Lookup(vocabulary=[0, 4], mask_token=4), ValueError, r"as \[4, -1\], or not in it"),
        (lambda: Lookup(vocabulary=[1, 2, 3], max_tokens=3), ValueError, "more than max_tokens=3"),
        (lambda: Lookup(max_tokens=2, num_oov_indices=3), ValueError, r"no place .* after \[-1, -1, -1\]"),
        (lambda: Lookup(max_tokens=2, mask_token=0), ValueError, r"no place .* after \[0, -1\]"),
        (lambda: Lookup(output_mode="tf_idf"), UnknownNameError, "output_mode"),
        (lambda: Lookup(invert=True, output_mode="count"), ValueError, "gives numbers"),
        (lambda: Lookup(output_mode="count", pad_to_max_tokens=True), ValueError, "needs max_tokens"),
    ],
)
def test_what_it_refuses(use, kind, sentence):
    with pytest.raises(kind, match=sentence):
        use()
