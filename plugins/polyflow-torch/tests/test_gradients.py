"""PyTorch's own gradients, and polyflow's rules: each the other's check."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

import polyflow as pf
from polyflow.tensor import Tensor


def native(backend, function, *arguments):
    """The gradient of a sum by PyTorch, from the graph of a function."""
    traced = pf.function(function)
    vjp = backend.native_vjp(traced.graph(*arguments))
    return [
        None if slope is None else Tensor(slope, backend).numpy()
        for slope in vjp([x.array for x in arguments], [backend.asarray(np.float64(1))])
    ]


def network(x, w1, b1, w2, index):
    """Products, broadcasting, reductions, indexing, branches and sorting: what models are made of."""
    hidden = pf.nn.relu(x @ w1 + b1)
    hidden = pf.where(hidden > 1.0, pf.tanh(hidden), hidden**2) + pf.sqrt(pf.abs(hidden) + 1.0)
    picked = pf.index_add(hidden, (slice(None), index), hidden[:, index] * 0.5)
    scores = pf.nn.log_softmax(picked @ w2)
    return pf.sum(pf.max(scores, axis=1)) + pf.mean(pf.sort(scores, axis=0)[::-2] * scores[::2]) + pf.logsumexp(scores)


def arguments(rng, dtype=np.float64):
    shapes = [(6, 4), (4, 5), (5,), (5, 3)]
    return [pf.constant(rng.normal(size=shape).astype(dtype)) for shape in shapes] + [pf.constant([0, 3, 3])]


@pytest.mark.parametrize(
    "mode", [contextlib.nullcontext, torch.no_grad, torch.inference_mode], ids=["plain", "no_grad", "inference"]
)
def test_native_gradients_equal_the_rules(mode, on_torch):
    """Whatever the user records; index arrays have none."""
    with mode():
        given = arguments(np.random.default_rng(0))
        found = native(on_torch, network, *given)
        assert found[-1] is None
        expected = pf.grad(network, argnums=(0, 1, 2, 3))(*given)
    for ours, theirs in zip(expected, found[:-1], strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-10, atol=1e-12)


def test_complex_gradients_are_conjugates_of_the_derivative(on_torch):
    z = pf.constant(np.array([1 + 2j, 3 - 1j, -0.5 + 0.2j]))

    def function(z):
        return pf.sum(pf.real(pf.exp(z) * pf.conj(z)) + pf.imag(z * z * z))

    (found,) = native(on_torch, function, z)
    np.testing.assert_allclose(found, pf.grad(function)(z).numpy(), rtol=1e-12)


def test_what_does_not_depend_on_an_argument_has_gradient_zero(on_torch):
    x, y = pf.constant([1.0, 2.0]), pf.constant([3.0])
    found = native(on_torch, lambda x, y: pf.sum(pf.floor(x)) + pf.sum(pf.stop_gradient(y) * y).astype("float64"), x, y)
    assert [slope.tolist() for slope in found] == [[0.0, 0.0], [3.0]]


def test_several_outputs(on_torch):
    """Also one without a gradient, whose cotangent may be anything."""
    x = pf.constant([1.0, 2.0, 3.0])
    graph = pf.function(lambda x: (x * x, x > 1.0, pf.sum(x))).graph(x)
    one = on_torch.asarray(np.ones(3, np.float32))
    (found,) = on_torch.native_vjp(graph)([x.array], [one, None, on_torch.asarray(np.float32(10))])
    assert found.tolist() == [12.0, 14.0, 16.0]


def test_numbers_that_were_first_met_in_inference_mode_do_for_gradients(on_torch):
    """They are kept, and PyTorch records nothing with tensors that were made in that mode."""
    with torch.inference_mode():
        pf.constant([1.0]) * 0.8125
    (found,) = native(on_torch, lambda x: pf.sum(x * x * 0.8125), pf.constant([2.0]))
    assert found.tolist() == [3.25]


def test_arguments_are_left_alone(on_torch):
    x = pf.constant([1.0, 2.0])
    native(on_torch, lambda x: pf.sum(x * x), x)
    assert not x.array.requires_grad
    assert x.array.grad is None
