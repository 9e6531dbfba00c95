"""What a kernel needs of its library, declared beside it: it runs only where, and for what, the library has that.

    @needs("where", "zeros_like")                 functions of the array namespace ``xp``
    @needs(kernels="astype")                      kernels of the backend, which a subclass may have in its own way
    @needs("real", when=among(dtypes.COMPLEX))    for some calls only

Where something is missing, the op runs as if there were no such kernel: by its decomposition, or on the host, counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .. import dtypes

When = Callable[[Any, tuple[Any, ...], dict[str, Any]], bool]
"""Tells calls apart: ``when(backend, arrays, attrs)``."""

Kernel = Callable[..., Any]
K = TypeVar("K", bound=Kernel)


class Need(NamedTuple):
    """Functions of the namespace and kernels of the backend, for all calls of a kernel or for those it names."""

    functions: tuple[str, ...]
    kernels: tuple[str, ...]
    when: When | None

    def met(self, backend: Any) -> bool:
        """Whether ``backend`` has all of it."""
        return all(hasattr(backend.xp, name) for name in self.functions) and all(
            usable(backend, getattr(backend, name)) for name in self.kernels
        )


def needs(*functions: str, kernels: str | tuple[str, ...] = (), when: When | None = None) -> Callable[[K], K]:
    """Declare what a kernel calls; several declarations of one kernel add up."""
    need = Need(functions, (kernels,) if isinstance(kernels, str) else kernels, when)

    def declare(kernel: K) -> K:
        kernel.polyflow_needs = (*needs_of(kernel), need)  # type: ignore[attr-defined]
        return kernel

    return declare


def needs_of(kernel: Kernel) -> tuple[Need, ...]:
    """What was declared of a kernel; nothing for a library's own function, or a method that needs no more."""
    return getattr(kernel, "polyflow_needs", ())


def usable(backend: Any, kernel: Kernel) -> bool:
    """Whether a backend can run a kernel, if not for every call."""
    return all(need.when is not None or need.met(backend) for need in needs_of(kernel))


def among(kinds: Iterable[np.dtype]) -> When:
    """The calls in which one of the arrays, or the dtype asked for, is of one of these dtypes."""
    held = frozenset(map(dtypes.as_dtype, kinds))

    def when(backend: Any, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> bool:
        return attrs.get("dtype") in held or any(backend.dtype_of(x) in held for x in _single(arrays))

    return when


def _single(arrays: Iterable[Any]) -> Iterator[Any]:
    """The arrays among a kernel's arguments, and those in packed values, the results of a factorization."""
    for x in arrays:
        if isinstance(x, tuple):
            yield from _single(x)
        elif x.__class__ not in dtypes.SCALARS:
            yield x


def divided(backend: Any, kernel: Kernel, other: Kernel, left: Iterable[When]) -> Kernel:
    """A kernel that leaves the calls which one of ``left`` names to ``other``."""
    cases = tuple(left)

    def choose(*arrays: Any, **attrs: Any) -> Any:
        return (other if any(when(backend, arrays, attrs) for when in cases) else kernel)(*arrays, **attrs)

    return choose
