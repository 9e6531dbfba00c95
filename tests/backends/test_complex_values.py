"""Special values of complex functions: C99's Annex G and the array API standard, where libraries differ.

The expected values are written down; "?" leaves the sign of a part open.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyflow.ops.declare import OPS

INF, NAN, PI = math.inf, math.nan, math.pi

VALUES: dict[str, list[tuple[complex, complex, str]]] = {
    "exp": [
        (complex(0.0, 0.0), complex(1, 0), ""), (complex(-0.0, 0.0), complex(1, 0), ""),
        (complex(1, INF), complex(NAN, NAN), ""), (complex(INF, 0.0), complex(INF, 0), ""),
        (complex(-INF, INF), complex(0, 0), "both"), (complex(INF, INF), complex(INF, NAN), "real"),
        (complex(-INF, NAN), complex(0, 0), "both"), (complex(INF, NAN), complex(INF, NAN), "real"),
        (complex(NAN, 0.0), complex(NAN, 0), ""), (complex(NAN, 1), complex(NAN, NAN), ""),
    ],
    "expm1": [
        (complex(0.0, 0.0), complex(0, 0), ""), (complex(-0.0, 0.0), complex(0, 0), ""),
        (complex(2, INF), complex(NAN, NAN), ""), (complex(INF, 0.0), complex(INF, 0), ""),
        (complex(-INF, INF), complex(-1, 0), "imag"), (complex(INF, INF), complex(INF, NAN), "real"),
        (complex(-INF, NAN), complex(-1, 0), "imag"), (complex(INF, NAN), complex(INF, NAN), "real"),
        (complex(NAN, 0.0), complex(NAN, 0), ""), (complex(-INF, 1), complex(-1, 0), "imag"),
    ],
    "sinh": [
        (complex(0.0, 0.0), complex(0, 0), ""), (complex(0.0, INF), complex(0, NAN), "real"),
        (complex(0.0, NAN), complex(0, NAN), "real"), (complex(INF, 0.0), complex(INF, 0), ""),
        (complex(INF, INF), complex(INF, NAN), "real"), (complex(INF, NAN), complex(INF, NAN), "real"),
        (complex(NAN, 0.0), complex(NAN, 0), ""), (complex(1, INF), complex(NAN, NAN), ""),
        (complex(INF, 1), complex(INF, INF), ""), (complex(-INF, 0.0), complex(-INF, 0), ""),
    ],
    "cosh": [
        (complex(0.0, 0.0), complex(1, 0), ""), (complex(0.0, INF), complex(NAN, 0), "imag"),
        (complex(0.0, NAN), complex(NAN, 0), "imag"), (complex(INF, 0.0), complex(INF, 0), ""),
        (complex(INF, INF), complex(INF, NAN), "real"), (complex(INF, NAN), complex(INF, NAN), ""),
        (complex(NAN, 0.0), complex(NAN, 0), "imag"), (complex(NAN, -0.0), complex(NAN, 0), "imag"),
        (complex(INF, 1), complex(INF, INF), ""), (complex(-INF, 0.0), complex(INF, -0.0), ""),
    ],
    "tanh": [
        (complex(0.0, 0.0), complex(0, 0), ""), (complex(2, INF), complex(NAN, NAN), ""),
        (complex(0.0, INF), complex(0, NAN), ""), (complex(0.0, NAN), complex(0, NAN), ""),
        (complex(INF, 2), complex(1, 0), ""), (complex(INF, INF), complex(1, 0), "imag"),
        (complex(INF, NAN), complex(1, 0), "imag"), (complex(NAN, 0.0), complex(NAN, 0), ""),
        (complex(-INF, 2), complex(-1, 0), ""), (complex(NAN, 1), complex(NAN, NAN), ""),
    ],
    "log2": [
        (complex(0.0, 0.0), complex(-INF, 0), ""), (complex(0.0, -0.0), complex(-INF, -0.0), ""),
        (complex(-0.0, 0.0), complex(-INF, PI / math.log(2)), ""),
        (complex(-INF, 0.0), complex(INF, PI / math.log(2)), ""),
    ],
    "log10": [
        (complex(0.0, 0.0), complex(-INF, 0), ""), (complex(0.0, -0.0), complex(-INF, -0.0), ""),
        (complex(-0.0, 0.0), complex(-INF, PI / math.log(10)), ""),
        (complex(-INF, 0.0), complex(INF, PI / math.log(10)), ""),
    ],
    "sqrt": [
        (complex(-0.0, 0.0), complex(0, 0), ""), (complex(1, INF), complex(INF, INF), ""),
        (complex(INF, NAN), complex(INF, NAN), ""), (complex(-INF, NAN), complex(NAN, INF), "imag"),
        (complex(-INF, 1), complex(0, INF), ""), (complex(NAN, 1), complex(NAN, NAN), ""),
        (complex(NAN, INF), complex(INF, INF), ""),
    ],
    "acos": [
        (complex(0.0, 0.0), complex(PI / 2, -0.0), ""), (complex(0.0, NAN), complex(PI / 2, NAN), ""),
        (complex(-0.0, NAN), complex(PI / 2, NAN), ""),
    ],
    "acosh": [(complex(0.0, 0.0), complex(0, PI / 2), ""), (complex(0.0, NAN), complex(NAN, PI / 2), "imag")],
    "asin": [
        (complex(0.0, 0.0), complex(0, 0), ""), (complex(0.0, NAN), complex(0, NAN), ""),
        (complex(-0.0, NAN), complex(-0.0, NAN), ""), (complex(1, NAN), complex(NAN, NAN), ""),
    ],
    "atan": [
        (complex(0.0, 0.0), complex(0, 0), ""), (complex(0.0, NAN), complex(NAN, NAN), ""),
        (complex(1, NAN), complex(NAN, NAN), ""), (complex(INF, NAN), complex(PI / 2, 0), "imag"),
        (complex(NAN, 0.0), complex(NAN, 0), ""), (complex(NAN, 1), complex(NAN, NAN), ""),
        (complex(NAN, INF), complex(NAN, 0), ""), (complex(NAN, NAN), complex(NAN, NAN), ""),
        (complex(1, 0.0), complex(PI / 4, 0), ""), (complex(INF, 1), complex(PI / 2, 0), ""),
    ],
    "asinh": [
        (complex(NAN, 0.0), complex(NAN, 0), ""), (complex(0.0, 0.0), complex(0, 0), ""),
        (complex(NAN, 1e30), complex(NAN, NAN), ""), (complex(NAN, INF), complex(INF, NAN), "real"),
    ],
    "atanh": [
        (complex(0.0, NAN), complex(0, NAN), ""), (complex(0.5, NAN), complex(NAN, NAN), ""),
        (complex(INF, NAN), complex(0, NAN), ""), (complex(NAN, 1), complex(NAN, NAN), ""),
        (complex(NAN, NAN), complex(NAN, NAN), ""), (complex(0.0, 0.0), complex(0, 0), ""),
    ],
    "sign": [
        (complex(a, b), complex(0, 0), "") for a in (0.0, -0.0) for b in (0.0, -0.0)
    ],
}  # fmt: skip


def same(got: float, expected: float, free: bool) -> bool:
    if math.isnan(expected):
        return math.isnan(got)
    if free:
        return abs(got) == pytest.approx(abs(expected), rel=1e-6)
    return got == pytest.approx(expected, rel=1e-6) and math.copysign(1, got) == math.copysign(1, expected)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("which", ["numpy", "jax"])
def test_special_values(which, name, dtype, request):
    """And those of the conjugates, which are the conjugates of the values."""
    backend = request.getfixturevalue(which)
    kernel = backend.kernel(OPS[name])
    for z, expected, free in VALUES[name]:
        for flipped in (False, True)[: 1 if name in ("sign", "expm1") else 2]:
            given, wanted = (z.conjugate(), expected.conjugate()) if flipped else (z, expected)
            got = complex(backend.to_numpy(kernel(backend.asarray(np.array([given], dtype))))[0])
            assert same(got.real, wanted.real, free in ("real", "both")), (given, got, wanted)
            assert same(got.imag, wanted.imag, free in ("imag", "both")), (given, got, wanted)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", ["sqrt", "acos", "acosh", "asin", "asinh", "atan", "atanh"])
@pytest.mark.parametrize("which", ["numpy", "jax"])
def test_signs_of_zeros_choose_the_side_of_a_cut(which, name, dtype, request):
    """A function of a conjugate is the conjugate, and of the opposite the opposite where it is odd."""
    backend = request.getfixturevalue(which)
    kernel = backend.kernel(OPS[name])
    parts = [0.0, -0.0, 0.5, -1.0, 1.0, -2.0, 2.0, 1e30, -1e30, INF, -INF]
    z = np.array([complex(x, y) for x in parts for y in parts], dtype)

    def parts_of(z):
        return backend.to_numpy(kernel(backend.asarray(z))).view(np.finfo(dtype).dtype).reshape(-1, 2)

    def equal(got, expected):
        np.testing.assert_allclose(got, expected, rtol=1e-6)
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])

    equal(parts_of(z.conj()), parts_of(z) * np.array([1, -1], np.finfo(dtype).dtype))
    if name in ("asin", "asinh", "atan", "atanh"):
        equal(parts_of(-z), -parts_of(z))
