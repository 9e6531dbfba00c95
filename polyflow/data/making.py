"""Where the elements of a Dataset come from: arrays, generators, counting, chance, and other datasets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from .. import dtypes as dt
from ..arguments import check_list
from ..callables import check_function
from ..errors import ShapeError
from .arguments import arrays_of, at, integer, nodes_of, shapes_of
from .choosing import Chosen
from .computing import Computed
from .drawn import Drawn
from .node import AnyDataset
from .select import Zip
from .sources import Arrays, Count, Generated
from .spec import TensorSpec
from .structure import Structure
from .user import host_leaf


class Made(Computed):
    """A dataset that can be made of something."""

    __slots__ = ()

    @classmethod
    def from_tensor_slices(cls, tensors: Any, *, copy: bool = True) -> Self:
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
        structure, arrays = arrays_of(tensors, what, copy)
        paths = structure.paths()
        for array, path in zip(arrays, paths, strict=True):
            if not array.ndim:
                raise ShapeError(
                    f"{what} got a scalar{at(path)}: it has no rows to slice. "
                    "Expected arrays of at least one axis; Dataset.from_tensors makes one element of what it is given."
                )
            if len(array) != len(arrays[0]):
                raise ShapeError(
                    f"Dimensions {len(arrays[0])} and {len(array)} are not compatible: {what} got {len(arrays[0])} rows"
                    f"{at(paths[0])}, but {len(array)} rows{at(path)}. Expected as many rows in all of them."
                )
        return cls(Arrays(structure, arrays))

    @classmethod
    def from_tensors(cls, tensors: Any, *, copy: bool = True) -> Self:
        """One element: the given structure of arrays itself.

        Raises:
            DTypeError: for what is no number.
        """
        structure, arrays = arrays_of(tensors, "from_tensors()", copy)
        return cls(Arrays(structure, [array[None] for array in arrays]))

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple[Any, ...] | None = None,
        output_signature: Any = None,
    ) -> Self:
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
            shapes = [None] * len(types) if output_shapes is None else shapes_of(structure, output_shapes)
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
        check_function("from_generator()", "generator", generator, len(args or ()), "args")
        given = [host_leaf(arg, "from_generator(): args") for arg in args or ()]
        return cls(Generated(lambda: generator(*given), structure, tuple(specs)))

    @classmethod
    def range(cls, *args: Any, output_type: Any = dt.int64) -> Self:
        """The integers ``range(stop)``, ``range(start, stop)`` or ``range(start, stop, step)``, as int64 scalars.

        Raises:
            ValueError: for a step of 0. TypeError: for what is no integer, or another number of arguments.
            OverflowError: for integers too large.
        """
        if not 1 <= len(args) <= 3:
            raise TypeError(f"range() takes (stop), (start, stop) or (start, stop, step); got {args}.")
        first, *others = [integer(arg, "range()", "start, stop and step") for arg in args]
        if others[1:] == [0]:
            raise ValueError(f"range() takes a step other than 0; got {args}.")
        numbers = range(first, *others)
        dtype = dt.as_dtype(output_type)
        for number in (numbers[0], numbers[-1]) if numbers else ():
            dt.check_fits(number, dtype if dtype in dt.INTEGERS else dt.int64)
        if dtype not in dt.INTEGERS:
            return cls(Count(numbers, dt.int64)).map(lambda x: x.astype(dtype))
        return cls(Count(numbers, dtype))

    @classmethod
    def counter(cls, start: int = 0, step: int = 1, dtype: Any = dt.int64) -> Self:
        """The integers ``start``, ``start + step``, … up to the last that the dtype holds.

        Raises:
            ValueError: for a step of 0. DTypeError: for a dtype that is none of integers.
            OverflowError: where it does not hold ``start``.
        """
        first, by = integer(start, "counter()", "start"), integer(step, "counter()", "step")
        kind = dt.as_dtype(dtype)
        limits = dt.iinfo(kind)
        dt.check_fits(first, kind)
        numbers = range(first, limits.max + 1 if by > 0 else limits.min - 1, by)[: 1 << 62]  # as many as len() can say
        return cls(Count(numbers, kind, endless=True))

    @classmethod
    def random(cls, seed: int | None = None, rerandomize_each_iteration: bool | None = None) -> Self:
        """Random integers from 0 to 2**32 - 1 without end, as int64 scalars.

        Args:
            seed: an integer, for the same numbers in every run; without it they follow `polyflow.random.set_seed`.
            rerandomize_each_iteration: whether each pass has numbers of its own.
        """
        number = None if seed is None else integer(seed, "random()", "seed")
        return cls(Drawn(number, bool(rerandomize_each_iteration)))

    @classmethod
    def zip(cls, *args: Any, datasets: Any = None) -> Self:
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
                raise TypeError(f"zip() got a {type(part).__name__}{at(path)}. Expected datasets in tuples or dicts.")
        if not parts:
            raise TypeError("zip() got a structure without any dataset.")
        return cls(Zip(layout, [part._node for part in parts]))

    @classmethod
    def choose_from_datasets(
        cls, datasets: Sequence[AnyDataset], choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Self:
        """Elements of several datasets, in the order that a dataset of their numbers says.

        Args:
            datasets: datasets of one structure and of the same dtypes.
            choice_dataset: int64 scalars: from which dataset the next element comes.
            stop_on_empty_dataset: whether to end where the chosen dataset has none left; else it is passed over.

        Raises:
            TypeError, DTypeError: for anything else. ValueError: for no datasets; during iteration, for another number.
        """
        what = "choose_from_datasets()"
        parts = nodes_of(datasets, what)
        (choices,) = nodes_of([choice_dataset], what)
        spec = choice_dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.shape != () or spec.dtype not in dt.INTEGERS:
            raise TypeError(f"choose_from_datasets() needs choices that are integers, int64 scalars; got {spec}.")
        return cls(Chosen(parts, choices, bool(stop_on_empty_dataset), what))

    @classmethod
    def sample_from_datasets(
        cls,
        datasets: Sequence[AnyDataset],
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Self:
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
        parts = nodes_of(datasets, what)
        check_list(what, optional=True, weights=weights)
        chances = np.ones(len(parts)) if weights is None else np.asarray(weights, np.float64)
        if chances.shape != (len(parts),) or not (chances >= 0).all() or not 0 < chances.sum() < np.inf:
            raise ValueError(
                f"{what} got weights {weights!r} for {len(parts)} datasets. Expected as many numbers of at least 0, "
                "one of them above."
            )
        drawn = np.flatnonzero(chances)  # what is never drawn would never be seen to end
        number = None if seed is None else integer(seed, what, "seed")
        order = Drawn(number, bool(rerandomize_each_iteration), chances[drawn])
        return cls(Chosen([parts[i] for i in drawn], order, bool(stop_on_empty_dataset), what))
