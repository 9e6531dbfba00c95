"""Eighty steps of fixed gradients against Keras: every optimizer, and every option."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow import optimizers
from polyflow.errors import UnknownNameError

from .cases import OPTIMIZERS, OPTIONS, SHAPES, gradients, label, weights

TOLERANCE = 2e-6

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")  # Keras's own


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


def keras_run(keras, optimizer):
    """The weights after Keras's optimizer has seen all gradients, in one compiled loop."""
    import jax

    variables = [keras.Variable(value) for value in weights()]
    optimizer.build(variables)

    def step(state, grads):
        return optimizer.stateless_apply(state[1], list(grads), state[0]), None

    start = [v.value for v in variables], [v.value for v in optimizer.variables]
    (trained, state), _ = jax.jit(lambda start, grads: jax.lax.scan(step, start, grads))(start, tuple(gradients()))
    for variable, value in zip([*variables, *optimizer.variables], [*trained, *state], strict=True):
        variable.assign(value)
    optimizer.finalize_variable_values(variables)
    return [np.asarray(variable.value) for variable in variables], [np.asarray(value) for value in state]


def keras_run_step_by_step(keras, optimizer):
    """The same, by calls of `apply`: in a compiled loop Keras's Adafactor gives other weights than it does so."""
    variables = [keras.Variable(value) for value in weights()]
    for grads in zip(*gradients(), strict=True):
        optimizer.apply(list(grads), variables)
    optimizer.finalize_variable_values(variables)
    return [np.asarray(v.value) for v in variables], [np.asarray(v.value) for v in optimizer.variables]


def our_run(optimizer):
    """The same with ours, eagerly."""
    variables = [pf.Variable(value) for value in weights()]
    for grads in zip(*gradients(), strict=True):
        optimizer.apply([pf.tensor(g) for g in grads], variables)
    optimizer.finalize_variable_values(variables)
    return [variable.numpy() for variable in variables], [variable.numpy() for variable in optimizer.variables]


def compare(keras, name, options):
    theirs, ours = getattr(keras.optimizers, name)(**options), getattr(optimizers, name)(**options)
    run = keras_run_step_by_step if name == "Adafactor" else keras_run
    (expected, their_state), (trained, our_state) = run(keras, theirs), our_run(ours)
    for a, b in zip(trained, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)
    placeholders = 2 * sum(len(shape) < 2 for shape in SHAPES) if name == "Adafactor" else 0
    assert sorted([a.shape for a in our_state] + [()] * placeholders) == sorted(b.shape for b in their_state)
    assert int(our_state[0]) == int(their_state[0]) == 80


@pytest.mark.parametrize("case", OPTIMIZERS, ids=label)
def test_weights_are_keras_s(keras, case):
    compare(keras, *case)


@pytest.mark.parametrize("options", OPTIONS, ids=label)
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_options_do_what_they_do_in_keras(keras, name, options):
    compare(keras, name, {"learning_rate": 0.02} | options)


@pytest.mark.parametrize("name", ["Nadam", "RMSprop"])
def test_accumulated_steps_of_optimizers_with_more_state(keras, name):
    compare(keras, name, {"gradient_accumulation_steps": 3, "weight_decay": 0.01})


@pytest.mark.parametrize("case", OPTIMIZERS, ids=label)
def test_configurations_are_keras_s(keras, case):
    name, options = case
    theirs, ours = getattr(keras.optimizers, name)(**options), getattr(optimizers, name)(**options)
    expected = theirs.get_config()
    expected.pop("name")  # Keras numbers its names
    assert ours.get_config() == expected | {"name": ours.name}


@pytest.mark.parametrize("name", ["sgd", "SGD", "rmsprop", "RMSprop", "Adam", "ADAMW", "adagrad", "adadelta", "adamax"])
def test_names_are_keras_s(keras, name):
    assert type(optimizers.get(name)).__name__ == type(keras.optimizers.get(name)).__name__


@pytest.mark.parametrize("name", ["addam", "sgd ", "momentum", ""])
def test_names_that_keras_rejects_are_rejected(keras, name):
    with pytest.raises((ValueError, TypeError)):
        keras.optimizers.get(name)
    with pytest.raises(UnknownNameError, match="Unknown optimizer"):
        optimizers.get(name)


def test_weights_excluded_from_decay(keras):
    theirs, ours = keras.optimizers.SGD(0.1, weight_decay=0.2), optimizers.SGD(0.1, weight_decay=0.2)
    values = weights()
    their_variables = [keras.Variable(v, name=n) for v, n in zip(values, ("kernel", "bias", "scale"), strict=True)]
    our_variables = [pf.Variable(v, name=n) for v, n in zip(values, ("kernel", "bias", "scale"), strict=True)]
    theirs.exclude_from_weight_decay(var_list=[their_variables[2]], var_names=["bias"])
    ours.exclude_from_weight_decay(var_list=[our_variables[2]], var_names=["bias"])
    zeros = [np.zeros_like(value) for value in values]
    theirs.apply(zeros, their_variables)
    ours.apply(zeros, our_variables)
    for a, b, start in zip(our_variables, their_variables, values, strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=1e-7)
        assert (a.numpy() == start).all() == (a.name != "kernel")


SCHEDULES = [
    ("ExponentialDecay", (0.1, 7, 0.6), {}),
    ("ExponentialDecay", (0.1, 7, 0.6), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 7, 0.6), {}),
    ("InverseTimeDecay", (0.1, 7.0, 0.6), {"staircase": True}),
    ("PolynomialDecay", (0.1, 20), {"end_learning_rate": 0.01, "power": 0.5}),
    ("PolynomialDecay", (0.1, 20), {"cycle": True, "power": 2}),
    ("PiecewiseConstantDecay", ([5, 12, 30], [1.0, 0.5, 0.25, 0.1]), {}),
    ("PiecewiseConstantDecay", ([5], [1.0, 0.5]), {}),
    ("CosineDecay", (0.1, 20), {"alpha": 0.1}),
    ("CosineDecay", (0.01, 20), {"warmup_target": 0.1, "warmup_steps": 6}),
    ("CosineDecayRestarts", (0.1, 6), {}),
    ("CosineDecayRestarts", (0.1, 6), {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.05}),
    ("CosineDecayRestarts", (0.1, 6), {"t_mul": 1.5, "m_mul": 0.9}),
]


@pytest.mark.parametrize(("name", "arguments", "options"), SCHEDULES)
def test_schedules_are_keras_s(keras, name, arguments, options):
    theirs = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    ours = getattr(optimizers.schedules, name)(*arguments, **options)
    for step in range(45):
        rate = ours(pf.tensor(step, dtype="int64"))
        assert rate.dtype == np.float32
        assert rate.shape == ()
        np.testing.assert_allclose(rate.numpy(), np.asarray(theirs(step)), rtol=2e-6, atol=1e-7, err_msg=str(step))
    assert ours.get_config() == theirs.get_config()


def test_a_schedule_in_an_optimizer(keras):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.7)
    expected, _ = keras_run(keras, keras.optimizers.Adam(schedule))
    trained, _ = our_run(optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 9, 0.7)))
    for a, b in zip(trained, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)
