"""Regularizers: what large weights add to a model's loss."""

from __future__ import annotations

from typing import Any

from . import dtypes as dt
from .arguments import check_numbers
from .errors import ShapeError, unknown_name
from .naming import Family, by_name, snake_case
from .ops.creation import eye
from .ops.elementwise import abs, maximum, rsqrt, square, where
from .ops.linalg import matmul
from .ops.reduction import sum
from .ops.shape import matrix_transpose
from .tensor import asarray


class Regularizer:
    """The base of regularizers: called with a weight, one gives a scalar that is added to the loss."""

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what it adds: define __call__(self, x).")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """The regularizer that ``get_config`` described."""
        return cls(**config)


class L1L2(Regularizer):
    """``l1 · Σ|x| + l2 · Σx²``."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _factor("l1", l1), _factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        terms = [self.l1 * sum(abs(x))] if self.l1 or not self.l2 else []
        if self.l2:
            terms.append(self.l2 * sum(square(x)))
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """``l1 · Σ|x|``."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(L1L2):
    """``l2 · Σx²``."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean of ``|cos|`` of the angles between a matrix's rows, or its columns.

    Args:
        factor: a number of at least 0.
        mode: ``"rows"`` or ``"columns"``.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise unknown_name("mode", str(mode), ("rows", "columns"))
        self.factor, self.mode = _factor("factor", factor), mode

    def __call__(self, x: Any) -> Any:
        x = asarray(x)
        if len(x.shape) != 2:
            raise ShapeError(f"OrthogonalRegularizer takes matrices; got a weight of shape {x.shape}.")
        along = 1 if self.mode == "rows" else 0
        unit = x * rsqrt(maximum(sum(square(x), along, keepdims=True), 1e-12))
        product = matmul(unit, matrix_transpose(unit)) if along else matmul(matrix_transpose(unit), unit)
        count = product.shape[0]
        between = abs(where(eye(count, dtype=dt.bool_, backend=x.backend), 0, product))
        return self.factor * sum(between) / max(count * (count - 1), 1)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _factor(name: str, value: Any) -> float:
    check_numbers("a regularizer", "[0, inf)", optional=True, **{name: value})
    return 0.0 if value is None else float(value)


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Both, with TensorFlow's defaults of 0.01 each."""
    return L1L2(l1, l2)


_CLASSES = by_name(L1, L2, L1L2, OrthogonalRegularizer)

FAMILY = Family(
    "regularizer",
    _CLASSES | {snake_case(name): cls for name, cls in _CLASSES.items()} | {"l1_l2": L1L2},
    count=1,
    methods={"__call__": ("x",)},
)

get = FAMILY.get
register = FAMILY.register
serialize = FAMILY.serialize
deserialize = FAMILY.get
