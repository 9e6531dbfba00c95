"""Options of tf.data: what may be chosen there, and has one answer here."""

from __future__ import annotations

from typing import Any

KNOWN = (
    *("autotune", "deterministic", "threading", "experimental_deterministic", "experimental_distribute"),
    *("experimental_optimization", "experimental_slack", "experimental_symbolic_checkpoint", "experimental_warm_start"),
)


class Options:
    """Accepts what tf.data's options take; the order is always the same, and nothing needs tuning.

    Raises:
        AttributeError: for a name that tf.data does not have.
    """

    def __init__(self) -> None:
        self.deterministic: bool | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in KNOWN:
            raise AttributeError(f"a dataset's Options have no {name!r}; tf.data knows {', '.join(KNOWN)}.", name=name)
        group = _Group()
        object.__setattr__(self, name, group)
        return group

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in KNOWN:
            raise AttributeError(f"a dataset's Options have no {name!r}; tf.data knows {', '.join(KNOWN)}.", name=name)
        object.__setattr__(self, name, value)


class _Group:
    """Options that belong together."""
