"""Callbacks learn from a metric, whatever it is called, which way is better."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

metrics = pf.keras.metrics


@pytest.mark.parametrize(
    ("metric", "better", "worse"),
    [
        (metrics.BinaryAccuracy(name="hits"), 0.9, 0.1),
        (metrics.Recall(name="found"), 0.9, 0.1),
        (metrics.MeanAbsoluteError(name="off"), 0.1, 0.9),
        (metrics.FalsePositives(name="alarms"), 1.0, 9.0),
    ],
)
def test_early_stopping_follows_the_metric(metric, better, worse):
    model = pf.Sequential([pf.keras.layers.Dense(1, activation="sigmoid", input_shape=(2,))])
    model.compile("sgd", "mse", metrics=[metric])
    stop = pf.keras.callbacks.EarlyStopping(monitor=metric.name)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[stop])
    assert stop.is_improvement(better, worse)
    assert not stop.is_improvement(worse, better)
