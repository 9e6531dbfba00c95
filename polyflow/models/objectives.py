"""Objectives: the losses and metrics of a model with several outputs, one objective for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import metrics, tree
from ..arguments import ANY, check_numbers
from ..errors import ShapeError, unknown_name
from ..flow.notes import METRICS, scope
from .objective import Counted, Objective


class Objectives(Counted):
    """The loss of a model is the weighted sum of its outputs' losses.

    Args:
        names: the outputs' names, in order.
        loss: one for all outputs, or a list or dict of them, with None for an output without one.
        given, weighted: metrics, in a list with an entry for each output, or in a dict by the outputs' names.
        loss_weights: a factor for each output's loss, in a list or dict; 1 if left out.

    Raises:
        ValueError: for a list of another length, or the name of no output.
    """

    def __init__(self, names: Sequence[str], loss: Any, given: Any, weighted: Any, loss_weights: Any = None) -> None:
        super().__init__()
        self.names = list(names)
        one_for_all = loss is None or not isinstance(loss, (list, tuple, Mapping))
        columns = [
            [loss] * len(self.names) if one_for_all else self._spread(loss, "loss"),
            self._spread(given, "metrics"),
            self._spread(weighted, "weighted_metrics"),
            self._spread(loss_weights, "loss_weights"),
        ]
        for name, weight in zip(self.names, columns[-1], strict=True):
            check_numbers(f"the output {name!r}", ANY, optional=True, loss_weights=weight)
        self.parts = [Objective(*part) for part in zip(*columns, strict=True)]
        for name, part in zip(self.names, self.parts, strict=True):
            part.tracker = metrics.Mean(name=f"{name}_loss")

    def _spread(self, value: Any, what: str) -> list[Any]:
        """An entry for each output; None where nothing is said of one."""
        if value is None:
            return [None] * len(self.names)
        if isinstance(value, Mapping):
            for name in value:
                if name not in self.names:
                    raise unknown_name(f"output in {what}", name, self.names)
            return [value.get(name) for name in self.names]
        if not isinstance(value, (list, tuple)) or len(value) != len(self.names):
            given = f"{len(value)} entries" if isinstance(value, (list, tuple)) else repr(value)
            raise ValueError(
                f"a model with the outputs {', '.join(map(repr, self.names))} takes {what} as a list with an entry for "
                f"each, or as a dict by these names; got {given}."
            )
        return list(value)

    @property
    def loss(self) -> Any:
        """The losses of the outputs; None where there are none."""
        found = [part.loss for part in self.parts]
        return found if any(one is not None for one in found) else None

    @property
    def resolved(self) -> bool:
        """Whether all metrics are chosen."""
        return all(part.resolved for part in self.parts)

    def resolve(self, y_true: Any, y_pred: Any) -> None:
        """Choose the metrics whose names mean different things for different shapes."""
        for name, part, true, pred in self._each(y_true, y_pred):
            if not part.resolved:
                part.resolve(true, pred)
                for metric in part.metrics:
                    metric.name = f"{name}_{metric.name}"

    def _each(self, y_true: Any, y_pred: Any) -> list[tuple[str, Objective, Any, Any]]:
        """The outputs' names and objectives, each with its targets and its output."""
        predicted = [y_pred[name] for name in self.names] if isinstance(y_pred, Mapping) else tree.flatten(y_pred)[0]
        if len(predicted) != len(self.names):
            raise ShapeError(
                f"the model was compiled for {len(self.names)} outputs ({', '.join(map(repr, self.names))}) and gives "
                f"{len(predicted)}. Give compile a loss for each."
            )
        targets = self._targets(y_true)
        return list(zip(self.names, self.parts, targets, predicted, strict=True))

    def _targets(self, y_true: Any) -> list[Any]:
        """The targets of each output; None for one that has neither a loss nor metrics."""
        if y_true is None:
            return [None] * len(self.names)
        wanted = [part.loss is not None or bool(part.given) for part in self.parts]
        named = [name for name, one in zip(self.names, wanted, strict=True) if one]
        if isinstance(y_true, Mapping):
            for name in named:
                if name not in y_true:
                    raise ShapeError(f"the targets have no {name!r}, only {', '.join(map(repr, y_true))}.")
            return [y_true.get(name) for name in self.names]
        leaves = list(y_true) if isinstance(y_true, (list, tuple)) else [y_true]
        if len(leaves) == len(self.names):
            return leaves
        if len(leaves) != len(named):
            raise ShapeError(
                f"the outputs {', '.join(map(repr, named))} take {len(named)} arrays of targets, in a list or a dict "
                f"by these names; got {len(leaves)}."
            )
        found = iter(leaves)
        return [next(found) if one else None for one in wanted]

    def compute(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """The loss of a batch, a scalar: the sum of the outputs', each times its weight.

        Raises:
            ValueError: if there are no targets to compare with.
        """
        found = [
            part.compute(true, pred, weight)
            for _, part, true, pred in self._each(y_true, y_pred)
            if part.loss is not None
        ]
        return sum(found[1:], found[0])

    def update(self, loss: Any, count: int, y_true: Any, y_pred: Any, weight: Any) -> None:
        """See one more batch of ``count`` samples."""
        self.count(loss, count)
        for name, part, true, pred in self._each(y_true, y_pred):
            if loss is not None and part.loss is not None:
                with scope(f"metrics/{name}_loss", METRICS):
                    part.tracker.update_state(part.unweighted(true, pred, weight), sample_weight=float(count))
            part.update(None, count, true, pred, weight)

    @property
    def metrics(self) -> list[Any]:
        """The outputs' losses in the order of the outputs, then their metrics by name, as Keras reports them."""
        found = [metric for part in self.parts for metric in part.metrics]
        return [
            *(part.tracker for part in self.parts if part.loss is not None),
            *sorted(found, key=lambda metric: metric.name),
        ]

    def label_checks(self, shapes: Any) -> list[Callable[[Any], None]]:
        """What to look at in the targets of each batch on the host."""
        found: list[Callable[[Any], None]] = []
        shapes = [shapes[name] for name in self.names] if isinstance(shapes, Mapping) else shapes
        for place, (part, shape) in enumerate(zip(self.parts, shapes, strict=True)):
            found += [
                lambda y, check=check, place=place: check(self._targets(y)[place]) for check in part.label_checks(shape)
            ]
        return found


def _implied(loss: Any, known: Sequence[str]) -> list[str]:
    """Names for the outputs of a model that nobody has named, where several losses say that there are several."""
    if _is_dict(loss):
        return [str(name) for name in loss] if len(loss) > 1 and not known else []
    several = isinstance(loss, (list, tuple)) and len(loss) > 1
    return [f"output_{place + 1}" for place in range(len(loss))] if several else []


def _is_dict(value: Any) -> bool:
    """Whether it is a dict by outputs, and not the configuration of one object."""
    return isinstance(value, Mapping) and "class_name" not in value


AnyObjective = Objective | Objectives


def objective_of(
    names: Sequence[str], loss: Any, given: Any, weighted: Any, loss_weights: Any
) -> Objective | Objectives:
    """What a model with outputs of these names is trained for; without names as many as there are losses.

    Raises:
        UnknownNameError: for a dict with a name that no output has. ValueError: for a list of another length.
    """
    several = list(names) if len(names) > 1 else _implied(loss, names)
    if several:
        return Objectives(several, loss, given, weighted, loss_weights)
    loss = _of_the_only(loss, "loss", names)
    loss = loss[0] if isinstance(loss, (list, tuple)) and len(loss) == 1 else loss
    given, weighted = _of_the_only(given, "metrics", names), _of_the_only(weighted, "weighted_metrics", names)
    return Objective(loss, given, weighted, _one_weight(_of_the_only(loss_weights, "loss_weights", names)))


def _of_the_only(value: Any, what: str, known: Sequence[str]) -> Any:
    """What is given for the only output, by its name or as it is."""
    if not _is_dict(value):
        return value
    for name in value:
        if known and name not in known:
            raise unknown_name(f"output in {what}", name, known)
    return next(iter(value.values()), None) if len(value) < 2 else value


def _one_weight(given: Any) -> Any:
    """The factor of the only loss."""
    if isinstance(given, (list, tuple)) and len(given) == 1:
        return _one_weight(given[0])
    check_numbers("a model with one output", ANY, optional=True, loss_weights=given)
    return given
