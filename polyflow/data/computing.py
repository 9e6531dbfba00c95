"""What is computed of the elements of a Dataset by functions of the user's, and by comparing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from ..tensor import tensor
from .arguments import AUTOTUNE, arrays_of, integer, shapes_of, threads
from .arranging import Arranged
from .grouping import Grouped, Reduced
from .mapping import Filter, FlatMap, Interleave, Map, TakeWhile
from .scanning import Scan, Unique
from .user import UserFunction


class Computed(Arranged):
    """A dataset of whose elements something can be computed."""

    __slots__ = ()

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Self:
        """What a function returns for each element.

        A function that only computes, which its code shows, is not called for each element: it is traced once, as by
        `polyflow.function`, and NumPy runs its graph on whole blocks of elements, many times as fast. The results are
        the same, bit for bit, but for the last digits of sums and matrix products of floats. Its Python code then runs
        when ``map`` is called, or when an iteration starts, and reads at that moment what it reads of Python's
        variables.

        Called for each element, as any Python function, is a function that asks for values (``if x > 0``,
        ``x.numpy()``) or handles exceptions; that prints, draws random numbers without a key, assigns to anything but
        its local names, or calls what may do so; that reads a `Variable`; or whose graph holds what cannot be batched,
        such as a lookup in a table at an element's indices.

        Args:
            map_func: called with an element as Tensors, a tuple's items as its arguments. It may return tensors, NumPy
                arrays, numbers, and structures of these; a list counts as a tuple.
            num_parallel_calls: how many threads call it at once, or work on blocks; `AUTOTUNE` for as many as there are
                processors. The results come in order all the same.
            deterministic: accepted as in tf.data; the order is always the same.

        Raises:
            TypeError: when ``map_func`` cannot be called; during iteration, when it returns nothing or another
                structure than before. ValueError: for a number of threads that is none.
        """
        return type(self)(Map(self._node, map_func, threads(num_parallel_calls)))

    def filter(self, predicate: Callable[..., Any]) -> Self:
        """The elements for which a function returns True.

        It runs on whole blocks of elements where `map` would run it so.

        Raises:
            TypeError: when ``predicate`` cannot be called; during iteration, when it returns anything but one boolean.
        """
        return type(self)(Filter(self._node, predicate))

    def flat_map(self, map_func: Callable[..., Any]) -> Self:
        """The elements of the datasets that a function returns, one dataset after the other.

        Raises:
            TypeError: when ``map_func`` cannot be called; during iteration, when it returns no dataset.
        """
        return type(self)(FlatMap(self._node, map_func))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = 1,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Self:
        """The elements of the datasets that a function returns, of several of them by turns.

        Args:
            map_func: returns a dataset for an element.
            cycle_length: how many datasets take turns; 4 if left out.
            block_length: how many elements each gives at a turn.
            num_parallel_calls, deterministic: accepted as in tf.data; the order is always the same.

        Raises:
            TypeError: when ``map_func`` cannot be called; during iteration, when it returns no dataset.
            ValueError: for a length below 1.
        """
        cycle = 4
        if cycle_length not in (None, AUTOTUNE):
            cycle = integer(cycle_length, "interleave()", "cycle_length", least=1)
        block = integer(block_length, "interleave()", "block_length", least=1)
        return type(self)(Interleave(self._node, map_func, cycle, block))

    def take_while(self, predicate: Callable[..., Any]) -> Self:
        """The elements before the first for which a function returns False; errors as for `filter`."""
        return type(self)(TakeWhile(self._node, predicate))

    def scan(self, initial_state: Any, scan_func: Callable[[Any, Any], Any]) -> Self:
        """What a function makes of each element and a state that it hands on.

        Args:
            initial_state: the state at the first element: a tensor or structure of tensors.
            scan_func: from the state and an element (a tuple is one argument) to a pair: the next state, of the
                structure and dtypes of this one, and what the element becomes.

        Raises:
            TypeError: when ``scan_func`` cannot be called; during iteration, when it returns no pair, or a state of
                another structure. DTypeError: during iteration, for a state of another dtype.
        """
        structure, state = arrays_of(initial_state, "scan(): initial_state", True)
        return type(self)(Scan(self._node, structure, state, scan_func))

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[[Any, Any], Any],
        window_size: Any = None,
        window_size_func: Callable[[Any], Any] | None = None,
    ) -> Self:
        """What a function makes of consecutive elements with the same key, as many at a time as a window has.

        Args:
            key_func: from an element to an integer.
            reduce_func: from a key and a dataset of elements that have it to a dataset.
            window_size: how many elements it gets at a time; at the end it gets what is left, by key.
            window_size_func: that number for a key, instead.

        Raises:
            TypeError: for functions that cannot be called; during iteration, when ``reduce_func`` returns no dataset.
            DTypeError: during iteration, for a key that is no integer. ValueError: unless one of the two sizes is
                given, and for one below 1.
        """
        if (window_size is None) is (window_size_func is None):
            raise ValueError("group_by_window() takes window_size or window_size_func, and one of them is needed.")
        if window_size_func is None:
            fixed = integer(window_size, "group_by_window()", "window_size", least=1)

            def size(key: int) -> int:
                return fixed
        else:

            def size(key: int) -> int:
                return integer(window_size_func(tensor(np.int64(key))), "group_by_window()", "its window size", least=1)

        return type(self)(Reduced(Grouped(self._node, key_func, size, type(self)), reduce_func))

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
    ) -> Self:
        """Batches of elements of about the same length, filled up to the largest of their batch.

        Args:
            element_length_func: from an element to its length, an integer.
            bucket_boundaries: at which lengths the next bucket begins, in ascending order.
            bucket_batch_sizes: how many elements a batch of each bucket has: one number more than boundaries.
            padded_shapes, padding_values, drop_remainder: as of `padded_batch`.
            pad_to_bucket_boundary: whether unknown sizes are filled up to the longest length of the bucket.
            no_padding: whether nothing is filled up: all elements of a batch have one shape.

        Raises:
            ValueError: for another number of batch sizes; during iteration, where ``pad_to_bucket_boundary`` meets an
                element of the last bucket, which has no end.
        """
        ends, sizes = list(bucket_boundaries), list(bucket_batch_sizes)
        if len(sizes) != len(ends) + 1:
            raise ValueError(
                f"bucket_by_sequence_length() needs one batch size more than boundaries; got {len(sizes)} sizes and "
                f"{len(ends)} boundaries."
            )
        structure = self._node.structure
        length_of = UserFunction(element_length_func, "bucket_by_sequence_length()").on
        given = None if padded_shapes is None else shapes_of(structure, padded_shapes)

        def bucket(*element: Any) -> int:
            length = length_of(element)
            length = integer(length, "bucket_by_sequence_length()", "the length of an element")
            return int(np.searchsorted(ends, length, side="right"))

        def batches(key: Any, window: Any) -> Any:
            size = sizes[int(key)]
            if no_padding:
                return window.batch(size, drop_remainder)
            shapes: Any = given
            if pad_to_bucket_boundary:
                if int(key) == len(ends):
                    raise ValueError(
                        "pad_to_bucket_boundary=True needs elements shorter than the last of bucket_boundaries, "
                        f"{ends[-1]}; one is not."
                    )
                longest = ends[int(key)] - 1
                known = [spec.shape or () for spec in self._node.specs] if given is None else given
                shapes = [tuple(longest if n in (None, -1) else n for n in shape) for shape in known]
            packed = None if shapes is None else structure.pack(shapes)
            return window.padded_batch(size, packed, padding_values, drop_remainder)

        return self.group_by_window(bucket, batches, window_size_func=lambda key: sizes[int(key)])

    def unique(self) -> Self:
        """The elements that differ from every one before; what was seen is kept in memory.

        Raises:
            TypeError: during iteration, for a dataset of datasets.
        """
        return type(self)(Unique(self._node))
