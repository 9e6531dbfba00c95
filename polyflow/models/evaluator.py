"""Evaluator: what a model says of data, and how good that is: evaluate, predict, and single batches of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import testing, tree
from ..backend import selection
from ..callbacks import CallbackList, LazyLogs
from ..convert import short
from ..data.arrays import batch_rows
from ..errors import NotCompiledError, ShapeError
from .feed import Batch, Feed, Resident
from .objectives import AnyObjective
from .own_steps import Returned, takes_training
from .resident import Epochs, epochs_in_memory
from .runner import Runner
from .step import Step
from .stretches import in_stretches, single


class Evaluator(Runner):
    """What a Model can do without being trained."""

    # Steps ----------------------------------------------------------------------------------------------------------

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """What happens with one batch of `evaluate`."""
        objective = self._compiled("test_step")
        y_pred = self(x, training=False)
        own = getattr(self.compute_loss, "__func__", None) is not Evaluator.compute_loss
        some = own or objective.loss is not None or self.losses
        loss = self._loss_of(x, y, y_pred, sample_weight, training=False) if some else None
        return self._counted(loss, x, y, y_pred, sample_weight)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """A batch's loss, a scalar: what was compiled and what layers add; override it for one of your own.

        Raises:
            NotCompiledError: where there is neither.
        """
        objective = self._compiled("compute_loss")
        found = list(self.losses)
        if objective.loss is not None:
            found.insert(0, objective.compute(y, y_pred, sample_weight))
        if not found:
            raise NotCompiledError(
                "there is no loss: compile the model with loss=, e.g. loss='mean_squared_error', let a layer add one "
                "by add_loss, or override compute_loss."
            )
        return sum(found[1:], found[0])

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """What `compute_loss` gives, which is told whether this is training where it wants to know."""
        more = {"training": training} if takes_training(self.compute_loss) else {}
        found = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)
        if found is None:
            raise TypeError(f"compute_loss of {type(self).__name__} returned None: is a `return` missing?")
        return found

    def update_metrics(self, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch in the running loss and the metrics."""
        count = tree.flatten(x)[0][0].shape[0]
        self._compiled("update_metrics").update(loss, count, y, y_pred, sample_weight)

    def _counted(self, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        """Count a batch as the step's last act; the logs where the model makes them itself, None where nobody does."""
        if not self._makes_logs():
            self.update_metrics(loss, x, y, y_pred, sample_weight)
            return None
        self._compiled("compute_metrics").count(loss, tree.flatten(x)[0][0].shape[0])
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _makes_logs(self) -> bool:
        return type(self).compute_metrics is not Evaluator.compute_metrics

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Count a batch in the metrics, and return what all of them say, the running loss too, by name.

        Override it for logs of your own, of training and of evaluation.
        """
        self.update_metrics(None, x, y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What the metrics say, by name."""
        return {metric.name: metric.result() for metric in self.metrics}

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
            The loss, a float; with metrics a list of it and them, in the order of compiling. Of several outputs the
            list has the losses in the order of the outputs, then the metrics by name. A dict has all by name.
        """
        compiled, objective = self._compiled("evaluate"), self._watcher("test")
        feed = self._feed(x, y, sample_weight, batch_size=batch_size, steps=steps, what="evaluate")
        with self._running():
            self._prepare(feed, compiled, training=False)
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
            return dict(sorted(found.items()))
        values = list(found.values())
        return values[0] if len(values) == 1 else values

    def _evaluate(self, feed: Feed, objective: AnyObjective | Returned, watchers: Any) -> dict[str, float]:
        step = self._step("test")
        own = isinstance(objective, Returned)
        rows = self._rows_to_test(feed, objective, watchers)
        if not own and rows is not None:
            ((_, (*columns, _)),) = rows.run(range(1), lambda _: None, watchers.advance_test, apart=True)
            return objective.named(value for (value,) in columns)
        objective.reset()
        watched = watchers.needs_test_batches
        batches = self._checked(feed.epoch(0))
        if feed.may_run_ahead and not (own or watched):
            done = 0
            for count in in_stretches(step, batches):
                done += count
                watchers.advance_test(done)
            return objective.results()
        for index, batch in enumerate(batches):
            if watched:
                watchers.on_test_batch_begin(index)
            returned = step(batch)
            if own:
                objective.seen(returned)
            if watched:
                watchers.on_test_batch_end(index, LazyLogs(objective.results))
            watchers.advance_test(index + 1)
        return objective.results()

    def _rows_to_test(self, feed: Feed, objective: AnyObjective | Returned, watchers: Any) -> Epochs | None:
        """The feed's rows, where they are in memory and can be run as a loop; what does not fit the model is told."""
        if isinstance(objective, Returned) or watchers.needs_test_batches:
            return None
        found = feed.in_memory()
        return None if found is None else self._in_memory(self._step("test"), objective, *found)

    def _look_at(self, feed: Feed, watchers: Any) -> None:
        """Raise what does not fit the model in data for later; only where they seem not to, a batch is computed."""
        watcher = self._watcher("test")
        if isinstance(watcher, Returned) or self._rows_to_test(feed, watcher, watchers) is not None:
            return
        step, batch = self._step("test"), feed.expected()
        if batch is None or step.eagerly or step.knows(batch) or step.refusal(batch) is None:
            return
        found = step.refusal(feed.first())  # how many rows that has was a guess, and the model may know of one number
        if found is not None:
            raise found

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
        if verbose == 0 and steps is None and callbacks is None:
            step = self._made_for(x, held)
            if step is not None and len(x) <= batch_rows(batch_size):
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

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss (and metrics) of one batch."""
        return self._one_batch("test", x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's output for one batch, as a NumPy array."""
        step = self._made_for(x, self._held())
        if step is not None:
            return self._predict_known(step, x)
        inputs = self._given(x)
        feed = self._feed(*inputs, what="predict_on_batch")
        with self._running():
            self._build_with(feed)
            return self._predict_known(self._step("predict"), *inputs)

    def _made_for(self, x: Any, held: Any) -> Step | None:
        """The step that predicts, where it has a program for an array like this one."""
        if x.__class__ is not np.ndarray:
            return None
        step = self._steps.of("predict", held.signature)
        return step if step is not None and step.knows((x,)) else None

    def _predict_known(self, step: Step, x: Any) -> Any:
        """The output for one batch of host arrays that nobody watches."""
        for check in self._checks(None):
            check((x,))
        return tree.map(lambda array: np.array(step.backend.to_numpy(array)), step((x,)))

    def _one_batch(
        self,
        kind: str,
        x: Any,
        y: Any,
        weight: Any,
        class_weight: Any,
        return_dict: bool,
    ) -> Any:
        compiled, objective = self._compiled(f"{kind}_on_batch"), self._watcher(kind)
        parts = self._given(x, y, weight)
        leaves = tree.flatten(parts[0])[0]
        if not leaves or not leaves[0].ndim:
            raise ShapeError(f"{kind}_on_batch needs a batch of samples, rows first; got {short(x)}.")
        feed = self._feed(*parts, batch_size=max(len(leaves[0]), 1), class_weight=class_weight, what=kind)
        with self._running():
            self._prepare(feed, compiled, training=kind == "train")
            objective.reset()
            batch = feed.first()
            for check in self._checks(compiled):
                check(batch)
            if isinstance(objective, Returned):
                objective.seen(self._step(kind)(batch))
            else:
                single(self._step(kind), batch)
            found = objective.results()
        values = list(found.values())
        return dict(sorted(found.items())) if return_dict else values[0] if len(values) == 1 else values

    def _in_memory(self, step: Step, objective: AnyObjective, batch: Batch, rows: Resident) -> Epochs | None:
        """Epochs of a step over rows in memory, where they can be run as a loop."""
        found = epochs_in_memory(step, objective, batch, rows)
        for check in self._checks(objective) if found is not None else ():
            check(batch)
        return found
