"""What programs ask about GPUs under ``tf.test``."""

from __future__ import annotations

from .config import list_logical_devices, list_physical_devices
from .missing import answer

__all__ = ["gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support", "is_gpu_available"]


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: object = None) -> bool:
    """Whether the selected backend has a GPU; the arguments are accepted as in TensorFlow."""
    return bool(list_physical_devices("GPU"))


def gpu_device_name() -> str:
    """The name of the first GPU, for ``tf.device``; an empty string where there is none."""
    return next((device.name for device in list_logical_devices("GPU")), "")


def is_built_with_gpu_support() -> bool:
    """Whether the selected backend has a GPU: what it was built for is its own."""
    return is_gpu_available()


is_built_with_cuda = is_built_with_gpu_support

answer(__name__)
