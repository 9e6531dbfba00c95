"""Compiled graphs: straight lines of calls, and PyTorch's own compiler on request."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

import polyflow as pf
import polyflow_conformance
from polyflow import dtypes as dt
from polyflow_torch.backend import TorchBackend
from polyflow_torch.program import Program

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None,
    reason="torch.compile needs a C++ compiler, and there is none here",
)


def test_the_text_of_a_program(on_torch):
    """One line for a node; what nothing needs any more is let go; a number everywhere is made once, without memory."""
    x = pf.constant([[1.0, 2.0]])
    graph = pf.function(lambda x: pf.sum(pf.exp(x) * 3.0, axis=1) + pf.ones((1,))).graph(x)
    program = Program(graph, on_torch.resolve, on_torch._number)
    assert program.text == (
        "def program(v0):\n"
        "    v1 = f0(v0)\n"
        "    del v0\n"
        "    v2 = f1(v1, s0)\n"
        "    del v1\n"
        "    v3 = f2(v2, **a2)\n"
        "    del v2\n"
        "    v5 = f4(v3, c4)\n"
        "    del v3\n"
        "    return (v5, )\n"
    )
    assert program.scope["f0"] is torch.exp
    assert program.scope["s0"].tolist() == 3.0
    assert program.function()(x.array)[0].tolist() == pf.sum(pf.exp(x) * 3.0 + 1.0 - 0.5, axis=1).tolist()


def test_results_may_be_arguments_constants_and_the_same_twice(on_torch):
    def function(x):
        y = x + 1.0
        return x, y, y, pf.zeros((2, 2)), pf.constant(2.0)

    x = pf.constant([1.0])
    compiled = pf.function(function)
    for _ in range(2):
        assert [value.tolist() for value in compiled(x)] == [[1.0], [2.0], [2.0], [[0.0, 0.0], [0.0, 0.0]], 2.0]


def test_intermediate_results_are_let_go_before_the_end(on_torch):
    seen = []

    class Watching(TorchBackend):
        def exp(self, x):
            seen.append(weakref.ref(x))
            return torch.exp(x)

        def log(self, x):
            gc.collect()
            seen.append(seen[0]() is None)
            return torch.log(x)

    backend = Watching("cpu")
    x = pf.tensor(np.ones(3, np.float32), backend=backend)
    pf.function(lambda x: pf.log(pf.exp(x * 2.0)))(x)
    assert seen[1] is True


def test_numbers_keep_their_sign_and_dtype(on_torch):
    zero = pf.function(lambda x: (1.0 / (x * -0.0), 1.0 / (x * 0.0), x + float("nan")))
    minus, plus, nothing = zero(pf.constant([1.0]))
    assert (minus.item(), plus.item()) == (float("-inf"), float("inf"))
    assert np.isnan(nothing.item())
    assert pf.function(lambda x: x * 0.1)(pf.constant([3.0], "float64")).tolist() == [3.0 * 0.1]


@pytest.fixture
def compiling(monkeypatch):
    """A backend whose graphs go through torch.compile, as the environment variable says."""
    monkeypatch.setenv("POLYFLOW_TORCH_COMPILE", "1")
    backend = TorchBackend("cpu")
    assert backend.torch_compile
    with pf.use_backend(backend):
        yield backend
    torch.compiler.reset()


@needs_compiler
@pytest.mark.filterwarnings("default")  # of what PyTorch's compiler warns is its affair
def test_torch_compile_gives_the_same_numbers(compiling):
    def function(x, index):
        y = pf.tanh(x @ x) / 3.0 + pf.sqrt(pf.abs(x))
        return pf.sum(pf.index_add(y, index, 1.0) * y[index]), x.astype("int32") ** 2

    x = pf.constant(np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32))
    index = pf.constant([0, 2, 2])
    for ours, expected in zip(pf.function(function)(x, index), function(x, index), strict=True):
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), rtol=1e-5)
    with pytest.raises(IndexError, match="out of bounds"):
        pf.function(lambda x, index: x[index] * 2.0)(x, pf.constant([0, 3]))


@needs_compiler
def test_torch_compile_leaves_the_environment_as_the_backend_found_it_when_it_was_made():
    """PyTorch's compiler writes there where its files are, the first time that it is used."""
    code = (
        "import os, polyflow as pf\npf.set_backend('torch:cpu')\nx = pf.constant([1.0])\n"
        "before = dict(os.environ)\npf.function(pf.tanh)(x)\nassert os.environ == before"
    )
    environment = {name: value for name, value in os.environ.items() if "TORCHINDUCTOR" not in name}
    subprocess.run([sys.executable, "-c", code], env={**environment, "POLYFLOW_TORCH_COMPILE": "1"}, check=True)


@needs_compiler
@pytest.mark.filterwarnings("default")
def test_torch_compile_limits_by_tensors(compiling):
    x, low, high = (pf.constant(one) for one in ([-3.0, 0.2, 5.0], [0.0, 0.0, 1.0], [1.0, 2.0, 2.0]))
    found = pf.function(lambda x, low, high: (pf.clip(x, low, high), pf.clip(x, low), pf.clip(x, None, high)))(
        x, low, high
    )
    expected = [[0.0, 0.2, 2.0], [0.0, 0.2, 5.0], [-3.0, 0.2, 2.0]]
    np.testing.assert_array_equal([one.numpy() for one in found], np.array(expected, np.float32))


WRONG = (
    "erf/every-dtype/cases",
    "searchsorted/every-dtype/cases",
    "argmin/float32/inside",
    "where/float32/inside",
    "svdvals/every-dtype/cases",
    "cond/program/branches",
    "while_loop/program/steps",
    "program/values/nothing",
)
"""Cases that fail where all of a program goes through torch.compile: some of each kind."""


@needs_compiler
@pytest.mark.filterwarnings("default")
def test_what_torch_compile_gets_wrong_runs_apart(compiling):
    report = polyflow_conformance.run(compiling, cases=[f"compile-1/{case}" for case in WRONG])
    assert [(result.id, result.reason) for result in report.failures] == []
    assert {result.status for result in report.results} == {"pass"}


@needs_compiler
@pytest.mark.filterwarnings("default")
def test_a_program_is_divided_at_nothing_else(compiling):
    """What is fused once for each shape is soon more than PyTorch's compiler keeps; then it is not used any more."""
    x = pf.constant(np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32))

    def pieces(function):
        counters.clear()
        pf.function(function)(x)
        return counters["stats"]["unique_graphs"], sum(counters["graph_break"].values())

    assert pieces(lambda x: pf.nn.softmax(pf.tanh(x @ x + 1.0)) @ x) == (1, 0)
    assert pieces(lambda x: pf.tanh(pf.math.erf(x @ x) + 1.0)) == (2, 1)


@needs_compiler
@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="this PyTorch has the older way only")
def test_compiled_products_stay_precise_where_the_user_sets_their_precision_later(compiling):
    """By the newer way, of which PyTorch's compiler takes no notice: the program is compiled once more."""
    x = pf.constant(np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32))
    product = pf.function(lambda x: x @ x)
    product(x)
    counters.clear()
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        found = [product(x).numpy() for _ in range(2)]
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before
    assert counters["stats"]["unique_graphs"] == 1
    np.testing.assert_allclose(found[1], x.numpy().astype(np.float64) @ x.numpy(), atol=1e-4)


def test_torch_compile_is_off_unless_asked_for(backend):
    assert backend.torch_compile is False
    assert backend.capabilities.compile


@pytest.mark.parametrize("rows", [64, 50], ids=["even", "a rest"])
def test_training_equals_numpys(rows):
    """Shuffled, with dropout and a rest of a batch; step by step over data that lie with the library."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    y = rng.integers(0, 3, rows)
    results = []
    for name in ("numpy", "torch:cpu"):
        with pf.use_backend(name):
            pf.random.set_seed(1)
            model = pf.Sequential(
                [
                    pf.layers.Dense(16, "tanh", input_shape=(6,)),
                    pf.layers.BatchNormalization(),
                    pf.layers.Dropout(0.25),
                    pf.layers.Dense(3),
                ]
            )
            loss = pf.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile("adam", loss, metrics=["accuracy"])
            history = model.fit(x, y, batch_size=16, epochs=6, verbose=0, validation_data=(x, y)).history
            results.append([history["loss"], history["val_loss"], history["accuracy"]])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)


def test_batches_are_gathered_from_data_laid_with_the_library_once(on_torch, monkeypatch):
    """Large data are not copied at all, and no batch comes from the host."""
    adopted = []
    adopt = type(on_torch).adopt
    monkeypatch.setattr(type(on_torch), "adopt", lambda self, array: adopted.append(array.shape) or adopt(self, array))
    x = np.ones((96, 8), np.float32)
    model = pf.Sequential([pf.layers.Dense(1, input_shape=(8,))])
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], batch_size=32, epochs=2, shuffle=False, verbose=0)
    assert adopted.count((96, 8)) == 1
    assert (32, 8) not in adopted
    assert dt.float32 in on_torch.capabilities.dtypes
