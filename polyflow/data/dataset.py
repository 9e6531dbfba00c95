"""Dataset: a pipeline of elements, with the methods and the meaning of `tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np

from ..callables import check_function
from ..errors import OutOfRangeError, UnsupportedError
from ..missing import Instead
from ..tensor import Tensor, concrete, tensor
from .arguments import AUTOTUNE, integer
from .cache import Cache
from .making import Made
from .mapping import elements
from .node import INFINITE, UNKNOWN, AnyDataset, Node, Start
from .options import Options
from .parallel import Prefetch
from .spec import DatasetSpec
from .structure import Structure
from .user import packed_tensors

__all__ = ["Dataset"]


class Dataset(Made):
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
        super().__init__(node)

    make_one_shot_iterator = Instead("iter(dataset)")
    list_files = Instead("Dataset.from_tensor_slices of what you read, or from_generator")

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this dataset.

        Raises:
            TypeError: when it returns no dataset.
        """
        check_function("apply()", "transformation_func", transformation_func, 1, "the dataset")
        result = transformation_func(self)
        if not isinstance(result, AnyDataset):
            raise TypeError(f"the function given to apply() returned a {type(result).__name__}. Expected a Dataset.")
        return result  # type: ignore[return-value]

    def with_options(self, options: Options) -> Dataset:
        """The same dataset: what `Options` can say changes no element."""
        return self

    def options(self) -> Options:
        """What can be chosen of an iteration, all as it is."""
        return Options()

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
        size = integer(buffer_size, "prefetch()", "buffer_size", least=-1)
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

    def __iter__(self) -> Elements:
        node = self._node
        cursor = node.open(
            Start()
        )  # now, not at the first element: an iteration's random keys are drawn in program order
        return Elements(_tensors(node, elements(cursor)))

    def get_single_element(self) -> Any:
        """The element of a dataset that has one.

        Raises:
            ValueError: for a dataset of none, or of more.
        """
        found = [element for element, _ in zip(self, range(2), strict=False)]
        if len(found) != 1:
            raise ValueError(
                f"get_single_element() needs a dataset of one element; this one has {'more' if found else 'none'}."
            )
        return found[0]

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

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """The state that is left when a function has taken in every element.

        Args:
            initial_state: a tensor or structure of tensors.
            reduce_func: from the state and an element (a tuple is one argument) to the next state, of its structure.

        Raises:
            TypeError: when ``reduce_func`` cannot be called, or returns a state of another structure.
        """
        check_function("reduce()", "reduce_func", reduce_func, 2, "(state, element)")
        structure = Structure.of(initial_state)
        leaves = [tensor(leaf) for leaf in structure.flatten(initial_state)]
        for element in self:
            state = reduce_func(structure.pack(leaves), element)
            state = tuple(state) if isinstance(state, list) else state
            found = structure.flatten(state, "the state that the function given to reduce() returned")
            leaves = [leaf if concrete(leaf) else tensor(leaf) for leaf in found]
        return structure.pack(leaves)


class Elements(Iterator[Any]):
    """One iteration of a dataset."""

    __slots__ = ("_elements",)

    def __init__(self, elements: Generator[Any]) -> None:
        self._elements = elements

    def __next__(self) -> Any:
        return next(self._elements)

    def get_next(self) -> Any:
        """The next element, as `next` gives it.

        Raises:
            OutOfRangeError: after the last one.
        """
        try:
            return next(self._elements)
        except StopIteration:
            raise OutOfRangeError("the dataset has no more elements.") from None

    def close(self) -> None:
        """Leave the iteration, with its threads; there are no more elements then."""
        self._elements.close()


def _tensors(node: Node, source: Iterator[list[Any]]) -> Generator[Any]:
    for leaves in source:
        yield packed_tensors(node.structure, leaves)  # the structure may only be known when the first element is there


def _read_only(leaf: Any) -> Any:
    if isinstance(leaf, AnyDataset):
        raise TypeError("as_numpy_iterator() got elements that are datasets. Iterate them, or use flat_map() first.")
    if isinstance(leaf, np.ndarray):
        leaf.flags.writeable = False
    return leaf
