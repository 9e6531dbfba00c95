"""Checkpoints give back what they kept, to new objects too, and say what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf

K, L, train = pf.keras, pf.keras.layers, pf.train
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Net(K.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.drop, self.out = L.Dense(4, activation="tanh"), L.Dropout(0.5, seed=1), L.Dense(1)

    def call(self, x, training=False):
        return self.out(self.drop(self.inner(x), training=training))


def step(net, optimizer):
    with pf.GradientTape() as tape:
        loss = pf.reduce_mean((net(X, training=True) - Y) ** 2)
    optimizer.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
    return float(loss)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_new_objects_go_on_where_the_old_ones_were(tmp_path, backend):
    with pf.use_backend(backend):
        net, optimizer = Net(), K.optimizers.Adam(0.1)
        checkpoint = train.Checkpoint(step=pf.Variable(0), net=net, optimizer=optimizer)
        for _ in range(3):
            step(net, optimizer)
            checkpoint.step.assign_add(1)
        path = checkpoint.save(tmp_path / "ck")
        expected = [step(net, optimizer) for _ in range(3)]
        net, optimizer = Net(), K.optimizers.Adam(0.1)
        checkpoint = train.Checkpoint(step=pf.Variable(0), net=net, optimizer=optimizer)
        checkpoint.restore(path).assert_consumed()
        assert int(checkpoint.step) == 3
        assert [step(net, optimizer) for _ in range(3)] == expected


def test_a_compiled_model_brings_its_optimizer(tmp_path):
    def made():
        model = K.Sequential([K.Input((3,)), L.Dense(1)])
        model.compile("adam", "mse")
        return model

    model = made()
    model.fit(X, Y, epochs=2, verbose=0)
    path = train.Checkpoint(model).write(tmp_path / "one")
    other = made()
    train.Checkpoint(other).restore(path).assert_consumed()
    for one in (model, other):
        one.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), other.get_weights()))


def test_two_models_with_an_optimizer_each(tmp_path):
    def made():
        nets = [K.Sequential([K.Input((3,)), L.Dense(n)]) for n in (1, 2)]
        optimizers = [K.optimizers.SGD(0.1, momentum=0.9) for _ in nets]
        return nets, optimizers, train.Checkpoint(nets=nets, optimizers={"a": optimizers[0], "b": optimizers[1]})

    nets, optimizers, checkpoint = made()
    for net, optimizer in zip(nets, optimizers, strict=True):
        optimizer.apply([pf.ones(v.shape) for v in net.trainable_variables], net.trainable_variables)
    path = checkpoint.save(tmp_path / "gan")
    _, others, checkpoint = made()
    checkpoint.restore(path).assert_consumed()
    for one, other in zip(optimizers, others, strict=True):
        assert [v.tolist() for v in one.variables] == [v.tolist() for v in other.variables]


def test_parts_are_enough(tmp_path):
    v, w = pf.Variable([1.0, 2.0]), pf.Variable(5)
    path = train.Checkpoint(v=v, w=w).write(tmp_path / "both")
    v.assign([0.0, 0.0])
    u = pf.Variable(7.0)
    status = train.Checkpoint(v=v, u=u).read(path).expect_partial()
    assert (v.tolist(), float(u)) == ([1.0, 2.0], 7.0)
    with pytest.raises(AssertionError, match="does not hold 'u'"):
        status.assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="'w' too"):
        train.Checkpoint(v=v).read(path).assert_consumed()


def test_a_random_generator_goes_on(tmp_path):
    generator = pf.random.Generator.from_seed(1)
    generator.normal((2,))
    path = train.Checkpoint(g=generator).write(tmp_path / "g")
    expected = generator.normal((2,)).tolist()
    other = pf.random.Generator.from_seed(2)
    train.Checkpoint(g=other).read(path)
    assert other.normal((2,)).tolist() == expected


def test_a_manager_keeps_the_last_ones(tmp_path):
    v = pf.Variable(0)
    folder = tmp_path / "kept"
    manager = train.CheckpointManager(train.Checkpoint(v=v), folder, max_to_keep=2)
    assert manager.latest_checkpoint is None
    assert manager.checkpoint.restore(manager.latest_checkpoint).path is None
    paths = []
    for value in (1, 2, 3):
        v.assign(value)
        paths.append(manager.save())
    assert manager.checkpoints == paths[1:]
    assert train.latest_checkpoint(folder) == manager.latest_checkpoint == str(folder / "ckpt-3")
    assert sorted(one.name for one in folder.iterdir()) == [
        "checkpoint.json",
        "ckpt-2.safetensors",
        "ckpt-3.safetensors",
    ]
    again = train.CheckpointManager(train.Checkpoint(v=pf.Variable(0)), folder, max_to_keep=2)
    assert again.restore_or_initialize() == paths[2]
    assert int(again.checkpoint.v) == 3
    assert again.save() == str(folder / "ckpt-4")


def test_what_does_not_fit_changes_nothing(tmp_path):
    v, w = pf.Variable([1.0]), pf.Variable([2.0])
    path = train.Checkpoint(v=v, w=w).write(tmp_path / "ck")
    v.assign([0.0])
    with pytest.raises(pf.errors.WeightFileError, match="does not fit"):
        train.Checkpoint(v=v, w=pf.Variable([1.0, 2.0])).read(path)
    assert v.tolist() == [0.0]
    with pytest.raises(TypeError, match="keeps variables, layers"):
        train.Checkpoint(step=3)
    with pytest.raises(FileNotFoundError):
        train.Checkpoint(v=v).read(tmp_path / "none-1")
    optimizer = K.optimizers.Adam()
    optimizer.build([v])
    path = train.Checkpoint(optimizer=optimizer).write(tmp_path / "alone")
    with pytest.raises(pf.errors.WeightFileError, match=r"Give the checkpoint the model too"):
        train.Checkpoint(optimizer=K.optimizers.Adam()).read(path)
