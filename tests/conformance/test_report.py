"""A report reads what it wrote, and refuses what is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow import cli
from polyflow_conformance.report import SCHEMA, Report, ReportError
from polyflow_numpy.backend import NumPyBackend

ROOT = Path(__file__).parents[2]


def test_report_reads_what_it_wrote(report, tmp_path):
    report.save(tmp_path / "r.json")
    again = Report.load(tmp_path / "r.json")
    assert again == report
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]


def test_report_is_as_its_schema_says(report):
    data = json.loads(report.to_json())
    assert sorted(data) == sorted(SCHEMA["required"]) == sorted(SCHEMA["properties"])
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    for name, rule in SCHEMA["properties"].items():
        assert data[name] == rule["const"] if "const" in rule else isinstance(data[name], kinds[rule["type"]])
    item = SCHEMA["properties"]["results"]["items"]
    for result in data["results"]:
        assert sorted(result) == sorted(item["required"]) == sorted(item["properties"])
        assert result["status"] in item["properties"]["status"]["enum"]
    assert json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_a_group_conforms_where_all_of_it_was_tried():
    some = suite.run("numpy", groups=["random-1", "device-1"], quick=True)
    assert (some.complete, some.whole, some.conforming("random-1")) == (False, [], False)
    assert some.verdict("random-1") == "no failure in the part that was tried"
    assert some.verdict("core-1") == "not tried"
    one = suite.run("numpy", groups=["random-1"])
    assert (one.complete, one.whole) == (False, ["random-1"])
    assert one.verdict("random-1") == "conforming"
    assert "random-1" in one.summary()
    assert "conforming" in one.summary()
    read = Report.from_data(json.loads(one.to_json()))
    assert read.conforming("random-1")
    read.results[0].status = "fail"
    assert read.verdict("random-1") == "not conforming"


def test_a_backend_that_cannot_be_loaded_conforms_at_nothing():
    report = suite.run("nowhere.py:Mine")
    assert not report.complete
    assert report.verdict("core-1") == "not tried"
    assert not report.conforming("core-1")


def test_summary_keeps_its_columns_apart():
    report = suite.run("numpy", cases="core-1/sinh/float32/small")
    assert report.summary().splitlines()[1] == "  core-1      no failure in the part that was tried  1 pass"


def test_infinite_distance_survives_json(tmp_path):
    class Mine(NumPyBackend):
        def add(self, x1, x2):
            return np.subtract(x1, x2)

    wrong = suite.run(Mine(), cases="core-1/add/int32/small")
    wrong.save(tmp_path / "r.json")
    assert Report.load(tmp_path / "r.json").results[0].ulp == float("inf")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not whole JSON"),
        ('{"schema": 1, "results": [{"id"', "interrupted"),
        ("[1, 2]", "no conformance report"),
        ('{"schema": 99, "results": []}', "schema 99"),
        ('{"schema": 1, "results": [{"id": "a/b/c"}]}', "no complete conformance report"),
        ('{"schema": 1, "backend": "x", "results": [{"id": "a/b/c", "status": "fine"}]}', "no complete"),
        (
            '{"schema": 1, "backend": "x", "results": [{"id": null, "status": "pass"}]}',
            "results.0..id is None, expected",
        ),
        (
            '{"schema": 1, "backend": "x", "results": [' + ", ".join(2 * ['{"id": "a/b/c", "status": "pass"}']) + "]}",
            "twice",
        ),
        ('{"schema": 1, "backend": "x", "time": "soon", "results": []}', "time is .soon., expected number"),
        ("[" * 100_000, "nested too deeply"),
        (
            '{"schema": 1, "backend": "x", "cases": 3, "results": [{"id": "a/b/c", "status": "pass"}]}',
            "holds 1 result and says that it has 3",
        ),
        ('{"schema": 1, "backend": "x", "cases": "3", "results": []}', "says that it has '3'"),
        ('{"schema": true, "backend": "x", "results": []}', "schema True"),
        ('{"schema": 1, "backend": null, "results": []}', "backend is None, expected string"),
        ('{"schema": 1, "backend": "x", "label": 3, "results": []}', "label is 3, expected string"),
        ('{"schema": 1, "backend": "x", "seed": "3", "results": []}', "seed is '3', expected integer"),
        ('{"schema": 1, "backend": "x", "whole": [1], "results": []}', r"whole\[0\] is 1, expected string"),
        ('{"schema": 1, "backend": "x", "results": [3]}', r"results\[0\] is 3, expected object"),
        *(
            (f'{{"schema": 1, "backend": "x", "results": [{{"id": "a/b/c", "status": "fail", {part}}}]}}', words)
            for part, words in [
                ('"ulp": "big"', "ulp is 'big', expected number or null or 'inf' or 'nan'"),
                ('"ulp": true', "ulp is True"),
                ('"reason": ["a"]', r"reason is \['a'\], expected string"),
                ('"time": "x"', "time is 'x', expected number"),
                ('"more": 1', "has 'more', which is not in the schema"),
            ]
        ),
    ],
)
def test_report_file_that_is_none_gets_a_sentence(tmp_path, capsys, text, words):
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=words) as caught:
        Report.load(path)
    assert cli.main(["conformance-report", str(path), "-o", str(tmp_path / "site")]) == 2
    assert str(caught.value) in capsys.readouterr().err


def test_junit_counts(report):
    from xml.etree import ElementTree

    root = ElementTree.fromstring(report.to_junit())
    assert int(root.get("tests")) == len(root.findall("testcase")) == len(report.results)
    assert int(root.get("failures")) + int(root.get("errors")) == len(report.failures)
