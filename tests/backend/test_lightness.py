"""Backends cost nothing until one is needed, and little afterwards."""

from __future__ import annotations

import timeit

from polyflow.backend import discovery, selection

LATER = ["pluggy", "importlib.metadata", "rich", "tomllib", "difflib", "polyflow.backend.plugin", "polyflow._cli"]


def test_importing_polyflow_looks_for_no_plugin(site):
    """Neither the metadata of distributions nor pluggy is touched before the first backend is asked for."""
    before, after = site.python(f"""
        import json, sys
        import polyflow
        early = [name for name in {LATER!r} if name in sys.modules]
        early += [name for name in sys.modules if name.startswith("polyflow_")]
        from polyflow.backend.selection import current
        name = current().name
        print(json.dumps([early, [name, "polyflow_numpy" in sys.modules, "importlib.metadata" in sys.modules]]))
    """)
    assert before == []
    assert after == ["numpy", True, True]


def test_loading_one_backend_loads_no_other(site):
    site.add("stranger-idle", {"stranger_idle/__init__.py": "raise SystemExit"}, backends={"idle": "stranger_idle"})
    modules = site.python("""
        import json, sys
        from polyflow.backend import discovery
        discovery.get("numpy")
        print(json.dumps(sorted(sys.modules)))
    """)
    assert "polyflow_numpy" in modules
    assert not {"stranger_idle", "polyflow_jax", "polyflow_cupy", "jax", "cupy"} & set(modules)


def test_the_built_in_backends_come_by_their_entry_points():
    origins = {info.name: (info.distribution, info.target) for info in discovery.installed()}
    for name in ("numpy", "jax", "cupy"):
        assert origins[name] == ("polyflow-core", f"polyflow_{name}")


def test_current_and_get_are_fast():
    """Both are on the way of every op: 30 and 40 ns where this was written; the bound allows for a busy machine."""
    selection.set_backend("numpy")
    assert min(timeit.repeat(selection.current, number=20_000, repeat=7)) / 20_000 < 500e-9
    assert min(timeit.repeat(lambda: discovery.get("numpy"), number=20_000, repeat=7)) / 20_000 < 800e-9
