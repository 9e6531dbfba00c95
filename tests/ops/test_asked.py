"""Errors tell the function that the user called, also where polyflow makes it of ops with other names."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow import array_api
from polyflow.errors import AxisError, DTypeError, ShapeError

ASKED = {
    "clip_by_value": lambda x: pf.clip_by_value(x, pf.zeros(4), 1.0),
    "multiply_no_nan": lambda x: pf.math.multiply_no_nan(x, pf.ones(7)),
    "squared_difference": lambda x: pf.math.squared_difference(x, pf.ones(7)),
    "segment_sum": lambda x: pf.math.segment_sum(x, [0]),
    "matvec": lambda x: pf.linalg.matvec(x, pf.ones(4)),
    "leaky_relu": lambda x: pf.nn.leaky_relu(pf.cast(x, "complex64")),
    "count_nonzero": lambda x: pf.math.count_nonzero(x, 9),
    "l2_normalize": lambda x: pf.nn.l2_normalize(x, axis=9),
    "vector_norm": lambda x: array_api.linalg.vector_norm(x, axis=9),
    "reduce_sum": lambda x: pf.reduce_sum(x, 9),
}


@pytest.mark.parametrize("way", ["eager", "function", "tape"])
@pytest.mark.parametrize("name", ASKED)
def test_an_error_of_an_op_tells_which_function_was_called(name, way):
    """What polyflow makes of several ops raises the errors of one of them; a note says what the user called."""
    use = {"eager": ASKED[name], "function": pf.function(ASKED[name]), "tape": pf.grad(ASKED[name])}[way]
    with pytest.raises((ShapeError, AxisError, DTypeError)) as caught:
        use(pf.ones((2, 3)))
    notes = [note for note in caught.value.__notes__ if "while polyflow ran" in note]
    assert notes == [f"while polyflow ran {name}"]


def test_an_error_of_the_function_that_was_called_has_no_such_note():
    x = pf.ones((2, 3))
    for use in (lambda: x @ x, lambda: pf.matmul(x, x), lambda: x + pf.ones(7), lambda: pf.nn.relu(pf.constant(1j))):
        with pytest.raises((ShapeError, DTypeError)) as caught:
            use()
        assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    "use",
    [
        lambda x: pf.clip_by_value(x, pf.zeros(4), 1.0),
        lambda x: array_api.clip(x, pf.zeros(4), 1.0),
        lambda x: pf.clip_by_value(x, "a", 1.0),
        lambda x: pf.clip_by_value(x, pf.constant(1j), 1.0),
        lambda x: pf.clip_by_value(x, pf.tensor(0.0, backend="jax"), 1.0),
    ],
)
def test_limits_of_clip_that_are_wrong_are_told_by_its_name(use):
    """The op of limits that are tensors has another name, which no user knows."""
    for form in (use, pf.function(use)):
        with pytest.raises((ShapeError, DTypeError, TypeError), match=r"^clip"):
            form(pf.ones((2, 3)))
