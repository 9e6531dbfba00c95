"""Adafactor: for a matrix it keeps the mean squares of the gradient's rows and columns, not of each element."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..ops.elementwise import maximum, minimum, sqrt, square
from ..ops.elementwise import pow as power
from ..ops.reduction import mean
from ..ops.shape import expand_dims
from .base import Optimizer

if TYPE_CHECKING:
    from ..variable import Variable


class Adafactor(Optimizer):
    """``w -= max(epsilon_2, rms(w)) * rho * u``, where ``u`` is ``g / sqrt(v)``, at most ``clip_threshold`` in size.

    ``v`` averages ``g**2 + epsilon_1``; over the last two axes of a variable it is the product of averages of rows and
    of columns. ``rho`` is the learning rate, and at most ``1 / sqrt(t)`` in step ``t``. Shazeer and Stern, "Adafactor:
    adaptive learning rates with sublinear memory cost", 2018.

    Args:
        learning_rate: the learning rate.
        beta_2_decay: in step ``t`` the share of the old average in the new one is ``1 - t**beta_2_decay``.
        epsilon_1: what is added to squared gradients.
        epsilon_2: the least size that a variable counts for.
        clip_threshold: how large the root mean square of ``u`` may be.
        relative_step: kept for Keras's sake: ``rho`` follows ``1 / sqrt(t)`` with and without it.
        **options: as `Optimizer`.
    """

    hyperparameters = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
    ranges = {"beta_2_decay": "(-inf, 0]", "epsilon_1": "[0, inf)", "epsilon_2": "[0, inf)"} | {
        "clip_threshold": "(0, inf]"
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Any,
    ) -> None:
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step
        super().__init__(learning_rate, **options)

    def slots_for(self, variable: Variable) -> SimpleNamespace:
        shape, dtype, backend = variable.shape, variable.dtype, variable.backend
        slot = SimpleNamespace()
        if len(shape) >= 2:
            slot.rows = self.add_variable(shape[:-1], "zeros", dtype, f"{variable.path}/rows", backend)
            slot.columns = self.add_variable(
                (*shape[:-2], shape[-1]), "zeros", dtype, f"{variable.path}/columns", backend
            )
        slot.velocity = self.add_variable_from_reference(variable, "velocity")
        return slot

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot, t = self.slots_of(variable), self.step(variable.dtype)
        rho = minimum(learning_rate, 1.0 / sqrt(t))
        size = maximum(_rms(variable.value), self.epsilon_2) * rho
        squares = square(gradient) + self.epsilon_1
        kept = 1.0 - power(t, self.beta_2_decay)
        if len(variable.shape) >= 2:
            slot.rows.assign(kept * slot.rows + (1.0 - kept) * mean(squares, axis=-1))
            slot.columns.assign(kept * slot.columns + (1.0 - kept) * mean(squares, axis=-2))
            shares = slot.rows / mean(slot.rows.value, axis=-1, keepdims=True)
            slot.velocity.assign(expand_dims(shares, axis=-1) * expand_dims(slot.columns.value, axis=-2))
        else:
            slot.velocity.assign(kept * slot.velocity + (1.0 - kept) * squares)
        update = gradient / sqrt(slot.velocity.value)
        variable.assign_sub(size * (update / maximum(_rms(update) / self.clip_threshold, 1.0)))


def _rms(x: Any) -> Any:
    return sqrt(mean(square(x)))
