"""NumPy's error functions block by block, and JAX's inverse."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from ml_dtypes import bfloat16

import polyflow as pf
from polyflow.backend import discovery
from polyflow.ops import declare
from polyflow_numpy.error_function import BLOCK

OPS = {name: getattr(pf.math, name) for name in ("erf", "erfc", "erfinv")}


def spread(size):
    """Arguments of all magnitudes, of both signs, special ones first."""
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38]
    random = np.random.default_rng(0)
    values = np.concatenate([special, random.normal(0, 3, size), np.exp(random.uniform(-100, 3, size))])
    return values[:size].astype(np.float32)


@pytest.mark.parametrize("name", OPS)
def test_float32_is_float64_rounded(name):
    x = spread(20_000)
    true = OPS[name](x.astype(np.float64)).numpy()
    found = OPS[name](x).numpy()
    assert found.dtype == np.float32
    unit = np.spacing(np.maximum(np.abs(true), np.finfo(np.float32).tiny).astype(np.float32))
    assert np.nanmax(np.abs(found - true) / unit) < 0.51
    np.testing.assert_array_equal(np.isnan(found), np.isnan(true))
    known = ~np.isnan(true)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(true[known]))


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("dtype", [np.float16, bfloat16])
def test_halves_are_rounded_once(name, dtype):
    with np.errstate(over="ignore"):
        x = spread(5_000).astype(dtype)
    true = OPS[name](x.astype(np.float64)).numpy().astype(dtype)
    np.testing.assert_array_equal(OPS[name](x).numpy().astype(np.float32), true.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_the_inverse_by_stretches_has_the_formula_s_bits(dtype):
    random = np.random.default_rng(1)
    ends = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1.5, -1.5, 0.875, -0.875, np.nextafter(0.875, 1)]
    x = np.concatenate([ends, random.uniform(-1, 1, 2 * BLOCK), 1 - 10 ** random.uniform(-16, 0, BLOCK)]).astype(dtype)
    found = OPS["erfinv"](x).numpy()
    np.testing.assert_array_equal(found, declare.OPS["erfinv"].reference(x))
    np.testing.assert_array_equal(np.signbit(found[3:5]), [False, True])


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (BLOCK,), (BLOCK + 1,), (3, BLOCK)])
def test_an_element_is_the_same_wherever_it_lies(name, shape):
    x = spread(max(1, int(np.prod(shape))))[: int(np.prod(shape))].reshape(shape)
    whole = OPS[name](x).numpy()
    assert whole.shape == shape
    single = np.array([OPS[name](pf.constant(value)).numpy() for value in x.reshape(-1)[:50]], np.float32)
    np.testing.assert_array_equal(whole.reshape(-1)[:50], single)
    if x.ndim:
        backwards = OPS[name](pf.constant(x)[::-1]).numpy()
        np.testing.assert_array_equal(backwards, whole[::-1])


def test_jax_s_inverse_has_its_derivatives():
    """To the second order, by JAX alone."""
    kernel = discovery.get("jax").erfinv
    x = np.array([-0.99, -0.6, 0.0, 0.3, 0.9, 1 - 1e-6])
    with jax.enable_x64(True):
        value, first, second = (
            np.asarray(jax.vmap(each)(x)) for each in (kernel, jax.grad(kernel), jax.grad(jax.grad(kernel)))
        )
    slope = np.sqrt(np.pi) / 2 * np.exp(value**2)
    np.testing.assert_allclose(first, slope, rtol=1e-14)
    np.testing.assert_allclose(second, 2 * value * slope**2, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
def test_jax_s_inverse_beyond_its_domain(dtype):
    x = np.array([0.0, -0.0, 1.0, -1.0, 1.5, -1.5, np.inf, -np.inf, np.nan], dtype)
    found = OPS["erfinv"](pf.tensor(x, backend="jax")).numpy().astype(np.float64)
    np.testing.assert_array_equal(found, [0.0, -0.0, np.inf, -np.inf, *[np.nan] * 5])
    np.testing.assert_array_equal(np.signbit(found[:2]), [False, True])
