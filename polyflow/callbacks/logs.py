"""The logs that callbacks receive: Python floats by name, read from the device only where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any


def floats(logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """``logs`` as a dict sorted by name, nested ones flattened, with a Python float wherever a value is one number."""
    result: dict[str, Any] = {}
    for name, value in sorted(logs.items()) if logs else ():
        if value.__class__ is float:
            result[name] = value
            continue
        if isinstance(value, Mapping):
            result.update(floats(value))
            continue
        try:
            result[name] = float(value)
        except (TypeError, ValueError):
            result[name] = value
    return result


class LazyLogs(MutableMapping[str, Any]):
    """Logs that are read the first time somebody looks, and then stay as they are.

    It is always true, so that ``logs = logs or {}`` costs nothing.

    Args:
        read: gives the values; called at most once, but for `fresh`.
    """

    __slots__ = ("_read", "_values")

    def __init__(self, read: Callable[[], Mapping[str, Any]]) -> None:
        self._read = read
        self._values: dict[str, Any] | None = None

    def fresh(self) -> dict[str, Any]:
        """Read again, now; what a callback has added stays."""
        self._values = (self._values or {}) | floats(self._read())
        return self._values

    def copy(self) -> dict[str, Any]:
        """The values as a dict of their own."""
        return dict(self._known())

    def _known(self) -> dict[str, Any]:
        values = self._values
        return self.fresh() if values is None else values

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._known()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return repr(self._known())
