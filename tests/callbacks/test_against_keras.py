"""The same scripted losses through Keras's callbacks and ours: the same decisions, values and messages."""

from __future__ import annotations

import os
import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import polyflow as pf
import polyflow.callbacks as ours

from .conftest import Model

MESSY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
# Multiples of 1/64 are the same in float32, in which Keras compares, and in float64.
values = st.integers(-64, 256).map(lambda n: n / 64) | st.just(float("nan"))
courses = st.lists(values, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras", reason="Keras is the oracle of these tests; the test extra brings it")


class KerasModel(Model):
    """For Keras's ModelCheckpoint, which asks for `save` or the name of an HDF5 file."""

    def save(self, filepath, overwrite=True):
        self.save_weights(filepath)


def course(callback, model, rows, *, batches=2):
    """Drive a callback through epochs as `fit` does; returns everything it decided."""
    callback.set_model(model)
    callback.set_params({"verbose": 0, "epochs": len(rows), "steps": batches})
    told = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback.on_train_begin({})
        for epoch, row in enumerate(rows):
            model.weights = float(epoch)
            callback.on_epoch_begin(epoch, {})
            for batch in range(batches):
                callback.on_train_batch_begin(batch, {})
                callback.on_train_batch_end(batch, dict(row))
            logs = dict(row)
            callback.on_epoch_end(epoch, logs)
            rate = float(model.optimizer.learning_rate)
            told.append((model.stop_training, rate, sorted(map(str, logs.items())), list(model.saved)))
            if model.stop_training:
                break
        callback.on_train_end({})
    return told, model.restored, [str(warning.message) for warning in caught]


def same(keras_callback, our_callback, rows, capsys, *, batches=2, models=None):
    theirs, mine = models or (KerasModel(), Model())
    capsys.readouterr()
    expected = course(keras_callback, theirs, rows, batches=batches)
    printed = [line for line in capsys.readouterr().out.split("\n") if line]
    found = course(our_callback, mine, rows, batches=batches)
    assert repr(found) == repr(expected)
    assert [line for line in capsys.readouterr().out.split("\n") if line] == printed
    return found


@given(
    course=courses,
    patience=st.integers(0, 3),
    min_delta=st.sampled_from([0, 0.125, -0.25]),
    mode=st.sampled_from(["auto", "min", "max"]),
    baseline=st.sampled_from([None, 0.5, 2.0]),
    restore=st.booleans(),
    start=st.integers(0, 3),
)
@MESSY
def test_early_stopping(keras, capsys, course, patience, min_delta, mode, baseline, restore, start):
    def make(library):
        return library.EarlyStopping(
            "val_loss",
            min_delta,
            patience,
            verbose=1,
            mode=mode,
            baseline=baseline,
            restore_best_weights=restore,
            start_from_epoch=start,
        )

    rows = [{"loss": 1.0, "val_loss": value} for value in course]
    theirs, mine = make(keras.callbacks), make(ours)
    same(theirs, mine, rows, capsys)
    for name in ("stopped_epoch", "wait", "best_epoch"):
        assert getattr(mine, name) == getattr(theirs, name)


def test_early_stopping_can_be_used_again(keras, capsys):
    theirs, mine = (library.EarlyStopping("loss", patience=1) for library in (keras.callbacks, ours))
    rows = [{"loss": value} for value in (3.0, 2.0, 2.5, 2.5, 2.5)]
    first = same(theirs, mine, rows, capsys)
    assert same(theirs, mine, rows, capsys) == first
    assert len(first[0]) == 3


def test_early_stopping_on_an_absent_metric(keras, capsys):
    """A warning that names those that are there."""
    rows = [{"accuracy": 0.5, "loss": 1.0}]
    found = same(keras.callbacks.EarlyStopping(), ours.EarlyStopping(), rows, capsys)
    assert found[2] == [
        "Early stopping conditioned on metric `val_loss` which is not available. Available metrics are: accuracy,loss"
    ]


@given(
    course=courses,
    factor=st.sampled_from([0.5, 0.1]),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 2),
    min_delta=st.sampled_from([0, 0.125]),
    min_lr=st.sampled_from([0.0, 0.05]),
    mode=st.sampled_from(["auto", "max"]),
)
@MESSY
def test_reduce_on_plateau(keras, capsys, course, factor, patience, cooldown, min_delta, min_lr, mode):
    def make(library):
        return library.ReduceLROnPlateau(
            "loss", factor, patience, 1, mode=mode, min_delta=min_delta, cooldown=cooldown, min_lr=min_lr
        )

    same(make(keras.callbacks), make(ours), [{"loss": value} for value in course], capsys)


def test_reduce_on_plateau_of_an_absent_metric(keras, capsys):
    found = same(keras.callbacks.ReduceLROnPlateau(), ours.ReduceLROnPlateau(), [{"loss": 1.0}], capsys)
    assert len(found[2]) == 1


def test_factor_of_one(keras):
    for library in (keras.callbacks, ours):
        with pytest.raises(ValueError, match="does not support a factor >= 1.0. Received factor=1.0"):
            library.ReduceLROnPlateau(factor=1.0)


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.5 / (epoch + 1), lambda epoch, rate: rate * 0.5, lambda epoch, rate=None: 0.25]
)
def test_learning_rate_scheduler(schedule, keras, capsys):
    rows = [{"loss": 1.0}] * 3
    same(keras.callbacks.LearningRateScheduler(schedule, 1), ours.LearningRateScheduler(schedule, 1), rows, capsys)


def test_schedule_that_gives_no_number(keras, model):
    for library in (keras.callbacks, ours):
        callback = library.LearningRateScheduler(lambda epoch: "fast")
        callback.set_model(model)
        with pytest.raises(ValueError, match="The output of the `schedule` function should be a float. Got: "):
            callback.on_epoch_begin(0, {})


@given(
    course=courses,
    best_only=st.booleans(),
    mode=st.sampled_from(["auto", "min", "max"]),
    threshold=st.sampled_from([None, 0.5]),
    weights_only=st.booleans(),
)
@MESSY
def test_model_checkpoint(keras, capsys, tmp_path, course, best_only, mode, threshold, weights_only):
    def make(library, ending):
        return library.ModelCheckpoint(
            os.path.join(tmp_path, "new", f"{{epoch:02d}}-{{val_loss:.2f}}{ending}"),
            "val_loss",
            1,
            best_only,
            weights_only,
            mode,
            initial_value_threshold=threshold,
        )

    checked(make, keras, [{"val_loss": value} for value in course], weights_only, capsys)


@given(frequency=st.integers(1, 7), batches=st.integers(1, 4), epochs=st.integers(1, 5))
@MESSY
def test_model_checkpoint_every_so_many_batches(keras, capsys, tmp_path, frequency, batches, epochs):
    def make(library, ending):
        return library.ModelCheckpoint(
            os.path.join(tmp_path, f"{{epoch}}-{{batch}}{ending}"),
            verbose=1,
            save_freq=frequency,
            save_weights_only=True,
        )

    checked(make, keras, [{"loss": 1.0}] * epochs, True, capsys, batches=batches)


def test_model_checkpoint_of_an_absent_metric(keras, capsys, tmp_path):
    """It warns, and saves."""
    theirs, mine = KerasModel(), Model()
    rows = [{"loss": 1.0}]
    course(
        keras.callbacks.ModelCheckpoint(tmp_path / "m.weights.h5", save_best_only=True, save_weights_only=True),
        theirs,
        rows,
    )
    _, _, warned = course(ours.ModelCheckpoint(tmp_path / "m.safetensors", save_best_only=True), mine, rows)
    assert [len(theirs.saved), len(mine.saved)] == [1, 1]
    assert warned == ["Can save best model only with val_loss available. Available metrics are: loss"]


def checked(make, keras, rows, weights_only, capsys, batches=2):
    """As `same`, where the file names differ in their endings."""
    theirs, mine = KerasModel(), Model()
    ending = ".weights.h5" if weights_only else ".keras"
    capsys.readouterr()
    expected = course(make(keras.callbacks, ending), theirs, rows, batches=batches)
    printed = capsys.readouterr().out
    found = course(make(ours, ".weights.safetensors"), mine, rows, batches=batches)

    def plain(text):
        return re.sub(r"\.keras|\.weights\.h5|\.weights\.safetensors", "", text)

    assert plain(repr(found)) == plain(repr(expected))
    assert [line for line in plain(capsys.readouterr().out).split("\n") if line] == [
        line for line in plain(printed).split("\n") if line
    ]


@given(rows=st.lists(st.dictionaries(st.sampled_from(["loss", "acc", "val_loss"]), values), min_size=1, max_size=5))
@MESSY
def test_csv_logger(keras, tmp_path, rows):
    for append in (False, True):
        for library, name in ((keras.callbacks, "theirs"), (ours, "ours")):
            course(library.CSVLogger(tmp_path / name, ";", append), Model(), [{**row, "loss": 1.0} for row in rows])
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_history(keras):
    theirs = keras.callbacks.CallbackList(add_history=True, model=KerasModel())
    mine = ours.CallbackList(None, Model(), {})
    for run in (theirs, mine):
        run.on_train_begin()
        for epoch in range(3):
            run.on_epoch_end(epoch, {"loss": 3 - epoch, "accuracy": epoch / 2, "val_loss": 1.5, "zeal": 1.0})
    history = theirs._history
    assert mine.history.history == history.history
    assert list(mine.history.history) == list(history.history)
    assert mine.history.epoch == history.epoch


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1.0])
def test_terminate_on_nan(keras, loss):
    """It stops at the same batch; ours also says in which epoch."""
    stopped = []
    for library in (keras.callbacks, ours):
        model = KerasModel()
        run = library.CallbackList([library.TerminateOnNaN()], model=model)
        run.on_train_begin()
        run.on_epoch_begin(0)
        run.on_train_batch_end(0, {"loss": 1.0})
        before = model.stop_training
        run.on_train_batch_end(1, {"loss": loss})
        stopped.append((before, model.stop_training))
    assert stopped[0] == stopped[1] == (False, loss != 1.0)


def test_progress_line(keras, capsys, clock, monkeypatch):
    """The finished line is Keras's, letter for letter, but for the colours."""
    from polyflow.progress import ProgressBar

    progbar = __import__("keras.src.utils.progbar", fromlist=["time"])
    monkeypatch.setattr(progbar.time, "time", clock)
    rows = {"accuracy": 0.35, "loss": 0.7064, "tiny": 0.00012, "val_loss": 12.0}
    for verbose in (1, 2):
        bar = keras.utils.Progbar(12, verbose=verbose, stateless_metrics=set())
        for step in range(12):
            clock.now += 0.887
            bar.update(step + 1, finalize=False)
        bar.update(12, list(rows.items()), finalize=True)
        theirs = re.sub(r"\x1b\[\d+m|\x08", "", capsys.readouterr().out).replace("\n\n", "\n")
        bar = ProgressBar(1, 12, verbose)
        bar.begin(0)
        for step in range(12):
            clock.now += 0.887
            bar.step(step + 1)
        bar.finish(rows)
        assert capsys.readouterr().out.strip() == re.split(r"[\r\n]", theirs.strip())[-1].strip()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stateful_metrics": ["zeta"], "unit_name": "sample"},
        {"stateless_metrics": ["zeta"], "width": 7, "verbose": 2},
        {"target": None},
    ],
)
@pytest.mark.parametrize("finalize", [None, True])
def test_progbar(keras, capsys, clock, monkeypatch, options, finalize):
    """The last line is Keras's: values in the order in which they came, averaged where they are to be."""
    from polyflow.keras.utils import Progbar

    module = __import__("keras.src.utils.progbar", fromlist=["time"])
    monkeypatch.setattr(module.time, "time", clock)
    lines = []
    for cls in (keras.utils.Progbar, Progbar):
        bar = cls(**{"target": 5, **options})
        for step, value in enumerate((0.5, 3.0, 1.0, 2.0)):
            clock.now += 0.9
            bar.update(step + 1, [("zeta", value), ("alpha", np.float32(value * 2))])
        clock.now += 0.9
        bar.update(5, None if finalize is None else [("zeta", 4.0)], finalize=finalize)
        shown = re.sub(r"\x1b\[\d+m|\x08", "", capsys.readouterr().out)
        lines.append([line.strip() for line in re.split(r"[\r\n]", shown.strip())][-1])
    if "target" in options and finalize is None:
        assert lines[1] == ""  # a line that never ends: Keras draws each step, here nothing is drawn in a file
    elif "target" in options:  # at the end Keras still says that it is unknown
        assert lines[1] == re.sub(r"5/Unknown", f"5/5 {'━' * 20}", lines[0])
    else:
        assert lines[0] == lines[1]


def test_a_progbar_takes_one_kind_of_names_and_numbers():
    from polyflow.keras.utils import Progbar

    with pytest.raises(ValueError, match="got both"):
        Progbar(5, stateful_metrics=[], stateless_metrics=[])
    with pytest.raises(ValueError, match="got target='a'"):
        Progbar("a")


def test_a_progbar_that_adds_steps(capsys):
    from polyflow.keras.utils import Progbar

    bar = Progbar(6)
    for value in (1.0, 2.0, 6.0):
        bar.add(2, [("loss", pf.constant(value))])
    assert capsys.readouterr().out.endswith(" - loss: 6.0000\n")


def test_progbar_logger_changes_nothing(capsys):
    model = pf.Sequential([pf.keras.layers.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    for verbose, lines in ((0, 0), (1, 1)):
        model.fit([[1.0]], [[1.0]], verbose=verbose, callbacks=[pf.keras.callbacks.ProgbarLogger()])
        assert capsys.readouterr().out.count("\n") == lines
