"""Cases in a process of their own: a backend that crashes or hangs ends one case, not the run.

The process above, which gives out the cases, never loads the backend. What it knows of it the process below tells.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from bdb import BdbQuit
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from typing import Any

from polyflow.backend import discovery

from .case import Case
from .loading import LoadError, load
from .report import Result
from .subject import Here, Place, Subject
from .trying import concluded, try_case
from .watching import TIME_LIMIT, hanging

START_LIMIT = 300.0
"""How many seconds a process may take to import polyflow."""

LOAD_LIMIT = 30.0
"""How many seconds loading a backend may take at least, however short the limit of cases."""

GRACE = 10.0
"""How many seconds after its limit a process ends itself that nobody has ended."""

LAST_WORDS = 300
"""How many characters of what a process wrote to standard error before its end are told."""

MOST_WORDS = 1 << 16
"""How many bytes of it are looked at."""

REFUSALS = 3
"""After how many times in a row that a backend cannot be loaded again it is not tried any more."""

NO_TERMINAL = "a debugger was called where it has no terminal; with --no-isolate, and under pytest with "
NO_TERMINAL += "--polyflow-no-isolate, cases are tried where there is one"
"""Why there is no result of a case that stops in a debugger."""

MEMORY = 4 << 30
"""A process that has come to hold so many bytes more than after loading is replaced, for nothing lets go of a leak."""

PROMPT = 1.0
"""How many seconds are waited for answers of a process that has ended."""

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from polyflow_conformance.isolation import serve; serve()"
)


class Apart:
    """In another process; where a case ends that, the next case gets a new one.

    Args:
        spec: what names the backend.
        seed: for the samples.
        limit: how many seconds a case may take.
        subject: what is known of the backend, where another place has already asked.

    Raises:
        LoadError: there is no such backend, or loading it ends the process, or does not come to an end.
    """

    def __init__(self, spec: str, seed: int = 0, limit: float = TIME_LIMIT, subject: Subject | None = None) -> None:
        self._spec, self._seed, self.limit = spec, seed, limit
        self._child: _Child | None = None
        self._refusals, self._refused = 0, None
        self.subject = subject or self._ready().subject

    def _ready(self) -> _Child:
        if self._child is None:
            self._child = _Child(self._spec, self._seed, max(self.limit, LOAD_LIMIT))
        return self._child

    def try_case(self, case: str) -> Result:
        """What became of a case."""
        if self._refused is not None:
            return self._concluded(Result(case, "error", reason=str(self._refused)))
        try:
            child = self._ready()
        except LoadError as error:  # it could be loaded before
            self._refusals += 1
            self._refused = error if self._refusals >= REFUSALS else None
            return self._concluded(Result(case, "error", reason=str(error)))
        self._refusals = 0
        try:
            result = Result(**child.ask(case, self.limit))
            if child.memory() - child.loaded > MEMORY:
                self.close()
            return result
        except TimeoutError:
            result = hanging(case, self.limit)
        except EOFError as end:
            result = Result(case, "error", reason=str(end))
        self.close()
        return self._concluded(result)

    def _concluded(self, result: Result) -> Result:
        return concluded(result, self.subject, self._seed, self._spec)

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


def place_for(spec: Any, seed: int = 0, limit: float = TIME_LIMIT, *, isolate: bool = True) -> Place:
    """The place in which to try a backend: another process where that finds it too, else this one.

    Raises:
        LoadError: there is no such backend.
    """
    isolate = isolate and isinstance(spec, str) and not discovery.registered(spec)
    return (Apart if isolate else Here)(spec, seed, limit)


def try_side_by_side(places: list[Place], chosen: list[Case], note: Callable[[Result], bool]) -> None:
    """Try cases in several places at once, op by op, so that what was compiled for one case serves the next.

    Args:
        places: where.
        chosen: the cases.
        note: takes each result, in this thread, and says whether to stop.
    """
    batches = deque([case.id for case in group] for _, group in groupby(chosen, key=lambda case: (case.group, case.op)))
    results: queue.SimpleQueue[Result | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work(place: Place) -> None:
        try:
            while not stop.is_set():
                try:
                    batch = batches.popleft()
                except IndexError:
                    break
                for case in batch:
                    if stop.is_set():
                        break
                    results.put(place.try_case(case))
        except BaseException as error:
            results.put(error)
        finally:
            place.close()
            results.put(None)

    threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in places]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            result = results.get()
            if result is None:
                running -= 1
            elif isinstance(result, BaseException):
                raise result
            elif not stop.is_set() and note(result):
                stop.set()
    finally:
        stop.set()


class _Child:
    """A process that has loaded a backend and runs the cases whose ids it is sent.

    Attributes:
        loaded: how many bytes of memory it took then.

    Raises:
        LoadError: it could not load it.
    """

    def __init__(self, spec: str, seed: int, limit: float) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - what it writes to standard error; closed in `end`
        self._said = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(sys.path), spec, str(seed), str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            process_group=0,  # what it starts ends with it
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        try:
            self.subject = self._loaded(spec, limit)
        except BaseException:
            self.end()
            raise
        self.loaded = self.memory()

    def memory(self) -> int:
        """How many bytes of memory it takes; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self._process.pid}/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def _loaded(self, spec: str, limit: float) -> Subject:
        try:
            self._answer(START_LIMIT)
            answer = self._answer(limit)
        except (TimeoutError, EOFError) as why:
            raise LoadError(f"{spec} cannot be loaded: {why}.") from None
        if "refused" in answer:
            raise LoadError(answer["refused"])
        return Subject.from_json(answer)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._lines.put(line)
        self._lines.put("")

    def _watch(self) -> None:
        """When it has ended, end what it started, which may hold the other end open; then no more answers come."""
        self._process.wait()
        with contextlib.suppress(OSError):  # there is nothing left, as a rule
            end_group(self._process.pid)
        self._reader.join(PROMPT)
        self._lines.put("")

    def ask(self, case: str, limit: float) -> dict[str, Any]:
        """The result of a case, as a dictionary.

        Raises:
            TimeoutError: there is none within ``limit`` seconds.
            EOFError: the process ended, and how.
        """
        assert self._process.stdin is not None
        self._said = os.fstat(self._words.fileno()).st_size
        with contextlib.suppress(OSError):  # the process has ended; that there is no answer says so
            self._process.stdin.write(case + "\n")
            self._process.stdin.flush()
        return self._answer(limit)

    def _answer(self, limit: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            raise TimeoutError(f"it did not finish within {limit:g} seconds") from None
        if not line.endswith("\n"):  # nothing, or the beginning of an answer
            raise EOFError(self._ended())
        return json.loads(line)

    def _ended(self) -> str:
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return "the process stopped answering"
        self._words.seek(max(self._said, os.fstat(self._words.fileno()).st_size - MOST_WORDS))
        words = " ".join(self._words.read().decode(errors="replace").split())[-LAST_WORDS:]
        last = f" (its last words: {words})" if words else ""
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"the process was ended by {name}{last}"
        return f"the process ended itself with exit code {code}{last}"

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._watcher.join(2 * PROMPT)
        self._words.close()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what was still to be written has nowhere to go
            self._process.stdin.close()


def end_group(leader: int) -> None:
    """End a process and those that it started, as far as the system keeps them together."""
    if hasattr(os, "killpg"):
        os.killpg(leader, signal.SIGKILL)
    elif leader == os.getpid():
        os._exit(0)


def serve() -> None:
    """Load a backend and try the cases whose ids arrive.

    These and the answers travel where nothing that the backend reads or prints can meet them.
    """
    spec, seed, limit = sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) + GRACE
    del sys.argv[1:]
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
    served = os.getpid()

    def listen() -> None:
        for line in orders:
            wanted.put(line.strip())
        end_group(os.getpid())  # whoever gave the orders is gone, and a case that hangs would stay

    print("{}", file=answers)
    threading.Thread(target=listen, daemon=True, name="polyflow-conformance").start()
    faulthandler.dump_traceback_later(limit, file=nothing, exit=True)  # where no other thread of Python's gets to run
    try:
        loaded = load(spec)
        subject = Subject.of(loaded)
    except LoadError as error:
        print(json.dumps({"refused": str(error)}), file=answers)
        return
    print(json.dumps(subject.to_json(), default=float), file=answers)
    while True:
        faulthandler.cancel_dump_traceback_later()
        case = subject.cases[wanted.get()]
        faulthandler.dump_traceback_later(limit, file=nothing, exit=True)
        try:
            result = try_case(case, loaded.backend, seed, spec)
        except BdbQuit:
            result = concluded(Result(case.id, "error", reason=NO_TERMINAL), loaded.backend, seed, spec)
        if os.getpid() != served:  # the backend has forked, and this is the other
            os._exit(0)
        print(json.dumps(asdict(result), default=float), file=answers)
