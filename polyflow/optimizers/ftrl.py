"""FTRL: follow the regularised leader, which keeps weights at exactly 0."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import clip, square
from ..ops.elementwise import pow as power
from .base import Optimizer

STRENGTHS = ("l1_regularization_strength", "l2_regularization_strength", "l2_shrinkage_regularization_strength")


class Ftrl(Optimizer):
    """``w = (clip(z, -l1, l1) - z) / (n**p / learning_rate + 2 * l2)``, where ``n`` sums ``g**2`` and ``p`` is 0.5.

    ``z`` sums ``g - (n_new**p - n_old**p) / learning_rate * w``. McMahan et al., "Ad click prediction", 2013, with the
    shrinkage of online L2 regularisation added to the gradient.

    Args:
        learning_rate: the learning rate.
        learning_rate_power: ``-p``, 0 or less.
        initial_accumulator_value: where ``n`` starts, 0 or more.
        l1_regularization_strength: pulls weights to exactly 0; 0 or more.
        l2_regularization_strength: pulls weights towards 0; 0 or more.
        l2_shrinkage_regularization_strength: the same through the gradient; 0 or more.
        beta: added to ``l2`` as ``beta / (2 * learning_rate)``.
        **options: as `Optimizer`.
    """

    hyperparameters = ("learning_rate_power", "initial_accumulator_value", *STRENGTHS, "beta")
    ranges = {"learning_rate_power": "(-inf, 0]"} | dict.fromkeys(hyperparameters[1:], "[0, inf)")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Any,
    ) -> None:
        self.learning_rate_power, self.initial_accumulator_value = learning_rate_power, initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value, "linear": 0.0}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot, p = self.slots_of(variable), -self.learning_rate_power
        n, z = slot.accumulator, slot.linear
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        shrunk = gradient + 2.0 * self.l2_shrinkage_regularization_strength * variable
        new = n + square(gradient)
        z.assign_add(shrunk - (power(new, p) - power(n, p)) / learning_rate * variable)
        variable.assign((clip(z.value, -l1, l1) - z) / (power(new, p) / learning_rate + 2.0 * l2))
        n.assign(new)
