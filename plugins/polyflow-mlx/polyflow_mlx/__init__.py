"""MLX as a polyflow backend: lazy arrays on Apple's GPUs, and on CPUs."""

from polyflow.backend.hookspecs import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="mlx",
        summary="MLX: lazy arrays on Apple's GPUs, and on CPUs",
        requires=("mlx",),
        install="pip install polyflow-mlx",
        homepage="https://ml-explore.github.io/mlx/",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import MLXBackend

    return MLXBackend(device)
