"""What is measured: a module for each workload, which says who takes part and what polyflow sets out to reach."""

from __future__ import annotations

from importlib import import_module

from .base import Line, Target, Workload

NAMES = (
    "first", "start", "mlp", "predict", "eager", "gradient", "memory", "growth", "dataset", "trace", "compile",
    "classifiers", "scaling",
)  # fmt: skip
"""In the order in which they run; each is a module here."""


def workload(name: str) -> Workload:
    """The workload of this name."""
    return import_module(f"{__name__}.{name}").WORKLOAD


__all__ = ["NAMES", "Line", "Target", "Workload", "workload"]
