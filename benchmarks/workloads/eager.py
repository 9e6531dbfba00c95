"""Operations without compiling: what is added to a library's own call, alone and on a tape."""

from ..problems import Op, Tape
from .base import Line, Target, Workload, both

SINGLE = {
    "add": "add(a, b)",
    "add a number": "add(a, 1.0)",
    "exp": "exp(a)",
    "sum": "sum(a)",
    "matmul": "matmul(a, w)",
}
RECORDED = {"add, on a tape of 50": (Tape(50), 0.9e-6), "add, on a tape of 20,000": (Tape(20_000), 1.6e-6)}

WORKLOAD = Workload(
    "eager",
    "one operation on 32x10 numbers; by JAX each is a compiled program",
    (
        *(Line(name, "op", Op(call), Op(call)) for name, call in SINGLE.items()),
        *(Line(name, "recorded", tape, Tape(50)) for name, (tape, _) in RECORDED.items()),
    ),
    both("numpy", "numpy-kept", "jax", "torch", "autograd"),
    (
        *(Target("polyflow-numpy", 0.7e-6, "numpy", name, above=True) for name in SINGLE),
        *(
            Target("polyflow-numpy", most, "numpy", name, above=True, floor="numpy-kept")
            for name, (_, most) in RECORDED.items()
        ),
        *(Target("polyflow-jax", 2e-6, "jax", name, above=True) for name in SINGLE),
    ),
    repeats=True,
    unit="operation",
)
