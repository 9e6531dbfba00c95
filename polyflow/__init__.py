"""polyflow: one array-and-training program, unchanged, on any array library.

    import polyflow as pf            # or, for TensorFlow's newcomers: import polyflow as tf

    x = pf.constant([[1.0, 2.0], [3.0, 4.0]])
    print(x @ x)

The backend is chosen by ``POLYFLOW_BACKEND``, `set_backend` or ``with use_backend(...)``; NumPy is the default.
"""

from typing import Any as _Any

from . import errors, testing
from .backend.selection import set_backend, use_backend
from .dtypes import (
    bfloat16,
    bool_,
    can_cast,
    complex64,
    complex128,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .flow.function import function
from .flow.gradient_tape import GradientTape
from .flow.transforms import (
    custom_gradient,
    grad,
    hessian,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)
from .names import (
    add_n,
    argmax,
    argmin,
    argsort,
    boolean_mask,
    cast,
    clip_by_value,
    concat,
    constant,
    convert_to_tensor,
    cumprod,
    cumsum,
    expand_dims,
    eye,
    fill,
    full,
    gather,
    is_tensor,
    linspace,
    matmul,
    norm,
    one_hot,
    ones,
    ones_like,
    pad,
    range,  # noqa: A004 - TensorFlow's name
    rank,
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
    repeat,
    reshape,
    reverse,
    roll,
    scatter_nd,
    shape,
    size,
    sort,
    split,
    squeeze,
    stack,
    tensordot,
    tile,
    transpose,
    unstack,
    where,
    zeros,
    zeros_like,
)
from .ops.creation import arange, full_like
from .ops.elementwise import (
    abs,  # noqa: A004 - the array API standard's names
    acos,
    acosh,
    add,
    asin,
    asinh,
    astype,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    clip,
    conj,
    copysign,
    cos,
    cosh,
    divide,
    equal,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    hypot,
    identity,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    not_equal,
    positive,
    pow,  # noqa: A004
    real,
    reciprocal,
    remainder,
    round,  # noqa: A004
    rsqrt,
    saturate_cast,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
)
from .ops.indexing import index_add, index_set, nonzero, take, take_along_axis
from .ops.linalg import diagonal, einsum, outer, trace, vecdot
from .ops.nn import sigmoid
from .ops.reduction import (
    all,  # noqa: A004
    any,  # noqa: A004
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    logsumexp,
    max,  # noqa: A004
    mean,
    min,  # noqa: A004
    prod,
    searchsorted,
    std,
    sum,  # noqa: A004
    var,
)
from .ops.shape import (
    broadcast_arrays,
    broadcast_to,
    diff,
    flip,
    matrix_transpose,
    meshgrid,
    moveaxis,
    permute_dims,
    swapaxes,
    tril,
    triu,
)
from .tensor import Tensor, asarray, tensor
from .variable import Variable

__version__ = "0.1.0"

MODULES = (
    "activations",
    "array_api",
    "callbacks",
    "data",
    "datasets",
    "initializers",
    "keras",
    "layers",
    "linalg",
    "losses",
    "math",
    "metrics",
    "models",
    "nn",
    "optimizers",
    "random",
)
"""Submodules that are imported when they are first used."""

_ALSO = {
    "Sequential": ("models", "Sequential"),
    "Model": ("models", "Model"),
}


def __getattr__(name: str) -> _Any:
    import importlib

    if name in MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _ALSO:
        module, attribute = _ALSO[name]
        return getattr(importlib.import_module(f".{module}", __name__), attribute)
    if name == "bool":  # the dtype; not bound above, so that the builtin stays itself in this file
        return bool_
    raise AttributeError(_missing(name))


def _missing(name: str) -> str:
    near = errors.nearest(name, [*globals(), *MODULES])
    return f"polyflow has no {name!r}." + (f" Did you mean {' or '.join(map(repr, near))}?" if near else "")


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES, *_ALSO})
