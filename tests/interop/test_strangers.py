"""Code that knows nothing of polyflow runs on tensors, and gives back tensors of their backend."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.metadata import version

import numpy as np
import pytest
from packaging.version import Version

import polyflow as pf
from polyflow.tensor import Tensor

from .calls import CALLS, LEAVING, LOSING, NEWER, NUMBERS, Arrays

BACKENDS = ("numpy", "jax")


def leaves(value):
    if isinstance(value, (tuple, list)):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def test_there_are_enough_of_them():
    assert len(CALLS) >= 300


@pytest.mark.filterwarnings("default")  # of other people's code
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_gives_tensors_with_the_values_that_it_gives_for_numpy(backend, name):
    if Version(version("scipy")) < Version(NEWER.get(name, "0")):
        pytest.skip(f"before {NEWER[name]} SciPy takes it to NumPy")
    expected = [np.asarray(one) for one in leaves(CALLS[name](np, Arrays(np.copy)))]
    with pf.use_backend(backend) as here:
        namespace = pf.constant(1.0).__array_namespace__()
        found = list(leaves(CALLS[name](namespace, Arrays(pf.tensor))))
    assert len(found) == len(expected)
    for one, wanted in zip(found, expected, strict=True):
        if name in NUMBERS:
            assert isinstance(one, (int, float))
        else:
            assert type(one) is Tensor
            assert one.backend is here
            assert one.dtype.kind == wanted.dtype.kind
            one = one.numpy()
        single = np.asarray(one).dtype.itemsize < wanted.dtype.itemsize  # a default dtype, 32 bits wide here
        np.testing.assert_allclose(one, wanted, rtol=2e-6 if single else 1e-7, atol=1e-6 if single else 1e-9)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", LEAVING)
def test_what_leaves_for_numpy_is_known(name):
    """When one of these comes to give tensors, it moves to the calls above."""
    call, _ = LEAVING[name]
    found = call(pf.constant(1.0).__array_namespace__(), Arrays(pf.tensor))
    assert not isinstance(found, Tensor)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", LOSING)
def test_what_writes_through_views_is_known(name):
    """NaN takes the place of what was to be left out. When SciPy no longer does so, it moves to the calls above."""
    assert np.isfinite(LOSING[name](np, Arrays(np.copy))).all()
    found = LOSING[name](pf.constant(1.0).__array_namespace__(), Arrays(pf.tensor))
    assert isinstance(found, Tensor)
    assert np.isnan(found.numpy()).all()


# Gradients ------------------------------------------------------------------------------------------------------------


def differences(function, x, direction, step=1e-6):
    return (function(pf.tensor(x + step * direction)).item() - function(pf.tensor(x - step * direction)).item()) / (
        2 * step
    )


@pytest.fixture(params=BACKENDS)
def xp(request):
    with pf.use_backend(request.param):
        yield pf.constant(1.0).__array_namespace__()


def einops_function(xp, x):
    from einops import array_api as einops

    y = einops.reduce(einops.rearrange(x, "r (a b) -> b r a", a=2), "b r a -> b a", "mean")
    return xp.sum(xp.exp(einops.repeat(y, "b a -> b k a", k=3)))


def extra_function(xp, x):
    import array_api_extra as xpx

    y = xpx.at(x)[0, :].set(x[1, :] ** 2, copy=True)
    y = xpx.at(y)[:, 1].multiply(x[:, 0])
    y = xpx.apply_where(y > 0, y, xp.sqrt, lambda y: y * y, xp=xp)
    padded = xpx.pad(y, (1, 2), xp=xp)
    return xp.sum(xpx.sinc(padded, xp=xp)) + xp.sum(xpx.cov(y.T, xp=xp)) + xp.sum(xpx.kron(y, y, xp=xp))


def scipy_function(xp, x):
    from scipy import fft, special

    return xp.sum(special.logsumexp(x, axis=0)) + xp.sum(xp.abs(fft.fft(x + 0j)) ** 2)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("function", [einops_function, extra_function, scipy_function])
def test_gradients_flow_through(xp, function):
    """Eagerly, compiled, and to second order."""
    rng = np.random.default_rng(4)
    x, d = rng.uniform(0.5, 1.5, (2, 4)), rng.normal(size=(2, 4))

    def value(x):
        return function(xp, x)

    def slope(x):
        return xp.sum(pf.grad(value)(x) * xp.asarray(d))

    gradient = pf.grad(value)(pf.tensor(x))
    assert np.sum(gradient.numpy() * d) == pytest.approx(differences(value, x, d), rel=1e-6)
    assert np.sum(pf.grad(slope)(pf.tensor(x)).numpy() * d) == pytest.approx(differences(slope, x, d), rel=1e-5)
    if function is einops_function:  # the others select by masks: how much there is to compute depends on values
        compiled = pf.function(pf.grad(value))(pf.tensor(x))
        np.testing.assert_allclose(compiled.numpy(), gradient.numpy(), rtol=1e-9)


# cubed ----------------------------------------------------------------------------------------------------------------

CUBED = """
import warnings
warnings.simplefilter("ignore")
import numpy as np
import cubed, cubed.array_api as xp
from cubed.backend_array_api import backend_array_to_numpy_array, namespace
import polyflow as pf
assert namespace.__name__ == "polyflow.array_api", namespace

host = np.arange(30.0).reshape(6, 5)
spec = cubed.Spec(work_dir=None, allowed_mem="100MB")
a = xp.asarray(host, chunks=(2, 5), spec=spec)
seen = set()


def looked_at(x):
    seen.add(type(x))
    return x


checks = {
    "add": (a + a, host + host),
    "mean": (xp.mean(a, axis=0), host.mean(0)),
    "sum": (xp.sum(a), host.sum()),
    "matmul": (a @ xp.permute_dims(a, (1, 0)), host @ host.T),
    "max": (xp.max(a, axis=1), host.max(1)),
    "map_blocks": (cubed.map_blocks(looked_at, a, dtype=a.dtype), host),
}
for name, (lazy, expected) in checks.items():
    np.testing.assert_allclose(np.asarray(lazy.compute()), expected, err_msg=name)
assert seen == {pf.Tensor}, seen
print("ok")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_cubed_computes_on_tensors(backend):
    """A whole distributed array library on this namespace; it reads the module's name when it is imported."""
    settings = {"CUBED_BACKEND_ARRAY_API_MODULE": "polyflow.array_api", "POLYFLOW_BACKEND": backend}
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CUBED)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.strip() == "ok", found.stderr[-3000:]
