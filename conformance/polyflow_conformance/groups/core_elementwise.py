"""core-1, elementwise ops: values, dtypes and shapes against the suite's own formulas."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.errors import DTypeError

from .. import oracle, samples
from ..case import Case, Mismatch, Trial
from ..measure import distance, tiny, widened
from ..oracle import DOMAINS, FORMULAS, SAMPLES, Formula
from ..table import functions, ops

GROUP = "core-1"
MAIN = (dt.bool_, dt.int32, dt.float32, dt.float64, dt.complex64)
"""The dtypes tried in every shape; the others in one, and with their special values."""


def cases() -> Iterator[Case]:
    """Every elementwise op of the table in every dtype that it computes in."""
    for name, formula in FORMULAS.items():
        if name not in ops():
            continue
        for dtype in DOMAINS[formula.domain]:
            yield from _of_dtype(name, formula, dtype)
        yield from _conversions(name, formula)
        yield from _apart(name, formula)
        if len(ops()[name].tensors) == 2 and formula.domain != "boolean":
            yield from _scalars(name, formula)


def arity(name: str) -> int:
    """How many tensors an op takes."""
    return len(ops()[name].tensors)


def arguments(name: str, dtype: np.dtype, shapes: tuple[tuple[int, ...], ...], rng: Any) -> tuple[np.ndarray, ...]:
    """Samples that an op is defined on, one for each of its arguments."""
    kinds = SAMPLES.get(name, ("any", "any"))
    args = [samples.values(kinds[i], dtype, shapes[i], rng) for i in range(arity(name))]
    return fitted(name, dtype, tuple(args))


def fitted(name: str, dtype: np.dtype, args: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The same arguments within what polyflow specifies: shifts below the width, powers of 0 and more."""
    if dtype in dt.INTEGERS and (name == "pow" or "shift" in name):
        limit = 7 if name == "pow" else int(np.iinfo(dtype).bits)
        second = np.asarray(np.abs(args[1].astype(object)) % limit).astype(dtype)
        return args[0], samples.read_only(second)
    return args


def tolerance_of(formula: Formula, dtype: np.dtype) -> float:
    """How far a result may lie from the truth."""
    if oracle.result_dtype(formula, dtype) not in dt.INEXACT:
        return 0.0
    if dtype in dt.HALVES and formula.tolerance <= oracle.LIBM:
        return oracle.ROUNDED  # computed in float32, rounded once
    return formula.complex if dtype in dt.COMPLEX else formula.tolerance


def truth(name: str, args: tuple[np.ndarray, ...], dtype: np.dtype) -> np.ndarray:
    """The true values of an elementwise op."""
    if name == "nextafter":
        first, second = np.broadcast_arrays(*args)
        return oracle.nextafter(first.copy(), second.copy())
    return oracle.expected(FORMULAS[name], args, dtype)


def cancelling(name: str, args: tuple[np.ndarray, ...]) -> Any:
    """What errors are measured against where a result close to 0 is the difference of larger numbers."""
    if name != "logaddexp":
        return None
    largest = np.maximum(*[np.abs(arg.astype(np.float64)) for arg in args])
    return np.where(np.isfinite(largest), np.maximum(largest + math.log(2), 1.0), 1.0)


def _of_dtype(name: str, formula: Formula, dtype: np.dtype) -> Iterator[Case]:
    prefix = f"{GROUP}/{name}/{dtype.name}"
    main = dtype in MAIN
    for label in samples.SHAPES if main else ("small",):
        if label != "broadcast" or arity(name) == 2:
            check = functools.partial(_value, name=name, formula=formula, dtype=dtype, label=label)
            yield Case(f"{prefix}/{label}", check, (dtype,), quick=label in ("small", "broadcast") and main)
    if main:
        for label in ("strided", "reversed"):
            check = functools.partial(_layout, name=name, formula=formula, dtype=dtype, label=label)
            yield Case(f"{prefix}/{label}", check, (dtype,))
        check = functools.partial(_large, name=name, formula=formula, dtype=dtype)
        yield Case(f"{prefix}/large", check, (dtype,), quick=dtype is dt.float32)
    if dtype in (dt.float32, dt.float64) and arity(name) == 1 and name not in NO_SPECIALS:
        check = functools.partial(_magnitudes, name=name, formula=formula, dtype=dtype)
        yield Case(f"{prefix}/magnitudes", check, (dtype,))
    if dtype in (dt.float32, dt.float64) and name not in (*NO_SPECIALS, "pow"):
        check = functools.partial(_subnormal, name=name, dtype=dtype)
        yield Case(f"{prefix}/subnormal", check, (dtype,))
    if dtype in dt.HALVES and name not in NO_SPECIALS:
        check = functools.partial(_every, name=name, formula=formula, dtype=dtype)
        yield Case(f"{prefix}/every", check, (dtype,))
    if dtype in dt.INTEGERS:
        check = functools.partial(_wrap, name=name, formula=formula, dtype=dtype)
        yield Case(f"{prefix}/wrap", check, (dtype,), quick=dtype in (dt.int8, dt.int32))
    if dtype in dt.FLOATS and name not in NO_SPECIALS:
        check = functools.partial(_special, name=name, formula=formula, dtype=dtype)
        yield Case(f"{prefix}/special", check, (dtype,), quick=dtype is dt.float32)


NO_SPECIALS = ("erf", "erfc", "erfinv")
"""Ops whose special values have cases of their own (ieee-1)."""


def _compare(
    t: Trial, name: str, formula: Formula, dtype: np.dtype, args: tuple[np.ndarray, ...], tensors: list[Any]
) -> None:
    before = [t.host(tensor).copy() for tensor in tensors]
    value = functions()[name](*tensors)
    true = truth(name, args, dtype)
    scale = cancelling(name, args)
    result = oracle.result_dtype(formula, dtype)
    t.close(value, true, tolerance_of(formula, dtype), dtype=result, what=name, inputs=args, scale=scale)
    for i, (tensor, old) in enumerate(zip(tensors, before, strict=True)):
        if t.host(tensor).tobytes() != old.tobytes():
            t.same(t.host(tensor).tolist(), old.tolist(), f"argument {i} of {name} after the call")


def _value(t: Trial, *, name: str, formula: Formula, dtype: np.dtype, label: str) -> None:
    sizes = samples.SHAPES[label] if dtype in MAIN else (_one_size(name, dtype),) * 2
    args = arguments(name, dtype, sizes, t.rng)
    tensors = [t.tensor(arg) for arg in args]
    _compare(t, name, formula, dtype, args, tensors)
    if len(args) == 2 and label == "small" and name != "pow" and "shift" not in name:
        _compare(t, name, formula, dtype, (args[1],) * 2, [tensors[1]] * 2)  # a tensor and itself


_FEW = (7, 38)
"""As many elements as the dtypes that are not the main ones are tried on."""


def _one_size(name: str, dtype: np.dtype) -> tuple[int, ...]:
    """The size that cases of a dtype share, so that a compiler makes one program for them: enough to fill vectors."""
    if dtype in MAIN:
        return (samples.LARGE,)
    return (1, 37) if name.startswith("erf") else _FEW


def _repeated(name: str, dtype: np.dtype, args: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The same numbers, beside each other as before, again and again in that size."""
    return tuple(samples.read_only(np.resize(arg, _one_size(name, dtype))) for arg in args)


def _layout(t: Trial, *, name: str, formula: Formula, dtype: np.dtype, label: str) -> None:
    args = arguments(name, dtype, ((3, 4), (3, 4)), t.rng)
    tensors = []
    for arg in args:
        wide, key = samples.layouts(arg, dtype)[label]
        tensors.append(t.tensor(wide)[key])
    _compare(t, name, formula, dtype, args, tensors)


def _large(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Enough elements for vectors and blocks; in one dtype ten times as many, the same again, enough for threads."""
    size = samples.LARGE if not name.startswith("erf") else 301
    args = arguments(name, dtype, ((size,), (size,)), t.rng)
    if dtype is next(one for one in (dt.float32, dt.int32, dt.bool_) if one in DOMAINS[formula.domain]):
        args = tuple(samples.read_only(np.resize(arg, 10 * samples.LARGE)) for arg in args)
    tensors = [t.tensor(arg) for arg in args]
    before = functions()[name](*tensors)
    kept = t.host(before).copy()
    functions()[name](*[tensor[::-1] for tensor in tensors])
    t.exactly(before, kept, dtype=oracle.result_dtype(formula, dtype), what=f"a result of {name} after the next call")
    _compare(t, name, formula, dtype, args, tensors)


def _magnitudes(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Arguments of every size, inside the domain and out, close to 1, and close to where results overflow."""
    limits = dt.finfo(dtype)
    lowest = math.log10(limits.smallest_normal)
    size = 10 ** t.rng.uniform(lowest, math.log10(limits.max), samples.LARGE - 2100)
    near_one = 1 + 10 ** t.rng.uniform(math.log10(limits.eps), -1, 1000) * t.rng.choice([-1, 1], 1000)
    overflowing = math.log(limits.max) * (1 - 0.005 * t.rng.random(1000))
    x = np.concatenate([size, near_one, overflowing, 1.01 * 10**lowest * t.rng.uniform(1, 4, 100)])
    x[:8] = limits.max
    args = (samples.read_only((x * t.rng.choice([-1, 1], x.shape)).astype(dtype)),)
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _subnormal(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Numbers below the smallest normal one are taken for what they are, or for zeros, and for nothing else."""
    size = 10 ** t.rng.uniform(-5, -0.1, 29) * dt.finfo(dtype).smallest_normal * t.rng.choice([-1, 1], 29)
    first = size.astype(dtype)
    others = arguments(name, dtype, ((29,),) * arity(name), t.rng)[1:]
    hosts = [samples.read_only(np.resize(one, samples.LARGE)) for one in (first, *others)]
    found = t.host(functions()[name](*map(t.tensor, hosts)))[:29]
    scale, tolerance = cancelling(name, (first, *others)), tolerance_of(FORMULAS[name], dtype)
    zeros = np.zeros_like(first)
    true = [truth(name, (one, *others), dtype) for one in (first, zeros, -zeros)]
    for i, given in enumerate(found):
        bound = None if scale is None else scale[i]
        away = (distance(np.asarray(given), np.asarray(one[i]), dt.as_dtype(found.dtype), bound).worst for one in true)
        if min(away) > tolerance:
            raise Mismatch(f"{name} of {first[i]!r} is {given!r}, expected {true[0][i]!r}, or {true[1][i]!r} as of 0")


def _every(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Every number of 16 bits but the subnormal ones; of two arguments, many pairs of them."""
    numbers = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    size = np.abs(numbers.astype(np.float32))
    args = (samples.read_only(np.resize(numbers[(size >= tiny(dtype)) | (size == 0)], math.prod(samples.BLOCK))),)
    if arity(name) == 2:  # whose intermediate results are not subnormal either
        numbers = numbers[(size >= max(tiny(dtype), 1e-20)) | (size == 0)]
        near = t.rng.normal(size=(2, 20000)).astype(dtype)
        pairs = [np.concatenate([t.rng.choice(numbers, 20000), part]) for part in near]
        args = tuple(samples.read_only(np.resize(one, samples.BLOCK)) for one in pairs)
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _wrap(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """The limits of an integer dtype with each other, zeros included."""
    listed = samples.extremes(dtype)
    args = (listed,)
    if arity(name) == 2:
        first, second = np.meshgrid(listed, listed, indexing="ij")
        args = (samples.read_only(first.copy()), samples.read_only(second.copy()))
    args = _repeated(name, dtype, fitted(name, dtype, args))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _special(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Zeros, infinities and NaN, with each other; the sign of a zero is the business of ieee-1."""
    listed = np.array(samples.SPECIALS, dtype)
    args = (samples.read_only(listed),)
    if arity(name) == 2:
        first, second = np.meshgrid(listed.astype(np.float64), listed.astype(np.float64), indexing="ij")
        args = tuple(samples.read_only(arg.astype(dtype)) for arg in (first, second))
    args = _repeated(name, dtype, args)
    for given in (args, args, (args[-1],) * len(args)):  # an error that is late shows in the next call
        tensors = {id(arg): t.tensor(arg) for arg in given}
        _compare(t, name, formula, dtype, given, [tensors[id(arg)] for arg in given])


# What some ops get wrong alone ---------------------------------------------------------------------------------------

PARTS = frozenset(
    "identity stop_gradient negative positive conj real imag isnan isinf isfinite equal not_equal".split()  # noqa: SIM905
)
"""Ops that look at the parts of a complex number, or move them."""


CROSSING = ("expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh")
"""Functions that are close to their argument near zero."""


def _apart(name: str, formula: Formula) -> Iterator[Case]:
    """Complex numbers with one special part; shifts by too much; quotients next to whole numbers; the ends of erf."""
    part = functools.partial
    for dtype in dt.COMPLEX if name in PARTS else ():
        yield Case(
            f"{GROUP}/{name}/{dtype.name}/parts", part(_parts, name=name, formula=formula, dtype=dtype), (dtype,)
        )
    for dtype in dt.COMPLEX if name == "abs" else ():
        yield Case(f"{GROUP}/{name}/{dtype.name}/magnitudes", part(_moduli, formula=formula, dtype=dtype), (dtype,))
    for dtype in dt.COMPLEX if name in ("multiply", "divide", "reciprocal") else ():
        check = part(_far, name=name, formula=formula, dtype=dtype)
        yield Case(f"{GROUP}/{name}/{dtype.name}/magnitudes", check, (dtype,))
    for dtype in dt.COMPLEX if dt.complex64 in DOMAINS[formula.domain] and name in CROSSING else ():
        check = part(_near_zero, name=name, formula=formula, dtype=dtype)
        yield Case(f"{GROUP}/{name}/{dtype.name}/near-zero", check, (dtype,))
    for dtype in (*dt.SIGNED, *dt.UNSIGNED) if "shift" in name else ():
        check = part(_beyond, name=name, dtype=dtype)
        yield Case(f"{GROUP}/{name}/{dtype.name}/beyond-the-width", check, (dtype,), quick=dtype is dt.int32)
    for dtype in (*dt.SIGNED, *dt.UNSIGNED) if name == "pow" else ():
        yield Case(f"{GROUP}/{name}/{dtype.name}/exponents", part(_exponents, dtype=dtype), (dtype,))
    for dtype in dt.COMPLEX if name in (*FAR_AWAY, *GROWING, "square") else ():
        check = part(_away, name=name, formula=formula, dtype=dtype)
        yield Case(f"{GROUP}/{name}/{dtype.name}/far-away", check, (dtype,))
    for dtype in (dt.float32, dt.float64):
        held = dtype in DOMAINS[formula.domain]
        if held and arity(name) == 2 and name not in ("pow", "floor_divide", "remainder", "nextafter"):
            check = part(_pairs, name=name, formula=formula, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/magnitudes", check, (dtype,))
        if name in ("floor_divide", "remainder"):
            check = part(_multiples, name=name, formula=formula, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/near-multiples", check, (dtype,), quick=dtype is dt.float32)
            check = part(_far_apart, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/far-apart", check, (dtype,))
        if name in TAILS:
            check = part(_tail, name=name, formula=formula, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/tails", check, (dtype,))


def _parts(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    listed = np.array([0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan])
    pairs = np.empty((7, 7), dtype)
    pairs.real, pairs.imag = np.meshgrid(listed, listed, indexing="ij")
    flat = samples.read_only(pairs.ravel())
    args: tuple[np.ndarray, ...] = (flat,)
    if arity(name) == 2:
        args = (samples.read_only(np.repeat(flat, flat.size)), samples.read_only(np.tile(flat, flat.size)))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _moduli(t: Trial, *, formula: Formula, dtype: np.dtype) -> None:
    """Complex numbers whose squares overflow or vanish."""
    reach = math.log10(dt.finfo(dtype).max) - 2
    parts = 10 ** t.rng.uniform(-reach, reach, (2, 500)) * t.rng.choice([-1, 1], (2, 500))
    args = (samples.read_only((parts[0] + 1j * parts[1]).astype(dtype)),)
    _compare(t, "abs", formula, dtype, args, [t.tensor(arg) for arg in args])


def _far(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Complex numbers whose products and quotients are held, and on the way to which squares and sums overflow."""
    reach = math.log10(dt.finfo(dtype).max)
    count = math.prod(_FEW)
    size = t.rng.uniform(-0.9 * reach, 0.9 * reach, count)
    other = np.clip(t.rng.uniform(-0.8, 0.8, count) * reach, *(-0.85 * reach - size, 0.85 * reach - size))
    moduli = [size, other if name == "multiply" else size - other]
    moduli[1] = np.clip(moduli[1], -0.9 * reach, 0.9 * reach)
    args = []
    for modulus in moduli[: arity(name)]:
        angle = t.rng.uniform(0, 2 * math.pi, count)
        args.append((10**modulus * np.exp(1j * angle)).astype(dtype))
    top = dt.finfo(dtype).max
    if name == "multiply":  # parts whose sum overflows, and products that do not
        args[0][:2] = complex(0.7 * top, 0.7 * top), complex(-0.9 * top, 0.1 * top)
        args[1][:2] = complex(0.25, 0.125), complex(0.5, -0.25)
    args = _repeated(name, dtype, tuple(args))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _near_zero(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Small complex numbers, of which functions that cross zero there keep all digits."""
    size = 10 ** t.rng.uniform(-0.3 * math.log10(dt.finfo(dtype).max), -1, math.prod(_FEW))
    drawn = (size * np.exp(1j * t.rng.uniform(0, 2 * math.pi, size.size))).astype(dtype)
    args = _repeated(name, dtype, (drawn,))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _beyond(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Shifts by the width and more, or by a negative count, shift every bit out; of a negative number -1 is left."""
    limits = np.iinfo(dtype)
    counts = [limits.bits, limits.bits + 1, int(limits.max), *([-1, int(limits.min)] if limits.min else [])]
    x, y = np.meshgrid(samples.extremes(dtype), np.array(counts, dtype), indexing="ij")
    true = np.where((x < 0) & (name == "bitwise_right_shift"), -1, 0).astype(dtype)
    t.close(functions()[name](t.tensor(x.copy()), t.tensor(y.copy())), true, dtype=dtype, what=name, inputs=(x, y))


def _exponents(t: Trial, *, dtype: np.dtype) -> None:
    """Integers to the power of more than their bits: the product wraps."""
    base, exponent = np.meshgrid(samples.extremes(dtype), np.array([0, 1, 8, 9, 30, 31, 33, 64, 100], dtype))
    base, exponent = map(samples.read_only, (base.copy(), exponent.copy()))
    pairs = zip(base.ravel().tolist(), exponent.ravel().tolist(), strict=True)
    true = np.array([oracle.wrapped(pow(b, e), dtype) for b, e in pairs], object).reshape(base.shape).astype(dtype)
    value = functions()["pow"](t.tensor(base), t.tensor(exponent))
    t.close(value, true, dtype=dtype, what="pow", inputs=(base, exponent))


def _pairs(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Two arguments of any size, of one size, and such as are equal but for their last bits."""
    reach, count = math.log10(dt.finfo(dtype).max), samples.LARGE // 3
    size = t.rng.uniform(-0.9 * reach, reach, (2, count))
    near = size[0] + t.rng.uniform(-1, 1, count) * t.rng.choice([1e-7, 1e-3, 1], count)
    both = [
        np.concatenate([size[0], size[0], np.full(2, 0.999 * reach)]),
        np.concatenate([size[1], near, [1.0, reach]]),
    ]
    args = []
    for one in both:
        host = 10 ** np.minimum(one, 0.9999 * reach) * t.rng.choice([-1, 1], one.size)
        args.append(samples.read_only(host.astype(dtype)))
    true = truth(name, tuple(args), dtype)
    if formula.result == "same":  # numbers below the smallest normal one may be flushed on the way, too
        kept = ~(np.abs(true) < 4 * dt.finfo(dtype).smallest_normal)
        args = [arg[kept] for arg in args]
    args = _repeated(name, dtype, tuple(args))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


FAR_AWAY = (
    "sqrt",
    "rsqrt",
    "log",
    "log2",
    "log10",
    "sign",
    "tan",
    "tanh",
    "asin",
    "acos",
    "asinh",
    "acosh",
    "atan",
    "atanh",
)
"""Functions of complex numbers that are finite however large these are."""

GROWING = ("exp", "expm1", "sinh", "cosh", "sin", "cos")
"""Those that grow as exponentials do."""


def _away(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Complex numbers whose squares and exponentials overflow, or vanish."""
    count, reach = math.prod(_FEW), 0.9 * math.log10(dt.finfo(dtype).max)
    low = -reach if name in ("sqrt", "rsqrt", "log", "log2", "log10", "sign") else 0.0
    reach = {"tan": 4.0, "tanh": 4.0, "square": reach / 2}.get(name, reach)
    size = 10 ** t.rng.uniform(low, reach, count)
    if name in GROWING:
        size = t.rng.uniform(0.3, 0.9, count) * math.log(dt.finfo(dtype).max)
    angle = t.rng.uniform(0.1, math.pi / 2 - 0.1, count) + t.rng.integers(0, 4, count) * math.pi / 2
    args = _repeated(name, dtype, ((size * np.exp(1j * angle)).astype(dtype),))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _multiples(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    """Arguments that are a multiple of the divisor but for their last bits, where x / y rounds to a whole number."""
    y = (t.rng.uniform(0.1, 3.0, 2000) * t.rng.choice([-1, 1], 2000)).astype(dtype)
    x = (y * t.rng.integers(1, 2000, 2000).astype(dtype)).astype(dtype)
    args = _repeated(name, dtype, (x, y))
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


def _far_apart(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Long arrays of numbers with all their digits, one many times the other, or a small part of it.

    Python's own `math.fmod` is the oracle, which is exact: what is left lies between 0 and the divisor, however large
    the quotient, which float32 and float64 need not even hold. A quotient may be one off where it has more than 22
    digits of float32's 24: libraries round what they divide.
    """
    reach = 0.75 * math.log10(dt.finfo(dtype).max)
    x, y = (
        samples.read_only((10 ** t.rng.uniform(-reach, reach, size) * t.rng.choice([-1, 1], size)).astype(dtype))
        for size in ((samples.LARGE,),) * 2
    )
    rest = [math.fmod(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    true = widened(np.array(rest))
    true = np.where((true != 0) & (np.signbit(true) != np.signbit(y)), true + y, true)
    if name == "floor_divide":
        true = np.round((widened(x) - true) / widened(y))
        true = np.where(true == 0, np.copysign(true, widened(x) * np.sign(y)), true)
    tolerance = 4.0 if name == "floor_divide" else 0.501
    t.close(functions()[name](t.tensor(x), t.tensor(y)), true, tolerance, dtype=dtype, what=name, inputs=(x, y))


TAILS: dict[str, tuple[float, ...]] = {
    "erf": (1e-30, 1e-8, 1e-3, 0.3, 0.8, 2.0, 3.5, 5.0, 30.0),
    "erfc": (1e-30, 1e-8, 1e-3, 0.3, 0.8, 2.0, 3.5, 5.0, 8.0),
    "erfinv": (1e-30, 1e-8, 1e-3, 0.3, 0.8, 0.99, 0.999, 0.9999, 0.999998),
}
"""Arguments from one end of a function to the other."""


def _tail(t: Trial, *, name: str, formula: Formula, dtype: np.dtype) -> None:
    x = np.array(TAILS[name], dtype)
    args = (samples.read_only(np.concatenate([x, -x])),)
    _compare(t, name, formula, dtype, args, [t.tensor(arg) for arg in args])


# Conversion of arguments ---------------------------------------------------------------------------------------------


def _conversions(name: str, formula: Formula) -> Iterator[Case]:
    """Dtypes that the op does not compute in: converted as its domain says, or refused."""
    for dtype in dt.ALL:
        target = oracle.converted(formula.domain, dtype)
        if target is dtype:
            continue
        if target is None:
            check = functools.partial(_refused, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/refused", check, (dtype,), dtype is dt.complex64, mistake=True)
        elif dtype in (dt.bool_, dt.int32, dt.uint8, dt.float32, dt.int64):
            check = functools.partial(_converted, name=name, formula=formula, dtype=dtype, target=target)
            yield Case(f"{GROUP}/{name}/{dtype.name}/converted", check, (dtype, target), quick=dtype is dt.int32)


def _refused(t: Trial, *, name: str, dtype: np.dtype) -> None:
    args = [t.tensor(np.ones((2,), dtype)) for _ in range(arity(name))]
    t.raises(lambda: functions()[name](*args), DTypeError, name, dtype.name)


def _converted(t: Trial, *, name: str, formula: Formula, dtype: np.dtype, target: np.dtype) -> None:
    kind = SAMPLES.get(name, ("any", "any"))[0]
    if kind == "unit":
        args = [np.resize([0, 1, 0] if name != "atanh" else [0], (3, 4)).astype(dtype) for _ in range(arity(name))]
    else:
        args = list(arguments(name, dtype, ((3, 4), (3, 4)), t.rng))
    if dtype is dt.bool_:
        args = [np.ones((3, 4), bool) if name != "atanh" else np.zeros((3, 4), bool) for _ in args]
    moved = tuple(arg.astype(target) for arg in args)
    true = truth(name, moved, target)
    value = functions()[name](*[t.tensor(arg) for arg in args])
    result = oracle.result_dtype(formula, target)
    t.close(
        value,
        true,
        tolerance_of(formula, target),
        dtype=result,
        what=name,
        inputs=tuple(args),
        scale=cancelling(name, moved),
    )


# Python scalars ------------------------------------------------------------------------------------------------------


def _scalars(name: str, formula: Formula) -> Iterator[Case]:
    """A Python number beside a tensor takes its dtype, on either side."""
    for dtype in (dt.int8, dt.int32, dt.float16, dt.bfloat16, dt.float32, dt.float64, dt.complex64):
        if dtype not in DOMAINS[formula.domain]:
            continue
        for side in ("left", "right"):
            check = functools.partial(_scalar, name=name, formula=formula, dtype=dtype, side=side)
            yield Case(f"{GROUP}/{name}/{dtype.name}/scalar-{side}", check, (dtype,), quick=dtype in MAIN)
            if dtype in (dt.float16, dt.float32, dt.float64):
                check = functools.partial(_scalar_special, name=name, formula=formula, dtype=dtype, side=side)
                yield Case(f"{GROUP}/{name}/{dtype.name}/scalar-{side}-special", check, (dtype,))


def _scalar(t: Trial, *, name: str, formula: Formula, dtype: np.dtype, side: str) -> None:
    x = np.resize([1, 2, 5, 3], 14).astype(dtype)  # as many as beside special numbers
    tensor = t.tensor(x)
    for scalar in (3, 1, 0) if dtype in dt.INTEGERS else (2.5, 0.5, -2.0, 1.0, 0.1):  # 0.1 is another in each dtype
        value = functions()[name](scalar, tensor) if side == "left" else functions()[name](tensor, scalar)
        like = np.full(x.shape, scalar, dtype)
        args = (like, x) if side == "left" else (x, like)
        true = truth(name, args, dtype)
        # a compiler may divide by a constant as it multiplies: one ulp more
        slack = 0.5 if name == "divide" and dtype in dt.FLOATS else 0.0
        result = oracle.result_dtype(formula, dtype)
        scale = cancelling(name, args)
        what = f"{name} with the number {scalar}"
        t.close(value, true, tolerance_of(formula, dtype) + slack, dtype=result, what=what, inputs=args, scale=scale)


def _scalar_special(t: Trial, *, name: str, formula: Formula, dtype: np.dtype, side: str) -> None:
    """Numbers for which a library may know a shorter way, beside zeros, infinities, NaN and numbers."""
    x = samples.read_only(np.array([*samples.SPECIALS, 0.3, -1.7, 1e3], dtype))
    tensor = t.tensor(x)
    for scalar in (0.0, 1.0, -1.0, 2.0, 3.0, 0.5, -2.0, math.inf, math.nan):
        value = functions()[name](scalar, tensor) if side == "left" else functions()[name](tensor, scalar)
        like = np.full(x.shape, scalar, dtype)
        args = (like, x) if side == "left" else (x, like)
        slack = 0.5 if name == "divide" else 0.0
        t.close(
            value,
            truth(name, args, dtype),
            tolerance_of(formula, dtype) + slack,
            dtype=oracle.result_dtype(formula, dtype),
            what=f"{name} with the number {scalar} on the {side}",
            inputs=args,
            scale=cancelling(name, args),
        )
