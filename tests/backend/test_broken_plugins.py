"""Really installed distributions, nearly all of them broken in a way of their own, beside one that works.

Whatever one of them does, the others are listed and loaded as if it were not there, and the error names it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from polyflow import errors

HOOKS = """
from polyflow.backend.hookspecs import BackendDescription, hookimpl

@hookimpl
def polyflow_describe():
    return BackendDescription("{name}", "{name} in words", requires=({requires}), install="{install}")

@hookimpl
def polyflow_backend(device):
    from .backend import Made
    return Made(device)
"""

BACKEND = """
import numpy as np
from polyflow.backend.protocol import Backend

class Made(Backend):
    name = "{name}"
    {extra}
    def asarray(self, obj, dtype=None, device=None):
        return np.array(obj, dtype=dtype)
    def to_numpy(self, array):
        return np.asarray(array)
    def devices(self):
        return ("cpu:0",)
    def synchronize(self):
        return None
"""


def package(name, *, backend=BACKEND, hooks=HOOKS, extra="", requires="", install=""):
    """The two files of a plugin package, dist `stranger-NAME`, module `stranger_NAME`."""
    values = {"name": name, "extra": extra, "requires": requires, "install": install}
    return {
        f"stranger_{name}/__init__.py": hooks.format(**values),
        f"stranger_{name}/backend.py": backend.format(**values),
    }


PLUGINS = {
    "good": package("good"),
    "raises": package("raises", hooks="raise ZeroDivisionError('at import')"),
    "exits": package("exits", hooks="import sys; sys.exit('goodbye')"),
    "panics": package("panics", hooks="class Panic(BaseException): pass\nraise Panic('at src/lib.rs')"),
    "syntax": package("syntax", hooks="def oops(:"),
    "eager": package("eager", hooks="import a_library_nobody_has\n" + HOOKS),
    "lazy": package("lazy", backend="import a_library_nobody_has\n" + BACKEND),
    "declared": package("declared", requires="'a_library_nobody_has',", install="pip install nobody"),
    "libcrash": package("libcrash", backend="raise ImportError('libcuda.so.1: cannot open shared object')"),
    "inner": package("inner", backend="import stranger_inner.not_there"),
    "old": package("old", extra='protocol = "0.3"'),
    "new": package("new", extra='protocol = "2.1"'),
    "misspelt": package("misspelt", hooks=HOOKS.replace("polyflow_describe", "polyflow_descibe")),
    "unmarked": package("unmarked", hooks=HOOKS.replace("@hookimpl", "")),
    "signature": package("signature", hooks=HOOKS.replace("(device)", "(device, stream)", 1)),
    "nothing": package("nothing", hooks="x = 1"),
    "wrong": package("wrong", hooks=HOOKS.replace("Made(device)", "{{'name': 'wrong'}}")),
    "half": package("half", backend=BACKEND.replace("def to_numpy", "def from_numpy")),
    "other": package("other", extra='name = "another"'),
    "gone": {},
    "crash": package("crash", backend="import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
}

EXPECTED = {  # name: (exception class, what its sentence says)
    "raises": ("BackendBrokenError", "importing 'stranger_raises' raised ZeroDivisionError: at import."),
    "exits": ("BackendBrokenError", "importing 'stranger_exits' raised SystemExit: goodbye."),
    "panics": ("BackendBrokenError", "importing 'stranger_panics' raised Panic: at src/lib.rs."),
    "syntax": ("BackendBrokenError", "importing 'stranger_syntax' raised SyntaxError"),
    "eager": ("BackendUnavailableError", "needs the module 'a_library_nobody_has', which is not installed."),
    "lazy": ("BackendUnavailableError", "Install it with `pip install stranger-lazy`."),
    "declared": ("BackendUnavailableError", "Install it with `pip install nobody`."),
    "libcrash": ("BackendBrokenError", "polyflow_backend raised ImportError: libcuda.so.1: cannot open shared object."),
    "inner": ("BackendBrokenError", "ModuleNotFoundError: No module named 'stranger_inner.not_there'."),
    "old": ("ProtocolVersionError", "Upgrade the plugin: `pip install --upgrade stranger-old`."),
    "new": ("ProtocolVersionError", "Upgrade polyflow: `pip install --upgrade polyflow-core`."),
    "misspelt": ("BackendBrokenError", "no hook named 'polyflow_descibe'. Did you mean 'polyflow_describe'?"),
    "unmarked": ("BackendBrokenError", "is not marked as a hook; write @hookimpl above it."),
    "signature": ("BackendBrokenError", "'stream'"),
    "nothing": ("BackendBrokenError", "it has no hook polyflow_backend"),
    "wrong": ("BackendBrokenError", "returned an object of type dict, expected a polyflow.backend.Backend."),
    "half": ("IncompleteBackendError", "Made has no to_numpy(). Every backend has to have asarray"),
    "other": ("BackendBrokenError", "its backend calls itself 'another', expected 'other'."),
    "gone": ("BackendBrokenError", "importing 'stranger_gone' raised ModuleNotFoundError"),
    "clash": ("BackendClashError", "first-clash 1.0 and second-clash 2.0"),
}


@pytest.fixture(scope="module")
def installed(site):
    """All of the above, and two distributions that both provide a backend named clash."""
    for name, files in PLUGINS.items():
        site.add(f"stranger-{name}", files, backends={name: f"stranger_{name}"})
    site.add("first-clash", package("clash"), backends={"clash": "stranger_clash"})
    site.add("second-clash", {}, version="2.0", backends={"clash": "stranger_clash.second"})
    return site


@pytest.fixture(scope="module")
def answers(installed):
    """What one process gets when it asks for each of them in turn, and the good one after every failure."""
    return installed.python("""
        import json, sys
        from polyflow.backend import discovery
        listed = [info.name for info in discovery.installed()]
        before = [name for name in sys.modules if name.startswith("stranger")]
        answers = {}
        for name in listed:
            if name.startswith(("crash", "numpy", "jax", "cupy")):
                continue
            try:
                made = discovery.get(name)
            except Exception as error:
                answers[name] = [type(error).__name__, str(error)]
            else:
                answers[name] = ["usable", repr(made)]
            assert discovery.get("good") is discovery.get("good:cpu:0")
        print(json.dumps({"listed": listed, "imported by listing": before, "answers": answers}))
    """)


def test_listing_imports_nothing(answers):
    assert answers["imported by listing"] == []


def test_everything_is_listed(answers):
    listed = answers["listed"]
    assert sorted(PLUGINS) == [name for name in listed if name in PLUGINS]
    assert listed.count("clash") == 2


def test_the_good_one_works(answers):
    assert answers["answers"]["good"] == ["usable", "<backend good on cpu:0>"]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_fault_has_its_error(answers, name):
    kind, text = EXPECTED[name]
    found, message = answers["answers"][name]
    assert found == kind, message
    assert text in message


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - {"clash"}))
def test_each_error_names_backend_and_distribution(answers, name):
    assert f"Backend '{name}' (distribution stranger-{name} 1.0)" in answers["answers"][name][1]


def test_status_raises_nothing(installed):
    """All states, without a check and with one, from one process."""
    states = installed.python("""
        import json
        from polyflow.backend.status import statuses
        plain = {s.name: s.state for s in statuses(check=False)}
        from polyflow.backend import status
        checked = {s.name: s for s in (status.status(name) for name in plain if name not in ("crash", "jax", "cupy"))}
        print(json.dumps({
            "plain": plain,
            "checked": {name: [s.state, s.reason, s.install, s.devices, s.summary] for name, s in checked.items()},
        }))
    """)
    plain, checked = states["plain"], states["checked"]
    assert plain["good"] == plain["lazy"] == plain["old"] == "installed"
    assert plain["declared"] == plain["eager"] == "library missing"
    assert plain["raises"] == plain["misspelt"] == plain["clash"] == "broken"
    assert checked["good"] == ["usable", "", None, ["cpu:0"], "good in words"]
    assert checked["declared"][0:3] == ["library missing", "Not installed: a_library_nobody_has.", "pip install nobody"]
    assert checked["lazy"][0] == "library missing"
    assert checked["lazy"][2] == "pip install stranger-lazy"
    for name in ("old", "new", "wrong", "half", "libcrash"):
        assert checked[name][0] == "broken"
        assert f"stranger-{name}" in checked[name][1]


def test_suggestions_for_names_that_are_not_installed(installed):
    answers = installed.python("""
        import json
        from polyflow.backend import discovery, plugin
        plugin.INSTALL["flame"] = "pip install polyflow-flame"
        answers = {}
        for name in ("god", "flame", "flaem", "qqqq"):
            try:
                discovery.get(name)
            except discovery.UnknownBackendError as error:
                answers[name] = str(error)
        print(json.dumps(answers))
    """)
    assert "Unknown backend 'god'. Did you mean 'good'" in answers["god"]
    assert answers["flame"].startswith("Backend 'flame' is not installed.")
    assert "Did you mean 'flame'?" in answers["flaem"]
    assert "Did you mean" not in answers["qqqq"]
    assert all("good" in text.partition("Installed: ")[2].rstrip(".").split(", ") for text in answers.values())


def test_a_distribution_installed_while_the_process_runs(installed):
    """As in a notebook: `!pip install`, then the next cell."""
    name = installed.python("""
        import json, pathlib, sys
        from polyflow.backend import discovery
        try:
            discovery.get("later")
        except discovery.UnknownBackendError:
            pass
        here = pathlib.Path(sys.path[1])
        new = here / "later-1.0.dist-info"
        new.mkdir()
        (new / "METADATA").write_text("Name: later\\nVersion: 1.0\\n")
        (new / "entry_points.txt").write_text("[polyflow.backends]\\nlater = stranger_later\\n")
        (here / "stranger_later").mkdir()
        for file in ("__init__.py", "backend.py"):
            text = (here / "stranger_good" / file).read_text().replace("good", "later")
            (here / "stranger_later" / file).write_text(text)
        print(json.dumps(discovery.get("later").name))
    """)
    assert name == "later"


def test_a_source_tree_that_was_never_installed_says_so(tmp_path):
    """Only the packages on the path, no metadata at all: the error tells what to run."""
    root = Path(errors.__file__).parents[1]
    code = """
        import importlib.metadata, json
        importlib.metadata.MetadataPathFinder.find_distributions = lambda *args, **kwargs: iter(())
        from polyflow.backend import discovery
        messages = []
        for name in ("numpy", "something"):
            try:
                discovery.get(name)
            except discovery.UnknownBackendError as error:
                messages.append(str(error))
        print(json.dumps(messages))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    messages = json.loads(done.stdout)
    assert len(messages) == 2
    for message in messages:
        assert f"runs from source files in {root} and was never installed" in message
        assert f"`pip install -e {root}`" in message


def test_distributions_installed_by_pip(tmp_path_factory, site):
    """Two projects built and installed by pip itself, offline: both are found, and their clash is seen."""
    home = tmp_path_factory.mktemp("projects")
    target = home / "target"
    for number, word in enumerate(("alpha", "beta")):
        project = home / word
        (project / f"piped_{word}").mkdir(parents=True)
        for name, text in package("piped").items():
            (project / name.replace("stranger_piped", f"piped_{word}")).write_text(textwrap.dedent(text))
        (project / "pyproject.toml").write_text(
            textwrap.dedent(f"""
                [build-system]
                requires = ["hatchling"]
                build-backend = "hatchling.build"
                [project]
                name = "piped-{word}"
                version = "1.{number}"
                [project.entry-points."polyflow.backends"]
                piped = "piped_{word}"
                """)
        )
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", "--target", str(target), str(project)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer = type(site)(target).python("""
            import json
            from polyflow.backend import discovery
            try:
                answer = repr(discovery.get("piped"))
            except discovery.BackendClashError as error:
                answer = str(error)
            print(json.dumps(answer))
        """)
        if number == 0:
            assert answer == "<backend piped on cpu:0>"
    assert answer.startswith("2 distributions provide a backend named 'piped': ")
    assert "piped-alpha 1.0" in answer
    assert "piped-beta 1.1" in answer
    assert "pip uninstall piped-" in answer
