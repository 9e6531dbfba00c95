"""What a GPU backend of polyflow costs beside the library under it, and how fast a model trains.

    python benchmarks/gpu.py [--backend cupy] [--json] [--quick]

Each line compares polyflow with the same work written in the library itself (CuPy or JAX), and with PyTorch where that
is installed and sees a GPU. Runs alternate, so that a slow phase of the machine meets all; medians are compared.
Every timing ends with a wait for the device.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow.backend import discovery
from polyflow.ops.declare import OPS

Contestants = dict[str, Callable[[], Any]]


def measured(contestants: Contestants, wait: Callable[[], None], repeats: int, loops: int) -> dict[str, float]:
    """Median seconds of one call for each contestant, by turns."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for call in contestants.values():
        for _ in range(3):  # compiles kernels and fills memory pools
            call()
    wait()
    for _ in range(repeats):
        for name, call in contestants.items():
            start = time.perf_counter()
            for _ in range(loops):
                last = call()  # kept until the wait, which may look at living arrays only
            wait()
            del last
            taken[name].append((time.perf_counter() - start) / loops)
    return {name: statistics.median(times) for name, times in taken.items()}


def library(backend: Any) -> Any:
    """The library's own functions, for the comparison."""
    if backend.name == "cupy":
        return backend.cp
    import jax.numpy as jnp

    return jnp


def torch_cuda() -> Any:
    try:
        import torch
    except ImportError:
        return None
    return torch if torch.cuda.is_available() else None


def ops(backend: Any, size: int, quick: bool) -> dict[str, dict[str, float]]:
    """Elementwise, reduction and product, small (overhead) and large (throughput)."""
    import polyflow as pf

    xp, torch = library(backend), torch_cuda()
    results = {}
    rng = np.random.default_rng(0)
    side = 32 if size < 10_000 else 1024 if quick else 4096
    flat = rng.normal(size=size).astype(np.float32)
    square = rng.normal(size=(side, side)).astype(np.float32)
    a, m = backend.asarray(flat), backend.asarray(square)
    x, y = pf.Tensor(a, backend), pf.Tensor(m, backend)
    work: dict[str, Contestants] = {
        f"x + x ({size:,} floats)": {"polyflow": lambda: x + x, backend.name: lambda: a + a},
        f"sum(x) ({size:,} floats)": {"polyflow": lambda: pf.sum(x), backend.name: lambda: xp.sum(a)},
        f"x @ x ({side} x {side})": {"polyflow": lambda: y @ y, backend.name: lambda: m @ m},
    }
    if torch is not None:
        ta, tm = torch.from_numpy(flat).cuda(), torch.from_numpy(square).cuda()
        torch.backends.cuda.matmul.allow_tf32 = False
        for name, call in zip(work, (lambda: ta + ta, lambda: ta.sum(), lambda: tm @ tm), strict=True):
            work[name]["torch"] = call
    for name, contestants in work.items():
        results[name] = measured(contestants, waiter(backend, torch), 5 if quick else 15, 20 if quick else 100)
    return results


def waiter(backend: Any, torch: Any) -> Callable[[], None]:
    def wait() -> None:
        backend.synchronize()
        if torch is not None:
            torch.cuda.synchronize()

    return wait


def bits(backend: Any, quick: bool) -> dict[str, dict[str, float]]:
    """Random words: seconds for a million."""
    import polyflow as pf

    key = backend.asarray(np.array([1, 2], np.uint32))
    draw = OPS["random_bits"].kernels[backend]
    count = 1_000_000
    contestants = {"polyflow": lambda: draw(key, shape=(count,), dtype=pf.uint32)}
    return {"random words (1,000,000)": measured(contestants, backend.synchronize, 5, 10 if quick else 50)}


PLANS = {"polyflow": "fused", "without plans": "none", "with CUDA graphs": "captured"}
"""How graphs run on CuPy, by what a result calls it (``POLYFLOW_CUPY_PLAN``)."""


def training(backend: Any, quick: bool, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """Seconds per step of `fit` on a perceptron of these sizes, batch 128, Adam; on CuPy with and without plans."""
    from polyflow.backend import selection
    from polyflow.layers import Dense
    from polyflow.models import Sequential

    rng = np.random.default_rng(0)
    first, *hidden, last = sizes
    rows = 128 * (20 if quick else 200)
    x, y = rng.normal(size=(rows, first)).astype(np.float32), rng.integers(0, last, rows).astype(np.int32)

    def fitted(word: str) -> Callable[[], Any]:
        layers = [Dense(size, activation="relu") for size in hidden]
        model = Sequential([*layers, Dense(last, activation="softmax")])
        model.compile("adam", loss="sparse_categorical_crossentropy")

        def call() -> Any:
            os.environ["POLYFLOW_CUPY_PLAN"] = word  # read when a graph is compiled, which is in the first call
            with selection.use_backend(backend):
                return model.fit(x, y, batch_size=128, epochs=1, verbose=0)

        return call

    before = os.environ.get("POLYFLOW_CUPY_PLAN")
    chosen = PLANS if backend.name == "cupy" else {"polyflow": "fused"}
    try:
        with selection.use_backend(backend):
            contestants = {name: fitted(word) for name, word in chosen.items()}
        taken = measured(contestants, backend.synchronize, 3, 1)
    finally:
        if before is None:
            os.environ.pop("POLYFLOW_CUPY_PLAN", None)
        else:
            os.environ["POLYFLOW_CUPY_PLAN"] = before
    steps = rows // 128
    return {f"step of fit ({'-'.join(map(str, sizes))}, batch 128)": {k: s / steps for k, s in taken.items()}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="cupy", help="cupy or jax, with a device if need be (default: cupy)")
    parser.add_argument("--json", action="store_true", help="print the medians in seconds as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and smaller matrices")
    arguments = parser.parse_args()
    backend = discovery.get(arguments.backend)
    results: dict[str, Any] = {}
    for part in (
        lambda: ops(backend, 1_000, arguments.quick),
        lambda: ops(backend, 1_000_000 if arguments.quick else 50_000_000, arguments.quick),
        lambda: bits(backend, arguments.quick),
        lambda: training(backend, arguments.quick, (784, 512, 10)),
        lambda: training(backend, arguments.quick, (8, 32, 32, 2)),
    ):
        try:
            results |= part()
        except Exception as error:  # one part that fails must not lose the others
            results[f"error {len(results)}"] = f"{type(error).__name__}: {error}"
    if arguments.json:
        print(json.dumps({"backend": backend.name, "device": backend.device, "seconds": results}, indent=2))
    else:
        for name, row in results.items():
            shown = row if isinstance(row, str) else "   ".join(f"{who} {1e6 * s:,.1f} us" for who, s in row.items())
            print(f"{name:45} {shown}")
    return 1 if any(isinstance(row, str) for row in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
