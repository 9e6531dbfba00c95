"""What concerns NumPy alone: its warnings, its error state, its fast ways."""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes
from polyflow.errors import UnknownDeviceError
from polyflow.ops import indexing
from polyflow.ops.declare import OPS


def loud():
    """Each would make NumPy warn."""
    big, zero = pf.tensor(np.array([3e38, -3e38], np.float32)), pf.tensor(np.zeros(2, np.float32))
    nothing = pf.tensor(np.zeros((0,), np.float32))
    return [
        big + big, big * 10.0, zero / zero, big / zero, pf.log(zero), pf.sqrt(big), pf.exp(big), big - big * 10.0,
        big**2.0, pf.sum(big * big), pf.mean(nothing), pf.astype(big, "int32"), pf.astype(big, "float16"), pf.prod(big),
        zero // zero, zero % zero, pf.tensor([1]) // pf.tensor([0]), pf.tensor([1]) % 0, big @ big, pf.reciprocal(zero),
        pf.cumulative_sum(big), pf.asin(big), pf.atanh(pf.tensor(1.0)), pf.nn.softmax(big * big), pf.logsumexp(big),
        pf.nn.sigmoid(big), pf.max(zero / zero), pf.maximum(zero / zero, zero), pf.hypot(big, big),
        pf.function(lambda v: pf.sum(v * v / v))(zero),
    ]  # fmt: skip


def test_nothing_warns():
    """Overflows, divisions by zero and invalid values give infinities and NaN, and no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for result in loud():
            assert result.backend.name == "numpy"


def test_the_users_error_state_is_untouched():
    """``np.errstate`` keeps its say over the user's own NumPy, and has none over polyflow."""
    with np.errstate(all="raise"):
        before = np.geterr()
        loud()
        assert np.geterr() == before
        with pytest.raises(FloatingPointError):
            np.float32(3e38) * np.float32(10)
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.array([3e38], np.float32) * np.float32(10)


def test_threads_do_not_meet_in_the_silence():
    """Threads that compute at the same moment, on arrays large enough for NumPy to let others run."""
    x = pf.tensor(np.full((400, 1000), 3e38, np.float32))
    wrong, gate = [], threading.Barrier(4)

    def work():
        gate.wait()
        with warnings.catch_warnings():
            for _ in range(30):
                result = x * 10.0
                if not np.isinf(result.numpy()).all():
                    wrong.append("a wrong result")

    caught = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda *args, **kwargs: caught.append(args[0])
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert [str(w) for w in caught] == []


def test_a_taken_context_is_gone_around():
    """A kernel that is called while another holds the silent context, as from a signal handler, runs all the same."""
    from polyflow.backend import quiet

    inner = quiet.binary(np.multiply)
    outer = quiet.unary(lambda x: inner(x, x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(outer(np.float32(3e38)))
    other = quiet.quiet(lambda x: inner(x, x))
    assert other(np.float32(3.0)) == 9.0


def test_there_is_one_device():
    """``cpu:0``, under its two names."""
    from polyflow.backend import discovery

    assert discovery.get("numpy:cpu") is discovery.get("numpy:cpu:0") is discovery.get("numpy")
    with pytest.raises(UnknownDeviceError, match="cpu:0"):
        discovery.get("numpy:cuda:0")


@pytest.mark.parametrize("shape", [(40,), (40, 30), (7, 5, 40)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "float16"])
def test_adding_at_many_indices_is_adding_one_after_the_other(shape, dtype):
    """The way over element numbers gives the bits of the plain one, negative indices and broadcast updates included."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) * 10).astype(dtype)
    for count in (1, min(2, len(shape))):
        indices = tuple(rng.integers(-size, size, 700) for size in shape[:count])
        for updates in (rng.normal(size=(700, *shape[count:])) * 10, rng.normal(size=shape[count:] or (1,)) * 10):
            updates = updates.astype(dtype)
            expected = x.copy()
            np.add.at(expected, indices, updates)
            got = indexing.index_add(pf.tensor(x), indices, pf.tensor(updates)).numpy()
            assert got.tobytes() == expected.tobytes()


def test_results_without_axes_are_arrays_again():
    """NumPy's scalars, which such results are, go through every elementwise op of one argument."""
    zero = pf.sum(pf.tensor([0.25, 0.5]))
    for name, op in OPS.items():
        alone = op.rule.family == "elementwise" and len(op.tensors) == 1 and not op.defaults
        if alone and np.dtype("float32") in op.rule.direct:
            result = op.kernels[zero.backend](zero.array)
            assert np.shape(result) == (), name
    assert zero[()].shape == ()
    assert zero[None].shape == (1,)
    assert pf.reshape(zero, (1, 1)).shape == (1, 1)
    assert pf.broadcast_to(zero, (2, 3)).tolist() == [[0.75] * 3] * 2
    assert zero.numpy().flags.writeable is False


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int8", "int64", "complex128"])
@pytest.mark.parametrize("size", [(5,), (70, 90)])
def test_where_chooses_bits(size, dtype):
    """Those of NumPy's `where`: NaN and zeros of either sign, numbers beside arrays, and what broadcasts."""
    rng = np.random.default_rng(0)
    dtype = dtypes.as_dtype(dtype)
    special = np.array([0.0, -0.0, 1.5, -2.5] + [np.nan, np.inf, -np.inf] * (dtype.kind != "i"))
    x, y = (rng.choice(special, size).astype(dtype) for _ in range(2))
    condition = rng.random(size) < 0.5
    for a, b in ((x, y), (x, y[0]), (x[:1], y), (x, dtype.type(3)), (dtype.type(3), y), (x.T.copy().T, y)):
        expected = np.where(condition, np.asarray(a, dtype), np.asarray(b, dtype))
        found = pf.where(pf.tensor(condition), pf.asarray(a), pf.asarray(b)).numpy()
        assert found.dtype == dtype
        assert found.tobytes() == expected.tobytes()
    if dtype.kind == "f":
        kernel = OPS["where"].kernels[pf.tensor(x).backend]
        assert kernel(condition, x, 0.5).tobytes() == np.where(condition, x, dtype.type(0.5)).tobytes()
        assert kernel(condition, 0.5, x).dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
def test_extremes_of_narrow_rows_are_those_of_all_rows(dtype, numpy):
    """Also where a row holds NaN, and where the matrix is laid out by columns."""
    x = (np.random.default_rng(0).normal(size=(90, 7)) * 50).astype(dtype)
    if x.dtype.kind == "f":
        x[3, 2] = np.nan
    for given in (x, np.asfortranarray(x), x[::2], x[:, ::-1], x[:3]):
        for keepdims in (False, True):
            for axis in (1, -1, (1,)):
                for name in ("max", "min"):
                    found = OPS[name].kernels[numpy](given, axis=axis, keepdims=keepdims)
                    np.testing.assert_array_equal(found, getattr(given, name)(axis=1, keepdims=keepdims))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (3,), (4, 100)])
def test_activations_of_extreme_numbers(shape, dtype):
    """Infinities, zeros and NaN go where they have to, in every shape."""
    for given, sigmoid, relu in ((np.inf, 1, np.inf), (-np.inf, 0, 0), (0, 0.5, 0), (np.nan, np.nan, np.nan)):
        x = pf.cast(pf.fill(shape, given), dtype)
        for function, expected in ((pf.nn.sigmoid, sigmoid), (pf.nn.relu, relu)):
            found = function(x)
            assert (found.dtype.name, found.shape) == (dtype, shape)
            np.testing.assert_array_equal(found.numpy().astype(np.float64), np.full(shape, expected))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, np.bool_])
def test_many_numbers_are_sorted_as_stably_as_few(dtype):
    """The quick way of sorting does not show: zeros of both signs keep their order, NaN comes last."""
    host = np.random.default_rng(3).integers(-3, 3, (4, 1500)).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        host[0, ::7] = np.nan
        host[1, ::3] = -0.0
    for axis in (0, 1):
        found, wanted = pf.sort(pf.tensor(host), axis=axis).numpy(), np.sort(host, axis=axis, kind="stable")
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(np.signbit(found[1]), np.signbit(wanted[1]))


@pytest.mark.parametrize("size", [7, 5000])
@pytest.mark.parametrize("limits", [(-0.5, 1.0), (0.0, -1.0), (-0.0, 0.0), (None, 0.25), (-2, None)])
def test_clip_is_one_of_few_and_of_many_numbers(size, limits):
    """The limits, NaN and zeros inside, also in a plan, where it may write over its argument."""
    host = np.random.default_rng(1).normal(size=size).astype(np.float32)
    host[:5] = [np.nan, np.inf, -np.inf, 0.0, -0.0]
    low, high = limits
    wanted = host if low is None else np.maximum(host, np.float32(low))
    wanted = wanted if high is None else np.minimum(wanted, np.float32(high))
    x = pf.tensor(host)
    for found in (pf.clip(x, low, high), pf.function(lambda x: pf.clip(x * 1.0, low, high) + 0.0)(x)):
        np.testing.assert_array_equal(found.numpy(), wanted)
    if 0 not in limits:  # which of two equal zeros a limit gives is nobody's promise
        np.testing.assert_array_equal(np.signbit(pf.clip(x, low, high).numpy()), np.signbit(wanted))
    assert x.numpy()[1] == np.inf


@pytest.mark.parametrize("axes", [(0, 1), (-1, 0), [1, 0]])
def test_sums_over_all_axes_named_are_those_over_all(axes):
    host = np.random.default_rng(2).normal(size=(40, 30)).astype(np.float32)
    assert pf.sum(pf.tensor(host), axes).numpy() == pf.sum(pf.tensor(host)).numpy()
    with pytest.raises(pf.errors.AxisError):
        pf.sum(pf.tensor(host), (0, 1, 2))
    with pytest.raises(pf.errors.AxisError):
        pf.sum(pf.tensor(host), (0, 0))


@pytest.mark.parametrize("axes", [(0, 2), (1, 2), (0, 1), 1, 0])
@pytest.mark.parametrize("rows", [1, 7, 16, 17, 40])
def test_sums_of_few_rows_that_are_long(rows, axes):
    """Fewer rows than a block of them, beside other axes that are summed too."""
    host = np.arange(rows * 149 * 11, dtype=np.float32).reshape(rows, 149, 11) % 17
    np.testing.assert_array_equal(pf.sum(pf.tensor(host), axes).numpy(), host.sum(axes))


@pytest.mark.parametrize("name", ["expm1", "log1p"])
def test_exponentials_of_many_numbers_hold_their_bound(name):
    """4 ulp of the value in float64, at special values too, whatever lies beside them."""
    rng = np.random.default_rng(6)
    signs = rng.choice([-1.0, 1.0], 20_000)
    host = np.concatenate(
        [rng.uniform(-1, 3, 60_000), 10 ** rng.uniform(-37, 0, 20_000) * signs, rng.uniform(-1, 90, 9000)]
    )
    host[::1000] = np.resize([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, -2.0, 1e38], 89)
    host = host.astype(np.float32)
    with np.errstate(all="ignore"):
        true = getattr(np, name)(host.astype(np.float64))
        rounded = true.astype(np.float32)
        found = getattr(pf, name)(pf.tensor(host)).numpy()
        error = abs(found - true) / np.spacing(abs(rounded)).astype(np.float64)
    normal = np.isfinite(rounded) & (abs(rounded) >= np.finfo(np.float32).tiny)
    assert error[normal].max() <= 4
    np.testing.assert_array_equal(found[~np.isfinite(rounded)], rounded[~np.isfinite(rounded)])
    np.testing.assert_array_equal(np.signbit(found[host == 0]), np.signbit(host[host == 0]))
