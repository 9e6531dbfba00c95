"""NumPy's plans give the bits of the ops run one by one, and nothing that a plan keeps shows in what it gives."""

from __future__ import annotations

import functools
import re
import sys
import threading
import warnings
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.backend.loop import Loop, Part, StepByStep
from polyflow.backend.nodes import run_node_by_node
from polyflow.errors import PolyflowError
from polyflow.flow.passes import simplified
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec
from polyflow_numpy.plans import loop as plan_loop
from polyflow_numpy.plans import sweeps as plan_sweeps
from polyflow_numpy.plans import updates as plan_updates
from polyflow_numpy.plans import walks as plan_walks

NUMPY = discovery.get("numpy")

SHAPES = [(3, 4), (4, 3), (4,), (1, 4), (3, 1), (), (40, 16), (16,), (40, 1), (2, 3, 4)]
UNARY = {
    "negative": pf.negative,
    "square": pf.square,
    "exp": lambda x: pf.exp(pf.clip_by_value(x, -3.0, 3.0)),
    "sigmoid": pf.nn.sigmoid,
    "relu": pf.nn.relu,
    "softmax": lambda x: pf.nn.softmax(x, -1),
    "log softmax": lambda x: pf.nn.log_softmax(x, -1),
    "transpose": pf.transpose,
    "flat": lambda x: pf.reshape(x, (-1,)),
    "folded": lambda x: pf.reshape(x, (2, -1)),
    "column": lambda x: pf.reshape(x, (-1, 1)),
    "backwards": lambda x: x[::-1],
    "rows": lambda x: x[1:],
    "every second column": lambda x: x[..., ::2],
    "a row": lambda x: x[0],
    "taken": lambda x: pf.gather(x, [0] * min(len(x), 2)),
    "repeated": lambda x: pf.broadcast_to(x, (2, *x.shape)) * 1.5,
    "repeated and joined": lambda x: pf.reshape(pf.broadcast_to(x, (2, *x.shape)), (-1,)),
    "sum": pf.sum,
    "sum of columns": lambda x: pf.sum(x, 0),
    "sum of rows": lambda x: pf.sum(x, -1, keepdims=True),
    "mean": pf.mean,
    "mean of columns": lambda x: pf.mean(x, (0,), keepdims=True),
    "max of rows": lambda x: pf.max(x, -1),
    "min": lambda x: pf.min(x, keepdims=True),
    "cumulative": lambda x: pf.cumulative_sum(x, axis=0),
    "sorted": pf.sort,
    "positive part": lambda x: pf.where(x > 0, x, 0.0),
    "other part": lambda x: pf.where(x > 0, pf.zeros_like(x), x * 2),
    "float64": lambda x: pf.cast(x, pf.float64),
    "integers": lambda x: pf.cast(pf.round(x * 4), pf.int32),
    "complex": lambda x: pf.cast(x, pf.complex64) * 1j,
    "halves": lambda x: pf.cast(x, pf.bfloat16),
    "real": pf.real,
    "kept from gradients": pf.stop_gradient,
    "times a number": lambda x: x * 3 - 1,
    "beside a constant": lambda x: x + pf.constant(np.arange(x.size, dtype="float32").reshape(x.shape)),
    "beside ones": lambda x: x / (pf.ones(x.shape) * 2.0),
    "factors": lambda x: pf.array_api.linalg.qr(x)[1],
    "padded": lambda x: pf.pad(x, [(0, 1)] * x.ndim),
}
BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (y * y + 1),
    "maximum": pf.maximum,
    "less": lambda x, y: pf.cast(x < y, pf.float32),
    "where": lambda x, y: pf.where(x < y, x, y),
    "matmul": pf.matmul,
    "outer": lambda x, y: pf.matmul(pf.reshape(x, (-1, 1))[:5], pf.reshape(y, (1, -1))[:, :5]),
    "concat": lambda x, y: pf.concat([x, y], 0),
}


GAPS = {"backwards", "rows", "every second column", "a row", "real"}
"""What leaves gaps in memory. NumPy lays out and adds up a transposed one of these as no plan would."""


ENTWINED = [
    *[("square", 0, 0), ("square", 2, 0), ("add", 0, 1)],
    *[("negative", 1, 0), ("sum of columns", 0, 0), ("add", 4, 0)],
]
"""Two groups of elementwise nodes of which each reads what the other makes."""


@st.composite
def programs(draw):
    """A function of tensors of some shapes that returns several of its values, arguments and views among them."""
    names = sorted({*UNARY} - draw(st.sampled_from([GAPS, {"transpose"}])))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([*names, *BINARY, *BINARY, *BINARY]), st.integers(0, 5), st.integers(0, 40)),
            min_size=5,
            max_size=25,
        )
    )
    returned = [0, *draw(st.lists(st.integers(0, 40), max_size=5))]
    return shapes, steps, returned


def function(steps, returned):
    def run(*arguments):
        values = list(arguments)
        for name, first, second in steps:
            x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
            try:
                new = UNARY[name](x) if name in UNARY else BINARY[name](x, y)
            except (PolyflowError, IndexError, TypeError, ValueError):  # not for these shapes or dtypes
                continue
            if new.size <= 4000:
                values.append(new)
        return [values[-1 - place % len(values)] for place in returned]

    return run


def arguments(shapes, seed):
    """Ordinary numbers, and in one of the three sets zeros of both signs, infinities and NaN among them."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape) for shape in shapes]
    if seed == 1:
        arrays = [
            np.where(rng.random(x.shape) < 0.5, rng.choice([0.0, -0.0, np.inf, np.nan], x.shape), x) for x in arrays
        ]
    return [x.astype("float32") for x in arrays]


def same_bits(found, expected):
    """But for the sign of NaN, which is that of the first operand or the second, as the processor's loop has it."""
    for one, other in zip(found, expected, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        one, other = (np.where(x != x, x.dtype.type("nan"), x) if x.dtype.kind in "fc" else x for x in (one, other))
        assert one.tobytes() == other.tobytes()


@contextmanager
def walked(rows: int):
    """A block in which plans go through all arrays of more rows than these in pieces of about so many."""
    with (
        mock.patch.object(plan_walks, "LARGE", 0),
        mock.patch.object(plan_walks, "PIECE", 64 * rows),
        mock.patch.object(plan_walks, "VECTOR", 1),
    ):
        yield


@settings(max_examples=300, deadline=None)
@given(programs(), st.booleans(), st.sampled_from([0, 1, 7]))
@example(([(40, 16)], [("transpose", 0, 0), ("negative", 0, 0), ("sum of columns", 0, 0)], [0, 1]), True, 0)
@example(([(40, 16)], [("negative", 0, 0), ("backwards", 0, 0), ("multiply", 0, 1), ("square", 0, 0)], [0]), True, 7)
@example(([(16, 40), (40,)], ENTWINED, [0, 3]), False, 1)
def test_random_programs(program, passes, rows):
    """The bits of the kernels one by one; arguments stay as they are, and results as they were."""
    with walked(rows) if rows else nullcontext():
        kernels_one_by_one(program, passes)


def kernels_one_by_one(program, passes):
    shapes, steps, returned = program
    found = trace(function(steps, returned), *[Spec(shape, dt.float32) for shape in shapes], backend=NUMPY)
    graph = simplified(found.graph, weak_scalars=True) if passes else found.graph
    captured = [tensor.array for tensor in found.captured]
    plan, kernels = NUMPY.compile(graph), run_node_by_node(graph, NUMPY.resolve, NUMPY.asarray)
    earlier = []
    for seed in range(3):
        arrays = [*arguments(shapes, seed), *captured]
        before = [array.copy() for array in arrays]
        with np.errstate(all="ignore"):
            expected = [np.array(array) for array in kernels(*arrays)]
        results = plan(*arrays)
        same_bits(results, expected)
        same_bits(arrays, before)
        for result in results:
            assert not any(np.shares_memory(result, array) for array in arrays)
        earlier.append((results, expected))
    for results, expected in earlier:
        same_bits(results, expected)


def planned(function, *specs) -> Any:
    """The plan of a function of tensors of these shapes (float32) or specs."""
    specs = [one if isinstance(one, Spec) else Spec(one, dt.float32) for one in specs]
    graph = trace(function, *specs, backend=NUMPY).graph
    return NUMPY.compile(simplified(graph, weak_scalars=True))


def body(plan):
    """What every call of a plan does, line by line."""
    return [line.strip() for line in plan.text.partition("def run")[2].splitlines()[1:-1]]


def test_a_plan_makes_no_arrays_but_its_results():
    """Everything else it writes into arrays made beforehand, in each other's place where one is no longer read."""
    plan = planned(lambda x, w, b: pf.sum(pf.square(pf.nn.sigmoid(x @ w + b)), 1), (32, 4), (4, 10), (10,))
    *lines, last = body(plan)
    made = [line for line in lines if " = " in line and "[...]" not in line]
    assert len(made) == 1
    assert last == f"return ({made[0].split()[0]}, )"
    assert plan.text.count("= empty(") == 2  # one for the rows, one for the bias in all of them


def test_nodes_over_large_arrays_go_through_them_together():
    """In a loop, with an array as large as a piece for what they leave to each other."""
    large = (plan_walks.LARGE // 4, 1)
    plan = planned(lambda x, b: pf.square(pf.exp(x * 2.0) + b).T @ x, large, (1,))
    loop = [line for line in plan.text.splitlines() if line.startswith(" " * 12)]
    assert [line.split("(")[0].strip() for line in loop if " = " not in line] == ["multiply", "exp", "add", "square"]
    assert [f"empty({n}, uint8)" in plan.text for n in (plan_walks.LARGE, plan_walks.PIECE)] == [True, True]
    assert plan.text.count("empty(") == 2
    small = planned(lambda x, b: pf.square(pf.exp(x * 2.0) + b), (40, 1), (1,))
    assert "for " not in small.text


def test_a_result_does_not_keep_what_it_is_a_part_of():
    """A row of a large value is returned as an array of its own size."""
    plan = planned(lambda x: (x * 2.0)[3], (50, 40))
    (row,) = plan(np.ones((50, 40), np.float32))
    assert row.base is None
    assert row.shape == (40,)


def test_a_view_of_everything_needs_no_copy():
    """The memory that is returned has been written once."""
    plan = planned(lambda x: pf.reshape(x * 2.0, (2000,)), (50, 40))
    assert not any("copy" in line for line in body(plan))
    (flat,) = plan(np.ones((50, 40), np.float32))
    np.testing.assert_array_equal(flat, np.full(2000, 2, np.float32))


def test_a_block_grows_for_a_value_larger_than_those_it_held():
    """Of ever larger values, one made from another, two are in memory at a time: two blocks do."""
    plan = planned(
        lambda x, *w: functools.reduce(pf.matmul, w, x), (100, 200), *((200 * n, 200 * n + 200) for n in (1, 2, 3, 4))
    )
    blocks = [int(line.partition("(")[2].partition(",")[0]) for line in plan.text.splitlines() if "uint8)" in line]
    assert sorted(blocks) == [100 * 600 * 4, 100 * 800 * 4]
    x, *w = (
        np.random.default_rng(0).normal(size=shape).astype("float32")
        for shape in ((100, 200), (200, 400), (400, 600), (600, 800), (800, 1000))
    )
    np.testing.assert_allclose(plan(x, *w)[0], functools.reduce(np.matmul, w, x), rtol=1e-4)


def test_one_plan_in_many_threads():
    """Each call has the arrays of a function to itself."""
    plan = planned(lambda x, w: pf.nn.softmax(pf.tanh(x @ w) @ pf.transpose(w)), (64, 32), (32, 16))
    rng = np.random.default_rng(0)
    w = rng.normal(size=(32, 16)).astype("float32")
    given = [rng.normal(size=(64, 32)).astype("float32") for _ in range(4)]
    expected = [plan(x, w)[0] for x in given]
    wrong, gate = [], threading.Barrier(4)

    def work(number):
        gate.wait()
        for _ in range(300):
            if plan(given[number], w)[0].tobytes() != expected[number].tobytes():
                wrong.append(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_a_plan_that_failed_works_on():
    """An index outside raises; the next call is right."""
    plan = planned(lambda x, i: pf.exp(pf.gather(x * 2.0, i)), (5, 3), Spec((2,), dt.int64))
    x = np.ones((5, 3), np.float32)
    with pytest.raises(IndexError):
        plan(x, np.array([0, 7]))
    np.testing.assert_array_equal(plan(x, np.array([0, 4]))[0], np.full((2, 3), np.exp(np.float32(2))))


def test_idle_functions_are_dropped_when_they_hold_too_much(monkeypatch):
    """The oldest first; a plan whose function is gone makes another."""
    from polyflow_numpy.plans import pool

    made = []

    def function(size):
        def make():
            made.append(size)
            return lambda x: (x,)

        return pool.Pool(make, size)

    monkeypatch.setattr(pool, "LIMIT", 10 * pool.SMALL)
    pools = [function(4 * pool.SMALL) for _ in range(4)]
    calls = [one.function() for one in pools]
    for call in calls:
        assert call(1) == (1,)
    assert [len(one.idle) for one in pools] == [0, 0, 1, 1]
    assert calls[0](2) == (2,)
    assert [len(one.idle) for one in pools] == [1, 0, 0, 1]
    assert len(made) == 5
    assert function(100 * pool.SMALL).function()(3) == (3,)
    assert not any(one.idle for one in pools)


def test_plans_do_not_warn():
    """Overflows and invalid values are values, also while a plan is made."""
    plan = planned(lambda x: (x / 0.0, pf.exp(x * 1e30), pf.log(-x), pf.log(pf.zeros((2,))) - pf.sum(x)), (3,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan(np.ones(3, np.float32))
        planned(lambda: pf.log(pf.zeros((2,))) * pf.constant(0.0))


def test_constants_are_worked_out_once():
    """And what is returned of them is the caller's to keep."""
    plan = planned(lambda: (pf.exp(pf.ones((3,))) + 1.0, pf.zeros(())))
    assert [line for line in body(plan) if not line.startswith("return")] == []
    (first, _), (again, zero) = plan(), plan()
    first[...] = 0
    np.testing.assert_array_equal(again, np.exp(np.ones(3, np.float32)) + 1)
    assert zero == 0


# Loops ----------------------------------------------------------------------------------------------------------------

STATE = [(3, 4), (3, 4), (4,), (), ()]


@st.composite
def updates(draw):
    """What a step does to five variables: for each, what is assigned to it, of what the variables and a batch hold."""
    names = ["keep", "swap", "add", "batch", "turned", "scaled", "twice", "part", "other", "exp", "moved", "again"]
    return draw(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(names), st.integers(0, 4)), max_size=8))


def step_of(variables, steps):
    """A step that assigns variables one after the other, so that what is read may be old or new."""

    def step(x):
        old = [variable.read() for variable in variables]
        for target, name, source in steps:
            variable, value = variables[target], old[source]
            new = {
                "keep": lambda variable=variable: variable.read(),
                "swap": lambda value=value: value,
                "add": lambda value=value, variable=variable: variable + value,
                "batch": lambda variable=variable: variable + pf.mean(x),
                "turned": lambda value=value: pf.reshape(pf.transpose(value), value.shape),
                "scaled": lambda value=value: value * 0.5 - 1.0,
                "twice": lambda variable=variable, value=value: (variable - value) * variable,
                "part": lambda variable=variable: variable[::-1] if variable.shape else variable.read(),
                "other": lambda variable=variable: variables[(target + 1) % 5].read() + variable,  # noqa: B023
                "exp": lambda variable=variable, value=value: variable - pf.exp(-pf.abs(value)) * 0.5,
                "again": lambda variable=variable, value=value: (
                    variable * 0.5 + pf.stop_gradient(variable) + pf.reshape(pf.reshape(value, (-1,)), value.shape)
                ),
                "moved": lambda variable=variable, value=value: variable * 0.9 + pf.sin(value) / pf.max(x),
            }[name]()
            if new.shape == variable.shape:
                variable.assign(new)

    return step


@settings(max_examples=150, deadline=None)
@given(updates(), st.integers(1, 7), st.booleans(), st.sampled_from([99, 12, 4]))
@example([(0, "swap", 1), (1, "swap", 0)], 3, True, 99)
@example([(0, "exp", 0), (1, "exp", 1), (2, "exp", 2)], 3, True, 99)
@example([(0, "exp", 2), (1, "exp", 0)], 3, True, 4)
def test_loops_are_their_steps_one_by_one(steps, cut, passes, large):
    """However they are cut into calls, and large arrays into pieces; states given and given back stay as they are."""
    with in_pieces(large):
        loops_are_their_steps(steps, cut, passes)


@contextmanager
def in_pieces(large: int):
    """A block in which arrays of so many elements are large."""
    with (
        mock.patch.object(plan_updates, "LARGE", large),
        mock.patch.object(plan_sweeps, "PIECE", 5),
        mock.patch.object(plan_loop, "LARGE", 16 * large),
        walked(1) if large < 99 else nullcontext(),
    ):
        yield


def loops_are_their_steps(steps, cut, passes):
    variables = [pf.Variable(np.zeros(shape, np.float32)) for shape in STATE]

    def part(function, *specs):
        found = trace(function, *specs, backend=NUMPY)
        ids = [id(variable) for variable in variables]
        graph = simplified(found.graph, weak_scalars=True) if passes else found.graph
        reads, writes = ([ids.index(id(v)) for v in held] for held in (found.reads, found.writes))
        return Part(graph, tuple(reads), tuple(writes), tuple(tensor.array for tensor in found.captured))

    def begin():
        for variable in variables:  # so that the state has a place for each
            variable.assign(variable.read())
        variables[3].assign(0.0)

    loop = Loop(
        part(begin),
        part(step_of(variables, steps), Spec((4, 2), dt.float32)),
        part(step_of(variables, steps), Spec((2, 2), dt.float32)),
        part(lambda: (variables[3].read(), variables[0] + 1.0)),
        batches=2,
        batch_size=4,
        capacity=3,
    )
    rng = np.random.default_rng(0)
    state = [rng.normal(size=shape).astype("float32") for shape in STATE]
    data = [rng.normal(size=(10, 2)).astype("float32")]
    orders = np.stack([rng.permutation(10) for _ in range(3)])
    with np.errstate(all="ignore"):
        slow = StepByStep(loop, NUMPY)
        expected, reports = slow(state, slow.place(data), orders, 0, 9)
    program = NUMPY.loop(loop)
    placed, now, seen = program.place(data), state, []
    for start in range(0, 9, cut):
        stop = min(9, start + cut)
        seen.append((now, [np.array(array) for array in now]))
        now, found = program(now, placed, orders, start, stop)
        for epoch in range(start // 3, stop // 3):
            same_bits([report[epoch] for report in found], [report[epoch] for report in reports])
    same_bits(now, expected)
    for arrays, before in seen:
        same_bits(arrays, before)


def network(optimizer):
    """A network with kernels and biases of several sizes, and what it is after a fit of five steps in an epoch."""
    pf.random.set_seed(1)
    model = pf.Sequential(
        [
            pf.keras.layers.Dense(6, activation="tanh", input_dim=3),
            pf.keras.layers.BatchNormalization(),
            pf.keras.layers.Dense(6, activation="relu", kernel_regularizer="l2"),
            pf.keras.layers.Dense(4),
            pf.keras.layers.Dense(2, use_bias=False),
        ]
    )
    model.compile(optimizer(), "mse")
    return model


OPTIMIZERS = {
    "sgd": lambda: pf.optimizers.SGD(0.1),
    "momentum": lambda: pf.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda: pf.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": lambda: pf.optimizers.Adam(0.01, clipnorm=0.5),
    "amsgrad": lambda: pf.optimizers.Adam(0.01, amsgrad=True, global_clipnorm=0.5),
    "adamw": lambda: pf.optimizers.AdamW(0.01, clipvalue=0.1),
    "adagrad": lambda: pf.optimizers.Adagrad(0.1),
    "adadelta": lambda: pf.optimizers.Adadelta(1.0),
    "adamax": lambda: pf.optimizers.Adamax(0.01),
    "nadam": lambda: pf.optimizers.Nadam(0.01),
    "lion": lambda: pf.optimizers.Lion(0.01),
    "ftrl": lambda: pf.optimizers.Ftrl(0.1),
    "averaged": lambda: pf.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=2),
}


@pytest.mark.parametrize("large", [99, 12, 4])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_updates_done_together_have_the_bits_of_those_one_by_one(optimizer, large):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(18, 3)).astype("float32")
    y = draw.normal(size=(18, 2)).astype("float32")
    with pf.use_backend("numpy"):
        with in_pieces(large):
            together = network(optimizer)
            losses = together.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
        alone = network(optimizer)
        each = [pf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)]
        found = alone.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0, callbacks=each).history["loss"]
    assert losses == found
    both = [[*model.variables, *model.optimizer.variables] for model in (together, alone)]
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_updates_of_many_small_variables_are_a_few_calls():
    """As many as for one, in the plan of the loop; large ones go through the same in pieces."""
    layers = [pf.keras.layers.Dense(8, input_dim=8) for _ in range(12)]
    with pf.use_backend("numpy"):
        model = pf.Sequential([*layers, pf.keras.layers.Dense(5000)])
        model.compile(pf.optimizers.SGD(0.1, momentum=0.9), "mse")
        model.fit(np.ones((4, 8)), np.ones((4, 5000)), verbose=0)
    (made,) = model._steps["train"].passes.values()
    text = made.program.text
    assert text.count("subtract(") == 3, text  # the loss, 25 small variables, and a large one


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_large_updates_are_done_as_soon_as_they_can_be(optimizer):
    """So the memory of one gradient does for all layers, however many there are."""

    def plan_of(layers):
        with pf.use_backend("numpy"):
            model = pf.Sequential([pf.keras.layers.Dense(200, activation="relu", input_dim=200) for _ in range(layers)])
            model.compile(optimizer, "mse")
            model.fit(np.ones((4, 200)), np.ones((4, 200)), verbose=0)
        (made,) = model._steps["train"].passes.values()
        return made.program.text

    def held(text):
        return sum(map(int, re.findall(r"k\d+ = empty\((\d+), uint8\)", text)))

    few, many = plan_of(3), plan_of(9)
    assert many.count("    for p") == 9
    assert held(many) - held(few) < 200 * 200 * 4  # not six kernels more, only their layers' rows and biases


def test_a_loop_that_failed_left_nothing_behind():
    """The call after it begins with the state that it is given."""
    variable = pf.Variable(np.zeros(3, np.float32))

    def part(function, *specs):
        found = trace(function, *specs, backend=NUMPY)
        return Part(found.graph, (0,) * len(found.reads), (0,) * len(found.writes), ())

    def step(x):
        variable.assign_add(pf.ones((3,)))
        variable.assign_add(pf.gather(variable.read(), pf.cast(pf.reshape(x, (-1,))[:1], pf.int64)) + variable)

    loop = Loop(
        part(lambda: None), part(step, Spec((1, 1), dt.float32)), None, part(lambda: (variable.read(),)), 2, 1, 1
    )
    program = NUMPY.loop(loop)
    data, orders = program.place([np.array([[0.0], [9.0]], np.float32)]), np.array([[0, 1]])
    state = [np.zeros(3, np.float32)]
    half, _ = program(state, data, orders, 0, 1)
    with pytest.raises(IndexError):
        program(half, data, orders, 1, 2)
    np.testing.assert_array_equal(half[0], np.full(3, 3, np.float32))
    again, _ = program(half, data, np.array([[1, 0]]), 1, 2)
    np.testing.assert_array_equal(again[0], np.full(3, 12, np.float32))
