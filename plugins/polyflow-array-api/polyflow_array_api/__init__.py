"""Any namespace that follows the Python array API standard as a polyflow backend: ``array-api:MODULE[:DEVICE]``."""

from polyflow.backend.hookspecs import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="array-api",
        summary="any library that follows the array API standard: array-api:MODULE",
        requires=("array_api_compat",),
        install="pip install polyflow-array-api",
        homepage="https://data-apis.org/array-api/latest/",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import ArrayAPIBackend

    return ArrayAPIBackend(device)
