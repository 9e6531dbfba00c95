"""``polyflow backends``: what is installed, what is usable, what is selected and why."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .seconds import seconds

if TYPE_CHECKING:
    from ..backend.selection import Selection
    from ..backend.status import BackendStatus

EPILOG = """\
Without --check no array library is imported: "installed" means that the library was found, not that it works.
With --check each backend is loaded in a process of its own and asked for its devices.

Exit code: 0; with --check and NAME, 1 if that backend is not usable; 2 if something is wrong with the question.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("name", nargs="?", metavar="NAME", help="tell more about this one")
    parser.add_argument("--check", action="store_true", help="load each library and ask its devices")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="how long --check waits for each (default: 120)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the listing."""
    from ..backend import selection
    from ..backend.status import statuses
    from .probe import probe

    states = statuses(check=False)
    if arguments.name is not None:
        states = [state for state in states if state.name == arguments.name] or _unknown(arguments.name)
    if arguments.check:
        states = probe(states, arguments.timeout)
    try:
        selected, trouble = selection.selected(), ""
    except ConfigError as error:
        selected, trouble = None, str(error)
    if arguments.json:
        _print_json(states, selected, trouble)
    elif arguments.name is not None:
        _print_details(states, selected)
    else:
        _print_table(states, selected, trouble)
    if trouble:
        return 2
    return int(bool(arguments.check and arguments.name and not all(state.usable for state in states)))


def _unknown(name: str) -> list[BackendStatus]:
    from ..backend.status import status

    return [status(name, check=False)]  # raises with suggestions


def _print_json(states: list[BackendStatus], selected: Selection | None, trouble: str) -> None:
    from ..backend.protocol import PROTOCOL
    from ..cli import version

    chosen = None if selected is None else {"spec": selected.spec, "source": selected.source, "why": selected.reason}
    listing = [{**asdict(state), "selected": _is(state, selected)} for state in states]
    answer = {"polyflow": version(), "protocol": PROTOCOL, "selected": chosen, "backends": listing}
    print(json.dumps({**answer, "error": trouble} if trouble else answer, indent=2))


def _print_table(states: list[BackendStatus], selected: Selection | None, trouble: str) -> None:
    from .tables import printable, show

    show(
        ("", "name", "distribution", "version", "status", "devices"),
        [
            (
                "*" if _is(state, selected) else "",
                state.name,
                state.distribution or "-",
                state.version or "-",
                state.state,
                ", ".join(state.devices) or "-",
            )
            for state in states
        ],
    )
    reasons = [f"{state.name}: {printable(state.reason)}{_install(state)}" for state in states if state.reason]
    for reason in dict.fromkeys(reasons):  # distributions that clash have one in common
        print(f"\n{reason}")
    print(f"\n{trouble or _selected_line(states, selected)}")


def _print_details(states: list[BackendStatus], selected: Selection | None) -> None:
    from .probe import no_such_device
    from .tables import printable

    for state in states:
        trouble = "" if selected is None else no_such_device(state, selected.spec)
        facts = {
            "name": state.name,
            "summary": state.summary,
            "distribution": f"{state.distribution} {state.version}" if state.distribution else "",
            "homepage": state.homepage,
            "status": state.state,
            "reason": state.reason,
            "install": state.install,
            "devices": ", ".join(state.devices),
            "selected": f"yes: {selected.reason}" + "." * bool(trouble) + trouble
            if selected and _is(state, selected)
            else "no",
        }
        for fact, value in facts.items():
            if value:
                print(f"{fact + ':':<14}{printable(value)}")


def _selected_line(states: list[BackendStatus], selected: Selection | None) -> str:
    from .probe import no_such_device

    assert selected is not None
    line = f"Selected: {selected.spec} ({selected.reason})."
    if not any(_is(state, selected) for state in states):
        from ..errors import nearest

        near = nearest(selected.spec.partition(":")[0], {state.name for state in states})
        line += f" It is not installed.{f' Did you mean {near[0]!r}?' if near else ''}"
    return line + "".join(no_such_device(state, selected.spec) for state in states if _is(state, selected))


def _is(state: BackendStatus, selected: Selection | None) -> bool:
    return selected is not None and state.name == selected.spec.partition(":")[0]


def _install(state: BackendStatus) -> str:
    return f" Install: {state.install}" if state.install and state.install not in state.reason else ""
