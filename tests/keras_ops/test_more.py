"""What `keras.ops` does beyond what Keras's own can be asked for: by NumPy, by definitions, and wrong arguments."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import AxisError, DTypeError, ShapeError, TraceError, UnsupportedError

K, ops = pf.keras, pf.keras.ops
R = np.random.default_rng(3)
X = R.normal(size=(7, 3))


@pytest.fixture(params=["numpy", "jax"], autouse=True)
def backend(request):
    with pf.use_backend(request.param):
        yield request.param


@pytest.mark.parametrize("places", [[2, 5], [5, 2], [-2], [], [9]])
def test_parts_between_indices(places):
    found, expected = ops.array_split(X, places), np.array_split(X, places)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


def test_powers_of_two_are_exact():
    """Down to the smallest normal number, and double precision stays double."""
    x = np.arange(-126.0, 128.0)
    assert ops.exp2(x.astype("float32")).tolist() == (2.0**x).tolist()
    assert ops.exp2(x).dtype == pf.float64


def test_cube_roots_of_cubes():
    x = np.concatenate([-np.arange(50.0), np.arange(50.0), 10.0 ** np.arange(-100, 100)])
    np.testing.assert_allclose(ops.cbrt(x**3), x, rtol=4e-16, atol=0)
    assert float(pf.grad(ops.cbrt)(pf.constant(0.0))) == np.inf
    second = pf.grad(pf.grad(ops.cbrt))(pf.constant(8.0, "float64"))
    assert float(second) == pytest.approx(-2 / 9 * 8 ** (-5 / 3))


def test_the_bessel_function():
    scipy = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install 'polyflow-core[test]'")
    x = np.concatenate([np.linspace(-30, 30, 601), [0.0, 8.0, 100.0, 700.0]])
    np.testing.assert_allclose(ops.i0(x), scipy.i0(x), rtol=3e-15)
    slope = pf.grad(lambda x: pf.sum(ops.i0(x)))
    np.testing.assert_allclose(slope(pf.constant(x)), scipy.i1(x), rtol=1e-13, atol=1e-15)
    assert float(pf.grad(pf.grad(ops.i0))(pf.constant(0.0, "float64"))) == pytest.approx(0.5)


def test_the_curvature_of_sinc():
    second = pf.grad(pf.grad(ops.sinc))
    assert float(second(pf.constant(0.0, "float64"))) == pytest.approx(-(np.pi**2) / 3)
    h, at = 1e-4, 0.0031830
    expected = (np.sinc(at + h) - 2 * np.sinc(at) + np.sinc(at - h)) / h**2
    assert float(second(pf.constant(at, "float64"))) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles_in_double_precision(method):
    q = np.array([0.0, 0.1, 0.25, 0.5, 0.999, 1.0])
    found = ops.quantile(X, q, axis=0, method=method)
    assert found.dtype == pf.float64
    np.testing.assert_allclose(found, np.quantile(X, q, axis=0, method=method), rtol=1e-14)
    line = np.arange(4.0)  # of two places at the same distance the even one
    assert ops.quantile(line, [0.5, 1 / 6], method="nearest").tolist() == [2, 0]


def test_quantiles_of_infinities():
    """Between equal ones there is no difference to weigh."""
    x = [-np.inf, -np.inf, np.inf, np.inf]
    assert ops.quantile(x, [0.0, 0.1, 1.0]).tolist() == [-np.inf, -np.inf, np.inf]


def test_the_gradient_of_a_quantile_in_its_share():
    x = pf.constant([1.0, 2.0, 4.0, 8.0])
    assert float(pf.grad(lambda q: ops.quantile(x, q))(pf.constant(0.5))) == pytest.approx(6.0)


def test_histograms():
    edges = np.array([-1.0, 0.0, 0.5, 2.0])
    for given, bins, limits in [(X, edges, None), (X, 5, (-1, 1)), (X[:0], 3, None), ([1.0, 2.0, 2.0], 2, None)]:
        found, expected = (
            ops.histogram(given, bins, limits),
            np.histogram(given, edges if bins is edges else bins, limits),
        )
        np.testing.assert_allclose(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-6)
    assert ops.histogram([1.0, np.nan, np.inf, 2.0], 2, (0, 4))[0].tolist() == [1, 1]


def test_partitions():
    """All are in order, so each is at its place, and smaller ones before it."""
    for axis in (0, 1, None):
        order = ops.argpartition(X, 2, axis=axis).numpy()
        line = X.ravel() if axis is None else X
        np.testing.assert_array_equal(
            np.take_along_axis(line, order, axis or 0), np.sort(line, axis=axis or 0, kind="stable")
        )


def test_products_of_segments_have_gradients():
    ids = np.array([1, 0, 1, 1])
    x, w = pf.constant([2.0, 3.0, 0.0, 5.0]), pf.constant([1.0, 10.0, 100.0])
    found = pf.grad(lambda x: pf.sum(ops.segment_prod(x, ids, 3) * w))(x)
    assert found.tolist() == [0, 1, 100, 0]
    assert ops.segment_max(x, ids).tolist() == [3, 5]


def test_signals_come_back():
    x = R.normal(size=(2, 40))
    for window, center in (("hann", True), ("hamming", False), (None, True)):
        parts = ops.stft(x, 8, 4, 8, window=window, center=center)
        assert parts[0].shape == (2, 11 if center else 9, 5)
        found = ops.istft(parts, 8, 4, 8, length=40, window=window, center=center)
        np.testing.assert_allclose(found, x, atol=1e-12)


def test_patches_fold_back():
    """Each element comes back as often as it is in a patch."""
    x = R.normal(size=(2, 3, 7, 6))
    columns = ops.unfold(x, 3, padding=1, stride=2)
    counts = ops.fold(ops.unfold(np.ones_like(x), 3, padding=1, stride=2), (7, 6), 3, padding=1, stride=2)
    np.testing.assert_allclose(ops.fold(columns, (7, 6), 3, padding=1, stride=2), x * counts.numpy())


def test_lu_is_a_factorization():
    x = R.normal(size=(2, 5, 5))
    lu, pivots = ops.lu_factor(x)
    for matrix, factors, swaps in zip(x, lu.numpy(), pivots.numpy(), strict=True):
        rows = matrix.copy()
        for place, other in enumerate(swaps):
            rows[[place, other]] = rows[[other, place]]
        np.testing.assert_allclose((np.tril(factors, -1) + np.eye(5)) @ np.triu(factors), rows, atol=1e-13)
    singular, _ = ops.lu_factor(np.ones((2, 2)))
    assert singular.tolist() == [[1, 1], [1, 0]]


def test_eigenvalues():
    x = R.normal(size=(3, 3))
    values, vectors = ops.eig(x)
    np.testing.assert_allclose(x @ vectors.numpy(), vectors.numpy() * values.numpy(), atol=1e-12)


def test_distances_have_a_gradient_where_points_meet():
    x = pf.constant([[1.0, 2.0], [1.0, 2.0]])
    assert pf.grad(lambda x: pf.sum(ops.cdist(x, x)))(x).tolist() == [[0, 0], [0, 0]]


def test_a_masked_query_sees_all_alike():
    v = R.normal(size=(1, 3, 2, 4))
    found = ops.dot_product_attention(v, v, v, mask=np.zeros((1, 1, 3, 3), bool))
    np.testing.assert_allclose(found, np.broadcast_to(v.mean(1, keepdims=True), v.shape))


def test_unique_values_wait_for_no_trace():
    with pytest.raises(TraceError, match="size="):
        pf.function(ops.unique)(pf.constant([1, 1, 2]))
    assert [one.shape for one in ops.unique(np.zeros((0, 3)), axis=0, return_counts=True)] == [(0, 3), (0,)]


# Functions of functions -----------------------------------------------------------------------------------------------


def test_switch():
    def chosen(index, x):
        return ops.switch(index, [lambda x: x, lambda x: 2 * x, lambda x: -x], x)

    for call in (chosen, pf.function(chosen)):
        assert [float(call(pf.constant(i), pf.constant(3.0))) for i in (-4, 0, 1, 2, 9)] == [3, 3, 6, -3, -3]


@pytest.mark.parametrize("count", range(9))
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scans(count, reverse):
    """Of pairs of numbers, by a function of which the order counts: that of lines put into lines."""
    a, b = R.normal(size=(2, count)), R.normal(size=(2, count))

    def into(first, second):
        return first[0] * second[0], second[0] * first[1] + second[1]

    found = ops.associative_scan(into, (pf.constant(a), pf.constant(b)), reverse=reverse, axis=1)
    slope, offset = np.ones(2), np.zeros(2)
    for place in sorted(range(count), reverse=reverse):
        slope, offset = slope * a[:, place], a[:, place] * offset + b[:, place]
        np.testing.assert_allclose(found[0][:, place], slope)
        np.testing.assert_allclose(found[1][:, place], offset)


def test_jvp():
    value, tangent = ops.jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0))
    assert (float(value), float(tangent)) == (12, 34)
    value, tangent, aux = ops.jvp(lambda x: (x**2, {"x": x}), (3.0,), (1.0,), has_aux=True)
    assert (float(value), float(tangent), float(aux["x"])) == (9, 6, 3)


# Between layers -------------------------------------------------------------------------------------------------------


def test_between_layers_and_in_files(tmp_path):
    x = K.Input((4, 3))
    parts = ops.array_split(ops.layer_normalization(x), 2, axis=1)
    model = K.Model(
        x, [ops.fliplr(parts[0]), ops.quantile(parts[1], 0.5, axis=-1), ops.rearrange(x, "b t c -> b (c t)")]
    )
    assert [one.shape for one in model.outputs] == [(None, 2, 3), (None, 2), (None, 12)]
    model.save(tmp_path / "m.safetensors")
    given = R.normal(size=(5, 4, 3)).astype("float32")
    first = model.predict(given, verbose=0)
    again = K.models.load_model(tmp_path / "m.safetensors").predict(given, verbose=0)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(first[2], given.transpose(0, 2, 1).reshape(5, 12))


# Wrong arguments ------------------------------------------------------------------------------------------------------

V = np.ones(4, "float32")
M = np.ones((4, 4), "float32")

WRONG = [
    (lambda: ops.array_split(V, 0), ShapeError, "1 part or more; got 0"),
    (lambda: ops.hsplit(V, 3), ShapeError, "size 4 into 3"),
    (lambda: ops.vsplit(V, 2), ShapeError, "vsplit needs 2 axes"),
    (lambda: ops.dsplit(M, 2), ShapeError, "dsplit needs 3 axes"),
    (lambda: ops.fliplr(V), ShapeError, "2 axes or more"),
    (lambda: ops.rot90(M, axes=(0, 0)), AxisError, "twice"),
    (lambda: ops.rot90(M, axes=(0, 1, 0)), AxisError, "two axes"),
    (lambda: ops.diag(np.ones((2, 2, 2))), ShapeError, "a vector or a matrix"),
    (lambda: ops.select([V > 0], [V, V]), ValueError, "got 2 for 1"),
    (lambda: ops.rearrange(M, "a b -> a"), ValueError, "same names on both sides"),
    (lambda: ops.rearrange(M, "a b c -> c b a"), ShapeError, r"3 axes; got shape \(4, 4\)"),
    (lambda: ops.rearrange(M, "(a b) c -> a b c"), ValueError, "all but one of a, b"),
    (lambda: ops.rearrange(M, "(a b) c -> a b c", a=3), ShapeError, "of size 4"),
    (lambda: ops.rearrange(M, "a-b -> b-a"), ValueError, "names and pairs of parentheses"),
    (lambda: ops.ldexp(V, V), DTypeError, "integers as exponents; got float32"),
    (lambda: ops.gcd(V, 2), DTypeError, "gcd takes integers"),
    (lambda: ops.lcm(2, V), DTypeError, "lcm takes integers"),
    (lambda: ops.view_as_complex(V), ShapeError, "pairs on the last axis"),
    (lambda: ops.quantile(V, 0.5, method="median"), ValueError, "got 'median'"),
    (lambda: ops.quantile(V, [[0.5]]), ShapeError, "a number or a vector"),
    (lambda: ops.quantile(V[:0], 0.5), ValueError, "no elements"),
    (lambda: ops.argpartition(V, 4), ValueError, "from -4 to 3"),
    (lambda: ops.digitize(V, M), ShapeError, "vector of edges"),
    (lambda: ops.histogram(V, 0), ValueError, "1 bin or more"),
    (lambda: ops.histogram(V, 2, (1, 0)), ValueError, "range that rises"),
    (lambda: ops.vdot(V, V[1:]), ShapeError, "got 4 and 3"),
    (lambda: ops.correlate(V, M), ShapeError, "two vectors"),
    (lambda: ops.correlate(V, V, "some"), ValueError, "got 'some'"),
    (lambda: ops.vander(M), ShapeError, "vander takes a vector"),
    (lambda: ops.corrcoef(np.ones((2, 2, 2))), ShapeError, "takes a matrix"),
    (lambda: ops.cdist(M, V), ShapeError, "rows of one length"),
    (lambda: ops.lu_factor(M[1:]), ShapeError, "square matrices"),
    (lambda: ops.logspace(0, 1, -1), ValueError, "num >= 0"),
    (lambda: ops.geomspace(0, 1), ValueError, "never from or to 0"),
    (lambda: ops.multi_hot([1]), ValueError, "num_classes"),
    (lambda: ops.multi_hot([1], 3, sparse=True), ValueError, "dense"),
    (lambda: ops.psnr(V, M, 1), ShapeError, "one shape"),
    (lambda: ops.layer_normalization(M, V[1:]), ShapeError, "gamma has shape"),
    (lambda: ops.batch_normalization(M, V[1:], V, 1), ShapeError, "mean has shape"),
    (lambda: ops.dot_product_attention(M, M, M), ShapeError, "batch, T, N, H"),
    (
        lambda: ops.dot_product_attention(*[np.ones((1, 2, 3, n)) for n in (4, 4, 4)], flash_attention=True),
        ValueError,
        "fused",
    ),
    (lambda: ops.fft(V), ValueError, "pair of real and imaginary"),
    (lambda: ops.fft((V, M)), ShapeError, "one shape"),
    (lambda: ops.rfft([1, 2]), DTypeError, "rfft takes floats"),
    (lambda: ops.extract_sequences(V, 5, 1), ShapeError, "5 elements or more"),
    (lambda: ops.extract_sequences(V, 2, 0), ValueError, "sequence_stride of 1 or more"),
    (lambda: ops.stft(V, 4, 1, 2), ValueError, "fft_length"),
    (lambda: ops.stft(V, 4, 1, 4, window="flat"), ValueError, "got 'flat'"),
    (lambda: ops.istft((V, V), 4, 1, 4), ShapeError, "pieces"),
    (lambda: ops.space_to_depth(M, 2), ShapeError, "four axes"),
    (lambda: ops.space_to_depth(np.ones((1, 3, 4, 1)), 2), ShapeError, "multiples of 2; got 3 and 4"),
    (lambda: ops.depth_to_space(np.ones((1, 2, 2, 3)), 2), ShapeError, "multiple of 4 channels; got 3"),
    (lambda: ops.depth_to_space(np.ones((1, 2, 2, 4)), 2, "last"), ValueError, "got 'last'"),
    (lambda: ops.unfold(np.ones((1, 1, 2, 2)), 3), ShapeError, "does not fit"),
    (lambda: ops.fold(np.ones((1, 4, 5)), 3, 2), ShapeError, "a multiple of 4, 4"),
    (lambda: ops.switch(0, []), ValueError, "one function"),
    (lambda: ops.associative_scan(lambda a, b: a, (V, V[1:])), ShapeError, r"got \[3, 4\]"),
    (lambda: ops.ctc_loss(V, M, V, V), ShapeError, "batch, labels"),
    (lambda: ops.ctc_decode(np.ones((1, 2, 3)), [2], "beam_search"), UnsupportedError, "greedy"),
    (lambda: ops.ctc_decode(np.ones((1, 2, 3)), [2], "best"), ValueError, "got 'best'"),
]


@pytest.mark.parametrize(("call", "error", "sentence"), WRONG, ids=[sentence for _, _, sentence in WRONG])
def test_wrong_arguments_are_told(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


# What is not there ----------------------------------------------------------------------------------------------------

_KERNELS = "slides a kernel over pictures or signals; there are no layers for these"
ABSENT = {
    **dict.fromkeys(("conv", "conv_transpose", "depthwise_conv", "separable_conv"), _KERNELS),
    **dict.fromkeys(("average_pool", "max_pool", "adaptive_average_pool", "adaptive_max_pool"), _KERNELS),
    "image": "pictures in other sizes and colors; there are no layers for these",
    "view": "no op for the bits of numbers as other numbers",
}
"""The names of Keras's that are lacking, each with its reason. The list may become shorter only."""


def public(module):
    return {name for name in dir(module) if not name.startswith("_")}


def test_what_is_lacking_is_known():
    import keras

    assert public(keras.ops) - set(ops.__all__) == set(ABSENT)
    for part in ("linalg", "nn", "numpy"):
        ours, theirs = getattr(ops, part), getattr(keras.ops, part)
        assert set(ours.__all__) == public(theirs) - set(ABSENT)
        assert all(getattr(ours, name) is getattr(ops, name) for name in ours.__all__)


@pytest.mark.parametrize("name", sorted(set(ABSENT) - {"view"}))
def test_what_is_lacking_says_what_there_is(name):
    with pytest.raises(AttributeError, match="Instead: "):
        getattr(ops, name)
