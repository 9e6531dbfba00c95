"""Every case of the suite, by id."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable

from .case import Case

GROUPS = {
    "core-1": "values, dtypes, shapes and errors of every op",
    "ieee-1": "signs of zeros, infinities and NaN as IEEE 754 and the array API standard have them",
    "grad-1": "gradients of first and second order, and where functions have corners",
    "random-1": "random bits, the same everywhere",
    "compile-1": "compiled programs against the same ops run one by one",
    "nn-1": "activations, losses and layers",
    "train-1": "training of small models",
    "device-1": "devices, dtypes held, threads, and the rules of plugins",
    "interop-1": "exchange with NumPy, Python and other libraries",
}
"""The groups and what they are about. A published group is frozen: new cases make a new group."""

MODULES = (
    "core_elementwise",
    "core_reduction",
    "core_moves",
    "core_indexing",
    "core_creation",
    "core_conversion",
    "core_choice",
    "core_products",
    "core_matrices",
    "core_errors",
    "core_views",
    "core_forms",
    "core_dtypes",
    "core_limits",
    "core_numbers",
    "core_again",
    "machine",
    "ieee",
    "gradients",
    "compiled",
    "compiled_probes",
    "compiled_cases",
    "compiled_pairs",
    "compiled_inputs",
    "control",
    "control_kinds",
    "control_many",
    "randomness",
    "device",
    "promises",
    "letting_go",
    "nn",
    "training",
    "loops",
    "loop_states",
    "weighting",
    "interop",
)


@functools.cache
def all_cases() -> dict[str, Case]:
    """Every case by id, in the order of the groups."""
    found: dict[str, Case] = {}
    for name in MODULES:
        add(found, importlib.import_module(f"polyflow_conformance.groups.{name}").cases())
    order = list(GROUPS)
    return dict(sorted(found.items(), key=lambda item: order.index(item[1].group)))


def add(found: dict[str, Case], cases: Iterable[Case]) -> None:
    """Put further cases into a catalog.

    Raises:
        ValueError: it is no case, an id is taken, or its group is unknown.
    """
    for case in cases:
        if not isinstance(case, Case):
            raise ValueError(f"a case is a polyflow_conformance.Case; got {type(case).__name__}.")
        if case.id in found:
            raise ValueError(f"two cases have the id {case.id!r}.")
        if case.group not in GROUPS:
            raise ValueError(f"case {case.id!r} is of no known group. Groups: {', '.join(GROUPS)}.")
        found[case.id] = case
