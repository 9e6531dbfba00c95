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
        "at.min": lambda xp, a: xpx.at(a.x)[a.mask].min(0.0),
        "at.power": lambda xp, a: xpx.at(a.positive)[:3].power(2.0),
        "at.divide": lambda xp, a: xpx.at(a.m)[0, ...].divide(2.0),
        "at.subtract": lambda xp, a: xpx.at(a.m)[::-1, 0].subtract(a.target),
        "at.set-array": lambda xp, a: xpx.at(a.x)[xp.asarray([0, 3])].set(xp.asarray([5.0, 6.0])),
        "angle": lambda xp, a: xpx.angle(a.complex, xp=xp),
        "argpartition": lambda xp, a: xp.sort(xp.take(a.x, xpx.argpartition(a.x, 3, xp=xp))[:3]),
        "partition": lambda xp, a: xp.sort(xpx.partition(a.x, 3, xp=xp)[:3]),
        "deg2rad": lambda xp, a: xpx.deg2rad(a.x, xp=xp),
        "rad2deg": lambda xp, a: xpx.rad2deg(a.x, xp=xp),
        "diag_indices": lambda xp, a: tuple(xpx.diag_indices(3, xp=xp)),
        "tril_indices": lambda xp, a: tuple(xpx.tril_indices(3, offset=1, xp=xp)),
        "triu_indices": lambda xp, a: tuple(xpx.triu_indices(3, xp=xp)),
        "expand_dims": lambda xp, a: xpx.expand_dims(a.x, axis=(0, 2), xp=xp),
        "isin": lambda xp, a: xpx.isin(a.ints, a.ints[:2], invert=True, xp=xp),
        "lazy_apply": lambda xp, a: xpx.lazy_apply(np.sort, a.x, shape=(12,), dtype=a.x.dtype, as_numpy=True, xp=xp),
        "nan_to_num": lambda xp, a: xpx.nan_to_num(xp.where(a.x > 0, a.x, xp.nan), fill_value=3.0, xp=xp),
        "nanmax": lambda xp, a: xpx.nanmax(xp.where(a.m > 0, a.m, xp.nan), axis=0, xp=xp),
        "nanmin": lambda xp, a: xpx.nanmin(xp.where(a.m > 0, a.m, xp.nan), xp=xp),
        "nanmean": lambda xp, a: xpx.nanmean(xp.where(a.m > 0, a.m, xp.nan), axis=0, xp=xp),
        "nansum": lambda xp, a: xpx.nansum(xp.where(a.m > 0, a.m, xp.nan), axis=1, xp=xp),
        "searchsorted": lambda xp, a: xpx.searchsorted(xp.sort(a.m, axis=-1), a.n, side="right", xp=xp),
        "union1d": lambda xp, a: xpx.union1d(a.ints, a.ints + 2, xp=xp),
        "unravel_index": lambda xp, a: tuple(xpx.unravel_index(a.ints, (2, 3), xp=xp)),
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
        "logsumexp-weights": lambda xp, a: tuple(special.logsumexp(a.m, axis=1, b=a.n, return_sign=True)),
        "logsumexp-complex": lambda xp, a: special.logsumexp(a.complex),
        "multigammaln": lambda xp, a: special.multigammaln(a.positive + 2.0, 2),
        "betainc-number": lambda xp, a: special.betainc(2.0, a.positive, a.p),
        **{
            name: lambda xp, a, name=name: getattr(special, name)(a.p)
            for name in ("cbrt", "ellipk", "exp1", "exprel", "expi", "gamma", "j0", "k1", "psi", "spence", "y0")
        },
        **{
            name: lambda xp, a, name=name: getattr(special, name)(a.positive, a.p)
            for name in ("betaln", "binom", "boxcox", "gammaincinv", "huber", "kl_div", "poch", "xlog1py")
        },
        **{
            name: lambda xp, a, name=name: getattr(special, name)(a.positive + 1.0, a.positive, a.p)
            for name in ("betaincc", "betaincinv", "fdtr", "gdtr", "hyp1f1")
        },
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
        "ifht": lambda xp, a: fft.ifht(a.positive, 0.1, 0.5),
        "fft-longer": lambda xp, a: fft.fft(a.complex, n=11, norm="ortho"),
        "fft-real": lambda xp, a: fft.fft(a.x),
        "ihfft": lambda xp, a: fft.ihfft(a.signal, norm="forward"),
        "irfftn": lambda xp, a: fft.irfftn(a.image + 0j, s=(4, 9)),
        "hfftn": lambda xp, a: fft.hfftn(a.image + 0j),
        "ihfft2": lambda xp, a: fft.ihfft2(a.image),
        "fftfreq": lambda xp, a: fft.fftfreq(8, xp=xp) * a.complex,
        **{name: lambda xp, a, name=name: getattr(fft, name)(a.image) for name in ("dctn", "idctn", "dstn", "idstn")},
        **{f"idct-{kind}": lambda xp, a, kind=kind: fft.idct(a.image, type=kind) for kind in (1, 3, 4)},
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
        "correlate2d": lambda xp, a: signal.correlate2d(a.image, a.square, mode="same", boundary="symm"),
        "cspline1d_eval": lambda xp, a: signal.cspline1d_eval(signal.cspline1d(a.signal), a.positive),
        "deconvolve": lambda xp, a: tuple(signal.deconvolve(a.signal[:10], a.positive[:3])),
        "detrend-constant": lambda xp, a: signal.detrend(a.signal, type="constant"),
        "envelope": lambda xp, a: signal.envelope(a.signal),
        "filtfilt": lambda xp, a: signal.filtfilt(a.p[:2], a.p[2:4] + xp.asarray([1.0, 0.0]), a.signal),
        "freqz": lambda xp, a: tuple(signal.freqz(a.p[:2], a.positive[:2], worN=16)),
        "group_delay": lambda xp, a: tuple(signal.group_delay((a.p[:2], a.positive[:2]), w=16)),
        "hilbert2": lambda xp, a: signal.hilbert2(a.image),
        "lfilter_zi": lambda xp, a: signal.lfilter_zi(a.p[:2], a.p[2:4] + xp.asarray([1.0, 0.0])),
        "lp2bs": lambda xp, a: tuple(signal.lp2bs(a.p[:1], a.positive[:3], 2.0, 1.0)),
        "medfilt2d": lambda xp, a: signal.medfilt2d(a.image, 3),
        "order_filter": lambda xp, a: signal.order_filter(a.image, xp.ones((3, 3)), 4),
        "resample_poly": lambda xp, a: signal.resample_poly(a.signal, 2, 3),
        "sawtooth": lambda xp, a: signal.sawtooth(a.positive),
        "savgol_coeffs": lambda xp, a: signal.savgol_coeffs(5, 2, xp=xp) * a.x[:5],
        "vectorstrength": lambda xp, a: tuple(signal.vectorstrength(a.x, a.p[:2])),
        "wiener": lambda xp, a: signal.wiener(a.image, 3),
        "zpk2tf": lambda xp, a: tuple(signal.zpk2tf(a.complex[:1], a.complex[1:3], 1.0)),
        **{
            f"windows.{name}": lambda xp, a, name=name: getattr(signal.windows, name)(9, sym=False, xp=xp) * a.x[:9]
            for name in ("barthann", "blackmanharris", "bohman", "cosine", "flattop", "lanczos", "parzen", "triang")
        },
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
        "boxcox_llf": lambda xp, a: stats.boxcox_llf(0.5, a.positive),
        "bootstrap": lambda xp, a: (
            stats.bootstrap(
                (a.x,), xp.mean, n_resamples=20, rng=np.random.default_rng(1), vectorized=True
            ).standard_error
        ),
        "circstd": lambda xp, a: stats.circstd(a.m, axis=0),
        "combine_pvalues": lambda xp, a: tuple(stats.combine_pvalues(a.p, method="stouffer", weights=a.positive)),
        "differential_entropy": lambda xp, a: stats.differential_entropy(a.x),
        "entropy-relative": lambda xp, a: stats.entropy(a.m**2, a.n**2, axis=0),
        "f_oneway": lambda xp, a: tuple(stats.f_oneway(a.m, a.n)),
        "false_discovery_control": lambda xp, a: stats.false_discovery_control(a.p),
        "friedmanchisquare": lambda xp, a: tuple(stats.friedmanchisquare(a.x, a.y, a.positive)),
        "gstd": lambda xp, a: stats.gstd(a.positive),
        "iqr": lambda xp, a: stats.iqr(a.x),
        "kendalltau": lambda xp, a: tuple(stats.kendalltau(a.x, a.y)),
        "kruskal": lambda xp, a: tuple(stats.kruskal(a.x, a.y)),
        "kstatvar": lambda xp, a: stats.kstatvar(a.x, 2),
        "levene": lambda xp, a: tuple(stats.levene(a.x, a.y, center="trimmed")),
        "linregress": lambda xp, a: tuple(stats.linregress(a.x, a.y)),
        "lmoment": lambda xp, a: stats.lmoment(a.x),
        "mannwhitneyu": lambda xp, a: tuple(stats.mannwhitneyu(a.x, a.y)),
        "median_abs_deviation": lambda xp, a: stats.median_abs_deviation(a.x),
        "mode": lambda xp, a: tuple(stats.mode(a.ints)),
        "mood": lambda xp, a: tuple(stats.mood(a.x, a.y)),
        "pmean": lambda xp, a: stats.pmean(a.positive, 2),
        "power_divergence": lambda xp, a: tuple(stats.power_divergence(a.positive, lambda_="cressie-read")),
        "quantile-weights": lambda xp, a: stats.quantile(a.x, a.p[:3], weights=a.positive, method="inverted_cdf"),
        "rankdata-dense": lambda xp, a: stats.rankdata(a.ints, method="dense"),
        "skewtest": lambda xp, a: tuple(stats.skewtest(a.signal)),
        "theilslopes": lambda xp, a: tuple(stats.theilslopes(a.x, a.y)),
        "tmean": lambda xp, a: stats.tmean(a.x, (-1, 1)),
        "trim_mean": lambda xp, a: stats.trim_mean(a.x, 0.1),
        "ttest_ind-unequal": lambda xp, a: tuple(stats.ttest_ind(a.m, a.n, equal_var=False, alternative="less")),
        "ttest_rel": lambda xp, a: tuple(stats.ttest_rel(a.x, a.y)),
        "wilcoxon": lambda xp, a: tuple(stats.wilcoxon(a.x, a.y)),
        "zmap": lambda xp, a: stats.zmap(a.x, a.y),
    }


def _cluster() -> dict[str, Call]:
    from scipy.cluster import hierarchy, vq

    return {
        "vq.whiten": lambda xp, a: vq.whiten(a.m),
        "vq.vq": lambda xp, a: vq.vq(a.m, a.n[:3]),
        "vq.kmeans": lambda xp, a: vq.kmeans(a.m, a.n[:3])[0],
        "vq.kmeans2": lambda xp, a: vq.kmeans2(a.m, a.n[:3], minit="matrix"),
        "hierarchy.linkage": lambda xp, a: hierarchy.linkage(a.m, "single"),
        "vq.kmeans2-drawn": lambda xp, a: vq.kmeans2(a.m, 2, minit="++", rng=np.random.default_rng(3)),
        **{
            f"hierarchy.{name}": lambda xp, a, name=name: getattr(hierarchy, name)(a.m)
            for name in ("average", "centroid", "complete", "median", "ward", "weighted")
        },
        **{
            f"hierarchy.{name}": lambda xp, a, name=name: getattr(hierarchy, name)(hierarchy.linkage(a.m))
            for name in ("cophenet", "cut_tree", "inconsistent", "leaves_list", "maxdists", "to_mlab_linkage")
        },
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
        "integrate.simpson": lambda xp, a: integrate.simpson(a.x, x=xp.sort(a.y)),
        "integrate.cumulative_simpson": lambda xp, a: integrate.cumulative_simpson(a.x, x=xp.sort(a.y), initial=0.0),
        "integrate.romb": lambda xp, a: integrate.romb(a.signal[:33]),
        "optimize.elementwise.bracket_root": lambda xp, a: tuple(
            elementwise.bracket_root(lambda x: x**3 - 5.0, a.positive[:2]).bracket
        ),
        "optimize.rosen_hess": lambda xp, a: optimize.rosen_hess(a.x),
        "differentiate.jacobian": lambda xp, a: differentiate.jacobian(lambda x: x**2, a.x[:3]).df,
        "differentiate.hessian": lambda xp, a: differentiate.hessian(lambda x: xp.sum(x**3, axis=0), a.x[:2]).ddf,
        **{
            f"ndimage.{name}": lambda xp, a, name=name, size=size: getattr(ndimage, name)(a.image, *size)
            for name, size in {
                "laplace": (),
                "median_filter": (3,),
                "uniform_filter": (3,),
                "maximum_filter": (3,),
                "zoom": (1.5,),
                "rotate": (30.0,),
                "fourier_gaussian": (1.0,),
                "grey_closing": (3,),
                "binary_erosion": (),
                "center_of_mass": (),
                "variance": (),
                "spline_filter": (),
            }.items()
        },
        "ndimage.convolve": lambda xp, a: ndimage.convolve(a.image, a.square, mode="wrap"),
        "ndimage.distance_transform_edt": lambda xp, a: ndimage.distance_transform_edt(a.image > 0),
        "optimize.rosen": lambda xp, a: optimize.rosen(a.x),
        "optimize.rosen_der": lambda xp, a: optimize.rosen_der(a.x),
        "differentiate.derivative": lambda xp, a: differentiate.derivative(xp.exp, a.x[:2]).df,
        "constants.convert_temperature": lambda xp, a: constants.convert_temperature(a.x, "C", "K"),
        "ndimage.gaussian_filter": lambda xp, a: ndimage.gaussian_filter(a.image, 1.0),
        "ndimage.sobel": lambda xp, a: ndimage.sobel(a.image),
        "Rotation.as_matrix": lambda xp, a: Rotation.from_quat(a.quaternions).as_matrix(),
        "Rotation.apply": lambda xp, a: Rotation.from_quat(a.quaternions[0]).apply(a.m),
        "Rotation.as_euler": lambda xp, a: Rotation.from_quat(a.quaternions).as_euler("zyx"),
        "Rotation.from_matrix": lambda xp, a: Rotation.from_matrix(
            Rotation.from_quat(a.quaternions).as_matrix()
        ).as_mrp(),
        "Rotation.mean": lambda xp, a: Rotation.from_quat(a.quaternions).mean(a.positive[:5]).as_matrix(),
        "Rotation.product": lambda xp, a: (
            (Rotation.from_quat(a.quaternions) * Rotation.from_rotvec(a.m[:5]) ** 0.5).inv().as_matrix()
        ),
        "Rotation.align_vectors": lambda xp, a: Rotation.align_vectors(a.m, a.n)[0].as_matrix(),
        "Rotation.as_rotvec": lambda xp, a: Rotation.from_quat(a.quaternions).as_rotvec(),
    }


# scikit-learn ---------------------------------------------------------------------------------------------------------


def _sklearn() -> dict[str, Call]:
    import sklearn
    from sklearn import (
        calibration,
        decomposition,
        discriminant_analysis,
        kernel_approximation,
        linear_model,
        metrics,
        mixture,
        model_selection,
        naive_bayes,
        preprocessing,
    )
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
        "StandardScaler.inverse_transform": lambda xp, a: (scaler := preprocessing.StandardScaler()).inverse_transform(
            scaler.fit_transform(a.m)
        ),
        "StandardScaler.partial_fit": lambda xp, a: (
            preprocessing.StandardScaler().partial_fit(a.m).partial_fit(a.n).var_
        ),
        "KernelCenterer": lambda xp, a: preprocessing.KernelCenterer().fit_transform(a.square),
        "LabelBinarizer": lambda xp, a: preprocessing.LabelBinarizer().fit_transform(a.ints),
        "LabelEncoder": lambda xp, a: preprocessing.LabelEncoder().fit_transform(a.ints),
        "PCA.get_precision": lambda xp, a: decomposition.PCA(2, svd_solver="full").fit(a.m).get_precision(),
        "PCA.score_samples": lambda xp, a: (
            decomposition.PCA(2, svd_solver="covariance_eigh").fit(a.m).score_samples(a.n)
        ),
        "RidgeCV": lambda xp, a: linear_model.RidgeCV(alphas=[0.1, 1.0]).fit(a.m, a.target).coef_,
        "RidgeClassifierCV": lambda xp, a: linear_model.RidgeClassifierCV().fit(a.m, a.labels).decision_function(a.n),
        "LinearDiscriminantAnalysis.predict_proba": lambda xp, a: (
            discriminant_analysis.LinearDiscriminantAnalysis().fit(a.m, a.labels).predict_proba(a.n)
        ),
        "GaussianMixture": lambda xp, a: (
            mixture.GaussianMixture(2, random_state=0, init_params="random_from_data", covariance_type="diag")
            .fit(a.m)
            .predict_proba(a.n)
        ),
        "CalibratedClassifierCV": lambda xp, a: (
            calibration.CalibratedClassifierCV(linear_model.RidgeClassifier(solver="svd"), method="temperature", cv=2)
            .fit(a.m, a.labels)
            .predict_proba(a.n)
        ),
        "Nystroem": lambda xp, a: kernel_approximation.Nystroem(n_components=3, random_state=0).fit_transform(a.m),
        "cross_val_predict": lambda xp, a: model_selection.cross_val_predict(
            linear_model.Ridge(solver="svd"), a.m, a.target, cv=2
        ),
        "train_test_split": lambda xp, a: tuple(model_selection.train_test_split(a.m, a.target, random_state=0)),
        "precision_recall_curve": lambda xp, a: tuple(metrics.precision_recall_curve(a.labels, a.p[:8])),
        "confusion_matrix": lambda xp, a: metrics.confusion_matrix(a.labels, a.labels[::-1], normalize="true"),
        "mean_squared_error-each": lambda xp, a: metrics.mean_squared_error(a.m, a.n, multioutput="raw_values"),
        **{
            f"pairwise.{name}": lambda xp, a, name=name: getattr(pairwise, name)(a.m, a.n)
            for name in ("laplacian_kernel", "manhattan_distances", "polynomial_kernel", "paired_cosine_distances")
        },
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
        "average_precision_score": lambda xp, a: metrics.average_precision_score(a.labels, a.p[:8]),
        "log_loss": lambda xp, a: metrics.log_loss(a.labels, a.p[:8]),
        "f1_score": lambda xp, a: metrics.f1_score(a.labels, a.labels[::-1]),
        "cohen_kappa_score": lambda xp, a: metrics.cohen_kappa_score(a.labels, a.labels[::-1]),
        "explained_variance_score": lambda xp, a: metrics.explained_variance_score(a.x, a.y),
        "mean_tweedie_deviance": lambda xp, a: metrics.mean_tweedie_deviance(a.positive, a.positive[::-1], power=1.5),
        "davies_bouldin_score": lambda xp, a: metrics.davies_bouldin_score(a.m, a.labels),
    }
    NUMBERS.update(f"sklearn/{name}" for name in numbers)
    return {name: dispatched(call) for name, call in {**calls, **numbers}.items()}


NEWER = dict.fromkeys(
    (
        *("scipy.signal/sawtooth", "scipy.stats/kendalltau", "scipy.stats/linregress", "scipy.stats/theilslopes"),
        *("scipy/integrate.simpson", "scipy/integrate.cumulative_simpson"),
    ),
    "1.18",
)
"""Calls that SciPy takes to NumPy before this version of it."""


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
        "var": lambda xp, a: table(a).var(("b", "h")).data,
        "prod": lambda xp, a: table(a).prod("w").data,
        "diff": lambda xp, a: table(a).diff("w").data,
        "shift": lambda xp, a: table(a).shift(w=1).data,
        "roll": lambda xp, a: table(a).roll(w=1).data,
        "fillna": lambda xp, a: table(a).where(table(a) > 0).fillna(0.0).data,
        "count": lambda xp, a: table(a).where(table(a) > 0).count("h").data,
        "dropna": lambda xp, a: table(a).where(table(a) > -9.0).dropna("h").data,
        "quantile": lambda xp, a: table(a).quantile(0.3, "w").data,
        "integrate": lambda xp, a: table(a).integrate("h").data,
        "pad": lambda xp, a: table(a).pad(w=1, constant_values=0.0).data,
        "coarsen": lambda xp, a: table(a).coarsen(w=2).mean().data,
        "weighted": lambda xp, a: table(a).weighted(xr.DataArray(a.positive[:3], dims="h")).mean("h").data,
        "groupby-map": lambda xp, a: table(a).groupby("h").map(lambda x: x - x.mean()).data,
        "unstack": lambda xp, a: table(a).stack(z=("h", "w")).unstack("z").data,
        "reindex": lambda xp, a: table(a).reindex(h=[20, 30, 90]).data,
        "align": lambda xp, a: xr.align(table(a), table(a).isel(h=slice(1, 3)), join="outer")[1].data,
        "sortby": lambda xp, a: table(a).sortby("h", ascending=False).data,
        "cov": lambda xp, a: xr.cov(table(a), table(a) * 2.0, dim="w").data,
        "corr": lambda xp, a: xr.corr(table(a), table(a) ** 2, dim="w").data,
        "isel-array": lambda xp, a: table(a).isel(w=xr.DataArray([0, 2], dims="p")).data,
        "sel-nearest": lambda xp, a: table(a).sel(h=[12], method="nearest").data,
        "dataset": lambda xp, a: xr.Dataset({"v": table(a)}).mean("h")["v"].data,
        "to_array": lambda xp, a: (xr.Dataset({"v": table(a)}) * 2).to_array().data,
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


def _losing() -> dict[str, Call]:
    from scipy import integrate

    return {
        "scipy.integrate/tanhsinh-infinite": lambda xp, a: (
            integrate.tanhsinh(lambda x: xp.exp(-(x**2)), a.x[:1] * 0.0, a.x[:1] * 0.0 + xp.inf).integral
        ),
        "scipy.integrate/nsum-infinite": lambda xp, a: (
            integrate.nsum(lambda k: 1 / k**2, a.x[:1] * 0.0 + 1.0, a.x[:1] * 0.0 + xp.inf).sum
        ),
    }


LOSING: dict[str, Call] = _losing()
"""Calls that assign to a view and read what it was a view of: a tensor's parts are values of their own, as on JAX."""

LEAVING: dict[str, tuple[Call, str]] = _leaving()
"""Calls that give NumPy's arrays whatever they are given, and why: the list shrinks as these libraries grow."""
