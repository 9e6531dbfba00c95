"""Memory that training loses: none may."""

from ..problems import Perceptron
from .base import Line, Target, Workload, both

FULL = Perceptron((2, 10, 10, 1), "sigmoid", rows=100, batch=32, epochs=250, rate=0.5)  # 1,000 steps, ten times
SMALL = Perceptron((2, 10, 10, 1), "sigmoid", rows=100, batch=32, epochs=25, rate=0.5)

WORKLOAD = Workload(
    "growth",
    "by how much memory grows in 10,000 steps of the 2-10-10-1 network: ten fits of 1,000",
    (Line("growth", "fit", FULL, SMALL),),
    both("numpy", "jax"),
    (Target("polyflow-numpy", 1 << 18), Target("polyflow-jax", 1 << 18)),
    way="memory",
    most_rounds=3,
    unit="bytes",
)
