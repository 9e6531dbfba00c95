"""Signatures: what the arguments of a compiled function have to be, where it was told."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..convert import fitting, short
from ..errors import DTypeError, ShapeError
from ..tensor import Operators, Tensor, holds_tensors, is_spec, tensor


class Signature:
    """Specs for the arguments of a function, one for each, in their order.

    Args:
        specs: of each argument: a spec with ``shape`` (None for sizes that vary), ``dtype`` and ``accepts``, or a list,
            tuple or dict of such.

    Raises:
        TypeError: for what is no sequence of specs.
    """

    def __init__(self, specs: Sequence[Any]) -> None:
        if not isinstance(specs, (list, tuple)):
            raise TypeError(f"input_signature is a list with a TensorSpec for each argument; got {short(specs)}.")
        _check(specs)
        self.specs = tuple(specs)

    def fit(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call by place, with tensors for numbers, lists and arrays, on the backend of its tensors.

        Raises:
            TypeError: for another number of arguments, or other containers. DTypeError, ShapeError: for a tensor that
                its spec does not accept.
        """
        count = len(self.specs)
        name = getattr(function, "__name__", "the function")
        if kwargs or len(args) < count:
            try:
                bound = inspect.signature(function).bind(*args, **kwargs)
            except TypeError as error:
                passed = len(args) + len(kwargs)
                raise TypeError(f"{name} got {passed} arguments; its input_signature has {count}: {error}.") from None
            passed = len(bound.args)
            bound.apply_defaults()
            args = bound.args[: max(passed, count)]
        if len(args) != count:
            raise TypeError(f"{name} got {len(args)} arguments; its input_signature has {count}.")
        backend = next((leaf.backend for leaf in tree.flatten(args)[0] if isinstance(leaf, Operators)), None)
        return tuple(
            [
                _fit(value, spec, f"argument {i} of {name}", backend)
                for i, (value, spec) in enumerate(zip(args, self.specs, strict=True))
            ]
        )


def _check(specs: Any) -> None:
    if isinstance(specs, (list, tuple, dict)):
        for part in specs.values() if isinstance(specs, dict) else specs:
            _check(part)
    elif not hasattr(specs, "accepts"):
        raise TypeError(f"input_signature holds TensorSpecs; got {short(specs)}. Write e.g. TensorSpec([None, 3]).")


def _made(value: Any, dtype: Any, what: str, backend: Any) -> Tensor:
    try:
        if isinstance(value, (list, tuple)) and holds_tensors(value):
            return tensor(value, dtype, backend=backend)
        return tensor(fitting(value, dtype), backend=backend)
    except (DTypeError, OverflowError) as error:
        raise type(error)(f"{what}: {error}") from None


def _fit(value: Any, spec: Any, what: str, backend: Any) -> Any:
    if isinstance(spec, dict):
        if not isinstance(value, dict) or set(value) != set(spec):
            raise TypeError(
                f"{what} is {short(value)}; its input_signature has a dict of {', '.join(map(repr, spec))}."
            )
        return {key: _fit(value[key], part, f"{what}, [{key!r}]", backend) for key, part in spec.items()}
    if isinstance(spec, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(value) != len(spec):
            raise TypeError(f"{what} is {short(value)}; its input_signature has a sequence of {len(spec)}.")
        parts = [
            _fit(one, part, f"{what}, [{i}]", backend) for i, (one, part) in enumerate(zip(value, spec, strict=True))
        ]
        return type(value)(*parts) if hasattr(value, "_make") else type(value)(parts)
    if is_spec(value):
        found = value
    else:
        found = value.read() if isinstance(value, Operators) else _made(value, spec.dtype, what, backend)
    if found.dtype is not spec.dtype:
        raise DTypeError(
            f"{what} is {found.dtype.name}; its input_signature has {spec.dtype.name}. "
            f"Convert it with astype({spec.dtype.name!r})."
        )
    if found.shape is None or not spec.accepts(tuple(found.shape)):
        raise ShapeError(
            f"{what} has shape {found.shape}; its input_signature has {spec.shape}. "
            "Write None in it for sizes that vary."
        )
    return found
