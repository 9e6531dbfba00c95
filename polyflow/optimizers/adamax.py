"""Adamax: Adam with the largest gradient instead of the mean square."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import abs as absolute
from ..ops.elementwise import maximum
from ..ops.elementwise import pow as power
from .base import Optimizer


class Adamax(Optimizer):
    """``w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)`` with ``u = max(beta_2 * u, |g|)``.

    Kingma and Ba, "Adam", 2014, section 7.

    Args:
        learning_rate: the learning rate.
        beta_1: the share of the old average gradient ``m`` in the new one.
        beta_2: how much of the old ``u`` is left after a step.
        epsilon: what keeps the divisor from 0.
        **options: as `Optimizer`.
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon")
    ranges = {"beta_1": "[0, 1)", "beta_2": "[0, 1)", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0, "norm": 0.0}

    def step_size(self, learning_rate: Any, t: Any) -> Any:
        return learning_rate / (1.0 - power(self.beta_1, t))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.slots_of(variable)
        m, u = slot.momentum, slot.norm
        m.assign_add((gradient - m) * (1 - self.beta_1))
        u.assign(maximum(self.beta_2 * u, absolute(gradient)))
        variable.assign_sub(learning_rate * m / (u + self.epsilon))
