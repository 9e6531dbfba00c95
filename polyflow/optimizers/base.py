"""Optimizer: what happens to variables when their gradients are known, in ops and variables alone.

One step, in Keras's order (optimizers/base_optimizer.py): gradients are averaged over accumulated steps, clipped,
weights decay, each variable is updated, its moving average follows, and the step counter moves on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import ANY, check_integers, check_name, check_numbers, check_ranges
from ..callables import check_function, check_methods
from ..constructed import Constructed
from ..convert import short
from ..errors import ShapeError, UnknownNameError, unknown_name
from ..flow import notes
from ..flow.notes import UPDATE, scope
from ..naming import snake_case
from ..ops.elementwise import astype, equal, floor_divide, not_equal, remainder, where
from ..state import state_variable
from ..tensor import Operators, tensor
from ..variable import Variable, all_or_nothing
from . import schedules
from .clipping import clip_by_global_norm, clip_by_norm, clip_by_value

OPTIONS = (
    *("learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum"),
    *("ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps", "name"),
)


class Optimizer(Constructed):
    """The base of all optimizers. A subclass names its `slots` and says how one variable changes in `update_step`.

    Args:
        learning_rate: a number, a schedule, or a function of no arguments that returns a number.
        weight_decay: the share of each weight (times the learning rate) that is taken off before each update.
        clipnorm: the largest Euclidean norm of each gradient; a longer one is scaled down.
        clipvalue: the largest magnitude of each element of a gradient.
        global_clipnorm: the largest norm of all gradients together.
        use_ema: whether to keep a moving average of the weights.
        ema_momentum: the share of the old average in the new one.
        ema_overwrite_frequency: after so many steps weights are replaced by their average; None: only at the end.
        loss_scale_factor: what the loss was multiplied by (`scale_loss`); gradients are divided by it.
        gradient_accumulation_steps: update once in so many steps, with the mean of their gradients.
        name: the optimizer's name; the class's in snake case if left out.

    Raises:
        ValueError: for options out of range, and for more than one kind of clipping.
        UnknownNameError: for an argument that the optimizer does not have.
    """

    _made = "built"

    hyperparameters: tuple[str, ...] = ()
    """The names of a subclass's own constructor arguments, which are attributes of the same names."""

    ranges: Mapping[str, str] = {}
    """What numbers those among them that are numbers may be (`polyflow.arguments`)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        self._refuse(unknown)
        check_name(self, name)
        self.name = name or snake_case(type(self).__name__)
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.use_ema, self.ema_momentum = global_clipnorm, use_ema, ema_momentum
        self.ema_overwrite_frequency, self.loss_scale_factor = ema_overwrite_frequency, loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check_options()
        self.built = False
        self._variables: list[Variable] = []
        self._trainable: list[Variable] = []
        self.references: list[tuple[Variable, Variable]] = []
        self._places: dict[int, int] = {}
        self._slots: list[SimpleNamespace] = []
        self._averages: list[Variable] = []
        self._sums: list[Variable] = []
        self._undecayed: tuple[Sequence[Variable], str | None] = ((), None)
        self._iterations = self.add_variable(dtype=dt.int64, name="iteration")
        self._learning_rate: Any = _checked_rate(learning_rate)
        if not callable(learning_rate):
            self._learning_rate = self.add_variable((), _rate(learning_rate), name="learning_rate")

    # What a subclass says ---------------------------------------------------------------------------------------------

    def slots(self) -> Mapping[str, float]:
        """The variables kept for each trained variable, of its shape and dtype: their names and first values."""
        return {}

    def slots_for(self, variable: Variable) -> SimpleNamespace:
        """The slots of one variable, made; a subclass whose slots are not of its variables' shapes makes its own."""
        made = {name: self.add_variable_from_reference(variable, name, first) for name, first in self.slots().items()}
        return SimpleNamespace(**made)

    def decay_of(self, variable: Variable) -> float | None:
        """The weight decay of one variable."""
        return self.weight_decay

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable.

        Args:
            gradient: its gradient, clipped, in the variable's dtype.
            variable: the variable; ``self.slots_of(variable)`` are its slots.
            learning_rate: what `step_size` returned.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say how a variable changes: define update_step(...)."
        )

    def step_size(self, learning_rate: Any, t: Any) -> Any:
        """What every variable's update has in common, from the learning rate and the number of this step (1, 2 …)."""
        return learning_rate

    def before_updates(self, t: Any) -> None:
        """Change state that belongs to no variable in particular, once a step."""

    # Use --------------------------------------------------------------------------------------------------------------

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state for these variables, on their backend; done by the first `apply` if not before."""
        if self.built:
            return
        self._trainable = _listed("build", "variables", variables, Variable)
        if self._trainable:
            self.to(self._trainable[0].backend)
        if self.use_ema:
            self._averages = [self.add_variable_from_reference(v, "average") for v in self._trainable]
        for variable in self._trainable:
            if self.gradient_accumulation_steps:
                self._sums.append(self.add_variable_from_reference(variable, "gradient_accumulator"))
            self._slots.append(self.slots_for(variable))
        self._places = {id(variable): place for place, variable in enumerate(self._trainable)}
        self.built = True

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Do one step; an exception or Ctrl-C in its middle leaves everything as it was before.

        Args:
            grads: a gradient for each variable (None where there is none).
            trainable_variables: the variables; those it was built with if left out.

        Raises:
            ValueError: when there is no gradient at all, or a variable it was not built with.
            ShapeError: for a gradient of another shape than its variable's.
        """
        pairs = self._pairs(_listed("apply", "gradients", grads), trainable_variables)
        if not pairs:
            return
        gradients, variables = [g for g, _ in pairs], [v for _, v in pairs]
        if self.loss_scale_factor is not None:
            gradients = [g / self.loss_scale_factor for g in gradients]
        with all_or_nothing([*self._trainable, *self._variables]), scope(self.name, UPDATE):
            if self.gradient_accumulation_steps:
                self._accumulate(gradients, variables, self.gradient_accumulation_steps)
            else:
                self._update(gradients, variables)
            for variable in variables:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable.value))
            if self.use_ema:
                self._follow()
            self._iterations.assign_add(1)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """As `apply`, from pairs of gradient and variable; returns the step counter."""
        pairs = list(grads_and_vars) if isinstance(grads_and_vars, Iterable) else [grads_and_vars]
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[1], Variable):
                raise TypeError(
                    "apply_gradients takes pairs of a gradient and its variable, as zip(gradients, variables) gives "
                    f"them; one of these is a {type(pair).__name__}."
                )
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times ``loss_scale_factor``, of which gradients should be taken."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def finalize_variable_values(self, variables: Iterable[Variable] | None = None) -> None:
        """At the end of training: with ``use_ema`` the variables take their averages' values."""
        for variable, average in zip(self._trainable, self._averages, strict=False):
            variable.assign(average.value)

    # Settings and state -----------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next step: the variable, or what the schedule says. Assign a number to change it."""
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return rate(self._iterations)
        return rate() if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value):
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = _checked_rate(value)
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(_rate(value))
        else:
            raise TypeError(
                f"the learning rate of {self.name!r} follows {self._learning_rate!r}, so a number cannot be assigned. "
                "Make the optimizer with a number to be able to change it."
            )

    @property
    def iterations(self) -> Any:
        """How many updates were done."""
        steps = self.gradient_accumulation_steps
        return floor_divide(self._iterations, steps) if steps else self._iterations

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a variable among those that it was built with, by the name that subclasses call in Keras."""
        return self._places[id(variable)]

    @property
    def trained(self) -> list[Variable]:
        """The variables that it was built with."""
        return list(self._trainable)

    @property
    def variables(self) -> list[Variable]:
        """All state: the step counter, the learning rate, averages, and the slots of each variable."""
        return list(self._variables)

    def slots_of(self, variable: Variable) -> SimpleNamespace:
        """The slots of a variable, as attributes of their names."""
        return self._slots[self._places[id(variable)]]

    def add_variable(
        self,
        shape: Any = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str = "variable",
        backend: Any = None,
    ) -> Variable:
        """Make a variable of the optimizer's own."""
        taken = {variable.path for variable in self._variables}
        path, count = f"{self.name}/{name}", 0
        while path in taken:
            count += 1
            path = f"{self.name}/{name}_{count}"
        variable = state_variable(shape, initializer, dtype, name.split("/")[-1], path=path, backend=backend)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str = "variable", initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the shape, dtype and backend of another."""
        like = reference_variable
        made = self.add_variable(like.shape, initializer, like.dtype, f"{like.path}/{name}", like.backend)
        self.references.append((made, like))
        return made

    def to(self, backend: Any) -> Optimizer:
        """Move the state to another backend; returns the optimizer."""
        for variable in self._variables:
            variable.move_to(backend)
        return self

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Keep the weights of some variables from decaying: these, and those whose path matches one of the patterns."""
        self._undecayed = tuple(var_list or ()), "|".join(var_names) if var_names else None

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign all `variables`, in their order, from values of the same shapes."""
        weights = _listed("set_weights", "values", weights)
        if len(weights) != len(self._variables):
            raise ValueError(
                f"{self.name!r} has {len(self._variables)} variables; set_weights got {len(weights)} values."
            )
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain data."""
        rate = self._learning_rate
        config: dict[str, Any] = {"name": self.name}
        config["learning_rate"] = float(rate) if isinstance(rate, Variable) else schedules.serialize(rate)
        config |= {option: getattr(self, option) for option in OPTIONS if option not in config}
        return config | {name: getattr(self, name) for name in self.hyperparameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The optimizer that ``get_config`` described, without its state."""
        rate = config.get("learning_rate")
        return cls(**(config | {"learning_rate": schedules.get(rate)} if isinstance(rate, (dict, str)) else config))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy belongs to the copies of its variables, whose identities are their own."""
        self.__dict__.update(state)
        self._places = {id(variable): place for place, variable in enumerate(self._trainable)}

    # The step ---------------------------------------------------------------------------------------------------------

    def _update(self, gradients: list[Any], variables: list[Variable]) -> None:
        gradients = self._clip_gradients(gradients)
        learning_rate = self.learning_rate
        shared = {dtype: self._shared(learning_rate, dtype) for dtype in {v.dtype for v in variables}}
        for variable in variables:
            decay = self.decay_of(variable)
            if decay is not None and self._decays(variable):
                variable.assign(variable - variable * decay * shared[variable.dtype][0])
        self.before_updates(self.step(dt.DEFAULT_FLOAT))
        for gradient, variable in zip(gradients, variables, strict=True):
            with scope(variable.path):
                self.update_step(gradient.astype(variable.dtype, copy=False), variable, shared[variable.dtype][1])

    def _decays(self, variable: Variable) -> bool:
        variables, pattern = self._undecayed
        named = pattern is not None and re.search(pattern, variable.path) is not None
        return not named and not any(variable is one for one in variables)

    def step(self, dtype: Any) -> Any:
        """The number of this step (1, 2 …), as a 0-d tensor of a floating dtype."""
        return astype(self.iterations + 1, dt.as_dtype(dtype))

    def _shared(self, learning_rate: Any, dtype: np.dtype) -> tuple[Any, Any]:
        """The learning rate and the step size in a variable's dtype."""
        known = not isinstance(learning_rate, Operators)
        rate = _rate(learning_rate) if known else learning_rate.astype(dtype, copy=False)
        return rate, self.step_size(rate, self.step(dtype))

    def _clip_gradients(self, gradients: list[Any]) -> list[Any]:
        if self.clipnorm is not None:
            return [clip_by_norm(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm is not None:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        if self.clipvalue is not None:
            return [clip_by_value(g, self.clipvalue) for g in gradients]
        return gradients

    def _accumulate(self, gradients: list[Any], variables: list[Variable], steps: int) -> None:
        """Update with the mean gradient, and keep what was there before unless this is the last of ``steps``."""
        last = equal(remainder(self._iterations + 1, steps), 0)
        sums = [self._sums[self._places[id(v)]] for v in variables]
        totals = [total + g for total, g in zip(sums, gradients, strict=True)]
        before = [(v, v.value) for v in (*variables, *self._variables)]
        self._update([total / float(steps) for total in totals], variables)
        for variable, old in before:
            new = variable.value
            if new is not old:
                variable.assign(where(last, new, old))
        for held, total in zip(sums, totals, strict=True):
            held.assign(where(last, 0, total))

    def _follow(self) -> None:
        """Move the averages towards the variables, and at times the variables onto the averages."""
        frequency = self.ema_overwrite_frequency
        onto = equal(remainder(self.iterations + 1, frequency), 0) if frequency else None
        for variable, average in zip(self._trainable, self._averages, strict=True):
            momentum = astype(not_equal(self.iterations, 0), variable.dtype) * self.ema_momentum
            average.assign(momentum * average + (1.0 - momentum) * variable)
            if onto is not None:
                variable.assign(where(onto, average, variable))

    # Checks -----------------------------------------------------------------------------------------------------------

    def _pairs(self, grads: list[Any], trainable_variables: Iterable[Variable] | None) -> list[tuple[Any, Variable]]:
        """Gradients as tensors, with their variables; those without a gradient are left out."""
        if trainable_variables is None and not self.built:
            raise ValueError(
                f"{self.name!r} does not know its variables yet. Call apply(grads, variables), or build(variables) "
                "first."
            )
        given = trainable_variables
        variables = self._trainable if given is None else _listed("apply", "variables", given)
        if len(grads) != len(variables):
            raise ValueError(f"expected one gradient per variable; got {len(grads)} for {len(variables)} variables.")
        if not grads:
            return []
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise ValueError(
                f"no variable has a gradient: {', '.join(missing)}. Check that the loss is computed from them, in ops, "
                "inside the tape."
            )
        self.build(variables)
        for variable in variables:
            if id(variable) not in self._places:
                path = getattr(variable, "path", variable)
                raise ValueError(
                    f"{self.name!r} was built without the variable {path!r}. Make a new optimizer for a new set of "
                    "variables (compile the model again), or build this one with all of them."
                )
        if missing:
            notes.warn(
                f"there are no gradients for {', '.join(missing)}: the loss does not depend on them, so they stay as "
                "they are."
            )
        return [(_gradient(g, v), v) for g, v in zip(grads, variables, strict=True) if g is not None]

    def _check_options(self) -> None:
        clips = {name: getattr(self, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        given = {name: value for name, value in clips.items() if value is not None}
        if len(given) > 1:
            raise ValueError(f"gradients are clipped in one way at most; got {_shown(given)}.")
        check_numbers(self, "(0, inf]", optional=True, **given, loss_scale_factor=self.loss_scale_factor)
        check_numbers(self, "[0, inf)", optional=True, weight_decay=self.weight_decay)
        if self.use_ema:
            check_numbers(self, "[0, 1]", ema_momentum=self.ema_momentum)
        check_integers(self, "[1, inf)", optional=True, ema_overwrite_frequency=self.ema_overwrite_frequency)
        check_integers(self, "[2, inf)", optional=True, gradient_accumulation_steps=self.gradient_accumulation_steps)
        check_ranges(self, self.ranges, vars(self))

    def _refuse(self, unknown: dict[str, Any]) -> None:
        if unknown.pop("decay", None):
            notes.warn("decay is ignored, as in Keras 3: pass learning_rate=schedules.InverseTimeDecay(...) instead.")
        if "lr" in unknown:
            raise UnknownNameError(f"Unknown {type(self).__name__} argument 'lr'. It is called learning_rate.")
        for name in unknown:
            raise unknown_name(f"{type(self).__name__} argument", name, (*OPTIONS, *self.hyperparameters))


def _listed(what: str, of: str, given: Any, kind: type = object) -> list[Any]:
    """What a user gives as a list of objects of a kind, as a list."""
    if not isinstance(given, Iterable):
        raise TypeError(f"{what} takes a list of {of}; got {short(given)}.")
    found = list(given)
    for one in found:
        if not isinstance(one, kind):
            raise TypeError(f"{what} takes a list of {of}; one of them is {short(one)} ({type(one).__name__}).")
    return found


def _gradient(gradient: Any, variable: Variable) -> Any:
    if isinstance(gradient, Operators):
        gradient = gradient.read()
    else:
        gradient = tensor(gradient, variable.dtype, backend=variable.backend)
    if gradient.shape != variable.shape:
        raise ShapeError(f"variable {variable.path!r} has shape {variable.shape}; its gradient has {gradient.shape}.")
    return gradient


def _checked_rate(value: Any) -> Any:
    """A learning rate as it was given; a function of it is one that takes no arguments."""
    if callable(value) and not isinstance(value, schedules.LearningRateSchedule):
        check_function("an optimizer", "learning_rate", value, 0)
    elif callable(value):
        check_methods(value, {"__call__": ("step",)})
    return value


def _rate(value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise TypeError(f"learning_rate is a number, a schedule or a function; got {value!r}.")
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"learning_rate is a number, a schedule or a function; got {value!r}.") from None
    check_numbers("an optimizer", ANY, learning_rate=rate)
    return rate


def _shown(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())
