"""What `where` keeps out of gradients: random branches, undefined where they are not taken, against defined ones."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import polyflow as pf
from polyflow.flow import guards, tape
from polyflow.flow.moving import MOVE
from polyflow.ops import elementwise, indexing, nn, reduction, shape
from polyflow.ops.declare import OPS

ROWS, COLUMNS = 4, 3
MENDED = np.array([0.3, 0.6, 0.9])
BAD = (0.0, -1.0, np.nan, np.inf, -np.inf)

UNARY = {
    "log": elementwise.log,
    "sqrt": elementwise.sqrt,
    "reciprocal": elementwise.reciprocal,
    "rsqrt": elementwise.rsqrt,
    "atanh": elementwise.atanh,
    "square": elementwise.square,
    "exp": elementwise.exp,
    "scaled": lambda x: x * 0.5 - 1.5,
    "power": lambda x: x**1.5,
    "clipped": lambda x: elementwise.clip(x, 0.1, 0.8),
    "relu": nn.relu,
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "logsumexp": lambda x: reduction.logsumexp(x, -1, True),
    "sum": lambda x: reduction.sum(x, -1, keepdims=True),
    "mean": lambda x: shape.expand_dims(reduction.mean(x, -1), -1),
    "max": lambda x: reduction.max(x, -1, True),
    "prod": lambda x: reduction.prod(x, -1, keepdims=True),
    "normed": lambda x: x / reduction.norm(x, -1, keepdims=True),
    "root of squares": lambda x: x / elementwise.sqrt(reduction.sum(x * x, -1, keepdims=True)),
    "cumulative_sum": lambda x: reduction.cumulative_sum(x, axis=-1),
    "cumulative_prod": lambda x: reduction.cumulative_prod(x, axis=1),
    "sort": reduction.sort,
    "flip": lambda x: shape.flip(x, -1),
    "turned": lambda x: shape.transpose(elementwise.log(shape.transpose(x))),
    "columns": lambda x: shape.concat([x[:, :1], x[:, 1:]], axis=1),
    "chosen": lambda x: x[:, np.zeros(COLUMNS, int)],
    "pad": lambda x: shape.pad(x, [(0, 0), (1, 0)], constant_values=0.5)[:, 1:],
    "added at": lambda x: indexing.index_add(x * 0.5, (slice(None), 0), elementwise.sqrt(x[:, -1])),
    "set at": lambda x: indexing.index_set(x, (slice(None), 0), elementwise.log(x[:, -1])),
}
BINARY = {
    "add": elementwise.add,
    "subtract": elementwise.subtract,
    "multiply": elementwise.multiply,
    "divide": elementwise.divide,
    "pow": elementwise.pow,
    "maximum": elementwise.maximum,
    "hypot": elementwise.hypot,
    "atan2": elementwise.atan2,
}


@st.composite
def programs(draw):
    """Steps on a growing pool of values, and up to three of these, each under a condition of its own."""
    steps = []
    for size in range(1, draw(st.integers(2, 6))):
        places = st.integers(0, size - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(places)))
        else:
            steps.append((draw(st.sampled_from(sorted(BINARY))), draw(places), draw(places)))
    flags = st.lists(st.booleans(), min_size=COLUMNS, max_size=COLUMNS)
    outputs = draw(
        st.lists(st.tuples(st.integers(1, len(steps)), st.booleans(), flags, st.booleans()), min_size=1, max_size=3)
    )
    return steps, outputs


COMPILED = {name: pf.function(step) for name, step in {**UNARY, **BINARY}.items()}


def program(steps, outputs, bad, compiled=frozenset()):
    """The sum of some values of a program, each of them only where its rows are not bad; and a condition on top.

    Steps whose numbers are in ``compiled`` are compiled functions, whose gradients are programs of their own.
    """
    conditions = [~bad[:, None] & np.array([flags] if by_element else [[True]]) for _, by_element, flags, _ in outputs]

    def function(x):
        pool = [x]
        for number, (name, *places) in enumerate(steps):
            step = COMPILED[name] if number in compiled else (UNARY if len(places) == 1 else BINARY)[name]
            pool.append(step(*[pool[place] for place in places]))
        total = 0.0
        for (place, _, _, other), condition in zip(outputs, conditions, strict=True):
            value = pool[place]
            wide = shape.broadcast_to(value, (ROWS, COLUMNS))
            chosen = elementwise.where(pf.constant(condition), wide, 0.0)
            if other:  # the other way round, and once more
                chosen = elementwise.where(pf.constant(~condition), 0.5, elementwise.where(~bad[:, None], chosen, 1.0))
            total = reduction.sum(chosen) + total
        return total

    return function


BAD_ROWS = np.array([True, False, True, False])


def check(steps, outputs, bad_numbers, seed=0, compiled=frozenset(), whole=False):
    """Gradients, their gradients and jvp are those at defined numbers, and 0 in the rows that no branch took."""
    rng = np.random.default_rng(seed)
    x = rng.choice(MENDED, (ROWS, COLUMNS)) + rng.uniform(-0.05, 0.05, (ROWS, COLUMNS))
    undefined = x.copy()
    undefined[BAD_ROWS] = np.reshape(bad_numbers, (2, COLUMNS))
    function = program(steps, outputs, BAD_ROWS, compiled)
    function = pf.function(function) if whole else function
    directions = rng.normal(size=x.shape)
    first = pf.grad(function)
    second = pf.grad(lambda x: reduction.sum(first(x) * directions))
    along = lambda x: pf.jvp(function, (x,), (pf.constant(directions * ~BAD_ROWS[:, None]),))[1]  # noqa: E731
    for derivative in (first, second, along):
        found = derivative(pf.constant(undefined)).numpy()
        expected = derivative(pf.constant(x)).numpy()
        if derivative is not along:
            expected = np.where(BAD_ROWS[:, None], 0.0, expected)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("step", UNARY)
def test_guards_pass_every_op(step):
    """What lies before an op is as well guarded as the op itself."""
    check([("sqrt", 0), ("log", 1), (step, 2), ("multiply", 3, 1)], [(4, True, [True] * COLUMNS, True)], BAD + BAD[:1])


@pytest.mark.parametrize("backend", ["numpy", "jax"])
@given(
    programs(), st.lists(st.sampled_from(BAD), min_size=2 * COLUMNS, max_size=2 * COLUMNS), st.integers(0, 2**32 - 1)
)
@settings(max_examples=40, deadline=None)
def test_what_is_not_taken_leaves_no_trace(backend, given_program, bad_numbers, seed):
    """However a branch is made, where it was not taken its gradient is 0."""
    with pf.use_backend(backend):
        check(*given_program, bad_numbers, seed)


@given(
    programs(),
    st.lists(st.sampled_from(BAD), min_size=2 * COLUMNS, max_size=2 * COLUMNS),
    st.integers(0, 2**32 - 1),
    st.frozensets(st.integers(0, 5)),
    st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_nor_does_it_in_compiled_functions(given_program, bad_numbers, seed, compiled, whole):
    """Guards go into the programs of the way back, and come out of them."""
    check(*given_program, bad_numbers, seed, compiled, whole)


@pytest.mark.parametrize("compiled", [{0}, {1}, {0, 1}, {2}, {0, 1, 2, 3}], ids=str)
@pytest.mark.parametrize("step", ["rsqrt", "sum", "sort", "turned"])
def test_guards_pass_calls(step, compiled):
    """Those of what is called, of what it is called with, and of what its way back keeps of the way forward."""
    steps = [("sqrt", 0), (step, 1), ("log", 2), ("multiply", 3, 1)]
    for whole in (False, True):
        check(steps, [(4, True, [True] * COLUMNS, True)], BAD + BAD[:1], 0, compiled, whole)


def at(function, *values):
    return pf.grad(lambda x: reduction.sum(function(x)))(pf.constant(list(values))).tolist()


def test_a_condition_met_twice():
    """A value used under two conditions has a slope where either holds."""

    def function(x):
        root = elementwise.sqrt(x)
        return elementwise.where(x > 0, root * root, 0.0) + elementwise.where(x > 1, root, 0.0)

    assert at(function, 0.0, 0.25, 4.0) == [0.0, 1.0, 1.25]


@pytest.mark.parametrize("step", [lambda x: reduction.cumulative_sum(x, axis=0), reduction.sort])
def test_guards_are_exact_where_elements_move(step):
    """Elements that no chosen sum or place depends on are guarded, though others of their axis are not."""
    first = pf.constant([True, False, False])
    assert at(lambda x: elementwise.where(first, step(1.0 - elementwise.sqrt(x)), 0.0), 0.25, 0.0, 0.0)[0] == -1.0
    found = at(lambda x: elementwise.where(first, step(elementwise.sqrt(x)), 0.0), 0.25, 4.0, np.inf)
    assert found == [1.0, 0.0, 0.0]
    zeros = at(lambda x: elementwise.where(first, step(elementwise.sqrt(x)), 0.0), 0.0, 4.0, 9.0)
    assert zeros == [np.inf, 0.0, 0.0]


def test_a_custom_gradient_counts_everywhere():
    """What a user's own gradient adds is not taken for what a `where` let through."""

    @pf.custom_gradient
    def tripled(x):
        return x * 3.0, lambda g: g * 3.0

    def function(x):
        y = x * x
        return tripled(y) + elementwise.where(x > 1, y, 0.0)

    assert at(function, 0.5, 2.0) == [3.0, 16.0]


def test_both_branches_of_a_where_are_everything():
    """A value used in both branches has no guard left, so nothing upstream has to be masked."""
    found = tape.Tape(None)
    x = found.fresh(pf.constant([-1.0, 2.0]))
    condition = pf.constant([False, True])
    taken, other = (guards.Guard({(id(condition), holds): condition}) for holds in (True, False))
    assert guards.either(taken, other) is None
    nested = guards.both(taken, guards.Guard({(id(x), True): x}))
    assert guards.either(nested, guards.both(other, guards.Guard({(id(x), True): x}))).conditions.keys() == {
        (id(x), True)
    }
    assert guards.either(nested, taken) is guards.either(taken, nested) is taken


def test_the_tables_name_ops():
    assert {*OPS, MOVE.name} >= guards.SAFE | guards.MOVES | guards.STEEP
    assert not guards.SAFE & guards.MOVES
    assert not guards.STEEP & (guards.SAFE | guards.MOVES)


def test_masks_are_computed_where_needed_alone(monkeypatch):
    """A guard that no rule needs costs nothing: the mask of rows is not spread over a matrix product."""
    asked = []
    mask = guards.Guard.mask.fget
    monkeypatch.setattr(guards.Guard, "mask", property(lambda self: asked.append(self) or mask(self)))
    w = pf.constant(np.ones((3, 2), np.float32))
    rows = pf.constant([[True], [False]])
    gradient = pf.grad(lambda x: reduction.sum(elementwise.where(rows, reduction.sum(x @ w, -1, keepdims=True), 0.0)))
    assert gradient(pf.constant(np.ones((2, 3), np.float32))).tolist() == [[2.0] * 3, [0.0] * 3]
    assert not asked


ROOTS = pf.constant([-1.0, 2.0, 0.0])
CONTROLLED = {
    "cond": lambda x: where_positive(x, pf.cond(x[1] > 0, lambda: pf.sqrt(x), lambda: x)),
    "switch_case": lambda x: where_positive(
        x, pf.switch_case(pf.cast(x[1], "int32") - 1, [lambda: x, lambda: pf.sqrt(x), lambda: x * 2.0])
    ),
    "map_fn": lambda x: where_positive(x, pf.map_fn(pf.sqrt, x)),
    "fori_loop": lambda x: where_positive(x, pf.fori_loop(0, 3, lambda i, v: pf.sqrt(v), x)),
    "scan": lambda x: where_positive(x, pf.scan(lambda c, e: (c + 1.0, pf.sqrt(e) + c), 0.0, x)[1]),
    "carry of a scan": lambda x: where_positive(
        x, pf.scan(lambda c, e: (pf.sqrt(c + e), None), x, pf.stack([x, x]))[0]
    ),
    "foldl": lambda x: where_positive(x, pf.foldl(lambda a, e: pf.sqrt(a) + e, pf.stack([x, x, x]))),
    "while_loop": lambda x: where_positive(x, thrice(lambda v: pf.sqrt(v), x)),
    "nested": lambda x: where_positive(
        x, pf.fori_loop(0, 2, lambda i, v: pf.cond(i > 0, lambda: pf.sqrt(v), lambda: pf.sqrt(v) + 1.0), x)
    ),
    "where in a branch": lambda x: of_root(
        x, lambda r: pf.cond(x[1] > 0, lambda: elementwise.where(x > 0, r, 0.0), lambda: x)
    ),
    "where in a body": lambda x: pf.fori_loop(0, 3, lambda i, v: elementwise.where(x > 0, pf.sqrt(v), 0.0), x),
    "where of a constant in a body": lambda x: of_root(
        x, lambda r: pf.fori_loop(0, 3, lambda i, v: v * elementwise.where(x > 0, r, 1.0), x)
    ),
    "where of elements": lambda x: of_root(
        x, lambda r: pf.map_fn(lambda one: elementwise.where(one[0] > 0, one[1], 0.0), (x, r))
    ),
    "where of what another step made": lambda x: pf.scan(
        lambda c, e: (elementwise.where(ROOTS > 0, c, 0.0) + pf.sqrt(e), None),
        pf.zeros(3),
        pf.stack([x, elementwise.stop_gradient(x * x + 1.0)]),
    )[0],
    "where in a while_loop": lambda x: of_root(x, lambda r: thrice(lambda v: v * elementwise.where(x > 0, r, 1.0), x)),
    "a carry that is not used": lambda x: pf.fori_loop(
        0, 1, lambda i, c: (c[0] + c[1], pf.sqrt(c[1] * 0.0)), (x * x, elementwise.exp(x))
    )[0],
    "carries that are not used": lambda x: pf.scan(
        lambda c, e: ((c[1], pf.log(c[0] * 0.0), c[2] + c[1] * e), c[2]), (x, x, x), pf.stack([x])
    )[0][2],
    "a carry of a while_loop that is not used": lambda x: pf.while_loop(
        lambda i, v, w: i < 1, lambda i, v, w: (i + 1, v * w, pf.sqrt(w - w)), (0, x, x), maximum_iterations=3
    )[1],
    "what one branch reads": lambda x: of_root(x, lambda r: pf.cond(x[0] > 0, lambda: r, lambda: x)),
    "what no step reads": lambda x: of_root(
        x, lambda r: pf.while_loop(lambda v: v[1] > 9, lambda v: v * r, (x,), maximum_iterations=3)[0]
    ),
}


def where_positive(x, value):
    return elementwise.where(x > 0, value, 0.0)


def of_root(x, function):
    return function(pf.sqrt(x))


def thrice(step, x):
    return pf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, step(v)), (0, x), maximum_iterations=5)[1]


@pytest.mark.parametrize("name", CONTROLLED)
def test_guards_pass_control_flow(name):
    """Compiled branches and loops leave 0, to second order, where op by op they do."""

    def function(x):
        return reduction.sum(CONTROLLED[name](x))

    def second(one):
        first = pf.grad(one)
        return pf.grad(lambda x: reduction.sum(first(x) ** 2 * 0.5 + pf.sin(first(x))))

    for derivative in (pf.grad, second):
        expected = derivative(function)(ROOTS).numpy()
        assert np.isfinite(expected).all()
        for run in (derivative(pf.function(function)), pf.function(derivative(pf.function(function)))):
            np.testing.assert_allclose(run(ROOTS).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_result_that_is_given_twice():
    """What one of two equal results has a slope for, the guard of the other does not take away."""

    def function(x):
        one, other = pf.function(lambda x: (lambda root: (root, root))(pf.sqrt(x)))(x)
        return elementwise.where(x > 1, one, 0.0) + other

    assert at(function, 0.25, 4.0) == [1.0, 0.5]
    in_branch = pf.function(lambda x: pf.cond(x[0] > 0, lambda: (lambda r: (r, r))(pf.sqrt(x)), lambda: (x, x)))
    assert at(lambda x: (lambda y: elementwise.where(x > 1, y[0], 0.0) + y[1])(in_branch(x)), 0.25, 4.0) == [1.0, 0.5]


def masks_in(graph):
    """How many booleans a graph computes, in its branches and bodies too."""
    inner = [graph_ for node in graph.nodes for name in node.op.graphs for graph_ in (node.attrs[name],)]
    return sum(value.dtype is pf.bool_ for one in (graph,) for node in one.nodes for value in (node.output,)) + sum(
        map(masks_in, inner)
    )


def test_loops_without_where_have_no_masks():
    """They cost nothing where nothing is guarded."""
    loop = pf.grad(lambda x: reduction.sum(pf.scan(lambda c, e: (pf.sqrt(c) * e, c + e), x, pf.stack([x, x]))[0]))
    assert masks_in(pf.function(loop).graph(pf.ones(3))) == 0
