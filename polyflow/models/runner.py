"""Runner: what training, evaluation and prediction of a model share: its data, its compiled steps, what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .. import tree
from ..backend import selection
from ..convert import short
from ..errors import NotCompiledError, ShapeError
from ..layers.base import Layer
from .feed import Batch, Feed, host_structure, is_iterable_of_batches, make_feed, the_one, unpack
from .inventory import Inventory
from .objectives import AnyObjective
from .own_steps import Returned, metrics_of, on_parts, takes_data
from .step import Step, Steps

if TYPE_CHECKING:
    from ..variable import Variable


class Runner:
    """What a Model needs for running its steps."""

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
        @property
        def metrics(self) -> list[Any]: ...
        def _deep(self, look: Any = None) -> Iterator[tuple[Layer, list[Variable]]]: ...
        @property
        def trainable_variables(self) -> list[Variable]: ...

        def __call__(self, inputs: Any, *, training: bool = False) -> Any: ...

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.objective: AnyObjective | None = None
        self.stop_training = False
        self.history: Any = None
        self.run_eagerly = False
        self._steps = Steps()

    def _known_outputs(self) -> list[str]:
        """The names of the outputs, where they are known."""
        return []

    def _compiled(self, what: str) -> AnyObjective:
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
        """The feed for validation, of the same batches after each epoch."""
        feed = self._validation_feed(data, batch_size, steps)
        feed.anew = True
        return feed

    def _validation_feed(self, data: Any, batch_size: int | None, steps: int | None) -> Feed:
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
        try:
            self._probed(batch[0])
        except NotImplementedError:  # no call, where a step of one's own uses the layers
            if self._watcher("train") is self.objective:
                raise
        return batch

    def _probed(self, x: Any) -> Any:
        """The output for the first row of a batch; where its shape does not fit, the whole batch's is told."""
        try:
            return self(tree.map(lambda leaf: leaf[:1], x))
        except ShapeError:
            return self(x)

    def _watcher(self, kind: str) -> AnyObjective | Returned:
        """What tells the results of steps: what was compiled, or what a step of one's own returns."""
        objective = self._compiled(kind)
        return Returned(self) if takes_data(getattr(self, f"{kind}_step")) or self._makes_logs() else objective

    def _makes_logs(self) -> bool:
        """Whether the steps that polyflow wrote return logs too, since the model has a `compute_metrics` of its own."""
        return False

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self.objective is not None

    def _prepare(self, feed: Feed, objective: AnyObjective, *, training: bool) -> None:
        """Build model, metrics and optimizer, so that no variable is made inside a traced step."""
        if training and self.optimizer is None:
            raise NotCompiledError("training needs an optimizer: compile the model with one, e.g. optimizer='sgd'.")
        batch = self._build_with(feed)
        if training and not self.optimizer.built:
            variables = self.trainable_variables
            if variables or self._watcher("train") is objective:  # a step of one's own may make the layers' variables
                self.optimizer.build(variables)
        if not objective.resolved:
            x, y, _ = batch or feed.first()
            objective.resolve(y, self._probed(x))
        compiled = {*map(id, objective.metrics)}
        beside = [metric for metric in self._held().metrics if id(metric) not in compiled]
        if [*map(id, beside)] != [*map(id, objective.beside)]:
            objective.beside = beside
            self._changed()

    def _first_layers(self) -> Iterator[tuple[Layer, Callable[[Any], Any]]]:
        """The layers that see data as they are, where that is known, each with what takes its part of them."""
        return iter(())

    def reset_metrics(self) -> None:
        """Let the running loss and the metrics start anew."""
        if self.objective is not None:
            self.objective.reset()

    def _checks(self, objective: AnyObjective | None) -> list[Callable[[Any], None]]:
        """What to look at in each batch on the host, as a compiled step cannot: labels, and the first layer's input."""
        found: list[Callable[[Any], None]] = []
        if objective is not None and self.output_shape is not None:
            for check in objective.label_checks(self.output_shape):
                found.append(lambda batch, check=check: check(batch[1]))
        for first, part in self._first_layers():
            if type(first).check_values is not Layer.check_values:
                found.append(lambda batch, first=first, part=part: first.check_values(part(batch[0])))
        return found

    def _checked(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Batches that have been looked at on the host."""
        checks = self._checks(self.objective)
        for batch in batches:
            for check in checks:
                check(batch)
            yield batch

    def _step(self, kind: str, held: Inventory | None = None) -> Step:
        """The compiled step for what the model holds now, which may be known already."""
        held = held or self._held()
        step = self._steps.of(kind, held.signature)
        if step is None or step.backend is not held.backend:
            function: Callable[..., Any] = getattr(self, f"{kind}_step")
            if takes_data(function):
                function = on_parts(function)
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
        objective = [] if self.objective is None else self.objective.variables
        metrics = [variable for metric in metrics_of(self) for variable in metric.variables]
        found = [*self.variables, *optimizer, *objective, *metrics]
        return list({id(variable): variable for variable in found}.values())
