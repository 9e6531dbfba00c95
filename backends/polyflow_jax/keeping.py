"""Compiled programs kept on disk, so that the next process need not compile them: off unless a folder is named.

Strongest first: the environment's POLYFLOW_JAX_CACHE, ``[tool.polyflow] jax_cache`` in the nearest pyproject.toml, the
user's config file. JAX has one such folder for a process, so naming one holds for the user's own JAX code too.
"""

from __future__ import annotations

import os
from pathlib import Path

import jax

from polyflow.backend import settings
from polyflow.errors import ConfigError

VARIABLE = "POLYFLOW_JAX_CACHE"


def folder() -> tuple[Path, str] | None:
    """The folder that is named, and what names it."""
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute(), VARIABLE
    found = settings.file_setting("jax_cache")
    if found is None:
        return None
    value, file = found
    return (file.parent / Path(value).expanduser()).absolute(), f"jax_cache in {file}"


def keep_programs() -> None:
    """Have JAX keep every program, however quickly compiled, in the folder that is named, if one is.

    Raises:
        ConfigError: the folder cannot be made or written to.
    """
    named = folder()
    if named is None:
        return
    path, source = named
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{source} names {path} for compiled programs, which cannot be made a folder: {error.strerror}. "
            "Name another folder, or none."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"{source} names {path} for compiled programs, which cannot be written to. Name another one.")
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
