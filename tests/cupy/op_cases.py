"""Arguments for every op of the table, to run one kernel against another."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import polyflow.ops
from polyflow import dtypes as dt
from polyflow.backend.keys import ARRAY, Slice
from polyflow.ops.declare import OPS, Op

for _module in pkgutil.iter_modules(polyflow.ops.__path__):
    importlib.import_module(f"polyflow.ops.{_module.name}")


class Case(NamedTuple):
    label: str
    args: tuple[Any, ...]
    attrs: dict[str, Any]


def values(dtype: np.dtype, shape: tuple[int, ...] = (3, 4), seed: int = 0, *, special: bool = True) -> np.ndarray:
    """Numbers of a dtype, with its special ones among them."""
    rng = np.random.default_rng([seed, dt.ALL.index(dtype)])
    count = int(np.prod(shape))
    if dtype is dt.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in dt.INTEGERS:
        info = np.iinfo(dtype)
        host = rng.integers(-5 if info.min else 0, 6, count).astype(dtype)
        if special and count >= 4:
            host[:3] = (0, info.max, info.min)
        return rng.permutation(host).reshape(shape)
    if dtype in dt.COMPLEX:
        part = dt.real_of(dtype)
        real, imag = (rng.normal(size=count).astype(part) for _ in range(2))
        return (real + 1j * imag).astype(dtype).reshape(shape)
    host = (rng.normal(size=count) * 3).astype(dtype)
    if special and count >= 10:
        host[:8] = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5)
        host = rng.permutation(host)
    return host.reshape(shape)


SHAPES = (((3, 4), (3, 4)), ((3, 4), (4,)), ((2, 1, 4), (3, 1)), ((), (5,)), ((), ()), ((0, 3), (1, 3)), ((40,), (40,)))


def held(op: Op) -> tuple[np.dtype, ...]:
    """The dtypes an op takes as they are."""
    return tuple(d for d in dt.ALL if d in op.rule.direct)


def elementwise(op: Op) -> Iterator[Case]:
    for dtype in held(op):
        for shapes in SHAPES:
            drawn = (*shapes, shapes[0])[: len(op.tensors)]
            args = tuple(values(dtype, shape, seed) for seed, shape in enumerate(drawn))
            if op.name == "pow" and dtype in dt.SIGNED:
                args = (
                    args[0],
                    np.abs(np.where(args[1] == np.iinfo(dtype).min, 1, args[1])).astype(dtype) % dtype.type(7),
                )
            if "shift" in op.name:
                args = (args[0], np.abs(args[1].astype(np.int64) % 7).astype(dtype))
            args = tuple(np.asarray(arg) for arg in args)
            yield Case(f"{dtype.name}-{shapes}", args, {})


REDUCED = (None, 0, -1, (0, 2), ())


def reduction(op: Op) -> Iterator[Case]:
    axes = (None, 0, -1) if op.name.startswith("arg") else REDUCED
    for dtype, axis, keepdims in itertools.product(held(op), axes, (False, True)):
        x = values(dtype, (3, 4, 5), special=op.name not in ("sum", "prod", "mean", "logsumexp"))
        yield Case(f"{dtype.name}-{axis}-{keepdims}", (x,), {"axis": axis, "keepdims": keepdims})
        if op.name not in ("max", "min", "argmax", "argmin"):
            empty = values(dtype, (0, 3, 2))
            yield Case(f"{dtype.name}-{axis}-{keepdims}-empty", (empty,), {"axis": axis, "keepdims": keepdims})
    for dtype in (dt.float16, dt.bfloat16, dt.float32, dt.float64):
        if op.name in ("max", "min", "argmax", "argmin"):
            several = np.array(
                [[1, np.nan, 3, np.nan], [2, 2, 1, 2], [-np.inf, -np.inf, -np.inf, -np.inf], [0, 5, np.inf, np.inf]]
            )
            for axis in (None, 0, 1):
                yield Case(f"{dtype.name}-ties-{axis}", (several.astype(dtype),), {"axis": axis, "keepdims": False})


def along(op: Op) -> Iterator[Case]:
    for dtype, axis in itertools.product(held(op), (0, 1, -1)):
        x = values(dtype, (4, 6, 2), special=not op.name.startswith("cumulative"))
        for attrs in with_direction(op, {"axis": axis}):
            yield Case(f"{dtype.name}-{attrs}", (x,), attrs)
            yield Case(f"{dtype.name}-{attrs}-empty", (values(dtype, (0, 3, 2)),), attrs)
            if op.name in ("sort", "argsort"):
                ties = np.array([3, 1, 3, 1, 2, 2, 3, 1]).astype(dtype)
                yield Case(f"{dtype.name}-{attrs}-ties", (ties,), {**attrs, "axis": 0})


def with_direction(op: Op, attrs: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**attrs, "descending": d} for d in (False, True)] if "descending" in op.defaults else [attrs]


FULL = Slice(0, 4, 1)
KEYS: tuple[tuple[tuple[int, ...], tuple[Any, ...], tuple[Any, ...]], ...] = (
    ((3, 4, 5), (1, FULL, 2), ()),
    ((3, 4, 5), (Slice(0, 3, 2), Slice(3, None, -1), Slice(1, 4, 1)), ()),
    ((3, 4, 5), (None, 0, FULL, None, Slice(0, 5, 1)), ()),
    ((3, 4, 5), (2, 3, 4), ()),
    ((), (), ()),
    ((), (None,), ()),
    ((3, 4, 5), (ARRAY, FULL, Slice(0, 5, 1)), ([2, 0, -1, 2],)),
    ((3, 4, 5), (ARRAY, FULL, Slice(0, 5, 1)), (2,)),
    ((3, 4, 5), (Slice(0, 3, 1), ARRAY, Slice(0, 5, 1)), ([[3, -4], [1, 1]],)),
    ((3, 4, 5), (Slice(0, 3, 1), FULL, ARRAY), ([4, 4, 0],)),
    ((3, 4, 5), (Slice(0, 3, 2), ARRAY, Slice(4, None, -2)), ([0, 3, 3],)),
    ((3, 4, 5), (ARRAY, ARRAY, Slice(0, 5, 1)), ([2, 0, 2], [1, -1, 1])),
    ((3, 4, 5), (ARRAY, ARRAY, ARRAY), ([[2], [0]], [1, 1, 3], 4)),
    ((3, 4, 5), (ARRAY, FULL, ARRAY), ([2, 0, 2], [1, -1, 1])),
    ((3, 4, 5), (Slice(1, 3, 1), ARRAY, ARRAY), ([0, 0], [4, 4])),
    ((3, 4, 5), (0, FULL, ARRAY), ([1, 1, 3],)),
    ((3, 4, 5), (Slice(0, 3, 1), 1, ARRAY), ([1, 1, 3],)),
    ((3, 4, 5), (ARRAY, None, 2, ARRAY), ([1, 1], [0, 3])),
    ((3, 4, 5), (None, ARRAY, FULL, Slice(0, 5, 1)), ([1, 1],)),
    ((3, 4, 5), (ARRAY, FULL, Slice(0, 5, 1)), (np.zeros((0,), int),)),
    ((2, 3, 4, 5), (Slice(0, 2, 1), ARRAY, FULL, ARRAY), ([2, 2, 0], [4, 4, -5])),
    ((3, 0, 5), (ARRAY, Slice(0, 0, 1), Slice(0, 5, 1)), ([1, 1],)),
)
"""(shape, key, index arrays); some indices name an element twice."""


def indexing(op: Op) -> Iterator[Case]:
    for dtype, (shape, key, given) in itertools.product(dt.ALL, KEYS):
        kinds = (np.int64, np.int32) if dtype is dt.float32 else (np.int64,)
        for kind in kinds:
            indices = tuple(np.asarray(i, kind) for i in given)
            x = values(dtype, shape)
            attrs = {"key": key}
            if op.name == "getitem":
                yield Case(f"{dtype.name}-{key}", (x, *indices), attrs)
                continue
            place = np.asarray(x[_numpy_key(key, indices)]).shape
            if dtype is dt.float32 and kind is np.int64:
                yield Case(f"scalar-{key}", (x, 2.5, *indices), attrs)
            for broadcast in (False, True):
                updates = values(dtype, place[1:] if broadcast and place else place, 1, special=False)
                yield Case(f"{dtype.name}-{key}-{broadcast}", (x, updates, *indices), attrs)


def _numpy_key(key: Any, indices: Any) -> Any:
    arrays = iter(indices)
    return tuple(slice(*p) if isinstance(p, Slice) else next(arrays) if p == ARRAY else p for p in key)


def full(op: Op) -> Iterator[Case]:
    for dtype in dt.ALL:
        fills: list[Any] = [0, 1, True]
        if dtype in dt.INEXACT:
            fills += [-0.0, 0.0, float("nan"), float("-inf"), 2.5]
        if dtype in dt.COMPLEX:
            fills += [complex(0.0, -0.0), complex(-0.0, 0.0), 1 - 2j]
        for fill, shape in itertools.product(fills, ((2, 3), (), (0, 2))):
            yield Case(f"{dtype.name}-{fill}-{shape}", (), {"shape": shape, "fill_value": fill, "dtype": dtype})


def astype(op: Op) -> Iterator[Case]:
    for source, target in itertools.product(dt.ALL, dt.ALL):
        x = values(source, (3, 4), special=False)
        if source is not dt.bool_:  # negative numbers in unsigned dtypes are unspecified
            x = np.abs(x.real) + np.abs(x.imag) * 1j if source in dt.COMPLEX else np.abs(x)
        yield Case(f"{source.name}-{target.name}", (x.astype(source),), {"dtype": target})


def where(op: Op) -> Iterator[Case]:
    for dtype in dt.ALL:
        condition = np.array([[True], [False], [True]])
        yield Case(dtype.name, (condition, values(dtype), values(dtype, (4,), 1)), {})
    for scalar in ((1.0, values(dt.float32)), (values(dt.float64), 2.0)):
        yield Case(f"scalar-{scalar[0]!r:.9}", (np.array([True, False, True, False]), *scalar), {})


def searchsorted(op: Op) -> Iterator[Case]:
    for dtype, side in itertools.product(dt.ALL, ("left", "right")):
        if dtype in dt.COMPLEX:
            continue
        line = np.sort(np.array([0, 1, 1, 1, 0, 1, 3, 5]).astype(dtype))
        for wanted in (line[::2], line.reshape(2, 4), line[3]):
            yield Case(f"{dtype.name}-{side}", (line, np.asarray(wanted)), {"side": side})
        if dtype in dt.FLOATING:
            yield Case(
                f"{dtype.name}-{side}-nan",
                (np.array([0, 1, np.nan, np.nan]).astype(dtype), np.array([np.nan, 2]).astype(dtype)),
                {"side": side},
            )
        yield Case(f"{dtype.name}-{side}-empty", (line[:0], line), {"side": side})


MATRICES = (
    ((3, 4), (4, 5)), ((4,), (4,)), ((4,), (4, 3)), ((3, 4), (4,)), ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)),
    ((2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((3, 0), (0, 2)), ((0, 4), (4, 2)),
)  # fmt: skip


def matmul(op: Op) -> Iterator[Case]:
    for dtype, (first, second) in itertools.product(held(op), MATRICES):
        yield Case(
            f"{dtype.name}-{first}-{second}",
            (values(dtype, first, special=False), values(dtype, second, 1, special=False)),
            {},
        )


def moved(op: Op) -> Iterator[Case]:
    attrs: dict[str, list[dict[str, Any]]] = {
        "reshape": [{"shape": (6, 2)}, {"shape": (12,)}, {"shape": (3, 4)}],
        "permute_dims": [{"axes": (1, 0)}, {"axes": (0, -1)}],
        "broadcast_to": [{"shape": (2, 3, 4)}],
        "flip": [{"axis": None}, {"axis": 0}, {"axis": (0, 1)}],
        "pad": [{"widths": ((1, 0), (0, 2)), "value": v} for v in (0, 1)],
    }
    for dtype in dt.ALL:
        if op.name == "concat":
            for axis in (0, -2):
                yield Case(
                    f"{dtype.name}-{axis}",
                    (values(dtype), values(dtype, (2, 4), 1), values(dtype, (0, 4))),
                    {"axis": axis},
                )
            continue
        for given in attrs[op.name]:
            yield Case(f"{dtype.name}-{given}", (values(dtype),), given)


def clip(op: Op) -> Iterator[Case]:
    for dtype, (low, high) in itertools.product(held(op), ((1, 3), (None, 2), (0, None), (3, 1), (0.25, 1.5))):
        if isinstance(low, int | None) or dtype in dt.FLOATING:
            yield Case(f"{dtype.name}-{low}-{high}", (values(dtype),), {"min": low, "max": high})


KEY = np.array([0xDEADBEEF, 0x01234567], np.uint32)
DRAWN = ((), (1,), (2,), (7,), (3, 5), (0, 2), (4, 4))


def random_bits(op: Op) -> Iterator[Case]:
    for shape, dtype in itertools.product(DRAWN, (dt.uint32, dt.uint64)):
        yield Case(f"{shape}-{dtype}", (KEY,), {"shape": shape, "dtype": dtype})


def threefry2x32(op: Op) -> Iterator[Case]:
    for shape, high in itertools.product(DRAWN, (0, 2**31 + 5)):
        low = np.arange(2**32 - 3, 2**32 - 3 + int(np.prod(shape)), dtype=np.uint64).astype(np.uint32).reshape(shape)
        yield Case(f"{shape}-{high}", (KEY, low), {"high": high})


def next_key(op: Op) -> Iterator[Case]:
    for counter in (0, 1, 2**32 - 1):
        yield Case(str(counter), (np.array([*KEY, counter], np.uint32),), {})


def random_permutation(op: Op) -> Iterator[Case]:
    for n in (0, 1, 2, 3, 64, 65, 1000):
        yield Case(str(n), (KEY,), {"n": n})


def keep_mask(op: Op) -> Iterator[Case]:
    for shape, rate in itertools.product(DRAWN, (0.0, 0.25, 0.5, 1.0)):
        yield Case(f"{shape}-{rate}", (KEY,), {"shape": shape, "rate": rate})


OWN = {
    "clip": clip,
    "random_bits": random_bits, "threefry2x32": threefry2x32, "next_key": next_key,
    "random_permutation": random_permutation, "keep_mask": keep_mask,
    "full": full, "astype": astype, "where": where, "searchsorted": searchsorted, "matmul": matmul,
    "getitem": indexing, "index_add": indexing, "index_set": indexing,
    "reshape": moved, "permute_dims": moved, "broadcast_to": moved, "flip": moved, "pad": moved, "concat": moved,
}  # fmt: skip


def cases(op: Op) -> list[Case]:
    """The cases of an op; empty for one that this file does not know how to call."""
    if op.name in OWN:
        return list(OWN[op.name](op))
    if not op.variadic and not op.defaults:
        return list(elementwise(op))
    if set(op.defaults) == {"axis", "keepdims"}:
        return list(reduction(op))
    if set(op.defaults) in ({"axis"}, {"axis", "descending"}):
        return list(along(op))
    return []


def fitting(op: Op, backend: Any) -> Iterator[Case]:
    """The cases whose dtypes the backend holds, without Python floats where it does not take them."""
    for case in cases(op):
        dtypes = {dt.as_dtype(a.dtype) for a in case.args if isinstance(a, np.ndarray)}
        dtypes.add(case.attrs.get("dtype", dt.bool_))
        floats = any(isinstance(a, float) for a in case.args)
        if dtypes <= backend.capabilities.dtypes and (backend.weak_scalars or not floats):
            yield case


EXTENSIONS = sorted(name for name, op in OPS.items() if isinstance(op.standard, str))
"""Ops of linear algebra and Fourier transforms: tests of their own know what their results mean."""

ALL_OPS = sorted(OPS.keys() - {*EXTENSIONS, "part"})
