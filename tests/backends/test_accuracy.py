"""Error bounds against more digits: 4 ulp for elementary functions, and what is stated for sums and products."""

from __future__ import annotations

import numpy as np
import pytest
from comparing import EPS

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.ops.declare import OPS

DOMAIN = {
    "exp": "all", "expm1": "all", "log": "positive", "log1p": "above -1", "log2": "positive", "log10": "positive",
    "sin": "angle", "cos": "angle", "tan": "angle", "asin": "unit", "acos": "unit", "atan": "all", "sinh": "all",
    "cosh": "all", "tanh": "all", "asinh": "all", "acosh": "above 1", "atanh": "unit", "reciprocal": "all",
    "sqrt": "positive", "rsqrt": "positive", "softplus": "all", "sigmoid": "all",
}  # fmt: skip
TRUE = {
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
COUNT = 15_000


def points(domain: str, dtype: np.dtype) -> np.ndarray:
    """Points of a domain: spread evenly, spread over all magnitudes, and close to where functions are small."""
    rng = np.random.default_rng(7)
    limits = np.finfo(dtype)
    low, high = np.log10(float(limits.tiny)), np.log10(float(limits.max))
    even, tiny = rng.uniform(-1, 1, COUNT), 10 ** rng.uniform(low, 0, COUNT)
    sign = rng.choice([-1, 1], COUNT)
    huge = 10 ** rng.uniform(0, high, COUNT)
    largest = np.log(float(limits.max))
    if domain == "all":
        parts = [even, 10 * even, largest * even, largest * (1 - 0.005 * abs(even)) * sign, tiny * sign, huge * sign]
    elif domain == "positive":
        parts = [5 + 5 * even, 1 + 0.5 * even, tiny, huge]
    elif domain == "above -1":
        parts = [0.999 * even, tiny * sign * 0.99, huge, -1 + 10 ** rng.uniform(-6, 0, COUNT)]
    elif domain == "angle":
        parts = [10 * even, even, tiny * sign, 10 ** rng.uniform(0, 4, COUNT) * sign]
    elif domain == "unit":
        parts = [0.9999 * even, tiny * sign, (1 - 10 ** rng.uniform(-6, 0, COUNT)) * sign]
    else:
        parts = [6 + 5 * even, 1 + 10 ** rng.uniform(-6, 0, COUNT), huge]
    return np.concatenate(parts).astype(dtype)


def run(backend, name, *arrays, **attrs):
    return backend.to_numpy(backend.kernel(OPS[name])(*[backend.asarray(a) for a in arrays], **attrs))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", sorted(DOMAIN))
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_elementary_functions_lie_within_4_ulp(library, name, dtype, request):
    """Of the value in 80 bits."""
    if np.finfo(np.longdouble).nmant < 60:
        pytest.skip("this machine has no wider float to compare with")
    backend = request.getfixturevalue(library)
    x = points(DOMAIN[name], np.dtype(dtype))
    with np.errstate(all="ignore"):
        wide = x.astype(np.longdouble)
        true = TRUE.get(name, getattr(np, name, None))(wide)
        got, rounded = run(backend, name, x), true.astype(dtype)
        normal = np.isfinite(rounded) & (np.abs(rounded) >= np.finfo(dtype).tiny)
        error = np.abs(got - true) / np.spacing(np.abs(rounded)).astype(np.longdouble)
    assert normal.mean() > 0.5
    worst = int(np.where(normal, error, 0).argmax())
    assert error[worst] <= 4, f"{name}({x[worst]!r}) = {got[worst]!r}, {error[worst]:.1f} ulp from {true[worst]!r}"
    infinite = np.isinf(rounded)
    np.testing.assert_array_equal(got[infinite], rounded[infinite])


def test_the_arctangent_of_a_few_numbers_lies_within_4_ulp(jax):
    """XLA computes arrays of a few elements in another way, which is off by 5 ulp around 1e-3."""
    x = (10 ** np.random.default_rng(3).uniform(-5, 1, (200, 12))).astype(np.float32)
    got = np.concatenate([run(jax, "atan", row) for row in x])
    true = np.arctan(x.ravel().astype(np.longdouble))
    assert (abs(got - true) / np.spacing(abs(true).astype(np.float32))).max() <= 4


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("count", [10, 320, 1000])
def test_the_exponential_of_a_few_numbers_is_the_same_alone_and_in_a_graph(jax, count, dtype):
    """As an op of its own it is made in another way."""
    rng = np.random.default_rng(11)
    known = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 88, 88.0001, 88.72, 88.73, 89, -87.33, -104, -300])
    x = np.concatenate([known, rng.uniform(-110, 90, 8000), rng.uniform(87.9, 88.8, 4000), rng.normal(size=3987)])
    compiled = pf.function(pf.exp)
    for row in x.reshape(-1, count):
        one = pf.tensor(row, dtype, backend=jax)
        np.testing.assert_array_equal(*[each.numpy().astype(float) for each in (pf.exp(one), compiled(one))])


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", [name for name, domain in DOMAIN.items() if domain not in ("all", "angle")])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_outside_their_domain_functions_are_nan(library, name, dtype, request):
    """However far outside."""
    limit = {"positive": 0.0, "above -1": -1.0, "above 1": 1.0, "unit": -1.0}[DOMAIN[name]]
    x = limit - 10 ** np.linspace(-5, 38 if dtype is np.float32 else 308, 400)
    x = np.concatenate([x, -x]) if DOMAIN[name] == "unit" else x
    assert np.isnan(run(request.getfixturevalue(library), name, x.astype(dtype))).all()


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_error_functions_hold_their_bound_in_float64(library, name, request):
    """Within 4 ulp; narrower floats are rounded once from this."""
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: pip install 'polyflow-core[test]'")
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, 300) * (1 if name == "erfinv" else 5)
    x = np.concatenate([x, 10 ** rng.uniform(-12, 0, 100) * rng.choice([-1, 1], 100), rng.uniform(0.8, 0.9, 100)])
    if name == "erfc":
        x = np.concatenate([x, rng.uniform(0.8, 3, 500), rng.uniform(5, 26.5, 300)])
    if name == "erfinv":
        x = np.concatenate([x, 1 - 10 ** rng.uniform(-16, -1, 100)])
    got = run(request.getfixturevalue(library), name, x)
    with mpmath.workprec(120):
        for given, value in zip(x, got, strict=True):
            true = getattr(mpmath, name)(mpmath.mpf(float(given)))
            assert abs(mpmath.mpf(float(value)) - true) <= 4 * mpmath.mpf(float(np.spacing(abs(value)))), given


@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_complex_logarithms_keep_their_digits_near_1(library, request):
    """Where the real part of the logarithm is small."""
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: pip install 'polyflow-core[test]'")
    rng = np.random.default_rng(3)
    angle, distance = rng.uniform(-3, 3, 200), 10 ** rng.uniform(-9, -1, 200)
    z = np.exp(1j * angle) * (1 + distance * rng.choice([-1, 1], 200))
    for name, argument, true in (
        ("log", z, mpmath.log),
        ("log1p", distance * z, lambda w: mpmath.log(1 + w)),
        ("log2", z, lambda w: mpmath.log(w, 2)),
        ("log10", z, mpmath.log10),
    ):
        got = run(request.getfixturevalue(library), name, argument)
        with mpmath.workprec(160):
            for given, value in zip(argument, got, strict=True):
                expected = true(mpmath.mpc(complex(given)))
                assert abs(mpmath.mpc(complex(value)) - expected) <= 8 * 2.0**-52 * abs(expected), (name, given)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128], ids=["complex64", "complex128"])
@pytest.mark.parametrize("name", ["sinh", "cosh", "tanh", "tan"])
def test_complex_hyperbolic_functions_lie_within_4_ulp_of_the_modulus(name, dtype, jax):
    """On JAX, for small arguments and for large ones; XLA's own lose all digits of a small sinh."""
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: pip install 'polyflow-core[test]'")
    rng = np.random.default_rng(3)
    near, large = rng.normal(size=(2, 200)), 80 if dtype == np.complex64 else 700
    z = np.concatenate(
        [
            (near[0] + 1j * near[1]) * 10 ** rng.uniform(-7, 0, 200),
            rng.uniform(-large, large, 100) + 1j * rng.uniform(-20, 20, 100),
            rng.uniform(-20, 20, 100) + 1j * rng.uniform(-large, large, 100),
        ]
    ).astype(dtype)
    got = run(jax, name, z)
    eps = float(np.finfo(dtype).eps)
    with mpmath.workprec(160):
        for given, value in zip(z, got, strict=True):
            true = getattr(mpmath, name)(mpmath.mpc(complex(given)))
            if abs(true) < np.finfo(dtype).max / 4:
                assert abs(mpmath.mpc(complex(value)) - true) <= 4 * eps * abs(true), given


# Sums --------------------------------------------------------------------------------------------------------------

LAYOUTS = {
    "long leading axis": ((200_000, 2), 0, None),
    "leading axis of a wide matrix": ((3000, 40), 0, None),
    "trailing axis": ((3, 100_000), 1, None),
    "middle axis": ((3, 5000, 7), 1, None),
    "outer and inner axis": ((700, 3, 50), (0, 2), None),
    "all axes": ((50, 60, 70), None, None),
    "all axes of every second row": ((4000, 30), None, lambda x: x[::2]),
    "leading axis of a transposed matrix": ((40, 3000), 0, lambda x: x.T),
    "trailing axis of a transposed matrix": ((3000, 40), 1, lambda x: x.T),
    "leading axis, backwards": ((3000, 20), 0, lambda x: x[::-1, ::-1]),
    "a broadcast row": ((1, 6), 0, lambda x: np.broadcast_to(x, (20_000, 6))),
    "permuted axes": ((30, 40, 50), (0, 2), lambda x: x.transpose(2, 0, 1)),
    "an odd number of rows": ((64 * 64 + 1, 3), 0, None),
    "the rows of a batch": ((32, 10), 0, None),
    "the rows of a large batch": ((128, 40), 0, None),
    "a prime number of rows": ((127, 10), 0, None),
    "a few columns": ((64, 10), 1, None),
}


SUMS = [
    ("numpy", dtype, values)
    for dtype in (np.float32, np.float64, np.float16, dt.bfloat16, np.complex64)
    for values in ("normal", "equal", "one large")
] + [("jax", np.float32, "equal")]  # a program of JAX's is the same for all values


@pytest.mark.parametrize(("library", "dtype", "values"), SUMS, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_sums_and_means_keep_their_bound(library, layout, dtype, values, request):
    """|error| <= 4 eps sum|x| (1 + log2(n) / 8), in any layout; equal values make the errors of a plain loop add up."""
    shape, axis, view = LAYOUTS[layout]
    rng = np.random.default_rng(5)
    x = {
        "normal": rng.normal(size=shape),
        "equal": np.full(shape, 0.1),
        "one large": np.where(rng.random(shape) < 1e-4, 9e3, 0.1),
    }[values]
    x = (x * (0.01 if dtype == np.float16 else 1)).astype(dtype)
    x = x if view is None else view(x)
    backend = request.getfixturevalue(library)
    array = x if library == "numpy" else backend.asarray(x)  # NumPy's layout is part of the test
    exact = np.complex128 if np.dtype(dtype).kind == "c" else np.longdouble
    wide = x.astype(exact)
    part = np.dtype(np.float32) if np.dtype(dtype).kind == "c" else np.dtype(dtype)
    count = x.size // np.sum(wide, axis=axis).size
    limit = 4 * EPS[part] * np.sum(np.abs(wide), axis=axis) * (1 + np.log2(count) / 8)
    for name, divisor in (("sum", 1), ("mean", count)):
        for keepdims in (False, True):
            got = backend.to_numpy(backend.kernel(OPS[name])(array, axis=axis, keepdims=keepdims))
            true = np.sum(wide, axis=axis, keepdims=keepdims) / divisor
            assert got.shape == true.shape
            assert got.dtype == np.dtype(dtype)
            error = np.abs(got.astype(exact) - true) * divisor
            assert (error <= limit.reshape(error.shape)).all(), (
                f"{(error / limit.reshape(error.shape)).max():.2f} of the bound"
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("columns", [2, 10, 40])
def test_sums_of_a_batch_keep_their_bound_where_rounding_is_at_its_worst(columns, dtype, numpy):
    """A one among numbers of half its last digit, all of which a sum of one after the other loses."""
    eps = float(np.finfo(dtype).eps)
    for rows in (8, 20, 32, 64, 100, 128, 200):
        for place in range(0, rows, 7):
            x = np.full((rows, columns), 0.49 * eps, dtype)
            x[place] = 1
            true = x.astype(np.longdouble).sum(0)
            error = np.abs(run(numpy, "sum", x, axis=0, keepdims=False) - true)
            assert (error <= 4 * eps * true * (1 + np.log2(rows) / 8)).all(), (rows, place)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_running_sums_keep_their_bound(library, axis, request):
    """|error| <= n eps sum|x| for each element."""
    x = np.full((2000, 3) if axis == 0 else (3, 2000), 0.1, np.float32)
    got = run(request.getfixturevalue(library), "cumulative_sum", x, axis=axis).astype(np.float64)
    true = np.cumsum(x.astype(np.float64), axis)
    assert (np.abs(got - true) <= 2000 * EPS[dt.float32] * true).all()


# Products ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", dt.FLOATS, ids=str)
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_matrix_products_keep_their_bound(library, dtype, request):
    """|error| <= 4 eps (|A| |B|), the halves too, which are summed in float32."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(70, 300)).astype(dtype), rng.normal(size=(300, 50)).astype(dtype)
    got = run(request.getfixturevalue(library), "matmul", a, b).astype(np.longdouble)
    wide = a.astype(np.longdouble), b.astype(np.longdouble)
    assert (np.abs(got - wide[0] @ wide[1]) <= 4 * EPS[dtype] * (np.abs(wide[0]) @ np.abs(wide[1]))).all()


@pytest.mark.parametrize("dtype", [*dt.SIGNED, *dt.UNSIGNED], ids=str)
@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_integer_matrix_products_are_exact_and_wrap(library, size, dtype, request):
    """Small and large, with the dtype's limits among the numbers."""
    rng = np.random.default_rng(4)
    info = np.iinfo(dtype)
    a, b = (rng.integers(info.min, info.max, (size, size), dtype=dtype, endpoint=True) for _ in range(2))
    a[0, 0], b[0, 0] = info.max, info.min
    small = rng.integers(0, 100, (size, size)).astype(dtype)
    for x, y in ((a, b), (small, small)):
        true = (x.astype(object) @ y.astype(object)) % 2**info.bits
        true = np.where(true > info.max, true - 2**info.bits, true).astype(dtype)
        np.testing.assert_array_equal(run(request.getfixturevalue(library), "matmul", x, y), true)


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv"])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_error_functions_hold_their_bound_in_float32(library, name, request):
    """Within 4 ulp of SciPy's in float64, as far as the result is a normal number."""
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install 'polyflow-core[test]'")
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.uniform(-9, 9, 40_000), rng.normal(size=20_000), 10 ** rng.uniform(-37, 0, 20_000)])
    x = (np.concatenate([np.tanh(x), 1 - abs(x)]) if name == "erfinv" else x).astype(np.float32)
    x = x[abs(x) < 1] if name == "erfinv" else x
    true = getattr(special, name)(x.astype(np.float64))
    got = run(request.getfixturevalue(library), name, x)
    error = abs(got - true) / np.spacing(abs(true).astype(np.float32))
    assert error[abs(true) > np.finfo(np.float32).tiny].max() <= 4


@pytest.mark.parametrize("power", [2.0, 3.0, 4.0, -1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_whole_powers_lie_within_4_ulp(library, dtype, power, request):
    """However they are computed, run alone and compiled."""
    host = points("all", np.dtype(dtype))
    with np.errstate(all="ignore"):
        true = np.power(host.astype(np.longdouble), power)
        spacing = np.spacing(abs(true).astype(dtype)).astype(np.longdouble)
    normal = (abs(true) > np.finfo(dtype).tiny) & (abs(true) < np.finfo(dtype).max)
    x = pf.tensor(host, backend=request.getfixturevalue(library))
    for got in (x**power, pf.function(lambda x: x**power)(x)):
        assert (abs(got.numpy()[normal] - true[normal]) / spacing[normal]).max() <= 4
