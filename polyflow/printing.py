"""How tensors print: TensorFlow's form, with the backend in the repr."""

from __future__ import annotations

from typing import Any

import numpy as np


def _values(value: Any) -> str:
    host = np.asarray(value.numpy())
    if host.dtype.kind == "V":
        host = host.astype(np.float32)  # bfloat16: NumPy has no format for it
    return str(host)


def tensor_str(value: Any) -> str:
    """``tf.Tensor([1 2], shape=(2,), dtype=int32)``; matrices start on a line of their own."""
    text = _values(value)
    start = "\n" if "\n" in text else ""
    return f"tf.Tensor({start}{text}, shape={value.shape}, dtype={value.dtype.name})"


def tensor_repr(value: Any) -> str:
    """``<tf.Tensor: shape=(2,), dtype=int32, backend=numpy, numpy=array([1, 2])>``."""
    return f"<tf.Tensor: shape={value.shape}, dtype={value.dtype.name}, backend={value.backend.name}, {_shown(value)}>"


def variable_repr(value: Any) -> str:
    """``<tf.Variable 'W' shape=(2,) dtype=float32, backend=numpy, numpy=array([1., 2.], dtype=float32)>``."""
    return (
        f"<tf.Variable {value.name!r} shape={value.shape} dtype={value.dtype.name}, "
        f"backend={value.backend.name}, {_shown(value)}>"
    )


def _shown(value: Any) -> str:
    host = np.asarray(value.numpy())
    if host.dtype.kind == "V":
        host = host.astype(np.float32)
    text = repr(host) if host.shape else str(host.item())
    return f"numpy={text}" if "\n" not in text else f"numpy=\n{text}"
