"""The first model again, from the start of a process: imports, tracing, compiling and one fit."""

from .base import Line, Target, Workload, both
from .first import FULL, SMALL

WORKLOAD = Workload(
    "start",
    "from the start of a process to the end of the first fit of the 2-10-10-1 network",
    (Line("process", "fit", FULL, SMALL),),
    both("numpy", "jax", "torch", "keras-jax", "keras-torch", "tensorflow"),
    (Target("polyflow-numpy", 1 / 6, "keras-jax"), Target("polyflow-jax", 1.0, "keras-jax")),
    way="start",
    most_rounds=5,
    unit="process",
)
