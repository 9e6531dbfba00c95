"""The backend of one namespace on one device."""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from polyflow.backend import ArrayNamespaceBackend, Capabilities
from polyflow.backend.keys import Key, Slice
from polyflow.errors import BackendUnavailableError, unknown_device

from . import measuring, naming
from .deviations import DEVIATIONS


class ArrayAPIBackend(ArrayNamespaceBackend):
    """Any namespace that follows the standard.

    Its devices are called ``"MODULE:DEVICE"``: what stands after ``array-api:`` in the backend's name.

    Args:
        device: ``"MODULE"`` or ``"MODULE:DEVICE"``, e.g. ``"array_api_strict:device1"``.

    Raises:
        BackendError: the module cannot be imported or is no namespace.
        UnknownDeviceError: the namespace has no such device.
    """

    name = "array-api"

    def __init__(self, device: str | None = None) -> None:
        module, place = naming.split(device)
        self.xp = namespace = naming.load(module)
        found = measuring.devices(namespace)
        if place is not None and place not in found:
            raise unknown_device(f"{self.name}:{module}", place, found)
        self._places = {f"{module}:{name}": own for name, own in found.items()}
        super().__init__(f"{module}:{place or next(iter(found))}")
        sample = self.xp.asarray(measuring.SAMPLE.copy(), dtype=self.xp.float32, **self._placed())
        read = measuring.way_back(sample, measuring.SAMPLE)
        if read is None:
            raise BackendUnavailableError(
                f"Backend 'array-api:{module}': the values of its arrays cannot be read on the host, neither as NumPy "
                "reads arrays nor by DLPack."
            )
        self._read = read
        held, idle = measuring.dtypes(self.xp, self.library_device(self.device), read)
        self.capabilities = Capabilities(dtypes=held, dlpack=measuring.shares(sample))
        self.gaps = measuring.overflows(self.xp, self._placed(), read) | ({"*": idle} if idle else {})
        unsigned = measuring.unsigned_zeros(self.xp, self._placed(), read)
        if unsigned:
            self.gaps |= {"negative": unsigned}
        self.deviations = dict(DEVIATIONS.get(namespace.__name__, {}))
        self._backwards = measuring.steps_backwards(sample)

    # Arrays --------------------------------------------------------------------------------------------------------

    def to_numpy(self, array: Any) -> np.ndarray:
        host = np.asarray(self._read(array))[...]
        host.flags.writeable = False
        return host

    def devices(self) -> tuple[str, ...]:
        return tuple(self._places)

    def library_device(self, device: str) -> Any:
        return self._places[device]

    def device_of(self, array: Any) -> str:
        if len(self._places) == 1:
            return self.device
        return f"{self.device.partition(':')[0]}:{naming.device_name(array_api_compat.device(array))}"

    def is_host(self, device: str) -> bool:
        return self._read is np.asarray

    # Indexing ------------------------------------------------------------------------------------------------------

    def getitem(self, x: Any, *indices: Any, key: Key) -> Any:
        if not self._backwards:
            x, key = self._forwards(x, key)
        return super().getitem(x, *indices, key=key)

    def _forwards(self, x: Any, key: Key) -> tuple[Any, Key]:
        """The same elements by slices that step forwards, out of an array turned around."""
        turned, parts, axis = [], [], 0
        for part in key:
            if isinstance(part, Slice) and part.step < 0:
                last = x.shape[axis] - 1
                part = Slice(last - part.start, x.shape[axis] if part.stop is None else last - part.stop, -part.step)
                turned.append(axis)
            parts.append(part)
            axis += part is not None
        return (self.xp.flip(x, axis=tuple(turned)) if turned else x), tuple(parts)
