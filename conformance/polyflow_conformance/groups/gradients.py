"""grad-1: gradients against differences of the suite's own formulas, and against the library's own gradients.

With a random cotangent c and a random direction v, the pullback g has to satisfy <g, v> = <c, df(v)>, where df(v) is a
central difference of a formula in longdouble. The second derivative along v likewise.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import elementwise, factorizations, fft, indexing, linalg, matrices, reduction, shape
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from .. import matrices as exact
from .. import samples
from ..case import Case, Mismatch, Skip, Trial
from ..measure import WIDE, WIDE_COMPLEX
from ..oracle import DOMAINS, FORMULAS, SAMPLES
from ..table import functions, ops

GROUP = "grad-1"
STEP = WIDE(1e-6)
STEP2 = WIDE(2e-4)


class Differentiable(NamedTuple):
    """A function of tensors, the same in NumPy, and arguments at which it is smooth."""

    function: Callable[..., Any]
    oracle: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    kinds: tuple[str, ...]
    second: bool = True
    complex: bool = False
    native: bool = True


def _one(
    function: Any, oracle: Any, *sizes: tuple[int, ...], kinds: tuple[str, ...] = (), complex: bool = False
) -> Differentiable:
    return Differentiable(function, oracle, sizes, kinds or ("any",) * len(sizes), True, complex)


def _wide_softmax(x: Any) -> Any:
    parts = np.exp(x - x.max(-1, keepdims=True))
    return parts / parts.sum(-1, keepdims=True)


def _set(h: Any, u: Any, key: Any) -> Any:
    result = np.array(h)
    result[key] = u
    return result


def _added(h: Any, u: Any, key: Any) -> Any:
    result = np.array(h)
    np.add.at(result, key, u)
    return result


_AT = np.array([1, 0, 1])
_MASK = np.array([[True, False, True], [False, True, True]])


@functools.cache
def others() -> dict[str, Differentiable]:
    """Differentiable ops that are not elementwise, and functions made of several."""
    f = functions()
    return {
        "sum/axis": _one(lambda x: f["sum"](x, 0), lambda h: h.sum(0), (3, 4), complex=True),
        "sum/keepdims": _one(
            lambda x: f["sum"](x, axis=(0, 2), keepdims=True), lambda h: h.sum((0, 2), keepdims=True), (2, 3, 2)
        ),
        "sum/all": _one(lambda x: f["sum"](x), lambda h: h.sum(), (3, 4)),
        "mean/axis": _one(lambda x: f["mean"](x, -1), lambda h: h.mean(-1), (3, 4), complex=True),
        "mean/all": _one(lambda x: f["mean"](x), lambda h: h.mean(), (3, 4)),
        "prod/axis": _one(lambda x: f["prod"](x, 1), lambda h: h.prod(1), (3, 4), kinds=("nonzero",), complex=True),
        "max/axis": _one(lambda x: f["max"](x, 1), lambda h: h.max(1), (3, 5)),
        "min/axis": _one(lambda x: f["min"](x, 0), lambda h: h.min(0), (3, 5)),
        "logsumexp/axis": _one(lambda x: f["logsumexp"](x, -1), lambda h: np.log(np.exp(h).sum(-1)), (3, 4)),
        "cumulative_sum/axis": _one(lambda x: f["cumulative_sum"](x, 0), lambda h: np.cumsum(h, 0), (4, 3)),
        "cumulative_prod/axis": _one(
            lambda x: f["cumulative_prod"](x, 1), lambda h: np.cumprod(h, 1), (3, 4), kinds=("nonzero",)
        ),
        "sort/axis": _one(lambda x: f["sort"](x, 1), lambda h: np.sort(h, 1), (3, 5)),
        "sort/descending": _one(lambda x: f["sort"](x, 0, True), lambda h: -np.sort(-h, 0), (4, 3)),
        "softmax/axis": _one(lambda x: f["softmax"](x), _wide_softmax, (3, 4)),
        "log_softmax/axis": _one(lambda x: f["log_softmax"](x), lambda h: np.log(_wide_softmax(h)), (3, 4)),
        "reshape/plain": _one(lambda x: shape.reshape(x, (4, 3)), lambda h: h.reshape(4, 3), (2, 6)),
        "permute_dims/plain": _one(
            lambda x: shape.permute_dims(x, (2, 0, 1)), lambda h: h.transpose(2, 0, 1), (2, 3, 4)
        ),
        "broadcast_to/plain": _one(
            lambda x: shape.broadcast_to(x, (2, 3, 4)), lambda h: np.broadcast_to(h, (2, 3, 4)), (3, 1)
        ),
        "concat/plain": _one(
            lambda x, y: shape.concat([x, y, x], axis=1), lambda h, k: np.concatenate([h, k, h], 1), (2, 3), (2, 1)
        ),
        "pad/plain": _one(lambda x: shape.pad(x, [(1, 0), (2, 1)]), lambda h: np.pad(h, [(1, 0), (2, 1)]), (2, 3)),
        "flip/plain": _one(lambda x: shape.flip(x, 1), lambda h: np.flip(h, 1), (2, 3)),
        "getitem/slice": _one(lambda x: x[1:, ::-2], lambda h: h[1:, ::-2], (3, 4)),
        "getitem/array": _one(lambda x: x[_AT], lambda h: h[_AT], (2, 3)),
        "getitem/mask": _one(lambda x: x[_MASK], lambda h: h[_MASK], (2, 3)),
        "index_add/array": _one(
            lambda x, u: indexing.index_add(x, _AT, u), lambda h, u: _added(h, u, _AT), (2, 3), (3, 3)
        ),
        "index_add/broadcast": _one(
            lambda x, u: indexing.index_add(x, _AT, u), lambda h, u: _added(h, u, _AT), (2, 3), (3,)
        ),
        "index_set/slice": _one(
            lambda x, u: indexing.index_set(x, (slice(None), slice(0, 2)), u),
            lambda h, u: _set(h, u, (slice(None), slice(0, 2))),
            (2, 3),
            (2, 2),
        ),
        "where/plain": _one(
            lambda x, y: elementwise.where(_MASK, x, y), lambda h, k: np.where(_MASK, h, k), (2, 3), (3,)
        ),
        "clip/limits": _one(lambda x: elementwise.clip(x, -0.7, 0.9), lambda h: np.clip(h, -0.7, 0.9), (3, 4)),
        "clamp/limits": _one(
            elementwise.clip, lambda h, low, high: np.minimum(np.maximum(h, low), high), (3, 4), (4,), (3, 1)
        ),
        "matmul/matrices": _one(linalg.matmul, np.matmul, (3, 4), (4, 2), complex=True),
        "matmul/vectors": _one(linalg.matmul, np.matmul, (4,), (4,)),
        "matmul/matrix-vector": _one(linalg.matmul, np.matmul, (3, 4), (4,)),
        "matmul/vector-matrix": _one(linalg.matmul, np.matmul, (4,), (4, 3)),
        "matmul/broadcast": _one(linalg.matmul, np.matmul, (2, 1, 3, 4), (3, 4, 2)),
        "einsum/batched": _one(
            lambda x, y: linalg.einsum("bij,kj->bik", x, y),
            lambda h, k: np.einsum("bij,kj->bik", h, k),
            (2, 3, 4),
            (2, 4),
        ),
        "astype/plain": _one(lambda x: elementwise.astype(x, x.dtype) * 2.0, lambda h: h * 2, (3,)),
        "var/axis": _one(lambda x: reduction.var(x, 0), lambda h: h.var(0), (4, 3)),
        "std/all": _one(lambda x: reduction.std(x), lambda h: h.std(), (4, 3)),
        "norm/axis": _one(lambda x: reduction.norm(x, -1), lambda h: np.sqrt((h * h).sum(-1)), (3, 4)),
        "take_along_axis/plain": _one(
            lambda x: indexing.take_along_axis(x, np.array([[1, 1], [0, 2]]), axis=1),
            lambda h: np.take_along_axis(h, np.array([[1, 1], [0, 2]]), 1),
            (2, 3),
        ),
    }


_FIRM = np.diag([2.0, 3.0, 4.5])
"""What makes a small matrix regular, and its eigenvalues distinct."""


def _firm(x: Any) -> Any:
    return x * 0.1 + _FIRM


def _symmetric(x: Any) -> Any:
    return (x + (x.mT if hasattr(x, "mT") else x.T)) * 0.05 + _FIRM


@functools.cache
def of_matrices() -> dict[str, Differentiable]:
    """Linear algebra and Fourier transforms: functions that do not depend on signs."""
    factors = factorizations
    return {
        "inv/plain": _one(lambda x: matrices.inv(_firm(x)), lambda h: exact.inverse(_firm(h)), (3, 3), complex=True),
        "solve/left": _one(
            lambda x, y: matrices.solve(_firm(x), y),
            lambda h, k: exact.solution(_firm(h), k),
            (3, 3),
            (3, 2),
            complex=True,
        ),
        "solve/vector": _one(
            lambda x, y: matrices.solve(_firm(x), y), lambda h, k: exact.solution(_firm(h), k), (3, 3), (3,)
        ),
        "det/plain": _one(
            lambda x: matrices.det(_firm(x)), lambda h: exact.determinant(_firm(h)), (3, 3), complex=True
        ),
        "slogdet/size": _one(
            lambda x: matrices.slogdet(_firm(x))[1], lambda h: np.log(np.abs(exact.determinant(_firm(h)))), (3, 3)
        ),
        "pinv/tall": _one(
            lambda x: matrices.pinv(x * 0.1 + np.eye(4, 3)),
            lambda h: exact.pseudo_inverse(h * 0.1 + np.eye(4, 3)),
            (4, 3),
        ),
        "cholesky/plain": _one(
            lambda x: factors.cholesky(_symmetric(x)), lambda h: exact.cholesky(_symmetric(h)), (3, 3)
        ),
        "qr/Q": _one(lambda x: factors.qr(_firm(x))[0] ** 2, lambda h: exact.qr(_firm(h))[0] ** 2, (3, 3)),
        "qr/R": _one(lambda x: factors.qr(_firm(x))[1] ** 2, lambda h: exact.qr(_firm(h))[1] ** 2, (3, 3)),
        "eigh/values": _one(lambda x: factors.eigh(_symmetric(x))[0], lambda h: exact.eigh(_symmetric(h))[0], (3, 3)),
        "eigh/vectors": _one(
            lambda x: factors.eigh(_symmetric(x))[1] ** 2, lambda h: exact.eigh(_symmetric(h))[1] ** 2, (3, 3)
        ),
        "eigvalsh/plain": _one(
            lambda x: factors.eigvalsh(_symmetric(x)), lambda h: exact.eigh(_symmetric(h))[0], (3, 3)
        ),
        "eig/values": _one(
            lambda x: reduction.sum(elementwise.real(factors.eig(_firm(x))[0] ** 3.0)),
            lambda h: np.trace(_firm(h) @ _firm(h) @ _firm(h)),
            (3, 3),
        )._replace(native=False),  # libraries differentiate eigenvalues, at most
        "part/second": _one(
            lambda x: factors.eigh(_symmetric(x)).eigenvectors ** 2,
            lambda h: exact.eigh(_symmetric(h))[1] ** 2,
            (3, 3),
        ),
        "eigvals/cubes": _one(
            lambda x: reduction.sum(elementwise.real(factors.eigvals(_firm(x)) ** 3.0)),
            lambda h: np.trace(_firm(h) @ _firm(h) @ _firm(h)),
            (3, 3),
        ),
        "svdvals/plain": _one(lambda x: factors.svdvals(_firm(x)), lambda h: exact.singular_values(_firm(h)), (3, 3)),
        "svd/values": _one(
            lambda x: factors.svd(_firm(x), full_matrices=False)[1], lambda h: exact.singular_values(_firm(h)), (3, 3)
        ),
        "svd/vectors": _one(
            lambda x: factors.svd(_firm(x), full_matrices=False)[2] ** 2,
            lambda h: exact.eigh(_firm(h).T @ _firm(h))[1].T[::-1] ** 2,
            (3, 3),
        ),
        "fft/plain": _one(lambda x: fft.fft(x), lambda h: h @ exact.fourier(4), (3, 4), complex=True),
        "ifft/plain": _one(lambda x: fft.ifft(x), lambda h: h @ np.conj(exact.fourier(4)) / 4, (3, 4), complex=True),
        "rfft/plain": _one(lambda x: fft.rfft(x), lambda h: (h @ exact.fourier(5))[:, :3], (2, 5)),
        "irfft/plain": _one(
            lambda x: fft.irfft(x, n=5),
            lambda h: np.real(h @ (np.conj(exact.fourier(5)[:3]) * np.array([[1], [2], [2]]))) / 5,
            (2, 3),
            complex=True,
        ),
    }


_JUMPS = ("floor", "ceil", "trunc", "round", "sign", "floor_divide")
_NO_SECOND = ("max", "min", "sort")


@functools.cache
def table() -> dict[str, Differentiable]:
    """Every differentiable function by ``op/what``."""
    found = {}
    for name, formula in FORMULAS.items():
        if name not in ops() or not ops()[name].differentiable or name == "stop_gradient":
            continue
        count = len(ops()[name].tensors)
        kinds = SAMPLES.get(name, ("any",) * count)
        if name in ("remainder", "floor_divide"):
            kinds = ("any", "positive")
        takes_complex = dt.complex128 in DOMAINS[formula.domain]
        function = functions()[name]
        found[f"{name}/plain"] = Differentiable(function, formula.wide, ((3, 4),) * count, kinds, True, takes_complex)
        if count == 2:
            found[f"{name}/broadcast"] = Differentiable(function, formula.wide, ((2, 1, 3), (4, 1)), kinds)
    return {**found, **others(), **of_matrices()}


def cases() -> Iterator[Case]:
    """First and second order, complex, float32, compiled, by the library itself; corners; and what has no gradient."""
    for name, one in table().items():
        op, label = name.split("/")
        quick = label in ("plain", "axis", "broadcast", "matrices")
        part = functools.partial
        yield Case(f"{GROUP}/{op}/differences/{label}", part(_first, one=one), (dt.float64,), quick)
        if op not in (*_JUMPS, "erfinv") and (label != "broadcast" or op in ("multiply", "divide", "pow")):
            yield Case(f"{GROUP}/{op}/second-order/{label}", part(_second, one=one), (dt.float64,))
        if one.native:
            check = part(_native, one=one)
            yield Case(f"{GROUP}/{op}/native/{label}", check, (dt.float64,), quick and op in ("tanh", "matmul"))
            if label == "plain" and op in ("exp", "tanh", "multiply"):
                yield Case(f"{GROUP}/{op}/native/float32", part(_native, one=one, dtype=dt.float32), (dt.float32,))
            if one.complex and label in ("plain", "matrices") and op in ("exp", "multiply", "matmul"):
                yield Case(
                    f"{GROUP}/{op}/native/complex", part(_native, one=one, dtype=dt.complex128), (dt.complex128,)
                )
        if label in ("plain", "axis"):
            yield Case(f"{GROUP}/{op}/float32/{label}", part(_narrow, one=one), (dt.float32, dt.float64))
            yield Case(f"{GROUP}/{op}/compiled/{label}", part(_compiled, one=one), (dt.float64,))
        if one.complex:
            yield Case(f"{GROUP}/{op}/complex/{label}", part(_complex, one=one, name=op), (dt.complex128,))
    for name, (function, at, true) in CORNERS.items():
        op, label = name.split("/")
        check = functools.partial(_corner, function=function, at=at, true=true)
        yield Case(f"{GROUP}/{op}/corner/{label}", check, (dt.float32,), True)
    for name in ("add", "multiply", "sum"):
        yield Case(
            f"{GROUP}/{name}/none/integers", functools.partial(_integers, name=name), (dt.int32, dt.float32), True
        )
    yield Case(f"{GROUP}/stop_gradient/none/constant", _stopped, (dt.float32,), True)
    yield Case(f"{GROUP}/tape/first/variables", _tape, (dt.float32,), True)
    yield Case(f"{GROUP}/tape/second/nested", _tape_twice, (dt.float64,), True)
    yield Case(f"{GROUP}/jacobian/first/rows", _jacobian, (dt.float64,))
    yield Case(f"{GROUP}/jvp/first/direction", _jvp, (dt.float64,))


def _setting(
    t: Trial, one: Differentiable, dtype: np.dtype = dt.float64
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Arguments, a direction for each, and a cotangent."""
    args = [_smooth(t, kind, size, dtype) for kind, size in zip(one.kinds, one.shapes, strict=True)]
    directions = [_random(t, arg.shape, dtype) for arg in args]
    out = np.asarray(one.oracle(*[_widen(arg) for arg in args]))
    return args, directions, _random(t, out.shape, dtype)


RANGES = {"positive": (0.4, 2.5), "nonzero": (0.4, 2.5), "unit": (0.1, 0.85), "above one": (1.3, 3.0)}


def _smooth(t: Trial, kind: str, size: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Arguments away from poles and branch cuts, where differences are exact enough to judge by."""
    if kind == "any":
        return samples.read_only(_random(t, size, dtype))
    host = t.rng.uniform(*RANGES[kind], size)
    if kind in ("nonzero", "unit"):
        host = host * t.rng.choice([-1.0, 1.0], size)
    if dtype in dt.COMPLEX:
        host = host + 1j * t.rng.uniform(0.1, 0.5, size)
    return samples.read_only(np.asarray(host).astype(dtype))


def _random(t: Trial, size: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if dtype in dt.COMPLEX:
        return np.asarray(t.rng.normal(size=size) + 1j * t.rng.normal(size=size)).astype(dtype)
    return np.asarray(t.rng.normal(size=size)).astype(dtype)


def _widen(host: np.ndarray) -> np.ndarray:
    return host.astype(WIDE_COMPLEX if host.dtype.kind == "c" else WIDE)


def _inner(a: Any, b: Any) -> Any:
    """The real inner product of two arrays, complex ones as pairs of real numbers."""
    return np.sum(np.real(np.conj(_widen(np.asarray(a))) * _widen(np.asarray(b))))


def _shifted(one: Differentiable, args: list[np.ndarray], directions: list[np.ndarray], step: Any) -> Any:
    moved = [_widen(arg) + step * _widen(direction) for arg, direction in zip(args, directions, strict=True)]
    with np.errstate(all="ignore"):
        return _widen(np.asarray(one.oracle(*moved)))


def _pulled(
    t: Trial, one: Differentiable, args: list[np.ndarray], c: np.ndarray, backend_args: list[Any] | None = None
) -> list[Any]:
    tensors = backend_args or [t.tensor(arg) for arg in args]
    value, pull = transforms.vjp(one.function, *tensors)
    found = pull(t.tensor(c.astype(value.dtype)))
    for i, (part, arg) in enumerate(zip(found, args, strict=True)):
        t.spec(part, arg.shape, dt.as_dtype(arg.dtype), f"the gradient of argument {i}")
    return list(found)


def _compare(t: Trial, found: Any, true: Any, size: Any, tolerance: float, what: str) -> None:
    error = abs(float(found - true)) / max(float(size), 1e-12)
    if not math.isfinite(error):
        raise Mismatch(f"{what} is {float(found)!r}, expected {float(true)!r}", math.inf, tolerance)
    t.within(error, tolerance, f"{what} is {float(found):.12g}, expected {float(true):.12g}; the relative error")


def _first(t: Trial, *, one: Differentiable) -> None:
    args, directions, c = _setting(t, one)
    found = _pulled(t, one, args, c)
    for i, part in enumerate(found):
        only = [d if j == i else np.zeros_like(d) for j, d in enumerate(directions)]
        slope = (_shifted(one, args, only, STEP) - _shifted(one, args, only, -STEP)) / (2 * STEP)
        host = t.host(part)
        size = np.sum(np.abs(_widen(host) * _widen(directions[i])))
        _compare(
            t,
            _inner(host, directions[i]),
            _inner(c, slope),
            max(size, np.abs(_inner(c, slope))),
            1e-5,
            f"the slope in argument {i}",
        )


def _second(t: Trial, *, one: Differentiable) -> None:
    args, directions, c = _setting(t, one)
    moving, cotangent = [t.tensor(d) for d in directions], t.tensor(c)

    def slope(*tensors: Any) -> Any:
        _, pull = transforms.vjp(one.function, *tensors)
        parts = [reduction.sum(part * d) for part, d in zip(pull(cotangent), moving, strict=True)]
        return functools.reduce(elementwise.add, parts)

    _, pull = transforms.vjp(slope, *[t.tensor(arg) for arg in args])
    found = [t.host(part) for part in pull(t.tensor(np.float64(1)))]
    curve = sum(_inner(part, d) for part, d in zip(found, directions, strict=True))
    middle = _widen(np.asarray(one.oracle(*[_widen(arg) for arg in args])))
    plus, minus = (_shifted(one, args, directions, sign * STEP2) for sign in (1, -1))
    true = _inner(c, (plus - 2 * middle + minus) / STEP2**2)
    size = sum(np.sum(np.abs(_widen(part) * _widen(d))) for part, d in zip(found, directions, strict=True))
    _compare(t, curve, true, max(size, abs(true), 1e-3), 1e-4, "the second derivative along a direction")


def _native(t: Trial, *, one: Differentiable, dtype: np.dtype = dt.float64) -> None:
    """The library's own gradient beside polyflow's, at two places: nothing is kept from the first."""
    if not t.backend.capabilities.native_gradient:
        raise Skip("the backend has no gradients of its own")
    args, _, c = _setting(t, one, dtype)
    traced = trace(one.function, *[Spec(arg.shape, dtype) for arg in args], backend=t.backend)
    for node in traced.graph.nodes:
        if not t.backend.implements(node.op) and node.op.decomposition is None:
            raise Skip(f"{node.op.name} runs on the host, where the library's own gradient does not reach")
    vjp = t.native_vjp(traced.graph)
    c = c.astype(traced.graph.outputs[0].dtype)
    for hosts, cotangent in (
        (args, c),
        ([_smooth(t, k, a.shape, dtype) for k, a in zip(one.kinds, args, strict=True)], c * 2),
    ):
        ours = [t.host(part) for part in _pulled(t, one, hosts, cotangent)]
        given = [t.tensor(host).array for host in hosts] + [value.array for value in traced.captured]
        theirs = vjp(given, [t.tensor(cotangent).array])
        t.same(len(theirs), len(given), "the number of the library's own gradients, one for each input of the graph")
        for i, (mine, other) in enumerate(zip(ours, theirs, strict=False)):
            host = t.spec(Tensor(other, t.backend), mine.shape, dtype, f"the library's gradient of argument {i}")
            size = max(float(np.max(np.abs(mine), initial=0.0)), 1e-6)
            error = float(np.max(np.abs(mine - host), initial=0.0)) / size
            bound = 1e-5 if dtype is dt.float32 else 1e-10
            t.within(error, bound, f"argument {i}: the distance of the library's own gradient")


def _narrow(t: Trial, *, one: Differentiable) -> None:
    """The gradient in float32 next to that in float64, at the same numbers."""
    args, _, c = _setting(t, one, dt.float32)
    single = [t.host(part) for part in _pulled(t, one, args, c)]
    double = [t.host(part) for part in _pulled(t, one, [arg.astype(np.float64) for arg in args], c.astype(np.float64))]
    for i, (narrow, wide) in enumerate(zip(single, double, strict=True)):
        size = max(float(np.max(np.abs(wide), initial=0.0)), 1e-6)
        t.within(
            float(np.max(np.abs(narrow - wide), initial=0.0)) / size,
            1e-5,
            f"argument {i}: the distance from float64's gradient",
        )


def _compiled(t: Trial, *, one: Differentiable) -> None:
    """The gradient inside a compiled program."""
    args, _, c = _setting(t, one)
    eager = [t.host(part) for part in _pulled(t, one, args, c)]
    cotangent = t.tensor(c)

    def both(*tensors: Any) -> Any:
        _, pull = transforms.vjp(one.function, *tensors)
        return pull(cotangent)

    program = Compiled(trace(both, *[Spec(arg.shape, dt.float64) for arg in args], backend=t.backend))
    found = [t.host(Tensor(array, t.backend)) for array in program(*[t.tensor(arg).array for arg in args])]
    for i, (a, b) in enumerate(zip(eager, found, strict=True)):
        t.same(b.shape, a.shape, f"the shape of the compiled gradient of argument {i}")
        size = max(float(np.max(np.abs(a), initial=0.0)), 1e-6)
        t.within(float(np.max(np.abs(a - b), initial=0.0)) / size, 1e-12, f"argument {i}: compiled next to eager")


def _complex(t: Trial, *, one: Differentiable, name: str) -> None:
    """The cotangent of a complex number is the conjugate of the derivative."""
    args, directions, c = _setting(t, one, dt.complex128)
    value = one.function(*[t.tensor(arg) for arg in args])
    c = c if value.dtype in dt.COMPLEX else np.ascontiguousarray(np.real(c))
    found = _pulled(t, one, args, c)
    for i, part in enumerate(found):
        only = [d if j == i else np.zeros_like(d) for j, d in enumerate(directions)]
        slope = (_shifted(one, args, only, STEP) - _shifted(one, args, only, -STEP)) / (2 * STEP)
        host = t.host(part)
        true = _inner(c, slope)
        size = np.sum(np.abs(_widen(host) * _widen(directions[i])))
        _compare(
            t, _inner(host, directions[i]), true, max(size, abs(true)), 1e-5, f"the slope of {name} in argument {i}"
        )


# Corners -------------------------------------------------------------------------------------------------------------

INF = math.inf


def _under_two_conditions(root: Any, x: Any) -> Any:
    return elementwise.where(x > 0, root * root, 0.0) + elementwise.where(x > 1, root, 0.0)


def _f(name: str) -> Callable[..., Any]:
    return lambda *args, **attrs: functions()[name](*args, **attrs)


CORNERS: dict[str, tuple[Callable[..., Any], list[Any], list[Any]]] = {
    "relu/zero": (_f("relu"), [[0.0, -0.0]], [[0.0, 0.0]]),
    "abs/zero": (_f("abs"), [[0.0]], [[0.0]]),
    "sign/any": (_f("sign"), [[0.0, 2.0, -3.0]], [[0.0, 0.0, 0.0]]),
    "sqrt/zero": (_f("sqrt"), [[0.0]], [[INF]]),
    "pow/zero-exponent": (_f("pow"), [[0.0, 2.0, -1.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], None]),
    "pow/number-zero": (lambda x: x**0, [[0.0, 2.0]], [[0.0, 0.0]]),
    "pow/number-two": (lambda x: x**2, [[0.0, 3.0, -3.0]], [[0.0, 6.0, -6.0]]),
    "pow/number-one": (lambda x: x**1, [[0.0, 3.0]], [[1.0, 1.0]]),
    "pow/negative-base": (lambda x: x**3.0, [[-2.0, 0.0]], [[12.0, 0.0]]),
    "max/ties": (
        lambda x: functions()["max"](x, -1),
        [[[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]],
        [[[0, 0.5, 0.5], [1 / 3] * 3]],
    ),
    "min/ties": (lambda x: functions()["min"](x, 0), [[[1.0, 2.0], [1.0, 3.0]]], [[[0.5, 1.0], [0.5, 0.0]]]),
    "maximum/ties": (_f("maximum"), [[1.0, 2.0], [1.0, 3.0]], [[0.5, 0.0], [0.5, 1.0]]),
    "minimum/ties": (_f("minimum"), [[1.0, 2.0], [1.0, 3.0]], [[0.5, 1.0], [0.5, 0.0]]),
    "clip/ends": (lambda x: elementwise.clip(x, 0.0, 1.0), [[-1.0, 0.0, 0.5, 1.0, 2.0]], [[0.0, 1.0, 1.0, 1.0, 0.0]]),
    "clamp/ends": (
        lambda *x: elementwise.clip(*x),
        [[-1.0, 0.0, 0.5, 1.0, 2.0, 2.0], [0.0] * 5 + [3.0], [1.0] * 6],
        [[0.0, 1.0, 1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]],
    ),
    "clip/one-end": (lambda x: elementwise.clip(x, 0.0), [[-1.0, 0.0, 2.0]], [[0.0, 1.0, 1.0]]),
    "where/nan-not-taken": (
        lambda x: elementwise.where(x > 0, functions()["log"](elementwise.where(x > 0, x, 1.0)), 0.0),
        [[0.0, 2.0]],
        [[0.0, 0.5]],
    ),
    "where/nan-in-the-other": (
        lambda x, y: elementwise.where(np.array([False, True, True]), x, y),
        [[math.nan, INF, 1.0], [2.0, math.nan, INF]],
        [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]],
    ),
    "where/branch": (
        lambda x, y: elementwise.where(np.array([True, False]), x, y),
        [[1.0, 2.0], [3.0, 4.0]],
        [[1.0, 0.0], [0.0, 1.0]],
    ),
    "norm/zero": (lambda x: reduction.norm(x), [[0.0, 0.0]], [[0.0, 0.0]]),
    "std/equal": (lambda x: reduction.std(x), [[2.0, 2.0]], [[0.0, 0.0]]),
    "hypot/zero": (_f("hypot"), [[0.0], [0.0]], [[0.0], [0.0]]),
    "prod/one-zero": (lambda x: functions()["prod"](x), [[2.0, 0.0, 3.0]], [[0.0, 6.0, 0.0]]),
    "prod/two-zeros": (lambda x: functions()["prod"](x), [[2.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]),
    "cumulative_prod/zero": (lambda x: functions()["cumulative_prod"](x, 0), [[2.0, 0.0, 3.0]], [[1.0, 8.0, 0.0]]),
    "floor/any": (_f("floor"), [[0.5, 1.0]], [[0.0, 0.0]]),
    "round/any": (_f("round"), [[0.5, 1.0]], [[0.0, 0.0]]),
    "getitem/twice": (lambda x: x[np.array([0, 0, 1])], [[1.0, 2.0, 3.0]], [[2.0, 1.0, 0.0]]),
    "logsumexp/large": (lambda x: functions()["logsumexp"](x, -1), [[1000.0, 1000.0]], [[0.5, 0.5]]),
    "where/log-at-zero": (
        lambda x: elementwise.where(x > 0, functions()["log"](x), 0.0),
        [[0.0, 2.0]],
        [[0.0, 0.5]],
    ),
    "where/product-at-zero": (
        lambda x: elementwise.where(x > 0, x * functions()["log"](x), 0.0),
        [[0.0, -1.0, 1.0]],
        [[0.0, 0.0, 1.0]],
    ),
    "where/root-at-zero": (
        lambda x: elementwise.where(x > 0, x * functions()["sqrt"](x), 0.0),
        [[0.0, -1.0, 4.0]],
        [[0.0, 0.0, 3.0]],
    ),
    "where/quotient-at-zero": (
        lambda x: elementwise.where(x > 0, x * x / x, 1.0),
        [[0.0, -1.0, 4.0]],
        [[0.0, 0.0, 1.0]],
    ),
    "where/two-conditions": (
        lambda x: _under_two_conditions(functions()["sqrt"](x), x),
        [[0.0, 0.25, 4.0]],
        [[0.0, 1.0, 1.25]],
    ),
    "where/rows": (
        lambda x: elementwise.where(
            np.array([[True], [False]]), x / functions()["sqrt"](functions()["sum"](x * x, -1, keepdims=True)), 0.0
        ),
        [[[3.0, 4.0], [0.0, 0.0]]],
        [[[4 / 125, -3 / 125], [0.0, 0.0]]],
    ),
    "where/softmax-of-nothing": (
        lambda x: elementwise.where(np.array([[True, False], [False, False]]), functions()["softmax"](x), 0.0),
        [[[0.0, 0.0], [-INF, -INF]]],
        [[[0.25, -0.25], [0.0, 0.0]]],
    ),
    "where/second-order": (
        transforms.grad(
            lambda x: functions()["sum"](
                elementwise.where(x > 0, x * x * functions()["log"](x) + x * functions()["sqrt"](x), 0.0)
            )
        ),
        [[0.0, -1.0, 1.0]],
        [[0.0, 0.0, 3.75]],
    ),
    "where/jvp": (
        lambda x: transforms.jvp(
            lambda x: elementwise.where(x > 0, x * functions()["log"](x), 0.0), (x,), (x * 0.0 + 1.0,)
        )[1],
        [[0.0, -1.0, 4.0]],
        [[0.0, 0.0, 0.25]],
    ),
    "logsumexp/infinite": (lambda x: functions()["logsumexp"](x, -1), [[0.0, -INF]], [[1.0, 0.0]]),
    "logaddexp/infinite": (_f("logaddexp"), [[-INF, 0.0], [-INF, -INF]], [[0.5, 1.0], [0.5, 0.0]]),
    "softplus/far": (_f("softplus"), [[200.0, -200.0]], [[1.0, 0.0]]),
    "sigmoid/far": (_f("sigmoid"), [[200.0, -200.0]], [[0.0, 0.0]]),
    "softmax/far": (lambda x: functions()["softmax"](x)[0], [[200.0, -200.0]], [[0.0, 0.0]]),
    "mean/empty": (lambda x: reduction.sum(functions()["mean"](x, 0)), [np.zeros((2, 0))], [np.zeros((2, 0))]),
    "multiply/itself": (lambda x: x * x, [[3.0]], [[6.0]]),
    "add/itself": (lambda x: x + x + x, [[3.0]], [[3.0]]),
    "broadcast_to/summed": (lambda x: shape.broadcast_to(x, (4, 1, 3)), [[[1.0], [1.0]][0]], [[12.0]]),
}
"""``op/what``: a function, the arguments, and their gradients under a cotangent of ones (None: not looked at)."""


def _corner(t: Trial, *, function: Any, at: list[Any], true: list[Any]) -> None:
    args = [np.array(one, np.float32) for one in at]
    value, pull = transforms.vjp(function, *[t.tensor(arg) for arg in args])
    found = pull(t.tensor(np.ones(value.shape, value.dtype)))
    for i, (part, expected) in enumerate(zip(found, true, strict=True)):
        if expected is not None:
            t.close(part, np.array(expected, WIDE), 4.0, dtype=dt.float32, what=f"the gradient of argument {i}")


def _integers(t: Trial, *, name: str) -> None:
    """Integers have no gradient: TypeError from grad, None from a tape."""
    x = t.tensor(np.array([1, 2], np.int32))
    function = functions()[name]
    t.raises(
        lambda: transforms.grad(lambda x: reduction.sum(function(x) if name == "sum" else function(x, 2.0)))(x),
        TypeError,
        "int32",
    )
    v = pf.Variable(np.array([1, 2], np.int32))
    w = pf.Variable(np.array([1.0, 2.0], np.float32))
    with pf.GradientTape() as tape:
        y = reduction.sum((function(v.astype("float32")) if name == "sum" else function(v, 2.0)) * w)
    found = tape.gradient(y, [v, w])
    t.same(found[0], None, "the gradient of an integer variable")
    t.spec(found[1], (2,), dt.float32)


def _stopped(t: Trial) -> None:
    x = t.tensor(np.array([3.0], np.float32))
    found = transforms.grad(lambda x: reduction.sum(functions()["stop_gradient"](x * x) * x))(x)
    t.exactly(found, np.array([9.0], np.float32), what="the gradient past stop_gradient")


def _tape(t: Trial) -> None:
    w = pf.Variable(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    b = pf.Variable(np.array([1.0, -1.0], np.float32))
    x = t.tensor(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]], np.float32))
    with pf.GradientTape(persistent=True) as tape:
        y = reduction.sum(functions()["square"](x @ w + b))
    gw, gb = tape.gradient(y, [w, b])
    out = np.array([[5, 5], [3, 3], [10, 11]], np.float64)
    t.exactly(gw, (2 * np.array([[1, 2, 0], [1, 0, 3]]) @ out).astype(np.float32), what="the gradient of the matrix")
    t.exactly(gb, (2 * out.sum(0)).astype(np.float32), what="the gradient of the vector")
    again = tape.gradient(y, w)
    t.exactly(again, t.host(gw).copy(), what="the gradient asked for again")


def _tape_twice(t: Trial) -> None:
    x = t.tensor(np.array([2.0, -1.0], np.float64))
    with pf.GradientTape() as outer:
        outer.watch(x)
        with pf.GradientTape() as inner:
            inner.watch(x)
            y = reduction.sum(x * x * x)
        first = inner.gradient(y, x)
    t.exactly(first, np.array([12.0, 3.0]), what="the first derivative")
    t.exactly(outer.gradient(first, x), np.array([12.0, -6.0]), what="the second derivative")


def _jacobian(t: Trial) -> None:
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = t.tensor(np.array([1.0, 2.0, 3.0]))
    found = transforms.jacobian(lambda x: t.tensor(a) @ functions()["square"](x))(x)
    t.close(found, a * 2 * np.array([1.0, 2.0, 3.0]), 2.0, what="the Jacobian")


def _jvp(t: Trial) -> None:
    x, v = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, -1.0])
    value, slope = transforms.jvp(lambda x: functions()["sin"](x) * x, (t.tensor(x),), (t.tensor(v),))
    t.close(value, (np.sin(x.astype(WIDE)) * x), 8.0, dtype=dt.float64, what="the value")
    wide = x.astype(WIDE)
    t.close(slope, (np.cos(wide) * wide + np.sin(wide)) * v, 16.0, dtype=dt.float64, what="the slope")
