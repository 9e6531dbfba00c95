"""Arguments for every op of the table, chosen where the op is defined, and the same op in jax.numpy as an oracle."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import polyflow.ops
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.backend.keys import ARRAY, Slice, library_key
from polyflow.flow import eager
from polyflow.ops import call
from polyflow.ops.declare import OPS, Op
from polyflow.tensor import Tensor

for _module in pkgutil.iter_modules(polyflow.ops.__path__):
    importlib.import_module(f"polyflow.ops.{_module.name}")

NUMPY = discovery.get("numpy")

SHAPES: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    1: (((),), ((5,),), ((3, 4),), ((0, 3),), ((2, 1, 3),)),
    2: (((3, 4), (3, 4)), ((), (5,)), ((2, 1, 3), (4, 1)), ((0, 3), (1, 3))),
    3: (((3, 4), (3, 4), (3, 4)), ((), (5,), ()), ((2, 1, 3), (4, 1), (2, 1, 1)), ((0, 3), (1, 3), (3,))),
}
"""The shapes of elementwise ops' arguments, by their number."""

AXES = ({"axis": None}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": 1, "keepdims": True})
DTYPES = (dt.float32, dt.float64, dt.int32, dt.uint8, dt.bool_, dt.int64, dt.float16)


class Case(NamedTuple):
    """One call of an op: host arrays and attributes."""

    args: tuple[Any, ...]
    attrs: dict[str, Any]

    def tensors(self) -> tuple[Any, ...]:
        """The arguments as tensors over read-only arrays."""
        return tuple(tensor(arg) if isinstance(arg, np.ndarray) else arg for arg in self.args)


def tensor(array: Any) -> Tensor:
    """A tensor over this very array, which nobody may write to."""
    array = np.asarray(array)[...]
    array.flags.writeable = False
    return Tensor(array, NUMPY)


def numbers(rng: np.random.Generator, dtype: np.dtype, shape: tuple[int, ...], where: str = "any") -> np.ndarray:
    """Random numbers of a dtype in a domain of definition."""
    if dtype is dt.bool_:
        return np.asarray(rng.integers(0, 2, shape)).astype(bool)
    if dtype in dt.INTEGERS:
        low = {"any": -3 if dtype in dt.SIGNED else 0, "positive": 0, "nonzero": 1, "above one": 1, "unit": 0}[where]
        return np.asarray(rng.integers(low, 2 if where == "unit" else 5, shape)).astype(dtype)
    part = rng.uniform(0.3, 2.5, shape)
    if where in ("any", "nonzero"):
        part = part * rng.choice([-1.0, 1.0], shape)
    elif where == "unit":
        part = rng.uniform(-0.9, 0.9, shape)
    elif where == "above one":
        part = part + 1.1
    if dtype in dt.COMPLEX:
        part = part + 1j * rng.uniform(0.2, 1.0, shape)
    return np.asarray(part).astype(dtype)


def direct(op: Op) -> tuple[np.dtype, ...]:
    """The dtypes of `DTYPES` that an op takes."""
    if not op.rule.direct:
        return DTYPES
    return tuple(dtype for dtype in DTYPES if dtype in op.rule.direct) or tuple(op.rule.direct)[:1]


def cases(op: Op, dtype: np.dtype, seed: int = 0) -> list[Case]:
    """Calls of an op with arguments of ``dtype``."""
    rng = np.random.default_rng([seed, len(op.name), dt.ALL.index(dtype)])

    def draw(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
        words = (op.samples,) * len(shapes) if isinstance(op.samples, str) else op.samples
        return tuple(numbers(rng, dtype, shape, word) for shape, word in zip(shapes, words, strict=True))

    if op.name in _OWN:
        return [Case(args, attrs) for args, attrs in _OWN[op.name](draw, rng, dtype)]
    if op.reference.__module__ == "polyflow.ops.random":
        return [Case(args, attrs) for args, attrs in _random(op)]
    if not op.defaults:
        found = [draw(*shapes) for shapes in SHAPES[len(op.tensors)]]
        if op.name.startswith("bitwise_") and op.name.endswith("shift"):
            found = [(a, np.abs(b.astype(np.int64)).astype(dtype)) for a, b in found]
        elif op.name == "pow" and dtype in dt.SIGNED:
            found = [(a, np.abs(b)) for a, b in found]
        return [Case(args, {}) for args in found]
    if set(op.defaults) == {"axis", "keepdims"}:
        several = op.name not in ("argmax", "argmin")
        chosen = [attrs for attrs in AXES if several or not isinstance(attrs["axis"], tuple)]
        return [Case(draw((2, 3, 4)), attrs) for attrs in chosen] + [Case(draw(()), {"axis": None})]
    if "axis" in op.defaults:
        more = [{"descending": True}] if "descending" in op.defaults else [{}]
        return [Case(draw((2, 5)), {"axis": axis, **extra}) for axis in (0, -1) for extra in ({}, *more)]
    raise AssertionError(f"tests/ops/cases.py does not know how to call {op.name!r}: add it to _OWN.")


Calls = Iterator[tuple[tuple[Any, ...], dict[str, Any]]]


def _full(draw: Any, rng: Any, dtype: Any) -> Calls:
    yield (), {"shape": (2, 3), "fill_value": 1, "dtype": dtype}
    yield (), {"shape": (), "fill_value": True, "dtype": dtype}


def _astype(draw: Any, rng: Any, dtype: Any) -> Calls:
    (x,) = draw((3, 4))
    x = np.abs(x) if dtype is not dt.bool_ else x  # negative numbers in unsigned integers are unspecified
    for target in DTYPES:
        yield (x,), {"dtype": target}


def _where(draw: Any, rng: Any, dtype: Any) -> Calls:
    for shapes in (((3, 1), (3, 4), (4,)), ((), (2,), ())):
        c, *rest = (rng.integers(0, 2, shapes[0]).astype(bool), *(draw(s)[0] for s in shapes[1:]))
        yield (c, *rest), {}


def _clip(draw: Any, rng: Any, dtype: Any) -> Calls:
    for low, high in ((1, 2), (None, 2), (1, None)):
        yield draw((3, 4)), {"min": low, "max": high}


def _searchsorted(draw: Any, rng: Any, dtype: Any) -> Calls:
    for side in ("left", "right"):
        line, wanted = draw((6,))[0], draw((2, 3))[0]
        yield (np.sort(line), wanted), {"side": side}


def _matmul(draw: Any, rng: Any, dtype: Any) -> Calls:
    for shapes in (((3, 4), (4, 2)), ((4,), (4,)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,)), ((2, 1, 3, 4), (5, 4, 2))):
        yield tuple(numbers(rng, dtype, shape) for shape in shapes), {}


FULL4, FULL5 = Slice(0, 4, 1), Slice(0, 5, 1)
KEYS: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...] = (
    ((1, FULL4, 2), ()),
    ((Slice(0, 3, 2), Slice(3, None, -1), Slice(1, 4, 1)), ()),
    ((None, 0, FULL4, None, Slice(0, 0, 1)), ()),
    ((ARRAY, FULL4, FULL5), ([2, 0, -1, 2],)),
    ((Slice(0, 3, 1), ARRAY, ARRAY), ([[0], [3]], [1, 1, 4])),
    ((ARRAY, Slice(3, None, -2), ARRAY), ([0, 1], [4, 4])),
    ((1, FULL4, ARRAY), ([1, 1, 3],)),
)


def _getitem(draw: Any, rng: Any, dtype: Any) -> Calls:
    for key, given in KEYS:
        yield (*draw((3, 4, 5)), *(np.asarray(i) for i in given)), {"key": key}


def _update(draw: Any, rng: Any, dtype: Any, unique: bool = False) -> Calls:
    for key, given in KEYS:
        indices = tuple(np.unique(np.asarray(i) % 3) if unique else np.asarray(i) for i in given)
        if unique and len(indices) == 2:
            indices = (indices[0][:1], indices[1])
        x = draw((3, 4, 5))[0]
        yield (x, numbers(rng, dtype, x[library_key(key, indices)].shape), *indices), {"key": key}


def _concat(draw: Any, rng: Any, dtype: Any) -> Calls:
    yield tuple(numbers(rng, dtype, s) for s in ((2, 3), (2, 1), (2, 0))), {"axis": 1}
    yield tuple(numbers(rng, dtype, s) for s in ((3,),)), {"axis": -1}


def _attributes(*attrs: dict[str, Any]) -> Callable[..., Calls]:
    def calls(draw: Any, rng: Any, dtype: Any) -> Calls:
        for given in attrs:
            yield draw((3, 4)), given

    return calls


_OWN: dict[str, Callable[..., Calls]] = {
    "full": _full,
    "astype": _astype,
    "where": _where,
    "clip": _clip,
    "searchsorted": _searchsorted,
    "matmul": _matmul,
    "getitem": _getitem,
    "index_add": _update,
    "index_set": lambda draw, rng, dtype: _update(draw, rng, dtype, unique=True),
    "concat": _concat,
    "reshape": _attributes({"shape": (6, 2)}, {"shape": (12,)}, {"shape": (1, 3, 2, 2)}),
    "permute_dims": _attributes({"axes": (1, 0)}, {"axes": (0, -1)}),
    "broadcast_to": _attributes({"shape": (2, 3, 4)}, {"shape": (3, 4)}),
    "flip": _attributes({"axis": None}, {"axis": 0}, {"axis": (0, 1)}),
    "pad": _attributes({"widths": ((1, 0), (0, 2)), "value": 1}, {"widths": ((0, 0), (0, 0)), "value": 0}),
}


def _random(op: Op) -> Calls:
    key = np.array([0xDEADBEEF, 0x01234567], np.uint32)
    if op.name == "random_bits":
        yield (key,), {"shape": (3, 5), "dtype": dt.uint32}
    elif op.name == "threefry2x32":
        yield (key, np.arange(6, dtype=np.uint32).reshape(2, 3)), {"high": 1}
    elif op.name == "next_key":
        yield (np.array([*key, 7], np.uint32),), {}
    elif op.name == "random_permutation":
        yield (key,), {"n": 17}
    elif op.name == "keep_mask":
        yield (key,), {"shape": (4, 4), "rate": 0.25}
    else:
        raise AssertionError(f"tests/ops/cases.py does not know how to call {op.name!r}: add it to _random.")


EXTENSIONS = sorted(name for name, op in OPS.items() if isinstance(op.standard, str))
"""Ops of linear algebra and Fourier transforms: tests of their own know what their results mean (test_linalg)."""

ALL = sorted(OPS.keys() - {*EXTENSIONS, "part"})
DIFFERENTIABLE = sorted(name for name in ALL if OPS[name].differentiable)


def fast(op: Op) -> Callable[..., Any]:
    """The public function of an op, as the table makes it."""
    return call.caller(op) if op.tensors else lambda **attrs: call.create(op, attrs, NUMPY)


def general(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """The op by the general way in."""
    return eager.apply_any(op, args, op.bind((), attrs)) if op.tensors else call.create(op, attrs, NUMPY)


# The oracle -----------------------------------------------------------------------------------------------------------


def weighted(
    op: Op, case: Case, asarray: Callable[..., Any], function: Callable[..., Any]
) -> tuple[Callable[..., Any], list[Any]]:
    """A scalar function of the differentiable arguments of a call, with fixed weights; and those arguments."""
    places = [
        i
        for i, arg in enumerate(case.args)
        if arg.dtype.kind == "f" and (op.variadic or (i < len(op.rules) and op.rules[i] is not None))
    ]
    result = np.asarray(op.reference(*case.args, **op.bind((), case.attrs)))
    weights = np.random.default_rng(len(op.name)).uniform(0.5, 1.5, result.shape)

    def scalar(*xs: Any) -> Any:
        args = [asarray(arg) for arg in case.args]
        for place, x in zip(places, xs, strict=True):
            args[place] = x
        return (function(*args, **case.attrs) * asarray(weights)).sum()

    return scalar, [case.args[i] for i in places]


def oracle(op: Op) -> Callable[..., Any] | None:
    """The op in jax.numpy, as ``f(*arrays, **attrs)``; None where JAX has no such function."""
    import jax
    import jax.numpy as jnp

    own: dict[str, Callable[..., Any]] = {
        "full": lambda *, shape, fill_value, dtype: jnp.full(shape, fill_value, dtype),
        "astype": lambda x, *, dtype: x.astype(dtype),
        "identity": lambda x: x,
        "stop_gradient": jax.lax.stop_gradient,
        "rsqrt": jax.lax.rsqrt,
        "erf": jax.lax.erf,
        "erfc": jax.lax.erfc,
        "erfinv": jax.lax.erf_inv,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "relu": jax.nn.relu,
        "softmax": jax.nn.softmax,
        "log_softmax": jax.nn.log_softmax,
        "logsumexp": jax.nn.logsumexp,
        "clip": lambda x, *, min, max: jnp.clip(x, min, max),
        "clamp": jnp.clip,
        "getitem": lambda x, *indices, key: x[library_key(key, indices)],
        "index_add": lambda x, u, *indices, key: x.at[library_key(key, indices)].add(u),
        "index_set": lambda x, u, *indices, key: x.at[library_key(key, indices)].set(u),
        "searchsorted": lambda a, b, *, side: jnp.searchsorted(a, b, side=side),
        "permute_dims": lambda x, *, axes: jnp.transpose(x, [axis % x.ndim for axis in axes]),
        "concat": lambda *arrays, axis: jnp.concatenate(arrays, axis),
        "pad": lambda x, *, widths, value: jnp.pad(x, widths, constant_values=value),
        "cumulative_sum": lambda x, *, axis=-1: jnp.cumsum(x, axis),
        "cumulative_prod": lambda x, *, axis=-1: jnp.cumprod(x, axis),
        "sort": lambda x, *, axis=-1, descending=False: jnp.sort(x, axis=axis, descending=descending),
        "argsort": lambda x, *, axis=-1, descending=False: jnp.argsort(
            x, axis=axis, descending=descending, stable=True
        ),
    }
    return own.get(op.name) or getattr(jnp, op.name, None)
