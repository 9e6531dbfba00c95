"""Step: what a model does with one batch, as one compiled program for each signature of batches.

The function given is pure but for variables: tracing turns the variables it reads and assigns (weights, optimizer
state, metrics, random states) into inputs and outputs of a graph, which the backend compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import TraceError
from ..flow import notes
from ..flow.trace import Compiled, Traced, trace
from ..ops.rules import Spec
from ..tensor import Tensor
from ..variable import Variable, all_or_nothing
from .inventory import Inventory


class Steps(dict[str, "Step"]):
    """The steps of a model by kind ("train", "test", "predict"), forgotten when what they were made for changes."""

    made_for: Any = None
    _inventory: Inventory | None = None

    def inventory(self, model: Any) -> Inventory:
        """What the model holds now."""
        if self._inventory is None or not self._inventory.holds():
            self._inventory = Inventory(model)
        return self._inventory

    def of(self, kind: str, made_for: Any) -> Step | None:
        """The step of a kind, if there is one made for the same."""
        if self.made_for != made_for:
            self.clear()
            self.made_for = made_for
        return self.get(kind)


class Step:
    """A function of a batch, compiled on ``backend`` when a batch of new shapes or dtypes comes.

    Attributes:
        passes: what `polyflow.models.resident` made of the step, by what it was made for.

    Args:
        function: takes the batch's structure of tensors; returns a structure of tensors, or None.
        backend: where it runs.
        eagerly: whether to run it op by op instead, for debugging.
        variables: gives the variables that such a step changes as a whole.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        backend: Any,
        eagerly: bool = False,
        variables: Callable[[], list[Variable]] = list,
    ) -> None:
        self.function, self.backend, self.eagerly, self.variables = function, backend, eagerly, variables
        self.direct = backend.capabilities.host_arguments
        self.programs: dict[Any, Compiled] = {}
        self.passes: dict[Any, Any] = {}

    def __call__(self, batch: Any) -> Any:
        """Run on a structure of NumPy arrays; returns the result's structure with the backend's arrays."""
        leaves, structure = tree.flatten(batch)
        backend = self.backend
        if self.eagerly:
            tensors = [Tensor(backend.asarray(leaf), backend) for leaf in leaves]
            with all_or_nothing(self.variables()):
                result = self.function(*tree.unflatten(structure, tensors))
            return None if result is None else tree.map(lambda t: t.array, result)
        key = _key(leaves, structure)
        program = self.programs.get(key)
        if program is None:
            program = self.programs[key] = Compiled(self.traced(leaves, structure), self.name)
        return program(*(leaves if self.direct else [backend.adopt(leaf) for leaf in leaves]))

    def key(self, batch: Any) -> Any:
        """What a program is made for: the structure of a batch, and the shapes and dtypes of its arrays."""
        return _key(*tree.flatten(batch))

    def alike(self, one: Any, other: Any) -> bool:
        """Whether two batches are for the same program."""
        return self.key(one) == self.key(other)

    def knows(self, batch: Any) -> bool:
        """Whether there is a program for such a batch, a structure of NumPy arrays."""
        return self.key(batch) in self.programs

    def refusal(self, batch: Any) -> Exception | None:
        """What is wrong with the shapes and dtypes of a batch; None where that shows only when the step runs.

        An error of the user's own code may come from what the model is now, before it is trained.
        """
        try:
            self.traced(*tree.flatten(batch))
        except TraceError:  # it needs values
            return None
        except Exception as error:
            return None if notes.is_users(notes.origin(error)) else error
        return None

    @property
    def name(self) -> str:
        """What the step is called: its model's name and its function's."""
        owner = getattr(getattr(self.function, "__self__", None), "name", "")
        return f"{owner}.{getattr(self.function, '__name__', 'step')}".lstrip(".")

    def traced(self, leaves: list[Any], structure: Any) -> Traced:
        """The step's graph for batches of this structure, with leaves like these arrays."""

        def flat(*symbols: Any) -> Any:
            return self.function(*tree.unflatten(structure, list(symbols)))

        specs = [Spec(leaf.shape, leaf.dtype) for leaf in leaves]
        return trace(flat, *specs, backend=self.backend, names=_names(tree.unflatten(structure, leaves)))


def _key(leaves: list[Any], structure: Any) -> Any:
    return structure, *[(leaf.shape, leaf.dtype) for leaf in leaves]


def _names(batch: Any) -> list[str]:
    """What a graph calls the arrays of a batch, (x, y, sample_weight) in part or whole."""
    parts = batch if isinstance(batch, tuple) else (batch,)
    found = []
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
        count = len(tree.flatten(part)[0])
        found += [name] if count == 1 else [f"{name}.{i}" for i in range(count)]
    return found
