"""Every op of the table, by itself: its kernel, its reference, its rule, and the ways in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from polyflow import dtypes as dt
from polyflow.flow.interpreter import inside
from polyflow.flow.tape import Tape
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import call
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor

from .cases import ALL, NUMPY, SHAPES, Case, cases, direct, fast, general, numbers, tensor

RTOL = {dt.float16: 4e-3, dt.float32: 2e-6, dt.float64: 1e-14}
PAIRS = [(name, dtype) for name in ALL for dtype in direct(OPS[name])]


def same_bits(a, b):
    a, b = np.asarray(a.numpy()), np.asarray(b.numpy())
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("name", "dtype"), PAIRS, ids=str)
def test_kernel_equals_reference_and_rule(name, dtype):
    """The result is the reference's, with the shape and dtype that the rule infers; arguments stay as they were."""
    op = OPS[name]
    for case in cases(op, dtype):
        tensors = case.tensors()
        attrs = op.bind((), case.attrs)
        before = [np.array(arg) for arg in case.args]
        result = general(op, tensors, case.attrs)
        specs = tuple(Spec(t.shape, t.dtype) for t in tensors)
        operands = op.rule.operands(name, tuple(spec.dtype for spec in specs))
        inferred = op.infer(tuple(Spec(s.shape, d) for s, d in zip(specs, operands, strict=True)), attrs)
        assert (result.shape, result.dtype) == tuple(inferred), (name, case)
        for arg, kept in zip(case.args, before, strict=True):
            np.testing.assert_array_equal(arg, kept)
        with np.errstate(all="ignore"):
            converted = [np.asarray(a).astype(d) for a, d in zip(case.args, operands, strict=True)]
            expected = np.asarray(op.reference(*converted, **attrs))
        assert expected.shape == result.shape, (name, case)
        if dt.as_dtype(expected.dtype) in dt.FLOATING:
            bound = RTOL[result.dtype]
            scale = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
            np.testing.assert_allclose(
                result.numpy().astype(np.float64), expected.astype(np.float64), rtol=bound, atol=bound * float(scale)
            )
        else:
            np.testing.assert_array_equal(result.numpy(), expected)


@pytest.mark.parametrize("name", ALL)
def test_all_ways_in_agree(name):
    """The fast caller, the general way, a tape and a compiled trace give the same bits."""
    op = OPS[name]
    for dtype in direct(op):
        for case in cases(op, dtype):
            tensors = case.tensors()
            expected = general(op, tensors, case.attrs)
            same_bits(fast(op)(*tensors, **case.attrs), expected)
            if not tensors:
                continue
            tape = Tape(None)
            for value in tensors:
                tape.watch(value)
            with inside(tape):
                same_bits(fast(op)(*tensors, **case.attrs), expected)
            traced = trace(
                lambda *xs, case=case: fast(op)(*xs, **case.attrs),
                *[Spec(t.shape, t.dtype) for t in tensors],
                backend=NUMPY,
            )
            assert [(v.shape, v.dtype) for v in traced.graph.outputs] == [(expected.shape, expected.dtype)]
            same_bits(Tensor(Compiled(traced)(*[t.array for t in tensors]), NUMPY), expected)


OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "floor_divide": "floordiv",
    "remainder": "mod", "pow": "pow", "matmul": "matmul", "bitwise_and": "and", "bitwise_or": "or",
    "bitwise_xor": "xor", "bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift", "less": "lt",
    "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq", "not_equal": "ne",
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_are_the_ops(name):
    """An operator, with a tensor or a number on either side, with and without a tape, is its op by the general way."""
    op, word = OPS[name], OPERATORS[name]
    for dtype in (dt.float32, dt.float64, dt.int32, dt.bool_):
        if op.rule.direct and dtype not in op.rule.direct:
            continue
        rng = np.random.default_rng(1)
        x, y = (tensor(numbers(rng, dtype, (2, 2), "positive")) for _ in range(2))
        method = getattr(Tensor, f"__{word}__")
        swapped = getattr(Tensor, f"__r{word}__", None)
        for number in [2, True] + [0.5, 3.0] * (dtype in dt.FLOATING):
            if name != "matmul":
                same_bits(method(x, number), call.apply(op, (x, number)))
                if swapped:
                    same_bits(swapped(x, number), call.apply(op, (number, x)))
                    with inside(Tape(None)):
                        same_bits(swapped(x, number), call.apply(op, (number, x)))
        same_bits(method(x, y), call.apply(op, (x, y)))
        if swapped:
            same_bits(swapped(x, y.numpy()), call.apply(op, (y, x)))


@pytest.mark.parametrize("name", [name for name in ALL if OPS[name].decomposition is not None])
def test_decomposition_equals_reference(name):
    """Where an op is made of others for backends that lack it, the result is the same."""
    op = OPS[name]
    kernel = call.decomposed(op, NUMPY)
    for dtype in (d for d in direct(op) if d is not dt.float16):
        for case in cases(op, dtype):
            attrs = op.bind((), case.attrs)
            operands = op.rule.operands(name, tuple(a.dtype for a in case.args))
            args = [a.astype(d) for a, d in zip(case.args, operands, strict=True)]
            with np.errstate(all="ignore"):
                expected = np.asarray(op.reference(*args, **attrs))
            result = np.asarray(kernel(*args, **attrs))
            assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
            np.testing.assert_allclose(result, expected, rtol=RTOL.get(dt.as_dtype(expected.dtype), 0), atol=1e-300)


def elementwise(op):
    """Whether an op takes arrays of any shapes that broadcast, and nothing else."""
    if not op.tensors or op.defaults or op.variadic or op.name == "matmul":
        return False
    return not op.rule.operands.__qualname__.startswith("_words")


@pytest.mark.parametrize("name", [name for name in ALL if elementwise(OPS[name])])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_elementwise_shapes(name, data):
    """Whatever the shapes and memory layouts, the inferred shape is the actual one, and layouts do not matter."""
    op = OPS[name]
    count = len(op.tensors)
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=4, max_side=4, min_side=0))
    dtype = data.draw(st.sampled_from([d for d in direct(op) if d is not dt.float16]))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    words = (op.samples,) * count if isinstance(op.samples, str) else op.samples
    args = []
    for place, shape in enumerate(shapes.input_shapes):
        kind = dt.bool_ if name == "where" and place == 0 else dtype
        layout = data.draw(st.sampled_from(["plain", "reversed", "transposed"]))
        if layout == "reversed":
            x = numbers(rng, kind, shape, words[place])[tuple(slice(None, None, -1) for _ in shape)]
        elif layout == "transposed":
            x = numbers(rng, kind, shape[::-1], words[place]).T
        else:
            x = numbers(rng, kind, shape, words[place])
        args.append(
            np.abs(x)
            if name in ("pow", "bitwise_left_shift", "bitwise_right_shift") and place and kind is not dt.bool_
            else x
        )
    result = fast(op)(*[tensor(a) for a in args])
    assert result.shape == shapes.result_shape
    plain = fast(op)(*[tensor(np.ascontiguousarray(a).reshape(a.shape)) for a in args])
    np.testing.assert_allclose(result.numpy().astype(complex), plain.numpy().astype(complex), rtol=1e-6)


def test_every_op_has_cases():
    """No op is left out of these tests."""
    for name in ALL:
        assert any(cases(OPS[name], dtype) for dtype in direct(OPS[name])), name


def test_calls_by_name():
    """Tensors and attributes may be given by name."""
    x = tensor(np.ones((2, 3), np.float32))
    assert fast(OPS["mean"])(x=x, axis=1).shape == (2,)
    assert fast(OPS["mean"])(x, keepdims=True, axis=1).shape == (2, 1)
    assert fast(OPS["argsort"])(x, 0).shape == (2, 3)


def test_wrong_calls():
    """A call that an op does not have is a TypeError that shows how it is called."""
    x = tensor(np.ones(3, np.float32))
    with pytest.raises(TypeError, match=r"mean has no attribute 'axes'. Its signature is mean\(x, /, axis=None"):
        fast(OPS["mean"])(x, axes=1)
    with pytest.raises(TypeError, match="mean needs 'x'"):
        fast(OPS["mean"])(axis=1)
    with pytest.raises(TypeError, match="mean got 'axis' twice"):
        fast(OPS["mean"])(x, 0, axis=0)
    with pytest.raises(TypeError, match="mean takes at most 2 attributes, got 3"):
        fast(OPS["mean"])(x, 0, False, 1)
    with pytest.raises(TypeError, match="broadcast_to needs 'shape'"):
        fast(OPS["broadcast_to"])(x)
    with pytest.raises(TypeError, match="axis must be an integer"):
        fast(OPS["mean"])(x, axis=1.5)
    with pytest.raises(TypeError, match="axis must be an integer"):
        fast(OPS["mean"])(x, axis=True)
    with pytest.raises(TypeError, match="axis must be an integer"):
        fast(OPS["mean"])(x, axis=(0, "x"))


def test_attributes_take_one_form():
    """Equal calls have equal, hashable attributes, however they were written."""
    op = OPS["mean"]
    for axis in (1, np.int64(1), tensor(np.asarray(1))):
        assert op.bind((axis,), {}) == {"axis": 1, "keepdims": False}
    assert op.bind(([0, np.int8(1)],), {})["axis"] == (0, 1)
    assert OPS["broadcast_to"].bind((3,), {}) == {"shape": (3,)}
    assert OPS["broadcast_to"].bind((tensor(np.array([2, 3])),), {}) == {"shape": (2, 3)}
    assert OPS["astype"].bind(("float64",), {})["dtype"] is dt.float64


def test_unary_shapes_are_kept():
    for (shape,) in SHAPES[1]:
        assert fast(OPS["exp"])(tensor(np.ones(shape, np.float32))).shape == shape


def test_case_arguments_are_read_only():
    """The tests' own arrays cannot be written to, so an op that changes an argument fails."""
    (x,) = Case((np.ones(2),), {}).tensors()
    with pytest.raises(ValueError, match="read-only"):
        x.array[0] = 2
