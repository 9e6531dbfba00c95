"""Public functions that are made of ops, against NumPy; and the sentences of their errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import AxisError, DTypeError, ShapeError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import creation, elementwise, indexing, linalg, nn, reduction, shape
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec

from .cases import ALL, NUMPY, fast, tensor

X = np.random.default_rng(0).normal(size=(2, 3, 4))
M = X[0]

PAIRS = {
    "sum to a dtype": (lambda x: reduction.sum(x, 1, dtype="float32"), lambda x: x.astype("f4").sum(1)),
    "sum keeps": (lambda x: reduction.sum(x, (0, -1), keepdims=True), lambda x: x.sum((0, -1), keepdims=True)),
    "sum of nothing": (lambda x: reduction.sum(x, ()), lambda x: x),
    "prod": (lambda x: reduction.prod(x, -1), lambda x: x.prod(-1)),
    "var": (lambda x: reduction.var(x, 1, correction=1), lambda x: x.var(1, ddof=1)),
    "std": (lambda x: reduction.std(x, keepdims=True), lambda x: x.std(keepdims=True)),
    "norm": (lambda x: reduction.norm(x, 2), lambda x: np.linalg.norm(x, axis=2)),
    "count_nonzero": (
        lambda x: reduction.count_nonzero(elementwise.round(x), 1),
        lambda x: np.count_nonzero(np.round(x), 1),
    ),
    "cumulative_sum": (lambda x: reduction.cumulative_sum(x, axis=-2), lambda x: np.cumsum(x, -2)),
    "cumulative_sum from 0": (
        lambda x: reduction.cumulative_sum(x, axis=1, include_initial=True),
        lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    ),
    "cumulative_prod from 1": (
        lambda x: reduction.cumulative_prod(x, axis=0, include_initial=True),
        lambda x: np.cumulative_prod(x, axis=0, include_initial=True),
    ),
    "logsumexp": (lambda x: reduction.logsumexp(x, (1, 2)), lambda x: np.log(np.exp(x).sum((1, 2)))),
    "clip": (lambda x: elementwise.clip(x, -0.5, 0.5), lambda x: np.clip(x, -0.5, 0.5)),
    "clip by arrays": (lambda x: elementwise.clip(x, M, None), lambda x: np.clip(x, M, None)),
    "clip of nothing": (lambda x: elementwise.clip(x), lambda x: x),
    "reshape": (lambda x: shape.reshape(x, (-1, 6)), lambda x: x.reshape(-1, 6)),
    "reshape to the same": (lambda x: shape.reshape(x, (2, 3, -1)), lambda x: x),
    "transpose": (lambda x: shape.transpose(x), lambda x: x.T),
    "transpose axes": (lambda x: shape.transpose(x, (1, -1, 0)), lambda x: x.transpose(1, -1, 0)),
    "matrix_transpose": (lambda x: shape.matrix_transpose(x), lambda x: x.swapaxes(1, 2)),
    "swapaxes": (lambda x: shape.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
    "moveaxis": (lambda x: shape.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0))),
    "expand_dims": (lambda x: shape.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
    "squeeze": (lambda x: shape.squeeze(x[:1, :, :1]), lambda x: np.squeeze(x[:1, :, :1])),
    "squeeze axis": (lambda x: shape.squeeze(x[:1, :, :1], -1), lambda x: np.squeeze(x[:1, :, :1], -1)),
    "concat flat": (lambda x: shape.concat([x, x[0]], axis=None), lambda x: np.concatenate([x, x[0]], axis=None)),
    "stack": (lambda x: shape.stack([x, x], axis=-2), lambda x: np.stack([x, x], axis=-2)),
    "split": (lambda x: shape.split(x, 3, axis=1)[1], lambda x: np.split(x, 3, 1)[1]),
    "split by sizes": (lambda x: shape.split(x, [1, -1], axis=2)[1], lambda x: x[:, :, 1:]),
    "unstack": (lambda x: shape.unstack(x, axis=1)[2], lambda x: x[:, 2]),
    "pad": (lambda x: shape.pad(x, 1), lambda x: np.pad(x, 1)),
    "pad of a scalar": (lambda x: shape.pad(x[0, 0, 0], 1), lambda x: x[0, 0, 0]),
    "pad pairs": (
        lambda x: shape.pad(x, [(1, 0), (0, 2), (3, 0)], constant_values=5.0),
        lambda x: np.pad(x, [(1, 0), (0, 2), (3, 0)], constant_values=5.0),
    ),
    "pad reflect": (lambda x: shape.pad(x, 1, mode="REFLECT"), lambda x: np.pad(x, 1, mode="reflect")),
    "pad symmetric": (lambda x: shape.pad(x, (1, 2), mode="symmetric"), lambda x: np.pad(x, (1, 2), mode="symmetric")),
    "pad edge": (lambda x: shape.pad(x, [[2, 1]], mode="edge"), lambda x: np.pad(x, [[2, 1]], mode="edge")),
    "roll": (lambda x: shape.roll(x, 5), lambda x: np.roll(x, 5)),
    "roll axes": (lambda x: shape.roll(x, (1, -2), axis=(0, 2)), lambda x: np.roll(x, (1, -2), (0, 2))),
    "tile": (lambda x: shape.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1))),
    "tile more axes": (lambda x: shape.tile(x, (2, 1, 3, 1)), lambda x: np.tile(x, (2, 1, 3, 1))),
    "repeat": (lambda x: shape.repeat(x, 2), lambda x: np.repeat(x, 2)),
    "repeat each": (lambda x: shape.repeat(x, [2, 0, 1], axis=1), lambda x: np.repeat(x, [2, 0, 1], axis=1)),
    "meshgrid": (
        lambda x: shape.stack(shape.meshgrid(x[0, 0], x[0, :, 0])),
        lambda x: np.stack(np.meshgrid(x[0, 0], x[0, :, 0])),
    ),
    "meshgrid ij": (
        lambda x: shape.stack(shape.meshgrid(x[0, 0], x[0, :, 0], indexing="ij")),
        lambda x: np.stack(np.meshgrid(x[0, 0], x[0, :, 0], indexing="ij")),
    ),
    "tril": (lambda x: shape.tril(x, k=1), lambda x: np.tril(x, 1)),
    "triu": (lambda x: shape.triu(x, k=-1), lambda x: np.triu(x, -1)),
    "diff": (lambda x: shape.diff(x, n=2), lambda x: np.diff(x, 2)),
    "diff by place": (lambda x: shape.diff(x, 2, axis=0), lambda x: np.diff(x, 2, axis=0)),
    "conj": (lambda x: (x * 1j).conj(), lambda x: (x * 1j).conj()),
    "diff with ends": (
        lambda x: shape.diff(x, axis=1, prepend=x[:, :1], append=x[:, :2]),
        lambda x: np.diff(x, axis=1, prepend=x[:, :1], append=x[:, :2]),
    ),
    "outer": (lambda x: linalg.outer(x[0, 0], x[1, :, 0]), lambda x: np.outer(x[0, 0], x[1, :, 0])),
    "vecdot": (lambda x: linalg.vecdot(x, x[0], axis=-2), lambda x: np.vecdot(x, x[0], axis=-2)),
    "tensordot": (
        lambda x: linalg.tensordot(x, x, axes=[(1, 2), (1, 2)]),
        lambda x: np.tensordot(x, x, [(1, 2), (1, 2)]),
    ),
    "tensordot by number": (
        lambda x: linalg.tensordot(x, shape.moveaxis(x, 0, -1), axes=2),
        lambda x: np.tensordot(x, np.moveaxis(x, 0, -1), 2),
    ),
    "tensordot of all": (lambda x: linalg.tensordot(x, x, axes=0), lambda x: np.tensordot(x, x, 0)),
    "trace": (lambda x: linalg.trace(x, offset=1), lambda x: np.trace(x, 1, 1, 2)),
    "diagonal": (lambda x: linalg.diagonal(x, offset=-1), lambda x: np.diagonal(x, -1, 1, 2)),
    "diagonal outside": (lambda x: linalg.diagonal(x, offset=9), lambda x: np.diagonal(x, 9, 1, 2)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_equal_to_numpy(name):
    """Eagerly and in a graph, the result is NumPy's; Python lists are taken too."""
    ours, theirs = PAIRS[name]
    expected = np.asarray(theirs(X))
    result = ours(tensor(X))
    assert result.shape == expected.shape
    tolerance = {"rtol": 1e-13, "atol": 1e-14} if expected.dtype != np.float32 else {"rtol": 1e-6}
    np.testing.assert_allclose(result.numpy(), expected, **tolerance)
    traced = trace(ours, Spec(X.shape, dt.float64), backend=NUMPY)
    (output,) = traced.graph.outputs
    again = Compiled(traced)(X)
    assert (output.shape, output.dtype) == (again.shape, again.dtype)
    np.testing.assert_array_equal(again, result.numpy())


def test_lists_and_variables():
    """Functions made of ops take what ops take."""
    x = [[1.0, 2.0], [3.0, 4.0]]
    v = pf.Variable(x)
    for value in (x, v):
        assert shape.transpose(value).numpy().tolist() == [[1, 3], [2, 4]]
        assert shape.reshape(value, 4).shape == (4,)
        assert reduction.var(value).numpy() == 1.25
        assert linalg.einsum("ii", value).numpy() == 5
        assert shape.stack([value, value]).shape == (2, 2, 2)
        assert shape.concat([value, value], axis=1).shape == (2, 4)
        assert linalg.tensordot(value, value, axes=1).numpy().tolist() == [[7, 10], [15, 22]]
        assert nn.softmax(value).shape == (2, 2)
        assert shape.split(value, 2)[0].shape == (1, 2)
        assert elementwise.clip(value, 1.5).numpy().min() == 1.5
    assert shape.concat([[1, 2], [3]]).numpy().tolist() == [1, 2, 3]
    assert shape.stack([1.0, pf.constant(2.0)]).numpy().tolist() == [1, 2]
    assert reduction.sum([pf.constant(1.0), 2.0]).numpy() == 3


def test_lists_of_tensors_carry_gradients():
    """A list with tensors in it is stacked, and gradients flow through it."""
    x, y = pf.constant(2.0), pf.constant(3.0)
    assert [g.numpy() for g in pf.grad(lambda a, b: reduction.sum([a * b, a]), argnums=(0, 1))(x, y)] == [4, 2]
    assert pf.grad(lambda a: (pf.constant([[a, 1.0], [2.0, a]]) ** 2).sum())(x).numpy() == 8
    assert pf.constant([tensor(np.ones(2)), [0.1, 0.2]]).numpy()[1].tolist() == [0.1, 0.2]
    with pytest.raises(ShapeError, match="stack needs tensors of one shape"):
        reduction.sum([pf.constant([1.0]), pf.constant(1.0)])


CREATED = {
    "zeros": (creation.zeros((2, 3)), np.zeros((2, 3), "f4")),
    "zeros without a dtype": (creation.zeros(3, None), np.zeros(3, "f4")),
    "ones": (creation.ones([2], "int8"), np.ones(2, "i1")),
    "full": (creation.full((2,), 7), np.full(2, 7, "i4")),
    "full of a float": (creation.full((), 0.5), np.asarray(0.5, "f4")),
    "full of bool": (creation.full((1,), True), np.array([True])),
    "full of an array's element": (creation.full((2,), np.float64(0.5)), np.full(2, 0.5)),
    "full_like": (creation.full_like(tensor(X), 2), np.full(X.shape, 2.0)),
    "zeros_like": (creation.zeros_like(tensor(M), "bool"), np.zeros(M.shape, bool)),
    "ones_like": (creation.ones_like([[1, 2]]), np.ones((1, 2), "i4")),
    "arange": (creation.arange(5), np.arange(5, dtype="i4")),
    "arange from": (creation.arange(2, 11, 3), np.arange(2, 11, 3, dtype="i4")),
    "arange back": (creation.arange(5, 0, -2), np.arange(5, 0, -2, dtype="i4")),
    "arange of none": (creation.arange(5, 0), np.zeros(0, "i4")),
    "arange of floats": (creation.arange(0, 1, 0.25), np.arange(0, 1, 0.25, dtype="f4")),
    "arange wide": (creation.arange(2**40, 2**40 + 2), np.arange(2**40, 2**40 + 2)),
    "arange to a dtype": (creation.arange(3, dtype="float64"), np.arange(3.0)),
    "arange of tensors": (creation.arange(pf.constant(3)), np.arange(3, dtype="i4")),
    "linspace": (creation.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="f4")),
    "linspace open": (creation.linspace(0, 1, 5, endpoint=False), np.linspace(0, 1, 5, endpoint=False, dtype="f4")),
    "linspace of one": (creation.linspace(2, 3, 1), np.array([2], "f4")),
    "linspace of none": (creation.linspace(2, 3, 0), np.array([], "f4")),
    "linspace of integers": (creation.linspace(0, 7, 3, dtype="int32"), np.array([0, 3, 7], "i4")),
    "linspace of lists": (
        creation.linspace([0.0, 1], [2.0, 3], 3, axis=1),
        np.linspace([0.0, 1], [2.0, 3], 3, axis=1, dtype="f4"),
    ),
    "linspace in float64": (creation.linspace(np.float64(0), 1, 3), np.linspace(0, 1, 3)),
    "linspace complex": (creation.linspace(0, 1j, 3), np.linspace(0, 1j, 3).astype("c8")),
    "eye": (creation.eye(2, 3, k=1), np.eye(2, 3, 1, "f4")),
}


@pytest.mark.parametrize("name", CREATED)
def test_creation(name):
    result, expected = CREATED[name]
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.numpy(), expected)


def test_full_of_a_tensor_keeps_its_gradient():
    assert pf.grad(lambda w: creation.full((3,), w).sum())(pf.constant(2.0)).numpy() == 3
    traced = trace(lambda w: creation.full((2,), w, "float64"), Spec((), dt.float32), backend=NUMPY)
    assert Compiled(traced)(np.float32(3)).tolist() == [3, 3]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_einsum_equals_numpy(data):
    """Any equation over a few indices, repeated ones and outputs included, eagerly and in a graph."""
    sizes = {index: data.draw(st.integers(0, 3)) for index in "abcd"}
    count = data.draw(st.integers(1, 3))
    terms = ["".join(data.draw(st.lists(st.sampled_from("abcd"), max_size=4))) for _ in range(count)]
    used = sorted(set("".join(terms)))
    out = data.draw(st.permutations(used).map(lambda p: "".join(p)[: data.draw(st.integers(0, len(used)))]))
    equation = ",".join(terms) + data.draw(st.sampled_from([f"->{out}", ""]))
    rng = np.random.default_rng(0)
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.int32, np.int8]))
    arrays = [rng.integers(-3, 4, [sizes[i] for i in term]).astype(dtype) for term in terms]
    expected = np.einsum(equation, *arrays)
    result = linalg.einsum(equation, *[tensor(a) for a in arrays])
    assert result.dtype == dtype
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result.numpy(), expected)  # small integers: exact in every dtype
    traced = trace(
        lambda *xs: linalg.einsum(equation, *xs), *[Spec(a.shape, dt.as_dtype(a.dtype)) for a in arrays], backend=NUMPY
    )
    np.testing.assert_array_equal(Compiled(traced)(*arrays), expected)


def test_einsum_with_dots_and_broadcasting():
    x, y = X, np.random.default_rng(1).normal(size=(5, 1, 4, 2))
    for equation, arrays in (
        ("...ij->...ji", (x,)),
        ("...ij,...jk->...ik", (x[:, None], y[None, :, 0])),
        ("i...,i...", (x, x)),
        ("ij,jk,kl->il", (M, M.T, M)),
        ("ab,ab", (M, M[:1])),
    ):
        np.testing.assert_allclose(
            linalg.einsum(equation, *map(tensor, arrays)).numpy(), np.einsum(equation, *arrays), rtol=1e-12
        )


@pytest.mark.parametrize("name", [name for name in ALL if "axis" in OPS[name].defaults])
def test_a_tensor_without_axes_has_none_to_name(name):
    """NumPy lets axis 0 of a scalar pass in most functions; here it is an error everywhere."""
    x = tensor(np.asarray(1.0))
    with pytest.raises(AxisError, match="axis 0 is out of range for a tensor of 0 dimensions: it has no axes"):
        fast(OPS[name])(x, axis=0)


@pytest.mark.parametrize("name", [name for name in ALL if "axis" in OPS[name].defaults and OPS[name].tensors == ("x",)])
def test_axes_that_a_tensor_does_not_have(name):
    """Whatever way a kernel takes for many elements, an axis too large, or named twice, is an error."""
    x = tensor(np.ones((70, 3)))
    for axis in (2, -3, 7):
        with pytest.raises(AxisError, match=f"axis {axis} is out of range for a tensor of 2 dimensions"):
            fast(OPS[name])(x, axis=axis)
    if OPS[name].rule.family == "reduction" and not name.startswith("arg"):
        for axes in ((0, 2), (0, 0), (0, -2), (1, -1)):
            with pytest.raises(AxisError, match="out of range|names an axis of a 2-dimensional tensor twice"):
                fast(OPS[name])(x, axis=axes)


ERRORS = {
    "matmul": (lambda x: linalg.matmul(x, x), ShapeError, "4 columns meet 3 rows"),
    "matmul of a scalar": (lambda x: linalg.matmul(x, 2.0), ShapeError, r"matmul needs at least one axis .* Use \*"),
    "broadcasting": (lambda x: x + tensor(np.ones(3)), ShapeError, r"add: shapes \(2, 3, 4\), \(3,\) do not broadcast"),
    "reshape": (lambda x: shape.reshape(x, (5, 5)), ShapeError, r"cannot reshape \(2, 3, 4\), which holds 24 elements"),
    "reshape twice -1": (lambda x: shape.reshape(x, (-1, -1)), ShapeError, "with -1 at most once"),
    "reshape to words": (
        lambda x: shape.reshape(x, ("a",)),
        TypeError,
        "a shape is an integer or a sequence of integers",
    ),
    "axis": (lambda x: reduction.sum(x, 3), AxisError, "sum: axis 3 is out of range for a tensor of 3 dimensions"),
    "axis twice": (lambda x: reduction.sum(x, (0, 0)), AxisError, "names an axis of a 3-dimensional tensor twice"),
    "axis of a scalar": (lambda x: reduction.sum(x[0, 0, 0], 0), AxisError, "it has no axes"),
    "argmax of axes": (lambda x: reduction.argmax(x, (0, 1)), AxisError, "argmax: expected one axis, or None"),
    "sort of none": (lambda x: reduction.sort(x, None), AxisError, "sort: expected an axis; got None"),
    "max of nothing": (lambda x: reduction.max(x[:0], 0), ValueError, "has no elements along axis 0"),
    "argmin of nothing": (
        lambda x: reduction.argmin(x[:0]),
        ValueError,
        r"a tensor of shape \(0, 3, 4\) has no elements",
    ),
    "max of nothing for nothing": (
        lambda x: reduction.max(x[:0, :0, 0], 1),
        ValueError,
        r"a tensor of shape \(0, 0\) has no elements along axis 1",
    ),
    "argmax of nothing for nothing": (lambda x: reduction.argmax(x[:0, :0, 0], 0), ValueError, "no elements along"),
    "flip of a scalar": (lambda x: shape.flip(x[0, 0, 0], axis=0), AxisError, "it has no axes"),
    "cumulative without axis": (lambda x: reduction.cumulative_sum(x), ValueError, "needs axis="),
    "searchsorted": (lambda x: reduction.searchsorted(x, x), ShapeError, "expected a one-dimensional sorted tensor"),
    "searchsorted side": (lambda x: reduction.searchsorted(x[0, 0], x, side="mid"), ValueError, "'left' or 'right'"),
    "permute_dims": (lambda x: shape.permute_dims(x, (0, 1)), AxisError, "must name each of the 3 axes"),
    "broadcast_to": (lambda x: shape.broadcast_to(x, (3, 4)), ShapeError, r"shape \(2, 3, 4\) cannot be broadcast to"),
    "concat": (lambda x: shape.concat([x, x[0]]), ShapeError, "concat along axis 0 needs equal sizes on the others"),
    "concat of nothing": (lambda x: shape.concat([]), ValueError, "concat needs at least one tensor"),
    "stack": (lambda x: shape.stack([x, x[0]]), ShapeError, "stack needs tensors of one shape"),
    "split": (lambda x: shape.split(x, 2, axis=1), ShapeError, "cannot split axis 1 of size 3 into 2 equal parts"),
    "split sizes": (lambda x: shape.split(x, [1, 1], axis=1), ShapeError, "do not make up axis 1 of size 3"),
    "squeeze": (lambda x: shape.squeeze(x, 0), ShapeError, "its size is 2, not 1"),
    "pad negative": (lambda x: shape.pad(x, -1), ShapeError, "pad needs a pair of sizes of 0 or more"),
    "pad pairs": (lambda x: shape.pad(x, [(1, 1), (2, 2)]), ShapeError, "for each of 3 axes"),
    "pad mode": (lambda x: shape.pad(x, 1, mode="wrapped"), ValueError, "pad has the modes"),
    "pad by what is not there": (
        lambda x: shape.pad(x[:0], 1, mode="reflect"),
        ShapeError,
        r"pad in mode 'reflect' repeats elements, and axis 0 of shape \(0, 3, 4\) has none",
    ),
    "pad value": (lambda x: shape.pad(x.astype("int32"), 1, constant_values=0.5), DTypeError, "in dtype int32"),
    "tensordot": (lambda x: linalg.tensordot(x, x, axes=1), ShapeError, "differ in size"),
    "tensordot number": (lambda x: linalg.tensordot(x, x, axes=4), ShapeError, "tensordot over 4 axes does not fit"),
    "outer": (lambda x: linalg.outer(x, x), ShapeError, "outer needs two vectors"),
    "vecdot": (lambda x: linalg.vecdot(x, x[..., :2]), ShapeError, "vecdot needs equal sizes"),
    "vecdot axis": (lambda x: linalg.vecdot(x, x, axis=5), AxisError, "axis 5 is out of range"),
    "einsum sizes": (lambda x: linalg.einsum("ij,ij", x[0], x[0, :2]), ShapeError, "index 'i' has sizes 3 and 2"),
    "einsum diagonal": (lambda x: linalg.einsum("ii", x[0]), ShapeError, "index 'i' has sizes 3 and 4"),
    "einsum axes": (
        lambda x: linalg.einsum("ij", x),
        ValueError,
        r"einsum equation 'ij' does not fit shapes|names 2 axes",
    ),
    "einsum output": (lambda x: linalg.einsum("ij->ijk", x[0]), ValueError, "einsum equation 'ij->ijk' does not fit"),
    "trace": (lambda x: linalg.trace(x[0, 0]), ShapeError, "at least 2 axes"),
    "tril": (lambda x: shape.tril(x[0, 0]), ShapeError, "at least 2 axes"),
    "tile": (lambda x: shape.tile(x, -1), ShapeError, "tile needs repetitions of 0 or more"),
    "repeat": (lambda x: shape.repeat(x, [1, 2], axis=1), ShapeError, "repeat needs one count of 0 or more, or 3"),
    "repeat of floats": (lambda x: shape.repeat(x, 1.5), ShapeError, "repeat needs one count"),
    "roll": (lambda x: shape.roll(x, (1, 2), axis=0), AxisError, "roll needs one shift per axis"),
    "meshgrid": (lambda x: shape.meshgrid(x), ShapeError, "meshgrid needs one-dimensional tensors"),
    "meshgrid indexing": (lambda x: shape.meshgrid(x[0, 0], indexing="yx"), ValueError, "'xy' or 'ij'"),
    "diff": (lambda x: shape.diff(x, n=-1), ValueError, "n of 0 or more"),
    "diff by a part": (lambda x: shape.diff(x, 1.5), TypeError, "diff needs an integer as n; got 1.5"),  # type: ignore[arg-type]
    "moveaxis": (lambda x: shape.moveaxis(x, (0, 1), 0), AxisError, "as many destinations as sources"),
    "zeros": (lambda x: creation.zeros((-1,)), ShapeError, "sizes of a shape are 0 or more"),
    "full of words": (lambda x: creation.full((1,), "a"), DTypeError, "full needs a number as fill_value; got 'a'"),
    "full of many": (lambda x: creation.full((1,), x), ShapeError, "full needs one fill_value"),
    "full too large": (lambda x: creation.full((1,), 300, "int8"), OverflowError, "out of range for int8"),
    "full of a float": (lambda x: creation.full((1,), 0.5, "int8"), DTypeError, "without losing part of it"),
    "arange": (lambda x: creation.arange(0, 1, 0), ValueError, "a step other than 0"),
    "linspace": (lambda x: creation.linspace(0, 1, -1), ValueError, "num >= 0"),
    "power": (lambda x: pf.constant([2]) ** -1, ValueError, "an integer to a negative integer power is no integer"),
    "an axis that is no integer": (
        lambda x: reduction.cumulative_sum(pf.zeros((2, 2)), axis=(0, 1)),  # type: ignore[arg-type]
        TypeError,
        r"an axis is an integer; got \(0, 1\)",
    ),
    "tensordot's axes": (lambda x: linalg.tensordot(pf.ones(2), pf.ones(2), axes="a"), ValueError, "tensordot needs"),
    "roll by a part": (lambda x: shape.roll(pf.ones(3), 1.5, axis=0), TypeError, "roll shifts by integers; got 1.5"),
    "one_hot's depth": (lambda x: indexing.one_hot([1], -1), ValueError, "one_hot needs a depth.* got -1"),
    "one_hot to a part": (lambda x: indexing.one_hot([1], 1.5), ValueError, "one_hot needs a depth.* got 1.5"),
    "scatter without coordinates": (lambda x: indexing.scatter(1, pf.ones(()), (3,)), ShapeError, "scatter needs"),
    "a ragged index": (
        lambda x: pf.zeros((3, 3))[[[0, 1], [2]]],
        ShapeError,
        r"element\[1\] has shape \(1,\), but element\[0\] has shape \(2,\)",
    ),
    "an index of words": (lambda x: pf.zeros(3)[["a"]], DTypeError, r"'a' \(str\) at position \[0\] is no number"),
    "None as a dtype": (lambda x: pf.zeros(3).astype(None), DTypeError, "None is not a dtype"),
    "an eye of negative size": (lambda x: creation.eye(-1), ShapeError, "sizes of a shape are 0 or more"),
    "power by tensors": (lambda x: elementwise.pow(2, pf.constant([-1])), ValueError, "negative integer power"),
    "objects": (lambda x: x + object(), TypeError, "unsupported operand"),
    "strings": (lambda x: elementwise.add(x, "a"), DTypeError, "add got 'a' of type str"),
    "ragged": (lambda x: x + [[1], [2, 3]], ShapeError, r"ragged nested list: element\[1\] has shape \(2,\)"),  # noqa: RUF005
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    """A mistake is one sentence of one class; in a traced function it is the same."""
    function, kind, sentence = ERRORS[name]
    with pytest.raises(kind, match=sentence):
        function(tensor(X))
    if name in ("power", "power by tensors"):  # their values are known, but not to a graph
        return
    with pytest.raises(kind, match=sentence):
        trace(function, Spec(X.shape, dt.float64), backend=NUMPY)
