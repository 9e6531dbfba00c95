"""Cases in processes of their own: a backend that crashes or hangs ends one case, not the run."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from typing import Any

from .case import Case
from .report import Result
from .trying import concluded
from .watching import hanging

START_LIMIT = 300.0
"""How many seconds a process may take to import the library and say that it is ready."""


def run_isolated(
    chosen: list[Case],
    backend: Any,
    spec: str,
    seed: int,
    limit: float,
    processes: int,
    note: Callable[[Result], bool],
) -> None:
    """Run cases in other processes, op by op, so that what was compiled for one case serves the next."""
    batches = deque([case.id for case in group] for _, group in groupby(chosen, key=lambda case: (case.group, case.op)))
    results: queue.SimpleQueue[Result | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        child: _Child | None = None
        try:
            while not stop.is_set():
                try:
                    batch = batches.popleft()
                except IndexError:
                    break
                for case in batch:
                    if stop.is_set():
                        break
                    child = child or _Child(spec, seed)
                    result, alive = child.run(case, limit)
                    results.put(result if alive else concluded(result, backend, seed, spec))
                    if not alive:
                        child.end()
                        child = None
        except BaseException as error:
            results.put(error)
        finally:
            if child is not None:
                child.end()
            results.put(None)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(processes)]
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
    """A process that runs the cases whose ids it is sent."""

    def __init__(self, spec: str, seed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "polyflow_conformance.isolation", spec, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready = False

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def run(self, case: str, limit: float) -> tuple[Result, bool]:
        """The result of a case, and whether the process lives on."""
        if not self._ready:
            answer = self._answer(START_LIMIT)
            if not answer:
                return Result(case, "error", reason=f"a process for the backend did not start: {self._ended()}"), False
            self._ready = True
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(case + "\n")
            self._process.stdin.flush()
        except OSError:
            return Result(case, "error", reason=self._ended()), False
        answer = self._answer(limit)
        if answer is None:
            return hanging(case, limit), False
        if not answer:
            return Result(case, "error", reason=self._ended()), False
        data = json.loads(answer)
        return Result(
            **{**data, **{key: None if data[key] is None else float(data[key]) for key in ("ulp", "tolerance")}}
        ), True

    def _answer(self, limit: float) -> str | None:
        try:
            return self._lines.get(timeout=limit)
        except queue.Empty:
            return None

    def _ended(self) -> str:
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return "the process stopped answering"
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"the process was ended by {name}"
        return f"the process ended itself with exit code {code}"

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written has nowhere to go
                    stream.close()


def serve(spec: str, seed: int) -> None:
    """Run the cases whose ids arrive on standard input; answers go out where nothing the backend prints can reach."""
    import os

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from .loading import load
    from .runner import cases_for
    from .trying import try_case

    loaded = load(spec)
    table = cases_for(loaded)
    print("ready", file=answers)
    for line in sys.stdin:
        result = try_case(table[line.strip()], loaded.backend, seed, spec)
        data = {key: str(value) if isinstance(value, float) else value for key, value in asdict(result).items()}
        data["time"] = result.time
        print(json.dumps(data), file=answers)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
