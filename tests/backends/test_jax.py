"""What concerns JAX alone: its settings, its asynchrony, its weak types, its devices and its own gradient."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import polyflow as pf
from polyflow.backend import discovery
from polyflow.errors import ShapeError, UnknownDeviceError
from polyflow.flow.trace import trace
from polyflow.ops import creation
from polyflow.ops.declare import OPS, Op
from polyflow.ops.rules import Spec, elementwise

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'polyflow-core[jax]'")
jnp = jax.numpy
wide = importlib.import_module("polyflow_jax.wide")
ROOT = Path(__file__).parents[2]


# 64 bits, for polyflow alone ---------------------------------------------------------------------------------------


def users_own():
    """What 64 bits would change in the user's own JAX code."""
    return (
        jax.config.jax_enable_x64,
        str(jnp.zeros(2).dtype),
        str(jnp.arange(3).dtype),
        str(jax.jit(lambda: 1.0)().dtype),
        float(jax.random.normal(jax.random.key(0))),
    )


def work():
    """One of everything that enters JAX; float64 and int64 throughout."""
    x = pf.tensor(np.arange(6.0).reshape(2, 3), backend="jax")
    y = pf.exp(x) @ creation.ones((3, 2), "float64", backend="jax") + 1.0
    z = pf.function(lambda v: pf.sum(v * v[0]))(x)
    g = pf.grad(lambda v: pf.sum(v**3))(x)
    assert {t.dtype for t in (x, y, z, g)} == {np.dtype("float64")}
    assert pf.argmax(x).dtype == np.dtype("int64")
    return x


@pytest.mark.parametrize("enter", [wide.in_64_bits, wide.arrays_in_64_bits])
@pytest.mark.parametrize("way", ["as it is known", "as JAX documents it"])
def test_a_call_in_64_bits_leaves_the_thread_as_it_was(way, enter, monkeypatch):
    """Whatever the thread's own setting is, nested or with an exception; other threads see nothing of it."""
    monkeypatch.setattr(wide, "known", wide.known if way == "as it is known" else lambda state: False)
    seen = []

    def inner(value):
        seen.append(jax.config.jax_enable_x64)
        other = threading.Thread(target=lambda: seen.append(jax.config.jax_enable_x64))
        other.start()
        other.join()
        if value < 0:
            raise ValueError
        return str(jnp.asarray(1.0 * value).dtype)

    run = enter(inner)
    assert [run(1), enter(run)(1)] == ["float64"] * 2
    assert seen == [True, False] * 2
    with pytest.raises(ValueError):
        run(-1)
    assert jax.config.jax_enable_x64 is False
    for setting in (True, False):
        with jax.enable_x64(setting):
            assert run(1) == "float64"
            assert jax.config.jax_enable_x64 is setting
    jax.config.update("jax_enable_x64", True)
    try:
        assert (run(1), jax.config.jax_enable_x64) == ("float64", True)
    finally:
        jax.config.update("jax_enable_x64", False)
    assert (run(1), jax.config.jax_enable_x64) == ("float64", False)


def test_a_setting_of_another_make_is_left_to_jax():
    """Where JAX's own context manager does more than is known, or less, it is taken."""

    class Setting:
        _update_thread_local_hook = None

        def __init__(self):
            self.value, self.calls = False, 0

        def get_local(self):
            return self.value

        def set_local(self, value):
            self.calls += 1

        def __call__(self, value):
            return contextlib.nullcontext()

    assert wide.known(jax.enable_x64)
    assert not any(map(wide.known, (Setting(), object())))
    hooked = Setting()
    hooked._update_thread_local_hook = print
    assert (wide.known(hooked), hooked.calls) == (False, 0)


def test_the_users_jax_is_untouched():
    """Before, between and after, default dtypes and random numbers are those of 32 bits."""
    before = users_own()
    assert before[:3] == (False, "float32", "int32")
    x = work()
    assert users_own() == before
    with pytest.raises(IndexError):
        x[np.array([9])]
    with pytest.raises(ShapeError, match="shape"):
        x @ x
    assert users_own() == before


def test_the_users_jax_is_untouched_in_threads_and_tasks():
    """While polyflow computes in one thread or task, JAX in the others keeps to 32 bits."""
    before = users_own()
    stop, wrong = threading.Event(), []

    def watch():
        while not stop.is_set():
            if users_own() != before:
                wrong.append("a thread saw 64 bits")

    watcher = threading.Thread(target=watch)
    watcher.start()
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    watcher.join()

    async def both():
        async def ours():
            for _ in range(5):
                work()
                await asyncio.sleep(0)

        async def theirs():
            for _ in range(20):
                if users_own() != before:
                    wrong.append("a task saw 64 bits")
                await asyncio.sleep(0)

        await asyncio.gather(ours(), theirs())

    asyncio.run(both())
    assert wrong == []


def test_a_process_in_64_bits_stays_there():
    """The user's own choice of 64 bits is left alone too."""
    code = (
        "import jax; jax.config.update('jax_enable_x64', True); import polyflow as pf, numpy as np;"
        "x = pf.tensor(np.ones(3, np.float32), backend='jax') * 2.0; assert x.dtype == np.float32;"
        "assert jax.config.jax_enable_x64 and jax.numpy.zeros(1).dtype == 'float64'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_plugin_is_listed_without_importing_jax():
    """Its hooks and description need nothing but polyflow."""
    code = (
        "import sys, json, polyflow_jax; polyflow_jax.polyflow_describe();"
        "print(json.dumps([name for name in ('jax', 'jaxlib') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == []


# Arrays ------------------------------------------------------------------------------------------------------------


def test_no_result_is_weakly_typed():
    """A weak type would give the next operation another dtype."""
    backend = discovery.get("jax")
    x = pf.tensor(np.ones((2, 2), np.float32), backend="jax")
    made = [
        x,
        x + 1.0,
        2.0 * x,
        x**2.0,
        pf.where(x > 0, x, 0.0),
        creation.full((2,), 1.5, backend="jax"),
        pf.sum(x),
        pf.tensor(1.0, backend="jax"),
    ]
    made += [pf.function(lambda v: v * 2.0)(x), pf.astype(x, "float64"), pf.clip(x, 0.0, 1.0)]
    assert [t.array.aval.weak_type for t in made] == [False] * len(made)
    assert all(t.backend is backend for t in made)


def test_fills_tell_minus_zero_and_nan_apart():
    """Values equal in Python, or not even equal to themselves, are told apart where programs are kept."""
    for value in (0.0, -0.0, 0.0):
        assert np.signbit(creation.full((2,), value, backend="jax").numpy()).all() == np.signbit(value)
        padded = pf.pad(creation.ones((1,), backend="jax"), 1, constant_values=value).numpy()
        assert np.signbit(padded[0]) == np.signbit(value)
    kernel = discovery.get("jax").kernel(OPS["pad"])
    x = jnp.ones(3)
    for _ in range(3):
        kernel(x, widths=((1, 1),), value=float("nan"))
    (programs,) = [cell.cell_contents for cell in kernel.given.__closure__ if isinstance(cell.cell_contents, dict)]
    assert len(programs) == 1


# Devices -----------------------------------------------------------------------------------------------------------


def test_devices_have_one_name_and_one_object_each():
    """The default, ``jax:cpu`` and ``jax:cpu:0`` are the same backend."""
    backend = discovery.get("jax")
    assert backend.device in backend.devices()
    if jax.default_backend() == "cpu":
        assert discovery.get("jax:cpu:0") is discovery.get("jax:cpu") is discovery.get("jax:0") is backend
    for name in ("jax:cpu:99", "jax:cuda:99", "jax:tpus", "jax:cpu:x", "jax:99"):
        with pytest.raises(UnknownDeviceError, match=r"Its devices: .*cpu:0"):
            discovery.get(name)


def test_a_second_device_holds_its_own_tensors():
    """Arrays are made there, stay there, and move only when told to."""
    code = """
import numpy as np, jax, polyflow as pf
from polyflow.ops import creation
from polyflow.errors import MixedBackendsError
first, second = pf.tensor([1.0, 2.0], backend="jax"), pf.tensor([1.0, 2.0], backend="jax:cpu:1")
assert second.backend is not first.backend and second.device == "cpu:1" and first.device == "cpu:0"
assert second.backend.devices() == ("cpu:0", "cpu:1")
where = lambda t: {d.id for d in t.array.devices()}
made = [
    second, second + 1.0, pf.exp(second) * second, creation.zeros((3,), backend="jax:cpu:1"), second[1:],
    first.to("jax:cpu:1"), pf.function(lambda v: v * 2.0)(second), pf.grad(lambda v: pf.sum(v * v))(second),
    pf.where(second > 1.0, second, 0.0),
]
assert [where(t) for t in made] == [{1}] * len(made), [where(t) for t in made]
assert where(first * 2.0) == {0} and where(second.to("jax")) == {0}
with pf.use_backend("jax:cpu:1"):
    assert where(pf.ones((2,))) == {1} and where(pf.function(lambda: pf.ones((2,)) + 1.0)()) == {1}
try:
    first + second
except MixedBackendsError as error:
    assert "cpu:1" in str(error)
else:
    raise AssertionError("tensors of two devices were added")
"""
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    import os

    subprocess.run([sys.executable, "-c", code], check=True, timeout=300, env={**os.environ, **environment})


def test_synchronize_waits_for_all_arrays():
    """Also when some of them are gone."""
    backend = discovery.get("jax")
    x = pf.tensor(np.ones((300, 300), np.float32), backend="jax")
    for _ in range(5):
        x = x @ x * 1e-3
    gone = jnp.ones(3)
    gone.delete()
    backend.synchronize()
    assert x.array.is_ready()


# Graphs ------------------------------------------------------------------------------------------------------------


def test_a_graph_is_one_program():
    """Compiled graphs give what eager ops give, integer and constant outputs too."""
    backend = discovery.get("jax")

    def function(x, i):
        return pf.exp(x)[1:] * 2.0 + pf.take(x, i, axis=0), pf.argmax(x), pf.sum(x > 0)

    x, i = np.random.default_rng(0).normal(size=(3, 4)), np.array([2, 0])
    traced = trace(function, Spec(x.shape, x.dtype), Spec(i.shape, i.dtype), backend=backend)
    program = backend.compile(traced.graph)
    outputs = program(*(backend.asarray(a) for a in (x, i)))
    eager = function(pf.tensor(x, backend="jax"), pf.tensor(i, backend="jax"))
    for got, expected in zip(outputs, eager, strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(np.asarray(got), expected.numpy(), rtol=1e-15)


def test_an_op_of_nobody_calls_back_from_a_program():
    """Compiled code runs the NumPy reference of an op that JAX does not have."""

    def sorted_by_size(x, /):
        return x[np.argsort(np.abs(x), stable=True)]

    op = Op(sorted_by_size, elementwise(), standard=False)
    backend = discovery.get("jax")
    kernel = backend.resolve(op)
    with jax.enable_x64(True):
        got = jax.jit(lambda v: kernel(v * 2))(np.array([3.0, -1.0, 2.0]))
    np.testing.assert_array_equal(np.asarray(got), [-2.0, 4.0, 6.0])
    assert backend.host_fallbacks.pop("sorted_by_size")


def test_threads_share_programs():
    """Two threads on JAX and two on NumPy at once, each with its own results."""
    wrong = []

    def on(name, seed):
        rng = np.random.default_rng(seed)
        for _ in range(20):
            host = rng.normal(size=(7, 5))
            with pf.use_backend(name):
                x = pf.tensor(host)
                got = pf.sum(pf.tanh(x @ pf.ones((5, 3), "float64")) * 2.0, 0)
            if got.backend.name != name or not np.allclose(
                got.numpy(), (np.tanh(host @ np.ones((5, 3))) * 2).sum(0), rtol=1e-13
            ):
                wrong.append((name, seed))

    threads = [threading.Thread(target=on, args=(name, i)) for i, name in enumerate(["jax", "numpy"] * 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nextafter_of_an_array_and_itself_in_bfloat16():
    """Of XLA's own LLVM makes no code where vectors have 512 bits, which ends the process."""
    code = (
        "import numpy as np, polyflow as pf\n"
        "pf.set_backend('jax')\n"
        "x = pf.constant(np.linspace(-1, 1, 266), 'bfloat16')\n"
        "same, above = pf.function(lambda x: (pf.nextafter(x, x), pf.nextafter(x, 2.0)))(x)\n"
        "assert bool(pf.all(same == x)) and bool(pf.all(above > x))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("dtype", ["bool", "uint32", "uint64"])
def test_what_is_drawn_and_several_read_is_drawn_once(dtype):
    """XLA would draw it again in each that reads it, as it does of what it takes for cheap."""
    kernels = importlib.import_module("polyflow_jax.random")

    def rotations(readers):
        def step(key, x):
            if dtype == "bool":
                mask = kernels.keep_mask(key, shape=(64, 256), rate=0.5)
            else:
                mask = kernels.random_bits(key, shape=(64, 256), dtype=np.dtype(dtype)) > 5
            found = x
            for _ in range(readers):
                found = jnp.where(mask, found @ found.T @ x, 0)
            return found

        words = jax.ShapeDtypeStruct((2,), np.uint32)
        compiled = jax.jit(step).lower(words, jax.ShapeDtypeStruct((64, 256), np.float32)).compile()
        return compiled.as_text().count("shift-left(")

    with jax.enable_x64(True):
        assert 0 < rotations(3) == rotations(1)


def made(units=7, rate=0.125):
    layers = pf.keras.layers
    model = pf.keras.Sequential([layers.Dense(units, "relu"), layers.Dropout(0.25), layers.Dense(3)])
    loss = pf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(pf.keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def test_a_model_like_an_earlier_one_is_not_compiled_again(caplog):
    """With other weights, rates and names, by epochs and by batches; its numbers are its own."""
    x, y = np.random.default_rng(0).normal(size=(70, 5)).astype("float32"), np.arange(70) % 3

    def trained(seed, **options):
        pf.random.set_seed(seed)
        model = made(**options)
        history = model.fit(x, y, epochs=2, verbose=0).history["loss"]
        model.train_on_batch(x[:32], y[:32])
        return [*history, *model.evaluate(x, y, verbose=0), *model.predict(x, verbose=0).ravel().tolist()]

    def compilations(seed, **options):
        caplog.clear()
        with jax.log_compiles():
            found = trained(seed, **options)
        return found, caplog.text.count("Finished XLA compilation")

    with pf.use_backend("jax"):
        first, count = compilations(1)
        assert count > 2
        second, count = compilations(2, rate=0.0625)
        assert count == 0
        assert compilations(1)[0] == first != second
        assert compilations(1, units=8)[1] > 2


def test_programs_of_other_numbers_are_others():
    """A regularizer's factor, and an array that a metric holds, are part of a program."""
    x, y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")

    def loss(factor, target):
        layers, constant = pf.keras.layers, pf.constant([[target]])
        layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=pf.keras.regularizers.L2(factor))
        model = pf.keras.Sequential([layer])
        model.compile("sgd", lambda y_true, y_pred: (y_pred - constant) ** 2)
        return model.fit(x, y, epochs=1, verbose=0).history["loss"][0]

    with pf.use_backend("jax"):
        found = [loss(0.0, 2.0), loss(0.5, 2.0), loss(0.0, 5.0), loss(0.5, 5.0)]
    assert found == [0.0, 1.0, 9.0, 10.0]
