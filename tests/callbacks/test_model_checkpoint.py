"""ModelCheckpoint: names, patterns and what it refuses."""

from __future__ import annotations

import pytest

from polyflow.callbacks import CallbackList, ModelCheckpoint


@pytest.mark.parametrize("name", ["best.npz", "best", "best.weights", "a.b/c"])
@pytest.mark.parametrize("weights_only", [True, False])
def test_other_endings_are_refused(name, weights_only):
    with pytest.raises(ValueError, match=r"must end in .weights.safetensors or .safetensors .*got .*Write for"):
        ModelCheckpoint(name, save_weights_only=weights_only)


def test_the_suggested_name():
    with pytest.raises(ValueError, match="'out/best.weights.safetensors'"):
        ModelCheckpoint("out/best.weights.npz")


@pytest.mark.parametrize("name", ["a.weights.safetensors", "a.safetensors"])
def test_both_endings_are_taken(name, tmp_path, model):
    run = CallbackList(ModelCheckpoint(tmp_path / name), model, {})
    run.on_epoch_end(0, {"loss": 1.0})
    assert (tmp_path / name).exists()


def test_pattern(tmp_path, model):
    run = CallbackList(ModelCheckpoint(str(tmp_path / "{epoch:02d}-{val_loss:.2f}.weights.safetensors")), model, {})
    run.on_epoch_end(0, {"val_loss": 1.239})
    run.on_epoch_end(11, {"val_loss": 0.5})
    assert model.saved == ["01-1.24.weights.safetensors", "12-0.50.weights.safetensors"]


def test_a_missing_folder_is_made(tmp_path, model):
    CallbackList(ModelCheckpoint(tmp_path / "a" / "b" / "c.safetensors"), model, {}).on_epoch_end(0, {})
    assert (tmp_path / "a" / "b" / "c.safetensors").exists()


def test_a_name_that_is_not_there(tmp_path, model):
    run = CallbackList(ModelCheckpoint(str(tmp_path / "{val_los:.2f}.safetensors")), model, {})
    with pytest.raises(
        ValueError, match="there is no 'val_los'. Did you mean 'val_loss'.*Available: epoch, loss, val_loss"
    ):
        run.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})


def test_a_format_that_does_not_fit(tmp_path, model):
    run = CallbackList(ModelCheckpoint(str(tmp_path / "{loss:02d}.safetensors")), model, {})
    with pytest.raises(ValueError, match="cannot fill in .*Unknown format code 'd'"):
        run.on_epoch_end(0, {"loss": 1.0})


@pytest.mark.parametrize("name", ["{epoch.safetensors", "}.safetensors", "{}.safetensors", "{0}.safetensors"])
def test_a_broken_pattern_is_refused_at_once(name):
    with pytest.raises(ValueError, match="Write {{ for a brace"):
        ModelCheckpoint(name)


@pytest.mark.parametrize("frequency", [0, -1, 1.5, "batch", None, True])
def test_other_frequencies_are_refused(frequency):
    with pytest.raises(ValueError, match="save_freq is 'epoch' or a number of batches"):
        ModelCheckpoint("a.safetensors", save_freq=frequency)


def test_it_needs_batches_only_when_it_counts_them(model):
    assert not CallbackList(ModelCheckpoint("a.safetensors"), model, {}).needs_batches
    assert CallbackList(ModelCheckpoint("a.safetensors", save_freq=2), model, {}).needs_batches


def test_a_pattern_of_an_epoch_reads_lazy_logs_of_a_batch(tmp_path, model):
    from polyflow.callbacks import LazyLogs

    run = CallbackList(ModelCheckpoint(str(tmp_path / "{batch}-{loss:.1f}.safetensors"), save_freq=2), model, {})
    run.on_epoch_begin(0)
    run.on_train_batch_end(1, LazyLogs(lambda: {"loss": 0.25}))
    assert model.saved == ["2-0.2.safetensors"]


def test_best_only_by_batches_from_the_first_epoch_on(tmp_path, model):
    """The direction is known before the first epoch ends."""
    checkpoint = ModelCheckpoint(tmp_path / "a.safetensors", "loss", save_best_only=True, save_freq=1)
    run = CallbackList(checkpoint, model, {})
    run.on_train_begin()
    run.on_epoch_begin(0)
    for batch, loss in enumerate([2.0, 3.0, 1.0]):
        run.on_train_batch_end(batch, {"loss": loss})
    assert len(model.saved) == 2
    assert checkpoint.best == 1.0


def test_a_monitor_without_direction_is_fine_when_everything_is_saved(tmp_path, model):
    run = CallbackList(ModelCheckpoint(tmp_path / "a.safetensors", "mystery"), model, {})
    run.on_train_begin()
    run.on_epoch_end(0, {})
    assert len(model.saved) == 1
