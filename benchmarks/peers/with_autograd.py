"""autograd, the tape over NumPy."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np

from ..problems import Scalar
from ..work import Work


def gradient(problem: Scalar) -> Work:
    function, x = autograd.grad(problem.function(anp.sin, anp.exp)), np.float32(0.3)
    return Work(lambda: function(x))
