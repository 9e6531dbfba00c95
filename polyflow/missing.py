"""Names that are not there: the error says what to use instead, or names the nearest."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

from .errors import nearest

_NO_IMAGES = "there are no layers for images; flatten them for Dense, or subclass Layer and write `call` in ops"
_IMAGES = "work on images with array code, or with Pillow before the first tensor"
_NO_RECURRENT = "there are no recurrent layers; subclass Layer and let `call` go along the time axis with tf.scan"
_NO_TEXT = "tensors hold numbers only; turn text into numbers in Python, before the first tensor"
WEIGHTS = "model.save and tf.keras.models.load_model keep a model in a file, save_weights and load_weights its weights"
_DIGITS = "nothing is downloaded; load_digits() gives images of digits that ship with the package"
_DOWNLOADS = "nothing is downloaded; fetch files with urllib.request.urlretrieve"
_DENSE = "tensors are dense; pad to one length, and mask with tf.sequence_mask"
_FILES = "read files with Python or NumPy, and give a Dataset the arrays, or from_generator"
_FIRST = "that is TensorFlow 1's; write variables, functions and GradientTape as in TensorFlow 2"
_HOST = "use x.numpy() and NumPy outside of tf.function; Dataset.map takes a function that does so as it is"

_IN_ORDER = "assignments are made in the order in which they are written"
_DEVICES = "choose a device with tf.device or use_backend"

INSTEAD = {
    "polyflow": {
        "saved_model": WEIGHTS,
        **dict.fromkeys(("strings", "string", "lookup"), _NO_TEXT),
        **dict.fromkeys(("ragged", "RaggedTensor", "sparse", "SparseTensor"), _DENSE),
        **dict.fromkeys(("Session", "placeholder", "global_variables_initializer", "compat", "Graph"), _FIRST),
        "py_func": _HOST,
        "io": _FILES,
        "lite": WEIGHTS,
        "image": _IMAGES,
        "signal": "Fourier transforms are in polyflow.array_api.fft",
        "distribute": "a model trains on one device; choose it with tf.device or use_backend",
        "summary": "callbacks.CSVLogger writes a training's logs to a file, and fit returns them",
        "bitcast": "use x.numpy().view(dtype) outside of tf.function",
        "autodiff": "use tf.jvp of a function",
        "experimental": "NumPy's functions under its names are in polyflow.array_api",
        **dict.fromkeys(("control_dependencies", "group", "no_op"), _IN_ORDER),
        "gradients": "use tf.GradientTape, or tf.grad of a function",
        "hessians": "use tf.hessian of a function",
        "timestamp": "use time.time()",
        "autograph": "write tf.cond and tf.while_loop for what depends on values",
    },
    "polyflow.config": dict.fromkeys(
        ("set_visible_devices", "get_visible_devices", "set_soft_device_placement"), _DEVICES
    ),
    "polyflow.layers": {
        **dict.fromkeys(("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "MaxPooling1D", "MaxPooling2D"), _NO_IMAGES),
        **dict.fromkeys(("AveragePooling2D", "ZeroPadding2D", "UpSampling2D", "Resizing", "RandomFlip"), _NO_IMAGES),
        **dict.fromkeys(("GlobalMaxPooling2D", "GlobalAveragePooling2D", "SeparableConv2D"), _NO_IMAGES),
        **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "TimeDistributed"), _NO_RECURRENT),
        **dict.fromkeys(("TextVectorization", "StringLookup"), _NO_TEXT),
        **dict.fromkeys(("Hashing", "HashedCrossing"), "IntegerLookup, or Lambda with whole numbers % bins"),
        **dict.fromkeys(("MultiHeadAttention", "Attention"), "subclass Layer and write `call` with tf.einsum"),
    },
    "polyflow.nn": {
        **dict.fromkeys(("conv1d", "conv2d", "conv3d", "conv2d_transpose", "convolution"), _NO_IMAGES),
        **dict.fromkeys(("max_pool", "max_pool2d", "avg_pool", "avg_pool2d", "pool"), _NO_IMAGES),
        **dict.fromkeys(("ctc_loss", "ctc_beam_search_decoder"), _NO_RECURRENT),
    },
    "polyflow.data.experimental": dict.fromkeys(("make_csv_dataset", "CsvDataset", "SqlDataset"), _FILES),
    "polyflow.datasets": dict.fromkeys(("mnist", "fashion_mnist", "cifar10", "imdb", "boston_housing"), _DIGITS),
    "polyflow.data": {
        **dict.fromkeys(("TextLineDataset", "TFRecordDataset"), _FILES),
    },
    "polyflow.callbacks": {
        "TensorBoard": "CSVLogger writes the logs to a file, and fit returns them",
    },
    "polyflow.keras": {
        **dict.fromkeys(("applications", "export"), _NO_IMAGES),
        "mixed_precision": "give layers dtype='float16' or 'bfloat16'",
    },
    "polyflow.keras.ops": {
        **dict.fromkeys(("conv", "conv_transpose", "depthwise_conv", "separable_conv"), _NO_IMAGES),
        **dict.fromkeys(("average_pool", "max_pool", "adaptive_average_pool", "adaptive_max_pool"), _NO_IMAGES),
        "image": _IMAGES,
    },
    "polyflow.keras.preprocessing": {
        **dict.fromkeys(("image", "image_dataset_from_directory"), _IMAGES),
        **dict.fromkeys(("text", "text_dataset_from_directory"), _NO_TEXT),
    },
    "polyflow.keras.utils": {
        **dict.fromkeys(("plot_model", "model_to_dot"), "draw model.graph(), as in model.graph().draw('model.svg')"),
        **dict.fromkeys(("image_dataset_from_directory", "load_img", "img_to_array", "array_to_img"), _IMAGES),
        "text_dataset_from_directory": _NO_TEXT,
        "get_file": _DOWNLOADS,
    },
    "polyflow.random": {
        "get_global_generator": "without seed= and key= every function draws from the global generator",
        "experimental": "the generator is at tf.random.Generator",
    },
}
"""What to use instead of names of TensorFlow's and Keras's, by the module in which they are looked for."""


def missing(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error for a name that is not among those ``known`` of a module."""
    hint = INSTEAD.get(module, {}).get(name)
    near = [] if hint or name.startswith("__") else nearest(name, known)
    more = f" Instead: {hint}." if hint else f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return AttributeError(f"{module} has no {name!r}.{more}", name=name)


class Instead:
    """A name of TensorFlow's that a class does not have: to look it up raises, with what to use instead."""

    def __init__(self, hint: str) -> None:
        self.hint = hint

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, found: Any, kind: type) -> NoReturn:
        raise AttributeError(f"{kind.__name__} has no {self.name!r}. Instead: {self.hint}.", name=self.name)


def answer(module: str, later: Collection[str] = ()) -> None:
    """Let a module, given by its name, answer with `missing` to names that it does not have.

    Submodules named in ``later`` are imported when they are first used.
    """
    names = vars(sys.modules[module])

    def __getattr__(name: str) -> Any:
        if name in later:
            return importlib.import_module(f"{module}.{name}")
        raise missing(module, name, names["__all__"])

    names["__dir__"] = lambda: sorted({*names, *later})
    names["__getattr__"] = __getattr__  # written in the module, type checkers would take every name for known
