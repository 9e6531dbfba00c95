"""``polyflow new-backend NAME``: a complete distribution with a backend of one's own, ready to install and to test."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import importlib.util
import keyword
import os
import re
import shutil
import tempfile
import textwrap
from pathlib import Path
from string import Template
from types import ModuleType
from typing import Any, NamedTuple

from ..errors import PolyflowError

EPILOG = """\
What is written installs and runs as it is. With --namespace it is a whole backend, which passes the conformance suite
where the library follows the standard, and whose README says what to do where it does not; without, its four methods
keep arrays on NumPy, and pass, until you put your library there.

examples:
  polyflow new-backend mine --namespace array_api_strict
  polyflow new-backend mine --output ~/src/polyflow-mine
then
  pip install -e 'polyflow-mine[test]'
  polyflow conformance mine

exit codes: 0 written, 2 not, and nothing is left behind
"""

OVERRIDE = "a method of the class that does it as this library wants it goes before polyflow's"
"""What to do where arrays do not get into a library, or out."""

TEMPLATE = Path(__file__).parent / "template"
"""Where the files lie from which a distribution is made; `$word` in them stands for what is particular to it."""


RESERVED = {"all": "every usable backend (`polyflow demo --backend all`)"}
"""Words that mean something else where a backend's name is expected."""

PYTHONS = ("3.11", "3.12", "3.13")
"""The versions of Python that polyflow runs on."""


class NewBackendError(PolyflowError):
    """A distribution that cannot be written as it was asked for."""


class Namespace(NamedTuple):
    """The array namespace that a backend is to be of.

    Attributes:
        module: its importable name.
        top: the outermost package of the library.
        requirement: the distribution that has the library and the version seen here, or that package's name.
        holes: the ops that run on the host, in NumPy, for want of functions.
        pythons: the versions of Python that this version of the library runs on too.
        astray: what goes wrong with a small array on its way there and back; nothing, as a rule.
    """

    module: str
    top: str
    requirement: str
    holes: tuple[str, ...] = ()
    pythons: tuple[str, ...] = PYTHONS
    astray: str = ""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "name", metavar="NAME", help="the backend's name: a word in lower case, by which it is selected"
    )
    parser.add_argument(
        "--namespace",
        metavar="MODULE",
        help="the library, where it follows the Python array API standard",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="the folder to write, new or empty (default: ./polyflow-NAME)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the distribution and say what to do with it."""
    name = arguments.name
    check_name(name)
    namespace = None if arguments.namespace is None else find_namespace(arguments.namespace)
    target = (arguments.output or Path(_distribution(name))).expanduser()
    write(target, files(name, namespace))
    if namespace is not None and namespace.module != arguments.namespace:
        print(f"The standard's namespace of {arguments.namespace} is {namespace.module}, so that is what is used.")
    if namespace is not None and namespace.holes:
        print(f"{_holes(namespace)} The README says what to do about it.")
    print(f"{target}: a backend named {name}. Next:\n")
    if namespace is not None and namespace.astray:
        print(
            f"  mend {target / f'polyflow_{name}' / 'backend.py'}, for as it is\n"
            f"  {' '.join(namespace.astray.split()).rstrip('.')};\n  {OVERRIDE}\n"
        )
    print(f"  pip install -e '{target}[test]'\n  polyflow conformance {name}")
    if namespace is None:
        print(f"\nThen put your library in NumPy's place in {target / f'polyflow_{name}' / 'backend.py'}.")
    return 0


def check_name(name: str) -> None:
    """Raise NewBackendError where a backend cannot be called that."""
    from ..backend import discovery
    from ..backend.plugin import INSTALL

    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", name) or keyword.iskeyword(name):
        raise NewBackendError(
            "a backend's name is a word of small letters, digits and, between them, '_'; it begins with a letter and "
            f"is no keyword of Python's; {name!r} is not."
        )
    if name in RESERVED:
        raise NewBackendError(f"{name!r} stands for {RESERVED[name]}. Choose another name.")
    for info in discovery.installed():
        if info.name == name:
            raise NewBackendError(f"{info} is installed already. Choose another name.")
    if name in INSTALL:
        raise NewBackendError(f"there is a backend {name!r} already (`{INSTALL[name]}`). Choose another name.")
    if importlib.util.find_spec(f"polyflow_{name}") is not None:
        raise NewBackendError(
            f"the package would be called polyflow_{name}, and there is one of that name. Choose another name."
        )
    distribution = _distribution(name)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        taken = importlib.metadata.distribution(distribution)
        raise NewBackendError(
            f"the distribution would be called {distribution}, and {distribution} {taken.version} is installed: "
            "the one would take the other's place. Choose another name."
        )


def _distribution(name: str) -> str:
    return f"polyflow-{name.replace('_', '-')}"


def find_namespace(module: str) -> Namespace:
    """The namespace that a module is, or that its arrays name as theirs.

    Raises:
        NewBackendError: it does not import, or is no namespace of the standard.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise NewBackendError(f"--namespace takes the name of a module, such as array_api_strict, not {module!r}.")
    try:
        xp: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise NewBackendError(
                f"there is no module {error.name!r} here. Install its library in this environment, or mend the name."
            ) from None
        raise NewBackendError(f"{module} cannot be imported: {error}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise NewBackendError(f"importing {module} raised {type(error).__name__}: {error}") from None
    top = module.partition(".")[0]
    if top == "polyflow":
        raise NewBackendError(f"{module} is polyflow itself, which computes on backends. Name a library for it to use.")
    xp = _standard(xp, top)
    lacking = [name for name in ("asarray", "float32", "add", "sum", "reshape") if not hasattr(xp, name)]
    if lacking:
        raise NewBackendError(
            f"{module} is no namespace of the Python array API standard: it has no {' or '.join(lacking)}. "
            "Leave out --namespace and write the four methods that every library can have."
        )
    owners = importlib.metadata.packages_distributions().get(top, [])
    seen = f"{owners[0]}>={importlib.metadata.version(owners[0]).partition('+')[0]}" if len(owners) == 1 else top
    asked = importlib.metadata.metadata(owners[0]).json.get("requires_python", "") if len(owners) == 1 else ""
    name = xp.__name__ if isinstance(xp, ModuleType) else module
    return Namespace(name, top, seen, on_the_host(xp), pythons_from(str(asked)), astray(xp))


def pythons_from(asked: str) -> tuple[str, ...]:
    """The versions of Python that a library runs on that asks for ``asked``, such as ">=3.12"."""
    oldest = re.search(r">=\s*3\.(\d+)", asked)
    return tuple(one for one in PYTHONS if oldest is None or int(one[2:]) >= int(oldest[1])) or PYTHONS[-1:]


def _standard(xp: Any, top: str) -> Any:
    """The namespace that the arrays of ``xp`` name as theirs: array-api-compat has one for some older libraries.

    Arrays of another library than ``top`` say nothing about a namespace that somebody has made for them.
    """
    from array_api_compat import array_namespace

    try:
        array = xp.asarray(0.0)
        return array_namespace(array) if type(array).__module__.partition(".")[0] == top else xp
    except Exception:
        return xp


def on_the_host(xp: Any) -> tuple[str, ...]:
    """The ops for which a namespace has neither a function nor what polyflow would make them of."""
    from polyflow_conformance.table import ops

    backend = _sketch(xp)
    if backend is None:
        return ()
    return tuple(sorted(name for name, op in ops().items() if op.decomposition is None and not backend.implements(op)))


def astray(xp: Any) -> str:
    """What goes wrong with a small array on its way into a namespace and back, as half a sentence; or nothing."""
    from ..backend.contract import array_faults

    backend = _sketch(xp)
    return "" if backend is None else next(array_faults(backend), "")


def _sketch(xp: Any) -> Any:
    """The backend that a namespace makes without a word more, if it makes one."""
    from ..backend import ArrayNamespaceBackend

    try:
        return type("Sketch", (ArrayNamespaceBackend,), {"name": "sketch", "xp": xp})()
    except PolyflowError:  # such as a library without a device here, which the backend itself will say
        return None


def _holes(namespace: Namespace) -> str:
    names = ", ".join(namespace.holes)
    return f"For want of functions in {namespace.module} these ops run on the host, in NumPy: {names}."


def files(name: str, namespace: Namespace | None) -> dict[str, str]:
    """The files of the distribution, path -> text."""
    package, distribution = f"polyflow_{name}", _distribution(name)
    requirements = ["polyflow-core>=0.1", *([] if namespace is None else [namespace.requirement])]
    pythons = PYTHONS if namespace is None else namespace.pythons
    words = {
        "name": name,
        "package": package,
        "distribution": distribution,
        "class_name": "".join(part.capitalize() for part in name.split("_")) + "Backend",
        "about": name if namespace is None else namespace.module,
        "dependencies": ", ".join(f'"{one}"' for one in requirements),
        "oldest": pythons[0],
        "pythons": ", ".join(f'"{one}"' for one in pythons),
        "requires": f'"{"numpy" if namespace is None else namespace.top}"',
        "namespace": "" if namespace is None else namespace.module,
        "holes": "" if namespace is None or not namespace.holes else f"\n{_wrapped(_holes(namespace))}\n",
    }
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        ".gitignore": "gitignore",
        ".github/workflows/test.yml": "workflow.yml",
        f"{package}/__init__.py": "hooks.py",
        f"{package}/backend.py": "methods.py" if namespace is None else "namespace.py",
        "tests/test_conformance.py": "test_conformance.py",
        f"tests/test_{name}.py": "test_backend.py",
    }
    return {
        path: Template((TEMPLATE / f"{source}.in").read_text(encoding="utf-8")).substitute(words)
        for path, source in places.items()
    }


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 120))


def write(target: Path, texts: dict[str, str]) -> None:
    """Write files into a new or empty folder: all of them, or none.

    Raises:
        NewBackendError: something is in the way, or cannot be written.
    """
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            what = "is not empty" if target.is_dir() else "is a file"
            raise NewBackendError(f"{target} {what}. Give --output another folder, or move away what is there.")
        parent = target.absolute().parent
        if not parent.is_dir():
            raise NewBackendError(f"{target} cannot be written: there is no folder {parent}.")
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=parent))
        try:
            for path, text in texts.items():
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                (draft / path).write_text(text, encoding="utf-8")
            draft.chmod(0o777 & ~_umask())
            if target.exists():
                target.rmdir()
            os.replace(draft, target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise NewBackendError(f"{target} cannot be written: {error.strerror or error}.") from None


def _umask() -> int:
    """The permissions that new files do not get (`mkdtemp` makes folders that nobody else may read)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
