"""Backends with one fault each, faults that real libraries and hurried authors have made, a file per kind of fault."""

from . import (
    backends,
    conditions,
    errors,
    gradients,
    limits,
    matrices,
    moves,
    programs,
    randomness,
    reductions,
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
        conditions,
        matrices,
        errors,
        gradients,
        training,
        programs,
        randomness,
        backends,
    )
    for one in kind.MUTANTS
]
