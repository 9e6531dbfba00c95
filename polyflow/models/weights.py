"""Weight files: the variables of a model in one safetensors file, and back.

A file maps each variable's name (``sequential/dense/kernel``) to its values. Optimizer variables stand beside them
under ``optimizer:``. The metadata says which format and version of polyflow wrote it and in which order the variables
came. bfloat16 is stored as such; complex numbers, which not every reader of the format knows, as pairs of reals.

Loading checks every name, shape and dtype before it changes anything, and never runs code from the file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import WeightFileError
from ..files import path_of, write_atomically
from ..tensor import Operators, tensor
from .weight_file import FORMAT, FORMAT_VERSION, read

SUFFIX = ".safetensors"
OPTIMIZER = "optimizer:"
SHOWN = 5
"""How many names or mismatches a message lists."""


# ---- saving


def save(
    path: Any,
    variables: Iterable[Any] | Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    *,
    optimizer: Iterable[Any] | Mapping[str, Any] = (),
) -> None:
    """Write variables to a safetensors file; a crash leaves the old file or the new one.

    Args:
        path: a name that ends in ``.safetensors``; its folder must exist.
        variables: the model's variables, each under its ``path`` or in a pair with its name; or a mapping from names to
            variables or arrays.
        metadata: strings to keep with them.
        optimizer: the optimizer's variables, kept under ``optimizer:`` and their path.

    Raises:
        WeightFileError: for another ending, a name used twice, or metadata that is not text.
        OSError: if the file cannot be written; an existing one is then as it was.
    """
    path = path_of(path)
    if not path.endswith(SUFFIX):
        raise WeightFileError(
            f"weights are saved as safetensors, in a file whose name ends in {SUFFIX}; got {path!r}. "
            f"Write for example {os.path.splitext(path)[0].removesuffix('.weights') + '.weights' + SUFFIX!r}."
        )
    write(path, variables, metadata, optimizer=optimizer)


def write(
    path: str,
    variables: Iterable[Any] | Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    *,
    optimizer: Iterable[Any] | Mapping[str, Any] = (),
) -> None:
    """`save`, whatever the name of the file ends in."""
    named = _named(path, variables) | _named(path, optimizer, OPTIMIZER)
    content: dict[str, np.ndarray] = {}
    pairs: dict[str, str] = {}
    for name, variable in named.items():
        array = _host(variable)
        if array.dtype in dt.COMPLEX:
            pairs[name] = array.dtype.name
            array = np.stack([np.real(array), np.imag(array)], axis=-1)
        content[name] = array
    write_atomically(path, _encode(path, content, _notes(path, metadata, list(named), pairs)))


def _encode(path: str, content: dict[str, np.ndarray], notes: dict[str, str]) -> bytes:
    import safetensors
    from safetensors.numpy import save as encode

    try:
        return encode(content, metadata=notes)
    except safetensors.SafetensorError as error:  # such as a header beyond the format's 100 MB
        raise WeightFileError(f"{path!r} cannot be written: {error}.") from error


def _named(path: str, variables: Iterable[Any] | Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Each variable under its name in the file."""
    if isinstance(variables, Mapping):
        variables = variables.items()
    items = [one if isinstance(one, tuple) else (one.path, one) for one in variables]
    named: dict[str, Any] = {}
    for name, variable in items:
        if not isinstance(name, str) or not name or name == "__metadata__":
            raise WeightFileError(f"{path!r}: {name!r} cannot be the name of a weight; expected text, and not that.")
        if prefix + name in named:
            raise WeightFileError(
                f"{path!r}: two weights are called {name!r}, and a file has one place for each name. "
                "Give the layers that hold them different names."
            )
        if not prefix and name.startswith(OPTIMIZER):
            raise WeightFileError(f"{path!r}: weight {name!r} must not begin with {OPTIMIZER!r}; rename its layer.")
        named[prefix + name] = variable
    return named


def _host(value: Any) -> np.ndarray:
    """The values on the host, contiguous, in the machine's byte order."""
    array = value.numpy() if isinstance(value, Operators) else np.asarray(value)
    return np.asarray(array, dt.as_dtype(array.dtype), order="C")


def _notes(path: str, metadata: Mapping[str, str] | None, names: list[str], pairs: dict[str, str]) -> dict[str, str]:
    from .. import __version__

    for key, value in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise WeightFileError(f"{path!r}: metadata must be text; got {key!r}: {value!r}. Write it as a string.")
    own = {"format": FORMAT, "format_version": FORMAT_VERSION, "polyflow": __version__, "names": json.dumps(names)}
    return dict(metadata or {}) | own | ({"complex": json.dumps(pairs)} if pairs else {})


# ---- loading


def load(
    path: Any,
    variables: Iterable[Any] | Mapping[str, Any],
    *,
    optimizer: Iterable[Any] | Mapping[str, Any] = (),
) -> dict[str, str]:
    """Give variables the values that a weight file holds for them, and return the file's metadata.

    A name in the file belongs to the variable of that path. Where the names differ only in the numbers by which layers
    are told apart (``dense_2`` for ``dense``) or in the name of the whole model, as they do for a second model of the
    same make, the variables are matched in order. Optimizer state in the file is passed over unless asked for.

    Raises:
        WeightFileError: if the file is damaged, is no safetensors file, or does not fit: a name is missing or left
            over, or a shape or dtype differs. No variable has been changed then.
        OSError: if the file cannot be read.
    """
    path = path_of(path)
    file = read(path)
    own = {name: array for name, array in file.arrays.items() if not name.startswith(OPTIMIZER)}
    state = {name: array for name, array in file.arrays.items() if name.startswith(OPTIMIZER)}
    plan = planned(path, _named(path, variables), own, file.ordered, "the model")
    wanted = _named(path, optimizer, OPTIMIZER)
    if wanted:
        if not state:
            raise WeightFileError(
                f"{path!r} holds no optimizer state, only weights. Load the weights alone, or save the file again "
                "together with the optimizer's variables."
            )
        plan += planned(path, wanted, state, file.ordered, "the optimizer")
    values = [tensor(array, backend=variable.backend) for variable, array in plan]
    for (variable, _), value in zip(plan, values, strict=True):
        variable.assign(value)
    return file.metadata


# ---- whether a file fits


def planned(
    path: str, wanted: dict[str, Any], held: dict[str, np.ndarray], ordered: bool, owner: str
) -> list[tuple[Any, np.ndarray]]:
    """Each variable with the array meant for it.

    Raises:
        WeightFileError: where a name is missing or left over, or a shape or dtype differs.
    """
    pairs = _matched(path, list(wanted), list(held), ordered, owner)
    wrong = [
        f"{theirs!r} is {_spec(held[theirs])} in the file and {_spec(wanted[ours])} in {owner}"
        + (f" ({ours!r})" if ours != theirs else "")
        for ours, theirs in pairs
        if tuple(wanted[ours].shape) != held[theirs].shape or wanted[ours].dtype is not dt.as_dtype(held[theirs].dtype)
    ]
    if wrong:
        raise WeightFileError(
            f"{path!r} does not fit: {_listed(wrong, '; ')}. Nothing was loaded. Build {owner} as it was when saved."
        )
    return [(wanted[ours], held[theirs]) for ours, theirs in pairs]


def _matched(path: str, ours: list[str], theirs: list[str], ordered: bool, owner: str) -> list[tuple[str, str]]:
    if set(ours) == set(theirs):
        return [(name, name) for name in ours]
    if ordered and _plain(ours) == _plain(theirs):
        return list(zip(ours, theirs, strict=True))
    held = set(theirs)
    missing, extra = [n for n in ours if n not in held], [n for n in theirs if n not in set(ours)]
    parts = [f"it has no {_listed([repr(n) for n in missing])}"] * bool(missing)
    parts += [f"{owner} has no {_listed([repr(n) for n in extra])}"] * bool(extra)
    raise WeightFileError(
        f"{path!r} does not fit: the file holds {len(theirs)} weights and {owner} {len(ours)}; {', and '.join(parts)}. "
        f"Nothing was loaded. Build {owner} as it was when saved."
    )


def _plain(names: Sequence[str]) -> list[str]:
    """Names without what tells apart two models of the same make: the model's own name and the numbers of layers."""
    parts = [re.sub(r"_\d+(?=[_/]|$)", "", name).split("/") for name in names]
    roots = {tuple(part[:1]) for part in parts}
    rooted = len(roots) == 1 and all(len(part) > 1 for part in parts)
    return ["/".join(part[1:] if rooted else part) for part in parts]


def _spec(value: Any) -> str:
    return f"{value.dtype.name} of shape {tuple(value.shape)}"


def _listed(items: Sequence[str], separator: str = ", ") -> str:
    rest = len(items) - SHOWN
    return separator.join(items[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
