"""Functions that users give: that they can be called, and with as many arguments as they will get."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

from .convert import short


def check_function(name: str, label: str, function: Any, count: int | None = None, what: str = "") -> None:
    """Refuse what cannot be called with ``count`` arguments by position; with any, if that is left out.

    Args:
        name: who calls it. label: the argument by which it is given.
        function: what a user gives. count: how many arguments it gets. what: what these are, for the message.

    Raises:
        TypeError: which names the function, its parameters and what it gets.
    """
    if not callable(function):
        raise TypeError(f"{name} needs a function as {label}; got {short(function)} ({type(function).__name__}).")
    if count is not None and not takes(function, count):
        raise wrong_count(f"{name} calls {label}", function, count, what)


def check_methods(thing: Any, methods: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse an object of a user's class whose methods do not take what they get.

    Args:
        thing: the object. methods: the arguments of each method; those that are given by their names end in ``=``.

    Raises:
        TypeError: which names the method, its parameters and what it gets.
    """
    for name, arguments in methods.items():
        method = getattr(thing, name, None)
        if method is None or getattr(method, "__module__", "").startswith("polyflow."):
            continue
        named = [one.rstrip("=") for one in arguments if one.endswith("=")]
        if not takes(method, len(arguments) - len(named), named):
            what = f"({', '.join(one.rstrip('=') for one in arguments)})"
            raise wrong_count(f"{type(thing).__name__}.{name} is called", method, len(arguments), what)


def takes(function: Callable[..., Any], count: int, named: Sequence[str] = ()) -> bool:
    """Whether a function can be called with so many arguments by position, and these by their names.

    Also where it does not tell.
    """
    plain = getattr(function, "__func__", function)
    bound = plain is not function
    if plain.__class__ is FunctionType and not named and not (bound and hasattr(plain, "__wrapped__")):
        code = plain.__code__
        if code.co_argcount == count + bound and not code.co_kwonlyargcount:
            return True
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return True
    try:
        signature.bind(*[None] * count, **dict.fromkeys(named))
    except TypeError:
        return False
    return True


def wrong_count(who: str, function: Callable[..., Any], count: int, what: str = "") -> TypeError:
    """The error for a function that does not take what it gets; ``who`` says who calls what."""
    given = f"{count or 'no'} argument{'' if count == 1 else 's'}{f', {what}' if what and count else ''}"
    name = getattr(function, "__name__", type(function).__name__)
    return TypeError(f"{who} with {given}; {name.strip('<>')}{_parameters(function)} takes others.")


def _parameters(function: Callable[..., Any]) -> str:
    """The parameters of a function as they are written, but for their annotations."""
    empty = inspect.Parameter.empty
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=empty))
