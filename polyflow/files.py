"""Writing a file so that a crash leaves the old one or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import Any

from .convert import short


def path_of(given: Any) -> str:
    """The name of a file or folder, which a user gives as a string or a path object.

    Raises:
        TypeError: for anything else.
    """
    try:
        return os.fspath(given)
    except TypeError:
        raise TypeError(f"the name of a file is a string or a pathlib.Path; got {short(given)}.") from None


def write_atomically(path: Any, content: bytes) -> None:
    """Put ``content`` into the file ``path``, replacing what was there in one step.

    The bytes go to a temporary name in the same folder, are flushed to the disk, and only then take the file's name. An
    exception on the way removes the temporary file; a killed process or a power failure may leave it behind, under a
    name that starts with ``.polyflow-``. A symbolic link keeps pointing where it did, and an existing file keeps its
    permissions. A pipe or a device is written to as it is.

    Raises:
        FileNotFoundError: the folder does not exist. IsADirectoryError: ``path`` is one. OSError: no space, no right.
    """
    path = path_of(path)
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise IsADirectoryError(f"{path!r} is a folder, and a file is to be written there. Give the name of a file.")
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.write(content)
        return
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"cannot write {path!r}: the folder {folder!r} does not exist. Make it first.")
    temporary = os.path.join(folder, f".polyflow-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException as error:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = path  # the name that the caller knows
        raise
    _remember_folder(folder)


def _remember_folder(folder: str) -> None:
    """Flush the new name itself to the disk, on systems where a folder can be flushed."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # a folder that may be written to but not listed
        return
    try:
        os.fsync(handle)
    except OSError:  # a file system that cannot: the file is complete all the same
        pass
    finally:
        os.close(handle)
