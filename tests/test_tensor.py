"""Tensor: making one, what it shows of itself, and how other code meets it."""

from __future__ import annotations

import copy
import enum
import pickle
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import discovery
from polyflow.errors import BackendBrokenError, DTypeError, MixedBackendsError, ShapeError
from polyflow.ops import elementwise
from polyflow.tensor import Tensor, asarray, tensor


class Color(enum.IntEnum):
    RED = 3


# Making ---------------------------------------------------------------------------------------------------------------


def test_making_copies():
    """A later write to what a tensor was made of does not show."""
    host = np.ones(3)
    x, v = tensor(host), pf.Variable(host)
    host[0] = 7
    assert x.numpy().tolist() == [1, 1, 1]
    assert v.numpy().tolist() == [1, 1, 1]


def test_asarray_leaves_tensors():
    x = tensor([1.0])
    assert asarray(x) is x
    assert asarray(x, "float32") is x
    assert asarray(x, "float64").dtype is dt.float64
    assert tensor(x) is not x


def test_what_a_tensor_can_be_made_of():
    assert tensor(Color.RED).numpy() == 3
    assert (tensor([1.0]) + Color.RED).numpy().tolist() == [4]
    assert tensor((1, 2)).shape == (2,)
    assert tensor(range(2, 5)).numpy().tolist() == [2, 3, 4]
    assert tensor([np.ones(2), np.zeros(2)]).dtype is dt.float64
    assert tensor(memoryview(b"ab")).numpy().tolist() == [97, 98]
    assert tensor(np.ones(2, ml_dtypes.bfloat16)).dtype is dt.bfloat16
    assert tensor([[]]).shape == (1, 0)
    assert tensor([], dtype="int32").dtype is dt.int32
    assert tensor([1, 0], dtype=bool).numpy().tolist() == [True, False]
    assert tensor(1, dtype="complex64").numpy() == 1
    assert tensor([1.5, 2], dtype="float16").dtype is dt.float16
    assert tensor(np.array([1 + 2j]), dtype="float32").numpy().tolist() == [1]
    assert tensor(np.array([2j]), dtype=bool).numpy().tolist() == [True]


def test_other_libraries_arrays():
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    x = tensor(jnp.ones(2, "float32"))
    assert (x.dtype, x.backend.name) == (dt.float32, "numpy")
    assert elementwise.add(x, jnp.ones(2, "int32")).numpy().tolist() == [2, 2]
    with pytest.raises(TypeError, match="unsupported operand"):  # operators leave strangers to their own class
        x + jnp.ones(2, "int32")


def test_arrays_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert tensor(torch.ones(2)).numpy().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("obj", "kind", "sentence"),
    [
        ("text", DTypeError, "cannot make a tensor of str 'text'. Expected a number"),
        (None, DTypeError, "cannot make a tensor of NoneType None"),
        ({"a": 1}, DTypeError, "cannot make a tensor of dict"),
        ([1, "a"], DTypeError, r"'a' \(str\) at position \[1\] is no number"),
        ([[1, 2], [3, None]], DTypeError, r"None \(NoneType\) at position \[1\]\[1\] is no number"),
        ([[1, 2], [3]], ShapeError, r"element\[1\] has shape \(1,\), but element\[0\] has shape \(2,\)"),
        ([[[1], [2, 3]]], ShapeError, r"element\[0\]\[1\] has shape \(2,\), but element\[0\]\[0\] has shape \(1,\)"),
        ([np.ones(2), np.ones(3)], ShapeError, "ragged nested list"),
        (np.array(["a"]), DTypeError, "cannot make a tensor of an array of <U1 values"),
        (np.array([Fraction(1, 2)]), DTypeError, "cannot make a tensor of an array of object values"),
        (np.array(["2020"], "M8[D]"), DTypeError, "cannot make a tensor of an array of datetime64"),
        (2**63, OverflowError, "out of range for int64"),
        ([1, 2**64], OverflowError, "out of range for int64"),
    ],
    ids=str,
)
def test_what_it_cannot(obj, kind, sentence):
    with pytest.raises(kind, match=sentence):
        tensor(obj)


@pytest.mark.parametrize(
    ("obj", "dtype", "kind", "sentence"),
    [
        (1.5, "int32", DTypeError, "cannot store the Python float 1.5 in dtype int32 without losing part of it"),
        ([1, 2.5], "int32", DTypeError, "cannot store .* in dtype int32 without losing part of the numbers"),
        (1j, "float32", DTypeError, "cannot store the Python complex 1j in dtype float32"),
        ([1j], "float32", DTypeError, "cannot store .* in dtype float32"),
        (300, "int8", OverflowError, "300 is out of range for int8"),
        ([1, 300], "int8", OverflowError, "300 is out of range for int8"),
        (-1, "uint8", OverflowError, "-1 is out of range for uint8"),
        (1, "float23", DTypeError, "'float23' is not a dtype"),
    ],
    ids=str,
)
def test_dtypes_that_do_not_hold_it(obj, dtype, kind, sentence):
    with pytest.raises(kind, match=sentence):
        tensor(obj, dtype)


# What it shows --------------------------------------------------------------------------------------------------------


def test_properties():
    x = tensor(np.ones((2, 3), np.float32))
    assert (x.shape, x.dtype, x.ndim, x.size, len(x)) == ((2, 3), dt.float32, 2, 6, 2)
    assert (x.device, x.backend.name) == ("cpu:0", "numpy")
    assert (x.T.shape, x.mT.shape) == ((3, 2), (3, 2))
    assert tensor(np.ones((0, 3))).size == 0
    assert [row.numpy().tolist() for row in tensor([[1], [2]])] == [[1], [2]]
    with pytest.raises(TypeError, match="len\\(\\) of a 0-d tensor"):
        len(tensor(1.0))
    with pytest.raises(TypeError, match="cannot iterate over a 0-d tensor"):
        iter(tensor(1.0))


def test_methods_are_ops():
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.sum().numpy() == 10
    assert x.prod(0).numpy().tolist() == [3, 8]
    assert x.mean(axis=1, keepdims=True).shape == (2, 1)
    assert x.var(correction=1).numpy() == pytest.approx(5 / 3)
    assert x.std(0).numpy().tolist() == [1, 1]
    assert (x.max().numpy(), x.min(1).numpy().tolist()) == (4, [1, 3])
    assert (x.argmax().numpy(), x.argmin(0).numpy().tolist()) == (3, [0, 0])
    assert ((x > 3).any().numpy(), (x > 3).all(0).numpy().tolist()) == (True, [False, False])
    assert x.reshape(4).shape == x.reshape((4,)).shape == x.ravel().shape == (4,)
    assert x.reshape(1, 2, -1).shape == (1, 2, 2)
    assert x.transpose(0, 1).numpy().tolist() == x.numpy().tolist()
    assert x.transpose().numpy().tolist() == [[1, 3], [2, 4]]
    assert x.reshape(1, 4).squeeze().shape == (4,)
    assert x.astype(int).dtype is dt.int32
    assert x.astype("float32", copy=False) is x
    assert x.tolist() == [[1, 2], [3, 4]]
    assert x.sum(dtype="float64").dtype is dt.float64


def test_operators():
    x, y = tensor([1.0, 4.0]), tensor([2.0, 2.0])
    assert ((x + y) * 2 - 1 / y).tolist() == [5.5, 11.5]
    assert [(x / y).tolist(), (x // y).tolist(), (x % y).tolist(), (x**y).tolist()] == [
        [0.5, 2],
        [0, 2],
        [1, 0],
        [1, 16],
    ]
    assert [(2 - x).tolist(), (2**x).tolist(), (8 // x).tolist(), (9 % x).tolist()] == [
        [1, -2],
        [2, 16],
        [8, 2],
        [0, 1],
    ]
    assert (x @ y).numpy() == 10
    assert [(-x).tolist(), (+x).tolist(), abs(-x).tolist()] == [[-1, -4], [1, 4], [1, 4]]
    i, b = tensor([6, 3]), tensor([True, False])
    assert [(i & 2).tolist(), (i | 1).tolist(), (i ^ i).tolist(), (~i).tolist()] == [[2, 2], [7, 3], [0, 0], [-7, -4]]
    assert [(i << 1).tolist(), (i >> 1).tolist(), (1 << i).tolist()] == [[12, 6], [3, 1], [64, 8]]
    assert [(~b).tolist(), (b & True).tolist(), (True ^ b).tolist()] == [[False, True], [True, False], [False, True]]
    assert [(x < y).tolist(), (x >= y).tolist(), (x == y).tolist(), (x != y).tolist()] == [
        [True, False], [False, True], [False, False], [True, True],
    ]  # fmt: skip
    assert [(3 > x).tolist(), (np.float32(4) == x).tolist()] == [[True, False], [False, True]]  # noqa: SIM300


def test_augmented_assignment_rebinds():
    x = tensor([1.0])
    y = x
    x += 1
    assert (x.tolist(), y.tolist()) == ([2], [1])


def test_strangers():
    """An operator leaves types that are no numbers to their own class."""

    class Other:
        def __radd__(self, other):
            return "theirs"

        def __eq__(self, other):
            return "equal"

    x = tensor([1.0])
    assert x + Other() == "theirs"
    assert (x == Other()) == "equal"
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    for wrong in ("a", None, object(), {}):
        with pytest.raises(TypeError, match="unsupported operand"):
            x + wrong
        with pytest.raises(TypeError):
            wrong * x
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


def test_numpy_leaves_the_work_to_tensors():
    x = tensor([1.0, 2.0])
    assert isinstance(np.ones(2, np.float32) + x, Tensor)
    assert isinstance(np.float64(2) * x, Tensor)
    assert isinstance(np.ones(2) @ x, Tensor)
    assert isinstance(np.ones(2) < x, Tensor)
    with pytest.raises(TypeError):
        np.sin(x)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "std", "var", "max", "min", "any", "all"])
def test_numpys_reductions_are_tensors_own(name):
    host = np.array([[1.0, 2.0, 0.0], [3.0, 5.0, 4.0]], np.float32)
    function = getattr(np, name)
    for options in ({}, {"axis": 1}, {"axis": 0, "keepdims": True}):
        found = function(tensor(host), **options)
        assert isinstance(found, Tensor)
        np.testing.assert_allclose(found.numpy(), function(host, **options), rtol=1e-6)
    with pytest.raises(TypeError, match="leave it out"):
        function(tensor(host), out=np.zeros(()))


def test_numpys_options_of_reductions():
    x = tensor([1.0, 2.0, 4.0])
    assert np.mean(x, dtype=np.float64).dtype is tensor(np.ones(1)).dtype
    np.testing.assert_allclose(np.std(x, ddof=1).item(), np.std(x.numpy(), ddof=1), rtol=1e-6)
    np.testing.assert_allclose(np.var(x, ddof=1).item(), np.var(x.numpy(), ddof=1), rtol=1e-6)


def test_truth_and_numbers():
    assert bool(tensor(2.0)) is True
    assert bool(tensor([[0]])) is False
    assert (int(tensor(2.7)), float(tensor(2)), complex(tensor([1.5]))) == (2, 2.0, 1.5)
    assert tensor(2.5).item() == 2.5
    assert type(tensor([3]).item()) is int
    assert [10, 11, 12][tensor(1)] == 11
    assert list(range(tensor(3))) == [0, 1, 2]
    assert f"{tensor(2.5):.2f}" == "2.50"
    assert f"{tensor(0.1)} {tensor(True)} {tensor([1.0, 2.0])} {tensor([1]):>4}" == "0.1 True [1. 2.]  [1]"
    x = tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"bool\(\) of a tensor of shape \(2,\) is ambiguous.*Reduce it first"):
        bool(x)
    with pytest.raises(ValueError, match=r"float\(\) of a tensor of shape \(2,\)"):
        float(x)
    with pytest.raises(ValueError, match="item\\(\\) of a tensor of shape"):
        x.item()
    with pytest.raises(TypeError, match="only an integer tensor of one element can be an index; this one is float32"):
        range(tensor(1.0))
    with pytest.raises(TypeError, match="only a 0-d integer tensor can be an index"):
        range(tensor([1]))
    assert 2.0 in x
    assert 5.0 not in x


# Meeting others -------------------------------------------------------------------------------------------------------


def test_numpy_views_are_read_only():
    x = tensor(np.ones(3))
    for host in (x.numpy(), np.asarray(x)):
        assert not host.flags.writeable
        assert host.base is not None
        with pytest.raises(ValueError, match="read-only"):
            host[0] = 5
    for host in (np.array(x), np.asarray(x, np.float32), np.asarray(x, copy=True)):
        host[0] = 5
    assert x.tolist() == [1, 1, 1]
    assert np.asarray(x, copy=False).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(x, np.float32, copy=False)
    assert np.asarray(tensor(1.0)).shape == ()
    assert np.mean(np.asarray(tensor([1, 2]))) == 1.5


def test_a_tensor_on_a_device_is_no_array_of_the_host():
    class Device(type(discovery.get("numpy"))):
        def device_of(self, array):
            return "cuda:0"

    x = Tensor(np.ones(2), Device())
    with pytest.raises(
        TypeError, match=r"a tensor on cuda:0 is not an array of this machine's memory. Write x.numpy\(\)"
    ):
        np.asarray(x)


def test_dlpack():
    x = tensor(np.ones(3, np.float32))
    there = np.from_dlpack(x)
    assert there.tolist() == [1, 1, 1]
    assert not there.flags.writeable
    copied = np.from_dlpack(x, copy=True)
    copied[0] = 4
    assert x.tolist() == [1, 1, 1]
    assert x.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(x.sum()) == 3


def test_pytorch_takes_tensors_by_dlpack():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = tensor([1.0, 1.0, 1.0])
    assert torch.from_dlpack(x).tolist() == [1, 1, 1]


def test_what_a_kernel_returned_and_is_no_array():
    class Listing(type(discovery.get("numpy"))):
        def exp(self, x):
            return x.tolist()

    backend = Listing()
    with pf.use_backend(backend):
        x = tensor([1.0, 2.0])
        for run in (pf.exp, pf.function(pf.exp)):
            with pytest.raises(BackendBrokenError, match="backend 'numpy' returned a.* of type list"):
                run(x)
    found = Tensor(x.array.tolist(), backend)
    for look in (lambda y: y.shape, lambda y: y.dtype, repr, len):
        with pytest.raises(BackendBrokenError, match="'numpy' returned an object of type list, expected an"):
            look(found)


def test_copies_and_pickles():
    x = tensor([[1.0, 2.0]])
    for other in (x.copy(), copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert isinstance(other, Tensor)
        assert other is not x
        assert (other.tolist(), other.dtype, other.backend) == (x.tolist(), x.dtype, x.backend)
    b = pickle.loads(pickle.dumps(tensor(np.ones(2, ml_dtypes.bfloat16))))
    assert b.dtype is dt.bfloat16


def test_a_copy_is_the_same_value_to_a_tape():
    x = tensor([1.0, 2.0])
    for same in (lambda t: t.copy(), lambda t: tensor(t), lambda t: pf.constant(t), copy.deepcopy):
        assert pf.grad(lambda t, same=same: (same(t) * t).sum())(x).tolist() == [2, 4]


def test_moving():
    x = tensor([1.0, 2.0])
    assert x.to("numpy") is x
    assert x.to_device("cpu:0") is x
    y = x.to("jax")
    assert (y.backend.name, y.tolist(), y.dtype) == ("jax", [1, 2], dt.float32)
    assert y.to("numpy").tolist() == [1, 2]
    wide = tensor(np.array([1.0])).to("jax")
    assert wide.dtype is dt.float64
    with pytest.raises(
        MixedBackendsError, match=r"add got tensors of two backends, 'numpy' \(cpu:0\) and 'jax'.*x.to\('numpy'\)"
    ):
        x + y
    with pytest.raises(MixedBackendsError):
        pf.concat([x, y], axis=0)
    with pytest.raises(MixedBackendsError):
        tensor([x[0], y[0]])


def test_results_of_reductions_are_tensors():
    x = tensor(np.ones(3))
    for result in (x.sum(), x.mean(), x.max(), x.argmax(), x.any(), x[0], x @ x):
        assert isinstance(result, Tensor)
        assert result.shape == ()


def test_no_warnings():
    """What NumPy warns about is silent, as on every backend (warnings are errors in these tests)."""
    x = tensor(np.array([0.0, -1.0, np.inf, np.nan], np.float32))
    zero = x - x
    for value in (x / zero, zero / zero, 1 / x, x // zero, x % zero, x**0.5, x * np.float32(3e38), x**-1):
        assert isinstance(value, Tensor)
    for name in ("sqrt", "log", "log1p", "exp", "sinh", "acos", "atanh", "tan", "sin"):
        getattr(elementwise, name)(x)
    x.astype("int32")
    tensor(np.array([1e300])).astype("float32")
    tensor(np.zeros((0,))).mean()
    (x[1] / zero[1], tensor(2**31 - 1) * 2)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("dtype", ["bool", "int32", "uint64", "float16", "bfloat16", "float64", "complex64"])
def test_a_tensor_without_axes_is_a_numpy_scalar_on_the_host(backend, dtype):
    """It prints as a number and can be a dict's key, as in TensorFlow."""
    one = pf.constant(1, dtype=dtype) if dtype != "bool" else pf.constant(True)
    with pf.use_backend(backend):
        for value in (one.to(backend), pf.Variable(one.to(backend)), pf.tensor([one.item()], dtype)[0]):
            found = value.numpy()
            assert isinstance(found, np.generic)
            assert found.dtype == value.dtype
            assert {1: "one"}[found] == "one"


@pytest.mark.parametrize(
    "make",
    [
        lambda: pf.constant(1e300),
        lambda: pf.constant([1e300]),
        lambda: pf.constant([1e300, -1e300]),
        lambda: pf.constant(70000.0, "float16"),
        lambda: pf.constant([70000], "float16"),
        lambda: pf.constant(1e300 + 0j),
        lambda: pf.constant(np.array([1e300]), "float32"),
        lambda: pf.cast(1e300, "bfloat16"),
        lambda: pf.fill((2,), 1e300),
        lambda: pf.full((2,), 70000, "float16"),
        lambda: pf.full_like(pf.ones(2), 1e300),
        lambda: pf.pad(pf.ones(0), [[1, 1]], constant_values=1e300),
        lambda: pf.linspace(1e300, 2e300, 3),
        lambda: pf.range(1e300, 2e300, 5e299),
        lambda: pf.index_set(pf.zeros(1), 0, 1e300),
        lambda: pf.Variable([1.0]).assign([1e300]),
        lambda: pf.keras.initializers.Constant(1e300)((2,)),
        lambda: pf.constant([1.0]) * 1e300,
        lambda: pf.where(pf.constant([1.0]) != 1e300, 1e300, 0.0),
        lambda: pf.clip(pf.constant([np.inf]), -1e300, 1e300),
        lambda: pf.clip(pf.constant([np.inf], "float16"), 0, 70000),
        lambda: pf.function(lambda x: pf.clip(x, 0.0, 1e300))(pf.constant([np.inf])),
        lambda: pf.function(lambda x: x * 1e300)(pf.ones(2)),
        lambda: pf.function(lambda x: x + pf.fill((2,), 1e300))(pf.ones(2)),
    ],
)
@pytest.mark.filterwarnings("error")
def test_numbers_too_large_for_a_dtype_are_infinite_in_silence(make, backend):
    assert pf.reduce_all(pf.math.is_inf(make())).numpy()
