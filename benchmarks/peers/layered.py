"""polyflow and Keras: one program for both, with `fit`; only the import differs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..problems import Classifier, Perceptron
from ..work import Work


def perceptron(keras: Any, problem: Perceptron) -> Any:
    """The compiled model with the problem's own initial weights."""
    first, *rest = problem.sizes
    if problem.kind == "sigmoid":
        activations = ["sigmoid"] * len(rest)
        loss, optimizer = "mean_squared_error", keras.optimizers.SGD(problem.rate)
    else:
        activations = ["relu"] * (len(rest) - 1) + [None]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(problem.rate)
    dense = [keras.layers.Dense(size, activation=a) for size, a in zip(rest, activations, strict=True)]
    model = keras.Sequential([keras.Input((first,)), *dense])
    model.set_weights(problem.weights)
    model.compile(optimizer, loss)
    return model


def classifier(keras: Any, problem: Classifier) -> Any:
    """The compiled model."""
    layers = keras.layers
    if problem.kind == "normalized":
        parts = [keras.Input((problem.features,))]
        for _ in range(2):
            parts += [layers.Dense(problem.width), layers.BatchNormalization()]
            parts += [layers.Activation("relu"), layers.Dropout(0.5)]
    else:
        parts = [keras.Input((problem.length,), dtype="int32"), layers.Embedding(problem.words, 32), layers.Flatten()]
        parts += [layers.Dense(64, activation="relu")]
    model = keras.Sequential([*parts, layers.Dense(problem.classes)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.001), loss)
    return model


def fit(keras: Any, problem: Perceptron | Classifier) -> Work:
    """`fit` without a progress bar."""
    keras.utils.set_random_seed(0)
    x, y = problem.data
    options = {"batch_size": problem.batch, "epochs": problem.epochs, "verbose": 0}
    if isinstance(problem, Classifier):
        model = classifier(keras, problem)
        return Work(
            lambda: model.fit(x, y, **options), problem.steps, lambda: float(model.evaluate(x, y, 512, verbose=0))
        )
    model = perceptron(keras, problem)
    return Work(
        lambda: model.fit(x, y, **options),
        problem.steps,
        lambda: problem.loss(list(map(np.asarray, model.get_weights()))),
    )


def predict(keras: Any, problem: Perceptron) -> Work:
    """`predict` on one row."""
    model, row = perceptron(keras, problem), problem.data[0][:1]
    return Work(lambda: model.predict(row, verbose=0))
