"""What the first fit takes longer than the second: tracing and compiling."""

from ..problems import Perceptron
from .base import Line, Target, Workload, both

FULL = Perceptron((784, 512, 256, 10), "relu", rows=256, batch=128, epochs=1, rate=0.001)

WORKLOAD = Workload(
    "compile",
    "what the first fit of the 784-512-256-10 network takes longer than the second",
    (Line("compile", "fit", FULL, FULL),),
    both("jax", "keras-jax", "tensorflow"),
    (Target("polyflow-jax", 1.2, "jax"),),
    way="compile",
    most_rounds=5,
    unit="model",
)
