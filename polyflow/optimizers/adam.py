"""Adam and AdamW: steps of about the learning rate's size, whatever the gradient's."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..ops.elementwise import maximum, sqrt, square
from ..ops.elementwise import pow as power
from .base import Optimizer


class Adam(Optimizer):
    """``w -= alpha * m / (sqrt(v) + epsilon)`` with ``alpha = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``.

    ``m`` averages the gradients and ``v`` their squares. Kingma and Ba, "Adam", 2014, in the order of computation that
    ends their section 2, so that ``epsilon`` is not corrected for the bias of ``v``.

    Args:
        learning_rate: the learning rate.
        beta_1: the share of the old ``m`` in the new one.
        beta_2: the share of the old ``v`` in the new one.
        epsilon: what keeps the divisor from 0; outside the square root.
        amsgrad: whether to divide by the largest ``v`` so far (Reddi et al., 2018).
        **options: as `Optimizer`.
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon", "amsgrad")
    ranges = {"beta_1": "[0, 1)", "beta_2": "[0, 1)", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0, "velocity": 0.0} | ({"velocity_hat": 0.0} if self.amsgrad else {})

    def step_size(self, learning_rate: Any, t: Any) -> Any:
        return learning_rate * sqrt(1.0 - power(self.beta_2, t)) / (1.0 - power(self.beta_1, t))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot, alpha = self.slots_of(variable), learning_rate
        m, v = slot.momentum, slot.velocity
        m.assign_add((gradient - m) * (1 - self.beta_1))
        v.assign_add((square(gradient) - v) * (1 - self.beta_2))
        if self.amsgrad:
            v = slot.velocity_hat.assign(maximum(slot.velocity_hat, v))
        variable.assign_sub(m * alpha / (sqrt(v) + self.epsilon))


class AdamW(Adam):
    """`Adam` whose weights decay by themselves instead of through the gradient (Loshchilov and Hutter, 2019).

    Args:
        learning_rate: the learning rate.
        weight_decay: the share of each weight (times the learning rate) taken off before each update; a number.
        beta_1: as `Adam`.
        beta_2: as `Adam`.
        epsilon: as `Adam`.
        amsgrad: as `Adam`.
        **options: as `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        if weight_decay is None:
            raise ArgumentError("AdamW needs a number for weight_decay; got None. Without decay it is Adam.")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
