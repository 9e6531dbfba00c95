"""PyTorch as a polyflow backend: CPUs and NVIDIA or AMD GPUs."""

from polyflow.backend import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="torch",
        summary="PyTorch on CPUs and GPUs",
        requires=("torch",),
        install="pip install torch",
        homepage="https://pytorch.org",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import TorchBackend

    return TorchBackend(device)
