"""Gradients without compiling: every operation is recorded, and the record gone through backwards."""

from ..problems import Scalar
from .base import Line, Target, Workload

WORKLOAD = Workload(
    "gradient",
    "the gradient of a scalar function of 200 operations, one operation at a time",
    (Line("gradient", "gradient", Scalar(40), Scalar(40)),),
    ("polyflow-numpy", "polyflow-jax", "torch", "autograd"),
    (Target("polyflow-numpy", 1 / 4, "autograd"), Target("polyflow-numpy", 1.0, "torch")),
    repeats=True,
    unit="gradient",
)
