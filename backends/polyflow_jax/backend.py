"""JAX as a backend: each op one compiled program, each graph one compiled program.

JAX computes in 32 bits unless told otherwise, and the switch for it changes results of the user's own JAX code. So it
is never touched: every way into JAX runs in 64 bits, for one thread and while the call lasts (`wide`). The
one setting of the process's that changes is where compiled programs are kept, and only where the user names a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend, Capabilities
from polyflow.backend.checks import check_power
from polyflow.backend.loop import Loop
from polyflow.backend.nodes import run_node_by_node
from polyflow.flow.graph import Graph
from polyflow.flow.identity import identity
from polyflow.halves import rounds_once

from . import accurate, activations, control, devices, error_function, indexing, keeping, linalg, random, staging
from .loop import Program
from .sharing import Programs
from .wide import arrays_in_64_bits, in_64_bits

_SMALL = 1 << 16
"""Up to so many bytes `jnp.asarray` is the fastest way in, above it `jax.device_put`, which need not copy."""

_STAGING = staging.Staging()


class JaxBackend(ArrayNamespaceBackend):
    """JAX arrays on one device: ``cpu:0``, ``gpu:1`` (or ``cuda:1``), ``tpu:0``.

    Methods named after ops are kernels as they stand in compiled graphs; `kernel` makes programs of them that run now.
    """

    name = "jax"
    xp = jnp
    weak_scalars = True
    warns = adds_in_turn = False
    capabilities = Capabilities(compile=True, native_gradient=True, dlpack=True, host_arguments=True, donation=True)

    def __init__(self, device: str | None = None) -> None:
        keeping.keep_programs()
        name, self._device = devices.find(device)
        super().__init__(name)
        self._pinned = self._device != jax.local_devices()[0]  # where not, arrays may stay uncommitted: cheaper to make
        self._made_here = jax.sharding.SingleDeviceSharding(self._device)
        self._programs = Programs()

    # Arrays --------------------------------------------------------------------------------------------------------

    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> jax.Array:
        host = np.asarray(obj)
        target = self.require(dt.as_dtype(host.dtype if dtype is None else dtype))
        # a private copy: JAX's own, copy=True included, may read large arrays after it has returned
        if host.nbytes < _SMALL:
            return self._put(np.array(host, dtype=target), device)
        own = staging.aligned(host.shape, target)
        np.copyto(own, host, casting="unsafe")
        return self._put(own, device)

    def adopt(self, array: np.ndarray) -> jax.Array:
        self.require(dt.as_dtype(array.dtype))
        return self._put(array, None)

    def _put(self, host: np.ndarray, device: str | None) -> jax.Array:
        """A host array that nobody will write to, as JAX's; it may keep the memory."""
        if device is not None or self._pinned:
            return _device_put(host, self._device if device is None else devices.find(device)[1])
        return _asarray(host, dtype=host.dtype) if host.nbytes < _SMALL else _device_put(host)

    def to_numpy(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def devices(self) -> tuple[str, ...]:
        return tuple(devices.listed())

    def synchronize(self) -> None:
        for array in jax.live_arrays(self._device.platform):
            try:
                array.block_until_ready()
            except RuntimeError:
                if not array.is_deleted():  # in another thread perhaps, which donated it
                    raise

    def library_dtype(self, dtype: np.dtype) -> np.dtype:
        return dtype

    def dtype_of(self, array: Any) -> np.dtype:
        return dt.as_dtype(array.dtype)

    # Running -------------------------------------------------------------------------------------------------------

    def kernel(self, op: Any) -> Callable[..., Any]:
        """The program that runs ``op`` now: compiled once for its attributes, shapes and dtypes."""
        if op.name in self.unsupported:
            return self._refuse(op.name)
        special = getattr(self, f"_run_{op.name}", None)
        if special is not None:
            return special
        if self._only_on_host(op):
            return op.fallback(self)
        raw = self.resolve(op)
        return _program_per_attributes(raw) if op.defaults else _program(raw)

    def resolve(self, op: Any) -> Callable[..., Any]:
        """The op's kernel inside a compiled graph."""
        return self._called_back(op) if self._only_on_host(op) else super().resolve(op)

    def compile(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        """One XLA program for the whole graph."""
        placed = None if graph.inputs else self._made_here
        return self._programs.of(
            identity(graph), lambda: _program(run_node_by_node(graph, self.resolve, self.asarray), placed)
        )

    def memory_of(self, graph: Any) -> int | None:
        specs = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in graph.inputs]
        with jax.enable_x64(True):
            program = jax.jit(run_node_by_node(graph, self.resolve, self.asarray)).lower(*specs).compile()
        found = program.memory_analysis()
        return None if found is None else found.temp_size_in_bytes + found.output_size_in_bytes

    def loop(self, loop: Loop) -> Program:
        parts = [part.graph for part in (loop.begin, loop.step, loop.rest, loop.end) if part is not None]
        donates = not any(map(self._calls_back, parts))  # what is called back may raise, when the state is gone
        return Program(
            loop,
            lambda graph: run_node_by_node(graph, self.resolve, self.asarray),
            self._stage,
            donates,
            self._programs,
        )

    def _calls_back(self, graph: Any) -> bool:
        """Whether a graph, or one among the attributes of its nodes, has ops that only their reference can run."""
        return any(
            self._only_on_host(node.op)
            or any(isinstance(v, Graph) and self._calls_back(v) for v in node.attrs.values())
            for node in graph.nodes
        )

    def _stage(self, array: np.ndarray) -> jax.Array:
        """The rows of a training on the device."""
        return self.adopt(_STAGING.copy(array) if self._device.platform == "cpu" else array)

    def fits(self, size: int) -> bool:
        memory = self._device.memory_stats() or {}
        return size <= (memory.get("bytes_limit", 2 * size) - memory.get("bytes_in_use", 0)) // 2

    def native_vjp(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        run = run_node_by_node(graph, self.resolve, self.asarray)
        inputs = [i for i, value in enumerate(graph.inputs) if value.dtype in dt.INEXACT]
        outputs = [i for i, value in enumerate(graph.outputs) if value.dtype in dt.INEXACT]

        def pull(arrays: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
            def floating(*varied: Any) -> list[Any]:
                full = list(arrays)
                for i, array in zip(inputs, varied, strict=True):
                    full[i] = array
                results = run(*full)
                return [results[i] for i in outputs]

            _, back = jax.vjp(floating, *[arrays[i] for i in inputs])
            return [jnp.conj(part) for part in back([jnp.conj(cotangents[i]) for i in outputs])]

        program = _program(pull)

        def vjp(arrays: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
            found = program(list(arrays), list(cotangents))
            result: list[Any] = [None] * len(graph.inputs)
            for i, cotangent in zip(inputs, found, strict=True):
                result[i] = cotangent
            return tuple(result)

        return vjp

    def _only_on_host(self, op: Any) -> bool:
        return op.name not in self.unsupported and not self.implements(op) and op.decomposition is None

    def _called_back(self, op: Any) -> Callable[..., Any]:
        """An op that only its reference can run, as a call from the compiled program back to the host."""
        from polyflow.ops.rules import Spec

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            self.host_fallbacks[op.name] = self.host_fallbacks.get(op.name, 0) + 1
            spec = op.infer(tuple(Spec(tuple(a.shape), self.dtype_of(a)) for a in arrays), attrs)

            def on_host(*hosted: Any) -> np.ndarray:
                return np.asarray(op.reference(*map(np.asarray, hosted), **attrs), spec.dtype)

            return jax.pure_callback(on_host, jax.ShapeDtypeStruct(spec.shape, spec.dtype), *arrays)

        return kernel

    # Ops that run now in their own way -----------------------------------------------------------------------------

    def _run_full(self, *, shape: tuple[int, ...], fill_value: Any, dtype: np.dtype) -> Any:
        value = np.full((), fill_value, self.require(dtype))
        return _full(self._made_here if self._pinned else None)(value, shape)

    def _run_pow(self, x1: Any, x2: Any) -> Any:
        if getattr(x2, "dtype", dt.bool_).kind == "i" and not isinstance(x2, indexing.Tracer):
            check_power(x1, np.asarray(x2))
        if x2.__class__ is float and x2 in _POWERS:
            return _POWERS[x2](x1)
        return _pow(x1, x2)

    def _run_clip(self, x: Any, *, min: Any, max: Any) -> Any:
        if x.dtype == dt.uint64:  # JAX takes Python's integers for int64
            min, max = (limit if limit is None else np.uint64(limit) for limit in (min, max))
        return _clip(x, min, max)

    def _run_divide(self, x1: Any, x2: Any) -> Any:
        return _divide(x1, x2)

    def _run_getitem(self, x: Any, *indices: Any, key: Any) -> Any:
        pattern, places = indexing.split(x.shape, indices, key)
        return _getitem(x, places, *indices, pattern=pattern)

    def _run_index_add(self, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
        pattern, places = indexing.split(x.shape, indices, key)
        return _index_add(x, updates, places, *indices, pattern=pattern)

    def _run_index_set(self, x: Any, updates: Any, *indices: Any, key: Any) -> Any:
        pattern, places = indexing.split(x.shape, indices, key)
        return _index_set(x, updates, places, *indices, pattern=pattern)

    _run_exp: Any = staticmethod(arrays_in_64_bits(jax.jit(accurate.exp_alone)))
    _run_cholesky: Any = staticmethod(linalg.cholesky)
    _run_inv: Any = staticmethod(linalg.inv)
    _run_solve: Any = staticmethod(linalg.solve)

    def _run_part(self, packed: tuple[Any, ...], *, index: int) -> Any:
        return packed[index]

    # Kernels -------------------------------------------------------------------------------------------------------

    cond: Any = staticmethod(control.cond)
    while_loop: Any = staticmethod(control.while_loop)
    scan: Any = staticmethod(control.scan)
    getitem: Any = staticmethod(indexing.getitem)
    index_add: Any = staticmethod(indexing.index_add)
    index_set: Any = staticmethod(indexing.index_set)
    random_bits: Any = staticmethod(random.random_bits)
    keep_mask: Any = staticmethod(random.keep_mask)
    bitwise_left_shift: Any = staticmethod(jnp.bitwise_left_shift)  # XLA takes any count
    bitwise_right_shift: Any = staticmethod(jnp.bitwise_right_shift)
    pow: Any = staticmethod(accurate.pow)
    logaddexp: Any = staticmethod(accurate.logaddexp)
    hypot: Any = staticmethod(accurate.hypot)
    nextafter: Any = staticmethod(accurate.nextafter)
    log: Any = staticmethod(accurate.log)
    log2: Any = staticmethod(accurate.log2)
    log10: Any = staticmethod(accurate.log10)
    exp: Any = staticmethod(accurate.exp)
    erf: Any = staticmethod(error_function.erf)
    expm1: Any = staticmethod(accurate.expm1)
    sign: Any = staticmethod(accurate.sign)
    sqrt: Any = staticmethod(accurate.sqrt)
    log1p: Any = staticmethod(accurate.log1p)
    sinh: Any = staticmethod(accurate.sinh)
    cosh: Any = staticmethod(accurate.cosh)
    tan: Any = staticmethod(accurate.tan)
    tanh: Any = staticmethod(accurate.tanh)
    asin: Any = staticmethod(accurate.asin)
    acos: Any = staticmethod(accurate.acos)
    atan: Any = staticmethod(accurate.atan)
    asinh: Any = staticmethod(accurate.asinh)
    acosh: Any = staticmethod(accurate.acosh)
    atanh: Any = staticmethod(accurate.atanh)

    sigmoid: Any = staticmethod(activations.sigmoid)
    softmax: Any = staticmethod(activations.softmax)
    log_softmax: Any = staticmethod(activations.log_softmax)

    @cached_property
    def erfc(self) -> Callable[..., Any]:
        return error_function.erfc(self)

    @cached_property
    def erfinv(self) -> Callable[..., Any]:
        return error_function.erfinv(self)

    @cached_property
    def logsumexp(self) -> Callable[..., Any]:
        return activations.logsumexp(self)

    def astype(self, x: Any, *, dtype: np.dtype) -> Any:
        target = self.require(dtype)
        if jnp.iscomplexobj(x) and dt.kind(target) < 3:
            x = x != 0 if target is dt.bool_ else jnp.real(x)
        if target in dt.HALVES and x.dtype == dt.float64:
            lost = jnp.where(jnp.isfinite(x), x - rounds_once(x, jnp.int64), 0)  # 0.0, which leaves -0.0 as it is
            x = x - jax.lax.stop_gradient(lost)  # not the integers: they have no derivative
        return jax.lax.convert_element_type(x, target)

    def matmul(self, x1: Any, x2: Any) -> Any:
        """In full precision (no TF32); the halves are summed in float32."""
        wide = jnp.float32 if x1.dtype in (dt.float16, dt.bfloat16) else x1.dtype
        return jnp.matmul(x1, x2, precision="highest", preferred_element_type=wide).astype(x1.dtype)

    def max(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return _or_nan(super().max(x, axis=axis, keepdims=keepdims), x, axis, keepdims)

    def min(self, x: Any, *, axis: Any, keepdims: bool) -> Any:
        return _or_nan(super().min(x, axis=axis, keepdims=keepdims), x, axis, keepdims)

    def clamp(self, x: Any, low: Any, high: Any) -> Any:
        return jnp.minimum(jnp.maximum(x, low), high)

    def pad(self, x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        return jnp.pad(x, widths or 0, constant_values=jnp.asarray(value, x.dtype))  # no axes have no pair

    def stop_gradient(self, x: Any) -> Any:
        return jax.lax.stop_gradient(x)


def _or_nan(extreme: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The largest or smallest elements, or NaN where one is: XLA loses it in rows of more than a thousand on CPUs."""
    if x.dtype not in dt.FLOATS:
        return extreme
    return jnp.where(jnp.any(x != x, axis=axis, keepdims=keepdims), jnp.asarray(jnp.nan, x.dtype), extreme)


def _program(raw: Callable[..., Any], placed: Any = None) -> Callable[..., Any]:
    """A kernel as a compiled program that runs in 64 bits."""
    return arrays_in_64_bits(jax.jit(raw) if placed is None else jax.jit(raw, out_shardings=placed))


def _program_per_attributes(raw: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel as one compiled program for each set of attributes.

    (-0.0 equals 0.0, and NaN not even itself: attributes that are floats are told apart by their text.)
    """
    programs: dict[Any, Callable[..., Any]] = {}
    inside = in_64_bits(raw)

    def given(**attrs: Any) -> Callable[..., Any]:
        key: tuple[Any, ...] = (*attrs, *attrs.values())
        for value in attrs.values():
            if value.__class__ is float or value.__class__ is complex:
                key = tuple([repr(v) if isinstance(v, (float, complex)) else v for v in key])
                break
        try:
            program = programs.get(key)
        except TypeError:  # an attribute that cannot be a key: compiled inside, by JAX's own functions
            return partial(inside, **attrs)
        if program is None:
            program = programs[key] = _program(partial(raw, **attrs))
        return program

    def run(*arrays: Any, **attrs: Any) -> Any:
        return given(**attrs)(*arrays)

    run.given = given  # type: ignore[attr-defined]
    return run


@cache
def _full(placed: Any) -> Callable[..., Any]:
    """The program that fills a shape; the value is data."""
    program = jax.jit(lambda value, shape: jnp.full(shape, value), static_argnums=1, out_shardings=placed)
    return in_64_bits(program)


@arrays_in_64_bits
@jax.jit
def _clip(x: Any, low: Any, high: Any) -> Any:
    """The limits are data: others need no other program."""
    x = x if low is None else jnp.maximum(x, jnp.asarray(low, x.dtype))
    return x if high is None else jnp.minimum(x, jnp.asarray(high, x.dtype))


@arrays_in_64_bits
@jax.jit
def _divide(x1: Any, x2: Any) -> Any:
    """The correctly rounded quotient; XLA would multiply with the reciprocal of a divisor that it has to broadcast."""
    return x1 / jax.lax.optimization_barrier(jnp.broadcast_to(x2, jnp.broadcast_shapes(jnp.shape(x1), jnp.shape(x2))))


_pow = arrays_in_64_bits(jax.jit(accurate.pow))
_POWERS: dict[Any, Callable[..., Any]] = {
    float(n): arrays_in_64_bits(jax.jit(partial(jax.lax.integer_pow, y=n))) for n in (-1, 2, 3, 4)
}
"""The powers that are products: as data, an exponent would cost seven times as much."""

_getitem = in_64_bits(jax.jit(indexing.getitem_at, static_argnames="pattern"))
_index_add = in_64_bits(jax.jit(indexing.index_add_at, static_argnames="pattern"))
_index_set = in_64_bits(jax.jit(indexing.index_set_at, static_argnames="pattern"))
_asarray, _device_put = in_64_bits(jnp.asarray), in_64_bits(jax.device_put)
