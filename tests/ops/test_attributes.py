"""Attributes that are kept: told apart as they have to be, only so many, and with kernels of the same bits."""

from __future__ import annotations

import copy
import itertools
import pickle
import threading

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import Backend, discovery
from polyflow.ops import attributes, creation, elementwise, indexing, reduction, shape
from polyflow.ops.attributes import Attrs, known
from polyflow.ops.declare import OPS

from .cases import tensor

NUMPY = discovery.get("numpy")
HOST = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize("order", [*itertools.permutations([1, True, 1.0, np.int64(1)])], ids=str)
def test_equal_values_of_other_types(order):
    """1, True, 1.0 and NumPy's 1 are equal keys, and not the same axis, whichever comes first."""
    expected = {int: True, bool: False, float: False, np.int64: True}
    for call in (
        lambda axis: reduction.max(tensor(HOST), axis),
        lambda axis: reduction.max(tensor(HOST), axis=axis),
        lambda axis: shape.permute_dims(tensor(HOST), (axis, 0)),
        lambda axis: shape.concat([tensor(HOST)] * 2, axis=axis),
    ):
        for axis in order:
            if expected[type(axis)]:
                call(axis)
            else:
                with pytest.raises(TypeError, match="integer"):
                    call(axis)


def test_flags_are_not_numbers():
    """A flag keeps the type it was given in; so do the axes in a tuple."""
    x = tensor(HOST)
    for _ in range(2):
        assert reduction.max(x, 1, True).shape == (2, 1)
        assert reduction.max(x, 1, False).shape == (2,)
        assert reduction.sum(x, (0, 1)).shape == ()
        for wrong in ((False, True), (0.0, 1.0), (0, True)):
            with pytest.raises(TypeError, match="integer"):
                reduction.sum(x, wrong)
        for axis in ([0, 1], (np.int64(0), np.int32(1))):
            assert reduction.sum(x, axis).shape == ()


@pytest.mark.parametrize("order", [*itertools.permutations([1, True, 1.0])], ids=str)
def test_fills_of_equal_values(order):
    """A number fills with the dtype of its own type, whichever was there before it."""
    expected = {int: dt.int32, bool: dt.bool_, float: dt.float32}
    for value in order:
        assert creation.full((3,), value).dtype is expected[type(value)]
    for _ in range(2):
        with pytest.raises(OverflowError, match="300"):
            creation.full((3,), 300, "uint8")
        with pytest.raises(pf.errors.ShapeError, match="0 or more"):
            creation.full((3, -1), 1)
        with pytest.raises(pf.errors.ShapeError, match="0 or more"):
            creation.zeros((-3,))


def test_zeros_of_either_sign():
    """-0.0 equals 0.0 and is another number: floats are no keys."""
    x = tensor(np.array([-1.0, -2.0], np.float32))
    for _ in range(2):
        for zero in (0.0, -0.0):
            sign = np.signbit(zero)
            assert np.signbit(elementwise.clip(x, zero, 1.0).numpy()).tolist() == [sign] * 2
            assert np.signbit(creation.full((2,), zero).numpy()).tolist() == [sign] * 2
            assert np.signbit(shape.pad(x, 1, constant_values=zero).numpy()[0]) == sign


def test_lists_are_read_each_time():
    """What a user does to a list later is his own affair."""
    x, axes, sizes = tensor(HOST), [0], [3, 2]
    assert reduction.sum(x, axes).shape == (3,)
    assert shape.reshape(x, sizes).shape == (3, 2)
    assert creation.zeros(sizes).shape == (3, 2)
    axes[0], sizes[:] = 1, [6]
    assert reduction.sum(x, axes).shape == (2,)
    assert shape.reshape(x, sizes).shape == (6,)
    assert creation.zeros(sizes).shape == (6,)


@pytest.mark.parametrize(
    "wrong", [{}, set(), {"a": 1}, np.arange(2.0), object(), "x", 1.5, [[]]], ids=lambda wrong: type(wrong).__name__
)
def test_what_is_no_key_is_refused_as_ever(wrong):
    """The error is that of `bind`, every time."""
    op = OPS["max"]
    with pytest.raises(Exception) as expected:
        op.bind((wrong,), {})
    for call in (lambda: reduction.max(tensor(HOST), wrong), lambda: reduction.max(tensor(HOST), axis=wrong)) * 2:
        with pytest.raises(expected.type) as found:
            call()
        assert str(found.value) == str(expected.value)


def test_there_are_only_so_many():
    bound = known(OPS["broadcast_to"])
    first = bound((1, 3))
    assert bound((1, 3)) is first
    for size in range(2 * attributes.MANY):
        bound((size, 3))
    assert bound.cache_info().currsize == attributes.MANY
    assert bound((1, 3)) == first


def test_many_threads_at_once():
    """They share what is kept and get what they asked for."""
    x, errors = tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4)), []
    expected = {axis: x.numpy().max(axis) for axis in (0, 1, 2, -1, (0, 1), (0, 2))}
    attributes_of = known(OPS["max"])
    start = threading.Barrier(8)

    def work(turn):
        start.wait()
        for axis in [*expected][turn % 6 :] * 20:
            attrs = attributes_of(axis)
            same = np.array_equal(OPS["max"].fixed(x, attrs).numpy(), expected[axis])
            if not same or attrs != {"axis": axis, "keepdims": False}:
                errors.append((turn, axis, attrs))

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_kept_attributes_are_a_dict():
    """They compare, pickle and copy as one."""
    attrs = known(OPS["max"])(1)
    assert attrs == {"axis": 1, "keepdims": False}
    for other in (pickle.loads(pickle.dumps(attrs)), copy.copy(attrs), copy.deepcopy(attrs)):
        assert type(other) is dict
        assert other == attrs


def test_a_backend_with_dtypes_of_its_own():
    """It has no quick kernels: the general way is taken, which asks what a dtype is."""

    class Own(Backend):
        name = "own"
        numpy_dtypes = False

        def asarray(self, obj, dtype=None, device=None):
            return np.array(obj, dtype)

        def to_numpy(self, array):
            return np.asarray(array)

        def devices(self):
            return ("cpu:0",)

        def synchronize(self):
            pass

    backend = Own()
    assert Attrs(OPS["max"], {"axis": 0, "keepdims": False}).kernels[backend] is None
    x = pf.Tensor(HOST, backend)
    assert reduction.max(x, 0).numpy().tolist() == [3, 4, 5]
    assert shape.reshape(x, (6,)).shape == (6,)
    assert shape.stack([x, x]).shape == (2, 2, 3)
    assert x[pf.Tensor(np.array([1]), backend)].numpy().tolist() == [[3, 4, 5]]
    assert creation.zeros((2,), backend=backend).numpy().tolist() == [0, 0]


# Kernels with attributes filled in -----------------------------------------------------------------------------------

LAYOUTS = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "turned": lambda x: x[..., ::-1],
    "parts": lambda x: np.repeat(x, 2, -1)[..., ::2],
}
SHAPES = [(), (1,), (5,), (17,), (32, 10), (10, 32), (300, 3), (3, 300), (0, 4), (4, 0), (1, 7), (7, 1), (2, 3, 4)]


def compared(name, arrays, attrs):
    """An op's kernel for attributes gives the bits of its ordinary one, or both raise."""
    op = OPS[name]
    quick = Attrs(op, attrs).kernels[NUMPY]
    assert quick is not None
    try:
        expected = op.kernels[NUMPY](*arrays, **attrs)
    except Exception:
        with pytest.raises(Exception):  # noqa: B017  (what it says is the ordinary kernel's affair)
            quick(*arrays)
        return
    found = quick(*arrays)
    assert np.shape(found) == np.shape(expected)
    assert found.dtype == expected.dtype
    assert np.asarray(found).tobytes() == np.asarray(expected).tobytes()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [dt.float32, dt.float64, dt.float16, dt.bfloat16, dt.int32, dt.complex64], ids=str)
def test_sums(dtype, layout):
    rng = np.random.default_rng(0)
    for sizes in SHAPES:
        x = LAYOUTS[layout](rng.normal(size=sizes).astype(dtype)) if sizes else rng.normal(size=()).astype(dtype)
        for axis in (None, 0, 1, -1, -2, 2, (0,), (0, 1)):
            for keepdims in (False, True):
                compared("sum", (x,), {"axis": axis, "keepdims": keepdims})


def test_moves():
    rng = np.random.default_rng(0)
    for sizes in SHAPES:
        for dtype in (dt.float32, dt.bfloat16, dt.complex64):
            for make in LAYOUTS.values() if sizes else (np.asarray, lambda x: x[()]):
                x = make(rng.normal(size=sizes).astype(dtype))
                for target in (*SHAPES, (4, 32, 10), (2, 5), (2, 0, 4)):
                    compared("broadcast_to", (x,), {"shape": target})
                    compared("reshape", (x,), {"shape": target})
                compared("permute_dims", (x,), {"axes": tuple(range(len(sizes)))[::-1]})
                for other in dt.ALL:
                    compared("astype", (x,), {"dtype": other})


def test_filling_and_joining():
    for sizes, value, dtype in itertools.product([(), (2, 3), (0,)], [0, 1, -0.0, 2.5, True], [dt.float32, dt.int8]):
        compared("full", (), {"shape": sizes, "fill_value": value, "dtype": dtype})
    parts = (HOST, HOST[:1], HOST[:, :1])
    for count, axis in itertools.product((1, 2, 3), (0, 1, -1, 2)):
        for chosen in itertools.permutations(parts, count):
            compared("concat", chosen, {"axis": axis})


def test_selecting():
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for key in ([[1, 0]], [-1], [5], [2**40], np.zeros((0,), int), [[0, 1], [1, 0]]):
        for dtype in (dt.int64, dt.uint64, dt.int8):
            index = np.array(key).astype(dtype)
            for axis in range(3):
                attrs = dict(indexing._rows(x.shape, axis))
                compared("getitem", (x, index), attrs)
                compared("getitem", (x[:, :2], index), attrs)  # of another shape than the key is for
    compared("getitem", (x,), {"key": indexing._basic_key((slice(None, None, -1), 0), x.shape)})
