"""The digits that come with polyflow: what they are, and that their split never changes."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from polyflow.datasets import load_digits


def test_default_call_gives_keras_style_pairs():
    """Two (x, y) pairs: float32 images between 0 and 1, int32 labels from 0 to 9."""
    (x_train, y_train), (x_test, y_test) = load_digits()

    assert x_train.shape == (1438, 8, 8)
    assert y_train.shape == (1438,)
    assert x_test.shape == (359, 8, 8)
    assert y_test.shape == (359,)
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert x.dtype == np.float32
        assert y.dtype == np.int32
        assert x.min() == 0.0
        assert x.max() == 1.0
        assert set(y.tolist()) == set(range(10))


def test_images_are_those_of_the_repository():
    """All 1,797 images in the order of the original file, as sixteenths."""
    (x, y), _ = load_digits(test_fraction=0)

    ink = x * 16
    assert np.array_equal(ink, np.rint(ink))
    content = ink.astype(np.uint8).tobytes() + y.astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest() == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    assert ink[0].astype(int).tolist() == [  # the first line of the original file
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    assert y[0] == 0


def test_split_is_pinned():
    """Published accuracies stay comparable only if the same images are held out forever."""
    (_, y_train), (x_test, y_test) = load_digits()

    digest = hashlib.sha256(x_test.tobytes() + y_test.tobytes()).hexdigest()
    assert digest == "ca96b85751e7d53e14a5b86122c1275bf2535650c2ebc9cfd4a45cfd21b2bfb9"
    assert np.bincount(y_test).tolist() == [36, 36, 35, 37, 36, 36, 37, 35, 35, 36]
    assert np.bincount(y_train).tolist() == [142, 146, 142, 146, 145, 146, 144, 144, 139, 144]


@pytest.mark.parametrize("fraction", [0, 1e-9, 0.001, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.9, 0.99999])
def test_both_sides_together_are_all_images_and_stratified(fraction):
    """Nothing is lost or doubled, and each digit's share of the test images is its share of all, to within one."""
    (all_x, all_y), _ = load_digits(test_fraction=0, flatten=True)
    (x_train, y_train), (x_test, y_test) = load_digits(test_fraction=fraction, flatten=True)

    rows = sorted(map(tuple, np.column_stack([np.vstack([x_train, x_test]), np.r_[y_train, y_test]]).tolist()))
    assert rows == sorted(map(tuple, np.column_stack([all_x, all_y]).tolist()))
    assert len(y_test) == min(round(fraction * 1797), 1796)
    assert len(y_train) >= 1
    share = np.bincount(all_y) * (len(y_test) / len(all_y))
    assert np.all(np.abs(np.bincount(y_test, minlength=10) - share) <= 1)


def test_both_sides_keep_the_order_of_the_file():
    """Removing the test images from the file leaves the training images, in order."""
    (all_x, _), _ = load_digits(test_fraction=0)
    (x_train, _), (x_test, _) = load_digits()

    position = {image.tobytes(): index for index, image in enumerate(all_x)}
    assert len(position) == 1797  # no image is there twice
    for x in (x_train, x_test):
        places = [position[image.tobytes()] for image in x]
        assert places == sorted(places)


def test_flatten_gives_the_same_pixels_in_rows():
    """``flatten=True`` is a reshape and nothing else."""
    (x, y), (x_test, y_test) = load_digits()
    (flat, flat_y), (flat_test, flat_y_test) = load_digits(flatten=True)

    assert flat.shape == (1438, 64)
    assert np.array_equal(flat, x.reshape(-1, 64))
    assert np.array_equal(flat_test, x_test.reshape(-1, 64))
    assert np.array_equal(flat_y, y)
    assert np.array_equal(flat_y_test, y_test)


def test_every_call_returns_new_arrays():
    """Writing into one result changes no later one."""
    (x, y), _ = load_digits()
    x[:] = -1
    y[:] = -1
    (again, labels), _ = load_digits()
    assert again.min() == 0
    assert labels.min() == 0


@pytest.mark.parametrize("fraction", [-0.1, 1, 1.0, 1.5, float("nan"), float("inf")])
def test_fraction_outside_the_interval_is_refused(fraction):
    with pytest.raises(ValueError, match=r"test_fraction is .*at least 0 and less than 1"):
        load_digits(test_fraction=fraction)


@pytest.mark.parametrize("fraction", ["0.2", None, True, [0.2], 0.2j])
def test_fraction_that_is_no_number_is_refused(fraction):
    with pytest.raises(TypeError, match=r"test_fraction is .*a number is expected"):
        load_digits(test_fraction=fraction)


def test_loading_imports_no_array_library_but_numpy():
    """The data is the same whatever backend is selected because none takes part."""
    program = (
        "import sys; from polyflow.datasets import load_digits; load_digits();"
        "print(sorted({'jax', 'jaxlib', 'cupy', 'torch', 'keras', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
