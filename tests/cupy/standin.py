"""A NumPy-backed STAND-IN for CuPy. It is not CuPy, and green tests over it prove nothing about a GPU.

It lets the logic of the CuPy backend run where there is no GPU, and is stricter than NumPy so that what CuPy would
refuse or do differently shows:

- only names of a real CuPy release exist, every call is bound to that release's signature, and ufuncs have only its
  loops (``surface.json``, read from the real packages; `make` takes the release);
- arrays are a class of their own that NumPy cannot see into; functions refuse NumPy arrays and lists;
- reductions give 0-d arrays, never scalars; reading a value on the host is counted in ``syncs``;
- index arrays wrap around, duplicates in an assignment let the first win, uninitialised memory is garbage, the last
  of several NaNs is the argmax, float ``%`` and ``//`` are x - floor(x/y)*y and floor(x/y), ``full(-0.0)`` is +0.0;
- there are two devices, and arrays must lie on the current one;
- what CuPy lacks for some dtypes (sort and argmax of bfloat16, ``add.at`` of small integers …) is missing;
- kernel objects run the generated source through a C++ compiler (``cpu_kernels.py``);
- a stream that captures lets nothing run: results are garbage until the graph is launched, which calls the same
  functions on the same arrays again (``recording.py``); uploads, reads and products break the capture.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
from cpu_kernels import ElementwiseKernel, ReductionKernel
from recording import Graph, Recorder, recorded
from surface import load, parsed

from polyflow.backend import mended

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
SCALARS = (bool, int, float, complex, np.generic)
HALVES = (np.dtype("float16"), BFLOAT16)
IMPLICIT = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."
)


@cache
def _surface() -> dict[str, Any]:
    return load()


class CUDARuntimeError(RuntimeError):
    """What the CUDA runtime raises."""


class OutOfMemoryError(MemoryError):
    """What CuPy's memory pool raises."""


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args, **named)

    return run


class Array:
    """The stand-in's array, the base of each library's ``ndarray``; ``host`` is the NumPy array behind it."""

    __slots__ = ("host", "place")
    __hash__ = None
    __array_ufunc__ = None
    library: Any = None

    def __init__(self, shape: Any = (), dtype: Any = float) -> None:
        made = self.library.empty(shape, dtype)
        self.host, self.place = made.host, made.place

    shape = property(lambda self: self.host.shape)
    dtype = property(lambda self: self.host.dtype)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    nbytes = property(lambda self: self.host.nbytes)
    itemsize = property(lambda self: self.host.itemsize)
    strides = property(lambda self: self.host.strides)
    flags = property(
        lambda self: types.SimpleNamespace(
            c_contiguous=self.host.flags.c_contiguous, f_contiguous=self.host.flags.f_contiguous
        )
    )
    T = property(lambda self: self.library.wrap(self.host.T))
    mT = property(lambda self: self.library.wrap(self.host.mT))
    real = property(lambda self: self.library.wrap(self.host.real))
    imag = property(
        lambda self: self.library.wrap(self.host.imag if self.host.dtype.kind == "c" else np.zeros_like(self.host))
    )
    device = property(lambda self: self.library.cuda.Device(self.place))
    data = property(lambda self: types.SimpleNamespace(ptr=self.host.ctypes.data, device_id=self.place))

    # What reads a value on the host waits for the device ----------------------------------------------------------

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> np.ndarray:
        self.library.syncs += 1
        if out is not None:
            out[...] = self.host
            return out
        return np.array(self.host, order=order)

    def item(self) -> Any:
        self.library.syncs += 1
        return self.host.item()

    def tolist(self) -> Any:
        self.library.syncs += 1
        return self.host.tolist()

    def __bool__(self) -> bool:
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __repr__(self) -> str:
        self.library.syncs += 1
        return repr(self.host)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(IMPLICIT)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        raise TypeError("the stand-in's memory is not on a device")

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, self.place)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        if dl_device is not None and tuple(dl_device) == (1, 0):
            self.library.syncs += 1
            return self.host.copy().__dlpack__(max_version=max_version)
        if copy:
            raise BufferError("copy=True is supported only for an export to the CPU")
        return _Capsule(self)

    # Structure ----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return len(self.host)

    def __iter__(self) -> Any:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        where = self.library.host_key(self, key)
        parts = where if isinstance(where, tuple) else (where,)
        if not any(isinstance(part, np.ndarray) for part in parts) and Ellipsis not in parts:
            where = (*parts, Ellipsis)  # a view, also where one element is left
        return self.library.wrap(self.host[where])

    @recorded
    def __setitem__(self, key: Any, value: Any) -> None:
        self.library.check_devices((self, value))
        where = self.library.host_key(self, key, reverse=True)
        if isinstance(value, np.ndarray) or not isinstance(value, (Array, *SCALARS)):
            raise TypeError(f"only a cupy array or a scalar can be assigned, not {type(value).__name__}")
        with np.errstate(all="ignore"):
            if isinstance(value, Array):
                spread = np.broadcast_to(value.host, self.host[where].shape)
                arrays = [k for k in (where if isinstance(where, tuple) else (where,)) if isinstance(k, np.ndarray)]
                if arrays:  # the keys were reversed, so that of duplicates the first wins
                    spread = self.library.reverse_like(where, self.host, spread)
                self.host[where] = spread
            else:
                self.host[where] = value

    @recorded
    def astype(self, dtype: Any, order: str = "K", casting: Any = None, subok: Any = None, copy: bool = True) -> Any:
        self.library.check_devices((self,))
        dtype = np.dtype(dtype)
        if not copy and dtype == self.dtype:
            return self
        with np.errstate(all="ignore"):
            host = self.host
            if host.dtype.kind == "c" and dtype.kind not in "cb":
                host = host.real
            if dtype.kind in "iu" and (host.dtype.kind == "f" or host.dtype == BFLOAT16):  # CUDA saturates
                info, wide = np.iinfo(dtype), host.astype(np.float64)
                low, high = float(info.min), float(info.max)
                cast = np.where(np.isnan(wide) | (wide < low) | (wide >= high), 0, wide).astype(dtype)
                return self.library.wrap(
                    np.where(wide >= high, dtype.type(info.max), np.where(wide <= low, dtype.type(info.min), cast))
                )
            return self.library.wrap(np.array(host, dtype=dtype, order="K" if order == "K" else order))

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        return self.library.wrap(self.host.view() if dtype is None else self.host.view(np.dtype(dtype)))

    @recorded
    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        return self.library.wrap(self.host.reshape(*shape, order=order))

    def transpose(self, *axes: Any) -> Any:
        return self.library.wrap(self.host.transpose(*axes))

    @recorded
    def copy(self, order: str = "C") -> Any:
        return self.library.wrap(self.host.copy(order))

    def fill(self, value: Any) -> None:
        if isinstance(value, Array):
            value = value.host
        value = np.asarray(value, dtype=self.dtype)
        self.host[...] = 0 if value == 0 else value  # zeros are written by memset: the sign is lost

    def flatten(self, order: str = "C") -> Any:
        return self.library.wrap(self.host.flatten(order))

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        if not self.host.flags.c_contiguous:
            raise NotImplementedError("Sorting non-contiguous array is not supported.")
        self.host[...] = self.library.sort(self, axis=axis, kind=kind).host

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        self.host[...] = arr


class _Capsule:
    """Device memory handed over: only the stand-in's own ``from_dlpack`` can open it."""

    def __init__(self, array: Array) -> None:
        self.array = array


_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
_SINGLE = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}


def _operator(name: str, swap: bool = False) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, (Array, *SCALARS)):
            raise TypeError(f"Unsupported type {type(other)}")
        function = getattr(self.library, name)
        return function(other, self) if swap else function(self, other)

    return method


def _in_place(name: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        return getattr(self.library, name)(self, other, out=self)

    return method


for _name, _function in _OPERATORS.items():
    setattr(Array, f"__{_name}__", _operator(_function))
    setattr(Array, f"__r{_name}__", _operator(_function, swap=True))
    if _name != "matmul":
        setattr(Array, f"__i{_name}__", _in_place(_function))
for _name, _function in _COMPARISONS.items():
    setattr(Array, f"__{_name}__", _operator(_function))
for _name, _function in _SINGLE.items():
    setattr(Array, f"__{_name}__", lambda self, f=_function: getattr(self.library, f)(self))


def _by_function(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **named: Any) -> Any:
        return getattr(self.library, name)(self, *args, **named)

    return method


for _name in [
    "sum",
    "prod",
    "max",
    "min",
    "any",
    "all",
    "mean",
    "var",
    "std",
    "argmax",
    "argmin",
    "cumsum",
    "cumprod",
    "squeeze",
    "ravel",
    "swapaxes",
    "take",
    "repeat",
    "argsort",
    "nonzero",
    "clip",
    "round",
    "conj",
    "diagonal",
    "trace",
    "searchsorted",
    "dot",
]:
    setattr(Array, _name, _by_function(_name))


def _loops(inputs: str, letters: str) -> list[str]:
    return [f"{inputs.replace('x', letter)}->{letter}" for letter in letters]


WHERE = _loops("?xx", "?bBhHiIlLqQefdFD")
ROUND = ["?q->e", *_loops("xq", "bBhHiIlLqQefdFD")]
CLIP = _loops("xxx", "?bBhHiIlLqQefd")
TRUTH = [f"{letter}->?" for letter in "?BhHiIlLqQefdFD"]
"""The loops of ufuncs and reductions that have no public name (read in CuPy's source): none has bfloat16."""


class Ufunc:
    """A ufunc with exactly the loops of the real one."""

    def __init__(self, library: Any, name: str, loops: list[str]) -> None:
        self.library, self.name, self.__name__, self.types = library, name, name, loops
        self.nin = len(loops[0].split("->")[0])
        self.nout = len(loops[0].split("->")[1])

    @recorded
    def __call__(self, *args: Any, out: Any = None, dtype: Any = None, casting: str = "same_kind") -> Any:
        if len(args) != self.nin:
            raise TypeError(f"Wrong number of arguments for cupy_{self.name}: {len(args)}, not {self.nin}")
        for arg in args:
            if not isinstance(arg, (Array, *SCALARS)):
                raise TypeError(f"Unsupported type {type(arg)}")
        self.library.check_devices((*args, out))
        hosts = [a.host if isinstance(a, Array) else a for a in args]
        ins, outs = self._loop(hosts, dtype)
        with np.errstate(all="ignore"):
            shape = np.broadcast_shapes(*(np.shape(h) for h in hosts))
            made = self._compute([np.asarray(h).astype(t) for h, t in zip(hosts, ins, strict=True)], ins[0])
        results = []
        for result, kind in zip(made if isinstance(made, tuple) else (made,), outs, strict=True):
            result = _quiet(np.asarray(result).astype)(kind)
            if out is not None:
                if out.shape != shape or not np.can_cast(kind, out.dtype, casting):
                    raise TypeError(f"cannot write {kind} {shape} into {out.dtype} {out.shape}")
                out.host[...] = result
                return out
            results.append(self.library.wrap(result))
        return results[0] if len(results) == 1 else tuple(results)

    def _loop(self, hosts: list[Any], dtype: Any) -> tuple[list[np.dtype], list[np.dtype]]:
        for loop in self.types:
            sources, targets = ([_dtype(letter) for letter in side] for side in loop.split("->"))
            if dtype is not None:
                if targets[0] == np.dtype(dtype):
                    return sources, targets
            elif all(_casts(h, s) for h, s in zip(hosts, sources, strict=True)):
                return sources, targets
        given = ", ".join(str(getattr(h, "dtype", type(h).__name__)) for h in hosts)
        raise TypeError(f"cupy_{self.name}: no loop for {given}")

    def _compute(self, values: list[np.ndarray], kind: np.dtype) -> Any:
        if kind in HALVES and self.name != "nextafter":  # a half is computed in float and rounded at the end
            values = [v.astype(np.float32) for v in values]
        return _quiet(_MEANINGS.get(self.name) or getattr(np, self.name))(*values)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        """In-place accumulation at index arrays; only the dtypes that CUDA's atomics have."""
        lists = {"add": "iIQLlqefd", "maximum": "iIQLlqfd", "minimum": "iIQLlqfd"}
        if self.name not in lists:
            raise NotImplementedError(f"`{self.name}.at` is not implemented yet")
        if a.dtype.char not in lists[self.name]:
            raise TypeError(f"scatter_{self.name} only supports 32 and 64 bit integers and floats; got {a.dtype}")
        value = b.host if isinstance(b, Array) else b
        getattr(np, self.name).at(a.host, self.library.host_key(a, indices), value)


def _dtype(letter: str) -> np.dtype:
    return BFLOAT16 if letter == "E" else np.dtype(letter)


def _casts(host: Any, target: np.dtype) -> bool:
    if isinstance(host, (np.ndarray, np.generic)):
        return np.can_cast(host.dtype, target, "safe")
    kinds = (
        "?" if isinstance(host, bool) else "iu" if isinstance(host, int) else "f" if isinstance(host, float) else "c"
    )
    order = "?iufc"
    kind = "f" if target == BFLOAT16 else {"b": "?"}.get(target.kind, target.kind)
    return order.index(kind) >= order.index(kinds[0])


def _floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.floor_divide(x, y) if x.dtype.kind in "iu" else np.floor(x / y)


def _integral_power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind not in "iu":
        return mended.power(x, y)  # as C's pow, which takes no square root where the exponent is 0.5
    negative = y < 0
    result = np.power(x, np.where(negative, y.dtype.type(0), y))
    small = np.where(
        x == 1, 1, np.where((x.astype(np.int64) == -1) & (x.dtype.kind == "i"), np.where(y % 2 != 0, -1, 1), 0)
    )
    return np.where(negative, small.astype(x.dtype), result)


_MEANINGS: dict[str, Callable[..., Any]] = {
    "floor_divide": _floor_divide,
    "remainder": lambda x, y: np.remainder(x, y) if x.dtype.kind in "iu" else x - np.floor(x / y) * y,
    "mod": lambda x, y: np.remainder(x, y) if x.dtype.kind in "iu" else x - np.floor(x / y) * y,
    "power": _integral_power,
    "pow": _integral_power,
    "sign": lambda x: np.sign(x),
    "floor": lambda x: x if x.dtype.kind in "biu" else np.floor(x),
    "ceil": lambda x: x if x.dtype.kind in "biu" else np.ceil(x),
    "trunc": lambda x: x if x.dtype.kind in "biu" else np.trunc(x),
    "logical_not": lambda x: ~(x.astype(bool)),
    "clip": lambda x, low, high: np.where(low > high, high, np.where(x < low, low, np.where(x > high, high, x))),
    "round": lambda x, decimals: np.round(x, int(decimals.reshape(-1)[0])),
}

_SAME = [
    "reshape",
    "transpose",
    "expand_dims",
    "squeeze",
    "broadcast_to",
    "broadcast_arrays",
    "concatenate",
    "concat",
    "stack",
    "hstack",
    "vstack",
    "split",
    "array_split",
    "flip",
    "roll",
    "tile",
    "moveaxis",
    "swapaxes",
    "rollaxis",
    "ravel",
    "atleast_1d",
    "atleast_2d",
    "permute_dims",
    "matrix_transpose",
    "tril",
    "triu",
    "diag",
    "diagonal",
    "trace",
    "outer",
    "inner",
    "dot",
    "vdot",
    "tensordot",
    "kron",
    "meshgrid",
    "rot90",
    "ascontiguousarray",
    "zeros_like",
    "ones_like",
    "diff",
    "iscomplexobj",
    "isrealobj",
    "result_type",
    "can_cast",
    "promote_types",
    "finfo",
    "iinfo",
    "shares_memory",
    "may_share_memory",
    "real",
    "imag",
    "nan_to_num",
    "interp",
]
"""Functions that do what NumPy's of the same name do (within the signature of the real ones)."""

_NOT_CAPTURED = {"matmul", "dot", "tensordot", "einsum", "asarray", "array", "argsort", "sort"}
"""Functions that no graph holds: they call libraries that refuse, upload, or wait."""

_CREATE = [
    "zeros",
    "ones",
    "empty",
    "eye",
    "identity",
    "tri",
    "arange",
    "linspace",
    "full",
    "asarray",
    "array",
    "ascontiguousarray",
]


class Standin(types.ModuleType):
    """A module in the place of ``cupy``; see `make`.

    Attributes:
        syncs: how many times a value was read on the host.
        launches: names of the generated kernels that ran.
        current: the current device. stream: the current stream.
        graph_launches: how many graphs were launched.
        memory: how many bytes a device says it has.
    """

    def __init__(self, version: str, devices: int) -> None:
        super().__init__("cupy", __doc__)
        self.__version__ = version
        self.__file__ = __file__
        self.table = _surface()[version]
        self.syncs, self.launches, self.current, self.count = 0, [], 0, devices
        self.memory = 1 << 34
        self.recorder: Recorder | None = None
        self.graph_launches = 0
        self.newer = not version.startswith("13.")
        names = self.table["ndarray"]
        hidden = {
            name: property(_missing(name)) for name in vars(Array) if name not in names and not name.startswith("__")
        }
        own = {"host": Array.host, "place": Array.place, "library": self}
        self.ndarray = type("ndarray", (Array,), {**hidden, **own, "__slots__": ()})
        self.cuda = _cuda(self)
        self.linalg = (
            types.SimpleNamespace(matrix_transpose=lambda x: self.wrap(x.host.mT))
            if self.newer
            else types.SimpleNamespace()
        )
        self.newaxis, self.pi, self.inf, self.nan, self.e = None, np.pi, np.inf, np.nan, np.e
        self._core = types.SimpleNamespace(_routines_linalg=_compute_types())
        self._core.set_compute_type = self._core._routines_linalg.set_compute_type

    # Names --------------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        entry = self.table["cupy"].get(name)
        if entry is None:
            raise AttributeError(f"module 'cupy' has no attribute {name!r} (CuPy {self.__version__})")
        if isinstance(entry, list):
            found: Any = Ufunc(self, name, entry)
        elif name in _DTYPES:
            found = _DTYPES[name]
        elif entry == "class" and name == "ElementwiseKernel":
            found = lambda *args, **named: ElementwiseKernel(self, *args, **named)  # noqa: E731
        elif entry == "class" and name == "ReductionKernel":
            found = lambda *args, **named: ReductionKernel(self, *args, **named)  # noqa: E731
        else:
            found = self._function(name, entry)
        setattr(self, name, found)
        return found

    def _function(self, name: str, signature: str) -> Callable[..., Any]:
        own = getattr(_Functions, name, None)
        if own is None and name not in _SAME and name not in _CREATE:
            raise NotImplementedError(f"cupy.{name} exists, but the stand-in does not have it: add it to standin.py")
        bound = parsed(signature)
        plain = _quiet(getattr(np, name, None) or (lambda *a, **k: None))

        def function(*args: Any, **named: Any) -> Any:
            if self.recorder is not None:
                return self.recorder.call(function, args, named, refused=name in _NOT_CAPTURED)
            bound.bind(*args, **named)
            if name not in _CREATE:
                _refuse_foreign(name, args)
            self.check_devices((*args, *named.values()))
            if own is not None:
                return own(self, *args, **named)
            return self.wrap(plain(*_unwrap(args), **{key: _unwrap(value) for key, value in named.items()}))

        function.__name__ = name
        return function

    # Arrays -------------------------------------------------------------------------------------------------------

    def wrap(self, host: Any) -> Any:
        """A NumPy result as the stand-in's: arrays and NumPy scalars become arrays, sequences keep their kind."""
        if isinstance(host, (np.ndarray, np.generic)):
            array = object.__new__(self.ndarray)
            Array.host.__set__(array, np.asarray(host))
            Array.place.__set__(array, self.current)
            return array
        if isinstance(host, tuple) and hasattr(host, "_fields"):
            return type(host)(*[self.wrap(h) for h in host])
        if isinstance(host, (tuple, list)):
            return type(host)([self.wrap(h) for h in host])
        return host

    def check_devices(self, args: Any) -> None:
        for arg in args:
            if isinstance(arg, (tuple, list)):
                self.check_devices(arg)
            elif isinstance(arg, Array):
                if arg.library is not self:
                    raise TypeError("an array of another stand-in")
                if arg.place != self.current:
                    raise ValueError(
                        "Array device must be same as the current device: "
                        f"array device = {arg.place} while current = {self.current}"
                    )

    def host_key(self, array: Array, key: Any, *, reverse: bool = False) -> Any:
        """A key of the stand-in's as NumPy's: index arrays wrap around, masks cost a synchronisation."""
        self.check_devices((array, *(key if isinstance(key, tuple) else (key,))))
        parts = list(key) if isinstance(key, tuple) else [key]
        used = sum(
            p.ndim if isinstance(p, Array) and p.dtype == bool else p is not None and p is not Ellipsis for p in parts
        )
        axis, host = 0, []
        for part in parts:
            if part is None or isinstance(part, slice):
                host.append(part)
                axis += part is not None
            elif part is Ellipsis:
                host.append(part)
                axis += array.ndim - used
            elif isinstance(part, (bool, np.bool_)) or not isinstance(part, (Array, int, np.integer)):
                raise TypeError(
                    f"an index of type {type(part).__name__} is refused here: pass cupy arrays, integers or slices"
                )
            elif not isinstance(part, Array):
                host.append(part)
                axis += 1
            elif part.dtype == bool:
                self.syncs += 1
                host.append(part.host)
                axis += part.ndim
            elif part.dtype.kind in "iu":
                if axis >= array.ndim:
                    raise IndexError("too many indices for array")
                length = array.shape[axis]
                wrapped = part.host.astype(np.int64) % length if length else part.host.astype(np.int64)
                host.append(np.flip(wrapped) if reverse else wrapped)
                axis += 1
            else:
                raise IndexError(f"arrays used as indices must be of integer or boolean type. (actual: {part.dtype})")
        return tuple(host) if isinstance(key, tuple) else host[0]

    def reverse_like(self, where: Any, host: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """``spread`` with the axes that come from index arrays reversed, as the index arrays were."""
        arrays = [k for k in (where if isinstance(where, tuple) else (where,)) if isinstance(k, np.ndarray)]
        if any(a.dtype == bool for a in arrays):
            return spread
        if len(arrays) > 1:
            raise NotImplementedError("the stand-in assigns through one index array at a time")
        position = (
            0
            if not isinstance(where, tuple)
            else sum(1 for k in where[: [k is arrays[0] for k in where].index(True)] if not isinstance(k, int))
        )
        return np.flip(spread, tuple(range(position, position + arrays[0].ndim)))


def _missing(name: str) -> Callable[..., Any]:
    def getter(self: Any) -> Any:
        raise AttributeError(f"'ndarray' object has no attribute {name!r} (CuPy {self.library.__version__})")

    return getter


def _refuse_foreign(name: str, args: Any) -> None:
    for arg in args:
        if isinstance(arg, np.ndarray):
            raise TypeError(f"cupy.{name}: Unsupported type {type(arg)}")
    if args and name not in ("where", "result_type", "can_cast", "promote_types", "finfo", "iinfo", "einsum"):
        first = args[0]
        whole = isinstance(first, Array) or (
            isinstance(first, (tuple, list)) and first and all(isinstance(a, Array) for a in first)
        )
        if not whole:
            raise TypeError(f"cupy.{name} takes cupy arrays, not {type(first).__name__}")


def _unwrap(value: Any) -> Any:
    if isinstance(value, Array):
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (tuple, list)):
        return type(value)([_unwrap(v) for v in value])
    return value


_DTYPES = {
    **{f"{kind}{bits}": getattr(np, f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": getattr(np, f"float{bits}") for bits in (16, 32, 64)},
    "complex64": np.complex64,
    "complex128": np.complex128,
    "bool_": np.bool_,
    "bool": np.bool_,
    "intp": np.intp,
    "dtype": np.dtype,
}


class _Functions:
    """What CuPy does differently from NumPy, or what has to be counted."""

    # Creation

    def asarray(self, a, dtype=None, order=None, *, copy=None, blocking=False):
        return self.array(a, dtype=dtype, copy=bool(copy))

    def array(self, obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
        if isinstance(obj, Array):
            same = not copy and (dtype is None or np.dtype(dtype) == obj.dtype)
            return obj if same else self.wrap(np.array(obj.host, dtype=dtype))
        made = self.wrap(np.array(obj, dtype=dtype, ndmin=ndmin))
        if made.ndim == 0:
            made.fill(made.host.copy())  # as CuPy makes 0-d arrays: the sign of zero is lost
        return made

    def ascontiguousarray(self, a, dtype=None):
        return self.wrap(np.array(_unwrap(a), dtype=dtype, order="C", ndmin=1))

    def zeros(self, shape, dtype=float, order="C"):
        return self.wrap(np.zeros(shape, dtype))

    def ones(self, shape, dtype=float):
        return self.wrap(np.ones(shape, dtype))

    def empty(self, shape, dtype=float, order="C"):
        made = np.empty(shape, dtype)
        return self.wrap(
            np.frombuffer(bytearray(b"\xab") * made.nbytes, made.dtype).reshape(made.shape) if made.size else made
        )  # garbage

    def empty_like(self, prototype, dtype=None, order="K", subok=None, shape=None):
        return self.empty(prototype.shape if shape is None else shape, dtype or prototype.dtype)

    def full(self, shape, fill_value, dtype=None, order="C"):
        value = fill_value.host if isinstance(fill_value, Array) else np.asarray(fill_value)
        made = self.wrap(np.empty(shape, dtype if dtype is not None else value.dtype))
        made.fill(value)
        return made

    def full_like(self, a, fill_value, dtype=None, order="K", subok=None, shape=None):
        return self.full(a.shape if shape is None else shape, fill_value, dtype or a.dtype)

    def arange(self, start, stop=None, step=1, dtype=None):
        return self.wrap(np.arange(start, dtype=dtype) if stop is None else np.arange(start, stop, step, dtype=dtype))

    def eye(self, N, M=None, k=0, dtype=float, order="C"):
        return self.wrap(np.eye(N, M, k, dtype))

    def linspace(self, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
        return self.wrap(np.linspace(start, stop, num, endpoint, retstep, dtype, axis))

    def get_default_memory_pool(self):
        return types.SimpleNamespace(free_bytes=lambda: 0, free_all_blocks=lambda: None)

    def from_dlpack(self, array, *, device=None, copy=None):
        kind, number = array.__dlpack_device__()
        if kind != 2:
            raise BufferError("the stand-in takes only device memory through DLPack")
        capsule = array.__dlpack__()
        if not isinstance(capsule, _Capsule):
            raise BufferError("foreign device memory")
        made = self.wrap(capsule.array.host)
        Array.place.__set__(made, number)
        return made

    def asnumpy(self, a, stream=None, order="C", out=None, *, blocking=True):
        return a.get(stream, order, out, blocking) if isinstance(a, Array) else np.asarray(a)

    def astype(self, x, dtype, /, *, copy=True):
        return x.astype(dtype, copy=copy)

    def copyto(self, dst, src, casting="same_kind", where=None):
        source = _unwrap(src)
        if where is None:
            np.copyto(dst.host, source, casting=casting)
        else:
            np.copyto(dst.host, source, casting=casting, where=_unwrap(where))

    # Selecting

    def where(self, condition, x=None, y=None):
        if x is None:
            return self.nonzero(condition)
        for one in (condition, x, y):
            if not isinstance(one, (Array, *SCALARS)):
                raise TypeError(f"Unsupported type {type(one)}")
        return Ufunc(self, "where", WHERE)(condition.astype("?", copy=False), x, y)

    def nonzero(self, a):
        self.syncs += 1
        if a.ndim == 0:
            raise ValueError(
                "Calling nonzero on 0d arrays is not allowed. Use cp.atleast_1d(scalar).nonzero() instead."
            )
        return self.wrap(np.nonzero(a.host))

    def argwhere(self, a):
        self.syncs += 1
        return self.wrap(np.argwhere(a.host))

    def flatnonzero(self, a):
        self.syncs += 1
        return self.wrap(np.flatnonzero(a.host))

    def unique(self, ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True):
        if axis is not None:
            raise NotImplementedError("unique along an axis is unusable in CuPy: one synchronisation per comparison")
        self.syncs += 1
        return self.wrap(np.unique(ar.host, return_index, return_inverse, return_counts, equal_nan=equal_nan))

    def take(self, a, indices, axis=None, out=None):
        if not isinstance(indices, (Array, int, np.integer)):
            raise TypeError(f"cupy.take: indices of type {type(indices).__name__}")
        chosen = np.asarray(_unwrap(indices))
        if chosen.dtype.kind not in "iu":
            raise TypeError("Cannot cast indices to integers")
        host = a.host.ravel() if axis is None else np.atleast_1d(a.host)
        axis = 0 if axis is None else axis
        if host.shape[axis] == 0 and chosen.size:
            raise IndexError("cannot do a non-empty take from an empty axes.")
        return self.wrap(np.take(host, chosen.astype(np.int64) % max(host.shape[axis], 1), axis=axis))

    def take_along_axis(self, a, indices, axis):
        if indices.dtype.kind not in "iu":
            raise IndexError("`indices` must be an integer array")
        if axis is None:
            a, axis = self.ravel(a), 0
        if a.ndim != indices.ndim:
            raise ValueError("`indices` and `a` must have the same number of dimensions")
        length = a.shape[axis]
        return self.wrap(np.take_along_axis(a.host, indices.host.astype(np.int64) % max(length, 1), axis))

    def compress(self, condition, a, axis=None, out=None):
        self.syncs += 1
        return self.wrap(np.compress(_unwrap(condition), a.host, axis))

    def repeat(self, a, repeats, axis=None):
        if isinstance(repeats, Array):
            if not self.newer:
                raise ValueError("`repeats` must be an integer or a list of them")
            self.syncs += 1
        return self.wrap(np.repeat(a.host, _unwrap(repeats), axis))

    def pad(self, array, pad_width, mode="constant", **kwargs):
        return self.wrap(np.pad(array.host, pad_width, mode, **kwargs))

    # Reductions: 0-d arrays

    def sum(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return self._reduce(np.sum, a, axis, dtype, keepdims)

    def prod(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return self._reduce(np.prod, a, axis, dtype, keepdims)

    def max(self, a, axis=None, out=None, keepdims=False):
        return self.wrap(np.asarray(_quiet(np.max)(a.host, axis=axis, keepdims=bool(keepdims))))

    def min(self, a, axis=None, out=None, keepdims=False):
        return self.wrap(np.asarray(_quiet(np.min)(a.host, axis=axis, keepdims=bool(keepdims))))

    amax, amin = max, min

    def any(self, a, axis=None, out=None, keepdims=False):
        Ufunc(self, "any", TRUTH)._loop([a.host], None)
        return self.wrap(np.asarray(np.any(a.host, axis=axis, keepdims=keepdims)))

    def all(self, a, axis=None, out=None, keepdims=False):
        Ufunc(self, "all", TRUTH)._loop([a.host], None)
        return self.wrap(np.asarray(np.all(a.host, axis=axis, keepdims=keepdims)))

    def mean(self, a, axis=None, dtype=None, out=None, keepdims=False):
        kind = np.dtype(float) if a.dtype.kind in "biu" else a.dtype
        wide = a.host.astype(np.complex128 if kind.kind == "c" else np.float64)
        result = np.asarray(_quiet(np.mean)(wide, axis=axis, keepdims=bool(keepdims)))
        return self.wrap(_quiet(result.astype)(kind if dtype is None else dtype))

    def var(self, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self.wrap(np.asarray(_quiet(np.var)(a.host, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims)))

    def std(self, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self.wrap(np.asarray(_quiet(np.std)(a.host, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims)))

    def count_nonzero(self, a, axis=None):
        return self.wrap(np.asarray(np.count_nonzero(a.host, axis=axis)))

    def _arg(self, extreme, a, axis, dtype, keepdims):
        if a.dtype == BFLOAT16:
            raise TypeError("Wrong type (bfloat16) of arguments for cupy_argmax")
        host = a.host
        if host.dtype.kind in "fc":  # of several NaNs any may be found: here the last
            isnan = np.isnan(host)
            if isnan.any():
                plain = extreme(host, axis=axis, keepdims=keepdims)
                flat = isnan.ravel() if axis is None else np.moveaxis(isnan, axis, -1)
                last = flat.shape[-1] - 1 - np.argmax(flat[..., ::-1], axis=-1)
                found = flat.any(-1)
                if keepdims:
                    last, found = (np.asarray(v).reshape(np.shape(plain)) for v in (last, found))
                return self.wrap(np.asarray(np.where(found, last, plain), "q"))
        return self.wrap(np.asarray(extreme(host, axis=axis, keepdims=keepdims), "q"))  # long long: == int64, not `is`

    def argmax(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return self._arg(np.argmax, a, axis, dtype, bool(keepdims))

    def argmin(self, a, axis=None, dtype=None, out=None, keepdims=False):
        return self._arg(np.argmin, a, axis, dtype, bool(keepdims))

    def cumsum(self, a, axis=None, dtype=None, out=None):
        return self._scan(np.cumsum, a, axis, dtype)

    def cumprod(self, a, axis=None, dtype=None, out=None):
        return self._scan(np.cumprod, a, axis, dtype)

    def cumulative_sum(self, x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        return self._scan(np.cumsum, x, axis, dtype)

    def cumulative_prod(self, x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        return self._scan(np.cumprod, x, axis, dtype)

    # Sorting

    def sort(self, a, axis=-1, kind=None):
        self._check_sort(a, kind)
        if a.ndim == 0:
            raise np.exceptions.AxisError("Sorting arrays with the rank of zero is not supported")
        return self.wrap(np.sort(a.host, axis=axis, kind="stable"))

    def argsort(self, a, axis=-1, kind=None):
        self._check_sort(a, kind)
        return self.wrap(np.argsort(np.atleast_1d(a.host), axis=axis, kind="stable"))

    def lexsort(self, keys, axis=-1):
        return self.wrap(np.lexsort(_unwrap(keys), axis))

    def searchsorted(self, a, v, side="left", sorter=None):
        if a.ndim != 1 or not isinstance(v, (Array, int, float)):
            raise NotImplementedError("Only int or ndarray are supported for a")
        if a.dtype == BFLOAT16:
            raise TypeError("cupy_searchsorted: no loop for bfloat16")
        return self.wrap(np.asarray(np.searchsorted(a.host, _unwrap(v), side, _unwrap(sorter))))

    def digitize(self, x, bins, right=False):
        return self.wrap(np.digitize(x.host, bins.host, right))

    # Linear algebra

    def matmul(self, *args, **named):
        return self.wrap(np.asarray(_in_float(np.matmul, *(_unwrap(a) for a in args))))

    def dot(self, a, b, out=None):
        return self.wrap(np.asarray(_in_float(np.dot, a.host, b.host)))

    def tensordot(self, a, b, axes=2):
        return self.wrap(np.asarray(_in_float(np.tensordot, a.host, b.host, axes=axes)))

    def einsum(self, *operands, **kwargs):
        if set(kwargs) - {"dtype", "optimize"}:
            raise TypeError(f"Did not understand the following kwargs: {sorted(kwargs)}")
        return self.wrap(
            np.asarray(_in_float(np.einsum, *(_unwrap(o) for o in operands), optimize=kwargs.get("optimize", False)))
        )

    # Others

    def clip(self, a, a_min, a_max, out=None):
        if a.dtype.kind == "f":
            limits = (-np.inf, np.inf)
        else:
            limits = (np.iinfo(a.dtype).min, np.iinfo(a.dtype).max)  # bfloat16 has no such limits: CuPy raises, too
        low, high = (limit if given is None else given for given, limit in zip((a_min, a_max), limits, strict=True))
        return Ufunc(self, "clip", CLIP)(a, low, high)

    def round(self, a, decimals=0, out=None):
        return Ufunc(self, "round", ROUND)(a, decimals)

    around = round

    def put_along_axis(self, arr, indices, values, axis):
        np.put_along_axis(arr.host, indices.host % arr.shape[axis], _unwrap(values), axis)

    def size(self, a, axis=None):
        return a.size if axis is None else a.shape[axis]


def _in_float(function: Callable[..., Any], *operands: Any, **named: Any) -> Any:
    arrays = [o for o in operands if isinstance(o, np.ndarray)]
    kind = np.result_type(*arrays) if arrays[0].dtype != BFLOAT16 else BFLOAT16
    if kind not in HALVES:
        return _quiet(function)(*operands, **named)
    wide = [o.astype(np.float32) if isinstance(o, np.ndarray) else o for o in operands]
    return np.asarray(_quiet(function)(*wide, **named)).astype(kind)


def _reduce(self: Standin, function: Callable[..., Any], a: Any, axis: Any, dtype: Any, keepdims: Any) -> Any:
    kind = np.dtype(dtype) if dtype is not None else a.dtype
    if dtype is None and kind.kind in "biu":
        kind = np.dtype("uint64" if kind.kind == "u" else "int64")
    wide = np.complex128 if kind.kind == "c" else np.float64 if kind in HALVES or kind.kind == "f" else kind
    host = a.host.astype(wide)  # CuPy adds in a tree: closer to this than to NumPy's row after row
    result = np.asarray(_quiet(function)(host, axis=axis, dtype=host.dtype, keepdims=bool(keepdims)))
    return self.wrap(_quiet(result.astype)(kind))


def _scan(self: Standin, function: Callable[..., Any], a: Any, axis: Any, dtype: Any) -> Any:
    kind = np.dtype(dtype) if dtype is not None else a.dtype
    if dtype is None and kind.kind in "biu":
        kind = np.dtype("uint64" if kind.kind == "u" else "int64")
    if kind == BFLOAT16:
        raise TypeError("cumsum of bfloat16 is not offered by the stand-in: go through float32")
    if axis is not None and a.size == 0 and a.shape[axis]:
        raise CUDARuntimeError("CUDA_ERROR_INVALID_VALUE: invalid argument (an empty grid)")
    return self.wrap(_quiet(function)(a.host, axis=axis, dtype=kind))


def _check_sort(self: Standin, a: Any, kind: Any) -> None:
    if kind not in (None, "stable"):
        raise ValueError("kind only can be None or 'stable'")
    if a.dtype == BFLOAT16:
        raise NotImplementedError("Sorting arrays with dtype 'bfloat16' is not supported")


Standin._reduce, Standin._scan, Standin._check_sort, Standin._arg = _reduce, _scan, _check_sort, _Functions._arg  # type: ignore[attr-defined]


class _compute_types:
    """The process-wide table that says how cuBLAS computes each dtype."""

    COMPUTE_TYPE_TBD, COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_PEDANTIC, COMPUTE_TYPE_TF32 = 0, 1, 2, 7

    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        self.seen: list[int] = []

    def get_compute_type(self, dtype: Any) -> int:
        return self.types.get(np.dtype(dtype).name, 1)

    def set_compute_type(self, dtype: Any, compute_type: int) -> None:
        self.types[np.dtype(dtype).name] = compute_type


def _cuda(library: Standin) -> Any:
    class Device:
        def __init__(self, device: Any = None) -> None:
            self.id = library.current if device is None else int(device.id if isinstance(device, Device) else device)
            self.before: list[int] = []

        def __enter__(self) -> Any:
            if not 0 <= self.id < library.count:
                raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
            self.before.append(library.current)
            library.current = self.id
            return self

        def __exit__(self, *error: Any) -> None:
            library.current = self.before.pop()

        def use(self) -> None:
            library.current = self.id

        def synchronize(self) -> None:
            library.syncs += 1

        def __eq__(self, other: Any) -> bool:
            return isinstance(other, Device) and other.id == self.id

        def __hash__(self) -> int:
            return hash(self.id)

        compute_capability = "90"

    class Stream:
        null: Any = None

        def __init__(
            self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: Any = None
        ) -> None:
            self.ptr = 0 if null else id(self)

            self.before: list[Any] = []

        def __enter__(self) -> Any:
            self.before.append(library.stream)
            library.stream = self
            return self

        def __exit__(self, *error: Any) -> None:
            library.stream = self.before.pop()

        def begin_capture(self, mode: Any = None) -> None:
            if not self.ptr:
                raise RuntimeError("cannot capture on the null stream")
            library.recorder = Recorder(library)

        def end_capture(self) -> Graph:
            recorder, library.recorder = library.recorder, None
            return recorder.graph()

        def is_capturing(self) -> bool:
            return library.recorder is not None

        def synchronize(self) -> None:
            library.syncs += 1

        def record(self, event: Any = None) -> Any:
            return event or Event()

    class Event:
        def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
            self.done = True

        def record(self, stream: Any = None) -> None:
            return None

        def synchronize(self) -> None:
            library.syncs += 1

    class MemoryPool:
        def malloc(self, size: int) -> Any:
            raise AssertionError("the stand-in allocates by NumPy")

    @contextmanager
    def using_allocator(allocator: Any = None) -> Any:
        yield

    library.stream = Stream.null = Stream(null=True)
    runtime = types.SimpleNamespace(
        getDeviceCount=lambda: library.count,
        getDevice=lambda: library.current,
        setDevice=lambda device: setattr(library, "current", device),
        deviceSynchronize=lambda: setattr(library, "syncs", library.syncs + 1),
        getDeviceProperties=lambda device: {"name": b"stand-in (no GPU)", "totalGlobalMem": 0, "major": 9, "minor": 0},
        memGetInfo=lambda: (library.memory, library.memory),
        driverGetVersion=lambda: 12090,
        runtimeGetVersion=lambda: 12090,
        CUDARuntimeError=CUDARuntimeError,
        is_hip=False,
    )
    cuda = types.ModuleType("cupy.cuda")
    cuda.Device, cuda.Stream, cuda.Event, cuda.runtime = Device, Stream, Event, runtime  # type: ignore[attr-defined]
    cuda.is_available = lambda: library.count > 0  # type: ignore[attr-defined]
    cuda.get_current_stream = lambda device_id=-1: library.stream  # type: ignore[attr-defined]
    cuda.MemoryPool, cuda.using_allocator, cuda.Graph = MemoryPool, using_allocator, Graph  # type: ignore[attr-defined]
    cuda.memory = types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError)  # type: ignore[attr-defined]
    return cuda


def make(version: str = "14.2.0", devices: int = 2) -> Any:
    """A fresh stand-in with the names of CuPy ``version`` and this many devices; set ``syncs`` to 0 before counting."""
    return Standin(version, devices)
