"""The names of the namespace: counted, with the standard's signatures, and told apart from those of the top level."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import polyflow as pf
from polyflow import array_api

DOCS = Path(__file__).parents[2] / "docs" / "differences-from-tensorflow.md"
BEYOND = {
    "einsum", "median", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "pad", "ravel",
    "swapaxes", "transpose",
}  # fmt: skip
"""What callers ask for that the standard does not have."""


def functions(namespace, names):
    return {name for name in names if inspect.isroutine(getattr(namespace, name))}


def test_nothing_of_the_standard_is_left_out():
    """135 functions, 25 of linear algebra (four of them again) and 14 of transforms."""
    main = functions(array_api, array_api.__all__) - BEYOND - {"__array_namespace_info__"}
    assert (len(main), len(array_api.linalg.__all__), len(array_api.fft.__all__)) == (135, 25, 14)
    assert {"matmul", "matrix_transpose", "tensordot", "vecdot"} == main & {*array_api.linalg.__all__}


SIGNATURES = {
    "sum": "(x, /, *, axis=None, dtype=None, keepdims=False)",
    "argsort": "(x, /, *, axis=-1, descending=False, stable=True)",
    "var": "(x, /, *, axis=None, correction=0.0, keepdims=False)",
    "asarray": "(obj, /, *, dtype=None, device=None, copy=None)",
    "linspace": "(start, stop, /, num, *, dtype=None, device=None, endpoint=True)",
    "eye": "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)",
    "squeeze": "(x, /, axis)",
    "expand_dims": "(x, /, axis)",
    "add": "(x1, x2, /)",
    "where": "(condition, x1, x2, /)",
    "clip": "(x, /, min=None, max=None)",
    "linalg.svd": "(x, /, *, full_matrices=True)",
    "linalg.cholesky": "(x, /, *, upper=False)",
    "linalg.trace": "(x, /, *, offset=0, dtype=None)",
    "fft.rfftn": "(x, /, *, s=None, axes=None, norm='backward')",
    "fft.fftfreq": "(n, /, *, d=1.0, dtype=None, device=None)",
}
"""A sample; the public suite checks all of them."""


def test_signatures():
    for name, expected in SIGNATURES.items():
        value = array_api
        for part in name.split("."):
            value = getattr(value, part)
        signature = inspect.signature(value)
        plain = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
        shown = signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)
        assert str(shown) == expected, name


def listed(marker):
    table = DOCS.read_text().partition(f"<!-- {marker} -->")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_name_that_differs_from_the_top_levels_is_documented():
    both = functions(array_api, array_api.__all__) & {name for name in dir(pf) if callable(getattr(pf, name))}
    differing = {name for name in both if getattr(pf, name) is not getattr(array_api, name)}
    documented = listed("shared names") | listed("standard forms")
    assert differing <= documented
    assert listed("standard forms") <= differing
