"""Faults of wrong numbers in functions of one element."""

from __future__ import annotations

import numpy as np

from polyflow import dtypes as dt
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring, right

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("values off by one percent", "sin")
class _(NumPyBackend):
    def sin(self, x):
        return (np.sin(x) * 1.01).astype(x.dtype)


@mutant("float64 computed in float32", "log")
class _(NumPyBackend):
    def log(self, x):
        return np.log(x.astype(np.float32)).astype(x.dtype) if x.dtype == np.float64 else np.log(x)


@mutant("float64 made float16 by way of float32, with two roundings", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        near = x.astype(np.float32) if x.dtype == np.float64 and dtype is dt.float16 else x
        return right("astype")(near, dtype=dtype)


@mutant("results rounded to float16", "exp")
class _(NumPyBackend):
    def exp(self, x):
        return np.exp(x).astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else np.exp(x)


@mutant("float16 rounded after each step of a function", "sigmoid")
class _(NumPyBackend):
    def sigmoid(self, x):
        return right("sigmoid")(x) if x.dtype != np.float16 else 1 / (1 + np.exp(-x))


@mutant("a function that loses the smallest numbers by halving them on its way", "asin")
class _(NumPyBackend):
    def asin(self, x):
        half = np.float32(0.5) * x if x.dtype == np.float32 else x
        return np.where(np.abs(half) < np.finfo(np.float32).tiny, 0, np.arcsin(x)).astype(x.dtype)


@mutant("infinity far outside the domain, where there is no number", "acosh")
class _(NumPyBackend):
    def acosh(self, x):
        return np.where(x < -1e6, np.inf, np.arccosh(x)).astype(x.dtype) if x.dtype.kind == "f" else np.arccosh(x)


@mutant("exp(x) - 1 instead of expm1", "expm1")
class _(NumPyBackend):
    def expm1(self, x):
        return np.exp(x) - x.dtype.type(1)


@mutant("log(1 + x) instead of log1p", "log1p")
class _(NumPyBackend):
    def log1p(self, x):
        return np.log(x + x.dtype.type(1))


@mutant("sinh by its defining formula, which cancels near 0", "sinh")
class _(NumPyBackend):
    def sinh(self, x):
        return ((np.exp(x) - np.exp(-x)) / 2).astype(x.dtype)


@mutant("a power of one half instead of a rounded square root", "sqrt")
class _(NumPyBackend):
    def sqrt(self, x):
        return np.exp(np.log(x) * x.dtype.type(0.5))


@mutant("division by way of the reciprocal", "divide")
class _(NumPyBackend):
    def divide(self, x1, x2):
        return x1 * (1 / np.asarray(x2)).astype(np.asarray(x1).dtype)


@mutant("an error function good to seven digits", "erf")
class _(NumPyBackend):
    def erf(self, x):  # Abramowitz and Stegun, 7.1.26
        t = 1 / (1 + 0.3275911 * np.abs(x))
        p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
        return (np.sign(x) * (1 - p * np.exp(-x * x))).astype(x.dtype)


@mutant("halves rounded away from zero", "round")
class _(NumPyBackend):
    def round(self, x):
        return x if x.dtype.kind in "iu" else (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(x.dtype)


@mutant("floor division that truncates", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.trunc(x1 / np.where(np.asarray(x2) == 0, 1, x2)).astype(np.asarray(x1).dtype)


@mutant("-1 for integers divided by zero", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        value = right("floor_divide")(x1, x2)
        return np.where(x2 == 0, -1, value).astype(value.dtype) if value.dtype.kind == "i" else value


@mutant("remainders with the sign of the dividend", "remainder")
class _(NumPyBackend):
    def remainder(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.fmod(x1, x2)


@mutant("infinity // infinity as 1", "floor_divide")
class _(NumPyBackend):
    def floor_divide(self, x1, x2):
        value = right("floor_divide")(x1, x2)
        return np.where(np.isinf(x1) & np.isinf(x2), 1, value).astype(value.dtype)


@mutant("integers that saturate instead of wrapping", "add")
class _(NumPyBackend):
    def add(self, x1, x2):
        if np.asarray(x1).dtype == np.int8:
            return np.clip(x1.astype(np.int16) + x2, -128, 127).astype(np.int8)
        return np.add(x1, x2)


@mutant("0 for an integer to a negative power", "pow")
class _(NumPyBackend):
    def pow(self, x1, x2):
        if np.asarray(x2).dtype.kind == "i":
            return np.where(x2 < 0, 0, np.power(x1, np.maximum(x2, 0))).astype(x1.dtype)
        return np.power(x1, x2)


@mutant("the conjugate of complex numbers left out", "conj")
class _(NumPyBackend):
    def conj(self, x):
        return x


@mutant("the sign of NaN as 0", "sign")
class _(NumPyBackend):
    def sign(self, x):
        return np.sign(np.where(np.isnan(x), 0, x)).astype(x.dtype) if x.dtype.kind == "f" else np.sign(x)


@mutant("NaN dropped from maximum", "maximum")
class _(NumPyBackend):
    def maximum(self, x1, x2):
        return np.fmax(x1, x2)


@mutant("NaN equal to NaN", "equal")
class _(NumPyBackend):
    def equal(self, x1, x2):
        return np.equal(x1, x2) | (np.not_equal(x1, x1) & np.not_equal(x2, x2))


@mutant("comparison results as bytes instead of booleans", "less")
class _(NumPyBackend):
    def less(self, x1, x2):
        return np.less(x1, x2).astype(np.uint8)


@mutant("float16 results left in float32", "tanh")
class _(NumPyBackend):
    def tanh(self, x):
        return np.tanh(x.astype(np.float32)) if x.dtype == np.float16 else np.tanh(x)


@mutant("the branches of where exchanged for scalars", "where")
class _(NumPyBackend):
    def where(self, condition, x1, x2):
        return np.where(condition, x2, x1) if np.ndim(x2) == 0 else np.where(condition, x1, x2)


@mutant("NaN clipped to the lower limit", "clip")
class _(NumPyBackend):
    def clip(self, x, *, min, max):
        value = right("clip")(x, min=min, max=max)
        return np.where(np.isnan(x), 0 if min is None else min, value).astype(x.dtype) if x.dtype.kind == "f" else value


@mutant("floats rounded, not truncated, on the way to integers", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        return right("astype")(np.round(x) if dtype.kind in "iu" and x.dtype.kind == "f" else x, dtype=dtype)


@mutant("a half converted to bool by way of an integer", "astype")
class _(NumPyBackend):
    def astype(self, x, *, dtype):
        if dtype is dt.bool_ and x.dtype.kind == "c":
            return x.real != 0
        return right("astype")(x, dtype=dtype)


@mutant("negative zero filled as zero", "full")
class _(NumPyBackend):
    def full(self, *, shape, fill_value, dtype):
        return np.full(shape, fill_value or 0, dtype)


@mutant("a hypotenuse that overflows", "hypot")
class _(NumPyBackend):
    def hypot(self, x1, x2):
        with np.errstate(all="ignore"):
            return np.sqrt(x1 * x1 + x2 * x2)


@mutant("the sign of an imaginary part of zero forgotten, and with it the side of the cut", "sqrt")
class _(NumPyBackend):
    def sqrt(self, x):
        return right("sqrt")(x + 0.0 if x.dtype.kind == "c" else x)
