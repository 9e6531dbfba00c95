"""What each pass takes out, and what it leaves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.flow.graph import Graph
from polyflow.flow.passes import algebra, common, dead, fold, numbers, transposes
from polyflow.flow.passes.algebra import lossless
from polyflow.flow.trace import trace
from polyflow.ops import elementwise, shape
from polyflow.ops.rules import Spec

NUMPY = discovery.get("numpy")


def traced(function, *shapes, dtype=pf.float32):
    return trace(function, *[Spec(shape, dtype) for shape in shapes], backend=NUMPY).graph


def left(graph, *passes):
    """The names of the ops that are left after passes, and dead code."""
    for one in (*passes, dead):
        graph = one(graph)
    return [node.op.name for node in graph.nodes]


# Fold -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda: pf.ones((2, 3)) * 2.0 + 1.0, 3.0),
        (lambda: pf.sqrt(pf.full((2, 3), 9.0)) / 0.0, float("inf")),
        (lambda: -pf.zeros((2, 3)), -0.0),
        (lambda: pf.cast(pf.full((2, 3), 3.7), "int32"), 3),
        (lambda: pf.full((2, 3), 200, dtype="uint8") + pf.full((3,), 100, dtype="uint8"), 44),
        (lambda: pf.full((2, 3), 3) < pf.full((2, 3), 4), True),
        (lambda: pf.broadcast_to(pf.transpose(pf.reshape(pf.ones((6,)), (6, 1))), (2, 6)), 1.0),
        (lambda: pf.reduce_max(pf.ones((2, 3, 4)) * 5.0, axis=-1), 5.0),
        (lambda: pf.cast(pf.cast(pf.full((2,), 0.1), "float32"), "float64"), float(np.float32(0.1))),
    ],
)
def test_numbers_are_worked_out(function, value):
    graph = dead(fold(traced(function)))
    (node,) = graph.nodes
    assert node.op.name == "full"
    assert repr(node.attrs["fill_value"]) == repr(value)
    (array,) = NUMPY.compile(graph)()
    np.testing.assert_array_equal(array, function().numpy(), strict=True)


@pytest.mark.parametrize(
    "function",
    [
        lambda: pf.exp(pf.ones((2,))),  # libraries round it in their own ways
        lambda: pf.reduce_sum(pf.ones((2,))),
        lambda: pf.cast(pf.full((2,), float("nan")), "int32"),  # no number is right
        lambda: pf.cast(pf.full((2,), 1e20), "int32"),
        lambda: pf.ones((2,), "complex64") * 2.0,
    ],
)
def test_what_has_no_right_number_is_left(function):
    graph = traced(function)
    assert left(graph, fold) == [node.op.name for node in graph.nodes]


# Algebra --------------------------------------------------------------------------------------------------------------

GONE = [
    lambda x: x * 1.0,
    lambda x: 1.0 * x,
    lambda x: x / 1.0,
    lambda x: x - 0.0,
    lambda x: x + -0.0,
    lambda x: pf.negative(-x),
    lambda x: pf.transpose(pf.transpose(x, (1, 0, 2)), (1, 0, 2)),
    lambda x: pf.transpose(pf.transpose(x, (1, 2, 0)), (2, 0, 1)),
    lambda x: pf.reshape(pf.reshape(x, (6, 4)), (2, 3, 4)),
    lambda x: pf.cast(pf.cast(x, "float64"), "float32"),
    lambda x: pf.cast(x, "float32"),
    lambda x: pf.broadcast_to(x, (2, 3, 4)),
    lambda x: x[:, 0:3, :],
    lambda x: shape.flip(shape.flip(x, 1), 1),
    lambda x: pf.where(x > 0.0, x, x),
    lambda x: pf.where(pf.ones((2, 3, 4), "bool"), x, 3.0),
    lambda x: pf.maximum(x, x),
    lambda x: pf.concat([x], 0),
    lambda x: pf.pad(x, [(0, 0)] * 3),
    lambda x: x * pf.ones((3, 1)),
]
STAYING = [
    lambda x: x + 0.0,  # makes 0 of -0
    lambda x: 0.0 - x,
    lambda x: x - -0.0,
    lambda x: x * 0.0,  # NaN of infinity
    lambda x: x - x,
    lambda x: x * -1.0,
    lambda x: pf.cast(pf.cast(x, "float16"), "float32"),  # rounds
    lambda x: pf.cast(pf.cast(x, "int32"), "float32"),
    lambda x: shape.flip(shape.flip(x, 1), 2),
    lambda x: x[:, ::-1],
    lambda x: x * pf.ones((5, 2, 3, 4)),  # repeats
    lambda x: pf.minimum(x, 1.0),
]


@pytest.mark.parametrize("function", GONE)
def test_what_changes_nothing_is_left_out(function):
    assert left(traced(function, (2, 3, 4)), algebra, common, algebra) == []


@pytest.mark.parametrize("function", STAYING)
def test_what_changes_something_stays(function):
    graph = traced(function, (2, 3, 4))
    assert left(graph, algebra) == [node.op.name for node in graph.nodes]


@pytest.mark.parametrize("function", GONE + STAYING)
def test_algebra_keeps_special_values(function):
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1.5, 3e38] * 3, "float32").reshape(2, 3, 4)
    graph = traced(function, (2, 3, 4))
    (expected,), (found,) = NUMPY.compile(graph)(special), NUMPY.compile(algebra(graph))(special)
    assert np.asarray(found).tobytes() == np.asarray(expected).tobytes()


@pytest.mark.parametrize("function", [pf.reduce_sum, pf.reduce_mean])
def test_a_sum_of_one_number_keeps_its_sign_of_zero(function):
    """NumPy adds the one term to 0, which makes a 0 of -0: so does what is compiled."""
    x = np.float32(-0.0)
    (found,) = NUMPY.compile(algebra(traced(lambda x: function(x * 1.5), ())))(np.asarray(x))
    assert np.signbit(found) == np.signbit(np.sum(x * 1.5))


@pytest.mark.parametrize(
    "function",
    [
        lambda i: i + 0,
        lambda i: i * 1,
        lambda i: i - 0,
        lambda i: elementwise.bitwise_xor(i, 0),
        lambda i: elementwise.bitwise_invert(elementwise.bitwise_invert(i)),
        lambda i: pf.cast(pf.cast(i, "float64"), "int32"),
        lambda i: elementwise.logical_and(i > 0, i > 0).astype("int32").astype("bool").astype("int32") * 0 + i,
    ],
)
def test_algebra_of_integers(function):
    graph = traced(function, (5,), dtype=pf.int32)
    x = np.array([0, -1, 7, 2**31 - 1, -(2**31)], "int32")
    (found,) = NUMPY.compile(algebra(graph))(x)
    np.testing.assert_array_equal(found, x)


def test_pairs_become_one():
    graph = traced(lambda x: pf.transpose(pf.transpose(x, (1, 2, 0)), (0, 2, 1)), (2, 3, 4))
    (node,) = dead(algebra(graph)).nodes
    assert node.attrs == {"axes": (1, 0, 2)}
    assert left(traced(lambda x: pf.reshape(pf.reshape(x, (6,)), (3, 2)), (2, 3)), algebra) == ["reshape"]
    assert left(traced(lambda x: pf.cast(pf.cast(x, "float64"), "int32"), (2,)), algebra) == ["astype"]


def test_casts_without_loss():
    for source, target in itertools.product(dt.ALL, dt.ALL):
        if source in dt.COMPLEX or target in dt.COMPLEX:
            assert not lossless(source, target)
        elif source in (dt.float16, dt.bfloat16) or source not in dt.FLOATING:
            every = np.arange(2 ** (8 * min(source.itemsize, 2)), dtype="uint64")
            width = f"uint{8 * source.itemsize}"
            shifts = [0] if source.itemsize <= 2 else [0, 8 * source.itemsize - 16]
            raw = np.concatenate([every << shift for shift in shifts]).astype(width)
            values = np.array([False, True]) if source is dt.bool_ else raw.view(source)
            if source not in dt.FLOATING and source is not dt.bool_:
                values = np.concatenate([values, [np.iinfo(source).max, np.iinfo(source).max - 1]]).astype(source)
            with np.errstate(all="ignore"):
                back = values.astype(target).astype(source)
                same = (back == values) | ((back != back) & (values != values))
            if lossless(source, target):
                assert same.all(), (source, target)
    assert lossless(dt.float32, dt.float64)
    assert not lossless(dt.int64, dt.float64)
    assert not lossless(dt.uint32, dt.int32)


# Transposes -----------------------------------------------------------------------------------------------------------


def test_an_order_that_is_undone_is_left_out():
    def function(x, y):
        a, b = pf.transpose(x, (2, 0, 1)), pf.transpose(y, (2, 0, 1))
        return pf.transpose(pf.nn.relu(a * b + 1.0) - pf.ones((4, 2, 3)), (1, 2, 0))

    graph = traced(function, (2, 3, 4), (2, 3, 4))
    assert "permute_dims" not in left(graph, transposes)
    arrays = np.random.default_rng(0).normal(size=(2, 2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(NUMPY.compile(transposes(graph))(*arrays)[0], NUMPY.compile(graph)(*arrays)[0])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: pf.transpose(pf.transpose(x) + pf.transpose(x, (1, 0))[0], (1, 0)),  # one operand repeats
        lambda x: pf.transpose(pf.exp(pf.transpose(x)), (1, 0)),  # has other bits elsewhere in memory, perhaps
        lambda x: pf.transpose(pf.matmul(pf.transpose(x), x)),
    ],
)
def test_other_orders_stay(function):
    graph = traced(function, (3, 3))
    assert left(graph, transposes) == [node.op.name for node in graph.nodes]


def test_what_others_read_stays_as_it_is():
    def function(x):
        turned = pf.nn.relu(pf.transpose(x))
        return pf.transpose(turned), turned

    graph = traced(function, (2, 3))
    assert left(graph, transposes) == ["permute_dims", "relu", "permute_dims"]


# Common and numbers ---------------------------------------------------------------------------------------------------


def test_equal_nodes_are_computed_once():
    assert left(traced(lambda x: pf.exp(x) * pf.exp(x) + pf.exp(x), (2,)), common).count("exp") == 1


def test_nodes_that_differ_are_kept_apart():
    assert left(traced(lambda x: pf.sum(x, 0) + pf.sum(x, 1), (2, 2)), common).count("sum") == 2
    assert left(traced(lambda x: (x + 0.0) * (x + -0.0), (2,)), common).count("add") == 2


def test_attributes_that_cannot_be_compared_are_kept_apart():
    clip = "float32[2] = clip(%x, min=array(float32[1], [0.0]), max=1.0)"
    graph = Graph.parse(f"graph(%x: float32[2]) {{ %a: {clip} %b: {clip} return %a, %b }}")
    assert left(graph, common) == ["clip", "clip"]


def test_uniform_values_become_numbers():
    assert left(traced(lambda x: x * (pf.ones((2, 2)) * 0.5), (2, 2)), fold, numbers) == ["multiply"]
    graph = traced(lambda x: x * pf.full((2, 2), 2.0), (2,))
    assert left(graph, numbers) == ["full", "multiply"]  # the twos give the result its shape
    graph = traced(lambda x: x * pf.ones((2,), pf.float64), (2,))
    assert dead(numbers(graph)).outputs[0].dtype is pf.float64
