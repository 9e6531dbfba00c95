"""Where a node comes from: the layer it belongs to, the phase of training, and the user's line.

A tracer writes what holds in its context on each node. Blocks say what holds: a layer's call its name, a backward walk
its phase, an optimizer's update both. Where nothing is being traced they are one and the same empty block.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from importlib.util import find_spec
from types import FunctionType
from typing import Any, NamedTuple

from ..ops.call import interpreter

FORWARD, BACKWARD, UPDATE, METRICS = PHASES = ("forward", "backward", "update", "metrics")
"""What a node is for, in a training step. Functions that no optimizer or metric is called in are ``forward``."""

Line = tuple[str, int]
"""A file and the number of a line in it."""


class Note(NamedTuple):
    """What holds in a context: the path of the scopes around, the phase, and the line if it is to be another's."""

    scope: str = ""
    phase: str = FORWARD
    line: Line | None = None


_NOTHING_SAID = Note()
_note: ContextVar[Note] = ContextVar("polyflow_note", default=_NOTHING_SAID)
_nothing = nullcontext()

current = _note.get


def tracing() -> bool:
    """Whether ops are written into a graph here."""
    top = interpreter.get()
    return top is not None and top.backend is not None


def scope(name: str, phase: str | None = None) -> AbstractContextManager[Any]:
    """A block whose nodes belong to ``name``, inside the scopes around it; and to a phase, if one is given."""
    if not tracing():
        return _nothing
    path, now, line = _note.get()
    if path and not name.startswith(f"{path}/"):
        name = f"{path}/{name}" if name else path
    return _Block(Note(name, phase or now, line))


def get_logger() -> logging.Logger:
    """Python's logger of the name ``polyflow``, for programs that set its level: polyflow warns by `warnings`."""
    return logging.getLogger("polyflow")


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """TensorFlow's: a block whose ops stand under ``name`` where a graph is shown. It names no variables."""
    if not isinstance(name, str):
        raise TypeError(f"name_scope needs a name, a string; got a {type(name).__name__}.")
    with scope(name.strip("/")):
        yield f"{name.strip('/')}/"


def backward() -> AbstractContextManager[Any]:
    """A block for a walk back; what it gives is told of each node that is gone back through (None: nothing traces)."""
    return _Backward(_note.get()._replace(phase=BACKWARD)) if tracing() else _nothing


def again() -> AbstractContextManager[Any]:
    """A block in which a graph's nodes are run again; what it gives is told of each, whose scope and line are kept."""
    return _Again(_note.get())


class _Block:
    def __init__(self, note: Note) -> None:
        self.note = note

    def __enter__(self) -> Any:
        self._token = _note.set(self.note)

    def __exit__(self, *error: object) -> None:
        _note.reset(self._token)


class _Backward(_Block):
    def __enter__(self) -> Any:
        super().__enter__()
        return self.through

    def through(self, value: Any) -> None:
        """What follows is the backward of the node that gave ``value``, in its scope and of its line."""
        node = getattr(value, "node", None)
        _note.set(self.note if node is None else Note(node.scope, BACKWARD, node.line))


class _Again(_Block):
    def __enter__(self) -> Any:
        super().__enter__()
        return self.at

    def at(self, node: Any) -> None:
        """What follows is this node, in the phase of the block."""
        _note.set(Note(node.scope or self.note.scope, self.note.phase, node.line or self.note.line))


# The user's line ---------------------------------------------------------------------------------------------------


def _folders() -> tuple[str, ...]:
    """Where code lies that is not the user's: polyflow, its own backends, and what calls back for it."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = [own]
    for name in ("polyflow_numpy", "polyflow_jax", "polyflow_cupy", "optree"):
        spec = find_spec(name)
        found += list(spec.submodule_search_locations or ()) if spec is not None else []
    return tuple(os.path.join(folder, "") for folder in found)


_users: dict[str, bool] = {}  # by file
_ours: list[str] = []


def user_line() -> Line | None:
    """The line of the innermost frame outside polyflow, or None where there is none."""
    frame, users = sys._getframe(1), _users
    while frame is not None:
        file = frame.f_code.co_filename
        found = users.get(file)
        if found is None:
            found = _is_users(file)
        if found:
            return file, frame.f_lineno
        frame = frame.f_back
    return None


def asked(error: Exception, op: Any) -> Exception:
    """An error of an op, with a note of the function that the user called, where polyflow makes that of other ops."""
    frame, called = sys._getframe(1), None
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame, called = frame.f_back, frame
    if frame is None or called is None or called.f_globals.get("__package__") == __package__:  # what runs ops
        return error
    name = called.f_code.co_name
    if isinstance(called.f_globals.get(name), FunctionType) and name not in (op.name, op.called):
        note = f"while polyflow ran {name}"
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
    return error


def is_users(file: str) -> bool:
    """Whether a file is the user's, and no part of polyflow."""
    found = _users.get(file)
    return _is_users(file) if found is None else found


def origin(error: BaseException) -> str:
    """The file whose line raised an error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else trace.tb_frame.f_code.co_filename


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the innermost frame outside polyflow: the user's, however deep in polyflow this is found."""
    frame, level = sys._getframe(1), 2
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level if frame is not None else 2)


def _is_users(file: str) -> bool:
    if not _ours:
        _ours.extend(_folders())
    found = _users[file] = not file.startswith((*_ours, "<frozen ", "<plan>"))
    return found
