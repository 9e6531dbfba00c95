"""Who takes part: a name for each library, or way of using one, and the module in `benchmarks.peers` for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contestant:
    """A library, or a way of using one.

    Attributes:
        name: its name on the command line.
        title: its name in tables.
        module: the module in `benchmarks.peers`.
        needs: what must be importable.
        environment: variables of its process.
        options: arguments for its functions.
    """

    name: str
    title: str
    module: str
    needs: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether it is polyflow, on one of its backends."""
        return self.module == "ours"


def ours(backend: str, needs: tuple[str, ...]) -> Contestant:
    """The contestant for polyflow on a backend."""
    title = {"numpy": "NumPy", "jax": "JAX", "cupy": "CuPy", "torch": "PyTorch"}.get(backend, backend)
    return Contestant(f"polyflow-{backend}", f"polyflow on {title}", "ours", needs, {"POLYFLOW_BACKEND": backend})


def keras(name: str, title: str, backend: str) -> Contestant:
    """Keras on a backend."""
    return Contestant(name, title, "with_keras", ("keras", backend), {"KERAS_BACKEND": backend})


PEERS = {
    peer.name: peer
    for peer in (
        Contestant("numpy", "NumPy by hand", "by_hand_numpy", ("numpy",)),
        Contestant(
            "numpy-unshuffled", "NumPy by hand, rows in order", "by_hand_numpy", ("numpy",), {}, {"shuffle": False}
        ),
        Contestant("numpy-kept", "NumPy by hand, results kept", "keeping_numpy", ("numpy",)),
        Contestant("jax", "JAX by hand", "by_hand_jax", ("jax", "optax")),
        keras("keras-jax", "Keras on JAX", "jax"),
        keras("keras-torch", "Keras on PyTorch", "torch"),
        keras("tensorflow", "TensorFlow", "tensorflow"),
        Contestant("torch", "PyTorch", "pytorch", ("torch",)),
        Contestant("autograd", "autograd", "with_autograd", ("autograd",)),
    )
}
BACKENDS = {"numpy": ours("numpy", ("numpy",)), "jax": ours("jax", ("jax",))}


def contestant(name: str) -> Contestant:
    """The contestant of this name."""
    return PEERS[name] if name in PEERS else BACKENDS[name.removeprefix("polyflow-")]
