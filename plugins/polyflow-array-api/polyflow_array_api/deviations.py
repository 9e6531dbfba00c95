"""What namespaces are known to do otherwise, by the namespace's own module name; found by running the suite on them."""

from __future__ import annotations

from collections.abc import Mapping

from polyflow.backend import Deviation

_SQRT = Deviation("tolerance", "square roots are off by up to 0.75 ulp where IEEE 754 asks for 0.5", bound=1.0)
_EMPTY = Deviation("fails", "a transform of no vectors raises an error of the library below (MKL)")
_LAST = Deviation("fails", "of equal largest or smallest elements another than the first is found")

_TWICE = Deviation("fails", "float64 goes to float16 by way of float32, and is rounded twice")
_NAN = Deviation("fails", "a search has another place for NaN than after all numbers, where sorting puts it")

DEVIATIONS: Mapping[str, Mapping[str, Deviation]] = {
    "array_api_compat.torch": {
        "core-1/sqrt/float*/*": _SQRT,
        "core-1/*fft/*/empty": _EMPTY,
        "core-1/searchsorted/float*/nan": _NAN,
        "core-1/astype/float64/float16-once": _TWICE,
    },
    "dpnp": {"core-1/sqrt/float*/*": _SQRT, "core-1/arg???/float*/ties": _LAST},
}
"""What is different on a namespace, by its module's name."""
