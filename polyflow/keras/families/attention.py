"""Attention: for each query a mean of values, weighted by how well their keys fit it."""

from __future__ import annotations

import math
from typing import Any

from ... import dtypes as dt
from ...errors import ShapeError
from ...ops import creation, elementwise
from ...ops import shape as shapes
from ...ops.linalg import einsum
from ...ops.nn import softmax
from ...tensor import asarray


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """``softmax(query @ key * scale + bias) @ value`` for each head.

    Args:
        query: of shape (batch, T, N, H): T places, N heads, H numbers.
        key: of shape (batch, S, K, H), where N is a multiple of K: N / K neighbouring heads share a key.
        value: of the shape of ``key``; its last axis may have another size.
        bias: added to the logits, and broadcast to (batch, N, T, S).
        mask: where it is False a place gets no attention; broadcast to (batch, N, T, S). A query without any place gets
            equal weights for all.
        scale: ``1 / sqrt(H)`` if left out.
        is_causal: whether a place sees none after it.
        flash_attention: None or False: it is computed by its parts on every backend.
        attn_logits_soft_cap: None, as on all of Keras's backends but one.

    Returns:
        a tensor of the shape of ``query``, its last axis of the size of the values'. Halves are weighed in float32.

    Raises:
        ShapeError: for shapes that do not fit. ValueError: for the last two arguments.
    """
    if flash_attention or attn_logits_soft_cap is not None:
        raise ValueError(
            "dot_product_attention has no fused kernel; leave out flash_attention and attn_logits_soft_cap."
        )
    q, k, v = (asarray(one) for one in (query, key, value))
    dtype = dt.result_type(q.dtype, k.dtype, v.dtype)
    dtype = dtype if dtype in dt.FLOATING else dt.DEFAULT_FLOAT
    wide = dt.promote(dtype, dt.float32)
    _check(q.shape, k.shape, v.shape)
    batch, length, heads, size = q.shape
    groups = heads // k.shape[2]
    q, k, v = (elementwise.astype(one, wide) for one in (q, k, v))
    q = shapes.reshape(q, (batch, length, k.shape[2], groups, size))
    logits = einsum("btkgh,bskh->bkgts", q, k) * (1 / math.sqrt(size) if scale is None else scale)
    logits = shapes.reshape(logits, (batch, heads, length, k.shape[1]))
    if bias is not None:
        logits = logits + elementwise.astype(asarray(bias), wide)
    allowed = _allowed(mask, is_causal, length, k.shape[1], logits)
    if allowed is not None:
        logits = elementwise.where(allowed, logits, -0.7 * float(dt.finfo(wide).max))
    weights = shapes.reshape(softmax(logits), (batch, k.shape[2], groups, length, k.shape[1]))
    found = einsum("bkgts,bskv->btkgv", weights, v)
    return elementwise.astype(shapes.reshape(found, (batch, length, heads, v.shape[-1])), dtype)


def _check(query: Any, key: Any, value: Any) -> None:
    known = len(query) == len(key) == len(value) == 4
    if not known or key[:3] != value[:3] or (query[0], query[3]) != (key[0], key[3]) or query[2] % max(key[2], 1):
        raise ShapeError(
            "dot_product_attention needs a query of shape (batch, T, N, H) and a key and a value of shape "
            f"(batch, S, K, H), N a multiple of K; got {tuple(query)}, {tuple(key)} and {tuple(value)}."
        )


def _allowed(mask: Any, is_causal: bool, length: int, width: int, logits: Any) -> Any:
    """Where a query sees a place; None if everywhere."""
    seen = None if mask is None else elementwise.astype(asarray(mask), dt.bool_)
    if not is_causal:
        return seen
    past = shapes.tril(creation.ones((length, width), dt.bool_, backend=logits.backend))
    return past if seen is None else elementwise.logical_and(seen, past)
