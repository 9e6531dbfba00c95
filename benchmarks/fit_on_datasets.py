"""A step of a small model, by what `fit` is given: arrays, datasets of several kinds, generators.

    python benchmarks/fit_on_datasets.py [--backend jax] [--rows 3200] [--rounds 5]

8-16-1 relu, MSE, Adam, batch 32, in microseconds a step: the fastest of some fits of five epochs, after one to warm up.
Keras on JAX, on the same data in its own kinds, is beside it where keras is installed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf

EPOCHS, BATCH = 5, 32


def kinds(x: np.ndarray, y: np.ndarray) -> dict[str, Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]]:
    """What `fit` gets, by a name."""
    slices = pf.data.Dataset.from_tensor_slices
    signature = pf.TensorSpec(x.shape[1:], "float32"), pf.TensorSpec(y.shape[1:], "float32")
    generated = pf.data.Dataset.from_generator(lambda: iter(zip(x, y, strict=True)), output_signature=signature)
    doubled = slices((x, y)).map(lambda a, b: (a * 2.0, b))
    each = pf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    return {
        "arrays": lambda: ((x, y), {"batch_size": BATCH}),
        "slices, shuffle": lambda: ((slices((x, y)).shuffle(1000).batch(BATCH),), {}),
        "slices, map": lambda: ((doubled.batch(BATCH),), {}),
        "slices, repeat": lambda: ((slices((x, y)).repeat().batch(BATCH),), {"steps_per_epoch": len(x) // BATCH}),
        "generator": lambda: ((generated.batch(BATCH),), {}),
        "arrays, a hook": lambda: ((x, y), {"batch_size": BATCH, "callbacks": [each]}),
    }


def fastest(fit: Callable[[], Any], steps: int, rounds: int) -> float:
    """Microseconds a step."""
    fit()
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        fit()
        best = min(best, time.perf_counter() - start)
    return best / steps * 1e6


def model(keras: Any) -> Any:
    layers = keras.layers
    one = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
    one.compile("adam", "mse")
    return one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--rows", type=int, default=3200)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    x = np.random.default_rng(0).normal(size=(given.rows, 8)).astype(np.float32)
    y = x.sum(1, keepdims=True)
    steps = EPOCHS * -(-given.rows // BATCH)
    print(f"{'µs a step':20s}{given.backend:>10s}")
    with pf.use_backend(given.backend):
        for name, make in kinds(x, y).items():
            one = model(pf.keras)
            data, options = make()
            spent = fastest(
                lambda one=one, data=data, options=options: one.fit(*data, epochs=EPOCHS, verbose=0, **options),
                steps,
                given.rounds,
            )
            print(f"{name:20s}{spent:10.1f}", flush=True)
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError:
        return
    one = model(keras)
    spent = fastest(lambda: one.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0), steps, given.rounds)
    print(f"{'arrays, Keras':20s}{spent:10.1f}")


if __name__ == "__main__":
    main()
