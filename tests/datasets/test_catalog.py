"""What polyflow says about the data it ships, held against the data itself."""

from __future__ import annotations

import numpy as np
import pytest

from polyflow import datasets
from polyflow.errors import UnknownNameError


def test_description_fits_the_data():
    info = datasets.describe("digits")
    (x, y), _ = datasets.load_digits(test_fraction=0)

    assert x.shape == (info.examples, *info.shape)
    assert info.class_names == tuple(str(label) for label in np.unique(y))


def test_every_data_set_has_its_notice_and_licence_beside_it():
    """Attribution is what the licence asks for: authors, source, licence, what was changed."""
    assert datasets.names() == ("digits",)
    notice = datasets.describe("digits").notice
    text = notice.read_text(encoding="utf-8")
    for expected in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "Changes made", "CC-BY-4.0.txt"):
        assert expected in text
    legal = (notice.parent / "CC-BY-4.0.txt").read_text(encoding="utf-8")
    assert "Creative Commons Attribution 4.0 International Public" in legal


def test_description_prints_as_text():
    text = str(datasets.describe("digits"))
    assert "1797 examples of 8 x 8, 10 classes" in text
    assert "CC-BY-4.0" in text


@pytest.mark.parametrize("name", ["digit", "Digits ", "mnist", None, ["digits"]])
def test_unknown_name_lists_what_exists(name):
    with pytest.raises(UnknownNameError, match=r"Unknown data set .*Available: digits\."):
        datasets.describe(name)
