"""Tape: remembers the ops that depend on watched values, and walks them backwards.

A tape hands each op to the interpreter below it and keeps a record of those that have a live argument. Values are told
apart by identity, so one tensor can be live on several tapes at once; records keep their values alive. The backward
walk runs gradient rules as ordinary ops, under whatever interpreter is current: all there is to higher derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from .. import dtypes as dt
from ..errors import ShapeError
from ..ops import creation, elementwise, looked
from ..ops.call import NOTHING, interpreter
from ..ops.declare import OPS
from ..ops.several import Cotangents
from ..tensor import Tensor, beside, moved
from . import eager, notes
from .guards import WHERE, Guard, Guards, either, pulled
from .interpreter import Interpreter
from .moving import MOVE
from .unbroadcast import unbroadcast

if TYPE_CHECKING:
    from ..ops.declare import Op
    from ..variable import Variable

_new = object.__new__
_add = elementwise.add
_IDENTITY = OPS["identity"]
_existing: WeakValueDictionary[int, Tape] = WeakValueDictionary()


class Tape(Interpreter):
    """Records differentiable ops on watched values.

    Args:
        below: the interpreter that ops go on to (None: they run now).
        watch_variables: whether trainable variables are watched as they are read.

    Attributes:
        live: the ids of the values that depend on what is watched.
        records: five entries for each op that was recorded: the op, its first argument and its second (or the tuple of
            all, and ``NOTHING``), its attributes and its result (a tuple of them where the op is joint). Objects of
            their own for each record would be most of a long tape's time, for the garbage collector looks at all of
            them again and again.
        kept: what is watched.
        reads: for each variable that was read, by its id, its aliases and the values that these stand for.
    """

    def __init__(self, below: Interpreter | None, *, watch_variables: bool = True) -> None:
        self.below = below
        self.watch_variables = watch_variables
        self.live: set[int] = set()  # type: ignore[reportIncompatibleVariableOverride]  # never None here
        self.records: list[Any] = []
        self.kept: list[Any] = []
        self.reads: dict[int, list[tuple[Variable, Tensor, Tensor]]] = {}
        _existing[id(self)] = self

    def run(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        below = self.below
        if below is not None:
            if op.graphs and not self.live.isdisjoint(map(id, args)):
                op, attrs = op.recorded(attrs, below.backend)  # type: ignore[attr-defined]
            out = below.run(op, args, attrs)
        else:
            out = _new(Tensor)
            for arg in args:
                if arg.__class__ is Tensor:
                    backend = arg.backend
                    break
            else:
                backend = eager.here()
            try:
                found = op.kernels[backend](*[a.array if a.__class__ is Tensor else a for a in args], **attrs)
                out.array = looked.result(op, backend, found)
            except Exception as error:
                raise eager.explain(op, args, attrs, error) from None
            out.backend = backend
        live = self.live
        for arg in args:
            if id(arg) in live:
                self.remember(op, args, attrs, out)
                break
        return out

    def remember(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any], out: Any) -> None:
        """Record an op that was run on a live value."""
        if op.rules:
            self.live.add(id(out))
            self.records += (op, args, NOTHING, attrs, out)

    def create(self, op: Op, attrs: dict[str, Any], backend: Any) -> Any:
        return eager.run(op, (), attrs, backend) if self.below is None else self.below.create(op, attrs, backend)

    def move(self, value: Tensor, backend: Any) -> Tensor:
        out = super().move(value, backend)
        if id(value) in self.live:
            self.remember(MOVE, (value,), {"backend": backend}, out)
        return out

    def watch(self, value: Tensor) -> None:
        """Record what is computed from ``value``."""
        self.live.add(id(value))
        self.kept.append(value)

    @staticmethod
    def existing() -> list[Tape]:
        """Every tape that something may still ask for gradients."""
        return [tape for tape in (reference() for reference in _existing.valuerefs()) if tape is not None]

    def watches(self, value: Any) -> bool:
        """Whether gradients with respect to this very value may be asked for."""
        return any(one is value for one in self.kept)

    def rename(self, value: Any, other: Any) -> None:
        """Put ``other``, which is equal to ``value``, in its place in all that was recorded."""
        if id(value) in self.live:
            self.live.remove(id(value))
            self.live.add(id(other))
        for i, one in enumerate(self.records):
            if one is value:
                self.records[i] = other
            elif one.__class__ is tuple and any(part is value for part in one):
                self.records[i] = tuple(other if part is value else part for part in one)

    def fresh(self, value: Tensor) -> Tensor:
        """``value`` under an identity of its own, watched; tapes below see where it came from."""
        alias = Tensor(value.array, value.backend) if self.below is None else self.below.run(_IDENTITY, (value,), {})
        self.watch(alias)
        return alias

    def read(self, variable: Variable) -> Tensor:
        held = variable._value if self.below is None else self.below.read(variable)
        seen = self.reads.get(id(variable))
        if seen:
            _, alias, value = seen[-1]
            if value is held:
                return alias
        watched = self.watch_variables and variable.trainable and held.dtype in dt.INEXACT
        if not watched and seen is None:
            return held
        if seen is None:
            seen = self.reads[id(variable)] = []
        alias = self.fresh(held)
        seen.append((variable, alias, held))
        return alias

    def watch_variable(self, variable: Variable) -> None:
        """Watch a variable from now on, trainable or not."""
        self.reads.setdefault(id(variable), [])
        self.kept.append(variable)

    def reset(self) -> None:
        """Forget everything."""
        for memory in (self.live, self.records, self.kept, self.reads):
            memory.clear()

    def assign(self, variable: Variable, value: Tensor) -> None:
        if self.below is not None:
            self.below.assign(variable, value)
        else:
            hold(variable, value)

    def aliases(self, variable: Variable) -> list[Tensor]:
        """The values under which the tape has seen a variable."""
        return [alias for _, alias, _ in self.reads.get(id(variable), [])]

    def cotangents(self, seeds: Sequence[tuple[Any, ...]], guards: Guards | None = None) -> dict[int, Tensor]:
        """The cotangent of every live value that ``seeds`` depend on, by its id.

        Args:
            seeds: pairs of a value and its cotangent; or with its guard, triples.
            guards: takes in the guards of what was found, by the values' ids.
        """
        with notes.backward() as through:
            return self._walked(seeds, {} if guards is None else guards, through)

    def _walked(
        self,
        seeds: Sequence[tuple[Any, ...]],
        guards: Guards,
        through: Callable[[Any], None] | None,
    ) -> dict[int, Tensor]:
        found: dict[int, Tensor] = {}
        for value, cotangent, *guard in seeds:
            _guard(found, guards, value, cotangent, guard[0] if guard else None)
            _accumulate(found, value, cotangent)
        live, back = self.live, reversed(self.records)
        for out, attrs, second, first, op in zip(back, back, back, back, back, strict=True):
            if through is not None:
                through(out)
            if op.joint:
                for arg, cotangent, guard in op.pull(found, guards, live, first, attrs, out):
                    _guard(found, guards, arg, cotangent, guard)
                    _accumulate(found, arg, cotangent)
                continue
            g = found.get(id(out))
            if g is None:
                continue
            args = (first, second) if second is not NOTHING else first if first.__class__ is tuple else (first,)
            if guards or op is WHERE:
                _guarded_step(found, guards, live, op, args, attrs, out)
                continue
            rules = op.rules
            for index, arg in enumerate(args):
                key = id(arg)
                if key not in live:
                    continue
                if op.variadic:
                    cotangent = op.pullback(index, g, out, args, attrs)
                else:
                    rule = rules[index]
                    if rule is None:
                        continue
                    cotangent = rule(g, out, *args, **attrs) if attrs else rule(g, out, *args)
                if cotangent is None:
                    continue
                if cotangent.__class__ is Tensor and (
                    op.pointwise or (arg.__class__ is Tensor and cotangent.array.shape == arg.array.shape)
                ):
                    earlier = found.get(key)
                    found[key] = cotangent if earlier is None else _add(earlier, cotangent)
                else:
                    _accumulate(found, arg, cotangent)
        return found


def _guarded_step(
    found: dict[int, Tensor],
    guards: Guards,
    live: set[int],
    op: Op,
    args: tuple[Any, ...],
    attrs: dict[str, Any],
    out: Any,
) -> None:
    """One step back where a `where` came later: cotangents go on with their guards."""
    g, guard = found[id(out)], guards.pop(id(out), None)
    for index, arg in enumerate(args):
        if id(arg) not in live:
            continue
        cotangent, its_guard = pulled(op, index, g, guard, out, args, attrs)
        if cotangent is None:
            continue
        _guard(found, guards, arg, cotangent, its_guard)
        _accumulate(found, arg, cotangent)


def _guard(found: dict[int, Any], guards: Guards, arg: Any, cotangent: Any, guard: Guard | None) -> None:
    """Take note of the guard of a cotangent that is about to be added to those found."""
    if cotangent.__class__ is Cotangents:
        earlier = found.get(id(arg), ())
        places = [((id(arg), place), place in earlier) for place in cotangent]
    else:
        places = [(id(arg), id(arg) in found)]
    for key, known in places:
        merged = either(guards.pop(key, None), guard) if known else guard
        if merged is not None:
            guards[key] = merged


class CustomGradient:
    """Stands in a tape's record for a function whose pullback a user wrote; the record holds all its results."""

    joint = True

    def __init__(self, pullback: Callable[..., Any]) -> None:
        self.user_pullback = pullback

    def pull(
        self,
        found: dict[int, Tensor],
        guards: Guards,
        live: set[int],
        args: tuple[Any, ...],
        attrs: dict[str, Any],
        outs: tuple[Any, ...],
    ) -> Iterator[tuple[Any, Any, None]]:
        """The live ones of ``args``, each with the user's cotangent, if there are cotangents of ``outs``.

        None has a guard: what a user adds counts everywhere.
        """
        given = [found.get(id(out)) for out in outs]
        if all(g is None for g in given):
            return
        result = self.user_pullback(
            *[creation.zeros_like(out) if g is None else g for g, out in zip(given, outs, strict=True)]
        )
        cotangents = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        if len(cotangents) != len(args):
            raise ValueError(
                f"a custom gradient returned {len(cotangents)} cotangents for a function of {len(args)} arguments. "
                "Return one per argument (None for no gradient)."
            )
        for arg, cotangent in zip(args, cotangents, strict=True):
            if cotangent is None or id(arg) not in live:
                continue
            value = beside(cotangent, arg)
            if value.shape not in (arg.shape, ()):
                raise ShapeError(
                    f"a custom gradient returned a cotangent of shape {value.shape} "
                    f"for an argument of shape {arg.shape}."
                )
            yield arg, value, None


def record_custom(args: tuple[Any, ...], values: list[Tensor], pullback: Callable[..., Any]) -> list[Tensor]:
    """``values`` under new identities that every tape of this context derives from ``args`` by ``pullback`` alone."""
    tapes = []
    top = interpreter.get()
    while isinstance(top, Tape):
        tapes.append(top)
        top = top.below
    if top is not None:
        outs = top.customized(args, values, pullback)
    else:
        outs = [eager.run(OPS["identity"], (value,), {}) for value in values]
    for tape in tapes:
        if any(id(arg) in tape.live for arg in args):
            tape.live.update(map(id, outs))
            tape.records += (CustomGradient(pullback), args, NOTHING, {}, tuple(outs))
    return outs


def _accumulate(found: dict[int, Any], value: Tensor, cotangent: Any) -> None:
    if cotangent.__class__ is Cotangents:
        earlier = found.get(id(value))
        found[id(value)] = cotangent if earlier is None else earlier.plus(cotangent)
        return
    if cotangent.__class__ is not Tensor or value.__class__ is not Tensor or cotangent.array.shape != value.array.shape:
        cotangent = unbroadcast(cotangent, value.shape)
    earlier = found.get(id(value))
    found[id(value)] = cotangent if earlier is None else _add(earlier, cotangent)


def hold(variable: Variable, value: Tensor) -> None:
    """Assign for real: no interpreter is left below."""
    if value.backend is not variable._value.backend:
        value = moved(value, variable._value.backend)
    value.fixed = True
    variable._value = value
