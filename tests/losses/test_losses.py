"""What losses promise by themselves: shapes, labels, dtypes, names, and the same numbers in traced functions."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import losses
from polyflow.backend import discovery
from polyflow.errors import LabelError, ShapeError, UnknownNameError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops.rules import Spec

from .cases import CASES, data, weights


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_compiled_loss_and_its_gradient_are_the_eager_ones_of_numpy(case, backend):
    held, w = data(3), weights("row")
    true, pred = held[case.true], held[case.pred if case.pred != "certain" else "scores"]
    loss = getattr(losses, case.name)(**case.options)

    def both(true, pred, w):
        return pf.value_and_grad(lambda y: loss(true, y, w))(pred)

    value, gradient = both(true, pf.tensor(pred), w)
    target = discovery.get(backend)
    compiled = Compiled(trace(both, *(Spec(one.shape, one.dtype) for one in (true, pred, w)), backend=target))
    results = compiled(*(target.asarray(one) for one in (true, pred, w)))
    for result, eager in zip(results, (value, gradient), strict=True):
        exact = backend == "numpy"
        tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-5, "atol": 2e-6}
        np.testing.assert_allclose(target.to_numpy(result), eager.numpy(), **tolerance)


@pytest.mark.parametrize("case", [case for case in CASES if case.pred != "certain"], ids=str)
def test_float64_is_computed_in_float64(case):
    held = data(4)
    true, pred = held[case.true], held[case.pred]
    loss = getattr(losses, case.name)(**case.options)
    wide = loss(true, pred.astype("float64"))
    assert wide.dtype == np.float64
    np.testing.assert_allclose(wide.numpy(), loss(true, pred).numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_targets_of_any_dtype_fit_a_float32_model(case):
    held = data(5)
    true, pred = held[case.true], held[case.pred]
    loss = getattr(losses, case.name)(**case.options)
    expected = loss(true, pred)
    for dtype in ("float64", "int64", "uint8") if (true == true.astype("uint8")).all() else ("float64",):
        result = loss(true.astype(dtype), pred)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result.numpy(), expected.numpy(), rtol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_configuration_gives_the_same_loss(case):
    held = data(6)
    loss = getattr(losses, case.name)(reduction="sum", **case.options)
    for twin in (losses.get(losses.serialize(loss)), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert twin.get_config() == loss.get_config()
        assert float(twin(held[case.true], held[case.pred])) == float(loss(held[case.true], held[case.pred]))


def test_half_precision_predictions_are_computed_in_float32():
    pred = pf.tensor([[0.5, 2.0]], dtype="float16")
    assert losses.MeanSquaredError()([[0.0, 0.0]], pred).dtype == np.float32
    assert losses.MeanSquaredError(dtype="float16")([[0.0, 0.0]], pred).dtype == np.float16


# Shapes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [(6,), (6, 1)])
@pytest.mark.parametrize("pred", [(6,), (6, 1)])
def test_a_column_and_a_row_of_numbers_are_the_same(true, pred):
    draw = np.random.default_rng(0)
    a, b = draw.random(6).astype("float32"), draw.random(6).astype("float32")
    assert float(losses.MeanSquaredError()(a.reshape(true), b.reshape(pred))) == pytest.approx(((a - b) ** 2).mean())


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_shapes_fit_as_in_keras_or_are_refused(first, second):
    """Keras goes on to broadcast what does not fit; then the number it gives means nothing."""
    true, pred = np.zeros(first, "float32"), np.ones(second, "float32")
    aligned = keras_alignment(tuple(first), tuple(second))
    if aligned[0] == aligned[1]:
        assert losses.mean_squared_error(true, pred).shape == aligned[0][:-1]
    else:
        with pytest.raises(ShapeError) as caught:
            losses.mean_squared_error(true, pred)
        assert str(aligned[0]) in str(caught.value)
        assert str(aligned[1]) in str(caught.value)


def keras_alignment(a, b):
    """Keras's squeeze_or_expand_to_same_rank, on shapes."""
    if len(a) == len(b) + 1 and a[-1] == 1:
        return (a, (*b, 1)) if len(b) == 1 else (a[:-1], b)
    if len(b) == len(a) + 1 and b[-1] == 1:
        return ((*a, 1), b) if len(a) == 1 else (a, b[:-1])
    return a, b


def test_labels_instead_of_one_hot_rows_say_which_loss_is_meant():
    with pytest.raises(ShapeError, match=r"\(4,\) and y_pred \(4, 3\).*use sparse_categorical_crossentropy"):
        losses.CategoricalCrossentropy()(np.zeros(4, int), np.ones((4, 3), "float32"))
    with pytest.raises(ShapeError, match=r"\(4, 3\) and y_pred \(4, 3\).*use categorical_crossentropy"):
        losses.SparseCategoricalCrossentropy()(np.zeros((4, 3), int), np.ones((4, 3), "float32"))


def test_one_weight_per_sample_of_a_sequence():
    values, w = np.arange(6, dtype="float32").reshape(3, 2, 1), np.array([1, 0, 2], "float32")
    result = losses.MeanSquaredError()(np.zeros((3, 2, 1)), values, sample_weight=w)
    assert float(result) == pytest.approx((values[..., 0] ** 2 * w[:, None]).sum() / 6)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"sample_weight of shape \(4,\) does not fit values of shape \(3,\)"):
        losses.MeanSquaredError()(np.zeros((3, 2)), np.ones((3, 2), "float32"), sample_weight=np.ones(4))


def test_no_weight_at_all_is_no_loss():
    loss = losses.MeanSquaredError("mean_with_sample_weight")
    assert float(loss(np.zeros((3, 1)), np.ones((3, 1), "float32"), np.zeros(3))) == 0.0


def test_the_documented_example_of_weights():
    """Errors 1 and 9 with weights 1 and 0: the loss is 0.5, the sum divided by the number of samples."""
    result = losses.MeanSquaredError()([[0.0], [0.0]], pf.tensor([[1.0], [3.0]]), sample_weight=[1.0, 0.0])
    assert float(result) == 0.5


# Labels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "said"), [(3, "3"), (-1, "-1"), (1.5, "1.5")])
def test_a_label_outside_the_classes_is_named(label, said):
    true = np.array([0, 2, label, 1])
    with pytest.raises(LabelError, match=f"label {said} is none of the 3 classes .* from 0 to 2"):
        losses.sparse_categorical_crossentropy(true, np.ones((4, 3), "float32"))
    with pytest.raises(ValueError, match=f"label {said} is none of the 3 classes"):
        losses.check_labels(losses.SparseCategoricalCrossentropy(), true, 3)


def test_a_compiled_loss_of_a_label_outside_the_classes_is_nan():
    loss, logits = losses.SparseCategoricalCrossentropy(from_logits=True), np.zeros((2, 3), "float32")
    for label in (3, -1):
        labels, backend = np.array([0, label], "int32"), pf.ones(1).backend
        traced = trace(loss, Spec((2,), pf.int32), Spec((2, 3), pf.float32), backend=backend)
        assert np.isnan(Compiled(traced)(labels, logits))
        assert not np.isnan(Compiled(traced)(np.array([0, 2], "int32"), logits))


def test_the_ignored_class_may_lie_outside():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    logits = np.array([[1.0, 2.0], [np.nan, 4.0]], "float32")
    value, gradient = pf.value_and_grad(lambda y: loss(np.array([0, -1]), y))(pf.tensor(logits))
    assert float(value) == pytest.approx(np.log1p(np.e), rel=1e-6)
    np.testing.assert_array_equal(gradient.numpy()[1], 0)
    losses.check_labels(loss, np.array([0, -1]), 2)


@pytest.mark.parametrize("loss", [losses.BinaryCrossentropy(), losses.binary_crossentropy])
def test_binary_labels(loss):
    losses.check_labels(loss, np.array([0, 1, 1]), 1)
    losses.check_labels(loss, np.array([0.2, 1.0, 1.7]), 1)  # not labels: targets
    with pytest.raises(LabelError, match="label 2 is neither 0 nor 1"):
        losses.check_labels(loss, np.array([1, 2, 1]), 1)
    assert losses.needs_label_check(loss)


def test_other_losses_have_no_labels_to_check():
    losses.check_labels(losses.MeanSquaredError(), np.array([7]), 1)
    assert not losses.needs_label_check(losses.MeanSquaredError())


def test_masked_logits_leave_no_nan():
    logits = pf.tensor([[1.0, float("-inf"), 2.0]])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    value, gradient = pf.value_and_grad(lambda y: loss(np.array([0]), y))(logits)
    assert np.isfinite(value.numpy())
    assert np.isfinite(gradient.numpy()).all()


# Names and options ----------------------------------------------------------------------------------------------------


def test_a_single_class_is_warned_about():
    with pytest.warns(UserWarning, match="single class"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1), "float32"))


def test_an_unknown_reduction_lists_the_reductions():
    with pytest.raises(UnknownNameError, match="Unknown reduction 'average'.*sum_over_batch_size"):
        losses.MeanSquaredError(reduction="average")


@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        ((8, 1), (8, 1), "binary_crossentropy"),
        ((8,), (8, 1), "binary_crossentropy"),
        ((8,), (8,), "binary_crossentropy"),
        ((8,), (8, 3), "sparse_categorical_crossentropy"),
        ((8, 1), (8, 3), "sparse_categorical_crossentropy"),
        ((8, 3), (8, 3), "categorical_crossentropy"),
        ((8, 5), (8, 5, 3), "sparse_categorical_crossentropy"),
    ],
)
@pytest.mark.parametrize("name", ["crossentropy", "ce"])
def test_crossentropy_is_resolved_by_shapes(name, true, pred, expected):
    loss = losses.resolve(name, Spec(true, pf.int32), Spec(pred, pf.float32))
    assert isinstance(loss, losses.LossFunctionWrapper)
    assert loss.fn.__name__ == expected
    assert loss.name == name


def test_resolve_makes_losses_of_names_and_functions():
    shapes = Spec((4, 1), pf.float32), Spec((4, 1), pf.float32)

    def my_loss(y_true, y_pred):
        return pf.abs(y_true - y_pred)

    assert losses.resolve(None, *shapes) is None
    assert losses.resolve("mse", *shapes).name == "mse"  # type: ignore[union-attr]
    assert losses.resolve(my_loss, *shapes).name == "my_loss"  # type: ignore[union-attr]
    one = losses.Huber()
    assert losses.resolve(one, *shapes) is one
    value = losses.resolve(my_loss, *shapes)([1.0, 2.0], pf.tensor([[0.0], [4.0]]))  # type: ignore[misc]
    assert float(value) == 1.5


def test_a_loss_of_one_s_own():
    class Median(losses.Loss):
        def call(self, y_true, y_pred):
            return pf.max(pf.abs(y_true - y_pred), axis=-1)

    loss = Median(reduction="sum")
    assert loss.name == "median"
    assert float(loss([[1.0, 5.0], [0.0, 1.0]], pf.zeros((2, 2)))) == 6.0
    assert loss.get_config() == {"name": "median", "reduction": "sum"}


def test_a_loss_without_a_formula_says_what_to_define():
    with pytest.raises(NotImplementedError, match="define call"):
        losses.Loss()(1.0, 2.0)


def test_a_wrapped_function_survives_saving_by_name():
    loss = losses.LossFunctionWrapper(losses.huber, name="mine", delta=0.5)
    twin = losses.get(losses.serialize(loss))
    assert twin.fn is losses.huber
    assert twin.options == {"delta": 0.5}
    assert loss.delta == 0.5
    with pytest.raises(AttributeError, match="gamma"):
        _ = loss.gamma
