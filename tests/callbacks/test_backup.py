"""A training that was broken off goes on where it was."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

K, L = pf.keras, pf.keras.layers
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Breaks(K.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def fitted(*callbacks, epochs=5):
    """What a program does that sets its seed and trains."""
    K.utils.set_random_seed(3)
    model = K.Sequential([K.Input((3,)), L.Dense(8, "relu"), L.Dropout(0.3), L.Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model.get_weights(), history


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_it_ends_in_the_weights_of_one_that_was_never_broken_off(tmp_path, backend):
    with pf.use_backend(backend):
        whole, _ = fitted()
        with pytest.raises(KeyboardInterrupt):
            fitted(K.callbacks.BackupAndRestore(tmp_path), Breaks())
        assert (tmp_path / "latest.safetensors").exists()
        resumed, history = fitted(K.callbacks.BackupAndRestore(tmp_path))
        assert history.epoch == [2, 3, 4]
        assert all(map(np.array_equal, whole, resumed))
        assert not (tmp_path / "latest.safetensors").exists()


def test_a_backup_may_stay_and_epochs_be_added(tmp_path):
    fitted(K.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    _, history = fitted(K.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=3)
    assert history.epoch == [2]
    with pytest.raises(ValueError, match="every epoch"):
        K.callbacks.BackupAndRestore(tmp_path, save_freq=10)
