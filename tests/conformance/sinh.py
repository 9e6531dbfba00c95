"""The case that most tests try, and a backend that fails in it."""

from __future__ import annotations

import numpy as np

from polyflow_numpy.backend import NumPyBackend

ONE = "core-1/sinh/float32/small"


class Sinh(NumPyBackend):
    """sinh in a formula that cancels."""

    def sinh(self, x):
        return ((np.exp(x) - np.exp(-x)) / 2).astype(x.dtype)
