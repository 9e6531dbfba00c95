"""Attributes of an op that come again: checked once and kept, with the op's kernel for them on each backend.

What a user gives for an attribute is a key where it is *plain*: an integer, a boolean, None, a name, a dtype, a tuple
of integers. Keys are told apart by type too, for True and 1.0 are equal to 1 and may be no axis; floats are no keys,
since -0.0 equals 0.0. Whatever is not plain is bound anew for each call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ..dtypes import ALL
from .looked import first

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

    from .declare import Op

MANY = 1024
"""So many combinations of attributes are kept for each op; of more, those used last."""

PLAIN = frozenset({int, bool, str, type, type(None), *map(type, ALL)})
"""The types of plain values, besides tuples of integers."""


class Attrs(dict[str, Any]):
    """Attributes in their one form, to be used any number of times and never changed.

    Attributes:
        kernels: the op's kernel on each backend with these attributes filled in (see `FilledKernels`).
    """

    __slots__ = ("kernels",)

    def __init__(self, op: Op, attrs: dict[str, Any]) -> None:
        super().__init__(attrs)
        self.kernels = FilledKernels(op, self)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


class FilledKernels(dict[Any, Callable[..., Any] | None]):
    """On each backend an op's kernel in its quickest form, for arrays alone; None where there is no such form.

    A kernel may have an attribute ``given``: a function of the attributes that returns the kernel for them.
    """

    __slots__ = ("attrs", "op")

    def __init__(self, op: Op, attrs: dict[str, Any]) -> None:
        self.op, self.attrs = op, attrs

    def __missing__(self, backend: Any) -> Callable[..., Any] | None:
        op = self.op
        kernel = quick = op.quick.form(backend)
        if quick is not None:
            given = getattr(op.kernels[backend], "given", None)
            kernel = partial(quick, **self.attrs) if given is None else given(**self.attrs)
            return first(op, backend, kernel, self)
        self[backend] = kernel
        return kernel


def known(op: Op) -> _lru_cache_wrapper[Attrs]:
    """`Op.bind` for plain values, by place or by name: each combination once. What is wrong raises every time."""
    return lru_cache(MANY, typed=True)(lambda *given, **named: Attrs(op, op.bind(given, named)))


def are_integers(value: Any) -> bool:
    """Whether this is a tuple of Python integers."""
    if value.__class__ is not tuple:
        return False
    for part in value:  # noqa: SIM110  (half the time that `all` takes)
        if part.__class__ is not int:
            return False
    return True
