"""What EarlyStopping and its kin make of a metric's name, and their own sentences."""

from __future__ import annotations

import pytest

from polyflow.callbacks import CallbackList, EarlyStopping, ReduceLROnPlateau
from polyflow.callbacks.monitor import MonitorCallback

from .conftest import Metric, Model


def watching(monitor, mode="auto", metrics=()):
    callback = MonitorCallback(monitor, mode)
    callback.set_model(Model(metrics))
    return callback


@pytest.mark.parametrize(
    "monitor",
    [
        "accuracy",
        "val_accuracy",
        "acc",
        "val_binary_accuracy",
        "sparse_categorical_accuracy",
        "auc",
        "f1_score",
        "recall",
    ],
)
def test_higher_is_better(monitor):
    assert watching(monitor).is_improvement(2.0, 1.0)
    assert not watching(monitor).is_improvement(1.0, 2.0)


@pytest.mark.parametrize(
    "monitor", ["loss", "val_loss", "mse", "val_mean_absolute_error", "mean_squared_error", "categorical_crossentropy"]
)
def test_lower_is_better(monitor):
    assert watching(monitor).is_improvement(1.0, 2.0)
    assert not watching(monitor).is_improvement(2.0, 1.0)


def test_the_metric_itself_knows_best():
    assert watching("val_mystery", metrics=[Metric("mystery", "up")]).is_improvement(2.0, 1.0)
    assert watching("mystery", metrics=[Metric("mystery", "down")]).is_improvement(1.0, 2.0)
    assert watching("accuracy", metrics=[Metric("accuracy", "down")]).is_improvement(1.0, 2.0)


def test_mode_overrules():
    assert watching("accuracy", "min").is_improvement(1.0, 2.0)


def test_a_direction_that_nobody_knows_is_refused_when_training_begins():
    run = CallbackList(EarlyStopping("mystery"), Model(), {})
    with pytest.raises(ValueError, match="EarlyStopping monitors 'mystery'.*Pass mode='max' if higher is better"):
        run.on_train_begin()


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_unknown_mode_warns(kind):
    with pytest.warns(UserWarning, match=f"{kind.__name__} mode 'upwards' is unknown, fallback to auto mode"):
        assert kind(mode="upwards").mode == "auto"


def test_no_metric_warns_and_trains_on():
    run = CallbackList(EarlyStopping(), Model(), {})
    run.on_train_begin()
    with pytest.warns(UserWarning, match="metric `val_loss` which is not available. Available metrics are: acc,loss"):
        run.on_epoch_end(0, {"loss": 1.0, "acc": 0.5})
    assert not run.model.stop_training


def test_best_weights_are_copies(model):
    """The weights of the best epoch come back, whatever happened to the model since."""
    stopping = EarlyStopping("loss", patience=2, restore_best_weights=True)
    run = CallbackList(stopping, model, {})
    run.on_train_begin()
    for epoch, loss in enumerate([2.0, 1.0, 3.0, 4.0]):
        model.weights = epoch
        run.on_epoch_end(epoch, {"loss": loss})
    assert model.stop_training
    run.on_train_end()
    assert model.restored == [1.0]
    assert stopping.best == 1.0


def test_learning_rate_gets_into_the_history(model):
    run = CallbackList(ReduceLROnPlateau("loss", 0.5, patience=1), model, {})
    run.on_train_begin()
    for epoch in range(3):
        run.on_epoch_end(epoch, {"loss": 1.0})
    assert run.history.history["learning_rate"] == [0.1, 0.1, 0.05]
