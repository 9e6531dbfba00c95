"""GradientTape: what TensorFlow's users know of it."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, ShapeError

Pair = namedtuple("Pair", "left right")


def values(result):
    """Nested tensors as nested lists."""
    if isinstance(result, dict):
        return {key: values(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [values(value) for value in result]
    return None if result is None else result.numpy().tolist()


def test_variables_are_watched_by_themselves():
    w, b = pf.Variable([1.0, 2.0]), pf.Variable(3.0)
    with pf.GradientTape() as tape:
        y = (w * w + b).sum()
    assert values(tape.gradient(y, [w, b])) == [[2, 4], 2]
    assert [v is e for v, e in zip(tape.watched_variables(), (w, b), strict=True)] == [True, True]


def test_untrainable_variables_and_tensors_are_not():
    w, x = pf.Variable(2.0, trainable=False), pf.constant(3.0)
    with pf.GradientTape(persistent=True) as tape:
        y = w * x
    assert tape.gradient(y, w) is None
    assert tape.gradient(y, x) is None
    with pf.GradientTape(persistent=True) as tape:
        tape.watch([w, {"x": x}])
        y = w * x
    assert values(tape.gradient(y, [w, x])) == [3, 2]


def test_watch_accessed_variables_can_be_turned_off():
    v, w = pf.Variable(2.0), pf.Variable(3.0)
    with pf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        y = v * w
    assert values(tape.gradient(y, [v, w])) == [3, None]


def test_sources_keep_their_structure():
    a, b, c = (pf.Variable(float(i)) for i in (1, 2, 3))
    with pf.GradientTape() as tape:
        y = a * b * c
    found = tape.gradient(y, {"one": a, "more": (b, [c]), "named": Pair(a, b)})
    assert isinstance(found["more"], tuple)
    assert isinstance(found["named"], Pair)
    assert values(found) == {"one": 6, "more": [3, [2]], "named": [6, 3]}


def test_targets_are_summed():
    x = pf.constant([1.0, 2.0])
    with pf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, 3 * x
    assert values(tape.gradient(y, x)) == [2, 4]
    assert values(tape.gradient({"y": y, "z": [z]}, x)) == [5, 7]
    assert values(tape.gradient([y, y], x)) == [4, 8]
    assert values(tape.gradient(x, x)) == [1, 1]


def test_output_gradients():
    x = pf.constant([1.0, 2.0])
    with pf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, 3 * x
    assert values(tape.gradient(y, x, output_gradients=pf.constant([10.0, 1.0]))) == [20, 4]
    assert values(tape.gradient(y, x, output_gradients=[10.0, 1.0])) == [20, 4]
    assert values(tape.gradient([y, z], x, output_gradients=[pf.constant([1.0, 0.0]), pf.constant([0.0, 2.0])])) == [
        2,
        6,
    ]
    assert values(tape.gradient([y, z], x, output_gradients=[None, pf.constant([0.0, 2.0])])) == [2, 10]
    with pytest.raises(ShapeError, match="output_gradients need the targets' shapes"):
        tape.gradient(y, x, output_gradients=pf.constant([1.0]))
    for wrong in (pf.constant([1.0, 1.0]), [pf.constant([1.0, 1.0])], {"y": 1.0, "z": 1.0}):
        with pytest.raises(ShapeError, match="output_gradients need the structure of the targets"):
            tape.gradient([y, z], x, output_gradients=wrong)


def test_unconnected_gradients():
    v, w, x = pf.Variable([1.0, 2.0]), pf.Variable(3.0), pf.constant([1.0])
    with pf.GradientTape(persistent=True) as tape:
        y = v * 2
    assert values(tape.gradient(y, [v, w, x])) == [[2, 2], None, None]
    assert values(tape.gradient(y, [v, w, x], unconnected_gradients="zero")) == [[2, 2], 0, [0]]
    with pytest.raises(ValueError, match="'none' or 'zero'; got 'zeros'"):
        tape.gradient(y, v, unconnected_gradients="zeros")


def test_a_tape_answers_once():
    v = pf.Variable(2.0)
    with pf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="a second time.*GradientTape\\(persistent=True\\)"):
        tape.gradient(y, v)
    with tape:  # entered again, it records anew
        z = v * 3
    assert values(tape.gradient(z, v)) == 3


def test_a_persistent_tape_answers_often_and_goes_on():
    v = pf.Variable(2.0)
    with pf.GradientTape(persistent=True) as tape:
        y = v * v
    assert [values(tape.gradient(y, v)) for _ in range(2)] == [4, 4]
    with tape:
        z = y * v
    assert values(tape.gradient(z, v)) == 12


def test_a_tape_that_did_not_record():
    with pytest.raises(RuntimeError, match="needs a tape that recorded"):
        pf.GradientTape().gradient(pf.constant(1.0), pf.constant(1.0))
    tape = pf.GradientTape()
    with tape, pytest.raises(ValueError, match="recording already"):
        tape.__enter__()


def test_nested_tapes():
    x = pf.Variable(3.0)
    with pf.GradientTape() as outer:
        with pf.GradientTape() as inner:
            y = x**4
        first = inner.gradient(y, x)
    assert values(first) == 108
    assert values(outer.gradient(first, x)) == 108
    x = pf.constant(2.0)
    with pf.GradientTape() as third:
        third.watch(x)
        with pf.GradientTape() as second:
            second.watch(x)
            with pf.GradientTape() as innermost:
                innermost.watch(x)
                y = x**4
            a = innermost.gradient(y, x)
        b = second.gradient(a, x)
    assert [values(a), values(b), values(third.gradient(b, x))] == [32, 48, 48]


def test_a_gradient_inside_its_own_block():
    v = pf.Variable(2.0)
    with pf.GradientTape() as tape:
        y = v**3
        first = tape.gradient(y, v)
    assert values(first) == 12
    with pf.GradientTape(persistent=True) as tape:
        y = v**3
        first = tape.gradient(y, v)
    assert values(tape.gradient(first, v)) == 12


def test_independent_tapes_side_by_side():
    v, w = pf.Variable(2.0), pf.Variable(5.0)
    with pf.GradientTape() as one, pf.GradientTape() as two:
        y = v * w
    assert values(one.gradient(y, v)) == 5
    assert values(two.gradient(y, w)) == 2


def test_stop_recording():
    v = pf.Variable(2.0)
    with pf.GradientTape() as tape:
        y = v * v
        with tape.stop_recording():
            constant = v * v
        z = y + constant * v
    assert values(tape.gradient(z, v)) == 8
    with pf.GradientTape(persistent=True) as tape:
        y = v * v
        with tape.stop_recording():
            first = tape.gradient(y, v)
    assert values(first) == 4
    assert tape.gradient(first, v) is None


def test_reset():
    v = pf.Variable(2.0)
    with pf.GradientTape(persistent=True) as tape:
        y = v * v
        tape.reset()
        z = v * 3
    assert tape.gradient(y, v) is None
    assert values(tape.gradient(z, v)) == 3


def test_assignments_while_recording():
    """A variable's gradient counts each reading of it; what was assigned is not differentiated through."""
    v, x = pf.Variable(2.0), pf.Variable(10.0)
    with pf.GradientTape(persistent=True) as tape:
        y = v * v
        v.assign(x * 0.5)
        z = y + 3 * v
    assert values(z) == 19
    assert values(tape.gradient(z, v)) == 7
    assert tape.gradient(z, x) is None


def test_stop_gradient():
    x = pf.Variable(3.0)
    with pf.GradientTape() as tape:
        y = x * pf.stop_gradient({"a": x * 2})["a"]
    assert values(tape.gradient(y, x)) == 6


def test_integers():
    v, w = pf.Variable([1, 2]), pf.Variable([1.0, 2.0])
    with pf.GradientTape(persistent=True) as tape:
        y = v * 2
        z = w.value.astype("int32")
    assert tape.gradient(y, v) is None
    assert tape.gradient(z, w) is None
    assert tape.gradient(y, v, unconnected_gradients="zero").dtype.name == "int32"
    with pytest.raises(TypeError, match="watch takes floating tensors; got dtype int32"):
        tape.watch(v)
    with pytest.raises(TypeError, match="watch takes tensors and variables; got float"):
        tape.watch(1.0)
    with pytest.raises(TypeError, match="sources are variables and watched tensors; got int"):
        tape.gradient(z, 1)


def test_jacobian():
    x, w = pf.constant([1.0, 2.0]), pf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with pf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = w @ x
        z = x * x
    assert values(tape.jacobian(y, x)) == [[1, 2], [3, 4]]
    found = tape.jacobian(y, [x, w])
    assert found[1].shape == (2, 2, 2)
    assert values(found[1]) == [[[1, 2], [0, 0]], [[0, 0], [1, 2]]]
    assert values(tape.jacobian(z, x)) == [[2, 0], [0, 4]]
    assert tape.jacobian(z, w) is None
    assert tape.jacobian(z, w, unconnected_gradients="zero").shape == (2, 2, 2)
    with pytest.raises(DTypeError, match="jacobian needs a floating target"):
        tape.jacobian(pf.constant([1]), x)


def test_the_tape_is_left_when_an_error_is_raised():
    v = pf.Variable(2.0)
    tape = pf.GradientTape()
    y = None

    def fail():
        nonlocal y
        with tape:
            y = v * v
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert values(tape.gradient(y, v)) == 4
    from polyflow.ops.call import interpreter

    assert interpreter.get() is None


def test_loops_and_branches_are_python():
    x = pf.Variable(2.0)
    with pf.GradientTape() as tape:
        y = pf.constant(1.0)
        for i in range(4):
            y = y * x if i % 2 == 0 else y + x
    assert values(y) == 10
    assert values(tape.gradient(y, x)) == 9


def test_results_are_the_same_bits_with_and_without_a_tape():
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    def program(x):
        y = pf.tanh(x @ pf.transpose(x))
        return (y / (1 + y * y)).sum(0)

    plain = program(pf.constant(x)).numpy()
    with pf.GradientTape() as tape:
        t = pf.constant(x)
        tape.watch(t)
        recorded = program(t)
    np.testing.assert_array_equal(recorded.numpy(), plain)


def test_threads_do_not_see_each_others_tapes():
    """A tape records its own thread; two may differentiate in one variable at once."""
    from concurrent.futures import ThreadPoolExecutor

    v = pf.Variable(2.0)

    def work(power):
        found = []
        for _ in range(50):
            with pf.GradientTape() as tape:
                y = v**power
            found.append(tape.gradient(y, v).numpy().item())
        return set(found)

    with ThreadPoolExecutor(4) as pool, pf.GradientTape() as outer:
        results = list(pool.map(work, range(1, 5)))
    assert results == [{1.0}, {4.0}, {12.0}, {32.0}]
    assert outer.watched_variables() == ()
