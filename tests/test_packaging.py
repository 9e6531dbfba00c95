"""What lands in the wheel, and that the pinned versions cover what the project asks for."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {  # import name -> folder in the repository
    "polyflow": ROOT / "polyflow",
    "polyflow_numpy": ROOT / "backends/polyflow_numpy",
    "polyflow_jax": ROOT / "backends/polyflow_jax",
    "polyflow_cupy": ROOT / "backends/polyflow_cupy",
    "polyflow_conformance": ROOT / "conformance/polyflow_conformance",
}
MODULES = {"polyflow_pytest_plugin.py": ROOT / "conformance/polyflow_pytest_plugin.py"}  # single files at the top level
DATA = {
    "polyflow/py.typed",
    "polyflow/datasets/data/digits.npz",
    "polyflow/datasets/data/digits.md",
    "polyflow/datasets/data/CC-BY-4.0.txt",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project's wheel, built by its own build backend into a temporary folder."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    """The text of one file of the wheel's .dist-info folder."""
    return wheel.read(f"polyflow_core-{PROJECT['version']}.dist-info/{name}").decode()


# ---- the wheel


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_holds_every_module_of_every_import_package(wheel, package):
    """One distribution, several import packages, each at the top level whatever folder it is developed in."""
    source = PACKAGES[package]
    modules = {f"{package}/{path.relative_to(source).as_posix()}" for path in source.rglob("*.py")}

    assert f"{package}/__init__.py" in modules
    assert modules | set(MODULES) <= set(wheel.namelist())


def test_wheel_holds_data_and_typing_marker(wheel):
    assert set(wheel.namelist()) >= DATA


def test_wheel_holds_nothing_else(wheel):
    """No caches, tests, build files or other folders of the repository."""
    strangers = []
    for name in wheel.namelist():
        top, _, rest = name.partition("/")
        source_file = top in PACKAGES and (PACKAGES[top] / rest).is_file() and "__pycache__" not in rest
        source_file = source_file or name in MODULES
        if not source_file and top != f"polyflow_core-{PROJECT['version']}.dist-info":
            strangers.append(name)
    assert strangers == []
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".pyo"))]


def test_entry_points_are_the_command_and_three_backends(wheel):
    """The backends in the box come in by the door that everybody else's come in by."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment]  # keep upper case
    parser.read_string(metadata(wheel, "entry_points.txt"))

    assert dict(parser["console_scripts"]) == {"polyflow": "polyflow.cli:main"}
    assert dict(parser["polyflow.backends"]) == {
        "numpy": "polyflow_numpy",
        "jax": "polyflow_jax",
        "cupy": "polyflow_cupy",
    }


def test_metadata_names_distribution_python_and_licences(wheel):
    """The name on the index is polyflow-core; the licence of the data is declared beside the one of the code."""
    fields = Parser().parsestr(metadata(wheel, "METADATA"))

    assert fields["Name"] == "polyflow-core"
    assert set(fields["Requires-Python"].split(",")) == {">=3.11", "<3.14"}
    assert fields["License-Expression"] == "Apache-2.0 AND CC-BY-4.0"
    texts = fields.get_all("License-File") or []
    assert set(texts) == {"LICENSE", "polyflow/datasets/data/CC-BY-4.0.txt", "polyflow/datasets/data/digits.md"}
    for path in texts:
        assert metadata(wheel, f"licenses/{path}") == (ROOT / path).read_text(encoding="utf-8")


def test_unpacked_wheel_works_without_the_repository(wheel, tmp_path):
    """Imported from elsewhere, every package comes from the wheel and the digits are found inside it."""
    wheel.extractall(tmp_path)
    program = (
        "import importlib, pathlib, sys\n"
        "for name in sys.argv[2:]:\n"
        "    module = importlib.import_module(name)\n"
        "    assert pathlib.Path(module.__file__).is_relative_to(sys.argv[1]), (name, module.__file__)\n"
        "from polyflow.datasets import load_digits\n"
        "(x, y), _ = load_digits()\n"
        "print(x.shape, y.shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path), *PACKAGES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "(1438, 8, 8) (1438,)"


# ---- the pins


def pins() -> list[Requirement]:
    """The lines of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def asked_for() -> list[Requirement]:
    """Everything that .ci/run installs for this project and its plugins, and what it is built with."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    extras = PROJECT["optional-dependencies"]
    lines = [*build, *PROJECT["dependencies"]]
    for extra in ("test", "test-cuda", "dev", "jax", "plot", "bench"):
        lines += extras[extra]
    for path in sorted((ROOT / "plugins").glob("polyflow-*/pyproject.toml")):
        plugin = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        lines += [*plugin["dependencies"], *plugin.get("optional-dependencies", {}).get("test", [])]
    return [found for line in lines if (found := Requirement(line)).name != PROJECT["name"]]


def test_constraints_are_exact_versions_from_no_particular_place():
    """A name, one version, perhaps a marker: never an address, a file, a range or a hash."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not any(line.startswith("-") for line in text.splitlines())
    for pin in pins():
        (version,) = pin.specifier
        assert pin.url is None, pin
        assert version.operator == "==", pin
        assert "*" not in version.version, pin


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_constraints_pin_each_requirement_once_for_every_python(python):
    """On each supported Python every requirement has exactly one pin, and it is in the range asked for."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    chosen: dict[str, str] = {}
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in chosen, f"{pin} is the second pin of {name} for Python {python}"
            (version,) = pin.specifier
            chosen[name] = version.version

    for requirement in asked_for():
        name = canonicalize_name(requirement.name)
        assert name in chosen, f"{requirement} has no pin"
        assert requirement.specifier.contains(chosen[name]), f"{requirement} does not admit the pin {chosen[name]}"


def test_extras_of_a_backend_agree_with_what_is_tested():
    """Who installs `polyflow-core[jax]` may get exactly the versions that the tests run with."""
    extras = {name: set(lines) for name, lines in PROJECT["optional-dependencies"].items()}
    assert extras["jax"] <= extras["test"]
    assert extras["plot"] <= extras["test"]


def test_plugins_of_this_repository_are_told_how_to_install():
    """Whoever names one before it is installed reads the command."""
    from polyflow.backend.plugin import INSTALL

    for path in (ROOT / "plugins").glob("polyflow-*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        for name in project["entry-points"]["polyflow.backends"]:
            assert INSTALL.get(name) == f"pip install {project['name']}"
