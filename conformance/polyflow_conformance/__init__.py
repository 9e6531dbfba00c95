"""The conformance suite: what every backend has to do, and a page that says which do.

    import polyflow_conformance
    report = polyflow_conformance.run("jax")
    print(report.summary())

A backend is a name, a `polyflow.backend.Backend`, or ``"module:attribute"`` or ``"file.py:attribute"`` of one.
"""

from __future__ import annotations

from .case import Case, Mismatch, Skip, Trial
from .catalog import GROUPS, all_cases
from .report import Report, Result
from .runner import reproduce, run

__all__ = ["GROUPS", "Case", "Mismatch", "Report", "Result", "Skip", "Trial", "all_cases", "reproduce", "run"]

SUITE = "1.0"
"""The version of the suite; a group's cases never change once published."""
