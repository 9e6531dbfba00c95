"""Trying one case on one backend, whatever the backend does: the outcome is always a result."""

from __future__ import annotations

import contextlib
import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from polyflow.backend import selection
from polyflow.backend.contract import told
from polyflow.backend.deviation import Deviation
from polyflow.errors import BackendBrokenError, UnsupportedError

from .case import Case, Mismatch, Skip, Trial
from .debugging import Printed, leaves
from .report import Result

SIGNALS = tuple(sorted(signal.valid_signals() - {signal.SIGINT}))
"""The signals whose handlers are looked at besides that of Ctrl-C."""

WIDEST = 100
"""How many times the largest distance of its cases a declared tolerance may be: other devices and releases differ."""


def try_case(case: Case, backend: Any, seed: int = 0, spec: str = "") -> Result:
    """Run one case and say what became of it; nothing that the backend raises or prints gets out.

    What a debugger writes does, and what it raises where it is left.
    """
    trial = Trial(backend, case, seed)
    lack = declared_lack(case, backend)
    printed = Printed(sys.stdout)
    start, before = time.perf_counter(), settings()
    streams = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)
    with streams[0], streams[1], warnings.catch_warnings(), _unlogged():
        warnings.simplefilter("ignore")  # a case of its own is about warnings
        status, reason = _outcome(case, trial, backend, lack)
    seconds = time.perf_counter() - start
    if printed.getvalue() and status in ("pass", "unsupported"):
        status, reason = "fail", f"the backend printed {printed.getvalue()[:200]!r}; a library leaves the streams alone"
    if printed.closings and status in ("pass", "unsupported"):
        status, reason = "fail", "the backend closed sys.stdout or sys.stderr; a library leaves the streams alone"
    changed = [name for name, value in settings().items() if value != before[name]]
    if changed:
        _put_back(before)
        if status in ("pass", "unsupported"):
            status, reason = (
                "fail",
                f"{changed[0]} is not what it was before; settings of the process are the user's own",
            )
    result = Result(case.id, status, trial.ulp, trial.tolerance, round(seconds, 6), reason)
    return concluded(result, backend, seed, spec)


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """A block in which polyflow logs nothing: what it says of the suite's functions is not of the backend's making."""
    logger = logging.getLogger("polyflow")

    def none(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(none)
    try:
        yield
    finally:
        logger.removeFilter(none)


def concluded(result: Result, backend: Any, seed: int, spec: str) -> Result:
    """A result in the light of what was declared about its case; a failure with the line that tries it again.

    Of the backend, ``name`` and ``deviations`` are looked at: what is known of one will do.
    """
    result = deviated(result, deviation_for(result.id, backend))
    if result.failed:
        named = spec or getattr(backend, "name", "?")
        seeded = f", seed={seed}" if seed else ""
        result.reproducer = f"import polyflow_conformance as c; c.reproduce({named!r}, {result.id!r}{seeded})"
    return result


def settings() -> dict[str, Any]:
    """What belongs to the user of the process and may not change because something is computed."""
    return {
        "np.geterr()": np.geterr(),
        "np.get_printoptions()": np.get_printoptions(),
        "the state of random": hash(random.getstate()),
        "the state of np.random": _drawn(),
        "os.environ": dict(os.environ),
        "the working directory": _folder(),
        "what Ctrl-C does": signal.getsignal(signal.SIGINT),
        "what a signal does": [signal.getsignal(one) for one in SIGNALS],
        "the recursion limit": sys.getrecursionlimit(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "gc.isenabled()": gc.isenabled(),
    }


def _drawn() -> tuple[bytes, object]:
    """The state of NumPy's random numbers: where they stand, and among which."""
    _, words, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return np.asarray(words).tobytes(), rest


def _put_back(before: dict[str, Any]) -> None:
    """Settings that what is tried next would suffer from."""
    np.seterr(**before["np.geterr()"])
    with contextlib.suppress(OSError):
        os.chdir(before["the working directory"])
    if before["what Ctrl-C does"] is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, before["what Ctrl-C does"])
    sys.setrecursionlimit(before["the recursion limit"])
    locale.setlocale(locale.LC_ALL, before["the locale"])
    (gc.enable if before["gc.isenabled()"] else gc.disable)()


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # somebody has removed it
        return ""


def _outcome(case: Case, trial: Trial, backend: Any, lack: str) -> tuple[str, str]:
    try:
        with selection.use_backend(backend):
            case.check(trial)
            backend.synchronize()
    except UnsupportedError as error:
        if lack or _names_a_lack(str(error), backend):
            return "unsupported", str(error)
        return "fail", f"raises UnsupportedError, but the backend declares no such thing: {error}"
    except Skip as reason:
        return "skip", str(reason)
    except Mismatch as wrong:
        if lack:
            return "fail", f"{lack}, but asking for it does not raise UnsupportedError: {wrong}"
        if wrong.ulp is not None:
            trial.ulp, trial.tolerance = wrong.ulp, wrong.tolerance
        return "fail", str(wrong)
    except BackendBrokenError as wrong:  # it gives back something that is no array
        return "fail", str(wrong)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if leaves(error):
            raise
        return "error", sentence(error)
    if lack and not case.mistake:
        return "fail", f"{lack}, but asking for it gives an answer instead of UnsupportedError"
    return "pass", ""


def declared_lack(case: Case, backend: Any) -> str:
    """What the backend declares to lack of that which a case needs, as half a sentence; or nothing."""
    if case.op in backend.unsupported:
        return f"the backend declares {case.op!r} unsupported"
    missing = [dtype.name for dtype in case.dtypes if dtype not in backend.capabilities.dtypes]
    return f"the backend declares no dtype {missing[0]}" if missing else ""


def _names_a_lack(text: str, backend: Any) -> bool:
    from polyflow import dtypes as dt

    lacks = [repr(name) for name in backend.unsupported]
    lacks += [f"dtype {dtype.name}" for dtype in dt.ALL if dtype not in backend.capabilities.dtypes]
    return any(lack in text for lack in lacks)


def sentence(error: BaseException) -> str:
    """An exception in one line, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rsplit('/', 1)[-1]}, line {frames[-1].lineno})" if frames else ""
    return f"{told(error)[:600]}{place}"


# Deviations ----------------------------------------------------------------------------------------------------------


def deviation_for(case_id: str, backend: Any) -> Deviation | None:
    """The deviation that a backend declares for a case."""
    for pattern, deviation in getattr(backend, "deviations", {}).items():
        if fnmatchcase(case_id, pattern):
            return deviation
    return None


def deviated(result: Result, deviation: Deviation | None) -> Result:
    """A result in the light of what was declared about its case."""
    if deviation is None or result.status in ("unsupported", "skip"):
        return result
    more = ", ".join(filter(None, [deviation.url, deviation.until and f"until {deviation.until}"]))
    declared = f"declared: {deviation.reason}" + (f" ({more})" if more else "")
    if deviation.kind == "fails":
        if result.status == "pass":
            result.status, result.reason = "xpass", f"passes, though it is {declared}. Take the declaration back."
        else:
            result.status, result.reason = "xfail", f"{declared} [{result.reason}]"
    elif result.status == "fail" and result.ulp is not None and result.ulp <= (deviation.bound or 0.0):
        result.status, result.reason = "xfail", f"{declared} (within {deviation.bound:g})"
    elif result.status == "fail":
        result.reason = f"{result.reason}; not within {deviation.bound:g} either, as {declared}"
    return result


def undeclared(subject: Any, results: dict[str, Result]) -> list[Result]:
    """Results about the declarations themselves: patterns without a case, tolerances wider than anybody needs."""
    found = []
    for pattern, deviation in subject.deviations.items():
        name = f"device-1/deviations/{pattern}"
        matched = [case for case in subject.cases if fnmatchcase(case, pattern)]
        if not matched:
            found.append(
                Result(name, "error", reason=f"the declared deviation {pattern!r} matches no case of the suite")
            )
        tried = [results[case] for case in matched if case in results]
        whole = matched and len(tried) == len(matched)
        if deviation.kind == "tolerance" and whole and all(result.status == "pass" for result in tried):
            found.append(Result(name, "xpass", reason=f"no case needs the wider tolerance of {pattern!r}"))
        worst = max((result.ulp for result in tried if result.status == "xfail" and result.ulp), default=0.0)
        if deviation.bound is not None and whole and 0 < worst * WIDEST < deviation.bound:
            reason = f"{deviation.bound:g} is more than {WIDEST} times the largest distance, {worst:g}: declare less"
            found.append(Result(name, "fail", reason=reason))
    return found
