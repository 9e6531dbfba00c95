"""Every loss against Keras's: reductions, sample weights, gradients and names."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import losses
from polyflow.errors import UnknownNameError

from .cases import CASES, data, weights

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("weight", [None, "row", "column"])
def test_values_are_keras_s(keras, case, weight):
    given, w = data(), weights(weight)
    for reduction in REDUCTIONS:
        theirs = getattr(keras.losses, case.name)(reduction=reduction, **case.options)
        ours = getattr(losses, case.name)(reduction=reduction, **case.options)
        expected = np.asarray(theirs(given[case.true], given[case.pred], sample_weight=w))
        result = ours(given[case.true], given[case.pred], sample_weight=w)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6, atol=1e-6, err_msg=str(reduction))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_are_keras_s(keras, case):
    import jax

    given, w = data(1), weights("row")
    theirs = getattr(keras.losses, case.name)(**case.options)
    ours = getattr(losses, case.name)(**case.options)
    pred = given[case.pred] if case.pred != "certain" else given["scores"]  # at its limits clip has two derivatives
    expected = np.asarray(jax.grad(lambda y: theirs(given[case.true], y, sample_weight=w))(pred))
    gradient = pf.grad(lambda y: ours(given[case.true], y, sample_weight=w))(pf.tensor(pred))
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("case", [case for case in CASES if case.true != "signs"], ids=str)
def test_functions_give_a_value_per_sample(keras, case):
    given = data(2)
    name = losses.FAMILY.get(case.name).fn.__name__
    expected = np.asarray(getattr(keras.losses, name)(given[case.true], given[case.pred], **case.options))
    result = getattr(losses, name)(given[case.true], given[case.pred], **case.options)
    np.testing.assert_allclose(result.numpy(), expected, rtol=2e-6, atol=1e-6)


def test_sequences_and_their_weights(keras):
    draw = np.random.default_rng(4)
    true = draw.integers(0, 4, (6, 3))
    logits = draw.normal(size=(6, 3, 4)).astype("float32")
    for w in (None, draw.random((6, 3)).astype("float32"), draw.random((6, 1)).astype("float32")):
        for reduction in REDUCTIONS:
            for options in ({}, {"ignore_class": 1}):
                theirs = keras.losses.SparseCategoricalCrossentropy(True, reduction=reduction, **options)
                ours = losses.SparseCategoricalCrossentropy(True, reduction=reduction, **options)
                expected = np.asarray(theirs(true, logits, sample_weight=w))
                np.testing.assert_allclose(ours(true, logits, w).numpy(), expected, rtol=1e-6, atol=1e-6)


def test_cosine_similarity_along_another_axis(keras):
    given = data(7)
    expected = np.asarray(keras.losses.CosineSimilarity(axis=0)(given["real"], given["other"]))
    assert float(losses.CosineSimilarity(axis=0)(given["real"], given["other"])) == pytest.approx(
        float(expected), rel=1e-6
    )


STRINGS = [
    *(
        "mse",
        "MSE",
        "mean_squared_error",
        "MeanSquaredError",
        "mae",
        "MAE",
        "mape",
        "MAPE",
        "msle",
        "MSLE",
        "bce",
        "BCE",
    ),
    *("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "BinaryCrossentropy"),
    *("binary_focal_crossentropy", "categorical_focal_crossentropy", "kld", "KLD", "kl_divergence", "KLDivergence"),
    *("log_cosh", "LogCosh", "huber", "Huber", "hinge", "squared_hinge", "categorical_hinge", "cosine_similarity"),
    *("poisson", "dice", "tversky", "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "Poisson"),
    *("mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "CosineSimilarity"),
]


@pytest.mark.parametrize("name", STRINGS)
def test_names_mean_what_they_mean_to_keras(keras, name):
    theirs, ours = keras.losses.get(name), losses.get(name)
    assert isinstance(ours, losses.Loss) == isinstance(theirs, keras.losses.Loss)
    if isinstance(ours, losses.Loss):
        assert type(ours).__name__ == type(theirs).__name__
        assert ours.name == theirs.name
    else:
        assert ours.__name__ == theirs.__name__


@pytest.mark.parametrize(
    "name", ["logcosh", "huber_loss", "kullback_leibler_divergence", "crossentropy", "ce", "Mse", "mean_squared", ""]
)
def test_names_that_keras_rejects_are_rejected(keras, name):
    with pytest.raises(ValueError):
        keras.losses.get(name)
    with pytest.raises(UnknownNameError, match="Unknown loss"):
        losses.get(name)


def test_configurations_are_keras_s(keras):
    for case in CASES:
        theirs = getattr(keras.losses, case.name)(**case.options).get_config()
        ours = getattr(losses, case.name)(**case.options).get_config()
        assert theirs.items() <= ours.items(), case
