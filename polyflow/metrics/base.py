"""Metric: a quantity gathered over batches in variables, so that gathering it is part of a compiled step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import check_name
from ..constructed import Constructed
from ..floatx import chosen
from ..naming import snake_case
from ..state import reset, state_variable
from ..variable import Variable


class Metric(Constructed):
    """The base of all metrics.

    A subclass makes its variables in the constructor with `add_variable`, says how a batch changes them in
    ``update_state``, and what comes out in ``result``, all in ops.

    Args:
        dtype: the dtype of its variables and result, float32 if left out.
        name: the name it is reported under; the class's in snake case if left out.
    """

    _made = "_variables"

    direction: str | None = None
    """Which way is better, "up" or "down"; callbacks that wait for improvement ask it."""

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        check_name(self, name)
        self.name = name or snake_case(type(self).__name__)
        self._dtype = chosen(dtype or None)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the variables and the result."""
        return self._dtype

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a batch changes: define update_state(...).")

    def result(self) -> Any:
        """The metric of everything since the last reset, a 0-d tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not say what comes out: define result().")

    def reset_state(self) -> None:
        """Start anew: every variable becomes 0."""
        for variable in self.variables:
            reset(variable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Make a variable of this metric; it is not trainable."""
        path = f"{self.name}/{name or 'variable'}"
        variable = state_variable(shape, initializer, dtype or self._dtype, name, path=path)
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    def build(self, y_pred: Any) -> None:
        """Make the variables whose shapes follow from the predictions' shape; most metrics have none."""

    def _add_beside(self, y_pred: Any, shape: tuple[int, ...], name: str) -> Variable:
        """A variable that is made late: on the backend of the predictions."""
        variable, backend = self.add_variable(shape, name=name), getattr(y_pred, "backend", None)
        if backend is not None and variable.backend is not backend:
            variable.move_to(backend)
        return variable

    @property
    def variables(self) -> list[Variable]:
        """Its variables, then those of metrics inside it."""
        found = list(self._variables)
        for value in vars(self).values():
            if isinstance(value, Metric):
                found += value.variables
            elif isinstance(value, Variable) and not any(value is one for one in found):
                found.append(value)
        return found

    def to(self, backend: Any) -> Metric:
        """Move its variables to another backend; returns the metric."""
        for variable in self.variables:
            variable.move_to(backend)
        return self

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {"name": self.name, "dtype": self._dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The metric that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
