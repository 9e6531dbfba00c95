"""Which elements of a Dataset come, in which order, and in which groups."""

from __future__ import annotations

from typing import Any, Self

from .. import dtypes as dt
from .arguments import integer, or_zero, shapes_of
from .group import Batch, Unbatch
from .node import AnyDataset
from .padding import PaddedBatch
from .select import Concatenate, Repeat, Shard, Skip, Take, Zip
from .shuffle import Shuffle
from .sources import Count
from .structure import LEAF, tuple_of
from .window import Window


class Arranged(AnyDataset):
    """A dataset whose elements can be chosen, ordered and grouped."""

    __slots__ = ()

    def take(self, count: Any) -> Self:
        """The first ``count`` elements; all of them if it is -1."""
        return type(self)(Take(self._node, integer(count, "take()", "count")))

    def skip(self, count: Any) -> Self:
        """All but the first ``count`` elements; none of them if it is -1."""
        return type(self)(Skip(self._node, integer(count, "skip()", "count")))

    def shard(self, num_shards: Any, index: Any) -> Self:
        """The elements whose number is ``index`` modulo ``num_shards``.

        Raises:
            ValueError: unless 0 <= index < num_shards.
        """
        num = integer(num_shards, "shard()", "num_shards", least=1)
        at = integer(index, "shard()", "index", least=0)
        if at >= num:
            raise ValueError(f"shard() got index={at} of num_shards={num}. Expected an index from 0 to {num - 1}.")
        return type(self)(Shard(self._node, num, at))

    def repeat(self, count: Any = None) -> Self:
        """The elements ``count`` times over, or without end (None or -1); a shuffle before it shuffles each time."""
        return type(self)(Repeat(self._node, -1 if count is None else integer(count, "repeat()", "count")))

    def concatenate(self, dataset: AnyDataset) -> Self:
        """The elements of this dataset, then those of another.

        Raises:
            TypeError: when their elements have different structures or dtypes.
        """
        if not isinstance(dataset, AnyDataset):
            raise TypeError(f"concatenate() needs a Dataset; got a {type(dataset).__name__}.")
        return type(self)(Concatenate(self._node, dataset._node))

    def shuffle(self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: bool | None = None) -> Self:
        """The elements in a random order, drawn from a buffer of ``buffer_size`` elements.

        With a buffer for all the elements, every order is equally likely. Each pass has an order of its own. With a
        ``seed`` the orders are the same in every run and on every backend; without one they follow
        `polyflow.random.set_seed`.

        Args:
            buffer_size: how many elements the buffer holds.
            seed: an integer.
            reshuffle_each_iteration: False for the same order in every pass.

        Raises:
            ValueError: for a buffer without room.
        """
        size = integer(buffer_size, "shuffle()", "buffer_size", least=1)
        number = None if seed is None else integer(seed, "shuffle()", "seed")
        return type(self)(Shuffle(self._node, size, number, reshuffle_each_iteration in (None, True)))

    def enumerate(self, start: Any = 0) -> Self:
        """Pairs of a number, counted from ``start`` as int64, and the element."""
        first = integer(start, "enumerate()", "start")
        numbers = Count(range(first, 1 << 62), dt.int64, endless=True)
        return type(self)(Zip(tuple_of(LEAF, LEAF), [numbers, self._node]))

    # Groups -----------------------------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Self:
        """Stacks of ``batch_size`` elements along a new first axis.

        Args:
            batch_size: how many elements a batch has.
            drop_remainder: whether a last batch with fewer elements is left out.
            num_parallel_calls: accepted as in tf.data; batches are gathered in blocks without threads.
            deterministic: accepted as in tf.data; the order is always the same.

        Raises:
            ValueError: for a size below 1. ShapeError, DTypeError: during iteration, for elements that do not stack.
        """
        return type(self)(
            Batch(self._node, integer(batch_size, "batch()", "batch_size", least=1), bool(drop_remainder))
        )

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False
    ) -> Self:
        """Batches of elements of different sizes: each is filled up to the largest of its batch, or to a shape.

        Args:
            batch_size: how many elements a batch has.
            padded_shapes: the shape to fill up to, with None or -1 for the largest of a batch, in the structure of an
                element; all sizes so if left out.
            padding_values: what to fill up with, a number or a structure of them; 0 if left out.
            drop_remainder: whether a last batch with fewer elements is left out.

        Raises:
            ValueError: for a size below 1. ShapeError: during iteration, for an element larger than the shape.
        """
        size = integer(batch_size, "padded_batch()", "batch_size", least=1)
        structure = self._node.structure
        shapes = None if padded_shapes is None else shapes_of(structure, padded_shapes)
        if isinstance(padding_values, (tuple, dict)):
            fillers = structure.flatten(or_zero(padding_values), "padding_values")
        else:
            fillers = [or_zero(padding_values)] * structure.count
        return type(self)(PaddedBatch(self._node, size, shapes, fillers, bool(drop_remainder)))

    def unbatch(self) -> Self:
        """The rows of the elements: ``batch`` undone.

        Raises:
            ValueError: for scalars, and for tensors of one element with different sizes of the first axis.
        """
        return type(self)(Unbatch(self._node))

    def rebatch(self, batch_size: Any, drop_remainder: bool = False) -> Self:
        """Batches of another size of the same rows."""
        return self.unbatch().batch(batch_size, drop_remainder)

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False) -> Self:
        """Datasets of ``size`` consecutive elements each, in the structure of an element.

        Args:
            size: how many elements a window has.
            shift: how many elements later the next window begins; ``size`` if left out.
            stride: how many elements apart the elements of a window are.
            drop_remainder: whether windows with fewer elements are left out.

        Raises:
            ValueError: for a size, shift or stride below 1.
        """
        count = integer(size, "window()", "size", least=1)
        step = count if shift is None else integer(shift, "window()", "shift", least=1)
        apart = integer(stride, "window()", "stride", least=1)
        return type(self)(Window(self._node, count, step, apart, bool(drop_remainder), type(self)))
