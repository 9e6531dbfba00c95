"""The nesting of an element: tuples, named tuples, dicts and None, with arrays as leaves.

Unlike in `polyflow.tree`, a list is a leaf: in a dataset, as in tf.data, a list is the array of its items.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["LEAF", "NONE", "Structure", "tuple_of"]


class Structure:
    """What is left of a nested value when its leaves are taken out; compared by ``==``.

    Attributes:
        kind: the class that holds the parts (tuple, a named tuple, dict, OrderedDict), None for a leaf, or NoneType.
        keys: the names of the parts of a dict, sorted, so that equal dicts have their leaves in the same order.
        order: the names as they came; values are packed in this order.
        parts: the structures of the parts, in the order of the keys.
        count: how many leaves there are.
    """

    __slots__ = ("_flat", "count", "keys", "kind", "order", "parts")

    def __init__(self, kind: Any, parts: Sequence[Structure] = (), keys: Sequence[Any] = ()) -> None:
        self.kind = kind
        self.parts = tuple(parts)
        self.order = self.keys = tuple(keys)
        if keys:
            named = dict(zip(keys, parts, strict=True))
            self.keys = _sorted(keys)
            self.parts = tuple(named[key] for key in self.keys)
        self.count = 1 if kind is None else sum(part.count for part in self.parts)
        self._flat = kind is tuple and all(part.kind is None for part in self.parts)

    @classmethod
    def of(cls, value: Any) -> Structure:
        """The structure of a value."""
        if value is None:
            return NONE
        if isinstance(value, tuple):
            return cls(type(value) if hasattr(value, "_make") else tuple, [cls.of(part) for part in value])
        if isinstance(value, Mapping):
            kind = OrderedDict if isinstance(value, OrderedDict) else dict
            return cls(kind, [cls.of(part) for part in value.values()], list(value))
        return LEAF

    def flatten(self, value: Any, what: str = "value") -> list[Any]:
        """The leaves of a value that has this structure.

        Raises:
            TypeError: when its structure is another one; ``what`` names the value in the message.
        """
        if self.kind is None and _is_leaf(value):
            return [value]
        if self._flat and type(value) is tuple and len(value) == self.count and all(map(_is_leaf, value)):
            return list(value)
        leaves: list[Any] = []
        if not self._collect(value, leaves):
            raise TypeError(f"{what} has the structure {Structure.of(value)}; expected {self}, as before.")
        return leaves

    def _collect(self, value: Any, leaves: list[Any]) -> bool:
        if self.kind is None:
            leaves.append(value)
            return _is_leaf(value)
        if self is NONE:
            return value is None
        if self.keys:
            return (
                isinstance(value, Mapping)
                and len(value) == len(self.keys)
                and all(key in value for key in self.keys)
                and all(part._collect(value[key], leaves) for key, part in zip(self.keys, self.parts, strict=True))
            )
        if self.kind is tuple:
            fits = isinstance(value, tuple) and not hasattr(value, "_make")
        else:
            fits = isinstance(value, self.kind)
        return (
            fits
            and len(value) == len(self.parts)
            and all(part._collect(item, leaves) for part, item in zip(self.parts, value, strict=True))
        )

    def pack(self, leaves: Sequence[Any]) -> Any:
        """The value of this structure that has these leaves."""
        if self.kind is None:
            return leaves[0]
        if self._flat:
            return tuple(leaves)
        return self._build(iter(leaves))

    def packed(self, columns: Sequence[Any]) -> Iterator[Any]:
        """The values of this structure whose leaves are the elements of columns, one after the other."""
        if self.kind is None:
            return iter(columns[0])
        if self._flat:
            return zip(*columns, strict=True)
        return map(self.pack, zip(*columns, strict=True))

    def _build(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves)
        if self is NONE:
            return None
        built = [part._build(leaves) for part in self.parts]
        if self.keys or issubclass(self.kind, dict):
            if self.order == self.keys:
                return self.kind(zip(self.keys, built, strict=True))
            named = dict(zip(self.keys, built, strict=True))
            return self.kind((key, named[key]) for key in self.order)
        return tuple(built) if self.kind is tuple else self.kind._make(built)

    def nested(self, parts: Sequence[Structure]) -> Structure:
        """The same structure with a structure in place of each leaf."""
        return self._nest(iter(parts))

    def _nest(self, parts: Iterator[Structure]) -> Structure:
        if self.kind is None:
            return next(parts)
        if self is NONE:
            return self
        built = [part._nest(parts) for part in self.parts]
        if not self.keys:
            return Structure(self.kind, built)
        named = dict(zip(self.keys, built, strict=True))
        return Structure(self.kind, [named[key] for key in self.order], self.order)

    def paths(self, prefix: str = "") -> list[str]:
        """Where each leaf is, e.g. ``["[0]['image']", "[1]"]``, for messages."""
        if self.kind is None:
            return [prefix]
        names = [f"[{key!r}]" for key in self.keys or range(len(self.parts))]
        return [path for name, part in zip(names, self.parts, strict=True) for path in part.paths(prefix + name)]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Structure) or self.kind is not other.kind:
            return False
        return self.keys == other.keys and self.parts == other.parts

    def __hash__(self) -> int:
        return hash((self.kind, len(self.parts), self.count))

    def __str__(self) -> str:
        if self.kind is None:
            return "*"
        if self is NONE:
            return "None"
        if issubclass(self.kind, dict):
            return "{" + ", ".join(f"{k!r}: {part}" for k, part in zip(self.keys, self.parts, strict=True)) + "}"
        if self.kind is not tuple:
            parts = zip(self.kind._fields, self.parts, strict=True)
            return f"{self.kind.__name__}(" + ", ".join(f"{name}={part}" for name, part in parts) + ")"
        return "(" + ", ".join(map(str, self.parts)) + ("," if len(self.parts) == 1 else "") + ")"


def _is_leaf(value: Any) -> bool:
    return not (
        value is None
        or isinstance(value, (tuple, dict))
        or (hasattr(value, "keys") and isinstance(value, Mapping))  # asking the abstract class alone takes longer
    )


def _sorted(keys: Sequence[Any]) -> tuple[Any, ...]:
    try:
        return tuple(sorted(keys))
    except TypeError:  # keys of several types have an order only as they are written
        return tuple(sorted(keys, key=repr))


LEAF = Structure(None)
NONE = Structure(type(None))


def tuple_of(*parts: Structure) -> Structure:
    """The structure of a tuple of values."""
    return Structure(tuple, parts)
