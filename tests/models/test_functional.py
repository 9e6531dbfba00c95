"""Models made of symbolic tensors: any graph of layers, several inputs and outputs, and what is known of them."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError, TraceError, UnknownNameError

L, K = pf.keras.layers, pf.keras
DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(12, 4)).astype("float32")
Z = DRAW.normal(size=(12, 3)).astype("float32")


def branched():
    """A shared layer, operators, an index, a layer told not to train, and a model within."""
    a, b = K.Input((4,)), K.Input((3,), name="b")
    shared = L.Dense(4, name="shared")
    x = shared(a)
    y = shared(x)
    joined = L.Concatenate()([y, b])
    z = 1.0 - joined[:, 1:5] * 2.0 + x
    z = L.Dropout(0.5)(z, training=False)
    inner = K.Sequential([L.Dense(3, activation="relu"), L.Dense(2)], name="inner")
    return K.Model([a, b], {"o": inner(z), "z": z}, name="net")


def numbers(model):
    """What `branched` computes, in NumPy."""
    kernel, bias, k1, b1, k2, b2 = model.get_weights()
    x = X @ kernel + bias
    z = 1 - np.concatenate([x @ kernel + bias, Z], 1)[:, 1:5] * 2 + x
    return {"o": np.maximum(z @ k1 + b1, 0) @ k2 + b2, "z": z}


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_graph_of_layers_computes_what_it_says(backend):
    with pf.use_backend(backend):
        model = branched()
        expected = numbers(model)
        for found in (model.predict([X, Z], verbose=0), model({"b": Z, model.input_names[0]: X})):
            for name, values in expected.items():
                np.testing.assert_allclose(np.asarray(found[name]), values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "clone",
    [
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        K.models.clone_model,
        lambda model: K.Model.from_config(json.loads(json.dumps(model.get_config()))),
    ],
)
def test_copies_and_configurations_make_the_same_model_apart_from_it(clone):
    model = branched()
    other = clone(model)
    other.set_weights(model.get_weights())
    for name, values in model.predict([X, Z], verbose=0).items():
        assert np.array_equal(other.predict([X, Z], verbose=0)[name], values)
    assert other.get_config() == model.get_config()
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert not {id(v) for v in other.variables} & {id(v) for v in model.variables}
    assert other.outputs[0].shape == (None, 2)


def test_a_model_may_take_a_part_of_another():
    stack = K.Sequential([K.Input((4,)), L.Dense(3, activation="relu", name="hidden"), L.Dense(1)])
    outputs = [layer.output for layer in stack.layers]
    hidden, last = K.Model(stack.inputs, outputs).predict(X, verbose=0)
    kernel, bias = stack.layers[0].get_weights()
    np.testing.assert_allclose(hidden, np.maximum(X @ kernel + bias, 0), rtol=1e-5)
    np.testing.assert_allclose(last, stack.predict(X, verbose=0), rtol=1e-5)
    tail = K.Model(stack.get_layer("hidden").output, stack.output)
    np.testing.assert_allclose(tail.predict(hidden, verbose=0), last, rtol=1e-5)
    assert tail.trainable_weights[0] is stack.layers[1].kernel
    assert stack.layers[0].input.shape == (None, 4)
    with pytest.raises(AttributeError, match="not called on an Input yet"):
        _ = L.Dense(1).output
    stack.add(L.Dense(2))
    assert stack.output.shape == (None, 2)


def test_the_summary_says_what_is_connected_to_what():
    lines: list[str] = []
    branched().summary(print_fn=lines.append)
    rows = {
        row.split()[1]: [cell.strip() for cell in row.split("│")[1:-1]] for row in lines[0].splitlines() if "│" in row
    }
    assert rows["b"] == ["b (InputLayer)", "(None, 3)", "0", "-"]
    assert rows["shared"][1:3] == ["(None, 4)", "20"]
    assert rows["shared"][3].endswith("[0][0], shared[0][0]")
    joined = next(name for name in rows if name.startswith("concatenate"))  # numbered by the tests before
    assert rows[joined] == [f"{joined} (Concatenate)", "(None, 7)", "0", "shared[1][0], b[0][0]"]
    assert rows["inner"][1:3] == ["(None, 2)", "23"]
    chain = K.Model(a := K.Input((4,)), L.Dense(2)(a))
    chain.summary(print_fn=lines.append)
    assert "Connected to" not in lines[1]


def test_rows_are_fitted_as_a_sequential_does():
    single = K.Input((1,))
    model = K.Model(single, L.Dense(1)(single))
    assert model.predict(np.arange(3.0), verbose=0).shape == (3, 1)
    whole = K.Input((4,), dtype="float32")
    model = K.Model(whole, L.Dense(1)(whole))
    assert model.predict(np.ones((2, 4), "int64"), verbose=0).dtype == np.float32
    model.compile("sgd", "mse", metrics=["mae"])
    with pytest.raises(ShapeError, match=r"shape \(None, 4\) .* got shape \(12, 3\)"):
        model.fit(Z, Z[:, 0], verbose=0)


def several():
    """Two inputs, one of indices; two outputs with losses of their own."""
    words, rest = K.Input((5,), dtype="int32", name="words"), K.Input((4,), name="rest")
    x = L.concatenate([L.GlobalAveragePooling1D()(L.Embedding(9, 3)(words)), rest])
    return K.Model([words, rest], [L.Dense(1, name="size")(x), L.Dense(3, "softmax", name="kind")(x)])


W = DRAW.integers(0, 9, (12, 5))
SIZE, KIND = X[:, :1] * 2, DRAW.integers(0, 3, 12)


def test_losses_and_metrics_are_given_by_output():
    forms = [
        ({"size": "mse", "kind": "sparse_categorical_crossentropy"}, {"kind": "accuracy"}, {"size": 2.0}),
        (["mse", "sparse_categorical_crossentropy"], [None, ["accuracy"]], [2.0, None]),
    ]
    histories = []
    for loss, metrics, weights in forms:
        for x, y in (([W, X], [SIZE, KIND]), ({"words": W, "rest": X}, {"kind": KIND, "size": SIZE})):
            K.utils.set_random_seed(0)
            model = several()
            model.compile("sgd", loss, loss_weights=weights, metrics=metrics)
            histories.append(model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history)
    assert all(history == histories[0] for history in histories)
    assert list(histories[0]) == ["kind_accuracy", "kind_loss", "loss", "size_loss"]
    for total, size, kind in zip(*(histories[0][name] for name in ("loss", "size_loss", "kind_loss")), strict=True):
        assert total == pytest.approx(2 * size + kind, rel=1e-5)
    assert list(model.evaluate([W, X], [SIZE, KIND], verbose=0, return_dict=True)) == sorted(model.metrics_names)


def test_a_subclass_may_be_made_of_symbols_too():
    class Twice(K.Model):
        def train_step(self, x, y=None, sample_weight=None):
            super().train_step(x, y, sample_weight)
            super().train_step(x, y, sample_weight)

    def made(kind):
        K.utils.set_random_seed(0)
        a = K.Input((4,))
        model = kind(a, L.Dense(1)(a))
        model.compile("sgd", "mse")
        return model

    twice, once = made(Twice), made(K.Model)
    twice.fit(X, X[:, 0], batch_size=12, verbose=0)
    once.fit(X, X[:, 0], batch_size=12, epochs=2, verbose=0)
    np.testing.assert_allclose(twice.get_weights()[0], once.get_weights()[0], rtol=1e-5)


@pytest.mark.parametrize(("axes", "normalize"), [(1, False), (-1, True), ((2, 1), False)])
def test_dot(axes, normalize):
    first, second = (DRAW.normal(size=(5, *shape)).astype("float32") for shape in ((3, 4), (4, 2)))
    if not isinstance(axes, tuple):
        first, second = first[:, 0], second[:, :, 0]
    found = L.Dot(axes, normalize)([first, second]).numpy()
    if normalize:
        first, second = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second))
    expected = first @ second if isinstance(axes, tuple) else (first * second).sum(1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


A, B = K.Input((4,)), K.Input((3,), name="other")


@pytest.mark.parametrize(
    ("use", "kind", "sentence"),
    [
        (lambda: K.Model(A, L.Dense(1)(B)), ValueError, r"need the input 'other' of shape \(None, 3\)"),
        (lambda: K.Model(A), TypeError, "inputs and outputs together"),
        (lambda: K.Model([A, B], [])([X]), ValueError, "its outputs are empty"),
        (lambda: pf.reduce_sum(A), TraceError, "layer 'input_layer.*' has no values .*Lambda"),
        (lambda: pf.nn.relu(A), TraceError, "has no values"),
        (lambda: np.mean(A), TraceError, "has no values"),
        (lambda: branched()([X]), ShapeError, "takes 2 inputs .* in a list or a dict; got 1"),
        (lambda: branched()({"b": Z}), ShapeError, "the data has no 'input_layer.*', only 'b'"),
        (lambda: several().compile("sgd", {"sizes": "mse"}), UnknownNameError, "Did you mean 'size'"),
        (
            lambda: several().compile("sgd", "mse", metrics=["mae"]),
            ValueError,
            "metrics as a list with an entry for each",
        ),
        (lambda: L.Add()([A, B]), ShapeError, "do not broadcast"),
        (lambda: L.Dot(1)([X, Z]), ShapeError, r"axes of one size, .* got shapes \(12, 4\) and \(12, 3\)"),
        (lambda: K.Model(A, L.Dense(4, name="d")(L.Dense(4, name="d")(A))), ValueError, "2 layers of .* are named 'd'"),
        (lambda: K.Model(A, L.Add()([A, np.ones(4, "f")])).get_config(), TypeError, "a configuration cannot hold"),
    ],
)
def test_what_is_refused(use, kind, sentence):
    with pytest.raises(kind, match=sentence):
        use()


def test_labels_of_each_output_are_looked_at():
    model = several()
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"])
    with pytest.raises(ValueError, match="label 3 is none of the 3 classes"):
        model.fit([W, X], [SIZE, KIND + 1], verbose=0)
    with pytest.raises(IndexError, match="got index 9; its table has 9 rows"):
        model.fit([W + 1, X], [SIZE, KIND], verbose=0)
    with pytest.raises(ShapeError, match="take 2 arrays of targets"):
        model.fit([W, X], [SIZE, KIND, KIND], verbose=0)


def test_evaluate_reports_in_keras_order():
    """Losses in the order of the outputs, metrics by name, as Keras 3 does; a dict by name."""
    x = K.Input((2,))
    h = L.Dense(2)(x)
    model = K.Model(x, [L.Dense(1, name="b")(h), L.Dense(1, name="a")(h)])
    model.compile("sgd", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    data = np.ones((4, 2), "float32"), [np.ones((4, 1)), np.zeros((4, 1))]
    names = ["loss", "b_loss", "a_loss", "a_mse", "b_mae"]
    values = model.evaluate(*data, verbose=0)
    assert model.evaluate(*data, verbose=0, return_dict=True) == dict(sorted(zip(names, values, strict=True)))
    assert list(model.evaluate(*data, verbose=0, return_dict=True)) == sorted(names)
    assert model.metrics_names == names


def test_inputs_and_outputs_in_a_dict_count_in_the_order_of_keys():
    later, first = K.Input((2,)), K.Input((3,))
    outputs = {"z": L.Dense(1, name="p")(later), "y": L.Dense(2, name="q")(first)}
    model = K.Model({"b": later, "a": first}, outputs)
    assert [one.shape for one in model.inputs] == [(None, 3), (None, 2)]
    assert [one.shape for one in model.outputs] == [(None, 2), (None, 1)]
    assert [layer.name for layer in model.layers if isinstance(layer, L.Dense)] == ["q", "p"]
    named = model.predict({"b": np.ones((2, 2)), "a": np.ones((2, 3))}, verbose=0)
    listed = model.predict([np.ones((2, 3)), np.ones((2, 2))], verbose=0)
    assert all(np.array_equal(named[name], listed[name]) for name in ("y", "z"))


@pytest.mark.parametrize("names", [("reg", "cls"), ("cls", "reg")])
def test_labels_are_checked_against_the_output_of_their_name(names):
    """In whatever order the outputs are named."""
    x = pf.keras.Input((3,))
    outputs = {"reg": pf.keras.layers.Dense(1, name="reg")(x)}
    outputs["cls"] = pf.keras.layers.Dense(3, activation="softmax", name="cls")(x)
    model = pf.keras.Model(x, {name: outputs[name] for name in names})
    assert model.output_shape == {"cls": (None, 3), "reg": (None, 1)}
    model.compile("sgd", {"reg": "mse", "cls": "sparse_categorical_crossentropy"})
    y = {"reg": np.ones((4, 1), "float32"), "cls": np.array([0, 1, 2, 1])}
    model.fit(np.ones((4, 3), "float32"), y, verbose=0)
    with pytest.raises(ValueError, match="label 3 is none of the 3 classes"):
        model.fit(np.ones((4, 3), "float32"), y | {"cls": y["cls"] + 1}, verbose=0)
