"""Memory that JAX takes as it is: whose it is, and when it is used again."""

from __future__ import annotations

import gc
import threading

import jax
import numpy as np
import pytest
from ml_dtypes import bfloat16

import polyflow as pf
from polyflow_jax.staging import ALIGNMENT, Staging, aligned

ROWS = np.arange(40_000, dtype=np.float32).reshape(400, 100)


@pytest.mark.parametrize("dtype", [np.float32, np.bool_, np.complex128, bfloat16])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 5, 2)])
def test_aligned_arrays_are_where_xla_wants_them(shape, dtype):
    made = aligned(shape, np.dtype(dtype))
    assert (made.shape, made.dtype) == (shape, np.dtype(dtype))
    assert not made.size or made.ctypes.data % ALIGNMENT == 0
    assert made.flags.c_contiguous


def test_memory_is_used_again_when_nobody_reads_it():
    staging = Staging()
    copy = staging.copy(ROWS)
    place = copy.ctypes.data
    held = jax.device_put(copy)
    assert held.unsafe_buffer_pointer() == place, "JAX should not have copied"
    del copy
    other = staging.copy(ROWS + 1)
    assert other.ctypes.data != place
    np.testing.assert_array_equal(held, ROWS)
    view = np.asarray(held)
    del held
    gc.collect()
    assert staging.copy(ROWS + 2).ctypes.data != place, "a view is left"
    np.testing.assert_array_equal(view, ROWS)
    del view
    gc.collect()
    jax.device_put(1.0)  # JAX lets go of what it holds of NumPy's at its next call
    assert place in [staging.copy(ROWS).ctypes.data, *[staging.copy(ROWS[::-1]).ctypes.data]]


def test_idle_memory_is_bounded():
    staging = Staging(most=2 * ROWS.nbytes)
    copies = [staging.copy(ROWS) for _ in range(4)]
    del copies
    gc.collect()
    assert sum(memory.nbytes for memory in staging._idle) <= 2 * ROWS.nbytes


def test_threads_do_not_share_rows():
    """Each model gives what its own rows say: the weights sum up to 1, and the targets are the rows' numbers."""
    losses: dict[int, float] = {}

    def score(scale: int) -> None:
        with pf.use_backend("jax"):
            model = pf.keras.Sequential([pf.keras.layers.Dense(1, use_bias=False, input_shape=(1000,))])
            model.compile("sgd", "mse")
            model.set_weights([np.full((1000, 1), 1e-3, np.float32)])
            x, y = np.full((400, 1000), scale, np.float32), np.full((400, 1), scale, np.float32)
            losses[scale] = max(model.evaluate(x, y, batch_size=40, verbose=0) for _ in range(5))

    threads = [threading.Thread(target=score, args=(scale,)) for scale in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(losses) == [1, 2, 3, 4]
    assert max(losses.values()) < 1e-6


@pytest.mark.parametrize("rows", [10, 40_000])
def test_what_a_user_writes_afterwards_does_not_reach_a_tensor(rows):
    given = np.ones((rows, 4), np.float64)
    with pf.use_backend("jax"):
        made, narrow = pf.constant(given), pf.constant(given, dtype="float32")
    given[:] = 7
    np.testing.assert_array_equal(made.numpy(), np.ones((rows, 4)))
    np.testing.assert_array_equal(narrow.numpy(), np.ones((rows, 4)))
