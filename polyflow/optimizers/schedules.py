"""Learning rates that change with the step: pure functions of the step number, in ops, so that compiled steps follow.

Formulas are Keras's (optimizers/schedules/learning_rate_schedule.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import dtypes as dt
from ..arguments import ANY, check_list, check_numbers
from ..naming import Family, by_name
from ..ops.elementwise import astype, ceil, cos, equal, floor, greater, less, log, minimum, where
from ..ops.elementwise import pow as power
from ..tensor import Operators, asarray

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "get",
    "serialize",
]


class LearningRateSchedule:
    """The base of all schedules. A subclass says ``__call__(step)``: the learning rate of a step (0, 1 …), in ops."""

    arguments: tuple[str, ...] = ()
    """The names of the constructor's arguments, which are attributes of the same names."""

    def __call__(self, step: Any) -> Any:
        """The learning rate of ``step``, a 0-d float32 tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define __call__(step).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The schedule that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_config().items())})"


class ExponentialDecay(LearningRateSchedule):
    """``initial * decay_rate ** (step / decay_steps)``; with ``staircase`` the exponent is rounded down."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_numbers(self, ANY, initial_learning_rate=initial_learning_rate)
        check_numbers(self, "(0, inf)", decay_steps=decay_steps)
        check_numbers(self, "[0, inf)", decay_rate=decay_rate)
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps, self.staircase, self.name = decay_steps, staircase, name

    def __call__(self, step: Any) -> Any:
        p = _float(step) / self.decay_steps
        return self.initial_learning_rate * power(self.decay_rate, floor(p) if self.staircase else p)


class InverseTimeDecay(LearningRateSchedule):
    """``initial / (1 + decay_rate * step / decay_steps)``; with ``staircase`` the quotient is rounded down."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        check_numbers(self, ANY, initial_learning_rate=initial_learning_rate)
        check_numbers(self, "(0, inf)", decay_steps=decay_steps)
        check_numbers(self, "[0, inf)", decay_rate=decay_rate)
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps, self.staircase, self.name = decay_steps, staircase, name

    def __call__(self, step: Any) -> Any:
        p = _float(step) / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * (floor(p) if self.staircase else p))


class PolynomialDecay(LearningRateSchedule):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``, and ``end`` after that.

    With ``cycle`` it starts anew instead, over the next multiple of ``decay_steps``.
    """

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_numbers(self, ANY, initial_learning_rate=initial_learning_rate, end_learning_rate=end_learning_rate)
        check_numbers(self, ANY, power=power)
        check_numbers(self, "(0, inf)", decay_steps=decay_steps)
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps, self.power, self.cycle = decay_steps, power, cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        at = _float(step)
        if self.cycle:
            length = self.decay_steps * where(equal(at, 0), 1.0, ceil(at / self.decay_steps))
        else:
            at, length = minimum(at, float(self.decay_steps)), self.decay_steps
        left = power(1.0 - at / length, float(self.power))
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on."""

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        check_list(self, boundaries=boundaries)
        check_list(self, values=values)
        self.boundaries, self.values, self.name = list(boundaries), [float(value) for value in values], name
        if len(self.boundaries) != len(self.values) - 1:
            raise ValueError(
                f"there is one value more than there are boundaries; got {len(self.values)} values and "
                f"{len(self.boundaries)} boundaries."
            )

    def __call__(self, step: Any) -> Any:
        at = asarray(step)
        rate = astype(at, dt.float32) * 0.0 + self.values[0]
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = where(greater(at, boundary), value, rate)
        return rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate to ``alpha`` times it, in ``decay_steps`` (Loshchilov and Hutter, 2016).

    With ``warmup_target`` the rate first rises to it in a line, in ``warmup_steps``, and decays from there.
    """

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        check_numbers(self, ANY, initial_learning_rate=initial_learning_rate, alpha=alpha)
        check_numbers(self, ANY, optional=True, warmup_target=warmup_target)
        check_numbers(self, "(0, inf)", decay_steps=decay_steps)
        check_numbers(self, "[0, inf)", warmup_steps=warmup_steps)
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.decay_steps = decay_steps
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> Any:
        at = _float(step)
        if self.warmup_target is None:
            return self._decayed(minimum(at, float(self.decay_steps)), self.initial_learning_rate)
        at = minimum(at, float(self.decay_steps + self.warmup_steps))
        decayed = self._decayed(at - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return decayed
        rise = (self.warmup_target - self.initial_learning_rate) * (at / self.warmup_steps)
        return where(less(at, self.warmup_steps), rise + self.initial_learning_rate, decayed)

    def _decayed(self, at: Any, start: float) -> Any:
        cosine = 0.5 * (1.0 + cos(math.pi * (at / self.decay_steps)))
        return start * ((1.0 - self.alpha) * cosine + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` that starts anew, each time over ``t_mul`` as many steps, from ``m_mul`` times the rate.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016.
    """

    arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_numbers(self, ANY, initial_learning_rate=initial_learning_rate, m_mul=m_mul, alpha=alpha)
        check_numbers(self, "(0, inf)", first_decay_steps=first_decay_steps, t_mul=t_mul)
        self.initial_learning_rate, self.t_mul, self.m_mul = initial_learning_rate, float(t_mul), float(m_mul)
        self.first_decay_steps = first_decay_steps
        self.alpha, self.name = alpha, name

    def __call__(self, step: Any) -> Any:
        periods = _float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restart = floor(periods)
            fraction = periods - restart
        else:  # restart i begins after 1 + t + … + t**(i - 1) = (1 - t**i) / (1 - t) first periods
            restart = floor(log(1.0 - periods * (1.0 - self.t_mul)) / math.log(self.t_mul))
            begun = (1.0 - power(self.t_mul, restart)) / (1.0 - self.t_mul)
            fraction = (periods - begun) / power(self.t_mul, restart)
        cosine = 0.5 * power(self.m_mul, restart) * (1.0 + cos(math.pi * fraction))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)


def _float(step: Any) -> Any:
    return astype(step if isinstance(step, Operators) else asarray(step), dt.float32)


# By name --------------------------------------------------------------------------------------------------------------

FAMILY = Family(
    "learning rate schedule",
    by_name(ExponentialDecay, InverseTimeDecay, PolynomialDecay)
    | by_name(PiecewiseConstantDecay, CosineDecay, CosineDecayRestarts),
)

get = FAMILY.get
deserialize = FAMILY.get
serialize = FAMILY.serialize
