"""Nested containers of tensors (lists, tuples, dicts, named tuples, None): taken apart, put together as they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Structure = Any
"""What is left of a container when its leaves are taken out."""


def flatten(container: Any) -> tuple[list[Any], Structure]:
    """The leaves of a nested container, in order, and its structure."""
    if _is_leaf(container):
        return [container], None
    import optree

    return optree.tree_flatten(container)  # type: ignore[return-value]


def unflatten(structure: Structure, leaves: list[Any]) -> Any:
    """The container of this structure with these leaves."""
    if structure is None:
        return leaves[0]
    import optree

    return optree.tree_unflatten(structure, leaves)


def map(function: Callable[..., Any], container: Any, *others: Any) -> Any:
    """The container with ``function`` applied to each leaf (and the leaves of ``others`` at the same place)."""
    if _is_leaf(container):
        return function(container, *others)
    import optree

    return optree.tree_map(function, container, *others)


def shown(structure: Structure) -> str:
    """A structure as text, with ``*`` for each leaf: ``(*, [*, *])``."""
    return "*" if structure is None else str(structure).removeprefix("PyTreeSpec(").removesuffix(")")


def keys(mapping: Mapping[Any, Any]) -> list[Any]:
    """The keys of a dict in the order in which its leaves come: sorted, where they can be."""
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def _is_leaf(container: Any) -> bool:
    return not isinstance(container, (list, tuple, dict)) and container is not None
