"""Ask a backend how it is doing, in a process of its own: a library that crashes or hangs takes only that one along."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..backend.status import BackendStatus


def probe(states: list[BackendStatus], timeout: float) -> list[BackendStatus]:
    """Check backends, side by side.

    Args:
        states: what is known of them without a check; only those ``"installed"`` are asked.
        timeout: how many seconds each may take.

    Returns:
        The same list with what they answered.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(states))) as pool:
        return list(pool.map(lambda state: _ask(state, timeout) if state.state == "installed" else state, states))


def no_such_device(state: BackendStatus, spec: str) -> str:
    """A sentence where the device in ``spec`` is none of those that were found; nothing where nobody looked."""
    device = spec.partition(":")[2].lower()
    found = [name.lower() for name in state.devices]
    if not device or not found or device in found or f"{device}:0" in found:
        return ""
    return f" {state.name} has no device {device!r}; its devices: {', '.join(state.devices)}."


def _ask(known: BackendStatus, timeout: float) -> BackendStatus:
    from ..backend.status import BackendStatus

    command = [sys.executable, "-P", "-c", "from polyflow._cli.probe import answer; answer()", known.name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return replace(known, state="broken", reason=f"It did not answer within {timeout:g} seconds.")
    try:
        answered = json.loads(done.stdout)
    except ValueError:
        return replace(known, state="broken", reason=f"The process that loaded it {_end(done)}")
    return BackendStatus(**{**answered, "devices": tuple(answered["devices"])})


def _end(done: subprocess.CompletedProcess[str]) -> str:
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = str(-done.returncode)
        return f"was killed by signal {name}. {last}".strip()
    return f"ended with exit code {done.returncode}. {last}".strip()


def answer() -> None:
    """Print the status of the backend named on the command line; the other side of :func:`probe`."""
    # What the library prints goes to standard error: standard output carries nothing but the answer.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from ..backend.status import status

    out.write(json.dumps(asdict(status(sys.argv[1], check=True))))
    out.flush()
