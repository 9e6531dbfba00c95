"""core-1, every op once more: each dtype in every layout and without axes; layouts of every rank, and of long arrays.

Libraries choose a way by several conditions at once: a dtype and a layout, a rank and a layout, a layout and NaN, a
size and an axis. Here they meet. Shapes are those of other cases where they can be, so that libraries which compile
have their programs already; the first dtype's forms are tried in another thread than all other cases.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.ops import elementwise, shape

from .. import oracle, samples
from ..case import Case, Trial
from ..oracle import FORMULAS
from ..table import functions
from .core_elementwise import MAIN, NO_SPECIALS, arguments, arity, cancelling, fitted, tolerance_of, truth
from .core_probes import ALONG, MOVES, Probe, probes
from .core_reduction import REDUCTIONS
from .core_views import Seen, calls, drawn_for, elsewhere

GROUP = "core-1"
LAYOUTS = ("turned", "parted", "backwards", "repeated")
LONG = (211, 53)
"""A matrix of some thousands of elements."""
DEEP = (7, 149, 11)
"""The same with an axis in the middle."""
APART = ("pow", "bitwise_left_shift", "bitwise_right_shift")
"""Ops that do not take a value for both of their arguments."""
OF_NOTHING = ("sum", "prod", "any", "all", "cumulative_sum", "cumulative_prod")
"""Ops of which an array without elements has one along any axis."""


def cases() -> Iterator[Case]:
    """Of every op that has a probe, in each dtype that it takes."""
    for name, (held, count, probe) in probes().items():
        first = next(one for one in (dt.float32, dt.int32, dt.bool_) if one in held)
        for dtype in held:
            check = functools.partial(_first if dtype is first else _other, name=name, dtype=dtype, probe=probe)
            yield Case(f"{GROUP}/{name}/{dtype.name}/forms", functools.partial(check, count=count), (dtype,))
    for dtype in dt.ALL:
        yield Case(f"{GROUP}/astype/{dtype.name}/forms-to-all", functools.partial(_astype, dtype=dtype), (dtype,))


def laid(t: Trial, host: np.ndarray, layout: str) -> tuple[Any, np.ndarray]:
    """A tensor of these values that lies by columns, with gaps, from its end, or (of the first row) as one row."""
    if layout == "turned":
        return t.tensor(np.ascontiguousarray(host.T)).T, host
    if layout == "parted":
        wide = np.concatenate([host, host[..., ::-1]], axis=-1)
        wide[..., ::2], wide[..., 1::2] = host, host[..., ::-1]
        return t.tensor(wide)[..., ::2], host
    if layout == "backwards":
        key = (slice(None, None, -1),) * host.ndim
        return t.tensor(host[key].copy())[key], host
    return shape.broadcast_to(t.tensor(host[:1]), host.shape), np.broadcast_to(host[:1], host.shape)


def _look(
    t: Trial, seen: Seen, probe: Probe, hosts: list[np.ndarray], layout: str, most: int = 99, note: str = ""
) -> None:
    pairs = [laid(t, host, layout) for host in hosts]
    tensors, values = [one for one, _ in pairs], [host for _, host in pairs]
    seen.look(probe, tensors, values, f"{layout} arrays of shape {values[0].shape}{note}", most)


def _other(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    """A dtype that is not the op's first: in every layout, and without axes."""
    seen = Seen(t, name)
    most = 1 if name in FORMULAS else 2
    size = (3, 4) if dtype in MAIN else (1, 37) if name.startswith("erf") else (7, 38)
    for layout in LAYOUTS:
        hosts = drawn_for(t, name, dtype, size if name in FORMULAS else (7, 8), count)
        _look(t, seen, probe, hosts, layout, most)
    if dtype in MAIN and name not in FORMULAS:  # for which other cases have it
        hosts = drawn_for(t, name, dtype, (), count)
        seen.look(probe, [t.tensor(host) for host in hosts], hosts, "no axes", 1)
    seen.settle()


def _first(t: Trial, *, name: str, dtype: np.dtype, count: int, probe: Probe) -> None:
    seen = Seen(t, name)

    def work() -> None:
        for size in ((2, 3, 2), (2, 3, 2, 3)):
            for layout in LAYOUTS:
                hosts = drawn_for(t, name, dtype, size, count)
                _look(t, seen, probe, hosts, layout, calls(name, size))
                if count == 2 and name not in APART:
                    x, host = laid(t, hosts[0], layout)
                    seen.look(probe, [x, x], [host, host], f"a {layout} array of shape {size} and itself", 4)
        if count == 2:
            _beside_plain(t, seen, probe, name, dtype)
        if name in FORMULAS:
            _long(t, seen, name, dtype)
            _special(t, seen, probe, name, dtype)
            if count == 2:
                _broadcast(t, seen, probe, name, dtype)
            return
        for layout in LAYOUTS if name in MOVES else ():
            _look(t, seen, probe, _few(t, name, dtype, LONG, count), layout, 2)
        if name in REDUCTIONS or name in ALONG:
            for layout in LAYOUTS[:2]:
                _look(t, seen, probe, _few(t, name, dtype, DEEP, count), layout)
        if name in OF_NOTHING:
            hosts = drawn_for(t, name, dtype, (2, 0, 3), count)
            seen.look(probe, [t.tensor(host) for host in hosts], hosts, "no elements")

    elsewhere(t, work)
    seen.settle()


def _beside_plain(t: Trial, seen: Seen, probe: Probe, name: str, dtype: np.dtype) -> None:
    """One operand in every layout, the other one plain."""
    for layout in LAYOUTS[:3]:
        for place in (0, 1):
            hosts = drawn_for(t, name, dtype, (2, 3, 2), 2)
            tensors = [laid(t, h, layout)[0] if i == place else t.tensor(h) for i, h in enumerate(hosts)]
            seen.look(probe, tensors, hosts, f"two arrays, argument {place} {layout}", 2)


def _few(t: Trial, name: str, dtype: np.dtype, size: tuple[int, ...], count: int) -> list[np.ndarray]:
    """A few values again and again."""
    drawn = drawn_for(t, name, dtype, (101,), count)
    drawn = [np.sign(host) for host in drawn] if "prod" in name else drawn
    return [samples.read_only(np.resize(host, size)) for host in drawn]


def _long(t: Trial, seen: Seen, name: str, dtype: np.dtype) -> None:
    """Long arrays in every layout: of a few values, whose true results are known once they are known of each."""
    args = arguments(name, dtype, ((101,), (101,)), t.rng)
    true, scale = truth(name, args, dtype), cancelling(name, args)
    result = oracle.result_dtype(FORMULAS[name], dtype)
    place = np.resize(np.arange(101), LONG)
    for layout in LAYOUTS:
        pairs = [laid(t, arg[place], layout) for arg in args]
        where = np.broadcast_to(place[:1], LONG) if layout == "repeated" else place
        call = functools.partial(functions()[name], *[one for one, _ in pairs])
        t.close(
            seen.silent(call),
            true[where],
            tolerance_of(FORMULAS[name], dtype),
            dtype=result,
            scale=None if scale is None else scale[where],
            what=f"{name} of long {layout} arrays",
        )
        if arity(name) == 2 and name not in APART and layout != "repeated":
            both = truth(name, (args[0], args[0]), dtype)
            value = functions()[name](pairs[0][0], pairs[0][0])
            own = cancelling(name, (args[0], args[0]))
            t.close(
                value,
                both[place],
                tolerance_of(FORMULAS[name], dtype),
                dtype=result,
                scale=None if own is None else own[place],
                what=f"{name} of a long {layout} array and itself",
            )


def _special(t: Trial, seen: Seen, probe: Probe, name: str, dtype: np.dtype) -> None:
    """Zeros, infinities and NaN in every layout."""
    if dtype not in dt.FLOATS or name in NO_SPECIALS:
        return
    listed = np.array(samples.SPECIALS, dtype)
    pairs = [np.repeat(listed, listed.size), np.tile(listed, listed.size)][: arity(name)]
    for layout in LAYOUTS[1:3]:
        hosts = [samples.read_only(np.resize(one, samples.LARGE)) for one in pairs]
        _look(t, seen, probe, hosts, layout, note=", special values")
    for layout in LAYOUTS:
        hosts = [samples.read_only(np.resize(np.roll(listed, 3 * i), (2, 3, 2))) for i in range(arity(name))]
        _look(t, seen, probe, hosts, layout, note=", special values")


BROADCAST = (
    *(((3, 4), ()), ((), (3, 4)), ((3, 1), (4,)), ((2, 1, 4), (3, 1)), ((2, 1, 3, 2), (1, 2, 3, 1))),
    *((LONG, LONG[1:]), ((LONG[0], 1), LONG[1:])),
)


def _broadcast(t: Trial, seen: Seen, probe: Probe, name: str, dtype: np.dtype) -> None:
    """Operands of two shapes: one without axes, long ones, and in every layout."""
    for sizes in BROADCAST:
        layouts = LAYOUTS if len(sizes[0]) == 3 else ("plain",)
        for layout in layouts:
            few = [np.resize(arg, size) for arg, size in zip(_operands(t, name, dtype, sizes), sizes, strict=True)]
            hosts = [samples.read_only(one) for one in few]
            if layout == "plain":
                tensors = [t.tensor(host) for host in hosts]
            else:
                pairs = [laid(t, host, layout) for host in hosts]
                tensors, hosts = [one for one, _ in pairs], [host for _, host in pairs]
            seen.look(probe, tensors, hosts, f"{layout} arrays of shapes {sizes[0]} and {sizes[1]}")


def _operands(t: Trial, name: str, dtype: np.dtype, sizes: Any) -> tuple[np.ndarray, ...]:
    few = tuple((min(math.prod(size), 101),) for size in sizes)
    return fitted(name, dtype, arguments(name, dtype, few, t.rng))


def _astype(t: Trial, *, dtype: np.dtype) -> None:
    """To every dtype: with gaps between the elements, and from the end; between the main dtypes one number."""
    sizes = {**dict.fromkeys(dt.FLOATS, 6), **dict.fromkeys(dt.COMPLEX, 8), dt.bool_: 2}  # as other cases have them
    host = np.arange(sizes.get(dtype) or samples.extremes(dtype).size)
    host = samples.read_only(host.astype(dtype))
    for target in t.held:
        true = host != 0 if target is dt.bool_ else np.real(host).astype(target)
        for layout in LAYOUTS[1:3]:
            value = elementwise.astype(laid(t, host, layout)[0], target)
            t.exactly(value, true, dtype=target, what=f"a {layout} array of {dtype.name} as {target.name}")
        if dtype in MAIN and target in MAIN:
            one = elementwise.astype(t.tensor(host[-1:].reshape(())), target)
            t.exactly(one, true[-1:].reshape(()), dtype=target, what=f"one {dtype.name} as {target.name}")
