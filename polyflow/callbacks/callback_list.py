"""CallbackList: many callbacks and the progress bar, driven as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..callables import check_function, check_methods
from ..progress import ProgressBar
from .base import HOOKS, PARAMETERS, Callback
from .history import History
from .logs import LazyLogs, floats

MODES = ("fit", "evaluate", "predict")
_ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList:
    """Calls every callback that has something to say to an event, in the order given, the history last.

    Who overrides which hook is found out once, here, so an event that interests nobody costs next to nothing.
    Exceptions pass through. A program that drives it calls `close` in the end, come what may: that ends an unfinished
    progress line.

    Args:
        callbacks: callbacks, in lists nested at will; None for none.
        model: the model they see.
        params: what they find in ``params``: ``verbose``, ``epochs``, ``steps``.
        verbose: as in `ProgressBar`; ``params["verbose"]`` if left out.
        mode: "fit", "evaluate" or "predict": whose progress is shown. Only "fit" has a history.
        stream: where progress is written; standard output if left out.

    Attributes:
        callbacks: all of them. history: the `History`, in mode "fit". last_logs: those of the last epoch.
        needs_batches, needs_test_batches, needs_predict_batches: whether any hook for batches is overridden. Without
            one, only `advance` need be called.
        needs_epochs: whether any callback but the history follows the epochs. shows: whether progress is shown.

    Raises:
        TypeError: for something that is not a Callback. ValueError: for an unknown ``verbose`` or ``mode``.
    """

    def __init__(
        self,
        callbacks: Any = None,
        model: Any = None,
        params: dict[str, Any] | None = None,
        *,
        verbose: int | str | None = None,
        mode: str = "fit",
        stream: Any = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(map(repr, MODES))}; got {mode!r}.")
        self.mode = mode
        self.params = dict(params or {})
        self.model = model
        self.callbacks: list[Callback] = list(_flat(callbacks))
        self.history = self._history() if mode == "fit" else None
        self.last_logs: dict[str, Any] = {}
        self._bar = self._progress(self.params.get("verbose", 0) if verbose is None else verbose, stream)
        for callback in self.callbacks:
            check_methods(callback, {"set_model": ("model",), "set_params": ("params",)})
            callback.set_model(model)
            callback.set_params(self.params)
            callback.set_progress(self._bar)
        self._hooks: dict[str, tuple[Callable[..., Any], ...]] = dict.fromkeys(HOOKS, ())
        if self.callbacks:
            self._hooks = {hook: tuple(_interested(self.callbacks, hook)) for hook in HOOKS}
        self.needs_batches = self._any("on_train_batch")
        self.needs_test_batches = self._any("on_test_batch")
        self.needs_predict_batches = self._any("on_predict_batch")
        watching = [*self._hooks["on_epoch_begin"], *self._hooks["on_epoch_end"]]
        self.needs_epochs = any(type(getattr(call, "__self__", None)) is not History for call in watching)
        self.shows = self._bar is not None

    def _history(self) -> History:
        for callback in self.callbacks:
            if isinstance(callback, History):
                return callback
        history = History()
        self.callbacks.append(history)
        return history

    def _progress(self, verbose: int | str, stream: Any) -> ProgressBar | None:
        if verbose == 0:
            return None
        bar = ProgressBar(self.params.get("epochs", 1), self.params.get("steps"), verbose, stream)
        return bar if bar.verbose else None

    def _any(self, batch: str) -> bool:
        return bool(self._hooks[f"{batch}_begin"] or self._hooks[f"{batch}_end"])

    # Progress ---------------------------------------------------------------------------------------------------------

    def advance(self, done: int, logs: Any = None) -> None:
        """``done`` batches are behind us: let the progress bar know. ``logs`` are read only if it is drawn."""
        bar = self._bar
        if bar is not None:
            bar.step(done, logs.fresh if logs.__class__ is LazyLogs else logs)

    def advance_test(self, done: int, logs: Any = None) -> None:
        """``done`` batches of an evaluation are behind us; within `fit` they are not shown."""
        if self.mode == "evaluate":
            self.advance(done, logs)

    def close(self) -> None:
        """End the line of an epoch that was interrupted. May be called at any time, more than once."""
        if self._bar is not None:
            self._bar.close()

    def _finish(self, hook: str, arguments: tuple[Any, ...], logs: Mapping[str, Any]) -> None:
        """Let the hooks print what they like, then complete the line."""
        hooks, bar = self._hooks[hook], self._bar
        if bar is not None and any(getattr(call, "__self__", None) is not self.history for call in hooks):
            bar.clear()
        for call in hooks:
            call(*arguments, logs)
        if bar is not None:
            bar.finish(logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        for call in self._hooks[hook]:
            call(*arguments)

    # Training ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Training begins."""
        self.last_logs = {}
        self._call("on_train_begin", floats(logs))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Training has ended; ``logs`` are those of the last epoch."""
        self._call("on_train_end", floats(logs))

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """An epoch begins: its line, too."""
        if self._bar is not None:
            self._bar.begin(epoch)
        if self._hooks["on_epoch_begin"]:
            self._call("on_epoch_begin", epoch, floats(logs))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """An epoch has ended: callbacks see its logs, may add to them, and its line is completed."""
        self.last_logs = floats(logs)
        self._finish("on_epoch_end", (epoch,), self.last_logs)

    def record(self, epochs: range, logs: Mapping[str, list[Any]]) -> None:
        """Epochs that nobody but the history follows have ended, with a list of values for each of the logs."""
        assert self.history is not None
        self.history.record(epochs, logs)
        self.last_logs = floats({name: values[-1] for name, values in logs.items()})

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of training begins."""
        for call in self._hooks["on_train_batch_begin"]:
            call(batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of training has ended; ``logs`` may be lazy."""
        for call in self._hooks["on_train_batch_end"]:
            call(batch, {} if logs is None else logs)

    # Evaluation -------------------------------------------------------------------------------------------------------

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """An evaluation begins; it has a line of its own unless it happens within `fit`."""
        if self._bar is not None and self.mode == "evaluate":
            self._bar.begin()
        self._call("on_test_begin", floats(logs))

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """An evaluation has ended."""
        if self.mode == "evaluate":
            self._finish("on_test_end", (), floats(logs))
        else:
            self._call("on_test_end", floats(logs))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation begins."""
        self._call("on_test_batch_begin", batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation has ended; ``logs`` may be lazy."""
        self._call("on_test_batch_end", batch, {} if logs is None else logs)

    # Prediction -------------------------------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """A prediction begins, and its line."""
        if self._bar is not None:
            self._bar.begin()
        self._call("on_predict_begin", floats(logs))

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """A prediction has ended."""
        self._finish("on_predict_end", (), floats(logs))

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction begins."""
        self._call("on_predict_batch_begin", batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction has ended; ``logs["outputs"]`` is what the model gave."""
        self._call("on_predict_batch_end", batch, {} if logs is None else logs)


def _flat(callbacks: Any) -> Iterable[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, (list, tuple)):
        for one in callbacks:
            yield from _flat(one)
    elif isinstance(callbacks, Callback):
        yield callbacks
    elif isinstance(callbacks, type):
        raise TypeError(f"callbacks takes objects, not classes: write {callbacks.__name__}(...) with its arguments.")
    else:
        raise TypeError(
            f"callbacks takes polyflow.callbacks.Callback objects or lists of them; got {callbacks!r}. "
            "A plain function becomes one as LambdaCallback(on_epoch_end=function)."
        )


def _interested(callbacks: Iterable[Callback], hook: str) -> Iterable[Callable[..., Any]]:
    """The hook of each callback that overrides it, by a method or by an attribute of the object."""
    for callback in callbacks:
        own = [name for name in (hook, _ALIASES.get(hook)) if name is not None and _overrides(callback, name)]
        for name in own:
            given = PARAMETERS[hook]
            label = f"{type(callback).__name__}.{name}"
            check_function("fit", label, getattr(callback, name), len(given), f"({', '.join(given)})")
        if own:
            yield getattr(callback, hook)


def _overrides(callback: Callback, hook: str) -> bool:
    method = getattr(callback, hook)
    return getattr(method, "__func__", method) is not getattr(Callback, hook)
