"""Families: objects by name, as classes, instances, functions and configurations."""

from __future__ import annotations

import pytest

from polyflow.errors import UnknownNameError
from polyflow.naming import Family, by_name, name_of, snake_case


class Round:
    def __init__(self, size=1):
        self.size = size

    def __call__(self):
        return "round"

    def get_config(self):
        return {"size": self.size}


def square():
    return "square"


@pytest.fixture
def family():
    return Family("shape", by_name(Round, square) | {"disc": Round})


def test_names_classes_instances_functions_and_none(family):
    one = Round()
    assert isinstance(family.get("Round"), Round)
    assert isinstance(family.get("disc"), Round)
    assert isinstance(family.get(Round), Round)
    assert family.get(one) is one
    assert family.get("square") is square
    assert family.get(square) is square
    assert family.get(None) is None


def test_a_configuration_gives_the_same_object(family):
    data = family.serialize(Round(3))
    assert data == {"class_name": "Round", "config": {"size": 3}}
    assert family.get(data).size == 3
    assert family.get(family.serialize(square)) is square
    assert family.get({"class_name": "Round"}).size == 1


@pytest.mark.parametrize("wrong", ["Rund", "ROUND", {"class_name": "Rund", "config": {}}, 3, object()])
def test_what_is_unknown_is_refused_with_what_there_is(family, wrong):
    with pytest.raises(UnknownNameError, match=r"Unknown shape .*Available: Round, disc, square\."):
        family.get(wrong)


def test_a_configuration_without_a_class_says_what_it_holds(family):
    with pytest.raises(ValueError, match=r"dict with 'class_name', a string, and 'config', a dict; got {'config'"):
        family.get({"config": {}})


def test_case_is_ignored_where_the_family_says_so():
    family = Family("shape", {"round": Round}, ignore_case=True)
    assert isinstance(family.get("ROUND"), Round)
    assert isinstance(family.get({"class_name": "Round", "config": {}}), Round)


def test_only_what_the_family_accepts():
    family = Family("shape", {"round": Round}, accepts=lambda value: isinstance(value, Round))
    with pytest.raises(UnknownNameError):
        family.get(square)


def test_registered_objects_are_found(family):
    family.register(len, "length")
    assert family.get("length") is len

    @family.register
    class Mine(Round):
        pass

    assert isinstance(family.get("Mine"), Mine)
    assert isinstance(family.get(family.serialize(Mine(2))), Mine)


def test_what_a_plugin_offers_is_found(family, monkeypatch):
    from polyflow.backend import discovery

    monkeypatch.setattr(discovery, "objects", lambda: {"Theirs": Round})
    assert isinstance(family.get("Theirs"), Round)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("MeanSquaredError", "mean_squared_error"), ("AUC", "auc"), ("KLDivergence", "kl_divergence"), ("SGD", "sgd")],
)
def test_snake_case(given, expected):
    assert snake_case(given) == expected


def test_name_of():
    assert name_of(square) == "square"
    assert name_of(Round()) == "round"
    named = Round()
    named.name = "mine"
    assert name_of(named) == "mine"
