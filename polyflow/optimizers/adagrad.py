"""Adagrad: gradients divided by the size of all before them."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import sqrt, square
from .base import Optimizer


class Adagrad(Optimizer):
    """``w -= learning_rate * g / sqrt(a + epsilon)``, where ``a`` sums ``g**2`` (Duchi et al., 2011).

    Args:
        learning_rate: the learning rate.
        initial_accumulator_value: where ``a`` starts, 0 or more.
        epsilon: what keeps the divisor from 0; inside the square root.
        **options: as `Optimizer`.
    """

    hyperparameters = ("initial_accumulator_value", "epsilon")
    ranges = {"initial_accumulator_value": "[0, inf)", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        a = self.slots_of(variable).accumulator
        a.assign_add(square(gradient))
        variable.assign_sub(learning_rate * gradient / sqrt(a + self.epsilon))
