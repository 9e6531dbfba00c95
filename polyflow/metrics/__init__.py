"""Metrics: quantities gathered over batches, found by name, and chosen by the shapes of targets and predictions."""

from __future__ import annotations

import inspect
from typing import Any

from .. import losses
from ..errors import UnknownNameError, unknown_name
from ..losses import kind_of_targets
from ..losses.crossentropy import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_crossentropy,
)
from ..losses.divergence import kl_divergence, poisson
from ..losses.hinges import categorical_hinge, hinge, squared_hinge
from ..losses.regression import (
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from ..missing import answer
from ..naming import Family, by_name, check_pair, name_of, snake_case
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .accuracy import accuracy as _accuracy
from .base import Metric
from .confusion import AUC, FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from .correlation import ConcordanceCorrelation, PearsonCorrelation, concordance_correlation, pearson_correlation
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .operating_points import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from .per_output import F1Score, FBetaScore, R2Score
from .probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from .reduction import Mean, MeanMetricWrapper, Sum
from .regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)

__all__ = [
    "AUC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "check",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "pearson_correlation",
    "poisson",
    "register",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

_CLASSES = (
    *(Mean, Sum, MeanMetricWrapper, MeanSquaredError, RootMeanSquaredError, MeanAbsoluteError, LogCoshError),
    *(PearsonCorrelation, ConcordanceCorrelation),
    *(MeanAbsolutePercentageError, MeanSquaredLogarithmicError, CosineSimilarity, Hinge, SquaredHinge),
    *(CategoricalHinge, KLDivergence, Poisson, BinaryCrossentropy, CategoricalCrossentropy),
    *(SparseCategoricalCrossentropy, Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
    *(TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy, Precision, Recall, AUC),
    *(PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity),
    *(FBetaScore, F1Score, R2Score, IoU, BinaryIoU, MeanIoU, OneHotIoU, OneHotMeanIoU),
    *(TruePositives, FalsePositives, TrueNegatives, FalseNegatives),
)

FAMILY = Family(
    "metric",
    {cls.__name__: cls for cls in _CLASSES}
    | {snake_case(cls.__name__): cls for cls in _CLASSES}
    | dict.fromkeys(("mse", "MSE"), MeanSquaredError)
    | dict.fromkeys(("mae", "MAE"), MeanAbsoluteError)
    | dict.fromkeys(("mape", "MAPE"), MeanAbsolutePercentageError)
    | dict.fromkeys(("msle", "MSLE"), MeanSquaredLogarithmicError)
    | dict.fromkeys(("bce", "BCE"), BinaryCrossentropy),
    methods={"result": (), "reset_state": ()},
)

FUNCTIONS = Family(
    "metric function",
    losses.FAMILY.members
    | by_name(_accuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy)
    | by_name(top_k_categorical_accuracy, sparse_top_k_categorical_accuracy)
    | by_name(pearson_correlation, concordance_correlation),
)
"""The functions that a `MeanMetricWrapper` may be saved with; losses among them."""

get = FAMILY.get
deserialize = FAMILY.get
serialize = FAMILY.serialize
register = FAMILY.register

_ACCURACIES = {
    "binary": BinaryAccuracy,
    "sparse": SparseCategoricalAccuracy,
    "categorical": CategoricalAccuracy,
}
_CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}
_BY_TARGETS = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}


def _check_arguments(metric: Metric) -> None:
    """Raise TypeError for a metric that is none of targets and predictions, as `Mean` is none."""
    signature = inspect.signature(metric.update_state)
    try:
        signature.bind(None, None, sample_weight=None)
    except TypeError:
        raise TypeError(
            f"{type(metric).__name__} cannot be compiled as a metric: its update_state takes "
            f"({', '.join(signature.parameters)}), and not (y_true, y_pred, sample_weight). Give a metric of these, or "
            "update this one in a step of your own."
        ) from None


def check(identifier: Any) -> None:
    """Raise UnknownNameError for what `resolve` would not take, before any shape is known."""
    if identifier is None:
        raise unknown_name("metric", None, [*FAMILY.members, *_BY_TARGETS])
    if not (isinstance(identifier, str) and identifier.lower() in _BY_TARGETS):
        try:
            found = FAMILY.get(identifier)
        except UnknownNameError:
            raise unknown_name("metric", identifier, [*FAMILY.members, *_BY_TARGETS]) from None
        if isinstance(found, Metric):
            _check_arguments(found)
        else:
            check_pair("metric", found)


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """The Metric that ``compile(metrics=[identifier])`` means for targets and predictions of these shapes.

    ``"accuracy"``, ``"acc"``, ``"crossentropy"`` and ``"ce"`` are the kind that fits the shapes; functions become a
    `MeanMetricWrapper`. A metric named by a string is reported under that string.

    Args:
        identifier: what `get` takes.
        y_true: anything with the targets' ``shape``, batch first.
        y_pred: anything with the predictions' ``shape``, batch first.

    Raises:
        UnknownNameError: for an unknown name; the message lists the nearest.
    """
    kinds = _BY_TARGETS.get(identifier.lower()) if isinstance(identifier, str) else None
    if kinds is not None:
        return kinds[kind_of_targets(y_true, y_pred)](name=identifier)
    check(identifier)
    found = FAMILY.get(identifier)
    if not isinstance(found, Metric):
        return MeanMetricWrapper(found, name=identifier if isinstance(identifier, str) else name_of(found))
    if isinstance(identifier, str):
        found.name = identifier
    found.build(y_pred)
    return found


answer(__name__)
