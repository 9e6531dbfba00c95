"""Muon: matrices move along their momentum, made orthogonal; all other variables by AdamW."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..ops.elementwise import pow as power
from ..ops.elementwise import sqrt, square
from ..ops.linalg import matmul
from ..ops.reduction import sum as total
from ..ops.shape import permute_dims
from .base import Optimizer

if TYPE_CHECKING:
    from ..variable import Variable


class Muon(Optimizer):
    """``w -= learning_rate * rms_rate * sqrt(max(rows, columns)) * u``, where ``u`` is the momentum, made orthogonal.

    AdamW moves what is no matrix, embeddings, and what ``exclude_layers`` names, which should be the last layer.
    Jordan et al., "Muon: an optimizer for hidden layers", 2024; Liu et al., "Muon is scalable", 2025.

    Args:
        learning_rate: the learning rate.
        adam_beta_1: AdamW's share of the old average gradient in the new one.
        adam_beta_2: AdamW's share of the old mean square in the new one.
        adam_weight_decay: the weight decay of what AdamW moves.
        epsilon: what keeps AdamW's divisor from 0.
        weight_decay: the weight decay of what Muon moves.
        exclude_layers: regular expressions; variables in whose paths one is found are AdamW's.
        exclude_embeddings: whether variables with "embedding" in their paths are AdamW's.
        muon_a: the weight of the linear term in each of the iterations that make a matrix orthogonal.
        muon_b: that of the cubic term.
        muon_c: that of the fifth power.
        adam_lr_ratio: AdamW's learning rate, as a multiple of ``learning_rate``.
        momentum: the share of the old momentum in the new one.
        ns_steps: the number of iterations that make a matrix orthogonal.
        nesterov: whether to look ahead along the momentum.
        rms_rate: the size of an element of an update; None: the update is not scaled.
        **options: as `Optimizer`.
    """

    hyperparameters = (
        *("adam_beta_1", "adam_beta_2", "epsilon", "exclude_layers", "muon_a", "muon_b", "muon_c", "adam_lr_ratio"),
        *("momentum", "ns_steps", "nesterov", "exclude_embeddings", "adam_weight_decay", "rms_rate"),
    )
    ranges = {"adam_beta_1": "[0, 1)", "adam_beta_2": "[0, 1)", "epsilon": "[0, inf)", "momentum": "[0, 1]"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Any,
    ) -> None:
        self.adam_beta_1, self.adam_beta_2, self.adam_weight_decay = adam_beta_1, adam_beta_2, adam_weight_decay
        self.epsilon, self.exclude_embeddings = epsilon, exclude_embeddings
        self.exclude_layers = list(exclude_layers or ())
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.adam_lr_ratio, self.momentum, self.nesterov = adam_lr_ratio, momentum, nesterov
        self.ns_steps, self.rms_rate = ns_steps, rms_rate
        super().__init__(learning_rate, weight_decay, **options)

    def slots_for(self, variable: Variable) -> SimpleNamespace:
        slot = SimpleNamespace(momentum=self.add_variable_from_reference(variable, "momentum"))
        if self._by_adam(variable):
            slot.velocity = self.add_variable_from_reference(variable, "velocity")
        return slot

    def decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._by_adam(variable) else self.weight_decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        slot = self.slots_of(variable)
        if hasattr(slot, "velocity"):
            self._adam(gradient, variable, learning_rate * self.adam_lr_ratio, slot.momentum, slot.velocity)
            return
        m = slot.momentum
        m.assign_add(gradient + m * (self.momentum - 1.0))
        update = learning_rate * self._orthogonal(gradient + self.momentum * m if self.nesterov else m.value)
        if self.rms_rate is not None:
            update = update * math.sqrt(max(variable.shape)) * self.rms_rate
        variable.assign_sub(update)

    def _by_adam(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(keyword, variable.path) for keyword in self.exclude_layers)

    def _adam(self, gradient: Any, variable: Any, rate: Any, m: Any, v: Any) -> None:
        t = self.step(variable.dtype)
        alpha = rate * sqrt(1.0 - power(self.adam_beta_2, t)) / (1.0 - power(self.adam_beta_1, t))
        m.assign_add((gradient - m) * (1.0 - self.adam_beta_1))
        v.assign_add((square(gradient) - v) * (1.0 - self.adam_beta_2))
        variable.assign_sub(m * alpha / (sqrt(v.value) + self.epsilon))

    def _orthogonal(self, x: Any) -> Any:
        """About ``U @ V.T`` of a matrix ``U @ S @ V.T``, by iterations of Newton and Schulz's kind."""
        tall = x.shape[0] > x.shape[1]
        x = _transposed(x) if tall else x
        x = x / (sqrt(total(square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            gram = matmul(x, _transposed(x))
            x = self.muon_a * x + matmul(self.muon_b * gram + matmul(self.muon_c * gram, gram), x)
        return _transposed(x) if tall else x


def _transposed(x: Any) -> Any:
    return permute_dims(x, (1, 0))
