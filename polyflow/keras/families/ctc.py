"""Connectionist temporal classification: sequences of labels for longer sequences of scores, wherever they stand."""

from __future__ import annotations

from typing import Any

from ... import dtypes as dt
from ...errors import ShapeError, UnsupportedError
from ...flow import control
from ...ops import creation, elementwise, indexing, reduction
from ...ops import shape as shapes
from ...ops.nn import log_softmax
from ...tensor import asarray

_NEVER = -1e5
"""The logarithm of a probability that is none, yet has a gradient."""


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """The negative logarithm of the probability of labels, summed over all places at which they may stand.

    Args:
        target: labels, integers of shape (batch, labels).
        output: logits, of shape (batch, steps, classes).
        target_length: how many of the labels count, for each row.
        output_length: how many of the steps count, for each row.
        mask_index: the class that means no label.

    Returns:
        a loss for each row.

    Raises:
        ShapeError: for shapes that do not fit.
    """
    labels, scores = (asarray(x) for x in (target, output))
    labels = elementwise.astype(labels, dt.int32)
    if len(scores.shape) != 3 or len(labels.shape) != 2 or labels.shape[0] != scores.shape[0]:
        raise ShapeError(
            "ctc_loss needs labels of shape (batch, labels) and outputs of shape (batch, steps, classes); "
            f"got {labels.shape} and {scores.shape}."
        )
    scores = log_softmax(elementwise.astype(scores, dt.promote(scores.dtype, dt.float32)))
    rows, count = labels.shape
    blank = scores[:, :, mask_index : mask_index + 1]
    hot = indexing.one_hot(labels, scores.shape[2], dtype=scores.dtype)
    emitted = shapes.matrix_transpose(hot @ shapes.matrix_transpose(scores))  # (batch, steps, labels)
    lengths = elementwise.astype(asarray(output_length), dt.int32)[:, None]
    steps = creation.arange(scores.shape[1], dtype=dt.int32, backend=scores.backend)
    counts = elementwise.less(steps, lengths)
    again = shapes.pad(elementwise.equal(labels[:, :-1], labels[:, 1:]), [(0, 0), (0, 1)], constant_values=False)
    same, other = (elementwise.where(one, _NEVER, 0.0) for one in (again, elementwise.logical_not(again)))

    def step(found: tuple[Any, Any], now: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any], None]:
        """The logarithms of the probabilities of having so many labels, with none or with the last one at the end."""
        after_blank, after_label = found
        label, none, known = now
        reached = _reached(after_blank, after_label + same)
        next_label = elementwise.logaddexp(reached[:, :-1] + label, after_label + label)
        next_blank = _reached(reached + none, after_label + none + other)
        kept = elementwise.where(known, next_blank, after_blank), elementwise.where(known, next_label, after_label)
        return kept, None

    first = creation.full((rows, count), _NEVER, scores.dtype, backend=scores.backend)
    nothing = creation.zeros((rows, 1), scores.dtype, backend=scores.backend)
    by_step = tuple(shapes.moveaxis(one, 1, 0) for one in (emitted, blank, counts[:, :, None]))
    (after_blank, after_label), _ = control.scan(step, (shapes.concat([nothing, first], axis=1), first), by_step)
    ends = _reached(after_blank, after_label)
    place = elementwise.astype(asarray(target_length), dt.int32)[:, None]
    return -indexing.take_along_axis(ends, place, axis=1)[:, 0]


def _reached(after_blank: Any, after_label: Any) -> Any:
    """The probabilities of having so many labels, those added where the last one is just over."""
    return shapes.concat([after_blank[:, :1], elementwise.logaddexp(after_blank[:, 1:], after_label)], axis=1)


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Any, Any]:
    """The labels that are likely at each step, without repetitions and steps without a label.

    Args:
        inputs: scores, of shape (batch, steps, classes).
        sequence_lengths: how many of the steps count, for each row.
        strategy: "greedy", the best label at each step.
        beam_width: of the other strategy of Keras's, and ignored.
        top_paths: of the other strategy of Keras's, and ignored.
        merge_repeated: whether a label at neighbouring steps is one.
        mask_index: the class that means no label.

    Returns:
        the labels, int64 of shape (1, batch, steps), filled up with -1; for each row the negative sum of the scores of
        its labels, of shape (batch, 1).

    Raises:
        UnsupportedError: for the strategy "beam_search". ValueError: for any other.
        ShapeError: for inputs without three axes.
    """
    if strategy == "beam_search":
        raise UnsupportedError("ctc_decode has the strategy 'greedy' only; search beams with NumPy, from x.numpy().")
    if strategy != "greedy":
        raise ValueError(f"ctc_decode has the strategy 'greedy'; got {strategy!r}.")
    scores = asarray(inputs)
    if len(scores.shape) != 3:
        raise ShapeError(f"ctc_decode takes inputs of shape (batch, steps, classes); got {scores.shape}.")
    scores = elementwise.astype(scores, dt.promote(scores.dtype, dt.float32))
    count = scores.shape[1]
    steps = creation.arange(count, backend=scores.backend)
    over = elementwise.greater_equal(steps, elementwise.astype(asarray(sequence_lengths), dt.int64)[:, None])
    labels = elementwise.where(over, mask_index, reduction.argmax(scores, -1))
    best = elementwise.where(over, 0.0, reduction.max(scores, -1))
    none = elementwise.equal(labels, mask_index)
    if merge_repeated:
        repeated = elementwise.equal(labels[:, 1:], labels[:, :-1])
        none = elementwise.logical_or(none, shapes.pad(repeated, [(0, 0), (1, 0)], constant_values=False))
    order = reduction.argsort(elementwise.where(none, count, steps), -1)
    found = indexing.take_along_axis(elementwise.where(none, -1, labels), order, axis=1)
    return found[None], -reduction.sum(best, 1, keepdims=True)
