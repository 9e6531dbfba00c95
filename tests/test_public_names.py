"""The public names, and how light it is to import them."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import polyflow as pf
from polyflow.missing import INSTEAD

NAMES = [
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


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("keras.layers.Dens", r"^polyflow.layers has no 'Dens'. Did you mean 'Dense'"),
        ("keras.optimizers.Adamm", "Did you mean 'Adam'"),
        ("math.sigmid", "Did you mean 'sigmoid'"),
        ("saved_model", "Instead: model.save and"),
        ("keras.layers.LSTM", r"Instead: .* tf.scan"),
        ("keras.datasets.mnist", "Instead: .* load_digits"),
        ("bitcast", r"Instead: use x.numpy\(\).view"),
        ("config.set_visible_devices", "Instead: choose a device"),
        ("keras.layers.Hashing", "Instead: IntegerLookup"),
    ],
)
def test_a_missing_name_says_what_there_is(path, sentence):
    *modules, name = path.split(".")
    found = pf
    for module in modules:
        found = getattr(found, module)
    with pytest.raises(AttributeError, match=sentence):
        getattr(found, name)
    assert not hasattr(found, name)


@pytest.mark.parametrize(
    ("owner", "name", "sentence"),
    [
        (lambda: pf.Sequential(), "export", r"^Sequential has no 'export'. Instead: model.save and"),
        (lambda: pf.data.Dataset, "list_files", "from_tensor_slices"),
    ],
)
def test_a_missing_method_says_what_there_is(owner, name, sentence):
    with pytest.raises(AttributeError, match=sentence):
        getattr(owner(), name)
    assert not hasattr(owner(), name)


def test_a_model_of_ones_own_may_have_what_models_lack():
    class Saved(pf.Model):
        def export(self):
            return "saved"

    model = Saved()
    model.add_metric = 3
    assert (model.export(), model.add_metric) == ("saved", 3)


def test_what_stands_in_for_a_missing_name_is_said_of_missing_names_only():
    for module, hints in INSTEAD.items():
        there = importlib.import_module(module)
        assert not [name for name in hints if hasattr(there, name)]


LATER = """
    activations array_api backend.hookspecs backend.loop backend.plugin backend.status callbacks cli config data
    datasets flow.assignment flow.batching flow.control flow.function flow.graph flow.parse flow.passes flow.trace
    gathering initializers keras layers linalg losses math metrics models module nn optimizers printing progress random
    threefry
""".split()  # noqa: SIM905
"""What importing polyflow leaves for later: all that a program which only computes with tensors does without."""


def test_importing_polyflow_imports_little():
    """Of other distributions NumPy and ml_dtypes alone, and of polyflow's own modules what single ops need."""
    code = """
import sys
before = set(sys.modules)
import polyflow
others = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(*sorted(others), *sorted(name for name in sys.modules if name.startswith("polyflow.")))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = {name for name in ran.stdout.split() if "." not in name}
    assert others == {"ml_dtypes", "numpy", "polyflow"}
    early = set(ran.stdout.split()) & {f"polyflow.{name}" for name in LATER}
    assert not early, f"importing polyflow imports {sorted(early)} too"


def test_names_that_come_later_are_there():
    for name in ("case", "cond", "fori_loop", "function", "map_fn", "scan", "switch_case", "while_loop"):
        assert callable(getattr(pf, name))
        assert name in pf.__all__
