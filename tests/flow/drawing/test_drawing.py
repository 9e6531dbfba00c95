"""Drawings: every node is there once, nothing lies on anything else, and the files need nothing but themselves."""

from __future__ import annotations

import itertools
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import keras
from polyflow.backend import discovery
from polyflow.errors import UnknownNameError
from polyflow.flow.drawing import lanes
from polyflow.flow.drawing.layers import nearest
from polyflow.flow.drawing.picture import picture
from polyflow.flow.graph import Graph
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

from ..programs import programs, run

NUMPY = discovery.get("numpy")


@pytest.fixture(scope="module")
def step():
    layers = [keras.layers.Dense(5, activation="relu", input_shape=(4,)), keras.layers.BatchNormalization()]
    model = keras.Sequential([*layers, keras.layers.Dropout(0.5), keras.layers.Dense(3)], name="net")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    x, y = np.ones((6, 4), "float32"), np.arange(6) % 3
    model.train_on_batch(x, y)
    return model._step("train").traced([x, y], pf.tree.flatten((x, y, None))[1]).graph


def apart(boxes):
    """Whether rectangles (x, y, width, height) lie beside each other."""
    return all(
        a[0] + a[2] <= b[0] + 0.01
        or b[0] + b[2] <= a[0] + 0.01
        or a[1] + a[3] <= b[1] + 0.01
        or b[1] + b[3] <= a[1] + 0.01
        for a, b in itertools.combinations(boxes, 2)
    )


def rectangle(one):
    return one.x, one.y, one.width, one.height


def check_layout(graph):
    drawn = picture(graph)
    width, height = lanes.place(drawn)
    assert apart([rectangle(cluster) for cluster in drawn.clusters])
    for cluster in drawn.clusters:
        assert 0 <= cluster.x <= cluster.x + cluster.width <= width
        assert 0 <= cluster.y <= cluster.y + cluster.height <= height
        assert apart([rectangle(box) for box in cluster.boxes])
        assert all(box.x >= 0 and box.x + box.width <= cluster.width + 0.01 for box in cluster.boxes)
        assert all(box.y >= 0 and box.y + box.height <= cluster.height + 0.01 for box in cluster.boxes)
    assert len(lanes.routes(drawn)) == len(drawn.links)
    return drawn


@settings(max_examples=40, deadline=None)
@given(programs())
def test_nothing_lies_on_anything_else(steps):
    check_layout(trace(lambda x: run(steps, x), Spec((3, 3), pf.float64), backend=NUMPY).graph)


def test_a_training_step(step):
    drawn = check_layout(step)
    found = {(cluster.phase, cluster.label) for cluster in drawn.clusters}
    assert ("forward", "loss") in found
    assert any(phase == "update" and label.startswith("adam · dense") for phase, label in found)
    rows = {(cluster.phase, cluster.scope): cluster.row for cluster in drawn.clusters}
    assert all(row == rows["forward", scope] for (phase, scope), row in rows.items() if phase == "backward" and scope)
    numbers = sum(node.op.name == "full" and node.output not in step.outputs for node in step.nodes)
    assert sum(box.what != "input" for cluster in drawn.clusters for box in cluster.boxes) >= len(step.nodes) - numbers


def test_graphs_inside_nodes_are_drawn():
    def function(x):
        return pf.cond(pf.sum(x) > 0.0, lambda: pf.sin(x), lambda: x)

    drawn = check_layout(trace(function, Spec((3,), pf.float32), backend=NUMPY).graph)
    inner = {cluster.label: [box.title for box in cluster.boxes] for cluster in drawn.clusters if cluster.inner}
    assert "sin" in inner["cond then"]
    assert any(title.startswith("→ ") for title in inner["cond otherwise"])


def test_an_empty_graph_is_drawn(tmp_path):
    for ending in ("svg", "html", "mmd"):
        Graph().draw(tmp_path / f"none.{ending}")


def test_svg_is_whole(step, tmp_path):
    name = step.draw(tmp_path / "step.svg", title="a <step> & more")
    root = ElementTree.fromstring((tmp_path / "step.svg").read_text())
    assert name.endswith("step.svg")
    text = "".join(root.itertext())
    assert all(word in text for word in ("a <step> & more", "matmul", "float32[6, 5]", "forward", "backward", "update"))
    assert step._repr_svg_() in step._repr_html_()


def test_html_needs_nothing_else(step, tmp_path):
    step.draw(tmp_path / "step.html")
    text = (tmp_path / "step.html").read_text()
    assert set(re.findall(r"https?://[^\"' ]*", text)) == {"http://www.w3.org/2000/svg"}
    data = json.loads(re.search(r'id="data">(.*?)</script>', text).group(1))
    drawn = picture(step)
    assert (len(data["clusters"]), len(data["links"])) == (len(drawn.clusters), len(drawn.links))
    for kind, many in (("f", len(drawn.clusters)), ("c", len(drawn.clusters)), ("l", len(drawn.links))):
        assert {int(number) for number in re.findall(rf'id="{kind}(\d+)"', text)} == set(range(many))


def test_mermaid(step, tmp_path):
    step.draw(tmp_path / "step.mmd")
    lines = (tmp_path / "step.mmd").read_text().splitlines()
    assert lines[0] == "flowchart TD"
    assert lines.count("  end") == sum(line.startswith("  subgraph ") for line in lines)
    defined = {found.group(1) for line in lines if (found := re.match(r"\s+(n\d+)[\[(]", line))}
    used = {name for line in lines if "-->" in line for name in re.findall(r"n\d+", line)}
    assert used <= defined


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Unknown kind of drawing '.svgg'. Did you mean '.svg'"):
        Graph().draw(tmp_path / "a.svgg")
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8), st.data())
def test_nearest_places_are_in_order_and_nearest(wanted, data):
    spaces = data.draw(st.lists(st.floats(0, 20), min_size=len(wanted) - 1, max_size=len(wanted) - 1))
    found = nearest(wanted, spaces)
    assert all(b - a >= space - 1e-6 for a, b, space in zip(found, found[1:], spaces, strict=False))
    cost = sum((a - b) ** 2 for a, b in zip(found, wanted, strict=True))
    rng = np.random.default_rng(0)
    for _ in range(20):  # no other admissible places are nearer
        other = np.cumsum([rng.normal(found[0], 5), *(np.array(spaces) + rng.exponential(3, len(spaces)))])
        assert cost <= sum((other - np.array(wanted)) ** 2) + 1e-6
