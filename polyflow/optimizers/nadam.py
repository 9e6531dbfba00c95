"""Nadam: Adam that looks ahead, as Nesterov's momentum does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import dtypes as dt
from ..ops.elementwise import astype, sqrt, square
from ..ops.elementwise import pow as power
from .base import Optimizer

if TYPE_CHECKING:
    from ..variable import Variable

DECAY = 0.96
"""How fast momentum reaches ``beta_1``: after t steps it is ``beta_1 * (1 - 0.5 * 0.96**t)``."""


class Nadam(Optimizer):
    """``w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)``, whose ``m_hat`` holds the momentum of the next step.

    Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Args:
        learning_rate: the learning rate.
        beta_1: the share of the old average gradient ``m`` in the new one, once warmed up.
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

    def build(self, variables: Iterable[Variable]) -> None:
        variables = list(variables)
        if not self.built:
            widest = dt.result_type(*(variable.dtype for variable in variables)) if variables else dt.DEFAULT_FLOAT
            self.product = self.add_variable((), "ones", widest, "momentum_product")
        super().build(variables)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0, "velocity": 0.0}

    def momentum_at(self, t: Any) -> Any:
        """The momentum of step ``t``."""
        return self.beta_1 * (1.0 - 0.5 * power(DECAY, t))

    def before_updates(self, t: Any) -> None:
        self.product.assign(self.product * self.momentum_at(self.step(self.product.dtype)))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot, t = self.slots_of(variable), self.step(variable.dtype)
        m, v = slot.momentum, slot.velocity
        now, after = self.momentum_at(t), self.momentum_at(t + 1.0)
        product = astype(self.product, variable.dtype)
        m.assign_add((gradient - m) * _rest(self.beta_1, variable.dtype))
        v.assign_add((square(gradient) - v) * _rest(self.beta_2, variable.dtype))
        m_hat = after * m / (1.0 - product * after) + (1.0 - now) * gradient / (1.0 - product)
        v_hat = v / (1.0 - power(self.beta_2, t))
        variable.assign_sub(m_hat * learning_rate / (sqrt(v_hat) + self.epsilon))


def _rest(beta: float, dtype: Any) -> float:
    """``1 - beta`` in a variable's dtype, ``beta`` being rounded first, as Keras does here: in float32 not the same."""
    return float(dtype.type(1) - dtype.type(beta))
