"""The ops: reference, decomposition and every backend's kernel give the same bits."""

from __future__ import annotations

import warnings

import array_api_strict
import numpy as np
import pytest

from polyflow import dtypes as dt
from polyflow import threefry
from polyflow.backend import ArrayNamespaceBackend
from polyflow.errors import DTypeError, ShapeError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops import call
from polyflow.ops import random as ops
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec
from polyflow.tensor import Tensor, tensor

KEY = threefry.key(0xFEDCBA9876543210)
CALLS = {
    "no words": ("random_bits", (KEY,), {"shape": (0,), "dtype": dt.uint32}),
    "one word": ("random_bits", (KEY,), {"shape": (), "dtype": dt.uint32}),
    "an odd number": ("random_bits", (KEY,), {"shape": (17, 3), "dtype": dt.uint32}),
    "many": ("random_bits", (KEY,), {"shape": (70_001,), "dtype": dt.uint32}),
    "no wide words": ("random_bits", (KEY,), {"shape": (2, 0), "dtype": dt.uint64}),
    "wide words": ("random_bits", (KEY,), {"shape": (3, 11), "dtype": dt.uint64}),
    "one counter": ("threefry2x32", (KEY, np.array(0xFFFFFFFF, np.uint32)), {"high": 0xC0000000}),
    "counters": ("threefry2x32", (KEY, np.arange(12, dtype=np.uint32).reshape(3, 4)), {"high": 5}),
    "no counters": ("threefry2x32", (KEY, np.zeros(0, np.uint32)), {"high": 0}),
    "next key": ("next_key", (np.array([*KEY, 0xFFFFFFFF], np.uint32),), {}),
    "permutation of none": ("random_permutation", (KEY,), {"n": 0}),
    "permutation of one": ("random_permutation", (KEY,), {"n": 1}),
    "permutation": ("random_permutation", (KEY,), {"n": 1000}),
    "mask": ("keep_mask", (KEY,), {"shape": (7, 9), "rate": 0.3}),
    "mask of all": ("keep_mask", (KEY,), {"shape": (5,), "rate": 0.0}),
    "mask of none": ("keep_mask", (KEY,), {"shape": (5,), "rate": 1.0}),
    "mask of a scalar": ("keep_mask", (KEY,), {"shape": (), "rate": 0.5}),
}


class Strict(ArrayNamespaceBackend):
    """A stranger's backend: the array API standard and nothing else."""

    name = "strict"
    xp = array_api_strict

    def to_numpy(self, array):
        return np.asarray(array._array)


@pytest.fixture
def strict():
    """A stranger's backend; what ops remember of its dtypes, which warn beside NumPy's, is forgotten after it."""
    kept = {name: dict(op.plans) for name, op in OPS.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield Strict()
    for name, plans in kept.items():
        OPS[name].plans.clear()
        OPS[name].plans.update(plans)


@pytest.fixture(params=CALLS)
def case(request):
    name, arrays, attrs = CALLS[request.param]
    op = getattr(ops, name).op
    expected = op.reference(*arrays, **attrs)
    spec = op.infer(tuple(Spec(a.shape, a.dtype) for a in arrays), attrs)
    assert (expected.shape, expected.dtype) == (spec.shape, spec.dtype)
    return op, arrays, attrs, expected


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.dtype == expected.dtype and found.shape == expected.shape and bool((found == expected).all())


def test_every_backend_gives_the_reference_s_bits(case, backend):
    op, arrays, attrs, expected = case
    found = call.apply(op, tuple(tensor(a) for a in arrays), attrs)
    assert same(found.numpy(), expected)
    assert backend.host_fallbacks == {}


def test_a_traced_graph_gives_the_same_bits(case, backend):
    op, arrays, attrs, expected = case
    specs = [Spec(a.shape, dt.uint32) for a in arrays]
    run = Compiled(trace(lambda *given: call.apply(op, given, attrs), *specs, backend=backend))
    assert same(backend.to_numpy(run(*map(backend.asarray, arrays))), expected)


def test_decompositions_wrap_as_the_reference_does(case, backend):
    op, arrays, attrs, expected = case
    found = call.decomposed(op, backend)(*map(backend.asarray, arrays), **attrs)
    assert same(backend.to_numpy(found), expected)


def test_a_namespace_that_has_nothing_but_the_standard_gives_the_same_bits(case, strict):
    op, arrays, attrs, expected = case
    found = call.apply(op, tuple(Tensor(strict.asarray(a), strict) for a in arrays), attrs)
    assert same(found.numpy(), expected)
    assert strict.host_fallbacks == {}


def test_words_of_another_dtype_are_refused(backend):
    with pytest.raises(DTypeError, match=r"random_bits takes uint32 words; got int32\. Make keys with"):
        ops.random_bits(tensor([1, 2]), (3,))


def test_words_come_as_unsigned_integers(backend):
    for dtype in ("int32", "float32"):
        with pytest.raises(DTypeError, match="uint32 or uint64; got"):
            trace(lambda k, dtype=dtype: ops.random_bits(k, (3,), dtype), Spec((2,), dt.uint32), backend=backend)


def test_a_traced_key_of_another_shape_is_refused(backend):
    with pytest.raises(ShapeError, match=r"a key has shape \(2,\); got shape \(3,\)"):
        trace(lambda k: ops.random_bits(k, (3,)), Spec((3,), dt.uint32), backend=backend)


def test_more_blocks_than_counters_are_refused():
    with pytest.raises(ValueError, match=r"at most 2\*\*32 blocks"):
        ops.check_blocks(2**32 + 1)


def test_counters_are_the_integers_in_order(backend):
    for n in (0, 1, 2, 3, 10, 1000, 4097):
        assert np.array_equal(ops.counters(n, backend).numpy(), np.arange(n))
        assert ops.counters(n, backend).dtype is dt.uint32


def test_ops_have_the_names_of_their_functions():
    for name in ops.__all__:
        assert getattr(ops, name).op.name == name
