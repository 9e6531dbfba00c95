"""Gamma and Poisson numbers, against SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError
from polyflow.random import gamma, poisson

COUNT = 20_000


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 1.0), (1.0, 4.0), (3.7, 0.5), (200.0, 2.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gamma_numbers_have_the_distribution(alpha, beta, dtype):
    drawn = gamma((COUNT,), alpha, beta, dtype, seed=1)
    assert drawn.dtype == dtype
    assert stats.kstest(drawn.numpy().astype("float64"), stats.gamma(alpha, scale=1 / beta).cdf).pvalue > 1e-3


@pytest.mark.parametrize("mean", [0.3, 4.0, 9.99, 10.0, 12.5, 300.0, 1e6])
def test_poisson_numbers_have_the_distribution(mean):
    drawn = poisson((COUNT,), mean, "int32", seed=2).numpy()
    law = stats.poisson(mean)
    edges = np.unique(np.floor(np.linspace(*law.ppf([1e-3, 1 - 1e-3]), 20)))
    edges = np.array([-1, *edges, np.iinfo("int32").max])
    expected = np.diff(law.cdf(edges)) * COUNT
    kept = expected > 1
    found = np.histogram(drawn, edges + 0.5)[0]
    assert stats.chisquare(found[kept], expected[kept] * found[kept].sum() / expected[kept].sum()).pvalue > 1e-3


def test_the_same_on_every_backend_eager_and_compiled():
    alpha, mean = np.array([0.5, 1.0, 30.0]), np.array([0.0, 9.0, 50.0])
    for draw in (lambda: gamma((50,), alpha, seed=3), lambda: poisson((50,), mean, seed=3)):
        found = []
        for name in ("numpy", "jax"):
            with pf.use_backend(name):
                found += [draw().numpy(), pf.function(draw)().numpy()]
        for one in found[1:]:
            np.testing.assert_allclose(one, found[0], rtol=1e-6)


def test_a_number_does_not_depend_on_its_neighbours():
    alone = gamma((4,), [2.0], seed=5).numpy()[:, 0]
    beside = pf.random.stateless_gamma((4,), (0, 5), [2.0, 0.01, 500.0, 2.0]).numpy()
    same = pf.random.stateless_gamma((4,), (0, 5), 2.0).numpy()
    assert (beside[0], beside[3]) == (same[0], same[3])
    assert len(np.unique(alone)) == 4


def test_shapes_and_dtypes():
    assert gamma((2, 3), [[1.0], [2.0]], [1.0, 2.0, 3.0]).shape == (2, 3, 2, 3)
    assert gamma((), 2.0).shape == poisson([], 2.0).shape == ()
    assert poisson((5, 0), [1.0, 20.0]).shape == (5, 0, 2)
    assert (poisson((3,), [1, 20]).dtype, poisson((3,), [1, 20], "int64").dtype) == (pf.float32, pf.int64)
    assert poisson((9,), 0.0).tolist() == [0.0] * 9
    assert pf.keras.random.gamma((2, 3), [1.0, 2.0, 3.0], seed=1).shape == (2, 3)
    assert pf.random.stateless_poisson((2, 3), (1, 2), [1.0, 2.0, 30.0]).dtype == pf.int32
    assert poisson((2,), 1e12, "int32").tolist() == [2**31 - 1] * 2
    assert poisson((2,), 300.0, "uint8", seed=1).tolist() == [255] * 2
    with pytest.raises(ShapeError):
        pf.random.stateless_poisson((2, 3), (1, 2), [1.0, 2.0])
    with pytest.raises(DTypeError, match="real floating"):
        gamma((2,), 1.0, dtype="int32")
    with pytest.raises(DTypeError, match="integers or real floating"):
        poisson((2,), 1.0, "bool")


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_parameters_that_are_none(wrong):
    with pytest.raises(ValueError, match="finite numbers above 0"):
        gamma((2,), [1.0, wrong])
    with pytest.raises(ValueError, match="finite numbers above 0"):
        gamma((2,), 1.0, wrong)
    compiled = pf.function(lambda x: (gamma((2,), x), poisson((2,), x)))(pf.constant([wrong, 2.0]))
    for part in compiled if wrong else compiled[:1]:
        assert np.isnan(part.numpy()).tolist() == [[True, False]] * 2
    if wrong:
        with pytest.raises(ValueError, match="finite numbers of 0 or more"):
            poisson((2,), wrong)


def test_gradients_of_gamma_numbers(backend):
    rate = pf.constant([2.0, 3.0])
    with pf.GradientTape() as tape:
        tape.watch(rate)
        drawn = gamma((), [1.5, 0.5], rate, seed=1)
    assert np.allclose(tape.gradient(drawn, rate), -drawn / rate)
    with pf.GradientTape() as tape:
        tape.watch(rate)
        drawn = gamma((), rate, seed=1) + poisson((), rate, seed=1)
    assert tape.gradient(drawn, rate) is None


def test_generators_make_seeds_and_generators():
    generator = pf.random.Generator.from_seed(1, alg="philox")
    seeds = generator.make_seeds(3)
    assert (seeds.shape, seeds.dtype) == ((2, 3), pf.int64)
    first, second = (pf.random.stateless_normal((4,), seeds[:, i]).tolist() for i in (0, 1))
    assert first != second
    parts = generator.split(2)
    assert len({tuple(one.normal((3,)).tolist()) for one in (generator, *parts)}) == 3
    assert parts[0].normal((3,)).tolist() != parts[0].normal((3,)).tolist()
    with pf.use_backend("jax"):
        beside = generator.split()[0]
    assert (beside.state.backend, beside.seed) == (generator.state.backend, None)
    generator.reset_from_seed(1)
    assert generator.make_seeds(3).tolist() == seeds.tolist()
    whole = generator.uniform_full_int((1000,), pf.int8).numpy()
    assert (whole.dtype, whole.min(), whole.max()) == (np.int8, -128, 127)


def test_classes_from_a_seed_of_two():
    drawn = pf.random.stateless_categorical([[0.0, 0.0, float("-inf")]], 200, (1, 2)).numpy()
    assert drawn.shape == (1, 200)
    assert set(drawn[0].tolist()) == {0, 1}
    assert np.array_equal(drawn, pf.random.stateless_categorical([[0.0, 0.0, float("-inf")]], 200, (1, 2)))
