"""The machine, and what is installed on it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata

from .contestants import Contestant

PROBE = """
import json, sys
from importlib import metadata, util
distributions = metadata.packages_distributions()
def version(name):
    try:
        return metadata.version(distributions.get(name, [name])[0])
    except metadata.PackageNotFoundError:
        return "?"
print(json.dumps({name: version(name) if util.find_spec(name) else None for name in sys.argv[1:]}))
"""


def installed(contestants: Iterable[Contestant], pythons: dict[str, str]) -> dict[str, dict[str, str | None]]:
    """The versions of what each contestant needs, by its name; None for what its interpreter cannot import."""
    wanted: dict[str, set[str]] = {}
    for one in contestants:
        wanted.setdefault(pythons.get(one.name, sys.executable), set()).update(one.needs)
    found = {}
    for python, names in wanted.items():
        command = [python, "-c", PROBE, *sorted(names)]
        try:
            found[python] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise SystemExit(f"{python} is no Python interpreter that works ({error}).") from None
    return {c.name: {name: found[pythons.get(c.name, sys.executable)][name] for name in c.needs} for c in contestants}


def missing(versions: dict[str, dict[str, str | None]]) -> dict[str, list[str]]:
    """What contestants lack, by their names; who lacks nothing is not listed."""
    lacking = {
        name: [library for library, version in found.items() if version is None] for name, found in versions.items()
    }
    return {name: libraries for name, libraries in lacking.items() if libraries}


def described() -> dict[str, str]:
    """What a reader of figures wants to know of the machine."""
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "NumPy": metadata.version("numpy"),
        "load before": load(),
    }


def processor() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def load() -> str:
    """How busy the machine was in the last minute, where the system says."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
