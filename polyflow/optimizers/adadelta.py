"""Adadelta: steps in the units of the weights themselves."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import sqrt, square
from .base import Optimizer


class Adadelta(Optimizer):
    """``w += learning_rate * d`` with ``d = -g * sqrt(b + epsilon) / sqrt(a + epsilon)``.

    ``a`` averages ``g**2`` and ``b`` averages ``d**2``. Zeiler, "Adadelta", 2012, whose learning rate is 1.

    Args:
        learning_rate: the learning rate.
        rho: the share of the old averages in the new ones.
        epsilon: what keeps divisor and first steps from 0; inside the square roots.
        **options: as `Optimizer`.
    """

    hyperparameters = ("rho", "epsilon")
    ranges = {"rho": "[0, 1]", "epsilon": "[0, inf)"}

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Any) -> None:
        self.rho, self.epsilon = rho, epsilon
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.slots_of(variable)
        a, b = slot.accumulated_grad, slot.accumulated_delta_var
        a.assign(self.rho * a + (1 - self.rho) * square(gradient))
        change = -(sqrt(b + self.epsilon) * gradient / sqrt(a + self.epsilon))
        b.assign(self.rho * b + (1 - self.rho) * square(change))
        variable.assign_add(learning_rate * change)
