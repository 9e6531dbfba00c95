"""unique_* and isin against Python's own sets and counts."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow import array_api as xp
from polyflow.backend.selection import use_backend

EXAMPLES = {"numpy": 60, "jax": 4}  # JAX compiles each shape and dtype anew
OF = {
    np.int32: (st.integers(-3, 3), 12),
    np.float64: (st.sampled_from([0.0, -0.0, 1.5, -2.0, math.nan, math.inf]), 12),
    np.bool_: (st.booleans(), 12),
    np.complex128: (st.sampled_from([1j, 1 + 1j, -1 + 0j, 1 - 1j, complex(math.nan, 1)]), 8),
}
dtypes = st.sampled_from(list(OF))


def lists(dtype):
    """Lines of a dtype in which values come again."""
    values, size = OF[dtype]
    return st.lists(values, max_size=size).map(lambda x: np.array(x, dtype))


numbers = dtypes.flatmap(lists)
pairs = dtypes.flatmap(lambda dtype: st.tuples(lists(dtype), lists(dtype)))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_unique(backend):
    """Values, first places, inverses and counts are those that a count by hand gives; a NaN is its own value."""

    @settings(max_examples=EXAMPLES[backend], deadline=None)
    @given(numbers)
    def check(host):
        with use_backend(backend):
            found = xp.unique_all(xp.asarray(host))
            values, places, inverse, counts = (part.numpy() for part in found)
            again = xp.unique_values(xp.asarray(host)).numpy()
        np.testing.assert_array_equal(again, values)
        assert places.dtype == inverse.dtype == counts.dtype == np.int64
        whole = [one for one in host.tolist() if one == one]
        assert sorted(map(str, (v + 0 for v in values.tolist() if v == v))) == sorted({str(v + 0) for v in whole})
        assert len(values) == len(set(whole)) + len(host) - len(whole)
        number = collections.Counter(whole)
        for value, place, count in zip(values.tolist(), places, counts, strict=True):
            if value == value:
                assert (count, place) == (number[value], host.tolist().index(value))
            else:
                assert (count, host[place] == host[place]) == (1, False)
        np.testing.assert_array_equal(values[inverse], host)

    check()


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@pytest.mark.parametrize("invert", [False, True])
def test_isin(backend, invert):
    @settings(max_examples=EXAMPLES[backend], deadline=None)
    @given(pairs)
    def check(pair):
        first, second = pair
        with use_backend(backend):
            found = xp.isin(xp.asarray(first), xp.asarray(second), invert=invert).numpy()
        assert found.tolist() == [any(a == b for b in second.tolist()) != invert for a in first.tolist()]

    check()


def test_isin_takes_numbers():
    assert xp.isin(xp.asarray([1, 2, 3]), 2).tolist() == [False, True, False]
    assert xp.isin(2, xp.asarray([1.0, 2.0])).item() is True


def test_the_shape_is_that_of_the_first_argument():
    x = xp.asarray([[3, 1], [1, 3]])
    assert xp.unique_inverse(x).inverse_indices.shape == (2, 2)
    assert xp.isin(x, xp.asarray([3])).tolist() == [[True, False], [False, True]]
    assert xp.unique_counts(x).counts.tolist() == [2, 2]


def test_searchsorted_takes_numbers():
    assert xp.searchsorted(xp.asarray([1.0, 2.0, 3.0]), 2.5).item() == 2
    assert xp.searchsorted(xp.asarray([1, 2, 3]), 2, side="right").item() == 2


def test_masks_without_elements_select_nothing():
    """An axis of a mask may be empty where the tensor's is not, as the standard allows."""
    assert xp.zeros((3, 2))[xp.zeros((0, 2), dtype=xp.bool)].shape == (0,)
    assert xp.zeros((3, 2))[xp.zeros(0, dtype=xp.bool)].shape == (0, 2)
    with pytest.raises(IndexError, match="does not fit"):
        _ = xp.zeros((3, 2))[xp.zeros(2, dtype=xp.bool)]
