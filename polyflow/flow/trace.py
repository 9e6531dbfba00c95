"""Tracing: a Python function becomes a Graph.

The function runs once on symbols. Variables it reads become inputs, those it assigns become outputs, tensors it
captures become inputs; so the graph is a pure function, whatever the Python code did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes as dt
from .. import tree
from ..backend import discovery
from ..backend.nodes import point_out
from ..errors import MixedBackendsError, PolyflowError, TraceError
from ..ops import elementwise, looked
from ..ops.call import interpreter
from ..ops.rules import Spec
from ..tensor import Operators, Symbolic, Tensor, assign_to_origin
from ..tensor_shape import TensorShape
from ..variable import Variable, assign_all
from . import eager, notes, refusals
from .compiled import tell
from .graph import Graph, Node, Value
from .interpreter import Interpreter, inside
from .known import begun, known
from .passes import simplified

if TYPE_CHECKING:
    from ..ops.declare import Op


class Symbol(Symbolic):
    """A tensor of a traced function: it has a shape and a dtype, and no values yet."""

    __slots__ = ("__weakref__", "backend", "fixed", "mask", "node", "origin", "tracer", "value")

    assign = property(assign_to_origin)
    """As `Tensor.assign`."""

    def __init__(self, value: Value, backend: Any, tracer: Tracer, node: Node | None = None) -> None:
        self.value, self.backend, self.tracer, self.node = value, backend, tracer, node

    @property
    def shape(self) -> TensorShape:
        """The size of each axis."""
        return TensorShape(self.value.shape)

    @property
    def dtype(self) -> np.dtype:
        """The elements' dtype."""
        return self.value.dtype

    @property
    def device(self) -> str:
        """The device it will lie on."""
        return self.backend.device

    def copy(self) -> Any:
        """A symbol of the same value; assigning to one does not change the other."""
        return elementwise.identity(self)

    def numpy(self) -> np.ndarray:
        return self._known("values")

    def _one(self, what: str) -> Any:
        if self.size != 1:
            return super()._one(what)
        return self._known(what).item()

    def _known(self, what: str) -> np.ndarray:
        """The value, where it follows from shapes and numbers alone."""
        if not encloses(interpreter.get(), self.tracer) or (value := known(self)) is None:
            raise self._refused(what)
        return value

    def begun(self) -> Tensor | None:
        """What it is in the call that traces it, where it depends on no argument."""
        return begun(self)

    def _refused(self, what: str) -> TraceError:
        if encloses(interpreter.get(), self.tracer):
            return refusals.asked(self.shape, self.dtype, what)
        return self.kept()

    def kept(self) -> TraceError:
        """What is said of it where its tracer is not at work."""
        return refusals.kept(self.shape, self.dtype, None if self.node is None else self.node.line)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._known("values").astype(dtype or self.dtype)

    def __dlpack__(self, **options: Any) -> Any:
        raise self._refused("values")

    def __dlpack_device__(self) -> tuple[int, int]:
        raise self._refused("values")

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copies and pickles would be of a value."""
        raise self._refused("values")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return refusals.numpy_operator(self, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return function(np.broadcast_to(np.int8(0), self.shape))
        raise refusals.numpy_called(self.shape, self.dtype, function.__name__)

    def to(self, target: Any) -> Any:
        if self.backend is discovery.get(target):
            return self
        raise TraceError(
            "a traced tensor cannot move to another backend: a graph runs on one. Move it outside the function."
        )

    def __repr__(self) -> str:
        return f"<traced tensor: shape={self.shape}, dtype={self.dtype.name}, backend={self.backend.name}>"

    __str__ = __repr__


class Tracer(Interpreter):
    """Writes each op into a graph instead of running it."""

    backend: Any = None

    outer: Any = None
    """The interpreter that the op goes to whose graph it traces, if it traces a part of a graph."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.graph = Graph()
        self.captured: dict[int, tuple[Tensor, Symbol]] = {}
        self.variables: dict[int, tuple[Variable, Symbol]] = {}
        self.assigned: dict[int, tuple[Variable, Any]] = {}
        self.new: list[tuple[Variable, notes.Line | None]] = []
        self.drawn: dict[int, tuple[Variable, Tensor]] = {}
        self.tapes_differ = False

    def input(self, shape: tuple[int, ...], dtype: np.dtype, name: str = "") -> Symbol:
        """A new input of the graph."""
        value = Value(shape, dtype, name)
        self.graph.inputs.append(value)
        symbol = Symbol(value, self.backend, self)
        symbol.fixed = True
        return symbol

    def run(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        inputs = self._inputs(args)
        try:
            result: Spec = op.infer(tuple([Spec(value.shape, value.dtype) for value in inputs]), attrs)
        except PolyflowError as error:
            notes.asked(error, op)
            raise
        scope, phase, line = notes.current()
        output = Value(result.shape, result.dtype)
        node = Node(op, inputs, dict(attrs), output, scope, phase, line or notes.user_line())
        self.graph.nodes.append(node)
        return Symbol(output, self.backend, self, node)

    def _inputs(self, args: tuple[Any, ...]) -> tuple[Value, ...]:
        """The values behind prepared arguments; a Python scalar has its floating neighbour's dtype."""
        if len(args) == 1 and isinstance(args[0], Operators):
            return (self.lift(args[0]).value,)
        values = [self.lift(arg).value if isinstance(arg, Operators) else None for arg in args]
        if None in values:
            beside = eager.beside(values)
            return tuple(
                [
                    Value((), beside or dt.default(arg), scalar=arg) if value is None else value
                    for value, arg in zip(values, args, strict=True)
                ]
            )
        return tuple(values)  # type: ignore[arg-type]

    def create(self, op: Op, attrs: dict[str, Any], backend: Any) -> Any:
        if backend is not self.backend:
            raise MixedBackendsError(
                f"{op.name} was asked to make a tensor on {backend.name!r} "
                f"inside a function traced for {self.backend.name!r}."
            )
        return self.run(op, (), attrs)

    def customized(self, args: tuple[Any, ...], values: list[Any], pullback: Callable[..., Any]) -> list[Any]:
        self.differs()
        return super().customized(args, values, pullback)

    def lift(self, value: Any) -> Symbol:
        """A symbol for a value: its own, a variable's, or a new input for a tensor captured from outside."""
        if value.__class__ is Symbol and value.tracer is self:
            return value
        if isinstance(value, Variable):
            value = self.read(value)
        if isinstance(value, Symbol):
            if value.tracer is not self:
                raise value.kept()
            return value
        if value.backend is not self.backend:
            raise MixedBackendsError(
                f"a function traced for backend {self.backend.name!r} uses a tensor of {value.backend.name!r}. "
                f"Move it first: x.to({self.backend.name!r})."
            )
        if id(value) not in self.captured:
            self.captured[id(value)] = (value, self.input(value.shape, value.dtype, "captured"))
        return self.captured[id(value)][1]

    def made(self, variable: Variable) -> None:
        self.new.append((variable, notes.user_line()))
        if self.outer is not None:
            self.outer.made(variable)

    def differs(self) -> None:
        """Take note that a tape would record something else than the graph says, for the functions around it too."""
        self.tapes_differ = True
        around = tracer_of(self.outer)
        if around is not None:
            around.differs()

    def read(self, variable: Variable) -> Any:
        if id(variable) in self.assigned and variable.trainable:
            self.differs()
        return self.held(variable)

    def held(self, variable: Variable) -> Any:
        """The symbol of what a variable holds by now, for those who hand it on."""
        if id(variable) in self.assigned:
            return self.assigned[id(variable)][1]
        if id(variable) not in self.variables:
            if variable.backend is not self.backend:
                raise elsewhere(variable, self.backend)
            symbol = self.input(variable.shape, variable.dtype, variable.path)
            symbol.value.kind = "parameter" if variable.trainable else "state"
            self.variables[id(variable)] = (variable, symbol)
        return self.variables[id(variable)][1]

    def assign(self, variable: Variable, value: Any) -> None:
        self.held(variable)
        self.assigned[id(variable)] = (variable, self.lift(value))


def elsewhere(variable: Variable, backend: Any) -> MixedBackendsError:
    """The error for a variable that does not lie on the backend of a traced function that reads or assigns it."""
    held = variable.backend
    return MixedBackendsError(
        f"a function traced for backend {backend.name!r} ({backend.device}) uses the variable {variable.path!r} of "
        f"{held.name!r} ({held.device}). Give it tensors of that backend, or none under use_backend({held.name!r}); or "
        f"move the variable with move_to({backend.name!r})."
    )


def tracer_of(top: Interpreter | None) -> Tracer | None:
    """The tracer that ops get to from an interpreter, if there is one."""
    while top is not None and not isinstance(top, Tracer):
        top = top.below
    return top


def encloses(top: Interpreter | None, tracer: Tracer) -> bool:
    """Whether a tracer is at work under an interpreter: the innermost one there, or one around it."""
    inner = tracer_of(top)
    while inner is not None and inner is not tracer:
        inner = tracer_of(inner.outer)
    return inner is tracer


class Traced:
    """What tracing a function gave.

    Attributes:
        graph: inputs are the function's arguments, then the variables it read, then the tensors it captured; outputs
            are its results, then the new values of the variables it assigned.
        reads: the variables behind the inputs, in order. writes: those behind the outputs. captured: the tensors.
        structure: the structure of the function's result.
        new: the variables that it made, each with the line where it did.
        drawn: the states of generators that these began with numbers of, and what they are afterwards.
        tapes_differ: whether a tape would record something else than the graph says: where the function has a gradient
            of its own, or reads a trainable variable that it has assigned.
    """

    def __init__(self, tracer: Tracer, arguments: Sequence[Symbol], result: Any) -> None:
        leaves, self.structure = tree.flatten(result)
        results = [
            tracer.lift(leaf if isinstance(leaf, Operators) else eager.tensor(leaf, backend=tracer.backend))
            for leaf in leaves
        ]
        self.results = len(results)
        self.reads = [variable for variable, _ in tracer.variables.values()]
        self.writes = [variable for variable, _ in tracer.assigned.values()]
        self.captured = [value for value, _ in tracer.captured.values()]
        graph = tracer.graph
        graph.inputs = [
            *(symbol.value for symbol in arguments),
            *(symbol.value for _, symbol in tracer.variables.values()),
            *(symbol.value for _, symbol in tracer.captured.values()),
        ]
        graph.outputs = [
            *(symbol.value for symbol in results),
            *(symbol.value for _, symbol in tracer.assigned.values()),
        ]
        self.graph = graph.pruned()
        for variable, value in zip(self.writes, self.graph.outputs[self.results :], strict=True):
            if not value.name and value.scalar is None:
                value.name = f"{variable.path}'"
        self.backend = tracer.backend
        self.new, self.drawn = tracer.new, list(tracer.drawn.values())
        self.tapes_differ = tracer.tapes_differ

    def check_places(self) -> None:
        """Raise MixedBackendsError where a variable has moved to another backend since."""
        for variable in self.reads:
            if variable.backend is not self.backend:
                raise elsewhere(variable, self.backend)


def trace(function: Callable[..., Any], *specs: Spec, backend: Any, names: Sequence[str] = ()) -> Traced:
    """Run ``function`` once on symbols of these shapes and dtypes and return its graph with what it read and wrote.

    Args:
        function: what to trace.
        specs: a shape and dtype for each of its arguments.
        backend: where the graph is to run.
        names: what the graph calls its arguments; as the function does if left out.

    Raises:
        TraceError: where the function asks for a value, as ``if x > 0`` or ``float(x)`` do.
    """
    tracer = Tracer(backend)
    names = names or parameters(function)
    arguments = [
        tracer.input(spec.shape, spec.dtype, names[i] if i < len(names) else f"argument_{i}")
        for i, spec in enumerate(specs)
    ]
    with inside(tracer):
        result = function(*arguments)
    return Traced(tracer, arguments, result)


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's positional parameters, where it is written in Python."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__  # type: ignore[attr-defined]
    plain = getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    return () if code is None else code.co_varnames[plain is not function : code.co_argcount]


def compiled(graph: Graph, backend: Any) -> Callable[..., tuple[Any, ...]]:
    """The program of a graph after all passes."""
    made = backend.compile(simplified(graph, weak_scalars=backend.weak_scalars))
    return looked.function(made, "compile", backend, "a function from arrays to a tuple of arrays")


class Compiled:
    """A traced function made ready to run on its backend; calling it reads and assigns the variables.

    Args:
        traced: the function.
        name: what it is called, for those who look on.
    """

    def __init__(self, traced: Traced, name: str = "") -> None:
        self.traced = traced
        tell(name, traced)
        self.callee: Any = None  # what tapes see called
        self.program = compiled(traced.graph, traced.backend)
        self.ran = False

    def __call__(self, *arrays: Any) -> Any:
        """Run on the backend's arrays; returns the result's structure with arrays for leaves."""
        return tree.unflatten(self.traced.structure, self._run(arrays))

    def tensors(self, arrays: Sequence[Any]) -> Any:
        """Run on the backend's arrays; returns the result's structure with tensors for leaves."""
        traced = self.traced
        return tree.unflatten(traced.structure, [Tensor(array, traced.backend) for array in self._run(arrays)])

    def _run(self, arrays: Sequence[Any]) -> list[Any]:
        traced = self.traced
        backend = traced.backend
        held = [variable._value for variable in traced.reads]
        state = [value.array for value in held if value.backend is backend]
        if len(state) < len(held):
            traced.check_places()
        captured = [value.array for value in traced.captured]
        try:
            outputs = self.program(*arrays, *state, *captured)
        except Exception as error:
            point_out(error, traced.graph, traced.backend, (*arrays, *state, *captured))
            raise
        if not self.ran:
            looked.outputs(outputs, len(traced.graph.outputs), traced.backend)
            self.ran = True
        if traced.writes:
            assign_all(traced.writes, [Tensor(array, traced.backend) for array in outputs[traced.results :]])
        return list(outputs[: traced.results])
