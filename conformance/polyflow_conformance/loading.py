"""From what a user names to a backend: an installed one, a module's attribute, or a file's."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any, NamedTuple

from polyflow.backend import Backend, discovery
from polyflow.backend.contract import a, told
from polyflow.backend.plugin import BackendInfo, Plugin, Registered
from polyflow.errors import BackendError

from .trying import sentence

LISTED = 8
"""How many of a file's backends are named to whoever asked for another."""


class LoadError(Exception):
    """There is no backend to test; the message says why, in a sentence."""


class Loaded(NamedTuple):
    """A backend, and what is known of where it comes from."""

    backend: Backend
    distribution: str = ""
    version: str = ""


def load(spec: Any) -> Loaded:
    """The backend that ``spec`` names.

    Args:
        spec: a backend; the name of an installed one (``"jax"``, ``"jax:cpu:0"``); or ``"module:attribute"`` or
            ``"path/file.py:attribute"`` of a backend, its class, or a function of the device (None) that makes one; a
            device may stand behind it (``"mine.py:Mine:cpu:0"``).

    Raises:
        LoadError: whatever goes wrong on the way.
    """
    if isinstance(spec, Backend):
        return Loaded(_checked(spec, type(spec).__qualname__), *_origin(spec.name))
    if not isinstance(spec, str):
        raise LoadError(f"a backend is named by a string or is a polyflow.backend.Backend; got {type(spec).__name__}.")
    if spec.endswith(".py"):
        raise LoadError(f"{spec!r} is a file; name the backend in it too: '{spec}:NAME', a class, object or function.")
    place, attribute, device = _parts(spec)
    if place:
        return Loaded(_made(_attribute(place, attribute), f"{place}:{attribute}", device))
    try:
        backend = discovery.get(spec)
    except BackendError as error:
        raise LoadError(str(error)) from error
    return Loaded(backend, *_origin(backend.name))


def _parts(spec: str) -> tuple[str, str, str | None]:
    """The file or module, the attribute and the device that a spec names; nothing where it names a backend itself."""
    head, mark, rest = spec.partition(".py:")
    place, rest = (f"{head}.py", rest) if mark else spec.partition(":")[::2]
    attribute, _, device = rest.partition(":")
    if mark and not (attribute.isidentifier() and (device or rest == attribute)):
        raise LoadError(f"{spec!r} names no backend in {place}: write FILE.py:NAME or FILE.py:NAME:DEVICE.")
    if not attribute.isidentifier() or any(info.name == place for info in discovery.installed()):
        return "", "", None
    if device and not mark and not _findable(place):  # rather the name of a backend, misspelt, and its device
        return "", "", None
    return place, attribute, device or None


def _findable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _origin(name: str) -> tuple[str, str]:
    for info in discovery.installed():
        if info.name == name and info.distribution:
            return info.distribution, info.version
    return "", ""


def _attribute(place: str, attribute: str) -> Any:
    try:
        module = _file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (LoadError, KeyboardInterrupt):
        raise
    except BaseException as error:
        file = f"{place.replace('.', '/')}.py"
        hint = f" (There is a file {file}: write '{file}:{attribute}'.)" if Path(file).is_file() else ""
        raise LoadError(f"importing {place} raised {sentence(error)}.{hint}") from error
    if not hasattr(module, attribute):
        raise LoadError(f"{place} has no attribute {attribute!r}.{_others(module)}")
    return getattr(module, attribute)


def _others(module: Any) -> str:
    """A sentence about the backends that a module has."""
    there = [
        name
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Backend) and kind.__module__ == module.__name__
    ]
    more = ", …" if len(there) > LISTED else ""
    return (
        f" Its backends: {', '.join(there[:LISTED])}{more}."
        if there
        else " It has no class that is a polyflow.backend.Backend."
    )


def _file(path: Path) -> Any:
    if not path.is_file():
        raise LoadError(f"there is no file {path}.")
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.append(beside)  # what it imports may lie beside it, as that of a script may
    name = f"_polyflow_conformance_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be pickled, and dataclasses in it work
    spec.loader.exec_module(module)
    return module


def _made(found: Any, spec: str, device: str | None) -> Backend:
    """The backend that an attribute is or makes."""
    if isinstance(found, Backend):
        return _checked(found, spec, device)
    if isinstance(found, type):
        if not issubclass(found, Backend):
            name = found.__name__
            raise LoadError(
                f"{spec} is {_what(found)}, which is no Backend; write class {name}(polyflow.backend.Backend)."
            )
        kind = f"making the backend by {found.__name__}({device!r})"
    elif callable(found):
        kind = f"{spec} is {_what(found)}, which, called with the device ({device!r}),"
    else:
        raise LoadError(f"{spec} is {_what(found)}, expected a Backend, its class or a function that makes one.")
    try:
        made = found(device)
    except BackendError as error:
        raise LoadError(f"{spec}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise LoadError(f"{kind} raised {told(error)}.") from error
    if not isinstance(made, Backend):
        raise LoadError(f"{kind} returned {_what(made)}, expected a polyflow.backend.Backend.")
    return _checked(made, spec, None)


def _what(found: Any) -> str:
    """What something is, for a sentence; classes, functions and modules by their names."""
    if isinstance(found, type):
        return f"the class {found.__name__}"
    if inspect.ismodule(found):
        return f"the module {found.__name__}"
    return "a function" if inspect.isroutine(found) else a(found)


def _checked(backend: Backend, spec: str, device: str | None = None) -> Backend:
    """The backend, if it is one in the eyes of polyflow's own loader."""
    name = getattr(backend, "name", None)
    if not isinstance(name, str) or not name.isprintable() or len(name.split()) != 1 or name != name.strip():
        raise LoadError(
            f"{spec} made a backend whose name is {name!r}, expected a word: write name = 'mine' in its class."
        )
    info = BackendInfo(name, None, "", type(backend).__module__, spec)
    try:
        return Plugin(info, Registered(name, backend)).make(device)
    except BackendError as error:
        raise LoadError(str(error)) from error
