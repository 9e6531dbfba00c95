"""Memory that training needs above libraries and data."""

from .base import Line, Target, Workload, both
from .mlp import FULL, SMALL

WORKLOAD = Workload(
    "memory",
    "the peak of memory while the 784-512-256-10 network is made and trained, above libraries and data",
    (Line("peak", "fit", FULL, SMALL),),
    both("numpy", "jax", "torch", "keras-jax", "keras-torch", "tensorflow"),
    (Target("polyflow-numpy", 1.2, "numpy"), Target("polyflow-jax", 1.2, "jax")),
    way="memory",
    most_rounds=3,
    unit="bytes",
)
