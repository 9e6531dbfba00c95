"""nn-1: activations, losses and layers against formulas in longdouble."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import activations, layers, losses
from polyflow import dtypes as dt
from polyflow.flow import transforms
from polyflow.ops import reduction

from .. import samples
from ..case import Case, Mismatch, Trial
from ..measure import WIDE
from ..oracle import _erf

GROUP = "nn-1"
KINDS = (dt.float32, dt.float64)


def _wide_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _softmax(x: Any) -> Any:
    parts = np.exp(x - x.max(-1, keepdims=True))
    return parts / parts.sum(-1, keepdims=True)


def _elu(x: Any, alpha: Any = 1) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


_SELU = (WIDE("1.0507009873554804934193349852946"), WIDE("1.6732632423543772848170429916717"))

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, WIDE("0.2") * x),
    "elu": _elu,
    "selu": lambda x: _SELU[0] * _elu(x, _SELU[1]),
    "gelu": lambda x: x / 2 * (1 + _erf(x / np.sqrt(WIDE(2)))),
    "sigmoid": _wide_sigmoid,
    "log_sigmoid": lambda x: -_softplus(-x),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "silu": lambda x: x * _wide_sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
    "exponential": np.exp,
    "linear": lambda x: x,
    "softmax": _softmax,
    "log_softmax": lambda x: np.log(_softmax(x)),
}


def _clip(p: Any) -> Any:
    return np.clip(p, WIDE("1e-7"), 1 - WIDE("1e-7"))


def _mean(x: Any) -> Any:
    return x.mean(-1)


def _unit(x: Any) -> Any:
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def _huber(y: Any, p: Any) -> Any:
    error = np.abs(y - p)
    return _mean(np.where(error <= 1, error * error / 2, error - WIDE(0.5)))


LOSSES: dict[str, tuple[str, str, Callable[[Any, Any], Any]]] = {
    "mean_squared_error": ("any", "any", lambda y, p: _mean((y - p) ** 2)),
    "mean_absolute_error": ("any", "any", lambda y, p: _mean(np.abs(y - p))),
    "mean_absolute_percentage_error": (
        "nonzero",
        "any",
        lambda y, p: 100 * _mean(np.abs((y - p) / np.maximum(np.abs(y), WIDE("1e-7")))),
    ),
    "mean_squared_logarithmic_error": ("positive", "positive", lambda y, p: _mean((np.log1p(y) - np.log1p(p)) ** 2)),
    "huber": ("any", "any", _huber),
    "log_cosh": ("any", "any", lambda y, p: _mean(np.log(np.cosh(p - y)))),
    "cosine_similarity": ("any", "any", lambda y, p: -(_unit(y) * _unit(p)).sum(-1)),
    "binary_crossentropy": (
        "bits",
        "share",
        lambda y, p: _mean(-(y * np.log(_clip(p)) + (1 - y) * np.log1p(-_clip(p)))),
    ),
    "categorical_crossentropy": (
        "one-hot",
        "shares",
        lambda y, p: -(y * np.log(_clip(p / p.sum(-1, keepdims=True)))).sum(-1),
    ),
    "kl_divergence": ("shares", "shares", lambda y, p: (y * np.log(y / p)).sum(-1)),
    "poisson": ("positive", "positive", lambda y, p: _mean(p - y * np.log(p + WIDE("1e-7")))),
    "hinge": ("signs", "any", lambda y, p: _mean(np.maximum(1 - y * p, 0))),
    "squared_hinge": ("signs", "any", lambda y, p: _mean(np.maximum(1 - y * p, 0) ** 2)),
    "categorical_hinge": (
        "one-hot",
        "any",
        lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0),
    ),
}
"""What the targets and the predictions are, and the loss of each sample."""


def cases() -> Iterator[Case]:
    """Each activation, loss and layer, in float32 and float64."""
    for dtype in KINDS:
        for name in ACTIVATIONS:
            check = functools.partial(_activation, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/values", check, (dtype,), dtype is dt.float32)
        for name in LOSSES:
            check = functools.partial(_loss, name=name, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/values", check, (dtype,), dtype is dt.float32)
            if dtype is dt.float64:
                check = functools.partial(_loss_gradient, name=name)
                yield Case(f"{GROUP}/{name}/{dtype.name}/gradient", check, (dtype,))
        check = functools.partial(_sparse, dtype=dtype)
        yield Case(f"{GROUP}/sparse_categorical_crossentropy/{dtype.name}/values", check, (dtype,), True)
        check = functools.partial(_logits, dtype=dtype)
        yield Case(f"{GROUP}/categorical_crossentropy/{dtype.name}/logits", check, (dtype,), True)
        check = functools.partial(_far_logits, dtype=dtype)
        yield Case(f"{GROUP}/binary_crossentropy/{dtype.name}/far-logits", check, (dtype,), True)
    yield Case(f"{GROUP}/dense/float32/values", _dense, (dt.float32,), True)
    yield Case(f"{GROUP}/dropout/float32/mask", _dropout, (dt.float32, dt.uint32), True)
    yield Case(f"{GROUP}/batch_normalization/float32/training", _batch_normalization, (dt.float32,), True)
    yield Case(f"{GROUP}/layer_normalization/float32/values", _layer_normalization, (dt.float32,), True)
    yield Case(f"{GROUP}/embedding/float32/rows", _embedding, (dt.float32, dt.int32), True)
    yield Case(f"{GROUP}/flatten/float32/order", _flatten, (dt.float32,))
    yield Case(f"{GROUP}/initializers/float32/same-everywhere", _initializers, (dt.float32,), True)


def _tolerance(dtype: np.dtype) -> float:
    """Composite functions: rtol 1e-5 in float32, 1e-13 in float64, in units of eps."""
    return 1e-5 / 2.0**-23 if dtype is dt.float32 else 1e-13 / 2.0**-52


def _activation(t: Trial, *, name: str, dtype: np.dtype) -> None:
    host = samples.values("any", dtype, (6, 7), t.rng)
    true = np.asarray(ACTIVATIONS[name](host.astype(WIDE)))
    scale = np.maximum(np.abs(true), 1e-3 if name in ("gelu", "mish", "silu", "hard_silu") else 1e-30)
    if name == "log_softmax":
        scale = np.abs(true) + 1
    t.close(activations.get(name)(t.tensor(host)), true, _tolerance(dtype), dtype=dtype, scale=scale, what=name)


def _data(t: Trial, kind: str, dtype: np.dtype) -> np.ndarray:
    size = (5, 4)
    if kind in ("bits", "signs"):
        host = t.rng.integers(0, 2, size).astype(dtype)
        return host if kind == "bits" else (2 * host - 1).astype(dtype)
    if kind == "one-hot":
        return np.eye(4, dtype=dtype)[t.rng.integers(0, 4, 5)]
    if kind == "share":
        return t.rng.uniform(0.02, 0.98, size).astype(dtype)
    if kind == "shares":
        return np.asarray(_softmax(t.rng.normal(size=size))).astype(dtype)
    return samples.values(kind, dtype, size, t.rng)


def _loss(t: Trial, *, name: str, dtype: np.dtype) -> None:
    kinds = LOSSES[name]
    y, p = _data(t, kinds[0], dtype), _data(t, kinds[1], dtype)
    true = np.asarray(kinds[2](y.astype(WIDE), p.astype(WIDE)))
    value = getattr(losses, name)(t.tensor(y), t.tensor(p))
    scale = np.maximum(np.abs(true), 1.0 if name in ("kl_divergence", "poisson", "cosine_similarity") else 1e-2)
    # the epsilon that keeps logarithms finite is 1e-7, so formulas may differ by some of it
    slack = (
        4e-7
        / (2.0**-23 if dtype is dt.float32 else 2.0**-52)
        * (name in ("poisson", "kl_divergence", "binary_crossentropy"))
    )
    t.close(value, true, _tolerance(dtype) + slack, dtype=dtype, scale=scale, what=name)


def _loss_gradient(t: Trial, *, name: str) -> None:
    """The gradient in the predictions, by central differences of the formula."""
    kinds = LOSSES[name]
    y, p = _data(t, kinds[0], dt.float64), _data(t, kinds[1], dt.float64)
    v = t.rng.normal(size=p.shape)
    found = transforms.grad(lambda q: reduction.sum(getattr(losses, name)(t.tensor(y), q)))(t.tensor(p))
    step = WIDE(1e-7)
    wide = [kinds[2](y.astype(WIDE), p.astype(WIDE) + sign * step * v.astype(WIDE)).sum() for sign in (1, -1)]
    true = float((wide[0] - wide[1]) / (2 * step))
    host = t.spec(found, p.shape, dt.float64)
    size = max(float(np.abs(host * v).sum()), abs(true), 1e-9)
    t.within(
        abs(float((host * v).sum()) - true) / size, 1e-5, f"the slope of {name} along a direction: the relative error"
    )


def _sparse(t: Trial, *, dtype: np.dtype) -> None:
    p = _data(t, "shares", dtype)
    labels = t.rng.integers(0, 4, 5).astype(np.int32)
    true = -np.log((p.astype(WIDE) / p.astype(WIDE).sum(-1, keepdims=True))[np.arange(5), labels])
    value = losses.sparse_categorical_crossentropy(t.tensor(labels), t.tensor(p))
    t.close(value, true, _tolerance(dtype), dtype=dtype, scale=np.maximum(np.abs(true), 0.1), what="the loss")
    z = samples.values("any", dtype, (5, 4), t.rng)
    true = -np.log(_softmax(z.astype(WIDE)))[np.arange(5), labels]
    value = losses.sparse_categorical_crossentropy(t.tensor(labels), t.tensor(z), from_logits=True)
    t.close(value, true, _tolerance(dtype), dtype=dtype, scale=np.maximum(np.abs(true), 0.1), what="the loss of logits")


def _logits(t: Trial, *, dtype: np.dtype) -> None:
    y, z = _data(t, "one-hot", dtype), (samples.values("any", dtype, (5, 4), t.rng) * 40).astype(dtype)
    wide = z.astype(WIDE)
    shifted = wide - wide.max(-1, keepdims=True)
    true = -(y * (shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))).sum(-1)
    value = losses.categorical_crossentropy(t.tensor(y), t.tensor(z), from_logits=True)
    t.close(value, true, _tolerance(dtype), dtype=dtype, scale=np.maximum(np.abs(true), 0.1), what="the loss of logits")


def _far_logits(t: Trial, *, dtype: np.dtype) -> None:
    z = np.array([[800.0, -800.0], [30.0, -3.0]], dtype)
    y = np.array([[1.0, 0.0], [0.0, 1.0]], dtype)
    true = _mean(_softplus(-z.astype(WIDE)) * y + _softplus(z.astype(WIDE)) * (1 - y))
    value = losses.binary_crossentropy(t.tensor(y), t.tensor(z), from_logits=True)
    t.close(value, true, _tolerance(dtype), dtype=dtype, scale=np.maximum(true, 1e-6), what="the loss of logits")


# Layers --------------------------------------------------------------------------------------------------------------


def _dense(t: Trial) -> None:
    layer = layers.Dense(3, activation="relu")
    x = samples.values("any", dt.float32, (5, 4), t.rng)
    layer(t.tensor(x))
    w, b = (samples.values("any", dt.float32, size, t.rng) for size in ((4, 3), (3,)))
    layer.set_weights([w, b])
    wide = x.astype(WIDE) @ w.astype(WIDE) + b
    scale = np.abs(x.astype(WIDE)) @ np.abs(w.astype(WIDE)) + np.abs(b)
    t.close(layer(t.tensor(x)), np.maximum(wide, 0), 4.0, dtype=dt.float32, scale=scale, what="Dense")


def _dropout(t: Trial) -> None:
    """The mask is the one that the seed's key gives everywhere; what is kept is scaled."""
    x = np.ones((50, 20), np.float32)
    first = t.host(layers.Dropout(0.25, seed=3)(t.tensor(x), training=True)).copy()
    if (
        not set(np.unique(first)) <= {np.float32(0), np.float32(1) / np.float32(0.75)}
        or not 0.15 < (first == 0).mean() < 0.35
    ):
        raise Mismatch(f"dropout of ones at rate 0.25 gave {np.unique(first)[:5]}, {(first == 0).mean():.2f} of them 0")
    from .core_errors import _reference

    with pf.use_backend(_reference()):
        true = layers.Dropout(0.25, seed=3)(pf.constant(x), training=True).numpy()
    t.same(np.array_equal(first, true), True, "whether the mask is NumPy's")
    t.exactly(layers.Dropout(0.25, seed=3)(t.tensor(x), training=False), x, what="Dropout outside training")


def _batch_normalization(t: Trial) -> None:
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    x = samples.values("any", dt.float32, (30, 4), t.rng)
    mean, var = np.zeros(4, WIDE), np.ones(4, WIDE)
    for _ in range(3):
        wide = x.astype(WIDE)
        value = layer(t.tensor(x), training=True)
        true = (wide - wide.mean(0)) / np.sqrt(wide.var(0) + WIDE("1e-3"))
        t.close(value, true, 100.0, dtype=dt.float32, scale=np.abs(true) + 1, what="BatchNormalization in training")
        mean, var = mean * WIDE("0.9") + wide.mean(0) * WIDE("0.1"), var * WIDE("0.9") + wide.var(0) * WIDE("0.1")
    true = (x.astype(WIDE) - mean) / np.sqrt(var + WIDE("1e-3"))
    t.close(
        layer(t.tensor(x), training=False),
        true,
        100.0,
        dtype=dt.float32,
        scale=np.abs(true) + 1,
        what="BatchNormalization",
    )


def _layer_normalization(t: Trial) -> None:
    layer = layers.LayerNormalization(epsilon=1e-3)
    x = samples.values("any", dt.float32, (5, 16), t.rng)
    wide = x.astype(WIDE)
    true = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + WIDE("1e-3"))
    t.close(layer(t.tensor(x)), true, 100.0, dtype=dt.float32, scale=np.abs(true) + 1, what="LayerNormalization")


def _embedding(t: Trial) -> None:
    layer = layers.Embedding(6, 3)
    index = np.array([[0, 5], [2, 2]], np.int32)
    layer(t.tensor(index))
    table = samples.values("any", dt.float32, (6, 3), t.rng)
    layer.set_weights([table])
    t.exactly(layer(t.tensor(index)), table[index], what="Embedding")


def _flatten(t: Trial) -> None:
    x = samples.values("any", dt.float32, (2, 3, 4), t.rng)
    t.exactly(layers.Flatten()(t.tensor(x)), x.reshape(2, 12), what="Flatten")


def _initializers(t: Trial) -> None:
    """Initial weights are the same bits on every backend."""
    from polyflow import initializers

    from .core_errors import _reference

    for name in ("glorot_uniform", "he_normal", "random_normal", "orthogonal", "truncated_normal"):
        value = pf.Variable(initializers.get(name)((7, 5)))
        t.spec(value.value, (7, 5), dt.float32, name)
    made = []
    for backend in (t.backend, _reference()):
        with pf.use_backend(backend):
            layer = layers.Dense(4, kernel_initializer=initializers.GlorotUniform(seed=5))
            layer.build((None, 3))
            made.append(layer.get_weights()[0])
    t.same(made[0].tolist(), made[1].tolist(), "initial weights of a seed")
