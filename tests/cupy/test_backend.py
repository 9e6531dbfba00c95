"""The CuPy backend's logic over the stand-in: every op of the table equals the NumPy backend.

The stand-in is not CuPy (its docstring says how it differs); nothing here shows that a GPU computes the same.
"""

from __future__ import annotations

import numpy as np
import pytest
from op_cases import ALL_OPS, fitting

from polyflow import dtypes as dt
from polyflow.errors import BackendUnavailableError, UnknownDeviceError, UnsupportedError
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec
from polyflow_numpy.backend import NumPyBackend

EPS = {dt.float16: 2.0**-10, dt.bfloat16: 2.0**-7, dt.float32: 2.0**-23, dt.float64: 2.0**-52}
ROUNDED = frozenset(
    [
        "abs",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "cos",
        "cosh",
        "cumulative_prod",
        "cumulative_sum",
        "divide",
        "erf",
        "erfc",
        "erfinv",
        "exp",
        "expm1",
        "hypot",
        "index_add",
        "log",
        "log10",
        "log1p",
        "log2",
        "log_softmax",
        "logaddexp",
        "logsumexp",
        "matmul",
        "mean",
        "multiply",
        "pow",
        "prod",
        "reciprocal",
        "rsqrt",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "softmax",
        "softplus",
        "sqrt",
        "square",
        "sum",
        "tan",
        "tanh",
    ]
)
"""Ops whose results may be rounded otherwise in halves or complex numbers; all others must have the same bits."""

ZEROS_EQUAL = frozenset(["clip", "max", "maximum", "min", "minimum", "relu", "sort"])
"""Ops of which -0.0 and 0.0 are equal arguments, so that either may be the result."""


def same(got: np.ndarray, expected: np.ndarray, name: str) -> None:
    """Equal dtype, shape and values; in the ops that round, to a few units in the last place."""
    assert got.dtype is dt.as_dtype(expected.dtype), f"{got.dtype} instead of {expected.dtype}"
    assert got.shape == expected.shape
    if expected.dtype not in dt.INEXACT or name not in ROUNDED:
        wide = (
            np.complex128
            if expected.dtype in dt.COMPLEX
            else np.float64
            if expected.dtype in dt.FLOATING
            else expected.dtype
        )
        np.testing.assert_array_equal(got.astype(wide), expected.astype(wide))
        if expected.dtype in dt.FLOATING and name not in ZEROS_EQUAL:
            numbers = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(expected)[numbers], "signs of zero")
        return
    wide = np.complex128 if expected.dtype in dt.COMPLEX else np.float64
    tolerance = EPS[dt.real_of(dt.as_dtype(expected.dtype))] * 16
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got.astype(wide), expected.astype(wide), rtol=tolerance, atol=tolerance)


WIDENED = frozenset({"sort", "argsort", "searchsorted", "matmul"})
"""Ops that NumPy itself does not have in bfloat16: its sort loses its way at NaN."""


def oracle(op, numpy_kernel, case):
    """What the NumPy backend gives; where NumPy has no such op in bfloat16, its result in float32, rounded."""
    args = case.args
    if op.name in WIDENED and args[0].dtype == dt.bfloat16:
        args = [a.astype(np.float32) for a in args]
    result = np.asarray(numpy_kernel(*args, **case.attrs))
    dtype = next((a.dtype for a in case.args if isinstance(a, np.ndarray) and a.dtype in dt.FLOATING), None)
    specs = tuple(Spec(np.shape(a), dt.as_dtype(a.dtype) if isinstance(a, np.ndarray) else dtype) for a in case.args)
    expected = op.infer(specs, case.attrs)
    assert result.shape == expected.shape
    return result.astype(dt.bfloat16) if expected.dtype is dt.bfloat16 and result.dtype == np.float32 else result


@pytest.mark.parametrize("name", ALL_OPS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_op_equals_the_numpy_backend(name, backend):
    """Each op gives NumPy's dtype, shape and values, leaves its arguments alone, and runs on the library itself."""
    op, numpy = OPS[name], NumPyBackend()
    known = list(fitting(op, backend))
    assert known, f"no arguments are known for {name}: add them to op_cases.py"
    ours, theirs = backend.kernel(op), numpy.kernel(op)
    for case in known:
        arrays = [backend.asarray(a) if isinstance(a, np.ndarray) else a for a in case.args]
        before = [a.host.tobytes() for a in arrays if not isinstance(a, float)]
        expected = oracle(op, theirs, case)
        got = ours(*arrays, **case.attrs)
        try:
            same(backend.to_numpy(got), expected, name)
            assert backend.dtype_of(got) is got.dtype, "a dtype object that `is` does not recognise"
        except AssertionError as difference:
            raise AssertionError(f"{name}[{case.label}] of {case.args} {case.attrs}: {difference}") from None
        assert [a.host.tobytes() for a in arrays if not isinstance(a, float)] == before, (
            f"{name}[{case.label}] changed an argument"
        )
    assert backend.host_fallbacks == {}


@pytest.mark.parametrize("name", ALL_OPS)
def test_no_op_runs_on_the_host(name, backend):
    """Every op is CuPy's own or made of ops that are: none falls back to NumPy on the host."""
    op = OPS[name]
    assert backend.implements(op) or op.decomposition is not None


@pytest.mark.parametrize("dtype", dt.FLOATS, ids=str)
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_division_with_remainder_has_numpys_bits_at_every_size(name, dtype, backend):
    """Also where the quotient has more digits than the dtype."""
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"CuPy {backend.cp.__version__} has no {dtype}")
    rng = np.random.default_rng(3)
    power = 2 if dtype is dt.float16 else 6
    pair = [(rng.normal(size=20_000) * 10.0 ** rng.integers(-power, power + 1, 20_000)).astype(dtype) for _ in range(2)]
    expected = np.asarray(NumPyBackend().kernel(OPS[name])(*pair)).astype(dtype)
    got = backend.to_numpy(backend.kernel(OPS[name])(*[backend.asarray(a) for a in pair]))
    np.testing.assert_array_equal(got.astype(np.float64), expected.astype(np.float64))


# Waiting for the GPU ----------------------------------------------------------------------------------------------

WAITING = {"getitem": 1, "index_add": 1, "index_set": 1, "pow": 1}
"""How often an op may wait: once to check index arrays, however many, or integer exponents."""


@pytest.mark.parametrize("name", ALL_OPS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ops_do_not_wait_for_the_gpu(name, backend):
    op = OPS[name]
    kernel = backend.kernel(op)
    for case in fitting(op, backend):
        dtypes = {a.dtype for a in case.args if isinstance(a, np.ndarray)} | {case.attrs.get("dtype", dt.bool_)}
        if not dtypes <= {dt.bool_, dt.float32, dt.int32, dt.int64}:
            continue
        arrays = [backend.asarray(a) if isinstance(a, np.ndarray) else a for a in case.args]
        backend.cp.syncs = 0
        kernel(*arrays, **case.attrs)
        allowed = WAITING.get(name, 0)
        assert backend.cp.syncs <= allowed, f"{name}[{case.label}] waited {backend.cp.syncs} times, {allowed} allowed"


def test_conversion_to_the_gpu_does_not_wait(backend):
    backend.cp.syncs = 0
    backend.asarray(np.arange(10.0))
    backend.full(shape=(3,), fill_value=-0.0, dtype=dt.float32)
    assert backend.cp.syncs == 0


# Arrays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
def test_arrays_come_and_go_unchanged(dtype, backend):
    if dtype not in backend.capabilities.dtypes:
        with pytest.raises(UnsupportedError, match="bfloat16"):
            backend.asarray(np.zeros(2, dtype))
        return
    for host in (
        np.zeros((2, 3), dtype),
        np.asarray(1, dtype),
        np.zeros((0, 4), dtype),
        np.ones((4, 3), dtype).T[::-1],
    ):
        array = backend.asarray(host)
        assert array.dtype is dtype
        back = backend.to_numpy(array)
        assert back.dtype is dtype
        np.testing.assert_array_equal(back, host)


@pytest.mark.parametrize(
    "host", [np.float32(-0.0), np.array([-0.0, 0.0]), np.complex64(complex(0.0, -0.0)), np.float16(-0.0)]
)
def test_zero_keeps_its_sign_on_the_way(host, backend):
    """CuPy fills 0-d arrays, and writes zeros by memset: both lose the sign."""
    back = backend.to_numpy(backend.asarray(host))
    np.testing.assert_array_equal(np.signbit(back.real), np.signbit(host.real))
    np.testing.assert_array_equal(np.signbit(back.imag), np.signbit(host.imag))


def test_numpy_input_is_copied(backend):
    host = np.arange(5.0)
    array = backend.asarray(host)
    host[0] = 99
    assert backend.to_numpy(array)[0] == 0


def test_host_values_are_read_only(backend):
    with pytest.raises(ValueError, match="read-only"):
        backend.to_numpy(backend.asarray(np.arange(3.0)))[0] = 1


def test_long_long_is_the_same_int64(backend):
    assert backend.asarray(np.arange(3, dtype=np.longlong)).dtype is dt.int64


def test_byte_order_is_made_native(backend):
    np.testing.assert_array_equal(backend.to_numpy(backend.asarray(np.arange(3, dtype=">f4"))), [0, 1, 2])


def test_dlpack_shares_memory_both_ways(backend):
    array = backend.asarray(np.arange(3.0))
    shared = backend.from_dlpack(array)
    array[0] = 7
    assert backend.to_numpy(shared)[0] == 7
    host = np.from_dlpack(_OnHost(array))
    np.testing.assert_array_equal(host, [7, 1, 2])


class _OnHost:
    """A device array asked for its values on the host, as NumPy asks with ``device="cpu"``."""

    def __init__(self, array):
        self.array = array

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, **named):
        return self.array.__dlpack__(**{**named, "dl_device": (1, 0), "copy": None})


# Errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [3, -4, 2**40])
@pytest.mark.parametrize("op", ["getitem", "index_add", "index_set"])
def test_an_index_outside_is_an_index_error(op, index, backend):
    """CuPy would wrap it around and read another element."""
    from polyflow.backend.keys import ARRAY, Slice

    x = backend.asarray(np.arange(12.0).reshape(3, 4))
    indices = backend.asarray(np.array([0, index]))
    updates = () if op == "getitem" else (backend.asarray(np.zeros((2, 4))),)
    with pytest.raises(IndexError, match=rf"index {index} is out of bounds for axis 0 of size 3 \(shape \(3, 4\)\)"):
        backend.kernel(OPS[op])(x, *updates, indices, key=(ARRAY, Slice(0, 4, 1)))


def test_the_second_index_array_is_checked_too(backend):
    from polyflow.backend.keys import ARRAY

    x = backend.asarray(np.arange(12.0).reshape(3, 4))
    good, bad = backend.asarray(np.array([0, 1])), backend.asarray(np.array([3, -5], np.int8))
    with pytest.raises(IndexError, match="index -5 is out of bounds for axis 1 of size 4"):
        backend.kernel(OPS["getitem"])(x, good, bad, key=(ARRAY, ARRAY))


def test_a_negative_integer_exponent_is_a_value_error(backend):
    two = backend.asarray(np.array([2, 2]))
    with pytest.raises(ValueError, match="to a negative integer power"):
        backend.kernel(OPS["pow"])(two, backend.asarray(np.array([1, -1])))


def test_no_gpu_is_said_with_the_way_out(standin):
    from polyflow_cupy.backend import CuPyBackend

    standin.count = 0
    with pytest.raises(BackendUnavailableError, match="no NVIDIA GPU answers.*set_backend"):
        CuPyBackend(cupy=standin)


def test_an_old_cupy_is_refused(monkeypatch):
    import types

    from polyflow_cupy import library

    monkeypatch.setattr(library, "import_module", lambda name: types.SimpleNamespace(__version__="12.3.0"))
    with pytest.raises(BackendUnavailableError, match=r"CuPy 12\.3\.0 is too old.*pip install"):
        library.load()


def test_a_cupy_that_cannot_be_imported_is_explained(monkeypatch):
    from polyflow_cupy import library

    def fail(name):
        raise ImportError("\n====\nCuPy failed to load libnvrtc.so.12: no such file\n====")

    monkeypatch.setattr(library, "import_module", fail)
    with pytest.raises(BackendUnavailableError, match=r"CuPy failed to load libnvrtc\.so\.12.*pip install"):
        library.load()


def test_missing_cuda_libraries_are_explained(backend):
    def fail():
        raise RuntimeError(
            "CuPy failed to load libnvrtc.so.12: OSError: libnvrtc.so.12: cannot open shared object file"
        )

    with pytest.raises(BackendUnavailableError, match="cannot compile or load CUDA code here.*pip install"):
        backend.here(fail)()


def test_full_memory_says_what_helps(backend):
    def fail():
        raise backend.cp.cuda.memory.OutOfMemoryError("Out of memory allocating 8,000,000,000 bytes")

    with pytest.raises(MemoryError) as caught:
        backend.here(fail)()
    assert "smaller batches" in caught.value.__notes__[0]


# The kernel cache -------------------------------------------------------------------------------------------------


def test_the_kernel_cache_goes_where_it_can_be_written(monkeypatch, tmp_path):
    """`import cupy` makes its cache folder, and fails where the home directory does not allow it."""
    from polyflow_cupy import library

    blocked = tmp_path / "home"
    blocked.write_text("a file where a folder would have to be")
    monkeypatch.setenv("HOME", str(blocked))
    monkeypatch.setenv("CUPY_CACHE_DIR", "")
    library.prepare_cache()
    assert "polyflow-cupy-cache" in library.os.environ["CUPY_CACHE_DIR"]


def test_a_cache_that_the_user_named_stays(monkeypatch):
    from polyflow_cupy import library

    monkeypatch.setenv("CUPY_CACHE_DIR", "/somewhere/else")
    library.prepare_cache()
    assert library.os.environ["CUPY_CACHE_DIR"] == "/somewhere/else"


# Devices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1", "cuda:1", "gpu:1", "CUDA:1"])
def test_a_device_is_named_in_several_ways(name, standin):
    from polyflow_cupy.backend import CuPyBackend

    assert CuPyBackend(name, standin).device == "cuda:1"


@pytest.mark.parametrize("name", ["2", "cuda:7", "cpu", "tpu:0", "-1"])
def test_an_unknown_device_names_those_there_are(name, standin):
    from polyflow_cupy.backend import CuPyBackend

    with pytest.raises(UnknownDeviceError, match="Its devices: cuda:0, cuda:1"):
        CuPyBackend(name, standin)


def test_ops_run_on_the_device_of_their_backend(standin):
    """A backend of the second GPU works whatever the current device is, and leaves that as it was."""
    from polyflow_cupy.backend import CuPyBackend

    second = CuPyBackend("1", standin)
    x = second.asarray(np.arange(4.0, dtype=np.float32))
    assert second.device_of(x) == "cuda:1"
    assert standin.current == 0
    y = second.kernel(OPS["add"])(x, x)
    assert second.device_of(y) == "cuda:1"
    assert standin.current == 0
    np.testing.assert_array_equal(second.to_numpy(y), [0, 2, 4, 6])
    second.synchronize()
    assert standin.current == 0


def test_an_array_can_be_made_on_another_device(standin):
    from polyflow_cupy.backend import CuPyBackend

    first = CuPyBackend("0", standin)
    assert first.device_of(first.asarray(np.zeros(2), device="cuda:1")) == "cuda:1"


# Precision --------------------------------------------------------------------------------------------------------


def test_products_are_never_in_tf32_and_the_users_choice_stays(standin):
    from polyflow_cupy.backend import CuPyBackend

    types = standin._core._routines_linalg
    types.set_compute_type("float32", 7)
    during = []
    product = standin.matmul
    standin.matmul = lambda a, b: (during.append(types.get_compute_type("float32")), product(a, b))[1]
    x = (backend := CuPyBackend(cupy=standin)).asarray(np.eye(3, dtype=np.float32))
    backend.kernel(OPS["matmul"])(x, x)
    assert during == [types.COMPUTE_TYPE_DEFAULT]
    assert types.get_compute_type("float32") == 7


def test_adding_at_duplicates_is_in_order_and_has_numpys_bits(backend):
    """Atomics would add in any order; the generated kernel adds in the order given."""
    from polyflow.backend.keys import ARRAY, Slice

    rng = np.random.default_rng(5)
    x = np.zeros((7, 3), np.float32)
    rows, updates = rng.integers(-7, 7, 400), (rng.normal(size=(400, 3)) * 1e3).astype(np.float32)
    expected = x.copy()
    np.add.at(expected, rows, updates)
    args = [backend.asarray(a) for a in (x, updates, rows)]
    got = backend.kernel(OPS["index_add"])(*args, key=(ARRAY, Slice(0, 3, 1)))
    np.testing.assert_array_equal(backend.to_numpy(got), expected)
