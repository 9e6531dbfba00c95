"""Generators: where keys come from when nobody passes one.

A `SeedGenerator` keeps a base key and a counter in a variable, so a traced function that draws from it stays pure: the
variable is one of its inputs and outputs, and its keys are those of the same function run eagerly.

The global generator is one seed with two streams of keys. `host_key` counts on the host: initial weights and shuffles.
The other stream is a `SeedGenerator` for each backend, made when something is first drawn there without a key; each
starts alike, so that a program draws the same numbers on whichever backend it runs.
"""

from __future__ import annotations

import operator
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import threefry
from ..errors import ConfigError
from ..flow.interpreter import inside
from ..ops import call
from ..ops.random import next_key
from ..tensor import here
from ..variable import Variable

if TYPE_CHECKING:
    from ..tensor import Tensor

_lock = threading.RLock()


class SeedGenerator:
    """A source of keys: the n-th one (from 0) is ``fold_in(key(seed), n)``, eagerly and in traced functions alike.

    Args:
        seed: an integer from 0 to 2**64 - 1; without it the base key is the global generator's next `host_key`.
        name: a name for messages.
        backend: where its state lies; the current backend if left out.

    Attributes:
        state: a variable of three uint32 words, the base key and the counter (which wraps after 2**32 keys).
        seed: the seed it was made with, or None.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, *, backend: Any = None) -> None:
        base = host_key() if seed is None else threefry.key(seed)
        self.seed = None if seed is None else operator.index(seed)
        self.name = name or "seed_generator"
        self.state = Variable(
            np.append(base, np.uint32(0)), trainable=False, name="seed_state", backend=backend or here()
        )

    def next_key(self) -> Tensor:
        """The next key: uint32 of shape (2,), on the state's backend."""
        with _lock:
            state = self.state.read()
            self.state.assign(state + call.constant(threefry.NEXT, state.backend))
        return next_key(state)

    def next(self, ordered: bool = True) -> Tensor:
        """The next key (Keras's name; keys are always in order)."""
        return self.next_key()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A generator as `get_config` describes it."""
        return cls(**config)


# The global generator -------------------------------------------------------------------------------------------------


VARIABLE = "POLYFLOW_SEED"
"""The environment variable that seeds a program which sets no seed itself."""


def _entropy() -> threefry.Words:
    return np.frombuffer(os.urandom(8), np.uint32)


def _first() -> threefry.Words:
    """The key that a program starts with."""
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return _entropy()
    if not named.isdecimal() or int(named) >= 2**64:
        raise ConfigError(f"{VARIABLE} is {named!r}. Expected an integer from 0 to 2**64 - 1, or nothing.")
    return threefry.key(int(named))


class _Global:
    """The state of the global generator."""

    def __init__(self) -> None:
        self.key = _first()
        self.count = 0
        self.devices: dict[Any, SeedGenerator] = {}

    def start(self, key: threefry.Words, count: int = 0, drawn: int = 0) -> None:
        self.key, self.count = key, count
        for generator in self.devices.values():  # the variables stay: traced functions hold them
            with inside(None):
                generator.state.assign(np.append(threefry.split(key, 1)[0], np.uint32(drawn)))

    def on(self, backend: Any) -> SeedGenerator:
        with _lock:
            if backend not in self.devices:
                generator = SeedGenerator(0, "global_generator", backend=backend)
                with inside(None):
                    generator.state.assign(np.append(threefry.split(self.key, 1)[0], np.uint32(0)))
                self.devices[backend] = generator
            return self.devices[backend]


_global = _Global()


def set_seed(seed: int | None) -> None:
    """Start the global generator anew: what is drawn afterwards depends on ``seed`` alone.

    Before the first call the seed is that of the environment variable ``POLYFLOW_SEED``; without it, and after
    ``set_seed(None)``, it is the operating system's randomness.

    Args:
        seed: an integer from 0 to 2**64 - 1, or None.
    """
    key = _entropy() if seed is None else threefry.key(seed)
    with _lock:
        _global.start(key)


def host_key() -> threefry.Words:
    """The next key of the global generator's host stream, a NumPy array: for initial weights and shuffles.

    The n-th one after `set_seed` is ``threefry.fold_in(threefry.key(seed), n)``. Threads never get the same key.

    Returns:
        uint32 of shape (2,).
    """
    with _lock:
        _global.count += 1
        return threefry.fold_in(_global.key, _global.count - 1)


def global_generator(backend: Any = None) -> SeedGenerator:
    """The global generator of a backend (the current one if left out)."""
    return _global.on(backend or here())


def get_state() -> dict[str, Any]:
    """The global generator's state as plain data: its key, how many host keys it gave, and its keys on this backend."""
    with _lock:
        drawn = int(global_generator().state._value.numpy()[2])
        return {"key": [int(word) for word in _global.key], "host": _global.count, "drawn": drawn}


def set_state(state: dict[str, Any]) -> None:
    """Go on where `get_state` was called."""
    with _lock:
        global_generator()
        _global.start(np.array(state["key"], np.uint32), int(state["host"]), int(state["drawn"]))
