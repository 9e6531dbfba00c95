"""One table of calls of `keras.ops`, for every test that goes through all of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

R = np.random.default_rng(5)
NAN = float("nan")


class Case(NamedTuple):
    """A function, its arguments, the places of those with a gradient, and whether it gives places or counts.

    Keras gives such integers as int32 or, on JAX, counts as floats; polyflow's are int64 everywhere.
    """

    name: str
    args: tuple[Any, ...]
    options: dict[str, Any] = {}
    gradients: tuple[int, ...] = ()
    places: bool = False
    rtol: float = 1e-5
    atol: float = 2e-6

    def __str__(self):
        return f"{self.name}({', '.join([*map(_short, self.args), *(f'{k}={v!r}' for k, v in self.options.items())])})"


def _short(value):
    return f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else repr(value)[:30].replace("\n", "")


def f(*shape):
    return R.normal(size=shape).astype("float32")


def positive(*shape):
    return R.uniform(0.3, 2, size=shape).astype("float32")


def i(*shape, low=-9, high=10):
    return R.integers(low, high, shape).astype("int32")


def holed(*shape):
    """Numbers of which some are NaN, one whole row among them."""
    x = f(*shape)
    x[R.random(shape) < 0.3] = NAN
    x[0] = NAN
    x[1] = np.abs(np.nan_to_num(x[1])) + 0.1
    return x


def apart(*shape):
    """Numbers in a random order of which no two are equal or nearly so."""
    return R.permutation(np.linspace(-2, 3, int(np.prod(shape)))).reshape(shape).astype("float32")


def positive_definite(*shape):
    x = f(*shape)
    return x @ x.swapaxes(-1, -2) + 2 * np.eye(shape[-1], dtype="float32")


SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, NAN, 1e-38, -27.0, 3e38, 64.0], "float32")
HOLES, FEW, MANY = holed(4, 5), f(6), apart(3, 4, 5)
TIMES = f(2, 30)

ELEMENTARY = [
    *(
        Case(name, (f(3, 4),), gradients=(0,))
        for name in ("deg2rad", "rad2deg", "exp2", "fabs", "copy", "sinc", "cbrt")
    ),
    *(Case(name, (i(3, 4),)) for name in ("deg2rad", "rad2deg", "exp2", "fabs", "copy", "cbrt")),
    Case("cbrt", (SPECIAL,)),
    Case("cbrt", (positive(5) * 1e20,), gradients=(0,), atol=0),
    Case("exp2", (np.arange(-125, 128).astype("float32"),), rtol=1e-4, atol=0),
    Case("sinc", (np.array([0.0, 0.03, 0.06, 0.1, 1.0, 2.5], "float32"),), gradients=(0,)),
    *(Case(name, (SPECIAL, 1.0)) for name in ("fmax", "fmin", "heaviside")),
    *(Case(name, (SPECIAL,)) for name in ("isneginf", "isposinf", "isreal")),
    *(Case(name, (i(4),)) for name in ("isneginf", "isposinf", "isreal")),
    Case("isreal", (np.array([1 + 0j, 1j], "complex64"),)),
    *(Case(name, (HOLES, f(4, 5)), gradients=(0, 1)) for name in ("fmax", "fmin")),
    *(Case(name, (i(4), f(4))) for name in ("fmax", "fmin", "heaviside", "fmod")),
    *(Case(name, (i(4), i(4))) for name in ("fmax", "fmin", "heaviside")),
    Case("i0", (np.array([0.0, 1.0, -3.0, 7.9, 8.1, -50.0], "float32"),), gradients=(0,), rtol=2e-6),
    Case("i0", (i(4),)),
    Case("heaviside", (np.array([-1.0, 0.0, 2.0], "float32"), positive(3))),
    Case("fmod", (f(3, 4) * 5, positive(4)), gradients=(0, 1)),
    Case("fmod", (i(30), i(30, low=1)), {}),
    Case("ldexp", (f(4), i(4)), gradients=(0,)),
    Case("ldexp", (i(4), i(4))),
    Case("ldexp", (np.array([1e-30, 1e30, 3.0], "float32"), np.array([140, -150, 0], "int32")), atol=0),
    Case("logaddexp2", (f(4) * 20, f(3, 4) * 20), gradients=(0, 1)),
    Case("logaddexp2", (i(4), i(4))),
    Case("gcd", (i(3, 20), i(20))),
    Case("lcm", (i(3, 20), i(20))),
    Case("gcd", (np.array([0, 0, 2**31 - 1, 1836311903], "int32"), np.array([0, -8, 46337, 1134903170], "int32"))),
    Case("polar", (positive(4), f(4))),
    Case("view_as_complex", (f(3, 2),)),
    Case("view_as_real", (np.array([1 + 2j, 3j], "complex64"),)),
    Case("view_as_real", (f(3),), gradients=(0,)),
]

ARRANGEMENTS = [
    *(Case("array_split", (f(7, 3), parts), gradients=(0,)) for parts in (3, 1, 9)),
    Case("array_split", (i(2, 8), 3), {"axis": -1}),
    Case("vsplit", (f(4, 3), 2), gradients=(0,)),
    Case("hsplit", (f(4, 3), [1]), gradients=(0,)),
    Case("hsplit", (f(6), 3)),
    Case("dsplit", (f(2, 2, 6), [1, 4]), gradients=(0,)),
    Case("dstack", ([f(3), f(3)],)),
    Case("dstack", ([f(2, 3), f(2, 3)],)),
    Case("dstack", ([f(2, 3, 1), i(2, 3, 2)],)),
    *(Case("rot90", (f(2, 3, 2),), {"k": k, "axes": axes}, (0,)) for k in (-1, 1, 2, 4) for axes in ((0, 1), (2, 0))),
    *(Case(name, (f(2, 3, 2),), gradients=(0,)) for name in ("fliplr", "flipud")),
    *(Case("diag", (f(*shape), k), gradients=(0,)) for shape in ((3,), (3, 4)) for k in (-1, 0, 2)),
    *(Case("diagflat", (f(2, 2), k), gradients=(0,)) for k in (-2, 0, 1)),
    Case("diagflat", (i(3),)),
    Case("tri", (3,)),
    Case("tri", (3, 5, 1)),
    Case("tri", (4, 2, -1), {"dtype": "int32"}),
    Case("select", ([FEW > 0, FEW > -1], [FEW, FEW * 2.0], 7.0)),
    Case("select", ([FEW > 9], [i(6)])),
    Case("select", ([FEW > 0, FEW > -1], [i(6), f(6)])),
    Case("unravel_index", (i(5, low=0, high=24), (2, 3, 4))),
    Case("unravel_index", (np.array([[-1, 0], [5, -24]], "int32"), (2, 3, 4))),
    Case("rearrange", (f(2, 6, 4, 3), "b h w c -> b c h w"), gradients=(0,)),
    Case("rearrange", (f(2, 6, 4, 3), "b (h1 h) (w1 w) c -> (b h1 w1) h w c"), {"h1": 2, "w1": 2}),
    Case("rearrange", (i(2, 6, 4), "b h w -> h (b w)")),
]

ORDERS = [
    *(
        Case(name, (MANY, q), {"axis": axis, "keepdims": keepdims}, (0,))
        for name, q in (
            ("quantile", 0.3),
            ("quantile", [0.0, 0.45, 1.0]),
            ("percentile", 33.0),
            ("percentile", [0.0, 90.0]),
        )
        for axis, keepdims in ((None, False), (1, False), (-1, True), ((0, 2), True), (None, True))
    ),
    *(
        Case("quantile", (MANY, 0.3), {"axis": 1, "method": m}, (0,))
        for m in ("lower", "higher", "midpoint", "nearest")
    ),
    Case("quantile", (i(4, 5), 0.3)),
    Case("quantile", (HOLES, [0.2, 0.7]), {"axis": 1}),
    *(
        Case(name, (HOLES, q), {"axis": axis, "keepdims": keepdims})
        for name, q in (("nanquantile", 0.3), ("nanquantile", [0.1, 0.9]), ("nanpercentile", 33.0))
        for axis, keepdims in ((None, False), (1, False), (0, True))
    ),
    Case("nanquantile", (HOLES, 0.3), {"axis": 1, "method": "higher"}),
    *(Case("nanmedian", (HOLES,), {"axis": axis}) for axis in (None, 0, 1)),
    Case("nanmedian", (i(5),)),
    *(Case("ptp", (MANY,), {"axis": axis, "keepdims": k}, (0,)) for axis, k in ((None, False), (1, True), (-1, False))),
    Case("ptp", (i(3, 4), 1)),
    Case("digitize", (f(3, 4), np.array([-1.0, 0.0, 1.0], "float32")), places=True),
    Case("digitize", (f(3, 4), np.array([1.0, 0.0, -1.0], "float32")), places=True),
    Case("digitize", (np.array([0.0, 1.0, 2.0], "float32"), np.array([0.0, 1.0], "float32")), places=True),
    Case("digitize", (i(5), np.array([-3, 4], "int32")), places=True),
    *(Case("histogram", (f(50), bins)) for bins in (1, 10)),
    Case("histogram", (f(50), 4, (-1.0, 1.0))),
    Case("histogram", (i(25), 4, (-8, 8))),
    Case("histogram", (np.ones(3, "float32"), 2)),
    *(
        Case("unique", (i(*shape, high=-5),), {"axis": axis, **options}, places=True)
        for shape, axis in (((9,), None), ((3, 4), None), ((6, 2), 0), ((2, 6), 1))
        for options in ({}, {"return_index": True, "return_inverse": True, "return_counts": True}, {"size": 3})
    ),
    Case("unique", (i(5), True, True, True, True), {"size": 8, "fill_value": 77}, places=True),
    Case("unique", (np.array([NAN, 1.0, NAN, 1.0], "float32"),)),
]

CONTRACTIONS = [
    Case("inner", (f(2, 3), f(4, 3)), gradients=(0, 1)),
    Case("inner", (f(3), i(3))),
    Case("inner", (2.0, f(3))),
    Case("vdot", (f(2, 3), f(2, 3)), gradients=(0, 1)),
    Case("vdot", (f(3) + 1j * f(3), f(3) - 2j * f(3))),
    Case("kron", (f(2, 3), f(3, 2)), gradients=(0, 1)),
    Case("kron", (f(2), f(2, 2, 2)), gradients=(0, 1)),
    Case("kron", (i(3), i(2))),
    *(
        Case("correlate", (f(a), f(b)), {"mode": mode}, (0, 1))
        for mode in ("valid", "same", "full")
        for a, b in ((7, 3), (3, 7), (6, 4), (4, 6), (3, 3), (1, 4))
    ),
    Case("correlate", (f(4) + 1j * f(4), f(6) + 1j * f(6)), {"mode": "full"}),
    Case("correlate", (i(5), i(2))),
    Case("trapezoid", (f(3, 4),), gradients=(0,)),
    Case("trapezoid", (f(3, 4), f(3, 4)), {"axis": 0}, (0, 1)),
    Case("trapezoid", (f(3, 4), f(4)), gradients=(0, 1)),
    Case("trapezoid", (f(3, 4),), {"dx": 0.5, "axis": 0}),
    Case("trapezoid", (i(5),)),
    *(Case("vander", (f(4),), {"N": n, "increasing": up}, (0,)) for n in (None, 6, 1, 0) for up in (False, True)),
    Case("vander", (i(3),)),
    Case("corrcoef", (f(3, 8),), gradients=(0,)),
    Case("corrcoef", (i(3, 8),)),
    Case("corrcoef", (f(8),)),
    Case("cdist", (f(2, 4, 3), f(2, 5, 3)), gradients=(0, 1)),
    Case("cdist", (f(4, 3), f(2, 5, 3)), gradients=(0, 1)),
    *(
        Case("solve_triangular", (positive_definite(*stack, 4, 4), b), {"lower": lower}, (0, 1), rtol=1e-4)
        for stack, b in (((), f(4, 2)), ((), f(4)), ((3,), f(3, 4, 2)))
        for lower in (False, True)
    ),
    *(
        Case("cholesky_inverse", (np.linalg.cholesky(positive_definite(4, 4)), upper), gradients=(0,), rtol=1e-4)
        for upper in (False, True)
    ),
    Case("lu_factor", (f(5, 5),), gradients=(0,), rtol=2e-4, atol=1e-5),
    Case("lu_factor", (f(2, 3, 4, 4),), rtol=1e-4),
    Case("lu_factor", (np.array([[0.0, 2.0], [1.0, 3.0]], "float32"),)),
]

NANS = [
    *(
        Case(
            name, (HOLES,), {"axis": axis}, () if name.startswith("nanarg") else (0,), places=name.startswith("nanarg")
        )
        for name in ("nancumsum", "nancumprod", "nanargmax", "nanargmin")
        for axis in (None, 0, 1)
    ),
    *(Case(name, (HOLES, 1, True), places=True) for name in ("nanargmax", "nanargmin")),
    *(Case(name, (i(3, 4), 1), places=name == "nanargmax") for name in ("nancumsum", "nancumprod", "nanargmax")),
]

RANGES = [
    *(Case(name, (n,)) for name in ("bartlett", "blackman", "hamming", "hanning") for n in (0, 1, 2, 7, 8)),
    Case("kaiser", (9, 3.0)),
    Case("kaiser", (1, 3.0)),
    Case("logspace", (0.0, 3.0, 4)),
    Case("logspace", (0, 3), {"num": 5, "endpoint": False, "base": 2.0}),
    Case("logspace", (np.array([0.0, 1.0], "float32"), 2.0, 3), {"axis": 1}),
    Case("logspace", (0, 3, 4), {"dtype": "int32"}),
    Case("geomspace", (1, 1000, 4)),
    Case("geomspace", (-1.0, -1000.0, 4), {"endpoint": False}),
    Case("geomspace", (np.array([1.0, 2.0], "float32"), 32.0, 3), {"axis": -1}),
]

NORMALIZATIONS = [
    Case("layer_normalization", (f(3, 4),), gradients=(0,), rtol=1e-4),
    Case("layer_normalization", (f(3, 4), f(4), f(4)), gradients=(0, 1, 2), rtol=1e-4),
    Case("layer_normalization", (f(3, 4, 2), f(4, 2), f(4, 2)), {"axis": (1, 2), "epsilon": 0.1}, (0, 1, 2), rtol=1e-4),
    Case("layer_normalization", (f(3, 4, 2), f(4)), {"axis": 1}, (0, 1), rtol=1e-4),
    Case("layer_normalization", (f(3, 4).astype("float16"),), rtol=2e-3, atol=1e-3),
    Case("rms_normalization", (f(3, 4),), gradients=(0,), rtol=1e-4),
    Case("rms_normalization", (f(3, 4), f(4)), {"epsilon": 0.1}, (0, 1)),
    Case("rms_normalization", (f(3, 4, 2),), {"axis": (0, 2)}, (0,)),
    Case("batch_normalization", (f(3, 4), f(4), positive(4), -1), gradients=(0, 1, 2)),
    Case("batch_normalization", (f(3, 4, 2), f(4), positive(4), 1, f(4), f(4)), {"epsilon": 0.1}, (0, 1, 2, 4, 5)),
    Case("multi_hot", (i(3, low=0, high=5),), {"num_classes": 4}),
    Case("multi_hot", (i(2, 3, low=-1, high=5), 4)),
    Case("multi_hot", (i(2, 3, low=0, high=4), 4), {"dtype": "int32"}),
    Case("multi_hot", (i(2, 3, 2, low=0, high=4), 4)),
    Case("multi_hot", (i(2, 3, low=0, high=4), 4), {"axis": 1}),
    Case("psnr", (positive(3, 4), positive(3, 4), 2.0), gradients=(0, 1)),
]

SEEN = R.random((2, 1, 5, 6)) > 0.4
ATTENTION = [
    Case("dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 4, 3), f(2, 6, 4, 3)), gradients=(0, 1, 2)),
    Case("dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 2, 3), f(2, 6, 2, 3)), {"scale": 0.3}, (0, 1, 2)),
    Case("dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 1, 3), f(2, 6, 1, 3)), {"is_causal": True}, (0, 1, 2)),
    Case("dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 4, 3), f(2, 6, 4, 3), f(2, 4, 5, 6)), gradients=(0, 1, 2, 3)),
    Case("dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 4, 3), f(2, 6, 4, 3)), {"mask": SEEN}, (0, 1, 2)),
    Case(
        "dot_product_attention", (f(2, 5, 4, 3), f(2, 6, 2, 3), f(2, 6, 2, 3)), {"mask": SEEN, "is_causal": True}, (0,)
    ),
    Case("dot_product_attention", tuple(f(1, 3, 2, 4).astype("float16") for _ in range(3)), rtol=5e-3, atol=2e-3),
]

FOURIER = [
    Case("fft", ((f(3, 8), f(3, 8)),)),
    Case("fft2", ((f(2, 3, 8), f(2, 3, 8)),)),
    Case("ifft2", ((f(2, 3, 8), f(2, 3, 8)),)),
    *(Case("rfft", (f(3, 8), n), gradients=(0,)) for n in (None, 5, 12)),
    *(Case("irfft", ((f(3, 5), f(3, 5)), n)) for n in (None, 8, 7)),
    *(Case("extract_sequences", (TIMES, n, step), gradients=(0,)) for n, step in ((5, 2), (4, 4), (30, 1))),
    Case("stft", (TIMES, 8, 4, 8), gradients=(0,), rtol=1e-4, atol=1e-5),
    Case("stft", (TIMES, 6, 3, 9), {"window": "hamming", "center": False}, (0,), rtol=1e-4, atol=1e-5),
    Case("stft", (TIMES, 6, 3, 9), {"window": None}, rtol=1e-4, atol=1e-5),
    Case("stft", (TIMES[0], 6, 3, 8), {"window": positive(6)}, rtol=1e-4, atol=1e-5),
    Case("istft", ((f(2, 9, 5), f(2, 9, 5)), 8, 4, 8), rtol=1e-4, atol=1e-5),
    Case("istft", ((f(2, 9, 5), f(2, 9, 5)), 8, 4, 8), {"length": 20}, rtol=1e-4, atol=1e-5),
    Case("istft", ((f(2, 9, 5), f(2, 9, 5)), 6, 2, 8), {"window": "hamming"}, rtol=1e-4, atol=1e-5),
]

PATCHES = [
    *(
        Case(name, (f(2, 8, 4, 4) if layout == "channels_last" else f(2, 4, 8, 4), 2), {"data_format": layout}, (0,))
        for name in ("space_to_depth", "depth_to_space")
        for layout in ("channels_last", "channels_first")
    ),
    Case("unfold", (f(2, 3, 6, 5), 2), gradients=(0,)),
    Case("unfold", (f(2, 3, 6, 7), (2, 3)), {"dilation": 2, "padding": 1, "stride": (1, 2)}, (0,)),
    Case("fold", (f(2, 12, 20), (6, 5), 2), gradients=(0,)),
    Case("fold", (f(2, 8, 9), 6, 2), {"stride": 2}, (0,)),
    Case("fold", (f(2, 8, 16), 6, 2), {"stride": 2, "padding": 1}, (0,)),
]

EXTREMES = ["segment_max", "segment_min", "segment_prod"]
IDS = np.array([2, 0, 2, 1, 0], "int32")
SEGMENTS = [
    *(Case(name, (apart(*shape), IDS, 3), gradients=(0,)) for name in EXTREMES[:2] for shape in ((5,), (5, 2))),
    *(Case(name, (i(5), IDS, 3)) for name in EXTREMES),
    *(Case(name, (i(3), IDS[:3], 4)) for name in EXTREMES),
    Case("segment_prod", (f(5, 2), IDS, 3)),
]

CTC = [
    Case(
        "ctc_loss",
        (i(3, 4, low=1, high=4), f(3, 9, 5), np.array([4, 2, 0], "int32"), np.array([9, 7, 5], "int32")),
        gradients=(1,),
        rtol=1e-4,
        atol=1e-5,
    ),
    Case(
        "ctc_loss",
        (np.array([[1, 1, 2]], "int32"), f(1, 4, 3), np.array([3], "int32"), np.array([4], "int32"), 0),
        gradients=(1,),
        rtol=1e-4,
    ),
    *(
        Case(
            "ctc_decode",
            (f(3, 9, 3), np.array([9, 4, 0], "int32")),
            {"merge_repeated": merged, "mask_index": mask},
            places=True,
        )
        for merged in (True, False)
        for mask in (0, 2)
    ),
]

CASES = [
    *(
        ELEMENTARY
        + ARRANGEMENTS
        + ORDERS
        + CONTRACTIONS
        + NANS
        + RANGES
        + NORMALIZATIONS
        + ATTENTION
        + FOURIER
        + PATCHES
    ),
    *(SEGMENTS + CTC),
]
