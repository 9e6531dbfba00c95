"""Random numbers: the same ones on every backend.

Every draw is a pure function of a *key*, two 32-bit words. Below, keys are explicit: `key`, `split`, `fold_in`, and
``key=`` in every function. Above, there is a global seed: without ``key=`` and ``seed=``, functions draw from a global
generator that `set_seed` starts anew.

    pf.random.set_seed(0)
    x = pf.random.normal((3, 2))                         # the global generator
    y = pf.random.uniform((3,), -1.0, 1.0, seed=7)       # the same numbers each time
    z = pf.random.uniform((3,), key=pf.random.key(7))    # the same, key made by hand

Words, uniforms, Bernoulli draws, integers, permutations and dropout masks are equal bit by bit whatever the backend,
normals, gamma and Poisson numbers to the last digit or nearly.
"""

from ..missing import answer
from .draws import (
    bernoulli,
    bits,
    categorical,
    keep_mask,
    normal,
    permutation,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from .generator import Generator
from .keys import fold_in, key, split
from .rejection import gamma, poisson
from .seeds import SeedGenerator, get_state, host_key, set_seed, set_state
from .stateless import (
    stateless_categorical,
    stateless_gamma,
    stateless_normal,
    stateless_poisson,
    stateless_truncated_normal,
    stateless_uniform,
)

__all__ = [
    "Generator",
    "SeedGenerator",
    "bernoulli",
    "bits",
    "categorical",
    "fold_in",
    "gamma",
    "get_state",
    "host_key",
    "keep_mask",
    "key",
    "normal",
    "permutation",
    "poisson",
    "randint",
    "set_seed",
    "set_state",
    "shuffle",
    "split",
    "stateless_categorical",
    "stateless_gamma",
    "stateless_normal",
    "stateless_poisson",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
]

answer(__name__)
