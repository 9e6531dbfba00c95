"""A user's own gradient inside branches and loops, which are differentiated from outside."""

from __future__ import annotations

import numpy as np
import pytest
from checking import compiled_as_eager, same

import polyflow as pf


@pf.custom_gradient
def softplus(x):
    """With a gradient three times too large, made of a value from the way forward."""
    e = pf.exp(x)
    return pf.log(1.0 + e), lambda g: g * 3.0 * (1.0 - 1.0 / (1.0 + e))


@pf.custom_gradient
def both(x, y):
    """Two values; no gradient to the second argument."""
    return (x * y, x + y), lambda g, h: (g * x + h * 2.0, None)


def test_the_pullback_is_the_users():
    x = np.array([0.3, -0.8])
    weights = pf.constant(np.array([1.0, 0.5]))

    def in_scan(x):
        return pf.sum(pf.scan(lambda c, w: (softplus(c * w), None), x, pf.stack([weights, weights + 1.0]))[0])

    def in_cond(x):
        return pf.sum(pf.cond(x[0] > 0, lambda: both(softplus(x), x), lambda: (x, x))[0])

    for function in (in_scan, in_cond):
        compiled_as_eager(function, x)


@pytest.mark.parametrize("inner", [pf.grad, lambda f: lambda x: f(x)])
def test_tapes_inside_and_outside(inner):
    def f(x):
        return pf.scan(lambda c, _: (c + inner(lambda x: softplus(x) * x)(c), None), x, length=2)[0]

    x = pf.constant(np.array(0.4))
    same(pf.function(pf.grad(f))(x), pf.grad(f)(x))
