"""Objects by name: one mechanism for optimizers, losses, metrics, activations and every other family.

A `Family` maps names to classes and functions. `Family.get` takes whatever a user may pass for one of them: a name, a
class, an instance, a function, or the configuration that `Family.serialize` gave. Loading a configuration only looks
names up; it never runs code that came with it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from .callables import check_methods, takes, wrong_count
from .convert import short
from .custom_objects import get_registered_name, get_registered_object, known_names, name_of_own
from .errors import unknown_name


def snake_case(name: str) -> str:
    """``MeanSquaredError`` as ``mean_squared_error``; ``AUC`` as ``auc``."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def check_pair(kind: str, function: Any) -> None:
    """Raise TypeError for a user's loss or metric that cannot be called with (y_true, y_pred)."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C
        return
    try:
        signature.bind(None, None)
    except TypeError:
        raise TypeError(
            f"a {kind} is a function of (y_true, y_pred); {name_of(function)!r} takes "
            f"({', '.join(signature.parameters)})."
        ) from None


def name_of(thing: Any) -> str:
    """The name under which an object is reported: its own, else that of its function or class in snake case."""
    name = getattr(thing, "name", None)
    if isinstance(name, str):
        return name
    return snake_case(getattr(thing, "__name__", type(thing).__name__))


class Family:
    """The objects of one kind that may be asked for by name.

    Args:
        kind: what one of them is called in messages, e.g. ``"optimizer"``.
        members: the classes and functions by name.
        accepts: whether an object that is no name, class or configuration is one of the kind.
        ignore_case: whether ``"SGD"`` and ``"sgd"`` are one name; members are then named in lower case.
        count: with how many arguments a user's function of this kind is called, where that is so.
        methods: what the methods of a user's object of this kind are called with (`callables.check_methods`).
    """

    def __init__(
        self,
        kind: str,
        members: Mapping[str, Any],
        *,
        accepts: Callable[[Any], bool] = callable,
        ignore_case: bool = False,
        count: int | None = None,
        methods: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.kind, self.accepts, self.ignore_case, self.count = kind, accepts, ignore_case, count
        self.methods = methods or {}
        self.members = dict(members)

    @property
    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self.members)

    def register(self, thing: Any, *names: str) -> Any:
        """Make a class or function of your own known by ``names`` (by its own name if none is given); returns it."""
        for name in names or (thing.__name__,):
            self.members[self._key(name)] = thing
        return thing

    def find(self, name: str) -> Any:
        """The class or function of this name: a user's own, a member, or an object that an installed plugin offers.

        Raises:
            UnknownNameError: if there is none; the message lists the nearest names.
        """
        own = get_registered_object(name)
        if own is not None:
            return own
        key = self._key(name)
        if key in self.members:
            return self.members[key]
        from .backend import discovery  # plugins are looked through only for names that nobody here has

        offered = discovery.objects()
        if name in offered:
            return offered[name]
        raise unknown_name(self.kind, name, [*self.members, *known_names()])

    def get(self, identifier: Any) -> Any:
        """The object that ``identifier`` means.

        Args:
            identifier: a name or a class (an instance with default arguments is made), a dict with ``class_name`` and
                ``config``, an instance or a function (returned as it is), or None (returned as it is).

        Raises:
            UnknownNameError: for an unknown name and for anything that is none of these.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            found = self.find(identifier)
        elif isinstance(identifier, Mapping):
            found = self._from_config(identifier)
        else:
            found = identifier
        if isinstance(found, type):
            found = self._made(found)
        if not self.accepts(found):
            raise unknown_name(self.kind, identifier, self.members)
        users = isinstance(identifier, FunctionType) and identifier not in self.members.values()
        if users and self.count is not None and not takes(found, self.count):
            raise wrong_count(f"{_article(self.kind)} is called", found, self.count)
        check_methods(found, self.methods)
        return found

    def _made(self, cls: type) -> Any:
        try:
            inspect.signature(cls).bind()
        except TypeError as error:
            raise TypeError(
                f"{self.kind} {cls.__name__} cannot be made without arguments: {error}. Give an object, "
                f"{cls.__name__}(...)."
            ) from None
        return cls()

    def serialize(self, thing: Any) -> Any:
        """Plain data from which `get` makes the same object: None, a function's name, or a class name and its config.

        A user's own function is found again by its name among custom objects.

        Raises:
            ValueError: for a function without a name, such as a lambda, and for one that has the name of another here.
        """
        if thing is None or isinstance(thing, (str, Mapping)):
            return thing
        if hasattr(thing, "get_config"):
            return {"class_name": get_registered_name(type(thing)), "config": thing.get_config()}
        own = getattr(thing, "__name__", None)
        for name in (own, *self.members):
            if name is not None and self.members.get(name) is thing:
                return name
        registered = name_of_own(thing)
        if registered is not None:
            return registered
        if isinstance(thing, FunctionType) and thing.__name__.isidentifier() and not self._taken(thing.__name__):
            return thing.__name__
        raise ValueError(
            f"{self.kind} {thing!r} has no name to be saved under. Give it one with register(function, 'name') or "
            f"@keras.saving.register_keras_serializable(), or use one of: {', '.join(self.names)}."
        )

    def _taken(self, name: str) -> bool:
        return self._key(name) in self.members or get_registered_object(name) is not None

    def _from_config(self, data: Mapping[str, Any]) -> Any:
        if not isinstance(data.get("class_name"), str) or not isinstance(data.get("config") or {}, Mapping):
            raise ValueError(
                f"the configuration of {_article(self.kind)} is a dict with 'class_name', a string, and 'config', a "
                f"dict; got {short(dict(data))}."
            )
        cls, config = self.find(data["class_name"]), dict(data.get("config") or {})
        if not isinstance(cls, type):
            return cls
        make = getattr(cls, "from_config", None)
        return cls(**config) if make is None else make(config)

    def _key(self, name: str) -> str:
        return name.lower() if self.ignore_case else name


def by_name(*things: Any) -> dict[str, Any]:
    """Classes and functions by their own names."""
    return {thing.__name__: thing for thing in things}


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
