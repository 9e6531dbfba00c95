"""What a run found out: a result per case, and the report that is written as JSON.

The schema is `SCHEMA`, published as ``report.schema.json`` in the documentation: an object that says who was tested by
what, and ``results``, a list with one object per case.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from .schema import faults

STATUSES = ("pass", "fail", "error", "unsupported", "xfail", "xpass", "skip")
CONFORMING = "conforming"
FAILURES = ("fail", "error", "xpass")
SCHEMA_VERSION = 1
LOADS = "device-1/backend/loads"
"""The id of the one result there is where the backend cannot be made."""


class ReportError(ValueError):
    """A report file that cannot be read; the message says why."""


@dataclass
class Result:
    """What became of one case.

    Attributes:
        id: the case's id.
        status: "pass"; "fail" (a wrong answer); "error" (an exception, a hang, a crash); "unsupported" (declared, and
            refused as it should be); "xfail" (a declared deviation); "xpass" (declared, and yet it passed); "skip".
        ulp: the largest distance seen, and ``tolerance`` what is allowed, in the unit of the case; None where
            nothing is measured. (An infinite distance, such as a wrong integer, is written as the text "inf".)
        time: in seconds.
        reason: what is wrong, or why it is not.
        reproducer: one line of Python that tries the case again.
    """

    id: str
    status: str
    ulp: float | None = None
    tolerance: float | None = None
    time: float = 0.0
    reason: str = ""
    reproducer: str = ""

    @property
    def group(self) -> str:
        """The case's group."""
        return _group(self.id)

    @property
    def op(self) -> str:
        """The op that the case is about."""
        parts = self.id.split("/", 2)
        return parts[1] if len(parts) > 1 else ""

    @property
    def failed(self) -> bool:
        """Whether the backend does not conform because of it."""
        return self.status in FAILURES


@dataclass
class Report:
    """What a run of the suite found out about one backend.

    ``complete`` says whether every case was tried, and ``whole`` names the groups of which every case was.
    """

    backend: str
    device: str = ""
    distribution: str = ""
    version: str = ""
    suite: str = ""
    protocol: str = ""
    polyflow: str = ""
    python: str = ""
    platform: str = ""
    date: str = ""
    seed: int = 0
    quick: bool = False
    complete: bool = True
    whole: list[str] = field(default_factory=list)
    time: float = 0.0
    label: str = ""
    results: list[Result] = field(default_factory=list)

    @property
    def failures(self) -> list[Result]:
        """The results that keep the backend from conforming."""
        return [result for result in self.results if result.failed]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @property
    def ran(self) -> bool:
        """Whether there was a backend to try; where it could not be made, the one result says why."""
        return [result.id for result in self.results] != [LOADS]

    def groups(self) -> dict[str, Counter[str]]:
        """How many cases of each group had each status."""
        counted: dict[str, Counter[str]] = {}
        for result in self.results:
            counted.setdefault(result.group, Counter())[result.status] += 1
        return counted

    def conforming(self, group: str) -> bool:
        """Whether the backend conforms at a group: every case of it was tried, and nothing failed."""
        return self.verdict(group) == CONFORMING

    def verdict(self, group: str) -> str:
        """What the results say of a group: whether the backend conforms at it, or that too little of it was tried."""
        counts = self.groups().get(group)
        if counts is None:
            return "not tried"
        if any(counts[status] for status in FAILURES):
            return "not conforming"
        if not (self.complete or group in self.whole):
            return "no failure in the part that was tried"
        return CONFORMING

    def tells(self, tried: Iterable[str], there_are: Mapping[str, int]) -> None:
        """Note how much was tried: the ids of the cases tried, each once, and how many cases each group has."""
        done = sizes(tried)
        self.whole = [group for group, number in there_are.items() if done.get(group) == number]
        self.complete = len(self.whole) == len(there_are)

    def summary(self) -> str:
        """A line per group."""
        lines = [f"{self.label or self.backend} on {self.device}: {len(self.results)} cases in {self.time:.1f} s"]
        for group, counts in self.groups().items():
            shown = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
            lines.append(f"  {group:<12}{self.verdict(group):<16}  {shown}")
        return "\n".join(lines)

    # JSON ----------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The report as JSON text."""
        data = {"schema": SCHEMA_VERSION, "cases": len(self.results), **_plain(asdict(self))}
        return json.dumps(data, indent=1, allow_nan=False) + "\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a file, in one step."""
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_text(self.to_json(), encoding="utf-8")
        temporary.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Report:
        """Read a report.

        Raises:
            ReportError: the file is not there, is cut off or short, is no report, or is of another schema.
        """
        try:
            text = Path(path).read_text(encoding="utf-8-sig")  # some editors put a mark in front
        except OSError as error:
            raise ReportError(f"{path} cannot be read: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise ReportError(f"{path} is not a text file, so it is no conformance report.") from None
        try:
            data = json.loads(text)
        except RecursionError:
            raise ReportError(f"{path} is no conformance report: it is nested too deeply.") from None
        except ValueError as error:
            raise ReportError(f"{path} is not whole JSON: {error}. Was the run that wrote it interrupted?") from None
        return cls.from_data(data, str(path))

    @classmethod
    def from_data(cls, data: Any, name: str = "the data") -> Report:
        """A report from its JSON data; raises ReportError where it is none."""
        if not isinstance(data, dict) or "schema" not in data or not isinstance(data.get("results"), list):
            raise ReportError(f"{name} is JSON, but no conformance report: it has no 'schema' and 'results'.")
        if isinstance(data["schema"], bool) or data["schema"] != SCHEMA_VERSION:
            raise ReportError(
                f"{name} is written in schema {data['schema']!r} and this polyflow reads {SCHEMA_VERSION}. "
                "Run the suite again, or read it with the polyflow that wrote it."
            )
        held = len(data["results"])
        if data.get("cases", held) != held:  # reports of before they were counted say nothing
            raise ReportError(
                f"{name} holds {held} result{'s' * (held != 1)} and says that it has {data['cases']!r}. "
                "Was it cut short? Run the suite again."
            )
        wrong = next(chain(faults(data, _READ), _twice(data["results"])), None)
        if wrong is not None:
            raise ReportError(f"{name} is no complete conformance report: {wrong}.")
        results = [
            Result(**{**one, "ulp": _number(one.get("ulp")), "tolerance": _number(one.get("tolerance"))})
            for one in data["results"]
        ]
        fields = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**fields, "results": results})

    # JUnit ---------------------------------------------------------------------------------------------------------

    def to_junit(self) -> str:
        """The report as JUnit XML, which continuous-integration services show."""
        from xml.sax.saxutils import escape, quoteattr

        counts = Counter(result.status for result in self.results)
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<testsuite name={quoteattr(f"polyflow conformance {self.backend}")} tests="{len(self.results)}" '
            f'failures="{counts["fail"] + counts["xpass"]}" errors="{counts["error"]}" '
            f'skipped="{counts["skip"] + counts["unsupported"] + counts["xfail"]}" time="{self.time:.3f}">',
        ]
        for result in self.results:
            name = quoteattr(result.id)
            head = f'  <testcase classname={quoteattr(result.group)} name={name} time="{result.time:.4f}"'
            text = escape(_printable(result.reason))
            if result.status == "pass":
                lines.append(f"{head}/>")
                continue
            tag = {"fail": "failure", "xpass": "failure", "error": "error"}.get(result.status, "skipped")
            message = quoteattr(f"{result.status}: {_printable(result.reason)}")
            body = f"{text}\n{escape(result.reproducer)}" if result.failed else ""
            lines.append(f"{head}><{tag} message={message}>{body}</{tag}></testcase>")
        return "\n".join([*lines, "</testsuite>", ""])


def merged(results: Iterable[Result]) -> dict[str, Result]:
    """Results by id."""
    return {result.id: result for result in results}


def _group(case: str) -> str:
    return case.split("/", 1)[0]


def sizes(cases: Iterable[str]) -> dict[str, int]:
    """How many of the cases with these ids are in each group."""
    return dict(Counter(map(_group, cases)))


def _twice(results: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Sentences about the ids that more than one result has."""
    for name, count in Counter(result["id"] for result in results).items():
        if count > 1:
            yield f"{name} is in it twice"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


_RESULT = {
    "type": "object",
    "required": ["id", "status", "ulp", "tolerance", "time", "reason", "reproducer"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": "^[^/]+/[^/]+/.+$"},
        "status": {"enum": list(STATUSES)},
        "ulp": {"anyOf": [{"type": ["number", "null"]}, {"enum": ["inf", "nan"]}]},
        "tolerance": {"anyOf": [{"type": ["number", "null"]}, {"enum": ["inf", "nan"]}]},
        "time": {"type": "number"},
        "reason": {"type": "string"},
        "reproducer": {"type": "string"},
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A conformance report of polyflow",
    "type": "object",
    "required": ["schema", "cases", *(name for name in Report.__dataclass_fields__)],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": SCHEMA_VERSION},
        "cases": {"type": "integer", "description": "how many results there are"},
        **{
            name: {"type": {"int": "integer", "float": "number", "bool": "boolean"}.get(str(spec.type), "string")}
            for name, spec in Report.__dataclass_fields__.items()
            if name not in ("whole", "results")
        },
        "whole": {"type": "array", "items": {"type": "string"}, "description": "the groups tried in full"},
        "results": {"type": "array", "items": _RESULT},
    },
}
"""The JSON schema of a report."""

_READ = {
    **SCHEMA,
    "required": ["backend"],
    "additionalProperties": True,
    "properties": {
        **SCHEMA["properties"],
        "schema": {"type": "number"},
        "results": {
            "type": "array",
            "items": {
                **_RESULT,
                "required": ["id", "status"],
                "properties": {**_RESULT["properties"], "id": {"type": "string"}},
            },
        },
    },
}
"""What is asked of a report that is read: one of before all of this was written down says less."""
