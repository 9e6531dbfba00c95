"""RMSprop: gradients divided by a moving average of their size."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import sqrt, square
from .base import Optimizer


class RMSprop(Optimizer):
    """``w -= learning_rate * g / sqrt(v + epsilon)``, where ``v`` averages ``g**2`` (Tieleman and Hinton, 2012).

    Args:
        learning_rate: the learning rate.
        rho: the share of the old average in the new one.
        momentum: the share of the last change that is kept.
        epsilon: what keeps the divisor from 0; inside the square root.
        centered: whether ``v`` is lessened by the square of the average gradient: the variance (Graves, 2013).
        **options: as `Optimizer`.
    """

    hyperparameters = ("rho", "momentum", "epsilon", "centered")
    ranges = {"rho": "[0, 1]", "momentum": "[0, 1]", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Any,
    ) -> None:
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        used = {"velocity": True, "momentum": self.momentum, "average_gradient": self.centered}
        return {name: 0.0 for name, wanted in used.items() if wanted}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.slots_of(variable)
        v = slot.velocity
        v.assign(self.rho * v + (1 - self.rho) * square(gradient))
        size = v.value
        if self.centered:
            mean = slot.average_gradient
            mean.assign(self.rho * mean + (1 - self.rho) * gradient)
            size = v - square(mean)
        change = learning_rate * gradient / sqrt(size + self.epsilon)
        if self.momentum:
            m = slot.momentum
            m.assign(self.momentum * m + change)
            change = m.value
        variable.assign_sub(change)
