"""Keras's draws and TensorFlow's stateless ones."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

random = pf.keras.random


def test_an_integer_seed_repeats_and_a_generator_goes_on():
    generator = random.SeedGenerator(3)
    assert np.array_equal(random.normal((4,), seed=3), random.normal((4,), seed=3))
    assert not np.array_equal(random.normal((4,), seed=generator), random.normal((4,), seed=generator))


def test_ranges_and_dtypes():
    assert random.uniform((100,), 2.0, 3.0, seed=0).numpy().min() >= 2
    drawn = random.randint((100,), 0, 5, seed=0)
    assert drawn.dtype == pf.int32
    assert set(drawn.tolist()) == {0, 1, 2, 3, 4}
    assert abs(random.truncated_normal((1000,), seed=0).numpy()).max() <= 2


def test_dropout():
    found = random.dropout(pf.ones((1000, 2)), 0.25, seed=1).numpy()
    assert set(np.unique(found).tolist()) == {0.0, np.float32(1) / np.float32(0.75)}
    assert abs((found == 0).mean() - 0.25) < 0.05
    rows = random.dropout(pf.ones((100, 3)), 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all()
    with pytest.raises(ValueError, match="from 0 to below 1"):
        random.dropout(pf.ones(2), 1.5)


def test_stateless():
    r = pf.random
    for draw in (r.stateless_normal, r.stateless_uniform, r.stateless_truncated_normal):
        assert np.array_equal(draw((5,), seed=(1, 2)), draw((5,), seed=[1, 2]))
        assert not np.array_equal(draw((5,), seed=(1, 2)), draw((5,), seed=(2, 1)))
        with pytest.raises(pf.errors.ShapeError, match="two integers"):
            draw((5,), seed=3)
    whole = r.stateless_uniform((50,), (0, 1), 0, 10, pf.int32).numpy()
    assert whole.dtype == np.int32
    assert 0 <= whole.min() <= whole.max() < 10
    with pytest.raises(ValueError, match="maxval"):
        r.stateless_uniform((2,), (0, 1), dtype=pf.int32)


def test_means_in_a_list_and_integers_of_a_generator():
    found = pf.random.normal((500, 2), mean=[0.0, 100.0], stddev=[1.0, 0.0], seed=0).numpy()
    assert (found[:, 1] == 100).all()
    assert found[:, 0].std() > 0.5
    drawn = pf.random.Generator.from_seed(1).uniform((50,), maxval=4, dtype=pf.int32)
    assert drawn.dtype == pf.int32
    assert set(drawn.tolist()) == {0, 1, 2, 3}
