"""The public names, and how light it is to import them."""

from __future__ import annotations

import subprocess
import sys

import pytest

import polyflow as pf

COURSE = [
    "constant",
    "zeros",
    "ones",
    "linspace",
    "range",
    "Variable",
    "GradientTape",
    "function",
    "data",
    "keras",
    "Tensor",
    "cast",
    "reduce_mean",
    "reduce_sum",
    "square",
    "matmul",
    "random",
    "float32",
    "float64",
    "int32",
    "bool",
    "concat",
    "stack",
    "reshape",
    "transpose",
    "argmax",
    "expand_dims",
    "squeeze",
    "split",
    "one_hot",
    "grad",
    "value_and_grad",
    "vjp",
    "jvp",
    "jacobian",
    "hessian",
    "stop_gradient",
    "custom_gradient",
    "set_backend",
    "use_backend",
    "Sequential",
    "tensor",
    "asarray",
    "testing",
    "datasets",
    "nn",
    "math",
    "linalg",
    "exp",
    "sin",
    "where",
    "gather",
    "tile",
    "pad",
    "fill",
    "eye",
]


@pytest.mark.parametrize("name", COURSE)
def test_a_name_is_there(name):
    assert getattr(pf, name) is not None
    assert name in dir(pf)


def test_keras_paths():
    assert pf.keras.models.Sequential is pf.Sequential
    assert pf.keras.layers.Dense is pf.layers.Dense
    for path in (
        "optimizers.Adam",
        "losses.MeanSquaredError",
        "metrics.Mean",
        "callbacks.EarlyStopping",
        "utils.set_random_seed",
    ):
        module, _, name = path.partition(".")
        assert getattr(getattr(pf.keras, module), name)


def test_a_missing_name_suggests_the_nearest():
    with pytest.raises(AttributeError, match="'constant'"):
        _ = pf.constnt


def test_importing_polyflow_imports_no_other_array_library():
    code = """
import sys, polyflow
heavy = {"jax", "cupy", "torch", "keras", "tensorflow", "pandas", "matplotlib", "rich", "scipy", "opt_einsum", "optree",
         "array_api_compat", "safetensors", "pluggy"}
print(sorted(heavy & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == "[]"
