"""Settings from files: ``[tool.polyflow]`` in pyproject.toml, and the user's own config.toml.

A misspelt or misplaced setting is an error that names the file and the key; nothing is ignored in silence.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, nearest

if TYPE_CHECKING:  # pathlib takes a millisecond or two, and `import polyflow` needs no file
    from pathlib import Path

SETTINGS = {"backend": "numpy", "jax_cache": "~/.cache/polyflow-jax"}
"""The keys that ``[tool.polyflow]`` and the user's file may hold, each with a value for an example."""

CONFIG_VARIABLE = "POLYFLOW_CONFIG"


def project_setting(key: str) -> tuple[str, Path] | None:
    """``key`` of ``[tool.polyflow]`` in the nearest pyproject.toml, from the working directory upwards, and the file.

    Raises:
        ConfigError: the file cannot be read, or its table holds something else than known keys with text values.
    """
    from pathlib import Path

    try:
        here = Path.cwd()
    except FileNotFoundError:  # the working directory was deleted
        return None
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            table = _read(path).get("tool", {})
            table = table.get("polyflow", {}) if isinstance(table, dict) else {}
            return _setting(key, table, path, "[tool.polyflow]")
    return None


def user_setting(key: str) -> tuple[str, Path] | None:
    """``key`` of the user's own file and the file, or None where there is none.

    Raises:
        ConfigError: as :func:`project_setting`; also when ``POLYFLOW_CONFIG`` names a file that does not exist.
    """
    path = user_file()
    if not path.is_file():
        if os.environ.get(CONFIG_VARIABLE):
            raise ConfigError(f"{CONFIG_VARIABLE} names {path}, which is not a file. Create it or unset the variable.")
        return None
    return _setting(key, _read(path), path, "the file")


def file_setting(key: str) -> tuple[str, Path] | None:
    """``key`` as a file says it, the project's before the user's, and the file; None where neither does.

    Raises:
        ConfigError: a file holds something unreadable.
    """
    return project_setting(key) or user_setting(key)


def user_file() -> Path:
    """Where the user's file lies: ``POLYFLOW_CONFIG``, or the platform's folder for configuration."""
    from pathlib import Path

    given = os.environ.get(CONFIG_VARIABLE)
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or "~/AppData/Roaming"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.path.expanduser(base)) / "polyflow" / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    if path.name == "pyproject.toml" and b"polyflow" not in content:
        return {}  # nothing here is ours: no need to parse it, or to complain about it
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error


def _setting(key: str, table: Any, path: Path, where: str) -> tuple[str, Path] | None:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {where} should be a table of settings, not {type(table).__name__}.")
    for given in table:
        if given not in SETTINGS:
            near = nearest(given, SETTINGS)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{path}: {where} has an unknown key {given!r}.{hint} Known keys: {', '.join(SETTINGS)}.")
    if key not in table:
        return None
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f'{path}: {key} in {where} is {value!r}, expected text such as {key} = "{SETTINGS[key]}".')
    return value.strip(), path
