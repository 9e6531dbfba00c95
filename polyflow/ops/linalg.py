"""Products of matrices and tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes as dt
from ..errors import ShapeError
from . import call
from .declare import gradient, op
from .elementwise import conj, multiply
from .reduction import sum
from .reference import widened
from .rules import Rule, Spec, broadcast, common, direct, normal_axes, normal_axis
from .shape import broadcast_to, expand_dims, matrix_transpose, moveaxis, permute_dims, reshape


def _matmul_shape(x1: Spec, x2: Spec) -> Spec:
    a, b = x1.shape, x2.shape
    if not a or not b:
        raise ShapeError(f"matmul needs at least one axis in each tensor; got shapes {a} and {b}. Use * for scalars.")
    left, right = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    if left[-1] != right[-2]:
        raise ShapeError(
            f"matmul of shapes {a} and {b} does not fit: {left[-1]} columns meet {right[-2]} rows. "
            "Expected the last axis of the first to equal the last but one of the second."
        )
    shape = (
        *broadcast(left[:-2], right[:-2]),
        *(left[-2:-1] if len(a) > 1 else ()),
        *(right[-1:] if len(b) > 1 else ()),
    )
    return Spec(shape, x1.dtype)


@op(Rule(common("numeric"), _matmul_shape, direct("numeric")))
@widened
def matmul(x1, x2, /):
    """The matrix product over the last two axes; earlier axes broadcast. Vectors count as one row, or one column."""
    return np.matmul(x1, x2)


def _columns(x: Any) -> Any:
    return conj(x) if len(x.shape) == 1 else conj(matrix_transpose(x))


def _matmul_left(g, y, a, b):
    if len(b.shape) == 1:
        return expand_dims(g, -1) * conj(b) if len(a.shape) > 1 else g * conj(b)
    if len(a.shape) == 1:
        return matmul(expand_dims(g, -2), _columns(b))[..., 0, :]
    return matmul(g, _columns(b))


def _matmul_right(g, y, a, b):
    if len(a.shape) == 1:
        return expand_dims(conj(a), -1) * expand_dims(g, -2) if len(b.shape) > 1 else g * conj(a)
    if len(b.shape) == 1:
        return matmul(_columns(a), expand_dims(g, -1))[..., 0]
    return matmul(_columns(a), g)


gradient(matmul, _matmul_left, _matmul_right)


def outer(x1: Any, x2: Any, /) -> Any:
    """The product of every element of one vector with every element of another, of shape (m, n)."""
    x1, x2 = call.operand(x1), call.operand(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ShapeError(f"outer needs two vectors; got shapes {x1.shape} and {x2.shape}.")
    return expand_dims(x1, -1) * expand_dims(x2, 0)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The sum over ``axis`` of ``conj(x1) * x2``."""
    x1, x2 = call.operand(x1), call.operand(x2)
    if x1.shape[normal_axis(axis, len(x1.shape))] != x2.shape[normal_axis(axis, len(x2.shape))]:
        raise ShapeError(f"vecdot needs equal sizes on axis {axis}; got shapes {x1.shape} and {x2.shape}.")
    products = conj(moveaxis(x1, axis, -1)) * moveaxis(x2, axis, -1)
    return sum(products, -1, dtype=products.dtype)


def tensordot(x1: Any, x2: Any, /, *, axes: int | Sequence[Sequence[int]] = 2) -> Any:
    """The product summed over the last ``axes`` axes of ``x1`` and the first of ``x2``, or over two lists of axes."""
    x1, x2 = call.operand(x1), call.operand(x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(x1.shape), len(x2.shape)):
            raise ShapeError(f"tensordot over {axes} axes does not fit shapes {x1.shape} and {x2.shape}.")
        first, second = tuple(range(len(x1.shape) - axes, len(x1.shape))), tuple(range(axes))
    else:
        parts = [(part,) if isinstance(part, int) else tuple(part) for part in axes]
        if len(parts) != 2:
            raise ValueError(f"tensordot needs how many axes, or a list of axes for each tensor; got axes={axes!r}.")
        first, second = (normal_axes(part, len(x.shape)) for part, x in zip(parts, (x1, x2), strict=True))
    contracted = [x1.shape[i] for i in first]
    if contracted != [x2.shape[i] for i in second]:
        raise ShapeError(
            f"tensordot: axes {first} of shape {x1.shape} and {second} of shape {x2.shape} differ in size."
        )
    ndim = len(x1.shape)
    shared = dict(zip(second, first, strict=True))
    a, b = range(ndim), [shared.get(i, ndim + i) for i in range(len(x2.shape))]
    terms = ["".join(map(_letter, term)) for term in (a, b)]
    wanted = "".join(map(_letter, [*(i for i in a if i not in first), *(i for i in b if i >= ndim)]))
    return _pair(terms[0], x1, terms[1], x2, wanted)


def _letter(number: int) -> str:
    """A name for an index of an einsum term."""
    return chr(ord("a") + number)


def einsum(equation: str, *arrays: Any) -> Any:
    """Sums of products by Einstein's convention, e.g. ``einsum("bij,bjk->bik", x, y)``.

    opt_einsum chooses the order of contraction; each step is a matmul, a product or a sum, so gradients need no rule.

    Raises:
        ShapeError: where sizes of one index differ. ValueError: for an equation that is none.
    """
    if not isinstance(equation, str):
        raise TypeError(f"einsum needs its equation first, as text such as 'ij,jk->ik'; got {type(equation).__name__}.")
    operands = [call.operand(array) for array in arrays]
    shapes = [tuple(x.shape) for x in operands]
    (target, *_) = _NUMERIC("einsum", tuple([x.dtype for x in operands])) if operands else (dt.float32,)
    operands = [x if x.dtype is target else x.astype(target) for x in operands]
    inputs, output, path = _contraction(equation, *shapes)
    terms = list(inputs)
    for step in path:
        chosen = sorted(step, reverse=True)
        parts = [(terms.pop(i), operands.pop(i)) for i in chosen]
        rest = set(output).union(*terms)
        wanted = "".join(sorted(set("".join(t for t, _ in parts)) & rest)) if terms else output
        terms.append(wanted)
        operands.append(_contract(parts, wanted))
    (result,) = operands
    return result if result.dtype is target else result.astype(target)  # sums of small integers are wider


_NUMERIC = common("numeric")


@lru_cache(256)
def _contraction(equation: str, *shapes: tuple[int, ...]) -> tuple[list[str], str, Any]:
    """The terms of an equation, that of the result, and which operands each step takes."""
    from opt_einsum import contract_path
    from opt_einsum.parser import parse_einsum_input

    try:
        inputs, output, _ = parse_einsum_input([equation, *shapes], shapes=True)
        terms = inputs.split(",")
        _check_sizes(equation, terms, shapes)
        path, _ = contract_path(equation, *shapes, shapes=True)
    except ShapeError:
        raise
    except ValueError as error:
        raise ValueError(f"einsum equation {equation!r} does not fit shapes {list(shapes)}: {error}") from None
    return terms, output, path


def _check_sizes(equation: str, terms: list[str], shapes: Sequence[tuple[int, ...]]) -> None:
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        if len(term) != len(shape):
            raise ShapeError(f"einsum {equation!r}: term {term!r} names {len(term)} axes of a tensor of shape {shape}.")
        own: dict[str, int] = {}
        for index, size in zip(term, shape, strict=True):
            known = sizes.setdefault(index, size)
            if own.setdefault(index, size) != size or (known != size and 1 not in (known, size)):
                raise ShapeError(f"einsum {equation!r}: index {index!r} has sizes {known} and {size}.")
            sizes[index] = size if known == 1 else known


def _contract(parts: list[tuple[str, Any]], wanted: str) -> Any:
    """One step of a contraction path: one operand or two, down to the indices ``wanted``."""
    parts = [_diagonals(term, x) for term, x in parts]
    while len(parts) > 2:
        (a, x), (b, y) = parts.pop(), parts.pop()
        both = "".join(sorted(set(a + b)))
        parts.append((both, _pair(a, x, b, y, both)))
    if len(parts) == 1:
        term, x = parts[0]
        gone = tuple(i for i, index in enumerate(term) if index not in wanted)
        return _Steps(gone or None, _order("".join(index for index in term if index in wanted), wanted)).of(x)
    (a, x), (b, y) = parts
    return _pair(a, x, b, y, wanted)


def _diagonals(term: str, x: Any) -> tuple[str, Any]:
    """An operand with each index once: repeated ones select the diagonal."""
    for index in sorted({i for i in term if term.count(i) > 1}):
        while term.count(index) > 1:
            first = term.index(index)
            second = term.index(index, first + 1)
            x = moveaxis(x, (first, second), (-2, -1))
            line = np.arange(x.shape[-1])
            x = x[..., line, line]
            term = "".join(i for at, i in enumerate(term) if at not in (first, second)) + index
    return term, x


class _Steps(NamedTuple):
    """What is done to an array, in this order: each None where it would change nothing."""

    gone: tuple[int, ...] | None = None
    axes: tuple[int, ...] | None = None
    wide: tuple[int, ...] | None = None
    shape: tuple[int, ...] | None = None

    def of(self, x: Any) -> Any:
        """The array after its axes ``gone`` are summed, ``axes`` put in order, and it is repeated and reshaped."""
        x = x if self.gone is None else sum(x, self.gone)
        x = x if self.axes is None else permute_dims(x, self.axes)
        x = x if self.wide is None else broadcast_to(x, self.wide)
        return x if self.shape is None else reshape(x, self.shape)


def _pair(a: str, x: Any, b: str, y: Any, wanted: str) -> Any:
    """The product of two operands summed over the indices not ``wanted``: a batched matmul."""
    first, second, product, shaped, arranged = _pairing(a, tuple(x.shape), b, tuple(y.shape), wanted)
    return arranged.of(shaped.of(product(first.of(x), second.of(y))))


@lru_cache(1024)
def _pairing(
    a: str, shape1: tuple[int, ...], b: str, shape2: tuple[int, ...], wanted: str
) -> tuple[_Steps, _Steps, Callable[[Any, Any], Any], _Steps, _Steps]:
    """What makes matrices of two operands, what multiplies them, and what makes the result of their product."""
    kept1, kept2 = (
        "".join(index for index in term if index in other or index in wanted) for term, other in ((a, b), (b, a))
    )
    sizes = {index: size for index, size in zip(a, shape1, strict=True) if index in kept1}
    for index, size in zip(b, shape2, strict=True):
        if index in kept2 and sizes.get(index, 1) == 1:
            sizes[index] = size
    batch = [i for i in kept1 if i in kept2 and i in wanted]
    summed = [i for i in kept1 if i in kept2 and i not in wanted]
    left, right = [i for i in kept1 if i not in kept2], [i for i in kept2 if i not in kept1]

    def matrix(term: str, given: tuple[int, ...], kept: str, rows: list[str], columns: list[str]) -> _Steps:
        gone = tuple([i for i, index in enumerate(term) if index not in kept])
        now = dict(zip(term, given, strict=True))
        axes = "".join((*batch, *rows, *columns))
        wide = tuple([sizes[i] for i in axes])
        shape = (*(sizes[i] for i in batch), *(math.prod([sizes[i] for i in group]) for group in (rows, columns)))
        return _Steps(
            gone or None,
            _order(kept, axes),
            None if wide == tuple([now[i] for i in axes]) else wide,
            None if shape == wide else shape,
        )

    term = "".join((*batch, *left, *right))
    wide = tuple([sizes[i] for i in term])
    flat = (*(sizes[i] for i in batch), *(math.prod([sizes[i] for i in group]) for group in (left, right)))
    return (
        matrix(a, shape1, kept1, left, summed),
        matrix(b, shape2, kept2, summed, right),
        matmul if summed else multiply,
        _Steps(shape=None if flat == wide else wide),
        _Steps(axes=_order(term, wanted)),
    )


def _order(term: str, wanted: str) -> tuple[int, ...] | None:
    """The order of axes that makes one term of another; None where they are the same."""
    return None if term == wanted else tuple([term.index(i) for i in wanted])


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum of a diagonal of each matrix in the last two axes; of small integers in 32 bits."""
    x = call.operand(x)
    return sum(diagonal(x, offset=offset), -1, dtype=dtype)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonal of each matrix in the last two axes."""
    x = call.operand(x)
    if len(x.shape) < 2:
        raise ShapeError(f"diagonal and trace need at least 2 axes; got shape {x.shape}.")
    rows, columns = x.shape[-2:]
    count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    line = np.arange(count)
    return x[..., line - min(offset, 0), line + max(offset, 0)]
