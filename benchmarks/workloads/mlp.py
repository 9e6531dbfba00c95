"""A perceptron on images' worth of inputs: most of the time should go into products of matrices."""

from ..problems import Perceptron
from .base import Line, Target, Workload, both

SIZES = (784, 512, 256, 10)
FULL = Perceptron(SIZES, "relu", rows=12_800, batch=128, epochs=1, rate=0.001)
SMALL = Perceptron(SIZES, "relu", rows=1_280, batch=128, epochs=1, rate=0.001)

WORKLOAD = Workload(
    "mlp",
    "fit of a 784-512-256-10 relu network: 12,800 rows, shuffled batches of 128, Adam",
    (Line("fit", "fit", FULL, SMALL),),
    both("numpy", "numpy-unshuffled", "jax", "torch", "keras-jax", "keras-torch", "tensorflow"),
    (Target("polyflow-numpy", 1.0, "numpy"), Target("polyflow-jax", 1.05, "jax")),
)
