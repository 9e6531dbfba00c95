"""What stands after ``array-api:`` in a backend's name: a module, and perhaps one of its devices."""

from __future__ import annotations

import importlib
import re
from typing import Any

import array_api_compat

from polyflow import Tensor
from polyflow.errors import BackendError, BackendUnavailableError, UnknownBackendError

NEEDED = ("asarray", "float32", "int64")
"""What a namespace must have; for what else it lacks, polyflow has other ways."""

EXAMPLE = "array-api:array_api_strict"


def split(given: str | None) -> tuple[str, str | None]:
    """``"dpnp:opencl:cpu:0"`` as the module's name, and the device's or None.

    Raises:
        BackendUnavailableError: no module is named.
        UnknownBackendError: the name cannot be a module's.
    """
    if given is None:
        raise BackendUnavailableError(
            f"Backend 'array-api' needs the name of a namespace: write array-api:MODULE, such as {EXAMPLE!r}."
        )
    module, colon, device = given.partition(":")
    if not all(part.isidentifier() for part in module.split(".")) or (colon and not device):
        raise UnknownBackendError(
            f"'array-api:{given}' names no module. Write array-api:MODULE or array-api:MODULE:DEVICE, "
            f"such as {EXAMPLE!r}."
        )
    return module, device or None


def load(module: str) -> Any:
    """The namespace of a module: the one that the module's arrays call theirs, else the module itself.

    array-api-compat knows the standard's face of PyTorch, CuPy, Dask and NumPy; others have it of their own.

    Raises:
        BackendUnavailableError: the module is not installed, or does not import.
        BackendError: it is no array namespace.
    """
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.partition(".")[0] != error.name.partition(".")[0]:
            raise _fails(module, error) from error
        raise BackendUnavailableError(
            f"Backend 'array-api:{module}' needs the module {module!r}, which is not installed. "
            "Install the distribution that has it, or mend the name.",
            missing="library",
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _fails(module, error) from error
    if not hasattr(found, "asarray"):
        raise _none(module, ["asarray"])
    try:
        sample = found.asarray(0.0)
    except Exception as error:
        raise _fails(module, error, "asarray(0.0)") from error
    if isinstance(sample, Tensor):
        raise BackendError(f"{module!r} makes polyflow's own tensors, so it cannot be a backend of them.")
    try:
        namespace = array_api_compat.array_namespace(sample)
    except TypeError:  # its arrays do not say: the module is taken at its word
        namespace = found
    lacking = [name for name in NEEDED if not hasattr(namespace, name)]
    if lacking:
        raise _none(module, lacking)
    return namespace


def _none(module: str, lacking: list[str]) -> BackendError:
    return BackendError(
        f"Backend 'array-api:{module}': the module {module!r} is no namespace of the Python array API standard; "
        f"it has no {' or '.join(lacking)}."
    )


def _fails(module: str, error: BaseException, what: str = "") -> BackendUnavailableError:
    text = " ".join(str(error).split())
    doing = f"{module}.{what}" if what else f"importing {module!r}"
    return BackendUnavailableError(
        f"Backend 'array-api:{module}' does not work here: {doing} raised {type(error).__name__}: {text}",
        missing="library",
    )


def device_name(device: Any) -> str:
    """A device object's name: of ``Device('device1')``, ``Device(opencl:cpu:0)``, ``<CUDA Device 0>`` the last word."""
    words = re.findall(r"[\w.:]+", re.sub(r" object at 0x\w+", "", str(device)))
    return words[-1].strip(".:") if words else type(device).__name__
