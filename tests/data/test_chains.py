"""Random chains of steps: the blocks of the engine against lists of elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyflow import threefry
from polyflow.data import Dataset

from .oracle import Naive, same, tree


def first(element: Any) -> Any:
    while isinstance(element, (tuple, dict)):
        element = next(iter(element.values())) if isinstance(element, dict) else element[0]
    return element


def doubled(*element: Any) -> Any:
    return tree(lambda leaf: leaf + leaf, element if len(element) > 1 else element[0])


def even(*element: Any) -> bool:
    return int(np.asarray(first(element)).sum()) % 2 == 0


def doubled_in_blocks(*element: Any) -> Any:
    """The same; its code shows that it only computes, so that it runs on blocks."""
    return twice(element if len(element) > 1 else element[0])


def twice(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(twice(part) for part in value)
    if isinstance(value, dict):
        return {key: twice(part) for key, part in value.items()}
    return value + value


def even_in_blocks(*element: Any) -> Any:
    return leading(element).sum() % 2 == 0


def leading(value: Any) -> Any:
    if isinstance(value, tuple):
        return leading(value[0])
    return leading(next_value(value)) if isinstance(value, dict) else value


def next_value(value: dict) -> Any:
    return list(value.values())[0]  # noqa: RUF015 - next() has an effect


MAPS, FILTERS = (doubled, doubled_in_blocks), (even, even_in_blocks)


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
    st.tuples(st.just("map"), st.sampled_from([None, 2]), st.sampled_from(MAPS)),
    st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
    st.tuples(st.just("prefetch"), st.integers(0, 3)),
    st.tuples(st.just("concatenate"), st.integers(0, 8), st.sampled_from((None, *MAPS)), st.integers(0, 3)),
    st.tuples(st.just("zip"), st.integers(0, 12), st.sampled_from((None, *MAPS))),
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
            dataset, naive = dataset.map(args[1], num_parallel_calls=args[0]), naive.map(doubled)
        elif name == "filter":
            dataset, naive = dataset.filter(args[0]), naive.filter(even)
        elif name == "concatenate" and not changed:
            m, computed, size = args
            other, other_naive = source(kind, m, 100)
            if computed:
                other, other_naive = other.map(computed), other_naive.map(doubled)
            if size:
                other, other_naive = other.shuffle(size, seed=9), other_naive.shuffle(size, threefry.key(9))
            dataset, naive = dataset.concatenate(other), naive.concatenate(other_naive)
        elif name == "zip" and not ragged:
            other, other_naive = source("one", args[0], 50)
            if args[1]:
                other, other_naive = other.map(args[1]), other_naive.map(doubled)
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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["one", "pair", "dict"]), st.integers(0, 25), st.lists(STEPS, max_size=6), st.booleans())
def test_functions_of_blocks_are_functions_of_elements(kind, n, steps, last):
    """Chains that end in a function that runs on blocks."""
    end = ("map", None, doubled_in_blocks) if last else ("filter", even_in_blocks)
    compare(*build(kind, n, [*steps, end]))


def test_the_functions_do_run_on_blocks():
    """Those of these tests that are meant to."""
    for kind in ("one", "pair", "dict"):
        for mapped in (source(kind, 9, 0)[0].map(doubled_in_blocks), source(kind, 9, 0)[0].filter(even_in_blocks)):
            list(mapped)
            assert all(mapped._node.vectorized._made.values())
            assert mapped._node.vectorized._made
