"""What optimizers promise by themselves: state, learning rates, missing gradients, and compiled steps."""

from __future__ import annotations

import copy
import math
import pickle
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow import losses, metrics, optimizers
from polyflow.errors import ShapeError, UnknownNameError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops.rules import Spec
from polyflow.optimizers import schedules

from .cases import OPTIMIZERS, OPTIONS, gradients, label, weights

ALL = [*OPTIMIZERS, *(("Adam", options) for options in OPTIONS)]


@pytest.mark.parametrize("case", ALL, ids=label)
@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_compiled_step_is_the_eager_one_of_numpy(case, backend):
    name, options = case
    eager, traced = (getattr(optimizers, name)(**options) for _ in range(2))
    left, right = ([pf.Variable(value, backend=where) for value in weights()] for where in ("numpy", backend))
    traced.build(right)
    target = right[0].backend
    steps = list(zip(*gradients(12), strict=True))
    arguments = [Spec(g.shape, g.dtype) for g in steps[0]]
    program = Compiled(trace(lambda *g: traced.apply(g, right), *arguments, backend=target))
    for grads in steps:
        eager.apply([pf.tensor(g) for g in grads], left)
        program(*(target.asarray(g) for g in grads))
    tolerance = 0 if backend == "numpy" else 2e-6
    for a, b in zip([*left, *eager.variables], [*right, *traced.variables], strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=tolerance, atol=tolerance, err_msg=a.path)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_whole_training_step_is_one_graph(backend):
    """Loss, gradients, update, schedule and metrics: compiled, they give the numbers of the eager step."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(20, 5)).astype("float32"), draw.integers(0, 3, 20).astype("int32")

    def made():
        with pf.use_backend(backend):
            variables = [pf.Variable(draw_.normal(size=(5, 3)).astype("float32")), pf.Variable(np.zeros(3, "float32"))]
            rate = schedules.CosineDecay(0.1, 10)
            optimizer = optimizers.AdamW(rate, global_clipnorm=1.0, use_ema=True, ema_overwrite_frequency=3)
            optimizer.build(variables)
            loss = losses.SparseCategoricalCrossentropy(from_logits=True)
            accuracy = metrics.SparseCategoricalAccuracy()

        def step(x, y):
            with pf.GradientTape() as tape:
                logits = x @ variables[0] + variables[1]
                value = loss(y, logits)
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
            accuracy.update_state(y, logits)
            return value

        return step, [*variables, *optimizer.variables, *accuracy.variables]

    draw_ = np.random.default_rng(1)
    eager, left = made()
    draw_ = np.random.default_rng(1)
    step, right = made()
    with pf.use_backend(backend):
        inputs = pf.tensor(x), pf.tensor(y)
        compiled = Compiled(trace(step, Spec(x.shape, x.dtype), Spec(y.shape, y.dtype), backend=inputs[0].backend))
        for _ in range(8):
            expected = float(eager(*inputs))
            assert float(compiled(inputs[0].array, inputs[1].array)) == pytest.approx(expected, rel=2e-6)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=2e-6, err_msg=a.path)


# Learning rate --------------------------------------------------------------------------------------------------------


def test_an_assigned_learning_rate_reaches_a_compiled_step():
    optimizer, w = optimizers.SGD(0.5), pf.Variable([0.0])
    optimizer.build([w])
    program = Compiled(trace(lambda g: optimizer.apply([g], [w]), Spec((1,), pf.float32), backend=w.backend))
    program(np.ones(1, "float32"))
    optimizer.learning_rate = 0.25
    program(np.ones(1, "float32"))
    assert w.numpy() == [-0.75]
    assert float(optimizer.learning_rate) == 0.25
    assert int(optimizer.iterations) == 2


def test_a_schedule_follows_the_steps_and_cannot_be_overwritten_by_a_number():
    optimizer, w = optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 0.5])), pf.Variable(0.0)
    for _ in range(3):
        optimizer.apply([1.0], [w])
    assert float(w) == -2.5
    assert float(optimizer.learning_rate) == 0.5
    with pytest.raises(TypeError, match="follows PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1


def test_a_number_gives_way_to_a_schedule():
    optimizer, w = optimizers.SGD(1.0), pf.Variable(0.0)
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 1, 0.5)
    optimizer.apply([1.0], [w])
    optimizer.apply([1.0], [w])
    assert float(w) == -0.75
    assert [variable.name for variable in optimizer.variables] == ["iteration"]


def test_a_function_as_learning_rate():
    rate = pf.Variable(0.5, trainable=False)
    optimizer, w = optimizers.SGD(lambda: rate.value), pf.Variable(0.0)
    optimizer.apply([1.0], [w])
    rate.assign(0.25)
    optimizer.apply([1.0], [w])
    assert float(w) == -0.75


@pytest.mark.parametrize("rate", [1, np.float32(1), np.float64(1), pf.tensor(1.0)])
def test_numbers_of_every_kind_are_learning_rates(rate):
    assert float(optimizers.SGD(rate).learning_rate) == 1.0


@pytest.mark.parametrize("optimizer", [optimizers.Adagrad, optimizers.Ftrl])
@pytest.mark.parametrize("first", [np.float32(0.5), np.array(0.5), pf.tensor(0.5)])
def test_numbers_of_every_kind_are_first_values(optimizer, first):
    made = optimizer(initial_accumulator_value=first)
    made.build([pf.Variable([1.0, 2.0])])
    assert any(np.array_equal(variable.numpy(), [0.5, 0.5]) for variable in made.variables)


@pytest.mark.parametrize("first", ["ones", pf.initializers.Constant(1.0)])
def test_initializers_make_first_values(first):
    class Own(optimizers.Optimizer):
        def slots(self):
            return {"sum": first}

    made = Own(0.1)
    made.build([pf.Variable([1.0, 2.0])])
    assert np.array_equal(made.variables[-1].numpy(), [1.0, 1.0])


@pytest.mark.parametrize("rate", ["fast", None, True, [0.1, 0.2]])
def test_what_is_no_learning_rate_is_refused(rate):
    with pytest.raises(TypeError, match="learning_rate is a number, a schedule or a function; got"):
        optimizers.Adam(rate)
    with pytest.raises(TypeError, match="learning_rate is a number, a schedule or a function; got"):
        optimizers.Adam().learning_rate = rate


# Gradients ------------------------------------------------------------------------------------------------------------


def test_no_gradient_at_all_names_the_variables():
    one, two = pf.Variable(1.0, name="one"), pf.Variable(2.0, name="two")
    with pytest.raises(ValueError, match="no variable has a gradient: one, two"):
        optimizers.SGD().apply([None, None], [one, two])


def test_some_missing_gradients_are_warned_about():
    one, two, optimizer = pf.Variable(1.0, name="one"), pf.Variable(2.0, name="two"), optimizers.SGD(1.0)
    with pytest.warns(UserWarning, match="no gradients for two:"):
        optimizer.apply([0.5, None], [one, two])
    assert (float(one), float(two)) == (0.5, 2.0)


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"'w' has shape \(2,\); its gradient has \(3,\)"):
        optimizers.SGD().apply([np.ones(3)], [pf.Variable([1.0, 2.0], name="w")])


def test_counts_of_gradients_and_variables_must_agree():
    with pytest.raises(ValueError, match="got 2 for 1 variables"):
        optimizers.SGD().apply([1.0, 2.0], [pf.Variable(1.0)])


def test_variables_it_was_not_built_with_are_refused():
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="does not know its variables yet"):
        optimizer.apply([1.0])
    optimizer.build([pf.Variable(1.0)])
    with pytest.raises(ValueError, match="built without the variable 'late'"):
        optimizer.apply([1.0], [pf.Variable(1.0, name="late")])


def test_nothing_to_do_is_nothing_done():
    optimizer = optimizers.SGD()
    optimizer.apply([], [])
    assert int(optimizer.iterations) == 0


def test_the_variables_of_build_are_the_default():
    optimizer, w = optimizers.SGD(1.0), pf.Variable(0.0)
    optimizer.build([w])
    optimizer.apply([2.0])
    assert float(w) == -2.0


def test_float64_variables_are_updated_in_float64():
    """No weight moves to a number that float32 holds."""
    for name, options in OPTIMIZERS:
        optimizer = getattr(optimizers, name)(**options)
        w = pf.Variable(np.array([1.0, 1 / 3]), dtype="float64")
        optimizer.apply([pf.tensor(np.array([0.7, 0.3]))], [w])
        assert w.numpy().dtype == np.float64
        assert (w.numpy() != w.numpy().astype(np.float32)).all(), name
        assert {v.dtype for v in optimizer.variables if v.shape} <= {np.dtype("float64")}
    w = pf.Variable(0.0, dtype="float64")
    optimizers.SGD(1.0).apply([pf.tensor(1 / 3, dtype="float64")], [w])
    assert w.item() == -1 / 3


def test_gradients_of_another_dtype_are_converted():
    w, optimizer = pf.Variable(1.0), optimizers.SGD(1.0, momentum=0.5)
    optimizer.apply([pf.tensor(0.25, dtype="float64")], [w])
    assert w.dtype == np.float32
    assert float(w) == 0.75


def test_an_infinite_gradient_is_not_hidden_by_clipping():
    w, optimizer = [pf.Variable([1.0, 1.0]), pf.Variable(1.0)], optimizers.SGD(global_clipnorm=1.0)
    optimizer.apply([np.array([np.inf, 1.0]), 1.0], w)
    assert np.isnan(w[0].numpy()).all()
    assert np.isnan(w[1].numpy())


@pytest.mark.parametrize("options", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"clipvalue": 1.0}])
def test_small_and_zero_gradients_are_not_changed_by_clipping(options):
    w, optimizer = pf.Variable([0.0, 0.0]), optimizers.SGD(1.0, **options)
    optimizer.apply([np.array([0.25, -0.5])], [w])
    np.testing.assert_array_equal(w.numpy(), [-0.25, 0.5])
    optimizer.apply([np.zeros(2)], [w])
    np.testing.assert_array_equal(w.numpy(), [-0.25, 0.5])


# Options, state and names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "one way at most; got clipnorm=1.0, clipvalue=1.0"),
        ({"clipnorm": 0}, "a number above 0, or None; got clipnorm=0"),
        ({"clipvalue": -1}, "a number above 0, or None; got clipvalue=-1"),
        ({"use_ema": True, "ema_momentum": 1.1}, "a number from 0 to 1; got ema_momentum=1.1"),
        ({"ema_overwrite_frequency": 0}, "an integer of 1 or more, or None; got ema_over"),
        ({"gradient_accumulation_steps": 1}, "an integer of 2 or more, or None; got gradient"),
        ({"momentum": 1.5}, "a number from 0 to 1; got momentum=1.5"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        optimizers.SGD(**options)


def test_arguments_it_does_not_have_are_named():
    with pytest.raises(UnknownNameError, match="Unknown SGD argument 'momentun'. Did you mean 'momentum'"):
        optimizers.SGD(momentun=0.9)
    with pytest.raises(UnknownNameError, match="Unknown Adam argument 'lr'. It is called learning_rate"):
        optimizers.Adam(lr=0.1)
    with pytest.warns(UserWarning, match="decay is ignored"):
        optimizers.SGD(0.1, decay=1e-6)


@pytest.mark.parametrize(("name", "options"), [("Lion", {"beta_1": 0.0}), ("Ftrl", {"learning_rate_power": 0.5})])
def test_hyperparameters_out_of_range_are_refused(name, options):
    with pytest.raises(ValueError, match="got"):
        getattr(optimizers, name)(**options)
    with pytest.raises(ValueError, match="AdamW needs a number for weight_decay"):
        optimizers.AdamW(weight_decay=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more; got l1_regularization_strength=-1"):
        optimizers.Ftrl(l1_regularization_strength=-1)


@pytest.mark.parametrize("case", ALL, ids=label)
def test_a_configuration_gives_the_same_optimizer(case):
    name, options = case
    optimizer = getattr(optimizers, name)(**options)
    twin = optimizers.get(optimizers.serialize(optimizer))
    assert type(twin) is type(optimizer)
    assert twin.get_config() == optimizer.get_config()


def test_a_schedule_survives_the_configuration():
    optimizer = optimizers.Adam(schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3))
    twin = optimizers.get(optimizers.serialize(optimizer))
    assert repr(twin._learning_rate) == repr(optimizer._learning_rate)
    with pytest.raises(UnknownNameError, match="Unknown learning rate schedule"):
        schedules.get("CosinDecay")
    with pytest.raises(ValueError, match="above 0; got decay_steps=0"):
        schedules.ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(ValueError, match="one value more"):
        schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0])


@pytest.mark.parametrize("case", ALL, ids=label)
def test_state_has_names_of_its_own(case):
    name, options = case
    optimizer = getattr(optimizers, name)(**options)
    optimizer.build([pf.Variable(value) for value in weights()])  # all of them named "Variable"
    assert len({variable.path for variable in optimizer.variables}) == len(optimizer.variables)
    assert not any(variable.trainable for variable in optimizer.variables)


def test_state_lies_where_the_variables_lie():
    with pf.use_backend("jax"):
        w = pf.Variable([1.0, 2.0])
    optimizer = optimizers.Adam()  # made where NumPy is current
    optimizer.apply([pf.tensor([0.5, 0.5], backend="jax")], [w])
    assert {variable.backend.name for variable in optimizer.variables} == {"jax"}
    optimizer.to("numpy")
    assert {variable.backend.name for variable in optimizer.variables} == {"numpy"}


@pytest.mark.parametrize("make", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))], ids=["copy", "pickle"])
def test_a_copy_goes_on_with_the_copies_of_its_variables(make):
    optimizer = optimizers.Adam(0.1, gradient_accumulation_steps=2, use_ema=True, weight_decay=0.1)
    w = pf.Variable([1.0, 2.0])
    optimizer.exclude_from_weight_decay(var_list=[w])
    optimizer.apply([np.array([0.5, -0.5])], [w])
    other, v = make((optimizer, w))
    for _ in range(3):
        optimizer.apply([np.array([0.5, -0.25])], [w])
        other.apply([np.array([0.5, -0.25])], [v])
    np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert v is not w
    assert int(other.iterations) == int(optimizer.iterations) == 2


def test_state_is_handed_over_by_set_weights():
    first, second = optimizers.Adam(0.1), optimizers.Adam(0.5)
    w, v = pf.Variable([1.0]), pf.Variable([1.0])
    first.apply([[0.5]], [w])
    with pytest.raises(ValueError, match="has 2 variables; set_weights got 4 values"):
        second.set_weights(first.variables)
    second.build([v])
    second.set_weights(first.variables)
    v.assign(w)
    first.apply([[-1.0]], [w])
    second.apply([[-1.0]], [v])
    assert float(v[0]) == float(w[0])


def test_an_optimizer_of_one_s_own():
    class Signs(optimizers.Optimizer):
        """Moves by the learning rate against the gradient's sign, remembered."""

        def slots(self):
            return {"last": 0.0}

        def update_step(self, gradient, variable, learning_rate):
            last = self.slots_of(variable).last
            last.assign(pf.sign(gradient))
            variable.assign_sub(last * learning_rate)

    optimizer, w = Signs(0.5, clipvalue=1.0), pf.Variable([1.0, 1.0])
    optimizer.apply([np.array([3.0, -2.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0.5, 1.5])
    with pytest.raises(NotImplementedError, match="define update_step"):
        optimizers.Optimizer().apply([1.0], [pf.Variable(1.0)])


def test_the_scaled_loss_gives_the_same_step():
    w, optimizer = pf.Variable(3.0), optimizers.SGD(0.5, loss_scale_factor=1024.0)
    with pf.GradientTape() as tape:
        loss = optimizer.scale_loss(w * w)
    optimizer.apply(tape.gradient(loss, [w]), [w])
    assert float(loss) == 9 * 1024
    assert float(w) == 0.0


def test_rates_beyond_the_dtype_are_infinite_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(pf.optimizers.Adam(1e300).learning_rate) == math.inf
        assert float(pf.optimizers.Adagrad(0.1, initial_accumulator_value=1e300).initial_accumulator_value) == 1e300
