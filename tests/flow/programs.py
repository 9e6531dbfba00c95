"""Random programs over 3 × 3 matrices: what tests of graphs run."""

from __future__ import annotations

from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops import creation, elementwise, indexing, linalg, nn, reduction, shape

F64 = dt.float64

UNARY = {
    "tanh": elementwise.tanh,
    "sigmoid": nn.sigmoid,
    "square": elementwise.square,
    "negative": elementwise.negative,
    "relu": nn.relu,
    "softmax": lambda x: nn.softmax(x, -1),
    "sum": lambda x: reduction.sum(x, -1, keepdims=True),
    "mean": lambda x: reduction.mean(x, 0),
    "max": lambda x: reduction.max(x, 1),
    "cumulative": lambda x: reduction.cumulative_sum(x, axis=0),
    "sort": lambda x: reduction.sort(x, 0, descending=True),
    "transpose": shape.matrix_transpose,
    "transpose by negative axes": lambda x: shape.permute_dims(x, (-1, 0)),
    "flip": lambda x: shape.flip(x, 0),
    "reshape": lambda x: shape.reshape(shape.reshape(x, (-1,)), (3, 3)),
    "roll": lambda x: shape.roll(x, 1, axis=1),
    "slice": lambda x: x[::-1, 1:],
    "take": lambda x: indexing.take(x, [2, 0, 0], axis=0),
    "index_add": lambda x: indexing.index_add(x, ([0, 0], [1, 1]), x[0, :2]),
    "mask": lambda x: x * (x > 0),
    "scaled": lambda x: 2 * x - 0.5,
    "power": lambda x: x**2 + x**0,
    "inverse": lambda x: 1 / (1 + x * x),
    "cast": lambda x: x.astype("float32").astype("float64"),
    "rounded": lambda x: elementwise.round(x * 4).astype("int32") // 3,
    "stopped": lambda x: x * pf.stop_gradient(x),
    "ones": lambda x: x + creation.ones_like(x) * creation.full((), 3.0, x.dtype),
    "tril": shape.tril,
    "std": lambda x: reduction.std(x, 1, keepdims=True),
    "clip": lambda x: elementwise.clip(x, -0.5, 0.5),
}
BINARY = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "matmul": lambda x, y: linalg.matmul(x, y),
    "maximum": elementwise.maximum,
    "where": lambda x, y: elementwise.where(x > y, x, y * 2),
    "concat": lambda x, y: shape.concat([x, y], axis=0)[1:4],
    "einsum": lambda x, y: linalg.einsum("ij,kj->ik", x, y),
}


@st.composite
def programs(draw):
    steps = []
    for size in range(1, draw(st.integers(2, 8))):
        if size > 1 and draw(st.booleans()):
            steps.append(
                (draw(st.sampled_from(sorted(BINARY))), draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1)))
            )
        else:
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(st.integers(0, size - 1)), None))
    return steps


def run(steps, x):
    """A program over 3 × 3 matrices: every step uses earlier results, brought back to that shape."""
    values = [x]
    for name, first, second in steps:
        y = UNARY[name](values[first]) if second is None else BINARY[name](values[first], values[second])
        if y.dtype is not F64:
            y = y.astype("float64")
        if y.shape != (3, 3):
            y = shape.broadcast_to(y, (3, 3)) if y.shape in ((3,), (1, 3), (3, 1)) else shape.pad(y, [(0, 0), (0, 1)])
        values.append(y)
    return values[-1]
