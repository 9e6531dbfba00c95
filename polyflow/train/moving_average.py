"""ExponentialMovingAverage: averages that follow variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..arguments import check_numbers
from ..ops.elementwise import astype, minimum
from ..tensor import asarray
from ..variable import Variable


class ExponentialMovingAverage:
    """Averages of variables: ``average = decay * average + (1 - decay) * variable`` at each `apply`.

    Args:
        decay: the share of the old average in the new one, from 0 to 1.
        num_updates: the number of updates so far: ``decay`` is then at most ``(1 + num_updates) / (10 + num_updates)``.
        zero_debias: not taken: averages begin with their variables' values.
        name: taken as in TensorFlow, and kept.
    """

    def __init__(
        self, decay: float, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        check_numbers(self, "[0, 1]", decay=decay)
        if zero_debias:
            raise ValueError("averages begin with their variables' values: zero_debias=True is not taken.")
        self.decay, self.num_updates, self.name = decay, num_updates, name
        self._averages: dict[int, tuple[Variable, Variable]] = {}

    def apply(self, var_list: Iterable[Variable]) -> None:
        """Move the averages of these variables; that of one seen for the first time is its value.

        Raises:
            TypeError: for what is no variable.
        """
        for variable in var_list:
            if not isinstance(variable, Variable):
                raise TypeError(f"averages follow variables; got {type(variable).__name__}.")
            if id(variable) not in self._averages:
                made = Variable(variable.value, trainable=False, name=f"{variable.name}/{self.name}")
                self._averages[id(variable)] = variable, made
            average = self._averages[id(variable)][1]
            decay = self.decay
            if self.num_updates is not None:
                count = astype(asarray(self.num_updates), variable.dtype)
                decay = minimum((1.0 + count) / (10.0 + count), decay)
            average.assign_sub((1.0 - decay) * (average - variable))

    def average(self, var: Variable) -> Variable | None:
        """The average of a variable; None before it was first given to `apply`."""
        found = self._averages.get(id(var))
        return None if found is None else found[1]
