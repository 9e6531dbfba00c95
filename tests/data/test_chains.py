"""Random chains of steps: the blocks of the engine against lists of elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyflow import threefry
from polyflow.data import Dataset, mapping
from polyflow.data.vectorize import BlockFunction

from .oracle import Naive, same, tree


def first(element: Any) -> Any:
    while isinstance(element, (tuple, dict)):
        element = next(iter(element.values())) if isinstance(element, dict) else element[0]
    return element


def doubled(*element: Any) -> Any:
    return tree(lambda leaf: leaf + leaf, element if len(element) > 1 else element[0])


def even(*element: Any) -> bool:
    return int(np.asarray(first(element)).sum()) % 2 == 0


def source(kind: str, n: int, offset: int) -> tuple[Dataset, Naive]:
    index = np.arange(offset, offset + n)
    arrays: Any = {
        "one": index,
        "pair": (np.stack([index, -index], 1).astype(np.float32), index.astype(np.int32)),
        "dict": {"y": index.astype(np.uint16), "x": (np.zeros((n, 2, 2)) + index[:, None, None], index % 2 == 0)},
    }[kind]
    if kind == "dict":
        arrays["x"] = (arrays["x"][0], arrays["x"][1].astype(np.float16))
    return Dataset.from_tensor_slices(arrays), Naive.slices(arrays)


STEPS = st.one_of(
    st.tuples(st.just("batch"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("unbatch")),
    st.tuples(st.just("shuffle"), st.integers(1, 40), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("repeat"), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(-1, 12)),
    st.tuples(st.just("skip"), st.integers(0, 6)),
    st.tuples(st.just("shard"), st.integers(1, 3), st.integers(0, 2)),
    st.tuples(st.just("enumerate"), st.integers(-2, 2)),
    st.tuples(st.just("cache")),
    st.tuples(st.just("map"), st.sampled_from([None, 2])),
    st.tuples(st.just("filter")),
    st.tuples(st.just("prefetch"), st.integers(0, 3)),
    st.tuples(st.just("concatenate"), st.integers(0, 8), st.booleans(), st.integers(0, 3)),
    st.tuples(st.just("zip"), st.integers(0, 12), st.booleans()),
)


def build(kind: str, n: int, steps: list[tuple]) -> tuple[Dataset, Naive]:
    """The dataset and its oracle; steps that make no sense where they stand are left out."""
    dataset, naive = source(kind, n, 0)
    ragged: list[bool] = []  # for each level of batches, whether the last one may be smaller: these do not stack
    changed = False
    for name, *args in steps:
        if name == "batch" and not any(ragged):
            dataset, naive = dataset.batch(*args), naive.batch(*args)
            ragged.append(not args[1])
            changed = True
        elif name == "unbatch" and ragged:
            dataset, naive = dataset.unbatch(), naive.unbatch()
            ragged.pop()
        elif name == "shuffle":
            size, seed, reshuffle = args
            dataset = dataset.shuffle(size, seed=seed, reshuffle_each_iteration=reshuffle)
            naive = naive.shuffle(size, threefry.key(seed), reshuffle)
        elif name == "shard" and args[1] < args[0]:
            dataset, naive = dataset.shard(*args), naive.shard(*args)
        elif name == "enumerate" and not ragged:
            dataset, naive = dataset.enumerate(*args), naive.enumerate(*args)
            changed = True
        elif name in ("repeat", "take", "skip", "cache"):
            dataset, naive = getattr(dataset, name)(*args), getattr(naive, name)(*args)
        elif name == "prefetch":
            dataset = dataset.prefetch(*args)
        elif name == "map":
            dataset, naive = dataset.map(doubled, num_parallel_calls=args[0]), naive.map(doubled)
        elif name == "filter":
            dataset, naive = dataset.filter(even), naive.filter(even)
        elif name == "concatenate" and not changed:
            m, computed, size = args
            other, other_naive = source(kind, m, 100)
            if computed:
                other, other_naive = other.map(doubled), other_naive.map(doubled)
            if size:
                other, other_naive = other.shuffle(size, seed=9), other_naive.shuffle(size, threefry.key(9))
            dataset, naive = dataset.concatenate(other), naive.concatenate(other_naive)
        elif name == "zip" and not ragged:
            other, other_naive = source("one", args[0], 50)
            if args[1]:
                other, other_naive = other.map(doubled), other_naive.map(doubled)
            dataset, naive = Dataset.zip((dataset, other)), naive.zip(other_naive)
            changed = True
    return dataset, naive


def compare(dataset: Dataset, naive: Naive, passes: int = 2) -> None:
    for number in range(passes):
        expected = naive.passes(number)
        same(list(dataset.as_numpy_iterator()), expected)
        if dataset.cardinality().item() >= 0:
            assert len(dataset) == len(expected)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["one", "pair", "dict"]), st.integers(0, 25), st.lists(STEPS, max_size=7))
def test_a_chain_yields_what_the_plain_lists_yield(kind, n, steps):
    """Every element, bit for bit and in order, over two passes."""
    compare(*build(kind, n, steps))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["one", "pair", "dict"]), st.integers(0, 25), st.lists(STEPS, max_size=5))
def test_the_spec_describes_every_element(kind, n, steps):
    """element_spec has the elements' structure, dtypes and shapes, and looking at it changes nothing."""
    dataset, naive = build(kind, n, steps)
    spec = dataset.element_spec
    elements = list(dataset.as_numpy_iterator())
    same(elements, naive.passes(0))
    for element in elements:

        def check(spec, leaf):
            assert spec.dtype == leaf.dtype
            assert spec.accepts(np.shape(leaf))

        tree(check, spec, element)


def in_blocks(function, structure, specs):
    """What a tracer will find: `doubled` is elementwise, so that it may run on columns of many elements."""
    if function is not doubled:
        return None
    return BlockFunction(lambda block: [np.asarray(c) + np.asarray(c) for c in block], structure, specs)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["one", "pair", "dict"]), st.integers(0, 25), st.lists(STEPS, max_size=6))
def test_functions_of_blocks_are_functions_of_elements(kind, n, steps):
    """A map that is given a function of blocks yields what it yields element by element."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "vectorize", in_blocks)
        compare(*build(kind, n, [*steps, ("map", None)]))


def test_a_function_of_blocks_is_called_with_blocks(monkeypatch):
    """Shuffled and batched, 1,000 rows take a handful of calls."""
    sizes = []

    def counting(function, structure, specs):
        return BlockFunction(lambda block: sizes.append(len(block[0])) or block, structure, specs)

    monkeypatch.setattr(mapping, "vectorize", counting)
    dataset = Dataset.from_tensor_slices(np.arange(1000.0)).map(lambda x: x).shuffle(1000, seed=0).batch(10)
    assert len(list(dataset)) == 100
    assert sum(sizes) == 1000
    assert len(sizes) <= 4
