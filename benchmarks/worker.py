"""A contestant's process: it imports one library, and does on demand what `measure` asks for.

``python -m benchmarks.worker MODULE`` reads pickled requests from standard input and answers on standard output:
a tuple of "ok" and a result, or of "failed" and a sentence. What libraries print goes to standard error.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import time
from typing import TYPE_CHECKING, Any

from .profiles import Share, profile

if TYPE_CHECKING:
    from .work import Work


class Process:
    """What can be asked of a process."""

    def __init__(self, module: str) -> None:
        self.peer: Any = importlib.import_module(f"benchmarks.peers.{module}")
        self.work: Work

    def prepare(self, function: str, problem: Any, options: dict[str, Any]) -> bool:
        """Make ready what `run` runs; False where the library has no answer to this."""
        make = getattr(self.peer, function, None)
        if make is not None:
            self.work = make(problem, **options)
        return make is not None

    def repeats(self, seconds: float) -> int:
        """How often to run, so that it takes so long; runs it, and so warms it up."""
        run, n = self.work.run, 1
        run()
        while True:
            start = time.perf_counter()
            for _ in range(n):
                run()
            spent = time.perf_counter() - start
            if spent > seconds / 4:
                return max(1, round(n * seconds / spent))
            n *= 2

    def run(self, times: int = 1) -> tuple[float, float]:
        """Seconds for each unit of the work, by the clock and of the processors."""
        run, count = self.work.run, times * self.work.count
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return wall / count, cpu / count

    def count(self) -> int:
        """The number of units of the work."""
        return self.work.count

    def loss(self) -> float | None:
        """The loss of what is trained, now."""
        return None if self.work.loss is None else self.work.loss()

    def peak(self, function: str, problem: Any, options: dict[str, Any]) -> int:
        """How many bytes of memory the work takes at most, above what libraries and data take.

        What a library loads and keeps when it is used for the first time is there already: a tiny work was done.
        """
        _ = problem.data
        self.prepare(function, problem.tiny, options)
        self.work.run()
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the high-water mark begins anew
        before = status("VmRSS")
        self.prepare(function, problem, options)
        self.work.run()
        return status("VmHWM") - before

    def profile(self, seconds: float) -> list[Share]:
        """In which functions the time of the work goes."""
        return profile(self.work.run, seconds)

    def growth(self, times: int) -> int:
        """By how many bytes memory grows while the work is done so many times, after it was done twice."""
        self.run(2)
        before = status("VmRSS")
        self.run(times)
        return status("VmRSS") - before


def status(name: str) -> int:
    """A line of Linux's account of this process, in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(name + ":"))


def main() -> None:
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    process: Process | None = None

    def answer(*words: Any) -> None:
        pickle.dump(words, answers, protocol=4)
        answers.flush()

    while True:
        try:
            name, *arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            if process is None:
                process = Process(sys.argv[1])
            answer("ok", getattr(process, name)(*arguments))
        except Exception as error:
            answer("failed", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
