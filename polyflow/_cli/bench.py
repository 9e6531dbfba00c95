"""``polyflow bench``: polyflow's speed and memory beside its peers'.

The suite belongs to the sources, as the tests do: it needs other libraries to compare with, and speaks of one state of
the code. So it is found beside the package that runs from its sources, and an installed wheel says where to get it.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from ..errors import PolyflowError

ROOT = Path(__file__).parents[2]
WHERE = """\
The benchmarks come with polyflow's sources and are not part of the installed package. In a checkout, or in what
`pip download --no-deps --no-binary polyflow-core polyflow-core` brings, unpacked, `pip install -e '.[bench]'` and
`polyflow bench` run them."""


class NoSuiteError(PolyflowError):
    """The benchmarks are not here."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    suite = _suite()
    if suite is None:
        parser.usage = f"polyflow bench [options]\n\n{WHERE}"
    else:
        suite.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and tell."""
    suite = _suite()
    if suite is None:
        raise NoSuiteError(WHERE)
    return suite.run(arguments)


def _suite() -> Any:
    """The suite's command, where the package runs from its sources."""
    return importlib.import_module("benchmarks.command") if (ROOT / "benchmarks/command.py").is_file() else None
