"""CallbackList: who is called when, what it costs when nobody is interested, and lazy logs."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from polyflow.callbacks import Callback, CallbackList, History, LambdaCallback, LazyLogs
from polyflow.callbacks.base import HOOKS
from polyflow.callbacks.logs import floats

PARAMS = {"verbose": 0, "epochs": 2, "steps": 3}


class Recorder(Callback):
    """Writes down every call of every hook."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name in HOOKS:
            calls = object.__getattribute__(self, "calls")
            return lambda *arguments: calls.append((name, arguments))
        return object.__getattribute__(self, name)


# ---- dispatch


def test_every_hook_is_called_with_its_arguments(model):
    recorder = Recorder()
    run = CallbackList([recorder], model, PARAMS)
    run.on_train_begin()
    run.on_epoch_begin(0)
    run.on_train_batch_begin(0)
    run.on_train_batch_end(0, {"loss": 1.0})
    run.on_test_begin()
    run.on_test_batch_begin(0)
    run.on_test_batch_end(0, {"loss": 2.0})
    run.on_test_end({"loss": 2.0})
    run.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
    run.on_train_end(run.last_logs)
    run.on_predict_begin()
    run.on_predict_batch_begin(0)
    run.on_predict_batch_end(0, {"outputs": [1]})
    run.on_predict_end()
    assert recorder.calls == [
        ("on_train_begin", ({},)),
        ("on_epoch_begin", (0, {})),
        ("on_train_batch_begin", (0, {})),
        ("on_train_batch_end", (0, {"loss": 1.0})),
        ("on_test_begin", ({},)),
        ("on_test_batch_begin", (0, {})),
        ("on_test_batch_end", (0, {"loss": 2.0})),
        ("on_test_end", ({"loss": 2.0},)),
        ("on_epoch_end", (0, {"loss": 1.0, "val_loss": 2.0})),
        ("on_train_end", ({"loss": 1.0, "val_loss": 2.0},)),
        ("on_predict_begin", ({},)),
        ("on_predict_batch_begin", (0, {})),
        ("on_predict_batch_end", (0, {"outputs": [1]})),
        ("on_predict_end", ({},)),
    ]
    assert {name for name, _ in recorder.calls} == set(HOOKS) - {"on_batch_begin", "on_batch_end"}


def test_order(model):
    """As given, nested lists flattened; the history last, so that it sees what others add to the logs."""
    calls = []

    def named(name):
        return LambdaCallback(on_epoch_end=lambda epoch, logs: (calls.append(name), logs.update({name: 1.0})))

    run = CallbackList([named("a"), [named("b"), (named("c"),)]], model, PARAMS)
    run.on_train_begin()
    run.on_epoch_end(0, {"loss": 1.0})
    assert calls == ["a", "b", "c"]
    assert list(run.history.history) == ["loss", "a", "b", "c"]
    assert run.last_logs == {"loss": 1.0, "a": 1.0, "b": 1.0, "c": 1.0}


def test_callbacks_know_the_model_and_the_parameters(model):
    callback = Callback()
    CallbackList([callback], model, PARAMS)
    assert callback.model is model
    assert callback.params == PARAMS


def test_exceptions_pass_through(model):
    def fail(epoch, logs):
        raise ZeroDivisionError("mine")

    run = CallbackList(LambdaCallback(on_epoch_end=fail), model, PARAMS)
    with pytest.raises(ZeroDivisionError, match="mine"):
        run.on_epoch_end(0, {})


def test_other_names_of_batch_hooks(model):
    """on_batch_end is called for training batches when on_train_batch_end is not overridden, once."""
    calls = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            calls.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            calls.append(("end", batch))

    run = CallbackList(Old(), model, PARAMS)
    assert run.needs_batches
    run.on_train_batch_begin(4)
    run.on_train_batch_end(4)
    assert calls == [("begin", 4), ("end", 4)]


# ---- who needs batches


def test_nobody_needs_batches(model):
    run = CallbackList([Callback(), LambdaCallback(on_epoch_end=print)], model, PARAMS, verbose=1, stream=io.StringIO())
    assert not any([run.needs_batches, run.needs_test_batches, run.needs_predict_batches])


@pytest.mark.parametrize(
    ("hook", "need"),
    [
        ("on_train_batch_begin", "needs_batches"),
        ("on_train_batch_end", "needs_batches"),
        ("on_batch_begin", "needs_batches"),
        ("on_batch_end", "needs_batches"),
        ("on_test_batch_begin", "needs_test_batches"),
        ("on_test_batch_end", "needs_test_batches"),
        ("on_predict_batch_begin", "needs_predict_batches"),
        ("on_predict_batch_end", "needs_predict_batches"),
    ],
)
@pytest.mark.parametrize("by", ["method", "attribute"])
def test_somebody_needs_batches(hook, need, by, model):
    def method(self, batch, logs=None):
        pass

    if by == "method":
        callback = type("Mine", (Callback,), {hook: method})()
    else:
        callback = LambdaCallback(**{hook: lambda batch, logs: None})
    run = CallbackList([Callback(), callback], model, PARAMS)
    needs = ("needs_batches", "needs_test_batches", "needs_predict_batches")
    assert [name for name in needs if getattr(run, name)] == [need]


# ---- what is refused


def test_a_class_is_not_a_callback():
    with pytest.raises(TypeError, match=r"objects, not classes: write History\(...\)"):
        CallbackList([History])


def test_a_function_is_not_a_callback():
    with pytest.raises(TypeError, match=r"got <built-in function print>.*LambdaCallback\(on_epoch_end=function\)"):
        CallbackList(print)


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode is one of 'fit', 'evaluate', 'predict'; got 'train'"):
        CallbackList(mode="train")


def test_unknown_hook_of_a_lambda_callback():
    with pytest.raises(TypeError, match="no hook 'on_epoch_ends'. Did you mean on_epoch_end"):
        LambdaCallback(on_epoch_ends=print)


def test_a_hook_that_is_no_function():
    with pytest.raises(TypeError, match="LambdaCallback needs a function as on_epoch_end; got 3"):
        LambdaCallback(on_epoch_end=3)


# ---- logs


def test_floats():
    """Sorted by name; nested ones flattened; anything that is one number becomes a Python float, the rest stays."""
    given = {"loss": np.float32(0.5), "b": {"z": 1, "y": np.array(2)}, "a": "text", "v": np.array([1.0, 2.0])}
    found = floats(given)
    assert list(found) == ["a", "y", "z", "loss", "v"]
    assert [found["y"], found["z"], found["loss"]] == [2.0, 1.0, 0.5]
    assert all(type(found[name]) is float for name in ("y", "z", "loss"))
    assert found["a"] == "text"
    assert found["v"] is given["v"]
    assert floats(None) == {}


class Source:
    def __init__(self):
        self.reads = 0

    def __call__(self):
        self.reads += 1
        return {"loss": np.float32(self.reads), "accuracy": 0.5}


def test_lazy_logs_are_read_once_and_only_if_somebody_looks():
    source = Source()
    logs = LazyLogs(source)
    assert logs
    assert source.reads == 0
    assert logs["loss"] == 1.0
    assert type(logs["loss"]) is float
    assert logs.get("val_loss") is None
    assert dict(logs) == {**logs} == logs.copy() == {"accuracy": 0.5, "loss": 1.0}
    assert "loss" in logs
    assert len(logs) == 2
    assert f"{logs['loss']:.1f} {logs!r}" == "1.0 {'accuracy': 0.5, 'loss': 1.0}"
    assert logs == {"accuracy": 0.5, "loss": 1.0}
    assert source.reads == 1


def test_lazy_logs_take_additions():
    logs = LazyLogs(Source())
    logs["lr"] = 0.1
    assert list(logs) == ["accuracy", "loss", "lr"]
    assert logs.fresh() == {"accuracy": 0.5, "loss": 2.0, "lr": 0.1}
    del logs["lr"]
    assert "lr" not in logs


def test_batch_logs_are_not_read_for_a_hook_that_does_not_look(model):
    source = Source()
    run = CallbackList(LambdaCallback(on_train_batch_end=lambda batch, logs: None), model, PARAMS)
    run.on_train_batch_end(0, LazyLogs(source))
    assert source.reads == 0


def test_progress_reads_anew(terminal, clock, model):
    """One LazyLogs may serve a whole epoch where no callback looks: each drawing shows the values of its moment."""
    source, screen = Source(), terminal()
    run = CallbackList(None, model, {"epochs": 1, "steps": 10}, verbose=1, stream=screen)
    run.on_epoch_begin(0)
    logs = LazyLogs(source)
    for step in range(3):
        clock.now += 1
        run.advance(step + 1, logs)
        assert f"loss: {step + 1}.0000" in screen.shown[0]
    assert source.reads == 3


# ---- history


def test_history(model):
    run = CallbackList(None, model, PARAMS)
    run.on_train_begin()
    assert run.history.history == {}
    run.on_epoch_end(0, {"loss": np.float32(1.0), "accuracy": 0.25})
    run.on_epoch_end(1, {"loss": 0.5, "accuracy": 0.5, "val_loss": 1})
    assert run.history.history == {"accuracy": [0.25, 0.5], "loss": [1.0, 0.5], "val_loss": [1.0]}
    assert all(type(value) is float for values in run.history.history.values() for value in values)
    assert list(run.history.history) == ["accuracy", "loss", "val_loss"]
    assert run.history.epoch == [0, 1]
    assert run.history.params == PARAMS
    assert model.history is run.history
    assert repr(run.history) == "<History of 2 epochs: accuracy=0.5, loss=0.5, val_loss=1.0>"


def test_a_history_of_ones_own_is_used(model):
    mine = History()
    run = CallbackList([mine], model, PARAMS)
    assert run.history is mine
    assert run.callbacks == [mine]


@pytest.mark.parametrize("mode", ["evaluate", "predict"])
def test_only_fit_has_a_history(mode, model):
    run = CallbackList(None, model, PARAMS, mode=mode)
    assert run.history is None
    assert run.callbacks == []


# ---- progress


def test_fit_shows_epochs_and_keeps_validation_silent(clock, model):
    stream = io.StringIO()
    run = CallbackList(None, model, {"epochs": 2, "steps": 2}, verbose=2, stream=stream)
    run.on_train_begin()
    for epoch in range(2):
        run.on_epoch_begin(epoch)
        for step in range(2):
            clock.now += 0.5
            run.advance(step + 1, {"loss": 1.0})
        run.on_test_begin()
        run.advance_test(1)
        run.on_test_end({"loss": 3.0})
        run.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 3.0})
    run.on_train_end()
    line = "2/2 - 1s - 500ms/step - loss: 1.0000 - val_loss: 3.0000\n"
    assert stream.getvalue() == f"Epoch 1/2\n{line}Epoch 2/2\n{line}"


def test_evaluate_has_its_own_line(clock, model):
    stream = io.StringIO()
    run = CallbackList(None, model, {"epochs": 1, "steps": 2}, verbose=1, mode="evaluate", stream=stream)
    run.on_test_begin()
    for step in range(2):
        clock.now += 0.5
        run.advance_test(step + 1)
    run.on_test_end({"loss": 3.0})
    assert stream.getvalue() == "2/2 ━━━━━━━━━━━━━━━━━━━━ 1s 500ms/step - loss: 3.0000\n"


def test_predict_has_its_own_line(clock, model):
    stream = io.StringIO()
    run = CallbackList(None, model, {"epochs": 1, "steps": 2}, verbose=2, mode="predict", stream=stream)
    run.on_predict_begin()
    for step in range(2):
        clock.now += 0.5
        run.on_predict_batch_begin(step)
        run.on_predict_batch_end(step, {"outputs": np.zeros(3)})
        run.advance(step + 1, {})
    run.on_predict_end()
    assert stream.getvalue() == "2/2 - 1s - 500ms/step\n"


def test_what_callbacks_print_stands_above_the_line(terminal, clock, model, monkeypatch):
    """A message, or a plain print at the end of an epoch, never lands in the middle of the progress line."""
    screen = terminal()
    monkeypatch.setattr("sys.stdout", screen)

    class Talker(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.say(f"batch {batch}")

        def on_epoch_end(self, epoch, logs=None):
            print(f"epoch {epoch}: {logs['loss']}")

    run = CallbackList(Talker(), model, {"epochs": 1, "steps": 2}, verbose=1)
    run.on_epoch_begin(0)
    for step in range(2):
        clock.now += 1
        run.on_train_batch_end(step, {"loss": 1.0})
        run.advance(step + 1, {"loss": 1.0})
    run.on_epoch_end(0, {"loss": 1.0})
    assert screen.shown == [
        "batch 0",
        "batch 1",
        "epoch 0: 1.0",
        "2/2 ━━━━━━━━━━━━━━━━━━━━ 2s 1s/step - loss: 1.0000",
        "",
    ]


def test_say_without_a_bar(capsys):
    Callback().say("hello")
    assert capsys.readouterr().out == "hello\n"


def test_close_ends_an_interrupted_line(terminal, clock, model):
    screen = terminal()
    run = CallbackList(None, model, {"epochs": 1, "steps": 2}, verbose=1, stream=screen)
    run.on_train_begin()
    run.on_epoch_begin(0)
    clock.now += 1
    run.advance(1, {"loss": math.nan})
    run.close()
    run.close()
    assert [line[:4] for line in screen.shown] == ["1/2 ", ""]


def test_silence(capsys, model):
    run = CallbackList(None, model, PARAMS)
    run.on_epoch_begin(0)
    run.advance(1, LazyLogs(lambda: 1 / 0))  # never read
    run.on_epoch_end(0, {"loss": 1.0})
    run.close()
    assert capsys.readouterr().out == ""


def test_epochs_taken_down_at_once_are_those_taken_down_one_by_one(model):
    """The history, and the logs of the last epoch, are the same."""
    together, apart = CallbackList(None, model), CallbackList(None, model)
    for watchers in (together, apart):
        watchers.on_train_begin()
    together.record(range(3, 5), {"loss": [0.5, 0.25], "mae": [1.0, 2.0]})
    for epoch, logs in ((3, {"loss": 0.5, "mae": 1.0}), (4, {"loss": 0.25, "mae": 2.0})):
        apart.on_epoch_end(epoch, logs)
    for one in (together, apart):
        assert one.history.history == {"loss": [0.5, 0.25], "mae": [1.0, 2.0]}
        assert one.history.epoch == [3, 4]
        assert one.last_logs == {"loss": 0.25, "mae": 2.0}
