"""Variables that no model trains: the state of metrics and optimizers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from . import dtypes as dt
from .convert import held
from .tensor import Operators, Tensor
from .variable import Variable


def state_variable(
    shape: Any = (),
    initializer: Any = "zeros",
    dtype: Any = None,
    name: str | None = None,
    *,
    path: str | None = None,
    backend: Any = None,
) -> Variable:
    """A variable that is not trainable, made on the host so that it may be made while a step is traced.

    Args:
        shape: its shape.
        initializer: ``"zeros"``, ``"ones"``, a number, or whatever `polyflow.initializers.get` takes.
        dtype: its dtype; float32 if left out.
        name: its name.
        path: its name among all variables.
        backend: where it lies; the current backend if left out.
    """
    target = dt.as_dtype(dtype or dt.DEFAULT_FLOAT)
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if hasattr(initializer, "item"):  # a number of NumPy's, or a tensor of one
        initializer = initializer.item()
    if initializer in (None, "zeros", "ones") or isinstance(initializer, (int, float)):
        number = {None: 0, "zeros": 0, "ones": 1}.get(initializer, initializer)
        value = np.full(sizes, held(number, target), target)
    else:
        from . import initializers

        made = initializers.get(initializer)(sizes, dtype=target)
        value = made.numpy() if isinstance(made, Operators) else np.asarray(made)
    variable = Variable(value, False, target, name, backend=backend)
    variable.path = path or variable.name
    return variable


def reset(variable: Variable) -> None:
    """Set every element to 0."""
    variable.assign(_zeros(variable.backend, variable.shape, variable.dtype))


@lru_cache(maxsize=64)
def _zeros(backend: Any, shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    """Zeros to assign again and again: making them costs more than assigning them."""
    return Tensor(backend.asarray(np.zeros(shape, dtype)), backend)
