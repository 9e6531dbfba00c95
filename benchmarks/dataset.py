"""Rows per second of Dataset over arrays in memory, beside plain NumPy loops and PyTorch's DataLoader.

    python benchmarks/dataset.py [--rows 200000] [--features 32] [--repeats 9]

Each contestant shuffles and batches the same arrays in each run. Runs alternate, so that a slow phase of the machine
meets all of them; medians are compared. The plain loop is

    p = Generator.permutation(n)
    for i in range(0, n, b):
        X[p[i:i+b]], Y[p[i:i+b]]

and chains with a map or a filter are compared with that loop doing the same to each of its batches. The figure of
tf.data, for scale, is 0.3 million rows of 32 float32 a second, measured on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from polyflow.data import Dataset
from polyflow.data.feed import host_batches

TF_DATA = 0.3e6


def drain(iterable: Any) -> None:
    for _ in iterable:
        pass


def scale(a: Any, b: Any) -> Any:
    """A cheap function of arrays or tensors, on one element or on many."""
    return a * 2.0 + 1.0, b


def standardize(a: Any, b: Any) -> Any:
    return (a - a.mean(-1, keepdims=True)) / (a.std(-1, keepdims=True) + 1e-6), b


def small(a: Any, b: Any) -> Any:
    return b < 5


def called(a: Any, b: Any) -> Any:
    """What has to be called for each element: it asks for a value."""
    return (a * 2.0 if int(b) < 5 else a), b


class Contestant(NamedTuple):
    """What runs, how many rows it reads, and the plain loop that does the same."""

    run: Callable[[], None]
    rows: int
    loop: str


def contestants(x: np.ndarray, y: np.ndarray, batch: int) -> dict[str, Contestant]:
    n = len(x)
    generator = np.random.default_rng(0)

    def plain(function: Callable[[Any, Any], Any]) -> Callable[[], None]:
        def run() -> None:
            p = generator.permutation(n)
            for i in range(0, n, batch):
                function(x[p[i : i + batch]], y[p[i : i + batch]])

        return run

    def filtering() -> None:
        p = generator.permutation(n)
        p = p[y[p] < 5]
        for i in range(0, len(p), batch):
            x[p[i : i + batch]], y[p[i : i + batch]]

    loops = {
        "loop": plain(lambda a, b: None),
        "loop, map": plain(scale),
        "loop, map(standardize)": plain(standardize),
        "loop, filter": filtering,
    }
    rows = Dataset.from_tensor_slices((x, y))
    shuffled = rows.shuffle(n, seed=0)
    few = n // 20
    chains = {
        "shuffle.batch": (rows.shuffle(n, seed=0).batch(batch), "loop"),
        "shuffle.batch.prefetch": (shuffled.batch(batch).prefetch(2), "loop"),
        "cache.shuffle.repeat(1).take.batch": (rows.cache().shuffle(n, seed=0).repeat(1).take(n).batch(batch), "loop"),
        "shuffle(1000).batch": (rows.shuffle(1000, seed=0).batch(batch), "loop"),
        "zip.shuffle.batch": (
            Dataset.zip((Dataset.from_tensor_slices(x), Dataset.from_tensor_slices(y))).shuffle(n, seed=0).batch(batch),
            "loop",
        ),
        "batch": (rows.batch(batch), "loop"),
        "shuffle.map.batch": (shuffled.map(scale).batch(batch), "loop, map"),
        "map.shuffle.batch": (rows.map(scale).shuffle(n, seed=0).batch(batch), "loop, map"),
        "shuffle.batch.map": (shuffled.batch(batch).map(scale), "loop, map"),
        "map.cache.shuffle.batch": (rows.map(scale).cache().shuffle(n, seed=0).batch(batch), "loop, map"),
        "shuffle.map(standardize).batch": (shuffled.map(standardize).batch(batch), "loop, map(standardize)"),
        "shuffle.batch.map(standardize)": (shuffled.batch(batch).map(standardize), "loop, map(standardize)"),
        "shuffle.filter.batch": (shuffled.filter(small).batch(batch), "loop, filter"),
        "filter.shuffle.batch": (rows.filter(small).shuffle(n, seed=0).batch(batch), "loop, filter"),
        "take.map(called for each).batch": (rows.take(few).map(called).batch(batch), "loop, map"),
    }
    runs = {f"plain {name}": Contestant(run, n, f"plain {name}") for name, run in loops.items()}
    for name, (dataset, loop) in chains.items():
        read = few if name.startswith("take") else n
        runs[f"Dataset {name}"] = Contestant(lambda dataset=dataset: drain(dataset), read, f"plain {loop}")
    training = chains["shuffle.batch"][0]
    runs["host_batches shuffle.batch"] = Contestant(lambda: drain(host_batches(training)), n, "plain loop")
    return runs


def loader(x: np.ndarray, y: np.ndarray, batch: int) -> Callable[[], None] | None:
    try:
        import torch
        from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
    except ImportError:
        return None
    torch.set_num_threads(1)
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    # the quickest way to use it: whole batches of indices go to the tensors
    batches = BatchSampler(RandomSampler(data), batch, drop_last=False)
    source: Any = DataLoader(data, sampler=batches, batch_size=None)
    return lambda: drain(source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 256])
    args = parser.parse_args()
    x = np.random.default_rng(1).random((args.rows, args.features), np.float32)
    y = np.random.default_rng(2).integers(0, 10, args.rows)
    for batch in args.batch:
        runs = contestants(x, y, batch)
        torch_run = loader(x, y, batch)
        if torch_run is None:
            print("PyTorch is not installed: no DataLoader beside it.")
        else:
            runs["torch DataLoader (batch sampler)"] = Contestant(torch_run, args.rows, "plain loop")
        times: dict[str, list[float]] = {name: [] for name in runs}
        epochs = max(1, 100_000 // args.rows)  # of few rows, what some epochs do for others has to be in the mean
        for repeat in range(args.repeats + 1):
            for name, contestant in runs.items():
                start = time.perf_counter()
                for _ in range(epochs):
                    contestant.run()
                if repeat:  # the first is a warm-up
                    times[name].append((time.perf_counter() - start) / (contestant.rows * epochs))
        print(
            f"\n{args.rows:,} rows of {args.features} float32 and a label, batches of {batch}, {args.repeats} runs each"
        )
        print(f"{'':44} million rows/s   × its plain loop   × tf.data")
        for name, seconds in times.items():
            rate = 1 / statistics.median(seconds)
            ratio = statistics.median(times[runs[name].loop]) * rate
            print(f"{name:44} {rate / 1e6:14.2f}   {ratio:16.2f}   {rate / TF_DATA:9.1f}")


if __name__ == "__main__":
    main()
