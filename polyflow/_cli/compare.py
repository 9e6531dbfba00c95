"""``polyflow compare``: the same script, once per backend, and how far apart its results are."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PolyflowError
from .seconds import seconds

if TYPE_CHECKING:
    from .differences import Row, Tolerance
    from .recording import Leaf
    from .runs import Run

EPILOG = """\
The script says what to compare with
    pf.testing.record("name", value)      a tensor, array, number, text, or lists and dicts of them
A script that records nothing is compared by every history of `fit` and every result of `evaluate`.
A script that sets no seed starts from one seed on every backend: POLYFLOW_SEED, or 0. What it draws with other
libraries, such as NumPy, needs a seed in the script.
Words after -- are the script's own arguments:  polyflow compare train.py --backends numpy,jax -- --epochs 3

Every backend is compared with the first. Two numbers a and b pass when |a - b| <= atol + rtol * max(|a|, |b|), or when
they are at most --ulp units in the last place apart. Where you give none of these, float32 and Python floats may differ
by rtol 1e-5 and atol 1e-6, float64 by 1e-12 and 1e-12, float16 by 2e-3 and 1e-4, bfloat16 by 1.6e-2 and 1e-3; integers,
booleans and text have to be the same.

Exit code: 0 all within tolerance; 1 some are not, or names, shapes or dtypes differ; 2 no comparison could be made.
"""


PATIENCE = 120.0
"""How many seconds a backend may take to be loaded."""


class CompareError(PolyflowError):
    """The comparison could not be made."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.usage = "polyflow compare SCRIPT --backends NAME,NAME[,…] [options] [-- arguments of the script]"
    parser.add_argument("script", metavar="SCRIPT", help="a Python file")
    parser.add_argument(
        "--backends", required=True, metavar="NAMES", help="names separated by commas, such as numpy,jax:cpu:0"
    )
    parser.add_argument("--tolerance", type=_bound, metavar="T", help="the same as --rtol T --atol T")
    parser.add_argument("--rtol", type=_bound, metavar="R", help="accepted difference relative to the larger number")
    parser.add_argument("--atol", type=_bound, metavar="A", help="accepted absolute difference")
    parser.add_argument("--ulp", type=_bound, metavar="N", help="accepted difference in units in the last place")
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="how long each run may take (default: no limit)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Run the script on each backend and print the comparison."""
    try:
        runs = _runs(arguments)
        comparisons, source = _comparisons(runs, _tolerance(arguments))
    except PolyflowError as error:
        if arguments.json:
            print(json.dumps({"error": str(error)}, indent=2))
        raise
    within = all(row.within for rows in comparisons.values() for row in rows)
    if arguments.json:
        _print_json(arguments.script, runs, comparisons, source, within)
    else:
        _print_tables(runs, comparisons, source, within)
    return 0 if within else 1


def _bound(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 upwards")
    return value


def _tolerance(arguments: argparse.Namespace) -> Tolerance:
    from .differences import Tolerance

    both = arguments.tolerance
    rtol = both if arguments.rtol is None else arguments.rtol
    atol = both if arguments.atol is None else arguments.atol
    return Tolerance(rtol, atol, arguments.ulp)


def _runs(arguments: argparse.Namespace) -> list[Run]:
    from ..backend import discovery
    from .runs import run_script

    script = Path(arguments.script)
    if not script.is_file():
        raise CompareError(f"There is no file {str(script)!r} to run.")
    specs = [spec.strip() for spec in arguments.backends.split(",") if spec.strip()]
    if len(specs) < 2:
        raise CompareError(
            f"A comparison takes two backends or more, such as numpy,jax; --backends names {len(specs)}."
        )
    for spec in specs:
        discovery.find(spec)
        discovery.plugin(discovery.split(spec)[0]).check_modules()
    _check_usable(specs)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="polyflow-compare-") as folder:
        for number, spec in enumerate(specs):
            label = spec if spec not in specs[:number] else f"{spec} ({specs[: number + 1].count(spec)})"
            print(f"running {script.name} on {label} …", file=sys.stderr, flush=True)
            runs.append(
                run_script(script, arguments.rest, spec, label, Path(folder) / f"{number}.npz", arguments.timeout)
            )
    return runs


def _check_usable(specs: list[str]) -> None:
    """Refuse backends that cannot be loaded here, or lack the device, before the first run takes its time.

    Raises:
        CompareError: which says why.
    """
    from ..backend import discovery
    from ..backend.status import status
    from .probe import no_such_device, probe
    from .tables import printable

    names = list(dict.fromkeys(discovery.split(spec)[0] for spec in specs))
    states = dict(zip(names, probe([status(name, check=False) for name in names], PATIENCE), strict=True))
    for spec in specs:
        state = states[discovery.split(spec)[0]]
        why = no_such_device(state, spec) if state.usable else f" {printable(state.reason)}"
        if why:
            raise CompareError(f"The backend {spec!r} is not usable here:{why} `polyflow backends --check` tells more.")


def _comparisons(runs: list[Run], tolerance: Tolerance) -> tuple[dict[str, list[Row]], str]:
    source = "record" if any(run.recording.entries["record"] for run in runs) else "observe"
    if not any(run.recording.entries[source] for run in runs):
        raise CompareError(
            'The script ran, but left nothing to compare. Call pf.testing.record("name", value) in it, or train or '
            "evaluate a model."
        )
    reference = runs[0]
    return {other.label: _compare(reference, other, source, tolerance) for other in runs[1:]}, source


def _compare(reference: Run, other: Run, source: str, tolerance: Tolerance) -> list[Row]:
    from .differences import Row, compare_uses

    ours, theirs = reference.recording.entries[source], other.recording.entries[source]
    labels = (reference.label, other.label)
    rows: list[Row] = []
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in ours or name not in theirs:
            where = reference.label if name in ours else other.label
            rows.append(Row(name, within=False, problem=f"recorded on {where} only"))
            continue
        if len(ours[name]) != len(theirs[name]):
            counts = f"{len(ours[name])} times on {labels[0]}, {len(theirs[name])} times on {labels[1]}"
            rows.append(Row(name, within=False, problem=f"recorded {counts}"))
            continue
        problem = _structures(ours[name], theirs[name], labels)
        if problem:
            rows.append(Row(name, uses=len(ours[name]), within=False, problem=problem))
            continue
        rows += [
            compare_uses(f"{name}{path}", a, b, labels, tolerance) for path, a, b in _by_path(ours[name], theirs[name])
        ]
    return rows


def _structures(ours: list[list[Leaf]], theirs: list[list[Leaf]], labels: tuple[str, str]) -> str:
    for a, b in zip(ours, theirs, strict=True):
        paths, others = [leaf.path for leaf in a], [leaf.path for leaf in b]
        if sorted(paths) != sorted(others):
            only = [path for path in paths if path not in others]
            where = labels[0] if only else labels[1]
            path = only[0] if only else next(path for path in others if path not in paths)
            return f"the values have different structures: {path or 'a plain value'} is there on {where} only"
    return ""


def _by_path(ours: list[list[Leaf]], theirs: list[list[Leaf]]) -> list[tuple[str, list[Leaf], list[Leaf]]]:
    """The leaves of all uses, gathered by their path."""
    paths = dict.fromkeys(leaf.path for use in ours for leaf in use)
    return [
        (
            path,
            [leaf for use in ours for leaf in use if leaf.path == path],
            [leaf for use in theirs for leaf in use if leaf.path == path],
        )
        for path in paths
    ]


def _print_tables(runs: list[Run], comparisons: dict[str, list[Row]], source: str, within: bool) -> None:
    from .differences import shown
    from .tables import printable, show

    if source == "observe":
        print("The script recorded nothing, so what `fit` and `evaluate` returned is compared.\n")
    for label, rows in comparisons.items():
        print(f"{label} against {runs[0].label}:")
        show(
            ("name", "dtype", "times", "absolute", "relative", "ulp", "", "largest at"),
            [
                (row.name, row.dtype, str(row.uses), "-", "-", "-", "DIFFERS", printable(row.problem))
                if row.problem
                else (
                    row.name,
                    row.dtype,
                    str(row.uses),
                    shown(row.absolute),
                    shown(row.relative),
                    shown(row.ulp),
                    "ok" if row.within else "DIFFERS",
                    row.where,
                )
                for row in rows
            ],
            numbers=(2, 3, 4, 5),
        )
        print()
    times = ", ".join(f"{run.label} {run.seconds:.1f} s" for run in runs)
    total = sum(len(rows) for rows in comparisons.values())
    wrong = sum(not row.within for rows in comparisons.values() for row in rows)
    print("All within tolerance." if within else f"{wrong} of {total} not within tolerance.", f"Time: {times}.")


def _print_json(script: str, runs: list[Run], comparisons: dict[str, list[Row]], source: str, within: bool) -> None:
    answer = {
        "script": script,
        "within": within,
        "source": source,
        "reference": runs[0].label,
        "runs": [{"backend": run.label, "seconds": round(run.seconds, 3)} for run in runs],
        "comparisons": [
            {
                "backend": label,
                "within": all(row.within for row in rows),
                "rows": [{key: _strict(value) for key, value in asdict(row).items()} for row in rows],
            }
            for label, rows in comparisons.items()
        ],
    }
    print(json.dumps(answer, indent=2, allow_nan=False))


def _strict(value: Any) -> Any:
    """JSON has no infinity: it is written as text."""
    return "inf" if isinstance(value, float) and math.isinf(value) else value
