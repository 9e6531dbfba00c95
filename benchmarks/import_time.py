"""What `import polyflow` takes beside `import numpy`, each in a process of its own.

    python benchmarks/import_time.py [--rounds 21] [--python PYTHON] [--json FILE]

The processes alternate, so that a slow phase of the machine meets both, and medians are shown. Bytecode has to be
compiled: a first, unmeasured round sees to it where the files can be written; a source tree under
``PYTHONDONTWRITEBYTECODE`` is compiled anew by every process, which the script therefore takes out of the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

CONTESTANTS = {"nothing": "pass", "numpy": "import numpy", "polyflow": "import polyflow"}


def seconds(python: str, program: str, environment: dict[str, str]) -> float:
    """How long a process takes that runs ``program``."""
    start = time.perf_counter()
    subprocess.run([python, "-c", program], env=environment, cwd=os.path.expanduser("~"), check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--python", default=sys.executable, help="the interpreter in whose environment polyflow is")
    parser.add_argument("--json", metavar="FILE", help="also write the figures, in milliseconds, to FILE")
    given = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for program in CONTESTANTS.values():
        seconds(given.python, program, environment)
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(given.rounds):
        for name, program in CONTESTANTS.items():
            times[name].append(1000 * seconds(given.python, program, environment))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{CONTESTANTS[name]:20s}{median:8.1f} ms   (fastest {min(times[name]):.1f})")
    print(f"{'polyflow / numpy':20s}{medians['polyflow'] / medians['numpy']:8.2f}")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(medians, file, indent=2)


if __name__ == "__main__":
    main()
