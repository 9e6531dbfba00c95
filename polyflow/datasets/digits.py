"""The 8 x 8 handwritten digits of the UCI repository, and their fixed split into training and test images."""

from __future__ import annotations

import math
import numbers
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .catalog import DATA

__all__ = ["load_digits"]

Examples: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]

FULL_INK = 16  # the largest pixel in the file


def load_digits(*, test_fraction: float = 0.2, flatten: bool = False) -> tuple[Examples, Examples]:
    """Return ``(x_train, y_train), (x_test, y_test)``: 1,797 handwritten digits, 1,438 to train on and 359 to test.

    ``x`` is float32 of shape (n, 8, 8), from 0 (paper) to 1 (ink); with ``flatten=True`` it is (n, 64).
    ``y`` is int32 of shape (n,), the digit from 0 to 9. Every call returns new arrays, and the same ones on every
    backend, platform and version.

    The split is fixed and stratified. The images are lined up by digit, those of one digit in the order of the file,
    and cut into ``round(test_fraction * 1797)`` runs of equal length; the image in the middle of each run is a test
    image. Every digit has its share of both sides. Neighbors in the file are mostly by one hand, so every writer has
    too, and the test says little about the writing of strangers. Both sides are in the order of the file.
    ``test_fraction=0`` puts all images on the training side; at least one is always there.

    Raises:
        TypeError: ``test_fraction`` is not a number.
        ValueError: ``test_fraction`` is not in [0, 1).
    """
    images, labels = _read()
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[_test_indices(labels, _checked(test_fraction))] = True

    x = images.reshape(len(images), -1) if flatten else images
    return (x[~is_test], labels[~is_test]), (x[is_test], labels[is_test])


def _read() -> Examples:
    with np.load(DATA / "digits.npz", allow_pickle=False) as file:
        return file["images"].astype(np.float32) / FULL_INK, file["labels"].astype(np.int32)


def _test_indices(labels: npt.NDArray[np.int32], fraction: float) -> npt.NDArray[np.intp]:
    """The middle of each of ``round(fraction * n)`` equal runs through the examples in order of their label."""
    by_label = np.argsort(labels, kind="stable")
    n = len(labels)
    runs = min(round(fraction * n), n - 1)
    middles = (2 * np.arange(runs) + 1) * n // (2 * runs) if runs else np.empty(0, dtype=np.intp)
    return by_label[middles]


def _checked(fraction: float) -> float:
    if isinstance(fraction, bool) or not isinstance(fraction, numbers.Real):
        raise TypeError(f"test_fraction is {fraction!r}, but a number is expected, 0.2 for a fifth of the images say.")
    fraction = float(fraction)
    if not (math.isfinite(fraction) and 0 <= fraction < 1):
        raise ValueError(
            f"test_fraction is {fraction}, but it must be at least 0 and less than 1: "
            "the share of the images that is held out, 0.2 for a fifth."
        )
    return fraction
