"""The generator itself: published vectors, an independent implementation, and what is made of the words."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jax.extend.random import threefry_2x32

from polyflow import threefry
from polyflow.threefry import BLOCK, FOLD, SPLIT

u64 = st.integers(0, 2**64 - 1)
keys = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)).map(lambda pair: np.array(pair, np.uint32))


def by_jax(key, counters) -> np.ndarray:
    """The pairs of some counters by JAX's implementation, of shape (n, 2)."""
    counters = np.asarray(counters, np.uint64)
    halves = np.concatenate([counters >> np.uint64(32), counters & np.uint64(0xFFFFFFFF)]).astype(np.uint32)
    return np.asarray(threefry_2x32(tuple(key), halves)).reshape(2, -1).T


@pytest.mark.parametrize(
    ("counter", "key", "pair"),
    [  # the file kat_vectors of Random123 1.14, lines "threefry2x32 20"
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(counter, key, pair):
    key = np.array(key, np.uint32)
    assert tuple(threefry.encrypt(key, *counter)) == pair
    assert threefry.encrypt_one(key, (counter[0] << 32) + counter[1]) == pair


@given(keys, st.lists(u64, min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_encrypt_equals_jax_and_the_version_in_python_integers(key, counters):
    high, low = (np.array([f(c) for c in counters], np.uint32) for f in (lambda c: c >> 32, lambda c: c & 0xFFFFFFFF))
    found = np.stack(threefry.encrypt(key, high, low), -1)
    assert np.array_equal(found, by_jax(key, counters))
    assert [tuple(map(int, pair)) for pair in found] == [threefry.encrypt_one(key, c) for c in counters]


def test_encrypt_broadcasts_and_keeps_its_arguments():
    low = np.arange(6, dtype=np.uint32).reshape(2, 3)
    x0, x1 = threefry.encrypt(threefry.key(1), 7, low)
    assert x0.shape == x1.shape == (2, 3)
    assert np.array_equal(low, np.arange(6).reshape(2, 3))
    assert threefry.encrypt(threefry.key(1), 7, 5)[0] == x0[1, 2]


@given(keys, st.integers(0, 500), st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_a_stream_is_the_pairs_of_the_counters_in_order(key, start, n):
    expected = by_jax(key, np.arange(500)).reshape(-1)[start : start + n]
    assert np.array_equal(threefry.words(key, n, start), expected)
    pairs = by_jax(key, np.arange(start, start + n)).astype(np.uint64)
    assert np.array_equal(threefry.words64(key, n, start), pairs[:, 0] << np.uint64(32) | pairs[:, 1])


@pytest.mark.parametrize("n", [2 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK + 1, 5 * BLOCK + 3])
def test_streams_longer_than_a_block_have_no_seam(n):
    key = threefry.key(n)
    assert np.array_equal(threefry.words(key, n), by_jax(key, np.arange((n + 1) // 2)).reshape(-1)[:n])


@pytest.mark.parametrize("first", [2**32 - 3, 2**33 - 1, 2**63 - 20])
def test_counters_carry_into_the_high_word(first):
    key = threefry.key(9)
    assert np.array_equal(threefry.words(key, 20, 2 * first), by_jax(key, np.arange(first, first + 10)).reshape(-1))


def test_words_equal_those_of_jax_random():
    """jax.random's 64-bit words and split keys are, bit by bit, blocks of the same stream."""
    key = threefry.key(2**40 + 17)
    with jax.enable_x64(True), jax.threefry_partitionable(True):
        theirs = jax.random.wrap_key_data(key, impl="threefry2x32")
        assert np.array_equal(threefry.words64(key, 1001), jax.random.bits(theirs, (1001,), np.uint64))
        children = jax.random.key_data(jax.random.split(theirs, 9))
        assert np.array_equal(threefry.words(key, 18).reshape(9, 2), children)
        assert np.array_equal(threefry.key(2**40 + 17), jax.random.key_data(jax.random.key(2**40 + 17)))


# Keys -----------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(u64)
@example(0)
@example(2**64 - 1)
def test_a_key_is_the_seed_high_word_first(seed):
    key = threefry.key(seed)
    assert key.dtype == np.uint32
    assert (int(key[0]) << 32) + int(key[1]) == seed
    assert np.array_equal(threefry.key(np.uint64(seed)), key)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError, match=rf"from 0 to 2\*\*64 - 1; got {seed}"):
        threefry.key(seed)


@pytest.mark.parametrize("seed", [1.0, "1", None])
def test_seeds_that_are_no_integers_are_refused(seed):
    with pytest.raises(TypeError, match="a seed is an integer"):
        threefry.key(seed)


@given(keys, st.integers(0, 2**62 - 1))
@settings(deadline=None)
def test_fold_in_encrypts_from_its_own_part_of_the_counters(key, data):
    assert np.array_equal(threefry.fold_in(key, data), by_jax(key, [FOLD + data])[0])


@given(keys, st.integers(0, 40))
@settings(deadline=None, max_examples=50)
def test_split_encrypts_from_its_own_part_of_the_counters(key, n):
    children = threefry.split(key, n)
    assert children.shape == (n, 2)
    assert np.array_equal(children, by_jax(key, SPLIT + np.arange(n, dtype=np.uint64)) if n else children)


def test_streams_split_keys_and_folded_keys_are_all_different():
    key = threefry.key(0)
    blocks = [*threefry.words(key, 2000).reshape(-1, 2), *threefry.split(key, 1000)]
    blocks += [threefry.fold_in(key, i) for i in range(1000)]
    assert len({tuple(block) for block in blocks}) == 3000


@pytest.mark.parametrize("data", [-1, 2**62])
def test_fold_in_refuses_integers_out_of_range(data):
    with pytest.raises(ValueError, match="fold_in takes"):
        threefry.fold_in(threefry.key(0), data)


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (np.zeros(3, np.uint32), ValueError, "shape"),
        (np.zeros(2, np.int64), TypeError, "uint32; got int64"),
        (5, ValueError, "Make one with key"),
    ],
)
def test_what_is_no_key_is_refused(key, error, words):
    for use in (lambda: threefry.words(key, 3), lambda: threefry.fold_in(key, 1), lambda: threefry.permutation(key, 3)):
        with pytest.raises(error, match=words):
            use()


@pytest.mark.parametrize("make", [threefry.words, threefry.words64, threefry.split, threefry.permutation])
def test_negative_counts_are_refused(make):
    with pytest.raises(ValueError, match="needs n >= 0; got n=-1"):
        make(threefry.key(0), -1)


# Permutations ---------------------------------------------------------------------------------------------------------


@given(keys, st.integers(0, 300))
@example(np.zeros(2, np.uint32), 0)
@example(np.zeros(2, np.uint32), 1)
@example(np.zeros(2, np.uint32), 2)
@settings(deadline=None)
def test_a_permutation_is_the_stable_argsort_of_the_words_without_their_low_bits(key, n):
    bits = max(1, (n - 1).bit_length()) if n else 1
    expected = np.argsort(threefry.words64(key, n) >> np.uint64(bits), stable=True)
    found = threefry.permutation(key, n)
    assert found.dtype == np.int64
    assert np.array_equal(found, expected)
    assert np.array_equal(np.sort(found), np.arange(n))


@given(keys, st.integers(0, 40), st.integers(0, 6), st.integers(0, 6))
@settings(deadline=None, max_examples=50)
def test_permutations_of_many_epochs_come_in_one_block(key, n, count, start):
    block = threefry.permutations(key, n, count, start)
    assert block.shape == (count, n)
    for epoch in range(count):
        assert np.array_equal(block[epoch], threefry.permutations(key, n, 1, start + epoch)[0])
    assert np.array_equal(threefry.permutations(key, n, 1)[0], threefry.permutation(key, n))


def test_all_permutations_of_four_are_equally_likely():
    rows = threefry.permutations(threefry.key(1), 4, 24_000)
    counts = np.unique(rows @ [64, 16, 4, 1], return_counts=True)[1]
    assert len(counts) == 24
    assert ((counts - 1000) ** 2 / 1000).sum() < 49.7  # chi-square with 23 degrees of freedom: p = 0.001


# Dropout masks --------------------------------------------------------------------------------------------------------


@given(keys, st.lists(st.integers(0, 9), max_size=3), st.floats(0, 1))
@settings(deadline=None)
def test_a_mask_compares_the_halves_of_the_words_low_half_first(key, shape, rate):
    size = int(np.prod(shape))
    words = [int(word) for word in threefry.words(key, size)]
    halves = [half for word in words for half in (word % 65536, word // 65536)][:size]
    expected = [half >= round(rate * 65536) for half in halves]
    assert np.array_equal(threefry.keep_mask(key, tuple(shape), rate), np.reshape(expected, shape))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_mask_drops_the_rate(rate):
    kept = threefry.keep_mask(threefry.key(4), (300, 1000), rate).mean()
    assert abs(kept - (1 - rate)) <= 4 * np.sqrt(rate * (1 - rate) / 300_000)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_rates_outside_the_interval_are_refused(rate):
    with pytest.raises(ValueError, match="between 0 and 1"):
        threefry.keep_mask(threefry.key(0), (3,), rate)


# Quality and threads --------------------------------------------------------------------------------------------------


def test_bits_bytes_and_neighbours_are_independent():
    """Chi-square of the bytes and of pairs of neighbouring nibbles, and the count of each bit, over 400,000 words."""
    words = threefry.words(threefry.key(2024), 400_000)
    by_byte = np.bincount(words.view(np.uint8), minlength=256)
    assert ((by_byte - 6250) ** 2 / 6250).sum() < 330.5  # 255 degrees of freedom: p = 0.001
    nibbles = (words[:-1] >> np.uint32(28)) * np.uint32(16) + (words[1:] >> np.uint32(28))
    expected = len(nibbles) / 256
    assert ((np.bincount(nibbles, minlength=256) - expected) ** 2 / expected).sum() < 330.5
    ones = np.array([np.count_nonzero(words >> np.uint32(bit) & np.uint32(1)) for bit in range(32)])
    assert np.abs(ones - 200_000).max() < 4 * np.sqrt(100_000)


def test_neighbouring_keys_give_unrelated_streams():
    """Half of all bits differ between the streams of keys that differ in one bit."""
    base = threefry.words(threefry.key(0), 10_000)
    for bit in range(64):
        differing = np.bitwise_count(base ^ threefry.words(threefry.key(1 << bit), 10_000)).sum()
        assert abs(int(differing) - 160_000) < 4.5 * np.sqrt(80_000)


def test_threads_do_not_disturb_each_other():
    """Many threads drawing at once get the words that each would get alone."""
    expected = {seed: threefry.words(threefry.key(seed), 70_000) for seed in range(8)}
    together = threading.Barrier(8)

    def draw(seed):
        together.wait()
        return all(np.array_equal(threefry.words(threefry.key(seed), 70_000), expected[seed]) for _ in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(draw, range(8)))
