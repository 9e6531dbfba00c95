"""Losses: how far predictions are from targets, as functions (one value per sample) and classes (one per batch)."""

from __future__ import annotations

from typing import Any

from ..missing import answer
from ..naming import Family, by_name, name_of
from .base import Loss, LossFunctionWrapper, Reduction, reduce_weighted
from .circle import Circle, circle
from .crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from .divergence import Dice, KLDivergence, Poisson, Tversky, dice, kl_divergence, poisson, tversky
from .hinges import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .labels import check_labels, needs_label_check
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

__all__ = [
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "check_labels",
    "circle",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kind_of_targets",
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
    "needs_label_check",
    "poisson",
    "reduce_weighted",
    "register",
    "resolve",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

FAMILY = Family(
    "loss",
    by_name(LossFunctionWrapper)
    | by_name(MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError)
    | by_name(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error)
    | by_name(Huber, LogCosh, CosineSimilarity, Hinge, SquaredHinge, CategoricalHinge)
    | by_name(huber, log_cosh, cosine_similarity, hinge, squared_hinge, categorical_hinge)
    | by_name(BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)
    | by_name(binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy)
    | by_name(BinaryFocalCrossentropy, CategoricalFocalCrossentropy, KLDivergence, Poisson, Dice, Tversky)
    | by_name(binary_focal_crossentropy, categorical_focal_crossentropy, kl_divergence, poisson, dice, tversky)
    | by_name(Circle, circle, CategoricalGeneralizedCrossEntropy, categorical_generalized_cross_entropy)
    | dict.fromkeys(("mse", "MSE"), mean_squared_error)
    | dict.fromkeys(("mae", "MAE"), mean_absolute_error)
    | dict.fromkeys(("mape", "MAPE"), mean_absolute_percentage_error)
    | dict.fromkeys(("msle", "MSLE"), mean_squared_logarithmic_error)
    | dict.fromkeys(("bce", "BCE"), binary_crossentropy)
    | dict.fromkeys(("kld", "KLD"), kl_divergence),
    methods={"call": ("y_true", "y_pred")},
)

get = FAMILY.get
deserialize = FAMILY.get
serialize = FAMILY.serialize
register = FAMILY.register

_BY_TARGETS = {
    "binary": binary_crossentropy,
    "sparse": sparse_categorical_crossentropy,
    "categorical": categorical_crossentropy,
}


def kind_of_targets(y_true: Any, y_pred: Any) -> str:
    """Which kind of classification shapes mean: ``"binary"``, ``"sparse"`` or ``"categorical"``.

    Both need only a ``shape``, batch first. Keras's rule (trainers/compile_utils.py): predictions whose last axis has
    size 1 are binary; targets of lower rank, or with a last axis of size 1, are sparse labels. Predictions of rank 1,
    one number per sample, are binary here too.
    """
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(pred) < 2 or pred[-1] == 1:
        return "binary"
    return "sparse" if len(true) < len(pred) or true[-1] == 1 else "categorical"


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Loss | None:
    """The Loss that ``compile(loss=identifier)`` means for targets and predictions of these shapes.

    As `get`, but functions become a `LossFunctionWrapper` under the name given, and ``"crossentropy"`` and ``"ce"`` are
    the cross-entropy that fits the shapes.
    """
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        found = _BY_TARGETS[kind_of_targets(y_true, y_pred)]
    else:
        found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    return LossFunctionWrapper(found, name=identifier if isinstance(identifier, str) else name_of(found))


answer(__name__)
