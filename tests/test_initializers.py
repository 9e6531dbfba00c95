"""Initializers: Keras's names, formulas and configurations; the same values on every backend; their distributions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

import polyflow as pf
from polyflow import initializers, random, threefry
from polyflow.errors import DTypeError, ShapeError, TraceError, UnknownNameError
from polyflow.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)

KEY = threefry.key(31)
SHAPES = [(), (7,), (5, 3), (3, 3, 4, 2), (2, 3, 3, 4, 2), (0, 4)]
DRAWN = [
    RandomUniform(),
    RandomUniform(-1.0, 3.0),
    RandomNormal(),
    RandomNormal(1.0, 2.0),
    TruncatedNormal(),
    TruncatedNormal(-1.0, 0.5),
    GlorotUniform(),
    GlorotNormal(),
    HeUniform(),
    HeNormal(),
    LecunUniform(),
    LecunNormal(),
    VarianceScaling(),
    VarianceScaling(3.0, "fan_out", "uniform"),
    VarianceScaling(0.5, "fan_avg", "untruncated_normal"),
    VarianceScaling(2.0, "fan_in", "normal", input_axes=[0], output_axes=[-1, 1]),
]


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


@pytest.fixture(params=["numpy", "jax"])
def backend(request):
    with pf.use_backend(request.param) as found:
        yield found


# Formulas: those of Keras ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("initializer", DRAWN, ids=str)
@pytest.mark.parametrize("shape", [(5, 3), (3, 3, 4, 2), (7, 2, 3)])
def test_values_follow_from_keras_s_own_limits_and_deviations(initializer, shape, keras, monkeypatch):
    """Keras's initializer is asked what it would draw; drawing that from our words gives our values, bit by bit."""
    asked = []

    class Recorder:
        make_default_seed = staticmethod(lambda: 0)

        def __getattr__(self, name):
            return lambda shape, **arguments: asked.append((name, tuple(shape), arguments))

    from keras.src.initializers import random_initializers as theirs

    monkeypatch.setattr(theirs, "random", Recorder())
    getattr(theirs, type(initializer).__name__)(**initializer.get_config())(shape, dtype="float32")
    ((kind, drawn_shape, arguments),) = asked
    assert drawn_shape == shape
    found = initializer(shape, key=KEY).numpy()
    if kind != "uniform":
        expected = getattr(random, kind)(shape, arguments["mean"], arguments["stddev"], key=KEY).numpy()
    elif arguments["minval"] == -arguments["maxval"] and isinstance(initializer, VarianceScaling):
        unit = random.uniform(shape, key=KEY).numpy()
        expected = (2 * unit - 1) * np.float32(arguments["maxval"])
    else:
        expected = random.uniform(shape, arguments["minval"], arguments["maxval"], key=KEY).numpy()
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_are_keras_s(shape, keras):
    from keras.src.initializers.random_initializers import compute_fans

    assert initializers.compute_fans(shape) == compute_fans(shape)
    axes = {"input_axes": list(range(len(shape))), "output_axes": [-1] if shape else []}
    assert initializers.compute_fans(shape, **axes) == compute_fans(shape, **axes)


@pytest.mark.parametrize("made", [Zeros(), Ones(), Constant(2.5), Identity(3.0)], ids=str)
def test_fixed_values_are_keras_s(made, backend, keras):
    theirs = getattr(keras.initializers, type(made).__name__).from_config(made.get_config())
    for dtype in ("float32", "float16", "int32"):
        found = made((3, 4), dtype)
        assert found.backend is backend
        assert found.dtype == np.dtype(dtype)
        assert np.array_equal(found.numpy(), np.asarray(theirs((3, 4), dtype)).astype(dtype))
    assert made((2, 2)).dtype is pf.float32


def test_every_name_keras_knows_means_the_same_class(keras):
    from keras.src.initializers import ALL_OBJECTS_DICT

    for name, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ in ("STFT", "Initializer"):  # the kernel of a spectrogram layer, and the abstract class
            continue
        assert type(initializers.get(name)).__name__ == cls.__name__, name


@pytest.mark.parametrize("initializer", [*DRAWN, Constant(1.5), Orthogonal(0.5, 7), Zeros()], ids=str)
def test_keras_reads_our_configurations_and_we_read_theirs(initializer, keras):
    config = initializer.get_config()
    theirs = getattr(keras.initializers, type(initializer).__name__).from_config(config)
    assert theirs.get_config() == config
    assert type(initializer).from_config(theirs.get_config()).get_config() == config


# Distributions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "distribution"),
    [
        (RandomUniform(-0.05, 0.05), stats.uniform(-0.05, 0.1)),
        (RandomNormal(0.0, 0.05), stats.norm(0, 0.05)),
        (TruncatedNormal(1.0, 0.5), stats.truncnorm(-2, 2, 1.0, 0.5)),
        (GlorotUniform(), stats.uniform(-math.sqrt(6 / 500), 2 * math.sqrt(6 / 500))),
        (HeUniform(), stats.uniform(-math.sqrt(6 / 300), 2 * math.sqrt(6 / 300))),
        (LecunUniform(), stats.uniform(-math.sqrt(3 / 300), 2 * math.sqrt(3 / 300))),
        (VarianceScaling(1.0, "fan_out", "untruncated_normal"), stats.norm(0, math.sqrt(1 / 200))),
    ],
    ids=lambda one: type(one).__name__,
)
def test_drawn_values_have_their_distribution(made, distribution):
    assert stats.kstest(made((300, 200), key=KEY).numpy().ravel(), distribution.cdf).pvalue > 0.01


@pytest.mark.parametrize(
    ("made", "variance"), [(GlorotNormal(), 2 / 500), (HeNormal(), 2 / 300), (LecunNormal(), 1 / 300)], ids=str
)
def test_truncation_leaves_the_variance_that_the_formula_names(made, variance):
    values = made((300, 200), "float64", key=KEY).numpy()
    assert abs(values.var() / variance - 1) < 0.02
    assert abs(values.mean()) < 4 * math.sqrt(variance / values.size)
    assert np.abs(values).max() < 2 * math.sqrt(variance) / 0.8796


@pytest.mark.parametrize("shape", [(8, 8), (20, 5), (5, 20), (3, 3, 4, 6), (2, 9)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    for dtype, tolerance in (("float32", 1e-6), ("float64", 1e-14)):
        matrix = Orthogonal(2.0)(shape, dtype, key=KEY).numpy().reshape(-1, shape[-1])
        product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        np.testing.assert_allclose(product, 4 * np.eye(min(matrix.shape)), atol=20 * tolerance)


def test_orthogonal_matrices_are_evenly_spread():
    """Rotations and reflections alike: the first column of a 2 x 2 one points anywhere, half have determinant 1."""
    drawn = np.array([Orthogonal()((2, 2), "float64", key=threefry.fold_in(KEY, i)).numpy() for i in range(1500)])
    angles = np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0])
    assert stats.kstest(angles, "uniform", (-math.pi, 2 * math.pi)).pvalue > 0.01
    assert abs((np.linalg.det(drawn) > 0).sum() - 750) < 4 * math.sqrt(375)


# The same everywhere, and from seeds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("initializer", [*DRAWN, Orthogonal()], ids=str)
def test_the_same_values_on_every_backend(initializer):
    for dtype in ("float32", "float64", "bfloat16", "float16"):
        drawn = []
        for name in ("numpy", "jax"):
            with pf.use_backend(name) as where:
                made = initializer((6, 5), dtype, key=KEY)
                assert made.backend is where
                assert made.dtype is pf.dtypes.as_dtype(dtype)
                drawn.append(made.numpy())
        assert np.array_equal(*drawn)
        assert len(np.unique(drawn[0])) > 20


def test_a_seed_gives_the_same_values_in_every_call():
    for cls in (RandomUniform, RandomNormal, TruncatedNormal, GlorotUniform, HeNormal, Orthogonal):
        made = cls(seed=5)
        assert np.array_equal(made((3, 4)).numpy(), made((3, 4)).numpy())
        assert np.array_equal(made((3, 4)).numpy(), cls()((3, 4), key=threefry.key(5)).numpy())
        assert not np.array_equal(made((3, 4)).numpy(), cls(seed=6)((3, 4)).numpy())


def test_without_a_seed_each_call_draws_anew_from_the_global_seed():
    made = GlorotUniform()
    random.set_seed(1)
    first, second = made((3, 4)).numpy(), made((3, 4)).numpy()
    assert not np.array_equal(first, second)
    random.set_seed(1)
    assert np.array_equal(made((3, 4)).numpy(), first)
    random.set_seed(1)
    assert np.array_equal(made((3, 4), key=random.host_key()).numpy(), first)


def test_a_generator_as_seed_gives_new_values_in_every_call(backend):
    made = HeUniform(seed=random.SeedGenerator(4))
    drawn = [made((2, 3)).tolist() for _ in range(3)]
    again = HeUniform(seed=random.SeedGenerator(4))
    assert [again((2, 3)).tolist() for _ in range(3)] == drawn
    assert drawn[0] != drawn[1]
    copied = made.clone()
    assert copied((2, 3)).tolist() == drawn[0]
    json.dumps(made.get_config())


def test_values_are_made_outside_of_the_function_being_traced(backend):
    """A layer that is built in the first call of a traced function gets weights, not symbols."""
    made = {}

    @pf.function
    def step(x):
        if not made:
            for name in ("zeros", "ones", "glorot_uniform", "orthogonal"):
                made[name] = pf.Variable(initializers.get(name)((2, 2)))
            made["seeded"] = pf.Variable(initializers.HeNormal(random.SeedGenerator(1))((2, 2)))
        return x @ made["glorot_uniform"] + made["zeros"]

    x = pf.ones((2, 2))
    np.testing.assert_allclose(step(x).numpy(), np.ones((2, 2)) @ made["glorot_uniform"].numpy(), rtol=1e-6)
    assert made["ones"].numpy().sum() == 4
    assert np.linalg.matrix_rank(made["orthogonal"].numpy()) == 2


def test_a_variable_cannot_start_with_a_value_that_is_being_traced():
    with pytest.raises(TraceError, match="not known yet"):
        pf.function(lambda x: pf.Variable(x) + 1.0)(pf.ones((2,)))


# By name --------------------------------------------------------------------------------------------------------------


def test_get_takes_names_classes_instances_functions_configurations_and_values():
    assert isinstance(initializers.get("glorot_uniform"), GlorotUniform)
    assert isinstance(initializers.get("GlorotUniform"), GlorotUniform)
    assert isinstance(initializers.get(HeNormal), HeNormal)
    made = Constant(3)
    assert initializers.get(made) is made
    assert initializers.get(None) is None
    own = lambda shape, dtype=None: pf.zeros(shape, dtype)  # noqa: E731
    assert initializers.get(own) is own
    again = initializers.get(initializers.serialize(VarianceScaling(0.3, "fan_out", "uniform", 7)))
    assert again.get_config() == VarianceScaling(0.3, "fan_out", "uniform", 7).get_config()
    given = initializers.get(np.arange(4.0).reshape(2, 2))
    assert given((2, 2), "float32").tolist() == [[0.0, 1.0], [2.0, 3.0]]
    with pytest.raises(ShapeError, match=r"of shape \(3,\) cannot start as the given value of shape \(2, 2\)"):
        given((3,))


def test_a_constant_may_be_an_array(backend, keras):
    rows = np.arange(6.0, dtype="float32").reshape(3, 2)
    for value in (rows, rows.tolist(), rows[0], pf.constant(rows)):
        made = Constant(value)
        assert made((3, 2)).backend is backend
        expected = keras.initializers.Constant(np.asarray(value))((3, 2), "float32")
        assert made((3, 2), "float32").tolist() == np.asarray(expected).tolist()
        again = initializers.get(json.loads(json.dumps(initializers.serialize(made))))
        assert again((3, 2)).tolist() == made((3, 2)).tolist()
    layer = pf.keras.layers.Embedding(3, 2, embeddings_initializer=Constant(rows))
    assert layer([2, 0]).tolist() == rows[[2, 0]].tolist()
    with pytest.raises(ShapeError, match=r"of shape \(3, 2\) does not fill a weight of shape \(4, 2\)"):
        Constant(rows)((4, 2))
    with pytest.raises(DTypeError, match="Expected a number"):
        Constant("one")


@pytest.mark.parametrize("identifier", ["glorot_unifrom", "", 5, ["zeros"], {"class_name": "Adam", "config": {}}])
def test_unknown_initializers_name_the_nearest(identifier):
    with pytest.raises(UnknownNameError, match="Unknown initializer") as caught:
        initializers.get(identifier)
    if identifier == "glorot_unifrom":
        assert "Did you mean 'glorot_uniform'" in str(caught.value)


def test_a_class_of_your_own_is_saved_and_found():
    class Spike(initializers.Initializer):
        """A weight that is 0 but for one element."""

        def __init__(self, at: int) -> None:
            self.at = at

        def __call__(self, shape, dtype=None):
            return pf.one_hot(self.at, shape[0], dtype=dtype or "float32")

        def get_config(self):
            return {"at": self.at}

    config = json.loads(json.dumps(initializers.serialize(Spike(2))))
    assert initializers.deserialize(config, {"Spike": Spike})((4,)).tolist() == [0.0, 0.0, 1.0, 0.0]
    with pytest.raises(UnknownNameError):
        initializers.deserialize(config)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: VarianceScaling(0.0), ValueError, "a number above 0; got scale=0.0"),
        (lambda: VarianceScaling(mode="fan"), UnknownNameError, "Unknown mode 'fan'"),
        (lambda: VarianceScaling(distribution="unform"), UnknownNameError, "Did you mean 'uniform'"),
        (lambda: HeNormal(seed=-1), ValueError, "a seed is an integer from 0"),
        (lambda: HeNormal(seed="1"), TypeError, "a seed is an integer from 0"),
        (lambda: Identity()((2,)), ShapeError, r"Identity makes matrices; got shape \(2,\)"),
        (lambda: Orthogonal()((2,)), ShapeError, r"2 axes or more; got shape \(2,\)"),
        (lambda: HeNormal()((2, 2), "int32"), DTypeError, "int32"),
        (lambda: initializers.Initializer()((2,)), NotImplementedError, "define __call__"),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
