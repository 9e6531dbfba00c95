"""Faults of training loops."""

from __future__ import annotations

import numpy as np

from polyflow.backend.loop import StepByStep
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("a loop that leaves out the last, smaller batch", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        program = StepByStep(loop, self)
        program.rest = lambda state, *batch: ()
        return program


@mutant("a loop whose epochs all take the order of the first", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        class OneOrder(StepByStep):
            def __call__(self, state, data, orders, start, stop):
                return super().__call__(state, data, np.repeat(orders[:1], len(orders), 0), start, stop)

        return OneOrder(loop, self)
