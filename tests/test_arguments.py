"""Numbers given to constructors: what cannot work is refused there, in one sentence; what can is taken."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import polyflow as pf
from polyflow import errors

K, L = pf.keras, pf.keras.layers
O, S, C, I = K.optimizers, K.optimizers.schedules, K.callbacks, K.initializers  # noqa: E741
NAN, INF = float("nan"), float("inf")

SHARE = ("a", None, [0.9], NAN, INF, -0.1, 1.0, True)
SHARE_OR_ALL = ("a", None, NAN, -0.1, 1.1)
POSITIVE = ("a", None, NAN, 0, -1)
NOT_NEGATIVE = ("a", None, NAN, -1)
POSITIVE_OR_NONE = ("a", NAN, 0, -1)
NOT_NEGATIVE_OR_NONE = ("a", NAN, -1)
NUMBER = ("a", None, NAN, [1.0, 2.0])
NUMBER_OR_NONE = ("a", NAN, [1.0, 2.0])
COUNT = ("a", None, 0, -1, 1.5, True)

ADAMS = [O.Adam, O.AdamW, O.Nadam, O.Adamax, O.Lamb]
OPTIMIZERS = [*ADAMS, O.SGD, O.RMSprop, O.Adagrad, O.Adadelta, O.Ftrl, O.Lion, O.Adafactor, O.Muon]

REFUSED = [
    *((cls, {}, name, SHARE) for cls in ADAMS for name in ("beta_1", "beta_2")),
    *((cls, {}, "epsilon", NOT_NEGATIVE) for cls in (*ADAMS, O.RMSprop, O.Adagrad, O.Adadelta)),
    *((cls, {}, "rho", SHARE_OR_ALL) for cls in (O.RMSprop, O.Adadelta)),
    *((cls, {}, "momentum", SHARE_OR_ALL) for cls in (O.SGD, O.RMSprop)),
    (O.Lion, {}, "beta_1", ("a", None, NAN, 0, 1.1)),
    (O.Lion, {}, "beta_2", SHARE_OR_ALL),
    *((cls, {}, "initial_accumulator_value", NOT_NEGATIVE) for cls in (O.Adagrad, O.Ftrl)),
    (O.Ftrl, {}, "learning_rate_power", ("a", None, NAN, 1)),
    *(
        (O.Ftrl, {}, name, NOT_NEGATIVE)
        for name in (
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "beta",
        )
    ),
    *((cls, {}, "learning_rate", NUMBER) for cls in OPTIMIZERS),
    *((O.Adam, {}, name, POSITIVE_OR_NONE) for name in ("clipnorm", "clipvalue", "global_clipnorm")),
    (O.Adam, {}, "weight_decay", NOT_NEGATIVE_OR_NONE),
    (O.AdamW, {}, "weight_decay", NOT_NEGATIVE),
    (O.Adam, {"use_ema": True}, "ema_momentum", SHARE_OR_ALL),
    (O.Adam, {}, "loss_scale_factor", POSITIVE_OR_NONE),
    (O.Adam, {}, "ema_overwrite_frequency", ("a", 0, 1.5)),
    (O.Adam, {}, "gradient_accumulation_steps", ("a", 1, 2.5)),
    # schedules
    *(
        (cls, {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}, name, wrong)
        for cls in (S.ExponentialDecay, S.InverseTimeDecay)
        for name, wrong in (("initial_learning_rate", NUMBER), ("decay_steps", POSITIVE), ("decay_rate", NOT_NEGATIVE))
    ),
    *(
        (S.PolynomialDecay, {"initial_learning_rate": 0.1, "decay_steps": 10}, name, wrong)
        for name, wrong in (
            ("initial_learning_rate", NUMBER),
            ("decay_steps", POSITIVE),
            ("end_learning_rate", NUMBER),
            ("power", NUMBER),
        )
    ),
    *(
        (S.CosineDecay, {"initial_learning_rate": 0.1, "decay_steps": 10}, name, wrong)
        for name, wrong in (
            ("initial_learning_rate", NUMBER),
            ("decay_steps", POSITIVE),
            ("alpha", NUMBER),
            ("warmup_target", NUMBER_OR_NONE),
            ("warmup_steps", NOT_NEGATIVE),
        )
    ),
    *(
        (S.CosineDecayRestarts, {"initial_learning_rate": 0.1, "first_decay_steps": 10}, name, wrong)
        for name, wrong in (
            ("initial_learning_rate", NUMBER),
            ("first_decay_steps", POSITIVE),
            ("t_mul", POSITIVE),
            ("m_mul", NUMBER),
            ("alpha", NUMBER),
        )
    ),
    (S.PiecewiseConstantDecay, {"values": [0.1, 0.2]}, "boundaries", (["a"], 5, None, [NAN])),
    (S.PiecewiseConstantDecay, {"boundaries": [1]}, "values", (["a", "b"], 5, None, [0.1, NAN])),
    # callbacks
    *((cls, {}, "patience", NOT_NEGATIVE) for cls in (C.EarlyStopping, C.ReduceLROnPlateau)),
    *((cls, {}, "min_delta", NUMBER) for cls in (C.EarlyStopping, C.ReduceLROnPlateau)),
    *((cls, {}, "verbose", ("a", None, 1.5, NAN)) for cls in (C.EarlyStopping, C.ReduceLROnPlateau)),
    (C.EarlyStopping, {}, "baseline", NUMBER_OR_NONE),
    (C.EarlyStopping, {}, "start_from_epoch", NOT_NEGATIVE),
    (C.ReduceLROnPlateau, {}, "factor", NOT_NEGATIVE),
    (C.ReduceLROnPlateau, {}, "cooldown", NOT_NEGATIVE),
    (C.ReduceLROnPlateau, {}, "min_lr", NUMBER),
    (C.ModelCheckpoint, {"filepath": "a.safetensors"}, "initial_value_threshold", NUMBER_OR_NONE),
    (C.ModelCheckpoint, {"filepath": "a.safetensors"}, "save_freq", COUNT),
    (C.LearningRateScheduler, {"schedule": lambda epoch: 0.1}, "verbose", ("a", None)),
    *((cls, {}, "monitor", (5, None, ["loss"])) for cls in (C.EarlyStopping, C.ReduceLROnPlateau)),
    # layers
    (L.BatchNormalization, {}, "momentum", SHARE_OR_ALL),
    *((cls, {}, "epsilon", NOT_NEGATIVE) for cls in (L.BatchNormalization, L.LayerNormalization)),
    *((cls, {}, "axis", ("a", 1.5)) for cls in (L.BatchNormalization, L.LayerNormalization, L.UnitNormalization)),
    *((cls, {}, "axis", ("a", 1.5, None)) for cls in (L.Softmax, L.Concatenate)),
    (L.Dense, {}, "units", COUNT),
    *((L.Embedding, {"input_dim": 2, "output_dim": 2}, name, COUNT) for name in ("input_dim", "output_dim")),
    *((cls, {}, "rate", ("a", None, NAN, -0.1, 1.1)) for cls in (L.Dropout, L.SpatialDropout1D)),
    *((cls, {}, "rate", ("a", None, NAN, -0.1, 1.0)) for cls in (L.AlphaDropout, L.GaussianDropout)),
    (L.Dropout, {"rate": 0.5}, "seed", ("a", 1.5)),
    (L.Dropout, {"rate": 0.5}, "noise_shape", ("a", 5, (1.5,))),
    (L.GaussianNoise, {}, "stddev", NOT_NEGATIVE),
    *((L.ActivityRegularization, {}, name, ("a", NAN, -1)) for name in ("l1", "l2")),
    (L.ReLU, {}, "max_value", NOT_NEGATIVE_OR_NONE),
    (L.ReLU, {}, "negative_slope", NOT_NEGATIVE),
    (L.ReLU, {}, "threshold", NOT_NEGATIVE),
    (L.LeakyReLU, {}, "negative_slope", NOT_NEGATIVE),
    (L.ELU, {}, "alpha", NOT_NEGATIVE),
    (L.RepeatVector, {}, "n", COUNT),
    (L.CategoryEncoding, {}, "num_tokens", COUNT),
    (L.IntegerLookup, {}, "max_tokens", ("a", 1, 2.5)),
    (L.IntegerLookup, {}, "num_oov_indices", ("a", None, -1, 1.5)),
    (L.IntegerLookup, {}, "mask_token", ("a", 1.5)),
    (L.IntegerLookup, {}, "oov_token", ("a", None, 1.5)),
    (L.Discretization, {}, "num_bins", ("a", 0, 1.5)),
    (L.Discretization, {}, "bin_boundaries", (["a"], 5, [NAN])),
    (L.Discretization, {"num_bins": 3}, "epsilon", POSITIVE),
    *((L.Rescaling, {"scale": 1.0}, name, ("a", None, NAN, ["a"], [[1.0]])) for name in ("scale", "offset")),
    (L.Masking, {}, "mask_value", ("a", None)),
    (L.PReLU, {}, "shared_axes", ("a", [1.5])),
    (L.Normalization, {"variance": 1.0}, "mean", ("a",)),
    (L.Normalization, {}, "axis", ("a", 1.5)),
    (L.Input, {}, "shape", ("a", 5.5, (1.5,))),
    (L.Input, {"shape": (2,)}, "batch_size", ("a", 1.5, -1)),
    *((cls, {}, "name", (5,)) for cls in (L.Flatten, K.losses.Huber, K.metrics.AUC, O.Adam)),
    (L.Permute, {}, "dims", (5, "a", None)),
    (L.Dot, {}, "axes", ("a", None, (1, "a"))),
    # losses and metrics
    *(
        (cls, {}, "label_smoothing", SHARE_OR_ALL)
        for cls in (
            *(K.losses.BinaryCrossentropy, K.losses.CategoricalCrossentropy),
            *(K.losses.BinaryFocalCrossentropy, K.losses.CategoricalFocalCrossentropy),
        )
    ),
    *((cls, {}, "axis", ("a", 1.5)) for cls in (K.losses.CategoricalCrossentropy, K.losses.CosineSimilarity)),
    *(
        (cls, {}, "gamma", NOT_NEGATIVE)
        for cls in (K.losses.BinaryFocalCrossentropy, K.losses.CategoricalFocalCrossentropy)
    ),
    (K.losses.BinaryFocalCrossentropy, {}, "alpha", SHARE_OR_ALL),
    (K.losses.SparseCategoricalCrossentropy, {}, "ignore_class", ("a", 0.5)),
    (K.losses.Huber, {}, "delta", POSITIVE),
    *((K.losses.Tversky, {}, name, NOT_NEGATIVE) for name in ("alpha", "beta")),
    (K.metrics.BinaryAccuracy, {}, "threshold", SHARE_OR_ALL),
    *((cls, {}, "k", COUNT) for cls in (K.metrics.TopKCategoricalAccuracy, K.metrics.SparseTopKCategoricalAccuracy)),
    *((cls, {}, "thresholds", ("a", 2.0, ["a"], [2.0], NAN)) for cls in (K.metrics.Precision, K.metrics.Recall)),
    *((K.metrics.Precision, {}, name, ("a", 1.5, -1)) for name in ("top_k", "class_id")),
    (K.metrics.AUC, {}, "num_thresholds", ("a", None, 1, 2.5)),
    (K.metrics.AUC, {}, "thresholds", ("a", 5, [2.0], ["a"])),
    *((cls, {}, "num_classes", COUNT) for cls in (K.metrics.MeanIoU,)),
    (K.metrics.SensitivityAtSpecificity, {}, "specificity", SHARE_OR_ALL),
    (K.metrics.SensitivityAtSpecificity, {"specificity": 0.5}, "num_thresholds", COUNT),
    (K.metrics.FBetaScore, {}, "beta", POSITIVE),
    (K.metrics.FBetaScore, {}, "threshold", ("a", 0, 1.5)),
    (K.metrics.R2Score, {}, "num_regressors", ("a", -1, 1.5)),
    (K.metrics.MeanMetricWrapper, {}, "fn", (5,)),
    # regularizers, constraints, initializers
    *((getattr(K.regularizers, name), {}, name.lower(), ("a", NAN, -1, [1.0])) for name in ("L1", "L2")),
    (K.constraints.MaxNorm, {}, "max_value", NOT_NEGATIVE),
    *((cls, {}, "axis", ("a", 1.5)) for cls in (K.constraints.MaxNorm, K.constraints.UnitNorm)),
    *((K.constraints.MinMaxNorm, {}, name, NOT_NEGATIVE) for name in ("min_value", "max_value")),
    (K.constraints.MinMaxNorm, {}, "rate", SHARE_OR_ALL),
    *((I.RandomUniform, {}, name, NUMBER) for name in ("minval", "maxval")),
    *((cls, {}, "mean", NUMBER) for cls in (I.RandomNormal, I.TruncatedNormal)),
    *((cls, {}, "stddev", NOT_NEGATIVE) for cls in (I.RandomNormal, I.TruncatedNormal)),
    (I.VarianceScaling, {}, "scale", POSITIVE),
    *((cls, {}, "gain", NUMBER) for cls in (I.Identity, I.Orthogonal)),
    (I.Constant, {}, "value", ("a", None)),
]


@pytest.mark.parametrize(
    ("make", "others", "name", "wrong"),
    [
        pytest.param(make, others, name, wrong, id=f"{make.__name__}-{name}-{wrong!r}")
        for make, others, name, values in REFUSED
        for wrong in values
    ],
)
def test_what_cannot_work_is_refused_where_it_is_given(make, others, name, wrong):
    with pytest.raises((ValueError, TypeError)) as caught:
        make(**(others | {name: wrong}))
    sentence = str(caught.value)
    assert name in sentence or make.__name__ in sentence or "number" in sentence, sentence
    assert sentence.endswith((".", ")"))
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "rate",
    [
        *(0.1, 1, -0.1, np.float32(0.1), np.array(0.1), Fraction(1, 3)),
        *(lambda: pf.constant(0.1), lambda: pf.Variable(0.1), lambda: lambda: 0.1),
        lambda: S.ExponentialDecay(pf.constant(0.1), np.int64(10), np.float32(0.5)),
    ],
)
@pytest.mark.parametrize("cls", OPTIMIZERS)
def test_learning_rates_that_are_taken(cls, rate):
    variable = pf.Variable([1.0, 2.0])
    optimizer = cls(rate() if callable(rate) else rate)
    optimizer.apply_gradients([(pf.ones(2), variable)])
    assert np.isfinite(variable.numpy()).all()


def test_numbers_of_other_kinds_are_taken():
    for number in (np.float32(0.5), np.array(0.5), pf.constant(0.5), pf.Variable(0.5)):
        assert float(O.Adam(beta_1=number).beta_1) == 0.5
        assert float(L.BatchNormalization(momentum=number).momentum) == 0.5
        assert float(K.regularizers.L2(number).l2) == 0.5
    assert O.Adam(clipnorm=np.int32(1)).clipnorm == 1
    assert O.SGD(clipnorm=INF).clipnorm == INF
    assert C.EarlyStopping(patience=INF).patience == INF
    assert L.Dense(np.int64(3)).units == 3
    assert L.Dropout(np.float32(0.5)).rate == 0.5


@pytest.mark.parametrize("number", [Fraction(1, 2), Decimal("0.5")])
def test_numbers_that_no_array_holds_are_refused_where_they_are_given(number):
    for make, name in (
        (lambda: O.SGD(momentum=number), "momentum"),
        (lambda: O.Adam(beta_1=number), "beta_1"),
        (lambda: L.Dropout(number), "rate"),
        (lambda: K.losses.Huber(number), "delta"),
        (lambda: S.ExponentialDecay(0.1, 10, number), "decay_rate"),
    ):
        with pytest.raises(errors.ArgumentError, match=f"needs a number.*; got {name}={type(number).__name__}"):
            make()


def test_what_only_a_trace_knows_is_taken():
    @pf.function
    def rate(initial):
        return S.ExponentialDecay(initial, 10, 0.5)(10)

    np.testing.assert_allclose(rate(pf.constant(0.2)).numpy(), 0.1, rtol=1e-6)


def test_the_sentence():
    for make, sentence in (
        (lambda: O.Adam(beta_1="a"), "Adam needs a number of 0 or more and below 1; got beta_1='a'."),
        (lambda: O.SGD(clipnorm=-1), "SGD needs a number above 0, or None; got clipnorm=-1."),
        (lambda: O.SGD(momentum=2), "SGD needs a number from 0 to 1; got momentum=2."),
        (lambda: L.Dense(True), "Dense needs an integer of 1 or more; got units=True."),
    ):
        with pytest.raises(errors.ArgumentError) as caught:
            make()
        assert str(caught.value) == sentence
