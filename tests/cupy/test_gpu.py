"""The CuPy backend on a real GPU. Skipped, by name and with the reason, where none answers."""

from __future__ import annotations

import numpy as np
import pytest
from op_cases import ALL_OPS, fitting, values
from surface import installed_cupy
from test_backend import oracle, same
from test_plans import applicable, apply, graph_of, random_program, same_bits

from polyflow import dtypes as dt
from polyflow.backend.keys import ARRAY, Slice
from polyflow.ops.declare import OPS
from polyflow_cupy.library import device_count, no_device
from polyflow_numpy.backend import NumPyBackend

EPSILON = 2.0**-23


def why_not() -> str:
    """Why these tests cannot run here; empty where they can."""
    found = installed_cupy()
    if found is None:
        return "CuPy is not installed"
    return "" if device_count(found) else str(no_device(found))


if why_not():
    pytest.skip(f"tests on a real GPU: {why_not()}", allow_module_level=True)


@pytest.fixture(scope="module")
def gpu():
    """The backend on the first GPU."""
    from polyflow_cupy.backend import CuPyBackend

    return CuPyBackend()


# Every op ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL_OPS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_op_equals_the_numpy_backend_on_the_gpu(name, gpu):
    op = OPS[name]
    ours, theirs = gpu.kernel(op), NumPyBackend().kernel(op)
    known, failures = list(fitting(op, gpu)), []
    assert known
    for case in known:
        arrays = [gpu.asarray(a) if isinstance(a, np.ndarray) else a for a in case.args]
        got = gpu.to_numpy(ours(*arrays, **case.attrs))
        try:
            same(got, oracle(op, theirs, case), name)
            for array, given in zip(arrays, case.args, strict=True):
                if isinstance(given, np.ndarray):
                    assert gpu.to_numpy(array).tobytes() == np.ascontiguousarray(given).tobytes(), "an argument changed"
        except AssertionError as difference:
            failures.append(f"{name}[{case.label}] {case.attrs}: {difference}")
    assert not failures, f"{len(failures)} of {len(known)} cases:\n" + "\n".join(failures[:5])
    assert gpu.host_fallbacks == {}


@pytest.mark.parametrize("dtype", [dt.float32, dt.float64], ids=str)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "sqrt", "floor_divide", "remainder"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_arithmetic_has_numpys_bits(name, dtype, gpu):
    """Single ops on normal numbers are exact: + - * / sqrt, and the division with remainder."""
    op = OPS[name]
    rng = np.random.default_rng(3)
    args = [(rng.normal(size=100_000) * 10.0 ** rng.integers(-6, 7, 100_000)).astype(dtype) for _ in op.tensors]
    got = gpu.to_numpy(gpu.kernel(op)(*[gpu.asarray(a) for a in args]))
    expected = NumPyBackend().kernel(op)(*args)
    normal = np.isnan(expected) | (expected == 0) | (np.abs(expected) >= np.finfo(dtype).smallest_normal)
    np.testing.assert_array_equal(got[normal], expected[normal])


# Large arrays: the ways through CuPy that small ones do not take --------------------------------------------------


def test_the_first_of_many_nans_is_found(gpu):
    host = np.random.default_rng(0).normal(size=(64, 100_001)).astype(np.float32)
    host[:, 1234::777] = np.nan
    for axis in (None, 0, 1):
        for name in ("argmax", "argmin"):
            got = gpu.kernel(OPS[name])(gpu.asarray(host), axis=axis, keepdims=False)
            np.testing.assert_array_equal(gpu.to_numpy(got), getattr(np, name)(host, axis=axis))


@pytest.mark.parametrize(
    "dtype", [dt.float16, dt.bfloat16, dt.float32, dt.float64, dt.int32, dt.uint8, dt.bool_], ids=str
)
@pytest.mark.parametrize("descending", [False, True])
def test_large_sorts_are_stable_with_nan_last(dtype, descending, gpu):
    if dtype not in gpu.capabilities.dtypes:
        pytest.skip(f"this CuPy has no {dtype}")
    rng = np.random.default_rng(1)
    host = rng.integers(0, 50, 300_000).astype(dtype)
    if dtype in dt.FLOATING:
        host[::97] = np.nan
    wide = host.astype(np.float64)
    expected = np.argsort(-wide if descending else wide, stable=True)
    order = gpu.to_numpy(gpu.kernel(OPS["argsort"])(gpu.asarray(host), axis=0, descending=descending))
    np.testing.assert_array_equal(order, expected)
    line = gpu.to_numpy(gpu.kernel(OPS["sort"])(gpu.asarray(host), axis=0, descending=descending))
    np.testing.assert_array_equal(line.astype(np.float64), wide[expected])


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "cumulative_sum", "cumulative_prod"])
def test_results_are_the_same_bits_in_every_run(name, gpu):
    """CuPy's scan over a flat array differs from run to run; along an axis it does not."""
    host = np.random.default_rng(2).normal(1.0, 1e-3, size=1_000_003).astype(np.float32)
    x, attrs = gpu.asarray(host), {"axis": 0} if name.startswith("cumulative") else {"axis": None, "keepdims": False}
    first = gpu.to_numpy(gpu.kernel(OPS[name])(x, **attrs)).tobytes()
    for _ in range(20):
        assert gpu.to_numpy(gpu.kernel(OPS[name])(x, **attrs)).tobytes() == first


def test_sums_keep_the_bound(gpu):
    """|error| <= 4 eps sum|x| (1 + log2(n) / 8), along every axis."""
    host = np.random.default_rng(4).normal(size=(100_000, 7)).astype(np.float32)
    for axis in (0, 1, None):
        got = gpu.to_numpy(gpu.kernel(OPS["sum"])(gpu.asarray(host), axis=axis, keepdims=False)).astype(np.float64)
        size = np.sum(np.abs(host.astype(np.float64)), axis=axis)
        count = host.size if axis is None else host.shape[axis]
        bound = 4 * EPSILON * size * (1 + np.log2(count) / 8)
        assert (np.abs(got - host.astype(np.float64).sum(axis=axis)) <= bound).all()


@pytest.mark.parametrize("shapes", [((300, 500), (500, 200)), ((8, 64, 96), (8, 96, 32)), ((5000,), (5000,))])
@pytest.mark.parametrize("dtype", [dt.float16, dt.bfloat16, dt.float32, dt.float64], ids=str)
def test_products_keep_the_bound(shapes, dtype, gpu):
    """|error| <= 4 eps |A| |B|: what TF32 would miss a thousandfold."""
    if dtype not in gpu.capabilities.dtypes:
        pytest.skip(f"this CuPy has no {dtype}")
    a, b = (values(dtype, shape, seed, special=False) for seed, shape in enumerate(shapes))
    got = gpu.to_numpy(gpu.kernel(OPS["matmul"])(gpu.asarray(a), gpu.asarray(b)))
    assert got.dtype is dtype
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    eps = float(dt.finfo(dtype).eps)
    bound = 4 * eps * (np.abs(wide_a) @ np.abs(wide_b))
    assert (np.abs(got.astype(np.float64) - wide_a @ wide_b) <= bound).all()


def test_tf32_is_off_even_if_the_user_turned_it_on(gpu):
    types = gpu.cp._core._routines_linalg
    before = types.get_compute_type("float32")
    types.set_compute_type("float32", 7)
    try:
        test_products_keep_the_bound(((300, 500), (500, 200)), dt.float32, gpu)
        assert types.get_compute_type("float32") == 7
    finally:
        types.set_compute_type("float32", before)


def test_adding_at_duplicates_has_numpys_bits(gpu):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1000, 33)).astype(np.float32)
    rows, updates = rng.integers(-1000, 1000, 50_000), rng.normal(size=(50_000, 33)).astype(np.float32)
    expected = x.copy()
    np.add.at(expected, rows, updates)
    args = [gpu.asarray(a) for a in (x, updates, rows)]
    for _ in range(3):
        got = gpu.to_numpy(gpu.kernel(OPS["index_add"])(*args, key=(ARRAY, Slice(0, 33, 1))))
        np.testing.assert_array_equal(got, expected)


def test_random_words_are_the_reference_ones(gpu):
    from polyflow import threefry

    key = np.array([1, 2], np.uint32)
    bits = gpu.to_numpy(gpu.kernel(OPS["random_bits"])(gpu.asarray(key), shape=(1_000_001,), dtype=dt.uint32))
    np.testing.assert_array_equal(bits, threefry.words(key, 1_000_001))
    order = gpu.to_numpy(gpu.kernel(OPS["random_permutation"])(gpu.asarray(key), n=100_000))
    np.testing.assert_array_equal(order, threefry.permutation(key, 100_000))


# Plans ------------------------------------------------------------------------------------------------------------


def plan_and_nodes(gpu, function, hosts, monkeypatch, word, calls=1):
    """What a plan gives in its last call, and what its nodes give one by one; host arrays."""
    from polyflow.backend.nodes import run_node_by_node

    graph = graph_of(gpu, function, *hosts)
    monkeypatch.setenv("POLYFLOW_CUPY_PLAN", word)
    run, nodes = gpu.compile(graph), run_node_by_node(graph, gpu.resolve, gpu.asarray)
    arrays = [gpu.asarray(host) for host in hosts]
    for _ in range(calls):
        got = run(*arrays)
    return [[gpu.to_numpy(one) for one in results] for results in (got, nodes(*arrays))], run


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_gives_the_bits_of_single_kernels_on_the_gpu(seed, gpu, monkeypatch):
    function, *hosts = random_program(np.random.default_rng(seed), gpu)
    if not {host.dtype for host in hosts} <= gpu.capabilities.dtypes:
        pytest.skip("this CuPy has no bfloat16")
    (got, expected), _ = plan_and_nodes(gpu, function, hosts, monkeypatch, "fused")
    for one, other in zip(got, expected, strict=True):
        same_bits(one, other)


@pytest.mark.parametrize("dtype", [dt.float16, dt.bfloat16, dt.float32, dt.float64, dt.int8, dt.uint64], ids=str)
def test_every_formula_gives_the_bits_of_its_op_on_the_gpu(dtype, gpu, monkeypatch):
    if dtype not in gpu.capabilities.dtypes:
        pytest.skip(f"this CuPy has no {dtype}")
    names = [(name, count) for count in (1, 2) for name in applicable(dtype, count)]

    def function(x, y):
        import polyflow as pf

        operands = pf.stop_gradient(x), pf.stop_gradient(y)
        return tuple(apply(OPS[name], *operands[:count]) for name, count in names)

    hosts = [values(dtype, (10_000,), seed) for seed in (1, 2)]
    if dtype in dt.INTEGERS:
        hosts[1] = hosts[1] % hosts[1].dtype.type(6) + hosts[1].dtype.type(1)
    (got, expected), _ = plan_and_nodes(gpu, function, hosts, monkeypatch, "fused")
    different = []
    for (name, _), one, other in zip(names, got, expected, strict=True):
        try:
            same_bits(one, other)
        except AssertionError:
            different.append(name)
    assert not different


def test_a_cuda_graph_gives_the_bits_of_the_steps_on_the_gpu(gpu, monkeypatch):
    from test_capture import W, long

    host = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    (got, expected), run = plan_and_nodes(gpu, long, (host, W), monkeypatch, "captured", calls=6)
    assert "graph(" in run.text
    for one, other in zip(got, expected, strict=True):
        same_bits(one, other)


def test_a_stretch_is_recorded_on_the_gpu(gpu, monkeypatch):
    """Not only that it runs on without: CUDA takes what is recorded."""
    from test_capture import W, long

    from polyflow_cupy.plans import capture
    from polyflow_cupy.plans.planner import steps_of

    graph = graph_of(gpu, long, np.zeros((300, 4), np.float32), W)
    steps, start, results = steps_of(graph, gpu)
    constants = {at: value for at, value in enumerate(start) if value is not None}
    stretches = [s.call for s in capture.with_stretches(steps, results, constants, gpu) if s.unit is None]
    assert stretches
    for stretch in stretches:
        given = [gpu.asarray(np.ones((300, 4), np.float32)) for _ in stretch.takes]
        for _ in range(4):
            stretch(*given)
        assert stretch.state == "recorded"


# Arrays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", dt.ALL, ids=str)
def test_arrays_come_and_go_unchanged_on_the_gpu(dtype, gpu):
    if dtype not in gpu.capabilities.dtypes:
        pytest.skip(f"this CuPy has no {dtype}")
    for shape in ((), (1,), (0, 3), (3, 4), (2, 3, 5)):
        host = values(dtype, shape)
        for given in (host, host.T, host[::-1] if shape else host):
            array = gpu.asarray(given)
            assert array.dtype is dtype
            assert gpu.to_numpy(array).tobytes() == np.ascontiguousarray(given).tobytes()


def test_zero_keeps_its_sign_on_the_gpu(gpu):
    assert np.signbit(gpu.to_numpy(gpu.asarray(np.float32(-0.0))))
    for dtype in (dt.float16, dt.float32, dt.float64):
        assert np.signbit(gpu.to_numpy(gpu.full(shape=(3,), fill_value=-0.0, dtype=dtype))).all()


def test_a_later_write_to_numpy_input_does_not_show(gpu):
    """Uploads are asynchronous: the input is read before the call returns, or copied."""
    for _ in range(50):
        host = np.ones(1_000_000, np.float32)
        array = gpu.asarray(host)
        host[:] = 2
        assert float(gpu.to_numpy(array).max()) == 1


def test_a_later_write_to_pinned_input_does_not_show(gpu):
    import cupyx

    for _ in range(50):
        host = cupyx.zeros_pinned(1_000_000, np.float32)
        array = gpu.asarray(host)
        host[:] = 2
        assert float(gpu.to_numpy(array).max()) == 0


def test_work_on_the_users_own_stream_is_seen(gpu):
    with gpu.cp.cuda.Stream(non_blocking=True):
        x = gpu.asarray(np.arange(1_000_000, dtype=np.float32))
        for _ in range(20):
            x = gpu.kernel(OPS["add"])(x, x)
        assert gpu.to_numpy(x)[1] == 2.0**20


def test_memory_is_shared_with_torch(gpu):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to exchange arrays with")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch has no CUDA")
    tensor = torch.arange(5, dtype=torch.float32, device="cuda")
    array = gpu.from_dlpack(tensor)
    assert array.data.ptr == tensor.data_ptr()
    assert torch.from_dlpack(array).data_ptr() == tensor.data_ptr()


def test_memory_is_shared_with_jax(gpu):
    jax = pytest.importorskip("jax", reason="JAX is not installed: nothing to exchange arrays with")
    if jax.default_backend() != "gpu":
        pytest.skip("this JAX has no GPU")
    array = gpu.asarray(np.arange(5, dtype=np.float32))
    shared = jax.dlpack.from_dlpack(array)
    assert shared.unsafe_buffer_pointer() == array.data.ptr
    np.testing.assert_array_equal(gpu.to_numpy(gpu.from_dlpack(shared)), np.arange(5))


# Errors and devices -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [3, -4, 2**40])
def test_an_index_outside_is_an_index_error_on_the_gpu(index, gpu):
    x, indices = gpu.asarray(np.zeros((3, 4))), gpu.asarray(np.array([0, index]))
    with pytest.raises(IndexError, match=f"index {index} is out of bounds for axis 0 of size 3"):
        gpu.kernel(OPS["getitem"])(x, indices, key=(ARRAY, Slice(0, 4, 1)))


def test_full_memory_is_a_memory_error_that_says_what_helps(gpu):
    with pytest.raises(MemoryError) as caught:
        gpu.kernel(OPS["full"])(shape=(1 << 46,), fill_value=1.0, dtype=dt.float64)
    assert "smaller batches" in "".join(caught.value.__notes__)
    assert float(gpu.to_numpy(gpu.asarray(np.float32(1)))) == 1  # the device still works


def test_the_second_gpu_works_beside_the_first(gpu):
    if len(gpu.devices()) < 2:
        pytest.skip("there is one GPU")
    from polyflow_cupy.backend import CuPyBackend

    second = CuPyBackend("1")
    x = second.asarray(np.arange(4.0))
    y = second.kernel(OPS["add"])(x, x)
    assert second.device_of(y) == "cuda:1"
    assert gpu.cp.cuda.runtime.getDevice() == 0
    np.testing.assert_array_equal(second.to_numpy(y), [0, 2, 4, 6])
