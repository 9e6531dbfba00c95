"""Faults of training loops."""

from __future__ import annotations

import numpy as np

from polyflow.backend.loop import StepByStep
from polyflow_numpy.backend import NumPyBackend

from .declared import Mutant, declaring

MUTANTS: list[Mutant] = []
mutant = declaring(MUTANTS)


@mutant("a loop that leaves out the last, smaller batch", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        program = StepByStep(loop, self)
        program.rest = lambda state, *batch: ()
        return program


@mutant("a loop whose epochs all take the order of the first", "loop")
class _(NumPyBackend):
    def loop(self, loop):
        class OneOrder(StepByStep):
            def __call__(self, state, data, orders, start, stop):
                return super().__call__(state, data, np.repeat(orders[:1], len(orders), 0), start, stop)

        return OneOrder(loop, self)


def looping(fault: str, program: type[StepByStep], op: str = "loop") -> None:
    """A mutant with another way to run a loop."""
    MUTANTS.append(Mutant(fault, op, type("Mutant", (NumPyBackend,), {"loop": lambda self, loop: program(loop, self)})))


class _BeginsOnce(StepByStep):
    def __init__(self, loop, backend):
        super().__init__(loop, backend)
        begin, self.begun = self.begin, False

        def once(state):
            if not self.begun:
                begin(state)
            self.begun = True

        self.begin = once


class _LastReport(StepByStep):
    def __call__(self, state, data, orders, start, stop):
        after, reports = super().__call__(state, data, orders, start, stop)
        return after, [np.broadcast_to(one[-1], one.shape) for one in reports]


class _Overwrites(StepByStep):
    def __call__(self, state, data, orders, start, stop):
        after, reports = super().__call__(state, data, orders, start, stop)
        for old, new in zip(state, after, strict=True):
            if old.ndim:
                old.flags.writeable = True
                old[...] = new
        return after, reports


class _StopsEarly(StepByStep):
    def __call__(self, state, data, orders, start, stop):
        early = stop - start > 4 and stop % self.loop.steps
        return super().__call__(state, data, orders, start, stop - 1 if early else stop)


class _OldData(StepByStep):
    def place(self, arrays):
        self.placed = self.__dict__.get("placed", list(arrays))
        return self.placed


class _HalfData(StepByStep):
    def place(self, arrays):
        return [one.astype(np.float16).astype(one.dtype) for one in arrays]


class _FirstWeights(StepByStep):
    """What comes beside rows and targets is never gathered."""

    def gathered(self, data, rows):
        return [*super().gathered(data[:2], rows), *super().gathered(data[2:], np.arange(len(rows)))]


class _ShortWeights(StepByStep):
    """Nor is it for the last batch, where that is smaller."""

    def gathered(self, data, rows):
        short = len(rows) < self.loop.batch_size
        return [*super().gathered(data[:2], rows), *super().gathered(data[2:], np.arange(len(rows)) if short else rows)]


looping("a loop that resets the metrics once, not in every epoch", _BeginsOnce)
looping("a loop in which every epoch reports what the last one does", _LastReport)
looping("a loop that writes over the state it was given", _Overwrites)
looping("a loop one step short where it ends inside an epoch", _StopsEarly)
looping("a loop over the data of an earlier training", _OldData)
looping("a loop over data in half precision", _HalfData)
looping("a loop whose every batch has the weights of the first rows", _FirstWeights, "sample_weight")
looping("a loop whose last, smaller batch has the weights of the first rows", _ShortWeights, "sample_weight")


class _Bytes(StepByStep):
    def gathered(self, data, rows):
        return super().gathered(data, np.minimum(rows, 255))


looping("a loop that counts rows in a byte", _Bytes)


def _wider(dtype: str, wide: str) -> type[StepByStep]:
    """A loop whose state, or what it reports, comes out wider than it was."""

    class Wider(StepByStep):
        def __call__(self, state, data, orders, start, stop):
            after, reports = super().__call__(state, data, orders, start, stop)
            return [one.astype(wide) if one.dtype == dtype else one for one in after], reports

    return Wider


class _WideReports(StepByStep):
    def __call__(self, state, data, orders, start, stop):
        after, reports = super().__call__(state, data, orders, start, stop)
        return after, [one.astype(np.float64) if one.dtype.kind == "f" else one for one in reports]


class _FlatState(StepByStep):
    def __call__(self, state, data, orders, start, stop):
        after, reports = super().__call__(state, data, orders, start, stop)
        return [one.reshape(1) if not one.ndim and one.dtype.kind == "i" else one for one in after], reports


class _Saturates(StepByStep):
    """Bytes of the state are counted in 16 bits, and cut off at their ends."""

    def __call__(self, state, data, orders, start, stop):
        wide = [one.astype(np.int16) if one.dtype == np.int8 else one for one in state]
        after, reports = super().__call__(wide, data, orders, start, stop)
        ends = np.iinfo(np.int8)
        return [
            np.clip(one, ends.min, ends.max).astype(np.int8) if old.dtype == np.int8 else one
            for old, one in zip(state, after, strict=True)
        ], reports


looping("a loop after which float32 is float64", _wider("float32", "float64"))
looping("a loop after which int32 is int64", _wider("int32", "int64"))
looping("a loop after which bfloat16 is float32", _wider("bfloat16", "float32"))
looping("a loop after which booleans are bytes", _wider("bool", "uint8"))
looping("a loop that reports in float64", _WideReports)
looping("a loop that gives numbers an axis", _FlatState)
looping("a loop in which bytes do not wrap", _Saturates)
