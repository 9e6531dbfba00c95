"""A user's first model: small enough that what is measured is what a library adds to the arithmetic."""

from ..problems import Perceptron
from .base import Line, Target, Workload, both

FULL = Perceptron((2, 10, 10, 1), "sigmoid", rows=100, batch=32, epochs=100, rate=0.5)
SMALL = Perceptron((2, 10, 10, 1), "sigmoid", rows=100, batch=32, epochs=20, rate=0.5)

WORKLOAD = Workload(
    "first",
    "fit of a 2-10-10-1 sigmoid network: 100 rows, batches of 32, 100 epochs of SGD",
    (Line("fit", "fit", FULL, SMALL),),
    both("numpy", "jax", "torch", "keras-jax", "keras-torch", "tensorflow"),
    (
        Target("polyflow-numpy", 1 / 8, "keras-jax"),
        Target("polyflow-numpy", 1 / 200, "tensorflow"),
        Target("polyflow-numpy", 1.0, "numpy"),
        Target("polyflow-jax", 1 / 25, "keras-jax"),
        Target("polyflow-jax", 1.4, "jax"),
    ),
)
