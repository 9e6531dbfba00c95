"""input_signature: numbers, lists and arrays become tensors of its dtypes, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError

LINE = pf.TensorSpec([None], pf.float32)


def counted(*specs):
    calls = []

    @pf.function(input_signature=list(specs))
    def twice(x, *rest):
        calls.append(x.shape)
        return x * 2

    return twice, calls


def test_what_a_user_passes_becomes_a_tensor():
    twice, calls = counted(LINE)
    for given in (pf.constant([1.0, 2.0]), [1, 2], np.array([1.0, 2.0]), (1.0, 2.0)):
        found = twice(given)
        assert found.dtype is pf.float32
        np.testing.assert_array_equal(found.numpy(), [2, 4])
    assert len(calls) == 1
    np.testing.assert_array_equal(twice(x=[3.0]).numpy(), [6])
    assert [node.op.name for node in twice.graph([1.0, 2.0]).nodes] == ["multiply"]


def test_defaults_of_what_is_not_passed():
    @pf.function(input_signature=[pf.TensorSpec([]), pf.TensorSpec([])])
    def scaled(x, factor=3.0, negative=False):
        return -x * factor if negative else x * factor

    assert float(scaled(2)) == float(scaled(x=2)) == 6
    assert float(scaled(2, 5)) == float(scaled(factor=5, x=2)) == 10
    with pytest.raises(TypeError, match="got 3 arguments; its input_signature has 2"):
        scaled(2, 5, True)
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        scaled(factor=5)


def test_a_number_is_no_static_value():
    twice, calls = counted(pf.TensorSpec([], pf.int32))
    assert [int(twice(n)) for n in range(5)] == [0, 2, 4, 6, 8]
    assert len(calls) == 1


def test_containers():
    @pf.function(input_signature=(LINE, {"scale": pf.TensorSpec([]), "parts": [LINE, LINE]}))
    def total(x, options):
        return pf.sum(x * options["scale"]) + pf.sum(options["parts"][1])

    assert float(total([1, 2], {"scale": 3, "parts": [[0], [4]]})) == 13
    with pytest.raises(TypeError, match="a dict of 'scale', 'parts'"):
        total([1, 2], {"scale": 3})
    with pytest.raises(TypeError, match="a sequence of 2"):
        total([1, 2], {"scale": 3, "parts": [[0]]})


def test_methods_and_tapes():
    class Model(pf.Module):
        def __init__(self):
            self.w = pf.Variable(3.0)

        @pf.function(input_signature=[LINE])
        def __call__(self, x):
            return pf.sum(x * self.w)

    model = Model()
    with pf.GradientTape() as tape:
        value = model([1, 2])
    assert float(tape.gradient(value, model.w)) == 3


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ((pf.constant([[1.0]]),), ShapeError, r"shape \(1, 1\); its input_signature has \(None,\)"),
        ((pf.constant([1, 2]),), DTypeError, "is int32; its input_signature has float32"),
        (([1.0], 2.0), TypeError, "got 2 arguments; its input_signature has 1"),
    ],
    ids=["shape", "dtype", "number"],
)
def test_what_does_not_fit(given, error, words):
    twice, calls = counted(LINE)
    with pytest.raises(error, match=words):
        twice(*given)
    assert not calls


@pytest.mark.parametrize(
    ("dtype", "given", "error", "words"),
    [
        ("int8", 300, OverflowError, "Python integer 300 is out of range for int8"),
        ("int8", [300], OverflowError, "Python integer 300 is out of range for int8"),
        ("int8", np.int64(300), OverflowError, "int64 300 is out of range for int8"),
        ("int8", [np.int64(300)], OverflowError, "int64 300 is out of range for int8"),
        ("uint8", np.array([3, -1]), OverflowError, "int64 -1 is out of range for uint8"),
        ("int8", np.uint8(200), OverflowError, "uint8 200 is out of range for int8"),
        ("int32", 1.5, DTypeError, "cannot store the Python float 1.5 in dtype int32"),
        ("int32", np.float64(1.5), DTypeError, "cannot store float64 values in dtype int32"),
        ("int32", np.array([1.5]), DTypeError, "cannot store float64 values in dtype int32"),
        ("float32", np.complex64(1j), DTypeError, "cannot store complex64 values in dtype float32"),
    ],
)
def test_numbers_that_the_dtype_does_not_hold(dtype, given, error, words):
    """Whoever made them: Python and NumPy alike; the sentence names the argument."""
    function = pf.function(lambda x: x, input_signature=[pf.TensorSpec(None, dtype)])
    with pytest.raises(error, match=f"argument 0 of <lambda>: {words}"):
        function(given)


@pytest.mark.parametrize(
    ("dtype", "given"),
    [
        ("int8", np.int64(-128)),
        ("uint8", np.array([0, 255])),
        ("float32", np.float64(0.5)),
        ("float32", np.arange(3)),
        ("float16", np.float32([1e9])),
        ("bool", np.int64(2)),
        ("int32", np.array([], np.int64)),
        ("int8", [np.int64(3), np.int64(4)]),
        ("complex64", np.float64(1.5)),
    ],
)
def test_numbers_that_it_holds(dtype, given):
    function = pf.function(lambda x: x, input_signature=[pf.TensorSpec(None, dtype)])
    with np.errstate(all="ignore"):
        expected = np.asarray(given).astype(dtype)
    assert function(given).tolist() == expected.tolist()


@pytest.mark.parametrize(("signature", "words"), [(3, "is a list"), ([3], "holds TensorSpecs; got 3")])
def test_what_is_no_signature(signature, words):
    with pytest.raises(TypeError, match=words):
        pf.function(lambda x: x, input_signature=signature)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_concrete_functions(backend):
    """Of tensors like those given, or of specs; what is no tensor is settled."""

    @pf.function
    def scaled(x, factor, parts, twice=False):
        total = x * factor + parts["a"]
        return total * 2 if twice else total

    with pf.use_backend(backend):
        x, parts = pf.constant([1.0, 2.0]), {"a": pf.constant(3.0)}
        fixed = scaled.get_concrete_function(x, 10, parts, twice=True)
        assert fixed(x + 1.0, parts).tolist() == [46, 66]
        with pytest.raises(ShapeError, match=r"shape \(3,\); its input_signature has \(2,\)"):
            fixed(pf.ones(3), parts)
        with pytest.raises(TypeError, match="got 1 arguments; its input_signature has 2"):
            fixed(x)
        free = scaled.get_concrete_function(pf.TensorSpec((None,), "float32"), 1, {"a": pf.TensorSpec((), "float32")})
        for size in (2, 3):
            assert free(np.zeros(size, "float32"), {"a": 5.0}).tolist() == [5] * size
        assert "multiply" in str(fixed.graph(x, parts))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_concrete_function_takes_tensors_by_their_names(backend):
    @pf.function
    def total(x, factor, *rest, offset, negative=False):
        return (-x if negative else x) * factor + offset + sum(rest)

    number = pf.TensorSpec((), "float32")
    with pf.use_backend(backend):
        fixed = total.get_concrete_function(number, 10.0, 1.0, number, offset=number, negative=True)
        for found in (fixed(2.0, 3.0, 4.0), fixed(2.0, 3.0, offset=4.0), fixed(offset=4.0, rest_1=3.0, x=2.0)):
            assert found.item() == -12
        assert len(fixed.retraces) == 0
        with pytest.raises(TypeError, match="total got 2 arguments; its input_signature has 3: .*'offset'"):
            fixed(2.0, 3.0)
        with pytest.raises(TypeError, match="total got 4 arguments; its input_signature has 3: .*'factor'"):
            fixed(2.0, 3.0, 4.0, factor=1.0)
        with pytest.raises(ShapeError, match=r"shape \(1,\); its input_signature has \(\)"):
            fixed(2.0, 3.0, offset=[4.0])


def test_a_concrete_function_keeps_arguments_of_one_name_apart():
    """A tensor among ``*x`` may be called as another parameter is, and a keyword may be no name at all."""
    one, two, three = (pf.constant(number) for number in (1.0, 20.0, 300.0))

    @pf.function
    def rest(x_0, *x, **more):
        return x_0 + x[0] + sum(more.values())

    fixed = rest.get_concrete_function(one, two, **{"a b": three})
    assert fixed(one, two, three).item() == fixed(one, two, a_b=three).item() == 321

    @pf.function
    def both(a, /, **a_):
        return a - a_["a"]

    fixed = both.get_concrete_function(one, a=two)
    assert fixed(one, two).item() == fixed(one, a=two).item() == -19


def test_a_concrete_function_of_a_signature_is_the_function():
    function = pf.function(lambda x: x, input_signature=[pf.TensorSpec((2,), "float32")])
    assert function.get_concrete_function() is function


class Scale:
    factor = 3.0

    @pf.function
    def scaled(self, x):
        return x * self.factor


def test_concrete_functions_of_methods():
    assert Scale().scaled.get_concrete_function(pf.constant(2.0))(4.0).item() == 12
