"""Faults of choosing and repeating inside programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.backend import control
from polyflow_numpy.backend import NumPyBackend

from .conditions import spoiled
from .declared import declaring

MUTANTS: list[Any] = []
mutant = declaring(MUTANTS)


@mutant("both branches run", "cond")
class _(NumPyBackend):
    def cond(self, pred, *operands, then, otherwise):
        one, other = then(*operands), otherwise(*operands)
        return one if pred else other


@mutant("both branches run, and one multiplied by 0", "cond")
class _(NumPyBackend):
    def cond(self, pred, *operands, then, otherwise):
        pairs = zip(then(*operands), otherwise(*operands), strict=True)
        return tuple(
            one * pred + other * ~pred if one.dtype.kind == "f" else one if pred else other for one, other in pairs
        )


@mutant("the branch that was taken first", "cond")
class _(NumPyBackend):
    def cond(self, pred, *operands, then, otherwise):
        first = self.__dict__.setdefault("first", bool(pred))
        return (then if first else otherwise)(*operands)


@mutant("int8 of a branch as int32", "cond")
class _(NumPyBackend):
    def cond(self, pred, *operands, then, otherwise):
        found = super().cond(pred, *operands, then=then, otherwise=otherwise)
        return tuple(one.astype(np.int32) if one.dtype == np.int8 else one for one in found)


@mutant("numbers of a branch with an axis", "cond")
class _(NumPyBackend):
    def cond(self, pred, *operands, then, otherwise):
        found = super().cond(pred, *operands, then=then, otherwise=otherwise)
        return tuple(one if one.ndim or one.dtype.kind != "c" else one.reshape(1) for one in found)


def widening(op: str, narrow: str, wide: str) -> None:
    """A mutant that carries one dtype as another."""

    def run(self: Any, *arrays: Any, **how: Any) -> Any:
        found = getattr(super(cls, self), op)(*arrays, **how)
        return tuple(one.astype(wide) if one.dtype == narrow else one for one in found)

    cls = type("Mutant", (NumPyBackend,), {op: run})
    mutant(f"{narrow} that is {wide} afterwards", op)(cls)


for _op in ("scan", "while_loop"):
    widening(_op, "float32", "float64")
    widening(_op, "int32", "int64")
    widening(_op, "float16", "float32")
    widening(_op, "uint8", "int64")
    widening(_op, "bool", "int8")


@mutant("a step more than the condition allows, thrown away", "while_loop")
class _(NumPyBackend):
    def while_loop(self, *arrays, test, body, consts, maximum_iterations):
        fixed, now, done = arrays[:consts], arrays[consts:], 0
        while maximum_iterations is None or done < maximum_iterations:
            further = body(*fixed, *now)
            if not test(*fixed, *now)[0]:
                break
            now, done = further, done + 1
        return tuple(now)


@mutant("the condition asked after the step", "while_loop")
class _(NumPyBackend):
    def while_loop(self, *arrays, test, body, consts, maximum_iterations):
        fixed, now = arrays[:consts], body(*arrays)
        rest = None if maximum_iterations is None else maximum_iterations - 1
        return control.while_loop(self, *fixed, *now, test=test, body=body, consts=consts, maximum_iterations=rest)


@mutant("bytes that are carried in 16 bits and cut off", "while_loop")
class _(NumPyBackend):
    def while_loop(self, *arrays, body, consts, **how):
        def wide(*given):
            ends = np.iinfo(np.int8)
            found = zip(body(*given), given[consts:], strict=True)
            return tuple(
                np.clip(old.astype(int) * 2, ends.min, ends.max).astype(np.int8) if new.dtype == np.int8 else new
                for new, old in found
            )

        return super().while_loop(*arrays, body=wide, consts=consts, **how)


@mutant("rows in the order of the steps where they go backwards", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, carries, reverse, **how):
        found = super().scan(*arrays, carries=carries, reverse=reverse, **how)
        return (*found[:carries], *(one[::-1] if reverse else one for one in found[carries:]))


@mutant("what the steps began with is what they ended with", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, consts, carries, history, **how):
        found = super().scan(*arrays, consts=consts, carries=carries, history=history, **how)
        if not history or not found[-1].shape[0]:
            return found
        ends = zip(found[-carries:], found[:carries], strict=True)
        return (*found[:-carries], *(np.concatenate([kept[1:], last[None]]) for kept, last in ends))


@mutant("a last row that is another", "scan")
class _(NumPyBackend):
    def scan(self, *arrays, carries, **how):
        found = super().scan(*arrays, carries=carries, **how)
        return (*found[:carries], *map(spoiled, found[carries:]))
