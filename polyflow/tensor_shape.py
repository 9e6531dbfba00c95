"""TensorShape: the tuple of a tensor's sizes, with the methods that TensorFlow's users know."""

from __future__ import annotations

import math
from collections.abc import Iterable


class TensorShape(tuple[int, ...]):
    """The size of each axis: a tuple, equal to one and printed as one; None stands for a size that is not known."""

    __slots__ = ()

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)

    def as_list(self) -> list[int]:
        """The sizes as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """How many elements there are; None where a size is not known."""
        return math.prod(self) if self.is_fully_defined() else None

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def is_compatible_with(self, other: Iterable[int | None]) -> bool:
        """Whether ``other`` has as many axes, of the same sizes where both are known."""
        sizes = tuple(other)
        return len(sizes) == len(self) and all(None in (a, b) or a == b for a, b in zip(self, sizes, strict=True))

    def concatenate(self, other: Iterable[int]) -> TensorShape:
        """The sizes of this shape, then those of ``other``."""
        return TensorShape((*self, *other))
