"""Backends by name: one object per library and device, whoever asks and from whichever thread."""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest

from polyflow.backend import Capabilities, discovery
from polyflow.backend.hookspecs import BackendDescription, hookimpl
from polyflow.backend.plugin import BackendInfo, Plugin
from polyflow.errors import (
    BackendBrokenError,
    BackendClashError,
    BackendUnavailableError,
    IncompleteBackendError,
    ProtocolVersionError,
    UnknownBackendError,
    UnknownDeviceError,
)


@pytest.fixture
def minimal(make_backend):
    kind = make_backend("minimal")
    discovery.register("minimal", kind)
    return kind


def test_loading_a_library_leaves_global_random_numbers_alone(make_backend):
    """A script that seeded NumPy's and Python's generators draws the same numbers whichever backend it loads then."""
    numbers = np.random.mtrand._rand  # the generator behind NumPy's module

    def drawing(device):
        numbers.seed(5)
        random.random()
        return make_backend("drawing")(device)

    def failing(device):
        numbers.rand(3)
        raise RuntimeError("no such thing")

    discovery.register("drawing", drawing)
    discovery.register("failing", failing)
    numbers.seed(0)
    random.seed(0)
    expected = numbers.rand(), random.random()
    numbers.seed(0)
    random.seed(0)
    discovery.get("drawing")
    with pytest.raises(BackendBrokenError):
        discovery.get("failing")
    assert (numbers.rand(), random.random()) == expected


def test_one_object_per_library_and_device(minimal):
    backend = discovery.get("minimal")
    assert isinstance(backend, minimal)
    assert discovery.get("minimal") is backend
    assert discovery.get("minimal:cpu:0") is backend
    assert discovery.get(backend) is backend
    other = discovery.get("minimal:cpu:1")
    assert other is not backend
    assert other.device == "cpu:1"
    assert discovery.get("minimal:cpu:1") is other


def test_spaces_around_a_name_do_not_count(minimal):
    assert discovery.get(" minimal ") is discovery.get("minimal")


@pytest.mark.parametrize("spec", ["", " ", ":", ":cpu", "minimal:"])
def test_a_spec_without_a_name_or_device(minimal, spec):
    with pytest.raises(UnknownBackendError, match="does not name a backend"):
        discovery.get(spec)


@pytest.mark.parametrize("spec", [None, 3, ["minimal"], b"minimal"])
def test_a_spec_of_the_wrong_type(spec):
    with pytest.raises(TypeError, match=f"not {type(spec).__name__}"):
        discovery.get(spec)


def test_unknown_name_lists_what_is_there(minimal):
    with pytest.raises(UnknownBackendError, match=r"Unknown backend 'minimla'\. Did you mean 'minimal'\?.* minimal"):
        discovery.get("minimla")


def test_unknown_device_names_the_devices(minimal):
    with pytest.raises(UnknownDeviceError, match=r"'minimal' has no device 'tpu:7'\. Its devices: cpu:0, cpu:1\."):
        discovery.get("minimal:tpu:7")


def test_threads_get_the_same_object(make_backend):
    """Two threads that load at once wait for one object instead of making two."""
    made = []

    def slow(device):
        made.append(device)
        time.sleep(0.05)
        return make_backend("slow")(device)

    discovery.register("slow", slow)
    start = threading.Barrier(8)
    got = []

    def load():
        start.wait()
        got.append(discovery.get("slow"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len({id(backend) for backend in got}) == 1
    assert made == [None]


def test_a_slow_backend_does_not_hold_up_another(make_backend):
    loading, go_on = threading.Event(), threading.Event()

    def slow(device):
        loading.set()
        assert go_on.wait(10)
        return make_backend("slow")(device)

    discovery.register("slow", slow)
    discovery.register("quick", make_backend("quick"))
    thread = threading.Thread(target=discovery.get, args=("slow",))
    thread.start()
    assert loading.wait(10)
    assert discovery.get("quick").name == "quick"
    go_on.set()
    thread.join()


def test_a_failure_is_not_remembered(make_backend):
    """After the user has installed what was missing, asking again succeeds."""
    works = []

    def factory(device):
        if not works:
            raise BackendUnavailableError("not yet")
        return make_backend("late")(device)

    discovery.register("late", factory)
    with pytest.raises(BackendUnavailableError, match="not yet"):
        discovery.get("late")
    works.append(True)
    assert discovery.get("late").name == "late"


# ---- registering


def test_register_an_object(make_backend):
    backend = make_backend("single")()
    discovery.register("single", backend)
    assert discovery.get("single") is backend
    assert discovery.get("single:cpu:0") is backend
    with pytest.raises(UnknownDeviceError, match="one object on device 'cpu:0'"):
        discovery.get("single:cpu:1")


def test_register_refuses_a_taken_name(minimal, make_backend):
    with pytest.raises(BackendClashError, match="'minimal' .*already there"):
        discovery.register("minimal", minimal)
    before = discovery.get("minimal")
    discovery.register("minimal", make_backend("minimal"), replace=True)
    assert discovery.get("minimal") is not before


def test_register_never_replaces_an_installed_backend(minimal):
    """Not even when asked to: what `pip install` brought is not shadowed in silence."""
    taken = next(info.name for info in discovery.installed() if info.distribution is not None)
    with pytest.raises(BackendClashError):
        discovery.register(taken, minimal, replace=True)


def test_unregister(minimal):
    discovery.get("minimal")
    discovery.unregister("minimal")
    with pytest.raises(UnknownBackendError):
        discovery.get("minimal")
    with pytest.raises(UnknownBackendError):
        discovery.unregister("minimal")


@pytest.mark.parametrize("source", [3, None, "numpy"])
def test_register_takes_backends_and_functions(source):
    with pytest.raises(TypeError, match="a Backend or a function"):
        discovery.register("odd", source)


@pytest.mark.parametrize("name", ["", "a:b"])
def test_register_takes_names_that_can_be_selected(minimal, name):
    with pytest.raises(ValueError, match="a word without ':'"):
        discovery.register(name, minimal)


def test_registered_backends_are_listed(minimal):
    assert BackendInfo("minimal", None, "", minimal.__module__) in discovery.installed()


# ---- what a plugin may do wrong


def fails(kind, source, match, name="odd", spec=None):
    discovery.register(name, source)
    with pytest.raises(kind, match=match) as caught:
        discovery.get(spec or name)
    return caught.value


@pytest.mark.parametrize("made", [None, {}, "numpy", int])
def test_not_a_backend(made):
    text = "None" if made is None else f"an object of type {type(made).__name__}"
    fails(BackendBrokenError, lambda device: made, f"returned {text}, expected a polyflow.backend.Backend")


def test_missing_required_method(make_backend):
    from polyflow.backend.protocol import Backend

    kind = type("Half", (Backend,), {"name": "odd", "devices": lambda self: ("cpu:0",)})
    fails(
        IncompleteBackendError,
        kind,
        r"Half has no asarray\(\), synchronize\(\), to_numpy\(\)\. Every backend has to have",
    )
    with pytest.raises(TypeError, match="Half has no asarray"):
        kind()


class Listed:
    """What asarray may not return."""

    shape = (3, 2)
    dtype = np.dtype("float32")


@pytest.mark.parametrize(
    ("attributes", "match"),
    [
        (
            {"capabilities": {"compile": True}},
            "capabilities are an object of type dict, expected a polyflow.*Capabilities",
        ),
        ({"capabilities": Capabilities(dtypes=frozenset({"float32"}))}, "capabilities name 'float32' as a dtype"),
        ({"capabilities": Capabilities(dtypes=frozenset())}, "capabilities name no dtype"),
        ({"capabilities": Capabilities(dtypes=None)}, "capabilities' dtypes are None, expected a collection of dtypes"),
        ({"capabilities": Capabilities(compile="no")}, "capabilities.compile is an object of type str, expected True"),
        ({"weak_scalars": "yes"}, "its weak_scalars is an object of type str, expected True or False"),
        ({"numpy_dtypes": None}, "its numpy_dtypes is None, expected True or False"),
        ({"host_fallbacks": property(lambda self: None, lambda self, value: None)}, "its host_fallbacks is None"),
        ({"device": property(lambda self: 0, lambda self, value: None)}, "its device is an object of type int"),
        ({"compile": False}, r"its method compile\(\) is an object of type bool, expected a function"),
        ({"is_host": lambda self, device: "yes"}, r"is_host\('cpu:0'\) returned an object of type str"),
        ({"is_host": lambda self: True}, r"is_host\('cpu:0'\) raised TypeError"),
        ({"device_of": lambda self, array: None}, "device_of returned None, expected the name of a device"),
        (
            {"unsupported": ["sort"]},
            "unsupported are an object of type list, expected a mapping from names to the reason",
        ),
        ({"unsupported": {"sort": None}}, "unsupported give None for 'sort', expected the reason"),
        (
            {"deviations": {"core-1/*": "why"}},
            "deviations give an object of type str for 'core-1/\\*', expected a Deviation",
        ),
        ({"gaps": {"sort": "bfloat16"}}, "gaps give 'bfloat16' for 'sort', expected a collection of dtypes"),
        ({"gaps": {"sort": ["bfloat61"]}}, "gaps give .'bfloat61'. for 'sort'"),
        (
            {"asarray": lambda self, obj, dtype=None, device=None: [obj]},
            "asarray of a NumPy array.*type list.*no shape",
        ),
        (
            {"asarray": lambda self, obj, dtype=None, device=None: None},
            "asarray of a NumPy array of shape .* returned None",
        ),
        (
            {"asarray": lambda self, obj, dtype=None, device=None: Listed()},
            "returned one of shape .3, 2. and dtype float32",
        ),
        ({"asarray": lambda self, obj: obj + 1}, "to_numpy of the array that asarray made of .* gave array"),
        ({"asarray": lambda self: None}, "broken: asarray of a NumPy array of shape .* raised TypeError"),
        (
            {"to_numpy": lambda self, array: array.todense()},
            "to_numpy of what asarray made of a NumPy array of shape .* raised AttributeError",
        ),
        ({"device_of": lambda self: "cpu:0"}, "device_of what asarray made of a NumPy array of .* raised TypeError"),
        ({"dtype_of": lambda self, array: "float32"}, "dtype_of returned 'float32', expected .* dtypes.float32"),
        ({"adopt": lambda self, array: None}, "adopt of a NumPy array of shape .* returned None, which has no shape"),
        ({"adopt": lambda self, array: array[0]}, "adopt of a NumPy array of shape .* returned one of shape .3,."),
        ({"devices": lambda self: None}, r"its devices\(\) returned None, expected a list of names"),
        ({"devices": lambda self: (0, 1)}, r"its devices\(\) returned .0, 1., expected a list of names"),
        (
            {"to_numpy": lambda self, array: array.tolist()},
            "to_numpy returned an object of type list, expected a NumPy array",
        ),
    ],
)
def test_what_a_backend_says_and_gives_is_looked_at(make_backend, attributes, match):
    """A backend that is wrong as a whole is refused when it is made, in a sentence that says what was expected."""
    fails(BackendBrokenError, make_backend("odd", **attributes), match)


def test_required_method_that_is_none(make_backend):
    fails(BackendBrokenError, make_backend("odd", to_numpy=None), r"required method to_numpy\(\) is None")


@pytest.mark.parametrize("spec", ["mine.py:Mine", "folder/mine.py:Mine:cpu:0", "mine.py"])
def test_a_file_is_no_name_of_a_backend(spec):
    with pytest.raises(
        UnknownBackendError, match=r"mine.py' is a file, which only `polyflow conformance` takes.*regist"
    ):
        discovery.get(spec)


def test_wrong_name(make_backend):
    fails(BackendBrokenError, make_backend("other"), "calls itself 'other', expected 'odd'")


@pytest.mark.parametrize(
    ("protocol", "side"),
    [("0.9", r"Upgrade the plugin: `pip install --upgrade odd`"), ("2.0", r"Upgrade polyflow: .*polyflow-core")],
)
def test_protocol_says_which_side_to_upgrade(make_backend, protocol, side):
    error = fails(ProtocolVersionError, make_backend("odd", protocol=protocol), rf"version {protocol} .*{side}")
    assert isinstance(error, BackendBrokenError)


@pytest.mark.parametrize("protocol", ["1.0", "1.7"])
def test_minor_versions_are_accepted(make_backend, protocol):
    discovery.register("odd", make_backend("odd", protocol=protocol))
    assert discovery.get("odd").protocol == protocol


@pytest.mark.parametrize("protocol", [None, "", "one", 1.0])
def test_protocol_that_is_no_version(make_backend, protocol):
    fails(BackendBrokenError, make_backend("odd", protocol=protocol), "protocol version is .*expected a string")


def test_no_device(make_backend):
    error = fails(BackendUnavailableError, make_backend("odd", there=()), "has no device here")
    assert error.missing == "device"


def test_devices_that_raise(make_backend):
    def devices(self):
        raise OSError("no driver\nversion found")

    fails(BackendUnavailableError, make_backend("odd", devices=devices), "OSError: no driver version found")


def test_missing_library():
    def factory(device):
        import a_library_nobody_has.sub  # noqa: F401

    error = fails(BackendUnavailableError, factory, "needs the module 'a_library_nobody_has', which is not installed")
    assert error.missing == "library"


def test_an_exit_is_an_error_like_others():
    def factory(device):
        raise SystemExit(3)

    fails(BackendBrokenError, factory, "polyflow_backend raised SystemExit: 3")


def test_an_interrupt_is_not():
    def factory(device):
        raise KeyboardInterrupt

    discovery.register("odd", factory)
    with pytest.raises(KeyboardInterrupt):
        discovery.get("odd")


# ---- the other hooks


def dict_hook():
    return {}


def plugin(**hooks):
    """A plugin object with these hooks, as the module of an installed one."""
    namespace = type("Hooks", (), {name: staticmethod(hookimpl(function)) for name, function in hooks.items()})
    return Plugin(BackendInfo("odd", "odd-dist", "1.0", "odd_module"), namespace())


def test_ops_become_kernels_of_the_backend(make_backend):
    def square(x):
        return x * x

    kind = make_backend("odd")
    made = plugin(polyflow_backend=lambda device: kind(device), polyflow_ops=lambda backend: {"square": square})
    assert made.make(None).square is square
    assert not hasattr(kind, "square")


@pytest.mark.parametrize(
    ("ops", "match"),
    [
        ({"asarray": len}, "'asarray', which is part of the protocol"),
        ({"name": len}, "'name', which is part of the protocol"),
        ({"exp": 3}, "an object of type int for 'exp'"),
        ({"matmull": len}, "a kernel for 'matmull', but there is no such op. Did you mean 'matmul'?"),
        ([("exp", len)], "an object of type list, expected a mapping"),
        ({3: len}, "expected a mapping from names"),
    ],
)
def test_ops_that_cannot_be_kernels(make_backend, ops, match):
    kind = make_backend("odd")
    made = plugin(polyflow_backend=lambda device: kind(device), polyflow_ops=lambda backend: ops)
    with pytest.raises(BackendBrokenError, match=match):
        made.make(None)


def test_description(make_backend):
    given = BackendDescription("odd", "words", ("a_library_nobody_has", "sys"), "pip install it", "https://x.y")
    made = plugin(polyflow_backend=make_backend("odd"), polyflow_describe=lambda: given)
    assert made.describe() == given
    assert made.missing_modules() == ["a_library_nobody_has"]
    with pytest.raises(BackendUnavailableError, match="a_library_nobody_has.*`pip install it`") as caught:
        made.make(None)
    assert caught.value.install == "pip install it"


def test_description_may_be_left_out(make_backend):
    made = plugin(polyflow_backend=make_backend("odd"))
    assert made.describe() == BackendDescription("odd")
    assert made.install_line() == "pip install odd-dist"


def test_description_of_the_wrong_type(make_backend):
    with pytest.raises(BackendBrokenError, match="polyflow_describe returned an object of type dict"):
        plugin(polyflow_backend=make_backend("odd"), polyflow_describe=dict_hook).describe()


def test_conformance_cases(make_backend):
    made = plugin(polyflow_backend=make_backend("odd"), polyflow_conformance_cases=lambda: iter("ab"))
    assert made.conformance_cases() == ["a", "b"]
    assert plugin(polyflow_backend=make_backend("odd")).conformance_cases() == []


def test_misspelt_hook(make_backend):
    with pytest.raises(BackendBrokenError, match="no hook named 'polyflow_backed'. Did you mean 'polyflow_backend'"):
        plugin(polyflow_backed=make_backend("odd"))


def test_hook_without_its_mark(make_backend):
    hooks = type("Hooks", (), {"polyflow_backend": staticmethod(make_backend("odd"))})()
    with pytest.raises(BackendBrokenError, match="not marked as a hook; write @hookimpl"):
        Plugin(BackendInfo("odd", "odd-dist", "1.0", "odd_module"), hooks)


def test_hook_with_an_unknown_argument(make_backend):
    with pytest.raises(BackendBrokenError, match=r"(?s)polyflow_backend.*'stream'"):
        plugin(polyflow_backend=lambda device, stream: make_backend("odd")(device))


def test_no_backend_hook():
    with pytest.raises(BackendBrokenError, match="it has no hook polyflow_backend"):
        plugin(polyflow_describe=lambda: None)
