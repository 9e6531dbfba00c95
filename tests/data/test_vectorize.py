"""Functions run on blocks: the same elements as the function called for each, and blocks where they should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import tensor, tree, use_backend
from polyflow.backend import discovery
from polyflow.data import Dataset, TensorSpec, vectorize
from polyflow.data.feed import host_batches

from .oracle import same


def called(function):
    """The same function with an effect, so that it is called for each element."""
    calls = []

    def effective(*element):
        calls.append(element)
        return function(*element)

    effective.calls = calls
    return effective


def in_blocks(dataset):
    """Whether the topmost function runs on blocks."""
    made = dataset._node.vectorized._made
    return bool(made) and all(one is not None for one in made.values())


def elements(dataset):
    return list(dataset.as_numpy_iterator())


def close(found, expected):
    """Equal in structure, shape and dtype; in values up to what sums of floats may differ by."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        for x, y in zip(tree.flatten(a)[0], tree.flatten(b)[0], strict=True):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)


X = np.random.default_rng(0).normal(size=(70, 3, 4)).astype(np.float32)
Y = np.arange(70, dtype=np.int64) % 7
ROWS = Dataset.from_tensor_slices((X, Y))


# Random functions -------------------------------------------------------------------------------------------------

UNARY = [
    pf.exp, pf.tanh, pf.sin, pf.sqrt, pf.abs, pf.log1p, pf.square, pf.negative, pf.sign, pf.floor, pf.sigmoid, pf.isnan,
    pf.nn.gelu, pf.nn.relu6, pf.nn.softplus, pf.round, pf.expm1, pf.rsqrt,
]  # fmt: skip
BINARY = [pf.add, pf.subtract, pf.multiply, pf.divide, pf.maximum, pf.minimum, pf.greater, pf.atan2, pf.hypot]


def reversed_rows(x):
    """Of one row read backwards, NumPy's functions have other last digits than of many: these are not run on blocks."""
    return x[..., ::-1] if x.shape else x


MOVES = [
    reversed_rows,
    lambda x: pf.transpose(x),
    lambda x: pf.reshape(x, (-1,)),
    lambda x: x[0] if x.shape else x[None],
    lambda x: pf.expand_dims(x, -1),
    lambda x: pf.concat([x, x], axis=0) if x.shape else x,
    lambda x: pf.clip(pf.cast(x, "float32"), -0.5, 0.5),
    lambda x: pf.cast(x, "int32") ** 2,
    lambda x: pf.cast(x, "float32") ** 2.0,
    lambda x: pf.where(x > 0, x, 0),
    lambda x: pf.cast(x, "float16"),
    lambda x: 1 - x,
    lambda x: x + 0.1,
    lambda x: x / 3,
    lambda x: x % 2,
]
ARITHMETIC = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(UNARY)),
        st.tuples(st.sampled_from(BINARY), st.booleans()),
        st.tuples(st.sampled_from(MOVES)),
    ),
    min_size=1,
    max_size=6,
)


def build(steps):
    """A function of two tensors made of steps, pure for all that its code tells."""
    steps = tuple((step[0], step[1] if len(step) > 1 else None) for step in steps)

    def function(x, y):
        z, other = x, pf.cast(y[0] if y.shape else y, "float32")
        for op, swap in steps:
            if swap is None:
                z = op(z)
            else:
                z = op(other, z) if swap else op(z, other)
        return z, y, x

    return function


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ARITHMETIC, st.sampled_from(["map", "batch.map", "map.batch", "map.shuffle.batch"]), st.integers(1, 40))
def test_arithmetic_keeps_every_bit(steps, chain, size):
    """Random functions of elementwise ops and moves, before and after batch, bit for bit."""

    def run(function):
        dataset = ROWS
        for name in chain.split("."):
            if name == "map":
                dataset = mapped = dataset.map(function)
            else:
                dataset = dataset.batch(size) if name == "batch" else dataset.shuffle(50, seed=1)
        return mapped, elements(dataset)

    mapped, found = run(build(steps))
    effective = called(build(steps))
    _, expected = run(effective)
    assert len(effective.calls) == (len(expected) if chain == "batch.map" else len(ROWS))
    backwards = any(step[0] is reversed_rows for step in steps)
    assert in_blocks(mapped) or backwards or (chain == "batch.map" and 2 * size > len(ROWS))  # one batch of its size
    same(found, expected)


REDUCTIONS = {
    "normalizing": lambda x, y: ((x - x.mean()) / (x.std() + 1e-3), y),
    "sums": lambda x, y: (x.sum(), x.sum(0), x.sum((0, 1)), x.mean(-1, keepdims=True)),
    "softmax": lambda x, y: pf.nn.softmax(x),
    "logsumexp": lambda x, y: pf.reduce_logsumexp(x, 0),
    "products": lambda x, y: (x @ pf.transpose(x), x @ W, pf.transpose(W) @ x[0], pf.tensordot(x, W, 1)),
    "norm": lambda x, y: x / pf.norm(x),
    "cumsum": lambda x, y: pf.cumsum(x, axis=1),
}
EXACT = {
    "one_hot": lambda x, y: (x, pf.one_hot(y, 7)),
    "scaling": lambda x, y: (x * 2.0 + 1.0, y),
    "extremes": lambda x, y: (x.max(), x.min(0), pf.argmax(x), pf.argmax(x, axis=1)),
    "sorting": lambda x, y: (pf.sort(x), pf.argsort(x, axis=0)),
    "a flip of channels": lambda x, y: (x[..., [2, 1, 0]], x[:, ::-1]),
    "a crop and padding": lambda x, y: (pf.pad(x[1:3, 1:], [(0, 1)] * x.ndim), y),
    "constants": lambda x, y: (x, 1.5, True, np.float64(2), np.ones(2, np.int8), pf.ones(3)),
    "a dict": lambda x, y: {"image": x, "label": (y, None)},
    "a list": lambda x, y: [x, y + 1],
    "only what was captured": lambda x, y: W,
    "random draws from one key": lambda x, y: x + pf.random.normal((4,), key=KEY),
    "buckets": lambda x, y: pf.searchsorted(EDGES, x),
    "integers": lambda x, y: (y // 2, y % 3, y**2, -y, y.sum(), y * y),
    "powers": lambda x, y: (x**2, x**3.0, x**-1, 2.0**3),
}
W = tensor(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))
EDGES = tensor([-1.0, 0.0, 1.0])
KEY = pf.random.key(3)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("batch", [0, 8])
def test_functions_that_keep_every_bit(name, batch):
    """What users write, on single elements and on batches with a smaller one at the end."""
    source = ROWS.batch(batch) if batch else ROWS
    if batch and name in ("one_hot", "random draws from one key"):
        source = source.map(lambda x, y: (x, y))
    mapped = source.map(EXACT[name])
    same(elements(mapped), elements(source.map(called(EXACT[name]))))
    assert in_blocks(mapped)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_functions_that_add_up(name):
    """Sums and products of floats may end in another last digit."""
    mapped = ROWS.map(REDUCTIONS[name])
    close(elements(mapped), elements(ROWS.map(called(REDUCTIONS[name]))))
    assert in_blocks(mapped)


def test_sums_stay_inside_their_bound():
    """4 eps times the sum of magnitudes times 1 + log2(n) / 8, for rows of numbers that cancel."""
    x = np.random.default_rng(1).normal(size=(300, 1000)).astype(np.float32)
    x[:, ::2] = -x[:, 1::2] * np.float32(1.0001)
    found = np.array(elements(Dataset.from_tensor_slices(x).map(lambda row: row.sum())))
    exact = x.astype(np.float64).sum(1)
    bound = 4 * np.finfo(np.float32).eps * np.abs(x).sum(1) * (1 + np.log2(1000) / 8)
    assert (np.abs(found - exact) <= bound).all()


# What is not run on blocks ----------------------------------------------------------------------------------------

VARIABLE = pf.Variable(1.0)
GENERATOR = np.random.default_rng(0)
TABLE = tensor(np.arange(7.0))

REFUSED = {
    "values asked for": lambda x, y: x if float(x[0, 0]) > 0 else -x,
    "branches on values": lambda x, y: x if x[0, 0] > 0 else -x,
    "NumPy": lambda x, y: np.sin(x.numpy()),
    "a variable": lambda x, y: x + VARIABLE,
    "a draw": lambda x, y: x + GENERATOR.random(),
    "a lookup in a table": lambda x, y: TABLE[y],
    "own exponents": lambda x, y: pf.abs(x) ** pf.cast(y, "float32"),
    "powers of an array": lambda x, y: pf.abs(x) ** EDGES[:1],
    "functions of rows read backwards": lambda x, y: pf.tan(x[0, ::-1]),
    "a list of tensors inside": lambda x, y: (x, [y, y]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_functions_that_are_called_for_each_element(name):
    """The results are those of the function itself."""
    state = GENERATOR.bit_generator.state
    mapped = ROWS.map(REFUSED[name])
    found = elements(mapped)
    GENERATOR.bit_generator.state = state
    same(found, elements(ROWS.map(called(REFUSED[name]))))
    assert not in_blocks(mapped)


def test_polyflows_own_draws_differ_between_elements():
    """A draw without a key reads the global generator, which gives each element numbers of its own."""
    pf.random.set_seed(1)
    mapped = ROWS.map(lambda x, y: pf.random.uniform((2,)))
    first = elements(mapped)
    assert not in_blocks(mapped)
    assert len({row.tobytes() for row in first}) == len(first)
    pf.random.set_seed(1)
    same(elements(mapped), first)


def test_results_that_differ_between_shapes():
    """Another structure for the smaller last batch is refused as for a function that is called."""
    for wrap in (lambda f: f, called):
        with pytest.raises(TypeError, match=r"has the structure \(\*, \*\); expected \*"):
            elements(ROWS.batch(32).map(wrap(lambda x, y: x if x.shape[0] == 32 else (x, y))))


def test_an_index_outside_says_what_it_says_for_one_element():
    """The shape in the message is the element's."""
    messages = []
    for wrap in (lambda f: f, called):
        with pytest.raises(IndexError) as caught:
            elements(ROWS.map(wrap(lambda x, y: x[[1, 9]])).batch(4))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


# When the function is looked at -----------------------------------------------------------------------------------


def counting(monkeypatch):
    """How often functions are turned into functions of blocks, and how many elements these are given."""
    made, sizes = [], []
    original = vectorize.vectorize

    def vectorized(function, structure, specs):
        found = original(function, structure, specs)
        made.append(specs)
        if found is None:
            return None

        def run(block):
            sizes.append(len(block[0]))
            return found.run(block)

        return vectorize.BlockFunction(run, found.structure, found.specs, found.limit)

    monkeypatch.setattr(vectorize, "vectorize", vectorized)
    return made, sizes


def test_the_function_is_traced_once(monkeypatch):
    """For all iterations; and 1,000 rows take a handful of calls, before and after batch."""
    made, sizes = counting(monkeypatch)
    rows = Dataset.from_tensor_slices(np.arange(1000.0))
    before = rows.map(lambda x: x * 2).shuffle(1000, seed=0).batch(10)
    after = rows.shuffle(1000, seed=0).batch(10).map(lambda x: x * 2)
    for dataset, computed in ((before, 3000), (after, 300)):
        for _ in range(3):
            assert len(list(dataset)) == 100
        assert len(made) == 1
        assert len(sizes) <= 6
        assert sum(sizes) == computed
        made.clear(), sizes.clear()


def test_blocks_stay_small(monkeypatch):
    """Where results are larger than elements, fewer of them are computed at a time."""
    _, sizes = counting(monkeypatch)
    rows = Dataset.from_tensor_slices(np.arange(5000) % 3)
    encoded = rows.map(lambda y: pf.one_hot(y, 1000))
    for dataset, count in ((encoded, 5000), (encoded.batch(7), 715)):
        sizes.clear()
        assert sum(1 for _ in dataset) == count
        assert max(sizes) <= 70
    sizes.clear()
    list(rows.batch(10).map(lambda y: pf.one_hot(y, 1000)))
    assert max(sizes) <= 7


@pytest.mark.parametrize("kept", [False, True])
def test_a_cache_after_blocks(monkeypatch, kept):
    """Each is computed once: over iterations broken off, in another order, and where their number is not known."""
    _, sizes = counting(monkeypatch)
    monkeypatch.setattr("polyflow.data.rows.SIZE", 1 << 13)
    rows = Dataset.from_tensor_slices(np.arange(40_000.0).reshape(10_000, 4))
    if kept:
        rows = rows.filter(lambda x: x[0] % 8 == 0)
    count = 5_000 if kept else 10_000
    expected = np.arange(40_000.0).reshape(10_000, 4)[:: 2 if kept else 1] + 1
    cached = rows.map(lambda x: x + 1).cache()
    sizes.clear()
    iterator = iter(cached.batch(10))
    np.testing.assert_array_equal(next(iterator).numpy(), expected[:10])
    assert sum(sizes) < 10_000
    assert len(list(cached.shuffle(count, seed=0).batch(32))) == -(-count // 32)
    np.testing.assert_array_equal(np.concatenate([x.numpy() for x in iterator]), expected[10:])
    np.testing.assert_array_equal(np.stack(elements(cached)), expected)
    assert sum(sizes) == (count + 10_000 if kept else count)  # the predicate saw all


def test_shapes_that_vary_are_traced_a_few_times(monkeypatch):
    """Ragged elements do not fill the memory with programs; one element of its kind is not worth one."""
    made, _ = counting(monkeypatch)
    ragged = Dataset.from_generator(
        lambda: (np.ones(n % 20) for n in range(60)), output_signature=TensorSpec((None,), "float64")
    )
    found = elements(ragged.map(lambda x: x * 2))
    assert [len(x) for x in found] == [n % 20 for n in range(60)]
    assert not made
    batches = Dataset.zip((ragged,)).map(lambda x: x * 2)
    assert len(elements(batches)) == 60
    assert len(made) <= vectorize.SHAPES


def test_the_smaller_last_batch_is_given_to_the_function_itself(monkeypatch):
    """One batch of its size is not worth tracing for."""
    made, _ = counting(monkeypatch)
    shapes = [x.shape for x in ROWS.batch(32).map(lambda x, y: x + 1)]
    assert shapes == [(32, 3, 4), (32, 3, 4), (6, 3, 4)]
    assert [specs[0].shape for specs in made] == [(32, 3, 4)]


def test_what_the_function_reads_is_read_when_an_iteration_starts():
    """Numbers assigned and arrays changed between two iterations count for the next."""
    scale, shift = 2.0, np.zeros((), np.float32)
    source = Dataset.from_tensor_slices(np.arange(3, dtype=np.float32))
    scaled, shifted = source.map(lambda x: x * scale), source.map(lambda x: x + shift).batch(3)
    assert elements(scaled) == [0, 2, 4]
    assert elements(shifted)[0].tolist() == [0, 1, 2]
    scale = 3.0
    shift += 1
    assert elements(scaled) == [0, 3, 6]
    assert elements(shifted)[0].tolist() == [1, 2, 3]
    scale = [4.0].pop
    assert not scaled._node.vectorized._reads.same()
    with pytest.raises(TypeError):
        elements(scaled)


def test_a_function_defined_over_a_name_that_comes_later():
    """It works as any Python function does."""
    source = Dataset.from_tensor_slices(np.arange(3, dtype=np.float32))
    mapped = source.map(lambda x: x * LATER)  # noqa: F821
    globals()["LATER"] = 2.0
    try:
        assert elements(mapped) == [0, 2, 4]
    finally:
        del globals()["LATER"]


def test_effects_happen_for_each_element():
    """A function that does more than compute is never run once in place of many times."""
    seen = []
    list(ROWS.map(lambda x, y: (seen.append(y), x)[1]).batch(10))
    assert len(seen) == 70
    assert all(isinstance(y, pf.Tensor) for y in seen)


def test_the_spec_comes_from_the_graph():
    """Without calling the function and without computing anything, also below steps of other kinds."""
    dataset = ROWS.map(lambda x, y: {"x": pf.cast(x, "float16")[0], "y": pf.one_hot(y, 7)})
    expected = {"x": TensorSpec((4,), "float16"), "y": TensorSpec((7,), "float32")}
    assert dataset.element_spec == expected
    assert dataset._node.known
    assert "float16" in repr(dataset)
    assert dataset.batch(5).element_spec["x"] == TensorSpec((None, 4), "float16")
    assert dataset.shuffle(5).take(3).cache().element_spec == expected
    batched = ROWS.batch(32).map(lambda x, y: (x.sum(0), x.sum(1), y[:3]))
    specs = (TensorSpec((3, 4)), TensorSpec((None, 4)), TensorSpec((3,), "int64"))
    assert batched.element_spec == specs


# Filter -----------------------------------------------------------------------------------------------------------

PREDICATES = {
    "labels": lambda x, y: y < 3,
    "reductions": lambda x, y: pf.reduce_max(x) > 1.5,
    "nothing": lambda x, y: y > 100,
    "everything": lambda x, y: pf.reduce_all(x < 100),
    "both": lambda x, y: pf.logical_and(y > 2, x[0, 0] > 0),
    "a constant": lambda x, y: True,
}


@pytest.mark.parametrize("name", PREDICATES)
def test_filter_in_blocks(name):
    """The elements that are kept, alone and in chains."""
    chains = [
        lambda source, keep: source.filter(keep),
        lambda source, keep: source.shuffle(70, seed=2).filter(keep).batch(8),
        lambda source, keep: source.filter(keep).shuffle(70, seed=2).batch(8),
        lambda source, keep: source.map(lambda x, y: (x * 2, y)).filter(keep).repeat(2).batch(8),
        lambda source, keep: source.cache().filter(keep).skip(2).take(9),
        lambda source, keep: source.concatenate(source).filter(keep).shard(3, 1),
        lambda source, keep: source.prefetch(2).filter(keep).enumerate(),
        lambda source, keep: Dataset.zip((source, source)).map(lambda a, b: (a[0] + b[0], a[1])).filter(keep),
    ]
    for chain in chains:
        same(elements(chain(ROWS, PREDICATES[name])), elements(chain(ROWS, called(PREDICATES[name]))))
    filtered = ROWS.filter(PREDICATES[name])
    elements(filtered)
    assert in_blocks(filtered)


def test_filter_of_batches():
    """One truth value for a batch."""
    keep = lambda x, y: pf.reduce_sum(y) > 20  # noqa: E731
    filtered = ROWS.batch(8).filter(keep)
    same(elements(filtered), elements(ROWS.batch(8).filter(called(keep))))
    assert in_blocks(filtered)


@pytest.mark.parametrize("predicate", [lambda x, y: y, lambda x, y: x > 0, lambda x, y: (y > 0,), lambda x, y: None])
def test_filter_needs_one_truth_value(predicate):
    """The refusal is the same."""
    with pytest.raises(TypeError, match="Expected one True or False for the element"):
        elements(ROWS.filter(predicate))


# Contexts ---------------------------------------------------------------------------------------------------------


def test_on_another_backend():
    """NumPy computes; the elements are tensors of the backend that is current, and so may be what is captured."""
    with use_backend("jax"):
        shift = tensor([1.0, 2.0, 3.0, 4.0])
        mapped = ROWS.map(lambda x, y: (x * 2.0 + shift, pf.one_hot(y, 7)))
        found = list(mapped.batch(16))
        assert in_blocks(mapped)
        assert {leaf.backend.name for pair in found for leaf in pair} == {"jax"}
        np.testing.assert_array_equal(found[0][0].numpy(), X[:16] * 2 + np.arange(1, 5, dtype=np.float32))
    assert discovery.get("numpy") is next(iter(ROWS.map(lambda x, y: x + 1))).backend


def test_the_backend_may_change_between_iterations():
    """What is captured has to lie on the backend of the iteration, as for a function that is called."""
    shift = tensor(1.0)
    mapped = ROWS.map(lambda x, y: x + shift)
    elements(mapped)
    with use_backend("jax"), pytest.raises(pf.errors.MixedBackendsError):
        elements(mapped)
    same(elements(mapped), [x + 1 for x in X])


def test_in_threads():
    """Blocks are computed in threads too, in order."""
    for source in (ROWS, ROWS.batch(4), ROWS.prefetch(2)):
        for workers in (1, 3):
            mapped = source.map(lambda x, y: (x - 1, y), num_parallel_calls=workers)
            same(elements(mapped), elements(source.map(called(lambda x, y: (x - 1, y)))))


def test_under_a_tape():
    """Nothing of the function is recorded, and its symbols do not meet the tape."""
    with pf.GradientTape() as tape:
        w = pf.tensor([2.0])
        tape.watch(w)
        total = sum((x.sum() * w[0] for x, _ in ROWS.map(lambda x, y: (x * 3, y)).batch(32)), start=pf.tensor(0.0))
    np.testing.assert_allclose(tape.gradient(total, w).numpy(), [X.sum() * 3], rtol=1e-4)


def test_elements_do_not_warn(recwarn):
    """Overflows and invalid values are silent, as everywhere."""
    elements(ROWS.map(lambda x, y: pf.log(x - 100) / 0.0))
    assert not recwarn.list


def test_host_batches_of_a_mapped_dataset():
    """Training reads the same."""
    dataset = ROWS.shuffle(70, seed=3).map(lambda x, y: (x + 1, y)).batch(16)
    found = list(host_batches(dataset, epoch=4))
    expected = list(host_batches(ROWS.shuffle(70, seed=3).batch(16), epoch=4))
    same(found, [(x + 1, y) for x, y in expected])
