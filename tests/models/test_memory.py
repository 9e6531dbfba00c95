"""Training leaves nothing behind: after many more steps there are as many objects and arrays as before."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import polyflow as pf

L = pf.keras.layers
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def by_fit(model, optimizer):
    model.fit(X, Y, batch_size=8, epochs=2, validation_split=0.25, verbose=0)


def by_dataset(model, optimizer):
    model.fit(pf.data.Dataset.from_tensor_slices((X, Y)).shuffle(32).batch(8).prefetch(1), epochs=2, verbose=0)


def by_batches(model, optimizer):
    model.train_on_batch(X, Y)
    model.predict_on_batch(X)
    model.evaluate(X, Y, verbose=0)


def by_hand(model, optimizer):
    with pf.GradientTape() as tape:
        loss = pf.reduce_mean((model(X, training=True) - Y) ** 2)
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)


def arrays_of_jax() -> int:
    import jax

    return len(jax.live_arrays())


@pytest.mark.parametrize(("backend", "arrays"), [("numpy", lambda: 0), ("jax", arrays_of_jax)], ids=["numpy", "jax"])
@pytest.mark.parametrize("work", [by_fit, by_dataset, by_batches, by_hand])
def test_nothing_piles_up(backend, arrays, work):
    with pf.use_backend(backend):
        model = pf.Sequential([L.Dense(4, activation="relu", input_shape=(3,)), L.Dropout(0.5), L.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        optimizer = pf.keras.optimizers.Adam()
        counts = []
        for times in (3, 20, 20):
            for _ in range(times):
                work(model, optimizer)
            gc.collect()
            counts.append((len(gc.get_objects()), arrays()))
    growth = np.diff(counts, axis=0)  # what piles up does so in each round; a cache that fills does so once
    assert growth[:, 1].min() <= 0
    assert growth[:, 0].min() <= 15
