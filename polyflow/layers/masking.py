"""Masks: which steps of a sequence count.

A layer that finds them puts a boolean tensor beside its output. Layers after it take it in ``call(inputs, mask)`` or
hand it on, and a loss leaves out what does not count. Functions and operators between layers drop it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .. import tree
from ..flow import notes
from ..ops.creation import ones
from ..ops.elementwise import astype, not_equal
from ..ops.reduction import any as any_of


def mask_of(inputs: Any) -> Any:
    """The mask beside a tensor; of tensors in a list, tuple or dict a list of them; None where there is none at all."""
    if not isinstance(inputs, (list, tuple, dict)):
        return getattr(inputs, "mask", None)
    found = [getattr(leaf, "mask", None) for leaf in tree.flatten(inputs)[0]]
    return None if all(mask is None for mask in found) else found


@functools.lru_cache(maxsize=4096)
def takes_mask(layer_class: type) -> bool:
    """Whether the class's ``call`` has an argument ``mask``."""
    return "mask" in inspect.signature(layer_class.call).parameters  # type: ignore[attr-defined]


def hand_on(layer: Any, inputs: Any, mask: Any, outputs: Any) -> None:
    """Put beside a layer's output the mask that it makes of its input's; warns where the layer knows of none."""
    if not layer.supports_masking and not layer.makes_masks:
        notes.warn(
            f"layer {layer.name!r} ({type(layer).__name__}) got an input with a mask and does not hand it on, so that "
            "later layers and the loss count every step. Set self.supports_masking = True in its constructor if the "
            "mask holds for its output, or define compute_mask(self, inputs, mask)."
        )
        return
    made = layer.compute_mask(inputs, mask)
    leaves = tree.flatten(outputs)[0] if made is not None else []
    for leaf, one in zip(leaves, made if isinstance(made, (list, tuple)) else [made] * len(leaves), strict=True):
        if hasattr(leaf, "backend"):
            leaf.mask = one


def probed(layer: Any, call: Callable[..., Any], inputs: Any, *more: Any, **options: Any) -> Any:
    """What a call gives where shapes are found out; a layer that needs a mask gets one that leaves out nothing."""
    try:
        return call(inputs, *more, **options)
    except Exception:
        if not takes_mask(type(layer)) or "mask" in options or not getattr(inputs, "shape", ()):
            raise
        return call(inputs, *more, **options, mask=ones(inputs.shape[:-1], "bool", backend=inputs.backend))


def steps(inputs: Any, value: Any, keepdims: bool = False) -> Any:
    """The steps of sequences of features of which not every feature is ``value``."""
    return any_of(not_equal(inputs, value), -1, keepdims)


def weights(mask: Any, inputs: Any) -> Any:
    """A mask of steps as numbers beside features: 1 for what counts, else 0."""
    return astype(mask, inputs.dtype)[..., None]
