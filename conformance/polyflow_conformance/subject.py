"""What is tried: a backend as a run sees it, which need not have loaded it, and the two places where its cases run."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from polyflow.backend.deviation import Deviation
from polyflow.errors import BackendError

from . import catalog
from .case import Case
from .loading import Loaded, LoadError, load
from .report import Result
from .watching import TIME_LIMIT, Watcher


@dataclass(frozen=True)
class About:
    """Which backend a report is about.

    Attributes:
        name: the backend's name. device: the device it is on.
        distribution: where it comes from, and ``version`` which one; empty where it was not installed.
    """

    name: str
    device: str
    distribution: str
    version: str


@dataclass(frozen=True)
class Subject(About):
    """What is known of a backend under test.

    Attributes:
        deviations: what it declares to do differently, by pattern of case ids.
        cases: the suite's cases and those that the backend's own plugin adds, by id.
    """

    deviations: Mapping[str, Deviation]
    cases: dict[str, Case]

    @functools.cached_property
    def order(self) -> dict[str, int]:
        """The place of each case among all, by id."""
        return {name: place for place, name in enumerate(self.cases)}

    def about(self) -> dict[str, str]:
        """Which backend it is, as a dictionary: the arguments of `About`."""
        return {field.name: getattr(self, field.name) for field in fields(About)}

    @classmethod
    def of(cls, loaded: Loaded) -> Subject:
        """What a loaded backend says of itself.

        Raises:
            LoadError: the cases that its plugin adds are not in order.
        """
        backend = loaded.backend
        cases = dict(catalog.all_cases())
        if loaded.distribution:
            from polyflow.backend import discovery

            try:
                catalog.add(cases, discovery.plugin(backend.name).conformance_cases())
            except (BackendError, ValueError) as error:
                raise LoadError(f"the conformance cases that {loaded.distribution} adds: {error}") from error
        return cls(backend.name, str(backend.device), loaded.distribution, loaded.version, backend.deviations, cases)

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it; of the cases only those that are not the suite's own."""
        added = [(case.id, case.quick) for case in self.cases.values() if case.id not in catalog.all_cases()]
        deviations = {pattern: asdict(deviation) for pattern, deviation in self.deviations.items()}
        return {**self.about(), "deviations": deviations, "cases": added}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Subject:
        """What another process says of a backend; the cases that were added can only be tried there."""
        cases = dict(catalog.all_cases())
        catalog.add(cases, (Case(name, _elsewhere, quick=quick) for name, quick in data["cases"]))
        deviations = {pattern: Deviation(**deviation) for pattern, deviation in data["deviations"].items()}
        return cls(**{**data, "deviations": deviations, "cases": cases})


def _elsewhere(trial: Any) -> None:
    raise AssertionError("this case is tried by the process that loaded the backend")


class Place(Protocol):
    """Where the cases of one backend are tried, one after the other."""

    @property
    def subject(self) -> Subject:
        """What is known of the backend."""
        ...

    def try_case(self, case: str) -> Result:
        """What became of the case with this id."""
        ...

    def close(self) -> None:
        """Let go of what was held."""


class Here:
    """In this process.

    Args:
        spec: a backend, or what names one.
        seed: for the samples.
        limit: how many seconds a case may take.

    Raises:
        LoadError: there is no such backend.
    """

    def __init__(self, spec: Any, seed: int = 0, limit: float = TIME_LIMIT) -> None:
        loaded = load(spec)
        self.backend, self.subject = loaded.backend, Subject.of(loaded)
        self._spec, self._seed = spec if isinstance(spec, str) else "", seed
        self._watcher = Watcher(limit)

    def try_case(self, case: str) -> Result:
        """What became of a case."""
        return self._watcher.try_case(self.subject.cases[case], self.backend, self._seed, self._spec)

    def close(self) -> None:
        """Let the thread of the cases end."""
        self._watcher.close()
