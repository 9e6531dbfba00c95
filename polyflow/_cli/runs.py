"""One run of a user's script on one backend, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..backend.selection import VARIABLE as BACKEND
from ..errors import PolyflowError
from ..testing import VARIABLE as RECORD
from .recording import Recording, read

SEED = "POLYFLOW_SEED"

TAIL = 20  # lines of a failed script's output to show


class RunError(PolyflowError):
    """A script that could not be run to its end, or did not run on the backend it was meant for."""


@dataclass(frozen=True)
class Run:
    """What came of one run."""

    label: str
    recording: Recording
    seconds: float


def run_script(
    script: Path, words: Sequence[str], spec: str, label: str, record: Path, timeout: float | None = None
) -> Run:
    """Run ``script`` with ``spec`` selected and read what it recorded.

    Args:
        script: the Python file.
        words: its arguments.
        spec: the backend, as ``POLYFLOW_BACKEND`` takes it.
        label: what to call the run in messages.
        record: the file that the run is to write.
        timeout: seconds, or None for no limit.

    Raises:
        RunError: the script failed, took too long, recorded in several processes, or used another backend.
    """
    environment = {SEED: "0", **os.environ, BACKEND: spec, RECORD: str(record)}
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, str(script), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"{script.name} on {label} did not end within {timeout:g} seconds.") from None
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.rstrip().splitlines()[-TAIL:])
        end = f"ended with exit code {done.returncode}" if done.returncode > 0 else f"died of signal {-done.returncode}"
        raise RunError(f"{script.name} on {label} {end}. Its last lines:\n{tail or '    (no output)'}")
    if list(record.parent.glob(f"{record.name}.*")):
        raise RunError(
            f"{script.name} on {label} recorded values in more than one process, so their order is not known. "
            "Record in one."
        )
    recording = read(record) if record.exists() else Recording(frozenset(), {"record": {}, "observe": {}})
    name = spec.partition(":")[0]
    if recording.backends and name not in recording.backends:
        raise RunError(
            f"{script.name} was to run on {label} but recorded on {', '.join(sorted(recording.backends))}: it selects "
            "a backend itself. Leave the choice to POLYFLOW_BACKEND, which `polyflow compare` sets."
        )
    return Run(label, recording, seconds)
