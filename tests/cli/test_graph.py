"""``polyflow graph``: what it shows of a script, and what keeps it from it."""

from __future__ import annotations

import json

import pytest

from polyflow.cli import main
from polyflow.flow.graph import Graph

SCRIPT = """import sys
import numpy as np
import polyflow as pf
from polyflow import keras

@pf.function
def double(x):
    return x * 2.0

if __name__ == "__main__":
    print("hello", *sys.argv[1:])
    double(pf.ones(3))
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,), name="dense")], name="net")
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), batch_size=2, verbose=0)
"""


@pytest.fixture
def show(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words, text=SCRIPT):
        (tmp_path / "train.py").write_text(text)
        code = main(["graph", "train.py", *words])
        return code, *capsys.readouterr()

    return run


def test_texts(show):
    code, out, err = show("--", "word")
    assert code == 0
    assert "hello word" in err
    first, second = out.strip().split("\n\n")
    assert first.startswith("# double on numpy\ngraph(%x: float32[3]) {")
    assert "# train.py:8" in first
    assert second.startswith("# net.train_step on numpy\n")
    assert "backward of net/dense" in second
    for text in (first, second):
        Graph.parse(text)


def test_only_steps(show):
    _, out, _ = show("--step")
    assert out.count("# net.train_step") == 1
    assert "# double" not in out


def test_summaries(show):
    code, out, _ = show("--step", "--summary")
    assert code == 0
    assert "matmul" in out
    assert "parameters" in out


def test_drawings(show, tmp_path):
    code, out, _ = show("--draw", "all.svg")
    assert code == 0
    assert out.splitlines() == ["# double on numpy: all-1.svg", "# net.train_step on numpy: all-2.svg"]
    assert (tmp_path / "all-2.svg").read_text().startswith("<svg")
    show("--step", "--draw", "step.html")
    assert "<html" in (tmp_path / "step.html").read_text()


def test_json(show):
    _, out, _ = show("--json")
    found = json.loads(out)
    assert [one["name"] for one in found] == ["double", "net.train_step"]
    assert found[0]["summary"]["total"] == {"nodes": 1, "flops": 3, "bytes": 24}
    Graph.parse(found[1]["text"])


@pytest.mark.parametrize(
    ("text", "words", "code", "message"),
    [
        ("1 / 0", [], 2, "train.py failed: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", [], 2, "train.py ended with exit code 3."),
        ("print(1)", [], 1, "train.py compiled no function or model."),
        (
            "import polyflow as pf; pf.function(pf.exp)(1.0)",
            ["--step"],
            1,
            "train.py compiled no training step.",
        ),
        ("print(1)", ["--draw", "a.png"], 2, "Unknown kind of drawing '.png'"),
        ("1 / 0", ["--draw", "missing/a.svg"], 2, "missing. Make it first."),
        ("1 / 0", ["--draw", "train.py/a.svg"], 2, "train.py. Make it first."),
    ],
)
def test_what_keeps_it_from_it(show, text, words, code, message):
    found, out, err = show(*words, text=text)
    assert (found, out) == (code, "")
    assert message in err


def test_a_missing_script(capsys):
    assert main(["graph", "none.py"]) == 2
    assert "There is no file 'none.py' to run." in capsys.readouterr().err
