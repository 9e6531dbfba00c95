"""Every kernel that the CuPy backend generates compiles for real GPUs. NVRTC, NVIDIA's compiler, needs none itself."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyflow import dtypes as dt
from polyflow_cupy.kernels import FAMILIES, Elementwise, Reduction

ARCHITECTURES = ("70", "80", "90")
"""Volta, Ampere, Hopper."""


def skip_if_dropped(architecture: str) -> None:
    from cupy.cuda import nvrtc

    major = nvrtc.getVersion()[0]
    if major >= 13 and int(architecture) < 75:
        pytest.skip(f"NVRTC {major} no longer compiles for sm_{architecture}")


def argument(parameter, ndim, contiguous, scalars, raw=1):
    """What CuPy notes of an argument in order to write its kernel: an array, or a number passed by value."""
    import cupy
    from cupy._core import _kernel, _scalar

    dtype = np.dtype(parameter.dtype)
    if parameter.name in scalars or re.fullmatch(r"s\d+", parameter.name):
        return _kernel._ArgInfo(3, _scalar.CScalar, dtype, 0, True, True)
    flat = parameter.raw
    return _kernel._ArgInfo(1, cupy.ndarray, dtype, raw if flat else ndim, flat or contiguous, True)


def indexer(ndim):
    from cupy._core import _carray, _kernel

    return _kernel._ArgInfo(2, _carray.Indexer, None, ndim, True, True)


SCALARS = ("count", "width", "size", "bits", "threshold", "high")
"""Names of the parameters that the backend passes as Python numbers, besides the ``s0`` … of fused kernels."""


def cuda_source(text: Elementwise | Reduction, cupy, ndim: int = 1, contiguous: bool = True, raw: int = 1) -> str:
    """The whole CUDA source that CuPy's own generator makes of a kernel's text; ``raw`` arrays have so many axes."""
    from cupy._core import _kernel, _reduction

    kernel = text.build(cupy)
    types = _kernel._TypeMap(())
    if isinstance(text, Elementwise):
        infos = [argument(p, ndim, contiguous, SCALARS, raw) for p in kernel.in_params + kernel.out_params]
        return _kernel._get_elementwise_kernel_code(
            (*infos, indexer(ndim)), types, kernel.params, kernel.operation, kernel.name, kernel.preamble
        )
    infos = [argument(p, ndim, contiguous, SCALARS) for p in kernel.in_params]
    infos += [argument(p, 0, True, ()) for p in kernel.out_params]
    rest = _kernel._get_param_info("CIndexer _in_ind, CIndexer _out_ind", False)
    rest += _kernel._get_param_info("int32 _block_stride", True)
    infos += [indexer(ndim), indexer(0), argument(rest[-1], 0, True, ("_block_stride",))]
    types = _kernel._TypeMap((("IndexT", np.dtype("int32").type),))
    return _reduction._ReductionKernel_get_cached_function_code(
        kernel.nin, kernel.nout, kernel.in_params + kernel.out_params + rest, tuple(infos), types, kernel.name, 512,
        kernel.out_params[0].ctype, kernel.identity, kernel.map_expr, kernel.reduce_expr, kernel.post_map_expr,
        kernel.preamble, (),
    )  # fmt: skip


def family_source(family: str, cupy, **layout) -> str:
    """All kernels of a family as one source."""
    make, dtypes = FAMILIES[family]
    known = [d for d in dtypes if d is not dt.bfloat16 or int(cupy.__version__.split(".")[0]) >= 14]
    undefine = "\n#undef REDUCE\n#undef POST_MAP\n#undef _REDUCE\n"
    sources = []
    for dtype in known:
        source = cuda_source(make(dtype), cupy, **layout)
        # each reduction names its own accumulator type
        sources.append(source.replace("_type_reduce", f"_type_reduce_{dtype.name}") + undefine)
    return "\n".join(sources)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_compile_to_machine_code(family, architecture, cupy, nvrtc):
    """Each kernel, for each dtype it exists for, becomes machine code of the architecture."""
    skip_if_dropped(architecture)
    assert nvrtc(family_source(family, cupy), architecture).startswith(b"\x7fELF")


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_compile_for_views_of_many_axes(family, cupy, nvrtc):
    assert nvrtc(family_source(family, cupy, ndim=4, contiguous=False), "80").startswith(b"\x7fELF")


def fused(ptx: bytes) -> list[str]:
    return re.findall(r"\bfma\.rn\.\w+", ptx.decode())


LIBRARY = {"floor_divide": "fmod(a, b)", "remainder": "fmod(a, b)"}
"""Functions of CUDA's own library in a kernel, which may use fused operations inside."""


@pytest.mark.parametrize("family", ["floor_divide", "remainder", "outside", "index_add", "index_set"])
def test_exact_kernels_have_no_fused_multiply_add(family, cupy, nvrtc):
    """A product that is contracted with a sum is rounded once instead of twice: other bits than NumPy's."""
    make, dtypes = FAMILIES[family]
    for dtype in dtypes:
        if dtype is dt.bfloat16 and int(cupy.__version__.split(".")[0]) < 14:
            continue
        allowed = 0
        if family in LIBRARY:
            real = "double" if dtype is dt.float64 else "float"
            plain = Elementwise("plain", f"{dtype.name} x, {dtype.name} y", f"{dtype.name} z",
                                f"const {real} a = x, b = y; z = ({real}){LIBRARY[family]};")  # fmt: skip
            divided = f'\nextern "C" __global__ void d({real} *p) {{ p[0] = p[1] / p[2]; p[3] = p[4] / p[5]; }}'
            allowed = len(fused(nvrtc(cuda_source(plain, cupy) + divided, "80", "ptx")))
        found = fused(nvrtc(cuda_source(make(dtype), cupy), "80", "ptx"))
        assert len(found) <= allowed, f"{family} {dtype}: {found}"


def test_the_option_is_what_keeps_products_apart(cupy, nvrtc):
    """The check above can fail: without the option, this kernel is contracted."""
    text = Elementwise("contracted", "float32 x, float32 y", "float32 z", "z = x * y + x")
    source = cuda_source(text, cupy)
    assert fused(nvrtc(source, "80", "ptx", options=()))
    assert not fused(nvrtc(source, "80", "ptx"))


def test_a_kernel_that_is_wrong_does_not_compile(cupy, nvrtc):
    """A misspelt name is found, so that the tests above mean something."""
    from cupy.cuda.compiler import CompileException

    text = Elementwise("wrong", "float32 x", "float32 z", "z = misspelt(x)")
    with pytest.raises(CompileException, match="misspelt"):
        nvrtc(cuda_source(text, cupy), "80")


def test_generated_text_never_changes(cupy):
    """CuPy's cache of compiled kernels is keyed by the text: the same in every process, each name once."""
    from polyflow_cupy.kernels import catalog

    names = [text.name for _, _, text in catalog()]
    assert len(names) == len(set(names))
    assert list(catalog()) == list(catalog())
