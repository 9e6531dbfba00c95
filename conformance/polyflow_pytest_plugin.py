"""pytest's way into polyflow: options of the conformance suite, a ``backend`` fixture, and a mark.

pytest imports this module in every run of an environment that has polyflow, so it imports neither polyflow nor NumPy
until a test asks for them.

    def test_sum(backend):                           # once for every installed backend that works
        ...

    @pytest.mark.polyflow_backends("numpy", "jax")   # once for each of these
    def test_product(backend):
        ...
"""

from __future__ import annotations

import os

import pytest

MARK = "polyflow_backends(*names): the backends on which to run a test that uses the `backend` fixture"


def pytest_addoption(parser):
    """Add the options."""
    group = parser.getgroup("polyflow", "polyflow backends and their conformance suite")
    group.addoption(
        "--polyflow-backend",
        action="append",
        metavar="SPEC",
        help="a backend to test: NAME, module:attribute or file.py:attribute, and :DEVICE if need be (may be repeated)",
    )
    group.addoption("--polyflow-group", action="append", metavar="GROUP", help="only this group of conformance cases")
    group.addoption("--polyflow-op", action="append", metavar="OP", help="only the conformance cases of this op")
    group.addoption("--polyflow-seed", type=_seed, default=0, metavar="N", help="another seed gives other samples")
    group.addoption("--polyflow-quick", action="store_true", help="a fifth of the conformance cases")
    group.addoption(
        "--polyflow-time-limit",
        type=_seconds,
        metavar="SECONDS",
        help="how long a conformance case may take (default: 120); one that takes longer is an error",
    )
    group.addoption(
        "--polyflow-no-isolate",
        action="store_true",
        help="try conformance cases in pytest's own process, which a backend that crashes then ends",
    )
    group.addoption("--polyflow-report", metavar="FILE", help="write the conformance report there, as JSON")


def _seed(text):
    from polyflow._cli.conformance import seed

    return seed(text)


def _seconds(text):
    from polyflow._cli.seconds import seconds

    return seconds(text)


def pytest_configure(config):
    """Name the marks; gather results where a report is asked for."""
    config.addinivalue_line("markers", MARK)
    config.addinivalue_line("markers", "polyflow_conformance: a case of polyflow's conformance suite")
    path = config.getoption("polyflow_report")
    if path and not hasattr(config, "workerinput"):  # not in a worker of pytest-xdist
        from polyflow_conformance.collecting import Collecting

        option = config.getoption
        config.pluginmanager.register(Collecting(path, option("polyflow_seed"), option("polyflow_quick")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Give what `polyflow_conformance` found along with pytest's report of the test."""
    report = yield
    if call.when == "call" and hasattr(item, "polyflow_results"):
        report.polyflow_results = item.polyflow_results
    return report


def pytest_generate_tests(metafunc):
    """Run tests that use the `backend` fixture once per backend."""
    if "backend" not in metafunc.fixturenames or "backend" not in _of_ours(metafunc):
        return
    mark = metafunc.definition.get_closest_marker("polyflow_backends")
    chosen = metafunc.config.getoption("polyflow_backend")
    named = list(mark.args) if mark is not None and mark.args else None
    if chosen:
        names = [name for name in chosen if named is None or name in named]
    else:
        names = named or _working()
    metafunc.parametrize("backend", names, indirect=True, ids=[_short(name) for name in names])


def _of_ours(metafunc):
    """The `backend` fixture where it is this module's, and not one that a project defines for itself."""
    definitions = metafunc._arg2fixturedefs.get("backend", ())
    return {"backend"} if definitions and definitions[-1].func.__module__ == __name__ else set()


def _working():
    from polyflow.backend import discovery

    found = []
    for info in discovery.installed():
        try:
            discovery.get(info.name)
        except Exception:  # not usable here: a test could only say so again
            continue
        found.append(info.name)
    return found


def _short(name):
    return os.path.basename(name) if ".py:" in name else name


@pytest.fixture
def backend(request):
    """A polyflow backend, selected while the test runs; the test runs once for each."""
    from polyflow.backend import selection
    from polyflow_conformance.loading import LoadError, load

    try:
        loaded = load(request.param)
    except LoadError as error:
        pytest.fail(str(error), pytrace=False)
    with selection.use_backend(loaded.backend) as selected:
        yield selected
