"""Every exception that polyflow raises on purpose, and the sentences about unknown names.

All of them are :class:`PolyflowError`, and each is also the built-in exception that Python programmers expect in its
place, so ``except ValueError`` and ``except IndexError`` keep working. The same mistake raises the same class on every
backend.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "ArgumentError",
    "AxisError",
    "BackendBrokenError",
    "BackendClashError",
    "BackendError",
    "BackendUnavailableError",
    "ConfigError",
    "DTypeError",
    "EmptyDataError",
    "GraphTextError",
    "IncompleteBackendError",
    "LabelError",
    "LinAlgError",
    "MixedBackendsError",
    "NotCompiledError",
    "PolyflowError",
    "ProtocolVersionError",
    "ShapeError",
    "StateLostError",
    "TraceError",
    "UnknownBackendError",
    "UnknownDeviceError",
    "UnknownNameError",
    "UnsupportedError",
    "WeightFileError",
    "nearest",
    "point",
    "shown_line",
    "unknown_device",
    "unknown_name",
    "unknown_sentence",
]


class PolyflowError(Exception):
    """The base of every exception that polyflow raises on purpose."""


# ---- names


class UnknownNameError(PolyflowError, ValueError):
    """A name (of an optimizer, loss, metric, activation …) that nobody registered; the message lists the nearest."""


# ---- backends


class BackendError(PolyflowError):
    """The base of everything that can be wrong with a backend."""


class UnknownBackendError(BackendError, UnknownNameError):
    """No installed distribution provides a backend of this name."""


class UnknownDeviceError(BackendError, UnknownNameError):
    """The backend works but has no device of this name."""


class BackendUnavailableError(BackendError, RuntimeError):
    """The backend is installed but cannot run here: its library is missing, or no device answers.

    Attributes:
        missing: ``"library"`` or ``"device"``.
        install: the command that would help, or None where installing something would not.
    """

    def __init__(self, message: str = "", *, missing: str = "device", install: str | None = None) -> None:
        super().__init__(message)
        self.missing = missing
        self.install = install

    def __reduce__(self):
        return _rebuild_unavailable, (type(self), str(self), self.missing, self.install)


class BackendBrokenError(BackendError, RuntimeError):
    """The plugin itself is at fault: it raises when imported, misses a required method, or returns the wrong thing."""


class IncompleteBackendError(BackendBrokenError, TypeError):
    """A backend class lacks what every backend must have, so no object can be made of it."""


class BackendClashError(BackendError, RuntimeError):
    """Two installed distributions provide a backend of the same name."""


class ProtocolVersionError(BackendBrokenError):
    """The plugin was written for a version of the backend protocol that this polyflow does not speak."""


class MixedBackendsError(BackendError, TypeError):
    """One operation was given tensors of two backends; the message says how to move one of them."""


class UnsupportedError(PolyflowError, NotImplementedError):
    """The backend declares that it does not have this op, dtype or capability."""


class ConfigError(PolyflowError, ValueError):
    """A configuration file or environment variable holds something unreadable; the message names file and key."""


# ---- values


class ShapeError(PolyflowError, ValueError):
    """Shapes that do not fit together, or a shape that is not one; the message holds every shape involved."""


class ArgumentError(PolyflowError, ValueError, TypeError):
    """An argument that is no number, or a number out of range; the message says who takes it and what it may be."""


class AxisError(PolyflowError, ValueError, IndexError):
    """An axis that the array does not have, or one given twice."""


class DTypeError(PolyflowError, TypeError):
    """A dtype that the operation does not take, or two without a common one; the message says which cast to write."""


class OutOfRangeError(PolyflowError, IndexError):
    """An iteration was asked for an element after its last."""


class LinAlgError(PolyflowError, np.linalg.LinAlgError):
    """A matrix is not what an op of linear algebra needs: singular, not positive definite (a ValueError too)."""


class GraphTextError(PolyflowError, ValueError):
    """A text that describes no graph; the message names the line, what is there and what was expected."""


class TraceError(PolyflowError, TypeError):
    """The program asked for the value of something that is only known once the traced function runs."""


# ---- training


class NotCompiledError(PolyflowError, RuntimeError):
    """``fit``, ``evaluate`` or ``train_on_batch`` was called before ``compile``."""


class StateLostError(PolyflowError, RuntimeError):
    """A training step failed on the device after the memory of the model's values had been given to it."""


class EmptyDataError(PolyflowError, ValueError):
    """There is nothing to train on, evaluate or predict: the data holds no rows."""


class WeightFileError(PolyflowError, ValueError):
    """A weight file that cannot be read, or that does not fit the model; the message names the file and the weight."""


InvalidArgumentError = ValueError
"""TensorFlow's name for what shapes, labels and options that do not fit raise here."""


class LabelError(PolyflowError, ValueError):
    """A label that is none of the classes which the model tells apart; the message names both."""


# ---- sentences


def nearest(name: object, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of ``choices`` that are spelt most like ``name``, best first.

    Upper case does not count, but of two choices that differ in nothing else the one in the case of ``name`` is meant.

    Anything that is not a string has no near spelling, so the answer is empty.
    """
    if not isinstance(name, str):
        return []
    from difflib import get_close_matches  # an error is the only thing that needs it

    spelt: dict[str, str] = {}
    for choice in choices:
        key = choice.lower()
        if key not in spelt or choice.islower() == name.islower():
            spelt[key] = choice
    return [spelt[key] for key in get_close_matches(name.strip().lower(), spelt, n=limit, cutoff=0.6)]


def unknown_name(kind: str, given: object, choices: Iterable[str]) -> UnknownNameError:
    """Make (not raise) the error for a name of some ``kind`` that is not among ``choices``.

    >>> raise unknown_name("optimizer", "addam", ["adam", "sgd"])
    Traceback (most recent call last):
    ...
    polyflow.errors.UnknownNameError: Unknown optimizer 'addam'. Did you mean 'adam'? Available: adam, sgd.
    """
    return UnknownNameError(unknown_sentence(kind, given, choices))


def unknown_sentence(kind: str, given: object, choices: Iterable[str], all_of_them: str = "") -> str:
    """Return the text that :func:`unknown_name` puts into its error, for errors of another class.

    ``all_of_them`` is a sentence that stands in place of the choices, where these are too many to be read.
    """
    choices = sorted(set(choices))
    near = nearest(given, choices)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    known = all_of_them or (f"Available: {', '.join(choices)}." if choices else "None is available.")
    return f"Unknown {kind} {given!r}.{hint} {known}"


def unknown_device(backend: str, given: object, devices: Iterable[str]) -> UnknownDeviceError:
    """Make (not raise) the error for a device that a backend does not have.

    >>> raise unknown_device("jax", "tpu:0", ["cpu:0"])
    Traceback (most recent call last):
    ...
    polyflow.errors.UnknownDeviceError: Backend 'jax' has no device 'tpu:0'. Its devices: cpu:0.
    """
    return UnknownDeviceError(f"Backend {backend!r} has no device {given!r}. Its devices: {', '.join(devices)}.")


def shown_line(line: tuple[str, int] | None) -> str:
    """A file and line as ``train.py:12``, from the working folder where it lies there; nothing for None."""
    if line is None:
        return ""
    file, number = line
    return f"{file.removeprefix(os.path.join(os.getcwd(), ''))}:{number}"


RAN = "while polyflow ran"
"""How the note begins that names the node of a graph which an error comes from."""


def point(error: BaseException, node: Any) -> None:
    """Note on an error from running a graph which node raised it, and the user's line that the node comes from."""
    parts = [f"{RAN} {node.op.name}"]
    if node.scope or node.phase != "forward":
        parts.append(f"of {node.scope or 'the step'} ({node.phase})")
    if node.line is not None:
        parts.append(f"from {shown_line(node.line)}")
    note = " ".join(parts)
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _rebuild_unavailable(cls, message, missing, install):
    return cls(message, missing=missing, install=install)
