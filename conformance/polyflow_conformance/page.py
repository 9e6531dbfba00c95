# ruff: noqa: E501  (styles and script are easier to read in long lines)
"""The report as one page: ops × backends, groups on top, failing cases on a click; it needs nothing but itself."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from .catalog import GROUPS
from .report import FAILURES, STATUSES, Report, Result

RANK = ("error", "fail", "xpass", "xfail", "unsupported", "pass", "skip")
"""Which status colours a cell that holds several."""


FACTS: tuple[Callable[[Report], str], ...] = (
    lambda report: f" {report.backend}",
    lambda report: f":{report.device}" if report.device else "",
    lambda report: f" {report.version}" if report.version else "",
    lambda report: f" polyflow {report.polyflow}" if report.polyflow else "",
    lambda report: f" Python {report.python}" if report.python else "",
    lambda report: f" on {report.platform}" if report.platform else "",
    lambda report: f" of {report.date}" if report.date else "",
)
"""In what reports of one name may differ, as it is written behind the name."""


def page(reports: list[Report]) -> str:
    """The page for one or several reports, as HTML."""
    names = _names(reports)
    shown = [_report(report, name) for report, name in zip(reports, names, strict=True)]
    data = {"groups": GROUPS, "reports": shown}
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")  # nothing in it can end the script
    return _PAGE.replace("@TITLE@", html.escape(f"Conformance: {', '.join(names)}")).replace("@DATA@", text)


def _names(reports: list[Report]) -> list[str]:
    """What to call each report: its label, else its backend, with the first facts that tell it apart, or a number."""
    names = [report.label or report.backend for report in reports]
    for fact in FACTS:
        told = [fact(report) for report in reports]
        facts = {name: {one for other, one in zip(names, told, strict=True) if other == name} for name in names}
        names = [name + one if len(facts[name]) > 1 else name for name, one in zip(names, told, strict=True)]
    taken = {name for name in names if names.count(name) == 1}
    for place, name in enumerate(names):
        if name not in taken:
            names[place] = next(one for n in count(1) if (one := f"{name} ({n})") not in taken)
            taken.add(names[place])
    return names


def _report(report: Report, name: str) -> dict[str, Any]:
    cells: dict[str, dict[str, Any]] = {}
    for result in report.results:
        cell = cells.setdefault(f"{result.group}/{result.op}", {"n": dict.fromkeys(STATUSES, 0), "u": None, "c": []})
        cell["n"][result.status] += 1
        if result.ulp is not None and result.ulp > (-1.0 if cell["u"] is None else cell["u"]):
            cell["u"] = min(result.ulp, 1e300)
        if result.status not in ("pass", "skip"):
            cell["c"].append(_case(result))
    for cell in cells.values():
        cell["s"] = next(status for status in RANK if cell["n"][status])
        cell["n"] = _counted(cell["n"])
    groups = {
        group: {"v": report.verdict(group), "s": _colour(report, group), "n": _counted(counts)}
        for group, counts in report.groups().items()
    }
    facts = {
        "backend": report.backend,
        "device": report.device,
        "distribution": f"{report.distribution} {report.version}".strip(),
        "polyflow": report.polyflow,
        "python": report.python,
        "platform": report.platform,
        "suite": f"{report.suite}, protocol {report.protocol}",
        "date": report.date,
        "seed": str(report.seed),
        "cases": f"{len(report.results)}{'' if report.complete else ', not the whole suite'} in {report.time:.1f} s",
    }
    return {"name": name, "facts": facts, "groups": groups, "cells": cells}


def _colour(report: Report, group: str) -> str:
    failed = any(report.groups()[group][status] for status in FAILURES)
    return "fail" if failed else "pass" if report.conforming(group) else "skip"


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    """The statuses that occur, always in the same order."""
    return {status: counts[status] for status in STATUSES if counts[status]}


def _case(result: Result) -> dict[str, Any]:
    return {
        "i": result.id,
        "s": result.status,
        "r": result.reason,
        "p": result.reproducer,
        "bad": result.status in FAILURES,
    }


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
:root { color-scheme: light dark; --ink: #1c2128; --soft: #57606a; --back: #ffffff; --line: #d0d7de; --head: #f6f8fa;
  --pass: #dafbe1; --fail: #ffcecb; --error: #ffb3ad; --xpass: #ffd8b5; --xfail: #fff1b8; --unsupported: #e4e7eb; --skip: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --back: #0d1117; --line: #3d444d; --head: #151b23;
  --pass: #12361f; --fail: #67191b; --error: #86201f; --xpass: #6b3a10; --xfail: #4f4110; --unsupported: #2a313c; --skip: #151b23; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 96rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; color: var(--soft); }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; }
thead th { background: var(--head); position: sticky; top: 0; }
tbody th { font-weight: 500; white-space: nowrap; }
#table td div, td button { white-space: nowrap; } #groups td { min-width: 7rem; } td button span:first-child { text-decoration: underline dotted; }
#groups td:nth-child(2) { min-width: 14rem; }
.scroll { overflow: auto; max-height: 85vh; }
#table th:nth-child(2) { position: sticky; left: 0; z-index: 1; background: var(--head); }
#table thead th { z-index: 2; } #table thead th:nth-child(2) { z-index: 3; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left; width: 100%; }
button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid #0969da; outline-offset: 2px; }
.pass { background: var(--pass); } .fail { background: var(--fail); } .error { background: var(--error); }
.xpass { background: var(--xpass); } .xfail { background: var(--xfail); } .unsupported { background: var(--unsupported); }
.skip, .none { background: var(--skip); color: var(--soft); }
.small { font-size: .85em; opacity: .8; }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin: .75rem 0; }
input, select { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; }
.legend span { display: inline-block; padding: 0 .5rem; margin-right: .4rem; border: 1px solid var(--line); border-radius: 4px; }
dialog { width: min(60rem, 94vw); max-height: 88vh; border: 1px solid var(--line); border-radius: 8px; color: var(--ink); background: var(--back); padding: 1rem 1.25rem; }
dialog::backdrop { background: rgba(0, 0, 0, .4); }
dialog article { border-top: 1px solid var(--line); padding: .6rem 0; }
code { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
.tag { display: inline-block; padding: 0 .4rem; border-radius: 4px; margin-right: .5rem; }
.close { width: auto; float: right; padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 6px; }
details { margin: .25rem 0; } summary { cursor: pointer; }
</style>
</head>
<body>
<h1>@TITLE@</h1>
<p>Each cell is one op on one backend: how many cases passed, and the worst distance from the true value, in the unit of the
case's tolerance (mostly ulp). Click a cell for the cases that did not simply pass.</p>
<div id="groups"></div>
<h2>Ops</h2>
<div class="controls">
  <input id="search" type="search" placeholder="Filter ops" aria-label="Filter ops">
  <select id="group" aria-label="Group"><option value="">all groups</option></select>
  <select id="status" aria-label="Status"><option value="">every status</option></select>
  <span id="count" class="small" role="status"></span>
</div>
<p class="legend"><span class="pass">pass</span><span class="fail">fail</span><span class="error">error</span><span
 class="xpass">xpass</span><span class="xfail">declared deviation</span><span class="unsupported">unsupported</span><span class="skip">not tried</span></p>
<div class="scroll"><table id="table"></table></div>
<h2>What was tested</h2>
<div id="facts"></div>
<dialog id="cases"></dialog>
<script id="data" type="application/json">@DATA@</script>
<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, text, kind) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const shown = (x) => x === null ? "" : x >= 1e300 ? "wrong" : x === 0 ? "exact" : x < 0.01 ? "<0.01" : String(Number(x.toPrecision(3)));
const counts = (n) => Object.entries(n).map(([status, count]) => count + " " + status).join(", ");

function groups() {
  const table = make("table"), head = make("tr");
  head.append(make("th", "group"), make("th", "about"), ...data.reports.map((r) => make("th", r.name)));
  const thead = make("thead"); thead.append(head); table.append(thead);
  const body = make("tbody");
  for (const [name, about] of Object.entries(data.groups)) {
    if (!data.reports.some((r) => r.groups[name])) continue;
    const row = make("tr");
    row.append(make("th", name), make("td", about));
    for (const report of data.reports) {
      const group = report.groups[name];
      const cell = make("td", undefined, group ? group.s : "none");
      cell.append(make("div", group ? group.v : "not tried"));
      if (group) cell.append(make("div", counts(group.n), "small"));
      row.append(cell);
    }
    body.append(row);
  }
  table.append(body);
  const scroll = make("div", undefined, "scroll"); scroll.append(table); $("groups").append(scroll);
}

function rows() {
  const keys = new Set(data.reports.flatMap((r) => Object.keys(r.cells)));
  const order = Object.keys(data.groups);
  return [...keys].sort((a, b) => order.indexOf(a.split("/")[0]) - order.indexOf(b.split("/")[0]) || (a < b ? -1 : 1));
}

function draw() {
  const text = $("search").value.trim().toLowerCase(), group = $("group").value, status = $("status").value;
  const table = $("table"); table.replaceChildren();
  const head = make("tr");
  head.append(make("th", "group"), make("th", "op"), ...data.reports.map((r) => make("th", r.name)));
  const thead = make("thead"); thead.append(head); table.append(thead);
  const body = make("tbody"), ops = new Set();
  for (const key of rows()) {
    const [in_group, op] = key.split("/");
    if (group && in_group !== group || text && !op.toLowerCase().includes(text)) continue;
    if (status && !data.reports.some((r) => r.cells[key] && r.cells[key].n[status])) continue;
    const row = make("tr");
    row.append(make("td", in_group, "small"), make("th", op));
    for (const report of data.reports) {
      const cell = report.cells[key], box = make("td", undefined, cell ? cell.s : "none");
      if (cell) {
        const total = Object.values(cell.n).reduce((a, b) => a + b, 0), passed = cell.n.pass || 0;
        const inside = cell.c.length ? make("button") : make("div");
        inside.append(make("span", passed === total ? total + " pass" : counts(cell.n)));
        if (cell.u !== null) inside.append(make("span", "  " + shown(cell.u), "small"));
        if (cell.c.length) inside.addEventListener("click", () => show(report, key, cell));
        box.append(inside);
      }
      row.append(box);
    }
    body.append(row); ops.add(op);
  }
  table.append(body);
  $("count").textContent = ops.size + (ops.size === 1 ? " op" : " ops");
}

function show(report, key, cell) {
  const dialog = $("cases"); dialog.replaceChildren();
  const close = make("button", "Close", "close"); close.addEventListener("click", () => dialog.close());
  dialog.append(close, make("h2", key + " on " + report.name), make("p", counts(cell.n)));
  for (const one of [...cell.c].sort((a, b) => b.bad - a.bad)) {
    const box = make("article"), line = make("div");
    line.append(make("span", one.s, "tag " + one.s), make("code", one.i));
    box.append(line, make("p", one.r));
    if (one.p) box.append(make("code", one.p));
    dialog.append(box);
  }
  dialog.showModal();
}

function facts() {
  for (const report of data.reports) {
    const box = make("details"); box.append(make("summary", report.name));
    const table = make("table");
    for (const [name, value] of Object.entries(report.facts)) {
      if (!value) continue;
      const row = make("tr"); row.append(make("th", name), make("td", value)); table.append(row);
    }
    box.append(table); $("facts").append(box);
  }
}

for (const name of Object.keys(data.groups)) $("group").append(new Option(name, name));
for (const name of ["fail", "error", "xpass", "xfail", "unsupported", "skip", "pass"]) $("status").append(new Option(name, name));
for (const id of ["search", "group", "status"]) $(id).addEventListener("input", draw);
groups(); draw(); facts();
</script>
</body>
</html>
"""
