"""A namespace that lacks functions: ops whose kernels call one of them fall back, and all else stays as it was."""

from __future__ import annotations

from types import SimpleNamespace

import array_api_strict
import numpy as np
import pytest
from comparing import check
from op_cases import ALL_OPS, fitting

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.backend import ArrayNamespaceBackend
from polyflow.backend.names import OLDER
from polyflow.backend.needs import needs_of
from polyflow.errors import IncompleteBackendError
from polyflow.ops.declare import OPS

DTYPES = {dtype.name for dtype in dt.ALL}


class Watched:
    """array_api_strict without some of its functions; it notes what is taken from it."""

    def __init__(self, missing=()):
        self.missing, self.taken = frozenset(missing), set()

    def __getattr__(self, name):
        if name in self.missing:
            raise AttributeError(f"this namespace has no {name}")
        self.taken.add(name)
        return getattr(array_api_strict, name)


def lacking(*missing):
    """A backend over such a namespace."""
    return type("Lacking", (ArrayNamespaceBackend,), {"name": "lacking", "xp": Watched(missing)})()


def declared(backend, kernel):
    """The functions that a kernel declares to call, itself or by way of other kernels."""
    functions = set()
    for need in needs_of(kernel):
        functions |= {*need.functions}.union(*(declared(backend, getattr(backend, name)) for name in need.kernels))
    return functions


WHOLE = lacking()
KERNELS = [name for name in ALL_OPS if hasattr(WHOLE, name)]
FUNCTIONS = sorted(
    set().union(*(declared(WHOLE, getattr(WHOLE, name)) for name in KERNELS))
    | {name for name in ALL_OPS if OPS[name].standard and not hasattr(WHOLE, name) and hasattr(WHOLE.xp, name)}
)
"""Every function of the standard that a kernel calls or is."""


@pytest.fixture(autouse=True)
def quiet():
    array_api_strict.set_array_api_strict_flags(api_version="2024.12")
    with np.errstate(all="ignore"):  # what the library's own NumPy warns about is its affair
        yield


def few(op, backend, count):
    """Evenly chosen among the cases of an op."""
    known = list(fitting(op, backend))
    return known[:: max(len(known) // count, 1)]


def run(backend, op, case):
    arrays = [backend.asarray(a) for a in case.args]
    return backend.to_numpy(backend.kernel(op)(*arrays, **case.attrs))


def compare(backend, numpy, op, known):
    for case in known:
        try:
            check(op.name, run(backend, op, case), run(numpy, op, case), case.args, case.attrs)
        except AssertionError as difference:
            raise AssertionError(f"{op.name}[{case.label}] of {case.args} {case.attrs}: {difference}") from None


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_declares_what_it_calls_and_no_more(name):
    backend = lacking()
    kernel, taken = getattr(backend, name), backend.xp.taken
    for case in fitting(OPS[name], backend):
        arrays = [backend.asarray(a) for a in case.args]
        taken.clear()
        kernel(*arrays, **case.attrs)
        assert taken - DTYPES <= declared(backend, kernel) | {"asarray"}, case.label
        backend.seen = getattr(backend, "seen", set()) | taken
    own = {function for need in needs_of(kernel) for function in need.functions}
    assert own - backend.seen == ({"where"} if name == "nextafter" else set())  # for float16, which is not held here


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_one_function_the_ops_that_need_it_fall_back(function, numpy):
    """With the same results; what the fallback runs on the host is counted, and nothing else is."""
    backend = lacking(function)
    affected = [
        name
        for name in ALL_OPS
        if function == name or (hasattr(backend, name) and function in declared(backend, getattr(backend, name)))
    ]
    assert affected
    on_host = set()
    for name in affected:
        op = OPS[name]
        compare(backend, numpy, op, few(op, backend, 12))
        if not backend.implements(op) and op.decomposition is None:
            assert backend.host_fallbacks[name] > 0
        if op.decomposition is None:
            on_host.add(name)
    assert backend.host_fallbacks
    assert set(backend.host_fallbacks) <= on_host


def train(backend):
    """A classifier that looks up, drops out, slices, sorts and sums."""
    pf.random.set_seed(3)
    rng = np.random.default_rng(3)
    with pf.use_backend(backend):
        model = pf.Sequential(
            [
                pf.layers.Dense(6, activation="relu", input_shape=(3,)),
                pf.layers.Dropout(0.25),
                pf.layers.Dense(4, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        x, y = rng.normal(size=(40, 3)).astype(np.float32), rng.integers(0, 4, 40)
        history = model.fit(x, y, epochs=2, batch_size=8, verbose=0).history
        rows = pf.tensor(x)[[0, -1, 3]]
        slopes = pf.grad(lambda x: pf.sum(pf.sort(x, axis=0)[1:] ** 2 / (1.0 + pf.abs(x[:1]))))(rows)
    return np.array([*history["loss"], *history["accuracy"], *slopes.numpy().ravel()])


SUBSETS = {"all of them": FUNCTIONS} | {
    f"random {seed}": [f for f in FUNCTIONS if np.random.default_rng([seed, *f.encode()]).random() < 0.5]
    for seed in range(6)
}


@pytest.mark.parametrize("subset", SUBSETS)
def test_without_many_functions_every_op_runs_and_models_train(subset, numpy):
    backend = lacking(*SUBSETS[subset])
    for name in ALL_OPS:
        compare(backend, numpy, OPS[name], few(OPS[name], backend, 4))
    assert backend.host_fallbacks
    np.testing.assert_allclose(train(backend), train(numpy), rtol=1e-5)


def test_a_subclass_that_has_a_kernel_in_its_own_way_keeps_those_that_call_it():
    """Conversion as a method of arrays, say, where the namespace has no such function."""

    class Own(ArrayNamespaceBackend):
        name = "own"
        xp = Watched(["astype", "sum"])

        def astype(self, x, *, dtype):
            return array_api_strict.astype(x, self.library_dtype(dtype))

        def sum(self, x, *, axis, keepdims):
            return array_api_strict.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)

    backend = Own()
    with pf.use_backend(backend):
        x = pf.constant([True, False])
        assert pf.max(x, axis=0).numpy()
        assert pf.argmax(x).numpy() == 0
        assert pf.mean(pf.constant([1.0, 2.0])).numpy() == 1.5
        assert pf.constant([1.0, 2.0, 3.0])[[2, 0]].numpy().tolist() == [3.0, 1.0]
    assert backend.host_fallbacks == {}


def test_slices_need_no_function():
    """Only index arrays do, so a namespace without take keeps the library for slices."""
    backend = lacking("take")
    x = pf.tensor(np.arange(12.0).reshape(3, 4), backend=backend)
    np.testing.assert_array_equal(x[1:, ::-2].numpy(), x.numpy()[1:, ::-2])
    assert backend.host_fallbacks == {}
    np.testing.assert_array_equal(x[[2, 0]].numpy(), x.numpy()[[2, 0]])
    assert backend.host_fallbacks == {"getitem": 1}


def test_older_names_serve_where_the_standards_are_missing(numpy):
    """A namespace from before the standard: the same functions, under the names of their time."""
    names = [*FUNCTIONS, *(dtype.name for dtype in WHOLE.capabilities.dtypes), "asarray"]
    renamed = {OLDER.get(name, name): getattr(array_api_strict, name) for name in names}
    Old = type("Old", (ArrayNamespaceBackend,), {"name": "old", "xp": SimpleNamespace(**renamed)})
    backend = Old()
    assert dt.bool_ in backend.capabilities.dtypes
    assert not hasattr(backend.__class__.xp, "concat")
    for name in ALL_OPS:
        compare(backend, numpy, OPS[name], few(OPS[name], backend, 2))
    assert backend.host_fallbacks == {}


def test_a_namespace_that_is_none_is_refused():
    """In a sentence, when the backend is made."""
    for xp in (None, SimpleNamespace(add=np.add)):
        kind = type("Nameless", (ArrayNamespaceBackend,), {"name": "nameless", "xp": xp})
        with pytest.raises(IncompleteBackendError, match=r"Nameless has no array namespace\. Expected xp = .*; got "):
            kind()


def test_a_namespace_of_few_dtypes_is_one():
    """Those that it names are what the backend holds."""
    names = {name: getattr(array_api_strict, name) for name in ("asarray", "float64", "int64", "bool")}
    Few = type("Few", (ArrayNamespaceBackend,), {"name": "few", "xp": SimpleNamespace(**names)})
    backend = Few()
    assert backend.capabilities.dtypes == {dt.float64, dt.int64, dt.bool_}
    with pf.use_backend(backend):
        assert pf.sum(pf.constant([1.0, 2.0], "float64")).numpy() == 3.0


def test_gaps_are_filled_by_the_fallback(numpy):
    """An op that is declared to have gaps runs on the host for those dtypes, and on the library for the others."""

    class Gappy(ArrayNamespaceBackend):
        name = "gappy"
        xp = Watched()
        gaps = {"sort": [dt.bool_, "int8"], "full": {dt.float64}, "softmax": {dt.float32}, "*": [dt.uint16]}

    backend = Gappy()
    with pf.use_backend(backend):
        for dtype in (dt.int8, dt.int32, dt.bool_, dt.float32):
            assert pf.sort(pf.constant([1, 0], dtype)).numpy().tolist() == [0, 1]
        assert backend.host_fallbacks.pop("sort") == 2
        pf.zeros(3, dt.float64), pf.zeros(3, dt.float32)
        assert backend.host_fallbacks.pop("full") == 1
        np.testing.assert_allclose(pf.nn.softmax(pf.constant([1.0, 1.0])).numpy(), [0.5, 0.5])
        y = pf.constant([3, 1], "uint16")
        assert pf.sort(y + y).numpy().tolist() == [2, 6]
        assert pf.sort(y.astype("int32")).numpy().tolist() == [1, 3]
    assert backend.host_fallbacks == {"add": 1, "sort": 1, "astype": 1}
    backend.host_fallbacks.clear()
    assert backend.implements(OPS["sort"])
    x = pf.function(lambda x: pf.sort(x))(pf.tensor(np.array([3, -1], np.int8), backend=backend))
    assert x.numpy().tolist() == [-1, 3]
    assert backend.host_fallbacks == {"sort": 1}
