"""The smallest prediction: one row through the first model."""

from .base import Line, Target, Workload, both
from .first import FULL

WORKLOAD = Workload(
    "predict",
    "one row through the 2-10-10-1 network",
    (Line("compiled call", "call", FULL, FULL), Line("predict", "predict", FULL, FULL)),
    both("numpy", "jax", "torch", "keras-jax", "keras-torch", "tensorflow"),
    (
        Target("polyflow-numpy", 25e-6, line="compiled call"),
        Target("polyflow-numpy", 60e-6, line="predict"),
        Target("polyflow-jax", 60e-6, line="compiled call"),
        Target("polyflow-jax", 120e-6, line="predict"),
    ),
    repeats=True,
    unit="call",
)
