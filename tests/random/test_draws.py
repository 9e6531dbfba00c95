"""The distributions: their formulas, their bits on every backend, their statistics, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

import polyflow as pf
from polyflow import dtypes as dt
from polyflow import threefry
from polyflow.errors import AxisError, DTypeError, ShapeError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops.rules import Spec

R = pf.random
KEY = threefry.key(20_240_229)
N = 3001

EXACT = {
    **{f"uniform {d}": lambda k, d=d: R.uniform((N,), dtype=d, key=k) for d in ("float16", "bfloat16", "float32")},
    **{f"scaled {d}": lambda k, d=d: R.uniform((N,), -0.3, 7.1, d, key=k) for d in ("float16", "bfloat16", "float32")},
    "uniform float64": lambda k: R.uniform((N,), dtype="float64", key=k),
    "bernoulli": lambda k: R.bernoulli((77, 13), 0.3, key=k),
    "bernoulli of a tensor": lambda k: R.bernoulli(p=np.linspace(-0.1, 1.1, N, dtype=np.float32), key=k),
    "randint": lambda k: R.randint((N,), -100, 29, key=k),
    **{f"randint {d}": lambda k, d=d: R.randint((N,), 0, 100, d, key=k) for d in ("int8", "uint8", "uint32", "int64")},
    "randint of 33 bits": lambda k: R.randint((N,), -(2**32), 5, "int64", key=k),
    "randint of 63 bits": lambda k: R.randint((N,), -(2**60), 2**63 - 5, "int64", key=k),
    "randint of 64 bits": lambda k: R.randint((N,), -(2**63), 2**63, "int64", key=k),
    "randint of unsigned 64 bits": lambda k: R.randint((N,), 7, 2**64, "uint64", key=k),
    "permutation": lambda k: R.permutation(N, key=k),
    "shuffle": lambda k: R.shuffle(np.arange(60).reshape(3, 20), 1, key=k),
    "keep_mask": lambda k: R.keep_mask((33, 7), 0.37, key=k),
    "bits": lambda k: R.bits((31,), "uint64", key=k),
    "split": lambda k: R.split(k, 5),
    "fold_in": lambda k: R.fold_in(k, 2**40),
    "categorical": lambda k: R.categorical(np.log([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-30]]), 500, key=k),
}
CLOSE = {  # with the largest relative and absolute differences allowed
    "scaled float64": (lambda k: R.uniform((N,), -0.3, 7.1, "float64", key=k), 0, 2.0**-50),
    "normal": (lambda k: R.normal((N,), key=k), 2.0**-23, 0),
    "moved normal": (lambda k: R.normal((N,), 1.0, 2.0, key=k), 0, 2.0**-22),
    "normal float64": (lambda k: R.normal((N,), dtype="float64", key=k), 4e-15, 0),
    "truncated_normal": (lambda k: R.truncated_normal((N,), key=k), 2.0**-23, 0),
}


@pytest.fixture(scope="module")
def expected():
    """Everything drawn once, by NumPy."""
    with pf.use_backend("numpy"):
        return {name: draw(KEY).numpy() for name, draw in (*EXACT.items(), *((n, c[0]) for n, c in CLOSE.items()))}


def compiled(draw, backend):
    run = Compiled(trace(draw, Spec((2,), dt.uint32), backend=backend))
    return backend.to_numpy(run(backend.asarray(KEY)))


@pytest.mark.parametrize("name", EXACT)
def test_the_same_bits_on_every_backend_eager_and_compiled(name, backend, expected):
    for found in (EXACT[name](KEY).numpy(), compiled(EXACT[name], backend)):
        assert found.dtype == expected[name].dtype
        assert np.array_equal(found, expected[name])
    assert backend.host_fallbacks == {}


@pytest.mark.parametrize("name", CLOSE)
def test_floating_formulas_agree_to_rounding(name, backend, expected):
    draw, relative, absolute = CLOSE[name]
    for found in (draw(KEY).numpy(), compiled(draw, backend)):
        assert found.dtype == expected[name].dtype
        np.testing.assert_allclose(found, expected[name], relative, absolute)


# Uniforms -------------------------------------------------------------------------------------------------------------


def test_uniforms_are_the_words_upper_bits():
    words, wide = threefry.words(KEY, N), threefry.words64(KEY, N)
    for dtype, bits in (("float16", 11), ("bfloat16", 8), ("float32", 24)):
        exact = (words >> np.uint32(32 - bits)).astype(np.float64) / 2**bits
        assert np.array_equal(R.uniform((N,), dtype=dtype, key=KEY).numpy().astype(np.float64), exact)
    exact = (wide >> np.uint64(11)).astype(np.float64) * 2.0**-53
    assert np.array_equal(R.uniform((N,), dtype="float64", key=KEY).numpy(), exact)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
@settings(deadline=None, max_examples=50)
def test_an_interval_is_computed_in_float64_and_rounded_once(low, width):
    high = low + width
    unit = (threefry.words(KEY, 500) >> np.uint32(8)).astype(np.float64) * 2.0**-24
    found = R.uniform((500,), low, high, key=KEY).numpy()
    assert np.array_equal(found, (unit * (high - low) + low).astype(np.float32))


def test_uniforms_are_even():
    assert stats.kstest(R.uniform((100_000,), key=KEY).numpy(), "uniform").pvalue > 0.01
    assert stats.kstest(R.uniform((100_000,), 2.0, 5.0, "float64", key=KEY).numpy(), "uniform", (2, 3)).pvalue > 0.01


def test_ends_of_an_interval_may_be_tensors(backend):
    low, high = pf.constant([0.0, 10.0]), pf.constant([1.0, 30.0])
    expected = pf.random.uniform((50, 2), dtype="float64", seed=1).numpy() * [1, 20] + [0, 10]
    found = pf.random.uniform((50, 2), low, high, "float64", seed=1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)
    with_numbers = pf.random.uniform((50,), -2.0, 3.0, seed=1).numpy()
    within = pf.function(lambda end: pf.random.uniform((50,), -2.0, end, seed=1))(pf.constant(3.0))
    assert within.dtype == pf.float32
    np.testing.assert_allclose(within.numpy(), with_numbers, rtol=1e-6)


def test_uniform_takes_tensorflow_s_and_keras_s_arguments():
    assert R.uniform([2, 3], 1, 2, pf.float64, 7).dtype == np.float64
    assert R.uniform(shape=(2,), minval=-1, maxval=0, dtype="float32", seed=3).shape == (2,)
    whole = R.uniform((100,), minval=3, maxval=6, dtype="int32", seed=3)
    assert whole.dtype == np.int32
    assert set(whole.tolist()) == {3, 4, 5}
    assert R.uniform((), 2.0, 2.0, key=KEY).item() == 2.0
    assert R.uniform(4, key=KEY).shape == (4,)


@pytest.mark.parametrize("ends", [(1.0, 0.0), (0.0, math.inf), (math.nan, 1.0), (-1.7e308, 1.7e308)])
def test_uniform_refuses_what_is_no_interval(ends):
    with pytest.raises(ValueError, match="finite numbers minval <= maxval"):
        R.uniform((2,), *ends)


# Bernoulli ------------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_bernoulli_compares_words(p):
    words = threefry.words(KEY, 999)
    expected = [int(word) < p * 2**32 for word in words]
    assert R.bernoulli((999,), p, key=KEY).tolist() == expected
    assert R.bernoulli((999,), pf.tensor([p], "float64"), key=KEY).tolist() == expected


def test_bernoulli_s_ends_are_certain():
    assert not R.bernoulli((1000,), 0.0, key=KEY).numpy().any()
    assert R.bernoulli((1000,), 1.0, key=KEY).numpy().all()
    assert R.bernoulli((3,), 1.0, "float32", key=KEY).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_bernoulli_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="probability from 0 to 1"):
        R.bernoulli((2,), p)


# Normals --------------------------------------------------------------------------------------------------------------


def by_scipy(v: np.ndarray) -> np.ndarray:
    """The normal of a uniform v in (-1, 1), through the tail so that no digit of 1 - |v| is lost."""
    return -np.sign(v) * ndtri((1 - np.abs(v)) / 2)


def test_normals_are_the_inverse_of_scipy_s_distribution_function():
    v32 = (threefry.words(KEY, 100_000).astype(np.float64) - 2.0**31 + 0.5) / 2.0**31
    v64 = ((threefry.words64(KEY, 100_000) >> np.uint64(11)).astype(np.float64) - 2.0**52 + 0.5) / 2.0**52
    np.testing.assert_allclose(R.normal((100_000,), key=KEY).numpy(), by_scipy(v32), rtol=1.2e-7)
    np.testing.assert_allclose(R.normal((100_000,), dtype="float64", key=KEY).numpy(), by_scipy(v64), rtol=4e-15)
    inner = by_scipy(v32 * (2 * stats.norm.cdf(2) - 1))
    np.testing.assert_allclose(R.truncated_normal((100_000,), key=KEY).numpy(), inner, rtol=2e-7)


def test_normals_are_normal():
    assert stats.kstest(R.normal((200_000,), key=KEY).numpy(), "norm").pvalue > 0.01
    drawn = R.normal((200_000,), 3.0, 0.5, "float64", key=KEY).numpy()
    assert stats.kstest(drawn, stats.norm(3.0, 0.5).cdf).pvalue > 0.01
    assert abs(stats.kurtosis(drawn)) < 4 * math.sqrt(24 / 200_000)


def test_truncated_normals_stay_within_two_deviations():
    drawn = R.truncated_normal((200_000,), 1.0, 0.5, key=KEY).numpy()
    assert np.abs(drawn - 1).max() <= 1
    assert stats.kstest((drawn - 1) / 0.5, stats.truncnorm(-2, 2).cdf).pvalue > 0.01
    assert abs(drawn.std() / 0.5 - 0.8796256610342398) < 0.005


def test_mean_and_deviation_may_be_tensors(backend):
    mean, spread = pf.tensor([0.0, 100.0]), pf.tensor([[1.0], [10.0]])
    drawn = R.normal((2, 2), mean, spread, key=KEY).numpy()
    plain = R.normal((2, 2), key=KEY).numpy()
    np.testing.assert_allclose(drawn, plain * [[1.0], [10.0]] + [0.0, 100.0], rtol=1e-6)


@pytest.mark.parametrize("draw", [R.normal, R.truncated_normal, R.uniform])
def test_floats_are_drawn_as_floats(draw):
    for dtype in (pf.float16, pf.bfloat16, pf.float32, pf.float64):
        assert draw((5,), dtype=dtype, key=KEY).dtype is dtype
    with pytest.raises(DTypeError, match="draws real floating numbers; got dtype complex64"):
        draw((5,), dtype="complex64", key=KEY)


# Integers -------------------------------------------------------------------------------------------------------------


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**64))
@settings(deadline=None, max_examples=100)
def test_randint_multiplies_and_shifts(low, span):
    high = min(low + span, 2**63)
    span = high - low
    found = R.randint((20,), low, high, "int64", key=KEY).tolist()
    if span == 2**64 or span <= 2**32:
        expected = [low + (int(w) * span >> 64) for w in threefry.words64(KEY, 20)]
    else:
        first, second = threefry.words64(KEY, 40).reshape(2, 20)
        expected = [low + (((int(a) << 64) + int(b)) * span >> 128) for a, b in zip(first, second, strict=True)]
    assert found == expected


def test_randint_reaches_every_value_evenly():
    counts = np.bincount(R.randint((60_000,), 0, 6, key=KEY).numpy(), minlength=6)
    assert len(counts) == 6
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 20.5  # 5 degrees of freedom: p = 0.001


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3, 3), ValueError, "minval < maxval"),
        ((0, 300, "uint8"), OverflowError, "299 is out of range for uint8"),
        ((-1, 3, "uint8"), OverflowError, "-1 is out of range"),
        ((0, 3, "float32"), DTypeError, "draws integers; got dtype float32"),
        ((0, 2.5), TypeError, "integer"),
    ],
)
def test_randint_refuses_impossible_ranges(arguments, error, words):
    with pytest.raises(error, match=words):
        R.randint((2,), *arguments)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_permutations_and_shuffles_keep_every_element(backend):
    assert np.array_equal(R.permutation(10, key=KEY).numpy(), threefry.permutation(KEY, 10))
    x = pf.tensor(np.arange(24).reshape(2, 3, 4))
    order = threefry.permutation(KEY, 3)
    assert np.array_equal(R.shuffle(x, axis=1, key=KEY).numpy(), x.numpy()[:, order])
    assert np.array_equal(R.permutation(x, axis=-2, key=KEY).numpy(), x.numpy()[:, order])
    assert R.shuffle([3, 1, 2], seed=1).shape == (3,)


def test_shuffle_refuses_what_has_no_order():
    for x, axis in ((3.0, 0), ([3.0], 1)):
        with pytest.raises(AxisError, match=f"axis {axis} is out of range"):
            R.shuffle(pf.tensor(x), axis)
    with pytest.raises(ValueError, match="0 or more"):
        R.permutation(-1)


def test_categorical_draws_with_the_softmax_s_probabilities(backend):
    logits = np.array([[0.0, 1.0, -np.inf, 2.0], [5.0, 5.0, 5.0, 5.0]], np.float32)
    drawn = R.categorical(logits, 40_000, key=KEY)
    assert drawn.shape == (2, 40_000)
    assert drawn.dtype is dt.int64
    for row, given_ in zip(drawn.numpy(), logits.astype(np.float64), strict=True):
        expected = np.exp(given_) / np.exp(given_).sum() * 40_000
        counts = np.bincount(row, minlength=4)
        assert counts[expected == 0].sum() == 0
        possible = expected > 0
        assert ((counts - expected)[possible] ** 2 / expected[possible]).sum() < 16.3  # at most 3 degrees of freedom
    assert R.categorical(np.zeros((3, 1, 2)), 5, "int32", seed=0).shape == (3, 1, 5)
    with pytest.raises(ShapeError, match=r"of shape \(\.\.\., classes\)"):
        R.categorical(np.zeros((3, 0)), 5)


# Keys and shapes ------------------------------------------------------------------------------------------------------


def test_keys_are_tensors_of_the_words(backend):
    key = R.key(2**33 + 5)
    assert key.backend is backend
    assert key.tolist() == [2, 5]
    assert np.array_equal(R.split(key, 3).numpy(), threefry.split(threefry.key(2**33 + 5), 3))
    assert np.array_equal(R.split(key, 0).numpy(), np.zeros((0, 2)))
    first, second = R.split(key)
    assert first.shape == second.shape == (2,)
    for data in (0, 2**40 + 1):
        assert np.array_equal(R.fold_in(key, data).numpy(), threefry.fold_in(threefry.key(2**33 + 5), data))
    step = pf.Variable(np.uint32(77))
    assert np.array_equal(R.fold_in(key, step).numpy(), threefry.fold_in(threefry.key(2**33 + 5), 77))


def test_seed_and_key_are_two_ways_to_say_the_same():
    for seed in (0, 12345):
        assert np.array_equal(R.uniform((5,), seed=seed).numpy(), R.uniform((5,), key=R.key(seed)).numpy())
        assert np.array_equal(R.uniform((5,), seed=seed).numpy(), R.uniform((5,), key=threefry.key(seed)).numpy())
    with pytest.raises(TypeError, match="seed= or key=, not both"):
        R.uniform((5,), seed=1, key=KEY)


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (np.zeros(3, np.uint32), ShapeError, r"a key has shape \(2,\); got shape \(3,\)"),
        ([1, 2], DTypeError, "a key holds uint32; got int64"),
        (5, ShapeError, r"Make one with random\.key"),
    ],
)
def test_what_is_no_key_is_refused(key, error, words, backend):
    with pytest.raises(error, match=words):
        R.uniform((3,), key=key)


def test_draws_go_where_they_are_told():
    jax = pf.tensor(0.0, backend="jax").backend
    assert R.uniform((3,), backend="jax").backend is jax
    assert R.normal((3,), key=R.key(1, backend="jax")).backend is jax
    assert R.randint((3,), 0, 2, seed=1, backend="jax").backend is jax
    assert R.uniform((3,), key=R.key(1), backend="jax").backend is jax
    assert R.shuffle([1, 2, 3], key=R.key(1, backend="jax")).backend is jax
    with pf.use_backend("jax"):
        assert R.bernoulli((3,)).backend is jax


@pytest.mark.parametrize("shape", [(-1,), (2, -3)])
def test_negative_sizes_are_refused(shape, backend):
    for draw in (R.uniform, R.normal, R.bernoulli, R.bits, lambda s: R.keep_mask(s, 0.5)):
        with pytest.raises(ShapeError, match="sizes of a shape are 0 or more"):
            draw(shape)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_empty_and_scalar_shapes(shape, backend):
    for draw in (R.uniform, R.normal, R.truncated_normal, R.bernoulli, R.bits, lambda s: R.randint(s, 0, 5)):
        assert draw(shape).shape == shape


def test_draws_leave_derivatives_alone(backend):
    """A draw inside a differentiated function is a constant to it."""
    slope = pf.grad(lambda x: (x * R.normal((3,), key=KEY)).sum())(pf.ones((3,)))
    np.testing.assert_array_equal(slope.numpy(), R.normal((3,), key=KEY).numpy())
