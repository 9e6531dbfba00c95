"""What metrics promise by themselves: state, names, shapes, and the same numbers in traced functions."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow import losses, metrics
from polyflow.backend import discovery
from polyflow.errors import ShapeError, UnknownNameError
from polyflow.flow.trace import Compiled, trace
from polyflow.ops.rules import Spec

from .cases import CASES, data


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_a_compiled_metric_is_the_eager_one_of_numpy(case, backend):
    eager, traced = (getattr(metrics, case.name)(**case.options) for _ in range(2))
    traced.to(backend)
    target = discovery.get(backend)
    given, w = data(0), np.random.default_rng(1).random(8).astype("float32")
    arguments = [Spec(one.shape, one.dtype) for one in (given[case.true], given[case.pred], w)]
    program = Compiled(trace(traced.update_state, *arguments, backend=target))
    for seed in range(3):
        given = data(seed)
        eager.update_state(given[case.true], given[case.pred], w)
        program(*(target.asarray(one) for one in (given[case.true], given[case.pred], w)))
    tolerance = 0 if backend == "numpy" else 2e-6
    np.testing.assert_allclose(traced.result().numpy(), eager.result().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_is_in_variables_that_reset(case):
    metric = getattr(metrics, case.name)(**case.options)
    given = data(0)
    first = metric(given[case.true], given[case.pred]).numpy()
    metric(data(1)[case.true], data(1)[case.pred])
    assert metric.variables
    assert not any(variable.trainable for variable in metric.variables)
    assert len({variable.path for variable in metric.variables}) == len(metric.variables)
    metric.reset_state()
    np.testing.assert_array_equal(metric(given[case.true], given[case.pred]).numpy(), first)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_configuration_gives_the_same_metric(case):
    metric, given = getattr(metrics, case.name)(**case.options), data(3)
    for twin in (metrics.get(metrics.serialize(metric)), pickle.loads(pickle.dumps(metric)), copy.deepcopy(metric)):
        assert twin.get_config() == metric.get_config()
        expected = type(metric)(**case.options)(given[case.true], given[case.pred]).numpy()
        np.testing.assert_array_equal(twin(given[case.true], given[case.pred]).numpy(), expected)


def test_nothing_seen_is_zero():
    assert float(metrics.Mean().result()) == 0.0
    assert float(metrics.Precision().result()) == 0.0


def test_the_documented_example_of_weights():
    """Errors 1 and 9 with weights 1 and 0: the unweighted mean is 5, the weighted one of absolute errors 1."""
    true, pred, w = np.zeros((2, 1)), np.array([[1.0], [3.0]], "float32"), np.array([1.0, 0.0])
    assert float(metrics.MeanSquaredError()(true, pred)) == 5.0
    assert float(metrics.MeanAbsoluteError()(true, pred, w)) == 1.0


def test_accumulators_of_another_dtype():
    metric = metrics.Mean(dtype="float64")
    assert metric(np.array([0.1, 0.2])).dtype == np.float64
    assert float(metric.result()) == pytest.approx(0.15, abs=1e-15)


def test_labels_of_every_integer_dtype():
    scores = np.eye(3, dtype="float32")
    for dtype in ("int8", "uint8", "int64", "uint64", "float32", "float64"):
        assert float(metrics.SparseCategoricalAccuracy()(np.array([0, 1, 1], dtype), scores)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("metric", "true", "hint"),
    [
        (metrics.SparseCategoricalAccuracy, (4, 3), "use categorical_accuracy"),
        (metrics.CategoricalAccuracy, (4,), "Expected equal shapes"),
        (metrics.BinaryAccuracy, (4, 2), "Expected equal shapes"),
        (metrics.MeanSquaredError, (5, 3), "Expected equal shapes"),
        (metrics.Precision, (4, 2), "Expected equal shapes"),
    ],
)
def test_shapes_that_do_not_fit_are_named(metric, true, hint):
    with pytest.raises(ShapeError, match=hint) as caught:
        metric()(np.zeros(true, int), np.zeros((4, 3), "float32"))
    assert str(true) in str(caught.value)
    assert "(4, 3)" in str(caught.value)


def test_class_id_needs_classes():
    with pytest.raises(ShapeError, match="class_id needs predictions of shape"):
        metrics.Precision(class_id=1)([1, 0], [0.4, 0.6])


def test_thresholds_are_probabilities():
    with pytest.raises(ValueError, match=r"thresholds are probabilities, 0 to 1; got \[0.5, 2\]"):
        metrics.Recall(thresholds=[0.5, 2])


def test_scores_per_output_say_what_they_need():
    for metric in (metrics.F1Score(), metrics.R2Score()):
        with pytest.raises(ValueError, match="has no result before its first batch"):
            metric.result()
        with pytest.raises(ShapeError, match=r"needs predictions of shape \(samples, outputs\); got \(2,\)"):
            metric([1, 0], [0.4, 0.6])
        with pytest.raises(ShapeError, match="Expected equal shapes"):
            metric(np.zeros((4, 2)), np.zeros((4, 3), "float32"))
    for wrong in ({"average": "Macro"}, {"threshold": 1.5}):
        with pytest.raises(ValueError, match="Did you mean 'macro'|1 or less, or None; got threshold=1.5"):
            metrics.F1Score(**wrong)
    with pytest.raises(ValueError, match="Did you mean 'uniform_average'"):
        metrics.R2Score("uniform")


def test_an_adjusted_score_needs_more_targets_than_regressors():
    plain, adjusted = metrics.R2Score(), metrics.R2Score(num_regressors=7)
    y_true, y_pred = np.arange(8.0)[:, None], np.arange(8.0)[:, None] * 0.9
    assert float(adjusted(y_true, y_pred)) == float(plain(y_true, y_pred))


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_scores_per_output_in_fit(backend):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(12, 4)).astype("float32"), np.eye(3, dtype="float32")[draw.integers(0, 3, 12)]
    with pf.use_backend(backend):
        model = pf.keras.Sequential([pf.keras.layers.Dense(3, "softmax")])
        model.compile("sgd", "categorical_crossentropy", metrics=[metrics.F1Score("macro"), "r2_score"])
        model.fit(x, y, batch_size=5, epochs=2, verbose=0)
        found = model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
        predictions = model.predict(x, verbose=0)
    assert found["f1_score"] == pytest.approx(float(metrics.F1Score("macro")(y, predictions)), rel=1e-5)
    assert found["r2_score"] == pytest.approx(float(metrics.R2Score()(y, predictions)), rel=1e-4)


@pytest.mark.parametrize("options", [{"curve": "roc"}, {"summation_method": "interpolating"}])
def test_auc_names_its_options(options):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        metrics.AUC(**options)
    with pytest.raises(ValueError, match="2 or more"):
        metrics.AUC(num_thresholds=1)


def test_areas_of_several_labels():
    truth, scores = np.array([[0, 1], [1, 1], [1, 0]]), np.array([[0.2, 0.9], [0.8, 0.3], [0.6, 0.5]])
    each = [float(metrics.AUC()(truth[:, i], scores[:, i])) for i in (0, 1)]
    metric = metrics.AUC(multi_label=True)
    with pytest.raises(ValueError, match="before its first batch"):
        metric.result()
    assert float(metric(truth, scores)) == pytest.approx(np.mean(each), rel=1e-6)
    again = metrics.AUC.from_config(metric.get_config())
    assert float(again(truth, scores)) == pytest.approx(np.mean(each), rel=1e-6)
    metric.reset_state()
    assert float(metric.result()) == 0
    with pytest.raises(ShapeError, match=r"\(samples, labels\); got \(3,\)"):
        metrics.AUC(multi_label=True)(truth[:, 0], scores[:, 0])
    with pytest.raises(ValueError, match="num_labels with multi_label=True alone"):
        metrics.AUC(num_labels=2)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_areas_of_several_labels_in_fit(backend):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(12, 4)).astype("float32"), draw.integers(0, 2, (12, 3)).astype("float32")
    with pf.use_backend(backend):
        model = pf.keras.Sequential([pf.keras.layers.Dense(3, "sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=[metrics.AUC(multi_label=True)])
        model.fit(x, y, batch_size=5, epochs=2, verbose=0)
        found = model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
        predictions = model.predict(x, verbose=0)
    assert found["auc"] == pytest.approx(float(metrics.AUC(multi_label=True)(y, predictions)), rel=1e-5)


# Names ----------------------------------------------------------------------------------------------------------------

ONE = Spec((4, 1), pf.float32)
MANY = Spec((4, 3), pf.float32)


@pytest.mark.parametrize("name", ["acccuracy", None, 3, {"class_name": "Men"}])
def test_unknown_metrics_are_refused_at_once(name):
    for refuse in (metrics.check, lambda name: metrics.resolve(name, ONE, ONE)):
        with pytest.raises(UnknownNameError, match="Unknown metric"):
            refuse(name)


@pytest.mark.parametrize("name", ["accuracy", "acc", "ce", "mse", "AUC", metrics.AUC, metrics.AUC(), losses.huber])
def test_known_metrics_pass(name):
    metrics.check(name)


@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        (ONE, ONE, metrics.BinaryCrossentropy),
        (Spec((4,), pf.int32), MANY, metrics.SparseCategoricalCrossentropy),
        (MANY, MANY, metrics.CategoricalCrossentropy),
    ],
)
def test_crossentropy_is_chosen_by_shapes(true, pred, expected):
    for name in ("crossentropy", "ce"):
        metric = metrics.resolve(name, true, pred)
        assert type(metric) is expected
        assert metric.name == name


def test_one_number_per_sample_is_binary():
    flat = Spec((4,), pf.float32)
    assert type(metrics.resolve("accuracy", flat, flat)) is metrics.BinaryAccuracy


def test_functions_instances_and_losses_as_metrics():
    def how_far(y_true, y_pred):
        return pf.max(pf.abs(y_true - y_pred), axis=-1)

    metric = metrics.resolve(how_far, ONE, ONE)
    assert metric.name == "how_far"
    assert float(metric(pf.zeros((2, 1)), pf.tensor([[1.0], [-2.0]]))) == 1.5

    mine = metrics.MeanSquaredError(name="mine")
    assert metrics.resolve(mine, ONE, ONE) is mine
    assert mine.name == "mine"

    loss = metrics.resolve(losses.MeanSquaredError(), ONE, ONE)
    assert loss.name == "mean_squared_error"
    assert float(loss(pf.zeros((2, 1)), pf.tensor([[1.0], [-2.0]]))) == 2.5


def test_a_metric_of_one_s_own():
    class Largest(metrics.Metric):
        def __init__(self, name="largest", **options):
            super().__init__(name=name, **options)
            self.seen = self.add_weight(name="seen", initializer="zeros")
            self.times = pf.Variable(0, trainable=False)
            self.inner = metrics.Mean()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign(pf.maximum(self.seen, pf.max(y_pred)))
            self.times.assign_add(1)
            self.inner.update_state(y_pred)

        def result(self):
            return self.seen.value

    metric = Largest()
    assert float(metric([0.0], pf.tensor([3.0, 1.0]))) == 3.0
    assert [variable.name for variable in metric.variables] == ["seen", "Variable", "total", "count"]
    metric.reset_state()
    assert int(metric.times) == 0
    assert float(metric.inner.result()) == 0.0
    assert metric.get_config() == {"name": "largest", "dtype": "float32"}


@pytest.mark.parametrize("function", [losses.huber, metrics.binary_accuracy, losses.poisson])
def test_a_wrapped_function_survives_saving_by_name(function):
    metric = metrics.MeanMetricWrapper(function, name="mine")
    twin = metrics.get(metrics.serialize(metric))
    assert twin.fn is function
    assert twin.name == "mine"


def test_a_metric_without_a_formula_says_what_to_define():
    with pytest.raises(NotImplementedError, match="define update_state"):
        metrics.Metric().update_state(1, 2)
    with pytest.raises(NotImplementedError, match="define result"):
        metrics.Metric().result()


def test_a_metric_moves_with_its_model():
    metric = metrics.BinaryAccuracy()
    metric([1.0], [0.7])
    metric.to("jax")
    assert {variable.backend.name for variable in metric.variables} == {"jax"}
    assert float(metric(pf.tensor([1.0]).to("jax"), pf.tensor([0.2]).to("jax"))) == 0.5
