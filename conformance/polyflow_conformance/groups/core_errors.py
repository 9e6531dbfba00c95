"""core-1, mistakes: each raises one class of exception with one text, whatever the library says of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import AxisError, DTypeError, LinAlgError, ShapeError
from polyflow.ops import creation, elementwise, factorizations, fft, indexing, linalg, matrices, reduction, shape

from ..case import Case, Mismatch, Trial
from ..table import functions

GROUP = "core-1"

Make = Callable[[Any], Any]


def _x(t: Trial, *size: int, dtype: Any = np.float32) -> Any:
    return t.tensor(np.ones(size, dtype))


MISTAKES: dict[str, tuple[Callable[[Trial], Any], type[Exception], tuple[str, ...]]] = {
    "matmul/shapes": (lambda t: linalg.matmul(_x(t, 2, 3), _x(t, 2, 3)), ShapeError, ("matmul", "(2, 3)")),
    "matmul/scalars": (lambda t: linalg.matmul(_x(t), _x(t, 2)), ShapeError, ("matmul", "at least one axis")),
    "matmul/batch": (lambda t: linalg.matmul(_x(t, 2, 3, 4), _x(t, 3, 4, 5)), ShapeError, ("matmul",)),
    "inv/singular": (lambda t: matrices.inv(_x(t, 2, 2)), LinAlgError, ("inv", "singular")),
    "inv/singular-in-a-stack": (
        lambda t: matrices.inv(t.tensor(np.array([np.eye(2), np.ones((2, 2))], np.float32))),
        LinAlgError,
        ("inv", "singular"),
    ),
    "inv/not-square": (lambda t: matrices.inv(_x(t, 2, 3)), ShapeError, ("inv", "square", "(2, 3)")),
    "solve/singular": (lambda t: matrices.solve(_x(t, 2, 2), _x(t, 2)), LinAlgError, ("solve", "singular")),
    "solve/rows": (lambda t: matrices.solve(_x(t, 2, 2), _x(t, 3)), ShapeError, ("solve", "(2, 2)", "(3,)")),
    "cholesky/negative": (
        lambda t: factorizations.cholesky(-_x(t, 2, 2)),
        LinAlgError,
        ("cholesky", "not positive definite"),
    ),
    "svd/vector": (lambda t: factorizations.svd(_x(t, 3)), ShapeError, ("svd", "matrices", "(3,)")),
    "fft/length": (lambda t: fft.fft(_x(t, 3), n=0), ValueError, ("1 or more",)),
    "fft/norm": (lambda t: fft.fft(_x(t, 3), norm="both"), ValueError, ("norm", "both")),
    "reshape/count": (lambda t: shape.reshape(_x(t, 2, 3), (4, 2)), ShapeError, ("(2, 3)", "(4, 2)")),
    "reshape/unknown": (lambda t: shape.reshape(_x(t, 2, 3), (-1, -1)), ShapeError, ("-1",)),
    "concat/shapes": (
        lambda t: shape.concat([_x(t, 2, 3), _x(t, 2, 4)], axis=0),
        ShapeError,
        ("concat", "(2, 3)", "(2, 4)"),
    ),
    "concat/ranks": (
        lambda t: shape.concat([_x(t, 2, 3), _x(t, 3)], axis=0),
        ShapeError,
        ("concat", "(2, 3)", "(3,)"),
    ),
    "concat/axis": (lambda t: shape.concat([_x(t, 2)], axis=3), AxisError, ("concat", "axis 3")),
    "concat/none": (lambda t: shape.concat([]), ValueError, ("concat", "at least one")),
    "permute_dims/axes": (lambda t: shape.permute_dims(_x(t, 2, 3), (0, 0)), AxisError, ("permute_dims", "twice")),
    "permute_dims/too-few": (lambda t: shape.permute_dims(_x(t, 2, 3), (0,)), AxisError, ("permute_dims",)),
    "permute_dims/above": (lambda t: shape.permute_dims(_x(t, 2, 3), (3, 0)), AxisError, ("permute_dims", "axis 3")),
    "permute_dims/below": (lambda t: shape.permute_dims(_x(t, 2, 3), (0, -3)), AxisError, ("permute_dims", "axis -3")),
    "broadcast_to/negative": (lambda t: shape.broadcast_to(_x(t, 2), (-1, 2)), ShapeError, ("0 or more", "(-1, 2)")),
    "broadcast_to/shape": (lambda t: shape.broadcast_to(_x(t, 3), (2, 4)), ShapeError, ("(3,)", "(2, 4)")),
    "broadcast_to/fewer": (lambda t: shape.broadcast_to(_x(t, 2, 3), (3,)), ShapeError, ("(2, 3)", "(3,)")),
    "flip/axis-twice": (lambda t: shape.flip(_x(t, 2, 2), axis=(0, -2)), AxisError, ("flip", "twice")),
    "flip/axis": (lambda t: shape.flip(_x(t, 2), axis=1), AxisError, ("flip", "axis 1")),
    "flip/no-axes": (lambda t: shape.flip(_x(t), axis=0), AxisError, ("flip", "no axes")),
    "squeeze/size": (lambda t: shape.squeeze(_x(t, 2, 1), 0), ShapeError, ("squeeze", "(2, 1)")),
    "sort/axis": (lambda t: reduction.sort(_x(t, 2), axis=2), AxisError, ("sort", "axis 2")),
    "argsort/axis": (lambda t: reduction.argsort(_x(t, 2), axis=-2), AxisError, ("argsort", "axis -2")),
    "cumulative_sum/axis": (lambda t: pf.cumulative_sum(_x(t, 2, 2), axis=3), AxisError, ("axis 3",)),
    "argmax/axes": (lambda t: reduction.argmax(_x(t, 2, 2), axis=(0, 1)), AxisError, ("argmax", "one axis")),
    "max/empty": (lambda t: reduction.max(_x(t, 0)), ValueError, ("no elements",)),
    "min/empty": (lambda t: reduction.min(_x(t, 3, 0), axis=1), ValueError, ("no elements",)),
    "max/none-of-none": (lambda t: reduction.max(_x(t, 0, 0), axis=1), ValueError, ("no elements", "axis 1")),
    "argmax/none-of-none": (lambda t: reduction.argmax(_x(t, 0, 0), axis=0), ValueError, ("no elements", "axis 0")),
    "argmin/empty": (lambda t: reduction.argmin(_x(t, 0)), ValueError, ("no elements",)),
    "sum/axis": (lambda t: reduction.sum(_x(t, 2), axis=1), AxisError, ("sum", "axis 1")),
    "sum/axes": (lambda t: reduction.sum(_x(t, 2, 2), axis=(3, 0)), AxisError, ("sum", "axis 3")),
    "prod/axis": (lambda t: reduction.prod(_x(t, 2, 2), axis=3, keepdims=True), AxisError, ("prod", "axis 3")),
    "prod/axis-below": (lambda t: reduction.prod(_x(t, 2, 2), axis=-4), AxisError, ("prod", "axis -4")),
    "mean/axis-twice": (lambda t: reduction.mean(_x(t, 2, 2), axis=(0, -2)), AxisError, ("mean", "twice")),
    "softmax/axis": (lambda t: functions()["softmax"](_x(t, 2), axis=1), AxisError, ("softmax", "axis 1")),
    "softmax/axes": (lambda t: functions()["softmax"](_x(t, 2, 2), axis=(3, 0)), AxisError, ("softmax", "axis 3")),
    "searchsorted/axes": (
        lambda t: reduction.searchsorted(_x(t, 2, 2), _x(t, 1)),
        ShapeError,
        ("searchsorted", "(2, 2)"),
    ),
    "getitem/outside": (lambda t: _x(t, 3)[5], IndexError, ("index 5", "size 3")),
    "getitem/outside-below": (lambda t: _x(t, 2, 3)[0, -4], IndexError, ("index -4", "size 3")),
    "getitem/too-many": (lambda t: _x(t, 3)[0, 0], IndexError, ("too many indices",)),
    "getitem/array-outside": (lambda t: _x(t, 3)[np.array([0, 3])], IndexError, ("index 3", "size 3")),
    "getitem/array-below": (lambda t: _x(t, 3)[np.array([-4])], IndexError, ("index -4", "size 3")),
    "getitem/tensor-outside": (
        lambda t: _x(t, 2, 3)[:, t.tensor(np.array([1, 7]))],
        IndexError,
        ("index 7", "size 3"),
    ),
    "getitem/float": (lambda t: _x(t, 3)[np.array([0.0], np.float32)], IndexError, ("integers or booleans",)),
    "getitem/mask": (lambda t: _x(t, 3)[np.array([True, False])], IndexError, ()),
    "getitem/text": (lambda t: _x(t, 3)["a"], IndexError, ("'a'",)),
    "getitem/step": (lambda t: _x(t, 3)[::0], ValueError, ("step",)),
    "take/outside": (lambda t: indexing.take(_x(t, 3), [3]), IndexError, ("index 3", "size 3")),
    "index_add/outside": (
        lambda t: indexing.index_add(_x(t, 3), np.array([3]), 1.0),
        IndexError,
        ("index 3", "size 3"),
    ),
    "index_add/shape": (
        lambda t: indexing.index_add(_x(t, 3), np.array([0, 1]), _x(t, 3)),
        ShapeError,
        ("(3,)", "(2,)"),
    ),
    "index_add/kind": (
        lambda t: indexing.index_add(_x(t, 3, dtype=np.int32), 0, 1.5),
        DTypeError,
        ("index_add", "int32"),
    ),
    "index_set/outside": (
        lambda t: indexing.index_set(_x(t, 3), np.array([-4]), 1.0),
        IndexError,
        ("index -4", "size 3"),
    ),
    "index_set/shape": (
        lambda t: indexing.index_set(_x(t, 3), np.array([0, 1]), _x(t, 3)),
        ShapeError,
        ("(3,)", "(2,)"),
    ),
    "index_set/duplicates": (lambda t: indexing.index_set(_x(t, 3), np.array([1, 1]), 2.0), ValueError, ("twice",)),
    "pow/negative": (
        lambda t: functions()["pow"](_x(t, 2, dtype=np.int32), t.tensor(np.array([1, -1], np.int32))),
        ValueError,
        ("negative integer power",),
    ),
    "pow/negative-number": (
        lambda t: functions()["pow"](_x(t, 2, dtype=np.int32), -1),
        ValueError,
        ("negative integer power",),
    ),
    "pow/number-to-negative": (
        lambda t: functions()["pow"](2, t.tensor(np.array([1, -1], np.int8))),
        ValueError,
        ("negative integer power",),
    ),
    "where/shapes": (
        lambda t: elementwise.where(_x(t, 2, dtype=bool), _x(t, 3), _x(t, 3)),
        ShapeError,
        ("where", "(2,)", "(3,)"),
    ),
    "full/negative": (lambda t: creation.full((-1,), 0.0, backend=t.backend), ShapeError, ("(-1,)",)),
    "full/overflow": (lambda t: creation.full(2, 300, dt.uint8, backend=t.backend), OverflowError, ("300", "uint8")),
    "full/text": (lambda t: creation.full(2, "a", backend=t.backend), DTypeError, ("'a'",)),
    "astype/text": (lambda t: _x(t, 2).astype("string"), DTypeError, ("string",)),
    "asarray/ragged": (lambda t: pf.constant([[1, 2], [3]]), ShapeError, ()),
    "asarray/text": (lambda t: pf.constant("abc"), TypeError, ()),
    "asarray/objects": (lambda t: pf.constant(np.array([object()])), TypeError, ("object",)),
    "add/text": (lambda t: _x(t, 2) + "a", TypeError, ()),
    "einsum/sizes": (lambda t: linalg.einsum("ij,jk->ik", _x(t, 2, 3), _x(t, 4, 5)), ShapeError, ("'j'",)),
    "split/parts": (lambda t: shape.split(_x(t, 5), 2), ShapeError, ("5", "2")),
    "pad/negative": (lambda t: shape.pad(_x(t, 5), (-1, 0)), ShapeError, ("-1",)),
}
"""``op/what``: what to do, the class of the exception, and words of its message."""

AFTERWARDS: dict[str, Callable[[Trial], tuple[Any, Any]]] = {
    "matmul": lambda t: (linalg.matmul(_x(t, 2, 3), _x(t, 3, 2)), [[3, 3], [3, 3]]),
    "inv": lambda t: (matrices.inv(t.tensor(np.diag([2.0, 4.0]).astype(np.float32))), [[0.5, 0], [0, 0.25]]),
    "solve": lambda t: (
        matrices.solve(t.tensor(np.diag([2.0, 4.0]).astype(np.float32)), _x(t, 2)),
        [0.5, 0.25],
    ),
    "cholesky": lambda t: (
        factorizations.cholesky(t.tensor(np.diag([4.0, 9.0]).astype(np.float32))),
        [[2, 0], [0, 3]],
    ),
    "reshape": lambda t: (shape.reshape(_x(t, 2, 3), (3, 2)), [[1, 1]] * 3),
    "concat": lambda t: (shape.concat([_x(t, 1, 2), _x(t, 2, 2)], axis=0), [[1, 1]] * 3),
    "getitem": lambda t: (t.tensor(np.arange(3, dtype=np.float32))[np.array([2, 0, -2])], [2, 0, 1]),
    "index_add": lambda t: (indexing.index_add(_x(t, 3), np.array([2, 2]), 1.0), [1, 1, 3]),
    "index_set": lambda t: (indexing.index_set(_x(t, 3), np.array([2, 0]), 5.0), [5, 1, 5]),
    "max": lambda t: (reduction.max(t.tensor(np.array([1, 3, 2], np.float32))), 3),
    "sort": lambda t: (reduction.sort(t.tensor(np.array([3, 1, 2], np.float32))), [1, 2, 3]),
    "pow": lambda t: (functions()["pow"](_x(t, 2) + 1, _x(t, 2) + 2), [8, 8]),
    "where": lambda t: (elementwise.where(np.array([True, False]), _x(t, 2), 0.0), [1, 0]),
    **{
        name: lambda t, name=name, true=true: (functions()[name](_x(t, 2) * 6, _x(t, 2) * 2), [true, true])
        for name, true in (("add", 8), ("subtract", 4), ("multiply", 12), ("divide", 3), ("maximum", 6))
    },
}
"""A right call of an op, and what it gives."""

SCALARS = {
    "int8": (np.int8, 200, "200"),
    "uint8": (np.uint8, -1, "-1"),
    "int32": (np.int32, 2**31, str(2**31)),
    "int64": (np.int64, 2**63, str(2**63)),
}


def cases() -> Iterator[Case]:
    """Mistakes, each tried on the backend and compared with what it says on a NumPy of the suite's own."""
    for name, (make, kind, words) in MISTAKES.items():
        op, what = name.split("/")
        check = functools.partial(_mistake, make=make, kind=kind, words=words)
        yield Case(f"{GROUP}/{op}/errors/{what}", check, (), True, True)
    for op in ("add", "subtract", "multiply", "divide", "maximum", "less", "equal", "atan2"):
        check = functools.partial(_shapes, op=op)
        yield Case(f"{GROUP}/{op}/errors/shapes", check, (dt.float32,), True, True)
    for label, (dtype, number, text) in SCALARS.items():
        check = functools.partial(_overflow, dtype=dtype, number=number, text=text)
        yield Case(f"{GROUP}/add/{label}/overflow", check, (dt.as_dtype(dtype),), quick=True)
    yield Case(f"{GROUP}/add/errors/mixed-backends", _mixed, (dt.float32,), quick=True)


@functools.cache
def _reference() -> Any:
    """A NumPy backend that nobody else uses, for the texts of errors."""
    from polyflow_numpy.backend import NumPyBackend

    return NumPyBackend()


def _mistake(t: Trial, *, make: Callable[[Trial], Any], kind: type[Exception], words: tuple[str, ...]) -> None:
    from polyflow.backend import selection

    error = t.raises(lambda: make(t), kind, *words)
    other = Trial(_reference(), t.case, t.seed)
    with selection.use_backend(other.backend):
        expected = other.raises(lambda: make(other), kind, *words)
    if type(error) is not type(expected):
        raise Mismatch(f"raises {type(error).__name__}, on NumPy {type(expected).__name__}")
    _still_right(t)
    texts = [_neutral(str(one), backend) for one, backend in ((error, t.backend), (expected, other.backend))]
    t.same(texts[0], texts[1], "the message, next to that on NumPy")


def _still_right(t: Trial) -> None:
    """After the mistake the op gives what it always gives."""
    if t.case.op in AFTERWARDS:
        for _ in range(2):
            value, true = AFTERWARDS[t.case.op](t)
            t.exactly(value, np.array(true, np.float32), what="the result of a right call after the mistake")


def _neutral(text: str, backend: Any) -> str:
    return text.replace(backend.device, "DEVICE").replace(repr(backend.name), "BACKEND")


def _shapes(t: Trial, *, op: str) -> None:
    check = lambda s: functions()[op](_x(s, 2, 3), _x(s, 4))  # noqa: E731
    _mistake(t, make=check, kind=ShapeError, words=(op, "(2, 3)", "(4,)"))


def _overflow(t: Trial, *, dtype: Any, number: int, text: str) -> None:
    x = _x(t, 2, dtype=dtype)
    t.raises(lambda: x + number, OverflowError, text, np.dtype(dtype).name)
    t.raises(lambda: number * x, OverflowError, text)


def _mixed(t: Trial) -> None:
    from polyflow.errors import MixedBackendsError
    from polyflow.tensor import Tensor

    other = Tensor(_reference().asarray(np.ones(2, np.float32)), _reference())
    t.raises(lambda: _x(t, 2) + other, MixedBackendsError, "add", ".to(")
