"""random-1: random bits against published vectors, and against Threefry written out in Python's integers."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt

from ..case import Case, Mismatch, Trial
from ..measure import WIDE
from ..oracle import _erfinv
from ..table import functions

GROUP = "random-1"
MASK = 0xFFFFFFFF

VECTORS = {
    "zeros": ((0, 0), 0, (0x6B200159, 0x99BA4EFE)),
    "ones": ((MASK, MASK), (MASK << 32) | MASK, (0x1CB996FC, 0xBB002BE7)),
    "pi": ((0x13198A2E, 0x03707344), (0x243F6A88 << 32) | 0x85A308D3, (0xC4923A9C, 0x483DF7A0)),
}
"""Random123's known answers for Threefry-2x32 with 20 rounds: key, counter (first word high), result."""


def threefry(key: tuple[int, int], counter: int) -> tuple[int, int]:
    """Threefry-2x32-20 (Salmon et al. 2011), in Python's integers."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA)
    x0, x1 = (counter >> 32) + schedule[0] & MASK, (counter & MASK) + schedule[1] & MASK
    for block in range(5):
        for distance in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
            x0 = x0 + x1 & MASK
            x1 = ((x1 << distance | x1 >> (32 - distance)) & MASK) ^ x0
        x0 = x0 + schedule[(block + 1) % 3] & MASK
        x1 = x1 + schedule[(block + 2) % 3] + block + 1 & MASK
    return x0, x1


@functools.cache
def words(key: tuple[int, int], count: int) -> np.ndarray:
    """The first 32-bit words of a key's stream: the same cipher, many counters at once."""
    schedule = [np.uint32(one) for one in (key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA)]
    with np.errstate(over="ignore"):
        x1 = np.arange((count + 1) // 2, dtype=np.uint32) + schedule[1]
        x0 = np.full_like(x1, schedule[0])
        for block in range(5):
            for distance in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
                x0 = x0 + x1
                x1 = (x1 << np.uint32(distance) | x1 >> np.uint32(32 - distance)) ^ x0
            x0 = x0 + schedule[(block + 1) % 3]
            x1 = x1 + schedule[(block + 2) % 3] + np.uint32(block + 1)
    return np.stack([x0, x1], 1).ravel()[:count]


def words64(key: tuple[int, int], count: int) -> np.ndarray:
    """The first 64-bit words: the upper half comes first."""
    pairs = words(key, 2 * count).astype(np.uint64).reshape(-1, 2)
    return (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]


KEYS = ((0, 0), (1, 2), (0xDEADBEEF, 0x12345678))
SIZES = ((), (2, 0, 3), (1,), (1, 7, 1, 1), (5, 3), (1000,))


def cases() -> Iterator[Case]:
    """Words, and all that is made of them."""
    held = (dt.uint32,)
    for name in VECTORS:
        yield Case(f"{GROUP}/threefry2x32/known-answer/{name}", functools.partial(_vector, name=name), held, True)
    yield Case(f"{GROUP}/threefry2x32/counters/many", _counters, held)
    for number, key in enumerate(KEYS):
        yield Case(f"{GROUP}/random_bits/uint32/key-{number}", functools.partial(_bits, key=key), held, True)
        yield Case(
            f"{GROUP}/random_bits/uint64/key-{number}",
            functools.partial(_bits64, key=key),
            (dt.uint32, dt.uint64),
            True,
        )
        yield Case(
            f"{GROUP}/random_permutation/int64/key-{number}",
            functools.partial(_permutation, key=key),
            (dt.uint64, dt.int64),
            True,
        )
        yield Case(f"{GROUP}/keep_mask/bool/key-{number}", functools.partial(_mask, key=key), held, True)
    yield Case(f"{GROUP}/random_bits/uint32/large", _large, held)
    yield Case(f"{GROUP}/random_bits/uint64/large", _large64, (dt.uint32, dt.uint64))
    yield Case(f"{GROUP}/random_bits/uint32/again", _bits_again, held)
    yield Case(f"{GROUP}/random_permutation/int64/large", _permutation_large, (dt.uint64, dt.int64))
    yield Case(f"{GROUP}/keep_mask/bool/large", _mask_large, held)
    yield Case(f"{GROUP}/keep_mask/bool/borders", _mask_borders, held, True)
    yield Case(f"{GROUP}/next_key/uint32/counters", _next, held, True)
    yield Case(f"{GROUP}/uniform/float32/unit", _uniform, (dt.float32, dt.uint32), True)
    yield Case(f"{GROUP}/uniform/float64/unit", _uniform64, (dt.float64, dt.uint64), True)
    yield Case(f"{GROUP}/uniform/float32/interval", _interval, (dt.float32,), True)
    yield Case(f"{GROUP}/uniform/float16/unit", functools.partial(_half, dtype=dt.float16, bits=11), (dt.float16,))
    yield Case(f"{GROUP}/uniform/bfloat16/unit", functools.partial(_half, dtype=dt.bfloat16, bits=8), (dt.bfloat16,))
    yield Case(f"{GROUP}/normal/float32/values", _normal, (dt.float32,), True)
    yield Case(f"{GROUP}/bernoulli/bool/words", _bernoulli, held)
    yield Case(f"{GROUP}/randint/int32/range", _randint, (dt.int32, dt.uint64))
    yield Case(f"{GROUP}/seed/integers/same-again", _seed, (dt.float32, dt.uint32), True)
    yield Case(f"{GROUP}/seed/global/order", _global_seed, (dt.float32, dt.uint32), True)
    yield Case(f"{GROUP}/seed/generator/state", _generator, (dt.float32, dt.uint32), True)
    yield Case(f"{GROUP}/split/uint32/independent", _split, held)


def _key(t: Trial, key: tuple[int, int]) -> pf.Tensor:
    """A key: one of its own, a row of several, or words walked from the end."""
    if key == KEYS[1]:
        return t.tensor(np.array([(9, 9), key], np.uint32))[1]
    return t.tensor(np.array(key[::-1], np.uint32))[::-1] if key == KEYS[2] else t.tensor(np.array(key, np.uint32))


def _vector(t: Trial, *, name: str) -> None:
    key, counter, true = VECTORS[name]
    t.same(threefry(key, counter), true, "the suite's own Threefry")
    low = t.tensor(np.array([counter & MASK], np.uint32))
    value = functions()["threefry2x32"](_key(t, key), low, high=counter >> 32)
    t.exactly(value, np.array([true], np.uint32), what="threefry2x32")


def _counters(t: Trial) -> None:
    low = np.arange(120, dtype=np.uint32).reshape(3, 40) * np.uint32(0x1000001)
    for high in (0, 5):
        true = np.array([threefry((3, 4), (high << 32) + int(one)) for one in low.ravel()], np.uint32).reshape(3, 40, 2)
        t.exactly(functions()["threefry2x32"](_key(t, (3, 4)), t.tensor(low), high=high), true, what="threefry2x32")
    for place in (low[0, 1], low[-1, -1]):
        value = functions()["threefry2x32"](_key(t, (3, 4)), t.tensor(np.asarray(place)), high=MASK)
        true = np.array(threefry((3, 4), (MASK << 32) + int(place)), np.uint32)
        t.exactly(value, true, what="threefry2x32 of one counter")


def _bits(t: Trial, *, key: tuple[int, int]) -> None:
    for size in SIZES:
        true = words(key, math.prod(size)).reshape(size)
        t.exactly(functions()["random_bits"](_key(t, key), size, dt.uint32), true, what=f"random_bits of shape {size}")


def _bits64(t: Trial, *, key: tuple[int, int]) -> None:
    for size in SIZES:
        true = words64(key, math.prod(size)).reshape(size)
        t.exactly(functions()["random_bits"](_key(t, key), size, dt.uint64), true, what=f"random_bits of shape {size}")


def _large(t: Trial) -> None:
    """More words than any block of work, in every place; an odd number of them, in any shape."""
    for size in ((200_003,), (3, 70_001), (2_001,), (7, 11, 13)):
        true = words((5, 6), math.prod(size)).reshape(size)
        t.exactly(
            functions()["random_bits"](_key(t, (5, 6)), size, dt.uint32), true, what=f"random_bits of shape {size}"
        )
    for place in (0, 1, 65536, 100_001):
        t.same(int(words((5, 6), 200_003)[place]), threefry((5, 6), place // 2)[place % 2], "the suite's own words")


def _large64(t: Trial) -> None:
    for count in (70_001, 1_001):
        value = functions()["random_bits"](_key(t, (5, 6)), (count,), dt.uint64)
        t.exactly(value, words64((5, 6), count), what=f"random_bits of shape {(count,)}")


def _bits_again(t: Trial) -> None:
    """The sixtieth call gives what the first gave: no counter is kept."""
    for number in range(60):
        key = KEYS[number % 3]
        value = functions()["random_bits"](_key(t, key), (9,), dt.uint32)
        t.exactly(value, words(key, 9), what=f"random_bits, call {number}")


def _permutation_large(t: Trial) -> None:
    """More numbers than 16 bits tell apart."""
    n = 70_001
    host = t.spec(functions()["random_permutation"](_key(t, (5, 6)), n), (n,), dt.int64)
    bits = np.uint64((n - 1).bit_length())
    order = np.lexsort((np.arange(n), words64((5, 6), n) >> bits))
    t.same(np.array_equal(host, order), True, f"whether the permutation of {n} is the right one")


def _halves(key: tuple[int, int], count: int) -> np.ndarray:
    stream = words(key, (count + 1) // 2)
    return np.stack([stream & 0xFFFF, stream >> 16], 1).ravel()[:count]


def _mask_large(t: Trial) -> None:
    for size in ((2, 3, 5), (3, 37, 701)):
        true = (_halves((5, 6), math.prod(size)) >= round(0.3 * 65536)).reshape(size)
        t.exactly(functions()["keep_mask"](_key(t, (5, 6)), size, 0.3), true, what=f"keep_mask of shape {size}")


def _mask_borders(t: Trial) -> None:
    """A number at the rate's border is kept, the next rate drops it; the smallest number and the largest, too."""
    halves = _halves((1, 2), 4101)
    for half in (halves[0], halves.min(), halves.max()):
        for above in (0, 1):
            value = functions()["keep_mask"](_key(t, (1, 2)), (4101,), (int(half) + above) / 65536)
            t.exactly(value, halves >= int(half) + above, what="keep_mask at the border")


def _permutation(t: Trial, *, key: tuple[int, int]) -> None:
    for n in (0, 1, 2, 16, 257, 4099):
        host = t.spec(functions()["random_permutation"](_key(t, key), n), (n,), dt.int64)
        t.same(sorted(host.tolist()), list(range(n)), f"the elements of a permutation of {n}")
        bits = max((n - 1).bit_length(), 0) if n > 1 else 0
        stream = [int(word) for word in words64(key, n)]
        order = sorted(range(n), key=lambda i: (stream[i] >> bits << bits) | i)
        t.same(host.tolist(), order, f"a permutation of {n}")


def _mask(t: Trial, *, key: tuple[int, int]) -> None:
    for size in ((7,), (3, 4), (0,), (), (41, 100)):
        for rate in (0.0, 0.25, 0.5, 0.9) if math.prod(size) < 100 else (0.3,):
            true = (_halves(key, math.prod(size)) >= round(rate * 65536)).reshape(size)
            t.exactly(functions()["keep_mask"](_key(t, key), size, rate), true, what=f"keep_mask at rate {rate}")


def _next(t: Trial) -> None:
    seen = set()
    counters = (0, 1, 2, 3, 256, 65536, 2**31, MASK)
    for counter in counters:
        state = t.tensor(np.array([7, 8, counter], np.uint32))
        host = t.spec(functions()["next_key"](state), (2,), dt.uint32)
        t.exactly(pf.random.fold_in(_key(t, (7, 8)), counter), host.copy(), what="fold_in next to next_key")
        seen.add(tuple(host.tolist()))
    t.same(len(seen), len(counters), "how many keys differ")


def _uniform(t: Trial) -> None:
    true = (words((1, 2), 1000) >> np.uint32(8)).astype(np.float64) * 2.0**-24
    t.exactly(pf.random.uniform((1000,), key=_key(t, (1, 2))), true.astype(np.float32), what="uniform")


def _uniform64(t: Trial) -> None:
    true = (words64((1, 2), 500) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    t.exactly(pf.random.uniform((500,), dtype="float64", key=_key(t, (1, 2))), true, what="uniform")


def _interval(t: Trial) -> None:
    """Evaluated in float64 and rounded once, by Python's floats; within the roundings of float32 where that is all."""
    roundings = 0.0 if dt.float64 in t.held else 2.0
    unit = (words((1, 2), 500) >> np.uint32(8)).astype(np.float64) * 2.0**-24
    for low, high in ((-1.0, 1.0), (0.1, 0.7), (-3.3, 100.1)):
        true = np.array([u * (high - low) + low for u in unit.tolist()]).astype(np.float32)
        value = pf.random.uniform((500,), low, high, key=_key(t, (1, 2)))
        scale = np.full(true.shape, max(abs(low), abs(high)))
        t.close(value, true, roundings, dtype=dt.float32, scale=scale, what=f"uniform({low}, {high})")


def _half(t: Trial, *, dtype: np.dtype, bits: int) -> None:
    true = (words((1, 2), 300) >> np.uint32(32 - bits)).astype(np.float64) * 2.0**-bits
    t.exactly(pf.random.uniform((300,), dtype=dtype, key=_key(t, (1, 2))), true.astype(dtype), what="uniform")


def _normal(t: Trial) -> None:
    whole = words((1, 2), 300).astype(WIDE)
    v = (whole - WIDE(2.0**31) + WIDE(0.5)) / WIDE(2.0**31)
    true = np.sqrt(WIDE(2)) * _erfinv(v)
    # without float64 v has 24 bits, and how far that goes is a matter of the slope of erfinv there
    slope = None if dt.float64 in t.held else np.sqrt(WIDE(np.pi / 2)) * np.exp(true**2 / 2) + np.abs(true)
    value = pf.random.normal((300,), key=_key(t, (1, 2)))
    t.close(value, true, 1.0 if slope is None else 4.0, dtype=dt.float32, scale=slope, what="normal")
    value = pf.random.normal((300,), 2.0, 3.0, key=_key(t, (1, 2)))
    scale, tolerance = (np.abs(true * 3) + 2, 1.0) if slope is None else (slope * 3 + 2, 4.0)
    t.close(value, true * 3 + 2, tolerance, dtype=dt.float32, scale=scale, what="normal with mean and deviation")


def _bernoulli(t: Trial) -> None:
    for p in (0.0, 0.3, 1.0):
        true = np.array([int(word) < p * 2**32 for word in words((1, 2), 200)])
        t.exactly(pf.random.bernoulli((200,), p, key=_key(t, (1, 2))), true, what=f"bernoulli({p})")


def _randint(t: Trial) -> None:
    for low, high in ((0, 10), (-5, 1000), (0, 2**31 - 1)):
        true = [low + (int(word) * (high - low) >> 64) for word in words64((1, 2), 200)]
        t.exactly(
            pf.random.randint((200,), low, high, key=_key(t, (1, 2))),
            np.array(true, np.int32),
            what=f"randint({low}, {high})",
        )


def _seed(t: Trial) -> None:
    first = pf.random.uniform((50,), seed=3)
    t.exactly(pf.random.uniform((50,), seed=3), t.host(first).copy(), what="the numbers of the same seed")
    if t.host(pf.random.uniform((50,), seed=4)).tolist() == t.host(first).tolist():
        raise Mismatch("two seeds give the same numbers")


def _global_seed(t: Trial) -> None:
    def draw() -> list[list[float]]:
        pf.random.set_seed(11)
        return [t.host(pf.random.normal((3,))).tolist(), t.host(pf.random.uniform((3,))).tolist()]

    before = pf.random.get_state()
    try:
        first = draw()
        t.same(draw(), first, "the numbers after set_seed")
        if first[0] == first[1] or t.host(pf.random.uniform((3,))).tolist() == first[1]:
            raise Mismatch("the global generator gives the same numbers twice")
    finally:
        pf.random.set_state(before)


def _generator(t: Trial) -> None:
    """A generator inside a compiled function gives new numbers at each call, the same as outside."""
    outside, within = pf.random.SeedGenerator(5), pf.random.SeedGenerator(5)
    call = pf.function(lambda: pf.random.uniform((4,), seed=within))
    for number in range(3):
        plain = pf.random.uniform((4,), seed=outside)
        t.exactly(call(), t.host(plain).copy(), what=f"draw {number} inside a compiled function")


def _split(t: Trial) -> None:
    keys = t.host(pf.random.split(_key(t, (9, 9)), 5))
    t.same(keys.shape, (5, 2), "the shape of split keys")
    t.same(len({tuple(row) for row in keys.tolist()} | {(9, 9)}), 6, "how many keys differ")
