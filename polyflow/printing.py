"""How tensors print: TensorFlow's form, with the backend in the repr."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .convert import unless_endless

PLAIN = dict.fromkeys(range(0x2500, 0x2580), "+") | str.maketrans("━─┃│…", "=-||.")
"""The lines that tables are drawn with, and how they are written in ASCII."""


def print_drawn(text: str) -> None:
    """Print a table on standard output, in plain ASCII where its encoding has no lines to draw with.

    A file on Windows, or a terminal without a locale, is such an output.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    print(text)


def _values(value: Any) -> str:
    host = np.asarray(value.numpy())
    if host.dtype.kind == "V":
        host = host.astype(np.float32)  # bfloat16: NumPy has no format for it
    return str(host)


def print_values(*inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n") -> None:
    """Print values as `tf.print` does, on standard error: tensors as their values alone, shortened.

    Args:
        *inputs: tensors, nested containers of them, and anything else, which is printed as it is.
        output_stream: where to print; a file, or "file://NAME" for one to be appended to.
        summarize: how many elements to show at each end of an axis; -1 for all.
        sep: what stands between the inputs.
        end: what stands at the end.

    Raises:
        TraceError: for a tensor of a function that is being traced, whose values are not known yet.
    """
    with unless_endless():
        text = sep.join(_plain(one, summarize) for one in inputs) + end
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        with open(output_stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)
        return
    stream: Any = sys.stderr if output_stream is None else output_stream
    stream.write(text)
    stream.flush()


def _plain(value: Any, summarize: int) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_plain(one, summarize)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_plain(one, summarize) for one in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if not hasattr(value, "numpy"):
        return str(value)
    host = np.asarray(value.numpy())
    host = host.astype(np.float32) if host.dtype.kind == "V" else host
    most = np.iinfo(np.int64).max if summarize < 0 else 2 * summarize * max(host.ndim, 1)
    with np.printoptions(threshold=most, edgeitems=max(summarize, 0), floatmode="maxprec"):
        return str(host).replace(".]", "]").replace(". ", " ") if host.dtype.kind == "f" else str(host)


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
    text = repr(host) if host.shape else str(host)
    return f"numpy={text}" if "\n" not in text else f"numpy=\n{text}"
