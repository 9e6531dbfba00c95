"""Values without axes: NumPy's scalars under Python's operators, ten times as fast as arrays without axes."""

from __future__ import annotations

from typing import Any

from polyflow import dtypes as dt

WORDS = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negative": "-{}",
    "square": "{0} * {0}",
    "equal": "{} == {}",
    "not_equal": "{} != {}",
    "less": "{} < {}",
    "less_equal": "{} <= {}",
    "greater": "{} > {}",
    "greater_equal": "{} >= {}",
    "isnan": "{0} != {0}",
    "logical_and": "{} & {}",
    "logical_or": "{} | {}",
    "where": "{1} if {0} else {2}",
    "astype": "{dtype}({})",
    "broadcast_to": "{}",
    "identity": "{}",
    "permute_dims": "{}",
    "reshape": "{}",
    "stop_gradient": "{}",
}
"""What computes an op's result from scalars, bit by bit as its kernel does."""

PLAIN = frozenset({dt.bool_, dt.float32, dt.float64, *dt.SIGNED, *dt.UNSIGNED})
"""The dtypes whose scalars' operators are NumPy's own."""


def emit(p: Any, node: Any) -> bool:
    """Write a node whose output has no axes."""
    words, out = WORDS.get(node.op.name), node.output
    if words is None or any(value.shape or value.dtype not in PLAIN for value in (*node.inputs, out)):
        return False
    if node.op.name == "astype" and not (out.dtype.kind == "f" or node.inputs[0].dtype is dt.bool_):
        return False  # NumPy's types refuse numbers that do not fit
    operands = [p.number(value) for value in node.inputs]
    p.scalar(out, words.format(*operands, dtype=p.named(out.dtype.type)))
    return True
