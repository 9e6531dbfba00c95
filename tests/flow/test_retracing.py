"""Why functions are traced again, and the warning where that happens at nearly every call."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow.flow.retracing import COMPARED, MANY, Programs, RetracingWarning, Traits


def test_reasons():
    @pf.function
    def f(x, *, n=1, more=()):
        return x * n

    x = pf.ones((2,))
    f(x)
    f(x)
    assert f.retraces == ()
    f(pf.ones((3,)))
    f(x, n=2)
    f({"a": x, "b": x}["a"].astype("float64"), n=2)
    f(x, n=2, more=[x, 1])
    assert f.retraces == (
        "x is float32 of shape (3,) instead of float32 of shape (2,)",
        "n is new",
        "x is float64 of shape (2,) instead of float32 of shape (2,)",
        "more[0] is new, more[1] is new",
    )


def test_a_function_that_is_traced_at_every_call_warns_once():
    @pf.function
    def f(x, n):
        return x + n

    x = pf.ones((2,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(MANY):
            f(x, n)
    with pytest.warns(
        RetracingWarning, match=r"f was traced 9 times in 9 calls(.|\n)*trace 2: n is 1 instead of 0"
    ) as seen:
        f(x, MANY)
    assert "Pass numbers that change as tensors" in str(seen[0].message)
    assert seen[0].filename == __file__
    f(x, MANY + 1)


def test_traces_between_which_programs_are_used_do_not_warn():
    class Model:
        @pf.function
        def call(self, x):
            return x * 2.0

    model = Model()
    for size in range(1, 2 * MANY):
        for _ in range(3):
            model.call(pf.ones((size,)))
    assert len(model.call.retraces) == 2 * MANY - 2
    assert model.call.retraces[-1] == (
        f"x is float32 of shape ({2 * MANY - 1},) instead of float32 of shape ({2 * MANY - 2},)"
    )
    np.testing.assert_array_equal(model.call(pf.ones((2,))).numpy(), [2, 2])


def test_reasons_that_lie_in_how_arguments_are_given():
    @pf.function
    def f(x, n):
        return [pf.sum(one) * n for one in x]

    x = pf.ones((2,))
    f([x], 2)
    f((x,), 2)
    f([x], n=2)
    assert f.retraces == ("x is of the form (*,) instead of [*]", "n is given by name instead of by place")


def test_numbers_are_told_apart_by_their_bits_and_nan_is_itself():
    @pf.function
    def f(x, k):
        return 1.0 / (x * k)

    x = pf.ones(())
    assert [float(f(x, k)) for k in (0.0, -0.0, 0.0)] == [np.inf, -np.inf, np.inf]
    assert f.retraces == ("k is -0.0 instead of 0.0",)
    for _ in range(3):
        f(x, float("nan"))
        f(x, complex(0.0, float("nan")))
    assert len(f.retraces) == 3


def test_a_storm_costs_each_trace_the_same():
    programs = Programs()
    for n in range(3 * COMPARED):
        programs.calls += 20
        programs.traced("f", Traits("numpy", {"n": str(n)}, {}))
    assert len(programs._traits) == COMPARED
    assert programs.reasons[-1] == f"n is {3 * COMPARED - 1} instead of {3 * COMPARED - 2}"


def logged(caplog, make, calls=1, times=3 * MANY):
    """What is logged where a function is made again and again, and called each time."""
    caplog.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = [make() for _ in range(times)] if make.__name__ == "kept" else (make() for _ in range(times))
        for one in kept:
            for _ in range(calls):
                one(pf.ones((2,)))
            del one
            gc.collect()
    return [record.getMessage() for record in caplog.records if record.name == "polyflow"]


def test_functions_made_anew_for_each_call_are_logged_once(caplog):
    def doubled(x):
        return x * 2

    found = logged(caplog, lambda: pf.function(doubled))
    assert len(found) == 1
    assert f"doubled was made a compiled function, traced for a call or two and thrown away {MANY} times" in found[0]
    assert len(logged(caplog, lambda: pf.function(lambda x: x + 1))) == 1


def test_functions_that_are_used_are_not_logged(caplog):
    def kept():
        return pf.function(lambda x: x - 1)

    class Layer:
        @pf.function
        def call(self, x):
            return x * 3

    assert logged(caplog, lambda: pf.function(lambda x: x * 4), calls=3) == []
    assert logged(caplog, kept, times=MANY) == []
    assert logged(caplog, lambda: Layer().call) == []
    assert logged(caplog, lambda: pf.function(lambda x: x * 5), times=MANY) == []
