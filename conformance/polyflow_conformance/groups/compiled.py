"""compile-1: what a compiled program gives, next to the truth and to the same ops run one by one."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import selection
from polyflow.flow import transforms
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import creation, elementwise, indexing, linalg, matrices, reduction, shape
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from .. import oracle, samples
from ..case import Case, Mismatch, Trial
from ..measure import WIDE
from ..oracle import DOMAINS, FORMULAS
from ..table import functions, ops
from .core_elementwise import arguments, arity, cancelling, tolerance_of, truth
from .device import together
from .gradients import others

GROUP = "compile-1"
MATRIX, DEEP, LONG = (3, 4), (2, 3, 2), (1009,)
"""Shapes of which an elementwise op is compiled."""


def cases() -> Iterator[Case]:
    """One or two programs per op, and what only programs can get wrong."""
    for name in FORMULAS:
        if name not in ops():
            continue
        held = DOMAINS[FORMULAS[name].domain]
        for dtype in [one for one in (dt.float32, dt.int32, dt.bool_) if one in held][:2]:
            check = functools.partial(_elementwise, name=name, dtype=dtype)
            yield Case(
                f"{GROUP}/{name}/{dtype.name}/program", check, (dtype,), quick=name in ("add", "exp", "floor_divide")
            )
    for name, one in others().items():
        op, label = name.split("/")
        yield Case(
            f"{GROUP}/{op}/float32/{label}",
            functools.partial(_function, one=one),
            (dt.float32,),
            quick=op in ("sum", "matmul"),
        )
    for name, (function, host) in PROGRAMS.items():
        op, label = name.split("/")
        yield Case(
            f"{GROUP}/{op}/program/{label}",
            functools.partial(_program, function=function, host=host),
            (dt.as_dtype(host.dtype),),
        )
    program = f"{GROUP}/program"
    yield Case(f"{program}/again/other-values", _again, (dt.float32,), True)
    yield Case(f"{program}/again/captured", _captured, (dt.float32,), True)
    yield Case(f"{program}/again/thread", _thread, (dt.float32,), True)
    yield Case(f"{program}/again/concurrently", _concurrently, (dt.float32,))
    yield Case(f"{program}/again/one-array-twice", _one_array_twice, (dt.float32,), True)
    yield Case(f"{program}/outputs/input-and-constant", _outputs, (dt.float32,), True)
    yield Case(f"{program}/outputs/no-inputs", _no_inputs, (dt.float32,), True)
    yield Case(f"{program}/state/variables", _variables, (dt.float32,), True)
    yield Case(f"{program}/state/results-kept", _kept, (dt.float32,), True)
    yield Case(f"{program}/state/branches", _branches, (dt.float32,), True)
    yield Case(f"{program}/values/index-outside", _index_outside, (dt.float32, dt.int32), True)
    for dtype in (dt.int8, dt.int32, dt.int64):
        check = functools.partial(_negative_power, dtype=dtype)
        yield Case(f"{GROUP}/pow/{dtype.name}/negative", check, (dtype,), dtype is dt.int32)
    yield Case(f"{program}/values/fused", _fused, (dt.float32,))
    yield Case(f"{program}/values/dtypes", _dtypes, (dt.int8, dt.float16, dt.int64))
    yield Case(f"{program}/errors/value-asked", _value_asked, (dt.float32,), True)
    yield Case(f"{program}/function/signatures", _signatures, (dt.float32,), True)
    yield Case(f"{program}/function/under-tapes", _under_tapes, (dt.float32,), True)
    for dtype in (dt.int8, dt.uint8, dt.int16):
        check = functools.partial(_narrow, dtype=dtype)
        yield Case(f"{program}/values/{dtype.name}-wraps", check, (dtype,), dtype is dt.int8)
    yield Case(f"{program}/values/float64", _double, (dt.float64,))
    yield Case(f"{program}/values/nothing", _nothing, (dt.float32,))
    yield Case(f"{program}/values/views", _views, (dt.float32,), True)
    yield Case(f"{program}/values/long", _long, (dt.int32,))
    yield Case(f"{program}/values/complex64", _complex, (dt.complex64,))
    yield Case(f"{program}/values/no-shorter-way", _no_shorter_way, (dt.float32,), True)
    yield Case(f"{program}/again/alike", _alike, (dt.float32, dt.float64, dt.int32), True)


REPEATS = 30
"""How often a program runs on, for what goes wrong some time; in a thread of its own, for what goes wrong there."""


def repeated(t: Trial, call: Callable[[], Any], what: str) -> None:
    """Call a program many times: what it gives in the end, in another thread, are the bits that it gives now."""
    before = [t.host(value).copy() for value in call()]

    def work() -> None:
        with selection.use_backend(t.backend):
            for _ in range(REPEATS):
                call()
            for value, old in zip(call(), before, strict=True):
                if t.host(value).tobytes() != old.tobytes():
                    t.close(value, old, what=f"{what}, after many calls", zeros=True)

    together(work)


def compiled(t: Trial, function: Callable[..., Any], *hosts: np.ndarray) -> tuple[Compiled, list[Any]]:
    """The program for a function of tensors like these, and arrays to call it with."""
    program = Compiled(
        trace(function, *[Spec(host.shape, dt.as_dtype(host.dtype)) for host in hosts], backend=t.backend)
    )
    return program, [t.tensor(host).array for host in hosts]


def _elementwise(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """One program of a matrix, nothing, two shapes, a value twice; in the first dtype of a number, a line and views."""
    long = (301,) if name.startswith("erf") else LONG  # whose true values take long
    first = dtype is next(one for one in (dt.float32, dt.int32, dt.bool_) if one in DOMAINS[FORMULAS[name].domain])
    sizes = [(size, size) for size in (MATRIX, (0, 3), *([(), long] if first else []))]
    sizes += [(MATRIX, (4,)), *([((2, 1, 4), (3, 1))] if first else [])] if arity(name) == 2 else []
    sizes += [(DEEP, DEEP)] if first else []
    groups = [arguments(name, dtype, pair, t.rng) for pair in sizes]
    count = arity(name)
    twice = count == 2 and name not in ("pow", "bitwise_left_shift", "bitwise_right_shift")

    def every(*given: Any) -> list[Any]:
        values = [functions()[name](*given[i : i + count]) for i in range(0, len(given), count)]
        values += [functions()[name](given[0], given[0])] if twice else []
        if not first:
            return values
        last = given[len(given) - count :]
        views = [one[::-1] for one in last], [shape.permute_dims(one, (2, 0, 1)) for one in last]
        return [*values, *(functions()[name](*one) for one in views)]

    program, arrays = compiled(t, every, *[arg for args in groups for arg in args])
    known = [*groups, (groups[0][0],) * 2] if twice else [*groups]
    if first:
        known += [tuple(one[::-1] for one in groups[-1]), tuple(one.transpose(2, 0, 1) for one in groups[-1])]
    for array, args in zip(program(*arrays), known, strict=True):
        _compare(t, Tensor(array, t.backend), name, args)
    repeated(t, lambda: [Tensor(array, t.backend) for array in program(*arrays)], f"compiled {name}")


def _compare(t: Trial, value: Tensor, name: str, args: tuple[np.ndarray, ...]) -> None:
    formula, dtype = FORMULAS[name], dt.as_dtype(args[0].dtype)
    result = oracle.result_dtype(formula, dtype)
    slack = 0.5 if formula.tolerance == oracle.ROUNDED and result in dt.INEXACT else 0.0
    if name == "divide" and len({arg.shape for arg in args}) > 1:
        slack = 1.0  # the reciprocal of what is repeated may be taken once
    what = f"compiled {name} of shapes {', '.join(str(arg.shape) for arg in args)}"
    t.close(
        value,
        truth(name, args, dtype),
        tolerance_of(formula, dtype) + slack,
        dtype=result,
        what=what,
        inputs=args,
        scale=cancelling(name, args),
    )
    if not formula.tolerance:
        eager = functions()[name](*[t.tensor(arg) for arg in args])
        t.exactly(value, t.host(eager).copy(), dtype=result, what=f"{what} next to eager")


def _function(t: Trial, *, one: Any) -> None:
    args = [samples.values(kind, dt.float32, size, t.rng) for kind, size in zip(one.kinds, one.shapes, strict=True)]
    program, arrays = compiled(t, one.function, *args)
    value = Tensor(program(*arrays), t.backend)
    true = np.asarray(one.oracle(*[arg.astype(WIDE) for arg in args]))
    scale = np.maximum(np.abs(true), max(float(np.abs(arg).max()) for arg in args))
    t.close(value, true, 40.0, dtype=dt.float32, scale=scale, what="the compiled value")
    second = [arg[..., ::-1].copy() for arg in args]
    again = Tensor(program(*[t.tensor(arg).array for arg in second]), t.backend)
    true = np.asarray(one.oracle(*[arg.astype(WIDE) for arg in second]))
    scale = np.maximum(np.abs(true), max(float(np.abs(arg).max()) for arg in args))
    t.close(again, true, 40.0, dtype=dt.float32, scale=scale, what="the compiled value of other arguments")
    repeated(t, lambda: [Tensor(program(*arrays), t.backend)], "the compiled value")


_LINE = np.array([3, 1, 3, 1, 2, 2, 9, 0], np.float32)

PROGRAMS: dict[str, tuple[Callable[..., Any], np.ndarray]] = {
    "argsort/ties": (lambda x: functions()["argsort"](x, -1, False), _LINE),
    "argsort/descending": (lambda x: functions()["argsort"](x, -1, True), _LINE),
    "argmax/first": (lambda x: functions()["argmax"](x, -1), _LINE),
    "argmin/first": (lambda x: functions()["argmin"](x, -1), _LINE),
    "any/all-axes": (lambda x: functions()["any"](x > 8), _LINE),
    "all/all-axes": (lambda x: functions()["all"](x > 0), _LINE),
    "astype/int8": (lambda x: elementwise.astype(x, dt.int8), _LINE),
    "full/shape": (lambda x: creation.full((2, 3), -0.5, dt.float32, backend=x.backend) + x[0], _LINE),
    "searchsorted/right": (lambda x: reduction.searchsorted(reduction.sort(x), x, side="right"), _LINE),
    "sum/bool": (lambda x: reduction.sum(x > 1), _LINE),
    "sum/int8": (lambda x: reduction.sum(x), np.full(100, 100, np.int8)),
    "cumulative_sum/int8": (lambda x: functions()["cumulative_sum"](x, 0), np.full(5, 100, np.int8)),
    "prod/int32": (lambda x: functions()["prod"](x), np.array([2, 3, -4], np.int32)),
    "add/int8-wraps": (lambda x: x + x, np.array([100, -100, 5], np.int8)),
    "floor_divide/by-zero": (lambda x: x // (x - x), np.array([1, -3, 0], np.int32)),
    "remainder/by-zero": (lambda x: x % (x - x), np.array([1, -3, 0], np.int32)),
    "multiply/scalar": (lambda x: x * 3, np.array([1, -3, 0], np.int8)),
    "matmul/int32": (lambda x: x @ x, np.arange(9, dtype=np.int32).reshape(3, 3)),
    "matmul/int32-stack": (lambda x: x @ x.mT, np.arange(24, dtype=np.int32).reshape(2, 3, 4)),
    "one_hot/plain": (lambda x: indexing.one_hot(x, 4), np.array([1, 0, 3], np.int32)),
    "flip/uint8": (lambda x: shape.flip(x, 0), np.array([1, 2, 3], np.uint8)),
    "next_key/keys": (lambda x: functions()["next_key"](x), np.array([1, 2, 3], np.uint32)),
    "threefry2x32/words": (lambda x: functions()["threefry2x32"](x, x, high=1), np.array([1, 2], np.uint32)),
    "inv/matrix": (lambda x: matrices.inv(x) @ x, np.array([[2, 0], [0, 4]], np.float32)),
    "det/matrix": (lambda x: matrices.det(x), np.array([[2, 0], [1, 4]], np.float32)),
    "random_bits/words": (lambda x: functions()["random_bits"](x, (5,), dt.uint32), np.array([1, 2], np.uint32)),
    "keep_mask/mask": (lambda x: functions()["keep_mask"](x, (9,), 0.3), np.array([1, 2], np.uint32)),
    "random_permutation/order": (lambda x: functions()["random_permutation"](x, 9), np.array([1, 2], np.uint32)),
}
"""Programs whose results are the same bits as those of the ops run one by one."""


def _program(t: Trial, *, function: Callable[..., Any], host: np.ndarray) -> None:
    program, _ = compiled(t, function, host)
    for given in (host, host, np.ascontiguousarray(host[::-1]), host):
        x = t.tensor(given)
        eager = function(x)
        value = Tensor(program(x.array), t.backend)
        t.exactly(value, t.host(eager).copy(), dtype=eager.dtype, what="the compiled value")


def _mlp(w: Any, b: Any) -> Callable[[Any], Any]:
    return lambda x: functions()["tanh"](x @ w + b)


def _weights(t: Trial) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(samples.values("any", dt.float32, size, t.rng) for size in ((4, 3), (3,), (5, 4)))  # type: ignore[return-value]


def _true_mlp(w: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.tanh(x.astype(WIDE) @ w.astype(WIDE) + b.astype(WIDE))


def _again(t: Trial) -> None:
    """The same program called with other values gives other results: nothing is remembered from the first call."""
    w, b, x = _weights(t)
    program, arrays = compiled(t, lambda x, w, b: _mlp(w, b)(x), x, w, b)
    for factor in (1.0, -0.5, 0.25, 1.0):
        given = (x * np.float32(factor)).astype(np.float32)
        value = Tensor(program(t.tensor(given).array, *arrays[1:]), t.backend)
        t.close(
            value, _true_mlp(w, b, given), 100.0, dtype=dt.float32, scale=np.ones((5, 3)), what="the program's value"
        )
    other = [(one[::-1] / 2).astype(np.float32) for one in (w, b)]
    value = Tensor(program(arrays[0], *[t.tensor(one).array for one in other]), t.backend)
    true = _true_mlp(other[0], other[1], x)
    t.close(value, true, 100.0, dtype=dt.float32, scale=np.ones((5, 3)), what="the program's value of other weights")


def _one_array_twice(t: Trial) -> None:
    """One array in two places, and then two of the same shape, and the other way round."""
    x, y = np.array([1.0, 2.0, -4.0], np.float32), np.array([8.0, 0.5, 2.0], np.float32)
    program, (a, b) = compiled(t, lambda x, y: (x * 2.0 - y, x * y), x, y)
    for given, h, k in (((a, a), x, x), ((a, b), x, y), ((b, b), y, y), ((b, a), y, x), ((a, a), x, x)):
        for array, true in zip(program(*given), (h * 2 - k, h * k), strict=True):
            t.exactly(Tensor(array, t.backend), true, what="the value of a program called with one array twice")


def _captured(t: Trial) -> None:
    """Tensors captured from outside are read once, when the program is made; variables at every call."""
    w, b, x = _weights(t)
    v = pf.Variable(np.array([1.0, 2.0, 3.0], np.float32))
    captured = t.tensor(b)
    call = pf.function(lambda x: x @ t.tensor(w) * 1.0 + captured + v)
    true = x.astype(WIDE) @ w.astype(WIDE) + b.astype(WIDE)
    for bump in (0.0, 5.0, -1.0):
        v.assign_add(np.full(3, bump, np.float32))
        now = t.host(v.value).astype(WIDE)
        t.close(
            call(t.tensor(x)),
            true + now,
            50.0,
            dtype=dt.float32,
            scale=np.full((5, 3), 10.0),
            what="the function's value",
        )


def _thread(t: Trial) -> None:
    w, b, x = _weights(t)
    program, arrays = compiled(t, lambda x, w, b: _mlp(w, b)(x), x, w, b)
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(Tensor(program(*arrays), t.backend))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    t.close(
        found[0], _true_mlp(w, b, x), 100.0, dtype=dt.float32, scale=np.ones((5, 3)), what="the value in another thread"
    )


def _concurrently(t: Trial) -> None:
    """One program in four threads at once, each with values of its own."""
    w, b, x = _weights(t)
    program, arrays = compiled(t, lambda x, w, b: _mlp(w, b)(x), x, w, b)

    def work(number: int) -> None:
        given = (x / np.float32(number + 1)).astype(np.float32)
        true = _true_mlp(w, b, given)
        array = t.tensor(given).array
        for _ in range(30):
            host = t.host(Tensor(program(array, *arrays[1:]), t.backend))
            if float(np.abs(host - true).max()) > 1e-4:
                raise Mismatch("a program run in several threads at once mixes up their values")

    together(*[functools.partial(work, number) for number in range(4)])


def _outputs(t: Trial) -> None:
    """A program may return an input as it is, one value twice, a constant, and leave inputs unused."""
    x, y = np.array([1.0, 2.0], np.float32), np.array([5.0], np.float32)
    function = lambda unused, x, y: (x, x + 1, x + 1, creation.full((2,), 3.0, backend=x.backend))  # noqa: E731
    program, arrays = compiled(t, function, y, x, y)
    first, second, third, constant = (Tensor(array, t.backend) for array in program(*arrays))
    t.exactly(first, x, what="an input that is returned")
    t.exactly(second, x + 1, what="a value")
    t.exactly(third, x + 1, what="the same value again")
    t.exactly(constant, np.full(2, 3.0, np.float32), what="a constant")


def _no_inputs(t: Trial) -> None:
    program, _ = compiled(t, lambda: functions()["exp"](creation.zeros((3,), backend=t.backend)))
    t.exactly(Tensor(program(), t.backend), np.ones(3, np.float32), what="a program without inputs")


def _variables(t: Trial) -> None:
    """A function that assigns variables changes them once a call, and reads what it wrote."""
    v = pf.Variable(np.zeros(2, np.float32))

    @pf.function
    def step(x: Any) -> Any:
        v.assign_add(x)
        v.assign(v * 2.0)
        return v + 1.0

    true = np.zeros(2, np.float32)
    for number in range(3):
        x = np.array([1.0, number], np.float32)
        true = (true + x) * 2
        t.exactly(step(t.tensor(x)), true + 1, what="the function's value")
        t.exactly(v.value, true, what="the variable")


def _kept(t: Trial) -> None:
    """Results of a call stay what they are when the program runs again: its buffers are not theirs."""
    x = np.arange(2000, dtype=np.float32)
    program, arrays = compiled(t, lambda x: (functions()["exp"](-x) * 2.0 + x, x * x), x)
    first = [Tensor(array, t.backend) for array in program(*arrays)]
    before = [t.host(one).copy() for one in first]
    for _ in range(3):
        program(t.tensor(x[::-1].copy()).array)
    for one, old in zip(first, before, strict=True):
        t.exactly(one, old, what="an earlier result after the program ran again")
    t.exactly(Tensor(arrays[0], t.backend), x, what="the program's argument")


def _branches(t: Trial) -> None:
    """A value that two later steps need is not overwritten by the first of them."""
    x = np.linspace(-1, 1, 1000, dtype=np.float32)

    def function(x: Any) -> Any:
        a = x * 2.0
        b = a + 1.0
        c = functions()["negative"](a)
        d = a * b
        return b + c + d + a

    eager = t.host(function(t.tensor(x)))
    program, arrays = compiled(t, function, x)
    wide = x.astype(WIDE) * 2
    true = (wide + 1) - wide + wide * (wide + 1) + wide
    t.close(
        Tensor(program(*arrays), t.backend),
        true,
        8.0,
        dtype=dt.float32,
        scale=np.full(1000, 8.0),
        what="the program's value",
    )
    t.same(float(np.abs(eager - true).max()) < 1e-5, True, "the eager value is right")


def _negative_power(t: Trial, *, dtype: np.dtype) -> None:
    """An integer to a negative power: the error, or 1 divided by the positive power, rounded towards zero."""
    base = np.array([[0], [1], [-1], [2], [-7], [np.iinfo(dtype).min]], dtype)
    exponent = np.array([-1, -2, -9, np.iinfo(dtype).min, 0, 1, 2], dtype)
    program, arrays = compiled(t, lambda x, y: x**y, base, exponent)
    try:
        value = Tensor(program(*arrays), t.backend)
        t.backend.synchronize()
    except ValueError as error:
        if "negative integer power" not in str(error):
            raise Mismatch(f"the message lacks 'negative integer power': {error}") from None
        return
    with np.errstate(over="ignore"):
        plain = np.power(base, np.maximum(exponent, 0))
    inverse = np.where(base == 1, 1, np.where(base == -1, np.where(exponent % 2 == 0, 1, -1), 0))
    t.exactly(value, np.where(exponent < 0, inverse, plain).astype(dtype), what="the compiled power")


def _index_outside(t: Trial) -> None:
    """An index outside, known only when the program runs: an IndexError, or NaN; never another element."""
    x, index = np.array([1.0, 2.0, 3.0], np.float32), np.array([0, 7], np.int32)
    program, arrays = compiled(t, lambda x, i: x[i], x, index)
    try:
        host = t.host(Tensor(program(*arrays), t.backend))
    except IndexError:
        host = np.array([1.0, math.nan])
    inside = program(arrays[0], t.tensor(np.array([2, 1], np.int32)).array)
    t.exactly(Tensor(inside, t.backend), np.array([3.0, 2.0], np.float32), what="the program's value afterwards")
    if host[0] != 1.0 or not np.isnan(host[1]):
        raise Mismatch(f"an index outside gave {host.tolist()}, expected IndexError or [1.0, nan]")


def _fused(t: Trial) -> None:
    """a·b + c within the bound that contraction allows."""
    a, b, c = (samples.values("any", dt.float32, (1000,), t.rng) for _ in range(3))
    program, arrays = compiled(t, lambda a, b, c: a * b + c, a, b, c)
    wide = [one.astype(WIDE) for one in (a, b, c)]
    true, scale = wide[0] * wide[1] + wide[2], np.abs(wide[0] * wide[1]) + np.abs(wide[2])
    t.close(Tensor(program(*arrays), t.backend), true, 1.5, dtype=dt.float32, scale=scale, what="a * b + c")


def _dtypes(t: Trial) -> None:
    """Dtypes inside a program are those of the same ops run one by one."""

    def function(i: Any, h: Any) -> Any:
        return i + 1, h * 2.5, i + h, i / 2, reduction.sum(i), functions()["argmax"](h, 0), i > 0

    i, h = np.array([1, -2], np.int8), np.array([0.5, 2], np.float16)
    eager = function(t.tensor(i), t.tensor(h))
    program, arrays = compiled(t, function, i, h)
    for one, array in zip(eager, program(*arrays), strict=True):
        t.exactly(Tensor(array, t.backend), t.host(one).copy(), dtype=one.dtype, what="the compiled value")


def _narrow(t: Trial, *, dtype: np.dtype) -> None:
    """What does not fit wraps at every step of a program, not in the end."""
    parts: tuple[Callable[[Any, Any], Any], ...] = (
        lambda x, y: [(x + y) // 2, (x * y) // 7, -(x + y) // 3, (x - y) * (x + y)],
        lambda x, y: [(x - y) % 5, (x * x) > y, (x + y) == (x * y)],
    )
    listed = samples.extremes(dtype)
    x, y = (np.ascontiguousarray(one) for one in np.meshgrid(listed, listed))
    for function in parts:
        with np.errstate(over="ignore"):
            true = function(x, y)
        program, arrays = compiled(t, function, x, y)
        for array, part in zip(program(*arrays), true, strict=True):
            t.exactly(Tensor(array, t.backend), part, what="the program's value")


def _double(t: Trial) -> None:
    """A longer program in float64 keeps float64's digits."""
    x = t.rng.uniform(0.5, 2.0, (40,))

    def function(x: Any) -> Any:
        y = x
        for i in range(1, 7):
            y = y * x + 1.0 / i
            y = functions()["sqrt"](y) - x / (i + 2.0)
        return y

    wide = x.astype(WIDE)
    true = wide
    for i in range(1, 7):
        true = np.sqrt(true * wide + 1 / WIDE(i)) - wide / (i + 2)
    program, arrays = compiled(t, function, x)
    t.close(Tensor(program(*arrays), t.backend), true, 64.0, dtype=dt.float64, scale=np.full(40, 4.0), what="the value")


def _nothing(t: Trial) -> None:
    """Programs over arrays without elements."""
    x, w = np.zeros((0, 3), np.float32), np.ones((3, 2), np.float32)

    def function(x: Any, w: Any) -> Any:
        return x @ w, functions()["exp"](x) * 2.0, reduction.sum(x, axis=0), reduction.sum(x, axis=1), x.T @ x

    program, arrays = compiled(t, function, x, w)
    true = np.zeros((0, 2)), np.zeros((0, 3)), np.zeros(3), np.zeros(0), np.zeros((3, 3))
    for array, part in zip(program(*arrays), true, strict=True):
        t.exactly(Tensor(array, t.backend), part.astype(np.float32), what="the value")


def _views(t: Trial) -> None:
    """Arguments that lie in memory in any way: by columns, from the end, with gaps, and as one row."""
    plain = np.arange(9, dtype=np.float32).reshape(3, 3)
    program, _ = compiled(t, lambda x, y: (x * 2.0 - y, x @ y, reduction.sum(x, axis=0)), plain, plain)
    for view in (lambda x: x.T, lambda x: x[::-1, ::-1], lambda x: x[:, ::-1], lambda x: x):
        x, y, h = view(t.tensor(plain)), t.tensor(plain), view(plain)
        for one, other, a, b in ((x, y, h, plain), (y, x, plain, h)):
            for array, true in zip(program(one.array, other.array), (a * 2 - b, a @ b, a.sum(0)), strict=True):
                t.exactly(Tensor(array, t.backend), true, what="the value of a program whose arguments are views")


def _long(t: Trial) -> None:
    """A program of a hundred steps, each of which needs the one before."""
    x, y = (np.array(one, np.int32) for one in ([3, -7, 2**30, 0], [1, 12345, -(2**31), 5]))

    def function(x: Any, y: Any) -> Any:
        for i in range(25):
            x, y = y * (2 * i + 1) - x, x + y
        return x, y

    with np.errstate(over="ignore"):
        true = function(x, y)
    program, arrays = compiled(t, function, x, y)
    for array, part in zip(program(*arrays), true, strict=True):
        t.exactly(Tensor(array, t.backend), part, what="the value after a hundred steps")


def _complex(t: Trial) -> None:
    """Complex numbers whose parts are small integers, of which every step is exact."""
    x, y = np.array([1 + 2j, -3j, 4], np.complex64), np.array([2 - 1j, 5, -1 + 1j], np.complex64)

    def function(x: Any, y: Any, conj: Any, real: Any) -> Any:
        return x * y + conj(x), real(x - y) * 2.0, (x + y) == (y + x), -x * x

    f = functions()
    program, arrays = compiled(t, lambda x, y: function(x, y, f["conj"], f["real"]), x, y)
    for array, true in zip(program(*arrays), function(x, y, np.conj, np.real), strict=True):
        t.exactly(Tensor(array, t.backend), true.astype(true.dtype), what="the program's value")


def _no_shorter_way(t: Trial) -> None:
    """What holds for numbers on paper does not for floats: x · 0 of infinity, x - x of NaN, (x + y) - y …"""
    listed = [*samples.SPECIALS, 1e-30, -1e-30, 1e30, 3e38, 0.1]
    x = np.array(listed, np.float32)
    y = np.roll(x, 5)
    f = functions()

    def function(x: Any, y: Any) -> Any:
        return {
            "x * 0": x * 0.0,
            "0 / x": 0.0 / x,
            "x / x": x / x,
            "x - x": x - x,
            "x == x": x == x,
            "x != x": x != x,
            "(x + y) - y": (x + y) - y,
            "(x * y) / y": (x * y) / y,
            "square(sqrt(x))": f["square"](f["sqrt"](x)),
            "maximum(minimum(x, y), y)": f["maximum"](f["minimum"](x, y), y),
            "max(x - x, 0)": f["maximum"](x - x, 0.0),
            "floor(x) - x": f["floor"](x) - x,
            "where(x > 0, x, -x)": elementwise.where(x > 0, x, -x),
            "float16 and back": elementwise.astype(elementwise.astype(x, dt.int32), dt.float32) * 0.0 + x,
        }

    names = list(function(t.tensor(x), t.tensor(y)))
    program, arrays = compiled(t, lambda x, y: list(function(x, y).values()), x, y)
    for name, array, eager in zip(names, program(*arrays), function(t.tensor(x), t.tensor(y)).values(), strict=True):
        t.close(Tensor(array, t.backend), t.host(eager).copy(), 1.0, dtype=eager.dtype, what=f"the compiled {name}")


def _chain(x: Any) -> Any:
    for number in range(12):
        x = x * 0.5 + float(number)
    return x


def _alike(t: Trial) -> None:
    """Programs that differ in one number, axis, dtype or length only, all of them, then each once more."""
    makers: list[Callable[[Any], Any]] = [
        *(lambda x, k=k: x * k + 1.0 for k in (2.0, 3.0)),
        *(lambda x, axis=axis: reduction.sum(x, axis=axis) for axis in (0, 1)),
        lambda x: reduction.sum(x, axis=0) - reduction.sum(x, axis=1),
        lambda x: x * 2.0 - x * 3.0,
        lambda x: x - x.T,
        lambda x: x.T - x,
        *(lambda x, last=last: _chain(x) * last for last in (5.0, 7.0)),
        *(lambda x, zero=zero: x * zero for zero in (0.0, -0.0)),
        *(lambda x, both=both: [x * 2.0, x * 2.0 + 1.0][both] for both in (0, 1)),
    ]
    numbers: list[Callable[[Any], Any]] = [lambda x, k=k: x * k for k in (0.1, float(np.float32(0.1)))]
    base = np.array([[1.5, -2.0, 3.0], [0.5, 7.0, -4.0], [2.0, 1.0, 6.5]])
    single = base.astype(np.float32)
    others = [base, (base * 2).astype(np.int32), single[:2]]
    kept = []
    for function in makers:
        for host in [single, *others] if function is makers[0] else [single]:
            program, arrays = compiled(t, function, host)
            kept.append((program, arrays, t.host(function(t.tensor(host))).copy()))
    for function in numbers:
        program, arrays = compiled(t, function, base)
        kept.append((program, arrays, t.host(function(t.tensor(base))).copy()))
    for _ in range(2):
        for program, arrays, true in kept:
            what = "the program's value next to the ops one by one"
            t.close(Tensor(program(*arrays), t.backend), true, what=what, zeros=True)


def _value_asked(t: Trial) -> None:
    from polyflow.errors import TraceError

    x = np.ones(2, np.float32)
    t.raises(lambda: compiled(t, lambda x: x if x[0] > 0 else -x, x), TraceError, "traced")
    t.raises(lambda: compiled(t, lambda x: float(x[0]), x), TraceError, "traced")


def _signatures(t: Trial) -> None:
    """Other shapes and dtypes get programs of their own."""
    call = pf.function(lambda x, y: linalg.matmul(x, y))
    for size, dtype in ((2, np.float32), (3, np.float32), (2, np.float64), (2, np.float32)):
        a = np.eye(size, dtype=dtype) * 2
        t.exactly(call(t.tensor(a), t.tensor(a)), a @ a, what="the function's value")
    gradient = pf.function(transforms.grad(lambda x: reduction.sum(x * x * x)))
    t.exactly(gradient(t.tensor(np.array([2.0], np.float32))), np.array([12.0], np.float32), what="a compiled gradient")


def _under_tapes(t: Trial) -> None:
    """A compiled function under tapes: its value, first and second derivatives, and the variable that it assigns."""
    v, count = pf.Variable(np.float32(2.0)), pf.Variable(np.float32(0.0), trainable=False)

    @pf.function
    def call(x: Any) -> Any:
        count.assign_add(1.0)
        return reduction.sum(x * x * x) * v

    host = np.array([1.0, -2.0, 0.5], np.float32)
    x = t.tensor(host)
    for number in (1, 2):
        with pf.GradientTape() as outer:
            outer.watch(x)
            with pf.GradientTape() as inner:
                inner.watch(x)
                value = call(x)
            slope, of_variable = inner.gradient(value, [x, v])
        t.exactly(value, np.float32((host**3).sum() * 2), what="the function's value")
        t.exactly(slope, 6 * host**2, what="its gradient")
        t.exactly(of_variable, np.float32((host**3).sum()), what="the gradient of the variable")
        t.exactly(outer.gradient(slope, x), 12 * host, what="the second derivative")
        t.exactly(count.value, np.float32(number), what="the variable that it assigns")
