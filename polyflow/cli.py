"""The command ``polyflow``: finds the subcommand and lets its file do the rest."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = {  # name: (module, what --help says of it)
    "backends": ("polyflow._cli.backends", "list the installed backends, what works and what is selected"),
    "bench": ("polyflow._cli.bench", "measure speed and memory beside Keras, PyTorch, JAX, NumPy and others"),
    "compare": ("polyflow._cli.compare", "run a script on several backends and compare what it computed"),
    "conformance": ("polyflow._cli.conformance", "run the conformance suite on a backend"),
    "conformance-report": ("polyflow._cli.conformance_report", "make one page of the suite's reports"),
    "demo": ("polyflow._cli.demo", "train a classifier of handwritten digits on any backend, or on all"),
    "graph": ("polyflow._cli.graph", "run a script and show the graphs that it compiled: text, drawing or summary"),
    "new-backend": ("polyflow._cli.new_backend", "write the distribution of a backend of your own"),
}
"""A module has ``configure(parser)`` and ``run(arguments) -> exit code``; it is imported when it is called."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after ``polyflow``; those of this process by default. What follows ``--`` reaches the
            subcommand as ``arguments.rest``.

    Returns:
        The exit code: 0 for success, 1 where the subcommand has a "no" to say, 2 where it could not do its work.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    words = list(sys.argv[1:] if argv is None else argv)
    rest: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, rest = words[:cut], words[cut + 1 :]
    parser, called = _parsers(words)
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        called.error(f"unrecognized arguments: {' '.join(unknown)}")
    if arguments.command is None:
        parser.print_help()
        return 0
    arguments.rest = rest
    from .errors import PolyflowError

    try:
        code = importlib.import_module(COMMANDS[arguments.command][0]).run(arguments)
        sys.stdout.flush()
        return code
    except PolyflowError as error:
        print(f"polyflow {arguments.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _forget_output()
        return 1
    except OSError as error:
        if error.filename is None:  # what is left to print would raise once more
            _forget_output()
        place = "standard output" if error.filename is None else repr(error.filename)
        print(f"polyflow {arguments.command}: {place}: {error.strerror or error}.", file=sys.stderr)
        return 2


def _forget_output() -> None:
    """Let nobody read what is still to be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parsers(words: Sequence[str]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The whole parser, and that of the command which is called."""
    parser = argparse.ArgumentParser(
        prog="polyflow",
        description="One array and training program, unchanged, on any array library.",
        epilog="`polyflow COMMAND --help` says more about a command.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show polyflow's version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser, title="commands")
    wanted = next((word for word in words if not word.startswith("-")), None)
    called = parser
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=_sentence(summary), formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == wanted:
            importlib.import_module(module).configure(command)
            called = command
    if wanted is not None and wanted not in COMMANDS:
        from .errors import unknown_sentence

        parser.error(unknown_sentence("command", wanted, COMMANDS))
    return parser, called


class _Parser(argparse.ArgumentParser):
    """A subcommand's parser: a mistake is answered with the sentence and the usage, not with the usage first."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {message}\n{self.format_usage()}")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:
        print(f"polyflow {version()}")
        parser.exit(0)


def version() -> str:
    """The installed version, or a word that says it was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    try:
        return installed_version("polyflow-core")
    except PackageNotFoundError:
        return "(from source, not installed)"


def _sentence(summary: str) -> str:
    return f"{summary[:1].upper()}{summary[1:]}."


if __name__ == "__main__":
    sys.exit(main())
