"""What is selected, from the strongest source to the weakest, and how contexts keep out of each other's way."""

from __future__ import annotations

import asyncio
import contextvars
import re
import threading
from pathlib import Path

import pytest

from polyflow.backend import discovery, selection
from polyflow.backend.selection import Selection, current, selected, set_backend, use_backend
from polyflow.errors import BackendBrokenError, ConfigError, UnknownBackendError


@pytest.fixture(autouse=True)
def backends(make_backend):
    """Backends a, b, c, d, e, which load nothing, and one that is always broken."""
    for name in "abcde":
        discovery.register(name, make_backend(name))

    def broken(device):
        raise OSError("out of order")

    discovery.register("broken", broken)


def user_file(text, monkeypatch, tmp_path):
    path = tmp_path / "user.toml"
    path.write_text(text)
    monkeypatch.setenv("POLYFLOW_CONFIG", str(path))
    return path


def test_precedence(monkeypatch, tmp_path):
    """Each source is added to the weaker ones below it, and wins."""
    assert selected() == Selection("numpy", "default", "the default")

    user = user_file('backend = "a"', monkeypatch, tmp_path)
    assert selected() == Selection("a", "user config", f"backend = 'a' in {user}")
    assert current().name == "a"

    project = Path("pyproject.toml").absolute()
    project.write_text('[tool.polyflow]\nbackend = "b"\n')
    set_backend(None)
    assert selected() == Selection("b", "pyproject", f"backend = 'b' in {project}")
    assert current().name == "b"

    monkeypatch.setenv("POLYFLOW_BACKEND", "c:cpu:1")
    set_backend(None)
    assert selected() == Selection("c:cpu:1", "environment", "POLYFLOW_BACKEND=c:cpu:1")
    assert (current().name, current().device) == ("c", "cpu:1")

    set_backend("d")
    assert selected() == Selection("d:cpu:0", "set_backend", "set_backend('d')")
    assert current().name == "d"

    with use_backend("e") as backend:
        assert selected() == Selection("e:cpu:0", "with", "with use_backend('e')")
        assert current() is backend is discovery.get("e")

    assert current().name == "d"
    set_backend(None)
    assert current().name == "c"


def test_selected_loads_nothing(monkeypatch):
    monkeypatch.setenv("POLYFLOW_BACKEND", "broken")
    assert selected().spec == "broken"
    monkeypatch.setenv("POLYFLOW_BACKEND", "nobody-has-it")
    assert selected().spec == "nobody-has-it"


def test_empty_variable_selects_nothing(monkeypatch):
    monkeypatch.setenv("POLYFLOW_BACKEND", " ")
    assert selected().source == "default"


def test_the_error_says_what_selected_it(monkeypatch):
    monkeypatch.setenv("POLYFLOW_BACKEND", "brokn")
    with pytest.raises(UnknownBackendError, match=r"Did you mean 'broken'.*\(Selected by POLYFLOW_BACKEND=brokn\.\)"):
        current()
    monkeypatch.setenv("POLYFLOW_BACKEND", "broken")
    with pytest.raises(BackendBrokenError, match=r"out of order.*\(Selected by POLYFLOW_BACKEND=broken\.\)"):
        current()


def test_an_error_is_not_kept(monkeypatch):
    monkeypatch.setenv("POLYFLOW_BACKEND", "broken")
    with pytest.raises(BackendBrokenError):
        current()
    monkeypatch.setenv("POLYFLOW_BACKEND", "a")
    assert current().name == "a"


def test_a_failing_set_backend_changes_nothing():
    set_backend("a")
    with pytest.raises(BackendBrokenError):
        set_backend("broken")
    assert current().name == "a"


def test_set_backend_takes_an_object(make_backend):
    own = make_backend("unregistered")()
    set_backend(own)
    assert current() is own


# ---- with


def test_with_takes_an_object(make_backend):
    own = make_backend("unregistered")()
    with use_backend(own) as inside:
        assert inside is own is current()


def test_with_nests_and_one_object_can_be_entered_twice():
    set_backend("a")
    again = use_backend("b")
    with again, use_backend("c"):
        with again:
            assert current().name == "b"
        assert current().name == "c"
        set_backend("d")
        assert current().name == "c"
    assert current().name == "d"


def test_with_ends_after_an_exception():
    set_backend("a")
    with pytest.raises(ZeroDivisionError), use_backend("b"):
        1 / 0  # noqa: B018
    assert current().name == "a"


def test_a_backend_that_fails_to_load_leaves_no_trace():
    set_backend("a")
    with pytest.raises(BackendBrokenError), use_backend("broken"):
        pass
    assert current().name == "a"
    assert selected().source == "set_backend"


@pytest.mark.parametrize("spec", [None, 3, b"a"])
def test_with_refuses_other_types(spec):
    with pytest.raises(TypeError, match="a Backend|a string such as"):
        use_backend(spec)


# ---- decorating


def test_decorated_function():
    set_backend("a")

    @use_backend("b")
    def name(prefix, *, suffix=""):
        """Its own words."""
        return prefix + current().name + suffix

    assert name("<", suffix=">") == "<b>"
    assert current().name == "a"
    assert name.__doc__ == "Its own words."


def test_decorated_recursion():
    set_backend("a")

    @use_backend("b")
    def depth(n):
        return [current().name] if n == 0 else [*depth(n - 1), current().name]

    assert depth(3) == ["b"] * 4
    assert current().name == "a"


def test_decorating_loads_nothing():
    @use_backend("broken")
    def never():
        raise AssertionError("the backend fails first")

    with pytest.raises(BackendBrokenError):
        never()


def test_decorated_coroutine():
    set_backend("a")

    @use_backend("b")
    async def name():
        before = current().name
        await asyncio.sleep(0)
        return before, current().name

    assert asyncio.run(name()) == ("b", "b")
    assert current().name == "a"


def test_decorating_a_generator_is_refused():
    def generator():
        yield

    async def asynchronous():
        yield

    for function in (generator, asynchronous):
        with pytest.raises(TypeError, match=rf"generator {function.__name__}\(\)"):
            use_backend("a")(function)


# ---- contexts


def test_threads_do_not_disturb_each_other():
    set_backend("a")
    shared = {name: use_backend(name) for name in "bcde"}
    meet = threading.Barrier(len(shared))
    seen = {}

    def work(name):
        before = current().name
        with shared[name], shared["b"], shared[name]:
            meet.wait()
            inside = [current().name for _ in range(200)]
            meet.wait()
        seen[name] = (before, set(inside), current().name)

    threads = [threading.Thread(target=work, args=(name,)) for name in shared]
    for thread in threads:
        thread.start()
    with use_backend("e"):
        for thread in threads:
            thread.join()
    assert seen == {name: ("a", {name}, "a") for name in shared}


def test_set_backend_holds_for_every_thread():
    set_backend("b")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(current().name))
    thread.start()
    thread.join()
    assert seen == ["b"]


def test_tasks_do_not_disturb_each_other():
    set_backend("a")

    async def work(name):
        with use_backend(name):
            names = []
            for _ in range(20):
                names.append(current().name)
                await asyncio.sleep(0)
            return set(names)

    async def main():
        results = await asyncio.gather(*map(work, "bcde"))
        return results, current().name

    assert asyncio.run(main()) == ([{"b"}, {"c"}, {"d"}, {"e"}], "a")


def test_a_copied_context_takes_the_selection_along():
    with use_backend("b"):
        context = contextvars.copy_context()
    assert context.run(lambda: current().name) == "b"


def test_set_backend_wins_over_a_thread_still_looking(monkeypatch, make_backend):
    """A thread that began to load the default before set_backend does not undo it when it is done."""
    looking, go_on = threading.Event(), threading.Event()

    def slow(device):
        looking.set()
        assert go_on.wait(10)
        return make_backend("slow")(device)

    discovery.register("slow", slow)
    monkeypatch.setenv("POLYFLOW_BACKEND", "slow")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(current().name))
    thread.start()
    assert looking.wait(10)
    set_backend("a")
    go_on.set()
    thread.join()
    assert current().name == "a"
    assert seen == ["a"]


# ---- files


def test_the_nearest_project_file_counts(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.polyflow]\nbackend = "a"\n')
    assert selected().spec == "a"
    Path("pyproject.toml").write_text('[tool.polyflow]\nbackend = "b"\n')
    assert selected().spec == "b"
    Path("pyproject.toml").write_text("[project]\nname = 'somebody'\n")
    assert selected().source == "default"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[tool.polyflow\n", "not valid TOML"),
        ("[tool.polyflow]\nbackend = 3\n", r"backend in \[tool\.polyflow\] is 3, expected text"),
        ("[tool.polyflow]\nbackend = ''\n", r"backend in \[tool\.polyflow\] is '', expected text"),
        ("[tool.polyflow]\nbackend = ['numpy']\n", r"is \['numpy'\], expected text"),
        ("[tool.polyflow]\nbackand = 'numpy'\n", r"unknown key 'backand'\. Did you mean 'backend'\?"),
        ("[tool]\npolyflow = 'numpy'\n", r"\[tool\.polyflow\] should be a table of settings, not str"),
        ("tool = 'polyflow'\n", None),
        ("[project]\ndependencies = ['polyflow-core']\n", None),
        ("this is not TOML, and none of our business", None),
    ],
)
def test_project_file_that_cannot_be_used(text, match):
    path = Path("pyproject.toml").absolute()
    path.write_text(text)
    if match is None:
        assert selected().source == "default"
    else:
        with pytest.raises(ConfigError, match=re.escape(str(path)) + ".*" + match):
            selected()
        with pytest.raises(ConfigError):
            current()


def test_project_file_in_another_encoding():
    Path("pyproject.toml").write_bytes(b"[tool.polyflow]\nbackend = '\xff'\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        selected()


@pytest.mark.parametrize("text", ["backend = 1", "[backend]\n", "bakend = 'a'", "="])
def test_user_file_that_cannot_be_used(text, monkeypatch, tmp_path):
    path = user_file(text, monkeypatch, tmp_path)
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        selected()


def test_user_file_that_is_named_but_missing(monkeypatch):
    monkeypatch.setenv("POLYFLOW_CONFIG", "/nowhere/config.toml")
    with pytest.raises(ConfigError, match="POLYFLOW_CONFIG names .*config.toml, which is not a file"):
        selected()


def test_user_file_that_cannot_be_read(monkeypatch, tmp_path):
    path = user_file("backend = 'a'", monkeypatch, tmp_path)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=re.escape(str(path)) + " cannot be read: Permission denied"):
        selected()


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_CONFIG_HOME", "polyflow"),
        ("win32", "APPDATA", "polyflow"),
        ("darwin", "HOME", "Library/Application Support/polyflow"),
    ],
)
def test_user_file_lies_where_the_platform_keeps_such_files(monkeypatch, tmp_path, platform, variable, folder):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path / "base"))
    path = tmp_path / "base" / folder / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("backend = 'c'")
    assert selected() == Selection("c", "user config", f"backend = 'c' in {path}")


def test_user_file_without_xdg(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    path = tmp_path / "home/.config/polyflow/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("backend = 'c'")
    assert selected().spec == "c"


def test_the_stronger_source_is_enough(monkeypatch):
    """A broken file below the source that decides is not even read."""
    Path("pyproject.toml").write_text("[tool.polyflow]\nbackend = 3\n")
    monkeypatch.setenv("POLYFLOW_BACKEND", "a")
    assert current().name == "a"


def test_a_deleted_working_directory_is_no_obstacle(monkeypatch):
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", gone)
    assert selected().source == "default"


def test_current_is_looked_up_once(monkeypatch):
    set_backend(None)
    monkeypatch.setenv("POLYFLOW_BACKEND", "a")
    assert current().name == "a"
    monkeypatch.setattr(selection, "selected", None)  # asking again would fail
    monkeypatch.setenv("POLYFLOW_BACKEND", "b")
    assert current().name == "a"
