"""CUDA graphs in plans, over a stand-in that notes calls and makes them again: it is neither CuPy nor CUDA."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from cpu_kernels import compiler
from test_plans import X, graph_of, same_bits

import polyflow as pf
from polyflow.layers import Dense, Dropout
from polyflow.models import Sequential
from polyflow_cupy.plans import capture
from polyflow_cupy.plans.planner import steps_of
from polyflow_cupy.settings import PLAN

pytestmark = [
    pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with"),
    pytest.mark.parametrize("standin", ["14.2.0"], indirect=True),
]


@pytest.fixture
def captured(monkeypatch):
    monkeypatch.setenv(PLAN, "captured")


def long(x, w):
    """Sums and elementwise ops between two products: a stretch that is worth it."""
    y = x @ w
    for _ in range(6):
        y = pf.tanh(y - pf.reduce_sum(y, axis=1, keepdims=True)) * 0.5
    return y @ w, pf.reduce_mean(y), y


W = np.random.default_rng(3).normal(size=(4, 4)).astype(np.float32)


def programs(backend, monkeypatch, function=long, *hosts):
    graph = graph_of(backend, function, *(hosts or (X, W)))
    monkeypatch.setenv(PLAN, "fused")
    plain = backend.compile(graph)
    monkeypatch.setenv(PLAN, "captured")
    return plain, backend.compile(graph)


def called(backend, run, seed):
    hosts = X + np.float32(seed), W * np.float32(1 + seed / 8)
    return run(*map(backend.asarray, hosts))


def test_a_stretch_is_launched_as_one_and_gives_the_same_bits(standin, backend, monkeypatch):
    plain, run = programs(backend, monkeypatch)
    assert "graph(" in run.text
    kept = []
    for seed in range(6):
        standin.launches.clear()
        before = standin.graph_launches
        results = called(backend, run, seed)
        kept.append((results, [backend.to_numpy(one).copy() for one in called(backend, plain, seed)]))
        assert standin.graph_launches - before == (seed >= capture.WARM)
    for results, expected in kept:  # results of earlier calls are the caller's: later launches wrote elsewhere
        for got, one in zip(results, expected, strict=True):
            same_bits(backend.to_numpy(got), one)


def test_it_is_off_unless_asked_for(backend, monkeypatch):
    monkeypatch.delenv(PLAN, raising=False)
    assert "graph(" not in backend.compile(graph_of(backend, long, X, W)).text


def test_a_stretch_with_as_many_ends_as_kernels_stays_as_it_is(captured, backend):
    run = backend.compile(graph_of(backend, lambda x, y: (pf.exp(x) * y, pf.sort(x + y) * 2.0), X, X))
    assert "graph(" not in run.text


@pytest.mark.parametrize("trouble", ["refused", "waits", "not contiguous"])
def test_what_cannot_be_recorded_runs_on_without_graphs(trouble, standin, backend, monkeypatch):
    function, hosts = long, (X, W)
    if trouble == "refused":
        monkeypatch.setattr(capture, "RECORDED", capture.RECORDED | {"matmul"})
    elif trouble == "waits":
        reduced = type(backend).sum

        def sum_that_waits(self, x, **how):
            standin.syncs += 1
            return reduced(self, x, **how)

        monkeypatch.setattr(type(backend), "sum", sum_that_waits)
    else:
        function, hosts = chain, (X,)
    plain, run = programs(backend, monkeypatch, function, *hosts)
    arrays = [backend.asarray(host) for host in hosts]
    if trouble == "not contiguous":
        arrays = [backend.asarray(X.T.copy()).T]
    assert "graph(" in run.text
    for _ in range(5):
        for got, expected in zip(run(*arrays), plain(*arrays), strict=True):
            same_bits(backend.to_numpy(got), backend.to_numpy(expected))
    assert standin.graph_launches == 0
    assert standin.recorder is None


def chain(x):
    for _ in range(8):
        x = pf.tanh(x - pf.reduce_sum(x, axis=1, keepdims=True)) * 0.5
    return (x,)


def test_on_another_stream_the_steps_run_one_by_one(standin, backend, monkeypatch):
    plain, run = programs(backend, monkeypatch)
    for seed in range(4):
        called(backend, run, seed)
    before = standin.graph_launches
    with standin.cuda.Stream(non_blocking=True):
        results = called(backend, run, 9)
    assert standin.graph_launches == before > 0
    for got, expected in zip(results, called(backend, plain, 9), strict=True):
        same_bits(backend.to_numpy(got), backend.to_numpy(expected))


def test_threads_do_not_share_a_graphs_arrays(backend, monkeypatch):
    """A thread that finds another at work runs the steps itself."""
    plain, run = programs(backend, monkeypatch)
    for seed in range(4):
        called(backend, run, seed)
    expected = [[backend.to_numpy(one) for one in called(backend, plain, seed)] for seed in range(3)]
    wrong = []

    def work(seed):
        for _ in range(15):
            for got, one in zip(called(backend, run, seed), expected[seed], strict=True):
                if backend.to_numpy(got).tobytes() != one.tobytes():
                    wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_error_in_a_stretch_names_the_users_line(captured, backend):
    run = backend.compile(graph_of(backend, chain, X))
    with pytest.raises(TypeError, match="mismatched") as caught:
        run(backend.asarray(X.astype(np.float64)))
    assert [note for note in caught.value.__notes__ if "test_capture.py" in note]


def test_training_has_the_same_bits_with_graphs(standin, registered, monkeypatch):
    x = np.random.default_rng(0).normal(size=(96, 8)).astype(np.float32)
    y = np.random.default_rng(1).integers(0, 3, 96).astype(np.int32)
    found = []
    for word in ("fused", "captured"):
        monkeypatch.setenv(PLAN, word)
        with pf.use_backend(registered):
            pf.random.set_seed(5)
            model = Sequential([Dense(8, activation="relu", input_shape=(8,)), Dropout(0.2), Dense(3, "softmax")])
            model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            history = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history
            found.append((history, [np.asarray(w) for w in model.get_weights()]))
        assert (standin.graph_launches > 0) == (word == "captured")
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        same_bits(one, other)


def test_stretches_cover_what_they_say(captured, backend):
    """What a stretch takes is there before it, and what is read after it is given."""
    graph = graph_of(backend, long, X, W)
    steps, values, results = steps_of(graph, backend)
    constants = {at: value for at, value in enumerate(values) if value is not None}
    there = set(range(len(graph.inputs))) | set(constants)
    for step in capture.with_stretches(steps, results, constants, backend):
        assert set(step.sources) <= there
        there |= set(step.targets)
        there -= set(step.ended)
    assert set(results) <= there
