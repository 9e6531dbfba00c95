"""The names of a model's weights in files: by their places in the model, whatever model a layer was made in."""

from __future__ import annotations

from typing import Any

Named = list[tuple[str, Any]]
"""Variables, each with its name."""


def weight_names(layer: Any, root: str | None = None, states: bool = False) -> Named:
    """The weights in their order, each named by the layers on the way to it: ``model/layer/kernel``.

    A layer that several models share has one place, and so one name, in each of them.

    Args:
        layer: the model. root: what its names begin with, its own name if left out.
        states: whether random states are among them.
    """
    named: Named = []
    seen: set[int] = set()

    def walk(one: Any, place: str) -> None:
        seen.add(id(one))
        for variable in one._own():
            if (states or variable.name != "seed_state") and id(variable) not in seen:
                seen.add(id(variable))
                named.append((f"{place}/{variable.path.rpartition(f'{one.name}/')[2]}", variable))
        for inner in one._inner():
            if id(inner) not in seen:
                walk(inner, f"{place}/{inner.name}")

    walk(layer, layer.name if root is None else root)
    return named


def state_names(optimizer: Any, weights: Named) -> Named:
    """An optimizer's variables in their order; slots are named by the weights that they belong to."""
    names = {id(variable): name for name, variable in weights}
    places = {
        id(state): f"{optimizer.name}/{names[id(variable)]}/{state.name}"
        for state, variable in optimizer.references
        if id(variable) in names
    }
    return [(str(places.get(id(one), one.path)), one) for one in optimizer.variables]
