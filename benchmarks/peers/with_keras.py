"""Keras, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

import keras

from ..problems import Classifier, Perceptron, Table
from ..work import Work
from . import layered


def fit(problem: Perceptron | Classifier) -> Work:
    return layered.fit(keras, problem)


def predict(problem: Perceptron) -> Work:
    return layered.predict(keras, problem)


def rows(problem: Table) -> Work:
    """Shuffled batches by tf.data, with the pipeline its guide recommends."""
    import tensorflow as tf

    n = problem.rows
    data = tf.data.Dataset.from_tensor_slices(problem.data).shuffle(n).batch(problem.batch).prefetch(tf.data.AUTOTUNE)

    def run() -> None:
        for _ in data:
            pass

    return Work(run, problem.rows)
