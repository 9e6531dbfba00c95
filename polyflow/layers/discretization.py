"""Discretization: numbers as the ranges that they lie in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import check_integers, check_list, check_numbers
from ..convert import to_host
from ..data import Dataset
from ..errors import EmptyDataError, unknown_name
from ..ops.elementwise import astype
from ..ops.reduction import searchsorted
from ..ops.shape import reshape
from ..tensor import tensor
from .base import Layer
from .encoding import MODES, encoded


class Discretization(Layer):
    """The number of the range that each number lies in: 0 below the first boundary, 1 from there on, and so on.

    Args:
        bin_boundaries: where ranges end and the next ones begin, in rising order.
        num_bins: instead of them how many ranges `adapt` makes of data, with about as many numbers in each.
        epsilon: accepted as in Keras; `adapt` takes the data's exact quantiles.
        output_mode: ``"int"`` for the numbers, as int64, or ``"one_hot"``, ``"multi_hot"`` and ``"count"`` as
            `CategoryEncoding` makes them.
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError("Discretization takes either bin_boundaries, or num_bins and then adapt(data).")
        check_integers(self, "[1, inf)", optional=True, num_bins=num_bins)
        check_numbers(self, "(0, inf)", epsilon=epsilon)
        if output_mode not in ("int", *MODES):
            raise unknown_name("output_mode", str(output_mode), ("int", *MODES))
        self.num_bins, self.epsilon, self.output_mode = num_bins, epsilon, output_mode
        check_list(self, optional=True, bin_boundaries=bin_boundaries)
        self.bin_boundaries = None if bin_boundaries is None else [float(one) for one in bin_boundaries]
        if self.bin_boundaries is not None and sorted(self.bin_boundaries) != self.bin_boundaries:
            raise ValueError(f"bin_boundaries rise from one to the next; got {self.bin_boundaries}.")

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Choose the boundaries so that about as many numbers of the data lie in each range.

        Args:
            data: an array, or a dataset of batches, of which ``steps`` are taken if given.
            batch_size: accepted as in Keras.

        Raises:
            EmptyDataError: where there is none. ValueError: unless the layer was made with ``num_bins``.
        """
        if self.num_bins is None:
            raise ValueError("this Discretization has its bin_boundaries; make it with num_bins to adapt it to data.")
        batches: Iterable[Any] = [data]
        if isinstance(data, Dataset):
            batches = data if steps is None else data.take(steps)
        found = [np.ravel(to_host(batch)).astype("float64") for batch in batches]
        numbers = np.concatenate(found) if found else np.zeros(0)
        if not numbers.size:
            raise EmptyDataError("adapt needs data; it was given none.")
        self.bin_boundaries = np.quantile(numbers, np.arange(1, self.num_bins) / self.num_bins).tolist()

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError(f"layer {self.name!r} (Discretization) has no boundaries yet: call adapt(data) first.")
        limits = tensor(np.array(self.bin_boundaries, self.dtype), backend=inputs.backend)
        values = inputs if inputs.dtype is self.dtype else astype(inputs, self.dtype)
        places = searchsorted(limits, reshape(values, (-1,)), side="right")
        numbers = astype(reshape(places, values.shape), dt.int64)
        if self.output_mode == "int":
            return numbers
        return encoded(numbers, len(self.bin_boundaries) + 1, self.output_mode, self.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"bin_boundaries": self.bin_boundaries, "num_bins": None if self.bin_boundaries else self.num_bins}
        return super().get_config() | own | {"epsilon": self.epsilon, "output_mode": self.output_mode}
