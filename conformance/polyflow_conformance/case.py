"""A case: one thing that a backend has to do right, with an id of its own; and the trial in which it is tried."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyflow import dtypes as dt
from polyflow.backend.contract import a
from polyflow.errors import UnsupportedError
from polyflow.ops import looked
from polyflow.tensor import Tensor

from .measure import distance


class Mismatch(AssertionError):
    """The backend answered, and the answer is wrong.

    Attributes:
        ulp: how far off it is, in the unit of the case's tolerance (None: not a matter of distance).
        tolerance: how far off it may be.
    """

    def __init__(self, message: str, ulp: float | None = None, tolerance: float | None = None) -> None:
        super().__init__(message)
        self.ulp, self.tolerance = ulp, tolerance


class Skip(Exception):
    """The case does not apply to this backend; the message says why (e.g. it has no gradients of its own)."""


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        id: ``group/op/what``, e.g. ``"core-1/add/float32/broadcast"``; exact and lasting.
        check: tries it, ``check(trial)``; raises `Mismatch` where the answer is wrong.
        dtypes: the dtypes it needs; a backend that declares to lack one is asked to refuse them.
        quick: whether a quick run has it.
        mistake: whether it is about a mistake, which may be answered before the backend is asked for anything.
    """

    id: str
    check: Callable[[Trial], Any]
    dtypes: tuple[np.dtype, ...] = ()
    quick: bool = False
    mistake: bool = False

    @property
    def group(self) -> str:
        """The group, such as ``"core-1"``."""
        return self.id.split("/", 1)[0]

    @property
    def op(self) -> str:
        """The op that the case is about."""
        return self.id.split("/", 2)[1]


class Trial:
    """What a case works with: the backend, random numbers of the case's own, and comparisons.

    Attributes:
        backend: the backend under test.
        rng: random numbers that depend on the run's seed and the case's id alone.
        ulp: the largest distance seen, in the unit of its tolerance (ulp where nothing else is said).
        tolerance: that tolerance.
    """

    def __init__(self, backend: Any, case: Case, seed: int = 0) -> None:
        self.backend, self.case, self.seed = backend, case, seed
        self.rng = np.random.default_rng([seed, zlib.crc32(case.id.encode())])
        self.ulp: float | None = None
        self.tolerance: float | None = None

    @property
    def held(self) -> tuple[np.dtype, ...]:
        """The dtypes that the backend holds."""
        return tuple(dtype for dtype in dt.ALL if dtype in self.backend.capabilities.dtypes)

    # Tensors -------------------------------------------------------------------------------------------------------

    def tensor(self, host: Any) -> Tensor:
        """A tensor of the backend under test holding a host array."""
        host = np.asarray(host)
        host.flags.writeable = False
        return Tensor(self.backend.asarray(host), self.backend)

    def native_vjp(self, graph: Any) -> Callable[..., Any]:
        """The backend's own gradient of a graph; BackendBrokenError where it gives no function."""
        found = self.backend.native_vjp(graph)
        return looked.function(found, "native_vjp", self.backend, "a function of arrays and cotangents")

    def host(self, value: Any) -> np.ndarray:
        """A result's values; `Mismatch` where it is no tensor of this backend."""
        if not isinstance(value, Tensor):
            raise Mismatch(f"expected a Tensor, got {type(value).__name__}")
        if value.backend is not self.backend:
            raise Mismatch(f"expected a Tensor of {self.backend!r}, got one of {value.backend!r}")
        if not (hasattr(value.array, "shape") and hasattr(value.array, "dtype")):
            raise Mismatch(f"a kernel returned {a(value.array)}, expected an array of the library")
        self.backend.synchronize()
        host = self.backend.to_numpy(value.array)
        if not isinstance(host, np.ndarray):
            raise Mismatch(f"to_numpy returned {type(host).__name__}, expected a NumPy array")
        return host

    # Comparisons ---------------------------------------------------------------------------------------------------

    def same(self, given: Any, expected: Any, what: str = "the result") -> None:
        """Plain Python values that have to be equal."""
        if given != expected:
            raise Mismatch(f"{what}: expected {expected!r}, got {given!r}")

    def spec(self, value: Any, shape: tuple[int, ...], dtype: np.dtype, what: str = "the result") -> np.ndarray:
        """The values of a tensor that has to have this shape and dtype, on the backend's device."""
        host = self.host(value)
        if value.dtype is not dtype:
            raise Mismatch(f"{what} has dtype {value.dtype}, expected {dtype.name}")
        if host.dtype != dtype:
            raise Mismatch(f"{what} has dtype {dtype.name} but its host copy {host.dtype}")
        if tuple(value.shape) != tuple(shape) or host.shape != tuple(shape):
            raise Mismatch(f"{what} has shape {tuple(value.shape)} (host {host.shape}), expected {tuple(shape)}")
        if value.device != self.backend.device:
            raise Mismatch(f"{what} lies on {value.device}, expected {self.backend.device}")
        return host

    def close(
        self,
        value: Any,
        expected: np.ndarray,
        tolerance: float = 0.0,
        *,
        dtype: np.dtype | None = None,
        scale: Any = None,
        what: str = "the result",
        inputs: tuple[Any, ...] = (),
        zeros: bool = False,
    ) -> None:
        """A tensor that has to lie within ``tolerance`` of the true values.

        Args:
            value: the tensor.
            expected: the true values, in a precision above the tensor's (or exactly).
            tolerance: in ulp; with ``scale``, in units of eps · scale.
            dtype: the dtype it has to have; that of ``expected`` if left out.
            scale: per element, what the error is measured against (e.g. the sum of the magnitudes that were added).
            what: its name in messages.
            inputs: host values of elementwise arguments, for the message.
            zeros: whether the signs of zeros have to agree too.
        """
        expected = np.asarray(expected)
        target = dt.as_dtype(expected.dtype) if dtype is None else dtype
        host = self.spec(value, expected.shape, target, what)
        self.judge(host, expected, tolerance, scale=scale, what=what, inputs=inputs, zeros=zeros)

    def judge(
        self,
        host: np.ndarray,
        expected: np.ndarray,
        tolerance: float,
        *,
        scale: Any = None,
        what: str = "the result",
        inputs: tuple[Any, ...] = (),
        zeros: bool = False,
    ) -> None:
        """A tensor's values, which have to lie within ``tolerance`` of the true ones: as `close`."""
        found = distance(host, expected, dt.as_dtype(host.dtype), scale, signs=zeros)
        if self.ulp is None or found.worst >= self.ulp:
            self.ulp, self.tolerance = found.worst, tolerance
        if found.worst > tolerance:
            place = np.unravel_index(found.at, host.shape) if host.shape else ()
            given = ", ".join(f"{np.broadcast_to(x, host.shape)[place]!r}" for x in inputs if x.ndim <= host.ndim)
            at = f" at {list(map(int, place))}" if place else ""
            of = f" of ({given})" if given else ""
            raise Mismatch(
                f"{what}{at}{of} is {host[place]!r}, expected {expected[place]!r}: "
                f"{found.worst:.4g} off, {tolerance:g} allowed",
                found.worst,
                tolerance,
            )

    def exactly(self, value: Any, expected: Any, dtype: np.dtype | None = None, what: str = "the result") -> None:
        """A tensor that has to hold exactly these values."""
        self.close(value, np.asarray(expected), 0.0, dtype=dtype, what=what)

    def within(self, error: float, tolerance: float, what: str) -> None:
        """A distance measured by the case itself."""
        self.ulp = max(self.ulp or 0.0, float(error))
        self.tolerance = float(tolerance)
        if not error <= tolerance:
            raise Mismatch(f"{what}: {error:.3g} exceeds {tolerance:.3g}", float(error), float(tolerance))

    def raises(self, call: Callable[[], Any], kind: type[Exception], *fragments: str) -> Exception:
        """The exception that ``call`` has to raise, with these words in its message."""
        try:
            value = call()
            self.backend.synchronize()
        except kind as error:
            text = str(error)
            missing = [fragment for fragment in fragments if fragment not in text]
            if missing:
                raise Mismatch(f"the message of {type(error).__name__} lacks {missing[0]!r}: {text!r}") from None
            return error
        except UnsupportedError:
            raise  # what is declared as missing is no answer to a mistake, right or wrong
        except Exception as error:
            raise Mismatch(f"expected {kind.__name__}, got {type(error).__name__}: {error}") from None
        raise Mismatch(f"expected {kind.__name__}, got {value!r}")
