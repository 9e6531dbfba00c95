"""Random words of small draws, drawn for many keys of a generator at once.

A draw of a thousand words takes as long as its hundred calls of NumPy. The keys of a generator are known beforehand,
and words are a function of their key: where one draws the same number of words again and again, as a layer does in
training, the next draws' words are computed together. They are kept under their keys, so that whoever asks for others,
in whatever order, gets what he would get without.
"""

from __future__ import annotations

import math
import threading
from typing import Any, NamedTuple

import numpy as np

from polyflow import dtypes as dt
from polyflow import threefry

WORDS = 1 << 14
"""How many words are drawn together: so many, with their keys and counters, stay in a core's cache."""

DRAWS = 64
"""For how many keys, at most. What is never asked for was drawn in vain."""

STREAMS = 32
"""Of how many generators and sizes words are kept."""

KEYS = 256
"""Of how many keys it is remembered where they came from."""

Draw = tuple[bytes, int]
"""A key, or a generator's base key, and a number of words."""


class _Stream(NamedTuple):
    """A generator's draws of one size: its counter at the last one drawn, and how far that lay after the one before.

    ``states`` and ``draws`` say under what names the keys and the words are kept that were drawn ahead.
    """

    last: int
    step: int
    states: tuple[bytes, ...] = ()
    draws: tuple[Draw, ...] = ()


class Ahead:
    """The kernels of random words, with what they have drawn ahead."""

    def __init__(self) -> None:
        self._keys: dict[bytes, np.ndarray] = {}
        self._words: dict[Draw, np.ndarray] = {}
        self._origins: dict[bytes, tuple[bytes, int]] = {}
        self._streams: dict[Draw, _Stream] = {}
        self._lock = threading.Lock()

    def next_key(self, state: Any) -> np.ndarray:
        """The key of a generator whose state is the three words of a base key and a counter."""
        state = np.asarray(state, np.uint32)
        name = state.tobytes()
        key = self._keys.pop(name, None)
        if key is None:
            count = int(state[2])
            key = threefry.fold_in(state[:2], count)
            if len(self._origins) >= KEYS:
                self._origins.clear()
            self._origins[key.tobytes()] = name[:8], count
        return key

    def random_bits(self, key: Any, *, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """The first words of a key's stream, as uint32 or uint64."""
        size = math.prod(shape)
        if dtype is dt.uint64:
            return threefry.words64(key, size).reshape(shape)
        return self._drawn(key, size).copy().reshape(shape)

    def keep_mask(self, key: Any, *, shape: tuple[int, ...], rate: float) -> np.ndarray:
        """Which elements a dropout keeps, one 16-bit half of a word for each."""
        size = math.prod(shape)
        return threefry.kept(self._drawn(key, (size + 1) // 2), shape, rate)

    def _drawn(self, key: Any, count: int) -> np.ndarray:
        """`threefry.words`, from words that may lie among others."""
        key = np.asarray(key, np.uint32)
        name = key.tobytes(), count
        words = self._words.pop(name, None)
        if words is not None:
            return words
        origin = self._origins.get(name[0])
        if origin is None or not 0 < 2 * count <= WORDS:
            return threefry.words(key, count)
        with self._lock:
            self._follow(*origin, count)
        words = self._words.pop(name, None)
        return threefry.words(key, count) if words is None else words

    def _follow(self, base: bytes, at: int, count: int) -> None:
        """Remember a draw; draw ahead from it on, if it lies as far after the last one as that after the one before."""
        before = self._forget((base, count)) or _Stream(at, 0)
        step = at - before.last
        if step > 0 and step == before.step:
            self._streams[base, count] = self._draw(base, at, step, count)
        else:
            self._streams[base, count] = _Stream(at, step)
        while len(self._streams) > STREAMS:
            self._forget(next(iter(self._streams)))

    def _forget(self, name: Draw) -> _Stream | None:
        """Let go of what is left of a stream."""
        stream = self._streams.pop(name, None)
        if stream is not None:
            for state in stream.states:
                self._keys.pop(state, None)
            for draw in stream.draws:
                self._words.pop(draw, None)
        return stream

    def _draw(self, base: bytes, at: int, step: int, count: int) -> _Stream:
        """Keep the keys and the words of the draws from ``at`` on."""
        many = min(DRAWS, WORDS // count)
        states = np.empty((many, 3), np.uint32)
        states[:, :2] = np.frombuffer(base, np.uint32)
        states[:, 2] = np.arange(at, at + step * many, step, dtype=np.uint64)  # modulo 2**32
        keys = np.empty((2, many, 1), np.uint32)
        keys[0].fill(threefry.FOLD >> 32)
        keys[1, :, 0] = states[:, 2]
        threefry.encrypt_inplace(states[0], keys[0], keys[1], np.empty((many, 1), np.uint32))
        pairs = np.empty((many, (count + 1) // 2, 2), np.uint32)
        each = np.empty((2, *pairs.shape[:2]), np.uint32)  # the keys beside each word: NumPy's loops cost less
        each[...] = keys
        high, low, spare = np.empty_like(pairs, shape=(3, *pairs.shape[:2]))
        high.fill(0)
        low[...] = np.arange(pairs.shape[1], dtype=np.uint32)
        threefry.encrypt_inplace(each, high, low, spare)
        pairs[..., 0], pairs[..., 1] = high, low
        names = tuple(state.tobytes() for state in states)
        found = np.ascontiguousarray(keys[..., 0].T)
        draws = tuple((key.tobytes(), count) for key in found)
        self._words.update(zip(draws, pairs.reshape(many, -1)[:, :count], strict=True))
        self._keys.update(zip(names[1:], map(np.copy, found[1:]), strict=True))
        return _Stream(at + step * (many - 1), step, names[1:], draws)
