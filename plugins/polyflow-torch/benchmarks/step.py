"""A training step of a small classifier: polyflow on PyTorch beside PyTorch's own words for it.

    python plugins/polyflow-torch/benchmarks/step.py [--rounds 15] [--threads 1] [--batch 32]

The model is 64-64-64-10 with relu, Adam and the mean loss and accuracy kept on the way, over shuffled batches.
Contestants alternate within each round, and medians over the rounds are shown. With one thread it is processor time,
which a busy machine hardly changes; with more it is time on the clock.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import polyflow as pf

STEPS = 50
"""How many steps an epoch has."""

Epoch = Callable[[], Any]


def data(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of noise, and classes."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch * STEPS, 64)).astype(np.float32), rng.integers(0, 10, batch * STEPS)


def on_polyflow(backend: str, x: np.ndarray, y: np.ndarray, batch: int) -> Epoch:
    """An epoch of `fit`."""
    with pf.use_backend(backend):
        pf.random.set_seed(0)
        dense = pf.layers.Dense
        model = pf.Sequential([dense(64, "relu", input_shape=(64,)), dense(64, "relu"), dense(10)])
        model.compile("adam", pf.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])

    def epoch() -> Any:
        with pf.use_backend(backend):
            return model.fit(x, y, batch_size=batch, epochs=1, verbose=0)

    return epoch


def by_hand(x: np.ndarray, y: np.ndarray, batch: int, **options: Any) -> Epoch:
    """The loop that people write, with Adam's options."""
    torch.manual_seed(0)
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    model = torch.nn.Sequential(linear(64, 64), relu(), linear(64, 64), relu(), linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, **options)
    criterion = torch.nn.CrossEntropyLoss()
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)

    def epoch() -> Any:
        order = torch.randperm(len(inputs))
        total, right = torch.zeros(()), torch.zeros(())
        for rows in order.split(batch):
            some, wanted = inputs[rows], labels[rows]
            optimizer.zero_grad()
            scores = model(some)
            loss = criterion(scores, wanted)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                total += loss * len(rows)
                right += (scores.argmax(1) == wanted).sum()
        return total.item() / len(inputs), right.item() / len(inputs)

    return epoch


def main() -> None:
    """Print microseconds per step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    x, y = data(arguments.batch)
    runs = {
        "polyflow on PyTorch": on_polyflow("torch:cpu", x, y, arguments.batch),
        "PyTorch by hand": by_hand(x, y, arguments.batch),
        "PyTorch by hand, Adam fused": by_hand(x, y, arguments.batch, fused=True),
        "polyflow on NumPy": on_polyflow("numpy", x, y, arguments.batch),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run(), run()
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            start = clock()
            run()
            times[name].append((clock() - start) / STEPS * 1e6)
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["PyTorch by hand"]
    print(f"{'':28}{'µs per step':>12}{'least':>8}{'ratio':>8}")
    for name, median in medians.items():
        print(f"{name:28}{median:12.0f}{min(times[name]):8.0f}{median / base:8.2f}")


if __name__ == "__main__":
    main()
