"""``polyflow graph``: run a script and show the graphs that it compiled."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PolyflowError
from .output import check_file

if TYPE_CHECKING:
    from ..flow.compiled import Seen

EPILOG = """\
Every function under pf.function and every step of a model's fit, evaluate and predict is a graph, once for each
signature of its arguments. Without an option their texts are printed, which polyflow.flow.graph.Graph.parse reads.
POLYFLOW_BACKEND chooses the backend. What the script prints goes to standard error.
Words after -- are the script's own arguments:  polyflow graph train.py --step --draw step.html -- --epochs 1

Exit code: 0 graphs were shown; 1 the script compiled none (of the kind asked for); 2 it failed.
"""


class GraphError(PolyflowError):
    """The script could not be run, or its graphs not shown."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.usage = "polyflow graph SCRIPT [--step] [--text | --draw FILE | --summary] [--json] [-- arguments]"
    parser.add_argument("script", metavar="SCRIPT", help="a Python file")
    parser.add_argument("--step", action="store_true", help="only training steps: graphs that update something")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--text", action="store_true", help="print texts, with layers and lines (the default)")
    what.add_argument("--draw", metavar="FILE", help="draw into FILE.svg, .html or .mmd; several graphs are numbered")
    what.add_argument("--summary", action="store_true", help="print what each computes and takes")
    parser.add_argument("--json", action="store_true", help="print JSON on standard output: texts and summaries")


def run(arguments: argparse.Namespace) -> int:
    """Run the script and show its graphs."""
    script = Path(arguments.script)
    if not script.is_file():
        raise GraphError(f"There is no file {str(script)!r} to run.")
    if arguments.draw is not None:
        from ..errors import unknown_name
        from ..flow.drawing import FORMATS

        ending = Path(arguments.draw).suffix.lower()
        if ending not in FORMATS:
            raise unknown_name("kind of drawing", ending or arguments.draw, FORMATS)
        check_file("--draw", arguments.draw)
    from ..printing import print_drawn

    found = _graphs(script, arguments.rest)
    if arguments.step:
        found = [one for one in found if any(node.phase == "update" for node in one.graph.nodes)]
    if not found:
        what = "no training step" if arguments.step else "no function or model"
        print(f"polyflow graph: {script.name} compiled {what}.", file=sys.stderr)
        return 1
    drawn = _drawn(found, arguments.draw) if arguments.draw is not None else []
    if arguments.json:
        print(json.dumps([_data(one, name) for one, name in _with_names(found, drawn)], indent=2))
        return 0
    for one, name in _with_names(found, drawn):
        print(f"# {one.name} on {one.backend}" + (f": {name}" if name else ""))
        if not name:
            print_drawn(f"{one.graph.summary([one.backend]) if arguments.summary else one.graph.text(notes=True)}\n")
    return 0


def _graphs(script: Path, words: list[str]) -> list[Seen]:
    """Run the script as Python would, and return what was compiled meanwhile."""
    from ..flow.compiled import watching

    before = sys.argv[:], sys.path[:]
    sys.argv[:] = [str(script), *words]
    sys.path.insert(0, str(script.resolve().parent))
    with watching() as found:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            if end.code not in (None, 0):
                raise GraphError(f"{script.name} ended with exit code {end.code}.") from None
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            raise GraphError(f"{script.name} failed: {type(error).__name__}: {error}") from None
        finally:
            sys.argv[:], sys.path[:] = before
    return found


def _drawn(found: list[Seen], file: str) -> list[str]:
    """Draw each graph; the names of the files."""
    stem, ending = os.path.splitext(file)
    names = [file] if len(found) == 1 else [f"{stem}-{number}{ending}" for number in range(1, len(found) + 1)]
    return [one.graph.draw(name, title=one.name) for one, name in zip(found, names, strict=True)]


def _with_names(found: list[Seen], drawn: list[str]) -> list[tuple[Seen, str]]:
    return list(zip(found, drawn or [""] * len(found), strict=True))


def _data(one: Seen, drawn: str) -> dict[str, Any]:
    answer = {"name": one.name, "backend": one.backend, "text": str(one.graph)}
    return {**answer, "summary": one.graph.summary([one.backend]).data(), **({"file": drawn} if drawn else {})}
