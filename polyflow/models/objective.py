"""Objective: the loss and the metrics of a compiled model, and what they have seen of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes as dt
from .. import losses, metrics
from ..errors import DTypeError
from ..flow.notes import METRICS, scope
from ..naming import check_pair
from ..ops.elementwise import equal, isnan, logical_and, where
from ..state import reset, state_variable
from ..variable import Variable
from .feed import the_one
from .reports import Reports

TARGETS = "the loss and the metrics take one array of targets"


class NanWatch:
    """Remembers the first step whose loss was NaN, without looking at each: inside the step's own graph."""

    def __init__(self) -> None:
        self.step = state_variable(dtype=dt.int32, name="steps_seen")
        self.first = state_variable(dtype=dt.int32, name="first_nan_step")
        self.variables = [self.step, self.first]

    def update(self, loss: Any) -> None:
        """See the loss of one more step; steps count from 1, so that 0 stands for none."""
        step = self.step + 1
        self.step.assign(step)
        self.first.assign(where(logical_and(isnan(loss), equal(self.first, 0)), step, self.first))

    def reset(self) -> None:
        """Forget what was seen."""
        reset(self.step)
        reset(self.first)


class Counted:
    """The running loss of an epoch, and what an epoch reports of it and of metrics.

    Attributes:
        beside: metrics that the model and its layers hold and update themselves, to be reported after the others.
    """

    def __init__(self) -> None:
        self.beside: list[Any] = []
        self.tracker = metrics.Mean(name="loss")
        self.nan = NanWatch()
        self._reports = Reports(self._values)

    if TYPE_CHECKING:

        @property
        def metrics(self) -> list[Any]: ...

    def count(self, loss: Any, count: int) -> None:
        """See the loss of a batch of ``count`` samples, unless it is None."""
        if loss is not None:
            with scope("metrics/loss", METRICS):
                self.tracker.update_state(loss, sample_weight=float(count))
                self.nan.update(loss)

    def results(self) -> dict[str, float]:
        """The loss and metrics over the batches seen since the last reset, in the order of compiling."""
        return self.named(self._reports([self.tracker, *self._all()], self.nan.step.backend))

    def first_nan_step(self) -> int:
        """The number of the first step since the last reset whose loss was NaN, from 1; 0 if there is none."""
        return int(self.nan.first)

    def report(self) -> list[Any]:
        """All that is to be known at the end of an epoch, as tensors: `results`, then `first_nan_step`."""
        return [*self._values(), self.nan.first.value]

    def named(self, values: Iterable[Any]) -> dict[str, float]:
        """The values of the loss and the metrics by name, as Python floats (or arrays, where they are no scalars)."""
        return {name: _number(value) for name, value in zip(self._names(), values, strict=True)}

    def named_all(self, columns: Iterable[Iterable[Any]]) -> dict[str, list[float]]:
        """The same for the values of several epochs."""
        return {name: list(map(_number, column)) for name, column in zip(self._names(), columns, strict=True)}

    def _names(self) -> list[str]:
        return ["loss", *(metric.name for metric in self._all())]

    def _values(self) -> list[Any]:
        return [self.tracker.result(), *map(_result, self._all())]

    def _all(self) -> list[Any]:
        return [*self.metrics, *self.beside]

    def reset(self) -> None:
        """Start counting anew."""
        self.tracker.reset_state()
        self.nan.reset()
        for metric in self._all():
            metric.reset_state()

    @property
    def variables(self) -> list[Variable]:
        """All states, to be moved with the model."""
        own = [*self.tracker.variables, *self.nan.variables]
        return own + [variable for metric in self._all() for variable in metric.variables]


def _without_targets(what: str) -> ValueError:
    return ValueError(f"the {what} needs targets, and there are none: give y beside x, or a dataset of (x, y) batches.")


class Objective(Counted):
    """A loss and metrics, resolved by name when they are given, and by shape when the first batch comes.

    Args:
        loss: a loss, its name, a function of (y_true, y_pred), or None.
        metrics, weighted_metrics: metrics, their names, or functions; the weighted ones use sample weights.
        loss_weight: what the loss is multiplied by.
    """

    def __init__(self, loss: Any, given: Any, weighted: Any, loss_weight: float | None = None) -> None:
        super().__init__()
        found = None if loss is None else losses.get(loss)
        if found is not None and not isinstance(found, losses.Loss):
            check_pair("loss", found)
        self.loss = found if found is None or isinstance(found, losses.Loss) else losses.LossFunctionWrapper(found)
        self.loss_weight = loss_weight
        self.given = [(one, False) for one in _flat(given)] + [(one, True) for one in _flat(weighted)]
        for one, _ in self.given:
            metrics.check(one)
        self.metrics: list[Any] = []
        self.weighted: list[bool] = []
        self.resolved = not self.given

    def resolve(self, y_true: Any, y_pred: Any) -> None:
        """Choose the metrics whose names mean different things for different shapes."""
        if self.resolved:
            return
        if y_true is None:
            raise _without_targets("loss" if self.loss is not None else "metric")
        y_true, y_pred = _pair(y_true, y_pred)
        names: dict[str, int] = {}
        for one, weighted in self.given:
            metric = metrics.resolve(one, y_true, y_pred)
            if weighted and metric.name in names:
                metric.name = f"weighted_{metric.name}"
            seen = names[metric.name] = names.get(metric.name, 0) + 1
            if seen > 1:
                metric.name = f"{metric.name}_{seen - 1}"
            self.metrics.append(metric)
            self.weighted.append(weighted)
        self.resolved = True

    def compute(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """The loss of a batch, a scalar.

        Raises:
            ValueError: if there are no targets to compare with.
        """
        value = self.unweighted(y_true, y_pred, weight)
        return value if self.loss_weight is None else value * self.loss_weight

    def unweighted(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """The loss of a batch before it is multiplied by the loss's weight."""
        if y_true is None:
            raise _without_targets("loss")
        with scope("loss"):
            found = self.loss(*_pair(y_true, y_pred), sample_weight=weight)  # type: ignore[misc]
        if found.dtype in dt.COMPLEX:
            raise DTypeError("the loss is complex, and complex numbers have no order: take their abs or real part.")
        return found

    def update(self, loss: Any, count: int, y_true: Any, y_pred: Any, weight: Any) -> None:
        """See one more batch of ``count`` samples."""
        self.count(loss, count)
        if self.metrics:
            y_true, y_pred = _pair(y_true, y_pred)
        for metric, weighted in zip(self.metrics, self.weighted, strict=True):
            with scope(f"metrics/{metric.name}", METRICS):
                metric.update_state(y_true, y_pred, sample_weight=weight if weighted else None)

    def label_checks(self, shape: Any) -> list[Callable[[Any], None]]:
        """What to look at in the targets of each batch on the host, where the output has this shape."""
        if shape is None or not losses.needs_label_check(self.loss):
            return []

        def check(y: Any) -> None:
            if y is None:
                raise _without_targets("loss")
            losses.check_labels(self.loss, the_one(y, TARGETS), shape[-1])

        return [check]


def _result(metric: Any) -> Any:
    found = metric.result()
    if found is None:
        raise TypeError(f"the metric {metric.name!r} gave None as its result: is a `return` missing?")
    return found


def _number(value: Any) -> Any:
    if value.__class__ is float:
        return value
    if not getattr(value, "shape", ()):
        return float(value)
    return np.array(value if isinstance(value, np.ndarray) else value.numpy())


def _pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """The targets and the output: one array each, for a loss and metrics know nothing of several."""
    return the_one(y_true, TARGETS), the_one(y_pred, "the loss and the metrics take one output")


def _flat(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, dict):
        return [one for part in given.values() for one in _flat(part)]
    if isinstance(given, Iterable) and not isinstance(given, str) and not callable(given):
        return [one for part in given for one in _flat(part)]
    return [given]
