"""Nanoseconds per random number, beside numpy.random's Philox and PCG64 and jax.random.

    python benchmarks/random_numbers.py [--repeats 15]

Contestants of one line take turns, so that a slow phase of the machine meets all of them; medians are printed. JAX's
programs are compiled before the clock starts, and each run waits for its result. Philox and PCG64 are sequential: the
same stream cannot be entered anywhere or drawn on a GPU, which is what a counter-based generator is paid for.

(The file is not called random.py: as a script's neighbor it would stand in for Python's own module of that name.)
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import polyflow as pf
from polyflow import random, threefry

Contestants = dict[str, Callable[[], Any]]


def words(n: int) -> Contestants:
    key, philox, pcg = threefry.key(1), np.random.Generator(np.random.Philox(1)), np.random.default_rng(1)
    theirs, ours = jax.random.key(1), random.key(1, backend="jax")
    draw = jax.jit(lambda k: jax.random.bits(k, (n,)))
    return {
        "polyflow NumPy": lambda: threefry.words(key, n),
        "Philox": lambda: philox.integers(0, 1 << 32, n, np.uint32),
        "PCG64": lambda: pcg.integers(0, 1 << 32, n, np.uint32),
        "polyflow JAX": lambda: random.bits((n,), key=ours),
        "jax.random": lambda: draw(theirs),
    }


def distribution(n: int, name: str) -> Contestants:
    philox, pcg = np.random.Generator(np.random.Philox(1)), np.random.default_rng(1)
    theirs, ours = jax.random.key(1), random.key(1, backend="jax")
    here = random.key(1, backend="numpy")
    method = {"uniform": "random", "normal": "standard_normal"}[name]
    draw = jax.jit(lambda k: getattr(jax.random, name)(k, (n,)))
    compiled = pf.function(lambda k: getattr(random, name)((n,), key=k))
    return {
        "polyflow NumPy": lambda: getattr(random, name)((n,), key=here),
        "Philox": lambda: getattr(philox, method)(n, np.float32),
        "PCG64": lambda: getattr(pcg, method)(n, np.float32),
        "polyflow JAX": lambda: compiled(ours),
        "jax.random": lambda: draw(theirs),
    }


def orders(n: int) -> Contestants:
    key, philox, pcg = threefry.key(1), np.random.Generator(np.random.Philox(1)), np.random.default_rng(1)
    theirs, ours = jax.random.key(1), random.key(1, backend="jax")
    draw = jax.jit(lambda k: jax.random.permutation(k, n))
    return {
        "polyflow NumPy": lambda: threefry.permutation(key, n),
        "Philox": lambda: philox.permutation(n),
        "PCG64": lambda: pcg.permutation(n),
        "polyflow JAX": lambda: random.permutation(n, key=ours),
        "jax.random": lambda: draw(theirs),
    }


def masks(rows: int, columns: int) -> Contestants:
    key, philox, pcg = threefry.key(1), np.random.Generator(np.random.Philox(1)), np.random.default_rng(1)
    theirs, ours, shape = jax.random.key(1), random.key(1, backend="jax"), (rows, columns)
    draw = jax.jit(lambda k: jax.random.bernoulli(k, 0.5, shape))
    return {
        "polyflow NumPy": lambda: threefry.keep_mask(key, shape, 0.5),
        "Philox": lambda: philox.random(shape, np.float32) >= 0.5,
        "PCG64": lambda: pcg.random(shape, np.float32) >= 0.5,
        "polyflow JAX": lambda: random.keep_mask(shape, 0.5, key=ours),
        "jax.random": lambda: draw(theirs),
    }


def wait(result: Any) -> None:
    array = getattr(result, "array", result)
    if hasattr(array, "block_until_ready"):
        array.block_until_ready()


def measure(contestants: Contestants, count: int, repeats: int) -> dict[str, float]:
    """The median nanoseconds per element of each contestant, all of them run in turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for run in range(repeats + 1):
        for name, draw in contestants.items():
            start = time.perf_counter()
            wait(draw())
            if run:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) / count * 1e9 for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    lines = [
        ("words, 100,000", words(100_000), 100_000),
        ("words, 1,000,000", words(1_000_000), 1_000_000),
        ("uniform float32, 100,000", distribution(100_000, "uniform"), 100_000),
        ("normal float32, 100,000", distribution(100_000, "normal"), 100_000),
        ("permutation of 60,000", orders(60_000), 60_000),
        ("permutation of 200,000", orders(200_000), 200_000),
        ("dropout mask, 128 x 512", masks(128, 512), 128 * 512),
    ]
    for title, contestants, count in lines:
        found = measure(contestants, count, repeats)
        print(f"{title:26}" + "".join(f"  {name} {value:.1f} ns" for name, value in found.items()))


if __name__ == "__main__":
    main()
