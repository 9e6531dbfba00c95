"""NumPy as a polyflow backend: the default, and always there."""

from polyflow.backend.hookspecs import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="numpy",
        summary="NumPy on the CPU: the default, always there",
        requires=("numpy",),
        install="pip install numpy",
        homepage="https://numpy.org",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import NumPyBackend

    return NumPyBackend(device)
