"""Faults of gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.backend import Capabilities
from polyflow.flow import tape
from polyflow.ops import elementwise
from polyflow.ops.declare import OPS
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, patched

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


def gradient_mutant(fault: str, op: str, *rules: Any) -> None:
    """A mutant whose op has another gradient row."""
    MUTANTS.append(Mutant(fault, op, NumPyBackend, patched(OPS[op], "rules", rules)))


gradient_mutant("a gradient off by a factor of two", "square", lambda g, y, x: g * x)
gradient_mutant("the derivative of tanh with 1 - y", "tanh", lambda g, y, x: g * (1.0 - y))
gradient_mutant(
    "the gradient 1 of relu at 0", "relu", lambda g, y, x: elementwise.where(elementwise.greater_equal(x, 0), g, 0)
)
gradient_mutant(
    "all of the gradient to the first of equal elements",
    "maximum",
    lambda g, y, a, b: g * elementwise.astype(elementwise.greater_equal(a, b), g.dtype),
    lambda g, y, a, b: g * elementwise.astype(elementwise.greater(b, a), g.dtype),
)
gradient_mutant(
    "a gradient without its second derivative", "sin", lambda g, y, x: elementwise.stop_gradient(g * elementwise.cos(x))
)
gradient_mutant(
    "NaN leaked from the branch not taken",
    "where",
    None,
    lambda g, y, c, a, b: g * elementwise.astype(c, g.dtype) + 0 * a,
    lambda g, y, c, a, b: g - g * elementwise.astype(c, g.dtype),
)
gradient_mutant("the gradient of the second factor forgotten", "multiply", lambda g, y, a, b: g * b, None)
gradient_mutant("no conjugate in a complex gradient", "exp", lambda g, y, x: g * y)


def _no_sum(cotangent: Any, target: Any) -> Any:
    return cotangent


MUTANTS.append(
    Mutant("a gradient missing its broadcast sum", "add", NumPyBackend, patched(tape, "unbroadcast", _no_sum))
)


MUTANTS.append(
    Mutant(
        "NaN leaked from a branch that uses a value twice",
        "where",
        NumPyBackend,
        patched(tape, "either", lambda first, second: None),
    )
)


class _OwnGradients(NumPyBackend):
    """NumPy with gradients of its own, by polyflow's rules on the graph; ``factor`` is the fault."""

    capabilities = Capabilities(native_gradient=True)
    factor = 1.0

    def native_vjp(self, graph):
        def vjp(arrays, cotangents):
            from polyflow.tensor import Tensor

            tensors = {value: Tensor(array, self) for value, array in zip(graph.inputs, arrays, strict=True)}
            found = tape.Tape(None, watch_variables=False)
            inputs = [found.fresh(tensors[value]) for value in graph.inputs]
            known = dict(zip(graph.inputs, inputs, strict=True))
            for node in graph.nodes:
                args = tuple(known[v] if v.scalar is None else v.scalar for v in node.inputs)
                known[node.output] = found.run(node.op, args, node.attrs)
            seeds = [(known[out], Tensor(c, self)) for out, c in zip(graph.outputs, cotangents, strict=True)]
            gradients = found.cotangents(seeds)
            return tuple(
                gradients[id(one)].array * self.factor if id(one) in gradients else np.zeros(one.shape, one.dtype)
                for one in inputs
            )

        return vjp


@mutant("the library's own gradient off by one in a thousand", "matmul")
class _(_OwnGradients):
    factor = 1.001


@mutant("gradients claimed and absent", "backend")
class _(NumPyBackend):
    capabilities = Capabilities(native_gradient=True)


def owning(fault: str, op: str, changed: Any) -> None:
    """A mutant whose own gradients go through ``changed(graph, arrays, gradients)``."""

    def native_vjp(self: Any, graph: Any) -> Any:
        vjp = _OwnGradients.native_vjp(self, graph)
        return lambda arrays, cotangents: changed(graph, arrays, vjp(arrays, cotangents))

    MUTANTS.append(Mutant(fault, op, type("Mutant", (_OwnGradients,), {"native_vjp": native_vjp})))


def _unsummed(graph: Any, arrays: Any, found: Any) -> Any:
    apart = len({array.shape for array in arrays}) > 1
    return tuple(one / 2 if apart else one for one in found)


owning("the library's own gradient without a broadcast sum", "subtract", _unsummed)
owning(
    "the library's own gradient of the second argument negated", "divide", lambda g, a, y: (y[0], *(-x for x in y[1:]))
)
owning("the library's own complex gradient without its conjugate", "exp", lambda g, a, y: tuple(np.conj(x) for x in y))
owning(
    "the library's own gradient of float32 in half precision",
    "tanh",
    lambda g, a, y: tuple(x.astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else x for x in y),
)


@mutant("the library's own gradient of the arguments it was first called with", "tanh")
class _(_OwnGradients):
    def native_vjp(self, graph):
        vjp, first = super().native_vjp(graph), []
        return lambda arrays, cotangents: vjp((first or [first.append(arrays) or arrays])[0], cotangents)
