"""The names that functions had before the array API standard gave them the ones they have now."""

from __future__ import annotations

from typing import Any

OLDER = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
    "bool": "bool_",
    "concat": "concatenate",
    "cumulative_prod": "cumprod",
    "cumulative_sum": "cumsum",
    "permute_dims": "transpose",
    "pow": "power",
}
"""The standard's name -> the older one, of the same meaning and arguments."""


class Renamed:
    """A namespace with further names for some of what is in it."""

    def __init__(self, xp: Any, names: dict[str, Any]) -> None:
        self._xp = xp
        vars(self).update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)


def standard_names(xp: Any) -> Any:
    """A namespace with the standard's names for what ``xp`` has under older ones only; ``xp`` itself if none is."""
    older = {name: old for name, old in OLDER.items() if hasattr(xp, old) and not hasattr(xp, name)}
    return Renamed(xp, {name: getattr(xp, old) for name, old in older.items()}) if older else xp
