"""polyflow: one array-and-training program, unchanged, on any array library.

    import polyflow as pf            # or, for TensorFlow's newcomers: import polyflow as tf

    x = pf.constant([[1.0, 2.0], [3.0, 4.0]])
    print(x @ x)

The backend is chosen by ``POLYFLOW_BACKEND``, `set_backend` or ``with use_backend(...)``; NumPy is the default.
"""

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
from .tensor import Tensor, asarray, tensor
from .variable import Variable

__version__ = "0.1.0"
