"""Models of medium size as Keras's users write them."""

from ..problems import Classifier
from .base import Line, Target, Workload, both


def line(kind: str, name: str) -> Line:
    return Line(name, "fit", Classifier(kind, rows=6_400, batch=64, epochs=1), Classifier(kind, 1_280, 64, 1))


WORKLOAD = Workload(
    "classifiers",
    "fit of a perceptron with batch normalization and dropout, and of a classifier of words",
    (line("normalized", "normalized"), line("embedding", "embedding")),
    both("torch", "keras-jax", "keras-torch", "tensorflow"),
    (Target("polyflow-jax", 1.0, "keras-jax"), Target("polyflow-numpy", 1.0, "keras-jax")),
)
