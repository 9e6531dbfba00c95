"""``tf.keras.ops``: functions of tensors with NumPy's names and arguments, which take symbolic tensors too.

Of tensors they give tensors; of what `Input` and layers give, an operation between layers, which is saved with a model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import activations, linalg, math, names, nn, norms
from ..array_api import extras
from ..flow import control
from ..flow.transforms import custom_gradient
from ..layers.operation import Operation, offer
from ..layers.symbolic import symbols
from ..missing import answer
from ..ops import creation, elementwise, factorizations, indexing, matrices, reduction, sets, special
from ..ops import linalg as products
from ..ops import shape as shape_ops
from ..ops.shape import meshgrid
from . import functions


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
argsort = _op("argsort", reduction.argsort)
array = names.convert_to_tensor
average = _op("average", functions.average)
binary_crossentropy = _op("binary_crossentropy", functions.binary_crossentropy)
bincount = _op("bincount", math.bincount)
bitwise_and = _op("bitwise_and", elementwise.bitwise_and)
bitwise_invert = _op("bitwise_invert", elementwise.bitwise_invert)
bitwise_left_shift = _op("bitwise_left_shift", elementwise.bitwise_left_shift)
bitwise_not = _op("bitwise_not", elementwise.bitwise_invert)
bitwise_or = _op("bitwise_or", elementwise.bitwise_or)
bitwise_right_shift = _op("bitwise_right_shift", elementwise.bitwise_right_shift)
bitwise_xor = _op("bitwise_xor", elementwise.bitwise_xor)
broadcast_to = _op("broadcast_to", shape_ops.broadcast_to)
cast = _op("cast", names.cast)
categorical_crossentropy = _op("categorical_crossentropy", functions.categorical_crossentropy)
ceil = _op("ceil", elementwise.ceil)
celu = _op("celu", activations.celu)
cholesky = _op("cholesky", factorizations.cholesky)
clip = _op("clip", functions.clip)
concatenate = _op("concatenate", names.concat)
cond = control.cond
conj = _op("conj", elementwise.conj)
conjugate = _op("conjugate", elementwise.conj)
convert_to_numpy = functions.convert_to_numpy
convert_to_tensor = names.convert_to_tensor
cos = _op("cos", elementwise.cos)
cosh = _op("cosh", elementwise.cosh)
count_nonzero = _op("count_nonzero", reduction.count_nonzero)
cross = _op("cross", matrices.cross)
cumprod = _op("cumprod", functions.cumprod)
cumsum = _op("cumsum", functions.cumsum)
det = _op("det", matrices.det)
diagonal = _op("diagonal", products.diagonal)
diff = _op("diff", shape_ops.diff)
divide = _op("divide", elementwise.divide)
divide_no_nan = _op("divide_no_nan", math.divide_no_nan)
dot = _op("dot", functions.dot)
dtype = functions.dtype
eigh = _op("eigh", factorizations.eigh)
einsum = _op("einsum", products.einsum)
elu = _op("elu", activations.elu)
empty = names.zeros
equal = _op("equal", elementwise.equal)
erf = _op("erf", special.erf)
erfc = _op("erfc", special.erfc)
erfinv = _op("erfinv", special.erfinv)
exp = _op("exp", elementwise.exp)
expand_dims = _op("expand_dims", shape_ops.expand_dims)
expm1 = _op("expm1", elementwise.expm1)
eye = names.eye
flip = _op("flip", shape_ops.flip)
floor = _op("floor", elementwise.floor)
floor_divide = _op("floor_divide", elementwise.floor_divide)
fori_loop = functions.fori_loop
full = names.full
full_like = _op("full_like", functions.full_like)
gelu = _op("gelu", activations.gelu)
get_item = _op("get_item", functions.get_item)
glu = _op("glu", activations.glu)
greater = _op("greater", elementwise.greater)
greater_equal = _op("greater_equal", elementwise.greater_equal)
hard_shrink = _op("hard_shrink", activations.hard_shrink)
hard_sigmoid = _op("hard_sigmoid", activations.hard_sigmoid)
hard_silu = _op("hard_silu", activations.hard_silu)
hard_swish = _op("hard_swish", activations.hard_swish)
hard_tanh = _op("hard_tanh", activations.hard_tanh)
hstack = _op("hstack", functions.hstack)
hypot = _op("hypot", elementwise.hypot)
identity = names.eye
imag = _op("imag", elementwise.imag)
in_top_k = _op("in_top_k", math.in_top_k)
inv = _op("inv", matrices.inv)
is_tensor = names.is_tensor
isclose = _op("isclose", functions.isclose)
isfinite = _op("isfinite", elementwise.isfinite)
isin = _op("isin", sets.isin)
isinf = _op("isinf", elementwise.isinf)
isnan = _op("isnan", elementwise.isnan)
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
logdet = _op("logdet", linalg.logdet)
logical_and = _op("logical_and", elementwise.logical_and)
logical_not = _op("logical_not", elementwise.logical_not)
logical_or = _op("logical_or", elementwise.logical_or)
logical_xor = _op("logical_xor", elementwise.logical_xor)
logsumexp = _op("logsumexp", reduction.logsumexp)
lstsq = _op("lstsq", linalg.lstsq)
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
moments = _op("moments", nn.moments)
moveaxis = _op("moveaxis", shape_ops.moveaxis)
multiply = _op("multiply", elementwise.multiply)
nan_to_num = _op("nan_to_num", functions.nan_to_num)
nanmax = _op("nanmax", extras.nanmax)
nanmean = _op("nanmean", extras.nanmean)
nanmin = _op("nanmin", extras.nanmin)
nanprod = _op("nanprod", extras.nanprod)
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
pinv = _op("pinv", matrices.pinv)
power = _op("power", elementwise.pow)
prod = _op("prod", reduction.prod)
qr = _op("qr", factorizations.qr)
ravel = _op("ravel", extras.ravel)
real = _op("real", elementwise.real)
reciprocal = _op("reciprocal", elementwise.reciprocal)
relu = _op("relu", activations.relu)
relu6 = _op("relu6", activations.relu6)
repeat = _op("repeat", names.repeat)
reshape = _op("reshape", names.reshape)
right_shift = _op("right_shift", elementwise.bitwise_right_shift)
roll = _op("roll", names.roll)
round = _op("round", functions.round)
rsqrt = _op("rsqrt", elementwise.rsqrt)
saturate_cast = _op("saturate_cast", elementwise.saturate_cast)
scan = functions.scan
scatter = _op("scatter", functions.scatter)
scatter_update = _op("scatter_update", functions.scatter_update)
searchsorted = _op("searchsorted", reduction.searchsorted)
segment_sum = _op("segment_sum", functions.segment_sum)
selu = _op("selu", activations.selu)
shape = functions.shape
sigmoid = _op("sigmoid", activations.sigmoid)
sign = _op("sign", elementwise.sign)
signbit = _op("signbit", elementwise.signbit)
silu = _op("silu", activations.silu)
sin = _op("sin", elementwise.sin)
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
sort = _op("sort", reduction.sort)
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
stop_gradient = _op("stop_gradient", elementwise.stop_gradient)
subtract = _op("subtract", elementwise.subtract)
sum = _op("sum", reduction.sum)
svd = _op("svd", factorizations.svd)
swapaxes = _op("swapaxes", shape_ops.swapaxes)
swish = _op("swish", activations.swish)
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
tril = _op("tril", shape_ops.tril)
triu = _op("triu", shape_ops.triu)
true_divide = _op("true_divide", elementwise.divide)
trunc = _op("trunc", elementwise.trunc)
unstack = _op("unstack", names.unstack)
var = _op("var", reduction.var)
vectorize = functions.vectorize
vectorized_map = control.vectorized_map
vstack = _op("vstack", functions.vstack)
where = _op("where", functions.where)
while_loop = control.while_loop
zeros = names.zeros
zeros_like = _op("zeros_like", names.zeros_like)

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
    "argsort",
    "array",
    "average",
    "binary_crossentropy",
    "bincount",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "ceil",
    "celu",
    "cholesky",
    "clip",
    "concatenate",
    "cond",
    "conj",
    "conjugate",
    "convert_to_numpy",
    "convert_to_tensor",
    "cos",
    "cosh",
    "count_nonzero",
    "cross",
    "cumprod",
    "cumsum",
    "custom_gradient",
    "det",
    "diagonal",
    "diff",
    "divide",
    "divide_no_nan",
    "dot",
    "dtype",
    "eigh",
    "einsum",
    "elu",
    "empty",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "expand_dims",
    "expm1",
    "eye",
    "flip",
    "floor",
    "floor_divide",
    "fori_loop",
    "full",
    "full_like",
    "gelu",
    "get_item",
    "glu",
    "greater",
    "greater_equal",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "hstack",
    "hypot",
    "identity",
    "imag",
    "in_top_k",
    "inv",
    "is_tensor",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "leaky_relu",
    "left_shift",
    "less",
    "less_equal",
    "linspace",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "lstsq",
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
    "multiply",
    "nan_to_num",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "ndim",
    "negative",
    "nextafter",
    "nonzero",
    "norm",
    "normalize",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "outer",
    "pad",
    "pinv",
    "power",
    "prod",
    "qr",
    "ravel",
    "real",
    "reciprocal",
    "relu",
    "relu6",
    "repeat",
    "reshape",
    "right_shift",
    "roll",
    "round",
    "rsqrt",
    "saturate_cast",
    "scan",
    "scatter",
    "scatter_update",
    "searchsorted",
    "segment_sum",
    "selu",
    "shape",
    "sigmoid",
    "sign",
    "signbit",
    "silu",
    "sin",
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
    "sort",
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
    "stop_gradient",
    "subtract",
    "sum",
    "svd",
    "swapaxes",
    "swish",
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
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unstack",
    "var",
    "vectorize",
    "vectorized_map",
    "vstack",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]

answer(__name__)
