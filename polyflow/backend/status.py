"""Installed, usable, selected: what can be said of every backend, and why one does not work."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import BackendError, BackendUnavailableError
from . import discovery
from .plugin import BackendInfo, install_line


@dataclass(frozen=True)
class BackendStatus:
    """How one installed backend is doing.

    Attributes:
        name: the backend's name.
        distribution: where it comes from; None when it was registered in this process.
        version: the distribution's version.
        state: ``"usable"``, ``"library missing"``, ``"no device"`` or ``"broken"``; ``"installed"`` when its library
            was found but not tried, because ``check`` was false.
        reason: one sentence, where the state is a bad one.
        install: the command that helps, or None.
        devices: the devices that answered, the default one first; empty unless checked.
        summary: the plugin's own words.
        homepage: the plugin's own page.
    """

    name: str
    distribution: str | None
    version: str
    state: str
    reason: str = ""
    install: str | None = None
    devices: tuple[str, ...] = ()
    summary: str = ""
    homepage: str = ""

    @property
    def usable(self) -> bool:
        return self.state == "usable"


def status(name: str, check: bool = True) -> BackendStatus:
    """Say how the backend ``name`` is doing; nothing that is wrong with it is raised.

    Args:
        name: the name of an installed or registered backend.
        check: load its library and ask its devices. Without it nothing is imported but the plugin's description.

    Raises:
        UnknownBackendError: nothing of this name is installed.
    """
    infos = [info for info in discovery.installed() if info.name == name]
    if not infos:
        discovery.plugin(name)  # raises, with suggestions, or finds what was installed meanwhile
        infos = [info for info in discovery.installed() if info.name == name]
    return _status(infos[0], check)


def statuses(check: bool = True) -> list[BackendStatus]:
    """:func:`status` of everything installed, by name; of two that clash, both."""
    return [_status(info, check) for info in discovery.installed()]


def _status(info: BackendInfo, check: bool) -> BackendStatus:
    summary = homepage = ""
    devices: tuple[str, ...] = ()
    install: str | None = None
    reason = ""
    try:
        plugin = discovery.plugin(info.name)
        description = plugin.describe()
        summary, homepage = description.summary, description.homepage
        state = "installed"
        missing = plugin.missing_modules()
        if missing:
            state, install = "library missing", plugin.install_line()
            reason = f"Not installed: {', '.join(missing)}."
        elif check:
            backend = discovery.get(info.name)
            state = "usable"
            devices = (backend.device, *(device for device in backend.devices() if device != backend.device))
    except BackendUnavailableError as error:
        state = "library missing" if error.missing == "library" else "no device"
        reason, install = str(error), error.install or (install_line(info) if error.missing == "library" else None)
    except BackendError as error:
        state, reason = "broken", str(error)
    return BackendStatus(info.name, info.distribution, info.version, state, reason, install, devices, summary, homepage)
