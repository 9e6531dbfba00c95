"""Importing CuPy, and the sentences for everything that can stand in its way."""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from polyflow.errors import BackendUnavailableError, PolyflowError

INSTALL = "pip install 'polyflow-core[cupy]'"
OLDEST = 13


def load() -> Any:
    """The module ``cupy``, with a place for its compiled kernels that can be written to.

    Raises:
        BackendUnavailableError: CuPy is missing, too old, or cannot be imported.
    """
    prepare_cache()
    try:
        cupy = import_module("cupy")
        version = cupy.__version__
    except Exception as error:
        raise BackendUnavailableError(
            f"CuPy cannot be imported: {type(error).__name__}: {first_line(error)} Install the build for your CUDA "
            f"version, e.g. {INSTALL} (CUDA 12) or pip install 'polyflow-core[cupy-cuda13]'.",
            install=INSTALL,
        ) from error
    if int(version.partition(".")[0]) < OLDEST:
        raise BackendUnavailableError(
            f"CuPy {version} is too old: polyflow needs {OLDEST}.0 or newer. Upgrade with {INSTALL}.", install=INSTALL
        )
    return cupy


def prepare_cache() -> None:
    """Point CuPy's kernel cache at the temporary folder where its own place cannot be made.

    CuPy makes the folder when it is imported and fails with a bare OSError where the home directory is read-only, as in
    many containers. A cache that the user named is left alone.
    """
    if os.environ.get("CUPY_CACHE_DIR"):
        return
    wanted = Path(os.path.expanduser("~"), ".cupy", "kernel_cache")
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        usable = os.access(wanted, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
        os.environ["CUPY_CACHE_DIR"] = str(Path(tempfile.gettempdir(), f"polyflow-cupy-cache-{user}"))


def device_count(cupy: Any) -> int:
    """How many GPUs answer; 0 where there is no driver."""
    try:
        return int(cupy.cuda.runtime.getDeviceCount())
    except Exception:  # CUDARuntimeError: no driver, a driver too old, no device; ImportError: no CUDA runtime library
        return 0


def no_device(cupy: Any) -> BackendUnavailableError:
    """The error for a machine without a GPU that answers, with the driver's own words."""
    try:
        cupy.cuda.runtime.getDeviceCount()
        reason = "the CUDA driver reports no device"
    except Exception as error:
        reason = first_line(error)
    return BackendUnavailableError(
        f"CuPy {cupy.__version__} is installed, but no NVIDIA GPU answers: {reason.rstrip('.')}. "
        "Check nvidia-smi and CUDA_VISIBLE_DEVICES, or choose another backend, e.g. polyflow.set_backend('numpy')."
    )


def explained(error: Exception) -> Exception:
    """What polyflow raises for an error of CuPy's; most stay as they are."""
    if isinstance(error, (PolyflowError, ValueError, TypeError, IndexError, ZeroDivisionError)):
        return error
    words = str(error)
    if isinstance(error, MemoryError):
        error.add_note(
            "The GPU's memory is full. Use smaller batches, delete tensors that are no longer needed, or give other "
            "programs' cached memory back with cupy.get_default_memory_pool().free_all_blocks()."
        )
    elif type(error).__name__ == "CompileException" or "nvrtc" in words.lower() or "libcu" in words.lower():
        return BackendUnavailableError(
            f"CuPy cannot compile or load CUDA code here: {first_line(error)} It needs NVIDIA's libraries and headers "
            f"beside the driver: {INSTALL} brings them.",
            install=INSTALL,
        )
    return error


def first_line(error: BaseException) -> str:
    """The first line of an error's message that says something, as a sentence."""
    lines = [line.strip(" =-") for line in str(error).splitlines()]
    text = next((line for line in lines if line), type(error).__name__)
    return text if text.endswith(".") else text + "."
