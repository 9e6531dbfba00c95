"""What ``record`` accepts comes back from the file as it was, and an ordinary run notices nothing of it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import timeit

import ml_dtypes
import numpy as np
import pytest

from polyflow import testing
from polyflow._cli import recording
from polyflow._cli.recording import Leaf, Recorder, leaves, read


def round_trip(value, tmp_path):
    recorder = Recorder(tmp_path / "r.npz")
    recorder.add("record", "x", value)
    recorder.write()
    return read(tmp_path / "r.npz").entries["record"]["x"][0]


@dataclasses.dataclass
class Point:
    x: float
    y: object


class Wrapped:
    """An array of some library: a ``numpy`` method, and no way to see it as an array otherwise."""

    def numpy(self):
        return np.arange(3.0)


class History:
    history = {"loss": [1.0, 0.5]}


class Torch(Wrapped):
    def detach(self):
        self.detached = True
        return self

    def cpu(self):
        assert self.detached
        return self


class OnDevice:
    """Like a CuPy array, which refuses ``__array__``."""

    __cuda_array_interface__ = {}

    def __array__(self, *args, **kwargs):
        raise TypeError("implicit conversion is not allowed")

    def get(self):
        return np.float32([7])


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint64", "float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_keep_dtype_and_shape(dtype, shape, tmp_path):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    (leaf,) = round_trip(array, tmp_path)
    assert (leaf.path, leaf.kind) == ("", "array")
    assert leaf.value.dtype == array.dtype
    np.testing.assert_array_equal(leaf.value, array, strict=True)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn])
def test_dtypes_that_numpy_cannot_store(dtype, shape, tmp_path):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    (leaf,) = round_trip(array.T, tmp_path)
    assert leaf.value.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(leaf.value, array.T, strict=True)


def test_special_values_keep_their_bits(tmp_path):
    array = np.array([np.nan, -0.0, np.inf, -np.inf, 5e-324])
    (leaf,) = round_trip(array, tmp_path)
    assert leaf.value.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, [("", "number", 1.5)]),
        (True, [("", "number", True)]),
        (2**70, [("", "text", str(2**70))]),
        (None, [("", "text", "None")]),
        ("é\n", [("", "text", repr("é\n"))]),
        ([1.0, 2.5], [("", "number", [1.0, 2.5])]),
        ((1, 2.5, True), [("", "number", [1, 2.5, 1])]),
        ([], []),
        ({}, []),
        ({"a": 1, "b": {"c": [1, 2]}}, [("['a']", "number", 1), ("['b']['c']", "number", [1, 2])]),
        ([np.float32(3), "x"], [("[0]", "array", 3.0), ("[1]", "text", "'x'")]),
        ([[1, 2], [3]], [("[0]", "number", [1, 2]), ("[1]", "number", [3])]),
        (Point(1.0, [None]), [(".x", "number", 1.0), (".y[0]", "text", "None")]),
        (History(), [("['loss']", "number", [1.0, 0.5])]),
        (Wrapped(), [("", "array", [0.0, 1.0, 2.0])]),
        (Torch(), [("", "array", [0.0, 1.0, 2.0])]),
        (OnDevice(), [("", "array", [7.0])]),
    ],
)
def test_structures(value, expected, tmp_path):
    found = round_trip(value, tmp_path)
    listed = [(leaf.path, leaf.kind, leaf.value if leaf.kind == "text" else leaf.value.tolist()) for leaf in found]
    assert listed == expected


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array(["text"]), np.array([object()]), Point, len])
def test_what_cannot_be_compared(value):
    with pytest.raises(TypeError, match=r"record\('x', …\) cannot compare an object of type .* at \['deep'\]\[0\]"):
        list(leaves({"deep": [value]}, "x"))


def test_values_are_copied_at_once(tmp_path):
    array = np.zeros(3)
    recorder = Recorder(tmp_path / "r.npz")
    recorder.add("record", "x", array)
    array += 1
    recorder.write()
    assert read(tmp_path / "r.npz").entries["record"]["x"][0][0].value.tolist() == [0, 0, 0]


def test_a_name_used_again_makes_a_sequence(tmp_path):
    recorder = Recorder(tmp_path / "r.npz")
    for value in (1.0, "two", [3.0]):
        recorder.add("record", "x", value)
    recorder.add("observe", "x", 4.0)
    recorder.write()
    entries = read(tmp_path / "r.npz").entries
    assert [[leaf.path for leaf in use] for use in entries["record"]["x"]] == [[""], [""], [""]]
    assert entries["record"]["x"][1] == [Leaf("", "text", "'two'")]
    assert len(entries["observe"]["x"]) == 1


def test_the_name_is_text():
    with pytest.raises(TypeError, match="a name that is text, not int"):
        Recorder(recording.Path("never")).add("record", 3, 1.0)


def test_a_second_process_does_not_overwrite(tmp_path):
    for _ in range(2):
        recorder = Recorder(tmp_path / "r.npz")
        recorder.add("record", "x", 1.0)
        recorder.write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.npz", f"r.npz.{os.getpid()}"]


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    """All or nothing: a half-written recording would be read as a whole one."""

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    recorder = Recorder(tmp_path / "r.npz")
    recorder.add("record", "x", 1.0)
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        recorder.write()
    assert not (tmp_path / "r.npz").exists()


def test_an_ordinary_run_records_nothing(monkeypatch, tmp_path):
    monkeypatch.delenv(testing.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    testing.record("x", object())  # not even looked at
    testing.observe("fit", object())
    assert list(tmp_path.iterdir()) == []
    assert min(timeit.repeat(lambda: testing.record("x", 1.0), number=1000, repeat=5)) < 0.02  # 20 µs, usually 1


def test_recording_at_the_end_of_a_process(environment, tmp_path):
    """The file appears when the process ends, also after sys.exit; values of threads are in it."""
    code = """
import sys, threading
from polyflow.testing import observe, record
record("a", [1.0, 2.0])
thread = threading.Thread(target=record, args=("b", 3))
thread.start(); thread.join()
observe("fit", {"loss": [0.5]})
sys.exit(0)
"""
    path = tmp_path / "r.npz"
    variables = {**environment, testing.VARIABLE: str(path), "POLYFLOW_BACKEND": "twin:cpu:1"}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True)
    found = read(path)
    assert found.backends == {"twin"}
    assert found.entries["record"].keys() == {"a", "b"}
    assert found.entries["observe"]["fit"][0][0].path == "['loss']"
