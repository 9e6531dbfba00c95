"""Every metric against Keras's: over several batches, with and without sample weights, and its names."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import metrics
from polyflow.errors import UnknownNameError
from polyflow.ops.rules import Spec

from .cases import CASES, data

COUNTED = {"Recall", "AUC", "Precision", "TrueNegatives", "PrecisionAtRecall", "RecallAtPrecision"} | {
    "SensitivityAtSpecificity"
}


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")  # Keras on JAX asks for int64
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("weight", ["none", "row", "column"])
def test_results_are_keras_s(keras, case, weight):
    if weight == "column" and case.pred == "score" and case.name in COUNTED:
        weight = "row"  # Keras takes only this one there
    if weight == "column" and (case.name in ("F1Score", "FBetaScore") or "IoU" in case.name):
        weight = "row"  # Keras pairs every weight with every sample
    theirs, ours = getattr(keras.metrics, case.name)(**case.options), getattr(metrics, case.name)(**case.options)
    for seed in range(4):
        given = data(seed)
        w = None if weight == "none" else np.random.default_rng(seed).random(8).astype("float32")
        w = w[:, None] if weight == "column" else w  # type: ignore[index]
        theirs.update_state(given[case.true], given[case.pred], sample_weight=w)
        ours.update_state(given[case.true], given[case.pred], sample_weight=w)
        expected = np.asarray(theirs.result())
        assert ours.result().dtype == expected.dtype
        assert ours.result().shape == expected.shape
        np.testing.assert_allclose(ours.result().numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize(
    ("shape", "weight"),
    [
        ((), None),
        *(((4,), weight) for weight in (None, (4,), (4, 1))),
        *((shape, weight) for shape in ((4, 3), (4, 3, 2)) for weight in (None, (4,), (4, 1), (4, 3))),
    ],
)
def test_mean_and_sum_reduce_as_keras_does(keras, name, shape, weight):
    draw = np.random.default_rng(2)
    values = draw.random(shape).astype("float32")
    w = None if weight is None else draw.random(weight).astype("float32")
    theirs, ours = getattr(keras.metrics, name)(), getattr(metrics, name)()
    for _ in range(2):
        theirs.update_state(values, sample_weight=w)
        ours.update_state(values, sample_weight=w)
    np.testing.assert_allclose(ours.result().numpy(), np.asarray(theirs.result()), rtol=1e-6)


def _by_name(module, name):
    """The metric; None where it needs arguments."""
    try:
        return module.get(name)
    except TypeError:
        return None


def test_every_name_we_know_means_the_same_to_keras(keras):
    for name in metrics.FAMILY.names:
        if "wrapper" in name.lower():
            continue
        theirs, ours = (_by_name(one, name) for one in (keras.metrics, metrics))
        if theirs is ours is None:
            continue
        assert type(ours).__name__ == type(theirs).__name__
        assert ours.name in (theirs.name, theirs.name.rsplit("_", 1)[0])  # Keras numbers some of its names


@pytest.mark.parametrize("name", ["acuracy", "MeanSquared", "huber", "crossentropy", "ce", "acc", "Accurracy", ""])
def test_names_that_keras_rejects_are_rejected(keras, name):
    with pytest.raises(ValueError):
        keras.metrics.get(name)
    with pytest.raises(UnknownNameError, match="Unknown metric"):
        metrics.get(name)


SHAPES = [((8, 1), (8, 1)), ((8,), (8, 1)), ((8,), (8, 3)), ((8, 1), (8, 3)), ((8, 3), (8, 3)), ((8, 5), (8, 5, 3))]


@pytest.mark.parametrize(("true", "pred"), SHAPES)
@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy", "ACC", "mse", "AUC", "mean_absolute_error"])
def test_compile_chooses_what_keras_chooses(keras, name, true, pred):
    from keras.src.trainers.compile_utils import get_metric

    theirs = get_metric(name, np.zeros(true), np.zeros(pred))
    ours = metrics.resolve(name, Spec(true, pf.float32), Spec(pred, pf.float32))
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.name == theirs.name == name


def test_configurations_are_keras_s(keras):
    for case in CASES:
        theirs = getattr(keras.metrics, case.name)(**case.options).get_config()
        ours = getattr(metrics, case.name)(**case.options).get_config()
        for name in ("name", "multi_label", "num_labels", "label_weights"):  # numbered, or not ours
            theirs.pop(name, None)
        assert theirs.items() <= ours.items(), case
