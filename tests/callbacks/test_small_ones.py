"""TerminateOnNaN, CSVLogger and LearningRateScheduler where they do better than Keras."""

from __future__ import annotations

import pytest

from polyflow.callbacks import CallbackList, CSVLogger, LearningRateScheduler, TerminateOnNaN


def test_terminate_names_epoch_and_step(model, capsys):
    run = CallbackList(TerminateOnNaN(), model, {})
    assert run.needs_batches
    run.on_train_begin()
    run.on_epoch_begin(2)
    run.on_train_batch_end(16, {"loss": float("nan")})
    assert capsys.readouterr().out == "Epoch 3, step 17: the loss is nan, terminating training.\n"
    assert model.stop_training


def test_terminate_with_an_error(model):
    run = CallbackList(TerminateOnNaN(raise_error=True), model, {})
    run.on_epoch_begin(0)
    with pytest.raises(RuntimeError, match="Epoch 1, step 1: the loss is -inf, terminating training. Check the data"):
        run.on_train_batch_end(0, {"loss": float("-inf")})


def test_terminate_without_a_loss(model):
    run = CallbackList(TerminateOnNaN(), model, {})
    run.on_train_batch_end(0, {})
    assert not model.stop_training


def test_csv_is_complete_after_each_epoch(tmp_path, model):
    """No file stays open: an interrupted training leaves all its lines."""
    path = tmp_path / "logs" / "log.csv"
    run = CallbackList(CSVLogger(path), model, {})
    run.on_train_begin()
    run.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,1.0,2.0"]
    run.on_epoch_end(1, {"loss": 0.5})
    assert path.read_text().splitlines()[2:] == ["1,0.5,NA"]


def test_csv_replaces_or_appends(tmp_path, model):
    path = tmp_path / "log.csv"
    for append, lines in ((False, 2), (True, 3), (False, 2)):
        run = CallbackList(CSVLogger(path, append=append), model, {})
        run.on_train_begin()
        run.on_epoch_end(0, {"loss": 1.0})
        assert len(path.read_text().splitlines()) == lines


def test_schedule_may_give_an_integer(model):
    run = CallbackList(LearningRateScheduler(lambda epoch: 1), model, {})
    run.on_epoch_begin(0)
    assert model.optimizer.learning_rate == 1.0


def test_a_mistake_in_a_schedule_is_shown(model):
    """A TypeError inside it is its own, not a sign that it takes one argument."""

    def schedule(epoch, rate):
        return rate + "1"

    run = CallbackList(LearningRateScheduler(schedule), model, {})
    with pytest.raises(TypeError, match="unsupported operand"):
        run.on_epoch_begin(0)


def test_a_schedule_that_is_no_function():
    with pytest.raises(TypeError, match=r"function of \(epoch, learning_rate\); got 0.1"):
        LearningRateScheduler(0.1)
