"""What was measured, as tables, figures, plots, and a dated page."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.table import Table as RichTable

from .contestants import contestant
from .measure import Figures, Session, Table
from .profiles import Share
from .workloads import Line, Target, Workload, workload


class Verdict(NamedTuple):
    """Whether polyflow reached a target on a line.

    Attributes:
        workload, line, target: what was to be reached.
        value: the figure, or where there is a peer the factor, or what comes on top of it.
    """

    workload: Workload
    line: str
    target: Target
    value: float

    @property
    def reached(self) -> bool:
        """Whether it was reached."""
        return self.value <= self.target.most

    @property
    def wanted(self) -> str:
        """The target, as a sentence."""
        target = self.target
        ours = contestant(target.ours).title
        if target.peer is None:
            return f"{ours}: at most {shown(target.most, self.workload.unit)}"
        if target.above:
            return f"{ours}: at most {shown(target.most, self.workload.unit)} above {contestant(target.peer).title}"
        return f"{ours}: {factor(target.most, 'at least', 'at most')} {contestant(target.peer).title}"

    @property
    def found(self) -> str:
        """What was measured, in the target's words."""
        if self.target.peer is None or self.target.above:
            return shown(self.value, self.workload.unit)
        return factor(self.value, "", "", fast=self.target.most < 1)


def factor(value: float, least: str, most: str, fast: bool | None = None) -> str:
    """A factor of time, as one of speed where it is well below 1."""
    if value < 1 if fast is None else fast:
        return f"{least} {1 / value:.3g} times as fast as".strip() if least else f"{1 / value:.3g} ×"
    return f"{most} {value:.3g} times".strip() if most else f"{value:.3g} ×"


def shown(value: float, unit: str) -> str:
    """Seconds or bytes with three digits, in the prefix that suits them."""
    if math.isnan(value):
        return ""
    if unit == "bytes":
        return f"{value / (1 << 20):.1f} MiB" if abs(value) >= 1 << 18 else f"{value / 1024:.0f} KiB"
    for prefix, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}"
    return f"{value / 1e-9:.3g} ns"


@dataclass
class Report:
    """Everything that was measured in a run.

    Attributes:
        when: the time of its beginning.
        machine: what it ran on.
        versions: of what each contestant needs.
        session: how it was measured.
        tables: the figures, by the name of a workload.
        profiles: where polyflow's time goes where it missed a target, by the names of workload, line and contestant.
    """

    when: datetime
    machine: dict[str, str]
    versions: dict[str, dict[str, str | None]]
    session: Session
    tables: dict[str, Table] = field(default_factory=dict)
    profiles: dict[tuple[str, str, str], list[Share]] = field(default_factory=dict)

    def verdicts(self, *names: str) -> Iterator[Verdict]:
        """What became of the targets of workloads, of all that ran by default, where both figures are there."""
        for name in names or self.tables:
            one, table = workload(name), self.tables[name]
            for target in one.targets:
                for line, row in table.items():
                    if target.line in (None, line) and {target.ours, target.peer or target.ours} <= row.keys():
                        mine = row[target.ours]
                        peer = None if target.peer is None else row[target.peer]
                        value = mine.typical if peer is None else (mine.above if target.above else mine.times)(peer)
                        if not math.isnan(value):
                            yield Verdict(one, line, target, value)

    def missed(self, name: str) -> list[Verdict]:
        """The targets of a workload that were missed, where the time of a function can tell why."""
        timed = workload(name).unit != "bytes"
        return [verdict for verdict in self.verdicts(name) if timed and not verdict.reached]

    def limit(self, verdict: Verdict) -> str:
        """What could be found at most: with the figure of who does nothing else, the target's floor."""
        row, target = self.tables[verdict.workload.name][verdict.line], verdict.target
        hand = target.floor or target.ours.removeprefix("polyflow-")
        if hand not in row or not row[hand].wall:
            return ""
        mine, best, unit = row[target.ours], row[hand], verdict.workload.unit
        peer = None if target.peer is None else row[target.peer]
        value = best.typical if peer is None else (best.above if target.above else best.times)(peer)
        return (
            f"The limit on *{verdict.line}*: {contestant(hand).title}, which does this and nothing else, takes "
            f"{shown(best.typical, unit)}, {contestant(target.ours).title} {shown(mine.typical, unit)}. Where "
            f"{verdict.found} was found, {verdict._replace(value=value).found} would be without anything on top."
        )

    def table(self, one: Workload) -> RichTable:
        """A workload's table, for a terminal."""
        made = RichTable(title=one.title, title_justify="left", title_style="bold", caption_justify="left")
        head, lines = cells(one, self.tables[one.name])
        for column in head:
            text = column in ("line", "contestant")
            made.add_column(column, justify="left" if text else "right", no_wrap=text)
        for line in lines:
            made.add_row(*line)
        verdicts = [f"{'✓' if v.reached else '✗'} {said(v)}" for v in self.verdicts(one.name)]
        made.caption = "\n".join(verdicts) or None
        return made


def said(verdict: Verdict) -> str:
    """A verdict as a line."""
    line = f"{verdict.line}: " if len(verdict.workload.lines) > 1 else ""
    return f"{line}{verdict.wanted}. Found: {verdict.found}"


def cells(one: Workload, table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the lines of a workload's table, without columns that say nothing."""
    per = "bytes" if one.unit == "bytes" else f"per {one.unit}"
    head = ["line", "contestant", per, "processors", "× polyflow on NumPy", "× polyflow on JAX", "loss"]
    lines = list(rows(one, table))
    kept = [i for i in range(len(head)) if any(line[i] for line in lines) and (i or len(one.lines) > 1)]
    return [head[i] for i in kept], [[line[i] for i in kept] for line in lines]


def rows(one: Workload, table: Table) -> Iterator[list[str]]:
    """The cells of a workload's table; what is not known is empty."""
    for line, row in table.items():
        mine = [row.get(name, Figures()) for name in ("polyflow-numpy", "polyflow-jax")]
        for name, figures in row.items():
            if figures.error is not None:
                yield [line, contestant(name).title, figures.error, "", "", "", ""]
                continue
            times = [figures.times(other) for other in mine]
            yield [
                line,
                contestant(name).title,
                shown(figures.typical, one.unit),
                shown(median(figures.cpu), one.unit) if figures.cpu else "",
                *("" if math.isnan(value) else f"{value:.3g}" for value in times),
                "" if figures.loss is None else f"{figures.loss:.3g}",
            ]


# Files --------------------------------------------------------------------------------------------------------------


def write(report: Report, json_file: Path | None, plots: Path | None, folder: Path | None) -> None:
    """Write what was asked for: figures, plots, and a dated page with both."""
    if json_file is not None:
        text = json.dumps(as_json(report), indent=1)
        if str(json_file) == "-":
            print(text)
        else:
            json_file.write_text(text + "\n", encoding="utf-8")
    if plots is not None:
        draw(report, plots)
    if folder is not None:
        name = f"{report.when:%Y-%m-%d}-{report.machine['cores']}-cores"
        draw(report, folder / name)
        (folder / f"{name}.json").write_text(json.dumps(as_json(report), indent=1) + "\n", encoding="utf-8")
        (folder / f"{name}.md").write_text(markdown(report, name), encoding="utf-8")


def as_json(report: Report) -> dict[str, Any]:
    """Everything in a report, as JSON has it; NaN is null."""
    return {
        "when": report.when.isoformat(timespec="seconds"),
        "machine": report.machine,
        "versions": report.versions,
        "quick": report.session.quick,
        "rounds": report.session.rounds,
        "workloads": {
            name: {
                "title": workload(name).title,
                "unit": workload(name).unit,
                "lines": {line: {who: figures(f) for who, f in row.items()} for line, row in table.items()},
                "profiles": [
                    {"line": line, "contestant": who, "functions": [share._asdict() for share in shares]}
                    for (name_of, line, who), shares in report.profiles.items()
                    if name_of == name
                ],
                "targets": [
                    {"line": v.line, "wanted": v.wanted, "most": v.target.most, "value": v.value, "reached": v.reached}
                    | ({} if v.reached else {"limit": report.limit(v)})
                    for v in report.verdicts(name)
                ],
            }
            for name, table in report.tables.items()
        },
    }


def figures(one: Figures) -> dict[str, Any]:
    """The figures of a contestant, as JSON has them."""
    clean = {key: value for key, value in asdict(one).items() if value not in (None, [])}
    clean["cpu"] = [None if math.isnan(value) else value for value in one.cpu]
    return clean | {"median": one.typical if one.wall else None}


def markdown(report: Report, name: str) -> str:
    """The dated page."""
    libraries = {
        library: version for found in report.versions.values() for library, version in found.items() if version
    }
    facts = report.machine | {"rounds": str(report.session.rounds)} | dict(sorted(libraries.items()))
    verdicts = list(report.verdicts())
    parts = [
        f"# {report.when:%Y-%m-%d}, {report.machine['cores']} cores",
        "Made by `python -m benchmarks --report FOLDER`; the figures of each round are in "
        f"[{name}.json]({name}.json). Factors are medians of the factors within each round.",
        ", ".join(f"{key} {value}" for key, value in facts.items()) + ".",
        "## Targets",
        markdown_table(
            ["workload", "line", "wanted", "found", ""],
            [[v.workload.name, v.line, v.wanted, v.found, "reached" if v.reached else "**missed**"] for v in verdicts],
        ),
    ]
    for each, table in report.tables.items():
        one = workload(each)
        parts += [f"## {each}", f"{one.title[:1].upper()}{one.title[1:]}.", f"![{each}]({name}/{each}.svg)"]
        parts.append(markdown_table(*cells(one, table)))
        for (name_of, line, who), shares in report.profiles.items():
            if name_of == each and shares:
                parts += [
                    f"Where the time of {contestant(who).title} goes on *{line}*, in functions without those that they "
                    "call (the profiler makes functions of Python dearer than they are, and compiled ones not):",
                    markdown_table(
                        ["function", "time", "calls"],
                        [[f"`{share.function}`", f"{share.own:.1%}", f"{share.calls:.4g}"] for share in shares],
                    ),
                ]
        parts += filter(None, (report.limit(verdict) for verdict in report.verdicts(each) if not verdict.reached))
    return "\n\n".join(parts) + "\n"


def markdown_table(head: list[str], body: list[list[str]]) -> str:
    """A table, aligned by nobody."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# Plots --------------------------------------------------------------------------------------------------------------


def draw(report: Report, folder: Path) -> None:
    """Draw each workload into NAME.svg."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "polyflow", "font.size": 9, "axes.spines.top": False})
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in report.tables.items():
        one = workload(name)
        figure = curves(one, table) if any(line.series for line in one.lines) else bars(one, table)
        figure.suptitle(textwrap.fill(one.title, 90), fontsize=10)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


def color(name: str) -> str:
    """A color for each contestant, the same in all plots."""
    from .contestants import PEERS

    if contestant(name).ours:
        return {"polyflow-numpy": "tab:red", "polyflow-jax": "tab:blue"}.get(name, "black")
    return (
        f"C{3 + list(PEERS).index(name)}"
        if name not in ("numpy", "jax")
        else {"numpy": "salmon", "jax": "skyblue"}[name]
    )


def bars(one: Workload, table: Table) -> Any:
    """A group of bars for each line, on a logarithmic axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.9 + 0.26 * sum(len(row) + 1 for row in table.values())), layout="constrained")
    axes, at, ticks = figure.subplots(), 0, []
    scale = 1 << 20 if one.unit == "bytes" else 1e-6
    for line, row in table.items():
        for name, found in row.items():
            if found.wall and found.typical > 0:
                axes.barh(at, found.typical / scale, color=color(name), height=0.8)
                axes.text(found.typical / scale, at, f" {shown(found.typical, one.unit)}", va="center", fontsize=8)
                label = contestant(name).title
                ticks.append((at, f"{line}: {label}" if len(table) > 1 else label))
                at += 1
        at += 1
    axes.set_yticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.invert_yaxis()
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 3, high * 2)  # the shortest bar is to be seen, and the longest one's label
    axes.set_xlabel("MiB" if one.unit == "bytes" else f"µs per {one.unit}")
    return figure


def curves(one: Workload, table: Table) -> Any:
    """A plot for each series, with a curve for each contestant."""
    from matplotlib.figure import Figure

    series: dict[str, list[Line]] = {}
    for line in one.lines:
        series.setdefault(str(line.series), []).append(line)
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, (title, lines) in zip(figure.subplots(1, len(series), sharey=True), series.items(), strict=True):
        for name in dict.fromkeys(name for line in lines for name in table[line.name]):
            found = [table[line.name].get(name, Figures()) for line in lines]
            axes.plot(
                [line.x for line in lines], [1 / f.typical for f in found], "o-", ms=3, color=color(name),
                label=contestant(name).title,
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", xlabel=title)
        axes.set_xticks([line.x for line in lines], [f"{line.x:,}" for line in lines])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(f"{one.unit}s per second")
    figure.axes[-1].legend(fontsize=7)
    return figure
