"""LambdaCallback: functions as a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..callables import check_function
from ..errors import nearest
from .base import HOOKS, PARAMETERS, Callback


class LambdaCallback(Callback):
    """A callback made of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))``.

    Args:
        on_epoch_begin, on_epoch_end: functions of (epoch, logs).
        on_train_begin, on_train_end: functions of (logs).
        on_train_batch_begin, on_train_batch_end: functions of (batch, logs).
        hooks: functions for any other hook of `Callback`.

    Raises:
        TypeError: for a hook that does not exist, or something that cannot be called.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Any], Any] | None = None,
        on_epoch_end: Callable[[int, Any], Any] | None = None,
        on_train_begin: Callable[[Any], Any] | None = None,
        on_train_end: Callable[[Any], Any] | None = None,
        on_train_batch_begin: Callable[[int, Any], Any] | None = None,
        on_train_batch_end: Callable[[int, Any], Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        hooks |= {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in hooks.items():
            if name not in HOOKS:
                near = nearest(name, HOOKS)
                hint = f" Did you mean {' or '.join(near)}?" if near else ""
                raise TypeError(f"a callback has no hook {name!r}.{hint} Its hooks: {', '.join(HOOKS)}.")
            if function is None:
                continue
            given = PARAMETERS[name]
            check_function("LambdaCallback", name, function, len(given), f"({', '.join(given)})")
            setattr(self, name, function)
