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
    """Name the marks; look at what is asked for; gather results where a report is."""
    config.addinivalue_line("markers", MARK)
    config.addinivalue_line("markers", "polyflow_conformance: a case of polyflow's conformance suite")
    if hasattr(config, "workerinput"):  # in a worker of pytest-xdist
        return
    option = config.getoption
    if option("polyflow_group") or option("polyflow_op"):
        _check_chosen(option)
    if path := option("polyflow_report"):
        from polyflow._cli.output import check_file
        from polyflow.errors import PolyflowError
        from polyflow_conformance.collecting import Collecting

        try:
            check_file("--polyflow-report", path)
        except PolyflowError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(Collecting(path, option("polyflow_seed"), option("polyflow_quick")))


def _check_chosen(option):
    """Raise UsageError where no case is left of the groups and ops that are asked for."""
    from polyflow_conformance.catalog import all_cases
    from polyflow_conformance.isolation import place_for
    from polyflow_conformance.loading import LoadError
    from polyflow_conformance.runner import select

    chosen = {"groups": option("polyflow_group"), "ops": option("polyflow_op"), "quick": option("polyflow_quick")}
    try:
        select(all_cases(), **chosen)
        return
    except ValueError as error:
        mistake = error
    for spec in option("polyflow_backend") or ():  # whose plugin may add cases of its own
        try:
            place = place_for(spec, isolate=not option("polyflow_no_isolate"))
        except LoadError:
            continue
        place.close()
        try:
            select(place.subject.cases, **chosen)
            return
        except ValueError:
            continue
    raise pytest.UsageError(str(mistake))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Keep the items that say why a backend cannot be loaded, whichever of its cases ``-k`` is to choose."""
    expression = config.option.keyword
    staying = [item for item in items if _stays(item)] if expression else []
    items[:] = [item for item in items if item not in staying]
    yield
    if staying:
        config.option.keyword = ""  # what `-m` leaves out stays left out
        config.pluginmanager.get_plugin("mark").pytest_collection_modifyitems(items=staying, config=config)
        config.option.keyword = expression
        items += staying


def _stays(item):
    return any(mark.kwargs.get("stays") for mark in item.iter_markers("polyflow_conformance"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Give what `polyflow_conformance` found along with pytest's report of the test."""
    report = yield
    if call.when == "call" and hasattr(item, "polyflow_tried"):
        report.polyflow_tried = item.polyflow_tried
    return report


def pytest_generate_tests(metafunc):
    """Run tests that use the `backend` fixture once per backend."""
    if "backend" not in metafunc.fixturenames or "backend" not in _of_ours(metafunc):
        return
    mark = metafunc.definition.get_closest_marker("polyflow_backends")
    chosen = metafunc.config.getoption("polyflow_backend")
    named = list(mark.args) if mark is not None and mark.args else None
    wrong = [name for name in named or () if not isinstance(name, str)]
    if wrong:
        raise pytest.Collector.CollectError(
            f"the mark polyflow_backends of {metafunc.function.__name__} got {wrong[0]!r}, expected names of backends, "
            'such as @pytest.mark.polyflow_backends("numpy", "jax").'
        )
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
