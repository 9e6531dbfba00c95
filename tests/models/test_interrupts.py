"""Ctrl-C at any line of a training step leaves the state before that step or after it, never a mixture."""

from __future__ import annotations

import signal
import sys
from contextvars import copy_context
from pathlib import Path

import jax
import numpy as np
import pytest

import polyflow as pf
from polyflow.backend import selection

from .interrupting import interrupted

L = pf.keras.layers
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


OURS = (str(Path(pf.__file__).parent), str(Path(pf.__file__).parents[1] / "backends"))


@pytest.fixture(autouse=True)
def _closed():
    """What JAX was told for a call stays told where a line of `finally` is interrupted, as Python interrupts none."""
    with jax.enable_x64(False):
        yield


def ours(file: str) -> bool:
    return file.startswith(OURS)


def state(variables):
    return [np.array(v.numpy()) for v in variables]


def same(a, b) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def made(**options):
    pf.random.set_seed(0)
    model = pf.Sequential([L.Dense(2, activation="tanh", input_shape=(3,)), L.BatchNormalization(), L.Dense(1)])
    model.compile(pf.keras.optimizers.Adam(0.1, use_ema=True), "mse", **options)
    model.train_on_batch(X, Y)
    return model


def by_fit(**options):
    model = made(**options)
    return (lambda: model.train_on_batch(X, Y)), [*model.variables, *model.optimizer.variables]


def by_hand():
    model = made()
    optimizer = model.optimizer
    with pf.GradientTape() as tape:
        loss = pf.reduce_mean((model(X) - Y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    return (
        lambda: optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True)),
        [*model.trainable_variables, *optimizer.variables],
    )


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("make", [by_fit, lambda: by_fit(run_eagerly=True), by_hand], ids=["fit", "eager", "hand"])
def test_an_interrupted_step_is_whole_or_has_not_been(backend, make):
    with pf.use_backend(backend):
        work, variables = make()
        moving = [v for v in variables if v.name != "learning_rate"]

        def apart():  # an interrupt may leave a block open, as that of a layer which trains
            copy_context().run(work)

        total = interrupted(apart, ours)
        outcomes = set()
        for line in range(0, total, max(total // 60, 1)):
            before = state(moving)
            interrupted(apart, ours, line)
            changed = {not np.array_equal(x, y) for x, y in zip(before, state(moving), strict=True)}
            assert len(changed) == 1, f"line {line} of {total} left a mixture"
            outcomes |= changed
        assert False in outcomes
        before = state(variables)
        work()
        assert not same(before, state(variables))


def test_an_interrupt_leaves_the_backend_that_was_chosen_outside():
    """At any line: also while a block inside is entered or left."""

    def work():
        with pf.use_backend("numpy"):
            pf.zeros(1)

    before = selection.current()
    for line in range(interrupted(work, ours)):
        with pf.use_backend("jax"):
            interrupted(work, ours, line)
        assert selection.current() is before, f"line {line}"


def test_a_step_that_fails_half_way_changes_nothing():
    class Failing(pf.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            super().train_step(x, y, sample_weight)
            if self.fails:
                raise OSError("no more")

    model = Failing([L.Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fails = True
    before = model.get_weights()
    with pytest.raises(OSError, match="no more"):
        model.fit(X, Y, verbose=0)
    assert same(before, model.get_weights())
    model.fails = False
    model.fit(X, Y, verbose=0)
    assert not same(before, model.get_weights())


@pytest.fixture
def heard():
    """Ctrl-C is heard, also where the tests run in the background of a shell, which ignores it there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupts:
    """An object whose end is interrupted, where Python cannot raise: as JAX's hook of the garbage collector is."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_epoch_end"])
def test_an_interrupt_that_is_swallowed_is_raised_at_the_next_step(hook):
    model = made()
    steps = int(model.optimizer.iterations)
    once = [Interrupts()]
    callback = pf.keras.callbacks.Callback()
    setattr(callback, hook, lambda *args, **kwargs: once.clear())
    before = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=4, epochs=10**6, verbose=0, callbacks=[callback])
    assert sys.unraisablehook is before
    assert steps < int(model.optimizer.iterations) <= steps + 4
    model.fit(X, Y, verbose=0)


@pytest.mark.usefixtures("heard")
def test_an_interrupt_that_is_swallowed_at_the_end_is_raised_there():
    once = [Interrupts()]
    last = pf.keras.callbacks.LambdaCallback(on_train_end=lambda logs: once.clear())
    with pytest.raises(KeyboardInterrupt):
        made().fit(X, Y, verbose=0, callbacks=[last])


def test_a_generator_goes_on_in_the_next_fit_inside_its_blocks():
    """What it entered stands in the context in which it was first asked, as NumPy's settings do."""

    def batches():
        while True:
            with np.errstate(divide="ignore"):
                yield X, Y

    model, source = made(), batches()
    for _ in range(2):
        model.fit(source, steps_per_epoch=2, verbose=0)
    model.evaluate(source, steps=1, verbose=0)
