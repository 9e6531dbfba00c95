"""CheckpointManager: the last few checkpoints of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..arguments import check_integers
from ..convert import short
from ..files import path_of
from .checkpoint import Checkpoint, file_of
from .index import known, remember


def latest_checkpoint(checkpoint_dir: Any) -> str | None:
    """The name of the last checkpoint saved in a folder, for `Checkpoint.restore`; None where there is none."""
    found = known(path_of(checkpoint_dir))
    return found[-1] if found else None


class CheckpointManager:
    """Saves checkpoints under numbers, and removes old ones.

    Args:
        checkpoint: what to save.
        directory: where to; it is made. Checkpoints that lie there are counted.
        max_to_keep: how many to keep; None for all.
        checkpoint_name: what their names begin with.
        step_counter: a variable whose value is the number, in place of a count. checkpoint_interval: with it, how far
            it has to have come since the last checkpoint for another one to be saved.
        init_fn: called by `restore_or_initialize` where there is nothing to restore.

    Raises:
        ValueError: for ``max_to_keep`` below 1.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], Any] | None = None,
    ) -> None:
        if not isinstance(checkpoint, Checkpoint):
            raise TypeError(f"CheckpointManager needs a Checkpoint first; got {short(checkpoint)}.")
        check_integers(self, "[1, inf)", optional=True, max_to_keep=max_to_keep)
        self.checkpoint, self.directory, self.max_to_keep = checkpoint, path_of(directory), max_to_keep
        self.name, self.step_counter, self.interval = checkpoint_name, step_counter, checkpoint_interval
        self.init_fn = init_fn
        self._last: int | None = None

    @property
    def checkpoints(self) -> list[str]:
        """The names of those kept, the latest last."""
        return known(self.directory)

    @property
    def latest_checkpoint(self) -> str | None:
        """The name of the last one; None where there is none."""
        return latest_checkpoint(self.directory)

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str | None:
        """Save a checkpoint and remove those beyond ``max_to_keep``; returns its name, None if it is too early."""
        step = None if self.step_counter is None else int(self.step_counter)
        waits = check_interval and self.interval and step is not None and self._last is not None
        if waits and step < self._last + self.interval:  # type: ignore[operator]
            return None
        self._last = step
        self.checkpoint.save_counter.assign_add(1)
        number = next(n for n in (checkpoint_number, step, self.checkpoint.save_counter) if n is not None)
        path = self.checkpoint.write(os.path.join(self.directory, f"{self.name}-{int(number)}"))
        kept = remember(self.directory, lambda held: [*(one for one in held if one != path), path])
        old = kept[: -self.max_to_keep] if self.max_to_keep else []
        if old:
            remember(self.directory, lambda held: [one for one in held if one not in old])
            for one in old:
                os.remove(file_of(one))
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the latest checkpoint and return its name; without one call ``init_fn``."""
        path = self.latest_checkpoint
        if path is not None:
            self.checkpoint.restore(path)
        elif self.init_fn is not None:
            self.init_fn()
        return path
