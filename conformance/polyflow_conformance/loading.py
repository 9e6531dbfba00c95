"""From what a user names to a backend: an installed one, a module's attribute, or a file's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, NamedTuple

from polyflow.backend import Backend, discovery
from polyflow.backend.plugin import BackendInfo, Plugin, Registered
from polyflow.errors import BackendError


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
            ``"path/file.py:attribute"`` of a backend, its class, or a function of the device (None) that makes one.

    Raises:
        LoadError: whatever goes wrong on the way.
    """
    if isinstance(spec, Backend):
        return Loaded(_checked(spec, type(spec).__qualname__), *_origin(spec.name))
    if not isinstance(spec, str):
        raise LoadError(f"a backend is named by a string or is a polyflow.backend.Backend; got {type(spec).__name__}.")
    if spec.endswith(".py"):
        raise LoadError(f"{spec!r} is a file; name the backend in it too: '{spec}:NAME', a class, object or function.")
    place, _, attribute = spec.rpartition(":")
    if place and attribute.isidentifier() and (place.endswith(".py") or not _installed(place)):
        return Loaded(_made(_attribute(place, attribute), spec))
    try:
        backend = discovery.get(spec)
    except BackendError as error:
        raise LoadError(str(error)) from error
    return Loaded(backend, *_origin(backend.name))


def _installed(name: str) -> bool:
    return any(info.name == name.partition(":")[0] for info in discovery.installed())


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
        raise LoadError(f"importing {place} raised {type(error).__name__}: {error}{hint}") from error
    if not hasattr(module, attribute):
        raise LoadError(f"{place} has no attribute {attribute!r}.")
    return getattr(module, attribute)


def _file(path: Path) -> Any:
    if not path.is_file():
        raise LoadError(f"there is no file {path}.")
    name = f"_polyflow_conformance_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be pickled, and dataclasses in it work
    spec.loader.exec_module(module)
    return module


def _made(found: Any, spec: str) -> Backend:
    if not isinstance(found, Backend):
        if not callable(found):
            raise LoadError(
                f"{spec} is {type(found).__name__}, expected a Backend, its class or a function that makes one."
            )
        try:
            found = found(None)
        except BackendError as error:
            raise LoadError(f"{spec}: {error}") from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise LoadError(f"making the backend raised {type(error).__name__}: {error}") from error
        if not isinstance(found, Backend):
            raise LoadError(f"{spec} made {type(found).__name__}, expected a polyflow.backend.Backend.")
    return _checked(found, spec)


def _checked(backend: Backend, spec: str) -> Backend:
    """The backend, if it is one in the eyes of polyflow's own loader."""
    name = getattr(backend, "name", None)
    if not isinstance(name, str) or not name:
        raise LoadError(f"{spec} made a backend whose name is {name!r}, expected a word.")
    info = BackendInfo(name, None, "", type(backend).__module__, spec)
    try:
        return Plugin(info, Registered(name, backend)).make(None)
    except BackendError as error:
        raise LoadError(str(error)) from error
