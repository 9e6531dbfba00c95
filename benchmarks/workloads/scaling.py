"""How the time of a step grows with sizes: what a library adds to each operation should stay flat."""

from ..problems import Perceptron
from .base import Line, Workload, both

BATCHES = (1, 32, 1024)
WIDTHS = (8, 64, 512)
DEPTHS = (1, 8, 32)


def line(series: str, x: int, batch: int, width: int, depth: int) -> Line:
    sizes = (width, *([width] * depth), 10)
    full, small = (Perceptron(sizes, "relu", 16 * batch, batch, epochs, 1e-4) for epochs in (8, 2))
    return Line(f"{series} {x}", "fit", full, small, series, x)


WORKLOAD = Workload(
    "scaling",
    "steps of a relu network with Adam by batch size (2 layers of 64), width (2 layers) and depth (layers of 16, "
    "two variables each; batches of 32)",
    (
        *(line("batch size", n, n, 64, 2) for n in BATCHES),
        *(line("width", n, 32, n, 2) for n in WIDTHS),
        *(line("depth", n, 32, 16, n) for n in DEPTHS),
    ),
    both("numpy", "jax", "torch"),
)
