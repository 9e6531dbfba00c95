"""train-1: optimizers against their formulas, and the training of small models against NumPy's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import polyflow as pf
from polyflow import dtypes as dt
from polyflow import layers, optimizers
from polyflow.callbacks import LambdaCallback

from ..case import Case, Trial
from ..measure import WIDE
from .core_errors import _reference

GROUP = "train-1"
STEPS = 20
RATE = WIDE(1) / 64
"""A learning rate that float32 holds exactly, as optimizers keep it."""

Update = Callable[[Any, Any, dict[str, Any], int], Any]
"""``(weights, gradient, state, t) -> weights``: one step in longdouble."""


def _w(text: str) -> Any:
    return WIDE(text)


def _averaged(s: dict[str, Any], name: str, value: Any, share: Any, start: Any = 0) -> Any:
    s[name] = share * s.get(name, start) + (1 - share) * value
    return s[name]


def _sgd(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    return w - _w("0.125") * g


def _momentum(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    s["v"] = _w("0.9") * s.get("v", 0) - _w("0.125") * g
    return w + s["v"]


def _nesterov(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    s["v"] = _w("0.9") * s.get("v", 0) - _w("0.125") * g
    return w + _w("0.9") * s["v"] - _w("0.125") * g


def _adam(w: Any, g: Any, s: dict[str, Any], t: int, amsgrad: bool = False) -> Any:
    m, v = _averaged(s, "m", g, _w("0.9")), _averaged(s, "v", g * g, _w("0.999"))
    if amsgrad:
        v = s["top"] = np.maximum(s.get("top", 0), v)
    rate = RATE * np.sqrt(1 - _w("0.999") ** t) / (1 - _w("0.9") ** t)
    return w - rate * m / (np.sqrt(v) + _w("1e-7"))


def _adamw(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    return _adam(w - w * _w("0.004") * RATE, g, s, t)


def _rmsprop(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    return w - RATE * g / np.sqrt(_averaged(s, "v", g * g, _w("0.9")) + _w("1e-7"))


def _adagrad(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    s["a"] = s.get("a", _w("0.1")) + g * g
    return w - _w("0.125") * g / np.sqrt(s["a"] + _w("1e-7"))


def _adadelta(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    a = _averaged(s, "a", g * g, _w("0.95"))
    d = -g * np.sqrt(s.get("b", 0) + _w("1e-7")) / np.sqrt(a + _w("1e-7"))
    _averaged(s, "b", d * d, _w("0.95"))
    return w + d


def _adamax(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    m = _averaged(s, "m", g, _w("0.9"))
    s["u"] = np.maximum(_w("0.999") * s.get("u", 0), np.abs(g))
    return w - RATE / (1 - _w("0.9") ** t) * m / (s["u"] + _w("1e-7"))


def _nadam(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    m, v = _averaged(s, "m", g, _w("0.9")), _averaged(s, "v", g * g, _w("0.999"))
    now, after = (_w("0.9") * (1 - _w("0.5") * _w("0.96") ** i) for i in (t, t + 1))
    s["p"] = s.get("p", 1) * now
    m_hat = after * m / (1 - s["p"] * after) + (1 - now) * g / (1 - s["p"])
    return w - RATE * m_hat / (np.sqrt(v / (1 - _w("0.999") ** t)) + _w("1e-7"))


def _lion(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    m = s.get("m", 0)
    s["m"] = _w("0.99") * m + (1 - _w("0.99")) * g
    return w - RATE * np.sign(_w("0.9") * m + (1 - _w("0.9")) * g)


def _ftrl(w: Any, g: Any, s: dict[str, Any], t: int) -> Any:
    rate, l1, l2 = _w("0.125"), _w("0.001"), _w("0.01")
    before = s.get("n", _w("0.1"))
    s["n"] = before + g * g
    s["z"] = s.get("z", 0) + g - (np.sqrt(s["n"]) - np.sqrt(before)) / rate * w
    return (np.clip(s["z"], -l1, l1) - s["z"]) / (np.sqrt(s["n"]) / rate + 2 * l2)


OPTIMIZERS: dict[str, tuple[Callable[[], Any], Update]] = {
    "sgd": (lambda: optimizers.SGD(0.125), _sgd),
    "sgd-momentum": (lambda: optimizers.SGD(0.125, momentum=0.9), _momentum),
    "sgd-nesterov": (lambda: optimizers.SGD(0.125, momentum=0.9, nesterov=True), _nesterov),
    "adam": (lambda: optimizers.Adam(1 / 64), _adam),
    "adam-amsgrad": (lambda: optimizers.Adam(1 / 64, amsgrad=True), functools.partial(_adam, amsgrad=True)),
    "adamw": (lambda: optimizers.AdamW(1 / 64), _adamw),
    "rmsprop": (lambda: optimizers.RMSprop(1 / 64), _rmsprop),
    "adagrad": (lambda: optimizers.Adagrad(0.125), _adagrad),
    "adadelta": (lambda: optimizers.Adadelta(1.0), _adadelta),
    "adamax": (lambda: optimizers.Adamax(1 / 64), _adamax),
    "nadam": (lambda: optimizers.Nadam(1 / 64), _nadam),
    "lion": (lambda: optimizers.Lion(1 / 64), _lion),
    "ftrl": (lambda: optimizers.Ftrl(0.125, l1_regularization_strength=0.001, l2_regularization_strength=0.01), _ftrl),
}

TRAINED_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "kl_divergence",
    "poisson",
    "hinge",
)


def cases() -> Iterator[Case]:
    """Every optimizer, every loss, and layers that behave differently in training."""
    for name, (make, update) in OPTIMIZERS.items():
        for dtype in (dt.float32, dt.float64):
            check = functools.partial(_optimizer, make=make, update=update, dtype=dtype)
            yield Case(f"{GROUP}/{name}/{dtype.name}/steps", check, (dtype,), dtype is dt.float64)
        check = functools.partial(_model, loss="mean_squared_error", optimizer=make)
        yield Case(f"{GROUP}/{name}/float32/model", check, (dt.float32,), name in ("sgd", "adam"))
    for loss in TRAINED_LOSSES:
        check = functools.partial(_model, loss=loss, optimizer=lambda: optimizers.SGD(0.05, momentum=0.9))
        yield Case(f"{GROUP}/{loss}/float32/model", check, (dt.float32,), loss == "sparse_categorical_crossentropy")
    for name, build in MODELS.items():
        check = functools.partial(
            _model, loss="mean_squared_error", optimizer=lambda: optimizers.Adam(1 / 64), build=build
        )
        yield Case(f"{GROUP}/{name}/float32/model", check, (dt.float32,), name == "dropout")
    yield Case(f"{GROUP}/fit/float32/by-hand", _by_hand, (dt.float32,), True)
    yield Case(f"{GROUP}/fit/float32/shuffled", _shuffled, (dt.float32, dt.int64))
    yield Case(f"{GROUP}/loop/float32/remainder", _remainder, (dt.float32, dt.int64), True)
    yield Case(f"{GROUP}/loop/float32/step-by-step", _step_by_step, (dt.float32, dt.int64))


def _optimizer(t: Trial, *, make: Callable[[], Any], update: Update, dtype: np.dtype) -> None:
    """The optimizer alone, on two variables and gradients that do not depend on it."""
    sizes = ((3, 4), (2,))
    starts = [t.rng.normal(size=size).astype(dtype) for size in sizes]
    variables, optimizer = [pf.Variable(start) for start in starts], make()
    true, states = [start.astype(WIDE) for start in starts], [dict[str, Any]() for _ in sizes]
    for step in range(1, STEPS + 1):
        slopes = [t.rng.normal(size=size).astype(dtype) for size in sizes]
        optimizer.apply([t.tensor(g) for g in slopes], variables)
        true = [update(w, g.astype(WIDE), s, step) for w, g, s in zip(true, slopes, states, strict=True)]
    for variable, one in zip(variables, true, strict=True):
        host = t.spec(variable.value, one.shape, dtype, "the trained variable")
        error = float((np.abs(host - one) / np.maximum(np.abs(one), float(np.abs(one).max()) / 10)).max())
        bound = 2e-5 if dtype is dt.float32 else 1e-11
        t.within(error, bound, "the relative distance of weights from the formula's")


def _plain(kind: str) -> list[Any]:
    end = {"shares": "softmax", "share": "sigmoid", "positive": "softplus"}.get(kind)
    return [layers.Dense(8, activation="tanh"), layers.Dense(3, activation=end)]


MODELS: dict[str, Callable[[str], list[Any]]] = {
    "dropout": lambda kind: [layers.Dense(16, activation="relu"), layers.Dropout(0.3), layers.Dense(3)],
    "batch_normalization": lambda kind: [
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("tanh"),
        layers.Dense(3),
    ],
    "layer_normalization": lambda kind: [layers.Dense(8), layers.LayerNormalization(), layers.Dense(3)],
}


def _data(loss: str) -> tuple[np.ndarray, np.ndarray, str]:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(48, 5)).astype(np.float32)
    scores = x @ rng.normal(size=(5, 3)).astype(np.float32)
    label = scores.argmax(-1)
    if loss == "sparse_categorical_crossentropy":
        return x, label.astype(np.int32), "shares"
    if loss in ("categorical_crossentropy", "kl_divergence"):
        return x, np.eye(3, dtype=np.float32)[label], "shares"
    if loss == "binary_crossentropy":
        return x, (scores > 0).astype(np.float32), "share"
    if loss == "poisson":
        return x, np.abs(scores), "positive"
    if loss == "hinge":
        return x, np.sign(scores), "any"
    return x, scores, "any"


def _trained(
    backend: Any, loss: str, optimizer: Callable[[], Any], build: Callable[[str], list[Any]], **options: Any
) -> tuple[list[float], list[np.ndarray]]:
    """The losses and weights after some epochs on a backend, from a fixed seed."""
    x, y, kind = _data(loss)
    before = pf.random.get_state()
    with pf.use_backend(backend):
        pf.random.set_seed(3)
        model = pf.Sequential([layers.Input((5,)), *build(kind)])
        model.compile(optimizer=optimizer(), loss=loss)
        history = model.fit(x, y, epochs=4, verbose=0, **{"batch_size": 16, "shuffle": False, **options})
        weights = [np.array(one, copy=True) for one in model.get_weights()]
    pf.random.set_state(before)
    return [float(one) for one in history.history["loss"]], weights


def _model(t: Trial, *, loss: str, optimizer: Callable[[], Any], build: Callable[[str], list[Any]] = _plain) -> None:
    """Losses and weights next to a NumPy backend of the suite's own."""
    _near(t, _trained(t.backend, loss, optimizer, build), _truth(loss, optimizer, build))


def _truth(loss: str, optimizer: Any, build: Any) -> tuple[list[float], list[np.ndarray]]:
    return _trained(_reference(), loss, optimizer, build)


def _near(t: Trial, found: Any, true: Any) -> None:
    (losses, weights), (true_losses, true_weights) = found, true
    t.same(len(losses), len(true_losses), "the number of epochs")
    worst = max(abs(a - b) / max(abs(b), 1e-3) for a, b in zip(losses, true_losses, strict=True))
    t.within(worst, 1e-5, "the relative distance of losses from NumPy's")
    for i, (a, b) in enumerate(zip(weights, true_weights, strict=True)):
        t.same((a.shape, a.dtype), (b.shape, b.dtype), f"the shape and dtype of weight {i}")
        error = float(np.abs(a - b).max()) / max(float(np.abs(b).max()), 1e-2)
        t.within(error, 2e-5, f"the relative distance of weight {i} from NumPy's")


def _by_hand(t: Trial) -> None:
    """One hidden layer trained by fit and by hand, in longdouble."""
    x, y, _ = _data("mean_squared_error")
    pf_before = pf.random.get_state()
    pf.random.set_seed(3)
    model = pf.Sequential([layers.Dense(8, activation="tanh"), layers.Dense(3)])
    model.build((None, 5))
    w1, b1, w2, b2 = (one.astype(WIDE) for one in model.get_weights())
    model.compile(optimizer=optimizers.SGD(0.05), loss="mean_squared_error")
    history = model.fit(x, y, epochs=5, batch_size=16, shuffle=False, verbose=0)
    pf.random.set_state(pf_before)
    losses = []
    for _ in range(5):
        total = WIDE(0)
        for start in range(0, 48, 16):
            a, target = x[start : start + 16].astype(WIDE), y[start : start + 16].astype(WIDE)
            h = np.tanh(a @ w1 + b1)
            out = h @ w2 + b2
            total += ((out - target) ** 2).mean() * 16
            g = 2 * (out - target) / out.size
            gh = (g @ w2.T) * (1 - h * h)
            w2, b2 = w2 - WIDE("0.05") * (h.T @ g), b2 - WIDE("0.05") * g.sum(0)
            w1, b1 = w1 - WIDE("0.05") * (a.T @ gh), b1 - WIDE("0.05") * gh.sum(0)
        losses.append(float(total / 48))
    found = [float(one) for one in history.history["loss"]], model.get_weights()
    _near(t, found, (losses, [one.astype(np.float32) for one in (w1, b1, w2, b2)]))


def _remainder(t: Trial) -> None:
    """A last batch with fewer rows is a step like any other, and counts for what it holds."""
    make = lambda: optimizers.SGD(0.05)  # noqa: E731
    options = {"shuffle": True, "batch_size": 20}
    found = _trained(t.backend, "mean_squared_error", make, _plain, **options)
    _near(t, found, _trained(_reference(), "mean_squared_error", make, _plain, **options))


def _step_by_step(t: Trial) -> None:
    """Epochs in one call of the backend's loop give what a call for each step gives, random masks too."""
    each = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    make, build = lambda: optimizers.Adam(1 / 64), MODELS["dropout"]
    options = {"shuffle": True, "batch_size": 20}
    found = _trained(t.backend, "mean_squared_error", make, build, **options)
    _near(t, found, _trained(t.backend, "mean_squared_error", make, build, callbacks=[each], **options))


def _shuffled(t: Trial) -> None:
    """Shuffling takes the same order everywhere."""
    make = lambda: optimizers.SGD(0.05)  # noqa: E731
    found = _trained(t.backend, "huber", make, _plain, shuffle=True)
    _near(t, found, _trained(_reference(), "huber", make, _plain, shuffle=True))
