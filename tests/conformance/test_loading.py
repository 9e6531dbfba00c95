"""A backend that cannot be made is one result, with a sentence that says why."""

from __future__ import annotations

import sys

import pytest

import polyflow_conformance as suite
from polyflow.backend.plugin import Plugin
from polyflow.errors import BackendBrokenError
from polyflow_conformance.loading import LoadError, load

from .sinh import ONE


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise OSError('no such library')", "OSError: no such library"),
        ("import not_there", "No module named 'not_there'"),
        ("class Mine(", "SyntaxError"),
        ("Other = 1", "has no attribute 'Mine'"),
        ("Mine = 3", "is an object of type int, expected a Backend"),
        ("Mine = lambda device: 'a backend'", "returned an object of type str, expected"),
        (
            "class Mine(NumPyBackend):\n    def __init__(self, device): raise RuntimeError('no driver')",
            "RuntimeError: no driver",
        ),
        ("class Mine(NumPyBackend):\n    name = ''", "whose name is ''"),
        (
            "from polyflow.backend import Backend\nclass Mine(Backend):\n    name = 'mine'",
            "Mine has no asarray(), devices()",
        ),
        ("class Mine(NumPyBackend):\n    capabilities = {'compile': True}", "expected a polyflow.backend.Capabilities"),
        (
            "class Mine(NumPyBackend):\n    deviations = {'core-1/*': 'why'}",
            "type str for 'core-1/*', expected a Deviation",
        ),
        ("class Mine(NumPyBackend):\n    protocol = '9.0'", "for version 9.0 of the backend protocol"),
        ("class Mine(NumPyBackend):\n    protocol = 1", "protocol version is 1, expected a string such as '1.0'"),
        (
            "class Mine(NumPyBackend):\n    def devices(self): return 'cpu:0'",
            "devices() returned the string 'cpu:0', expected a list of names",
        ),
        ("class Mine(NumPyBackend):\n    def asarray(self, *given): return [1]", "asarray of a NumPy array"),
        (
            "class Mine(NumPyBackend):\n    @property\n    def deviations(self): raise OSError('no file of them')",
            "asking what its backend declares raised OSError: no file of them.",
        ),
        (
            "class Mine(NumPyBackend):\n    @property\n    def protocol(self): raise OSError('no protocol')",
            "asking what its backend declares raised OSError: no protocol.",
        ),
        ("class Yours(NumPyBackend): pass", "has no attribute 'Mine'. Its backends: Yours."),
        ("class Mine(NumPyBackend):\n    name = 'my\\nown'", "whose name is 'my\\nown', expected a word"),
        ("raise OSError('first\\nsecond')", "raised OSError: first second (mine.py, line 3)."),
        (
            "class Mute(Exception):\n    def __str__(self): raise SystemExit(3)\nraise Mute",
            "raised Mute: (its text cannot be had",
        ),
        ("raise SystemExit(3)", "SystemExit"),
        ("class Panic(BaseException): pass\nraise Panic('at src/lib.rs')", "Panic: at src/lib.rs"),
        (
            "class Panic(BaseException): pass\nclass Mine(NumPyBackend):\n    def __init__(self, device): raise Panic",
            "making the backend by Mine(None) raised Panic",
        ),
    ],
)
def test_backend_that_cannot_be_made_is_one_result(source, body, words):
    report = suite.run(source(body))
    assert [result.status for result in report.results] == ["error"]
    assert words in report.results[0].reason
    assert not report.ok


def test_file_that_is_not_there_and_name_that_nobody_has():
    assert "there is no file" in suite.run("nowhere.py:Mine").results[0].reason
    assert "Unknown backend 'nampy'" in suite.run("nampy").results[0].reason
    assert "got int" in suite.run(3).results[0].reason
    assert "name the backend in it too: 'mine.py:NAME'" in suite.run("mine.py").results[0].reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("class Mine: pass", "is the class Mine, which is no Backend; write class Mine(polyflow.backend.Backend)"),
        (
            "class Mine:\n    def __init__(self, device): pass",
            "is the class Mine, which is no Backend; write class Mine",
        ),
        ("class Made: pass\nMine = Made()", "is an object of type Made, expected a Backend, its class or a function"),
        ("def Mine(): pass", "is a function, which, called with the device (None), raised TypeError: Mine()"),
        ("def Mine(device): pass", "is a function, which, called with the device (None), returned None, expected a p"),
        (
            "def Mine(device): return NumPyBackend",
            "returned the class NumPyBackend, expected a polyflow.backend.Backend",
        ),
        ("import math as Mine", "is the module math, expected a Backend, its class or a function that makes one"),
        ("Mine = None", "is None, expected a Backend"),
        (
            "class Mine(NumPyBackend):\n    def __init__(self): pass",
            "making the backend by Mine(None) raised TypeError: ",
        ),
        (
            "from polyflow.backend import ArrayNamespaceBackend\nclass Mine(ArrayNamespaceBackend):\n"
            "    name, xp = 'mine', np\n    def __init__(self, device): pass",
            "its object has no device: an __init__ of its own has to call super().__init__(device).",
        ),
    ],
)
def test_attribute_that_is_no_backend_gets_a_sentence(source, body, words):
    (result,) = suite.run(source(body)).results
    assert words in result.reason
    assert "AttributeError" not in result.reason


def test_device_is_named_behind_the_attribute(source, tmp_path, monkeypatch):
    body = (
        "from polyflow.backend import ArrayNamespaceBackend\nclass Mine(ArrayNamespaceBackend):\n"
        "    name, xp, devices = 'mine', np, lambda self: ('cpu:0', 'far:1')\n"
        "    def __init__(self, device=None): super().__init__('far:1' if device == 'far' else device)\n"
        "made, make = Mine(), lambda device: Mine(device)"
    )
    monkeypatch.syspath_prepend(tmp_path)
    spec = source(body, name="of_mine.py")
    for place in (spec, "of_mine:Mine", spec.replace(":Mine", ":make")):
        for device, full in (("", "cpu:0"), (":cpu:0", "cpu:0"), (":far:1", "far:1"), (":far", "far:1")):
            assert load(place + device).backend.device == full
        with pytest.raises(LoadError, match="has no device 'near:2'. Its devices: cpu:0, far:1"):
            load(f"{place}:near:2")
    assert load(spec.replace(":Mine", ":made:cpu:0")).backend.device == "cpu:0"
    with pytest.raises(LoadError, match="one object on device 'cpu:0', so it cannot be had on 'far:1'"):
        load(spec.replace(":Mine", ":made:far:1"))
    with pytest.raises(LoadError, match="has no attribute 'Yours'"):
        load(spec.replace(":Mine", ":Yours:cpu:0"))
    for wrong in (spec + ":", spec.replace(":Mine", ":"), spec.replace(":Mine", ":a.b")):
        with pytest.raises(LoadError, match="FILE.py:NAME or FILE.py:NAME:DEVICE"):
            load(wrong)
    with pytest.raises(LoadError, match="Unknown backend 'nampy'. Did you mean 'numpy'"):
        load("nampy:cpu:0")
    assert suite.run(spec + ":far:1", cases=ONE, isolate=True).device == "far:1"


def test_module_that_is_a_file_beside_us_is_pointed_at(tmp_path, monkeypatch):
    (tmp_path / "thing_of_mine.py").write_text("Mine = 3", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "write 'thing_of_mine.py:Mine'" in suite.run("thing_of_mine:Mine").results[0].reason


@pytest.mark.parametrize(
    ("cases", "words"),
    [([3], "a case is a polyflow_conformance.Case; got int."), (["core-1/x"], "got str"), (None, "hook raised")],
)
def test_cases_of_a_plugin_that_are_none_are_one_result(monkeypatch, cases, words):
    def given(plugin):
        if cases is None:
            raise BackendBrokenError("the hook raised")
        return cases

    monkeypatch.setattr(Plugin, "conformance_cases", given)
    report = suite.run("numpy", ops="sinh")
    assert [(result.id, result.status) for result in report.results] == [("device-1/backend/loads", "error")]
    assert report.results[0].reason.startswith("the conformance cases that polyflow-core adds: ")
    assert words in report.results[0].reason


def test_what_a_file_imports_may_lie_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "kernels_of_mine.py").write_text("name = 'mine'\n")
    (tmp_path / "mine.py").write_text(
        "from polyflow_numpy.backend import NumPyBackend\nimport kernels_of_mine\n"
        "class Mine(NumPyBackend):\n    name = kernels_of_mine.name\n"
    )
    assert load(f"{tmp_path / 'mine.py'}:Mine").backend.name == "mine"
