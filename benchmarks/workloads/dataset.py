"""Shuffled batches of rows in memory."""

from ..problems import Table
from .base import Line, Target, Workload


def line(rows: int) -> Line:
    table = Table(rows, features=32, batch=32)
    return Line(f"{rows:,} rows", "rows", table, table)


WORKLOAD = Workload(
    "dataset",
    "shuffled batches of 32 rows of 32 float32, by Dataset and its like",
    tuple(line(rows) for rows in (1_000, 10_000, 100_000)),
    ("polyflow-numpy", "numpy", "torch", "tensorflow"),
    (
        Target("polyflow-numpy", 1 / 20, "tensorflow"),
        Target("polyflow-numpy", 1 / 20, "torch"),
        Target("polyflow-numpy", 1.0, "numpy"),
    ),
    repeats=True,
    unit="row",
)
