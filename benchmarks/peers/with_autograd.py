"""autograd, the tape over NumPy."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.core import VJPNode
from autograd.tracer import new_box, trace_stack

from ..problems import Op, Scalar, Tape
from ..work import Work


def op(problem: Op) -> Work:
    functions = {"add": anp.add, "exp": anp.exp, "sum": anp.sum, "matmul": anp.matmul}
    return Work(problem.loop(**functions, **problem.arrays), problem.times)


def recorded(problem: Tape) -> Work:
    start, other = problem.arrays

    def run() -> None:
        with trace_stack.new_trace() as depth:
            value, add = new_box(start, depth, VJPNode.new_root()), anp.add
            for _ in range(problem.length):
                value = add(value, other)

    return Work(run, problem.length)


def gradient(problem: Scalar) -> Work:
    function, x = autograd.grad(problem.function(anp.sin, anp.exp)), np.float32(0.3)
    return Work(lambda: function(x))
