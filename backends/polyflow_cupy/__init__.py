"""CuPy as a polyflow backend: NVIDIA GPUs."""

from polyflow.backend.hookspecs import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="cupy",
        summary="CuPy on NVIDIA GPUs (CUDA)",
        requires=("cupy",),
        install="pip install 'polyflow-core[cupy]'",
        homepage="https://cupy.dev",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import CuPyBackend

    return CuPyBackend(device)
