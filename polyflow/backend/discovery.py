"""Which backends are installed, and the one object for each that is in use.

Listing reads the metadata of installed distributions and imports nothing. Loading is by name, one plugin at a time.
The object for a library and device is made once and kept: ``get("jax") is get("jax")``, from any thread.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import BackendClashError, BackendError, UnknownBackendError, nearest

if TYPE_CHECKING:  # imported when first used: neither is needed by `import polyflow`
    from importlib.metadata import EntryPoint

    from .plugin import BackendInfo, Plugin
    from .protocol import Backend

GROUP = "polyflow.backends"

_by_spec: dict[object, Backend] = {}  # what was asked for -> the object; the fast way
_by_device: dict[tuple[str, str], Backend] = {}  # (name, device) -> the object; what makes them one
_plugins: dict[str, Plugin] = {}  # checked plugins by backend name
_registered: dict[str, Plugin] = {}  # those registered in this process
_found: list[tuple[BackendInfo, EntryPoint]] | None = None  # the last look at the metadata
_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
_tables = threading.RLock()


def get(spec: str | Backend) -> Backend:
    """The backend for ``"name"`` or ``"name:device"``, such as ``"jax"``, ``"jax:cpu:0"`` or ``"cupy:1"``.

    The same library and device always give the same object. A backend object is returned as it is.

    Raises:
        UnknownBackendError: no installed distribution provides it.
        BackendUnavailableError: its library is missing, or no device answers.
        UnknownDeviceError: it has other devices, but not this one.
        BackendClashError: two distributions provide it.
        ProtocolVersionError, BackendBrokenError: its plugin is at fault.
    """
    try:
        return _by_spec[spec]
    except (KeyError, TypeError):  # TypeError: not even hashable
        pass
    return _load(spec)


def installed() -> list[BackendInfo]:
    """Every installed or registered backend, sorted by name; nothing is imported."""
    return sorted(
        [plugin.info for plugin in _registered.values()] + [info for info, _ in _scan()],
        key=lambda info: (info.name, info.distribution or ""),
    )


def find(spec: str) -> BackendInfo:
    """Where the backend of ``"name"`` or ``"name:device"`` comes from; nothing is imported.

    Raises:
        UnknownBackendError, BackendClashError: as :func:`get`.
    """
    name, _ = split(spec)
    registered = _registered.get(name)
    return registered.info if registered else _entry(name)[0]


def plugin(name: str) -> Plugin:
    """The plugin that provides the backend ``name``: imported and checked, its library not yet touched.

    Raises:
        UnknownBackendError, BackendClashError, BackendBrokenError, BackendUnavailableError: as :func:`get`.
    """
    found = _registered.get(name) or _plugins.get(name)
    if found is not None:
        return found
    from .plugin import import_hooks

    with _lock_of(name):
        if name not in _plugins:
            info, entry_point = _entry(name)
            _plugins[name] = import_hooks(info, entry_point.load)
        return _plugins[name]


def register(name: str, source: Backend | Callable[..., Any], *, replace: bool = False) -> None:
    """Add a backend to this process, without an installed distribution: for notebooks, tests and trials.

    Args:
        name: the name to select it by; the backend's own ``name`` has to be the same.
        source: a backend object, or a function (or class) that takes the device, or None, and returns one.
        replace: take the place of an earlier registration of this name.

    Raises:
        BackendClashError: the name is taken.
        TypeError: ``source`` is neither a backend nor callable.
    """
    from .plugin import BackendInfo, Plugin, Registered
    from .protocol import Backend

    if not isinstance(source, Backend) and not callable(source):
        raise TypeError(f"register() takes a Backend or a function that makes one, not {type(source).__name__}.")
    if not name or ":" in name:
        raise ValueError(f"A backend's name is a word without ':', not {name!r}.")
    taken = [info for info in installed() if info.name == name]
    if taken and not (replace and taken[0].distribution is None):
        raise BackendClashError(f"{taken[0]} is already there, so {name!r} cannot be registered again.")
    info = BackendInfo(name, None, "", getattr(source, "__module__", None) or type(source).__module__)
    with _tables:
        _forget(name)
        _registered[name] = Plugin(info, Registered(name, source))


def unregister(name: str) -> None:
    """Take back :func:`register`. Tensors that live on the backend keep it."""
    with _tables:
        if _registered.pop(name, None) is None:
            raise UnknownBackendError(f"No backend {name!r} was registered in this process.")
        _forget(name)


def registered(spec: str) -> bool:
    """Whether ``"name"`` or ``"name:device"`` is a backend that :func:`register` added: only this process knows it."""
    return spec.strip().partition(":")[0] in _registered


def objects() -> dict[str, Any]:
    """The objects that plugins offer to model loading, by name; a broken plugin adds none.

    Raises:
        BackendClashError: two plugins offer an object of the same name.
    """
    owners: dict[str, BackendInfo] = {}
    offered: dict[str, Any] = {}
    for info in installed():
        try:
            found = plugin(info.name).objects()
        except BackendError:
            continue
        for name, value in found.items():
            if name in owners and offered[name] is not value:
                raise BackendClashError(f"Both {owners[name]} and {info} offer an object named {name!r}.")
            owners[name], offered[name] = info, value
    return offered


def refresh() -> None:
    """Look at the installed distributions again, for instance after ``pip install`` in a running notebook."""
    global _found
    import importlib

    importlib.invalidate_caches()
    with _tables:
        _found = None


def split(spec: object) -> tuple[str, str | None]:
    """Take ``"name:device"`` apart.

    Raises:
        TypeError: ``spec`` is not a string.
        UnknownBackendError: it holds no name.
    """
    if not isinstance(spec, str):
        raise TypeError(f"A backend is named by a string such as 'numpy' or 'jax:cpu:0', not {type(spec).__name__}.")
    name, colon, device = spec.strip().partition(":")
    if not name or (colon and not device):
        raise UnknownBackendError(
            f"{spec!r} does not name a backend. Write its name, or name:device, such as 'numpy' or 'jax:cpu:0'."
        )
    return name, device or None


def _load(spec: Any) -> Backend:
    from .protocol import Backend
    from .undisturbed import global_random_states

    if isinstance(spec, Backend):
        return spec
    name, device = split(spec)
    with _lock_of(name):
        if spec not in _by_spec:
            with global_random_states():
                made = plugin(name).make(device)
            _by_spec[spec] = _by_device.setdefault((name, made.device), made)
        return _by_spec[spec]


def _entry(name: str) -> tuple[BackendInfo, EntryPoint]:
    found = [entry for entry in _scan() if entry[0].name == name]
    if not found:
        refresh()
        found = [entry for entry in _scan() if entry[0].name == name]
    if not found:
        raise UnknownBackendError(_unknown(name))
    if len(found) > 1:
        from .plugin import CORE

        both = " and ".join(f"{info.distribution} {info.version}" for info, _ in found)
        found.sort(key=lambda one: one[0].distribution != CORE)  # polyflow itself has to stay
        raise BackendClashError(
            f"{len(found)} distributions provide a backend named {name!r}: {both}. "
            f"Uninstall the one you do not want, for instance `pip uninstall {found[-1][0].distribution}`."
        )
    return found[0]


def _scan() -> list[tuple[BackendInfo, EntryPoint]]:
    global _found
    found = _found
    if found is None:
        from importlib.metadata import entry_points

        from .plugin import BackendInfo

        unique = {}
        for entry_point in entry_points(group=GROUP):
            distribution = entry_point.dist
            info = BackendInfo(
                entry_point.name,
                distribution.name if distribution else "(unknown)",
                distribution.version if distribution else "",
                entry_point.value,
            )
            unique.setdefault(info, entry_point)
        found = _found = list(unique.items())
    return found


def _unknown(name: str) -> str:
    from .plugin import INSTALL

    names = list(dict.fromkeys(info.name for info in installed()))
    here = _core_is_installed()
    if name.endswith(".py"):
        text = (
            f"{name!r} is a file, which only `polyflow conformance` takes for a backend. Import it in the program and"
        )
        text += " register the backend by name: polyflow.backend.discovery.register(name, Class)."
    elif name in INSTALL:
        text = f"Backend {name!r} is not installed."
        text += f" Install it with `{INSTALL[name]}`." if here else ""
    else:
        near = nearest(name, [*names, *INSTALL])
        text = f"Unknown backend {name!r}."
        text += f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        text += "".join(f" (`{INSTALL[other]}`)" for other in near if other in INSTALL and other not in names and here)
    text += f" Installed: {', '.join(names)}." if names else " No backend is installed."
    return text if here else f"{text} {_source_tree()}"


def _source_tree() -> str:
    from pathlib import Path

    home = Path(__file__).parents[2]
    return (
        f"This polyflow runs from source files in {home} and was never installed, so Python does not know the backends "
        f"that come with it. Install it once with `pip install -e {home}`."
    )


def _core_is_installed() -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    from .plugin import CORE

    try:
        distribution(CORE)
    except PackageNotFoundError:
        return False
    return True


def _lock_of(name: str) -> threading.RLock:
    with _tables:
        return _locks[name]


def _forget(name: str) -> None:
    for spec in [spec for spec, backend in _by_spec.items() if backend.name == name]:
        del _by_spec[spec]
    for key in [key for key in _by_device if key[0] == name]:
        del _by_device[key]
