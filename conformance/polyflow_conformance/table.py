"""polyflow's op table as the suite uses it: every declared op, and the function through which users call it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import polyflow.ops
from polyflow.ops.declare import OPS, Op


@functools.cache
def ops() -> dict[str, Op]:
    """Every op by name, all of polyflow's op modules imported."""
    functions()
    return dict(OPS)


@functools.cache
def functions() -> dict[str, Callable[..., Any]]:
    """The function of every op: what a user calls, or what the user's function calls with all attributes known."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(polyflow.ops.__path__, "polyflow.ops."):
        for value in vars(importlib.import_module(module.name)).values():
            declared = getattr(value, "op", None)
            if isinstance(declared, Op) and callable(value):
                found.setdefault(declared.name, value)
    return found
