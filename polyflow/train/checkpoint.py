"""Checkpoint: variables of many objects in one file, to go on with later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import WeightFileError
from ..files import path_of
from ..models import weights as weight_files
from ..models.weight_file import read
from ..tensor import tensor
from ..variable import Variable
from .index import remember
from .tracked import described, entries, made, names_of, weights_of

NOTE = "checkpoint"
"""Where a file's metadata say what its objects were."""

COUNTER = "save_counter"


class Restored:
    """What became of a `restore`.

    Attributes:
        missing: objects that the file does not have; they are as they were.
        unused: objects in the file that the checkpoint does not have.
    """

    def __init__(self, path: str | None, missing: Iterable[str] = (), unused: Iterable[str] = ()) -> None:
        self.path, self.missing, self.unused = path, list(missing), list(unused)

    def assert_consumed(self) -> Restored:
        """Raise AssertionError unless every object of the file and of the checkpoint has found its other."""
        self.assert_existing_objects_matched()
        if self.unused:
            raise AssertionError(f"{self.path!r} holds {_listed(self.unused)} too, which this checkpoint has not.")
        return self

    def assert_existing_objects_matched(self) -> Restored:
        """Raise AssertionError unless the file has every object of the checkpoint."""
        if self.missing:
            raise AssertionError(f"{self.path!r} does not hold {_listed(self.missing)}.")
        return self

    def expect_partial(self) -> Restored:
        """Nothing: objects that are not there are no error."""
        return self


class Checkpoint:
    """Keeps the variables of objects in a file, and gives them back.

    Args:
        root: an object without a name of its own.
        **objects: variables, layers, models (with their optimizers, if compiled), optimizers, metrics, modules and
            random generators by name, also in lists and dicts. They are attributes too: ``checkpoint.step``.

    Raises:
        TypeError: for anything else.
    """

    def __init__(self, root: Any = None, **objects: Any) -> None:
        self._objects = ({} if root is None else {"root": root}) | objects
        self.save_counter = Variable(np.int64(0), trainable=False, name=COUNTER)
        entries(self._objects)
        for name, thing in objects.items():
            setattr(self, name, thing)

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Write the checkpoint of the next number, ``<file_prefix>-<number>``; returns that name."""
        self.save_counter.assign_add(1)
        path = self.write(f"{path_of(file_prefix)}-{int(self.save_counter)}")
        remember(os.path.dirname(path), lambda known: [*(one for one in known if one != path), path])
        return path

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write a checkpoint of this name, a safetensors file; a crash leaves the old one or the new one."""
        path = path_of(file_prefix)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        found = entries(self._objects | {COUNTER: self.save_counter})
        weights = weights_of(found)
        named = [pair for entry in found for pair in names_of(entry, weights)]
        notes = {entry.key: described(entry, weights) for entry in found}
        weight_files.write(file_of(path), named, {NOTE: json.dumps(notes)})
        return path

    def restore(self, save_path: Any, options: Any = None) -> Restored:
        """Give the variables the values they had when a checkpoint was written; None changes nothing.

        Models and optimizers that have no variables yet get them. Objects that only the file has, or only this
        checkpoint, are passed over; the result's ``assert_consumed()`` raises if there are any.

        Raises:
            WeightFileError: for a file that is damaged, or an object that does not fit; nothing is changed then.
        """
        if save_path is None:
            return Restored(None)
        path = path_of(save_path)
        file = read(file_of(path))
        if NOTE not in file.metadata:
            raise WeightFileError(f"{file_of(path)!r} is no checkpoint. Read it with model.load_weights or load_model.")
        notes: dict[str, Any] = json.loads(file.metadata[NOTE])
        found = entries(self._objects | {COUNTER: self.save_counter})
        common = [entry for entry in found if entry.key in notes]
        owned = {key: _arrays_of(key, file.arrays, notes) for key in notes}
        pairs: list[tuple[Any, np.ndarray]] = []
        known: dict[str, Variable] = {}
        for optimizers in (False, True):  # what they trained has to be known first
            for entry in common:
                if (notes[entry.key].get("trained") is not None) is not optimizers:
                    continue
                made(entry, notes[entry.key], known.get)
                wanted = dict(names_of(entry, weights_of(found) if optimizers else []))
                arrays = owned[entry.key]
                if optimizers and not notes[entry.key]["built"]:
                    wanted = {name: one for name, one in wanted.items() if name in arrays}
                planned = weight_files.planned(path, wanted, arrays, file.ordered, f"{entry.key!r}")
                pairs += planned
                by_array = {id(array): name for name, array in arrays.items()}
                known |= {by_array[id(array)]: variable for variable, array in planned}
        values = [tensor(array, backend=variable.backend) for variable, array in pairs]
        for (variable, _), value in zip(pairs, values, strict=True):
            variable.assign(value)
        keys = {entry.key for entry in found}
        return Restored(path, [key for key in keys if key not in notes], [key for key in notes if key not in keys])

    def read(self, save_path: Any, options: Any = None) -> Restored:
        """As `restore`."""
        return self.restore(save_path)


def file_of(path: str) -> str:
    """The file of a checkpoint."""
    return path if path.endswith(weight_files.SUFFIX) else path + weight_files.SUFFIX


def _arrays_of(key: str, arrays: dict[str, np.ndarray], notes: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of one object of a file."""
    within = [other for other in notes if other.startswith(f"{key}/")]
    return {
        name: array
        for name, array in arrays.items()
        if (name == key or name.startswith(f"{key}/"))
        and not any(name == other or name.startswith(f"{other}/") for other in within)
    }


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
