"""Progbar: the progress bar of Keras, for loops that users write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..arguments import check_integers, check_numbers
from ..progress import INTERVAL, WIDTH, ProgressBar


class Progbar:
    """How far a loop has come, and the running means of what it reports; drawn as `fit` draws it.

    Args:
        target: how many steps there are, None where nobody knows.
        width: how many characters the bar takes.
        verbose: 0 for silence, 1 for a bar, 2 for a line at the end.
        interval: how many seconds lie between two drawings, at least.
        stateful_metrics: names of values to be shown as they are; all others are averaged over the steps.
        stateless_metrics: names of values to be averaged; all others are shown as they are.
        unit_name: what a step is called.

    Raises:
        ValueError: where both kinds of names are given. ArgumentError: for numbers that are none.
    """

    def __init__(
        self,
        target: int | None,
        width: int = WIDTH,
        verbose: int = 1,
        interval: float = INTERVAL,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        check_integers(self, "[0, inf)", optional=True, target=target)
        check_integers(self, "[0, inf)", width=width)
        check_numbers(self, "[0, inf)", interval=interval)
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar takes stateful_metrics, where all others are averaged, or stateless_metrics, where only these "
                "are; got both."
            )
        self.target, self.unit_name = target, unit_name
        self._as_they_are = None if stateful_metrics is None else set(stateful_metrics)
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._seen = 0
        self._sums: dict[str, tuple[Any, int]] = {}
        self._bar = ProgressBar(1, target, verbose, width=width, interval=interval, unit=unit_name, in_order=True)
        self._bar.begin()

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """``current`` steps are behind us.

        Args:
            current: their number. values: pairs of a name and its value in the last step.
            finalize: whether this is the end of the line; so it is with the last step of a known number, if left out.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            total, count = self._sums.get(name, (0.0, 0))
            again = finalize or not self._averages(name)
            self._sums[name] = (value, 1) if again else (total + value * steps, count + steps)
        self._seen = current
        self._bar.step(current, self._means)
        if finalize:
            self._bar.finish(self._means())

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """``n`` more steps are behind us; the values are as in `update`."""
        self.update(self._seen + n, values)

    def _averages(self, name: str) -> bool:
        return name in self._averaged if self._averaged is not None else name not in (self._as_they_are or ())

    def _means(self) -> dict[str, Any]:
        return {name: total / count if count > 1 else total for name, (total, count) in self._sums.items()}
