"""Constructed: the base of classes that users derive from, which says so where their constructors forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar


class Constructed:
    """An object whose constructor may be a user's, and has to call the one of its base."""

    _made: ClassVar[str]
    """The name of an attribute that the constructor of the base sets."""

    def _without(self, name: str) -> Any:
        """Raise AttributeError for an attribute that is not there."""
        if self._made not in vars(self):
            raise AttributeError(f"the constructor of {type(self).__name__} must call super().__init__() first.")
        return object.__getattribute__(self, name)  # raises what it raised before

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = _without
