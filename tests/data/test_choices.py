"""unique, scan, choose_from_datasets, random and sample_from_datasets, next to what Python's own loops give."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from polyflow import threefry
from polyflow.data import INFINITE_CARDINALITY, Dataset, TensorSpec
from polyflow.errors import DTypeError
from polyflow.random import set_seed

N = Dataset.range


def of(rows):
    return Dataset.from_tensor_slices(np.asarray(rows))


def listed(dataset):
    return [element.tolist() for element in dataset]


def test_unique_keeps_the_first_of_equal_elements():
    draws = np.random.default_rng(0).integers(0, 20, 100)
    dataset = of(draws).unique()
    assert listed(dataset) == listed(dataset) == list(dict.fromkeys(draws.tolist()))
    assert listed(of([0.0, -0.0, 1.0, 1.0]).unique()) == [0, 1]
    assert len(listed(of([np.nan, np.nan]).unique())) == 1
    assert listed(of([[1, 2], [2, 1], [1, 2]]).unique()) == [[1, 2], [2, 1]]
    assert len(list(Dataset.from_tensor_slices(([1, 1, 2], [1, 1, 1])).unique())) == 2
    assert listed(N(3).repeat(2).unique().repeat(2)) == [0, 1, 2, 0, 1, 2]
    assert dataset.element_spec == TensorSpec((), "int64")
    with pytest.raises(TypeError, match="unique.. got elements that are datasets"):
        list(N(3).window(2).unique())


def test_scan_hands_a_state_on():
    sums = N(6).scan(np.int64(0), lambda state, x: (state + x, state + x))
    assert listed(sums) == list(itertools.accumulate(range(6)))
    assert listed(sums.batch(2)) == [[0, 1], [3, 6], [10, 15]]
    assert sums.element_spec == TensorSpec((), "int64")
    pairs = Dataset.zip(N(3), N(3)).scan(
        {"n": 0, "last": np.float32(0)}, lambda s, e: ({"n": s["n"] + 1, "last": 1}, (s["n"], e[1], s["last"]))
    )
    assert [tuple(map(float, element)) for element in pairs] == [(0, 0, 0), (1, 1, 1), (2, 2, 1)]
    assert len(N(6).scan(0, lambda s, x: (s, x))) == 6


def test_scans_that_are_refused():
    with pytest.raises(TypeError, match="returned a Tensor. Expected a pair"):
        list(N(3).scan(0, lambda s, x: x))
    with pytest.raises(DTypeError, match="has dtype float32; it was int32"):
        list(N(3).scan(0, lambda s, x: (s * 1.5, x)))
    with pytest.raises(TypeError, match="needs a function of an element"):
        N(3).scan(0, 3)


def test_choices_say_whose_element_comes_next():
    parts = [N(0, 3), N(10, 12), N(20, 29)]
    chosen = Dataset.choose_from_datasets(parts, of([2, 0, 0, 1, 2]))
    assert listed(chosen) == listed(chosen) == [20, 0, 1, 10, 21]
    order = N(3).repeat(5)
    assert listed(Dataset.choose_from_datasets(parts, order)) == [0, 10, 20, 1, 11, 21, 2]
    assert listed(Dataset.choose_from_datasets(parts, order, stop_on_empty_dataset=False)) == [
        *(0, 10, 20, 1, 11, 21, 2, 22, 23, 24)
    ]
    assert listed(Dataset.choose_from_datasets(parts[:2], N(2).repeat(), False)) == [0, 10, 1, 11, 2]
    assert listed(Dataset.choose_from_datasets([of([[1], [2]]), of([[3, 4]])], of([0, 1, 0]))) == [[1], [3, 4], [2]]


def test_choices_that_are_refused():
    with pytest.raises(ValueError, match="the choice 2 of 2 datasets. Expected numbers from 0 to 1"):
        list(Dataset.choose_from_datasets([N(3), N(3)], of([0, 2])))
    with pytest.raises(TypeError, match="needs choices that are integers"):
        Dataset.choose_from_datasets([N(3)], of([0.0]))
    with pytest.raises(TypeError, match="got a list. Expected datasets"):
        Dataset.choose_from_datasets([N(3)], [0, 1])
    with pytest.raises(DTypeError, match="different dtypes"):
        Dataset.choose_from_datasets([N(3), of([0.5])], N(2))
    with pytest.raises(TypeError, match="different structures"):
        Dataset.choose_from_datasets([N(3), Dataset.zip(N(3), N(3))], N(2))
    with pytest.raises(ValueError, match="got no datasets"):
        Dataset.choose_from_datasets([], N(2))


def test_random_numbers_without_end():
    dataset = Dataset.random(seed=3)
    first = listed(dataset.take(2000))
    assert first == listed(dataset.take(2000)) == listed(Dataset.random(3).take(2000))
    assert first == threefry.words(threefry.fold_in(threefry.key(3), 0), 2000).tolist()
    assert dataset.cardinality().item() == INFINITE_CARDINALITY
    other = Dataset.random(3, rerandomize_each_iteration=True).take(4)
    assert listed(other) != listed(other)
    twice = listed(other.repeat(2))
    assert twice[:4] != twice[4:]
    set_seed(1)
    drawn = listed(Dataset.random().take(3))
    set_seed(1)
    assert drawn == listed(Dataset.random().take(3))


def test_sampling_follows_the_weights():
    parts = [of([i]).repeat() for i in range(3)]
    found = Counter(listed(Dataset.sample_from_datasets(parts, [0.5, 0.0, 1.5], seed=1).take(4000)))
    assert found[1] == 0
    assert abs(found[0] / 4000 - 0.25) < 0.03
    even = Counter(listed(Dataset.sample_from_datasets(parts, seed=1).take(3000)))
    assert all(abs(count / 3000 - 1 / 3) < 0.04 for count in even.values())


def test_sampling_ends_where_all_are_empty_or_the_first_is():
    parts = [N(0, 3), N(10, 15)]
    mixed = Dataset.sample_from_datasets(parts, seed=2)
    assert listed(mixed) == listed(mixed)
    assert sorted(listed(mixed)) == [0, 1, 2, 10, 11, 12, 13, 14]
    assert [x for x in listed(mixed) if x < 10] == [0, 1, 2]
    assert listed(Dataset.sample_from_datasets(parts, [1, 0])) == [0, 1, 2]
    stopped = listed(Dataset.sample_from_datasets(parts, seed=2, stop_on_empty_dataset=True))
    assert stopped == listed(mixed)[: len(stopped)]
    for weights in ([1.0], [-1, 2], [0, 0]):
        with pytest.raises(ValueError, match=r"sample_from_datasets\(\) got weights .* for 2 datasets"):
            Dataset.sample_from_datasets(parts, weights)
