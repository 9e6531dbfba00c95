"""What stands after ``array-api:``, and the sentences about what cannot."""

from __future__ import annotations

import pytest
from polyflow_array_api import naming

from polyflow.backend import discovery
from polyflow.backend.status import status
from polyflow.errors import BackendError, BackendUnavailableError, UnknownBackendError, UnknownDeviceError


@pytest.mark.parametrize(
    ("given", "module", "device"),
    [
        ("dpnp", "dpnp", None),
        ("dask.array", "dask.array", None),
        ("array_api_strict:device1", "array_api_strict", "device1"),
        ("dpnp:opencl:cpu:0", "dpnp", "opencl:cpu:0"),
    ],
)
def test_a_name_is_a_module_and_perhaps_a_device(given, module, device):
    assert naming.split(given) == (module, device)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cpu", "cpu"),
        ("cuda:1", "cuda:1"),
        ("array_api_strict.Device('device1')", "device1"),
        ("Device(opencl:cpu:0)", "opencl:cpu:0"),
        ("<CUDA Device 0>", "0"),
        ("<ndonnx.Device object at 0x7fdaad764610>", "ndonnx.Device"),
    ],
)
def test_device_objects_have_short_names(text, name):
    class Device:
        def __str__(self):
            return text

    assert naming.device_name(Device()) == name


REFUSED = {
    "array-api": (BackendUnavailableError, "needs the name of a namespace: write array-api:MODULE"),
    "array-api:no_such_module": (BackendUnavailableError, "module 'no_such_module', which is not installed"),
    "array-api:no_such.module": (BackendUnavailableError, "module 'no_such.module', which is not installed"),
    "array-api:two words": (UnknownBackendError, "'array-api:two words' names no module"),
    "array-api:a..b": (UnknownBackendError, "names no module"),
    "array-api:numpy:": (UnknownBackendError, "names no module"),
    "array-api:json": (BackendError, "is no namespace of the Python array API standard; it has no asarray"),
    "array-api:raising": (BackendUnavailableError, "importing 'raising' raised OSError: no driver"),
    "array-api:needy": (
        BackendUnavailableError,
        "raised ModuleNotFoundError: No module named 'nope'",
    ),
    "array-api:half": (BackendError, "'half' is no namespace of the Python array API standard; it has no float32"),
    "array-api:polyflow.array_api": (BackendError, "makes polyflow's own tensors"),
    "array-api:array_api_strict:gpu": (UnknownDeviceError, "has no device 'gpu'. Its devices: CPU_DEVICE, device1"),
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_cannot_be_used_is_refused_in_a_sentence(spec, tmp_path, monkeypatch):
    (tmp_path / "raising.py").write_text("raise OSError('no driver')")
    (tmp_path / "needy.py").write_text("import nope")
    (tmp_path / "half.py").write_text("def asarray(x): return x")
    monkeypatch.syspath_prepend(str(tmp_path))
    kind, sentence = REFUSED[spec]
    with pytest.raises(kind) as caught:
        discovery.get(spec)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_listings_say_that_a_module_has_to_be_named():
    found = status("array-api", check=True)
    assert found.state == "no device"
    assert "array-api:MODULE" in found.reason
