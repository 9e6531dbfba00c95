"""Rows per second of Dataset over arrays in memory, beside a plain NumPy loop and PyTorch's DataLoader.

    python benchmarks/dataset.py [--rows 200000] [--features 32] [--repeats 9]

Each contestant shuffles and batches the same arrays once per run. Runs alternate, so that a slow phase of the machine
meets all of them; medians are compared. The plain loop is

    p = Generator.permutation(n)
    for i in range(0, n, b):
        X[p[i:i+b]], Y[p[i:i+b]]

and tf.data's figure, for scale, is 0.3 million rows of 32 float32 a second, measured on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from polyflow.data import Dataset
from polyflow.data.feed import host_batches

TF_DATA = 0.3e6


def drain(iterable: Any) -> None:
    for _ in iterable:
        pass


def contestants(x: np.ndarray, y: np.ndarray, batch: int) -> dict[str, Callable[[], None]]:
    n = len(x)
    generator = np.random.default_rng(0)
    rows = Dataset.from_tensor_slices((x, y))
    shuffled = rows.shuffle(n, seed=0)
    chains = {
        "shuffle.batch": shuffled.batch(batch),
        "shuffle.batch.map(scale)": shuffled.batch(batch).map(lambda a, b: (a * 0.5, b)),
        "shuffle.batch.prefetch": shuffled.batch(batch).prefetch(2),
        "cache.shuffle.repeat(1).take.batch": rows.cache().shuffle(n, seed=0).repeat(1).take(n).batch(batch),
        "shuffle(1000).batch": rows.shuffle(1000, seed=0).batch(batch),
        "zip.shuffle.batch": Dataset.zip((Dataset.from_tensor_slices(x), Dataset.from_tensor_slices(y)))
        .shuffle(n, seed=0)
        .batch(batch),
        "batch": rows.batch(batch),
    }

    def plain() -> None:
        p = generator.permutation(n)
        for i in range(0, n, batch):
            x[p[i : i + batch]], y[p[i : i + batch]]

    runs: dict[str, Callable[[], None]] = {"plain NumPy loop": plain}
    for name, dataset in chains.items():
        runs[f"Dataset {name}"] = lambda dataset=dataset: drain(dataset)
    runs["host_batches shuffle.batch"] = lambda: drain(host_batches(chains["shuffle.batch"]))
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
            runs["torch DataLoader (batch sampler)"] = torch_run
        times: dict[str, list[float]] = {name: [] for name in runs}
        for repeat in range(args.repeats + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                if repeat:  # the first is a warm-up
                    times[name].append(time.perf_counter() - start)
        plain = statistics.median(times["plain NumPy loop"])
        print(
            f"\n{args.rows:,} rows of {args.features} float32 and a label, batches of {batch}, {args.repeats} runs each"
        )
        print(f"{'':44} million rows/s   × plain loop   × tf.data")
        for name, seconds in times.items():
            rate = args.rows / statistics.median(seconds)
            ratio = plain / statistics.median(seconds)
            print(f"{name:44} {rate / 1e6:14.2f}   {ratio:12.2f}   {rate / TF_DATA:9.0f}")


if __name__ == "__main__":
    main()
