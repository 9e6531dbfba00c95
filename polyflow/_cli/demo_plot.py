"""The picture that ``polyflow demo --plot`` draws."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PolyflowError
from .output import check_file

if TYPE_CHECKING:
    from ..demo import Run


def check(path: str) -> None:
    """Say before any training whether the picture can be drawn."""
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        raise PolyflowError("--plot needs matplotlib. Install it with: pip install 'polyflow-core[plot]'") from None
    check_file("--plot", path)
    from matplotlib.backend_bases import FigureCanvasBase

    kinds, kind = FigureCanvasBase.get_supported_filetypes(), Path(path).suffix.removeprefix(".").lower()
    if kind not in kinds:
        raise PolyflowError(
            f"--plot {path}: no picture is a {kind!r} file. Name it .png, or one of {', '.join(kinds)}."
        )


def draw(runs: list[Run], path: str) -> None:
    """Draw loss and accuracy over the epochs for each backend, and the first held-out images with predictions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 2))  # pyright: ignore[reportGeneralTypeIssues]
    left, right = top.subplots(1, 2)
    for position, run in enumerate(runs):
        epochs = range(1, len(run.losses) + 1)
        style = {"marker": ["o", "x", "s", "^", "v", "d"][position % 6], "markersize": 4, "linewidth": 1}
        left.plot(epochs, run.losses, label=run.backend, **style)
        right.plot(epochs, [100 * value for value in run.accuracies], label=run.backend, **style)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log", title="Loss")
    right.set(xlabel="epoch", ylabel="held-out accuracy, %", title="Accuracy")
    left.legend()
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
    run = runs[0]
    bottom.suptitle(f"Held-out images and what the model reads ({run.backend})")
    for axes, image, label, probabilities in zip(
        bottom.subplots(2, 10).ravel(), run.images, run.labels, run.probabilities, strict=False
    ):
        read = int(probabilities.argmax())
        axes.imshow(image.reshape(8, 8), cmap="gray_r")
        axes.set_title(f"{read} ({probabilities[read]:.0%})", fontsize=8, color="black" if read == label else "red")
        axes.axis("off")
    figure.savefig(path, dpi=120)
