"""A deviation that a backend declares: where it does not do what the conformance suite asks, and why."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """What a backend knows it does differently; ``Backend.deviations`` maps case ids (with * and ?) to these.

    A declaration is strict: a case that passes although it was declared to fail is a failure, and so is a pattern that
    matches no case or a wider tolerance that no case needs.

    Attributes:
        kind: "fails" (the cases fail) or "tolerance" (they pass within ``bound``).
        reason: why, in a sentence that stands in reports.
        bound: for "tolerance": the distance that is still right, in the unit of the case's own; at most 100 times the
            largest that the cases have.
        url: where more is said, e.g. the library's issue.
        until: the version of the library, or the date, that is expected to end it.
    """

    kind: str
    reason: str
    bound: float | None = None
    url: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        for name in ("kind", "reason", "url", "until"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"the {name} of a deviation is a text; got {getattr(self, name)!r}.")
        if self.kind not in ("fails", "tolerance"):
            raise ValueError(f"a deviation is of kind 'fails' or 'tolerance'; got {self.kind!r}.")
        if (self.kind == "tolerance") != (self.bound is not None):
            raise ValueError("a deviation of kind 'tolerance' needs a bound, and only that kind has one.")
        if self.bound is not None and not (isinstance(self.bound, numbers.Real) and 0 < self.bound < math.inf):
            raise ValueError(f"the bound of a deviation is a number above 0, and finite; got {self.bound!r}.")
        if not self.reason.strip():
            raise ValueError("a deviation needs a reason: a sentence that people can read.")
