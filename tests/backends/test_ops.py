"""Every op of the table on every backend: NumPy equals the references, JAX and a strict stranger equal NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from comparing import check
from op_cases import ALL_OPS, Case, fitting

from polyflow import dtypes as dt
from polyflow.ops.declare import OPS


def few(known):
    """Two cases in float32, one in another dtype of each kind: each is a program to compile.

    (The conformance suite tries every op in every dtype on JAX, against the true values.)
    """
    by_dtype: dict[object, list[Case]] = {}
    for case in known:
        by_dtype.setdefault(next((a.dtype for a in case.args if isinstance(a, np.ndarray)), None), []).append(case)
    for dtype, group in by_dtype.items():
        if dtype in (np.float32, None):
            yield from group[:: -(-len(group) // 2)]
        elif dtype in (np.bool_, np.int64, np.float64, np.complex64):
            yield group[-1]


def run(backend, op, case):
    """The op's result on the host; arguments are read-only, so that writing to one is an error."""
    arrays = [backend.asarray(a) if isinstance(a, np.ndarray) else a for a in case.args]
    for array in arrays:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    result = backend.kernel(op)(*arrays, **case.attrs)
    assert backend.dtype_of(result) in dt.ALL
    return backend.to_numpy(result)


def reference(op, case):
    """The op's reference; in bfloat16, where NumPy's own loops lose digits, its result in float32, rounded."""
    halves = [np.dtype(dt.bfloat16), np.dtype(dt.float16)]
    args = [a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype in halves else a for a in case.args]
    given = next((a.dtype for a in case.args if isinstance(a, np.ndarray) and a.dtype in halves), None)
    with np.errstate(all="ignore"):
        if given is None or op.name in ("astype", "full", "nextafter"):
            return np.asarray(op.reference(*case.args, **case.attrs))
        result = np.asarray(op.reference(*args, **case.attrs))
        return result.astype(given) if result.dtype == np.float32 else result


def compare(backend, op, known, expected):
    for case in known:
        try:
            check(op.name, run(backend, op, case), expected(case), case.args, case.attrs)
        except AssertionError as difference:
            raise AssertionError(f"{op.name}[{case.label}] of {case.args} {case.attrs}: {difference}") from None


@pytest.mark.parametrize("name", ALL_OPS)
def test_numpy_equals_the_reference(name, numpy):
    """In values, dtypes and shapes, without a warning, and without writing to an argument."""
    op = OPS[name]
    known = list(fitting(op, numpy))
    assert known, f"no arguments are known for {name}: add them to op_cases.py"
    compare(numpy, op, known, lambda case: reference(op, case))


@pytest.mark.parametrize("name", ALL_OPS)
def test_jax_equals_numpy(name, numpy, jax):
    """As single ops run eagerly: the same bits where nothing but one rounding happens."""
    op = OPS[name]
    compare(jax, op, few(fitting(op, jax)), lambda case: run(numpy, op, case))
    assert name not in jax.host_fallbacks


@pytest.mark.parametrize("name", ALL_OPS)
def test_a_strict_library_equals_numpy(name, numpy, strict):
    """A library that has nothing but the array API standard runs every op, none of them on the host."""
    op = OPS[name]
    with np.errstate(all="ignore"):
        compare(strict, op, fitting(op, strict), lambda case: run(numpy, op, case))
    assert name not in strict.host_fallbacks


def test_an_op_of_nobody_runs_on_the_host_and_is_counted(jax, strict):
    """A kernel that neither the library nor a decomposition offers is the NumPy reference, and says so."""
    from polyflow.ops.declare import Op
    from polyflow.ops.rules import elementwise

    def triple(x, /):
        return x * 3

    op = Op(triple, elementwise(), standard=False)
    for backend in (jax, strict):
        result = backend.kernel(op)(backend.asarray(np.arange(3.0)))
        np.testing.assert_array_equal(backend.to_numpy(result), [0.0, 3.0, 6.0])
        assert backend.host_fallbacks.pop("triple") == 1
