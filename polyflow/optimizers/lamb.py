"""Lamb: Adam, whose step in each variable is as long as the variable itself times the learning rate."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import greater, logical_and, sqrt, square, where
from ..ops.elementwise import pow as power
from ..ops.reduction import sum as total
from .base import Optimizer


class Lamb(Optimizer):
    """``w -= learning_rate * u * norm(w) / norm(u)``, where ``u`` is Adam's ``m_hat / (sqrt(v_hat) + epsilon)``.

    Where one of the norms is 0, their ratio is 1. You et al., "Large batch optimization for deep learning", 2019.

    Args:
        learning_rate: the learning rate.
        beta_1: the share of the old average gradient ``m`` in the new one.
        beta_2: the share of the old mean square ``v`` in the new one.
        epsilon: what keeps the divisor from 0; outside the square root.
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
        return {"momentum": 0.0, "velocity": 0.0}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot, t = self.slots_of(variable), self.step(variable.dtype)
        m, v = slot.momentum, slot.velocity
        m.assign_add((gradient - m) * (1.0 - self.beta_1))
        v.assign_add((square(gradient) - v) * (1.0 - self.beta_2))
        m_hat, v_hat = m / (1.0 - power(self.beta_1, t)), v / (1.0 - power(self.beta_2, t))
        update = m_hat / (sqrt(v_hat) + self.epsilon)
        length, step = sqrt(total(square(variable.value))), sqrt(total(square(update)))
        both = logical_and(greater(length, 0.0), greater(step, 0.0))
        ratio = where(both, length / where(both, step, 1.0), 1.0)
        variable.assign_sub(ratio * learning_rate * update)
