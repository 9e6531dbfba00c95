"""What is said of traced values that a program asks for, hands to NumPy or keeps, and of functions without end."""

from __future__ import annotations

import linecache
import pickle

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import DTypeError, TraceError


def noted_line(error: BaseException) -> str:
    """The line of code that the last note of an error names."""
    file, number = error.__notes__[-1].removeprefix("at ").rsplit(":", 1)
    assert file.endswith("test_refusals.py")
    return linecache.getline(__file__, int(number)).strip()


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda x: -x if x > 0 else x, "Write pf.cond"),
        (lambda x: x > 0 and x < 1, "pf.while_loop"),
        (lambda x: float(x), "Use polyflow ops on it"),
        (lambda x: [1, 2][x.astype("int32")], r"Use it in x\[...\]"),
        (lambda x: np.asarray(x), "is not known yet"),
        (lambda x: np.from_dlpack(x), "is not known yet"),
        (lambda x: pickle.dumps(x), "is not known yet"),
        (lambda x: np.sin(x), r"np.sin got a traced tensor \(shape \(\), dtype float32\).*Use pf.sin"),
        (lambda x: np.mean(x), "np.mean got a traced tensor .*Use pf.mean"),
        (lambda x: np.concatenate([x, x]), "np.concatenate got .*Use polyflow's ops"),
        (lambda x: np.add.reduce(x), "np.add got"),
    ],
)
def test_values_that_are_asked_for(use, words):
    """The sentence says what to write instead, and a note the line."""
    with pytest.raises(TraceError, match=words) as caught:
        pf.function(use)(pf.constant(1.0))
    assert noted_line(caught.value).startswith("(lambda x:")


def test_operators_of_numpys_arrays_still_come_to_traced_tensors():
    host = np.array([1.0, 4.0], np.float32)

    @pf.function
    def f(x):
        return [host + x, host - x, host / x, host < x, host @ x, np.float64(2) * x, host**x, np.shape(x)[0]]

    x = pf.constant([2.0, 3.0])
    expected = [host + x, host - x, host / x, host < x, host @ x, np.float64(2) * x, host**x]
    *found, length = f(x)
    assert length == 2
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert one.dtype == other.dtype


def test_a_traced_tensor_in_a_list():
    kept = []

    @pf.function
    def f(x):
        kept.append(x * 2.0)
        return x

    f(pf.constant(1.0))
    for use in (lambda: kept[0] + 1.0, lambda: kept[0].numpy(), lambda: float(kept[0]), lambda: np.asarray(kept[0])):
        with pytest.raises(TraceError, match=r"made at .*test_refusals.py:\d+, was kept from the function.*scan"):
            use()


def test_recursion_without_end():
    @pf.function
    def factorial(n):
        return pf.cond(n <= 1, lambda: n, lambda: n * factorial(n - 1))

    with pytest.raises(TraceError, match="factorial calls itself without end while it is traced.*pf.while_loop"):
        factorial(pf.constant(5))

    @pf.function
    def ended(x, n):
        return x if n == 0 else x * ended(x, n - 1)

    assert float(ended(pf.constant(2.0), 3)) == 16.0


def test_a_variable_that_is_made_at_every_call():
    """It would be another one op by op, and the same one in the compiled program."""

    @pf.function
    def f(x):
        v = pf.Variable(0.0, name="total")
        v.assign_add(x)
        return v.value

    with pytest.raises(TraceError, match="f makes the variable 'total' at every call.*once") as caught:
        f(pf.constant(1.0))
    assert "test_refusals.py" in caught.value.__notes__[-1]


def test_a_variable_that_is_made_once():
    made = []

    @pf.function
    def f(x):
        if not made:
            made.append(pf.Variable(1.0))
        made[0].assign_add(x)
        return pf.cond(x > 0, lambda: made[0] * 2.0, lambda: made[0] * 0.0)

    assert [float(f(pf.constant(x))) for x in (1.0, 2.0, -1.0)] == [4.0, 8.0, 0.0]
    assert float(made[0]) == 3.0


def test_a_method_of_an_object_without_weak_references():
    class Bare:
        __slots__ = ("factor",)

        def __init__(self):
            self.factor = 2.0

        @pf.function
        def scaled(self, x):
            return x * self.factor

    with pytest.raises(TypeError, match="scaled is a method of a Bare.* Add '__weakref__' to its __slots__"):
        Bare().scaled(pf.ones(2))


def test_an_argument_that_cannot_be_a_key():
    with pytest.raises(DTypeError, match="shift got an argument of type set, which is no tensor and not hashable"):
        pf.function(shift)(pf.ones(2), {1, 2})


def shift(x, by):
    return x + len(by)
