"""``python -m benchmarks``: polyflow beside its peers, in one run."""

from __future__ import annotations

import argparse
import sys

from polyflow.errors import PolyflowError

from . import command


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="polyflow beside its peers: training, predicting, gradients, memory, data, compiling.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.configure(parser)
    try:
        return command.run(parser.parse_args())
    except PolyflowError as error:
        parser.error(str(error))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
