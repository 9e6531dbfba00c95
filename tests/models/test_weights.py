"""Weight files: what was saved comes back bit for bit, and what does not fit is refused before anything changes."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import stat
import subprocess
import sys
import time

import hypothesis.strategies as st
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as arrays

import polyflow as pf
from polyflow import dtypes as dt
from polyflow.errors import PolyflowError, WeightFileError
from polyflow.models import weights

SUITE = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def variable(path, value, dtype=None):
    made = pf.Variable(np.asarray(value, dtype), name=path.rsplit("/", 1)[-1])
    made.path = path
    return made


def small():
    """Variables of a small model."""
    return [
        variable("sequential/dense/kernel", [[1.0, 2.0], [3.0, 4.0]], np.float32),
        variable("sequential/dense/bias", [5.0, 6.0], np.float32),
        variable("sequential/dense_1/kernel", [[7.0], [8.0]], np.float32),
    ]


def zeroed(variables):
    return [variable(one.path, np.zeros(one.shape), one.dtype) for one in variables]


def values(variables):
    return [one.numpy().tobytes() for one in variables]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.weights.safetensors"


@pytest.fixture
def saved(path):
    """A file of `small`, which is also small enough to cut it everywhere."""
    weights.save(path, small())
    return path


# ---- there and back


def any_array(dtype):
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    if dtype is dt.bfloat16:
        return arrays.arrays(np.uint16, shapes).map(lambda bits: bits.view(dt.bfloat16))
    return arrays.arrays(dtype, shapes)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name != "__metadata__" and not name.startswith(weights.OPTIMIZER)
)


@given(content=st.dictionaries(names, st.sampled_from(dt.ALL).flatmap(any_array), max_size=5))
@SUITE
def test_round_trip(path, content):
    """Every dtype and shape, 0-d and empty ones included, under any name, in order, bit for bit."""
    weights.save(path, content, {"note": "é\n"})
    held = {name: variable(name, np.zeros(array.shape), array.dtype) for name, array in content.items()}
    notes = weights.load(path, held)
    assert notes["note"] == "é\n"
    for name, array in content.items():
        assert held[name].numpy().tobytes() == array.tobytes()
    file = weights.read(path)
    assert list(file.arrays) == list(content)
    for name, array in file.arrays.items():
        assert (array.dtype, array.shape) == (content[name].dtype, content[name].shape)


def test_variables_are_saved_under_their_paths(path):
    weights.save(path, small())
    assert sorted(safetensors.numpy.load_file(path)) == [
        "sequential/dense/bias",
        "sequential/dense/kernel",
        "sequential/dense_1/kernel",
    ]


def test_the_file_can_be_read_by_others(path):
    """It is an ordinary safetensors file."""
    content = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2], ml_dtypes.bfloat16)}
    weights.save(path, content)
    with safetensors.safe_open(path, framework="np") as file:
        assert np.array_equal(file.get_tensor("a"), content["a"])
        assert file.get_slice("b").get_dtype() == "BF16"
        assert file.metadata()["format"] == "polyflow.weights"


def test_a_file_by_others_can_be_read(path):
    """Its order says nothing, so names must be the same."""
    held = small()
    safetensors.numpy.save_file({one.path: one.numpy() for one in held}, path)
    fresh = zeroed(held)
    assert weights.load(path, fresh) == {}
    assert values(fresh) == values(held)


@pytest.mark.parametrize(
    "given",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(4.0).astype(">f8"),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.float32(3),
    ],
)
def test_arrays_in_any_layout(path, given):
    """Transposed, strided and byte-swapped arrays are written as their values, not as their memory."""
    weights.save(path, {"a": given})
    assert np.array_equal(weights.read(path).arrays["a"], given)


def test_metadata(path):
    weights.save(path, small(), {"model": "mine"})
    notes = weights.read(path).metadata
    assert notes["model"] == "mine"
    assert (notes["format"], notes["format_version"], notes["polyflow"]) == ("polyflow.weights", "1", pf.__version__)
    assert json.loads(notes["names"]) == [one.path for one in small()]


def test_loading_keeps_the_backend_of_the_variable(saved):
    held = small()
    for one in held:
        one.move_to("jax")
    held[0].assign(np.zeros((2, 2), np.float32))
    weights.load(saved, held)
    assert held[0].backend.name == "jax"
    assert values(held) == values(small())


# ---- optimizer variables


def test_optimizer_state(path):
    """It stands beside the weights and is loaded when asked for."""
    state = [variable("adam/iteration", 7, np.int64), variable("adam/momentum", [1.0, 2.0], np.float32)]
    weights.save(path, small(), optimizer=state)
    held, fresh = zeroed(small()), zeroed(state)
    weights.load(path, held)
    assert values(held) == values(small())
    weights.load(path, held, optimizer=fresh)
    assert values(fresh) == values(state)


def test_optimizer_state_that_is_not_there(saved):
    held, state = zeroed(small()), [variable("adam/iteration", 7, np.int64)]
    with pytest.raises(WeightFileError, match="holds no optimizer state, only weights. Load the weights alone"):
        weights.load(saved, held, optimizer=state)
    assert values(held) == values(zeroed(small()))


def test_state_of_another_optimizer_leaves_the_weights_too(path):
    weights.save(path, small(), optimizer=[variable("adam/m", [1.0])])
    held = zeroed(small())
    with pytest.raises(WeightFileError, match="the optimizer has no 'optimizer:adam/m'"):
        weights.load(path, held, optimizer=[variable("sgd/momentum", [1.0])])
    assert values(held) == values(zeroed(small()))


# ---- a second model of the same make


def renamed(variables, *paths):
    return [variable(path, np.zeros(one.shape), one.dtype) for one, path in zip(variables, paths, strict=True)]


@pytest.mark.parametrize(
    "paths",
    [
        ["sequential_1/dense_2/kernel", "sequential_1/dense_2/bias", "sequential_1/dense_3/kernel"],
        ["sequential/dense_1/kernel", "sequential/dense_1/bias", "sequential/dense_2/kernel"],
        ["mine/dense/kernel", "mine/dense/bias", "mine/dense_1/kernel"],
    ],
)
def test_layers_that_differ_in_their_numbers(saved, paths):
    """Layers are numbered through a process, so a model built again has other names; order tells which is which."""
    held = renamed(small(), *paths)
    weights.load(saved, held)
    assert values(held) == values(small())


def test_the_same_names_go_by_name(path):
    """Whatever their order."""
    weights.save(path, {"dense_1": np.array([1.0]), "dense": np.array([2.0])})
    held = [variable("dense", [0.0]), variable("dense_1", [0.0])]
    weights.load(path, held)
    assert [float(one) for one in held] == [2.0, 1.0]


@pytest.mark.parametrize(
    "paths",
    [
        ["sequential/dense_2/kernel", "sequential/dense_2/bias", "sequential/conv/kernel"],
        ["sequential/dense_2/bias", "sequential/dense_2/kernel", "sequential/dense_3/kernel"],
    ],
)
def test_layers_of_another_kind_are_refused(saved, paths):
    held = renamed(small(), *paths)
    with pytest.raises(WeightFileError, match="does not fit"):
        weights.load(saved, held)


def test_a_file_by_others_is_not_matched_by_order(path):
    safetensors.numpy.save_file({"dense/kernel": np.ones(2), "dense/bias": np.zeros(2)}, path)
    with pytest.raises(WeightFileError, match="it has no 'dense_1/kernel', 'dense_1/bias'"):
        weights.load(path, [variable("dense_1/kernel", np.ones(2)), variable("dense_1/bias", np.ones(2))])


# ---- what does not fit


def refused(path, variables, message):
    """The refusal names the file, and no variable has changed."""
    before = values(variables)
    with pytest.raises(WeightFileError, match=message) as caught:
        weights.load(path, variables)
    assert repr(os.fspath(path)) in str(caught.value)
    assert isinstance(caught.value, PolyflowError)
    assert isinstance(caught.value, ValueError)
    assert values(variables) == before


def test_a_missing_weight(saved):
    held = [*zeroed(small()), variable("sequential/dense_1/bias", [0.0])]
    refused(
        saved, held, "the file holds 3 weights and the model 4; it has no 'sequential/dense_1/bias'. Nothing was loaded"
    )


def test_a_weight_too_many(saved):
    refused(saved, zeroed(small())[:2], "the model has no 'sequential/dense_1/kernel'")


def test_many_names_are_cut_short(saved):
    held = [variable(f"layer_{i}/w", [0.0]) for i in range(20)]
    refused(saved, held, "it has no 'layer_0/w', .*'layer_4/w' and 15 more, and the model has no ")


def test_another_shape(saved):
    """Also of the last weight: the others stay as they are."""
    held = zeroed(small())
    held[2] = variable("sequential/dense_1/kernel", np.zeros((2, 3)), np.float32)
    refused(
        saved,
        held,
        r"'sequential/dense_1/kernel' is float32 of shape \(2, 1\) in the file and float32 of shape \(2, 3\) in ",
    )


def test_another_shape_of_a_renumbered_layer(saved):
    held = renamed(small(), "s_1/dense_4/kernel", "s_1/dense_4/bias", "s_1/dense_5/kernel")
    held[0] = variable("s_1/dense_4/kernel", np.zeros((4, 4)), np.float32)
    refused(saved, held, r"'sequential/dense/kernel' is .*\(4, 4\) in the model \('s_1/dense_4/kernel'\)")


def test_another_dtype(saved):
    held = zeroed(small())
    held[1] = variable("sequential/dense/bias", np.zeros(2), np.float64)
    refused(saved, held, r"'sequential/dense/bias' is float32 of shape \(2,\) in the file and float64 of shape \(2,\)")


# ---- what is no weight file, or a damaged one


def test_truncated_anywhere(saved, tmp_path):
    """Cut at every length, it is refused with a sentence that names it, and nothing is changed."""
    whole = saved.read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        refused(cut, zeroed(small()), "cut short")
    cut.write_bytes(whole)
    weights.load(cut, zeroed(small()))


def test_bytes_too_many(saved):
    saved.write_bytes(saved.read_bytes() + b"x")
    refused(saved, zeroed(small()), "is damaged or no safetensors file: .*Expected a whole file")


@given(where=st.integers(0, 10_000), bits=st.integers(1, 255))
@SUITE
def test_one_damaged_byte(path, where, bits):
    """In the header, it is refused or says the same; in the values, only that value differs. Nothing else happens."""
    weights.save(path, small())
    content = bytearray(path.read_bytes())
    content[where % len(content)] ^= bits
    path.write_bytes(content)
    held, message = zeroed(small()), None
    try:
        weights.load(path, held)
    except WeightFileError as refusal:
        message = str(refusal)
    now, then = b"".join(values(held)), b"".join(values(small()))
    if message is None:
        assert sum(a != b for a, b in zip(now, then, strict=True)) <= 1
    else:
        assert repr(os.fspath(path)) in message
        assert not any(now)


@given(content=st.binary(max_size=64) | st.binary(max_size=40).map(lambda b: len(b).to_bytes(8, "little") + b))
@SUITE
def test_any_bytes(path, content):
    path.write_bytes(content)
    with pytest.raises(WeightFileError):
        weights.load(path, small())


def with_header(path, header, data=b""):
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def notes(**own):
    return {"__metadata__": {"format": "polyflow.weights", "format_version": "1", **own}}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"not json", "its header is not JSON"),
        (b"[" * 50_000, "its header is not JSON"),
        (b"[1, 2]", "its header is not a JSON object"),
        ({"a": 3}, "is damaged or no safetensors file"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}}, "cut short: 0 of 8 bytes of values"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, "is damaged or no safetensors file"),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}, "is damaged or no safetensors file"),
        ({"__metadata__": {"format": 3}}, "is damaged or no safetensors file"),
        (
            notes(format_version="9", names="[]"),
            "version '9'.*Upgrade",
        ),
        (
            notes(names="{}"),
            "'names' .* not a JSON list",
        ),
        (
            notes(names='["a"]'),
            "'names' .* not list",
        ),
        (
            notes(names="[1]"),
            "'names' .* not list",
        ),
        (notes(complex="x"), "'complex' .* dict"),
    ],
)
def test_headers_that_lie(path, header, message):
    with_header(path, header)
    refused(path, small(), message)


def test_a_dtype_that_polyflow_does_not_have(path):
    with_header(path, {"a": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, b"\0\0")
    refused(
        path, [variable("a", [0.0])], "'a' has dtype F8_E4M3, which polyflow does not have. Convert it to one of: BF16"
    )


def test_a_bool_that_is_neither(path):
    with_header(path, {"a": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}}, b"\x01\x02")
    refused(path, [variable("a", [True, False])], "'a' is bool, and not all its bytes are 0 or 1")


def test_pairs_that_are_none(path):
    own = notes(complex='{"a": "complex64"}', names='["a"]')
    with_header(path, own | {"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}, b"\0" * 16)
    refused(path, [variable("a", [0.0])], "'a' is said to hold complex64 in pairs of reals, but has dtype float64")


def test_native_complex_numbers(path):
    """Newer writers of the format know complex64."""
    with_header(
        path, {"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}, np.array([1 + 2j], "<c8").tobytes()
    )
    assert weights.read(path).arrays["a"] == np.array([1 + 2j], np.complex64)


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x4B50, 0x0580])
def test_a_header_whose_length_looks_like_another_format(path, length):
    """The first bytes are a number, which may happen to be those of a pickle or a zip archive."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(length)
    with_header(path, header, np.array([3.0], "<f4").tobytes())
    assert weights.read(path).arrays["a"] == 3.0


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_loaded(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    for name, content in (("bomb", Bomb()), ("big", [Bomb(), b"x" * 1000])):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(pickle.dumps(content, protocol))
        refused(file, small(), "is a pickle, which polyflow never loads")
    assert not (tmp_path / "exploded").exists()


def test_files_of_other_formats_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.ones(3))
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    refused(tmp_path / "a.npz", small(), "is a zip archive, such as a .keras model")
    refused(tmp_path / "a.npy", small(), "is an .npy file, not a safetensors file")
    refused(tmp_path / "a.h5", small(), "is an HDF5 file, such as Keras's .h5 weights, not a safetensors file")


def test_a_missing_file_names_its_neighbors(saved):
    with pytest.raises(
        FileNotFoundError, match="there is no weight file .*/v.weights.safetensors'. Did you mean .*/w.weig"
    ):
        weights.load(saved.with_name("v.weights.safetensors"), small())


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no weight file .*'\.$"):
        weights.load(tmp_path / "no" / "w.safetensors", small())
    with pytest.raises(FileNotFoundError, match="the folder .* does not exist. Make it first"):
        weights.save(tmp_path / "no" / "w.safetensors", small())


def test_a_refused_file_is_named_as_the_user_does(tmp_path, monkeypatch):
    """Files are written under another name first, which nobody has heard of."""

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("polyflow.files.open", refuse, raising=False)
    with pytest.raises(PermissionError, match=r"w\.safetensors'$"):
        weights.save(tmp_path / "w.safetensors", small())


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "w.safetensors").mkdir()
    for act in (weights.load, weights.save):
        with pytest.raises(IsADirectoryError, match="is a folder"):
            act(tmp_path / "w.safetensors", small())


# ---- what cannot be saved


@pytest.mark.parametrize("name", ["w.weights.h5", "w.keras", "w", "w.npz"])
def test_another_ending(tmp_path, name):
    with pytest.raises(WeightFileError, match=r"ends in .safetensors; got .*for example .*/w.weights.safetensors'"):
        weights.save(tmp_path / name, small())
    assert list(tmp_path.iterdir()) == []


def test_two_weights_of_one_name(path):
    with pytest.raises(
        WeightFileError, match="two weights are called 'a/w'.*Give the layers that hold them different names"
    ):
        weights.save(path, [variable("a/w", [1.0]), variable("a/w", [2.0])])
    assert not path.exists()


@pytest.mark.parametrize("name", ["", "__metadata__", 3, "optimizer:x"])
def test_names_that_cannot_be(path, name):
    with pytest.raises(WeightFileError, match=re.escape(repr(name))):
        weights.save(path, {name: np.ones(2)})


@pytest.mark.parametrize("metadata", [{"epoch": 3}, {3: "epoch"}])
def test_metadata_is_text(path, metadata):
    with pytest.raises(WeightFileError, match="metadata must be text; got .*Write it as a string"):
        weights.save(path, small(), metadata)


def test_strings_are_no_weights(path):
    with pytest.raises(TypeError):
        weights.save(path, {"a": np.array(["x"])})


# ---- the old file or the new one


def test_a_failed_save_leaves_the_old_file_and_nothing_else(saved, monkeypatch):
    before = saved.read_bytes()
    for broken in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                weights.save(saved, zeroed(small()))
        assert saved.read_bytes() == before
        assert list(saved.parent.iterdir()) == [saved]


def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(saved, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = saved.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        weights.save(saved, zeroed(small()))
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_the_values_reach_the_disk_before_the_name(saved, monkeypatch):
    """Flushed, then renamed, then the folder flushed; otherwise a power failure could leave an empty file."""
    order = []
    for name in ("fsync", "replace"):
        act = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _act=act, _name=name: (order.append(_name), _act(*a))[1])
    weights.save(saved, small())
    assert order[:2] == ["fsync", "replace"]


@pytest.mark.skipif(os.name != "posix", reason="kills a process with SIGKILL")
def test_a_killed_process_leaves_a_whole_file(path):
    """Killed at random moments while it saves again and again, it leaves one of the two contents."""
    program = (
        "import sys, numpy as np\nfrom polyflow.models import weights\nprint('ready', flush=True)\n"
        "while True:\n for n in (1.0, 2.0):\n  weights.save(sys.argv[1], {'a': np.full(9**6, n), 'b': np.full(3, n)})"
    )
    wait = 0.01
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
            while not path.exists():
                time.sleep(0.001)
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        process.wait()
        wait *= 1.7
        content = weights.read(path).arrays
        assert {*np.unique(content["a"]), *np.unique(content["b"])} in ({1.0}, {2.0})


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions and links")
def test_permissions_and_links(saved, tmp_path):
    """A new file has the usual permissions, an old one keeps its own, a link keeps pointing where it did."""
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o666 & ~mask
    saved.chmod(0o640)
    link = tmp_path / "link.safetensors"
    link.symlink_to(saved)
    weights.save(link, zeroed(small()))
    assert link.is_symlink()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640
    assert weights.read(saved).arrays["sequential/dense/bias"].tolist() == [0.0, 0.0]


# ---- with a model


def test_a_model(path):
    def model(units=3):
        return pf.Sequential([pf.layers.Dense(4, input_shape=(2,)), pf.layers.Dense(units)])

    first, second = model(), model()
    first.save_weights(path)
    second.load_weights(path)
    x = np.ones((5, 2), np.float32)
    assert np.array_equal(first.predict(x, verbose=0), second.predict(x, verbose=0))
    other = model(5)
    before = [array.copy() for array in other.get_weights()]
    with pytest.raises(WeightFileError, match="does not fit"):
        other.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))
