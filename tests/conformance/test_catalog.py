"""The suite has cases of everything, under ids of one form."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polyflow_conformance as suite
from polyflow_conformance.catalog import GROUPS
from polyflow_conformance.report import STATUSES
from polyflow_conformance.runner import select
from polyflow_conformance.table import ops

ROOT = Path(__file__).parents[2]


def test_every_op_has_cases_of_its_value():
    """An op of the table without a case in core-1 or random-1 would be tried by nobody."""
    tried = {case.op for case in suite.all_cases().values() if case.group in ("core-1", "random-1")}
    assert sorted(set(ops()) - tried) == []


def test_every_differentiable_op_has_gradient_cases():
    tried = {case.op for case in suite.all_cases().values() if case.group == "grad-1"}
    assert sorted(name for name, op in ops().items() if op.differentiable and name not in tried) == []


def test_quick_run_has_a_case_of_every_op():
    quick = {case.op for case in select(suite.all_cases(), quick=True)}
    assert sorted(set(ops()) - quick) == []


def test_ids_have_three_or_four_parts_and_a_known_group():
    for name, case in suite.all_cases().items():
        assert name == case.id
        assert len(name.split("/")) in (3, 4)
        assert case.group in GROUPS
        assert not set(name) & set("[]*? ")


def test_cases_come_in_one_order_in_every_process():
    """Python gives sets another order in each; pytest's workers have to collect the same."""
    code = "import polyflow_conformance as suite; print(*suite.all_cases())"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, check=True
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_documentation_names_the_groups_and_statuses():
    text = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | {about} |" in text for name, about in GROUPS.items())
    assert all(f"| `{status}` |" in text for status in STATUSES)
