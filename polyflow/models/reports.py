"""Reports: what metrics say, computed by one program where a backend compiles and they are asked again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import TraceError
from ..flow.trace import Compiled, trace

OFTEN = 3
"""From which time on that the same metrics are asked a program is worth its compiling."""


class Reports:
    """The results of metrics.

    Op by op a result is several calls of the backend, each dearer than a number is worth where calls are programs. What
    a metric of a user's own computes may depend on more than its variables: then all are asked op by op.

    Args:
        compute: gives the results, in order.
    """

    def __init__(self, compute: Callable[[], list[Any]]) -> None:
        self._compute = compute
        self._asked: tuple[Any, ...] = ()
        self._times = 0
        self._program: Compiled | None = None

    def __call__(self, metrics: Sequence[Any], backend: Any) -> list[Any]:
        """The results of these metrics, whose variables are on this backend, as tensors."""
        if not backend.capabilities.compile or not all(map(_depends_on_variables, metrics)):
            return self._compute()
        asked = (backend, *((metric, len(metric._variables)) for metric in metrics))
        if asked != self._asked:
            self._asked, self._times, self._program = asked, 0, None
        self._times += 1
        if self._times < OFTEN:
            return self._compute()
        if self._times == OFTEN:
            try:
                self._program = Compiled(trace(self._compute, backend=backend), "report")
            except TraceError:
                self._program = None
        program = self._program
        return self._compute() if program is None else program.tensors(())

    def __reduce__(self) -> tuple[Any, ...]:
        return Reports, (self._compute,)  # a copy makes a program of its own


def _depends_on_variables(metric: Any) -> bool:
    """Whether a metric's result is one of this package's, which are computed from its variables alone."""
    if "result" in vars(metric):
        return False
    return type(metric).result.__module__.partition(".")[0] == __name__.partition(".")[0]
