"""Dataset: a pipeline of elements, with the methods and the meaning of `tf.data.Dataset`."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError, UnsupportedError
from ..missing import Instead
from ..tensor import Tensor, tensor
from .cache import Cache
from .choosing import Chosen
from .drawn import Drawn
from .group import Batch, Unbatch
from .mapping import Filter, FlatMap, Interleave, Map, TakeWhile, elements
from .node import INFINITE, UNKNOWN, AnyDataset, Node, Start
from .padding import PaddedBatch
from .parallel import Prefetch
from .scanning import Scan, Unique
from .select import Concatenate, Repeat, Shard, Skip, Take, Zip
from .shuffle import Shuffle
from .sources import Arrays, Count, Generated
from .spec import DatasetSpec, TensorSpec
from .structure import LEAF, Structure, tuple_of
from .user import UserFunction, frozen, host_leaf, packed_tensors
from .window import Window

__all__ = ["AUTOTUNE", "Dataset"]

AUTOTUNE = -1
"""As a number of threads or of elements to prefetch: one chosen for this machine."""

_GENERATOR = "write a Python generator, and make a dataset of it with from_generator"


class Dataset(AnyDataset):
    """A sequence of elements that is computed as it is iterated, as often as one likes.

    An element is a tensor or a structure (tuple, named tuple, dict) of tensors. Iterating yields Tensors of the backend
    that is current at that moment; nothing is computed before. Methods return new datasets and change nothing.

    >>> dataset = Dataset.from_tensor_slices(([1, 2, 3], [10, 20, 30])).map(lambda x, y: x * y).batch(2)
    >>> [batch.tolist() for batch in dataset]
    [[10, 40], [90]]
    """

    __slots__ = ()

    def __init__(self, node: Node) -> None:
        if not isinstance(node, Node):
            raise TypeError(
                "Dataset() is not called directly. Use Dataset.from_tensor_slices(arrays), Dataset.from_tensors, "
                "Dataset.from_generator or Dataset.range."
            )
        self._node = node

    get_single_element = Instead("next(iter(dataset))")
    make_one_shot_iterator = Instead("iter(dataset)")
    with_options = Instead("leave it out, there is nothing to choose")
    rebatch = Instead("unbatch().batch(n)")
    list_files = Instead("Dataset.from_tensor_slices of what you read, or from_generator")
    group_by_window, bucket_by_sequence_length = Instead(_GENERATOR), Instead(_GENERATOR)

    # Sources ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, *, copy: bool = True) -> Dataset:
        """The rows of arrays: element i holds row i of each.

        Args:
            tensors: an array, tensor or nested list, or a structure (tuple, named tuple, dict) of these, all with the
                same size of the first axis.
            copy: whether arrays are copied, so that later writes to them do not show. With False they are not, which
                saves memory with very large ones; read-only arrays never are.

        Raises:
            ValueError: for scalars, and where the sizes of the first axis differ. DTypeError: for what is no number.
        """
        what = "from_tensor_slices()"
        structure, arrays = _arrays(tensors, what, copy)
        paths = structure.paths()
        for array, path in zip(arrays, paths, strict=True):
            if not array.ndim:
                raise ShapeError(
                    f"{what} got a scalar{_at(path)}: it has no rows to slice. "
                    "Expected arrays of at least one axis; Dataset.from_tensors makes one element of what it is given."
                )
            if len(array) != len(arrays[0]):
                raise ShapeError(
                    f"Dimensions {len(arrays[0])} and {len(array)} are not compatible: {what} got {len(arrays[0])} rows"
                    f"{_at(paths[0])}, but {len(array)} rows{_at(path)}. Expected as many rows in all of them."
                )
        return Dataset(Arrays(structure, arrays))

    @staticmethod
    def from_tensors(tensors: Any, *, copy: bool = True) -> Dataset:
        """One element: the given structure of arrays itself.

        Raises:
            DTypeError: for what is no number.
        """
        structure, arrays = _arrays(tensors, "from_tensors()", copy)
        return Dataset(Arrays(structure, [array[None] for array in arrays]))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple[Any, ...] | None = None,
        output_signature: Any = None,
    ) -> Dataset:
        """What a Python generator yields.

        Args:
            generator: a function that returns an iterable; called anew for each pass.
            output_types: a structure of dtypes, one for each tensor of an element.
            output_shapes: the structure of their shapes; unknown where left out.
            args: arguments for ``generator``, handed over as NumPy arrays.
            output_signature: a structure of `TensorSpec`, in place of the two.

        Raises:
            TypeError: when ``generator`` cannot be called or no signature is given; during iteration, when an element
                has another structure. ShapeError, DTypeError: during iteration, when an element does not fit.
        """
        if not callable(generator):
            raise TypeError(
                f"from_generator() needs a function that returns an iterable; got a {type(generator).__name__}. "
                "Pass the generator function itself, without calling it."
            )
        if output_signature is None:
            if output_types is None:
                raise TypeError(
                    "from_generator() needs output_signature (a TensorSpec for each tensor of an element, e.g. "
                    "output_signature=TensorSpec((None, 3), 'float32')) or output_types."
                )
            output_types = tuple(output_types) if isinstance(output_types, list) else output_types
            structure = Structure.of(output_types)
            types = structure.flatten(output_types)
            shapes = [None] * len(types) if output_shapes is None else _shapes(structure, output_shapes)
            specs = [TensorSpec(shape, dtype) for shape, dtype in zip(shapes, types, strict=True)]
        else:
            if output_types is not None or output_shapes is not None:
                raise TypeError(
                    "from_generator() got output_signature and output_types or output_shapes. Give one of them."
                )
            output_signature = tuple(output_signature) if isinstance(output_signature, list) else output_signature
            structure = Structure.of(output_signature)
            specs = structure.flatten(output_signature)
            for spec in specs:
                if not isinstance(spec, TensorSpec):
                    raise TypeError(
                        f"output_signature holds {spec!r}. Expected a TensorSpec for each tensor of an element."
                    )
        if not specs:
            raise TypeError("from_generator() got a signature without any tensor. Expected at least one TensorSpec.")
        given = [host_leaf(arg, "from_generator(): args") for arg in args or ()]
        return Dataset(Generated(lambda: generator(*given), structure, tuple(specs)))

    @staticmethod
    def range(*args: Any, output_type: Any = dt.int64) -> Dataset:
        """The integers ``range(stop)``, ``range(start, stop)`` or ``range(start, stop, step)``, as int64 scalars.

        Raises:
            ValueError: for a step of 0. TypeError: for what is no integer. OverflowError: for integers too large.
        """
        numbers = range(*[_integer(arg, "range()", "start, stop and step") for arg in args])
        dtype = dt.as_dtype(output_type)
        for number in (numbers[0], numbers[-1]) if numbers else ():
            dt.check_fits(number, dtype if dtype in dt.INTEGERS else dt.int64)
        if dtype not in dt.INTEGERS:
            return Dataset(Count(numbers, dt.int64)).map(lambda x: x.astype(dtype))
        return Dataset(Count(numbers, dtype))

    @staticmethod
    def random(seed: int | None = None, rerandomize_each_iteration: bool | None = None) -> Dataset:
        """Random integers from 0 to 2**32 - 1 without end, as int64 scalars.

        Args:
            seed: an integer, for the same numbers in every run; without it they follow `polyflow.random.set_seed`.
            rerandomize_each_iteration: whether each pass has numbers of its own.
        """
        number = None if seed is None else _integer(seed, "random()", "seed")
        return Dataset(Drawn(number, bool(rerandomize_each_iteration)))

    @staticmethod
    def zip(*args: Any, datasets: Any = None) -> Dataset:
        """The elements of several datasets side by side, as long as all of them have one.

        Args:
            *args: datasets, or one structure (tuple, dict) of datasets.
            datasets: the same by name.

        Raises:
            TypeError: for anything that is no dataset.
        """
        if (datasets is None) == (not args):
            raise TypeError(
                "zip() needs datasets: Dataset.zip(a, b), or one structure of them, Dataset.zip({'x': a, 'y': b})."
            )
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        layout = Structure.of(given)
        parts = layout.flatten(given)
        for part, path in zip(parts, layout.paths(), strict=True):
            if not isinstance(part, AnyDataset):
                raise TypeError(f"zip() got a {type(part).__name__}{_at(path)}. Expected datasets in tuples or dicts.")
        if not parts:
            raise TypeError("zip() got a structure without any dataset.")
        return Dataset(Zip(layout, [part._node for part in parts]))

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Dataset], choice_dataset: Dataset, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Elements of several datasets, in the order that a dataset of their numbers says.

        Args:
            datasets: datasets of one structure and of the same dtypes.
            choice_dataset: int64 scalars: from which dataset the next element comes.
            stop_on_empty_dataset: whether to end where the chosen dataset has none left; else it is passed over.

        Raises:
            TypeError, DTypeError: for anything else. ValueError: for no datasets; during iteration, for another number.
        """
        what = "choose_from_datasets()"
        parts = _nodes(datasets, what)
        (choices,) = _nodes([choice_dataset], what)
        spec = choice_dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.shape != () or spec.dtype not in dt.INTEGERS:
            raise TypeError(f"choose_from_datasets() needs choices that are integers, int64 scalars; got {spec}.")
        return Dataset(Chosen(parts, choices, bool(stop_on_empty_dataset), what))

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Dataset],
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Elements of several datasets, each time of one that is drawn at random.

        Args:
            datasets: datasets of one structure and of the same dtypes.
            weights: how likely each of them is drawn, numbers of at least 0; all alike if left out.
            seed: an integer, for the same order in every run; without it the order follows `polyflow.random.set_seed`.
            stop_on_empty_dataset: whether to end where the drawn dataset has none left; else it is passed over.
            rerandomize_each_iteration: whether each pass has an order of its own.

        Raises:
            TypeError, DTypeError: for anything else. ValueError: for no datasets, and for weights that do not fit.
        """
        what = "sample_from_datasets()"
        parts = _nodes(datasets, what)
        chances = np.ones(len(parts)) if weights is None else np.asarray(weights, np.float64)
        if chances.shape != (len(parts),) or not (chances >= 0).all() or not 0 < chances.sum() < np.inf:
            raise ValueError(
                f"{what} got weights {weights!r} for {len(parts)} datasets. Expected as many numbers of at least 0, "
                "one of them above."
            )
        drawn = np.flatnonzero(chances)  # what is never drawn would never be seen to end
        number = None if seed is None else _integer(seed, what, "seed")
        order = Drawn(number, bool(rerandomize_each_iteration), chances[drawn])
        return Dataset(Chosen([parts[i] for i in drawn], order, bool(stop_on_empty_dataset), what))

    # Choosing and ordering --------------------------------------------------------------------------------------------

    def take(self, count: Any) -> Dataset:
        """The first ``count`` elements; all of them if it is -1."""
        return Dataset(Take(self._node, _integer(count, "take()", "count")))

    def skip(self, count: Any) -> Dataset:
        """All but the first ``count`` elements; none of them if it is -1."""
        return Dataset(Skip(self._node, _integer(count, "skip()", "count")))

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """The elements whose number is ``index`` modulo ``num_shards``.

        Raises:
            ValueError: unless 0 <= index < num_shards.
        """
        num = _integer(num_shards, "shard()", "num_shards", least=1)
        at = _integer(index, "shard()", "index", least=0)
        if at >= num:
            raise ValueError(f"shard() got index={at} of num_shards={num}. Expected an index from 0 to {num - 1}.")
        return Dataset(Shard(self._node, num, at))

    def repeat(self, count: Any = None) -> Dataset:
        """The elements ``count`` times over, or without end (None or -1); a shuffle before it shuffles each time."""
        return Dataset(Repeat(self._node, -1 if count is None else _integer(count, "repeat()", "count")))

    def concatenate(self, dataset: Dataset) -> Dataset:
        """The elements of this dataset, then those of another.

        Raises:
            TypeError: when their elements have different structures or dtypes.
        """
        if not isinstance(dataset, AnyDataset):
            raise TypeError(f"concatenate() needs a Dataset; got a {type(dataset).__name__}.")
        return Dataset(Concatenate(self._node, dataset._node))

    def shuffle(
        self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
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
        size = _integer(buffer_size, "shuffle()", "buffer_size", least=1)
        number = None if seed is None else _integer(seed, "shuffle()", "seed")
        return Dataset(Shuffle(self._node, size, number, reshuffle_each_iteration in (None, True)))

    def enumerate(self, start: Any = 0) -> Dataset:
        """Pairs of a number, counted from ``start`` as int64, and the element."""
        first = _integer(start, "enumerate()", "start")
        numbers = Count(range(first, 1 << 62), dt.int64, endless=True)
        return Dataset(Zip(tuple_of(LEAF, LEAF), [numbers, self._node]))

    # Batches ----------------------------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Dataset:
        """Stacks of ``batch_size`` elements along a new first axis.

        Args:
            batch_size: how many elements a batch has.
            drop_remainder: whether a last batch with fewer elements is left out.
            num_parallel_calls: accepted as in tf.data; batches are gathered in blocks without threads.
            deterministic: accepted as in tf.data; the order is always the same.

        Raises:
            ValueError: for a size below 1. ShapeError, DTypeError: during iteration, for elements that do not stack.
        """
        return Dataset(Batch(self._node, _integer(batch_size, "batch()", "batch_size", least=1), bool(drop_remainder)))

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False
    ) -> Dataset:
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
        size = _integer(batch_size, "padded_batch()", "batch_size", least=1)
        structure = self._node.structure
        shapes = None if padded_shapes is None else _shapes(structure, padded_shapes)
        if isinstance(padding_values, (tuple, dict)):
            fillers = structure.flatten(_or_zero(padding_values), "padding_values")
        else:
            fillers = [_or_zero(padding_values)] * structure.count
        return Dataset(PaddedBatch(self._node, size, shapes, fillers, bool(drop_remainder)))

    def unbatch(self) -> Dataset:
        """The rows of the elements: ``batch`` undone.

        Raises:
            ValueError: for scalars, and for tensors of one element with different sizes of the first axis.
        """
        return Dataset(Unbatch(self._node))

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False) -> Dataset:
        """Datasets of ``size`` consecutive elements each, in the structure of an element.

        Args:
            size: how many elements a window has.
            shift: how many elements later the next window begins; ``size`` if left out.
            stride: how many elements apart the elements of a window are.
            drop_remainder: whether windows with fewer elements are left out.

        Raises:
            ValueError: for a size, shift or stride below 1.
        """
        count = _integer(size, "window()", "size", least=1)
        step = count if shift is None else _integer(shift, "window()", "shift", least=1)
        apart = _integer(stride, "window()", "stride", least=1)
        return Dataset(Window(self._node, count, step, apart, bool(drop_remainder), Dataset))

    # Functions of elements --------------------------------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Dataset:
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
        return Dataset(Map(self._node, map_func, _threads(num_parallel_calls)))

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function returns True.

        It runs on whole blocks of elements where `map` would run it so.

        Raises:
            TypeError: when ``predicate`` cannot be called; during iteration, when it returns anything but one boolean.
        """
        return Dataset(Filter(self._node, predicate))

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        """The elements of the datasets that a function returns, one dataset after the other.

        Raises:
            TypeError: when ``map_func`` cannot be called; during iteration, when it returns no dataset.
        """
        return Dataset(FlatMap(self._node, map_func))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = 1,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
    ) -> Dataset:
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
            cycle = _integer(cycle_length, "interleave()", "cycle_length", least=1)
        block = _integer(block_length, "interleave()", "block_length", least=1)
        return Dataset(Interleave(self._node, map_func, cycle, block))

    def take_while(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements before the first for which a function returns False; errors as for `filter`."""
        return Dataset(TakeWhile(self._node, predicate))

    def scan(self, initial_state: Any, scan_func: Callable[[Any, Any], Any]) -> Dataset:
        """What a function makes of each element and a state that it hands on.

        Args:
            initial_state: the state at the first element: a tensor or structure of tensors.
            scan_func: from the state and an element (a tuple is one argument) to a pair: the next state, of the
                structure and dtypes of this one, and what the element becomes.

        Raises:
            TypeError: when ``scan_func`` cannot be called; during iteration, when it returns no pair, or a state of
                another structure. DTypeError: during iteration, for a state of another dtype.
        """
        structure, state = _arrays(initial_state, "scan(): initial_state", True)
        return Dataset(Scan(self._node, structure, state, scan_func))

    def unique(self) -> Dataset:
        """The elements that differ from every one before; what was seen is kept in memory.

        Raises:
            TypeError: during iteration, for a dataset of datasets.
        """
        return Dataset(Unique(self._node))

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """The state that is left when a function has taken in every element.

        Args:
            initial_state: a tensor or structure of tensors.
            reduce_func: from the state and an element (a tuple is one argument) to the next state, of its structure.

        Raises:
            TypeError: when ``reduce_func`` cannot be called, or returns a state of another structure.
        """
        function = UserFunction(reduce_func, "reduce()").function
        structure = Structure.of(initial_state)
        leaves = [tensor(leaf) for leaf in structure.flatten(initial_state)]
        for element in self:
            state = function(structure.pack(leaves), element)
            state = tuple(state) if isinstance(state, list) else state
            found = structure.flatten(state, "the state that the function given to reduce() returned")
            leaves = [leaf if isinstance(leaf, Tensor) else tensor(leaf) for leaf in found]
        return structure.pack(leaves)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this dataset.

        Raises:
            TypeError: when it returns no dataset.
        """
        result = transformation_func(self)
        if not isinstance(result, AnyDataset):
            raise TypeError(f"the function given to apply() returned a {type(result).__name__}. Expected a Dataset.")
        return result  # type: ignore[return-value]

    # Keeping and making ahead -----------------------------------------------------------------------------------------

    def cache(self, filename: str = "") -> Dataset:
        """The same elements, remembered in memory when they are first computed.

        Raises:
            UnsupportedError: for a file name: elements are only cached in memory.
        """
        if filename:
            raise UnsupportedError(f"cache({filename!r}) would write a file. Only cache(), in memory, is there.")
        return Dataset(Cache(self._node))

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements, computed by a thread while the ones before are in use.

        Args:
            buffer_size: how many to compute ahead (of what is gathered in blocks: how many blocks); `AUTOTUNE` for 2.

        Raises:
            ValueError: for a negative number other than `AUTOTUNE`.
        """
        size = _integer(buffer_size, "prefetch()", "buffer_size", least=-1)
        return Dataset(Prefetch(self._node, 2 if size == AUTOTUNE else size))

    # What is known of it ----------------------------------------------------------------------------------------------

    @property
    def element_spec(self) -> Any:
        """The structure of an element, with a `TensorSpec` in place of each tensor.

        Where a function given to ``map`` has to be called for each element, it is called for the first one here.
        """
        return self._node.structure.pack(self._node.specs)

    def cardinality(self) -> Tensor:
        """How many elements a pass yields, as an int64 scalar: -1 if it never ends, -2 if that is not known."""
        return tensor(np.int64(self._node.cardinality))

    def __len__(self) -> int:
        count = self._node.cardinality
        if count == INFINITE:
            raise TypeError("The dataset is infinite. Bound it with take(count) to give it a length.")
        if count == UNKNOWN:
            raise TypeError(
                "The dataset length is unknown. It is only known once it has been iterated; count with "
                "reduce(0, lambda n, _: n + 1)."
            )
        return count

    def __bool__(self) -> bool:
        return True  # a dataset is there even where its length is 0 or unknown

    def __repr__(self) -> str:
        spec = repr(self.element_spec) if self._node.known else "known once its function has been called"
        return f"<{type(self._node).__name__}Dataset element_spec={spec}>"

    # Iterating --------------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        node = self._node
        cursor = node.open(
            Start()
        )  # now, not at the first element: an iteration's random keys are drawn in program order
        return _tensors(node, elements(cursor))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as (read-only) NumPy arrays, and NumPy scalars.

        Raises:
            TypeError: for a dataset of datasets.
        """
        node = self._node
        if node.known and any(isinstance(spec, DatasetSpec) for spec in node.specs):
            raise TypeError(
                "as_numpy_iterator() got elements that are datasets. Iterate them, or use flat_map() first."
            )
        cursor = node.open(Start())
        return (node.structure.pack([_read_only(leaf) for leaf in leaves]) for leaves in elements(cursor))


def _tensors(node: Node, source: Iterator[list[Any]]) -> Iterator[Any]:
    for leaves in source:
        yield packed_tensors(node.structure, leaves)  # the structure may only be known when the first element is there


def _nodes(datasets: Iterable[Any], what: str) -> list[Node]:
    """What is inside of datasets, of which there is at least one."""
    parts = list(datasets)
    for part in parts:
        if not isinstance(part, AnyDataset):
            raise TypeError(f"{what} got a {type(part).__name__}. Expected datasets.")
    if not parts:
        raise ValueError(f"{what} got no datasets to choose from.")
    return [part._node for part in parts]


def _read_only(leaf: Any) -> Any:
    if isinstance(leaf, AnyDataset):
        raise TypeError("as_numpy_iterator() got elements that are datasets. Iterate them, or use flat_map() first.")
    if isinstance(leaf, np.ndarray):
        leaf.flags.writeable = False
    return leaf


def _arrays(tensors: Any, what: str, copy: bool) -> tuple[Structure, list[np.ndarray]]:
    """The structure of what a user gives, and its leaves as host arrays that nobody will change."""
    structure = Structure.of(tensors)
    arrays = []
    for leaf, path in zip(structure.flatten(tensors), structure.paths(), strict=True):
        if isinstance(leaf, AnyDataset):
            raise TypeError(f"{what} got a Dataset{_at(path)}. Expected arrays; a dataset needs no conversion.")
        array = host_leaf(leaf, f"{what}{_at(path)}")
        safe = isinstance(leaf, (Tensor, list, range, *dt.SCALARS)) or frozen(array)
        arrays.append(array if safe or not copy else np.array(array, order="C"))
    if not arrays:
        raise TypeError(f"{what} got {tensors!r}, which holds no array. Expected an array or a structure of arrays.")
    return structure, arrays


def _or_zero(values: Any) -> Any:
    """A structure of values with 0 in the places of None."""
    if isinstance(values, dict):
        return {name: _or_zero(one) for name, one in values.items()}
    if isinstance(values, tuple):
        return tuple(_or_zero(one) for one in values)
    return 0 if values is None else values


def _shapes(structure: Structure, shapes: Any) -> list[Any]:
    """Shapes in the structure of the dtypes; a shape is itself a tuple, so they are told apart by the structure."""
    if structure.kind is None:
        return [shapes]
    out: list[Any] = []
    named = structure.keys
    if not named and (not isinstance(shapes, (tuple, list)) or len(shapes) != len(structure.parts)):
        raise TypeError(f"output_shapes {shapes!r} does not have the structure of output_types, {structure}.")
    for i, part in enumerate(structure.parts):
        out += _shapes(part, shapes[named[i]] if named else shapes[i])
    return out


def _integer(value: Any, what: str, name: str, least: int | None = None) -> int:
    """A user's integer (a tensor of one is one too)."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} got {name}={value!r} of type {type(value).__name__}. Expected an integer.") from None
    if least is not None and number < least:
        raise ValueError(f"{what} got {name}={number}. Expected an integer of at least {least}.")
    return number


def _threads(num_parallel_calls: Any) -> int:
    if num_parallel_calls is None:
        return 1
    number = _integer(num_parallel_calls, "map()", "num_parallel_calls")
    if number == AUTOTUNE:
        return min(os.cpu_count() or 1, 16)
    if number < 1:
        raise ValueError(f"map() got num_parallel_calls={number}. Expected at least 1, or AUTOTUNE.")
    return number


def _at(path: str) -> str:
    return f" at {path}" if path else ""
