"""A user's own classes and functions by name, as Keras has them: registered for good, or for the length of a block.

Every `Family` and the loading of models ask here first. Names are only looked up: nothing that a file says is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

_objects: dict[str, Any] = {}
_names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_here: ContextVar[Mapping[str, Any] | None] = ContextVar("polyflow_custom_objects", default=None)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """A decorator that makes a class or function known as ``package>name``, under which it is saved and found again.

    Args:
        package: what it belongs to.
        name: its own name if left out.

    Raises:
        TypeError: where the brackets are missing. ValueError: for a class without ``get_config``.
    """
    if not isinstance(package, str):
        shown = getattr(package, "__name__", repr(package))
        raise TypeError(
            f"register_keras_serializable got {shown} as its package, a name. Write its brackets, also where they are "
            "empty: @register_keras_serializable()."
        )

    def register(thing: Any) -> Any:
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"{thing.__name__} has no get_config, so nothing could make it again. Define get_config, which returns "
                "the constructor's arguments as a dict."
            )
        key = f"{package}>{name or thing.__name__}"
        _objects[key] = thing
        _names[thing] = key
        return thing

    return register


def get_custom_objects() -> dict[str, Any]:
    """The registered objects by name: the dict itself, which may be changed."""
    return _objects


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """A block in which objects are found by these names too; blocks nest."""
    token = _here.set({**(_here.get() or {}), **(custom_objects or {})})
    try:
        yield
    finally:
        _here.reset(token)


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function is saved: that of its registration, else its own."""
    known = _names.get(obj) if isinstance(obj, (type, FunctionType)) else None
    return known or obj.__name__


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The object of this name: of the block around, registered, or from the given dicts; None if there is none."""
    short = name.rpartition(">")[2]
    for known in (_here.get(), _objects, custom_objects):
        for one in (name, short):
            if known and one in known:
                return known[one]
    return (module_objects or {}).get(name)


def known_names() -> list[str]:
    """Every name that `get_registered_object` finds by itself."""
    return [*(_here.get() or {}), *_objects]


def name_of_own(thing: Any) -> str | None:
    """The name by which a thing is found here again; None for what is not here."""
    for known in (_objects, _here.get() or {}):
        for name, one in known.items():
            if one is thing:
                return name
    return None
