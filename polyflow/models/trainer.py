"""Trainer: compile, fit, evaluate, predict, with Keras's signatures and meaning."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import losses, optimizers, testing, tree
from ..backend import selection
from ..callbacks import CallbackList, LazyLogs
from ..convert import short
from ..data.arrays import batch_rows
from ..errors import NotCompiledError, ShapeError
from ..flow.gradient_tape import GradientTape
from ..layers.base import Layer
from . import interrupts
from .feed import (
    Batch,
    Feed,
    Resident,
    host_structure,
    is_iterable_of_batches,
    make_feed,
    split_validation,
    the_one,
    unpack,
)
from .inventory import Inventory
from .objective import TARGETS, Objective
from .resident import Epochs, epochs_in_memory
from .step import Step, Steps

if TYPE_CHECKING:
    from ..variable import Variable


class Trainer:
    """What a Model can do once it is compiled."""

    first_layer: Layer | None = None
    """The layer that sees the data as it is, where it is known."""

    takes_one = False
    """Whether the input is one array, so that a list of one stands for it and a longer one is an error."""

    if TYPE_CHECKING:
        name: str
        dtype: Any
        built: bool
        output_shape: Any

        @property
        def variables(self) -> list[Variable]: ...
        @property
        def losses(self) -> list[Any]: ...
        def _deep(self, look: Any = None) -> Iterator[tuple[Layer, list[Variable]]]: ...
        @property
        def trainable_variables(self) -> list[Variable]: ...

        def __call__(self, inputs: Any, *, training: bool = False) -> Any: ...

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.objective: Objective | None = None
        self.stop_training = False
        self.history: Any = None
        self.run_eagerly = False
        self._steps = Steps()

    # Compile --------------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: float | None = None,
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
        if isinstance(loss_weights, (list, tuple)):
            (loss_weights,) = loss_weights
        chosen = optimizers.get(optimizer)
        with self._running():
            objective = Objective(loss, metrics, weighted_metrics, loss_weights)
        self.optimizer, self.objective, self.run_eagerly = chosen, objective, bool(run_eagerly)
        self.stop_training = False
        self._changed()

    @property
    def loss(self) -> Any:
        """The loss the model was compiled with."""
        return None if self.objective is None else self.objective.loss

    @property
    def metrics(self) -> list[Any]:
        """The loss's running mean and the metrics."""
        return [] if self.objective is None else [self.objective.tracker, *self.objective.metrics]

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
            batch_size: rows in a batch, 32 if left out; not with a dataset.
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
            NotCompiledError: before `compile`. ValueError, ShapeError, EmptyDataError: for data that does not fit;
            the model keeps the weights it has then.
        """
        objective = self._compiled("fit")
        epochs, initial_epoch = _count(epochs, "epochs"), _count(initial_epoch, "initial_epoch")
        if objective.loss is None:
            raise NotCompiledError("fit needs a loss: compile the model with loss=, e.g. loss='mean_squared_error'.")
        if _count(validation_freq, "validation_freq") < 1:
            raise ValueError(f"validation_freq is an integer of 1 or more; got {validation_freq!r}.")
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
            self._prepare(feed, objective, training=True)
            self.stop_training = False
            self.history = watchers.history
            watchers.on_train_begin()
            try:
                self._epochs(feed, validation, watchers, objective, range(initial_epoch, epochs), validation_freq)
            finally:
                watchers.close()
            self.optimizer.finalize_variable_values(self.trainable_variables)
            watchers.on_train_end(watchers.last_logs)
        testing.observe("fit", self.history.history)
        return self.history

    def _epochs(
        self,
        feed: Feed,
        validation: Feed | None,
        watchers: Any,
        objective: Objective,
        epochs: range,
        validate_every: int,
    ) -> None:
        apart = validation is not None or watchers.needs_epochs or watchers.shows
        warned = False
        for ended, columns, first_nans in self._trained(feed, watchers, objective, epochs, apart):
            if not warned and any(map(isnan, columns["loss"])):
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
                found = self._evaluate(validation, objective, watchers)
                watchers.on_test_end(found)
                logs |= {f"val_{name}": value for name, value in found.items()}
            watchers.on_epoch_end(epoch, logs)
            if self.stop_training:
                break

    def _trained(
        self, feed: Feed, watchers: Any, objective: Objective, epochs: range, apart: bool
    ) -> Iterator[tuple[range, dict[str, list[float]], list[int]]]:
        """Train; gives the numbers of epochs that ended, a list for each log, and the first steps with a NaN (0: none).

        Where epochs are ``apart``, each comes by itself.
        """
        logs = LazyLogs(objective.results)
        found = None if watchers.needs_batches else feed.in_memory()
        while epochs:
            step = self._step("train")
            rows = None if found is None else self._in_memory(step, objective, *found)
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
                yield ended, objective.named_all(columns), first_nans
                epochs = range(ended.stop, epochs.stop)
                if watchers.needs_epochs and self._step("train") is not step:
                    break

    def _in_memory(self, step: Step, objective: Objective, batch: Batch, rows: Resident) -> Epochs | None:
        """Epochs of a step over rows in memory, where they can be run as a loop."""
        found = epochs_in_memory(step, objective, batch, rows)
        for check in self._checks(objective) if found is not None else ():
            check(batch)
        return found

    def _steps_of(self, feed: Feed, epoch: int, step: Step, watchers: Any, objective: Objective) -> None:
        checks = self._checks(objective)
        logs = LazyLogs(objective.results)
        watched = watchers.needs_batches
        for index, batch in enumerate(feed.epoch(epoch)):
            for check in checks:
                check(batch)
            if watched:
                watchers.on_train_batch_begin(index)
            step(batch)
            interrupts.raise_swallowed()
            if watched:
                logs = LazyLogs(objective.results)
                watchers.on_train_batch_end(index, logs)
            watchers.advance(index + 1, logs)
            if self.stop_training:
                break

    def _warn_of_nan(self, step: int, epoch: int) -> None:
        warnings.warn(
            f"the loss became NaN in epoch {epoch + 1}, step {step}. Check the data for NaN and "
            "infinities, or lower the learning rate; callbacks.TerminateOnNaN() stops training there.",
            RuntimeWarning,
            stacklevel=5,
        )

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """What happens with one training batch; override it for a step of your own (call `update_metrics` in it).

        It is traced into a graph, so it uses polyflow ops and may not ask for values.
        """
        self._compiled("train_step")
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        self.update_metrics(loss, x, y, y_pred, sample_weight)

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """What happens with one batch of `evaluate`."""
        objective = self._compiled("test_step")
        y_pred = self(x, training=False)
        loss = None if objective.loss is None else self.compute_loss(x, y, y_pred, sample_weight)
        self.update_metrics(loss, x, y, y_pred, sample_weight)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """A batch's loss, a scalar: what was compiled and what regularizers add; override it for one of your own."""
        loss = self._compiled("compute_loss").compute(y, y_pred, sample_weight)
        for added in self.losses:
            loss = loss + added
        return loss

    def update_metrics(self, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch in the running loss and the metrics."""
        count = tree.flatten(x)[0][0].shape[0]
        self._compiled("update_metrics").update(loss, count, y, y_pred, sample_weight)

    def predict_step(self, x: Any, *rest: Any) -> Any:
        """What happens with one batch of `predict`."""
        return self(x, training=False)

    # Evaluate and predict -------------------------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics on arrays or a dataset.

        Returns:
            The loss, a float; with metrics a list of it and them, in the order of compiling (or a dict).
        """
        objective = self._compiled("evaluate")
        feed = self._feed(x, y, sample_weight, batch_size=batch_size, steps=steps, what="evaluate")
        with self._running():
            self._prepare(feed, objective, training=False)
            watchers = CallbackList(
                callbacks,
                self,
                {"verbose": verbose, "epochs": 1, "steps": feed.steps},
                verbose=verbose,
                mode="evaluate",
            )
            watchers.on_test_begin()
            try:
                found = self._evaluate(feed, objective, watchers)
                watchers.on_test_end(found)
            finally:
                watchers.close()
        testing.observe("evaluate", found)
        if return_dict:
            return found
        values = list(found.values())
        return values[0] if len(values) == 1 else values

    def _evaluate(self, feed: Feed, objective: Objective, watchers: Any) -> dict[str, float]:
        step = self._step("test")
        found = None if watchers.needs_test_batches else feed.in_memory()
        rows = None if found is None else self._in_memory(step, objective, *found)
        if rows is not None:
            ((_, (*columns, _)),) = rows.run(range(1), lambda _: None, watchers.advance_test, apart=True)
            return objective.named(value for (value,) in columns)
        objective.reset()
        checks = self._checks(objective)
        watched = watchers.needs_test_batches
        for index, batch in enumerate(feed.epoch(0)):
            for check in checks:
                check(batch)
            if watched:
                watchers.on_test_batch_begin(index)
            step(batch)
            if watched:
                watchers.on_test_batch_end(index, LazyLogs(objective.results))
            watchers.advance_test(index + 1)
        return objective.results()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's output for arrays or a dataset, as a NumPy array (or a structure of them)."""
        held = self._held()
        if verbose == 0 and steps is None and callbacks is None and x.__class__ is np.ndarray:
            step = self._steps.of("predict", held.signature)
            if step is not None and step.knows((x,)) and len(x) <= batch_rows(batch_size):
                return self._predict_known(step, x)
        feed = self._feed(x, dtype=held.dtype, batch_size=batch_size, steps=steps, what="predict")
        with selection.use_backend(held.backend):
            step = self._step("predict", held if self._build_with(feed) is None else None)
            watchers = CallbackList(
                callbacks, self, {"verbose": verbose, "epochs": 1, "steps": feed.steps}, verbose=verbose, mode="predict"
            )
            watchers.on_predict_begin()
            parts = []
            checks = self._checks(None)
            try:
                for index, batch in enumerate(feed.epoch(0)):
                    for check in checks:
                        check(batch)
                    watchers.on_predict_batch_begin(index)
                    parts.append(step(batch[:1]))
                    watchers.on_predict_batch_end(index, {"outputs": parts[-1]})
                    watchers.advance(index + 1, {})
                watchers.on_predict_end()
            finally:
                watchers.close()
            host = [tree.map(step.backend.to_numpy, part) for part in parts]
        if len(host) == 1:
            return tree.map(np.array, host[0])
        return tree.map(lambda *arrays: np.concatenate(arrays), *host)

    # One batch ------------------------------------------------------------------------------------------------------

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on one batch; returns the loss (and metrics) of that batch, taken before the update."""
        objective = self._compiled("train_on_batch")
        return self._one_batch("train", objective, x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss (and metrics) of one batch."""
        return self._one_batch("test", self._compiled("test_on_batch"), x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's output for one batch, as a NumPy array."""
        inputs = self._given(x)
        feed = self._feed(*inputs, what="predict_on_batch")
        with self._running():
            self._build_with(feed)
            return self._predict_known(self._step("predict"), *inputs)

    def _predict_known(self, step: Step, x: Any) -> Any:
        """The output for one batch of host arrays that nobody watches."""
        for check in self._checks(None):
            check((x,))
        return tree.map(lambda array: np.array(step.backend.to_numpy(array)), step((x,)))

    def _one_batch(
        self, kind: str, objective: Objective, x: Any, y: Any, weight: Any, class_weight: Any, return_dict: bool
    ) -> Any:
        parts = self._given(x, y, weight)
        leaves = tree.flatten(parts[0])[0]
        if not leaves or not leaves[0].ndim:
            raise ShapeError(f"{kind}_on_batch needs a batch of samples, rows first; got {short(x)}.")
        feed = self._feed(*parts, batch_size=max(len(leaves[0]), 1), class_weight=class_weight, what=kind)
        with self._running():
            self._prepare(feed, objective, training=kind == "train")
            objective.reset()
            batch = feed.first()
            for check in self._checks(objective):
                check(batch)
            self._step(kind)(batch)
            found = objective.results()
        values = list(found.values())
        return found if return_dict else values[0] if len(values) == 1 else values

    # Behind the scenes ----------------------------------------------------------------------------------------------

    def _compiled(self, what: str) -> Objective:
        if self.objective is None:
            raise NotCompiledError(f"{what} needs a compiled model: call model.compile(optimizer=..., loss=...) first.")
        return self.objective

    def _need_built(self, why: str) -> None:
        if not self.built:
            raise ValueError(
                f"{self.name!r} is not built yet, so {why}. Give the first layer an input_shape, or call it on data."
            )

    def _held(self) -> Inventory:
        """What the model holds now."""
        return self._steps.inventory(self)

    def _running(self) -> Any:
        """The block in which the model's backend is the current one."""
        return selection.use_backend(self._held().backend)

    def _given(self, x: Any, *rest: Any) -> tuple[Any, ...]:
        """Data that a user gave as arrays, as structures of host arrays."""
        if self.takes_one:
            x = the_one(x, f"{self.name!r} takes one array")
        dtype = self._held().dtype
        return tuple(host_structure(part, dtype) for part in (x, *rest))

    def _feed(self, x: Any, *rest: Any, dtype: Any = None, **options: Any) -> Feed:
        if self.takes_one and not is_iterable_of_batches(x):
            x = the_one(x, f"{self.name!r} takes one array")
        return make_feed(x, *rest, dtype=self._held().dtype if dtype is None else dtype, **options)

    def _validation(self, data: Any, batch_size: int | None, steps: int | None) -> Feed:
        if is_iterable_of_batches(data):
            return self._feed(data, steps=steps, what="validation_data")
        if not isinstance(data, (tuple, list)) or not 1 <= len(data) <= 3:
            raise ValueError(
                "validation_data is (x, y), (x, y, sample_weight) or a dataset of such batches; "
                f"got {short(data)} of type {type(data).__name__}."
            )
        x, y, weight = unpack(tuple(data), "validation_data")
        return self._feed(x, y, weight, batch_size=batch_size, steps=steps, what="validation_data")

    def _build_with(self, feed: Feed) -> Any:
        """Build the model with the feed's first batch, unless it is built; returns that batch where it was needed."""
        if self.built:
            return None
        batch = feed.first()
        self(tree.map(lambda leaf: leaf[:1], batch[0]))
        return batch

    def _prepare(self, feed: Feed, objective: Objective, *, training: bool) -> None:
        """Build model, metrics and optimizer, so that no variable is made inside a traced step."""
        batch = self._build_with(feed)
        if training and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        if not objective.resolved:
            x, y, _ = batch or feed.first()
            objective.resolve(y, self(tree.map(lambda leaf: leaf[:1], x)))

    def reset_metrics(self) -> None:
        """Let the running loss and the metrics start anew."""
        if self.objective is not None:
            self.objective.reset()

    def _checks(self, objective: Objective | None) -> list[Callable[[Any], None]]:
        """What to look at in each batch on the host, as a compiled step cannot: labels, and the first layer's input."""
        found: list[Callable[[Any], None]] = []
        if objective is not None and self.output_shape is not None and losses.needs_label_check(objective.loss):
            classes = self.output_shape[-1]
            found.append(lambda batch: losses.check_labels(objective.loss, the_one(batch[1], TARGETS), classes))
        first = self.first_layer
        if first is not None and type(first).check_values is not Layer.check_values:
            found.append(lambda batch: first.check_values(batch[0]))
        return found

    def _step(self, kind: str, held: Inventory | None = None) -> Step:
        """The compiled step for what the model holds now, which may be known already."""
        held = held or self._held()
        step = self._steps.of(kind, held.signature)
        if step is None or step.backend is not held.backend:
            function: Callable[..., Any] = {
                "train": self.train_step,
                "test": self.test_step,
                "predict": self.predict_step,
            }[kind]
            _check_signature(function)
            step = self._steps[kind] = Step(function, held.backend, self.run_eagerly, self._state)
        return step

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_steps": Steps()}

    def _changed(self) -> None:
        """Forget compiled programs: what they would do has changed."""
        self._steps.clear()

    def _moved(self) -> None:
        """Move what belongs to training after the model to its backend."""
        target = self._held().backend
        for variable in self._state():
            variable.move_to(target)
        self._changed()

    def _state(self) -> list[Variable]:
        """All that a training step may change: the model's variables, the optimizer's and those of the metrics."""
        optimizer = [] if self.optimizer is None else self.optimizer.variables
        return [*self.variables, *optimizer, *([] if self.objective is None else self.objective.variables)]


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0:
        raise ValueError(f"{name} is an integer of 0 or more; got {value!r}.")
    return int(value)


def _check_signature(function: Callable[..., Any]) -> None:
    """Raise the sentence that tells how polyflow's steps are called, for one written as Keras's are."""
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError:
        name = getattr(function, "__name__", "this step")
        raise TypeError(
            f"{name}{inspect.signature(function)} cannot be called as {name}(x, y, sample_weight). Write it with these "
            "arguments (not one 'data'), and count the batch with self.update_metrics(loss, x, y, y_pred)."
        ) from None
