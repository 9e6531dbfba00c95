"""A network as plain data, and back: its layers' configurations, and the calls with places for values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..convert import short
from ..custom_objects import get_registered_name
from ..layers.base import Layer
from ..registry import layer_from
from .network import Call, Network, Place, numbers, replaced, run


def network_config(network: Network) -> dict[str, Any]:
    """The network as data that JSON can hold.

    Raises:
        TypeError: where a layer was called with something that data cannot stand for, such as a tensor.
    """
    layers = [*network.layers, *(one for one in network.entrances if one not in network.layers)]
    return {
        "layers": [{"class_name": get_registered_name(type(layer)), "config": layer.get_config()} for layer in layers],
        "entrances": [layer.name for layer in network.entrances],
        "calls": [
            {"layer": call.layer.name, "arguments": _plain(call.arguments, call.layer), "gives": call.gives}
            for call in network.calls
        ],
        "inputs": _plain(network.takes, None),
        "outputs": _plain(network.gives, None),
    }


def symbols_of(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of the network that `network_config` described, with fresh layers."""
    layers = {one["config"]["name"]: layer_from(one, custom_objects) for one in config["layers"]}
    inputs = _restored(config["inputs"])
    values = {number: layers[name].output for number, name in zip(numbers(inputs), config["entrances"], strict=True)}
    run((Call(layers[one["layer"]], _restored(one["arguments"]), one["gives"]) for one in config["calls"]), values)
    inputs, outputs = (
        replaced(places, Place, lambda place: values[place.number]) for places in (inputs, _restored(config["outputs"]))
    )
    return inputs, outputs


def _plain(value: Any, layer: Layer | None) -> Any:
    """A structure with places in it as data; what is no list, number or text becomes a dict that says what it is."""
    if isinstance(value, Place):
        return {"value": value.number}
    if isinstance(value, list):
        return [_plain(one, layer) for one in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(one, layer) for one in value]}
    if isinstance(value, dict):
        return {"dict": {str(name): _plain(one, layer) for name, one in value.items()}}
    if isinstance(value, slice):
        return {"slice": [_plain(one, layer) for one in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"layer {'' if layer is None else layer.name!r} was called with {short(value)} of type {type(value).__name__}, "
        "which a configuration cannot hold. Make it in the layer, for example in a Lambda."
    )


def _restored(data: Any) -> Any:
    """The structure that `_plain` made data of."""
    if isinstance(data, list):
        return [_restored(one) for one in data]
    if not isinstance(data, dict):
        return data
    ((kind, content),) = data.items()
    match kind:
        case "value":
            return Place(content)
        case "tuple":
            return tuple(_restored(one) for one in content)
        case "dict":
            return {name: _restored(one) for name, one in content.items()}
        case "slice":
            return slice(*(_restored(one) for one in content))
        case "ellipsis":
            return ...
        case _:
            raise ValueError(f"a call of a layer holds {kind!r}; expected value, tuple, dict, slice or ellipsis.")
