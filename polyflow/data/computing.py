"""What is computed of the elements of a Dataset by functions of the user's, and by comparing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from .arguments import AUTOTUNE, arrays_of, integer, threads
from .arranging import Arranged
from .mapping import Filter, FlatMap, Interleave, Map, TakeWhile
from .scanning import Scan, Unique


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

    def unique(self) -> Self:
        """The elements that differ from every one before; what was seen is kept in memory.

        Raises:
            TypeError: during iteration, for a dataset of datasets.
        """
        return type(self)(Unique(self._node))
