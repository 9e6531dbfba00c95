"""Generators: explicit ones, the global one, and both inside traced functions and threads."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import polyflow as pf
from polyflow import threefry
from polyflow.flow.trace import trace

R = pf.random


def test_a_seed_generator_folds_a_counter_into_its_key(backend):
    generator = R.SeedGenerator(2**35 + 1)
    for number in range(4):
        key = generator.next_key()
        assert key.backend is backend
        assert np.array_equal(key.numpy(), threefry.fold_in(threefry.key(2**35 + 1), number))
    assert np.array_equal(generator.next().numpy(), threefry.fold_in(threefry.key(2**35 + 1), 4))
    assert generator.state.tolist() == [8, 1, 5]
    assert not generator.state.trainable


def test_traced_functions_draw_the_keys_of_eager_ones(backend):
    """The state is read and written by the graph: each run, and an eager draw, goes on where the last ended."""
    traced_generator, eager_generator = R.SeedGenerator(11), R.SeedGenerator(11)

    def draw(generator):
        return R.uniform((3,), seed=generator), R.keep_mask((8,), 0.5, seed=generator)

    step = pf.function(lambda: draw(traced_generator))
    eager = [draw(eager_generator) for _ in range(3)]
    for found, expected in zip([step(), step(), draw(traced_generator)], eager, strict=True):
        for one, other in zip(found, expected, strict=True):
            assert np.array_equal(one.numpy(), other.numpy())
    assert traced_generator.state.tolist() == eager_generator.state.tolist() == [0, 11, 6]
    program = trace(lambda: draw(traced_generator), backend=backend)
    assert program.reads == program.writes == [traced_generator.state]


def test_traced_functions_may_draw_from_the_global_generator(backend):
    step = pf.function(lambda: R.normal((4,)) + R.uniform((4,)))
    R.set_seed(3)
    traced = [step().numpy() for _ in range(3)]
    R.set_seed(3)
    eager = [(R.normal((4,)) + R.uniform((4,))).numpy() for _ in range(3)]
    np.testing.assert_allclose(traced, eager, rtol=1e-6)
    assert len({row.tobytes() for row in traced}) == 3
    R.set_seed(3)
    assert np.array_equal(step().numpy(), traced[0])


def test_the_global_seed_decides_everything(backend):
    def draw():
        return [
            R.uniform((3,)).tolist(),
            R.host_key().tolist(),
            R.SeedGenerator().next_key().tolist(),
            R.randint((2,), 0, 9).tolist(),
        ]

    R.set_seed(5)
    first, later = draw(), draw()
    R.set_seed(5)
    assert draw() == first
    assert later[0] != first[0]
    R.set_seed(6)
    assert draw()[0] != first[0]


def test_every_backend_s_global_generator_starts_alike():
    drawn = []
    for name in ("numpy", "jax"):
        R.set_seed(0)
        with pf.use_backend(name):
            drawn.append([R.uniform((5,)).tolist(), R.permutation(5).tolist()])
    assert drawn[0] == drawn[1]


def test_host_keys_count_and_never_meet_the_keys_of_draws():
    R.set_seed(9)
    assert [R.host_key().tolist() for _ in range(3)] == [
        threefry.fold_in(threefry.key(9), number).tolist() for number in range(3)
    ]
    base = threefry.split(threefry.key(9), 1)[0]
    expected = R.uniform((3,), key=threefry.fold_in(base, 0))
    assert np.array_equal(R.uniform((3,)).numpy(), expected.numpy())


def test_threads_share_the_host_keys_without_repeating_one():
    R.set_seed(1)
    alone = {tuple(R.host_key()) for _ in range(400)}
    R.set_seed(1)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: tuple(R.host_key()), range(400)))
    assert len(set(together)) == 400
    assert set(together) == alone


def test_threads_share_a_generator_without_repeating_a_key():
    generator = R.SeedGenerator(1)
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: tuple(generator.next_key().tolist()), range(200)))
    assert len(set(keys)) == 200
    assert generator.state.tolist()[2] == 200


def test_generators_of_their_own_make_threads_repeatable():
    def work(seed):
        generator = R.SeedGenerator(seed)
        return [R.normal((3,), seed=generator).tolist() for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [work(seed) for seed in range(16)]


def test_the_state_can_be_kept_and_restored(backend):
    R.set_seed(4)
    R.uniform((2,))
    R.host_key()
    kept = R.get_state()
    expected = [R.uniform((2,)).tolist(), R.host_key().tolist()]
    R.set_seed(77)
    R.set_state(kept)
    assert [R.uniform((2,)).tolist(), R.host_key().tolist()] == expected


@pytest.mark.parametrize(
    ("given", "words"), [("7", "same"), (" 7 ", "same"), ("", "other"), ("-1", "refused"), ("x", "refused")]
)
def test_a_seed_from_outside(given, words):
    """POLYFLOW_SEED does for a program that sets no seed what set_seed at its beginning would."""
    code = """if True:
        try:
            import polyflow.random as R
            drawn = R.uniform((3,)).numpy()
        except Exception as error:
            print(type(error).__name__, error)
        else:
            R.set_seed(7)
            print("same" if (drawn == R.uniform((3,)).numpy()).all() else "other")
    """
    variables = {**os.environ, "POLYFLOW_SEED": given}
    said = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("ConfigError POLYFLOW_SEED is " if words == "refused" else words)


def test_without_a_seed_each_process_draws_other_numbers():
    code = "import polyflow.random as r; print(r.host_key().tolist())"
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 2
    R.set_seed(None)
    first = R.host_key()
    R.set_seed(None)
    assert not np.array_equal(R.host_key(), first)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "a"])
def test_what_is_no_seed_is_refused(seed):
    for take in (R.set_seed, R.SeedGenerator, R.key, lambda s: R.uniform((2,), seed=s)):
        with pytest.raises((ValueError, TypeError), match="a seed is an integer from 0 to"):
            take(seed)


def test_generators_are_copied_and_described():
    generator = R.SeedGenerator(3, "mine")
    generator.next_key()
    again = R.SeedGenerator.from_config(generator.get_config())
    assert again.get_config() == {"seed": 3, "name": "mine"}
    assert again.state.tolist() == [0, 3, 0]
    for twin in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert twin.next_key().tolist() == threefry.fold_in(threefry.key(3), 1).tolist()
    assert generator.state.tolist() == [0, 3, 1]


def test_tensorflow_s_generator_draws_as_the_functions_do(backend):
    generator, other = R.Generator.from_seed(5), R.SeedGenerator(5)
    assert np.array_equal(generator.normal((2, 2)).numpy(), R.normal((2, 2), seed=other).numpy())
    assert np.array_equal(generator.uniform([3], 1, 2).numpy(), R.uniform([3], 1, 2, seed=other).numpy())
    drawn = generator.truncated_normal((3,), 1.0, 2.0)
    assert np.array_equal(drawn.numpy(), R.truncated_normal((3,), 1.0, 2.0, seed=other).numpy())
    assert R.Generator.from_non_deterministic_state().uniform(()).shape == ()


def test_a_generator_made_while_tracing_is_no_part_of_the_graph(backend):
    """A layer may be built during the first, traced call: its generator starts there and lives on."""
    made = []

    def step():
        if not made:
            made.append(R.SeedGenerator(8))
        return R.uniform((2,), seed=made[0])

    run = pf.function(step)
    drawn = [run().tolist(), run().tolist()]
    again = R.SeedGenerator(8)
    assert drawn == [R.uniform((2,), seed=again).tolist() for _ in range(2)]


def test_gradients_of_functions_that_draw(backend):
    """Under a tape the generator goes on once per call, and the draw is a constant."""
    generator = R.SeedGenerator(2)
    x = pf.Variable([1.0, 2.0, 3.0])
    with pf.GradientTape() as tape:
        y = (x * R.keep_mask((3,), 0.5, seed=generator).astype("float32")).sum()
    slope = tape.gradient(y, x)
    assert np.array_equal(slope.numpy(), R.keep_mask((3,), 0.5, seed=R.SeedGenerator(2)).numpy())
    assert generator.state.tolist() == [0, 2, 1]
