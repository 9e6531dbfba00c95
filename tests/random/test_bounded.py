"""Beta and binomial numbers, against SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import polyflow as pf
from polyflow.errors import DTypeError
from polyflow.keras.random import beta, binomial

COUNT = 20_000


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1.0, 3.0), (40.0, 2.0), (0.02, 2.0)])
def test_beta_numbers_have_the_distribution(a, b):
    drawn = beta((COUNT,), a, b, "float64", seed=1)
    assert drawn.dtype == pf.float64
    assert stats.kstest(drawn.numpy(), stats.beta(a, b).cdf).pvalue > 1e-3


@pytest.mark.parametrize("n", [1, 9, 40, 1000, 10**6])
@pytest.mark.parametrize("p", [0.003, 0.3, 0.5, 0.97])
def test_binomial_numbers_have_the_distribution(n, p):
    drawn = binomial((COUNT,), n, p, "int32", seed=2).numpy()
    assert drawn.min() >= 0
    assert drawn.max() <= n
    law = stats.binom(n, p)
    edges = np.unique(np.floor(np.linspace(*law.ppf([1e-3, 1 - 1e-3]), 20)))
    edges = np.array([-1, *edges, n + 1])
    expected = np.diff(law.cdf(edges)) * COUNT
    kept = expected > 1
    found = np.histogram(drawn, edges + 0.5)[0]
    if kept.sum() > 1:
        assert stats.chisquare(found[kept], expected[kept] * found[kept].sum() / expected[kept].sum()).pvalue > 1e-3


def test_the_same_on_every_backend_eager_and_compiled():
    a, n, p = np.array([0.1, 1.0, 30.0]), np.array([3.0, 90.0, 1e5]), np.array([0.0, 0.4, 0.7])
    for draw in (lambda: beta((50, 3), a, 2.0, seed=3), lambda: binomial((50, 3), n, p, seed=3)):
        found = []
        for name in ("numpy", "jax"):
            with pf.use_backend(name):
                found += [draw().numpy(), pf.function(draw)().numpy()]
        for one in found[1:]:
            np.testing.assert_allclose(one, found[0], rtol=1e-6)


def test_certain_outcomes():
    assert binomial((3,), [0, 7, 7], [0.5, 0.0, 1.0]).tolist() == [0, 0, 7]


def test_parameters_that_are_none():
    with pytest.raises(ValueError, match="finite numbers above 0"):
        beta((2,), 0.0, 1.0)
    with pytest.raises(ValueError, match="finite numbers of 0 or more"):
        binomial((2,), -1, 0.5)
    with pytest.raises(ValueError, match="from 0 to 1"):
        binomial((2,), 5, 1.5)
    with pytest.raises(DTypeError, match="integers or real floating"):
        binomial((2,), 5, 0.5, dtype="bool")
    compiled = pf.function(lambda x: (beta((2,), x, 1.0), binomial((2,), 5, x)))(pf.constant([-1.0, 0.5]))
    assert [np.isnan(part.numpy()).tolist() for part in compiled] == [[True, False]] * 2
