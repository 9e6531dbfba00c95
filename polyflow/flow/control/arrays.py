"""TensorArrays among what a loop hands on: in a traced loop each is one tensor of all its places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import tree
from ...errors import TraceError
from ...ops.call import interpreter
from ...tensor import asarray
from ...tensor_array import TensorArray
from ..interpreter import inside
from .nested import Nested


def holds_arrays(container: Any) -> bool:
    """Whether a TensorArray is in a nested container."""
    return any(leaf.__class__ is TensorArray for leaf in tree.flatten(container)[0])


class Arrays:
    """The TensorArrays in what a loop begins with.

    Op by op they go beside the loop, as they are; a tensor without meaning stands in their places.

    Args:
        name: the loop.
        container: what it begins with.
        once: a step of it, from such a container to the next; it tells the shape of elements that nothing else does.
    """

    def __init__(self, name: str, container: Any, once: Callable[[Any], Any]) -> None:
        self.name = name
        leaves, self.structure = tree.flatten(container)
        self.now = {place: leaf for place, leaf in enumerate(leaves) if leaf.__class__ is TensorArray}
        self.traced = _tracing()
        if self.traced:
            if any(len(array) == 0 and array.dynamic_size for array in self.now.values()):
                raise TraceError(
                    f"{name}: a TensorArray that a compiled loop hands on does not grow. Give it its size, "
                    "e.g. TensorArray(dtype, size=n)."
                )
            if any(array.element_shape is None for array in self.now.values()):
                with inside(Nested(interpreter.get())):
                    tried = tree.flatten(once(self._filled(leaves, {p: a.copy() for p, a in self.now.items()})))[0]
                    shapes = {p: tried[p].element_shape for p in self.now if _is_array(tried, p)}
                self.now = {p: array.of_shape(shapes.get(p)) for p, array in self.now.items()}
        placed = {p: array.stack() if self.traced else asarray(False) for p, array in self.now.items()}
        self.start = self._filled(leaves, placed)

    def given(self, container: Any) -> Any:
        """What a user's function gets for what the loop holds."""
        leaves, structure = tree.flatten(container)
        arrays = {p: a.of_tensor(leaves[p]) if self.traced else a for p, a in self.now.items()}
        if not self.traced and _tracing():  # a loop without steps is traced for what a step would give
            arrays = {p: array.copy() for p, array in arrays.items()}
        return tree.unflatten(structure, [arrays.get(place, leaf) for place, leaf in enumerate(leaves)])

    def taken(self, container: Any) -> Any:
        """What the loop holds for what a user's function returned."""
        leaves, structure = tree.flatten(container)
        for place in self.now:
            if place >= len(leaves):
                break  # of another structure, which is the loop's to say
            found = leaves[place]
            if found.__class__ is not TensorArray:
                raise TypeError(
                    f"{self.name} was given a TensorArray, and a step returned a {type(found).__name__} in its place. "
                    "Return what write gives."
                )
            if self.traced:
                leaves[place] = found.stack()
            else:
                leaves[place] = asarray(False)
                if not _tracing():
                    self.now[place] = found
        return tree.unflatten(structure, leaves)

    def _filled(self, leaves: list[Any], others: dict[int, Any]) -> Any:
        return tree.unflatten(self.structure, [others.get(place, leaf) for place, leaf in enumerate(leaves)])


def _is_array(leaves: list[Any], place: int) -> bool:
    return place < len(leaves) and leaves[place].__class__ is TensorArray


def _tracing() -> bool:
    top = interpreter.get()
    return top is not None and top.backend is not None
