"""Reading a safetensors file, polyflow's or anybody's, with a plain sentence for each way in which it can be wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import WeightFileError, nearest
from ..files import path_of

FORMAT, FORMAT_VERSION = "polyflow.weights", "1"
"""What polyflow writes into the metadata of its own files."""

_DTYPES = {"BOOL": dt.bool_, "BF16": dt.bfloat16, "F16": dt.float16, "F32": dt.float32, "F64": dt.float64}
_DTYPES |= {f"I{8 * d.itemsize}": d for d in dt.SIGNED} | {f"U{8 * d.itemsize}": d for d in dt.UNSIGNED}
_DTYPES |= {"C64": dt.complex64, "C128": dt.complex128}
_FOREIGN = {
    b"\x89HDF": "an HDF5 file, such as Keras's .h5 weights",
    b"PK\x03\x04": "a zip archive, such as a .keras model, an .npz file or PyTorch's .pt",
    b"\x93NUMP": "an .npy file",
    **dict.fromkeys(
        (bytes([0x80, protocol]) for protocol in range(2, 6)),
        "a pickle, which polyflow never loads, because loading one runs the code in it",
    ),
}
_LONGEST_HEADER = 100_000_000  # the format's own limit
_ADVICE = "Expected a whole file as model.save_weights writes it."


class WeightFile(NamedTuple):
    """What a weight file holds.

    Attributes:
        arrays: name to values, in the file's order.
        metadata: what was written with them, as strings.
        ordered: whether that is the order in which the variables were saved; only polyflow's files tell.
    """

    arrays: dict[str, np.ndarray]
    metadata: dict[str, str]
    ordered: bool


def read(path: Any) -> WeightFile:
    """The arrays and the metadata of a safetensors file, polyflow's or anybody's.

    Raises:
        WeightFileError: if it is damaged or no safetensors file. OSError: if it cannot be read.
    """
    path = path_of(path)
    content = _bytes(path)
    header = _header(path, content)
    import safetensors

    try:
        entries = dict(safetensors.deserialize(content))
    except safetensors.SafetensorError as error:
        raise WeightFileError(f"{path!r} is damaged or no safetensors file: {error}. {_ADVICE}") from error
    notes = header.get("__metadata__") or {}
    pairs, names = (_note(path, notes, key, kind) for key, kind in (("complex", dict), ("names", list)))
    ordered = names is not None
    if ordered and (not all(isinstance(name, str) for name in names) or sorted(names) != sorted(entries)):
        raise WeightFileError(f"{path!r} is damaged: 'names' in its metadata does not list its weights. {_ADVICE}")
    arrays = {name: _array(path, name, entries[name], (pairs or {}).get(name)) for name in names or sorted(entries)}
    return WeightFile(arrays, notes, ordered)


def _bytes(path: str) -> bytes:
    """The file's bytes; a file that plainly is something else or was cut short is refused before it is read whole."""
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path!r} is a folder; expected a weight file.")
    if not os.path.exists(path):
        raise FileNotFoundError(_missing(path))
    with open(path, "rb") as file:
        start, size = file.read(8), os.fstat(file.fileno()).st_size
        length = int.from_bytes(start, "little")
        if length > min(size - 8, _LONGEST_HEADER):
            for magic, what in _FOREIGN.items():
                if start.startswith(magic):
                    raise WeightFileError(f"{path!r} is {what}, not a safetensors file. {_ADVICE}")
        if len(start) < 8 or length > size - 8:
            there = f"it has {size} bytes" if len(start) < 8 else f"its header has {size - 8} of {length} bytes"
            raise WeightFileError(f"{path!r} is cut short or no safetensors file: {there}. {_ADVICE}")
        return start + file.read()


def _missing(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        near = nearest(name, os.listdir(folder or "."))
    except OSError:
        near = []
    hint = f" Did you mean {' or '.join(repr(os.path.join(folder, one)) for one in near)}?" if near else ""
    return f"there is no weight file {path!r}.{hint}"


def _header(path: str, content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise WeightFileError(
            f"{path!r} is damaged or no safetensors file: its header is not JSON. {_ADVICE}"
        ) from error
    if not isinstance(header, dict):
        raise WeightFileError(f"{path!r} is no safetensors file: its header is not a JSON object. {_ADVICE}")
    ends = [e["data_offsets"][1] for e in header.values() if isinstance(e, dict) and _two(e.get("data_offsets"))]
    if ends and max(ends) > (there := len(content) - 8 - length):
        raise WeightFileError(f"{path!r} is cut short: {there} of {max(ends)} bytes of values are there. {_ADVICE}")
    return header


def _two(offsets: Any) -> bool:
    return isinstance(offsets, list) and len(offsets) == 2 and all(isinstance(one, int) for one in offsets)


def _note(path: str, notes: Mapping[str, str], key: str, kind: type) -> Any:
    """A piece of polyflow's own metadata; None in other people's files."""
    if notes.get("format") != FORMAT or key not in notes:
        return None
    if notes.get("format_version") != FORMAT_VERSION:
        raise WeightFileError(
            f"{path!r} has format version {notes.get('format_version')!r}; this polyflow reads {FORMAT_VERSION!r}. "
            "Upgrade polyflow-core."
        )
    try:
        value = json.loads(notes[key])
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise WeightFileError(f"{path!r} is damaged: {key!r} in its metadata is not a JSON {kind.__name__}. {_ADVICE}")
    return value


def _array(path: str, name: str, entry: Mapping[str, Any], pair: str | None) -> np.ndarray:
    """One entry as an array; ``pair`` is the complex dtype of an entry stored as pairs of reals."""
    if entry["dtype"] not in _DTYPES:
        raise WeightFileError(
            f"{path!r}: {name!r} has dtype {entry['dtype']}, which polyflow does not have. "
            f"Convert it to one of: {', '.join(sorted(_DTYPES))}."
        )
    dtype, shape = _DTYPES[entry["dtype"]], tuple(entry["shape"])
    raw = np.frombuffer(entry["data"], np.uint8)
    if dtype is dt.bool_ and raw.max(initial=0) > 1:
        raise WeightFileError(f"{path!r} is damaged: {name!r} is bool, and not all its bytes are 0 or 1. {_ADVICE}")
    array = raw.view(dtype.newbyteorder("<")).reshape(shape).astype(dtype, copy=False)
    if pair is None:
        return array
    target = {d.name: d for d in dt.COMPLEX}.get(str(pair))
    if target is None or dt.real_of(target) is not dtype or shape[-1:] != (2,):
        raise WeightFileError(
            f"{path!r} is damaged: {name!r} is said to hold {pair} in pairs of reals, but has dtype {dtype.name} and "
            f"shape {shape}. {_ADVICE}"
        )
    whole = np.empty(shape[:-1], target)
    whole.real, whole.imag = array[..., 0], array[..., 1]
    return whole
