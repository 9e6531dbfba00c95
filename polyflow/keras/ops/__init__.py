"""``tf.keras.ops``: functions of tensors with NumPy's names and arguments, which take symbolic tensors too.

Of tensors they give tensors; of what `Input` and layers give, an operation between layers, which is saved with a model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ... import activations, math
from ... import linalg as matrix_functions
from ... import nn as network_functions
from ...array_api import extras
from ...composed import names, norms
from ...flow import control
from ...flow.transforms import custom_gradient
from ...layers.operation import Operation, offer
from ...layers.symbolic import symbols
from ...missing import answer
from ...ops import creation, elementwise, factorizations, indexing, matrices, reduction, sets, special
from ...ops import linalg as products
from ...ops import shape as shape_ops
from ...ops.shape import meshgrid
from .. import functions
from ..families import (
    arrangements,
    attention,
    contractions,
    ctc,
    elementary,
    flow,
    fourier,
    nans,
    normalizations,
    orders,
    patches,
    ranges,
    segments,
)


def _op(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that symbolic tensors are given to as well."""
    offer(name, function)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if next(symbols((args, options)), None) is None:
            return function(*args, **options)
        if not args:
            raise TypeError(f"keras.ops.{name} takes a symbolic tensor by position, not by name.")
        return Operation(name)(*args, **options)

    return call


abs = _op("abs", elementwise.abs)
absolute = _op("absolute", elementwise.abs)
add = _op("add", elementwise.add)
all = _op("all", reduction.all)
allclose = _op("allclose", functions.allclose)
amax = _op("amax", reduction.max)
amin = _op("amin", reduction.min)
angle = _op("angle", math.angle)
any = _op("any", reduction.any)
append = _op("append", functions.append)
arange = creation.arange
arccos = _op("arccos", elementwise.acos)
arccosh = _op("arccosh", elementwise.acosh)
arcsin = _op("arcsin", elementwise.asin)
arcsinh = _op("arcsinh", elementwise.asinh)
arctan = _op("arctan", elementwise.atan)
arctan2 = _op("arctan2", elementwise.atan2)
arctanh = _op("arctanh", elementwise.atanh)
argmax = _op("argmax", reduction.argmax)
argmin = _op("argmin", reduction.argmin)
argpartition = _op("argpartition", orders.argpartition)
argsort = _op("argsort", reduction.argsort)
array = names.convert_to_tensor
array_split = _op("array_split", arrangements.array_split)
associative_scan = flow.associative_scan
average = _op("average", functions.average)
bartlett = ranges.bartlett
batch_normalization = _op("batch_normalization", normalizations.batch_normalization)
binary_crossentropy = _op("binary_crossentropy", functions.binary_crossentropy)
bincount = _op("bincount", math.bincount)
bitwise_and = _op("bitwise_and", elementwise.bitwise_and)
bitwise_invert = _op("bitwise_invert", elementwise.bitwise_invert)
bitwise_left_shift = _op("bitwise_left_shift", elementwise.bitwise_left_shift)
bitwise_not = _op("bitwise_not", elementwise.bitwise_invert)
bitwise_or = _op("bitwise_or", elementwise.bitwise_or)
bitwise_right_shift = _op("bitwise_right_shift", elementwise.bitwise_right_shift)
bitwise_xor = _op("bitwise_xor", elementwise.bitwise_xor)
blackman = ranges.blackman
broadcast_to = _op("broadcast_to", shape_ops.broadcast_to)
cast = _op("cast", names.cast)
categorical_crossentropy = _op("categorical_crossentropy", functions.categorical_crossentropy)
cbrt = _op("cbrt", elementary.cbrt)
cdist = _op("cdist", contractions.cdist)
ceil = _op("ceil", elementwise.ceil)
celu = _op("celu", activations.celu)
cholesky = _op("cholesky", factorizations.cholesky)
cholesky_inverse = _op("cholesky_inverse", contractions.cholesky_inverse)
clip = _op("clip", functions.clip)
concatenate = _op("concatenate", names.concat)
cond = control.cond
conj = _op("conj", elementwise.conj)
conjugate = _op("conjugate", elementwise.conj)
convert_to_numpy = functions.convert_to_numpy
convert_to_tensor = names.convert_to_tensor
copy = _op("copy", elementary.copy)
corrcoef = _op("corrcoef", contractions.corrcoef)
correlate = _op("correlate", contractions.correlate)
cos = _op("cos", elementwise.cos)
cosh = _op("cosh", elementwise.cosh)
count_nonzero = _op("count_nonzero", reduction.count_nonzero)
cross = _op("cross", matrices.cross)
ctc_decode = _op("ctc_decode", ctc.ctc_decode)
ctc_loss = _op("ctc_loss", ctc.ctc_loss)
cumprod = _op("cumprod", functions.cumprod)
cumsum = _op("cumsum", functions.cumsum)
deg2rad = _op("deg2rad", elementary.deg2rad)
depth_to_space = _op("depth_to_space", patches.depth_to_space)
det = _op("det", matrices.det)
diag = _op("diag", arrangements.diag)
diagflat = _op("diagflat", arrangements.diagflat)
diagonal = _op("diagonal", products.diagonal)
diff = _op("diff", shape_ops.diff)
digitize = _op("digitize", orders.digitize)
divide = _op("divide", elementwise.divide)
divide_no_nan = _op("divide_no_nan", math.divide_no_nan)
dot = _op("dot", functions.dot)
dot_product_attention = _op("dot_product_attention", attention.dot_product_attention)
dsplit = _op("dsplit", arrangements.dsplit)
dstack = _op("dstack", arrangements.dstack)
dtype = functions.dtype
eig = _op("eig", contractions.eig)
eigh = _op("eigh", factorizations.eigh)
einsum = _op("einsum", products.einsum)
elu = _op("elu", activations.elu)
empty = names.zeros
empty_like = _op("empty_like", arrangements.empty_like)
equal = _op("equal", elementwise.equal)
erf = _op("erf", special.erf)
erfc = _op("erfc", special.erfc)
erfinv = _op("erfinv", special.erfinv)
exp = _op("exp", elementwise.exp)
exp2 = _op("exp2", elementary.exp2)
expand_dims = _op("expand_dims", shape_ops.expand_dims)
expm1 = _op("expm1", elementwise.expm1)
extract_sequences = _op("extract_sequences", fourier.extract_sequences)
eye = names.eye
fabs = _op("fabs", elementary.fabs)
fft = _op("fft", fourier.fft)
fft2 = _op("fft2", fourier.fft2)
flip = _op("flip", shape_ops.flip)
fliplr = _op("fliplr", arrangements.fliplr)
flipud = _op("flipud", arrangements.flipud)
floor = _op("floor", elementwise.floor)
floor_divide = _op("floor_divide", elementwise.floor_divide)
fmax = _op("fmax", elementary.fmax)
fmin = _op("fmin", elementary.fmin)
fmod = _op("fmod", elementary.fmod)
fold = _op("fold", patches.fold)
fori_loop = functions.fori_loop
full = names.full
full_like = _op("full_like", functions.full_like)
gcd = _op("gcd", elementary.gcd)
gelu = _op("gelu", activations.gelu)
geomspace = ranges.geomspace
get_item = _op("get_item", functions.get_item)
glu = _op("glu", activations.glu)
greater = _op("greater", elementwise.greater)
greater_equal = _op("greater_equal", elementwise.greater_equal)
hamming = ranges.hamming
hanning = ranges.hanning
hard_shrink = _op("hard_shrink", activations.hard_shrink)
hard_sigmoid = _op("hard_sigmoid", activations.hard_sigmoid)
hard_silu = _op("hard_silu", activations.hard_silu)
hard_swish = _op("hard_swish", activations.hard_swish)
hard_tanh = _op("hard_tanh", activations.hard_tanh)
heaviside = _op("heaviside", elementary.heaviside)
histogram = _op("histogram", orders.histogram)
hsplit = _op("hsplit", arrangements.hsplit)
hstack = _op("hstack", functions.hstack)
hypot = _op("hypot", elementwise.hypot)
i0 = _op("i0", functions.i0)
identity = names.eye
ifft2 = _op("ifft2", fourier.ifft2)
imag = _op("imag", elementwise.imag)
in_top_k = _op("in_top_k", math.in_top_k)
inner = _op("inner", contractions.inner)
inv = _op("inv", matrices.inv)
irfft = _op("irfft", fourier.irfft)
is_tensor = names.is_tensor
isclose = _op("isclose", functions.isclose)
isfinite = _op("isfinite", elementwise.isfinite)
isin = _op("isin", sets.isin)
isinf = _op("isinf", elementwise.isinf)
isnan = _op("isnan", elementwise.isnan)
isneginf = _op("isneginf", elementary.isneginf)
isposinf = _op("isposinf", elementary.isposinf)
isreal = _op("isreal", elementary.isreal)
istft = _op("istft", fourier.istft)
jvp = flow.jvp
kaiser = ranges.kaiser
kron = _op("kron", contractions.kron)
layer_normalization = _op("layer_normalization", normalizations.layer_normalization)
lcm = _op("lcm", elementary.lcm)
ldexp = _op("ldexp", elementary.ldexp)
leaky_relu = _op("leaky_relu", activations.leaky_relu)
left_shift = _op("left_shift", elementwise.bitwise_left_shift)
less = _op("less", elementwise.less)
less_equal = _op("less_equal", elementwise.less_equal)
linspace = names.linspace
log = _op("log", elementwise.log)
log10 = _op("log10", elementwise.log10)
log1p = _op("log1p", elementwise.log1p)
log2 = _op("log2", elementwise.log2)
log_sigmoid = _op("log_sigmoid", activations.log_sigmoid)
log_softmax = _op("log_softmax", activations.log_softmax)
logaddexp = _op("logaddexp", elementwise.logaddexp)
logaddexp2 = _op("logaddexp2", elementary.logaddexp2)
logdet = _op("logdet", matrix_functions.logdet)
logical_and = _op("logical_and", elementwise.logical_and)
logical_not = _op("logical_not", elementwise.logical_not)
logical_or = _op("logical_or", elementwise.logical_or)
logical_xor = _op("logical_xor", elementwise.logical_xor)
logspace = ranges.logspace
logsumexp = _op("logsumexp", reduction.logsumexp)
lstsq = _op("lstsq", matrix_functions.lstsq)
lu_factor = _op("lu_factor", contractions.lu_factor)
map = functions.map
matmul = _op("matmul", products.matmul)
matrix_rank = _op("matrix_rank", matrices.matrix_rank)
max = _op("max", reduction.max)
maximum = _op("maximum", elementwise.maximum)
mean = _op("mean", reduction.mean)
median = _op("median", extras.median)
min = _op("min", reduction.min)
minimum = _op("minimum", elementwise.minimum)
mod = _op("mod", elementwise.remainder)
moments = _op("moments", network_functions.moments)
moveaxis = _op("moveaxis", shape_ops.moveaxis)
multi_hot = _op("multi_hot", normalizations.multi_hot)
multiply = _op("multiply", elementwise.multiply)
nan_to_num = _op("nan_to_num", functions.nan_to_num)
nanargmax = _op("nanargmax", nans.nanargmax)
nanargmin = _op("nanargmin", nans.nanargmin)
nancumprod = _op("nancumprod", nans.nancumprod)
nancumsum = _op("nancumsum", nans.nancumsum)
nanmax = _op("nanmax", extras.nanmax)
nanmean = _op("nanmean", extras.nanmean)
nanmedian = _op("nanmedian", orders.nanmedian)
nanmin = _op("nanmin", extras.nanmin)
nanpercentile = _op("nanpercentile", orders.nanpercentile)
nanprod = _op("nanprod", extras.nanprod)
nanquantile = _op("nanquantile", orders.nanquantile)
nanstd = _op("nanstd", extras.nanstd)
nansum = _op("nansum", extras.nansum)
nanvar = _op("nanvar", extras.nanvar)
ndim = functions.ndim
negative = _op("negative", elementwise.negative)
nextafter = _op("nextafter", elementwise.nextafter)
nonzero = _op("nonzero", indexing.nonzero)
norm = _op("norm", norms.norm)
normalize = _op("normalize", functions.normalize)
not_equal = _op("not_equal", elementwise.not_equal)
one_hot = _op("one_hot", functions.one_hot)
ones = names.ones
ones_like = _op("ones_like", names.ones_like)
outer = _op("outer", products.outer)
pad = _op("pad", functions.pad)
percentile = _op("percentile", orders.percentile)
pinv = _op("pinv", matrices.pinv)
polar = _op("polar", elementary.polar)
power = _op("power", elementwise.pow)
prod = _op("prod", reduction.prod)
psnr = _op("psnr", normalizations.psnr)
ptp = _op("ptp", orders.ptp)
qr = _op("qr", factorizations.qr)
quantile = _op("quantile", orders.quantile)
rad2deg = _op("rad2deg", elementary.rad2deg)
ravel = _op("ravel", extras.ravel)
real = _op("real", elementwise.real)
rearrange = _op("rearrange", arrangements.rearrange)
reciprocal = _op("reciprocal", elementwise.reciprocal)
relu = _op("relu", activations.relu)
relu6 = _op("relu6", activations.relu6)
repeat = _op("repeat", names.repeat)
reshape = _op("reshape", names.reshape)
rfft = _op("rfft", fourier.rfft)
right_shift = _op("right_shift", elementwise.bitwise_right_shift)
rms_normalization = _op("rms_normalization", normalizations.rms_normalization)
roll = _op("roll", names.roll)
rot90 = _op("rot90", arrangements.rot90)
round = _op("round", functions.round)
rsqrt = _op("rsqrt", elementwise.rsqrt)
saturate_cast = _op("saturate_cast", elementwise.saturate_cast)
scan = functions.scan
scatter = _op("scatter", functions.scatter)
scatter_update = _op("scatter_update", functions.scatter_update)
searchsorted = _op("searchsorted", reduction.searchsorted)
segment_max = _op("segment_max", segments.segment_max)
segment_min = _op("segment_min", segments.segment_min)
segment_prod = _op("segment_prod", segments.segment_prod)
segment_sum = _op("segment_sum", functions.segment_sum)
select = _op("select", arrangements.select)
selu = _op("selu", activations.selu)
shape = functions.shape
sigmoid = _op("sigmoid", activations.sigmoid)
sign = _op("sign", elementwise.sign)
signbit = _op("signbit", elementwise.signbit)
silu = _op("silu", activations.silu)
sin = _op("sin", elementwise.sin)
sinc = _op("sinc", elementary.sinc)
sinh = _op("sinh", elementwise.sinh)
size = functions.size
slice = _op("slice", functions.slice)
slice_update = _op("slice_update", functions.slice_update)
slogdet = _op("slogdet", matrices.slogdet)
soft_shrink = _op("soft_shrink", activations.soft_shrink)
softmax = _op("softmax", activations.softmax)
softplus = _op("softplus", activations.softplus)
softsign = _op("softsign", activations.softsign)
solve = _op("solve", matrices.solve)
solve_triangular = _op("solve_triangular", contractions.solve_triangular)
sort = _op("sort", reduction.sort)
space_to_depth = _op("space_to_depth", patches.space_to_depth)
sparse_categorical_crossentropy = _op("sparse_categorical_crossentropy", functions.sparse_categorical_crossentropy)
sparse_plus = _op("sparse_plus", activations.sparse_plus)
sparse_sigmoid = _op("sparse_sigmoid", activations.sparse_sigmoid)
sparsemax = _op("sparsemax", activations.sparsemax)
split = _op("split", functions.split)
sqrt = _op("sqrt", elementwise.sqrt)
square = _op("square", elementwise.square)
squareplus = _op("squareplus", activations.squareplus)
squeeze = _op("squeeze", shape_ops.squeeze)
stack = _op("stack", names.stack)
std = _op("std", reduction.std)
stft = _op("stft", fourier.stft)
stop_gradient = _op("stop_gradient", elementwise.stop_gradient)
subtract = _op("subtract", elementwise.subtract)
sum = _op("sum", reduction.sum)
svd = _op("svd", factorizations.svd)
swapaxes = _op("swapaxes", shape_ops.swapaxes)
swish = _op("swish", activations.swish)
switch = flow.switch
take = _op("take", functions.take)
take_along_axis = _op("take_along_axis", indexing.take_along_axis)
tan = _op("tan", elementwise.tan)
tanh = _op("tanh", activations.tanh)
tanh_shrink = _op("tanh_shrink", activations.tanh_shrink)
tensordot = _op("tensordot", names.tensordot)
threshold = _op("threshold", activations.threshold)
tile = _op("tile", names.tile)
top_k = _op("top_k", math.top_k)
trace = _op("trace", products.trace)
transpose = _op("transpose", names.transpose)
trapezoid = _op("trapezoid", contractions.trapezoid)
tri = arrangements.tri
tril = _op("tril", shape_ops.tril)
triu = _op("triu", shape_ops.triu)
true_divide = _op("true_divide", elementwise.divide)
trunc = _op("trunc", elementwise.trunc)
unfold = _op("unfold", patches.unfold)
unique = _op("unique", orders.unique)
unravel_index = _op("unravel_index", arrangements.unravel_index)
unstack = _op("unstack", names.unstack)
vander = _op("vander", contractions.vander)
var = _op("var", reduction.var)
vdot = _op("vdot", contractions.vdot)
vectorize = functions.vectorize
vectorized_map = control.vectorized_map
view_as_complex = _op("view_as_complex", elementary.view_as_complex)
view_as_real = _op("view_as_real", elementary.view_as_real)
vsplit = _op("vsplit", arrangements.vsplit)
vstack = _op("vstack", functions.vstack)
where = _op("where", functions.where)
while_loop = control.while_loop
zeros = names.zeros
zeros_like = _op("zeros_like", names.zeros_like)

from . import linalg, nn, numpy  # noqa: E402  they are made of the names above

__all__ = [
    "abs",
    "absolute",
    "add",
    "all",
    "allclose",
    "amax",
    "amin",
    "angle",
    "any",
    "append",
    "arange",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "array",
    "array_split",
    "associative_scan",
    "average",
    "bartlett",
    "batch_normalization",
    "binary_crossentropy",
    "bincount",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "blackman",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "cbrt",
    "cdist",
    "ceil",
    "celu",
    "cholesky",
    "cholesky_inverse",
    "clip",
    "concatenate",
    "cond",
    "conj",
    "conjugate",
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "corrcoef",
    "correlate",
    "cos",
    "cosh",
    "count_nonzero",
    "cross",
    "ctc_decode",
    "ctc_loss",
    "cumprod",
    "cumsum",
    "custom_gradient",
    "deg2rad",
    "depth_to_space",
    "det",
    "diag",
    "diagflat",
    "diagonal",
    "diff",
    "digitize",
    "divide",
    "divide_no_nan",
    "dot",
    "dot_product_attention",
    "dsplit",
    "dstack",
    "dtype",
    "eig",
    "eigh",
    "einsum",
    "elu",
    "empty",
    "empty_like",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "extract_sequences",
    "eye",
    "fabs",
    "fft",
    "fft2",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "fold",
    "fori_loop",
    "full",
    "full_like",
    "gcd",
    "gelu",
    "geomspace",
    "get_item",
    "glu",
    "greater",
    "greater_equal",
    "hamming",
    "hanning",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "heaviside",
    "histogram",
    "hsplit",
    "hstack",
    "hypot",
    "i0",
    "identity",
    "ifft2",
    "imag",
    "in_top_k",
    "inner",
    "inv",
    "irfft",
    "is_tensor",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "istft",
    "jvp",
    "kaiser",
    "kron",
    "layer_normalization",
    "lcm",
    "ldexp",
    "leaky_relu",
    "left_shift",
    "less",
    "less_equal",
    "linalg",
    "linspace",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logspace",
    "logsumexp",
    "lstsq",
    "lu_factor",
    "map",
    "matmul",
    "matrix_rank",
    "max",
    "maximum",
    "mean",
    "median",
    "meshgrid",
    "min",
    "minimum",
    "mod",
    "moments",
    "moveaxis",
    "multi_hot",
    "multiply",
    "nan_to_num",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
    "ndim",
    "negative",
    "nextafter",
    "nn",
    "nonzero",
    "norm",
    "normalize",
    "not_equal",
    "numpy",
    "one_hot",
    "ones",
    "ones_like",
    "outer",
    "pad",
    "percentile",
    "pinv",
    "polar",
    "power",
    "prod",
    "psnr",
    "ptp",
    "qr",
    "quantile",
    "rad2deg",
    "ravel",
    "real",
    "rearrange",
    "reciprocal",
    "relu",
    "relu6",
    "repeat",
    "reshape",
    "rfft",
    "right_shift",
    "rms_normalization",
    "roll",
    "rot90",
    "round",
    "rsqrt",
    "saturate_cast",
    "scan",
    "scatter",
    "scatter_update",
    "searchsorted",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "select",
    "selu",
    "shape",
    "sigmoid",
    "sign",
    "signbit",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "size",
    "slice",
    "slice_update",
    "slogdet",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "solve",
    "solve_triangular",
    "sort",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "split",
    "sqrt",
    "square",
    "squareplus",
    "squeeze",
    "stack",
    "std",
    "stft",
    "stop_gradient",
    "subtract",
    "sum",
    "svd",
    "swapaxes",
    "swish",
    "switch",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tanh_shrink",
    "tensordot",
    "threshold",
    "tile",
    "top_k",
    "trace",
    "transpose",
    "trapezoid",
    "tri",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unfold",
    "unique",
    "unravel_index",
    "unstack",
    "vander",
    "var",
    "vdot",
    "vectorize",
    "vectorized_map",
    "view_as_complex",
    "view_as_real",
    "vsplit",
    "vstack",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]

answer(__name__)
