"""Reductions and running sums: over no axes at all, over several at once, of nothing, and of the halves in float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from polyflow.backend.checks import places

from .forms import Forms, Function, among, in_bytes, in_float32, in_order, on_bits


def _reduction(function: Callable[[Any, Any, bool], Any]) -> Function:
    """``function(x, axes, keepdims)`` as a kernel; ``axes`` is None for all, or a tuple of some.

    PyTorch takes an empty tuple for all axes, and lets an axis of an array without any pass.
    """

    def kernel(x: Any, *, axis: Any, keepdims: bool) -> Any:
        if axis.__class__ is int:
            axis = (axis,)
        if axis == ():
            return x
        if axis is not None and not x.ndim:
            raise IndexError("an array without axes has none to reduce")
        return function(x, axis, keepdims)

    return kernel


def _sum(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.sum(x, axes, keepdims, dtype=x.dtype)


def _prod(x: Any, axes: Any, keepdims: bool) -> Any:
    """PyTorch's goes over one axis."""
    for axis in range(x.ndim) if axes is None else sorted(places(axes, x.ndim)):
        x = torch.prod(x, axis, True, dtype=x.dtype)
    if keepdims:
        return x
    return x.reshape(()) if axes is None else x.squeeze(axes)


def _mean(x: Any, axes: Any, keepdims: bool) -> Any:
    if x.numel():
        return torch.mean(x, axes, keepdims)
    return _sum(x, axes, keepdims).fill_(math.nan)


def _max(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.amax(x, () if axes is None else axes, keepdims)


def _min(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.amin(x, () if axes is None else axes, keepdims)


def _search(function: Callable[[Any, Any, bool], Any]) -> Function:
    def kernel(x: Any, *, axis: Any, keepdims: bool) -> Any:
        if axis is not None and (axis.__class__ is not int or not x.ndim):
            raise IndexError("an index is searched for along one axis, or in all elements")
        return function(x, axis, keepdims)

    return kernel


def _any(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.any(x, axes, keepdims)


def _all(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.all(x, axes, keepdims)


def _logsumexp(x: Any, *, axis: Any, keepdims: bool) -> Any:
    if axis == ():  # complex numbers come back with their imaginary part between -pi and pi
        return torch.logsumexp(x.unsqueeze(-1), -1)
    return _log_total(x, axis=axis, keepdims=keepdims)


def _log_sum(x: Any, axes: Any, keepdims: bool) -> Any:
    return torch.logsumexp(x, tuple(range(x.ndim)) if axes is None else axes, keepdims)


def _running(function: Callable[..., Any]) -> Function:
    def kernel(x: Any, *, axis: int) -> Any:
        if not x.ndim:
            raise IndexError("an array without axes has none to run along")
        return function(x, axis, dtype=x.dtype)

    return kernel


def _softmax(function: Callable[..., Any]) -> Function:
    """PyTorch's goes over one axis: several become one, and several again."""

    def kernel(x: Any, *, axis: Any) -> Any:
        if not x.ndim:
            raise IndexError("an array without axes has none to go over")
        if axis.__class__ is int:
            return function(x, axis)
        axes = places(axis, x.ndim)
        if len(set(axes)) < len(axes):
            raise ValueError("an axis is named twice")
        order = (*(one for one in range(x.ndim) if one not in axes), *axes)
        turned = x.permute(order)
        result = function(turned.flatten(x.ndim - len(axes)) if axes else turned.unsqueeze(-1), -1)
        return result.reshape(turned.shape).permute([order.index(one) for one in range(x.ndim)])

    return kernel


_argmax, _argmin = _search(torch.argmax), _search(torch.argmin)
_total, _product, _average, _log_total = map(_reduction, (_sum, _prod, _mean, _log_sum))
_cumsum, _cumprod = _running(torch.cumsum), _running(torch.cumprod)


class Reductions:
    """A part of `TorchBackend`."""

    sum = Forms(_total, unsigned=on_bits(_total), half=in_float32(_total))
    prod = Forms(_product, unsigned=on_bits(_product), half=in_float32(_product))
    mean = Forms(_average, half=in_float32(_average))
    max = Forms(_reduction(_max), unsigned=among(_reduction(_max)))
    min = Forms(_reduction(_min), unsigned=among(_reduction(_min)))
    argmax = Forms(_argmax, unsigned=in_order(_argmax), bool=in_bytes(_argmax))
    argmin = Forms(_argmin, unsigned=in_order(_argmin), bool=in_bytes(_argmin))
    any = Forms(_reduction(_any))
    all = Forms(_reduction(_all))
    logsumexp = Forms(_logsumexp, half=in_float32(_logsumexp))
    cumulative_sum = Forms(_cumsum, unsigned=on_bits(_cumsum), half=in_float32(_cumsum))
    cumulative_prod = Forms(_cumprod, unsigned=on_bits(_cumprod), half=in_float32(_cumprod))
    softmax = Forms(_softmax(torch.softmax), half=in_float32(_softmax(torch.softmax)))
    log_softmax = Forms(_softmax(torch.log_softmax), half=in_float32(_softmax(torch.log_softmax)))
