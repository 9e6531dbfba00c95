"""Network: the calls of layers that lead from symbolic inputs to outputs, in an order in which they can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .. import tree
from ..errors import ShapeError
from ..layers.base import InputLayer, Layer
from ..layers.symbolic import Node, SymbolicTensor, symbols
from ..tensor import Operators, asarray
from .inputs import fit_rank


class Place(NamedTuple):
    """Stands for a value of the network in the arguments of a call, by its number."""

    number: int


class Call(NamedTuple):
    """A layer, what it is called with (arguments and keyword arguments, places among them), and the values it gives."""

    layer: Layer
    arguments: tuple[Any, dict[str, Any]]
    gives: list[int]

    def takes(self) -> list[int]:
        """The numbers of the values among the arguments, in order."""
        return numbers(self.arguments)


def replaced(value: Any, kind: type, put: Callable[[Any], Any]) -> Any:
    """A structure of tuples, lists and dicts with something else for its leaves of a kind."""
    if isinstance(value, kind):
        return put(value)
    if isinstance(value, dict):
        found = {name: replaced(value[name], kind, put) for name in tree.keys(value)}
        return {name: found[name] for name in value}
    if isinstance(value, (list, tuple)):
        parts = [replaced(one, kind, put) for one in value]
        return type(value)(*parts) if hasattr(value, "_make") else type(value)(parts)
    return value


def run(calls: Iterable[Call], values: dict[int, Any]) -> None:
    """Do calls, and add what they give to the values by number: for symbolic tensors symbolic ones."""

    def value(place: Place) -> Any:
        return values[place.number]

    for call in calls:
        args, kwargs = replaced(call.arguments, Place, value)
        values.update(zip(call.gives, tree.flatten(call.layer(*args, **kwargs))[0], strict=True))


class Network:
    """What a model of symbolic tensors computes.

    Args:
        inputs: symbolic tensors, alone or in a list, tuple or dict, whose keys count in sorted order. outputs: what is
            computed from them, likewise.
        name: the model's, for messages.

    Attributes:
        calls: the calls, each after those whose results it takes. layers: the layers, those nearest the inputs first.

    Raises:
        ValueError: for outputs that need another input, or layers of one name.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str) -> None:
        self.name = name
        inputs, outputs = _checked(inputs, "inputs"), _checked(outputs, "outputs")
        self.symbols = inputs, outputs
        nodes, seen = _ordered(self.inputs, self.outputs)
        known: dict[int, int] = {}

        def place(symbol: SymbolicTensor) -> Place:
            return Place(known.setdefault(id(symbol), len(known)))

        self.takes = replaced(inputs, SymbolicTensor, place)
        self.calls = [
            Call(
                node.layer,
                replaced((node.args, node.kwargs), SymbolicTensor, place),
                [place(one).number for one in symbols(node.outputs)],
            )
            for node in nodes
            if not isinstance(node.layer, InputLayer)
        ]
        self.gives = replaced(outputs, SymbolicTensor, place)
        self.entrances = [_entrance(symbol) for symbol in self.inputs]
        self.layers = _by_depth(nodes, seen, self.entrances)
        names = [layer.name for layer in self.layers]
        for one in names:
            if names.count(one) > 1:
                raise ValueError(
                    f"{names.count(one)} layers of {name!r} are named {one!r}. Give each layer a name of its own."
                )
        self.parents = {
            layer.name: [
                f"{one.name}[{one.node.number}][{one.place}]"
                for node in nodes
                if node.layer is layer
                for one in node.parents()
            ]
            for layer in self.layers
        }

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, in order."""
        return list(symbols(self.symbols[0]))

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, in order."""
        return list(symbols(self.symbols[1]))

    @property
    def branched(self) -> bool:
        """Whether the layers are more than a chain, each used once on what the one before gives."""
        fed = [parent for parents in self.parents.values() for parent in parents]
        return len(set(fed)) < len(fed) or any(len(parents) > 1 for parents in self.parents.values())

    def connected(self, layer: Layer) -> str:
        """What a layer takes: for each tensor its layer, which of that layer's calls, and which of its outputs."""
        return ", ".join(self.parents[layer.name]) or "-"

    @property
    def input_names(self) -> list[str]:
        """The names by which a dict of data refers to the inputs."""
        return tree.keys(self.takes) if isinstance(self.takes, dict) else [layer.name for layer in self.entrances]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: their keys in a dict, else those of the layers that give them."""
        if isinstance(self.gives, dict):
            return list(self.gives)
        names: list[str] = []
        for symbol in self.outputs:
            count = sum(one == symbol.name for one in (other.name for other in self.outputs[: len(names)]))
            names.append(f"{symbol.name}_{count}" if count else symbol.name)
        return names

    def first_layers(self) -> Iterator[tuple[Layer, int]]:
        """The layers that see data as they are, each with the number of the input that it takes."""
        inputs = numbers(self.takes)
        for call in self.calls:
            if len(takes := call.takes()) == 1 and takes[0] in inputs:
                yield call.layer, inputs.index(takes[0])

    def arranged(self, data: Any) -> list[Any]:
        """The arrays for the inputs, in their order, from data in any form that fits: an array, a list, a dict by name.

        Raises:
            ShapeError: for another number of arrays, or a dict without one of the names.
        """
        names = self.input_names
        if isinstance(data, dict):
            missing = [name for name in names if name not in data]
            if missing:
                raise ShapeError(
                    f"{self.name!r} takes the inputs {', '.join(map(repr, names))}; the data has no {missing[0]!r}, "
                    f"only {', '.join(map(repr, data)) or 'nothing'}. Give the dict a key for each."
                )
            return [data[name] for name in names]
        if len(names) == 1:
            several = isinstance(data, (list, tuple)) and len(data) == 1 and hasattr(data[0], "shape")
            return [data[0]] if several else [data]
        if not isinstance(data, (list, tuple)) or len(data) != len(names):
            given = f"{len(data)}" if isinstance(data, (list, tuple)) else f"one array of shape {tuple(data.shape)}"
            raise ShapeError(
                f"{self.name!r} takes {len(names)} inputs ({', '.join(map(repr, names))}) in a list or a dict; "
                f"got {given}."
            )
        return list(data)

    def taken(self, data: Any, backend: Any) -> list[Any]:
        """Data as tensors of the inputs' ranks and dtypes.

        Raises:
            ShapeError: for another number of arrays, or shapes that do not fit.
        """
        found = []
        for layer, one in zip(self.entrances, self.arranged(data), strict=True):
            tensor = one.read() if isinstance(one, Operators) else asarray(one, backend=backend)
            owner = self.name if len(self.entrances) == 1 else f"{self.name}, input {layer.name}"
            tensor = fit_rank(tensor, (None, *(layer.declared_shape or ())), owner)
            found.append(tensor.astype(layer.sample_dtype, copy=False))
        return found

    def run(self, inputs: Sequence[Any]) -> Any:
        """The outputs, in their structure, for a tensor for each input: symbolic ones give symbolic ones."""
        values = dict(zip(numbers(self.takes), inputs, strict=True))
        run(self.calls, values)
        return replaced(self.gives, Place, lambda place: values[place.number])

    def again(self) -> Network:
        """The same calls on new symbolic tensors, for a copy has those of the original no more."""
        inputs = [layer.output for layer in self.entrances]
        given = iter(inputs)
        return Network(replaced(self.takes, Place, lambda _: next(given)), self.run(inputs), self.name)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"symbols": None}


def numbers(places: Any) -> list[int]:
    """The numbers of the places in a structure, in order."""
    found: list[int] = []
    replaced(places, Place, lambda place: found.append(place.number))
    return found


def _entrance(symbol: SymbolicTensor) -> InputLayer:
    """The layer that gives an input; a new one for the result of a layer, at which a network may begin too."""
    if isinstance(symbol.node.layer, InputLayer):
        return symbol.node.layer
    return InputLayer(symbol.shape[1:], dtype=symbol.dtype)


def _checked(value: Any, what: str) -> Any:
    leaves = tree.flatten(value)[0]
    for leaf in leaves:
        if not isinstance(leaf, SymbolicTensor):
            raise TypeError(
                f"Model(inputs, outputs) takes what Input and layers called on it give; {what} holds {leaf!r}. "
                "Begin with x = Input(shape), and go on with x = layer(x)."
            )
    if not leaves:
        raise ValueError(f"Model(inputs, outputs) needs at least one tensor; its {what} are empty.")
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _ordered(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> tuple[list[Node], dict[int, int]]:
    """The nodes between, each after those whose results it takes; and when each layer was first met on the way back."""
    known = {id(symbol) for symbol in inputs}
    done: dict[int, Node] = {}
    seen: dict[int, int] = {}
    for output in outputs:
        waiting: list[tuple[SymbolicTensor, bool]] = [(output, False)]
        while waiting:
            symbol, entered = waiting.pop()
            node = symbol.node
            if id(node) in done:
                continue
            if isinstance(node.layer, InputLayer) and id(symbol) not in known:
                raise ValueError(
                    f"the outputs need the input {symbol.name!r} of shape {tuple(symbol.shape)}, which is not among "
                    "the model's inputs. Add it to inputs=."
                )
            if id(symbol) in known and not isinstance(node.layer, InputLayer):
                continue
            seen.setdefault(id(node.layer), len(seen))
            if entered:
                done[id(node)] = node
            else:
                waiting.append((symbol, True))
                waiting += [(parent, False) for parent in reversed(node.parents()) if id(parent.node) not in done]
    return list(done.values()), seen


def _by_depth(nodes: list[Node], seen: dict[int, int], entrances: list[InputLayer]) -> list[Layer]:
    """The layers in Keras's order: the longer the way to an output, the earlier; then as they were met going back."""
    of_node: dict[int, int] = {}
    of_layer: dict[int, int] = {}
    layers: dict[int, Layer] = {}
    for node in reversed(nodes):
        depth = max(of_node.get(id(node), 0), of_layer.get(id(node.layer), 0))
        of_node[id(node)] = of_layer[id(node.layer)] = depth
        layers[id(node.layer)] = node.layer
        for parent in node.parents():
            of_node[id(parent.node)] = max(of_node.get(id(parent.node), 0), depth + 1)
    most = max(of_layer.values(), default=0)
    for layer in entrances:
        if id(layer) not in layers:
            layers[id(layer)], of_layer[id(layer)], seen[id(layer)] = layer, most, -1
    return sorted(layers.values(), key=lambda layer: (-of_layer[id(layer)], seen[id(layer)]))
