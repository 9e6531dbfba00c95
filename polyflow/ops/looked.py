"""Kernels whose first result is looked at, so that one which returns no array is named, and costs nothing later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..backend.nodes import looked_at

if TYPE_CHECKING:
    from .declare import Op


def result(op: Op, backend: Any, found: Any) -> Any:
    """``found``, which a kernel of ``op`` returned; BackendBrokenError where that is no array."""
    return looked_at(op, backend.name, found)


def strangers(op: Op, tensors: Iterable[Any]) -> None:
    """Look at what ``op`` was given, where that seemed to be no tensors of arrays.

    Raises:
        BackendBrokenError: one holds something else, which a kernel has returned that had returned an array before.
    """
    for one in tensors:
        if hasattr(one, "array") and not hasattr(one.array, "dtype"):
            from ..backend.contract import no_argument

            raise no_argument(op, one.backend.name, one.array) from None


def function(found: Any, asked: str, backend: Any, expected: str = "a function of arrays") -> Any:
    """``found``, which a backend gave when it was ``asked``; BackendBrokenError where that cannot be called."""
    if callable(found):
        return found
    from ..backend.contract import no_function  # here, so that importing polyflow does not take the time for it

    raise no_function(asked, backend.name, found, expected)


def outputs(found: Any, count: int, backend: Any) -> Any:
    """``found``, which a compiled program returned; BackendBrokenError where that is no tuple of so many arrays."""
    if isinstance(found, (tuple, list)) and len(found) == count and all(hasattr(one, "dtype") for one in found):
        return found
    from ..backend.contract import no_outputs

    raise no_outputs(backend.name, found, count)


def first(op: Op, backend: Any, kernel: Callable[..., Any], table: dict[Any, Any]) -> Callable[..., Any]:
    """``kernel``, which looks at what it returns until it was an array once; then ``table`` keeps the kernel itself."""

    def run(*arrays: Any, **attrs: Any) -> Any:
        found = result(op, backend, kernel(*arrays, **attrs))
        table[backend] = kernel
        return found

    return run
