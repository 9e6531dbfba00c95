"""The backend protocol: what an array library has to offer so that polyflow can run on it.

Four methods are required. Every op then works (at worst through the NumPy reference on the host, which is counted in
``host_fallbacks``); each op that the backend names, as a method or through an array namespace, runs on the library.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from .. import dtypes
from ..errors import IncompleteBackendError, UnsupportedError
from . import control
from .deviation import Deviation
from .needs import among, divided, needs_of, usable
from .nodes import run_node_by_node

if TYPE_CHECKING:
    from .loop import Loop, LoopProgram

PROTOCOL = "1.0"
"""The version of the protocol that this polyflow implements; plugins of the same major version work with it."""


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do, declared so that nothing is discovered by a crash.

    Attributes:
        dtypes: the dtypes it holds; asking for another raises UnsupportedError.
        compile: `Backend.compile` does better than running node by node.
        native_gradient: `Backend.native_vjp` is there.
        dlpack: arrays are exchanged with other libraries without a copy.
        host_arguments: compiled programs take host arrays, which nobody writes to again, as they are; where not, they
            are handed over by `Backend.adopt` first.
        inplace: arrays that `Backend.asarray`, elementwise ops and programs make can be written to by
            ``array[key] = other``, and no other array changes.
        donation: programs of `Backend.loop` work in the memory of a large state (see `LoopProgram`), so that single
            steps are also worth one.
    """

    dtypes: frozenset[np.dtype] = field(default_factory=lambda: frozenset(dtypes.ALL))
    compile: bool = False
    native_gradient: bool = False
    dlpack: bool = False
    host_arguments: bool = False
    inplace: bool = False
    donation: bool = False


class Backend(abc.ABC):
    """One array library on one device.

    A backend object stands for a library *and* a default device: tensors of two backend objects do not mix. Arrays are
    the library's own; polyflow never looks inside them. An op's kernel is called as ``kernel(*arrays, **attributes)``
    with arrays of the dtypes its rule names, and must return a new array or a view, never change its arguments.

    Args:
        device: the device that new arrays go to, e.g. ``"cpu:0"``; None for the library's default.
    """

    # Required ------------------------------------------------------------------------------------------------------

    name: ClassVar[str]
    """The backend's name, equal to its entry point's."""

    protocol: ClassVar[str] = PROTOCOL
    """The protocol version that the plugin was written for."""

    device: str
    """The device that new arrays go to."""

    @abc.abstractmethod
    def asarray(self, obj: Any, dtype: np.dtype | None = None, device: str | None = None) -> Any:
        """A new array holding ``obj`` (a NumPy array or Python scalar), in ``dtype`` or the dtype it has.

        Arrays come in any layout. Always copies: a later write to ``obj`` must not show.
        """

    @abc.abstractmethod
    def to_numpy(self, array: Any) -> np.ndarray:
        """The array's values on the host, a plain NumPy array: a copy, or a read-only view. Waits for pending work.

        It stays what it is whatever is computed, or copied to the host, afterwards.
        """

    @abc.abstractmethod
    def devices(self) -> tuple[str, ...]:
        """The devices that answer, e.g. ``("cpu:0",)``; empty when none does."""

    @abc.abstractmethod
    def synchronize(self) -> None:
        """Wait for pending work, so that asynchronous errors are raised here."""

    # What you get for them, and may do better ----------------------------------------------------------------------

    xp: Any = None
    """An array namespace whose functions serve as kernels where the backend has no method of that name."""

    unsupported: Mapping[str, str] = {}
    """Ops that this backend refuses, each with the reason that the user reads."""

    gaps: Mapping[str, Collection[np.dtype]] = {}
    """Dtypes for which the library's kernel of an op (``"*"``: of any) is no good: the op then runs as without it."""

    deviations: Mapping[str, Deviation] = {}
    """What the conformance suite's cases ask for and this backend is known to do otherwise, by case id or pattern."""

    weak_scalars: bool = False
    """Whether kernels of several arrays take a Python float for one of them without changing the result's dtype."""

    numpy_dtypes: bool = True
    """Whether arrays' ``dtype`` is a `numpy.dtype`; where it is not, every op finds out what it is by `dtype_of`."""

    capabilities: Capabilities = Capabilities()
    """What the library can do; where nothing is said, it holds every dtype and has no other power."""

    host_fallbacks: dict[str, int]
    """How often each op ran on the host, in NumPy, because the library has no kernel for it."""

    def __new__(cls, *args: Any, **named: Any) -> Self:
        missing = ", ".join(f"{name}()" for name in sorted(cls.__abstractmethods__))
        if missing:
            raise IncompleteBackendError(
                f"{cls.__name__} has no {missing}. Every backend has to have asarray(obj, dtype, device), "
                "to_numpy(array), devices() and synchronize(); write what is missing (docs/writing-a-backend.md)."
            )
        return super().__new__(cls)

    def __init__(self, device: str | None = None) -> None:
        self.device = device or "cpu:0"
        self.host_fallbacks = {}

    def __repr__(self) -> str:
        return f"<backend {self.name} on {self.device}>"

    def adopt(self, array: np.ndarray) -> Any:
        """An array of the values of a host array that nobody will ever write to again; it may share its memory."""
        return self.asarray(array)

    def dtype_of(self, array: Any) -> np.dtype:
        """The array's dtype as polyflow's."""
        return dtypes.as_dtype(array.dtype)

    def device_of(self, array: Any) -> str:
        """The device that the array lies on."""
        return self.device

    def is_host(self, device: str) -> bool:
        """Whether arrays on ``device`` lie in this machine's own memory, where NumPy may look into them unasked.

        That is so on the CPU.
        """
        return device.startswith("cpu")

    def kernel(self, op: Any) -> Callable[..., Any]:
        """The callable that runs ``op`` now; asked once per op and kept."""
        return self.resolve(op)

    def resolve(self, op: Any) -> Callable[..., Any]:
        """The op's kernel: the backend's own method, else the namespace's function, else the op's own fallback.

        Calls for which a kernel lacks what it needs, and dtypes that ``gaps`` names, go to the fallback too.
        """
        if op.name in self.unsupported:
            return self._refuse(op.name)
        own = self._own(op)
        if own is None:
            return op.fallback(self)
        left = [need.when for need in needs_of(own) if need.when is not None and not need.met(self)]
        left += [among(self.gaps[name]) for name in (op.name, "*") if name in self.gaps]
        return divided(self, own, op.fallback(self), left) if left else own

    def implements(self, op: Any) -> bool:
        """Whether the library itself runs ``op`` (no decomposition, no host fallback), if not for every dtype."""
        return op.name not in self.unsupported and self._own(op) is not None

    def _own(self, op: Any) -> Callable[..., Any] | None:
        """The method or the function of an op's name, in the namespace or in the extension where it stands.

        Only where the library has what that needs.
        """
        own = getattr(self, op.name, None)
        if own is None and op.standard:
            home = getattr(self.xp, op.standard, None) if isinstance(op.standard, str) else self.xp
            own = getattr(home, op.name, None)
        return own if own is not None and usable(self, own) else None

    def part(self, packed: tuple[Any, ...], *, index: int) -> Any:
        """One of the arrays that the kernel of an op with several results returned."""
        return packed[index]

    def cond(self, *arrays: Any, **how: Any) -> tuple[Any, ...]:
        """``cond(pred, *operands, then, otherwise)``: what ``then(*operands)`` gives if ``pred``, else the other.

        This op, `while_loop` and `scan` stand in graphs only. What they repeat or choose arrives as functions from
        arrays to a tuple of arrays. The other leaves no trace: no error, no NaN in what is given, nor in a gradient.
        Here: the host decides.
        """
        return control.cond(self, *arrays, **how)

    def while_loop(self, *arrays: Any, **how: Any) -> tuple[Any, ...]:
        """``while_loop(*consts, *carries, test, body, consts, maximum_iterations)``: the last carries.

        ``body(*consts, *carries)`` gives new carries while the boolean ``test(*consts, *carries)[0]`` is true, at most
        ``maximum_iterations`` times (None: without an end); ``consts`` is how many constants come first.
        """
        return control.while_loop(self, *arrays, **how)

    def scan(self, *arrays: Any, **how: Any) -> tuple[Any, ...]:
        """``scan(*consts, *carries, *xs, body, consts, carries, length, reverse, history)``: a function along an axis.

        ``body(*consts, *carries, *elements)`` gives new carries and a row, ``length`` times, from the last element to
        the first if ``reverse``. The results are the last carries, then the rows, stacked along a first axis; then,
        if ``history``, what the carries were before each step, stacked likewise.
        """
        return control.scan(self, *arrays, **how)

    def custom_gradient(self, *arrays: Any, pullback: Any, consts: int, args: int) -> tuple[Any, ...]:
        """The arrays after the first ``consts + args``: a user's own gradient says nothing about values."""
        return arrays[consts + args :]

    def compile(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        """A function from the graph's input arrays to its output arrays. Here: the kernels, node by node."""
        return run_node_by_node(graph, self.resolve, self.asarray, self.name)

    def memory_of(self, graph: Any) -> int | None:
        """The most bytes that a compiled graph holds at a time besides its arguments, results included: an int.

        None, as here, where that is not known beforehand: then it runs node by node, for all that is known.
        """
        return None

    def loop(self, loop: Loop) -> LoopProgram:
        """The program that trains over rows in memory. Here: step by step, with the programs of `compile`."""
        from .loop import StepByStep  # here, so that importing polyflow does not take the time for it

        return StepByStep(loop, self)

    def fits(self, size: int) -> bool:
        """Whether data of ``size`` bytes may be laid on the device for the length of a training; one byte may."""
        return True

    def native_vjp(self, graph: Any) -> Callable[..., tuple[Any, ...]]:
        """The library's own gradient of a graph, where ``capabilities.native_gradient`` says that it has one.

        polyflow differentiates by its own rules; this is the second opinion that tests hold them to, and the way
        through code that only the library can differentiate.

        Returns:
            ``vjp(arrays, cotangents)``: from the graph's input arrays, and one cotangent array for each output (any
            value for outputs of integers or booleans), to one cotangent for each input (None for integers and
            booleans). The cotangent of a complex number is the conjugate of the derivative.

        Raises:
            UnsupportedError: the library has no gradients.
        """
        raise UnsupportedError(f"backend {self.name!r} has no gradients of its own. polyflow's rules need none.")

    def require(self, dtype: np.dtype) -> np.dtype:
        """``dtype``, or UnsupportedError when this backend does not hold it."""
        if dtype not in self.capabilities.dtypes:
            held = ", ".join(sorted(d.name for d in self.capabilities.dtypes))
            raise UnsupportedError(f"backend {self.name!r} has no dtype {dtype.name}. It holds: {held}.")
        return dtype

    def _refuse(self, name: str) -> Callable[..., Any]:
        def refuse(*arrays: Any, **attrs: Any) -> Any:
            raise UnsupportedError(f"backend {self.name!r} does not support {name!r}: {self.unsupported[name]}")

        return refuse
