"""Words that NumPy draws ahead are those of their keys, whoever asks for them and when."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import polyflow as pf
from polyflow import dtypes as dt
from polyflow import threefry
from polyflow_numpy import ahead
from polyflow_numpy.ahead import Ahead

BASE = threefry.key(0x123456789ABCDEF)


@pytest.fixture
def alone(monkeypatch):
    """How many draws were computed by themselves."""
    calls = []
    words = threefry.words
    monkeypatch.setattr(threefry, "words", lambda key, n, start=0: calls.append(n) or words(key, n, start))
    return calls


def key_of(kernels, count, base=BASE):
    found = kernels.next_key(np.array([*base, count], np.uint32))
    assert found.dtype == np.uint32
    assert found.tolist() == list(threefry.encrypt_one(base, threefry.FOLD + count))
    return found


def bits(kernels, key, shape, dtype=dt.uint32):
    found = kernels.random_bits(key, shape=shape, dtype=dtype)
    size = int(np.prod(shape))
    stream = np.array([threefry.encrypt_one(key, i) for i in range(size)], np.uint64).reshape(-1, 2)
    true = stream[:, 0] << np.uint64(32) | stream[:, 1] if dtype is dt.uint64 else stream.reshape(-1)[:size]
    assert found.dtype == dtype
    assert found.shape == shape
    np.testing.assert_array_equal(found.reshape(-1), true)
    return found


@pytest.mark.parametrize("shape", [(7,), (2, 5), (1,), (), (0,)])
@pytest.mark.parametrize("step", [1, 2, 5])
def test_draws_in_a_row_are_those_of_their_keys(shape, step):
    kernels = Ahead()
    for count in range(0, 150 * step, step):
        bits(kernels, key_of(kernels, count), shape)


def test_most_draws_in_a_row_come_from_a_few_computations(alone):
    kernels = Ahead()
    for count in range(100):
        kernels.random_bits(key_of(kernels, count), shape=(9,), dtype=dt.uint32)
    assert len(alone) == 2


def test_draws_that_are_large_or_stand_alone_are_computed_alone(alone):
    kernels = Ahead()
    for count in (3, 4, 9, 40, 41, 7):
        kernels.random_bits(key_of(kernels, count), shape=(9,), dtype=dt.uint32)
    for count in range(100, 105):
        kernels.random_bits(key_of(kernels, count), shape=(ahead.WORDS,), dtype=dt.uint32)
    assert len(alone) == 11
    assert not kernels._words


def test_the_counter_wraps():
    kernels = Ahead()
    for count in range(2**32 - 20, 2**32 + 20):
        bits(kernels, key_of(kernels, count % 2**32), (3,))


def test_sizes_kinds_and_generators_mixed():
    """Shapes of one size, masks and wide words, keys asked for twice or never, a start over."""
    random, kernels = np.random.default_rng(0), Ahead()
    bases = [threefry.key(seed) for seed in (1, 2)]
    counts = [0, 0]
    for _ in range(400):
        which = int(random.integers(2))
        counts[which] = 0 if random.random() < 0.02 else counts[which] + int(random.random() < 0.9)
        key = key_of(kernels, counts[which], bases[which])
        kind = random.integers(10)
        if kind < 5:
            bits(kernels, key, [(6,), (2, 3)][int(random.integers(2))])
        elif kind < 7:
            bits(kernels, key, (2,), dt.uint64)
        elif kind < 9:
            mask = kernels.keep_mask(key, shape=(11,), rate=0.4)
            words = np.array([threefry.encrypt_one(key, i) for i in range(3)], np.uint32).reshape(-1)
            halves = np.stack([words & 0xFFFF, words >> 16], 1).reshape(-1)[:11]
            np.testing.assert_array_equal(mask, halves >= round(0.4 * 65536))


def test_what_is_drawn_belongs_to_the_caller():
    kernels = Ahead()
    found = [kernels.random_bits(key_of(kernels, count), shape=(5,), dtype=dt.uint32) for count in range(20)]
    for each in found:
        assert each.base is None or each.base.size == 5
        each.fill(0)
    for count in range(20, 40):
        bits(kernels, key_of(kernels, count), (5,))


def test_what_is_kept_is_bounded():
    kernels = Ahead()
    for seed in range(3 * ahead.STREAMS):
        for count in range(3):
            bits(kernels, key_of(kernels, count, threefry.key(seed)), (4,))
    assert len(kernels._streams) <= ahead.STREAMS
    assert len(kernels._words) <= ahead.STREAMS * ahead.DRAWS
    assert len(kernels._keys) <= ahead.STREAMS * ahead.DRAWS
    assert len(kernels._origins) <= ahead.KEYS
    assert sum(words.size for words in kernels._words.values()) <= ahead.STREAMS * ahead.WORDS


def test_keys_of_other_bytes_are_keys():
    """Words lie under their key's value, not under the bytes that it is written in."""
    kernels = Ahead()
    for count in range(20):
        key = key_of(kernels, count)
        bits(kernels, key.astype(">u4"), (5,))


def test_threads_draw_what_their_keys_give():
    kernels, wrong = Ahead(), []

    def draw(seed):
        base = threefry.key(seed % 2)
        for count in range(300):
            try:
                bits(kernels, key_of(kernels, count, base), (3,))
            except AssertionError as error:
                wrong.append(error)

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_training_with_dropout_draws_most_masks_together(alone):
    """And its steps see the masks that single calls of the generator give."""
    numpy = pf.use_backend("numpy")
    with numpy:
        generator = pf.random.SeedGenerator(4)
        step = pf.function(lambda x: x * pf.random.keep_mask((4, 5), 0.5, seed=generator).astype("float32"))
        found = [step(pf.ones((4, 5))).numpy() for _ in range(40)]
    assert len(alone) <= 4
    for count, each in enumerate(found):
        np.testing.assert_array_equal(each, threefry.keep_mask(threefry.fold_in(threefry.key(4), count), (4, 5), 0.5))
