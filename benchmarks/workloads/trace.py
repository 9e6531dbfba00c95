"""What stands before the first step on NumPy: the step as a graph, and the graph as a plan."""

from .base import Line, Target, Workload
from .mlp import FULL

WORKLOAD = Workload(
    "trace",
    "tracing and planning the training step of the 784-512-256-10 network",
    (Line("trace", "trace", FULL, FULL), Line("trace and plan", "trace_and_plan", FULL, FULL)),
    ("polyflow-numpy",),
    (Target("polyflow-numpy", 10e-3, line="trace and plan"),),
    repeats=True,
    unit="step program",
)
