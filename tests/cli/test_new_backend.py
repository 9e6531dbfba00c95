"""`polyflow new-backend`: what it writes installs and passes; what it cannot write it refuses, and leaves nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from polyflow._cli import new_backend
from polyflow._cli.new_backend import NewBackendError
from polyflow.cli import main

FILES = {
    ".github/workflows/test.yml",
    ".gitignore",
    "LICENSE",
    "README.md",
    "polyflow_slab/__init__.py",
    "polyflow_slab/backend.py",
    "pyproject.toml",
    "tests/test_conformance.py",
    "tests/test_slab.py",
}


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--namespace", "array_api_strict"]], ids=["four methods", "a namespace"])
def test_it_installs_and_passes(words, desk):
    """As its author would do it, but that nothing is fetched: installed, then tried by the suite, then by pytest.

    (Ops of such backends are tried in tests/conformance/test_four_methods.py and in the array API plugin's tests.)
    """
    assert main(["new-backend", "slab", *words]) == 0
    folder = desk / "polyflow-slab"
    assert written(folder) == FILES

    def run(*command, where=desk):
        path = os.pathsep.join(str(one) for one in (desk / "site", *sys.path[1:]))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *command], cwd=where, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(desk / "site"))
    run("-m", "pip", "install", *options, str(folder))
    groups = ("--group", "device-1", "--group", "interop-1", "--group", "train-1")
    said = run("-m", "polyflow.cli", "conformance", "slab", "--quick", *groups)
    assert "slab (polyflow-slab 0.1.0) on cpu:0" in said
    assert "not conforming" not in said
    said = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--polyflow-op", "add", "--polyflow-op", "where", where=folder
    )
    assert re.search(r"^\d+ passed", said, re.MULTILINE)


@pytest.mark.parametrize("namespace", [None, "array_api_strict"])
def test_what_it_writes_is_in_order(namespace, desk):
    """Every placeholder is filled, the code is formatted, and the distribution needs what it imports."""
    found = None if namespace is None else new_backend.find_namespace(namespace)
    new_backend.write(desk / "it", new_backend.files("my_slab", found))
    for path in written(desk / "it"):
        text = (desk / "it" / path).read_text()
        assert not re.search(r"(?<!\$)\$(?!\{\{)", text), path
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
    project = tomllib.loads((desk / "it/pyproject.toml").read_text())["project"]
    assert project["entry-points"]["polyflow.backends"] == {"my_slab": "polyflow_my_slab"}
    assert project["dependencies"][0].startswith("polyflow-core")
    assert bool(namespace) == any(re.match(r"array.api.strict>=\d", one) for one in project["dependencies"])
    assert "class MySlabBackend(" in (desk / "it/polyflow_my_slab/backend.py").read_text()


def test_continuous_integration_runs_the_suite_and_the_tests():
    """The suite first, whose report is kept: a library that crashes is a result of it."""
    found = new_backend.files("slab", None)
    steps = [line.strip() for line in found[".github/workflows/test.yml"].splitlines() if "- run:" in line]
    assert steps[1].startswith("- run: polyflow conformance slab --json")
    assert steps[2] == "- run: pytest"


@pytest.mark.parametrize(
    ("asked", "pythons"),
    [("", "3.11 3.12 3.13"), ("<4,>=3.12", "3.12 3.13"), (">= 3.9", "3.11 3.12 3.13"), (">=3.14", "3.13")],
)
def test_it_asks_for_a_python_that_its_library_runs_on(asked, pythons):
    """The version of the library that is asked for may not run on every Python that polyflow does."""
    found = new_backend.Namespace("array_api_strict", "array_api_strict", "it", (), new_backend.pythons_from(asked))
    texts, oldest = new_backend.files("slab", found), pythons.split()[0]
    listed = re.search(r"python: \[(.*)\]", texts[".github/workflows/test.yml"])
    assert listed[1].replace('"', "").split(", ") == pythons.split()
    assert tomllib.loads(texts["pyproject.toml"])["project"]["requires-python"] == f">={oldest}"


@pytest.mark.parametrize("words", [["check", "--extend-select=I"], ["format", "--check", "--diff"]], ids=lambda w: w[0])
def test_its_code_is_formatted(words, desk):
    pytest.importorskip("ruff", reason="ruff, which comes with polyflow-core[dev], is not installed")
    for namespace in (None, new_backend.find_namespace("array_api_strict")):
        new_backend.write(desk / f"it_{namespace is None}", new_backend.files("my_slab", namespace))
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", "--quiet", "."],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_template_is_left_unused():
    texts = {"".join(new_backend.files("x", found).values()) for found in (None, new_backend.find_namespace("numpy"))}
    for path in new_backend.TEMPLATE.iterdir():
        plain = [line for line in path.read_text().splitlines() if "$" not in line and len(line) > 12]
        assert any(plain[0] in text for text in texts), path.name


def test_a_namespace_with_holes_is_told_what_to_do(desk, monkeypatch, capsys):
    """Functions for another library's arrays are a namespace; what runs on the host is said, in the README too."""
    (desk / "halflib.py").write_text(
        "from array_api_strict import *\nfrom array_api_strict import bool, abs, max, min, sum, any, all, round, pow\n"
        "del argsort, searchsorted\n"
    )
    monkeypatch.syspath_prepend(str(desk))
    assert main(["new-backend", "half", "--namespace", "halflib", "--output", str(desk / "half")]) == 0
    said, readme = capsys.readouterr().out, (desk / "half/README.md").read_text()
    for text in (said, readme.replace("\n", " ")):
        sentence = text.partition("For want of functions in halflib these ops run on the host, in NumPy: ")[2]
        assert {"argsort", "searchsorted"} <= set(sentence.partition(".")[0].split(", "))
    assert "unsupported = {" in readme
    assert "xp = halflib" in (desk / "half/polyflow_half/backend.py").read_text()


def test_a_library_whose_arrays_come_back_as_something_else_is_told_what_to_mend(desk, monkeypatch, capsys):
    """Such as those that lie on another device, or are sparse, and that NumPy may not look at."""
    (desk / "farlib.py").write_text(
        "import array_api_strict as near\nfrom array_api_strict import *\n"
        "from array_api_strict import bool, abs, max, min, sum, any, all, round, pow\n"
        "class Far:\n"
        "    def __init__(self, array): self.shape, self.dtype = array.shape, array.dtype\n"
        "    def __array__(self, dtype=None, copy=None): raise RuntimeError('use far.get()')\n"
        "def asarray(obj, **options): return Far(near.asarray(obj, **options))\n"
    )
    monkeypatch.syspath_prepend(str(desk))
    assert main(["new-backend", "far", "--namespace", "farlib"]) == 0
    said = capsys.readouterr().out
    assert "mend polyflow-far/polyflow_far/backend.py" in said
    assert "to_numpy of what asarray made of a NumPy array" in said
    assert "RuntimeError: use far.get()" in said


def test_a_library_whose_arrays_name_another_namespace():
    """NumPy's own face of the standard, or array-api-compat's: what its arrays say."""
    found = new_backend.find_namespace("numpy")
    assert found.module in ("numpy", "array_api_compat.numpy")
    assert found.top == "numpy"
    assert found.requirement.startswith("numpy>=")


REFUSED = [
    (["numpy"], "Backend 'numpy' (distribution polyflow-core"),
    (["conformance"], "there is one of that name"),
    (["my-slab"], "'my-slab' is not"),
    (["Slab"], "'Slab' is not"),
    (["2slab"], "'2slab' is not"),
    (["class"], "'class' is not"),
    (["_slab"], "'_slab' is not"),
    (["slab_"], "'slab_' is not"),
    (["all"], "'all' stands for every usable backend"),
    (["core"], "the distribution would be called polyflow-core, and polyflow-core"),
    (["slab", "--namespace", "polyflow.array_api"], "polyflow.array_api is polyflow itself"),
    (["größe"], "'größe' is not"),
    (["a/b"], "'a/b' is not"),
    ([""], "'' is not"),
    (["slab", "--namespace", "no_such_library.array"], "no module 'no_such_library'"),
    (["slab", "--namespace", "array_api_strict.nothing"], "no module 'array_api_strict.nothing'"),
    (["slab", "--namespace", "json"], "json is no namespace of the Python array API standard: it has no asarray"),
    (["slab", "--namespace", "a..b"], "takes the name of a module"),
    (["slab", "--namespace", "raises_on_import"], "importing raises_on_import raised OSError: no driver"),
    (["slab", "--output", "full"], "full is not empty"),
    (["slab", "--output", "file"], "file is a file"),
    (["slab", "--output", "nowhere/slab"], "there is no folder"),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED, ids=[" ".join(words) or "nothing" for words, _ in REFUSED])
def test_what_cannot_be_written_is_refused(words, sentence, desk, capsys, monkeypatch):
    (desk / "full").mkdir()
    (desk / "full/mine.txt").write_text("mine")
    (desk / "file").write_text("mine")
    (desk / "raises_on_import.py").write_text("raise OSError('no driver')")
    monkeypatch.syspath_prepend(str(desk))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = written(desk)
    assert main(["new-backend", *words]) == 2
    out, said = capsys.readouterr()
    assert sentence in said
    assert said.startswith("polyflow new-backend: ")
    assert said.count("\n") == 1
    assert not out
    assert written(desk) == before


def test_a_taken_name_of_a_known_plugin(monkeypatch):
    from polyflow.backend import plugin

    monkeypatch.setitem(plugin.INSTALL, "flame", "pip install polyflow-flame")
    with pytest.raises(NewBackendError, match="pip install polyflow-flame"):
        new_backend.check_name("flame")


def test_an_empty_folder_will_do(desk):
    (desk / "empty").mkdir()
    assert main(["new-backend", "slab", "--output", "empty"]) == 0
    assert written(desk / "empty") == FILES
    assert (desk / "empty").stat().st_mode & 0o055 == 0o055 & ~new_backend._umask()


def test_nothing_half_written_is_left(desk, monkeypatch):
    """Where the disk is full halfway, there is neither the folder nor a draft of it."""
    whole = Path.write_text

    def full(self, *arguments, **named):
        if self.name == "backend.py":
            raise OSError(28, "No space left on device")
        return whole(self, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["new-backend", "slab"]) == 2
    assert list(desk.iterdir()) == []


def test_help(capsys):
    with pytest.raises(SystemExit):
        main(["new-backend", "--help"])
    said = capsys.readouterr().out
    assert "--namespace MODULE" in said
    assert "polyflow conformance mine" in said
