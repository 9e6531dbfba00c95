"""Graphs over a batch axis: against jax.vmap of the same graph, and against the graph run for one element at a time."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow.backend import discovery
from polyflow.backend.nodes import run_node_by_node
from polyflow.flow.batching import FAMILIES, RULES, batched
from polyflow.flow.trace import trace
from polyflow.ops import call, reduction
from polyflow.ops.declare import OPS
from polyflow.ops.indexing import index_add, index_set
from polyflow.ops.rules import Spec
from polyflow_conformance.table import ops

numpy = discovery.get("numpy")
K = 5
"""How many elements are in the stacks."""

NO_RULE = {
    "full", "random_bits", "threefry2x32", "next_key", "random_permutation", "keep_mask",
    "part", "qr", "svd", "eigh", "eig", "slogdet", "solve",
}  # fmt: skip
"""Ops that only run unbatched: without inputs, with several results, with a key that would be one for each element."""


def traced(function, *arrays):
    """The graph of a function of such arrays, and the arrays it captured, which are its last inputs."""
    found = trace(function, *[Spec(a.shape, a.dtype) for a in arrays], backend=numpy)
    return found.graph, [tensor.array for tensor in found.captured]


def graph_of(function, *arrays):
    return traced(function, *arrays)[0]


def stack(array, count=K):
    """Several arrays like one: its numbers moved around, so that elements differ and stay in its range."""
    return np.stack([np.roll(array.reshape(-1), 3 * i + 1).reshape(array.shape) for i in range(count)])


def check(function, *arrays, which=None, exact=True, oracle=True):
    """Batch the graph of a function of these arrays and compare: with one element at a time, and with jax.vmap."""
    arrays = [np.asarray(a) for a in arrays]
    which = [True] * len(arrays) if which is None else which
    graph, captured = traced(function, *arrays)
    arrays, which = [*arrays, *captured], [*which, *[False] * len(captured)]
    wide = batched(graph, which)
    assert wide is not None
    assert [value.shape for value in wide.outputs] == [(-1, *value.shape) for value in graph.outputs]
    assert [value.dtype for value in wide.outputs] == [value.dtype for value in graph.outputs]
    for count in (1, K):
        given = [stack(a, count) if has_axis else a for a, has_axis in zip(arrays, which, strict=True)]
        found = [np.asarray(part) for part in numpy.compile(wide)(*given)]
        one = numpy.compile(graph)
        each = [one(*[a[i] if w else a for a, w in zip(given, which, strict=True)]) for i in range(count)]
        for part, value, *expected in zip(found, graph.outputs, *each, strict=True):
            assert part.dtype == value.dtype
            assert part.shape == (count, *value.shape)
            if exact:
                np.testing.assert_array_equal(part, np.stack(expected))
            else:
                np.testing.assert_allclose(part, np.stack(expected), rtol=1e-5, atol=1e-5)
    for part, expected in zip(found, vmapped(graph, which, given) if oracle else found, strict=True):
        assert part.dtype == expected.dtype
        if part.dtype.kind in "biu":
            np.testing.assert_array_equal(part, expected)
        else:
            np.testing.assert_allclose(part, expected, rtol=2e-5, atol=1e-5)


def vmapped(graph, which, arrays):
    """What jax.vmap makes of the graph."""
    backend = discovery.get("jax")
    with jax.enable_x64(True):
        run = run_node_by_node(graph, backend.resolve, backend.asarray)
        over = jax.vmap(run, [0 if has_axis else None for has_axis in which])
        return [np.asarray(part) for part in over(*[jax.numpy.asarray(a) for a in arrays])]


def numbers(*shape, dtype=np.float32, low=0.1, high=0.9):
    values = np.random.default_rng(sum(shape) + 7).uniform(low, high, shape)
    return values.astype(dtype)


SAMPLES = {"any": (-2, 2), "positive": (0.1, 3), "nonzero": (0.5, 2), "unit": (-0.9, 0.9), "above one": (1.1, 3)}


def argument(op, place, shape):
    """An argument that the op takes."""
    word = op.samples if isinstance(op.samples, str) else op.samples[place]
    for dtype in (np.float32, np.int32):
        try:
            if op.rule.operands(op.name, (np.dtype(dtype),) * len(op.tensors))[0] is np.dtype(dtype):
                low, high = SAMPLES[word] if dtype is np.float32 else (0, 9)
                return numbers(*shape, dtype=dtype, low=low, high=high)
        except TypeError:  # bits of floats are refused
            continue
    return numbers(*shape, low=0, high=9, dtype=np.int32) > 4


ELEMENTWISE = sorted(name for name, op in OPS.items() if op.rule.family == "elementwise" and name != "clip")


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_op(name):
    """Of elements with the same shape, of ranks that differ, and with inputs that are the same for all elements."""
    op = OPS[name]
    shapes = [(3, 4), (4,), (3, 1)][: len(op.tensors)]
    arrays = [argument(op, i, shape) for i, shape in enumerate(shapes)]

    def function(*x):
        return call.apply(op, x)

    check(function, *arrays)
    if len(arrays) == 2:
        check(function, arrays[0][0], arrays[1])
        check(function, arrays[0][0, 0], arrays[1])
        check(function, *arrays, which=[True, False])
        check(function, *arrays[::-1], which=[True, False])
        check(function, *arrays[::-1], which=[False, True])


A, B, V, S = numbers(3, 4), numbers(2, 3, 4, low=-1), numbers(6, low=-1), numbers()
I = np.arange(12, dtype=np.int32).reshape(3, 4)  # noqa: E741

MOVES = {
    "astype": lambda: check(lambda x: pf.astype(x, "int64"), A * 9),
    "clip": lambda: check(lambda x: pf.clip(x, 0.3, 0.6), A),
    "where": lambda: check(lambda c, x, y: pf.where(c > 0.5, x, y), S, A, V[:4]),
    "where with numbers": lambda: check(lambda x: pf.where(x > 0.5, x, -1), A),
    "reshape": lambda: check(lambda x: (pf.reshape(x, (2, 6)), pf.reshape(x, (-1,)), x[None, :, None]), A),
    "reshape of a scalar": lambda: check(lambda x: pf.reshape(x, (1, 1)), S),
    "squeeze": lambda: check(lambda x: pf.squeeze(x[:1]), A),
    "permute_dims": lambda: check(lambda x: (pf.permute_dims(x, (2, 0, 1)), pf.transpose(x)), B),
    "permute_dims counted from the end": lambda: check(lambda x: pf.permute_dims(x, (-1, 0, -2)), B, oracle=False),
    "broadcast_to": lambda: check(lambda x: pf.broadcast_to(x, (2, 3, 4)), A),
    "broadcast_to of a column": lambda: check(lambda x: pf.broadcast_to(x[:, :1], (3, 4)) + 1, A),
    "broadcast_to of a scalar": lambda: check(lambda x: (pf.broadcast_to(x, (2, 3)), pf.broadcast_to(x, ())), S),
    "concat": lambda: check(lambda x, y: pf.concat([x, y, x], axis=-1), A, A + 1),
    "concat with one for all": lambda: check(lambda x, y: pf.concat([y, x], axis=0), A, A + 1, which=[True, False]),
    "stack": lambda: check(lambda x: pf.stack([x, x * 2, pf.zeros(4)], axis=1), V[:4]),
    "split": lambda: check(lambda x: pf.split(x, 2, axis=1), A),
    "pad": lambda: check(lambda x: pf.pad(x, [(1, 0), (2, 3)], constant_values=5), A),
    "pad by reflection": lambda: check(lambda x: pf.pad(x, [[1, 1]], "reflect"), V),
    "flip": lambda: check(lambda x: (pf.flip(x), pf.flip(x, axis=-1), pf.flip(x, axis=(0, 2))), B),
    "roll": lambda: check(lambda x: pf.roll(x, 2, axis=1), A),
    "tile": lambda: check(lambda x: pf.tile(x, (2, 3)), A),
    "getitem": lambda: check(lambda x: (x[1], x[..., 2], x[::-1, None, 1:3], x[-1, -1, 0], x[:0]), B),
    "getitem with index arrays": lambda: check(lambda x: (x[[1, 0, 1]], x[:, [2, 0]], x[[0, 1], [1, 2]]), B),
    "getitem with index arrays in front": lambda: check(lambda x: (x[[0, 1], :, [1, 2]], x[1, :, [[0, 3]]]), B),
    "getitem with masks": lambda: check(lambda x: x[:, np.array([True, False, True])], B),
    "take": lambda: check(lambda x: pf.take(x, np.array([[2, 0], [1, 1]]), axis=1), A),
    "index_set": lambda: check(lambda x: index_set(x, (1, slice(1, 3)), 7), A),
    "index_set by elements": lambda: check(lambda x, y: index_set(x, 1, y), A, V[:4]),
    "index_set into one for all": lambda: check(lambda x, y: index_set(x, 1, y[0]), A, V, which=[False, True]),
    "index_add": lambda: check(lambda x, y: index_add(x, (..., 2), y), A, V[:3]),
    "one_hot": lambda: check(lambda x: (pf.one_hot(x, 12), pf.one_hot(x, 4, axis=0, on_value=2.0)), I),
    "constants": lambda: check(lambda x: (x, pf.ones((2, 2)), pf.constant(3), pf.zeros((2, 0))), A),
    "the same for all": lambda: check(lambda x, y: (y, y + 1, x), A, V, which=[True, False]),
    "argmax": lambda: check(
        lambda x: [
            f(x, axis=a, keepdims=k)
            for f in (reduction.argmax, reduction.argmin)
            for a in (None, 1, -1)
            for k in (0, 1)
        ],
        A,
    ),
    "max": lambda: check(lambda x: [x.max(), x.max(0), x.min((0, -1)), x.min(1, keepdims=True), x.max(())], B),
    "any": lambda: check(lambda x: [(x > 0.5).any(), (x > 0.2).all(0), (x > 0.5).any((1, 2), keepdims=True)], B),
    "sums of integers": lambda: check(lambda x: [x.sum(), x.sum(0), x.prod(-1), pf.cumsum(x, axis=0)], I % 4),
    "sort": lambda: check(lambda x: [pf.sort(x, axis=0), pf.sort(x), reduction.sort(x, axis=-1, descending=True)], A),
    "argsort": lambda: check(lambda x: [pf.argsort(x, axis=0), reduction.argsort(x, descending=True)], A),
    "searchsorted": lambda: check(lambda x, y: pf.searchsorted(x, y, side="right"), np.sort(V), A, which=[False, True]),
    "triangles": lambda: check(lambda x: (pf.tril(x), pf.triu(x, k=1)), A),
    "no outputs that depend": lambda: check(lambda x: pf.full((3,), 2.5), A),
    "matmul of integers": lambda: check(lambda x, y: x @ y, I, I.T),
}

SUMS = {
    "sum": lambda: check(lambda x: [x.sum(), x.sum(1), x.sum((0, 2)), x.sum(-1, keepdims=True)], B, exact=False),
    "mean": lambda: check(lambda x: [x.mean(), x.mean(0), x.mean((0, -1), keepdims=True)], B, exact=False),
    "var": lambda: check(lambda x: [x.var(), x.std(1), pf.norm(x)], B, exact=False),
    "prod": lambda: check(lambda x: [x.prod(), x.prod(0)], B, exact=False),
    "cumulative": lambda: check(
        lambda x: [pf.cumsum(x, axis=1), pf.cumprod(x, axis=-1), pf.cumsum(x, reverse=True)], B, exact=False
    ),
    "logsumexp": lambda: check(lambda x: [pf.logsumexp(x), pf.logsumexp(x, axis=0, keepdims=True)], A, exact=False),
    "softmax": lambda: check(lambda x: [pf.nn.softmax(x), pf.nn.log_softmax(x, axis=0)], A, exact=False),
    "softmax over all": lambda: check(lambda x: pf.activations.softmax(x, axis=(0, 1)), A, exact=False),
    "of scalars": lambda: check(lambda x: [x.sum(), x.mean(), x.max()], S, exact=False),
    "long rows": lambda: check(lambda x: [x.sum(), x.mean(0), x.sum(1)], numbers(100, 90), exact=False),
    "einsum": lambda: check(lambda x, y: pf.einsum("ij,kj->ik", x, y), A, A * 2, exact=False),
    "tensordot": lambda: check(lambda x, y: pf.tensordot(x, y, axes=1), A, B.T, which=[True, False], exact=False),
}


@pytest.mark.parametrize("case", MOVES)
def test_ops_that_keep_every_bit(case):
    """Moves, comparisons, integers: equal to the element's own result."""
    MOVES[case]()


@pytest.mark.parametrize("case", SUMS)
def test_ops_that_add_up(case):
    """Sums and products of floats: equal within their bound."""
    SUMS[case]()


@pytest.mark.parametrize("which", [[True, True], [True, False], [False, True]])
@pytest.mark.parametrize("right", [(4,), (4, 2), (2, 4, 3), (5, 2, 4, 1)])
@pytest.mark.parametrize("left", [(4,), (3, 4), (2, 3, 4), (1, 2, 3, 4)])
def test_matmul(left, right, which):
    """Vectors, matrices and stacks of them, each with the batch axis or without."""
    check(lambda x, y: x @ y, numbers(*left), numbers(*right, low=-1), which=which, exact=False)


def test_every_op_has_a_rule_or_is_known_to_have_none():
    """A new op is decided on here."""
    ruled = {name for name, op in ops().items() if op.rule.family in FAMILIES or name in RULES}
    assert ruled | NO_RULE == set(ops())
    assert not ruled & NO_RULE


@pytest.mark.parametrize(
    ("function", "arrays", "which"),
    [
        (lambda x, i: x[i], [A, np.array([0, 2])], [True, True]),
        (lambda x, i: x[i], [A, np.array([0, 2])], [False, True]),
        (lambda x, y: pf.searchsorted(x, y), [V, A], [True, False]),
        (lambda x: pf.reshape(x, (0, 2)), [numbers(2, 0)], [True]),
        (lambda x: (x, pf.ones(2)), [numbers(2, 0)], [True]),
    ],
    ids=["elements' own indices", "indices into one table", "searching elements", "no numbers", "nothing to count by"],
)
def test_what_cannot_be_batched(function, arrays, which):
    """None, rather than something wrong."""
    assert batched(graph_of(function, *arrays), which) is None


def test_random_draws_from_one_key_are_the_same_for_all():
    """A key that is no element's own gives one draw; keys of elements cannot be batched."""
    key = np.array([1, 2], np.uint32)

    def function(x, key):
        return x + pf.random.uniform((4,), key=key)

    graph = graph_of(function, A, key)
    assert batched(graph, [True, True]) is None
    wide = batched(graph, [True, False])
    (found,) = numpy.compile(wide)(stack(A), key)
    (expected,) = numpy.compile(graph)(stack(A)[2], key)
    np.testing.assert_array_equal(found[2], expected)


def test_one_graph_for_every_number_of_elements():
    """How many there are is not part of it."""
    graph = graph_of(lambda x: (x.sum(), x * 2 + x.max()), A)
    wide = batched(graph, [True])
    for count in (1, 2, 7):
        total, scaled = numpy.compile(wide)(stack(A, count))
        assert total.shape == (count,)
        assert scaled.shape == (count, 3, 4)


# Random graphs ----------------------------------------------------------------------------------------------------

STEPS = [
    lambda x, c: x + c,
    lambda x, c: x * 2.0,
    lambda x, c: pf.maximum(x, c),
    lambda x, c: x - x.mean(),
    lambda x, c: pf.transpose(x),
    lambda x, c: pf.reshape(x, (-1,)),
    lambda x, c: x[None],
    lambda x, c: x[..., ::-1] if x.shape else x,
    lambda x, c: x[0] if x.shape else x,
    lambda x, c: pf.concat([x, x * c], axis=-1) if x.shape else x,
    lambda x, c: pf.sort(x, axis=0) if x.shape else x,
    lambda x, c: x.sum(-1) if x.shape else x.sum(),
    lambda x, c: x.max(0, keepdims=True) if x.shape else x,
    lambda x, c: pf.broadcast_to(x, (2, *x.shape)) if x.size < 200 else x,
    lambda x, c: pf.where(x > c, x, 0),
    lambda x, c: pf.nn.softmax(x, axis=0) if x.shape else x,
    lambda x, c: pf.matmul(x, pf.transpose(x)) if len(x.shape) == 2 else x,
    lambda x, c: pf.pad(x, [(0, 1)] * len(x.shape)) if x.shape and x.size < 200 else x,
]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=6),
    st.lists(st.integers(1, 4), max_size=3),
    st.floats(0.5, 2.0, width=32),
)
def test_random_graphs(steps, shape, constant):
    """Chains of anything, against jax.vmap."""

    def function(x, y):
        for step in steps:
            x = step(x, constant)
        return x, y, x + y[0]

    check(function, numbers(*shape, low=-1), numbers(3), which=[True, False], exact=False)
    check(function, numbers(*shape, low=-1), numbers(3), exact=False)
