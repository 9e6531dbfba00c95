"""What polyflow adds to NumPy's own call, op by op: run alone, and recorded by a tape of 50 ops.

    python benchmarks/eager_ops.py [--only WORD …] [--rounds 200] [--json FILE]

Arrays are 32x10 float32 where nothing else is said. The contestants alternate in short rounds, and the fastest round of
each counts: what is asked is the work that polyflow adds, not how busy the machine is. Where NumPy has no function of
that name, a NumPy expression of the same result stands in. What polyflow composes of several ops is said to be so many,
and is held to the limit for each of them.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf
from polyflow.ops import reduction, shape

ROWS, COLUMNS, SHORT = 32, 10, 50

Run = Callable[[int], None]
"""Does something so many times."""

OPS = (
    ("a + b", "np.add(a, b)", "a + b"),
    ("a + 1.0", "np.add(a, 1.0)", "a + 1.0"),
    ("a * 2", "np.multiply(a, 2)", "a * 2"),
    ("1 - a", "np.subtract(1, a)", "1 - a"),
    ("2.0 / a", "np.divide(2.0, a)", "2.0 / a"),
    ("a ** 2", "np.power(a, 2)", "a ** 2"),
    ("a ** 2.0", "np.power(a, 2.0)", "a ** 2.0"),
    ("a + ndarray", "np.add(a, b)", "a + host"),
    ("k + 1", "np.add(k, 1)", "k + 1"),
    ("1 - k", "np.subtract(1, k)", "1 - k"),
    ("k // 2", "np.floor_divide(k, 2)", "k // 2"),
    ("a + k", "np.add(a, k, dtype=np.float32, casting='unsafe')", "a + k"),
    ("a + d", "np.add(a, d)", "a + d"),
    ("a * d", "np.multiply(a, d)", "a * d"),
    ("k * a", "np.multiply(k, a, dtype=np.float32, casting='unsafe')", "k * a"),
    ("a + row", "np.add(a, v)", "a + v"),
    ("ndarray * a", "np.multiply(b, a)", "host * a"),
    ("a + 0-d", "np.add(a, s)", "a + s"),
    ("-a", "np.negative(a)", "-a"),
    ("abs(a)", "np.abs(a)", "abs(a)"),
    ("a < b", "np.less(a, b)", "a < b"),
    ("a > 0", "np.greater(a, 0)", "a > 0"),
    ("a == b", "np.equal(a, b)", "a == b"),
    ("a >= 0.5", "np.greater_equal(a, 0.5)", "a >= 0.5"),
    ("a != 0", "np.not_equal(a, 0)", "a != 0"),
    ("k == 3", "np.equal(k, 3)", "k == 3"),
    ("k < k", "np.less(k, k)", "k < k"),
    ("m & m", "np.bitwise_and(m, m)", "m & m"),
    ("~m", "np.invert(m)", "~m"),
    ("maximum(a,b)", "np.maximum(a, b)", "pf.maximum(a, b)"),
    ("maximum(a,0)", "np.maximum(a, 0)", "pf.maximum(a, 0)"),
    ("maximum(0.0,a)", "np.maximum(0.0, a)", "pf.maximum(0.0, a)"),
    ("minimum(a,b)", "np.minimum(a, b)", "pf.minimum(a, b)"),
    ("logical_and", "np.logical_and(m, m)", "pf.logical_and(m, m)"),
    ("pow", "np.power(p, b)", "pf.pow(p, b)"),
    ("add(a,b)", "np.add(a, b)", "pf.add(a, b)"),
    ("exp", "np.exp(a)", "pf.exp(a)"),
    ("sqrt", "np.sqrt(p)", "pf.sqrt(p)"),
    ("square", "np.square(a)", "pf.square(a)"),
    ("isnan", "np.isnan(a)", "pf.isnan(a)"),
    ("sign", "np.sign(a)", "pf.sign(a)"),
    ("floor", "np.floor(a)", "pf.floor(a)"),
    ("sin", "np.sin(a)", "pf.sin(a)"),
    ("tanh", "np.tanh(a)", "pf.tanh(a)"),
    ("logical_not", "np.logical_not(m)", "pf.math.logical_not(m)"),
    ("floor_divide", "np.floor_divide(a, b)", "a // b"),
    ("remainder", "np.remainder(a, b)", "a % b"),
    ("sum", "np.sum(a)", "reduction.sum(a)"),
    ("sum 0", "np.sum(a, 0)", "reduction.sum(a, 0)"),
    ("sum axis=1", "np.sum(a, axis=1)", "reduction.sum(a, axis=1)"),
    ("sum kd", "np.sum(a, axis=1, keepdims=True)", "reduction.sum(a, axis=1, keepdims=True)"),
    ("a.sum(0)", "a.sum(0)", "a.sum(0)"),
    ("reduce_sum", "np.sum(a)", "pf.reduce_sum(a)"),
    ("reduce_sum axis", "np.sum(a, axis=1)", "pf.reduce_sum(a, axis=1)"),
    ("reduce_sum kd", "np.sum(a, axis=1, keepdims=True)", "pf.reduce_sum(a, axis=1, keepdims=True)"),
    ("reduce_sum both", "np.sum(a, axis=(0, 1))", "pf.reduce_sum(a, axis=(0, 1))"),
    ("reduce_sum list", "np.sum(a, axis=(0, 1))", "pf.reduce_sum(a, [0, 1])"),
    ("a.mean(axis=1)", "a.mean(axis=1)", "a.mean(axis=1)"),
    ("a.max(axis=1)", "a.max(axis=1)", "a.max(axis=1)"),
    ("mean", "np.mean(a)", "reduction.mean(a)"),
    ("mean 0", "np.mean(a, 0)", "reduction.mean(a, 0)"),
    ("mean kd", "np.mean(a, axis=1, keepdims=True)", "reduction.mean(a, axis=1, keepdims=True)"),
    ("reduce_mean", "np.mean(a)", "pf.reduce_mean(a)"),
    ("reduce_mean kd", "np.mean(a, axis=1, keepdims=True)", "pf.reduce_mean(a, axis=1, keepdims=True)"),
    ("max 1", "np.max(a, 1)", "reduction.max(a, 1)"),
    ("max kd", "np.max(a, axis=1, keepdims=True)", "reduction.max(a, axis=1, keepdims=True)"),
    ("reduce_max", "np.max(a)", "pf.reduce_max(a)"),
    ("argmax 1", "np.argmax(a, 1)", "pf.argmax(a, 1)"),
    ("argmin axis=1", "np.argmin(a, axis=1)", "pf.argmin(a, axis=1)"),
    ("reduce_any", "np.any(m, axis=1)", "pf.reduce_any(m, axis=1)"),
    ("any", "np.any(m)", "reduction.any(m)"),
    ("all 1", "np.all(m, 1)", "reduction.all(m, 1)"),
    ("prod 1", "np.prod(a, 1)", "reduction.prod(a, 1)"),
    ("std 0", "np.std(a, 0)", "reduction.std(a, 0)"),
    ("cumsum", "np.cumsum(a, 1)", "pf.cumsum(a, 1)"),
    ("sort", "np.sort(a, 1, kind='stable')", "pf.sort(a, 1)"),
    ("argsort", "np.argsort(a, 1, kind='stable')", "pf.argsort(a, 1)"),
    ("logsumexp 1", "logsumexp(a)", "pf.reduce_logsumexp(a, 1)"),
    ("a @ w", "np.matmul(a, w)", "a @ w"),
    ("matmul", "np.matmul(a, w)", "pf.matmul(a, w)"),
    ("a @ W", "np.matmul(a, w)", "a @ W"),
    ("a @ W + B", "np.add(np.matmul(a, w), v)", "a @ W + B"),
    ("a @ w.T", "np.matmul(a, w.T)", "a @ w.T"),
    ("B * a + B", "np.add(np.multiply(v, a), v)", "B * a + B"),
    ("W * 2.0", "np.multiply(w, 2.0)", "W * 2.0"),
    ("1 - W", "np.subtract(1, w)", "1 - W"),
    ("exp(W)", "np.exp(w)", "pf.exp(W)"),
    ("W.assign", "np.copyto(w, w)", "W.assign(w)"),
    ("W.assign_add", "np.add(w, 0.0, w)", "W.assign_add(0.0)"),
    ("W.assign_sub", "np.subtract(w, zeros, w)", "W.assign_sub(zeros)"),
    ("W.numpy()", "w.view()", "W.numpy()"),
    ("a.numpy()", "a.view()", "a.numpy()"),
    ("a.shape", "a.shape", "a.shape"),
    ("a.dtype", "a.dtype", "a.dtype"),
    ("len(a)", "len(a)", "len(a)"),
    ("float(s)", "float(s)", "float(s)"),
    ("s.item()", "s.item()", "s.item()"),
    ("reshape", "np.reshape(a, (10, 32))", "pf.reshape(a, (10, 32))"),
    ("reshape -1", "np.reshape(a, (-1,))", "pf.reshape(a, (-1,))"),
    ("reshape list", "np.reshape(a, [4, 80])", "pf.reshape(a, [4, 80])"),
    ("a.reshape", "a.reshape(4, 80)", "a.reshape(4, 80)"),
    ("ravel", "a.ravel()", "a.ravel()"),
    ("transpose", "np.transpose(a)", "pf.transpose(a)"),
    ("transpose axes", "np.transpose(a, (1, 0))", "pf.transpose(a, (1, 0))"),
    ("a.T", "a.T", "a.T"),
    ("a.transpose", "a.transpose(1, 0)", "a.transpose(1, 0)"),
    ("swapaxes", "np.swapaxes(a, 0, 1)", "shape.swapaxes(a, 0, 1)"),
    ("expand_dims", "np.expand_dims(a, 1)", "pf.expand_dims(a, 1)"),
    ("expand_dims -1", "np.expand_dims(a, -1)", "pf.expand_dims(a, -1)"),
    ("squeeze", "np.squeeze(h)", "pf.squeeze(h)"),
    ("squeeze 1", "np.squeeze(h, 1)", "pf.squeeze(h, 1)"),
    ("broadcast_to", "np.broadcast_to(v, (32, 10))", "pf.broadcast_to(v, (32, 10))"),
    ("flip", "np.flip(a, 0)", "pf.reverse(a, [0])"),
    ("h.squeeze()", "h.squeeze()", "h.squeeze()"),
    ("tile", "np.tile(a, (2, 1))", "pf.tile(a, (2, 1))"),
    ("pad", "np.pad(a, 1)", "pf.pad(a, [[1, 1], [1, 1]])"),
    ("a[0]", "a[0]", "a[0]"),
    ("a[-1]", "a[-1]", "a[-1]"),
    ("a[:, 1]", "a[:, 1]", "a[:, 1]"),
    ("a[1:3]", "a[1:3]", "a[1:3]"),
    ("a[..., 1]", "a[..., 1]", "a[..., 1]"),
    ("a[:, None]", "a[:, None]", "a[:, None]"),
    ("a[2, 3]", "a[2, 3]", "a[2, 3]"),
    ("a[::2, ::-1]", "a[::2, ::-1]", "a[::2, ::-1]"),
    ("a[idx]", "a[i]", "a[i]"),
    ("a[host idx]", "a[i]", "a[host_index]"),
    ("a[list]", "a[[3, 1, 2]]", "a[[3, 1, 2]]"),
    ("a[mask]", "a[m]", "a[m]"),
    ("gather", "np.take(a, i, 0)", "pf.gather(a, i)"),
    ("where 3", "np.where(m, a, b)", "pf.where(m, a, b)"),
    ("where scalar", "np.where(m, a, zero)", "pf.where(m, a, 0.0)"),
    ("where int", "np.where(m, a, zero)", "pf.where(m, a, 0)"),
    ("where 2 scalars", "np.where(m, one, zero)", "pf.where(m, 1.0, 0.0)"),
    ("clip scalar", "np.clip(a, zero, one)", "pf.clip(a, 0.0, 1.0)"),
    ("clip int", "np.clip(a, zero, one)", "pf.clip(a, 0, 1)"),
    ("clip tensors", "np.clip(a, b, b)", "pf.clip(a, b, b)"),
    ("clip_by_value", "np.clip(a, zero, one)", "pf.clip_by_value(a, 0.0, 1.0)"),
    ("concat 0", "np.concatenate([a, b], 0)", "pf.concat([a, b], 0)"),
    ("concat 1", "np.concatenate([a, b], 1)", "pf.concat([a, b], axis=1)"),
    ("concat 3", "np.concatenate([a, b, a], 0)", "pf.concat([a, b, a], 0)"),
    ("stack", "np.stack([a, b])", "pf.stack([a, b])"),
    ("stack -1", "np.stack([a, b], axis=-1)", "pf.stack([a, b], axis=-1)"),
    ("split", "np.split(a, 2, axis=0)", "pf.split(a, 2, axis=0)"),
    ("unstack", "[pair[0], pair[1]]", "pf.unstack(pair)"),
    ("cast", "a.astype(np.float64)", "pf.cast(a, 'float64')"),
    ("astype", "a.astype(np.float64)", "a.astype(pf.float64)"),
    ("astype int", "a.astype(np.int32)", "a.astype('int32')"),
    ("astype same", "a.astype(np.float32, copy=False)", "a.astype(pf.float32)"),
    ("m.astype", "m.astype(np.float32)", "m.astype(pf.float32)"),
    ("relu", "np.maximum(a, zero)", "pf.nn.relu(a)"),
    ("sigmoid", "1 / (1 + np.exp(-a))", "pf.nn.sigmoid(a)"),
    ("softmax", "softmax(a)", "pf.nn.softmax(a)"),
    ("log_softmax", "log_softmax(a)", "pf.nn.log_softmax(a)"),
    ("one_hot", "np.eye(5, dtype=np.float32)[i % 5]", "pf.one_hot(i, 5)"),
    ("zeros", "np.zeros((32, 10), np.float32)", "pf.zeros((32, 10))"),
    ("ones", "np.ones((32, 10), np.float32)", "pf.ones((32, 10))"),
    ("zeros_like", "np.zeros_like(a)", "pf.zeros_like(a)"),
    ("ones_like", "np.ones_like(a)", "pf.ones_like(a)"),
    ("zeros dtype", "np.zeros((32, 10), np.int32)", "pf.zeros((32, 10), pf.int32)"),
    ("fill", "np.full((32, 10), 2.0, np.float32)", "pf.fill((32, 10), 2.0)"),
    ("full int", "np.full((32, 10), 2, np.int32)", "pf.full((32, 10), 2)"),
    ("eye", "np.eye(10, dtype=np.float32)", "pf.eye(10)"),
    ("full", "np.full((32, 10), 2.0, np.float32)", "pf.full((32, 10), 2.0)"),
    ("constant scalar", "np.array(2.0, np.float32)", "pf.constant(2.0)"),
    ("constant list", "np.array([1.0, 2.0], np.float32)", "pf.constant([1.0, 2.0])"),
    ("constant ints", "np.array([1, 2], np.int32)", "pf.constant([1, 2])"),
    ("constant nested", "np.array([[1.0, 2.0]], np.float32)", "pf.constant([[1.0, 2.0]])"),
    ("constant array", "np.array(a)", "pf.constant(host)"),
    ("arange", "np.arange(10, dtype=np.int32)", "pf.range(10)"),
    ("range 3", "np.arange(2, 10, 3, dtype=np.int32)", "pf.range(2, 10, 3)"),
    ("triu", "np.triu(w)", "pf.linalg.triu(w)"),
)
"""A name, the op as it is written in NumPy, and in polyflow."""

LIMIT, TAPED_LIMIT = 1.0, 1.5


def softmax(x: np.ndarray) -> np.ndarray:
    parts = np.exp(x - x.max(1, keepdims=True))
    return parts / parts.sum(1, keepdims=True)


def log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def logsumexp(x: np.ndarray) -> np.ndarray:
    top = x.max(1, keepdims=True)
    return np.log(np.exp(x - top).sum(1)) + top[:, 0]


def operands() -> tuple[dict[str, Any], dict[str, Any]]:
    """The names in `OPS`, for NumPy and for polyflow."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(ROWS, COLUMNS)).astype(np.float32) for _ in range(2))
    host = {
        "a": a,
        "b": b,
        "d": a.astype(np.float64),
        "h": rng.normal(size=(ROWS, 1, COLUMNS)).astype(np.float32),
        "i": np.array([3, 1, 2, 30]),
        "k": rng.integers(0, 5, size=(ROWS, COLUMNS)).astype(np.int32),
        "m": a > 0,
        "p": np.abs(a),
        "pair": a[:2],
        "s": np.float32(1.5).reshape(()),
        "v": rng.normal(size=COLUMNS).astype(np.float32),
        "w": rng.normal(size=(COLUMNS, COLUMNS)).astype(np.float32),
        "zeros": np.zeros((COLUMNS, COLUMNS), np.float32),
    }
    ours: dict[str, Any] = {name: pf.tensor(value) for name, value in host.items()}
    ours |= {"host": a, "host_index": host["i"], "W": pf.Variable(host["w"]), "B": pf.Variable(host["v"])}
    numpy_only = {"softmax": softmax, "log_softmax": log_softmax, "logsumexp": logsumexp}
    return {**host, **numpy_only, "zero": np.float32(0), "one": np.float32(1)}, ours


def loop(statement: str, **names: Any) -> Run:
    """A run of ``statement`` without the cost of a function call around it."""
    space: dict[str, Any] = dict(names)
    exec(f"def run(n):\n    for _ in range(n):\n        {statement}", space)
    return space["run"]


def taped(statement: str, **names: Any) -> Run:
    """A run of ``statement`` on tapes of `SHORT` ops each, which watch ``a``."""
    space: dict[str, Any] = dict(names)
    exec(
        f"""def run(n):
    for _ in range(max(1, n // {SHORT})):
        with pf.GradientTape() as tape:
            tape.watch(a)
            for _ in range({SHORT}):
                {statement}""",
        space,
    )
    return space["run"]


def count_ops(statement: str, **names: Any) -> int:
    """How many ops a statement is: those that a trace of it has, and assignments. What cannot be traced is one."""
    space: dict[str, Any] = dict(names)
    exec(f"def run(): return {statement}", space)
    try:
        found = len(pf.function(space["run"]).graph().nodes)
    except (pf.errors.TraceError, TypeError):
        found = 1
    return max(1, found + statement.count(".assign_"))


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


def fastest(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Microseconds of each run, once, in its fastest round."""
    often = {name: -(-count // SHORT) * SHORT for name, count in counts(runs, 0.0002).items()}
    best = dict.fromkeys(runs, float("inf"))
    gc.disable()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(often[name])
            best[name] = min(best[name], (time.perf_counter() - start) / often[name] * 1e6)
    gc.enable()
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORD", help="ops whose name holds one of these")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", metavar="FILE", help="also write the figures, in microseconds, to FILE")
    given = parser.parse_args()
    host, ours = operands()
    results: dict[str, dict[str, float]] = {}
    print(f"{'µs':20s}{'ops':>5s}{'NumPy':>8s}{'polyflow':>10s}{'taped':>8s}{'above it':>10s}{'taped':>8s}")
    for name, theirs, statement in OPS:
        if not any(word in name for word in given.only):
            continue
        space = {"pf": pf, "np": np, "reduction": reduction, "shape": shape, **ours}
        runs = {"NumPy": loop(theirs, np=np, **host), "polyflow": loop(statement, **space)}
        found = results[name] = fastest({**runs, "taped": taped(statement, **space)}, given.rounds)
        above, recorded = found["polyflow"] - found["NumPy"], found["taped"] - found["NumPy"]
        ops = count_ops(statement, **space)
        mark = " *" if above > ops * LIMIT or recorded > ops * TAPED_LIMIT else ""
        cells = f"{found['NumPy']:8.2f}{found['polyflow']:10.2f}{found['taped']:8.2f}{above:10.2f}{recorded:8.2f}"
        print(f"{name:20s}{ops:5d}{cells}{mark}", flush=True)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
