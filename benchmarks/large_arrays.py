"""Elementwise programs over arrays that no cache holds: NumPy by hand, and the same under `pf.function`.

    python benchmarks/large_arrays.py [--rows 4096] [--rounds 9]

Arrays have rows of 1,024 float32. Contestants alternate, and the fastest round of each counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf


def hypotenuse(xp: Any, x: Any, y: Any) -> Any:
    return xp.sqrt(x * x + y * y) * 2.0 - (x - y) / (1.0 + x * x)


def gelu(xp: Any, x: Any, y: Any) -> Any:
    return 0.5 * x * (1.0 + xp.tanh(0.79788456 * (x + 0.044715 * x * x * x)))


def adam(xp: Any, x: Any, y: Any) -> Any:
    """The new parameter, of one that is its own two moments."""
    moment, size = x + (y - x) * 0.1, x + (y * y - x) * 0.001
    return x - moment * 0.001 / (xp.sqrt(xp.abs(size)) + 1e-7)


PROGRAMS = (hypotenuse, gelu, adam)


def fastest(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Milliseconds of each run in its fastest round."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], (time.perf_counter() - start) * 1e3)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(given.rows, 1024)).astype(np.float32) for _ in range(2))
    a, b = pf.tensor(x, backend="numpy"), pf.tensor(y, backend="numpy")
    print(f"{'ms':12s}{'NumPy':>10s}{'polyflow':>10s}{'ratio':>8s}")
    for program in PROGRAMS:
        compiled = pf.function(lambda a, b, program=program: program(pf, a, b))
        np.testing.assert_allclose(compiled(a, b).numpy(), program(np, x, y), rtol=1e-5, atol=1e-5)
        runs = {
            "NumPy": lambda program=program: program(np, x, y),
            "polyflow": lambda compiled=compiled: compiled(a, b),
        }
        found = fastest(runs, given.rounds)
        print(f"{program.__name__:12s}{found['NumPy']:10.2f}{found['polyflow']:10.2f}", end="")
        print(f"{found['polyflow'] / found['NumPy']:8.2f}")


if __name__ == "__main__":
    main()
