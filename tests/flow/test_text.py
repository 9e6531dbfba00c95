"""The text of a graph: it reads back as the same graph, and a text that is none is refused in a sentence."""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyflow as pf
from polyflow import dtypes as dt
from polyflow import keras, tree
from polyflow.backend import discovery
from polyflow.backend.keys import Slice
from polyflow.backend.nodes import run_node_by_node
from polyflow.errors import GraphTextError
from polyflow.flow.graph import Graph, Node, Value
from polyflow.flow.passes import simplified
from polyflow.flow.trace import trace
from polyflow.ops.declare import OPS
from polyflow.ops.rules import Spec

from .programs import programs, run

NUMPY = discovery.get("numpy")


def same(a, b):
    """Whether two attributes are equal in kind and bits; of graphs, in all that they compute."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (float, np.floating)):
        return np.array(a).tobytes() == np.array(b).tobytes() or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    if isinstance(a, np.ndarray):
        return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
    return equal(a, b) if isinstance(a, Graph) else a == b


def equal(a, b):
    """Whether two graphs are the same but for the names of their values."""
    pairs = dict(zip(a.values(), b.values(), strict=True))

    def alike(x, y):
        if (x.shape, x.dtype) != (y.shape, y.dtype):
            return False
        return same(x.scalar, y.scalar) if x.scalar is not None else pairs[x] is y

    return (
        all(x.shape == y.shape and x.dtype is y.dtype for x, y in pairs.items())
        and all(map(alike, a.outputs, b.outputs))
        and len(a.outputs) == len(b.outputs)
        and len(a.nodes) == len(b.nodes)
        and all(
            m.op is n.op
            and len(m.inputs) == len(n.inputs)
            and all(map(alike, m.inputs, n.inputs))
            and same(m.attrs, n.attrs)
            for m, n in zip(a.nodes, b.nodes, strict=True)
        )
    )


def round_trip(graph):
    text = str(graph)
    found = Graph.parse(text)
    assert equal(graph, found), text
    assert str(found) == text
    assert equal(graph, Graph.parse(graph.text(notes=True)))
    return found


@settings(max_examples=60, deadline=None)
@given(programs())
def test_random_programs_read_back(steps):
    traced = trace(lambda x: run(steps, x), Spec((3, 3), dt.float64), backend=NUMPY)
    arrays = [np.random.default_rng(0).normal(size=(3, 3)), *(tensor.array for tensor in traced.captured)]
    for one in (traced.graph, simplified(traced.graph, weak_scalars=True)):
        found = round_trip(one)
        (a,), (b,) = NUMPY.compile(one)(*arrays), NUMPY.compile(found)(*arrays)
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential(
        [
            keras.layers.Dense(5, activation="relu", input_shape=(4,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ],
        name="net",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.ones((6, 4), "float32"), np.arange(6) % 3)
    return model


def step_of(model):
    leaves, structure = tree.flatten((np.ones((6, 4), "float32"), np.arange(6) % 3, None))
    return model._step("train").traced(leaves, structure).graph


def test_a_training_step_reads_back(model):
    graph = step_of(model)
    round_trip(graph)
    round_trip(simplified(graph, weak_scalars=True))


LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec="utf-8"))
    | st.binary(max_size=4)
    | st.just(...)
    | st.sampled_from(dt.ALL)
    | st.builds(Slice, st.integers(0, 9), st.none() | st.integers(-1, 9), st.integers(-3, 3))
    | st.builds(slice, st.none() | st.integers(), st.none() | st.integers())
    | st.builds(lambda value, dtype: np.float32(value).astype(dtype)[()], st.floats(-9, 9), st.sampled_from(dt.FLOATS))
    | st.builds(
        lambda size, dtype: np.arange(size).astype(dtype), st.sampled_from([0, 1, 3, 70]), st.sampled_from(dt.ALL)
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(LITERALS)
def test_attributes_read_back(value):
    x = Value((2,), dt.float32, "x")
    y = Value((2,), dt.float32)
    text = str(Graph([x], [Node(OPS["clip"], (x,), {"min": value, "max": None}, y)], [y]))
    assert same(Graph.parse(text).nodes[0].attrs["min"], value), text


@pytest.mark.parametrize("dtype", [dt.float32, dt.float64])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 1e-45, 1, True])
def test_numbers_read_back(number, dtype):
    x = Value((2,), dt.float32, "x")
    y = Value((2,), dt.float32)
    scalar = Value((), dt.float32, scalar=number)
    round_trip(Graph([x], [Node(OPS["add"], (x, scalar), {}, y)], [y, Value((), dtype, scalar=number)]))


def test_graphs_in_attributes_read_back():
    inner = trace(lambda a, b: (a * 2.0, b + a), *[Spec((2,), dt.float32)] * 2, backend=NUMPY).graph
    x = Value((2,), dt.float32, "a")
    y = Value((2,), dt.float32, "b")
    graph = Graph([x], [Node(OPS["clip"], (x,), {"min": (inner, 1), "max": inner}, y)], [y])
    round_trip(graph)
    assert str(graph).count("\n") == 3 + 2 * 4


def test_control_flow_reads_back():
    def function(x):
        x = pf.cond(pf.sum(x) > 0.0, lambda: pf.sin(x), lambda: pf.scan(lambda c, r: (c * r, c), x[0], x)[1])
        return pf.sum(pf.while_loop(lambda v: pf.sum(v) < 9.0, lambda v: v * 1.5 + 1.0, (x,), maximum_iterations=3)[0])

    traced = trace(pf.grad(function), Spec((3,), dt.float32), backend=NUMPY)
    found = round_trip(traced.graph)
    x = np.array([0.2, -0.7, 0.1], "float32")
    (a,), (b,) = NUMPY.compile(traced.graph)(x), NUMPY.compile(found)(x)
    np.testing.assert_array_equal(a, b)
    round_trip(simplified(traced.graph, weak_scalars=True))


def test_names_are_readable_and_unique():
    kernels = [pf.Variable(np.ones(2, "float32"), name="my kernel") for _ in range(2)]

    @pf.function
    def forward(x, *rest, scale):
        kernels[0].assign(x)
        return kernels[0] + kernels[1] * x * rest[0] * scale

    one = pf.ones(2)
    graph = forward.graph(one, one * 2, scale=one * 3)
    called = [line.partition(":")[0].strip() for line in str(graph).splitlines()[1:6]]
    assert called == ["%x", "%argument_1", "%scale", "%my_kernel", "%my_kernel_1"]
    round_trip(graph)


def test_scopes_phases_and_lines(model):
    graph = step_of(model)
    found = {(node.phase, node.scope) for node in graph.nodes}
    assert {
        ("forward", "net/dense"),
        ("backward", "net/dense"),
        ("forward", "loss"),
        ("update", "adam/net/dense/kernel"),
        ("metrics", "metrics/accuracy"),
    } <= {(phase, re.sub(r"_\d+", "", scope)) for phase, scope in found}
    assert {node.phase for node in graph.nodes} == {"forward", "backward", "update", "metrics"}
    assert all(node.line[0] == __file__ for node in graph.nodes)


def test_nothing_is_noted_where_nothing_is_traced():
    from polyflow.flow import notes

    assert notes.scope("dense") is notes.backward()


# Errors ---------------------------------------------------------------------------------------------------------------

GOOD = """graph(%x: float32[2, 3], %w: float32[3, 4]) {
  %h: float32[2, 4] = matmul(%x, %w)
  %y: float32[2] = sum(%h, axis=-1, keepdims=False)
  return %y
}"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("matmul", "matmull", "line 2: there is no op 'matmull'. Did you mean 'matmul'"),
        ("%x, %w)\n", "%xx, %w)\n", "line 2: %xx is used and not defined. Did you mean '%x'"),
        ("%y: ", "%h: ", "line 3: %h is defined again; line 2 has it already"),
        ("%w: float32[3", "%x: float32[3", "line 1: %x is defined again"),
        ("(%x, %w)\n", "(%x)\n", "line 2: matmul has 1 argument; expected 2 (x1, x2)"),
        ("(%h,", "(%h, %h,", "line 3: sum has 2 arguments; expected 1 (x)"),
        (
            "axis=",
            "axes=",
            "line 3: sum has no attribute 'axes'. Did you mean 'axis'? Expected one of its own: axis, keepdims",
        ),
        (", keepdims=False", "", "line 3: sum lacks the attribute 'keepdims'. Expected all of axis, keepdims"),
        ("keepdims=False", "axis=0", "line 3: sum has the attribute 'axis' twice"),
        (
            "float32[2] =",
            "float32[3] =",
            r"line 3: sum is said to give float32[3]; expected float32[2] of these arguments",
        ),
        ("%h: float32", "%h: float64", r"line 2: matmul is said to give float64[2, 4]; expected float32[2, 4]"),
        ("%w: float32[3, 4]", "%w: float32[5, 4]", "line 2: matmul of shapes (2, 3) and (5, 4) does not fit"),
        ("axis=-1", "axis=7", "line 3: sum: axis 7 is out of range"),
        ("float32[2, 3]", "float33[2, 3]", "line 1: found 'float33', which is no dtype. Did you mean 'float32'"),
        ("float32[2, 3]", "float32[2.5, 3]", "line 1: found the size 2.5; expected an integer"),
        ("float32[2, 3]", "float32[x, 3]", "line 1: found 'x'; expected a size"),
        ("  return %y\n", "", "line 4: found '}'; expected 'return' and the results"),
        ("return", "retrun", "line 4: found 'retrun'; expected 'return' or a node"),
        ("%y\n}", "%y", "line 4: found the end of the text; expected '}' or ','"),
        ("}", "} more", "line 5: found 'more'; expected the end of the text"),
        ("axis=-1", "axis=$", "line 3: found '$'; expected"),
        ("axis=-1", "axis='a", "line 3: found a string without its end"),
        ("axis=-1", "axis=<object>", "line 3: found '<', an object that has no text"),
        ("axis=-1", "axis=", "line 3: found ','; expected a literal"),
        ("axis=-1", "axis=open('x')", "line 3: found 'open'; expected a literal"),
        ("%x, %w)\n", "%x, 'w')\n", "line 2: found \"'w'\"; expected a value"),
        ("graph(", "grap(", "line 1: found 'grap'; expected 'graph'"),
        ("graph(", "", "line 1: found '%x'; expected 'graph'"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(old, new, message):
    assert old in GOOD
    with pytest.raises(GraphTextError) as caught:
        Graph.parse(GOOD.replace(old, new, 1))
    assert message in str(caught.value)


@pytest.mark.parametrize("end", range(0, len(GOOD) - 1, 7))
def test_a_truncated_text_is_refused(end):
    with pytest.raises(GraphTextError, match=r"line \d+: "):
        Graph.parse(GOOD[:end])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.sampled_from(["", *"%(){}[]=,:x1-. \n#'\""]))
def test_a_changed_letter_is_read_or_refused(place, letter):
    """Whatever stands there, nothing but a graph or a GraphTextError comes out."""
    with contextlib.suppress(GraphTextError):
        Graph.parse(GOOD[:place] + letter + GOOD[place + 1 :])


def test_a_graph_is_pickled():
    """Its ops and dtypes are those of before; of graphs inside it the notes are lost."""
    graph = pf.function(lambda x: pf.cond(pf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x)).graph(pf.ones(3))
    again = pickle.loads(pickle.dumps(graph))
    assert str(again) == str(graph)
    assert [(node.line, node.phase) for node in again.nodes] == [(node.line, node.phase) for node in graph.nodes]
    assert NUMPY.compile(again)(np.ones(3, "float32"))[0].tolist() == [2, 2, 2]


# Errors of compiled functions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [NUMPY.compile, lambda g: run_node_by_node(g, NUMPY.resolve, NUMPY.asarray)])
def test_an_error_in_a_compiled_function_points_at_its_line(compiled):
    def function(a, i):
        b = a * 2.0
        return b[i] + 1.0

    graph = trace(function, Spec((3,), dt.float32), Spec((2,), dt.int64), backend=NUMPY).graph
    with pytest.raises(IndexError) as caught:
        compiled(graph)(np.ones(3, "float32"), np.array([0, 7]))
    (note,) = caught.value.__notes__
    assert note.startswith("while polyflow ran getitem from ")
    assert note.endswith(f"{os.path.basename(__file__)}:{function.__code__.co_firstlineno + 2}")


def test_an_error_of_a_program_that_says_nothing_of_nodes_points_at_its_line(monkeypatch):
    """As of a backend whose own compiler is behind it: the graph is run node by node to find out."""

    def compile_(graph):
        program = run_node_by_node(graph, NUMPY.resolve, NUMPY.asarray)

        def run(*arrays):
            try:
                return program(*arrays)
            except IndexError as error:
                raise IndexError(str(error)) from None

        return run

    monkeypatch.setattr(NUMPY, "compile", compile_, raising=False)

    @pf.function
    def function(a, i):
        b = a * 2.0
        return b[i] + 1.0

    def alone(a, i):
        return function(a, i)

    def under_a_tape(a, i):
        with pf.GradientTape() as tape:
            tape.watch(a)
            return function(a, i)

    line = f"{os.path.basename(__file__)}:{function.python_function.__code__.co_firstlineno + 3}"
    for call in (alone, under_a_tape):
        with pf.use_backend("numpy"), pytest.raises(IndexError) as caught:
            call(pf.ones((3,)), pf.constant([0, 7]))
        (note,) = caught.value.__notes__
        assert note.startswith("while polyflow ran getitem from ")
        assert note.endswith(line)


# Graphs in graphs, edited --------------------------------------------------------------------------------------------


def _loops(x):
    y, _ = pf.while_loop(lambda a, n: n < 3, lambda a, n: (a * 2.0, n + 1), (x, 0), maximum_iterations=5)
    z, _ = pf.scan(lambda h, e: (h + e, h), 0.0, y)
    return pf.cond(z > 0.0, lambda: y + z, lambda: y)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("consts=0", "consts=-1", "while_loop has -1 for consts; expected an integer of 0 or more"),
        ("maximum_iterations=5", "maximum_iterations='x'", "while_loop has 'x' for maximum_iterations; expected"),
        ("reverse=False", "reverse=3", "scan has 3 for reverse; expected True or False"),
        (
            "return %2, %4",
            "return %4, %2",
            r"while_loop: body gives \(int32\[\], float32\[4\]\); expected \(float32\[4\], int32\[\]\)",
        ),
        ("length=4", "length=3", r"scan is said to give .* expected"),
        ("carries=1", "carries=0", r"scan is said to give .* expected"),
        ("then=graph", "then=3, then=graph", "cond has the attribute 'then' twice"),
    ],
)
def test_graphs_of_control_flow_that_do_not_fit(old, new, message):
    text = str(pf.function(_loops).graph(pf.ones((4,))))
    assert str(Graph.parse(text)) == text
    assert old in text
    with pytest.raises(GraphTextError, match=message):
        Graph.parse(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("cond(%x, then=3, otherwise=4)", "line 2: cond has 3 for then; expected a graph"),
        ("reshape(%x, shape='a')", "line 2: reshape cannot be had with shape='a'.*as a printed graph has them"),
        ("getitem(%x, key=" + "(" * 5000, "line 2: found .*expected fewer containers"),
    ],
)
def test_attributes_that_are_none(node, message):
    with pytest.raises(GraphTextError, match=message):
        Graph.parse(f"graph(%x: bool[]) {{\n  %1: bool[] = {node}\n  return %1\n}}")
