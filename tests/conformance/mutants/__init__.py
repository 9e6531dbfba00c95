"""Backends with one fault each, faults that real libraries and hurried authors have made, a file per kind of fault."""

from . import (
    backends,
    calls,
    choices,
    compiled,
    conditions,
    detours,
    dtypes,
    errors,
    gradients,
    hurried,
    leaks,
    limits,
    matrices,
    moves,
    passing_by,
    programs,
    promises,
    randomness,
    reductions,
    sizes,
    training,
    values,
)
from .declared import Mutant

MUTANTS: list[Mutant] = [
    one
    for kind in (
        values,
        reductions,
        moves,
        limits,
        dtypes,
        detours,
        conditions,
        calls,
        sizes,
        matrices,
        errors,
        gradients,
        training,
        programs,
        compiled,
        choices,
        randomness,
        backends,
        leaks,
        promises,
        hurried,
        passing_by,
    )
    for one in kind.MUTANTS
]
