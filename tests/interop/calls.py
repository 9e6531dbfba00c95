"""Calls of other people's libraries: each with tensors, and with NumPy arrays for the values that it should give.

A call takes a namespace of the array API standard and arrays by name; it returns arrays, or tuples of them. With NumPy
arrays the library takes its own way through NumPy: the oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Call = Callable[[Any, Any], Any]

RNG = np.random.default_rng(20251)
ARRAYS: dict[str, np.ndarray] = {
    "x": RNG.normal(size=12),
    "y": RNG.normal(size=12),
    "p": RNG.uniform(0.1, 0.9, 12),
    "positive": RNG.uniform(0.5, 4.0, 12),
    "m": RNG.normal(size=(8, 3)),
    "n": RNG.normal(size=(8, 3)) + 1.0,
    "square": RNG.normal(size=(3, 3)) + 3 * np.eye(3),
    "spd": np.diag([1.0, 2.0, 3.0]) + 0.1,
    "image": RNG.normal(size=(6, 7)),
    "signal": np.sin(np.linspace(0.0, 20.0, 64)) + 0.1 * RNG.normal(size=64),
    "complex": RNG.normal(size=8) + 1j * RNG.normal(size=8),
    "ints": np.array([3, 1, 2, 3, 1, 0]),
    "labels": np.array([0, 1, 1, 0, 1, 0, 1, 0]),
    "target": RNG.normal(size=8),
    "mask": np.array([True, False] * 6),
    "quaternions": RNG.normal(size=(5, 4)),
    "three": RNG.normal(size=(2, 3, 4)),
}


class Arrays:
    """The arrays above as a backend's, by attribute."""

    def __init__(self, convert: Callable[[np.ndarray], Any]) -> None:
        for name, value in ARRAYS.items():
            setattr(self, name, convert(value))


CALLS: dict[str, Call] = {}


def _add(prefix: str, calls: dict[str, Call]) -> None:
    for name, call in calls.items():
        CALLS[f"{prefix}/{name}"] = call


# array-api-compat and array-api-extra ---------------------------------------------------------------------------------


def _compat() -> dict[str, Call]:
    import array_api_compat as compat

    return {
        "array_namespace": lambda xp, a: compat.array_namespace(a.x, a.m).sum(a.x),
        "to_device": lambda xp, a: compat.to_device(a.x, compat.device(a.x)),
        "size": lambda xp, a: xp.zeros(compat.size(a.m)),
    }


def _extra() -> dict[str, Call]:
    import array_api_extra as xpx

    return {
        "at.set": lambda xp, a: xpx.at(a.x)[2:5].set(7.0),
        "at.add": lambda xp, a: xpx.at(a.x, a.mask).add(1.0),
        "at.multiply": lambda xp, a: xpx.at(a.m)[:, 0].multiply(2.0),
        "at.max": lambda xp, a: xpx.at(a.m, 1).max(0.0),
        "atleast_nd": lambda xp, a: xpx.atleast_nd(a.x, ndim=3, xp=xp),
        "cov": lambda xp, a: xpx.cov(a.m, xp=xp),
        "create_diagonal": lambda xp, a: xpx.create_diagonal(a.x, offset=1, xp=xp),
        "default_dtype": lambda xp, a: xp.ones(2, dtype=xpx.default_dtype(xp, "integral")) * a.ints[:2],
        "isclose": lambda xp, a: xpx.isclose(a.x, a.x + 1e-12, xp=xp),
        "kron": lambda xp, a: xpx.kron(a.square, a.spd, xp=xp),
        "nunique": lambda xp, a: xpx.nunique(a.ints, xp=xp),
        "one_hot": lambda xp, a: xpx.one_hot(a.ints, 4, dtype=xp.float64, xp=xp),
        "pad": lambda xp, a: xpx.pad(a.m, ((1, 2), (0, 1)), xp=xp),
        "setdiff1d": lambda xp, a: xpx.setdiff1d(a.ints, a.ints[:2], xp=xp),
        "sinc": lambda xp, a: xpx.sinc(a.x, xp=xp),
        "apply_where": lambda xp, a: xpx.apply_where(a.x > 0, a.x, xp.sqrt, lambda x: -x, xp=xp),
        "apply_where-fill": lambda xp, a: xpx.apply_where(a.x > 0, (a.x, a.y), xp.pow, fill_value=0.0, xp=xp),
    }


# einops ---------------------------------------------------------------------------------------------------------------


def _einops() -> dict[str, Call]:
    from einops import array_api as einops

    return {
        "rearrange": lambda xp, a: einops.rearrange(a.three, "b h w -> w (b h)"),
        "reduce": lambda xp, a: einops.reduce(a.three, "b h w -> b w", "mean"),
        "reduce-max": lambda xp, a: einops.reduce(a.three, "b (h k) w -> h w", "max", k=3),
        "repeat": lambda xp, a: einops.repeat(a.m, "r c -> r k c", k=2),
        "pack": lambda xp, a: einops.pack([a.m, a.n], "r *")[0],
        "unpack": lambda xp, a: tuple(einops.unpack(a.m, [(1,), (2,)], "r *")),
        "asnumpy": lambda xp, a: xp.asarray(einops.asnumpy(a.m)),
    }


# SciPy ----------------------------------------------------------------------------------------------------------------


def _special() -> dict[str, Call]:
    from scipy import special

    return {
        "expit": lambda xp, a: special.expit(a.x),
        "logit": lambda xp, a: special.logit(a.p),
        "erf": lambda xp, a: special.erf(a.x),
        "erfc": lambda xp, a: special.erfc(a.x),
        "gammaln": lambda xp, a: special.gammaln(a.positive),
        "gammainc": lambda xp, a: special.gammainc(a.positive, a.positive),
        "gammaincc": lambda xp, a: special.gammaincc(a.positive, a.p),
        "log_ndtr": lambda xp, a: special.log_ndtr(a.x),
        "ndtr": lambda xp, a: special.ndtr(a.x),
        "ndtri": lambda xp, a: special.ndtri(a.p),
        "i0": lambda xp, a: special.i0(a.x),
        "i1e": lambda xp, a: special.i1e(a.x),
        "entr": lambda xp, a: special.entr(a.p),
        "rel_entr": lambda xp, a: special.rel_entr(a.p, a.positive),
        "xlogy": lambda xp, a: special.xlogy(a.x, a.positive),
        "logsumexp": lambda xp, a: special.logsumexp(a.m, axis=0),
        "softmax": lambda xp, a: special.softmax(a.m, axis=1),
        "log_softmax": lambda xp, a: special.log_softmax(a.m, axis=1),
        "chdtrc": lambda xp, a: special.chdtrc(a.positive, a.positive),
        "betainc": lambda xp, a: special.betainc(a.positive, a.positive, a.p),
        "stdtrit": lambda xp, a: special.stdtrit(a.positive, a.p),
        "zeta": lambda xp, a: special.zeta(a.positive + 1.0, a.positive),
        "sinc": lambda xp, a: special.sinc(a.x),
    }


def _fft() -> dict[str, Call]:
    from scipy import fft

    return {
        "fft": lambda xp, a: fft.fft(a.complex),
        "ifft": lambda xp, a: fft.ifft(a.complex),
        "rfft": lambda xp, a: fft.rfft(a.signal),
        "irfft": lambda xp, a: fft.irfft(a.complex),
        "hfft": lambda xp, a: fft.hfft(a.complex),
        "fft2": lambda xp, a: fft.fft2(a.image + 0j),
        "rfftn": lambda xp, a: fft.rfftn(a.image),
        "fftshift": lambda xp, a: fft.fftshift(a.signal),
        "dct": lambda xp, a: fft.dct(a.signal),
        "fht": lambda xp, a: fft.fht(a.positive, 0.1, 0.5),
    }


def _signal() -> dict[str, Call]:
    from scipy import signal

    return {
        "convolve": lambda xp, a: signal.convolve(a.signal, a.x),
        "convolve2d": lambda xp, a: signal.convolve2d(a.image, a.square),
        "correlate": lambda xp, a: signal.correlate(a.signal, a.x),
        "fftconvolve": lambda xp, a: signal.fftconvolve(a.signal, a.x),
        "oaconvolve": lambda xp, a: signal.oaconvolve(a.signal, a.x),
        "detrend": lambda xp, a: signal.detrend(a.signal),
        "hilbert": lambda xp, a: signal.hilbert(a.signal),
        "lfilter": lambda xp, a: signal.lfilter(xp.asarray([0.5, 0.5]), xp.asarray([1.0, -0.25]), a.signal),
        "sosfilt": lambda xp, a: signal.sosfilt(xp.asarray([[0.25, 0.5, 0.25, 1.0, -0.5, 0.125]]), a.signal),
        "resample": lambda xp, a: signal.resample(a.signal, 32),
        "savgol_filter": lambda xp, a: signal.savgol_filter(a.signal, 7, 2),
        "medfilt": lambda xp, a: signal.medfilt(a.signal, 3),
        "windows.hann": lambda xp, a: signal.windows.hann(9, xp=xp) * a.x[:9],
        "windows.kaiser": lambda xp, a: signal.windows.kaiser(9, 5.0, xp=xp) * a.x[:9],
        "upfirdn": lambda xp, a: signal.upfirdn(a.x[:3], a.signal, 2, 3),
    }


def _stats() -> dict[str, Call]:
    from scipy import stats

    return {
        "zscore": lambda xp, a: stats.zscore(a.m),
        "ttest_ind": lambda xp, a: tuple(stats.ttest_ind(a.m, a.n)),
        "ttest_1samp": lambda xp, a: tuple(stats.ttest_1samp(a.m, 0.2)),
        "skew": lambda xp, a: stats.skew(a.m),
        "kurtosis": lambda xp, a: stats.kurtosis(a.m, axis=0),
        "pearsonr": lambda xp, a: tuple(stats.pearsonr(a.x, a.y)),
        "entropy": lambda xp, a: stats.entropy(a.p),
        "rankdata": lambda xp, a: stats.rankdata(a.x),
        "gmean": lambda xp, a: stats.gmean(a.positive),
        "hmean": lambda xp, a: stats.hmean(a.positive),
        "moment": lambda xp, a: stats.moment(a.m, 3),
        "sem": lambda xp, a: stats.sem(a.m),
        "variation": lambda xp, a: stats.variation(a.positive),
        "describe": lambda xp, a: tuple(stats.describe(a.m)[2:]),
        "quantile": lambda xp, a: stats.quantile(a.x, a.p[:3]),
        "chisquare": lambda xp, a: tuple(stats.chisquare(a.positive)),
        "bartlett": lambda xp, a: tuple(stats.bartlett(a.x, a.y)),
        "jarque_bera": lambda xp, a: tuple(stats.jarque_bera(a.x)),
        "normaltest": lambda xp, a: tuple(stats.normaltest(a.signal)),
        "circmean": lambda xp, a: stats.circmean(a.x),
        "directional_stats": lambda xp, a: stats.directional_stats(a.m).mean_direction,
    }


def _cluster() -> dict[str, Call]:
    from scipy.cluster import hierarchy, vq

    return {
        "vq.whiten": lambda xp, a: vq.whiten(a.m),
        "vq.vq": lambda xp, a: vq.vq(a.m, a.n[:3]),
        "vq.kmeans": lambda xp, a: vq.kmeans(a.m, a.n[:3])[0],
        "vq.kmeans2": lambda xp, a: vq.kmeans2(a.m, a.n[:3], minit="matrix"),
        "hierarchy.linkage": lambda xp, a: hierarchy.linkage(a.m, "single"),
        "hierarchy.fcluster": lambda xp, a: hierarchy.fcluster(hierarchy.linkage(a.m, "single"), 1.0),
    }


def _others() -> dict[str, Call]:
    from scipy import constants, differentiate, integrate, ndimage, optimize
    from scipy.optimize import elementwise
    from scipy.spatial.transform import Rotation

    def root(xp: Any, a: Any) -> Any:
        two = a.positive[:2]  # of which those that are found drop out: each number left has programs of its own on JAX
        return elementwise.find_root(lambda x, c: x**3 - c, (xp.zeros_like(two), two + 1), args=(two,)).x

    def minimum(xp: Any, a: Any) -> Any:
        one = xp.ones_like(a.p[:2])
        return elementwise.find_minimum(lambda x, c: (x - c) ** 2, (-2 * one, 0.05 * one, 2 * one), args=(a.p[:2],)).x

    return {
        "integrate.trapezoid": lambda xp, a: integrate.trapezoid(a.m, axis=0),
        "integrate.cumulative_trapezoid": lambda xp, a: integrate.cumulative_trapezoid(a.m, axis=0),
        "integrate.tanhsinh": lambda xp, a: integrate.tanhsinh(lambda x: x**2, a.x[:2] * 0, a.positive[:2]).integral,
        "integrate.nsum": lambda xp, a: integrate.nsum(lambda k: 1 / k**2, xp.asarray(1.0), xp.asarray(50.0)).sum,
        "integrate.cubature": lambda xp, a: (
            integrate.cubature(lambda x: xp.sum(x**2, axis=-1), 0.0 * a.x[:2], 0.0 * a.x[:2] + 2.0).estimate
        ),
        "optimize.elementwise.find_root": root,
        "optimize.elementwise.find_minimum": minimum,
        "optimize.rosen": lambda xp, a: optimize.rosen(a.x),
        "optimize.rosen_der": lambda xp, a: optimize.rosen_der(a.x),
        "differentiate.derivative": lambda xp, a: differentiate.derivative(xp.exp, a.x[:2]).df,
        "constants.convert_temperature": lambda xp, a: constants.convert_temperature(a.x, "C", "K"),
        "ndimage.gaussian_filter": lambda xp, a: ndimage.gaussian_filter(a.image, 1.0),
        "ndimage.sobel": lambda xp, a: ndimage.sobel(a.image),
        "Rotation.as_matrix": lambda xp, a: Rotation.from_quat(a.quaternions).as_matrix(),
        "Rotation.apply": lambda xp, a: Rotation.from_quat(a.quaternions[0]).apply(a.m),
        "Rotation.as_rotvec": lambda xp, a: Rotation.from_quat(a.quaternions).as_rotvec(),
    }


# scikit-learn ---------------------------------------------------------------------------------------------------------


def _sklearn() -> dict[str, Call]:
    import sklearn
    from sklearn import decomposition, discriminant_analysis, linear_model, metrics, naive_bayes, preprocessing
    from sklearn.metrics import pairwise
    from sklearn.pipeline import make_pipeline

    def dispatched(call: Call) -> Call:
        def run(xp: Any, a: Any) -> Any:
            with sklearn.config_context(array_api_dispatch=True):
                return call(xp, a)

        return run

    calls: dict[str, Call] = {
        "StandardScaler": lambda xp, a: preprocessing.StandardScaler().fit_transform(a.m),
        "MinMaxScaler": lambda xp, a: preprocessing.MinMaxScaler().fit_transform(a.m),
        "MaxAbsScaler": lambda xp, a: preprocessing.MaxAbsScaler().fit_transform(a.m),
        "Normalizer": lambda xp, a: preprocessing.Normalizer().fit_transform(a.m),
        "Binarizer": lambda xp, a: preprocessing.Binarizer(threshold=0.1).fit_transform(a.m),
        "PolynomialFeatures": lambda xp, a: preprocessing.PolynomialFeatures(2).fit_transform(a.m),
        "PCA": lambda xp, a: xp.abs(decomposition.PCA(2, svd_solver="full").fit_transform(a.m)),
        "Ridge": lambda xp, a: linear_model.Ridge(solver="svd").fit(a.m, a.target).coef_,
        "Ridge.predict": lambda xp, a: linear_model.Ridge(solver="svd").fit(a.m, a.target).predict(a.n),
        "LinearDiscriminantAnalysis": lambda xp, a: (
            discriminant_analysis.LinearDiscriminantAnalysis().fit(a.m, a.labels).predict(a.n)
        ),
        "GaussianNB": lambda xp, a: naive_bayes.GaussianNB().fit(a.m, a.labels).predict_proba(a.n),
        "LogisticRegression": lambda xp, a: linear_model.LogisticRegression().fit(a.m, a.labels).predict(a.n),
        "pipeline": lambda xp, a: (
            make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge(solver="svd"))
            .fit(a.m, a.target)
            .predict(a.m)
        ),
        "pairwise.euclidean_distances": lambda xp, a: pairwise.euclidean_distances(a.m, a.n),
        "pairwise.cosine_similarity": lambda xp, a: pairwise.cosine_similarity(a.m, a.n),
        "pairwise.rbf_kernel": lambda xp, a: pairwise.rbf_kernel(a.m, a.n),
        "pairwise.linear_kernel": lambda xp, a: pairwise.linear_kernel(a.m),
    }
    numbers = {
        "accuracy_score": lambda xp, a: metrics.accuracy_score(a.labels, a.labels[::-1]),
        "mean_squared_error": lambda xp, a: metrics.mean_squared_error(a.x, a.y),
        "mean_absolute_error": lambda xp, a: metrics.mean_absolute_error(a.x, a.y),
        "r2_score": lambda xp, a: metrics.r2_score(a.x, a.y),
        "zero_one_loss": lambda xp, a: metrics.zero_one_loss(a.labels, a.labels[::-1]),
    }
    NUMBERS.update(f"sklearn/{name}" for name in numbers)
    return {name: dispatched(call) for name, call in {**calls, **numbers}.items()}


NUMBERS: set[str] = set()
"""Calls that give a Python number on every backend: there is no array to ask for."""


# xarray ---------------------------------------------------------------------------------------------------------------


def _xarray() -> dict[str, Call]:
    import xarray as xr

    def table(a: Any) -> Any:
        return xr.DataArray(a.three, dims=("b", "h", "w"), coords={"h": [10, 20, 30]})

    return {
        "arithmetic": lambda xp, a: (table(a) * 2 + table(a)).data,
        "isel": lambda xp, a: table(a).isel(h=1, w=slice(0, 2)).data,
        "sel": lambda xp, a: table(a).sel(h=20).data,
        "transpose": lambda xp, a: table(a).transpose("w", "b", "h").data,
        "stack": lambda xp, a: table(a).stack(z=("b", "w")).data,
        "concat": lambda xp, a: xr.concat([table(a), table(a)], dim="b").data,
        "broadcast": lambda xp, a: xr.broadcast(table(a), table(a).isel(b=0))[1].data,
        "mean": lambda xp, a: table(a).mean("h").data,
        "sum": lambda xp, a: table(a).sum(("b", "w")).data,
        "std": lambda xp, a: table(a).std("h").data,
        "max": lambda xp, a: table(a).max("w").data,
        "where": lambda xp, a: table(a).where(table(a) > 0, 0.0).data,
        "clip": lambda xp, a: table(a).clip(-0.5, 0.5).data,
        "groupby": lambda xp, a: table(a).groupby("h").mean().data,
        "dot": lambda xp, a: xr.dot(table(a), table(a), dim="h").data,
        "apply_ufunc": lambda xp, a: xr.apply_ufunc(xp.exp, table(a)).data,
    }


def _protocol() -> dict[str, Call]:
    """Python's own protocols, through which everything else comes."""
    return {
        "dlpack": lambda xp, a: xp.from_dlpack(np.from_dlpack(a.m)),
        "asarray": lambda xp, a: xp.asarray(np.asarray(a.m)),
        "numpy-scalar": lambda xp, a: np.float64(2.0) * a.x + np.int64(1),
        "sum": lambda xp, a: sum([a.x, a.y]),
    }


for _prefix, _calls in {
    "array_api_compat": _compat, "array_api_extra": _extra, "einops": _einops, "scipy.special": _special,
    "scipy.fft": _fft, "scipy.signal": _signal, "scipy.stats": _stats, "scipy.cluster": _cluster, "scipy": _others,
    "sklearn": _sklearn, "xarray": _xarray, "protocol": _protocol,
}.items():  # fmt: skip
    _add(_prefix, _calls())


# What cannot be -------------------------------------------------------------------------------------------------------


def _leaving() -> dict[str, tuple[Call, str]]:
    import xarray as xr
    from scipy import interpolate, linalg, optimize, signal, spatial, special, stats

    return {
        "scipy.signal/decimate": (lambda xp, a: signal.decimate(a.signal, 2), "SciPy filters in its own arrays"),
        "scipy.signal/welch": (lambda xp, a: signal.welch(a.signal, nperseg=16)[1], "SciPy has not converted it"),
        "scipy.signal/find_peaks": (lambda xp, a: signal.find_peaks(a.signal)[0], "compiled code of SciPy's"),
        "scipy.linalg/inv": (lambda xp, a: linalg.inv(a.square), "scipy.linalg is LAPACK on NumPy arrays"),
        "scipy.linalg/svd": (lambda xp, a: linalg.svd(a.square)[1], "scipy.linalg is LAPACK on NumPy arrays"),
        "scipy.spatial/cdist": (lambda xp, a: spatial.distance.cdist(a.m, a.n), "compiled code of SciPy's"),
        "scipy.special/jv": (lambda xp, a: special.jv(1.0, np.asarray(a.positive)), "a ufunc of NumPy's"),
        "scipy.stats/spearmanr": (lambda xp, a: np.asarray(stats.spearmanr(a.x, a.y)[0]), "SciPy has not converted it"),
        "scipy.optimize/minimize": (
            lambda xp, a: optimize.minimize(lambda x: float(sum(x**2)), np.asarray(a.x)).x,
            "SciPy has not converted it",
        ),
        "scipy.interpolate/CubicSpline": (
            lambda xp, a: interpolate.CubicSpline(np.arange(12.0), np.asarray(a.x))(0.5),
            "SciPy has not converted it",
        ),
        "xarray/cumsum": (
            lambda xp, a: xr.DataArray(a.m, dims=("r", "c")).cumsum("r").data,
            "xarray calls NumPy's own nancumsum",
        ),
    }


LEAVING: dict[str, tuple[Call, str]] = _leaving()
"""Calls that give NumPy's arrays whatever they are given, and why: the list shrinks as these libraries grow."""
