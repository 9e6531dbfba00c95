"""``polyflow compare`` on small scripts: what agrees, what differs, and what keeps a comparison from being made."""

from __future__ import annotations

import json
import textwrap

import pytest


@pytest.fixture
def compare(polyflow, script):
    """A function that compares a script's text on numpy and twin, two backends that need nothing but NumPy."""

    def run(text, *words, **variables):
        return polyflow("compare", script(text), "--backends", "numpy,twin", *words, **variables)

    return run


def rows(done):
    """The table's rows: name -> the cells after it."""
    lines = done.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("name "))
    found = {}
    for line in lines[start + 1 :]:
        if not line:
            return found
        name, *cells = line.split()
        found[name] = cells
    return found


def test_agreement(compare):
    done = compare("record('loss', 0.5); record('weights', np.float32([1, 2])); record('count', 3)")
    assert done.returncode == 0, done.stderr
    assert rows(done) == {
        "loss": ["number", "1", "0", "0", "0", "ok"],
        "weights": ["float32", "1", "0", "0", "0", "ok"],
        "count": ["number", "1", "0", "0", "-", "ok"],
    }
    assert "twin against numpy:" in done.stdout
    assert "All within tolerance." in done.stdout
    assert done.stderr == "running train.py on numpy …\nrunning train.py on twin …\n"


def test_difference(compare):
    done = compare("record('w', np.float32([1, 2 + (here == 'twin') * 0.5])); record('v', 1.0)")
    assert done.returncode == 1
    assert rows(done)["w"] == ["float32", "1", "0.5", "0.2", "2.1e+06", "DIFFERS", "[1]"]
    assert rows(done)["v"][-1] == "ok"
    assert "1 of 2 not within tolerance." in done.stdout


def test_sequences(compare):
    done = compare("""
        for step in range(5):
            record("loss", 1.0 + (here == "twin") * (step == 3) * 1e-3)
    """)
    assert done.returncode == 1
    dtype, uses, absolute, relative, _, *verdict = rows(done)["loss"]
    assert (dtype, uses, absolute, relative) == ("number", "5", "0.001", "0.001")
    assert verdict == ["DIFFERS", "value", "4"]


def test_a_script_without_a_seed_starts_alike_everywhere(compare):
    """It is the script's own program that is compared, not the luck of its draws; a seed of the user's is kept."""
    draws = "import polyflow\nrecord('x', polyflow.random.normal((3,), backend='numpy').numpy())"
    assert compare(draws).returncode == 0
    assert compare("assert os.environ['POLYFLOW_SEED'] == '5'; record('x', 1.0)", POLYFLOW_SEED="5").returncode == 0


def test_what_is_no_number_is_shown(compare):
    done = compare("record('x', [1.0, float('nan') if here == 'twin' else 2.0])")
    assert rows(done)["x"][-8:] == ["DIFFERS", "[1]", "2.0", "on", "numpy,", "nan", "on", "twin"]


def test_structures(compare):
    done = compare("record('model', {'w': [np.zeros(2), np.ones(3)], 'name': 'm'})")
    assert done.returncode == 0
    assert list(rows(done)) == ["model['w'][0]", "model['w'][1]", "model['name']"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 1),
        (["--tolerance", "1e-2"], 0),
        (["--rtol", "1e-2"], 0),
        (["--atol", "1e-1"], 0),
        (["--atol", "1e-3"], 1),
        (["--ulp", "1e6"], 0),
        (["--ulp", "10"], 1),
        (["--tolerance", "1e-2", "--rtol", "0", "--atol", "0"], 1),
    ],
)
def test_tolerances(compare, words, code):
    assert compare("record('x', np.float32(10) + np.float32(0.01) * (here == 'twin'))", *words).returncode == code


@pytest.mark.parametrize("word", ["-1", "nan", "inf", "much"])
def test_tolerances_that_are_none(compare, word):
    done = compare("record('x', 1.0)", f"--rtol={word}")
    assert done.returncode == 2
    assert "--rtol" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("record('x', np.zeros(3 if here == 'twin' else 4))", "shape (4,) on numpy, (3,) on twin"),
        ("record('x', np.zeros(3, 'f4' if here == 'twin' else 'f8'))", "dtype float64 on numpy, float32 on twin"),
        ("record('x', here)", "'numpy' on numpy, 'twin' on twin"),
        ("record('x', 1.0); here == 'twin' and record('y', 1.0)", "recorded on twin only"),
        ("record('x', 1.0); here == 'numpy' and record('x', 1.0)", "recorded 2 times on numpy, 1 times on twin"),
        ("record('x', {'a': 1} if here == 'twin' else {'b': 1})", "structures: ['b'] is there on numpy only"),
        ("record('x', [1.0] if here == 'twin' else None)", "text on numpy, number on twin"),
    ],
)
def test_what_differs_in_kind(compare, text, problem):
    done = compare(text)
    assert done.returncode == 1
    assert problem in done.stdout
    assert "DIFFERS" in done.stdout


def test_without_a_record_the_library_s_own_observations_are_compared(compare):
    text = """
        observe("fit", {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75 + (here == "twin") / 8]})
        observe("evaluate", [0.5, 0.75])
    """
    done = compare(text)
    assert done.returncode == 1
    assert done.stdout.startswith("The script recorded nothing, so what `fit` and `evaluate` returned is compared.")
    assert list(rows(done)) == ["fit['loss']", "fit['accuracy']", "evaluate"]
    assert rows(done)["fit['accuracy']"][-2:] == ["DIFFERS", "[1]"]
    assert compare(text + "\n        record('x', 1.0)").returncode == 0


def test_json(compare):
    done = compare(
        "record('a', np.float32([1, here == 'twin'])); record('b', float('nan') if here == 'twin' else 1.0)", "--json"
    )
    assert done.returncode == 1
    answer = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert answer["within"] is False
    assert answer["reference"] == "numpy"
    assert answer["source"] == "record"
    assert [run["backend"] for run in answer["runs"]] == ["numpy", "twin"]
    assert all(run["seconds"] > 0 for run in answer["runs"])
    (comparison,) = answer["comparisons"]
    assert comparison["backend"] == "twin"
    a, b = comparison["rows"]
    assert (a["name"], a["dtype"], a["absolute"], a["relative"], a["where"]) == ("a", "float32", 1.0, 1.0, "[1]")
    assert (b["absolute"], b["within"]) == ("inf", False)


def test_three_runs_are_compared_with_the_first(polyflow, script):
    path = script("record('x', 1.0)")
    done = polyflow("compare", path, "--backends", "twin:cpu:1, numpy, twin:cpu:1")
    assert done.returncode == 0, done.stderr
    assert "numpy against twin:cpu:1:" in done.stdout
    assert "twin:cpu:1 (2) against twin:cpu:1:" in done.stdout


def test_a_real_program_on_every_usable_backend(polyflow):
    """Tensors, variables and gradients of polyflow itself; NumPy runs twice, so that there is always a pair."""
    path = polyflow.folder / "real.py"
    path.write_text(
        textwrap.dedent("""
            import polyflow as pf

            w = pf.Variable([[0.5, -1.0], [2.0, 0.25]])
            x = pf.tensor([[1.0, 2.0], [3.0, 4.0]])
            with pf.GradientTape() as tape:
                y = (x * w - 1.0) * x
            pf.testing.record("y", y)
            pf.testing.record("gradients", tape.gradient(y, [w]))
            pf.testing.record("w", w)
        """)
    )
    listed = json.loads(polyflow("backends", "--json").stdout)["backends"]
    own = [state["name"] for state in listed if state["distribution"] == "polyflow-core"]
    usable = [name for name in own if polyflow("backends", name, "--check").returncode == 0]
    assert "numpy" in usable
    names = ["numpy", *usable]
    done = polyflow("compare", path, "--backends", ",".join(names), "--ulp", "1", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert len(answer["comparisons"]) == len(usable)
    for comparison in answer["comparisons"]:
        assert [row["name"] for row in comparison["rows"]] == ["y", "gradients[0]", "w"]
        assert {row["dtype"] for row in comparison["rows"]} == {"float32"}


def test_the_script_gets_its_own_arguments_and_folder(polyflow, script):
    script("VALUE = 3", name="helper.py")
    path = script(
        "import helper; record(sys.argv[1], [float(word) for word in sys.argv[2:]]); record('h', helper.VALUE)"
    )
    done = polyflow("compare", path, "--backends", "numpy,twin", "--", "--name", "1", "2")
    assert done.returncode == 0, done.stderr
    assert list(rows(done)) == ["--name", "h"]


def test_what_the_script_prints_does_not_mix_with_the_answer(compare):
    done = compare("print('hello'); print('there', file=sys.stderr); record('x', 1.0)", "--json")
    assert json.loads(done.stdout)["within"] is True
    assert "hello" not in done.stderr


# ---- what keeps a comparison from being made


def fails(done, *texts):
    assert done.returncode == 2, (done.stdout, done.stderr)
    for text in texts:
        assert text in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr.partition("Its last lines")[0]


def test_a_script_that_fails(compare):
    done = compare("record('x', 1.0)\nif here == 'twin':\n    print('so far', so_good)")
    fails(done, "train.py on twin ended with exit code 1. Its last lines:", "NameError: name 'so_good' is not defined")


def test_a_script_that_fails_in_silence(compare):
    fails(compare("sys.exit(3)"), "train.py on numpy ended with exit code 3", "(no output)")


def test_a_script_that_is_killed(compare):
    fails(compare("os.kill(os.getpid(), 9)"), "train.py on numpy died of signal 9")


def test_a_script_that_hangs(compare):
    fails(compare("import time; time.sleep(60)", "--timeout", "1"), "train.py on numpy did not end within 1 seconds.")


@pytest.mark.parametrize("limit", ["nan", "inf", "-1", "0", "soon"])
def test_a_time_limit_is_a_number_of_seconds(compare, limit):
    fails(compare("record('x', 1.0)", "--timeout", limit), f"{limit!r} is no time limit: a number of seconds above 0")


def test_a_script_that_records_nothing(compare):
    fails(compare("x = 1"), 'left nothing to compare. Call pf.testing.record("name", value)')


def test_a_script_that_selects_its_backend_itself(compare):
    done = compare("from polyflow.backend.selection import set_backend; set_backend('numpy'); record('x', 1.0)")
    fails(done, "was to run on twin but recorded on numpy: it selects a backend itself.")


def test_a_script_that_records_in_several_processes(compare):
    done = compare("""
        import subprocess
        record("x", 1.0)
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, __file__, "child"], check=True)
    """)
    fails(done, "recorded values in more than one process")


def test_errors_with_json(compare):
    done = compare("x = 1", "--json")
    fails(done, "left nothing to compare")
    assert "left nothing to compare" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(
    ("backends", "text"),
    [
        ("numpy", "two backends or more"),
        ("", "--backends names 0"),
        ("numpy,twni", "Unknown backend 'twni'. Did you mean 'twin'?"),
        ("numpy,:cpu", "does not name a backend"),
    ],
)
def test_backends_that_cannot_be_compared(polyflow, script, backends, text):
    done = polyflow("compare", script("record('x', 1.0)"), "--backends", backends)
    fails(done, text)
    assert "running" not in done.stderr  # seen before the first run


def test_a_backend_that_cannot_be_used_here(polyflow, script):
    done = polyflow("compare", script("record('x', 1.0)"), "--backends", "numpy,absent")
    assert "running" not in done.stderr  # seen before the first run
    fails(done, "needs the module 'absentlib', which is not installed. Install it with `pip install absentlib`.")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("deadly", "The backend 'deadly' is not usable here: The process that loaded it was killed by signal SIGKILL."),
        ("noisy", "The backend 'noisy' is not usable here: "),
        ("twin:cpu:7", "The backend 'twin:cpu:7' is not usable here: twin has no device 'cpu:7'; its devices: cpu:0, "),
    ],
)
def test_a_backend_that_does_not_load_or_lacks_the_device(polyflow, script, spec, text):
    done = polyflow("compare", script("record('x', 1.0)"), "--backends", f"numpy,{spec}")
    assert "running" not in done.stderr  # seen before the first run
    assert "Traceback" not in done.stderr
    fails(done, text)


def test_a_script_that_is_not_there(polyflow):
    fails(polyflow("compare", "nowhere.py", "--backends", "numpy,twin"), "There is no file 'nowhere.py' to run.")


def test_no_backends_named(polyflow, script):
    fails(polyflow("compare", script("")), "polyflow compare: the following arguments are required: --backends")
