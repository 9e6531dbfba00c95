"""What a namespace does, found out by asking it: no library is known by name here.

The standard leaves some things open and libraries leave out others. Each is tried on a few numbers when a backend is
made, which takes milliseconds, and what comes out decides which of the backend's ways are taken.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import array_api_compat
import numpy as np

from polyflow import dtypes as dt

from .naming import device_name

SAMPLE = np.array([1.5, -2.0, 3.25], np.float32)


def _from_dlpack(array: Any) -> np.ndarray:
    return np.from_dlpack(array, device="cpu")


def _by(method: str) -> Callable[[Any], np.ndarray]:
    def read(array: Any) -> np.ndarray:
        return getattr(array, method)()

    return read


WAYS = (np.asarray, _from_dlpack, _by("get"), _by("todense"), _by("unwrap_numpy"))
"""How an array may be read on the host. (The standard has DLPack alone, which not every library offers.)"""


def way_back(array: Any, host: np.ndarray) -> Callable[[Any], np.ndarray] | None:
    """The first of `WAYS` that gives the values of ``array``, which are those of ``host``; None where none does."""
    for way in WAYS:
        try:
            found = way(array)
        except Exception:
            continue
        if isinstance(found, np.ndarray) and found.dtype == host.dtype and np.array_equal(found, host):
            return way
    return None


def devices(xp: Any) -> dict[str, Any]:
    """The devices that hold numbers and give them back, by name, the default first.

    PyTorch lists a device ``meta`` whose arrays have no values. polyflow's indices are int64, so a device without it is
    none. A library that lists no devices has ``{"cpu:0": None}``.
    """
    named = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            about = xp.__array_namespace_info__()
            found = [about.default_device(), *about.devices()]
    except Exception:
        found = []
    for device in found:
        if device is None:
            continue
        try:
            xp.asarray(np.zeros(1, np.int64), dtype=xp.int64, device=device)
            array = xp.asarray(SAMPLE.copy(), dtype=xp.float32, device=device)
            name = device_name(array_api_compat.device(array))
        except Exception:
            continue
        if name not in named and way_back(array, SAMPLE) is not None:
            named[name] = device
    return named or {"cpu:0": None}


def dtypes(xp: Any, device: Any, read: Callable[[Any], np.ndarray]) -> tuple[frozenset[np.dtype], frozenset[np.dtype]]:
    """The dtypes whose values a device keeps, and those of them that it does not compute with."""
    held, idle = [], []
    for dtype in dt.ALL:
        host = np.ones(3, dtype)
        try:
            own = getattr(xp, "bool_" if dtype is dt.bool_ and not hasattr(xp, "bool") else dtype.name)
            array = xp.asarray(host.copy(), dtype=own, device=device)
            back = read(array)
        except Exception:
            continue
        if back.dtype != dtype or not np.array_equal(back, host):
            continue
        held.append(dtype)
        try:
            total = read(array | array if dtype is dt.bool_ else xp.sum(array + array, dtype=own))
        except Exception:
            idle.append(dtype)
            continue
        if total.dtype != dtype:
            idle.append(dtype)
    return frozenset(held), frozenset(idle)


def overflows(xp: Any, place: dict[str, Any], read: Callable[[Any], np.ndarray]) -> dict[str, frozenset[np.dtype]]:
    """The hyperbolic functions that overflow before their results do, where exp(x) does: by name, in which dtypes."""
    found: dict[str, frozenset[np.dtype]] = {}
    for name in ("cosh", "sinh"):
        function = getattr(xp, name, None)
        early = []
        for dtype, last in ((dt.float32, 89.2), (dt.float64, 710.3)):
            try:
                values = read(function(xp.asarray(np.full(64, last, dtype), dtype=getattr(xp, dtype.name), **place)))  # type: ignore[misc]
            except Exception:
                continue
            if np.isinf(values).any():
                early.append(dtype)
        if early:
            found[name] = frozenset(early)
    return found


def unsigned_zeros(xp: Any, place: dict[str, Any], read: Callable[[Any], np.ndarray]) -> frozenset[np.dtype]:
    """The complex dtypes in which ``-x`` subtracts from 0, which leaves zeros without their signs, in long arrays."""
    found = []
    for dtype in dt.COMPLEX:
        try:
            values = read(xp.negative(xp.asarray(np.zeros(64, dtype), dtype=getattr(xp, dtype.name), **place)))
        except Exception:
            continue
        if not (np.signbit(values.real) & np.signbit(values.imag)).all():
            found.append(dtype)
    return frozenset(found)


def steps_backwards(array: Any) -> bool:
    """Whether slices may have negative steps, as the standard says."""
    try:
        array[::-1]
    except Exception:
        return False
    return True


def shares(array: Any) -> bool:
    """Whether other libraries of this machine see an array's memory by DLPack."""
    try:
        return array.__dlpack_device__()[0] == 1 and np.array_equal(np.from_dlpack(array), SAMPLE)
    except Exception:
        return False
