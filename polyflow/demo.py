"""The program behind ``polyflow demo``: a classifier of handwritten digits, written once for every backend."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import datasets, random
from .backend import discovery, selection
from .callbacks import Callback
from .layers import Dense, Dropout
from .models import Sequential
from .optimizers import Adam

BATCH = 32


@dataclass(frozen=True)
class Run:
    """What one backend made of the demo.

    Attributes:
        backend, device: where it ran.
        losses, accuracies: the training loss and the held-out accuracy after each epoch.
        loss, accuracy: on the held-out images, at the end.
        seconds: what the training took. first_epoch: the part of its first epoch, in which programs are compiled.
        steps_per_second: batches a second in the epochs after that (in it, where it was the only one).
        images, labels, probabilities: some held-out images, their digits, and what the model says of them.
    """

    backend: str
    device: str
    losses: list[float]
    accuracies: list[float]
    loss: float
    accuracy: float
    seconds: float
    first_epoch: float
    steps_per_second: float
    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray


class _Clock(Callback):
    """When each epoch ended, after the training began."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.began, self.ended = time.perf_counter(), []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ended.append(time.perf_counter() - self.began)


def train(backend: str, *, epochs: int = 20, seed: int = 0, verbose: int = 1) -> Run:
    """Train on the digits with ``backend`` and judge the model by the held-out ones."""
    (x_train, y_train), (x_test, y_test) = datasets.load_digits(flatten=True)
    with selection.use_backend(backend):
        random.set_seed(seed)
        model = Sequential(
            [Dense(256, activation="silu", input_shape=(64,)), Dropout(0.3), Dense(10, activation="softmax")]
        )
        model.compile(Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        clock = _Clock()
        history = model.fit(
            x_train,
            y_train,
            batch_size=BATCH,
            epochs=epochs,
            validation_data=(x_test, y_test),
            callbacks=[clock],
            verbose=verbose,
        ).history
        first, seconds = clock.ended[0], clock.ended[-1]
        steps = (model.history.params or {})["steps"]
        loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
        probabilities = model.predict(x_test[:20], verbose=0)
    return Run(
        backend=backend,
        device=discovery.get(backend).device,
        losses=history["loss"],
        accuracies=history["val_accuracy"],
        loss=loss,
        accuracy=accuracy,
        seconds=seconds,
        first_epoch=first,
        steps_per_second=steps * (epochs - 1) / (seconds - first) if epochs > 1 else steps / first,
        images=x_test[:20],
        labels=y_test[:20],
        probabilities=probabilities,
    )
