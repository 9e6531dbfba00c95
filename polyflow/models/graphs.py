"""The graph of a model: of its output, or of a whole training step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes as dt
from .. import losses, tree
from ..flow.graph import Graph

if TYPE_CHECKING:
    from .model import Model


def graph_of(model: Model, x: Any, y: Any, training: bool, batch_size: int) -> Graph:
    """As `Model.graph`."""
    objective = model._compiled("graph(training=True)") if training else None
    if x is None:
        x = _inputs(model, batch_size)
    count = len(tree.flatten(x)[0][0])
    if training and y is None:
        y = _targets(model, objective, count)
    feed = model._feed(*model._given(x, y), batch_size=max(count, 1), what="graph")
    with model._running():
        if objective is None:
            model._build_with(feed)
            step, batch = model._step("predict"), feed.first()[:1]
        else:
            model._prepare(feed, objective, training=True)
            step, batch = model._step("train"), feed.first()
        leaves, structure = tree.flatten(batch)
        return step.traced(leaves, structure).graph


def _inputs(model: Model, batch_size: int) -> np.ndarray:
    """Zeros of the input's shape, where it is known."""
    shape: Any = model.input_shape
    if not isinstance(shape, tuple) or None in shape[1:]:
        known = "not built yet" if shape is None else f"known as {shape} only"
        raise ValueError(
            f"the shape of {model.name!r}'s input is {known}, so its graph has no shapes. Give a batch, "
            "model.graph(x), or build the model."
        )
    return np.zeros((batch_size, *shape[1:]), model.input_dtype)


def _targets(model: Model, objective: Any, count: int) -> np.ndarray:
    """Zeros like the targets that the loss takes: labels for a loss of labels, else what the model gives."""
    found = graph_of(model, _inputs(model, count), None, False, count).outputs
    if len(found) != 1:
        raise ValueError(
            f"{model.name!r} gives {len(found)} arrays. Give a batch with targets: model.graph(x, y, ...)."
        )
    shape = found[0].shape
    if objective.loss is not None and losses.needs_label_check(objective.loss):
        return np.zeros(shape[:-1], dt.int64)
    return np.zeros(shape, found[0].dtype)
