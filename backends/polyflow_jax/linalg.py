"""Linear algebra that runs now: singular matrices raise, as they do on NumPy, where XLA gives infinities or NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .wide import in_64_bits


def checked(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The program of a kernel that raises LinAlgError where finite matrices give what is not finite."""

    @in_64_bits
    @jax.jit
    def program(*arrays: Any) -> tuple[Any, Any]:
        result = kernel(*arrays)
        given = jnp.array([jnp.isfinite(array).all() for array in arrays]).all()
        return result, jnp.isfinite(result).all() | ~given

    def run(*arrays: Any) -> Any:
        result, regular = program(*arrays)
        if not regular:
            raise np.linalg.LinAlgError("the result is not finite")
        return result

    return run


inv = checked(jnp.linalg.inv)
solve = checked(jnp.linalg.solve)
cholesky = checked(jnp.linalg.cholesky)
