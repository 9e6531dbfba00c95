"""float64 on its way to float16 and bfloat16, which most libraries take by way of float32: two roundings for one."""

from __future__ import annotations

from typing import Any

LOST = (1 << 29) - 1
"""The bits of a float64's fraction that a float32 does not hold."""


def rounds_once(x: Any, int64: Any) -> Any:
    """``x``, of float64, such that float32 holds it (where not subnormal) and a half of that is the half of ``x``.

    What a float32 loses is gathered in the last bit that it keeps ("rounding to odd": Boldo and Melquiond, "Emulation
    of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).

    Args:
        x: an array of a library whose arrays have ``view`` and the operators of integers.
        int64: the library's own dtype.
    """
    bits = x.view(int64)
    return ((bits | ((bits & LOST) + LOST)) & ~LOST).view(x.dtype)
