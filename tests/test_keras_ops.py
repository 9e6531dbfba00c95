"""`keras.ops` has NumPy's functions for tensors, and makes operations between layers of them for symbolic tensors."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

K, ops = pf.keras, pf.keras.ops
R = np.random.default_rng(0)
X, Y, P = R.normal(size=(3, 4)), R.normal(size=(4, 2)), R.uniform(0.1, 0.9, size=(3, 4))

SAME = {
    **dict.fromkeys(["abs", "exp", "sin", "tanh", "square", "sign", "floor", "ravel", "transpose", "negative"], (X,)),
    **dict.fromkeys(["sum", "mean", "max", "min", "prod", "std", "var", "argmax", "argmin", "median"], (X, 1)),
    **dict.fromkeys(["cumsum", "cumprod", "nansum", "nanmax", "sort", "argsort"], (X, 0)),
    **dict.fromkeys(["add", "multiply", "maximum", "arctan2", "power", "logaddexp", "append", "isclose"], (P, P**2)),
    **dict.fromkeys(["matmul", "dot"], (X, Y)),
    **dict.fromkeys(["hstack", "vstack"], ([X, X],)),
    "clip": (X, -0.5, 0.5),
    "take": (X, [0, 2], 0),
    "where": (X > 0, X, 0.0),
    "round": (X, 2),
    "reshape": (X, (2, 6)),
    "concatenate": ([X, X], 1),
    "stack": ([X, X], 1),
    "repeat": (X, 2, 1),
    "tile": (X, (1, 2)),
    "roll": (X, 1, 1),
    "split": (X, 2, 1),
    "pad": (X, [(1, 0), (0, 2)]),
    "average": (X, 0, [1.0, 2.0, 3.0]),
    "einsum": ("ij,jk->ki", X, Y),
    "outer": (X[0], X[1]),
    "moveaxis": (X, 0, 1),
    "expand_dims": (X, 1),
    "tensordot": (X, Y, 1),
    "searchsorted": (np.arange(5.0), [1.5, 3.0]),
    "allclose": (X, X + 1e-12),
    "diagonal": (X,),
    "full_like": (X, 2.0),
    "isnan": (X,),
}


@pytest.mark.parametrize("name", SAME)
def test_numpy_functions(name):
    args = SAME[name]
    found, expected = getattr(ops, name)(*args), getattr(np, name)(*args)
    for one, other in zip(found, expected, strict=True) if name == "split" else [(found, expected)]:
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-12, atol=1e-14)


def test_what_replaces_numbers_that_are_none():
    """By place as in Keras, where NumPy takes `copy` second."""
    x = np.array([1.0, np.nan, np.inf, -np.inf])
    assert ops.nan_to_num(x, 0.5, posinf=9.0, neginf=-9.0).tolist() == [1.0, 0.5, 9.0, -9.0]


def test_what_numpy_has_not():
    rows = P / P.sum(1, keepdims=True)
    one_hot = np.eye(4)[[1, 3, 0]]
    expected = -np.log(rows[[0, 1, 2], [1, 3, 0]])
    np.testing.assert_allclose(ops.categorical_crossentropy(one_hot, rows), expected, rtol=1e-6)
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy([1, 3, 0], rows), expected, rtol=1e-6)
    np.testing.assert_allclose(
        ops.binary_crossentropy(one_hot, P), -np.where(one_hot, np.log(P), np.log(1 - P)), rtol=1e-5
    )
    np.testing.assert_allclose(ops.normalize(X), X / np.linalg.norm(X, axis=-1, keepdims=True), rtol=1e-6)
    assert ops.one_hot([0, 2], 3).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert ops.shape(X) == (3, 4)
    assert (ops.ndim(X), ops.size(X), ops.dtype(X)) == (2, 12, "float64")
    assert ops.slice(ops.arange(6), [1], [3]).tolist() == [1, 2, 3]
    assert ops.slice_update(ops.zeros(4), [1], [5.0, 6.0]).tolist() == [0, 5, 6, 0]
    assert ops.scatter([[1], [3]], [7.0, 8.0], (5,)).tolist() == [0, 7, 0, 8, 0]
    assert ops.scatter_update(ops.zeros(3), [[2]], [1.0]).tolist() == [0, 0, 1]
    assert ops.segment_sum([1.0, 2.0, 4.0], [0, 1, 0], 3).tolist() == [5, 2, 0]
    assert int(ops.fori_loop(0, 4, lambda i, total: total + i, 0)) == 6
    assert ops.map(lambda row: row * 2, ops.arange(3)).tolist() == [0, 2, 4]
    assert ops.vectorize(lambda a, b: a + b)(ops.ones((2, 3)), ops.ones((2, 3))).tolist() == [[2, 2, 2]] * 2
    assert isinstance(ops.convert_to_numpy(ops.ones(2)), np.ndarray)
    assert [len(one) for one in ops.where(ops.array([True, False, True]))] == [2]


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_between_layers_and_in_files(tmp_path, backend):
    with pf.use_backend(backend):
        a = K.Input((4,))
        b = ops.concatenate([ops.relu(a), ops.sum(a, axis=-1, keepdims=True)], axis=-1)
        low, high = ops.split(b, [2], axis=1)
        model = K.Model(a, [ops.reshape(low * 2.0, (-1, 1, 2)), ops.mean(high, axis=1)])
        assert [one.shape for one in model.outputs] == [(None, 1, 2), (None,)]
        x = X.astype("float32")
        joined = np.concatenate([np.maximum(x, 0), x.sum(-1, keepdims=True)], -1)
        model.save(tmp_path / "m.safetensors")
        for one in (model, K.models.load_model(tmp_path / "m.safetensors")):
            found = one.predict(x, verbose=0)
            np.testing.assert_allclose(found[0], joined[:, None, :2] * 2, rtol=1e-6)
            np.testing.assert_allclose(found[1], joined[:, 2:].mean(1), rtol=1e-5)


def test_a_symbolic_tensor_by_name_is_refused():
    with pytest.raises(TypeError, match="by position"):
        ops.relu(x=K.Input((2,)))


def test_numpy_on_a_symbolic_tensor_says_what_to_write():
    x = K.Input((2,))
    for call in (np.sin, np.mean, lambda one: np.concatenate([one, one])):
        with pytest.raises(pf.errors.TraceError, match=r"Lambda\(function\)"):
            call(x)
    assert (np.float32(2) * x).shape == (np.ones(2, "float32") - x).shape == (None, 2)
    y = K.Model(x, np.float32(1) - x)
    assert y.predict(np.ones((1, 2)), verbose=0).tolist() == [[0, 0]]
