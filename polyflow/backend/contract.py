"""What a backend object has to be, looked at once, when it is made: its faults, each as half a sentence.

What is declared has the right types, and arrays go in and come out. Whether ops are right, the conformance suite finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import fields
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..errors import BackendBrokenError
from .deviation import Deviation
from .protocol import Backend, Capabilities


def a(value: object) -> str:
    """What something is, for a sentence."""
    return "None" if value is None else f"an object of type {type(value).__name__}"


def no_result(op: Any, name: str, found: Any) -> BackendBrokenError:
    """Make (not raise) the error for what a kernel of ``op`` returned and is no array."""
    several = op.results > 1 or op.joint
    given = f"a tuple of {len(found)}" if several and isinstance(found, tuple) else a(found)
    expected = f"a tuple of {op.results} arrays" if op.results > 1 else "a tuple of arrays" if several else "an array"
    owner = f" of backend {name!r}" if name else ""
    return BackendBrokenError(f"the kernel {op.name}{owner} returned {given}, expected {expected} of the library.")


def no_argument(op: Any, name: str, found: Any) -> BackendBrokenError:
    """Make (not raise) the error for a tensor, given to ``op``, whose array a kernel has returned and is none."""
    return BackendBrokenError(
        f"{op.called} got a tensor of backend {name!r} that holds {a(found)}: a kernel returned that where an array "
        "of the library was expected."
    )


def no_function(asked: str, name: str, found: Any, expected: str) -> BackendBrokenError:
    """Make (not raise) the error for what a method of a backend gave and cannot be called."""
    return BackendBrokenError(f"{asked} of backend {name!r} returned {a(found)}, expected {expected}.")


def no_outputs(name: str, found: Any, count: int) -> BackendBrokenError:
    """Make (not raise) the error for what a compiled program returned and is no tuple of so many arrays."""
    given, expected = a(found), f"a tuple of {count} arrays"
    if isinstance(found, (tuple, list)):
        wrong = [one for one in found if not hasattr(one, "dtype")]
        given = f"{a(wrong[0])} among its results" if wrong else f"a tuple of {len(found)}"
    return BackendBrokenError(
        f"compile of backend {name!r} returned a program that returned {given}, expected {expected}."
    )


def told(error: BaseException) -> str:
    """An exception in one line."""
    try:
        text = " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException as second:
        text = f"(its text cannot be had: str() of it raises {type(second).__name__})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def declared_faults(backend: Backend) -> Iterator[str]:
    """What is wrong with the attributes of a backend; nothing is asked of its library."""
    for method in sorted(name for name, what in vars(Backend).items() if callable(what) and name[0] != "_"):
        if not callable(getattr(backend, method, None)):
            kind = "required method" if method in Backend.__abstractmethods__ else "method"
            yield f"its {kind} {method}() is {a(getattr(backend, method, None))}, expected a function"
    for name in ("device", "host_fallbacks"):
        if not hasattr(backend, name):
            yield f"its object has no {name}: an __init__ of its own has to call super().__init__(device)"
            return
    yield from _attribute("device", backend.device, str, "a name, such as 'cpu:0'")
    yield from _attribute("host_fallbacks", backend.host_fallbacks, MutableMapping, "a dictionary of how often ops ran")
    for name in ("weak_scalars", "numpy_dtypes"):
        yield from _attribute(name, getattr(backend, name), bool, "True or False")
    yield from _capabilities(backend.capabilities)
    yield from _mapping("unsupported", backend.unsupported, str, "the reason that users read, as text")
    yield from _mapping("deviations", backend.deviations, Deviation, 'a Deviation, such as Deviation("fails", "why")')
    yield from _mapping("gaps", backend.gaps, object, "dtypes")
    for op, kinds in backend.gaps.items():
        if isinstance(kinds, str) or not _are_dtypes(kinds):
            yield f"its gaps give {kinds!r} for {op!r}, expected a collection of dtypes, such as [dtypes.bfloat16]"


def _attribute(name: str, given: Any, kind: type, expected: str) -> Iterator[str]:
    if not isinstance(given, kind):
        yield f"its {name} is {a(given)}, expected {expected}"


def _capabilities(given: Any) -> Iterator[str]:
    if not isinstance(given, Capabilities):
        yield (
            f"its capabilities are {a(given)}, expected a polyflow.backend.Capabilities; "
            "write capabilities = Capabilities(dtypes=..., compile=...)"
        )
        return
    if not isinstance(given.dtypes, Collection):
        yield f"its capabilities' dtypes are {a(given.dtypes)}, expected a collection of dtypes"
        return
    for name in (one.name for one in fields(given) if one.name != "dtypes"):
        yield from _attribute(f"capabilities.{name}", getattr(given, name), bool, "True or False")
    for dtype in given.dtypes:
        if not isinstance(dtype, np.dtype) or dtype not in dt.ALL:
            yield f"its capabilities name {dtype!r} as a dtype, expected polyflow's own, such as dtypes.float32"


def _mapping(name: str, given: Any, kind: type, expected: str) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"its {name} are {a(given)}, expected a mapping from names to {expected}"
        return
    for key, value in given.items():
        if not isinstance(value, kind):
            yield f"its {name} give {a(value)} for {key!r}, expected {expected}"


def _are_dtypes(given: Any) -> bool:
    try:
        return all(dt.as_dtype(one) in dt.ALL for one in given)
    except TypeError:  # not even a collection
        return False


def array_faults(backend: Backend) -> Iterator[str]:
    """What is wrong with a small array on its way into the library and back, and with what is said of its place."""
    try:
        on_host = backend.is_host(backend.device)
    except Exception as error:
        yield f"is_host({backend.device!r}) raised {told(error)}"
        return
    if not isinstance(on_host, bool):
        yield f"is_host({backend.device!r}) returned {a(on_host)}, expected True or False"
    dtype = next((one for one in (dt.float32, *dt.ALL) if one in backend.capabilities.dtypes), None)
    if dtype is None:
        yield "its capabilities name no dtype, expected one at least"
        return
    host = np.arange(6).reshape(2, 3).astype(dtype)
    fixed = host.copy()
    fixed.flags.writeable = False
    for name, values in (("asarray", host), ("adopt", fixed)):
        yield from _faults_of(
            backend, name, values, dtype, f"a NumPy array of shape {host.shape} and dtype {dtype.name}"
        )


def _faults_of(backend: Backend, name: str, host: np.ndarray, dtype: np.dtype, given: str) -> Iterator[str]:
    """What is wrong with it on the way in by the method ``name``."""
    asked = f"{name} of {given}"
    try:
        array = getattr(backend, name)(host)
        asked = f"looking at what {name} made of {given}"
        shape, found, place, back = getattr(array, "shape", None), None, "", None
        if hasattr(array, "dtype"):
            asked = f"dtype_of what {name} made of {given}"
            found = backend.dtype_of(array)
            asked = f"device_of what {name} made of {given}"
            place = backend.device_of(array)
            asked = f"to_numpy of what {name} made of {given}"
            back = backend.to_numpy(array)
    except Exception as error:
        yield f"{asked} raised {told(error)}"
        return
    if shape is None or found is None:
        lack = "shape" if shape is None else "dtype"
        yield f"{name} of {given} returned {a(array)}, which has no {lack}; expected an array of the library"
    elif not isinstance(found, np.dtype):
        yield f"dtype_of returned {found!r}, expected one of polyflow's dtypes, such as dtypes.{dtype.name}"
    elif tuple(shape) != host.shape or found != dtype:
        yield f"{name} of {given} returned one of shape {tuple(shape)} and dtype {found}"
    elif not isinstance(place, str):
        yield f"device_of returned {a(place)}, expected the name of a device"
    elif not isinstance(back, np.ndarray):
        yield f"to_numpy returned {a(back)}, expected a NumPy array"
    elif back.dtype != dtype or back.shape != host.shape or (back != host).any():
        yield f"to_numpy of the array that {name} made of {host.tolist()} gave {back!r}, expected the same values"
