"""The CUDA kernels that polyflow generates for CuPy: as text, one per dtype, and as kernel objects made on first use.

A kernel is needed where CuPy's own functions give other values than polyflow pins (floor division and remainder of
floats), where they are not deterministic (adding at duplicate indices), or where they would take many launches.

Every parameter has a concrete dtype, so that a wrong one raises. float16 and bfloat16 are computed in float and rounded
once. No product may be contracted with a sum (``--fmad=false``), so that results are those of separate operations.
Generated text is the same in every process: CuPy's compiled-kernel cache is keyed by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow import threefry

EXACT = ("--fmad=false",)


@dataclass(frozen=True)
class Elementwise:
    """The text of a `cupy.ElementwiseKernel`."""

    name: str
    inputs: str
    outputs: str
    body: str
    preamble: str = ""

    def build(self, cupy: Any) -> Any:
        return cupy.ElementwiseKernel(
            self.inputs, self.outputs, self.body, self.name, preamble=self.preamble, options=EXACT
        )


@dataclass(frozen=True)
class Reduction:
    """The text of a `cupy.ReductionKernel`."""

    name: str
    inputs: str
    outputs: str
    mapped: str
    combined: str
    finished: str
    identity: str

    def build(self, cupy: Any) -> Any:
        return cupy.ReductionKernel(
            self.inputs, self.outputs, self.mapped, self.combined, self.finished, self.identity, self.name
        )


def computed_in(dtype: np.dtype) -> str:
    """The C++ type in which a dtype's values are computed."""
    if dtype in dt.FLOATING:
        return "double" if dtype is dt.float64 else "float"
    if dtype in dt.COMPLEX:
        return "complex<double>" if dtype is dt.complex128 else "complex<float>"
    return stored_as(dtype)


def stored_as(dtype: np.dtype) -> str:
    """The C++ type of a dtype's elements in a kernel."""
    if dtype is dt.bool_:
        return "bool"
    if dtype in dt.INTEGERS:
        word = {1: "signed char", 2: "short", 4: "int", 8: "long long"}[dtype.itemsize]
        return word if dtype in dt.SIGNED else f"unsigned {word.removeprefix('signed ')}"
    return {dt.float16: "float16", dt.bfloat16: "bfloat16"}.get(dtype) or computed_in(dtype)


# Floor division and remainder of floats: the array API standard's special cases -----------------------------------

_REMAINDER = """
const {real} a = ({real})x, b = ({real})y;
{real} m = fmod(a, b);
if (m == 0) m = copysign(({real})0, b);
else if ((b < 0) != (m < 0)) m += b;
z = ({stored})m;
"""

_FLOOR_DIVIDE = """
const {real} a = ({real})x, b = ({real})y;
{real} q;
if (a != a || b != b) q = a + b;
else if (b == 0 || isinf(a) || isinf(b)) q = a / b;
else {{
  const {real} m = fmod(a, b);
  q = (a - m) / b;
  if (m != 0 && (b < 0) != (m < 0)) q -= 1;
  if (q == 0) q = copysign(({real})0, a / b);
  else {{
    {real} whole = floor(q);
    if (q - whole > ({real})0.5) whole += 1;
    q = whole;
  }}
}}
z = ({stored})q;
"""


def remainder(dtype: np.dtype) -> Elementwise:
    """``x % y`` with the sign of ``y``."""
    return _arithmetic("remainder", _REMAINDER, dtype)


def floor_divide(dtype: np.dtype) -> Elementwise:
    """``floor(x / y)`` by NumPy's formula, so that quotients with more digits than the dtype have NumPy's bits."""
    return _arithmetic("floor_divide", _FLOOR_DIVIDE, dtype)


def _arithmetic(name: str, body: str, dtype: np.dtype) -> Elementwise:
    text = body.format(real=computed_in(dtype), stored=stored_as(dtype))
    return Elementwise(f"polyflow_{name}_{dtype.name}", f"{dtype.name} x, {dtype.name} y", f"{dtype.name} z", text)


# Functions of one number that CuPy has not, or only in several launches -------------------------------------------

FORMULAS = {
    "erf": ("erf((double)x)", dt.FLOATS),
    "erfc": ("erfc((double)x)", dt.FLOATS),
    "erfinv": ("erfinv((double)x)", dt.FLOATS),
    "relu": ("a > 0 || a != a ? a : ({real})0", dt.FLOATS),
    "sigmoid": ("(a < 0 ? exp(-fabs(a)) : ({real})1) / (1 + exp(-fabs(a)))", dt.FLOATS),
    "softplus": ("(a > 0 || a != a ? a : ({real})0) + log1p(exp(-fabs(a)))", dt.FLOATS),
}
"""Op -> its formula in C++, and the dtypes it serves. The error functions are computed in double and rounded once."""


def _formula(name: str, formula: str) -> Callable[[np.dtype], Elementwise]:
    def make(dtype: np.dtype) -> Elementwise:
        real, stored = computed_in(dtype), stored_as(dtype)
        body = f"const {real} a = ({real})x;\nz = ({stored})({real})({formula.format(real=real)});"
        return Elementwise(f"polyflow_{name}_{dtype.name}", f"{dtype.name} x", f"{dtype.name} z", body)

    return make


# Index arrays -----------------------------------------------------------------------------------------------------


def outside(dtype: np.dtype) -> Reduction:
    """Whether any index lies outside ``-size`` to ``size - 1``; CuPy itself wraps such an index around."""
    wide = "at > 9223372036854775807ULL || " if dtype is dt.uint64 else ""
    return Reduction(
        f"polyflow_outside_{dtype.name}",
        f"{dtype.name} at, int64 size",
        "bool found",
        f"{wide}(long long)at < -size || (long long)at >= size",
        "a || b",
        "found = a",
        "false",
    )


_ROW = """
const bool outside = {wide}(long long)at < -size || (long long)at >= size;
row = before < 0 || outside ? -1 : before * size + (long long)at + (at < 0 ? size : 0);
"""


def row_numbers(dtype: np.dtype) -> Elementwise:
    """One more axis in the numbers of rows: ``before * size + at``, or -1 for an index outside the axis."""
    wide = "at > 9223372036854775807ULL || " if dtype is dt.uint64 else ""
    inputs = f"int64 before, {dtype.name} at, int64 size"
    return Elementwise(f"polyflow_row_numbers_{dtype.name}", inputs, "int64 row", _ROW.format(wide=wide))


def gather(dtype: np.dtype) -> Elementwise:
    """Rows of a matrix; NaN, the smallest integer or False for the row -1."""
    body = f"const long long row = rows[i / width];\nz = row < 0 ? {_missing(dtype)} : matrix[row * width + i % width];"
    inputs = f"raw int64 rows, raw {dtype.name} matrix, int64 width"
    return Elementwise(f"polyflow_gather_{dtype.name}", inputs, f"{dtype.name} z", body)


def _missing(dtype: np.dtype) -> str:
    stored = stored_as(dtype)
    if dtype in dt.INEXACT:
        return f"{stored}({'CUDART_NAN' if dtype in (dt.float64, dt.complex128) else 'CUDART_NAN_F'})"
    least = "0" if dtype is dt.bool_ or dtype in dt.UNSIGNED else f"1ULL << {8 * dtype.itemsize - 1}"
    return f"({stored})({least})"


_RUN = """
const long long at = i / width, column = i % width, row = rows[at];
if (row >= 0 && (at == 0 || rows[at - 1] != row)) {{
  {real} total = ({real})result[row * width + column];
  for (long long next = at; next < count && rows[next] == row; ++next) {{
    const {real} update = ({real})updates[order[next] * width + column];
    total = {combined};
  }}
  result[row * width + column] = ({stored})total;
}}
"""


def index_add(dtype: np.dtype) -> Elementwise:
    """Updates added to rows of a matrix, one after the other in the order in which they were given.

    ``rows`` holds the target rows in ascending order, -1 for none, and ``order`` the update that goes to each. The
    thread that sees a row first adds all of its updates: no atomics, so that every run gives the same bits, NumPy's.
    """
    combined = "total || update" if dtype is dt.bool_ else f"({computed_in(dtype)})(total + update)"
    return _runs("index_add", combined, dtype)


def index_set(dtype: np.dtype) -> Elementwise:
    """Rows of a matrix replaced; of several updates to one row the last wins."""
    return _runs("index_set", "update", dtype)


def _runs(name: str, combined: str, dtype: np.dtype) -> Elementwise:
    text = _RUN.format(real=computed_in(dtype), stored=stored_as(dtype), combined=combined)
    inputs = f"raw int64 rows, raw int64 order, raw {dtype.name} updates, int64 count, int64 width"
    return Elementwise(f"polyflow_{name}_{dtype.name}", inputs, f"raw {dtype.name} result", text)


# Random bits: Threefry-2x32, see polyflow.threefry ----------------------------------------------------------------


def _cipher() -> str:
    """A device function that encrypts the counter ``(x0, x1)`` in place: the 20 rounds, written out."""
    lines = []
    for group in range(5):
        for distance in threefry.ROTATIONS[group % 2]:
            lines.append(f"x0 += x1; x1 = (x1 << {distance} | x1 >> {32 - distance}) ^ x0;")
        lines.append(f"x0 += k{(group + 1) % 3}; x1 += k{(group + 2) % 3} + {group + 1}u;")
    rounds = "\n  ".join(lines)
    return f"""
__device__ void polyflow_encrypt(unsigned int k0, unsigned int k1, unsigned int &x0, unsigned int &x1) {{
  const unsigned int k2 = k0 ^ k1 ^ {threefry.PARITY}u;
  x0 += k0; x1 += k1;
  {rounds}
}}
"""


_BLOCK = "unsigned int x0 = (unsigned int)(i >> 32), x1 = (unsigned int)i;\npolyflow_encrypt(key[0], key[1], x0, x1);\n"
_WORD64 = _BLOCK + "const unsigned long long word = (unsigned long long)x0 << 32 | x1;\n"

_RANDOM = {
    # one thread for each block of a stream, which is a pair of words
    "random_words": (
        "raw uint32 key, int64 count",
        "raw uint32 words",
        _BLOCK + "words[2 * i] = x0;\nif (2 * i + 1 < count) words[2 * i + 1] = x1;",
    ),
    "random_words64": ("raw uint32 key", "uint64 z", _WORD64 + "z = word;"),
    # a word that sorts at random and carries its place in its low bits
    "random_places": (
        "raw uint32 key, int32 bits",
        "uint64 z",
        _WORD64 + "z = word >> bits << bits | (unsigned long long)i;",
    ),
    # 16-bit halves, the low one first: four elements for each block
    "keep_mask": (
        "raw uint32 key, uint32 threshold, int64 count",
        "raw bool kept",
        _BLOCK
        + "const unsigned int halves[4] = {x0 & 0xffffu, x0 >> 16, x1 & 0xffffu, x1 >> 16};\n"
        + "for (int half = 0; half < 4; ++half)\n"
        + "  if (4 * i + half < count) kept[4 * i + half] = halves[half] >= threshold;",
    ),
    "encrypt": (
        "raw uint32 key, uint32 low, uint32 high",
        "raw uint32 pairs",
        "unsigned int x0 = high, x1 = low;\npolyflow_encrypt(key[0], key[1], x0, x1);\n"
        "pairs[2 * i] = x0;\npairs[2 * i + 1] = x1;",
    ),
    "next_key": (
        "raw uint32 state",
        "raw uint32 fresh",
        f"unsigned int x0 = {threefry.FOLD >> 32}u, x1 = state[2];\npolyflow_encrypt(state[0], state[1], x0, x1);\n"
        "fresh[0] = x0;\nfresh[1] = x1;",
    ),
}


def _random(name: str) -> Callable[[np.dtype], Elementwise]:
    def make(dtype: np.dtype) -> Elementwise:
        return Elementwise(f"polyflow_{name}", *_RANDOM[name], _cipher())

    return make


# All of them ------------------------------------------------------------------------------------------------------

FAMILIES: dict[str, tuple[Callable[[np.dtype], Elementwise | Reduction], tuple[np.dtype, ...]]] = {
    "floor_divide": (floor_divide, dt.FLOATS),
    "remainder": (remainder, dt.FLOATS),
    "outside": (outside, dt.SIGNED + dt.UNSIGNED),
    "row_numbers": (row_numbers, dt.SIGNED + dt.UNSIGNED),
    "gather": (gather, dt.ALL),
    "index_add": (index_add, dt.ALL),
    "index_set": (index_set, dt.ALL),
    **{name: (_formula(name, formula), dtypes) for name, (formula, dtypes) in FORMULAS.items()},
    **{name: (_random(name), (dt.uint32,)) for name in _RANDOM},
}
"""Every family of kernels: what makes its text, and the dtypes it exists for."""


def catalog() -> Iterator[tuple[str, np.dtype, Elementwise | Reduction]]:
    """Every kernel there is, as (family, dtype, text)."""
    for family, (make, dtypes) in FAMILIES.items():
        for dtype in dtypes:
            yield family, dtype, make(dtype)


FUSED = 1024
"""How many kernels of plans are kept for others that need the same; those that a plan uses live as long as it does."""


class Kernels:
    """Kernel objects of one CuPy, each built when it is first asked for: ``kernels("remainder", dtype)``."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._built: dict[tuple[str, np.dtype], Any] = {}
        self._fused = lru_cache(FUSED)(lambda text: text.build(cupy))

    def __call__(self, family: str, dtype: np.dtype = dt.uint32) -> Any:
        """The kernel of ``family`` for ``dtype`` (those for random bits are of uint32)."""
        found = self._built.get((family, dtype))
        if found is None:
            found = self._built[family, dtype] = FAMILIES[family][0](dtype).build(self._cupy)
        return found

    def fused(self, text: Elementwise) -> Any:
        """The kernel of a text that a plan wrote; the same for the same text, whichever plan it is."""
        return self._fused(text)
