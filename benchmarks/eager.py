"""What polyflow adds to a library's own call when ops run one at a time, beside PyTorch and autograd.

    python benchmarks/eager.py [--rounds 15] [--json FILE] [--no-jax]

Arrays are 32x10 float32. Contestants alternate within each round, so that a slow phase of the machine meets all of
them, and medians over the rounds are shown. Measured are one op; one op recorded by a tape of 50 and of 20,000 ops; and
the gradient of a scalar function of 200 ops (the whole of it: forward, backward, result).
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf

Run = Callable[[int], None]
"""Does something so many times."""

ROWS, COLUMNS = 32, 10
LONG, SHORT = 20_000, 50


def loop(statement: str, **names: Any) -> Run:
    """A run of ``statement`` without the cost of a function call around it."""
    space: dict[str, Any] = dict(names)
    exec(f"def run(n):\n    for _ in range(n):\n        {statement}", space)
    return space["run"]


def alternate(runs: dict[str, Run], counts: dict[str, int], rounds: int, collected: bool) -> dict[str, float]:
    """Microseconds of each run, once: the median over rounds in which all of them take turns.

    Python's garbage collector is off unless ``collected``, as `timeit` has it: with four libraries imported, one full
    collection takes longer than most of what is measured.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    collecting = gc.isenabled()
    if not collected:
        gc.disable()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(counts[name])
            times[name].append((time.perf_counter() - start) / counts[name] * 1e6)
    if collecting:
        gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}


def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=size).astype(np.float32) for size in ((ROWS, COLUMNS),) * 2 + ((COLUMNS, COLUMNS),))


# One op ------------------------------------------------------------------------------------------------------------

OPS = {
    "add": ("np.add(a, b)", "a + b", "a + b"),
    "add scalar": ("np.add(a, 1.0)", "a + 1.0", "a + 1.0"),
    "exp": ("np.exp(a)", "exp(a)", "exp(a)"),
    "sum": ("np.sum(a)", "sum(a)", "sum(a)"),
    "matmul": ("np.matmul(a, w)", "a @ w", "a @ w"),
}
"""The op as it is written in NumPy, in polyflow, and in PyTorch and autograd."""


def eager_runs(op: str) -> dict[str, Run]:
    a, b, w = arrays()
    in_numpy, ours, theirs = OPS[op]
    space = {"a": pf.tensor(a), "b": pf.tensor(b), "w": pf.tensor(w)}
    runs = {
        "NumPy": loop(in_numpy, np=np, a=a, b=b, w=w),
        "polyflow": loop(ours, exp=pf.exp, sum=pf.sum, **space),
    }
    torch = imported("torch")
    if torch:
        torch.set_num_threads(1)
        tensors = {name: torch.from_numpy(value) for name, value in {"a": a, "b": b, "w": w}.items()}
        runs["PyTorch"] = loop(theirs, exp=torch.exp, sum=torch.sum, **tensors)
    return runs


def jax_runs(op: str) -> dict[str, Run]:
    import jax

    a, b, w = arrays()
    ours = OPS[op][1]
    held = {name: pf.tensor(value, backend="jax") for name, value in {"a": a, "b": b, "w": w}.items()}
    lambdas = {
        "add": lambda a, b: a + b, "exp": lambda a: jax.numpy.exp(a), "sum": lambda a: jax.numpy.sum(a),
        "matmul": lambda a, w: a @ w,
    }  # fmt: skip
    name, call = {
        "add": ("add", "f(a, b)"), "add scalar": ("add", "f(a, 1.0)"), "exp": ("exp", "f(a)"), "sum": ("sum", "f(a)"),
        "matmul": ("matmul", "f(a, w)"),
    }[op]  # fmt: skip
    raw = {key: value.array for key, value in held.items()}
    return {
        "jitted JAX": loop(call, f=jax.jit(lambdas[name]), **raw),
        "polyflow on JAX": loop(ours, exp=pf.exp, sum=pf.sum, **held),
    }


# Tapes -------------------------------------------------------------------------------------------------------------


def taped_runs(length: int) -> dict[str, Run]:
    """Each records a tape of ``length`` additions, forward only."""
    a, b, _ = arrays()
    x, y = pf.tensor(a), pf.tensor(b)

    def ours(n: int) -> None:
        for _ in range(n):
            with pf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                value = x
                for _ in range(length):
                    value = value + y

    def plain(n: int) -> None:
        add = np.add
        for _ in range(n):
            value = a
            for _ in range(length):
                value = add(value, b)

    runs = {"NumPy": plain, "polyflow": ours}
    torch = imported("torch")
    if torch:
        start, other = torch.from_numpy(a).requires_grad_(), torch.from_numpy(b)

        def theirs(n: int) -> None:
            for _ in range(n):
                value = start
                for _ in range(length):
                    value = value + other

        runs["PyTorch"] = theirs
    autograd = imported("autograd")
    if autograd:
        from autograd.core import VJPNode
        from autograd.tracer import new_box, trace_stack

        def boxed(n: int) -> None:
            for _ in range(n):
                with trace_stack.new_trace() as depth:
                    value = new_box(a, depth, VJPNode.new_root())
                    for _ in range(length):
                        value = value + b

        runs["autograd"] = boxed
    return runs


# A gradient --------------------------------------------------------------------------------------------------------


def scalar_function(sin: Any, exp: Any) -> Callable[[Any], Any]:
    """200 ops on one number: 40 times a sine, two products, a sum and an exponential."""

    def function(x: Any) -> Any:
        y = x
        for _ in range(40):
            y = exp(sin(y) * x + y * -0.5)
        return y

    return function


def gradient_runs() -> dict[str, Run]:
    ours = pf.grad(scalar_function(pf.sin, pf.exp))
    x = pf.tensor(0.3)
    runs = {"polyflow": loop("f(x)", f=ours, x=x)}
    torch = imported("torch")
    if torch:
        function, value = scalar_function(torch.sin, torch.exp), torch.tensor(0.3, requires_grad=True)
        runs["PyTorch"] = loop("grad(f(x), x)", grad=torch.autograd.grad, f=function, x=value)
    autograd = imported("autograd")
    if autograd:
        import autograd.numpy as anp

        runs["autograd"] = loop("f(x)", f=autograd.grad(scalar_function(anp.sin, anp.exp)), x=np.float32(0.3))
    return runs


# All of it ---------------------------------------------------------------------------------------------------------


def imported(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def counts(runs: dict[str, Run], seconds: float) -> dict[str, int]:
    """How often each run has to go to last so long, and a first call of each."""
    found = {}
    for name, run in runs.items():
        run(1)
        n, spent = 1, 0.0
        while spent < seconds / 4:
            start = time.perf_counter()
            run(n)
            spent = time.perf_counter() - start
            n *= 2
        found[name] = max(1, int(n / 2 * seconds / spent))
    return found


def measure(runs: dict[str, Run], rounds: int, seconds: float = 0.01, collected: bool = False) -> dict[str, float]:
    return alternate(runs, counts(runs, seconds), rounds, collected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", metavar="FILE", help="also write the figures, in microseconds, to FILE")
    parser.add_argument("--no-jax", action="store_true", help="leave the JAX backend out")
    given = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    print(f"{'one op, µs':30s}{'library':>10s}{'polyflow':>10s}{'above it':>10s}{'PyTorch':>10s}{'autograd':>10s}")
    for op in OPS:
        results[op] = measure(eager_runs(op), given.rounds)
        show(op, results[op])
    if not given.no_jax:
        for op in OPS:
            results[f"{op} on JAX"] = measure(jax_runs(op), given.rounds)
            show(f"{op} on JAX", results[f"{op} on JAX"])
    for length, collected in ((SHORT, False), (LONG, False), (LONG, True)):
        name = f"add, taped ({length:,} ops{', gc' * collected})"
        found = measure(taped_runs(length), given.rounds, 0.05, collected)
        results[name] = {who: spent / length for who, spent in found.items()}
        show(name, results[name])
    results["gradient of 200 ops"] = measure(gradient_runs(), given.rounds, 0.05)
    show("gradient of 200 ops", results["gradient of 200 ops"])
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


def show(name: str, found: dict[str, float]) -> None:
    library = found.get("NumPy", found.get("jitted JAX"))
    ours = found.get("polyflow", found.get("polyflow on JAX"))
    assert ours is not None
    cells = [library, ours, ours - library if library else None, found.get("PyTorch"), found.get("autograd")]
    print(f"{name:30s}" + "".join(f"{'' if cell is None else f'{cell:.2f}':>10s}" for cell in cells))


if __name__ == "__main__":
    main()
