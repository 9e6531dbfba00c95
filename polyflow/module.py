"""Module: an object whose variables are found by looking through its attributes, as `tf.Module` is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from .flow.notes import name_scope
from .layers import Layer
from .layers.tracking import attributes, deep
from .naming import snake_case
from .variable import Variable


class Module:
    """The base of a model written by hand: keep variables and other modules in attributes, lists and dicts.

    Args:
        name: the module's name; the class's in snake case if left out.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables of the module and of those inside it, each once; attributes go in alphabetical order."""
        found = (variable for _, own in _parts(self) for variable in own)
        return tuple({id(variable): variable for variable in found}.values())

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those that a tape watches by itself."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The others."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules and layers inside, those inside them too."""
        return tuple(one for one, _ in _parts(self) if one is not self)

    @property
    def name_scope(self) -> Any:
        """A ``with`` block in which graphs note the module's name."""
        return name_scope(self.name)

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that runs in its module's `name_scope`; to be used as ``@Module.with_name_scope``."""

        @functools.wraps(method)
        def named(self: Any, *args: Any, **options: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **options)

        return named

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _parts(module: Module) -> Iterator[tuple[Any, Iterable[Any]]]:
    return deep(module, (Module, Layer), Variable, values=_attributes)


def _attributes(one: Any) -> Collection[Any]:
    """The attributes of a module in alphabetical order, as TensorFlow goes through them; of a layer in its own."""
    return [value for _, value in sorted(vars(one).items())] if isinstance(one, Module) else attributes(one)
