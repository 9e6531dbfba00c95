"""Sequential: how it is put together, built, described and copied."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError, UnknownNameError

L = pf.keras.layers


def test_it_is_built_as_soon_as_the_input_is_known():
    model = pf.Sequential([L.Dense(3, input_dim=2), L.Dense(1)])
    assert [v.shape for v in model.weights] == [(2, 3), (3,), (3, 1), (1,)]
    assert [v.path.rpartition("/")[2] for v in model.weights] == ["kernel", "bias", "kernel", "bias"]
    assert len({v.path for v in model.weights}) == 4
    assert model.input_shape == (None, 2)
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize("first", [{"input_dim": 2}, {"input_shape": (2,)}, {"input_shape": [2]}])
def test_every_way_to_say_the_input(first):
    assert pf.Sequential([L.Dense(3, **first)]).count_params() == 9


def test_unbuilt_until_it_sees_data():
    model = pf.Sequential([L.Dense(3), L.Dense(1)])
    assert model.weights == []
    assert model(np.zeros((4, 5))).shape == (4, 1)
    assert model.count_params() == 5 * 3 + 3 + 4


def test_add_and_pop():
    model = pf.Sequential()
    model.add(pf.keras.Input((4,)))
    model.add(L.Dense(3))
    model.add(L.Dense(2))
    assert model.output_shape == (None, 2)
    assert model.pop().units == 2
    assert model.output_shape == (None, 3)
    assert model.predict(np.zeros((2, 4)), verbose=0).shape == (2, 3)
    model.add(L.Dense(5))
    assert model.predict(np.zeros((2, 4)), verbose=0).shape == (2, 5)


def test_what_cannot_be_added():
    model = pf.Sequential([L.Dense(1, name="one")])
    with pytest.raises(TypeError, match=r"write Dense\(\.\.\.\)"):
        model.add(L.Dense)
    with pytest.raises(TypeError, match="takes layers"):
        model.add("dense")
    with pytest.raises(ValueError, match="'one' is in the model"):
        model.add(L.Dense(2, name="one"))


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_units_are_positive_integers(units):
    with pytest.raises(ValueError, match="Dense needs an integer of 1 or more; got units="):
        L.Dense(units)


def test_one_feature_may_come_without_its_axis():
    model = pf.Sequential([L.Dense(1, input_shape=[1])])
    x = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x[:, None], verbose=0))


def test_the_batch_that_builds_a_model_says_nothing_of_later_ones():
    model = pf.Sequential([L.Dense(2), pf.Sequential([L.Dense(3)])])
    model(np.zeros((5, 4)))
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 3))
    assert [layer.output_shape for layer in model.layers] == [(None, 2), (None, 3)]


def test_wrong_inputs_name_both_shapes():
    model = pf.Sequential([L.Dense(1, input_shape=(3,))])
    with pytest.raises(ShapeError, match=r"expects inputs of shape \(None, 3\).*got shape \(2, 4\)"):
        model(np.zeros((2, 4)))
    with pytest.raises(ShapeError, match=r"got shape \(2, 3, 3\)"):
        model(np.zeros((2, 3, 3)))


def test_config_round_trip():
    model = pf.Sequential(
        [
            pf.keras.Input((4, 2)),
            L.Flatten(),
            L.Rescaling(0.5, offset=1.0),
            L.Dense(6, activation="gelu", kernel_initializer="he_normal"),
            L.BatchNormalization(momentum=0.9),
            L.LayerNormalization(epsilon=1e-5),
            L.Dropout(0.25, seed=3),
            L.Reshape((3, -1)),
            L.ReLU(max_value=6.0),
            L.Permute((2, 1)),
            L.PReLU("ones", shared_axes=[1]),
            L.LeakyReLU(0.1),
            L.GaussianNoise(0.5, seed=2),
            L.GlobalMaxPooling1D(),
            L.ELU(2.0),
            L.RepeatVector(3),
            L.GlobalAveragePooling1D(keepdims=True),
            L.Normalization(mean=0.5, variance=[2.0, 3.0, 4.0][:1]),
            L.Lambda(pf.square),
            L.Identity(),
            L.Activation("softmax"),
        ],
        name="all_of_them",
    )
    copy = pf.Sequential.from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    copy.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(5, 4, 2))
    np.testing.assert_array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))


def test_an_unknown_layer_in_a_config():
    with pytest.raises(UnknownNameError, match="Dense"):
        pf.Sequential.from_config({"layers": [{"class_name": "Dens", "config": {}}]})


def test_set_weights_checks_all_before_it_changes_any():
    model = pf.Sequential([L.Dense(2, input_dim=2)])
    before = model.get_weights()
    with pytest.raises(ShapeError, match="has 2 weights"):
        model.set_weights([np.ones((2, 2))])
    with pytest.raises(ShapeError, match=r"bias.*\(2,\)"):
        model.set_weights([np.ones((2, 2)), np.ones(3)])
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_summary_where_no_lines_can_be_drawn(monkeypatch, encoding):
    """Standard output that cannot take the lines of the table gets it in ASCII, with the same columns."""
    model = pf.Sequential([L.Dense(10, input_dim=2, name="größe"), L.Dense(1, name="out")], name="table")
    bytes_ = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(bytes_, encoding=encoding, newline="\n"))
    model.summary()
    sys.stdout.flush()
    text = bytes_.getvalue().decode(encoding)
    drawn: list[str] = []
    model.summary(print_fn=drawn.append)
    if encoding == "utf-8":
        assert text == drawn[0] + "\n"
    else:
        name = "größe".encode(encoding, "backslashreplace").decode(encoding)
        assert f"| {name} (Dense) | (None, 10)   |      30 |" in text
        assert "+===============+==============+=========+" in text
        assert not {"━", "│", "┃"} & set(text)


def test_summary_tells_layers_shapes_and_parameters():
    model = pf.Sequential(
        [L.Dense(10, input_dim=2, name="hidden"), L.Dropout(0.5, name="drop"), L.Dense(1, name="out")]
    )
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for part in ("hidden (Dense)", "(None, 10)", "30", "drop (Dropout)", "Total params: 41", "Non-trainable params: 0"):
        assert part in text
    model.compile("adam", "mse")
    model.fit(np.ones((2, 2)), np.ones(2), verbose=0)
    lines.clear()
    model.summary(print_fn=lines.append)
    for part in ("Total params: 125", "Trainable params: 41", "Optimizer params: 84"):
        assert part in "\n".join(lines)
    unbuilt: list[str] = []
    pf.Sequential([L.Dense(1)]).summary(print_fn=unbuilt.append)
    assert "0 (unbuilt)" in unbuilt[0]


def test_the_same_seed_gives_the_same_weights_on_every_backend():
    found = []
    for backend in ("numpy", "jax"):
        with pf.use_backend(backend):
            pf.random.set_seed(7)
            model = pf.Sequential([L.Dense(5, input_dim=3), L.Dense(2, kernel_initializer="he_normal")])
            assert model.weights[0].backend.name == backend
            found.append(model.get_weights())
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_moves():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    y = x.sum(1, keepdims=True)
    model = pf.Sequential([L.Dense(4, activation="tanh", input_dim=3), L.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    before = model.predict(x, verbose=0)
    for backend in ("jax", "numpy"):
        model.to(backend)
        assert {v.backend.name for v in model.weights} == {backend}
        np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-5, atol=1e-6)
    model.to("jax")
    model.fit(x, y, epochs=2, verbose=0)
    assert {v.backend.name for v in model.optimizer.variables} == {"jax"}


def test_frozen_layers_do_not_change():
    model = pf.Sequential([L.Dense(4, input_dim=3), L.Dense(1)])
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()


def test_the_summary_tells_which_layers_are_trained():
    model = pf.Sequential([L.Dense(2, input_shape=(2,), name="a"), L.Flatten(name="b"), L.Dense(1, name="c")])
    model.layers[2].trainable = False
    lines = []
    model.summary(print_fn=lines.append, show_trainable=True)
    rows = [line.split("│") for line in lines[0].splitlines() if line.startswith("│")]
    assert [(row[1].split()[0], row[4].strip()) for row in rows] == [("a", "Y"), ("b", "-"), ("c", "N")]
    assert "Trainable" in lines[0].splitlines()[2]


def test_whether_a_model_was_compiled():
    model = pf.Sequential([L.Dense(1)])
    assert not model.compiled
    model.compile("sgd", "mse")
    assert model.compiled
    assert L.Dense(1, dtype="float64").compute_dtype == L.Dense(1, dtype="float64").variable_dtype == "float64"


class Parts(pf.keras.Model):
    """Layers of several kinds in a call: Keras tells the shapes of those that have a `build`."""

    def __init__(self, lib):
        super().__init__()
        self.wide, self.drop = lib.layers.Dense(4), lib.layers.Dropout(0.5)
        self.norm, self.table = lib.layers.BatchNormalization(), lib.layers.Embedding(5, 3)
        self.unused = lib.layers.Dense(7)

    def call(self, x):
        return self.norm(self.drop(self.wide(x))) * pf.reduce_sum(self.table(pf.zeros((3, 2), "int32")))


def test_summary_of_a_subclassed_model_tells_the_shapes_of_what_was_built():
    """Keras tells the size of the first batch where None stands here, and nothing of layers without variables."""
    model, lines = Parts(pf.keras), []
    model.summary(print_fn=lines.append)
    assert sum(line.count("?") for line in lines) == 5
    model(pf.ones((3, 6)))
    lines.clear()
    model.summary(print_fn=lines.append)
    rows = [[cell.strip() for cell in row.split("│")[1:4]] for row in "\n".join(lines).splitlines() if row[0] == "│"]
    assert [shape for _, shape, _ in rows] == ["(None, 4)", "(None, 4)", "(None, 4)", "(None, 2, 3)", "?"]
    assert [count for _, _, count in rows] == ["28", "0", "16", "15", "0 (unbuilt)"]
