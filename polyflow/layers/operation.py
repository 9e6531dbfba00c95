"""Functions as layers: what ``x + y``, ``x[:, 0]`` and `keras.ops` are between layers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..errors import unknown_name
from ..registry import register_layer
from ..tensor import Operators
from .base import Layer, unique_name

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "true_divide": operator.truediv,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": operator.abs,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "get_item": operator.getitem,
}


def offer(name: str, function: Callable[..., Any]) -> None:
    """Let an `Operation` do what a function does; operators stay as they are."""
    OPERATORS.setdefault(name, function)


@register_layer
class Operation(Layer):
    """An operator, or a function that was offered; numbers, and what an index is made of, are taken as they are."""

    takes_structures = True

    def __init__(self, operation: str, *, name: str | None = None, **options: Any) -> None:
        if operation not in OPERATORS:
            raise unknown_name("operator", operation, OPERATORS)
        super().__init__(name=name or unique_name(operation), **options)
        self.operation, self.built = operation, True

    def _taken(self, inputs: Any) -> Any:
        return inputs.read() if isinstance(inputs, Operators) else inputs

    def ensure_built(self, input_shape: Any, *others: Any) -> None:
        pass

    def call(self, inputs: Any, *more: Any, **options: Any) -> Any:
        return OPERATORS[self.operation](inputs, *more, **options)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"operation": self.operation}
