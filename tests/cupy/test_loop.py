"""Training on CuPy over the stand-in (which is not CuPy) waits for the GPU when somebody looks, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from cpu_kernels import compiler

import polyflow as pf
from polyflow.data import Dataset
from polyflow.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten
from polyflow.models import Sequential
from polyflow_cupy.loop import DeviceLoop

pytestmark = [
    pytest.mark.skipif(compiler() is None, reason="no C++ compiler to run generated kernels on the CPU with"),
    pytest.mark.parametrize("standin", ["14.2.0"], indirect=True),
]

ROWS, BATCH = 200, 13
X = np.random.default_rng(0).integers(0, 11, (ROWS, 4)).astype(np.int32)
Y = np.random.default_rng(1).integers(0, 3, ROWS).astype(np.int32)


def compiled_model():
    layers = [Embedding(11, 4, input_shape=(4,)), Flatten(), Dense(8, activation="relu"), BatchNormalization()]
    model = Sequential([*layers, Dropout(0.25), Dense(3, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_no_step_of_an_epoch_waits(registered, standin, monkeypatch):
    """Index arrays, masks, losses and metrics included; an epoch's report is read when it ends."""
    seen = []
    gathered = DeviceLoop.gathered

    def noted(self, data, rows):
        seen.append(standin.syncs)
        return gathered(self, data, rows)

    monkeypatch.setattr(DeviceLoop, "gathered", noted)
    with pf.use_backend(registered):
        model = compiled_model()
        model.fit(X, Y, batch_size=BATCH, epochs=3, verbose=0)
    steps = -(-ROWS // BATCH)
    assert len(seen) == 3 * steps
    for epoch in range(3):
        assert len(set(seen[epoch * steps : (epoch + 1) * steps])) == 1
    assert standin.syncs - seen[-1] <= 9  # three numbers for each epoch that the last call ended


def test_steps_from_a_dataset_do_not_wait_either(registered, standin):
    """Where batches come one by one, as many waits serve twice as many steps."""

    def rows():
        yield from zip(X, Y, strict=True)

    waits = []
    with pf.use_backend(registered):
        model = compiled_model()
        spec = (pf.TensorSpec((4,), pf.int32), pf.TensorSpec((), pf.int32))
        for batch in (BATCH, BATCH, BATCH // 2):  # the first builds the model
            data = Dataset.from_generator(rows, output_signature=spec).batch(batch)
            standin.syncs = 0
            model.fit(data, epochs=1, verbose=0)
            waits.append(standin.syncs)
    assert waits[1] == waits[2] <= 8


def test_data_lie_on_the_gpu_once(registered, standin, monkeypatch):
    """Not the rows of each batch: the data are uploaded once for all epochs, orders once for all calls with them."""
    backend = pf.backend.discovery.get(registered)
    uploads = []
    asarray = type(backend).asarray
    monkeypatch.setattr(
        type(backend), "asarray", lambda self, obj, *rest: uploads.append(np.shape(obj)) or asarray(self, obj, *rest)
    )
    with pf.use_backend(registered):
        model = compiled_model()
        model.fit(X, Y, batch_size=BATCH, epochs=2, verbose=0)
    assert uploads.count(X.shape) == 1
    assert not any(shape[:1] == (BATCH,) for shape in uploads)


def test_data_that_would_fill_the_gpu_come_batch_by_batch(registered, standin):
    backend = pf.backend.discovery.get(registered)
    assert backend.fits(1 << 20)
    standin.memory = 1 << 20
    assert not backend.fits(1 << 20)


def test_a_loop_runs_on_its_backends_device(standin):
    from over_standin import over

    from polyflow.backend import discovery

    made = over(standin)
    discovery.register(made.name, made)
    try:
        with pf.use_backend(f"{made.name}:1"):
            history = compiled_model().fit(X[:32], Y[:32], batch_size=BATCH, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        assert standin.current == 0
    finally:
        discovery.unregister(made.name)
