"""Lion: every weight moves by the learning rate, in the direction of the momentum's sign."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import sign
from .base import Optimizer


class Lion(Optimizer):
    """``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``, where ``m`` averages gradients by ``beta_2``.

    Chen et al., "Symbolic discovery of optimization algorithms", 2023.

    Args:
        learning_rate: the learning rate.
        beta_1: the share of ``m`` in the direction; above 0, at most 1.
        beta_2: the share of the old ``m`` in the new one.
        **options: as `Optimizer`.
    """

    hyperparameters = ("beta_1", "beta_2")
    ranges = {"beta_1": "(0, 1]", "beta_2": "[0, 1]"}

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Any) -> None:
        self.beta_1, self.beta_2 = beta_1, beta_2
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        m = self.slots_of(variable).momentum
        variable.assign_sub(learning_rate * sign(m * self.beta_1 + gradient * (1.0 - self.beta_1)))
        m.assign(m * self.beta_2 + gradient * (1.0 - self.beta_2))
