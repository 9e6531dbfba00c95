"""Exceptions are what Python programmers expect, and an unknown name is answered with the nearest."""

from __future__ import annotations

import pickle

import pytest

from polyflow import errors


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ShapeError, ValueError),
        (errors.AxisError, ValueError),
        (errors.AxisError, IndexError),
        (errors.DTypeError, TypeError),
        (errors.TraceError, TypeError),
        (errors.MixedBackendsError, TypeError),
        (errors.UnknownNameError, ValueError),
        (errors.UnknownBackendError, ValueError),
        (errors.UnsupportedError, NotImplementedError),
        (errors.NotCompiledError, RuntimeError),
        (errors.EmptyDataError, ValueError),
        (errors.ConfigError, ValueError),
    ],
)
def test_builtin_class(kind, builtin):
    with pytest.raises(builtin):
        raise kind("x")


def test_every_exception_is_a_polyflow_error():
    classes = [vars(errors)[name] for name in errors.__all__ if name[0].isupper()]
    assert classes
    assert all(issubclass(cls, errors.PolyflowError) for cls in classes)


def test_backend_errors_have_one_base():
    for kind in (
        errors.UnknownBackendError,
        errors.UnknownDeviceError,
        errors.BackendUnavailableError,
        errors.BackendBrokenError,
        errors.BackendClashError,
        errors.ProtocolVersionError,
        errors.MixedBackendsError,
    ):
        assert issubclass(kind, errors.BackendError)


def test_unavailable_survives_a_process_boundary():
    error = errors.BackendUnavailableError("no jax", missing="library", install="pip install jax")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.missing, again.install) == ("no jax", "library", "pip install jax")


@pytest.mark.parametrize(
    ("given", "near"),
    [("addam", ["adam"]), ("ADAM", ["adam"]), (" sgd", ["sgd"]), ("zzzz", []), (3, []), (None, []), ("", [])],
)
def test_nearest(given, near):
    assert errors.nearest(given, ["adam", "sgd", "rmsprop"]) == near


def test_nearest_keeps_the_spelling_and_the_limit():
    assert errors.nearest("DENSE", ["Dense"]) == ["Dense"]
    assert errors.nearest("accuraccy", ["Accuracy", "accuracy"]) == ["accuracy"]
    assert errors.nearest("Accuraccy", ["accuracy", "Accuracy"]) == ["Accuracy"]
    assert len(errors.nearest("relu", ["relu1", "relu2", "relu3", "relu4"], limit=2)) == 2


def test_unknown_name_sentence():
    error = errors.unknown_name("optimizer", "addam", ["sgd", "adam", "adam"])
    assert isinstance(error, errors.UnknownNameError)
    assert str(error) == "Unknown optimizer 'addam'. Did you mean 'adam'? Available: adam, sgd."
    assert str(errors.unknown_name("loss", 3, ["mse"])) == "Unknown loss 3. Available: mse."
    assert str(errors.unknown_name("loss", "mse", [])) == "Unknown loss 'mse'. None is available."


def test_unknown_device_sentence():
    error = errors.unknown_device("jax", "cpu:9", ["cpu:0"])
    assert isinstance(error, errors.UnknownDeviceError)
    assert str(error) == "Backend 'jax' has no device 'cpu:9'. Its devices: cpu:0."
