"""Shuffles: the orders, where they come from, and that they are as random as tf.data's."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow import threefry
from polyflow.data import Dataset
from polyflow.data.order import Orders, permutations_of, shuffle_keys

from .oracle import shuffled

N = Dataset.range


def listed(dataset):
    return [element.tolist() for element in dataset]


def test_epoch_e_of_a_seed_is_the_permutation_of_the_folded_key():
    """The definition that every backend and every way through the code shares."""
    dataset = N(50).shuffle(50, seed=7)
    for epoch in range(3):
        key = threefry.fold_in(threefry.key(7), epoch)
        assert listed(dataset) == threefry.permutation(key, 50).tolist()


def test_every_pass_has_its_own_order_unless_told_otherwise():
    """reshuffle_each_iteration, over iterations and over repetitions."""
    dataset = N(20).shuffle(20, seed=1)
    a, b = listed(dataset), listed(dataset)
    assert a != b
    assert sorted(a) == sorted(b) == list(range(20))

    twice = listed(N(20).shuffle(20, seed=1).repeat(2))
    assert twice == a + b

    fixed = N(20).shuffle(20, seed=1, reshuffle_each_iteration=False)
    assert listed(fixed) == listed(fixed) == a
    assert listed(fixed.repeat(2)) == a + a


def test_iterations_over_repetitions_reserve_their_epochs():
    """A second iteration goes on where the first, even when broken off, would have ended."""
    key = threefry.key(1)
    dataset = N(20).shuffle(20, seed=1).repeat(2)
    next(iter(dataset))
    expected = [threefry.permutation(threefry.fold_in(key, epoch), 20).tolist() for epoch in (2, 3)]
    assert listed(dataset) == expected[0] + expected[1]


def test_a_repetition_broken_off_leaves_its_epochs_unused():
    """Which epoch a pass has does not depend on how far those before it came."""
    orders = [threefry.permutation(threefry.fold_in(threefry.key(1), epoch), 20).tolist() for epoch in range(8)]
    dataset = N(20).shuffle(20, seed=1).repeat(2).take(3).repeat(2)
    assert listed(dataset) == orders[0][:3] + orders[2][:3]
    assert listed(dataset) == orders[4][:3] + orders[6][:3]


def test_seeds():
    """Equal seeds give equal orders, others others; any integer is one."""
    assert listed(N(30).shuffle(30, seed=5)) == listed(N(30).shuffle(30, seed=5))
    assert listed(N(30).shuffle(30, seed=5)) != listed(N(30).shuffle(30, seed=6))
    assert sorted(listed(N(30).shuffle(30, seed=-1))) == list(range(30))


def test_without_a_seed_the_global_generator_decides():
    """set_seed fixes the orders; each iteration draws one key, when it starts."""
    from polyflow import random

    def orders():
        random.set_seed(3)
        dataset = N(30).shuffle(30)
        fixed = N(30).shuffle(30, reshuffle_each_iteration=False)
        first = iter(dataset)
        second = iter(dataset)
        b = [x.item() for x in second]  # read in another order than they were started
        a = [x.item() for x in first]
        return a, b, listed(fixed), listed(fixed)

    a, b, c, d = orders()
    assert a != b
    assert c == d != a
    assert orders() == (a, b, c, d)


def test_looking_at_a_dataset_draws_nothing():
    """len, cardinality, element_spec and repr change no later order."""
    dataset = N(20).shuffle(20, seed=1).map(lambda x: x)
    plain = listed(N(20).shuffle(20, seed=1).map(lambda x: x))
    assert len(dataset) == 20
    assert dataset.element_spec.dtype == np.int64
    repr(dataset)
    assert listed(dataset) == plain


def test_one_shuffle_in_two_places():
    """Zipped with itself, a shuffle takes two epochs; without reshuffling both sides agree."""
    fixed = N(20).shuffle(20, seed=1, reshuffle_each_iteration=False)
    assert all(a.item() == b.item() for a, b in Dataset.zip((fixed, fixed)))
    moving = N(20).shuffle(20, seed=1)
    assert any(a.item() != b.item() for a, b in Dataset.zip((moving, moving)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 70), st.integers(0, 2**64 - 1), st.sampled_from(["rows", "function"]))
def test_a_small_buffer_is_the_stepwise_reservoir(n, size, seed, kind):
    """Positions shuffled in blocks, and elements one by one, come in the order of the plain loop."""
    dataset = N(n) if kind == "rows" else N(n).map(lambda x: x)
    expected = shuffled(list(range(n)), size, threefry.fold_in(threefry.key(seed), 0))
    assert listed(dataset.shuffle(size, seed=seed)) == expected


def test_a_small_buffer_over_many_blocks():
    """More elements than go through the buffer at a time, also from repetitions that end inside one."""
    n, size = 150_000, 1000
    key = threefry.fold_in(threefry.key(4), 0)
    expected = shuffled(list(range(n)), size, key)
    assert np.concatenate([b.numpy() for b in N(n).shuffle(size, seed=4).batch(4096)]).tolist() == expected

    repeated = N(700).repeat(100).shuffle(size, seed=4)
    assert listed(repeated) == shuffled(list(range(700)) * 100, size, key)


def test_an_element_comes_no_earlier_than_the_buffer_allows():
    """Element k is at position k - buffer_size + 1 at the earliest, and every slot is as likely as another."""
    counts = np.zeros((12, 12))
    dataset = N(12).shuffle(4, seed=0)
    for _ in range(2000):
        for position, x in enumerate(dataset.as_numpy_iterator()):
            assert position >= x - 3
            counts[x, position] += 1
    first = counts[:4, 0] / 2000  # the first element out is one of the first four, each equally likely
    assert abs(first - 0.25).max() < 0.05
    stays = counts[0] / 2000  # element 0 leaves with probability 1/4 at each step
    np.testing.assert_allclose(stays[:5], 0.25 * 0.75 ** np.arange(5), atol=0.05)


def test_a_full_shuffle_makes_every_order_equally_likely():
    """The 24 orders of four elements, by chi-squared."""
    counts: dict[tuple[int, ...], int] = {}
    dataset = N(4).shuffle(4, seed=0)
    for _ in range(4800):
        order = tuple(dataset.as_numpy_iterator())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert sum((c - 200) ** 2 / 200 for c in counts.values()) < 49.7  # the 0.999 quantile for 23 degrees of freedom


def test_endless_shuffled_repetition():
    """Each epoch is a permutation, and no two are the same."""
    rows = [x.item() for x in N(10).shuffle(10, seed=2).repeat().take(50)]
    epochs = [rows[i : i + 10] for i in range(0, 50, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_a_shuffle_of_generated_elements_is_lazy():
    """The buffer is filled, and then one element is taken for each that is put out."""
    from polyflow.data import TensorSpec

    log = []

    def numbers():
        for i in range(10):
            log.append(i)
            yield i

    iterator = iter(Dataset.from_generator(numbers, output_signature=TensorSpec((), "int64")).shuffle(4, seed=0))
    next(iterator)
    assert log == [0, 1, 2, 3, 4]
    next(iterator)
    assert log == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("n", [0, 1, 2, 100, 5000])
def test_many_permutations_at_once_are_those_one_by_one(n):
    """`permutations_of` equals `threefry.permutation` of every key."""
    keys = shuffle_keys(threefry.key(9), 3, 4)
    for i, row in enumerate(permutations_of(keys, n, 4)):
        key = threefry.fold_in(threefry.key(9), 3 + i)
        np.testing.assert_array_equal(keys[i], key)
        np.testing.assert_array_equal(row, threefry.permutation(key, n))


@pytest.mark.parametrize("n", [1, 7, 1000, 5000])
def test_permutations_made_ahead_are_those_of_their_epochs(n):
    """In order, out of order, of two keys in turn, and of two sizes: never another epoch's."""
    orders = Orders()
    first, second = threefry.key(1), threefry.key(2)
    visits = [(first, e, n) for e in range(40)] + [(first, 3, n), (first, 4, n), (second, 5, n), (first, 5, n)]
    visits += [(second, e, n) for e in (6, 7, 8, 20, 21, 22, 23)] + [(second, 24, n + 1), (second, 25, n)]
    for key, epoch, size in visits:
        found = orders.of(key, epoch, size)
        np.testing.assert_array_equal(found, threefry.permutation(threefry.fold_in(key, epoch), size))


def test_many_short_epochs():
    """Each epoch of a long training over few rows has the order that its number says."""
    dataset = N(30).shuffle(30, seed=4)
    for epoch in range(70):
        expected = threefry.permutation(threefry.fold_in(threefry.key(4), epoch), 30)
        assert listed(dataset) == expected.tolist()
    repeated = N(30).shuffle(30, seed=4).repeat(70)
    assert listed(repeated)[-30:] == expected.tolist()


def squared(x):
    return x * x


@pytest.mark.parametrize("again", [copy.deepcopy, lambda dataset: pickle.loads(pickle.dumps(dataset))])
def test_a_copy_goes_on_where_the_dataset_is(again):
    """Pipelines are handed to other processes; a copy draws what the original would have drawn."""
    dataset = N(9).shuffle(9, seed=2).map(squared).batch(2).unbatch().cache().repeat(2)
    listed(dataset)
    expected = listed(dataset)
    assert listed(again(dataset)) == expected
    shuffle = N(9).shuffle(9, seed=2).map(squared)
    listed(shuffle)
    assert listed(again(shuffle)) == listed(shuffle)
