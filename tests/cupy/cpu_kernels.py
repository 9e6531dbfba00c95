"""Runs CuPy kernel objects on the CPU: the very source that a backend generates, compiled with g++.

Not a GPU, and no proof that NVRTC accepts the source (``test_nvrtc.py`` gives that): this shows which values the
generated statements compute. `ElementwiseKernel` and `ReductionKernel` take what CuPy's classes of these names take,
decide types, broadcasting and output shapes as these do, and run the body once per element.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from recording import recorded

CTYPES = {
    "bool": "bool",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long long",
    "uint8": "unsigned char",
    "uint16": "unsigned short",
    "uint32": "unsigned int",
    "uint64": "unsigned long long",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "complex<float>",
    "complex128": "complex<double>",
}

PRELUDE = r"""
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <algorithm>
#include <type_traits>
#define __device__
#define __host__
#define __forceinline__ inline
#define CUDART_INF_F ((float)HUGE_VAL)
#define CUDART_NAN_F ((float)NAN)
#define CUDART_INF ((double)HUGE_VAL)
#define CUDART_NAN ((double)NAN)
using namespace std;

static inline uint32_t bits_of(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
static inline float float_of(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }
static inline int __float_as_int(float x) { return (int)bits_of(x); }
static inline unsigned int __float_as_uint(float x) { return bits_of(x); }
static inline float __int_as_float(int b) { return float_of((uint32_t)b); }
static inline long long __double_as_longlong(double x) { long long b; memcpy(&b, &x, 8); return b; }
static inline double __longlong_as_double(long long b) { double x; memcpy(&x, &b, 8); return x; }

struct float16 {
  uint16_t bits;
  float16() {}
  float16(float x) {
    const uint32_t b = bits_of(x), sign = (b >> 16) & 0x8000u, size = b & 0x7fffffffu;
    if (size > 0x7f800000u) { bits = sign | 0x7e00u; return; }
    if (size >= 0x477ff000u) { bits = sign | 0x7c00u; return; }
    if (size < 0x33000001u) { bits = sign; return; }
    const int exponent = (int)(size >> 23) - 112;
    const uint32_t whole = (size & 0x7fffffu) | 0x800000u;
    const int shift = exponent > 0 ? 13 : 14 - exponent;
    uint32_t kept = whole >> shift;
    const uint32_t rest = whole & ((1u << shift) - 1u), half = 1u << (shift - 1);
    kept += rest > half || (rest == half && (kept & 1u));
    bits = sign | (exponent > 0 ? ((uint32_t)(exponent - 1) << 10) + kept : kept);
  }
  template <typename T, typename = typename enable_if<is_arithmetic<T>::value>::type>
  explicit float16(T x) : float16((float)x) {}
  operator float() const {
    const uint32_t sign = (uint32_t)(bits & 0x8000u) << 16;
    const int exponent = (bits >> 10) & 31;
    const uint32_t fraction = bits & 0x3ffu;
    if (exponent == 31) return float_of(sign | 0x7f800000u | (fraction << 13));
    if (exponent) return float_of(sign | ((uint32_t)(exponent + 112) << 23) | (fraction << 13));
    const float small = (float)fraction * 5.9604644775390625e-08f;
    return sign ? -small : small;
  }
};

struct bfloat16 {
  uint16_t bits;
  bfloat16() {}
  bfloat16(float x) {
    const uint32_t b = bits_of(x);
    bits = (b & 0x7fffffffu) > 0x7f800000u ? (uint16_t)((b >> 16) | 0x40u)
                                           : (uint16_t)((b + 0x7fffu + ((b >> 16) & 1u)) >> 16);
  }
  template <typename T, typename = typename enable_if<is_arithmetic<T>::value>::type>
  explicit bfloat16(T x) : bfloat16((float)x) {}
  operator float() const { return float_of((uint32_t)bits << 16); }
};

// CUDA has it, the C++ library has not: Newton's method on erfc, from a first guess by Giles (2010)
static inline double erfinv(double x) {
  if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign((double)HUGE_VAL, x) : (double)NAN;
  const double size = fabs(x), w = -log((1 - size) * (1 + size));
  double y = size < 0.5 ? size * 0.9 : sqrt(w);
  for (int step = 0; step < 60; ++step) {
    const double slope = 1.1283791670955126 * exp(-y * y);
    const double miss = size < 0.5 ? erf(y) - size : (1 - size) - erfc(y);
    const double next = y - miss / slope / (1 + y * miss / slope);
    if (next == y || fabs(next - y) < 1e-17 * y) break;
    y = next;
  }
  return copysign(y, x);
}

// CuPy's carray.cuh has these for integers
template <typename T> static inline T floor_divided(T x, T y) {
  if (y == 0) return 0;
  if (is_signed<T>::value && y == (T)-1) return (T)(0 - x);
  return (T)(x / y - (x % y != 0 && (x < 0) != (y < 0)));
}
typedef unsigned long long uint64;
static inline int _floor_divide(int x, int y) { return floor_divided(x, y); }
static inline long long _floor_divide(long long x, long long y) { return floor_divided(x, y); }
static inline unsigned _floor_divide(unsigned x, unsigned y) { return floor_divided(x, y); }
static inline uint64 _floor_divide(uint64 x, uint64 y) { return floor_divided(x, y); }

static long long outside_;  // how often an index lay outside its array
template <typename T> struct Raw {
  T *data; long long count;
  T &operator[](long long at) const {
    static typename std::remove_const<T>::type spare;
    if (at < 0 || at >= count) { ++outside_; return spare; }
    return data[at];
  }
  long long size() const { return count; }
};
"""


FLAGS = ("-std=c++17", "-O1", "-fPIC", "-w", "-ffp-contract=off", "-fwrapv")


class NoCompiler(RuntimeError):
    """There is no C++ compiler here, so generated kernels cannot be run on the CPU."""


def compiler() -> str | None:
    """The C++ compiler's path, or None."""
    return shutil.which(os.environ.get("CXX", "g++")) or shutil.which("c++")


@cache
def build(source: str) -> Any:
    """The function ``run`` of a C++ source after the prelude, compiled once and kept in the temporary folder.

    Raises:
        NoCompiler: there is none. SyntaxError: the source does not compile; the message is the compiler's.
    """
    found = compiler()
    if found is None:
        raise NoCompiler("no C++ compiler (g++ or $CXX) to run generated kernels on the CPU with")
    folder = Path(tempfile.gettempdir()) / f"polyflow-cpu-kernels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"{_digest(found, PRELUDE, source)}.so"
    if not library.exists():
        header = _header(found, folder)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            text, made = Path(work, "kernel.cpp"), Path(work, "kernel.so")
            text.write_text(f'#include "{header}"\n{source}', encoding="utf-8")
            command = [found, *FLAGS, "-shared", "-o", made, text]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SyntaxError(f"a generated kernel does not compile:\n{done.stderr}\n{source}")
            os.replace(made, library)
    function = ctypes.CDLL(str(library)).run
    function.restype = ctypes.c_longlong
    return function


def _digest(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:24]


@cache
def _header(found: str, folder: Path) -> Path:
    """The prelude as a file, with what the compiler makes of it beside it, which is most of a kernel's time."""
    header = folder / f"prelude-{_digest(found, PRELUDE)}.h"
    if not header.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            text, made = Path(work, "prelude.h"), Path(work, "prelude.h.gch")
            text.write_text(PRELUDE, encoding="utf-8")
            command = [found, *FLAGS, "-x", "c++-header", "-o", made, text]
            if not subprocess.run(command, capture_output=True, check=False).returncode:
                os.replace(made, f"{header}.gch")
            os.replace(text, header)
    return header


class Parameter(NamedTuple):
    """One parameter of a kernel: ``raw`` ones are indexed by the body, a ``dtype`` of None is a type letter."""

    name: str
    letter: str | None
    dtype: np.dtype | None
    raw: bool


def parameters(text: str) -> tuple[Parameter, ...]:
    """The parameters that a declaration such as ``"raw T x, float32 s"`` names."""
    found = []
    for part in text.split(",") if text.strip() else []:
        *words, kind, name = part.split()
        if set(words) - {"raw"}:
            raise TypeError(f"unknown keyword in the kernel parameter {part!r}")
        if name == "i":
            raise ValueError("Can not use 'i' as a parameter name")
        if len(kind) == 1:
            found.append(Parameter(name, kind, None, "raw" in words))
        else:
            dtype = np.dtype(ml_dtypes.bfloat16) if kind == "bfloat16" else np.dtype(kind)
            found.append(Parameter(name, None, dtype, "raw" in words))
    return tuple(found)


class _Kernel:
    """What both kinds of kernel share: parameters, types and building."""

    def __init__(self, library: Any, in_params: str, out_params: str, name: str, preamble: str) -> None:
        if not name.isidentifier():
            raise ValueError(f'Invalid kernel name: "{name}"')
        self.library, self.name, self.preamble = library, name, preamble
        self.in_params, self.out_params = parameters(in_params), parameters(out_params)
        self.nin, self.nargs = len(self.in_params), len(self.in_params) + len(self.out_params)

    def arguments(self, args: tuple[Any, ...]) -> list[Any]:
        """The arguments as NumPy arrays, or as Python scalars where they were none."""
        if len(args) not in (self.nin, self.nargs):
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}: {len(args)}, not {self.nin} or {self.nargs}."
            )
        self.library.check_devices(args)
        hosts = []
        for arg in args:
            if isinstance(arg, self.library.ndarray):
                hosts.append(arg.host)
            elif isinstance(arg, (bool, int, float, complex, np.generic)):
                hosts.append(arg)
            else:
                raise TypeError(f"Unsupported type {type(arg)}")
        return hosts

    def decide(self, ins: list[Any], outs: list[Any]) -> dict[str, np.dtype]:
        """The dtype of each type letter; raises TypeError when an array has another dtype than declared."""
        letters: dict[str, np.dtype] = {}
        for parameter, given in [*zip(self.out_params, outs, strict=False), *zip(self.in_params, ins, strict=True)]:
            if not isinstance(given, np.ndarray):
                continue
            expected = parameter.dtype or letters.setdefault(parameter.letter or "", given.dtype)
            if expected != given.dtype:
                raise TypeError(f"Type is mismatched. {parameter.name} {given.dtype} {expected}")
        for parameter in self.in_params + self.out_params:
            if parameter.letter is not None and parameter.letter not in letters:
                raise TypeError(f"{self.name}: no argument says what {parameter.letter} is")
        return letters

    def source(self, letters: dict[str, np.dtype], reduced: str, loop: str) -> str:
        typedefs = "".join(f"typedef {CTYPES[dtype.name]} {letter};\n" for letter, dtype in sorted(letters.items()))
        return (
            typedefs
            + reduced
            + self.preamble
            + '\nextern "C" long long run(long long n_, long long m_, void **p_, const long long *size_) {\n'
            + "outside_ = 0;\n"
            + loop
            + "\nreturn outside_;\n}\n"
        )

    def bind(self, ins: list[Any], count_in: int) -> tuple[str, str]:
        """Declarations in front of the loop, and those of the loop's body (``at_`` is the input element's index)."""
        outside, inside = [], []
        for at, (parameter, given) in enumerate(zip(self.in_params + self.out_params, ins, strict=True)):
            kind = CTYPES[parameter.dtype.name] if parameter.dtype is not None else parameter.letter
            const = "const " if at < count_in else ""
            if parameter.raw:
                outside.append(f"const Raw<{const}{kind}> {parameter.name}{{({const}{kind} *)p_[{at}], size_[{at}]}};")
            elif isinstance(given, np.ndarray):
                outside.append(f"{const}{kind} *raw_{parameter.name} = ({const}{kind} *)p_[{at}];")
                index = "at_" if at < count_in else "i"
                inside.append(f"{const}{kind} &{parameter.name} = raw_{parameter.name}[{index}];")
            else:
                outside.append(f"const {kind} {parameter.name} = *(const {kind} *)p_[{at}];")
        return "\n".join(outside), "\n".join(inside)

    def launch(self, source: str, n: int, m: int, buffers: list[np.ndarray]) -> None:
        pointers = (ctypes.c_void_p * len(buffers))(*[b.ctypes.data for b in buffers])
        sizes = (ctypes.c_longlong * len(buffers))(*[b.size for b in buffers])
        outside = build(source)(ctypes.c_longlong(n), ctypes.c_longlong(m), pointers, sizes)
        if outside:
            raise AssertionError(f"the kernel {self.name} read or wrote outside its arrays {outside} times")
        self.library.launches.append(self.name)

    def scalar(self, parameter: Parameter, letters: dict[str, np.dtype], value: Any) -> np.ndarray:
        dtype = parameter.dtype or letters[parameter.letter or ""]
        with np.errstate(all="ignore"):
            return np.asarray(value).astype(dtype).reshape(1)


class ElementwiseKernel(_Kernel):
    """CuPy's class of this name, run on the CPU."""

    def __init__(
        self,
        library: Any,
        in_params: str,
        out_params: str,
        operation: str,
        name: str = "kernel",
        reduce_dims: bool = True,
        preamble: str = "",
        no_return: bool = False,
        return_tuple: bool = False,
        *,
        options: tuple[str, ...] = (),
        loop_prep: str = "",
        after_loop: str = "",
    ) -> None:
        super().__init__(library, in_params, out_params, name, preamble)
        self.operation, self.loop_prep, self.after_loop = operation, loop_prep, after_loop
        self.no_return, self.return_tuple = no_return, return_tuple

    @recorded
    def __call__(self, *args: Any, size: int = -1, block_size: int = 128, stream: Any = None) -> Any:
        hosts = self.arguments(args)
        ins, outs = hosts[: self.nin], hosts[self.nin :]
        letters = self.decide(ins, outs)
        looped = [
            h
            for h, p in zip(hosts, self.in_params + self.out_params, strict=False)
            if not p.raw and isinstance(h, np.ndarray)
        ]
        if size != -1 and looped:
            raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
        if size == -1 and not looped:
            raise ValueError("Loop size is undecided.")
        shape = (size,) if size != -1 else np.broadcast_shapes(*(a.shape for a in looped))
        made = outs
        if not outs:
            if size == -1 and any(p.raw for p in self.out_params):
                raise ValueError("Output array size is Undecided")
            made = [np.empty(shape, p.dtype or letters[p.letter or ""]) for p in self.out_params]
        for parameter, out in zip(self.out_params, made, strict=True):
            if not parameter.raw and out.shape != shape:
                raise ValueError("Out shape is mismatched")
        wrapped = [self.library.wrap(out) for out in made] if not outs else list(args[self.nin :])
        result = None if self.no_return else tuple(wrapped) if self.return_tuple or len(wrapped) != 1 else wrapped[0]
        count = int(np.prod(shape))
        if count == 0:
            return result
        buffers = []
        for parameter, given in zip(self.in_params, ins, strict=True):
            if not isinstance(given, np.ndarray):
                buffers.append(self.scalar(parameter, letters, given))
            else:
                buffers.append(np.ascontiguousarray(given if parameter.raw else np.broadcast_to(given, shape)))
        targets = [np.ascontiguousarray(out) for out in made]
        outside, inside = self.bind([*ins, *made], self.nin)
        loop = (
            f"{outside}\n{self.loop_prep}\nfor (long long i = 0; i < n_; ++i) {{ const long long at_ = i;\n"
            f"{inside}\n{self.operation};\n}}\n{self.after_loop}"
        )
        self.launch(self.source(letters, "", loop), count, 0, [*buffers, *targets])
        for out, target in zip(made, targets, strict=True):
            if out is not target:
                out[...] = target.reshape(out.shape)
        return result


class ReductionKernel(_Kernel):
    """CuPy's class of this name, run on the CPU; elements are combined last to first, since no order is promised."""

    def __init__(
        self,
        library: Any,
        in_params: str,
        out_params: str,
        map_expr: str,
        reduce_expr: str,
        post_map_expr: str,
        identity: Any,
        name: str = "reduce_kernel",
        reduce_type: str | None = None,
        reduce_dims: bool = True,
        preamble: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__(library, in_params, out_params, name, preamble)
        self.map_expr, self.reduce_expr, self.post_map_expr = map_expr, reduce_expr, post_map_expr
        self.identity, self.reduce_type = identity, reduce_type

    @recorded
    def __call__(
        self, *args: Any, out: Any = None, axis: Any = None, keepdims: bool = False, stream: Any = None
    ) -> Any:
        if out is not None or len(args) != self.nin:
            raise NotImplementedError("the stand-in's reductions make their own output")
        ins = self.arguments(args)
        letters = self.decide(ins, [])
        shape = np.broadcast_shapes(*(a.shape for a in ins if isinstance(a, np.ndarray)))
        axes = tuple(range(len(shape))) if axis is None else tuple(x % len(shape) for x in np.atleast_1d(axis).tolist())
        kept = tuple(x for x in range(len(shape)) if x not in axes)
        lengths = tuple(shape[x] for x in kept)
        n, m = int(np.prod(lengths)), int(np.prod([shape[x] for x in axes]))
        if self.identity in (None, "") and m == 0:
            raise ValueError(f"zero-size array to reduction operation {self.name} which has no identity")
        buffers = []
        for parameter, given in zip(self.in_params, ins, strict=True):
            if isinstance(given, np.ndarray):
                buffers.append(np.ascontiguousarray(np.broadcast_to(given, shape).transpose(kept + axes)))
            else:
                buffers.append(self.scalar(parameter, letters, given))
        made = [np.empty(lengths, p.dtype or letters[p.letter or ""]) for p in self.out_params]
        outside, inside = self.bind([*ins, *made], self.nin)
        first = self.out_params[0]
        kind = self.reduce_type or (CTYPES[first.dtype.name] if first.dtype is not None else first.letter)
        into = "\n".join(line for line in inside.split("\n") if "[i]" in line)
        mapped = "\n".join(line for line in inside.split("\n") if "[at_]" in line)
        loop = (
            f"{outside}\nfor (long long i = 0; i < n_; ++i) {{\n{into}\n_type_reduce a_ = {self.identity};\n"
            f"for (long long k_ = m_ - 1; k_ >= 0; --k_) {{ const long long at_ = i * m_ + k_;\n{mapped}\n"
            f"const _type_reduce b_ = (_type_reduce)({self.map_expr});\n"
            f"{{ const _type_reduce a = a_, b = b_; a_ = (_type_reduce)({self.reduce_expr}); }}\n}}\n"
            f"const _type_reduce a = a_;\n{self.post_map_expr};\n}}"
        )
        self.launch(self.source(letters, f"typedef {kind} _type_reduce;\n", loop), n, m, [*buffers, *made])
        final = tuple(1 if x in axes else s for x, s in enumerate(shape)) if keepdims else lengths
        results = tuple(self.library.wrap(one.reshape(final)) for one in made)
        return results[0] if len(results) == 1 else results
