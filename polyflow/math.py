"""Mathematical functions under the names of ``tf.math``."""

from builtins import complex as _complex
from math import inf, nan, pi
from typing import Any

from . import (
    abs,
    acos,
    acosh,
    add,
    add_n,
    argmax,
    argmin,
    argsort,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cast,
    ceil,
    conj,
    cos,
    cosh,
    count_nonzero,
    cumprod,
    cumsum,
    divide,
    equal,
    exp,
    expm1,
    float32,
    floor,
    floor_divide,
    greater,
    greater_equal,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    norm,
    not_equal,
    pow,
    real,
    reciprocal,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    remainder,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
    where,
    zeros_like,
)
from .activations import log_sigmoid, log_softmax, softmax, softsign
from .composed.bessel import bessel_i0, bessel_i0e, bessel_i1, bessel_i1e
from .composed.counting import (
    bincount,
    confusion_matrix,
    in_top_k,
    top_k,
)
from .composed.gamma import digamma, lbeta, lgamma
from .composed.names import cumulated
from .composed.segments import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from .dtypes import COMPLEX, INEXACT, INTEGERS
from .incomplete_gamma import igamma, igammac
from .missing import answer
from .ops.creation import alike
from .ops.elementwise import logaddexp
from .ops.nn import softplus
from .ops.rules import normal_axis
from .ops.shape import pad
from .ops.special import erf, erfc, erfinv
from .tensor import Tensor, asarray

floordiv = floor_divide
truediv = divide
rint = round
floormod = mod = remainder
is_nan, is_inf, is_finite = isnan, isinf, isfinite
accumulate_n = add_n


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y`` cut off towards zero, in the dtype of both; integers divided by 0 give 0."""
    x, y = alike(x, y)
    if x.dtype in INTEGERS:
        down = floor_divide(x, y)
        inexact = not_equal(down * y, x)
        return where(logical_and(inexact, logical_xor(x < 0, y < 0)), down + 1, down)
    return trunc(x / y)


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """What `truncatediv` leaves over, with the sign of ``x``: C's ``%``, and ``fmod`` of floats."""
    x, y = alike(x, y)
    if x.dtype in INTEGERS:
        return x - truncatediv(x, y) * y
    rest = remainder(abs(x), abs(y))
    return where(x < 0, -rest, rest)


def cumulative_logsumexp(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The logarithm of the running sum of exponentials along ``axis``, without overflow.

    With ``exclusive`` an element's own exponential is left out; the first is then -inf.
    """
    x = asarray(x)
    return cumulated(_running_logsumexp, x if x.dtype in INEXACT else cast(x, float32), axis, exclusive, reverse)


def _running_logsumexp(x: Tensor, axis: int, include_initial: bool) -> Tensor:
    """Sums of 2, 4, 8 … elements that end at each."""
    place = normal_axis(axis, len(x.shape))

    def after(x: Tensor, count: int) -> Tensor:
        """``count`` times nothing before the elements."""
        return pad(x, [(count if i == place else 0, 0) for i, _ in enumerate(x.shape)], "constant", -inf)

    width = 1
    while width < x.shape[place]:
        earlier = x[(*[slice(None)] * place, slice(None, -width))]
        x, width = logaddexp(x, after(earlier, width)), 2 * width
    return after(x, 1) if include_initial else x


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``, and 0 where ``y`` is 0."""
    x, y = asarray(x), asarray(y)
    nowhere = equal(y, 0)
    return where(nowhere, 0, x / where(nowhere, 1, y))


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * y``, and 0 where ``y`` is 0, even if ``x`` is infinite or NaN."""
    x, y = asarray(x), asarray(y)
    nowhere = equal(y, 0)
    return where(nowhere, 0, where(nowhere, 0, x) * y)


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * log(y)``, and 0 where ``x`` is 0."""
    x, y = asarray(x), asarray(y)
    nowhere = equal(x, 0)
    return where(nowhere, 0, x * log(where(nowhere, 1, y)))


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``, and 0 where ``x`` is 0."""
    x, y = asarray(x), asarray(y)
    nowhere = equal(x, 0)
    return where(nowhere, 0, x / where(nowhere, 1, y))


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x * log(1 + y)``, and 0 where ``x`` is 0."""
    x, y = asarray(x), asarray(y)
    nowhere = equal(x, 0)
    return where(nowhere, 0, x * log1p(where(nowhere, 1, y)))


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """``1 / x``, and 0 where ``x`` is 0."""
    x = asarray(x)
    nowhere = equal(x, 0)
    return where(nowhere, 0, reciprocal(where(nowhere, 1, x)))


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """``scalar * x``."""
    return multiply(scalar, x)


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """The complex numbers with these real and imaginary parts, both of one floating dtype."""
    x, y = asarray(real), asarray(imag)
    endless = where(isnan(y), _complex(0, nan), where(greater(y, 0), _complex(0, inf), _complex(0, -inf)))
    return x + where(isfinite(y), y * 1j, endless)  # infinity times 0 in that product would be NaN


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angle of complex numbers, from -π to π; of real ones 0, or π where they are negative."""
    x = asarray(input)
    return atan2(imag(x), real(x)) if x.dtype in COMPLEX else where(less(x, 0), pi, zeros_like(x))


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether every element, in order, is greater than the one before it."""
    flat = asarray(x).ravel()
    return reduce_all(greater(flat[1:], flat[:-1]))


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether every element, in order, is at least the one before it."""
    flat = asarray(x).ravel()
    return reduce_all(greater_equal(flat[1:], flat[:-1]))


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes a permutation of 0 … n - 1."""
    order = asarray(x)
    return cast(argsort(order), order.dtype)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``(x - y) ** 2``."""
    return square(subtract(x, y))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Tensor:
    """``x`` divided by its Euclidean norm along ``axis``, which counts as at least ``sqrt(epsilon)``."""
    x = asarray(x)
    return x * rsqrt(maximum(reduce_sum(square(x), axis, True), epsilon))


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of elements that are 0."""
    return reduce_mean(cast(equal(asarray(value), 0), float32))


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the sum of squares over ``axis``."""
    return norm(input_tensor, axis=axis, keepdims=keepdims)


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial with these coefficients, that of the highest power first, at ``x``."""
    x = asarray(x)
    result = zeros_like(x)
    for coefficient in coeffs:
        result = result * x + coefficient
    return result


__all__ = [
    "abs",
    "accumulate_n",
    "acos",
    "acosh",
    "add",
    "add_n",
    "angle",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bessel_i0",
    "bessel_i0e",
    "bessel_i1",
    "bessel_i1e",
    "bincount",
    "ceil",
    "complex",
    "confusion_matrix",
    "conj",
    "cos",
    "cosh",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "cumulative_logsumexp",
    "digamma",
    "divide",
    "divide_no_nan",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "expm1",
    "floor",
    "floordiv",
    "floormod",
    "greater",
    "greater_equal",
    "igamma",
    "igammac",
    "imag",
    "in_top_k",
    "invert_permutation",
    "is_finite",
    "is_inf",
    "is_nan",
    "is_non_decreasing",
    "is_strictly_increasing",
    "l2_normalize",
    "lbeta",
    "less",
    "less_equal",
    "lgamma",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "multiply_no_nan",
    "negative",
    "nextafter",
    "not_equal",
    "polyval",
    "pow",
    "real",
    "reciprocal",
    "reciprocal_no_nan",
    "reduce_all",
    "reduce_any",
    "reduce_euclidean_norm",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "rint",
    "round",
    "rsqrt",
    "scalar_mul",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "tan",
    "tanh",
    "top_k",
    "truediv",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
    "xdivy",
    "xlog1py",
    "xlogy",
    "zero_fraction",
]

answer(__name__)
