"""``polyflow demo``: one classifier of handwritten digits, unchanged on any backend, and how well they agree."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from .tables import printable, show

if TYPE_CHECKING:
    from ..demo import Run

EPILOG = """\
The data, 1,797 handwritten digits of 8 x 8 pixels, ships with polyflow. One seed gives the same initial weights, the
same shuffles and the same dropout masks on every backend, so the losses agree to rounding.

Exit code: 0; 2 if a backend that was asked for cannot be used.
"""

TIMEOUT = 120.0
"""How many seconds each backend may take to say whether it works, where all are asked for."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--backend",
        metavar="NAME",
        help='the backend, e.g. "numpy" or "jax:cpu:0", or "all" usable ones side by side (default: the selected one)',
    )
    parser.add_argument("--epochs", type=_positive, default=20, metavar="N", help="passes over the data (default: 20)")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="the seed of everything random (default: 0)")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the curves and some predictions (needs matplotlib)")
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON on standard output, and nothing else"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and tell."""
    from ..backend import discovery
    from ..demo import train

    if arguments.plot is not None:
        from .demo_plot import check

        check(arguments.plot)
    quiet = arguments.json
    names = _backends(arguments.backend, quiet)
    for name in names:
        discovery.get(name)  # what cannot be used is said before anything is trained
    runs: list[Run] = []
    for name in names:
        if not quiet:
            print(f"Training on {name}")
        runs.append(train(name, epochs=arguments.epochs, seed=arguments.seed, verbose=0 if quiet else 1))
    if quiet:
        print(json.dumps(_report(runs, arguments), indent=2))
    else:
        _tell(runs)
    if arguments.plot is not None:
        from .demo_plot import draw

        draw(runs, arguments.plot)
        print(f"Drawn: {arguments.plot}", file=sys.stderr if quiet else sys.stdout)
    return 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of 1 or more, got {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"expected an integer from 0 to 2**64 - 1, got {text!r}")
    return int(text)


def _backends(asked: str | None, quiet: bool) -> list[str]:
    from ..backend import selection
    from ..backend.status import statuses
    from .probe import probe

    if asked is None:
        return [selection.selected().spec]
    if asked != "all":
        return [asked]
    states = probe(statuses(check=False), TIMEOUT)
    for state in states:
        if not state.usable:
            said = printable(f"{state.name}: left out, {state.state}. {state.reason}".rstrip())
            print(said, file=sys.stderr if quiet else sys.stdout)
    return sorted((state.name for state in states if state.usable), key=lambda name: (name != "numpy", name))


def _tell(runs: list[Run]) -> None:
    print()
    if len(runs) > 1:
        print("Training loss, epoch by epoch")
        rows = [
            [str(epoch + 1), *[f"{run.losses[epoch]:.7f}" for run in runs], f"{difference:.1e}"]
            for epoch, difference in enumerate(differences(runs))
        ]
        show(["epoch", *[run.backend for run in runs], "largest rel. difference"], rows, range(len(runs) + 2))
        print()
    show(
        ["backend", "device", "held-out loss", "held-out accuracy", "time", "first epoch", "then steps/s"],
        [
            [
                r.backend,
                r.device,
                f"{r.loss:.4f}",
                f"{r.accuracy:.2%}",
                f"{r.seconds:.2f} s",
                f"{r.first_epoch:.2f} s",
                f"{r.steps_per_second:,.0f}",
            ]
            for r in runs
        ],
        range(2, 7),
    )
    if len(runs) > 1:
        print(f"\nLargest relative difference of a loss in any epoch: {max(differences(runs)):.1e}")


def differences(runs: list[Run]) -> list[float]:
    """For each epoch, the largest relative difference between the backends' losses."""
    found = []
    for losses in zip(*(run.losses for run in runs), strict=True):
        low, high = min(losses), max(losses)
        found.append((high - low) / abs(high) if high and math.isfinite(high) else 0.0)
    return found


def _report(runs: list[Run], arguments: argparse.Namespace) -> dict[str, Any]:
    report: dict[str, Any] = {
        "epochs": arguments.epochs,
        "seed": arguments.seed,
        "backends": {
            run.backend: {
                "accuracy": run.accuracy,
                "loss": run.loss,
                "device": run.device,
                "seconds": run.seconds,
                "first_epoch_seconds": run.first_epoch,
                "steps_per_second": run.steps_per_second,
                "losses": run.losses,
            }
            for run in runs
        },
    }
    if len(runs) > 1:
        report["largest_relative_difference"] = max(differences(runs))
    return report
