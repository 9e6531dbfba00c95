"""The page of several reports."""

from __future__ import annotations

import json

from polyflow_conformance.page import page
from polyflow_conformance.report import Report, Result


def test_page_tells_reports_of_one_backend_apart():
    """By their labels, else by their devices; counts stand in one order, whatever came first."""

    def one(device, label=""):
        results = [Result("core-1/add/int8/a", "skip"), Result("core-1/add/int8/b", "pass")]
        return Report("many", device=device, label=label, results=results)

    text = page([one("a:cpu"), one("b:cpu"), one("c:cpu", label="Third")])
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert [report["name"] for report in data["reports"]] == ["many:a:cpu", "many:b:cpu", "Third"]
    for report in data["reports"]:
        assert list(report["groups"]["core-1"]["n"]) == list(report["cells"]["core-1/add"]["n"]) == ["pass", "skip"]
    assert "<title>Conformance: many:a:cpu, many:b:cpu, Third</title>" in text


def test_page_tells_reports_apart_that_have_one_name():
    """By the first fact in which they differ, else by number; what the user called them comes first."""

    def names(*reports):
        text = page(list(reports))
        data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
        return [report["name"] for report in data["reports"]]

    def one(backend="many", **facts):
        return Report(backend, **{"device": "cpu:0", **facts}, results=[Result("core-1/add/int8/a", "pass")])

    assert names(one(), one("other")) == ["many", "other"]
    assert names(one(), one()) == ["many (1)", "many (2)"]
    assert names(one(label="A"), one(label="A"), one(label="B")) == ["A (1)", "A (2)", "B"]
    assert names(one(label="A"), one(label="A", device="gpu:0")) == ["A:cpu:0", "A:gpu:0"]
    assert names(one(version="1.0"), one(version="1.1")) == ["many 1.0", "many 1.1"]
    assert names(one(python="3.11"), one(python="3.12"), one(python="3.12")) == [
        "many Python 3.11", "many Python 3.12 (1)", "many Python 3.12 (2)"
    ]  # fmt: skip
    assert names(one(date="2026-11-29"), one(date="2026-11-30")) == ["many of 2026-11-29", "many of 2026-11-30"]
    assert names(one(label="many (1)"), one(), one()) == ["many (1)", "many (2)", "many (3)"]


def test_page_holds_every_op_and_cannot_be_broken_by_a_reason(report):
    report = Report.from_data(json.loads(report.to_json()))
    report.results[0].status, report.results[0].reason = "fail", "</script><b>bold & free</b>"
    text = page([report, report])
    assert text.count("</script>") == 2
    assert "http" not in text.replace("https://example.org", "")
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert len(data["reports"]) == 2
    assert {key.split("/")[1] for key in data["reports"][0]["cells"]} == {result.op for result in report.results}
