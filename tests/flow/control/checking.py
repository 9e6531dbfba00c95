"""What every construct is held to: the same op by op and compiled, on NumPy and JAX, to second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import tree


def hosts(result: Any) -> list[np.ndarray]:
    """The leaves of a result on the host."""
    return [np.asarray(leaf.numpy()) for leaf in tree.flatten(result)[0]]


def same(one: Any, other: Any, *, tolerance: float = 1e-9) -> None:
    """Two results are equal to rounding, in shapes and dtypes too."""
    for a, b in zip(hosts(one), hosts(other), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def orders(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """A scalar function of one tensor, its gradient, and the gradient of a scalar made of that."""
    first = pf.grad(function)

    def of_gradient(x: Any) -> Any:
        g = first(x)
        return pf.sum(g * g * 0.5 + pf.sin(g))

    return [function, first, pf.grad(of_gradient)]


def differences(function: Callable[..., Any], x: np.ndarray, seed: int = 0) -> None:
    """First and second derivatives along a direction next to central differences, op by op and compiled."""
    v = np.random.default_rng(seed).normal(size=x.shape)
    first = pf.grad(function)

    def along(x: Any) -> Any:
        return pf.sum(first(x) * v)

    second = pf.grad(along)
    step = 1e-5
    for derivative, value in ((first, function), (second, along)):
        ahead, behind = (float(value(pf.constant(x + sign * step * v))) for sign in (1, -1))
        expected = (ahead - behind) / (2 * step)
        for run in (derivative, pf.function(derivative)):
            found = float(np.sum(run(pf.constant(x)).numpy() * v))
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-7)


def compiled_as_eager(function: Callable[..., Any], x: np.ndarray, backend: str = "numpy", up_to: int = 2) -> None:
    """A function of one tensor and its derivatives, compiled, give what they give op by op on NumPy."""
    for one in orders(function)[: up_to + 1]:
        with pf.use_backend("numpy"):
            expected = one(pf.constant(x))
        with pf.use_backend(backend):
            same(pf.function(one)(pf.constant(x)), expected)
