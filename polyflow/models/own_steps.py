"""Steps that are written as Keras's are: ``train_step(self, data)``, which returns the logs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .. import tree


def takes_data(function: Callable[..., Any]) -> bool:
    """Whether a step takes a batch as one argument.

    Raises:
        TypeError: if it takes neither that nor ``(x, y, sample_weight)``.
    """
    plain = getattr(function, "__func__", None)
    return _takes_data(function, 0) if plain is None else _takes_data(plain, 1)


@lru_cache(256)
def _takes_data(function: Callable[..., Any], before: int) -> bool:
    """The same of a function with so many arguments before these: a method's own function is asked once."""
    signature = inspect.signature(function)
    for count in (3, 1):
        try:
            signature.bind(*[None] * (before + count))
        except TypeError:
            continue
        return count == 1
    name = getattr(function, "__name__", "this step")
    raise TypeError(
        f"{name}{signature} takes neither a batch, {name}(data), nor its parts, {name}(x, y, sample_weight). "
        "Write it with one of these."
    )


def takes_training(function: Callable[..., Any]) -> bool:
    """Whether a function has an argument ``training``, or takes any."""
    return _takes_training(getattr(function, "__func__", function))


@lru_cache(256)
def _takes_training(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters
    return "training" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def on_parts(function: Callable[..., Any]) -> Callable[..., Any]:
    """A step of one batch as one of its parts."""

    def step(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        parts = (x, y, sample_weight)
        count = 3 if sample_weight is not None else 2 if y is not None else 1
        return function(x if count == 1 and not isinstance(x, (list, tuple)) else parts[:count])

    step.__name__ = f"{function.__self__.name}.{function.__name__}"  # type: ignore[attr-defined]
    return step


def metrics_of(model: Any) -> list[Any]:
    """The metrics of a model: those it names, and those that it and its layers hold."""
    return list({id(metric): metric for metric in [*model.metrics, *model._held().metrics]}.values())


class Returned:
    """What a model's own steps return, in place of a loss and metrics that count them.

    Args:
        model: the model, whose metrics start anew with every epoch.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.logs: dict[str, Any] = {}

    def seen(self, logs: Any) -> None:
        """Keep what a step returned.

        Raises:
            TypeError: for anything but a dict, or None for no logs.
        """
        if logs is not None and not isinstance(logs, dict):
            raise TypeError(
                "train_step(data) and test_step(data) return a dict of logs, such as {'loss': loss}; got "
                f"{type(logs).__name__}."
            )
        self.logs = logs or {}

    def results(self) -> dict[str, float]:
        """What the last step returned, as Python floats."""
        found = tree.map(self.model._held().backend.to_numpy, self.logs)
        return {name: value.item() if value.size == 1 else value for name, value in found.items()}

    def reset(self) -> None:
        """Start counting anew."""
        for metric in metrics_of(self.model):
            metric.reset_state()

    def first_nan_step(self) -> int:
        """Where a loss became NaN: not known of steps of one's own."""
        return 0
