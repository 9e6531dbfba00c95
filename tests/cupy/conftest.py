"""Fixtures over the stand-in for CuPy (see ``standin.py``: it is not CuPy) and over the real package."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("CUPY_CACHE_DIR", str(Path(tempfile.gettempdir(), "polyflow-cupy-cache")))

from cpu_kernels import NoCompiler
from standin import make
from surface import installed_cupy

VERSIONS = ("14.2.0", "13.6.0")


def pytest_report_header():
    cupy = installed_cupy()
    real = f"CuPy {cupy.__version__}, GPUs: {gpu_count(cupy)}" if cupy else "CuPy is not installed"
    return f"tests/cupy: backend logic runs over a NumPy-backed stand-in, not over CuPy; {real}"


def gpu_count(cupy):
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except Exception:
        return 0


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call():
    """Where there is no C++ compiler, tests that run a generated kernel are skipped by that name."""
    try:
        return (yield)
    except NoCompiler as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=VERSIONS)
def standin(request):
    """A stand-in with the names and signatures of one CuPy release."""
    return make(request.param)


@pytest.fixture
def backend(standin):
    """The CuPy backend over the stand-in."""
    from polyflow_cupy.backend import CuPyBackend

    return CuPyBackend(cupy=standin)


@pytest.fixture
def registered(standin):
    """The name under which polyflow finds the CuPy backend over the stand-in, while the test lasts."""
    from over_standin import over

    from polyflow.backend import discovery

    backend = over(standin)
    discovery.register(backend.name, backend)
    yield backend.name
    discovery.unregister(backend.name)


@pytest.fixture(scope="session")
def cupy():
    """The real package; no GPU is needed to read its names or to compile for it."""
    found = installed_cupy()
    if found is None:
        pytest.skip("CuPy is not installed: pip install 'polyflow-core[test-cuda]' (no GPU is needed)")
    return found


@pytest.fixture(scope="session")
def nvrtc(cupy):
    """Compiles CUDA source: ``nvrtc(source, architecture, method)`` gives cubin or PTX, or raises with the log."""
    from cupy._core import core
    from cupy.cuda import compiler

    from polyflow_cupy.kernels import EXACT

    header = "".join(f"#include <{name}>\n" for name in core._cupy_header_list)

    def compile_(source: str, architecture: str, method: str = "cubin", options: tuple[str, ...] = EXACT) -> bytes:
        target = ("-arch=sm_" if method == "cubin" else "-arch=compute_") + architecture
        fixed = ("-ftz=true", target, "--device-as-default-execution-space")
        given = (*core.assemble_cupy_compiler_options(options), *fixed)
        return compiler._NVRTCProgram(header + source, "kernels.cu", (), (), method=method).compile(given)[0]

    try:
        compile_("", "80", "ptx")
    except Exception as error:
        if "libnvrtc" in str(error) or "nvrtc" in type(error).__module__ or "cannot open source file" in str(error):
            pytest.skip(f"NVIDIA's compiler or headers are missing (pip install 'polyflow-core[test-cuda]'): {error}")
        raise
    return compile_
