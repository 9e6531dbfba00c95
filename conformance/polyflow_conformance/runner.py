"""Running the suite: which cases, in which order, here or in processes of their own."""

from __future__ import annotations

import datetime
import platform
import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from polyflow.backend import discovery
from polyflow.errors import nearest, unknown_sentence

from .case import Case, Trial
from .isolation import Apart, try_side_by_side
from .loading import LoadError
from .report import LOADS, Report, Result, sizes
from .subject import About, Here, Place
from .trying import try_case, undeclared
from .watching import TIME_LIMIT

LISTED = "`polyflow conformance numpy --list` lists the ids of all cases: group/op/…"
"""Where to look for what is asked for."""

Progress = Callable[[Result, int, int], None]
"""Called after each case with its result, how many are done and how many there are."""


def run(
    backend: Any,
    groups: Iterable[str] | str | None = None,
    ops: Iterable[str] | str | None = None,
    cases: Iterable[str] | str | None = None,
    seed: int = 0,
    quick: bool = False,
    progress: Progress | None = None,
    fail_fast: bool = False,
    time_limit: float = TIME_LIMIT,
    isolate: bool = False,
    processes: int = 1,
) -> Report:
    """Try a backend.

    Args:
        backend: a backend, or what names one: ``"jax"``, ``"module:attribute"``, ``"file.py:attribute"``.
        groups: only these groups. ops: only these ops. cases: only the cases with these ids (``*`` and ``?`` match).
        seed: another seed gives other samples.
        quick: a fifth of the cases: every op, in its main dtypes.
        progress: called after each case.
        fail_fast: stop at the first failure.
        time_limit: seconds after which a case counts as hanging.
        isolate: load the backend and run its cases in another process, so that a crash is a result too.
        processes: how many such processes (more than one implies ``isolate``).

    Returns:
        the report. A backend that cannot be made is one with a single result.

    Raises:
        ValueError: for a group, op or case that does not exist, or where none is left; for a time limit or a number of
            processes that is none.
    """
    if not time_limit > 0:
        raise ValueError(f"{time_limit!r} is no time limit: a number of seconds above 0")
    if processes < 1:
        raise ValueError(f"{processes!r} is no number of processes: 1 or more")
    start = time.perf_counter()
    report = header(str(backend) if isinstance(backend, str) else getattr(backend, "name", "?"), seed, quick)
    apart = isolate or processes > 1
    if apart and not isinstance(backend, str):
        raise ValueError(
            "cases can run in processes of their own where the backend is given by name, not as an object."
        )
    if apart and discovery.registered(backend):
        raise ValueError(f"{backend!r} was registered in this process, and others do not know it: leave isolate out.")
    try:
        first = Apart(backend, seed, time_limit) if apart else Here(backend, seed, time_limit)
    except LoadError as error:
        report.results = [Result(LOADS, "error", reason=str(error))]
        report.time = time.perf_counter() - start
        return report
    subject = first.subject
    places: list[Place] = [first, *(Apart(backend, seed, time_limit, subject) for _ in range(processes - 1))]
    tried: list[Result] = []

    def note(result: Result) -> bool:
        tried.append(result)
        if progress is not None:
            progress(result, len(tried), len(chosen))
        return fail_fast and result.failed

    try:
        chosen = select(subject.cases, groups, ops, cases, quick)
        if len(places) > 1:
            try_side_by_side(places, chosen, note)
        else:
            any(note(first.try_case(case.id)) for case in chosen)
    finally:
        for place in places:
            place.close()
    describe(report, subject)
    report.tells((result.id for result in tried), sizes(subject.cases))
    order = {case.id: i for i, case in enumerate(chosen)}
    tried.sort(key=lambda result: order[result.id])
    about = undeclared(subject, {result.id: result for result in tried})
    report.results = [*tried, *about]
    report.time = round(time.perf_counter() - start, 3)
    return report


def reproduce(backend: Any, case: str, seed: int = 0) -> Result:
    """Try one case without a net: what the backend raises comes out, so that a debugger can look at it."""
    place = Here(backend, seed)
    found = place.subject.cases.get(case)
    if found is None:
        raise ValueError(_no_case(case, place.subject.cases))
    from polyflow.backend import selection

    with selection.use_backend(place.backend):
        found.check(Trial(place.backend, found, seed))
        place.backend.synchronize()
    return try_case(found, place.backend, seed)


def select(
    table: dict[str, Case],
    groups: Iterable[str] | str | None = None,
    ops: Iterable[str] | str | None = None,
    cases: Iterable[str] | str | None = None,
    quick: bool = False,
) -> list[Case]:
    """The cases of a table that are asked for; raises ValueError where a name stands for none, or no case is left."""
    chosen = list(table.values())
    for kind, wanted, all_of_them in (("group", groups, ""), ("op", ops, LISTED)):
        names = [wanted] if isinstance(wanted, str) else list(wanted or ())
        known = {getattr(case, kind) for case in table.values()}
        for name in names:
            if name not in known:
                raise ValueError(unknown_sentence(kind, name, known, all_of_them))
        if names:
            chosen = [case for case in chosen if getattr(case, kind) in names]
    patterns = [cases] if isinstance(cases, str) else list(cases or ())
    for pattern in patterns:
        if not any(fnmatchcase(case, pattern) for case in table):
            raise ValueError(_no_case(pattern, table))
    if patterns:
        chosen = [case for case in chosen if any(fnmatchcase(case.id, pattern) for pattern in patterns)]
    elif quick:
        chosen = [case for case in chosen if case.quick]
    if not chosen:
        raise ValueError(f"no case is left of {_asked(groups, ops, cases, quick)}: each has some, but none has all.")
    return chosen


def _no_case(pattern: str, table: Iterable[str]) -> str:
    """A sentence about an id, or a pattern of ids, that no case has."""
    near = nearest(pattern, table)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"no case has an id like {pattern!r}.{hint} {LISTED}"


def _asked(groups: Any, ops: Any, cases: Any, quick: bool) -> str:
    """What was asked for, for a sentence: ``group core-1 and op sgd``."""
    parts = []
    for kind, wanted in (("group", groups), ("op", ops), ("case", cases)):
        names = [wanted] if isinstance(wanted, str) else list(wanted or ())
        parts += [f"{kind} {' or '.join(names)}"] if names else []
    return " and ".join([*parts, *(["the quick cases"] if quick and not cases else [])])


def header(name: str, seed: int, quick: bool) -> Report:
    """An empty report that says what tests."""
    from polyflow.backend import PROTOCOL
    from polyflow.cli import version

    from . import SUITE

    return Report(
        backend=name,
        suite=SUITE,
        protocol=PROTOCOL,
        polyflow=version(),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        date=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seed=seed,
        quick=quick,
        complete=False,
    )


def describe(report: Report, about: About) -> None:
    """Say in a report which backend it is about."""
    report.backend, report.device = about.name, about.device
    report.distribution, report.version = about.distribution, about.version
