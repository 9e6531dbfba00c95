"""What is reported of each batch: one program's results are those of the ops one by one."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow.models import reports

RNG = np.random.default_rng(5)
X = RNG.standard_normal((60, 4)).astype(np.float32)
Y = (X.sum(1, keepdims=True) > 0).astype(np.float32)


class Asked(pf.keras.metrics.Mean):
    """A metric of a user's own, whose result looks at numbers and at what is no variable."""

    factor = 1.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(pf.abs(y_true - y_pred))

    def result(self):
        return float(self.total.numpy()) * self.factor


def compiled(*more, backend="jax"):
    pf.keras.utils.set_random_seed(3)
    with pf.use_backend(backend):
        layers = pf.keras.layers
        model = pf.keras.Sequential([pf.keras.Input((4,)), layers.Dense(1, activation="sigmoid")])
        metrics = pf.keras.metrics
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy", metrics.AUC(), metrics.F1Score(), *more])
    return model


def on_batches(model):
    return [model.train_on_batch(X[i : i + 10], Y[i : i + 10], return_dict=True) for i in range(0, 60, 10)]


@pytest.fixture
def counted(monkeypatch):
    """Counts the programs that are made, and the calls of them."""
    made = []

    class Counting(reports.Compiled):
        def __init__(self, *args):
            super().__init__(*args)
            self.calls = 0
            made.append(self)

        def tensors(self, arrays):
            self.calls += 1
            return super().tensors(arrays)

    monkeypatch.setattr(reports, "Compiled", Counting)
    return made


def test_one_program_says_what_the_ops_say(counted, monkeypatch):
    found = on_batches(compiled())
    assert [one.calls for one in counted] == [len(found) - reports.OFTEN + 1]
    monkeypatch.setattr(reports, "OFTEN", 10**9)
    assert on_batches(compiled()) == found
    assert len(counted) == 1


def test_a_metric_of_ones_own_is_asked_itself(counted, monkeypatch):
    with pf.use_backend("jax"):
        model = compiled(Asked(name="asked"))
    assert all(logs["asked"] > 0 for logs in on_batches(model))
    monkeypatch.setattr(Asked, "factor", 0.0)
    assert all(logs["asked"] == 0 for logs in on_batches(model))
    assert not counted


def test_a_result_that_is_put_in_its_place_counts(counted):
    model = compiled()
    on_batches(model)
    model.objective.metrics[0].result = lambda: pf.constant(7.0)
    assert on_batches(model)[-1]["accuracy"] == 7.0


def test_logs_of_batches_are_the_running_results(counted):
    seen = []
    watch = pf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
    ours = {}
    for backend in ("jax", "numpy"):
        seen.clear()
        history = compiled(backend=backend).fit(X, Y, batch_size=10, shuffle=False, callbacks=[watch], verbose=0)
        assert len(seen) == 6
        assert {name: values[-1] for name, values in history.history.items()} == seen[-1]
        ours[backend] = list(seen)
    for one, other in zip(*ours.values(), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-5, atol=1e-6)
    assert len(counted) == 1


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_report_of_themselves(again):
    model = compiled()
    on_batches(model)
    other = again(model)
    before = model.evaluate(X, Y, verbose=0, return_dict=True)
    on_batches(other)
    assert other.evaluate(X, Y, verbose=0, return_dict=True) != before
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == before


def test_a_model_that_moves_reports_there(counted):
    model = compiled()
    on_batches(model)
    model.to("numpy")
    logs = on_batches(model)[-1]
    model.to("jax")
    on_batches(model)
    assert np.isfinite(list(map(np.sum, logs.values()))).all()
    assert len(counted) == 1
