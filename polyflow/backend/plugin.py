"""One backend plugin: imported, checked against the hooks, and asked for its backend.

Every plugin gets a plugin manager of its own, so that whatever one does wrong stays with it: each failure becomes one
error that names the backend, its distribution and what to do.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from ..errors import (
    BackendBrokenError,
    BackendError,
    BackendUnavailableError,
    IncompleteBackendError,
    ProtocolVersionError,
    UnknownDeviceError,
    nearest,
    unknown_device,
)
from . import hookspecs
from .contract import a, array_faults, declared_faults, told
from .hookspecs import PROJECT, BackendDescription, hookimpl
from .optable import OPS
from .protocol import PROTOCOL, Backend

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("polyflow_"))
CORE = "polyflow-core"
INSTALL = {
    "numpy": f"pip install {CORE}",
    "jax": f"pip install '{CORE}[jax]'",
    "cupy": f"pip install '{CORE}[cupy]'",
    "torch": "pip install polyflow-torch",
    "mlx": "pip install polyflow-mlx",
    "array-api": "pip install polyflow-array-api",
}
"""Install lines for backends that somebody may ask for before they are installed."""


@dataclass(frozen=True)
class BackendInfo:
    """An installed backend as its distribution's metadata tells it; nothing was imported to learn this.

    Attributes:
        name: the backend's name, which is its entry point's.
        distribution: the distribution it came with, or None for one that was never installed.
        version: that distribution's version.
        target: the entry point's value, the module that holds the hooks.
        origin: where it comes from instead of a distribution.
    """

    name: str
    distribution: str | None
    version: str
    target: str
    origin: str = "registered in this process"

    def __str__(self) -> str:
        if self.distribution is None:
            return f"Backend {self.name!r} ({self.origin})"
        return f"Backend {self.name!r} (distribution {self.distribution} {self.version})"


class Registered:
    """The plugin of a backend registered in this process: the same hooks, implemented by an object."""

    def __init__(self, name: str, source: Backend | Callable[..., Any]) -> None:
        self._name = name
        self._source = source

    @hookimpl
    def polyflow_backend(self, device: str | None) -> Any:
        if isinstance(self._source, Backend):
            if device is not None and device != self._source.device:
                raise UnknownDeviceError(
                    f"Backend {self._name!r} was registered as one object on device {self._source.device!r}, "
                    f"so it cannot be had on {device!r}. Register a function of the device instead."
                )
            return self._source
        return self._source(device)

    @hookimpl
    def polyflow_describe(self) -> BackendDescription:
        return BackendDescription(self._name, "registered in this process")


class Plugin:
    """A plugin whose hooks were found in order.

    Args:
        info: where it comes from.
        hooks: the imported module, or object, that implements the hooks.

    Raises:
        BackendBrokenError: a hook is misspelt, unmarked, takes the wrong arguments, or ``polyflow_backend`` is missing.
    """

    def __init__(self, info: BackendInfo, hooks: object) -> None:
        self.info = info
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        try:
            self._manager.register(hooks, info.name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise self.broken(_hook_fault(self._manager, hooks) or str(error)) from error
        fault = _hook_fault(self._manager, hooks)
        if fault:
            raise self.broken(fault)

    def describe(self) -> BackendDescription:
        """The plugin's own description, completed from the metadata where it gives none."""
        given = self._call("polyflow_describe")
        if given is None:
            return BackendDescription(self.info.name)
        if not isinstance(given, BackendDescription):
            raise self.broken(f"polyflow_describe returned {a(given)}, expected a BackendDescription")
        return given

    def install_line(self) -> str | None:
        """The command that installs what the backend needs."""
        try:
            given = self.describe().install
        except BackendError:
            given = ""
        return given or install_line(self.info)

    def missing_modules(self) -> list[str]:
        """The modules among those the description names that cannot be found; nothing is imported to learn it."""
        return [module for module in self.describe().requires if not _findable(module)]

    def check_modules(self) -> None:
        """Raise BackendUnavailableError, with what to install, where `missing_modules` names any."""
        missing = self.missing_modules()
        if missing:
            raise self._lacks(missing)

    def make(self, device: str | None) -> Backend:
        """Import the library, make the backend for ``device`` and check it.

        Raises:
            BackendUnavailableError: the library is missing or no device answers.
            UnknownDeviceError: other devices answer, but not this one.
            ProtocolVersionError: the plugin was written for another protocol.
            BackendBrokenError: anything else it does wrong.
        """
        self.check_modules()
        backend = self._call("polyflow_backend", device=device)
        try:
            self._check(backend, device)
        except (BackendError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self.broken(f"asking what its backend declares raised {told(error)}") from error
        self._add_kernels(backend)
        return backend

    def objects(self) -> dict[str, Any]:
        """Objects by name that a saved model may refer to."""
        return self._merge("polyflow_objects", self._call("polyflow_objects"))

    def conformance_cases(self) -> list[Any]:
        """The plugin's own conformance cases."""
        return [case for cases in self._call("polyflow_conformance_cases") or () for case in cases or ()]

    def broken(self, reason: str, kind: type[BackendBrokenError] = BackendBrokenError) -> BackendBrokenError:
        """Make the error that blames this plugin."""
        return broken(self.info, reason, kind)

    def _call(self, hook: str, **arguments: Any) -> Any:
        try:
            return getattr(self._manager.hook, hook)(**arguments)
        except IncompleteBackendError as error:
            raise self.broken(str(error), IncompleteBackendError) from None
        except BackendError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._blame(hook, error) from error

    def _blame(self, hook: str, error: BaseException) -> BackendError:
        own = self.info.target.partition(":")[0].partition(".")[0]
        name = (getattr(error, "name", None) or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and name and name not in (own, "polyflow"):
            return self._lacks([name])
        return self.broken(f"{hook} raised {told(error)}")

    def _lacks(self, modules: list[str]) -> BackendUnavailableError:
        return lacks(self.info, modules, self.install_line())

    def _check(self, backend: Any, device: str | None) -> None:
        if not isinstance(backend, Backend):
            raise self.broken(f"polyflow_backend returned {a(backend)}, expected a polyflow.backend.Backend")
        self._check_protocol(backend)
        for fault in declared_faults(backend):
            raise self.broken(fault)
        name = getattr(backend, "name", None)
        if name != self.info.name:
            raise self.broken(f"its backend calls itself {name!r}, expected {self.info.name!r}")
        self._check_device(backend, device)
        for fault in array_faults(backend):
            raise self.broken(fault)

    def _check_protocol(self, backend: Backend) -> None:
        ours = PROTOCOL.partition(".")[0]
        given = backend.protocol
        theirs = given.partition(".")[0] if isinstance(given, str) else ""
        if not theirs.isdecimal():
            raise self.broken(f"its protocol version is {given!r}, expected a string such as {PROTOCOL!r}")
        if theirs == ours:
            return
        older = int(theirs) < int(ours)
        upgrade = self.info.distribution or self.info.name if older else CORE
        raise self.broken(
            f"it was written for version {given} of the backend protocol and this polyflow speaks "
            f"{PROTOCOL}. Upgrade {'the plugin' if older else 'polyflow'}: `pip install --upgrade {upgrade}`",
            ProtocolVersionError,
        )

    def _check_device(self, backend: Backend, device: str | None) -> None:
        try:
            given = backend.devices()
            devices = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else None
        except BackendError:
            raise
        except Exception as error:
            raise BackendUnavailableError(f"{self.info} has no device here: {told(error)}.") from error
        if devices is None or not all(isinstance(name, str) for name in devices):
            text = f"the string {given!r}" if isinstance(given, str) else f"{given!r}"
            raise self.broken(f"its devices() returned {text}, expected a list of names")
        if not devices:
            raise BackendUnavailableError(f"{self.info} has no device here: its library answers, but lists none.")
        if backend.device not in devices:
            raise unknown_device(self.info.name, device or backend.device, devices)

    def _add_kernels(self, backend: Backend) -> None:
        kernels = self._merge("polyflow_ops", self._call("polyflow_ops", backend=backend))
        for op, kernel in kernels.items():
            if hasattr(Backend, op) or op in ("name", "device"):
                raise self.broken(f"polyflow_ops gives a kernel named {op!r}, which is part of the protocol itself")
            if not callable(kernel):
                raise self.broken(f"polyflow_ops gives {a(kernel)} for {op!r}, expected a function")
            if op not in OPS:
                near = nearest(op, OPS, limit=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise self.broken(
                    f"polyflow_ops gives a kernel for {op!r}, but there is no such op.{hint} "
                    "polyflow.ops.declare.OPS holds them all"
                )
            setattr(backend, op, kernel)

    def _merge(self, hook: str, results: list[Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for result in results:
            if not isinstance(result, Mapping) or not all(isinstance(key, str) for key in result):
                raise self.broken(f"{hook} returned {a(result)}, expected a mapping from names")
            merged.update(result)
        return merged


def install_line(info: BackendInfo) -> str | None:
    """The command that installs what an installed backend lacks, where its own description gives none."""
    return INSTALL.get(info.name) or (f"pip install {info.distribution}" if info.distribution else None)


def broken(info: BackendInfo, reason: str, kind: type[BackendBrokenError] = BackendBrokenError) -> BackendBrokenError:
    """Make the error that blames the plugin that ``info`` names."""
    return kind(f"{info} is broken: {reason}{'' if reason.endswith('.') else '.'}")


def lacks(info: BackendInfo, modules: list[str], install: str | None) -> BackendUnavailableError:
    """Make the error for a backend whose library is not installed."""
    needs = " and ".join(repr(module) for module in modules)
    one = len(modules) == 1
    hint = f" Install it with `{install}`." if install else ""
    return BackendUnavailableError(
        f"{info} needs the module{'' if one else 's'} {needs}, which {'is' if one else 'are'} not installed.{hint}",
        missing="library",
        install=install,
    )


def import_hooks(info: BackendInfo, load: Callable[[], object]) -> Plugin:
    """Import a plugin's hooks and check them.

    Args:
        info: where the plugin comes from.
        load: imports and returns the module; whatever it raises is reported as the plugin's fault.

    Raises:
        BackendUnavailableError: the module itself imports something that is not installed.
        BackendBrokenError: it raises anything else, or its hooks are not in order.
    """
    module = info.target.partition(":")[0]
    try:
        hooks = load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # bindings to other languages have errors that are no Exception
        name = (getattr(error, "name", None) or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and name not in ("", "polyflow", module.partition(".")[0]):
            raise lacks(info, [name], install_line(info)) from error
        raise broken(info, f"importing {module!r} raised {told(error)}") from error
    return Plugin(info, hooks)


def _hook_fault(manager: pluggy.PluginManager, hooks: object) -> str | None:
    names = [name for name in dir(hooks) if name.startswith("polyflow_")]
    marked = [name for name in names if manager.parse_hookimpl_opts(hooks, name) is not None]
    for name in marked:
        if name not in HOOKS:
            near = nearest(name, HOOKS, limit=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            return f"there is no hook named {name!r}.{hint} Hooks: {', '.join(HOOKS)}."
    for name in names:
        if name in HOOKS and name not in marked:
            return f"its function {name} is not marked as a hook; write @hookimpl above it"
    if "polyflow_backend" not in marked:
        return "it has no hook polyflow_backend, the one that makes the backend"
    return None


def _findable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
