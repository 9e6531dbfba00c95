"""The file in which one run of a program leaves what it recorded.

It is a NumPy archive: numbered arrays, and a text ``index`` in JSON that says what each of them is. Values are taken
apart into leaves, each with its path inside the value, such as ``['loss']`` or ``[0]``.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..testing import VARIABLE

FORMAT = 1


@dataclass(frozen=True)
class Leaf:
    """One comparable piece of a recorded value.

    Attributes:
        path: where in the value it was, empty for the value itself.
        kind: ``"array"``; ``"number"`` for Python numbers and lists of them, whose precision is not known; ``"text"``.
        value: an array, or the text.
    """

    path: str
    kind: str
    value: Any


@dataclass(frozen=True)
class Recording:
    """All that one run wrote down: the leaves of each value, in order, by source and name."""

    backends: frozenset[str]
    entries: dict[str, dict[str, list[list[Leaf]]]]  # source ("record" | "observe") -> name -> one list per use


class Recorder:
    """Collects values during a run and writes them at its end, all or nothing.

    Args:
        path: the file to write. Where another process of the same program has written it already, the process id is
            added to the name, so that the reader can tell.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._backends: set[str] = set()
        self._entries: list[tuple[str, str, list[Leaf]]] = []

    def add(self, source: str, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"record(name, value) takes a name that is text, not {type(name).__name__}.")
        found = list(leaves(value, name))
        from ..backend import selection

        backend = selection.selected().spec.partition(":")[0]
        with self._lock:
            self._backends.add(backend)
            self._entries.append((source, name, found))

    def write(self) -> None:
        arrays: dict[str, Any] = {}
        entries = []
        for source, name, found in self._entries:
            described = []
            for leaf in found:
                line: dict[str, Any] = {"path": leaf.path, "kind": leaf.kind}
                if leaf.kind == "text":
                    line["value"] = leaf.value
                else:
                    line["array"] = key = str(len(arrays))
                    line["dtype"] = leaf.value.dtype.name
                    arrays[key] = _storable(leaf.value)
                described.append(line)
            entries.append({"source": source, "name": name, "leaves": described})
        index = {"format": FORMAT, "backends": sorted(self._backends), "entries": entries}
        target = self._path
        if target.exists():
            target = target.with_name(f"{target.name}.{os.getpid()}")
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
        with open(unfinished, "wb") as file:
            np.savez(file, index=np.array(json.dumps(index)), **arrays)
        os.replace(unfinished, target)


_recorder: Recorder | None = None
_making = threading.Lock()


def recorder() -> Recorder:
    """The one recorder of this process; it writes its file when the process ends."""
    global _recorder
    with _making:
        if _recorder is None:
            _recorder = Recorder(Path(os.environ[VARIABLE]))
            atexit.register(_recorder.write)
        return _recorder


def read(path: Path) -> Recording:
    """Read what a :class:`Recorder` wrote."""
    entries: dict[str, dict[str, list[list[Leaf]]]] = {"record": {}, "observe": {}}
    with np.load(path, allow_pickle=False) as archive:
        index = json.loads(str(archive["index"]))
        for entry in index["entries"]:
            found = [
                Leaf(line["path"], line["kind"], line["value"])
                if line["kind"] == "text"
                else Leaf(line["path"], line["kind"], _restored(archive[line["array"]], line["dtype"]))
                for line in entry["leaves"]
            ]
            entries[entry["source"]].setdefault(entry["name"], []).append(found)
    return Recording(frozenset(index["backends"]), entries)


def leaves(value: Any, name: str, path: str = "") -> Iterator[Leaf]:
    """Take a value apart.

    Args:
        value: what was recorded.
        name: its name, for the error.
        path: where ``value`` is inside it.

    Raises:
        TypeError: a part is none of what :func:`polyflow.testing.record` takes.
    """
    if value is None or isinstance(value, str):
        yield Leaf(path, "text", repr(value))
    elif isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic):
        yield _numbers(path, value)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, name, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        if value and all(isinstance(part, (bool, int, float)) for part in value):
            yield _numbers(path, value)
        else:
            for position, part in enumerate(value):
                yield from leaves(part, name, f"{path}[{position}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), name, f"{path}.{field.name}")
    elif isinstance(history := getattr(value, "history", None), Mapping):
        yield from leaves(history, name, path)
    else:
        array = _host(value)
        if array is None or not _comparable(array.dtype):
            kind = type(value).__name__ if array is None else f"{type(value).__name__} of dtype {array.dtype}"
            raise TypeError(
                f"record({name!r}, …) cannot compare an object of type {kind}{f' at {path}' if path else ''}. "
                "Give tensors, arrays, numbers or text, or lists and dicts of them."
            )
        yield Leaf(path, "array", array)


def _numbers(path: str, value: Any) -> Leaf:
    array = np.array(value)
    return Leaf(path, "number", array) if _comparable(array.dtype) else Leaf(path, "text", repr(value))


def _host(value: Any) -> np.ndarray | None:
    """A copy of any library's array as NumPy's, or None where the value is no array."""
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu()
    if hasattr(value, "numpy"):
        value = value.numpy()
    elif hasattr(value, "__cuda_array_interface__") and hasattr(value, "get"):  # CuPy
        value = value.get()
    elif not hasattr(value, "__array__"):
        return None
    return np.array(value)


def _comparable(dtype: np.dtype) -> bool:
    return dtype.kind in "biufc" or _is_extension(dtype)


def _is_extension(dtype: np.dtype) -> bool:
    """Whether it is one of ml_dtypes' floats, such as bfloat16."""
    return dtype.isbuiltin == 2


def _storable(array: np.ndarray) -> np.ndarray:
    if _is_extension(array.dtype):
        return np.ascontiguousarray(array).reshape(array.shape).view(f"u{array.dtype.itemsize}")
    return array


def _restored(array: np.ndarray, dtype: str) -> np.ndarray:
    if array.dtype.name == dtype:
        return array
    import ml_dtypes

    return array.view(getattr(ml_dtypes, dtype))
