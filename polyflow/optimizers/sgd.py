"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from .base import Optimizer


class SGD(Optimizer):
    """``w += v`` with ``v = momentum * v - learning_rate * g`` (Sutskever et al., 2013, for Nesterov's form).

    Args:
        learning_rate: the learning rate.
        momentum: the share of the last change that is kept, 0 to 1.
        nesterov: whether to look ahead: ``w += momentum * v - learning_rate * g``.
        **options: as `Optimizer`.
    """

    hyperparameters = ("momentum", "nesterov")
    ranges = {"momentum": "[0, 1]"}

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Any
    ) -> None:
        self.momentum, self.nesterov = momentum, nesterov
        super().__init__(learning_rate, **options)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0} if self.momentum else {}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not self.momentum:
            variable.assign_sub(gradient * learning_rate)
            return
        v = self.slots_of(variable).momentum
        v.assign(v * self.momentum - gradient * learning_rate)
        variable.assign_add(v * self.momentum - gradient * learning_rate if self.nesterov else v)
