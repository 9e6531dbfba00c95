"""JAX as a polyflow backend: compiled by XLA for CPUs, GPUs and TPUs."""

from polyflow.backend.hookspecs import BackendDescription, hookimpl


@hookimpl
def polyflow_describe():
    return BackendDescription(
        name="jax",
        summary="JAX: compiled by XLA for CPUs, GPUs and TPUs",
        requires=("jax", "jaxlib"),
        install="pip install 'polyflow-core[jax]'",
        homepage="https://docs.jax.dev",
    )


@hookimpl
def polyflow_backend(device):
    from .backend import JaxBackend

    return JaxBackend(device)
