"""The namespace bound to a backend: what ``x.__array_namespace__()`` gives."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from .creation import Creation, Frequencies
from .info import LISTED, Info

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
"""The versions of the standard; the last one holds all that the others do."""


class Namespace(ModuleType):
    """The functions of a module, but for those that create arrays: they do so on one backend.

    Args:
        name: the namespace's name.
        module: where all other names come from.
        own: what takes the place of the module's names.
        lacking: names of the module that are not there.
    """

    def __init__(self, name: str, module: ModuleType, own: dict[str, Any], lacking: frozenset[str]) -> None:
        super().__init__(name, module.__doc__)
        self.__dict__.update(own)
        self._module, self._lacking = module, lacking

    def __getattr__(self, name: str) -> Any:
        if (name.startswith("_") and name != "__array_api_version__") or name in self._lacking:
            raise AttributeError(f"{self.__name__} has no {name!r}.")
        value = getattr(self._module, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._module)} - self._lacking)

    def __repr__(self) -> str:
        return f"<array namespace {self.__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        backend, _, part = self.__name__.partition(" ")[2].partition(" ")
        return _named, (backend, part)


_made: WeakKeyDictionary[Any, Namespace] = WeakKeyDictionary()


def of(backend: Any) -> Namespace:
    """The one namespace of a backend."""
    found = _made.get(backend)
    if found is None:
        found = _made.setdefault(backend, _make(backend))
    return found


def of_version(backend: Any, version: str) -> Namespace:
    """The namespace of a backend, for code written for a version of the standard.

    Raises:
        ValueError: for a version that is not known here.
    """
    if version not in VERSIONS:
        raise ValueError(f"api_version is one of {', '.join(VERSIONS)}; got {version!r}.")
    return of(backend)


def _make(backend: Any) -> Namespace:
    from .. import array_api
    from . import fft

    spec = f"{backend.name}:{backend.device}"
    makes, frequencies = Creation(backend), Frequencies(backend)
    bound = {name: getattr(makes, name) for name in CREATION}
    bound["__array_namespace_info__"] = lambda: Info(backend)
    bound["fft"] = Namespace(
        f"polyflow.array_api {spec} fft", fft, {name: getattr(frequencies, name) for name in FREQUENCIES}, frozenset()
    )
    lacking = frozenset(dtype.name for dtype in LISTED if dtype not in backend.capabilities.dtypes)
    return Namespace(f"polyflow.array_api {spec}", array_api, bound, lacking)


CREATION = tuple(name for name in vars(Creation) if not name.startswith("_") and name != "on")
FREQUENCIES = tuple(name for name in vars(Frequencies) if not name.startswith("_"))


def _named(spec: str, part: str) -> Namespace:
    from ..backend import discovery

    whole = of(discovery.get(spec))
    return getattr(whole, part) if part else whole
