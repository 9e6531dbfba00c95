"""What is known about a graph: groups of elementwise nodes, and how much memory values hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

import polyflow as pf
from polyflow.backend import discovery
from polyflow.flow.graph import Graph
from polyflow.flow.passes import fusion_groups, peak
from polyflow.flow.passes.fusion import elementwise
from polyflow.flow.trace import trace
from polyflow.ops.rules import Spec

from ..programs import programs, run

NUMPY = discovery.get("numpy")


def traced(function, *shapes):
    return trace(function, *[Spec(shape, pf.float32) for shape in shapes], backend=NUMPY).graph


def groups(function, *shapes):
    return [[node.op.name for node in group.nodes] for group in fusion_groups(traced(function, *shapes))]


def test_a_chain_is_a_group():
    (group,) = fusion_groups(traced(lambda x, b: pf.nn.relu(pf.tanh(x * 2.0) + b), (4, 3), (3,)))
    assert [node.op.name for node in group.nodes] == ["multiply", "tanh", "add", "relu"]
    assert (len(group.inputs), len(group.outputs), group.saved) == (2, 1, 3 * 2 * 48)


def test_a_group_has_no_way_out_and_back_in():
    def function(x):
        e = pf.exp(x)
        return e / pf.reduce_sum(e + 1.0)

    assert groups(function, (4,)) == [["exp", "add"]]
    assert groups(lambda x: pf.exp(x) / pf.reduce_sum(x), (4,)) == [["exp", "divide"]]


def test_what_is_of_another_shape_is_of_another_group():
    assert groups(lambda x: pf.reduce_sum(pf.exp(x) + 1.0, axis=0) * 2.0 - 1.0, (4, 3)) == [
        ["exp", "add"],
        ["multiply", "subtract"],
    ]


def test_no_two_groups_wait_for_each_other():
    """``tanh`` is read beside ``exp``, and ``multiply`` of its group before what would be in that of ``exp``."""

    def function(x, y):
        a, b = pf.exp(y), pf.tanh(x)
        return b + a, a + pf.reduce_sum(b * 2.0, axis=0)

    assert groups(function, (2, 4), (4,)) == [["tanh", "add", "multiply"]]


def test_branches_that_meet_are_one_group():
    (group,) = fusion_groups(traced(lambda x, y: (pf.exp(x) + pf.sin(y), pf.exp(y)), (4,), (4,)))
    assert sorted(node.op.name for node in group.nodes) == ["add", "exp", "sin"]


@settings(max_examples=60, deadline=None)
@given(programs())
def test_groups_run_as_one(steps):
    """With each group as one step there is an order in which all inputs come first, and the results stay."""
    found = trace(lambda x: run(steps, x), Spec((3, 3), pf.float64), backend=NUMPY)
    graph = found.graph
    group_of = {id(node): group for group in fusion_groups(graph) for node in group.nodes}
    assert all(elementwise(node) for group in group_of.values() for node in group.nodes)
    arrays = [np.random.default_rng(0).normal(size=(3, 3)), *(tensor.array for tensor in found.captured)]
    (expected,) = NUMPY.compile(graph)(*arrays)
    known = dict(zip(graph.inputs, arrays, strict=True))
    waiting = list({id(step): step for step in [group_of.get(id(node), node) for node in graph.nodes]}.values())
    while waiting:
        ready = [one for one in waiting if all(v in known or v.scalar is not None for v in one.inputs)]
        assert ready
        for one in ready:
            nodes, outputs = (one.nodes, one.outputs) if hasattr(one, "nodes") else ((one,), (one.output,))
            inputs = [value for value in one.inputs if value.scalar is None]
            inputs = list(dict.fromkeys(inputs))
            part = NUMPY.compile(Graph(inputs, list(nodes), list(outputs)))(*[known[value] for value in inputs])
            known.update(zip(outputs, part, strict=True))
            waiting.remove(one)
    np.testing.assert_array_equal(known[graph.outputs[0]], expected)


def test_peak_counts_what_lives_at_a_time():
    assert peak(traced(lambda x: pf.exp(pf.exp(pf.exp(x))), (100,))) == 2 * 400
    assert peak(traced(lambda x: pf.transpose(pf.exp(x)), (10, 10))) == 400  # a view holds nothing
    assert peak(traced(lambda x: (pf.exp(x), pf.sin(x), pf.cos(x)), (100,))) == 3 * 400
    assert peak(traced(lambda x: x, (100,))) == 0
