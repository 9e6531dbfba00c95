"""core-1, linear algebra and Fourier transforms: by what the results mean.

Factors multiplied together are the matrix, what should be orthonormal is, values are those of algorithms of the suite's
own in longdouble. Errors are measured in units of eps times the size of the matrix.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import factorizations, fft, matrices
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from .. import matrices as wide
from .. import samples
from ..case import Case, Trial
from ..measure import WIDE, WIDE_COMPLEX, eps

GROUP = "core-1"
DTYPES = (dt.float32, dt.float64, dt.complex64, dt.complex128)
SHAPES = {"square": (3, 3), "tall": (5, 3), "wide": (3, 4), "stack": (2, 3, 3), "empty": (0, 3, 3)}
LARGER = {"larger": (6, 6), "deep": (2, 1, 3, 3), "one": (1, 1)}
BLOCKS = {"blocks": (37, 37)}
"""More rows than a library takes together; determinants that float32 holds have fewer."""
LENGTHS = {"prime": (3, 13), "long": (2, 96)}
BOUND = 40.0
"""In units of eps · the largest element or 1."""

Check = Callable[[Trial, np.ndarray], None]


def cases() -> Iterator[Case]:
    """Each op on each dtype and shape that it takes."""
    for name, (kind, check) in CHECKS.items():
        for dtype in DTYPES:
            for label, size in SHAPES.items():
                if kind != "any" and label in ("tall", "wide"):
                    continue
                run = functools.partial(_run, kind=kind, check=check, dtype=dtype, size=size)
                needed = (dtype, dt.complex_of(dtype)) if name in COMPLEX_RESULTS else (dtype,)
                quick = dtype is dt.float32 and label in ("square", "tall")
                yield Case(f"{GROUP}/{name}/{dtype.name}/{label}", run, needed, quick=quick)
        wide_results = (dt.complex64,) if name in COMPLEX_RESULTS else ()
        further = (
            LENGTHS if "fft" in name else {} if name == "part" else BLOCKS if name != "det" else {"blocks": (17, 17)}
        )
        for label, size in {**LARGER, **further}.items():
            run = functools.partial(_run, kind=kind, check=check, dtype=dt.float32, size=size)
            yield Case(f"{GROUP}/{name}/float32/{label}", run, (dt.float32, *wide_results))
        run = functools.partial(_viewed, kind=kind, check=check)
        yield Case(f"{GROUP}/{name}/float32/layouts", run, (dt.float32, *wide_results))
    yield Case(f"{GROUP}/det/float32/no-rows", _no_rows, (dt.float32,))
    yield Case(f"{GROUP}/slogdet/float32/singular", _no_logarithm, (dt.float32,))
    for name in ("inv", "svd", "eigh", "fft"):
        for dtype in (dt.int32, dt.float16):
            run = functools.partial(_converted, name=name, dtype=dtype)
            wide = dt.complex64 if name in COMPLEX_RESULTS else dt.float32
            yield Case(f"{GROUP}/{name}/{dtype.name}/converted", run, (dtype, wide))


def _run(t: Trial, *, kind: str, check: Check, dtype: np.dtype, size: tuple[int, ...]) -> None:
    _checked(t, "plain", check, matrix(t, kind, dtype, size))


class _Views(Trial):
    """A trial whose tensors lie in memory in some way, and are the same in the end."""

    def __init__(self, t: Trial, how: str) -> None:
        super().__init__(t.backend, t.case, t.seed)
        self.how, self.made = how, list[tuple[Any, np.ndarray]]()

    def tensor(self, host: Any) -> Any:
        host = np.asarray(host)
        if host.ndim < 2 or self.how == "plain":
            x = super().tensor(host)
        elif self.how == "transposed":
            x = super().tensor(np.ascontiguousarray(np.swapaxes(host, -1, -2))).mT
        elif self.how == "reversed":
            x = super().tensor(np.ascontiguousarray(host[..., ::-1, ::-1]))[..., ::-1, ::-1]
        else:
            x = super().tensor(np.repeat(host, 2, -1))[..., ::2]
        self.made.append((x, host.copy()))
        return x

    def settle(self) -> None:
        """Look at the tensors again."""
        for x, host in self.made:
            self.exactly(x, host, what="the argument after the call")


def _viewed(t: Trial, *, kind: str, check: Check) -> None:
    """Matrices seen through a transpose, from the other end, in part; each with numbers of its own."""
    for how in ("transposed", "reversed", "strided"):
        _checked(t, how, check, matrix(t, kind, dt.float32, (3, 3)))


def _checked(t: Trial, how: str, check: Check, host: np.ndarray) -> None:
    """What is computed of a matrix that lies in memory so, which is the same afterwards."""
    views = _Views(t, how)
    check(views, host)
    t.ulp, t.tolerance = views.ulp, views.tolerance
    views.settle()


def _no_rows(t: Trial) -> None:
    """The determinant of no rows is 1, a product of nothing."""
    t.exactly(matrices.det(t.tensor(np.zeros((0, 0), np.float32))), np.float32(1), what="det")
    t.exactly(matrices.det(t.tensor(np.zeros((2, 0, 0), np.float32))), np.ones(2, np.float32), what="det")


def _no_logarithm(t: Trial) -> None:
    """Of a singular matrix the sign is 0, and the logarithm minus infinity."""
    sign, size = matrices.slogdet(t.tensor(np.array([[1, 2], [2, 4]], np.float32)))
    t.exactly(sign, np.float32(0), what="the sign")
    t.exactly(size, np.float32(-np.inf), what="the logarithm")


def matrix(t: Trial, kind: str, dtype: np.dtype, size: tuple[int, ...]) -> np.ndarray:
    """Matrices far from singular; Hermitian and positive definite ones where asked for."""
    host = t.rng.uniform(-1, 1, size)
    if dtype in dt.COMPLEX:
        host = host + 1j * t.rng.uniform(-1, 1, size)
    if kind != "any":
        host = host + np.diag(4.0 + 1.5 * np.arange(size[-1]))
    if kind == "positive":
        host = host @ np.conj(np.swapaxes(host, -1, -2))
    return samples.read_only(host.astype(dtype))


def _near(t: Trial, value: Any, true: Any, dtype: np.dtype, what: str, bound: float = BOUND) -> None:
    true = np.asarray(true)
    host = t.spec(value, true.shape, dtype, what).astype(true.dtype)
    size = max(float(np.max(np.abs(true), initial=0.0)), 1.0)
    t.within(float(np.max(np.abs(host - true), initial=0.0)) / size / eps(dtype), bound, what)


def _widened(host: np.ndarray) -> np.ndarray:
    return host.astype(WIDE_COMPLEX if host.dtype.kind == "c" else WIDE)


def _each(function: Callable[..., Any], host: np.ndarray) -> np.ndarray:
    """A function of one matrix for each of a stack, in longdouble."""
    given = _widened(host).reshape(-1, *host.shape[-2:])
    shape = np.shape(function(_widened(np.eye(*host.shape[-2:], dtype=host.dtype))))
    return np.reshape(np.array([function(one) for one in given], given.dtype), (*host.shape[:-2], *shape))


def _h(host: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(host, -1, -2))


def _unit(host: np.ndarray, size: int) -> np.ndarray:
    return np.broadcast_to(np.eye(size, dtype=WIDE), (*host.shape[:-2], size, size))


def _product(t: Trial, *factors: Any) -> np.ndarray:
    return functools.reduce(
        np.matmul, [_widened(t.host(one) if not isinstance(one, np.ndarray) else one) for one in factors]
    )


def _judge(t: Trial, given: np.ndarray, true: np.ndarray, dtype: np.dtype, what: str) -> None:
    size = max(float(np.max(np.abs(true), initial=0.0)), 1.0)
    t.within(float(np.max(np.abs(given - true), initial=0.0)) / size / eps(dtype), BOUND, what)


def _orthonormal(t: Trial, q: Any, host: np.ndarray, what: str) -> None:
    values = _widened(t.host(q))
    _judge(t, _h(values) @ values, _unit(host, values.shape[-1]), dt.as_dtype(host.dtype), what)


def _cholesky(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    low = factorizations.cholesky(t.tensor(host))
    _near(t, low, _each(wide.cholesky, host), dtype, "the lower factor")
    t.same(bool(np.any(np.triu(t.host(low), 1))), False, "whether anything stands above the diagonal")
    if host.ndim == 2:
        upper = factorizations.cholesky(t.tensor(host), upper=True)
        _near(t, upper, _h(_each(wide.cholesky, host)), dtype, "the upper one")


def _qr(t: Trial, host: np.ndarray) -> None:
    dtype, (rows, columns) = dt.as_dtype(host.dtype), host.shape[-2:]
    modes = {"reduced": min(rows, columns), "complete": rows}
    for mode, inner in (modes if rows > columns or _is_plain(host) else {"reduced": rows}).items():
        q, r = factorizations.qr(t.tensor(host), mode=mode)
        t.spec(q, (*host.shape[:-2], rows, inner), dtype, f"Q of mode {mode}")
        t.spec(r, (*host.shape[:-2], inner, columns), dtype, f"R of mode {mode}")
        _judge(t, _product(t, q, r), _widened(host), dtype, f"Q @ R of mode {mode}")
        _orthonormal(t, q, host, f"Qᴴ @ Q of mode {mode}")
        t.same(bool(np.any(np.tril(t.host(r), -1))), False, f"whether anything stands below the diagonal of R ({mode})")


def _svd(t: Trial, host: np.ndarray) -> None:
    dtype, (rows, columns) = dt.as_dtype(host.dtype), host.shape[-2:]
    short = min(rows, columns)
    for full in (False, True) if rows != columns or _is_plain(host) else (False,):
        u, s, vh = factorizations.svd(t.tensor(host), full_matrices=full)
        t.spec(u, (*host.shape[:-2], rows, rows if full else short), dtype, "U")
        t.spec(vh, (*host.shape[:-2], columns if full else short, columns), dtype, "Vh")
        values = t.spec(s, (*host.shape[:-2], short), dt.real_of(dtype), "S")
        whole = (_widened(t.host(u))[..., :short] * values[..., None, :]) @ _widened(t.host(vh))[..., :short, :]
        _judge(t, whole, _widened(host), dtype, f"U * S @ Vh, full_matrices={full}")
        _orthonormal(t, u, host, "Uᴴ @ U")
        rows_of_v = _widened(t.host(vh))
        _judge(t, rows_of_v @ _h(rows_of_v), _unit(host, rows_of_v.shape[-2]), dtype, "Vh @ V")
        t.same(bool(np.all(np.diff(values) <= 0)), True, "whether S descends")


def _svdvals(t: Trial, host: np.ndarray) -> None:
    short = min(host.shape[-2:])
    s = factorizations.svdvals(t.tensor(host))
    values = _widened(t.spec(s, (*host.shape[:-2], short), dt.real_of(dt.as_dtype(host.dtype)), "the singular values"))
    square = _widened(host) @ _h(_widened(host))
    _judge(
        t, np.sum(values**2, -1), np.trace(square, axis1=-2, axis2=-1).real, dt.as_dtype(host.dtype), "sum of squares"
    )
    fourth = np.trace(square @ square, axis1=-2, axis2=-1).real
    _judge(t, np.sum(values**4, -1), fourth, dt.as_dtype(host.dtype), "sum of fourth powers")
    t.same(bool(np.all(np.diff(values) <= 0)), True, "whether they descend")
    if host.ndim == 2 and 0 < host.size < 100:  # zeros that eigenvalues of a squared matrix lose half their digits of
        flat = np.outer(*(np.arange(1.0, size + 1) for size in host.shape))
        true = np.zeros(short)
        true[0] = np.linalg.norm(flat)
        found = factorizations.svdvals(t.tensor(flat.astype(host.dtype)))
        _near(t, found, true, dt.real_of(dt.as_dtype(host.dtype)), "the singular values of a matrix of rank one")


def _eigh(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    w, v = factorizations.eigh(t.tensor(host))
    values = t.spec(w, host.shape[:-1], dt.real_of(dtype), "the eigenvalues")
    t.spec(v, host.shape, dtype, "the eigenvectors")
    vectors = _widened(t.host(v))
    _judge(t, (vectors * values[..., None, :]) @ _h(vectors), _widened(host), dtype, "V * w @ Vᴴ")
    _orthonormal(t, v, host, "Vᴴ @ V")
    t.same(bool(np.all(np.diff(values) >= 0)), True, "whether the eigenvalues ascend")


def _eigvalsh(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    values = t.spec(factorizations.eigvalsh(t.tensor(host)), host.shape[:-1], dt.real_of(dtype), "the eigenvalues")
    values, power = _widened(np.asarray(values)), _widened(host)
    for n in (1, 2, 3):
        _judge(t, np.sum(values**n, -1), np.trace(power, axis1=-2, axis2=-1).real, dtype, f"the sum of powers {n}")
        power = power @ _widened(host)
    t.same(bool(np.all(np.diff(values) >= 0)), True, "whether they ascend")


def _eig(t: Trial, host: np.ndarray) -> None:
    wanted = dt.complex_of(dt.as_dtype(host.dtype))
    w, v = factorizations.eig(t.tensor(host))
    values = _widened(t.spec(w, host.shape[:-1], wanted, "the eigenvalues"))
    vectors = _widened(t.spec(v, host.shape, wanted, "the eigenvectors"))
    _judge(t, _widened(host) @ vectors, vectors * values[..., None, :], wanted, "A @ V next to V * w")
    _judge(t, np.sum(np.abs(vectors) ** 2, -2), np.ones(host.shape[:-1], WIDE), wanted, "the lengths of the vectors")


def _eigvals(t: Trial, host: np.ndarray) -> None:
    wanted = dt.complex_of(dt.as_dtype(host.dtype))
    values = _widened(t.spec(factorizations.eigvals(t.tensor(host)), host.shape[:-1], wanted, "the eigenvalues"))
    power = _widened(host)
    for n in (1, 2, 3):
        _judge(t, np.sum(values**n, -1), np.trace(power, axis1=-2, axis2=-1), wanted, f"the sum of powers {n}")
        power = power @ _widened(host)


def _inv(t: Trial, host: np.ndarray) -> None:
    _near(t, matrices.inv(t.tensor(host)), _each(wide.inverse, host), dt.as_dtype(host.dtype), "the inverse")


def _solve(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    x = t.tensor(host)
    rows = host.shape[-1]
    right = samples.values("any", dtype, (rows, 2), t.rng)
    true = _each(lambda a: wide.solution(a, _widened(right)), host)
    _near(t, matrices.solve(x, t.tensor(right)), true, dtype, "the solution")
    if dtype is dt.float32 and rows < 10:
        _near(t, matrices.solve(x, t.tensor(right[:, 0].copy())), true[..., 0], dtype, "the solution for one vector")
    if host.ndim > 2 and host.size:
        each = samples.values("any", dtype, (*host.shape[:-2], rows, 2), t.rng)
        pairs = zip(host.reshape(-1, rows, rows), each.reshape(-1, rows, 2), strict=True)
        true = np.array([wide.solution(_widened(a), _widened(b)) for a, b in pairs]).reshape(each.shape)
        _near(t, matrices.solve(x, t.tensor(each)), true, dtype, "the solutions, each for its own right side")


def _pinv(t: Trial, host: np.ndarray) -> None:
    true = _each(wide.pseudo_inverse, host) if host.shape[-2] != host.shape[-1] else None
    found = matrices.pinv(t.tensor(host))
    dtype = dt.as_dtype(host.dtype)
    if true is not None:
        _near(t, found, true, dtype, "the pseudo-inverse", 400.0)
    else:
        _judge(t, _product(t, host, found, host), _widened(host), dtype, "A @ A⁺ @ A")
    scaled = samples.read_only(np.diag([4.0, 2.0, 0.5]).astype(dtype))
    cut = np.diag([0.25, 0.5, 0.0])
    _near(t, matrices.pinv(t.tensor(scaled), rtol=0.25), cut, dtype, "the pseudo-inverse with a tolerance")


def _det(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    true = _each(wide.determinant, host)
    _near(t, matrices.det(t.tensor(host)), true, dtype, "the determinant")
    if host.shape[-1] > 1:
        rows = [1, 0, *range(2, host.shape[-1])]
        _near(t, matrices.det(t.tensor(host[..., rows, :])), -true, dtype, "the determinant, two rows exchanged")


def _slogdet(t: Trial, host: np.ndarray) -> None:
    dtype = dt.as_dtype(host.dtype)
    true = _each(wide.determinant, host)
    sign, size = matrices.slogdet(t.tensor(host))
    _near(t, sign, true / np.abs(true), dtype, "the sign")
    _near(t, size, np.log(np.abs(true)), dt.real_of(dtype), "the logarithm")


NORMS: tuple[tuple[str, Callable[[int], Any], Callable[[int], Any]], ...] = (
    ("backward", lambda n: WIDE(1), lambda n: 1 / WIDE(n)),
    ("ortho", lambda n: 1 / np.sqrt(WIDE(n)), lambda n: 1 / np.sqrt(WIDE(n))),
    ("forward", lambda n: 1 / WIDE(n), lambda n: WIDE(1)),
)
"""``norm``, and by what it scales a transform of length n, and the transform back."""


def _norms(host: np.ndarray) -> tuple[tuple[str, Callable[[int], Any], Callable[[int], Any]], ...]:
    """Each norm for small matrices of single precision, one for others: another one for another size."""
    return NORMS if _is_plain(host) else (NORMS[sum(host.shape) % len(NORMS)],)


def _is_plain(host: np.ndarray) -> bool:
    """Whether every form of a call is tried: for small matrices of single precision."""
    return host.dtype in (dt.float32, dt.complex64) and host.ndim == 2 and host.size < 30


def _fft(t: Trial, host: np.ndarray) -> None:
    wanted, n = dt.complex_of(dt.as_dtype(host.dtype)), host.shape[-1]
    true = _widened(host) @ wide.fourier(n)
    for norm, scale, _ in _norms(host):
        _near(t, fft.fft(t.tensor(host), norm=norm), true * scale(n), wanted, f"the transform, norm={norm}")
        turned = fft.fft(_turned(t, host), axis=-2, norm=norm)
        _near(t, turned, _h(np.conj(true)) * scale(n), wanted, f"the transform along another axis, norm={norm}")
    if not _is_plain(host):
        return
    longer = np.concatenate([host, np.zeros_like(host)], -1)
    _near(t, fft.fft(t.tensor(host), n=2 * n), _widened(longer) @ wide.fourier(2 * n), wanted, "of twice the length")
    if n > 1:
        cut = _widened(host[..., : n - 1]) @ wide.fourier(n - 1)
        _near(t, fft.fft(t.tensor(host), n=n - 1), cut, wanted, "of all but the last")


def _ifft(t: Trial, host: np.ndarray) -> None:
    wanted, n = dt.complex_of(dt.as_dtype(host.dtype)), host.shape[-1]
    true = _widened(host) @ np.conj(wide.fourier(n))
    for norm, _, scale in _norms(host):
        _near(t, fft.ifft(t.tensor(host), norm=norm), true * scale(n), wanted, f"the transform back, norm={norm}")
        turned = fft.ifft(_turned(t, host), axis=-2, norm=norm)
        _near(t, turned, _h(np.conj(true)) * scale(n), wanted, f"along another axis, norm={norm}")


def _rfft(t: Trial, host: np.ndarray) -> None:
    real = samples.read_only(np.ascontiguousarray(np.real(host)))
    wanted, n = dt.complex_of(dt.as_dtype(real.dtype)), host.shape[-1]
    half = (_widened(real) @ wide.fourier(n))[..., : n // 2 + 1]
    for norm, scale, _ in _norms(real):
        _near(t, fft.rfft(t.tensor(real), norm=norm), half * scale(n), wanted, f"the transform, norm={norm}")
        turned = fft.rfft(_turned(t, real), axis=-2, norm=norm)
        _near(t, turned, _h(np.conj(half)) * scale(n), wanted, f"the transform along another axis, norm={norm}")


def _irfft(t: Trial, host: np.ndarray) -> None:
    real = np.ascontiguousarray(np.real(host))
    dtype, n = dt.as_dtype(real.dtype), host.shape[-1]
    half = (_widened(real) @ wide.fourier(n))[..., : n // 2 + 1].astype(dt.complex_of(dtype))
    for norm, _, scale in _norms(real):
        true = _widened(real) * scale(n) * WIDE(n)
        _near(t, fft.irfft(t.tensor(half), n=n, norm=norm), true, dtype, f"the transform back, norm={norm}")
        turned = fft.irfft(_turned(t, half), n=n, axis=-2, norm=norm)
        _near(t, turned, np.swapaxes(true, -1, -2), dtype, f"the transform back along another axis, norm={norm}")


def _turned(t: Trial, host: np.ndarray) -> Any:
    return t.tensor(samples.read_only(np.ascontiguousarray(np.swapaxes(host, -1, -2))))


def _part(t: Trial, host: np.ndarray) -> None:
    """Each result of an op that has several, eagerly and in a compiled program."""
    for function in (factorizations.qr, factorizations.svd):
        x = t.tensor(host)
        program = Compiled(trace(function, Spec(host.shape, dt.as_dtype(host.dtype)), backend=t.backend))
        found = program(x.array)
        for value, array in zip(function(x), found, strict=True):
            mine, other = t.host(value), t.host(Tensor(array, t.backend))
            t.same(other.shape, mine.shape, "the shape in a program")
            _judge(t, _widened(other), _widened(mine), dt.as_dtype(host.dtype), "the result in a program")


CHECKS: dict[str, tuple[str, Check]] = {
    "cholesky": ("positive", _cholesky),
    "qr": ("any", _qr),
    "svd": ("any", _svd),
    "svdvals": ("any", _svdvals),
    "eigh": ("positive", _eigh),
    "eigvalsh": ("positive", _eigvalsh),
    "eig": ("regular", _eig),
    "eigvals": ("regular", _eigvals),
    "inv": ("regular", _inv),
    "solve": ("regular", _solve),
    "pinv": ("any", _pinv),
    "det": ("regular", _det),
    "slogdet": ("regular", _slogdet),
    "fft": ("any", _fft),
    "ifft": ("any", _ifft),
    "rfft": ("any", _rfft),
    "irfft": ("any", _irfft),
    "part": ("regular", _part),
}
"""``op``: the kind of matrix it is defined on, and the check."""

COMPLEX_RESULTS = ("eig", "eigvals", "fft", "ifft", "rfft", "irfft")


def _converted(t: Trial, *, name: str, dtype: np.dtype) -> None:
    """Integers and halves are computed in float32."""
    x = t.tensor(np.array([[2, 1], [1, 3]], dtype))
    function: Any = {"inv": matrices.inv, "svd": factorizations.svd, "eigh": factorizations.eigh, "fft": fft.fft}[name]
    found = function(x)
    first = found[1] if name == "svd" else found[0] if isinstance(found, tuple) else found
    t.same(first.dtype.name, "complex64" if name == "fft" else "float32", "the dtype")
