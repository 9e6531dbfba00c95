"""A backend of the four required methods conforms: the references on the host obey the specification themselves."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow_conformance as suite
from polyflow import dtypes as dt
from polyflow.backend import Backend, Capabilities
from polyflow_conformance.catalog import GROUPS


class Slab:
    """An array that shows its shape and dtype and nothing else."""

    __slots__ = ("_memory", "dtype", "shape")

    def __init__(self, memory):
        self._memory, self.shape, self.dtype = memory, memory.shape, memory.dtype


class FourMethods(Backend):
    """Every op by its decomposition, or by its reference."""

    name = "four"

    def asarray(self, obj, dtype=None, device=None):
        return Slab(np.array(obj, dtype=dtype))

    def to_numpy(self, array):
        return array._memory.copy()

    def devices(self):
        return ("cpu:0",)

    def synchronize(self):
        return None


@pytest.mark.parametrize("group", GROUPS)
def test_it_conforms(group):
    """And nothing is declared away."""
    report = suite.run(FourMethods(), groups=group)
    assert [f"{result.id}: {result.reason}" for result in report.failures] == []
    assert report.groups()[group]["pass"] > 0
    assert report.conforming(group)
    assert {result.status for result in report.results} <= {"pass", "skip"}


class Narrow(FourMethods):
    """No wide dtypes, no unsigned ones, and that is said."""

    name = "narrow"
    capabilities = Capabilities(dtypes=frozenset({dt.float32, dt.int32, dt.bool_}))

    def asarray(self, obj, dtype=None, device=None):
        host = np.asarray(obj)
        return super().asarray(host, self.require(dt.as_dtype(dtype or host.dtype)))


class Single(Narrow):
    """All but wide floats and complex numbers."""

    name = "single"
    capabilities = Capabilities(dtypes=frozenset(dt.ALL) - {dt.float64, *dt.COMPLEX})


@pytest.mark.parametrize("backend", [Narrow, Single])
def test_dtypes_that_are_declared_as_missing_are_no_failures(backend):
    report = suite.run(backend(), quick=True)
    assert [f"{result.id}: {result.reason}" for result in report.failures] == []
    assert {result.status for result in report.results} == {"pass", "skip", "unsupported"}
