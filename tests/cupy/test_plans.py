"""Plans over the stand-in, which is not CuPy (see its docstring): fused kernels give the bits of single ones."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from cpu_kernels import compiler
from op_cases import cases, values
from standin import make

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.backend.nodes import run_node_by_node
from polyflow.errors import ConfigError, UnsupportedError
from polyflow.flow.passes import simplified
from polyflow.flow.trace import trace
from polyflow.ops import call
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec
from polyflow_cupy import indexing
from polyflow_cupy.backend import CuPyBackend
from polyflow_cupy.plans import groups, order
from polyflow_cupy.plans.formulas import CONTRACTED, CUPYS, OWN, computable, expression
from polyflow_cupy.settings import PLAN

pytestmark = [
    pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with"),
    pytest.mark.parametrize("standin", ["14.2.0"], indirect=True),
]


def apply(op, *args):
    return call.apply(op, args)


def graph_of(backend, function, *hosts):
    specs = [Spec(host.shape, dt.as_dtype(host.dtype)) for host in hosts]
    return simplified(trace(function, *specs, backend=backend).graph, weak_scalars=backend.weak_scalars)


def both(backend, function, *hosts):
    """What a plan of a function gives, and what its nodes give one by one; as host arrays."""
    graph = graph_of(backend, function, *hosts)
    planned = backend.compile(graph)
    plain = backend.here(run_node_by_node(graph, backend.resolve, backend.asarray))
    arrays = [backend.asarray(host) for host in hosts]
    found = [[backend.to_numpy(array) for array in run(*arrays)] for run in (planned, plain)]
    for array, host in zip(arrays, hosts, strict=True):
        assert backend.to_numpy(array).tobytes() == host.tobytes(), "an argument changed"
    return found


def same_bits(got, expected):
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    if got.dtype in dt.FLOATING:
        nan = np.isnan(got)
        assert (nan == np.isnan(expected)).all()
        got, expected = (np.where(nan, np.zeros_like(one), one) for one in (got, expected))
    assert got.tobytes() == expected.tobytes(), f"{got} is not {expected}"


# Random graphs of ops that are exact, so that the stand-in's own kernels and generated ones agree to the bit ----------

SHAPES = ((3, 4), (4,), (3, 1), (), (1, 1), (2, 3, 4))
UNARY = ("negative", "abs", "square", "sqrt", "relu", "sigmoid", "softplus", "sign", "floor", "round", "reciprocal")
BINARY = ("add", "subtract", "multiply", "divide", "remainder", "floor_divide", "maximum", "minimum")
WHOLE = ("add", "subtract", "multiply", "bitwise_and", "bitwise_xor", "floor_divide", "remainder", "maximum")
COMPARED = ("less", "greater_equal", "equal", "not_equal")
LOGIC = ("logical_and", "logical_or", "logical_xor")


def random_program(rng, backend):
    """A function of two floats and an integer tensor: a random graph in one float dtype with casts and choices."""
    kind = [dt.float32, dt.float64, dt.float16, dt.bfloat16][rng.integers(4)]
    plan = [(rng.integers(12), int(rng.integers(1 << 20)), int(rng.integers(1 << 20))) for _ in range(14)]

    def function(x, y, n):
        floats, whole, truths = [x, y], [n], [x > y]
        for what, one, two in plan:
            a, b = floats[one % len(floats)], floats[two % len(floats)]
            if what < 3:
                floats.append(apply(OPS[UNARY[one % len(UNARY)]], a))
            elif what < 6:
                floats.append(apply(OPS[BINARY[two % len(BINARY)]], a, b))
            elif what == 6:
                floats.append(a * 0.3 + 1.5)
            elif what == 7:
                floats.append(pf.where(truths[two % len(truths)], a, b))
                floats.append(pf.clip_by_value(a, -1.25, 0.7))
            elif what == 8:
                whole.append(apply(OPS[WHOLE[one % len(WHOLE)]], whole[two % len(whole)], whole[one % len(whole)] + 3))
            elif what == 9:
                truths.append(apply(OPS[COMPARED[one % len(COMPARED)]], a, b))
                truths.append(apply(OPS[LOGIC[one % len(LOGIC)]], truths[0], truths[-1]))
            elif what == 10:
                floats.append(pf.cast(whole[-1], kind) - pf.cast(truths[-1], kind))
            else:
                floats.append(pf.reduce_sum(a, axis=-1, keepdims=True) if len(a.shape) else a + b)
        return floats[-1], floats[-2], whole[-1], truths[-1]

    shapes = [SHAPES[i] for i in rng.integers(len(SHAPES), size=3)]
    x, y = (rng.normal(size=shape).astype(kind) for shape in shapes[:2])
    return function, x, y, rng.integers(-9, 9, shapes[2]).astype(np.int32)


@pytest.mark.parametrize("seed", range(200, 260))
def test_every_unit_finds_its_place(seed, backend):
    """Whatever is grouped: all that is read was made before."""
    function, *hosts = random_program(np.random.default_rng(seed), backend)
    graph = graph_of(backend, function, *hosts)
    found, same = order.units(graph)
    there = set(graph.inputs)
    for unit in found:
        assert all(value in there or value.scalar is not None for value in unit.reads)
        there |= set(unit.makes)
    assert all(same.get(value, value) in there for value in graph.outputs if value.scalar is None)


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_gives_the_bits_of_single_kernels(seed, backend):
    function, *hosts = random_program(np.random.default_rng(seed), backend)
    for got, expected in zip(*both(backend, function, *hosts), strict=True):
        same_bits(got, expected)


# Every formula --------------------------------------------------------------------------------------------------------


def applicable(dtype, count):
    names = sorted(name for name in {*CUPYS, *OWN} - {"where", "nextafter", "identity", "stop_gradient"})
    return [name for name in names if expression(name, dtype) and len(OPS[name].tensors) == count]


@pytest.mark.parametrize("dtype", [dt.float16, dt.bfloat16, dt.float32, dt.float64, dt.int8, dt.uint64], ids=str)
def test_formulas_mean_what_their_ops_do(dtype, backend):
    """All ops of a dtype in one kernel, beside their own kernels; functions of libraries agree to rounding."""
    names = [(name, count) for count in (1, 2) for name in applicable(dtype, count)]

    def function(x, y):
        operands = pf.stop_gradient(x), pf.stop_gradient(y)  # what follows one node is in one kernel with it
        return tuple(apply(OPS[name], *operands[:count]) for name, count in names)

    x = values(dtype, (40,), 1)
    y = np.abs(values(dtype, (40,), 2, special=False)) % np.array(6).astype(dtype) + np.array(1).astype(dtype)
    got, expected = both(backend, function, x, y)
    for (name, _), one, other in zip(names, got, expected, strict=True):
        assert one.dtype == other.dtype
        eps = float(dt.finfo(dtype).eps) if dtype in dt.FLOATING else 0
        np.testing.assert_allclose(
            one.astype(np.float64), other.astype(np.float64), rtol=8 * eps, atol=eps, err_msg=f"{name} {dtype}"
        )


@pytest.mark.parametrize(
    "source", [dt.float16, dt.bfloat16, dt.float32, dt.float64, dt.int64, dt.uint8, dt.bool_], ids=str
)
def test_conversions_have_the_bits_of_single_ones(source, backend):
    targets = [d for d in dt.ALL if d not in dt.COMPLEX and d is not source]
    host = values(source, (16,), special=False)

    def function(x):
        x = pf.stop_gradient(x)
        return tuple(pf.cast(pf.cast(x, d), dt.float64) for d in targets)

    got, expected = both(backend, function, np.abs(host))
    for one, other in zip(got, expected, strict=True):
        same_bits(one, other)


# What becomes one kernel ----------------------------------------------------------------------------------------------


def launches(standin, backend, function, *hosts):
    """The generated kernels that a call of a plan launches, in order."""
    run = backend.compile(graph_of(backend, function, *hosts))
    arrays = [backend.asarray(host) for host in hosts]
    run(*arrays)
    standin.launches.clear()
    run(*arrays)
    return list(standin.launches), run


X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)


def test_a_chain_is_one_kernel_and_views_are_none(standin, backend):
    def function(x, b):
        y = pf.nn.relu(pf.tanh(x * 2.0) + b)
        return pf.transpose(y)[1:, ::2], pf.reshape(y, (2, 6))

    ran, run = launches(standin, backend, function, X, X[0])
    assert len(ran) == 1
    assert [line.split(" = ")[1].partition("(")[0] for line in run.text.splitlines()][1:] == [
        "permute_dims",
        "getitem",
        "reshape",
    ]


def test_equal_work_of_other_shapes_and_numbers_shares_a_kernel(standin, backend):
    """Shapes and floats are no part of a kernel's text: nothing is compiled again for the last, smaller batch."""
    names = {
        launches(standin, backend, function, host)[0][0]
        for function, host in (
            (lambda x: (x * 2.0 + 1.0) / 7.0, X),
            (lambda x: (x * 3.0 + 0.5) / 5.0, X[:1]),
            (lambda x: (x * -1.5 + 0.1) / 3.0, X[0]),
        )
    }
    assert len(names) == 1


def test_work_on_one_array_is_one_kernel(standin, backend):
    """What reads the same array, though nothing leads from one to the other; what is small, without that."""

    def function(x, y):
        return pf.tanh(x), x * 2.0, pf.reduce_sum(y) + 1.0, pf.reduce_max(y) * 3.0

    ran, run = launches(standin, backend, function, np.zeros((80, 80), np.float32), X)
    assert len(ran) == 2
    assert run.text.count("fused") == 2


def test_groups_side_by_side_stay_in_an_order(backend):
    """A comes before b before c, and c no part of a's kernel."""

    def function(x):
        a = x * 2.0
        b = pf.reduce_sum(a, axis=0)
        return pf.tanh(b) + x, a - 1.0, pf.exp(x) * pf.reduce_max(b)

    for got, expected in zip(*both(backend, function, X), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_way_back_reads_what_is_there_instead_of_keeping_more(backend):
    """1 - y * y of a tanh is computed where the gradient comes in: y is there anyway, for the product."""

    def function(x, w):
        with pf.GradientTape() as tape:
            tape.watch([x, w])
            y = pf.tanh(x * 0.5)
            loss = pf.reduce_sum(pf.square(pf.matmul(y, w)))
        return tape.gradient(loss, [x, w])

    found, _ = order.units(graph_of(backend, function, X, X.T.copy()))
    first, *_ = [unit for unit in found if unit.fused is not None and "tanh" in unit.fused.text.body]
    assert len(first.makes) == 1


@pytest.mark.parametrize("dtype", [dt.float32, dt.float16], ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_composed_ops_are_taken_apart(name, dtype, backend):
    """What is left of them are the reductions; the rest joins what stands around."""
    function = getattr(pf.nn, name)
    host = values(dtype, (5, 7), special=False)
    for axis in (-1, 0, (0, 1)):
        (got,), (expected,) = both(backend, lambda x, axis=axis: function(x * 2.0, axis) + 1.0, host)
        assert got.dtype == expected.dtype
        eps = float(dt.finfo(dtype).eps)
        np.testing.assert_allclose(got.astype(np.float64), expected.astype(np.float64), rtol=4 * eps, atol=4 * eps)
    graph = graph_of(backend, lambda x: function(x * 2.0 - 0.5) + 1.0, host)
    names = [line.split(" = ")[1].partition("(")[0] for line in backend.compile(graph).text.splitlines()]
    assert [one for one in names if "fused" not in one and one != "log"] == ["max", "sum"]
    both(backend, lambda x: function(x), np.zeros((0, 3), dtype))


def test_what_has_no_formula_stays_a_kernel_of_its_own(standin, backend):
    """float64 logarithms: CUDA's library contracts products in them where a fused kernel must not."""
    ran, run = launches(standin, backend, lambda x: pf.math.log(x * x + 1.0) * 2.0 - x, X.astype(np.float64))
    assert len(ran) == 2
    assert "= log(" in run.text
    assert "log" in CONTRACTED


def test_arrays_of_one_element_leave_the_rest_contiguous(backend):
    """They are read as they are, and the outputs' shape comes from what is left, or from arrays made for them."""
    small, row = np.float32([[3.0]]), np.float32([[1.0, 2.0, 4.0]])
    for function, hosts in (
        (lambda x, s: (x - s) * s + x, (X, small)),
        (lambda x, s: (x - s) * s + x, (X, np.float32(2))),
        (lambda a, b: (a - b) * b + a, (row, row.T.copy())),
        (lambda a, s: (a + s) * a, (row[0], small)),
        (lambda s, t: (s + t) * t, (small, np.float32(2))),
        (lambda a, b: (a + b) * a, (np.zeros((0, 3), np.float32), row)),
        (lambda a, b: (a.T + b) * a.T, (X, X.T.copy())),
    ):
        for got, expected in zip(*both(backend, function, *hosts), strict=True):
            same_bits(got, expected)


def test_a_group_with_more_arrays_than_a_kernel_takes_is_cut(standin, backend, monkeypatch):
    monkeypatch.setattr(groups, "MOST", 6)
    hosts = [X + i for i in range(9)]

    def function(*arrays):
        total = arrays[0] * 2.0
        for array in arrays[1:]:
            total = total * 0.5 + array
        return total

    (got,), (expected,) = both(backend, function, *hosts)
    same_bits(got, expected)
    ran, _ = launches(standin, backend, function, *hosts)
    assert 1 < len(ran) < 9


def test_constants_and_arguments_may_be_results(backend):
    def function(x):
        return x, pf.stop_gradient(x), pf.zeros((2,)) + 1.0, pf.stop_gradient(x) + 1.0

    for got, expected in zip(*both(backend, function, X), strict=True):
        same_bits(got, expected)


def test_control_flow_has_plans_inside(standin, backend):
    def function(x):
        return pf.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, pf.tanh(y * 2.0) + x), (pf.zeros((), pf.int32), x)
        )[1]

    with pf.use_backend(backend):
        ran, _ = launches(standin, backend, function, X)
    assert sum("fused" in name for name in ran) >= 3


def test_values_go_when_they_were_read_for_the_last_time(backend):
    """Of a long chain of sums no more than a few arrays live at a time."""
    graph = graph_of(backend, lambda x: pf.reduce_sum(sum((pf.sort(x * float(i)) for i in range(2, 9)), x)), X)
    from polyflow_cupy.plans.planner import steps_of

    steps, start, results = steps_of(graph, backend)
    alive, most = set(range(len(graph.inputs))), 0
    for step in steps:
        assert set(step.sources) <= alive | {at for at, value in enumerate(start) if value is not None}
        alive |= set(step.targets)
        most = max(most, len(alive))
        alive -= set(step.ended)
    assert set(results) <= alive
    assert len(alive) == len(graph.inputs) + len(set(results))


def test_memory_is_that_of_the_arrays_that_live_at_once(backend):
    def memory(function, *hosts):
        return backend.memory_of(graph_of(backend, function, *hosts))

    size = X.nbytes
    assert memory(lambda x: pf.tanh(x * 2.0) + 1.0, X) == size
    assert memory(lambda x: pf.sort(pf.sort(pf.sort(x))), X) == 2 * size
    assert memory(lambda x: pf.sort(pf.transpose(pf.sort(x))), X) == 2 * size
    assert memory(lambda x: x, X) == 0
    assert memory(lambda x: (pf.sort(x), pf.sort(x * 2.0)), X) == 3 * size


# How it is called -----------------------------------------------------------------------------------------------------


def test_an_error_names_the_users_line(backend):
    graph = graph_of(backend, lambda x: pf.exp(x * 2.0) + 1.0, X)
    with pytest.raises(TypeError, match="mismatched") as caught:
        backend.compile(graph)(backend.asarray(X[:2, :3].astype(np.float64)))
    assert any("while polyflow ran" in note and "test_plans.py" in note for note in caught.value.__notes__)


def test_a_dtype_that_is_not_held_is_refused_in_a_plan_too(standin):
    """CuPy 13 has no bfloat16, also not between two nodes of a kernel."""
    older = CuPyBackend(cupy=make("13.6.0"))
    run = older.compile(graph_of(older, lambda x: pf.cast(pf.cast(x * 2.0, pf.bfloat16), pf.float32) + 1.0, X))
    with pytest.raises(UnsupportedError, match="no dtype bfloat16"):
        run(older.asarray(X))


def test_a_plan_runs_on_its_backends_device(standin):
    backend = CuPyBackend("1", cupy=standin)
    (got,), (expected,) = both(backend, lambda x: pf.tanh(x * 2.0) * 0.5 + pf.reduce_sum(x), X)
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert standin.current == 0


def test_threads_share_a_plan(backend):
    run = backend.compile(graph_of(backend, lambda x: pf.reduce_sum(x * 3.0 - x * x, axis=0), X))
    hosts = [np.random.default_rng(seed).normal(size=X.shape).astype(np.float32) for seed in range(4)]
    alone = [backend.to_numpy(run(backend.asarray(host))[0]).tobytes() for host in hosts]
    wrong = []

    def work(seed):
        array = backend.asarray(hosts[seed])
        for _ in range(40):
            if backend.to_numpy(run(array)[0]).tobytes() != alone[seed]:
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_kernels_are_kept_but_not_for_ever(backend):
    kernels = backend.kernels
    cached = kernels._fused.cache_info()
    graph = graph_of(backend, lambda x: (x * 2.0 + 1.0) / 7.0, X)
    backend.compile(graph)
    backend.compile(graph)
    after = kernels._fused.cache_info()
    assert (after.misses - cached.misses, after.hits - cached.hits) == (1, 1)
    assert after.maxsize is not None


@pytest.mark.parametrize("word", ["none", "fused"])
def test_a_setting_chooses_how_graphs_run(word, standin, backend, monkeypatch):
    monkeypatch.setenv(PLAN, word)
    ran, _ = launches(standin, backend, lambda x: pf.sigmoid(x * 2.0) + 1.0, X)
    assert any("fused" in name for name in ran) == (word == "fused")


def test_a_setting_that_is_none_is_an_error(backend, monkeypatch):
    monkeypatch.setenv(PLAN, "fusedd")
    with pytest.raises(ConfigError, match=r"POLYFLOW_CUPY_PLAN='fusedd'.*Did you mean 'fused'"):
        backend.compile(graph_of(backend, lambda x: x + 1.0, X))


def test_nothing_in_a_plan_depends_on_the_process(backend):
    """Names and texts are the same in every process, so that CuPy's cache on disk finds the compiled kernels."""
    graph = graph_of(backend, lambda x: (x * 2.0 + 1.0) / 7.0, X)
    (unit,), _ = order.units(graph)
    assert unit.fused.text.name == "polyflow_fused_b43c79d851bf4898"


def test_a_training_step_has_half_as_many_steps_as_nodes(registered):
    """Of a small network: what it does is mostly elementwise."""
    from polyflow.flow.compiled import watching
    from polyflow.layers import Dense
    from polyflow.models import Sequential

    with pf.use_backend(registered), watching() as seen:
        model = Sequential([Dense(8, activation="tanh", input_shape=(4,)), Dense(1)])
        model.compile("adam", loss="mse")
        model.fit(np.ones((8, 4), np.float32), np.ones((8, 1), np.float32), batch_size=4, verbose=0)
    graph = simplified(seen[0].graph, weak_scalars=True)
    steps = discovery.get(registered).compile(graph).text.splitlines()
    assert len(steps) <= len(graph.nodes) / 2
    assert all(computable(node) for node in graph.nodes if node.op.name in ("multiply", "add", "where"))


# Index arrays: what waits for the GPU when it runs alone --------------------------------------------------------------


def test_reading_at_index_arrays_is_the_same_without_the_check(backend):
    for case in cases(OPS["getitem"]):
        x, *indices = [backend.asarray(one) for one in case.args]
        same_bits(
            backend.to_numpy(indexing.take(backend, x, *indices, **case.attrs)),
            backend.to_numpy(backend.getitem(x, *indices, **case.attrs)),
        )


@pytest.mark.parametrize("dtype", [dt.float32, dt.bfloat16, dt.complex64, dt.int16, dt.uint8, dt.bool_], ids=str)
def test_in_a_plan_an_index_outside_reads_nothing_and_writes_nothing(dtype, standin, backend):
    host = values(dtype, (3, 4), special=False)
    index = np.array([2, 3, -3, -4, 2**33], np.int64)
    update = np.ones((5, 4), dtype)

    def function(x, i, u):
        return x[i], pf.index_add(x, i, u)

    run = backend.compile(graph_of(backend, function, host, index, update))
    arrays = [backend.asarray(one) for one in (host, index, update)]
    standin.syncs = 0
    read, added = run(*arrays)
    assert standin.syncs == 0
    read, added = backend.to_numpy(read), backend.to_numpy(added)
    inside = np.array([True, False, True, False, False])
    np.testing.assert_array_equal(read[inside], host[index[inside]])
    missing = read[~inside]
    if dtype in dt.INEXACT:
        assert np.isnan(missing.astype(np.complex64)).all()
    else:
        assert (missing == (0 if dtype is dt.bool_ else np.iinfo(dtype).min)).all()
    expected = host.astype(added.dtype)  # booleans are added up as integers
    np.add.at(expected, index[inside], update[inside].astype(added.dtype))
    np.testing.assert_array_equal(added, expected)


def test_in_a_plan_integers_to_a_power_wait_for_nothing(standin, backend):
    run = backend.compile(graph_of(backend, lambda x, y: x**y, np.int32([2, -1, 5]), np.int32([3, -3, -1])))
    arrays = [backend.asarray(np.int32(one)) for one in ([2, -1, 5], [3, -3, -1])]
    standin.syncs = 0
    (powers,) = run(*arrays)
    assert standin.syncs == 0
    assert backend.to_numpy(powers).tolist() == [8, -1, 0]
