"""Layer: variables with a function from tensors to tensors."""

from __future__ import annotations

import functools
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import constraints, initializers, regularizers, tree
from .. import dtypes as dt
from ..arguments import check_integers, check_name
from ..backend import discovery, selection
from ..callables import check_methods, takes
from ..constructed import Constructed
from ..convert import short, to_host
from ..errors import DTypeError, ShapeError, nearest
from ..floatx import chosen
from ..flow.notes import scope
from ..flow.trace import parameters, trace
from ..metrics.base import Metric
from ..naming import snake_case
from ..ops.rules import Spec
from ..random import SeedGenerator
from ..tensor import Operators, Tensor, asarray
from ..variable import Variable
from .masking import hand_on, mask_of, probed, takes_mask
from .mode import outermost, resolve, takes_training, training_mode
from .symbolic import Node, SymbolicTensor, SymbolOf, called, one_or_list, symbols
from .tracking import Look, deep, held

Shape = tuple[int | None, ...]

OPTIONS = ("name", "trainable", "dtype", "input_shape", "input_dim", "activity_regularizer")
"""The arguments that every layer takes."""

STATES = (Variable, SeedGenerator)

_names: Counter[str] = Counter()
_naming = threading.Lock()


def unique_name(base: str) -> str:
    """``base``, or ``base_1``, ``base_2`` … when layers of that name were made before."""
    with _naming:
        count = _names[base]
        _names[base] += 1
    return f"{base}_{count}" if count else base


def clear_session() -> None:
    """Start the numbering of layer names anew."""
    with _naming:
        _names.clear()


def _finished(build: Any) -> Any:
    """A subclass's ``build`` that is done once, and remembered, however it is called; it may take no shape."""
    alone = not takes(build, 2) and takes(build, 1)

    @functools.wraps(build)
    def finished(self: Layer, input_shape: Any = None, *others: Any) -> None:
        if not self.built:
            build(self, *(() if alone else (input_shape, *others)))
            self._finish(input_shape)

    return finished


def _nowhere() -> None:
    """Stands for the holder of a layer that has none."""


def sizes(shape: Any) -> Shape:
    """A shape that a user wrote: an integer, or a sequence of integers and None.

    Raises:
        ShapeError: for anything else.
    """
    given = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    for size in given:
        if size is not None and (isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 0):
            raise ShapeError(f"a shape is a tuple of sizes, such as (28, 28), with None for any size; got {shape!r}.")
    return tuple(None if size is None else int(size) for size in given)


def _declared(layer: Layer, batch_input_shape: Any, input_shape: Any, input_dim: Any) -> Shape | None:
    """The shape of one sample, in whichever ways it was given.

    Raises:
        ShapeError: for ways that say different things. ArgumentError: for an ``input_dim`` below 1.
    """
    check_integers(layer, "[1, inf)", optional=True, input_dim=input_dim)
    found: dict[str, Shape] = {}
    if batch_input_shape is not None:
        found["batch_input_shape"] = sizes(batch_input_shape)[1:]
    if input_shape is not None:
        found["input_shape"] = sizes(input_shape)
    if input_dim is not None:
        found["input_dim"] = sizes(input_dim)
    if len(set(found.values())) > 1:
        said = " and ".join(f"{name} {shape}" for name, shape in found.items())
        raise ShapeError(f"layer {layer.name!r} was given a sample's shape twice: {said}. Leave one of them out.")
    return next(iter(found.values()), None)


def states_of(found: Iterable[Any]) -> list[Variable]:
    """The variables among what a layer holds, and those of its random states, each once."""
    states = [one.state if isinstance(one, SeedGenerator) else one for one in found]
    return list({id(one): one for one in states}.values())


def _is_structure(inputs: Any) -> bool:
    """Whether inputs are several tensors, not one tensor or a nested list of numbers."""
    if isinstance(inputs, (list, tuple)):
        return any(hasattr(one, "shape") or isinstance(one, dict) for one in inputs)
    return isinstance(inputs, dict)


@functools.lru_cache(None)
def _takes_one(layer_class: type) -> bool:
    """Whether its ``call`` is known to take one tensor and no lists or dicts of them."""
    owner = next(base for base in layer_class.__mro__ if "call" in vars(base))
    return owner.__module__.startswith(f"{__package__}.") and not (owner is Layer or layer_class.takes_structures)


def _shapes(inputs: Any) -> Any:
    """The shape of a tensor; for several tensors their shapes, in lists and dicts."""
    if isinstance(inputs, dict):
        return {name: _shapes(one) for name, one in inputs.items()}
    return (
        [_shapes(one) for one in inputs] if isinstance(inputs, (list, tuple)) else tuple(getattr(inputs, "shape", ()))
    )


def _without_batch(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _without_batch(one) for name, one in shape.items()}
    if isinstance(shape, list) and any(isinstance(one, (list, tuple, dict)) for one in shape):
        return [_without_batch(one) for one in shape]
    return (None, *shape[1:]) if shape else shape


class Layer(Constructed):
    """The base of all layers.

    A subclass makes its variables in ``build(input_shape)`` with `add_weight`, computes in ``call(inputs)`` (with a
    parameter ``training`` if it behaves differently while training), and returns its constructor's arguments from
    ``get_config``. Variables and layers that it keeps in attributes, or in lists and dicts there, are its own.

    Args:
        name: the layer's name; one is made from the class's if left out.
        trainable: whether its variables are trained.
        dtype: the floating dtype of its variables and computation.
        input_shape: the shape of one sample, for a model's first layer; ``input_dim=n`` is short for ``(n,)``.
        activity_regularizer: a name, object or function; what it gives for the output of a call, by sample,
            is added to the loss.
    """

    _made = "_frozen"

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        activity_regularizer: Any = None,
        **unknown: Any,
    ) -> None:
        for option in unknown:
            near = nearest(option, (*OPTIONS, *inspect.signature(type(self).__init__).parameters))
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise TypeError(
                f"{type(self).__name__} has no argument {option!r}.{hint} Every layer takes {', '.join(OPTIONS)}; "
                "help() tells its own."
            )
        check_name(self, name)
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.dtype = chosen(dtype or None)
        self.built = False
        self._trainable = trainable
        self._variables: list[Variable] = []
        self._frozen: list[Variable] = []
        self._regularized: list[tuple[Variable, Any]] = []
        self._added: list[Any] = []
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_shape = _declared(self, batch_input_shape, input_shape, input_dim)
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self._nodes: list[Node] = []
        self._within: Callable[[], Layer | None] = _nowhere

    # What a subclass says --------------------------------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Make the variables for inputs of this shape (None stands for the batch size)."""

    def call(self, inputs: Any) -> Any:
        """Compute the output."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define call(self, inputs).")

    def check_values(self, inputs: np.ndarray) -> None:
        """Raise for values that this layer, as a model's first, cannot take: a compiled step cannot look at them."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype.name}
        if self.declared_shape is not None:
            config["input_shape"] = list(self.declared_shape)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    # What it gets ---------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        name: str = "variable",
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a variable of this layer; its first value is drawn on the host, so it is the same on every backend.

        What a ``regularizer`` (a name, an object or a function) gives for it is added to a model's loss while the
        variable is trainable. What a ``constraint`` gives for it takes its place after each step of an optimizer.
        """
        value = initializers.get("glorot_uniform" if initializer is None else initializer)(
            tuple(shape), dtype=dt.as_dtype(dtype or self.dtype)
        )
        if isinstance(value, Operators):
            value = value.numpy()
        variable = Variable(value, trainable=trainable, name=name, constraint=constraints.get(constraint))
        self.track(variable)
        if regularizer is not None:
            self._regularized.append((variable, regularizers.get(regularizer)))
        if not self._trainable:
            self._freeze()
        return variable

    def track(self, variable: Variable) -> None:
        """Count a variable among this layer's; one that is kept in an attribute is so anyway."""
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and value.path == value.name and "name" in vars(self):
            value.path = f"{self.name}/{name if value.name == 'Variable' else value.name}"
        object.__setattr__(self, name, value)

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The layer's output for ``inputs``; the first call builds it.

        Args:
            inputs: a tensor, or a tuple, list or dict of them. args, kwargs: what else ``call`` takes.
            training: whether to do what is done while training; as the layer in whose ``call`` this happens if left
                out, and not if there is none.
        """
        if "_frozen" not in vars(self):
            raise RuntimeError(f"the constructor of {type(self).__name__} must call super().__init__() first.")
        if inputs.__class__ is not Tensor and _is_structure(inputs) and _takes_one(type(self)):
            given = f"a {type(inputs).__name__} of {len(inputs)}"
            raise ShapeError(f"layer {self.name!r} ({type(self).__name__}) takes one tensor; got {given}.")
        if (args or inputs.__class__ is not Tensor) and next(symbols((inputs, args, kwargs)), None) is not None:
            self._build_for(inputs, args, kwargs)
            return called(self, (inputs, *args), kwargs if training is None else kwargs | {"training": training})
        mask = mask_of(inputs)
        inputs = self._taken(inputs)
        args = tuple(self._taken(one) if _is_structure(one) or hasattr(one, "shape") else one for one in args)
        if not self.built:
            self._build_for(inputs, args, kwargs)
        if Layer._adds and outermost():
            for layer, _ in self._deep():
                layer._added.clear()
        training = resolve(training, type(self))
        if takes_training(type(self)):
            kwargs["training"] = training
        if mask is not None and takes_mask(type(self)):
            mask = kwargs.setdefault("mask", mask)
        call: Any = self.call
        with training_mode(training), scope(self.name):
            try:
                outputs = call(inputs, *args, **kwargs)
            except TypeError:
                self._check_call(len(args), kwargs)
                raise
            if self.activity_regularizer is not None:
                self.add_loss([self._of_activity(one) for one in tree.flatten(outputs)[0]])
            if mask is not None or self.makes_masks:
                self._hand_on(inputs, mask, outputs)
        return outputs

    def _of_activity(self, output: Any) -> Any:
        """What the activity regularizer gives for an output, for each sample of the batch."""
        found = self.activity_regularizer(output)
        return found / max(output.shape[0], 1) if output.shape else found

    takes_structures = False
    """Whether polyflow's own ``call`` takes lists and dicts of tensors; a user's takes what it does."""

    supports_masking = False
    """Whether a mask of the steps of the input holds for the output too; a subclass's constructor may say so."""

    makes_masks = False
    """Whether the class has a ``compute_mask`` of its own."""

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output, from the input and its mask; None for none."""
        return mask

    def _hand_on(self, inputs: Any, mask: Any, outputs: Any) -> None:
        hand_on(self, inputs, mask, outputs)

    def _check_call(self, more: int, named: Iterable[str]) -> None:
        """Refuse a ``call`` that does not take an input and so many other arguments."""
        arguments = ("inputs", *(f"argument {place + 2}" for place in range(more)), *(f"{name}=" for name in named))
        check_methods(self, {"call": arguments})

    def _build_for(self, inputs: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Build the layer for a call; where ``build`` takes several shapes, those of the other arguments too."""
        others: list[Any] = []
        if not takes(self.build, 1):
            names = parameters(type(self).build)[2 + len(args) :]
            others = [*args, *(kwargs.get(name.removesuffix("_shape")) for name in names)]
        self.ensure_built(_shapes(inputs), *map(_shapes, others))

    def ensure_built(self, input_shape: Any, *others: Any) -> None:
        """Build the layer for inputs of this shape (or structure of shapes), unless built; batch sizes do not count.

        Args:
            input_shape: the input's. others: those of other arguments, where ``build`` takes several.
        """
        if not self.built:
            self.build(_without_batch(input_shape), *map(_without_batch, others))
            self._finish(input_shape)

    def _finish(self, input_shape: Any) -> None:
        """What comes after every ``build``."""
        self.input_shape = _without_batch(input_shape)
        self.built = True
        if not self._trainable:
            self._freeze()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.makes_masks = cls.compute_mask is not Layer.compute_mask
        if "build" in vars(cls):
            cls.build = _finished(cls.build)

    def _taken(self, inputs: Any) -> Any:
        """The inputs as tensors, in the layer's dtype."""
        return tree.map(self._cast, inputs) if _is_structure(inputs) else self._cast(inputs)

    def _place(self) -> Any:
        """The backend on which the layer computes."""
        variables = self._variables or self.variables
        return variables[0].backend if variables else selection.current()

    def _cast(self, value: Any) -> Any:
        if isinstance(value, Layer):
            raise TypeError(
                f"layer {self.name!r} was called on {value!r}, not on data. Put layers one after the other with "
                "Sequential([...]), or subclass Model and use them in call."
            )
        tensor = value.read() if isinstance(value, Operators) else asarray(value, backend=self._place())
        return tensor.astype(self.dtype) if tensor.dtype in dt.FLOATING and tensor.dtype is not self.dtype else tensor

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the output for inputs of this shape, asked of ``call`` itself; None stays None."""
        self._check_call(0, ())
        shapes = [tuple(probe if size is None else size for size in input_shape) for probe in (7, 11)]
        backend = self._place()
        graphs = [
            trace(functools.partial(probed, self, self.call), Spec(shape, self.input_dtype), backend=backend).graph
            for shape in shapes
        ]
        if not graphs[0].outputs:
            raise TypeError(f"call of layer {self.name!r} returned no tensor: is a `return` missing?")
        found = [graph.outputs[0].shape for graph in graphs]
        return tuple(a if a == b else None for a, b in zip(*found, strict=True))

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype in which inputs are expected."""
        return self.dtype

    @property
    def compute_dtype(self) -> str:
        """The name of the dtype that the layer computes in: that of its variables, for there is no mixed precision."""
        return self.dtype.name

    @property
    def variable_dtype(self) -> str:
        """The name of the dtype of the layer's variables."""
        return self.dtype.name

    # Symbolic tensors -----------------------------------------------------------------------------------------------

    input: Any = SymbolOf(lambda node: one_or_list(node.parents()))
    """The symbolic tensor that the layer was first called on; a list of several."""

    output: Any = SymbolOf(lambda node: node.outputs)
    """The symbolic tensor that this call gave, or the structure of several."""

    def held_already(self) -> bool:
        """Whether a Sequential was built with the layer: one that is shared keeps the first one's paths."""
        return self._within is not _nowhere

    def _call_on_symbols(self) -> None:
        """Be called on symbolic tensors, if it is known which."""
        holder = self._within()
        if holder is not None:
            holder._call_on_symbols()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_nodes": [], "_within": _nowhere, "_added": []}

    # Variables ------------------------------------------------------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """Whether the layer's variables are trained; assign to freeze or unfreeze."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if self._trainable:
            while self._frozen:
                self._frozen.pop().trainable = True
        else:
            self._freeze()
        for layer in self._inner():
            layer.trainable = value

    def _freeze(self) -> None:
        """Keep the layer's own variables from being trained, and remember which they were."""
        for variable in self._own():
            if variable.trainable:
                variable.trainable = False
                self._frozen.append(variable)

    def _own(self) -> list[Variable]:
        """The variables that the layer holds itself, random states included."""
        return states_of(held(self, STATES))

    def _inner(self) -> list[Layer]:
        """The layers that the layer holds itself."""
        return held(self, Layer)

    @property
    def variables(self) -> list[Variable]:
        """All variables, each once: the layer's own, in the order they were made, then those of layers inside."""
        found = {id(variable): variable for _, own in self._deep() for variable in own}
        return list(found.values())

    def _deep(self, look: Look | None = None) -> Iterator[tuple[Layer, list[Variable]]]:
        """The layer and those inside it at any depth, each with the variables that it holds itself."""
        return ((layer, states_of(found)) for layer, found in deep(self, Layer, STATES, look))

    @property
    def weights(self) -> list[Variable]:
        """The variables that a saved model holds: all but random states."""
        return [v for v in self.variables if v.name != "seed_state"]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer changes."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that no optimizer changes."""
        return [v for v in self.weights if not v.trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that an optimizer changes."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no optimizer changes, random states included."""
        return [v for v in self.variables if not v.trainable]

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` in the last call, and regularizers, here and in layers inside, add to a model's loss."""
        layers = [layer for layer, _ in self._deep()]
        pairs = [pair for layer in layers for pair in layer._regularized]
        found = [loss for layer in layers for loss in layer._added]
        return found + [regularizer(variable) for variable, regularizer in pairs if variable.trainable]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that this layer and those inside hold in attributes, each once."""
        found = {id(metric): metric for _, own in deep(self, Layer, Metric) for metric in own}
        return list(found.values())

    _adds = False
    """Whether any layer ever added a loss in a call, so that there may be some to forget."""

    def add_loss(self, loss: Any) -> None:
        """Add a scalar, or several in a list, to the model's loss, from within `call`; the next call forgets it."""
        for one in loss if isinstance(loss, (list, tuple)) else [loss]:
            if not isinstance(one, Operators) and not hasattr(one, "__float__"):
                raise TypeError(f"add_loss takes a number or a list of numbers; got {short(one)}.")
        Layer._adds = True
        self._added += loss if isinstance(loss, (list, tuple)) else [loss]

    def count_params(self) -> int:
        """The number of numbers in the weights.

        Raises:
            ValueError: for a layer that is not built, since they are not known yet.
        """
        if not self.built:
            raise ValueError(
                f"{self.name!r} is not built yet, so its weights are not known. Call it on data, or build(input_shape)."
            )
        return sum(v.size for v in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights, as NumPy arrays."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign the weights; all are checked before any is changed."""
        held = self.weights
        if not isinstance(weights, Iterable):
            raise TypeError(f"set_weights takes a list of arrays, as get_weights() gives it; got {weights!r}.")
        weights = list(weights)
        if len(weights) != len(held):
            raise ShapeError(
                f"{self.name!r} has {len(held)} weights ({', '.join(v.path for v in held) or 'not built'}); "
                f"set_weights got {len(weights)}."
            )
        for variable, value in zip(held, weights, strict=True):
            if tuple(np.shape(value)) != variable.shape:
                raise ShapeError(f"weight {variable.path!r} has shape {variable.shape}; got {tuple(np.shape(value))}.")
        fitting = [_fitting(variable, value) for variable, value in zip(held, weights, strict=True)]
        for variable, value in zip(held, fitting, strict=True):
            variable.assign(value)

    def to(self, backend: Any) -> Any:
        """Move all variables to another backend; returns the layer."""
        target = discovery.get(backend)
        for variable in self.variables:
            variable.move_to(target)
        return self

    # Configuration --------------------------------------------------------------------------------------------------

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that ``get_config`` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _fitting(variable: Variable, value: Any) -> Any:
    """A new value of a variable in its dtype; shapes are known to agree."""
    if isinstance(value, Operators):
        return value
    array = to_host(value)
    if array.dtype.kind == "c" and variable.dtype not in dt.COMPLEX:
        raise DTypeError(f"weight {variable.path!r} has dtype {variable.dtype.name}; got {array.dtype} numbers.")
    return array.astype(variable.dtype)


class InputLayer(Layer):
    """Says the shape of one sample; passes its input on."""

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if batch_size is None and options.get("batch_input_shape") is not None:
            batch_size = options["batch_input_shape"][0]
        check_integers(self, "[0, inf)", optional=True, batch_size=batch_size)
        if shape is not None:
            options["input_shape"] = sizes(shape)
        super().__init__(name=name, **options)
        self.sample_dtype = chosen(dtype or None)
        self.batch_size = batch_size
        self.built = True

    def _cast(self, value: Any) -> Any:
        return value.read() if isinstance(value, Operators) else asarray(value)

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of the samples."""
        return self.sample_dtype

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def _call_on_symbols(self) -> None:
        shape = (self.batch_size, *(self.declared_shape or ()))
        Node(self, (), {}).gives([Spec(shape, self.sample_dtype)])  # type: ignore[arg-type]

    def get_config(self) -> dict[str, Any]:
        config = {"shape": list(self.declared_shape or ()), "dtype": self.sample_dtype.name, "name": self.name}
        return config if self.batch_size is None else config | {"batch_size": self.batch_size}


def Input(
    shape: Sequence[int | None] = (),
    batch_size: int | None = None,
    dtype: Any = None,
    *,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> SymbolicTensor:
    """A place for data: what layers are called on to make a Model, or the first entry of a Sequential.

    Args:
        shape: the shape of one sample. batch_size: the size of the batch, where it is known.
        dtype: the dtype of the data. name: the name by which a dict of data refers to it.
        batch_shape: the shape with the batch, in place of both.
    """
    if batch_shape is not None:
        batch_size, *shape = batch_shape  # type: ignore[assignment]
    return InputLayer(shape, batch_size, dtype, name=name).output
