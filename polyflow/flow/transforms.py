"""Gradients of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, stop_gradient, custom_gradient.

Arguments and results may be nested containers of tensors; gradients come back in the arguments' structure. Functions of
functions nest: ``grad(grad(f))`` is the second derivative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import dtypes as dt
from .. import tree
from ..callables import check_function
from ..convert import short
from ..errors import DTypeError, ShapeError
from ..ops import creation, elementwise, shape
from ..ops.call import interpreter
from ..tensor import Operators, asarray, beside
from .interpreter import inside
from .tape import Tape, record_custom


def value_and_grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the value of ``function`` and its gradient with respect to some arguments.

    Args:
        function: returns one floating scalar (or, with ``has_aux``, a pair of it and anything else).
        argnums: which positional arguments to differentiate in: an index, or a tuple of them for a tuple of gradients.
        has_aux: whether ``function`` returns a pair.

    Raises:
        ShapeError: if the value is no scalar. DTypeError: for integer or boolean arguments or values.
    """
    check_function("value_and_grad", "function", function)
    several = isinstance(argnums, tuple)
    indices = argnums if isinstance(argnums, tuple) else (argnums,)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tape = Tape(interpreter.get(), watch_variables=False)
        fresh, watched = _fresh_arguments(tape, function, args, indices)
        with inside(tape):
            result = function(*watched, **kwargs)
        value, aux = result if has_aux else (result, None)
        value = _scalar(function, value)
        found = tape.cotangents([(value, creation.ones_like(value))])
        gradients = tuple(_collect(found, leaves, structure) for leaves, structure in fresh)
        gradient = gradients if several else gradients[0]
        return ((value, aux) if has_aux else value), gradient

    return wrapped


def grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of ``function``, as `value_and_grad` without the value.

    With ``has_aux`` it returns a pair of the gradient and what ``function`` returned beside its value.
    """
    check_function("grad", "function", function)
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def vjp(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of ``function`` at ``primals`` and its vector-Jacobian product.

    Returns:
        ``(value, pullback)``, where ``pullback(cotangent)`` takes a structure like the value's and returns one
        cotangent per argument, a tuple.
    """
    check_function("vjp", "function", function, len(primals), "the primals")
    tape = Tape(interpreter.get(), watch_variables=False)
    fresh, args = _fresh_arguments(tape, function, primals, tuple(range(len(primals))))
    with inside(tape):
        value = function(*args)
    leaves, structure = tree.flatten(value)
    leaves = [asarray(leaf) for leaf in leaves]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given, other = tree.flatten(cotangent)
        if len(given) != len(leaves):
            raise ShapeError(f"the cotangent's structure {other} differs from the value's, {structure}.")
        seeds = []
        for leaf, one in zip(leaves, given, strict=True):
            one = one.read() if isinstance(one, Operators) else beside(one, leaf)
            if one.shape != leaf.shape:
                raise ShapeError(f"a cotangent has the shape of its value, {leaf.shape}; got {one.shape}.")
            seeds.append((leaf, one))
        found = tape.cotangents(seeds)
        return tuple(_collect(found, leaves_, structure_) for leaves_, structure_ in fresh)

    return tree.unflatten(structure, leaves), pullback


def jvp(function: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """The value of ``function`` at ``primals`` and its Jacobian-vector product with ``tangents``.

    The vjp is linear in its cotangent; its own vjp, taken at zero, is the jvp.
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"jvp takes {name} as a tuple, with an entry for each argument; got {short(given)}.")
    if len(primals) != len(tangents):
        raise ShapeError(
            f"jvp needs one tangent per argument; got {len(primals)} arguments and {len(tangents)} tangents."
        )
    value, pullback = vjp(function, *primals)
    zeros = tree.map(creation.zeros_like, value)
    _, push = vjp(pullback, zeros)
    (tangent,) = push(tuple(tree.map(_tangent, p, t) for p, t in zip(primals, tangents, strict=True)))
    return value, tangent


def jacobian(function: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that returns the Jacobian: for a value of shape s and an argument of shape t, of shape s + t.

    Works for structures too: the value's structure of the argument's structures.
    """
    check_function("jacobian", "function", function)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        @functools.wraps(function)
        def of_one(x: Any) -> Any:
            rest = list(args)
            rest[argnums] = x
            return function(*rest, **kwargs)

        _check_argnums(function, argnums, args)
        value, pullback = vjp(of_one, args[argnums])
        leaves, structure = tree.flatten(value)
        return tree.unflatten(structure, [_rows(pullback, leaves, structure, i) for i in range(len(leaves))])

    return wrapped


def _rows(pullback: Any, leaves: list[Any], structure: Any, index: int) -> Any:
    """The Jacobian of one leaf of the value: one pullback per element."""
    leaf = leaves[index]
    basis = creation.eye(max(leaf.size, 1), dtype=leaf.dtype, backend=leaf.backend)
    rows = []
    for element in range(leaf.size):
        one = shape.reshape(basis[element], leaf.shape)
        seeds = [one if i == index else creation.zeros_like(other) for i, other in enumerate(leaves)]
        rows.append(pullback(tree.unflatten(structure, seeds))[0])
    if not rows:
        raise ShapeError("the Jacobian of a value without elements is empty: it has no rows to stack.")
    return tree.map(lambda *parts: shape.reshape(shape.stack(parts), (*leaf.shape, *parts[0].shape)), *rows)


def hessian(function: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of a scalar function: shape t + t for an argument of shape t."""
    check_function("hessian", "function", function)
    return jacobian(grad(function, argnums), argnums)


def stop_gradient(x: Any) -> Any:
    """``x`` as a constant to every derivative; nested containers are accepted."""
    return tree.map(elementwise.stop_gradient, x)


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of your own (TensorFlow's form).

    ``function(*args)`` returns ``(value, pullback)``; ``pullback(*cotangents)`` takes one cotangent per tensor of the
    value and returns one per argument (a single one or a tuple; None for no gradient).
    """
    check_function("custom_gradient", "function", function)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        values = tuple(asarray(arg) for arg in args)
        result = function(*values, **kwargs)
        if not isinstance(result, (tuple, list)) or len(result) != 2 or not callable(result[1]):
            parts = f" of {len(result)}" if isinstance(result, (tuple, list)) else ""
            raise TypeError(
                f"a function with a custom gradient returns a pair of its value and a function, the pullback; "
                f"{getattr(function, '__name__', 'this one')} returned a {type(result).__name__}{parts}."
            )
        value, pullback = result
        leaves, structure = tree.flatten(value)
        leaves = [asarray(leaf) for leaf in leaves]
        return tree.unflatten(structure, record_custom(values, leaves, pullback))

    return wrapped


def _fresh_arguments(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], indices: tuple[int, ...]
) -> tuple[list[tuple[list[Any], Any]], list[Any]]:
    """The arguments with those at ``indices`` under identities of their own, watched by ``tape``."""
    name = getattr(function, "__name__", "the function")
    fresh, replaced = [], list(args)
    for index in indices:
        _check_argnums(function, index, args)
        leaves, structure = tree.flatten(args[index])
        watched = []
        for leaf in leaves:
            value = asarray(leaf)
            if value.dtype not in dt.INEXACT:
                raise DTypeError(
                    f"{name} cannot be differentiated in argument {index} of dtype {value.dtype.name}: integers and "
                    "booleans have no gradient. Pass floats, e.g. 3.0 or x.astype('float32')."
                )
            watched.append(tape.fresh(value))
        fresh.append((watched, structure))
        replaced[index] = tree.unflatten(structure, watched)
    return fresh, replaced


def _check_argnums(function: Callable[..., Any], index: int, args: tuple[Any, ...]) -> None:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise TypeError(f"argnums is the number of an argument, or a tuple of them; got {index!r}.")
    if not -len(args) <= index < len(args):
        name = getattr(function, "__name__", "the function")
        raise TypeError(f"{name} got {len(args)} positional arguments; argnums={index} names none of them.")


def _collect(found: dict[int, Any], leaves: list[Any], structure: Any) -> Any:
    return tree.unflatten(
        structure, [found[id(leaf)] if id(leaf) in found else creation.zeros_like(leaf) for leaf in leaves]
    )


def _tangent(primal: Any, tangent: Any) -> Any:
    """The tangent of one tensor, as a tensor."""
    primal = asarray(primal)
    given = beside(tangent, primal)
    if given.shape != primal.shape:
        raise ShapeError(f"a tangent has the shape of its argument, {primal.shape}; got {given.shape}.")
    return given


def _scalar(function: Callable[..., Any], value: Any) -> Any:
    name = getattr(function, "__name__", "the function")
    if not isinstance(value, (Operators, float, int)):
        raise TypeError(
            f"grad needs {name} to return one tensor; got {type(value).__name__}. For several use vjp or has_aux."
        )
    value = asarray(value)
    if value.shape:
        raise ShapeError(
            f"grad needs {name} to return a scalar; got shape {value.shape}. "
            "Reduce it (sum, mean), or use jacobian or vjp."
        )
    if value.dtype not in dt.INEXACT:
        raise DTypeError(f"grad needs {name} to return a floating scalar; got dtype {value.dtype.name}.")
    return value
