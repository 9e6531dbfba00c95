"""What a checkpoint keeps of the objects it is given: their variables by name, and how to make the same ones again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import WeightFileError
from ..layers.base import Layer
from ..metrics import Metric
from ..models.weight_names import Named, state_names, weight_names
from ..module import Module
from ..optimizers import Optimizer
from ..random import SeedGenerator
from ..variable import Variable


class Entry(NamedTuple):
    """One object of a checkpoint.

    Attributes:
        key: its name there. thing: the object. of: the key of the model whose optimizer it is, or None.
    """

    key: str
    thing: Any
    of: str | None = None


def entries(objects: Mapping[str, Any]) -> list[Entry]:
    """The objects in a checkpoint; those in lists and dicts by their places, and the optimizers of compiled models.

    Raises:
        TypeError: for an object that holds no variables.
    """
    return [entry for key, thing in objects.items() for entry in _entries(key, thing)]


def _entries(key: str, thing: Any) -> Iterator[Entry]:
    if isinstance(thing, Mapping):
        for name, one in thing.items():
            yield from _entries(f"{key}/{name}", one)
    elif isinstance(thing, (list, tuple)):
        for place, one in enumerate(thing):
            yield from _entries(f"{key}/{place}", one)
    elif isinstance(thing, (Variable, Layer, Optimizer, Metric, Module, SeedGenerator)):
        yield Entry(key, thing)
        if isinstance(optimizer := getattr(thing, "optimizer", None), Optimizer) and isinstance(thing, Layer):
            yield Entry(f"{key}.optimizer", optimizer, key)
    else:
        raise TypeError(
            f"a checkpoint keeps variables, layers, models, optimizers, metrics, modules and generators; {key}= is a "
            f"{type(thing).__name__}. Keep a number in a Variable, and make datasets and iterators anew."
        )


def names_of(entry: Entry, weights: Named) -> Named:
    """The variables of an object, each with its name in the file; ``weights`` are those of all models there."""
    key, thing = entry.key, entry.thing
    if isinstance(thing, Variable):
        return [(key, thing)]
    if isinstance(thing, SeedGenerator):
        return [(key, thing.state)]
    if isinstance(thing, Layer):
        return weight_names(thing, key, states=True)
    if isinstance(thing, Optimizer):
        return [(f"{key}/{name}", variable) for name, variable in state_names(thing, weights)]
    return [(f"{key}/{place}", variable) for place, variable in enumerate(thing.variables)]


def weights_of(found: list[Entry]) -> Named:
    """The weights of all models, layers, modules and single variables."""
    return [pair for one in found if not isinstance(one.thing, (Optimizer, Metric)) for pair in names_of(one, [])]


def described(entry: Entry, weights: Named) -> dict[str, Any]:
    """What has to be known to make the variables of the object again, as plain data."""
    thing = entry.thing
    if isinstance(thing, Optimizer):
        names = {id(variable): name for name, variable in weights}
        return {"built": thing.built, "trained": [names.get(id(one)) for one in thing.trained]}
    return {"input_shape": thing.input_shape} if isinstance(thing, Layer) else {}


def made(entry: Entry, how: dict[str, Any], variable_of: Callable[[str], Variable | None]) -> None:
    """Make the variables of an object that has none yet, as those that were saved.

    Args:
        entry: the object. how: what `described` said of it. variable_of: the variable of a name in the file.

    Raises:
        WeightFileError: where it is not known how.
    """
    key, thing = entry.key, entry.thing
    if isinstance(thing, Layer) and not thing.built and not thing.variables and how.get("input_shape") is not None:
        shape = how["input_shape"]
        if not isinstance(shape, list) or any(isinstance(size, (list, dict)) for size in shape):
            raise WeightFileError(
                f"the model {key!r} takes several inputs and is not built yet: call it on data before restoring it."
            )
        thing.build(tuple(shape))
    if isinstance(thing, Optimizer) and how.get("built") and not thing.built:
        trained = [None if name is None else variable_of(name) for name in how["trained"]]
        if any(one is None for one in trained):
            raise WeightFileError(
                f"the optimizer {key!r} is not built yet, and what it trained is not in this checkpoint. Give the "
                "checkpoint the model too, or call optimizer.build(model.trainable_variables) before restoring."
            )
        thing.build(trained)  # type: ignore[arg-type]
