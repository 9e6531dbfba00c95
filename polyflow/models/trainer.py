"""Trainer: compile and fit, with Keras's signatures and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

from .. import optimizers, testing
from ..backend import selection
from ..callbacks import CallbackList, LazyLogs
from ..flow import notes
from ..flow.gradient_tape import GradientTape
from . import interrupts
from .evaluator import Evaluator
from .feed import Feed, is_iterable_of_batches, split_validation
from .objectives import AnyObjective, objective_of
from .own_steps import Returned
from .step import Step
from .stretches import in_stretches, single


class Trainer(Evaluator):
    """What a Model can do once it is compiled."""

    # Compile --------------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile: bool | str = "auto",
    ) -> None:
        """Choose what training minimizes, and how.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss, its name, or a function of (y_true, y_pred).
            loss_weights: a factor for the loss.
            metrics, weighted_metrics: lists of metrics, their names, or functions; the latter use sample weights.
            run_eagerly: run op by op instead of as a compiled program, for debugging.
            steps_per_execution, jit_compile: accepted as in Keras. A step is always compiled unless ``run_eagerly``,
                and as many steps go into a call of the backend as nobody wants to look between.

        Raises:
            UnknownNameError: for a name that is not known; the message lists the nearest. The model stays as it was.
        """
        whole = hasattr(steps_per_execution, "__index__") and not isinstance(steps_per_execution, bool)
        if steps_per_execution not in ("auto", None) and not (whole and int(steps_per_execution) > 0):
            raise ValueError(f"steps_per_execution is an integer of 1 or more, or 'auto'; got {steps_per_execution!r}.")
        chosen = optimizers.get(optimizer)
        with self._running():
            objective = objective_of(self._known_outputs(), loss, metrics, weighted_metrics, loss_weights)
        self.optimizer, self.objective, self.run_eagerly = chosen, objective, bool(run_eagerly)
        self.compiled_with = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self.stop_training = False
        self._changed()

    @property
    def loss(self) -> Any:
        """The loss, as `compile` was given it."""
        return None if self.objective is None else self.compiled_with["loss"]

    @property
    def metrics(self) -> list[Any]:
        """The loss's running mean, the metrics that were compiled, and those that the model and its layers hold."""
        objective = self.objective
        compiled = [] if objective is None else [objective.tracker, *objective.metrics]
        return list({id(metric): metric for metric in [*compiled, *self._held().metrics]}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in order."""
        return [metric.name for metric in self.metrics]

    # Fit ------------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> Any:
        """Train on arrays, or on a dataset of batches.

        Args:
            x: arrays (of any library, or nested lists), or a dataset giving (x, y) or (x, y, sample_weight) batches.
            y: the targets, where x is arrays.
            batch_size: rows in a batch; if left out 32, or as many as make ``steps_per_epoch`` batches of the data; not
                with a dataset.
            epochs: the number of the last epoch to train; with ``initial_epoch`` the first is not 0.
            verbose: 0 for silence, 1 for a progress bar, 2 for a line per epoch, "auto" to choose.
            callbacks: a list of `polyflow.callbacks.Callback`.
            validation_split: the fraction of the last rows to hold out for validation, taken before shuffling.
            validation_data: (x, y), (x, y, sample_weight) or a dataset; evaluated each ``validation_freq``-th epoch.
            shuffle: whether rows of arrays come in a new order each epoch.
            class_weight: a dict of class index to weight. sample_weight: a weight per row.
            steps_per_epoch, validation_steps: how many batches to take, where not all of them.

        Returns:
            The History: ``.history`` maps each name to a list of floats, one per epoch.

        Raises:
            NotCompiledError: before `compile`, or without a loss. ValueError, ShapeError, EmptyDataError: for data that
            does not fit; the model keeps the weights it has then.
        """
        compiled, objective = self._compiled("fit"), self._watcher("train")
        epochs, initial_epoch = _count(epochs, "epochs"), _count(initial_epoch, "initial_epoch")
        if _count(validation_freq, "validation_freq") < 1:
            raise ValueError(f"validation_freq is an integer of 1 or more; got {validation_freq!r}.")
        if isinstance(shuffle, str):
            raise ValueError(f"shuffle is True or False; got {shuffle!r}.")
        if validation_split and validation_data is None:
            if is_iterable_of_batches(x):
                raise ValueError(
                    "validation_split needs arrays; with a dataset use .take() and .skip(), or validation_data."
                )
            (x, y, sample_weight), validation_data = split_validation(
                self._given(x, y, sample_weight), validation_split
            )
        elif validation_split:
            raise ValueError("fit takes validation_split or validation_data, not both.")
        held = self._held()
        feed = self._feed(
            x,
            y,
            sample_weight,
            dtype=held.dtype,
            batch_size=batch_size,
            steps=steps_per_epoch,
            again=True,
            shuffle=shuffle,
            class_weight=class_weight,
            what="fit",
        )
        validation = None
        if validation_data is not None:
            size = batch_size if validation_batch_size is None else validation_batch_size
            validation = self._validation(validation_data, size, validation_steps)
        params = {"verbose": verbose, "epochs": epochs, "steps": feed.steps}
        watchers = CallbackList(callbacks, self, params, verbose=verbose)
        with selection.use_backend(held.backend), interrupts.watched():
            self._prepare(feed, compiled, training=True)
            if validation is not None:
                self._look_at(validation, watchers)
            self.stop_training = False
            self.history = watchers.history
            self._begins = initial_epoch
            watchers.on_train_begin()
            try:
                self._epochs(feed, validation, watchers, objective, range(self._begins, epochs), validation_freq)
            finally:
                watchers.close()
            self.optimizer.finalize_variable_values(self._held().trainable)
            watchers.on_train_end(watchers.last_logs)
        testing.observe("fit", self.history.history)
        return self.history

    def begin_at(self, epoch: int) -> None:
        """Let the `fit` that is beginning, in a callback's ``on_train_begin``, start at this epoch."""
        self._begins = epoch

    def _epochs(
        self,
        feed: Feed,
        validation: Feed | None,
        watchers: Any,
        objective: AnyObjective | Returned,
        epochs: range,
        validate_every: int,
    ) -> None:
        apart = validation is not None or watchers.needs_epochs or watchers.shows
        warned = False
        for ended, columns, first_nans in self._trained(feed, watchers, objective, epochs, apart):
            if not warned and any(map(isnan, columns.get("loss", ()))):
                warned = True
                place = next(i for i, loss in enumerate(columns["loss"]) if isnan(loss))
                self._warn_of_nan(int(first_nans[place]), ended[place])
            if not apart:
                watchers.record(ended, columns)
                if self.stop_training:
                    break
                continue
            (epoch,), logs = ended, {name: value for name, (value,) in columns.items()}
            if validation is not None and (epoch + 1) % validate_every == 0:
                watchers.on_test_begin()
                found = self._evaluate(validation, self._watcher("test"), watchers)
                watchers.on_test_end(found)
                logs |= {f"val_{name}": value for name, value in found.items()}
            watchers.on_epoch_end(epoch, logs)
            if self.stop_training:
                break

    def _trained(
        self, feed: Feed, watchers: Any, objective: AnyObjective | Returned, epochs: range, apart: bool
    ) -> Iterator[tuple[range, dict[str, list[float]], list[int]]]:
        """Train; gives the numbers of epochs that ended, a list for each log, and the first steps with a NaN (0: none).

        Where epochs are ``apart``, each comes by itself.
        """
        logs = LazyLogs(objective.results)
        found = None if watchers.needs_batches or isinstance(objective, Returned) else feed.in_memory()
        while epochs:
            step = self._step("train")
            rows = None
            if found is not None and not isinstance(objective, Returned):
                rows = self._in_memory(step, objective, *found)
            if rows is None:
                objective.reset()
                watchers.on_epoch_begin(epochs[0])
                self._steps_of(feed, epochs[0], step, watchers, objective)
                results = {name: [value] for name, value in objective.results().items()}
                yield epochs[:1], results, [objective.first_nan_step()]
                epochs = epochs[1:]
                continue
            for ended, (*columns, first_nans) in rows.run(
                epochs, watchers.on_epoch_begin, lambda done: watchers.advance(done, logs), apart=apart
            ):
                yield ended, objective.named_all(columns), first_nans  # type: ignore[union-attr]
                epochs = range(ended.stop, epochs.stop)
                if watchers.needs_epochs and self._step("train") is not step:
                    break

    def _steps_of(self, feed: Feed, epoch: int, step: Step, watchers: Any, objective: AnyObjective | Returned) -> None:
        logs = LazyLogs(objective.results)
        watched = watchers.needs_batches
        batches = self._checked(feed.epoch(epoch))
        if feed.may_run_ahead and not (watched or isinstance(objective, Returned)):
            done = 0
            for count in in_stretches(step, batches):
                done += count
                interrupts.raise_swallowed()
                watchers.advance(done, logs)
                if self.stop_training:
                    break
            return
        for index, batch in enumerate(batches):
            if watched:
                watchers.on_train_batch_begin(index)
            if isinstance(objective, Returned):
                objective.seen(step(batch))
            else:
                single(step, batch)
            interrupts.raise_swallowed()
            if watched:
                logs = LazyLogs(objective.results)
                watchers.on_train_batch_end(index, logs)
            watchers.advance(index + 1, logs)
            if self.stop_training:
                break

    def _warn_of_nan(self, step: int, epoch: int) -> None:
        notes.warn(
            f"the loss became NaN in epoch {epoch + 1}, step {step}. Check the data for NaN and "
            "infinities, or lower the learning rate; callbacks.TerminateOnNaN() stops training there.",
            RuntimeWarning,
        )

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """What happens with one training batch; override it for a step of your own (call `update_metrics` in it).

        It is traced into a graph, so it uses polyflow ops and may not ask for values.
        """
        self._compiled("train_step")
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._loss_of(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self._counted(loss, x, y, y_pred, sample_weight)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on one batch; returns the loss (and metrics) of that batch, taken before the update."""
        return self._one_batch("train", x, y, sample_weight, class_weight, return_dict)


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0:
        raise ValueError(f"{name} is an integer of 0 or more; got {value!r}.")
    return int(value)
