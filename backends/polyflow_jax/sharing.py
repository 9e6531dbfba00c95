"""Programs that are made once for what they compute: a model like an earlier one does not wait for XLA again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

MOST = 16
"""So many programs are kept for models that are yet to come, those that were asked for last."""


class Programs:
    """Jitted functions by what they compute.

    A model that is searched, cross-validated or cloned is built again and again, and its training step is the same
    graph but for names. XLA takes a second for it; the key takes a millisecond.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable | None, make: Callable[[], Any]) -> Any:
        """The program of this key, which ``make`` makes if there is none; None is nobody's key."""
        if key is None:
            return make()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            program = self._kept[key] = make()
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return program
