"""Fused kernels and NVIDIA's compiler, which needs no GPU: expressions are CuPy's, and become its machine code.

That is as near as a machine without a GPU gets to "a plan gives the bits of single kernels" on one.
"""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from standin import make
from test_nvrtc import cuda_source
from test_plans import graph_of, random_program

from polyflow import dtypes as dt
from polyflow.ops.declare import OPS
from polyflow_cupy.backend import CuPyBackend
from polyflow_cupy.kernels import EXACT, stored_as
from polyflow_cupy.names import NAMES
from polyflow_cupy.plans import order
from polyflow_cupy.plans.formulas import BLOCKS, CONTRACTED, CUPYS, OWN, block, conversion, expression
from polyflow_cupy.plans.fused import HALVES

UNLIKE_CUPYS = {"floor", "ceil", "trunc", "round", "isnan", "isinf", "isfinite"}
"""Ops that the backend does by itself for integers, where CuPy has no loop or does nothing."""


def cupys_routine(cupy, name, dtype):
    """The statement of CuPy's own kernel for operands of this dtype, as polyflow writes expressions."""
    from cupy._sorting.search import _where_ufunc

    named = {"round": "rint", "where": None, "pow": "power"}.get(name, NAMES.get(name, OPS[name].name))
    ufunc = _where_ufunc if named is None else getattr(cupy, named)
    for loop in ufunc._ops.ops:
        if all(np.can_cast(dtype, kind, "safe") for kind in loop.in_types[-1:]) and loop.routine is not None:
            text = re.sub(r"\bin(\d)\b", r"{\1}", loop.routine.removeprefix("out0 = "))
            return text.replace("out0_type", "{T}").replace("(NAN)", "(CUDART_NAN_F)")
    raise AssertionError(f"CuPy has no loop of {name} for {dtype}")


@pytest.mark.parametrize("name", CUPYS)
def test_expressions_are_cupys_own(name, cupy):
    if int(cupy.__version__.split(".")[0]) < 14:
        pytest.skip("the loops of CuPy 14 are compared")
    for dtypes, text in CUPYS[name]:
        for dtype in sorted(dtypes, key=dt.ALL.index):
            if dtype in dt.INTEGERS and name in UNLIKE_CUPYS:
                continue
            assert text == cupys_routine(cupy, name, dtype), dtype


def kernels_of(dtype):
    """A kernel for each op that has a formula for a dtype, as one source."""
    stored, parts = stored_as(dtype), [HALVES]
    for name in sorted({*CUPYS, *OWN, *BLOCKS}):
        if (text := expression(name, dtype)) is not None:
            first = "p[0] > 0" if name == "where" else "p[0]"
            given = [f"({first})", "p[1]", "p[2]"]
            body = f"to[0] = ({stored})({text.format(*given, T=stored)});"
        elif (text := block(name, dtype)) is not None:
            body = f"const {stored} x = p[0], y = p[1]; {stored} z; {text} to[0] = z;"
        else:
            continue
        parts.append(f'extern "C" __global__ void {name}_(const {stored} *p, {stored} *to) {{ {body} }}')
    return "\n".join(parts)


def machine_code(cubin: bytes) -> dict[str, bytes]:
    """The instructions of each kernel in a cubin, which is a 64-bit ELF file."""
    (at,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", cubin, at + i * size) for i in range(count)]
    found = {}
    for section in sections:
        start = sections[names][4] + section[0]
        name = cubin[start : cubin.index(b"\0", start)].decode()
        if name.startswith(".text."):
            found[name.removeprefix(".text.").rstrip("_")] = cubin[section[4] : section[4] + section[5]]
    return found


@pytest.mark.parametrize("dtype", [dt.float16, dt.float32, dt.float64], ids=str)
def test_contraction_changes_nothing_in_ops_that_are_fused(dtype, cupy, nvrtc):
    """CuPy compiles its own kernels with it and fused ones go without: the same machine code all the same.

    `BLOCKS` are polyflow's own kernels, which go without it, too.
    """
    source = kernels_of(dtype)
    free = machine_code(nvrtc(source, "80", options=()))
    exact = machine_code(nvrtc(source, "80", options=EXACT))
    assert len(free) > 50
    differing = {name for name in free if free[name] != exact[name]}
    assert differing <= BLOCKS
    if dtype is dt.float64:
        logs = 'extern "C" __global__ void k(const double *p, double *to) { to[0] = log(p[0]); }'
        assert "log" in CONTRACTED
        assert machine_code(nvrtc(logs, "80", options=())) != machine_code(nvrtc(logs, "80", options=EXACT))


@pytest.mark.parametrize("dtypes", [(dt.bfloat16,), (dt.int8, dt.uint16, dt.bool_), (dt.int64, dt.uint64)], ids=str)
def test_formulas_of_other_dtypes_compile(dtypes, cupy, nvrtc):
    for dtype in dtypes:
        assert machine_code(nvrtc(kernels_of(dtype), "80"))


def test_conversions_compile(cupy, nvrtc):
    lines = []
    for source in dt.ALL:
        for target in dt.ALL:
            if (text := conversion(source, target)) is not None:
                lines.append(
                    f"{{ const {stored_as(source)} x = *(const {stored_as(source)} *)p; "
                    f"*({stored_as(target)} *)p = ({stored_as(target)})({text.format('x')}); }}"
                )
    assert nvrtc(f'{HALVES}\nextern "C" __global__ void k(void *p) {{ {" ".join(lines)} }}', "80", "ptx")


@pytest.mark.parametrize("layout", [{"raw": 0}, {"ndim": 3, "contiguous": False}], ids=["rows", "views"])
def test_kernels_of_whole_graphs_compile(layout, cupy, nvrtc):
    """What CuPy makes of fused kernels, with numbers by value and arrays of one element, compiles."""
    backend = CuPyBackend(cupy=make("14.2.0"))
    texts = {}
    for seed in range(12):
        function, *hosts = random_program(np.random.default_rng(seed), backend)
        for unit in order.units(graph_of(backend, function, *hosts))[0]:
            if unit.fused is not None:
                texts[unit.fused.text.name] = unit.fused.text
    assert len(texts) > 10
    assert any("raw" in text.inputs for text in texts.values())
    assert any("s0" in text.inputs for text in texts.values())
    source = "\n".join(cuda_source(text, cupy, **layout) for text in texts.values())
    assert len(machine_code(nvrtc(source, "80"))) == len(texts)
