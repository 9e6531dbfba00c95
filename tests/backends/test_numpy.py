"""What concerns NumPy alone: its warnings, its error state, its fast ways."""

from __future__ import annotations

import sys
import threading
import warnings

import numpy as np
import pytest

import polyflow as pf
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
    hook, warnings.showwarning = warnings.showwarning, lambda *args, **kwargs: caught.append(args[0])
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
        warnings.showwarning = hook
    assert wrong == []
    assert [str(w) for w in caught] == []


def test_a_taken_context_is_gone_around():
    """A kernel that is called while another holds the silent context, as from a signal handler, runs all the same."""
    from polyflow_numpy import quiet

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
    """NumPy's scalars, which such results are, go through every op of one argument."""
    zero = pf.sum(pf.tensor([0.25, 0.5]))
    for name, op in OPS.items():
        if len(op.tensors) == 1 and not op.defaults and not op.variadic and np.dtype("float32") in op.rule.direct:
            result = op.kernels[zero.backend](zero.array)
            assert np.shape(result) == (), name
    assert zero[()].shape == ()
    assert zero[None].shape == (1,)
    assert pf.reshape(zero, (1, 1)).shape == (1, 1)
    assert pf.broadcast_to(zero, (2, 3)).tolist() == [[0.75] * 3] * 2
    assert zero.numpy().flags.writeable is False
