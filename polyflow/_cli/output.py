"""Files that a command is to write: whether it will be able to is found out before the work is done."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import PolyflowError


def check_file(option: str, path: str | os.PathLike[str]) -> None:
    """Raise PolyflowError unless a file can be written there."""
    file = Path(path).absolute()
    if not file.parent.is_dir():
        raise PolyflowError(f"{option} {path}: there is no folder {file.parent}. Make it first.")
    if file.is_dir():
        raise PolyflowError(f"{option} {path} is a folder. Name a file.")
    _check_access(option, path, file if file.exists() else file.parent)


def check_folder(option: str, path: str | os.PathLike[str]) -> None:
    """Raise PolyflowError unless files can be written into this folder, which need not be there yet."""
    folder = Path(path).absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir():
        raise PolyflowError(f"{option} {path}: {there} is a file. Name a folder.")
    _check_access(option, path, there)


def _check_access(option: str, path: object, there: Path) -> None:
    if not os.access(there, os.W_OK):
        raise PolyflowError(f"{option} {path}: {there} may not be written to.")
