"""Loss: how far predictions are from targets, as one number per batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import dtypes as dt
from ..arguments import check_axes, check_name, check_ranges
from ..constructed import Constructed
from ..errors import unknown_name
from ..naming import name_of, snake_case
from ..ops.elementwise import astype, logical_and
from ..ops.reduction import mean, sum
from ..tensor import asarray
from .shapes import beside, divide_or_zero, prediction, same_rank, weighted

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none")


class Reduction:
    """Names of reductions, as older programs of Keras's write them."""

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    SUM = "sum"
    NONE = "none"


class Loss(Constructed):
    """The base of all losses. A subclass says ``call(y_true, y_pred)``, one value per sample (or per place in it).

    Args:
        name: the loss's name.
        reduction: ``"sum_over_batch_size"`` or ``"mean"`` (the sum of weighted values divided by their number),
            ``"sum"``, ``"mean_with_sample_weight"`` (divided by the sum of the weights), or ``"none"`` or None (the
            weighted values themselves).
        dtype: the floating dtype to compute in; the prediction's, and at least float32, if left out.

    Raises:
        UnknownNameError: for another reduction.
    """

    _made = "reduction"

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction is not None and reduction not in REDUCTIONS:
            raise unknown_name("reduction", reduction, REDUCTIONS)
        check_name(self, name)
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction
        self.dtype = None if dtype is None else dt.as_dtype(dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define call(y_true, y_pred).")

    def mask(self, y_true: Any, y_pred: Any) -> Any:
        """Which of the values that ``call`` returns count (a boolean tensor); None for all of them."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: targets; floats are converted to the dtype of the predictions, integers stay integers.
            y_pred: predictions, batch first.
            sample_weight: a weight per sample, or per value. Steps that a mask beside ``y_pred`` leaves out do not
                count.

        Raises:
            ShapeError: where the shapes do not fit together; the message names both.
        """
        steps = mask_beside(y_pred)
        y_pred = prediction(y_pred)
        y_pred = y_pred.astype(self.dtype or dt.promote(y_pred.dtype, dt.float32), copy=False)
        y_true = beside(y_true, y_pred)
        if y_true.dtype in dt.FLOATING:
            y_true = y_true.astype(y_pred.dtype, copy=False)
        values = self.call(y_true, y_pred)
        if isinstance(values, (tuple, list, dict)):
            raise TypeError(f"the loss {self.name!r} returned a {type(values).__name__}; expected one tensor.")
        if values is None:
            raise TypeError(
                f"the loss {self.name!r} returned None. Expected a value for each sample: is a `return` missing?"
            )
        values = asarray(values)
        return reduce_weighted(values, sample_weight, both(steps, self.mask(y_true, y_pred)), self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        config: dict[str, Any] = {"name": self.name, "reduction": self.reduction}
        return config if self.dtype is None else config | {"dtype": self.dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The loss that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function of ``(y_true, y_pred, **options)`` that returns one value per sample."""

    ranges: Mapping[str, str] = {}
    """What numbers those among the options that are numbers may be (`polyflow.arguments`)."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name or name_of(fn), reduction, dtype)
        check_ranges(self, self.ranges, options)
        check_axes(self, optional=True, axis=options.get("axis"))
        self.fn, self.options = fn, options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.options)

    def __getattr__(self, name: str) -> Any:
        """Options are attributes too: ``loss.from_logits``."""
        options = self.__dict__.get("options", {})
        if name in options:
            return options[name]
        return self._without(name)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | self.options
        if type(self) is LossFunctionWrapper:
            from . import FAMILY

            config["fn"] = FAMILY.serialize(self.fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        if "fn" in config:
            from . import get

            config = config | {"fn": get(config["fn"])}
        return cls(**config)


def mask_beside(y_pred: Any) -> Any:
    """The mask of steps that a layer put beside its output; None without."""
    return getattr(y_pred, "mask", None)


def both(mask: Any, other: Any) -> Any:
    """What counts in two masks, of which either may be None."""
    return mask if other is None else other if mask is None else logical_and(mask, other)


def reduce_weighted(values: Any, sample_weight: Any = None, mask: Any = None, reduction: str | None = "mean") -> Any:
    """Loss values weighted, masked and reduced (Keras, losses/loss.py).

    A masked mean is over the values that count: they weigh ``total / valid``, the others 0.
    """
    if mask is not None:
        counted = astype(mask, values.dtype)
        if reduction in ("mean", "sum_over_batch_size"):
            counted = counted * divide_or_zero(float(counted.size), sum(counted))
        if sample_weight is None:
            sample_weight = counted
        else:
            counted, sample_weight = weighted(counted, sample_weight)
            sample_weight = sample_weight * counted
    if sample_weight is not None:
        values, sample_weight = weighted(values, sample_weight)
        values = values * sample_weight
    if reduction in (None, "none") or not values.shape:
        return values
    if reduction == "sum" or not values.size:
        return sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return divide_or_zero(sum(values), sum(sample_weight))
    return mean(values)
