"""A loss of embeddings: those with one label shall lie near each other, and others far apart."""

from __future__ import annotations

from typing import Any

from .. import dtypes as dt
from ..arguments import ANY
from ..errors import ShapeError
from ..ops.creation import eye
from ..ops.elementwise import astype, equal, greater, logical_and, logical_not, maximum, where
from ..ops.nn import softplus
from ..ops.reduction import logsumexp
from ..ops.shape import matrix_transpose, reshape
from .base import LossFunctionWrapper
from .shapes import beside, prediction


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """The circle loss of each embedding (Sun et al., 2020), 0 for one without others of its label, or of another.

    Args:
        y_true: a whole number for each sample, its label.
        y_pred: embeddings of length 1, of shape (batch, size).
        ref_labels: the labels of those to compare with; ``y_true`` if left out.
        ref_embeddings: those to compare with; ``y_pred`` if left out.
        remove_diagonal: whether the ones to compare with begin with the same samples, which are no pairs then.
        gamma: how strongly similarities count.
        margin: how much nearer those of one label shall be.

    Raises:
        ShapeError: unless there are two axes, and a label for each embedding.
    """
    found = prediction(y_pred)
    others = found if ref_embeddings is None else astype(beside(ref_embeddings, found), found.dtype)
    own = _labels(y_true, found)
    labels = own if ref_labels is None else _labels(ref_labels, others)
    alike = equal(reshape(own, (-1, 1)), labels)
    apart = logical_not(alike)
    if remove_diagonal:
        alike = logical_and(alike, logical_not(eye(*alike.shape, dtype=dt.bool_, backend=found.backend)))
    distance = maximum(1.0 - found @ matrix_transpose(others), 0.0)
    near = -gamma * maximum(margin + distance, 0.0) * (margin - distance)
    far = gamma * maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    never = -float("inf")
    return softplus(logsumexp(where(alike, near, never), 1) + logsumexp(where(apart, far, never), 1))


def _labels(given: Any, embeddings: Any) -> Any:
    labels = astype(beside(given, embeddings), dt.int32)
    labels = labels if len(labels.shape) == 1 else reshape(labels, (-1,))
    if len(embeddings.shape) != 2 or labels.shape[0] != embeddings.shape[0]:
        raise ShapeError(
            f"circle needs embeddings of shape (batch, size) and a label for each; got shape {embeddings.shape} and "
            f"{labels.shape[0]} labels."
        )
    return labels


class Circle(LossFunctionWrapper):
    """`circle` over a batch; samples without a loss do not count in its mean."""

    ranges = {"gamma": ANY, "margin": ANY}

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, reduction, name, dtype, **options)

    def mask(self, y_true: Any, y_pred: Any) -> Any:
        return greater(self.call(y_true, y_pred), 0)
