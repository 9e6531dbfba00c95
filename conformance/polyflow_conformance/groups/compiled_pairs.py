"""compile-1, what is made of what another op has made: compilers look for such pairs, and make one kernel of both.

Each op is followed by each other that takes its result, all in one program, next to the same ops run one by one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops import creation, elementwise, indexing, linalg, reduction, shape

from ..case import Case, Trial
from ..table import functions

GROUP = "compile-1"

_SMOOTH = ("exp", "log", "negative", "square", "sqrt", "tanh", "abs")

FIRST: dict[str, Callable[[Any], Any]] = {
    **{name: lambda x, name=name: functions()[name](x) for name in _SMOOTH},
    **{name: lambda x, name=name: functions()[name](x) for name in ("reciprocal", "relu", "sigmoid", "cos")},
    "add": lambda x: x + x[0],
    "subtract": lambda x: x - x[:, :1],
    "multiply": lambda x: x * x[::-1],
    "divide": lambda x: x / x[0],
    "maximum": lambda x: functions()["maximum"](x, 1.0),
    "pow": lambda x: x**2.5,
    "sum": lambda x: reduction.sum(x, axis=-1, keepdims=True),
    "mean": lambda x: functions()["mean"](x, axis=0),
    "max": lambda x: functions()["max"](x, axis=-1, keepdims=True),
    "argmax": lambda x: functions()["argmax"](x, -1),
    "softmax": lambda x: functions()["softmax"](x, -1),
    "log_softmax": lambda x: functions()["log_softmax"](x, -1),
    "logsumexp": lambda x: functions()["logsumexp"](x, axis=-1),
    "cumulative_sum": lambda x: functions()["cumulative_sum"](x, 0),
    "sort": lambda x: functions()["sort"](x),
    "matmul": lambda x: linalg.matmul(x, x.T),
    "permute_dims": lambda x: shape.permute_dims(x, (1, 0)),
    "reshape": lambda x: shape.reshape(x, (2, 6)),
    "broadcast_to": lambda x: shape.broadcast_to(x, (2, 3, 4)),
    "concat": lambda x: shape.concat([x, x[:1]], axis=0),
    "flip": lambda x: shape.flip(x, axis=-1),
    "pad": lambda x: shape.pad(x, [(1, 0), (0, 2)]),
    "getitem": lambda x: x[1:, ::2],
    "index_add": lambda x: indexing.index_add(x, 0, 1.0),
    "where": lambda x: elementwise.where(x > 1.0, x, 0.5),
    "astype": lambda x: x.astype("int32"),
    "greater": lambda x: x > 1.0,
    "less": lambda x: x < x[0],
    "equal": lambda x: functions()["equal"](x, x[0]),
    "full": lambda x: creation.full((3, 4), 1.5, dt.float32, backend=x.backend),
}
"""Of a matrix of positive numbers."""

FLOATS: dict[str, Callable[[Any], Any]] = {
    **{f"{name}(v)": lambda v, name=name: functions()[name](v) for name in _SMOOTH},
    "relu(v)": lambda v: functions()["relu"](v),
    "sigmoid(v)": lambda v: functions()["sigmoid"](v),
    "softmax(v, -1)": lambda v: functions()["softmax"](v, -1),
    "log_softmax(v, 0)": lambda v: functions()["log_softmax"](v, 0),
    "logsumexp(v, axis=0)": lambda v: functions()["logsumexp"](v, axis=0),
    "mean(v, axis=-1)": lambda v: functions()["mean"](v, axis=-1),
    "v / 3.0": lambda v: v / 3.0,
    "2.0 - v": lambda v: 2.0 - v,
}
"""What is made of floats."""

ANY: dict[str, Callable[[Any], Any]] = {
    "sum(v, axis=-1)": lambda v: reduction.sum(v, axis=-1),
    "sum(v)": lambda v: reduction.sum(v),
    "reshape(v, (-1,))": lambda v: shape.reshape(v, (-1,)),
    "permute_dims(v)": lambda v: shape.permute_dims(v, tuple(range(len(v.shape)))[::-1]),
    "flip(v, axis=0)": lambda v: shape.flip(v, axis=0),
    "concat([v, v], axis=0)": lambda v: shape.concat([v, v], axis=0),
    "v[..., 1:]": lambda v: v[..., 1:],
    "v[0]": lambda v: v[0],
    "broadcast_to(v, (2, *v.shape))": lambda v: shape.broadcast_to(v, (2, *v.shape)),
    "v.astype('float32')": lambda v: v.astype("float32"),
    "v.astype('bool')": lambda v: v.astype("bool"),
    "where(v, …)": lambda v: elementwise.where(v, 1.0, -2.0) if v.dtype is dt.bool_ else elementwise.where(v > 1, v, v),
}
"""What is made of anything that has axes."""

NUMBERS: dict[str, Callable[[Any], Any]] = {
    "v + v": lambda v: v + v,
    "v * v[0]": lambda v: v * v[0],
    "v - v[..., :1]": lambda v: v - v[..., :1],
    "max(v, axis=0)": lambda v: functions()["max"](v, axis=0),
    "min(v, axis=-1)": lambda v: functions()["min"](v, axis=-1),
    "argmin(v, 0)": lambda v: functions()["argmin"](v, 0),
    "sort(v)": lambda v: functions()["sort"](v),
    "cumulative_sum(v, -1)": lambda v: functions()["cumulative_sum"](v, -1),
    "prod(v, axis=0)": lambda v: functions()["prod"](v, axis=0),
    "matmul(v, v.mT)": lambda v: linalg.matmul(v, v.mT) if len(v.shape) > 1 else linalg.matmul(v, v),
    "v > 1": lambda v: v > 1,
    "maximum(v, 1)": lambda v: functions()["maximum"](v, 1),
}
"""What is made of numbers."""


def cases() -> Iterator[Case]:
    """One for each first op."""
    for name, first in FIRST.items():
        check = functools.partial(_pairs, first=first)
        yield Case(f"{GROUP}/{name}/program/then-others", check, (dt.float32, dt.int32))


def _pairs(t: Trial, *, first: Callable[[Any], Any]) -> None:
    host = (np.float32(0.25) + np.arange(12, dtype=np.float32) * np.float32(0.1875)).reshape(3, 4)
    x = t.tensor(host[:, [2, 0, 3, 1]][[1, 0, 2]].copy())
    kind = first(x).dtype
    then = ANY | ({} if kind is dt.bool_ else NUMBERS) | (FLOATS if kind is dt.float32 else {})
    expected = [t.host(second(first(x))).copy() for second in then.values()]
    found = pf.function(lambda x: [second(first(x)) for second in then.values()])(x)
    for text, value, true in zip(then, found, expected, strict=True):
        what = f"{text} of v = {t.case.op}, both in one program"
        if true.dtype.kind != "f":
            t.exactly(value, true, dtype=dt.as_dtype(true.dtype), what=what)
            continue
        largest = np.max(np.abs(true[np.isfinite(true)]), initial=1.0)
        t.close(value, true, 64.0, dtype=dt.float32, scale=np.full(true.shape, largest), what=what)
