"""Bad input: one sentence, from the same class, on every backend; and the model trains on afterwards.

(Plugins that are missing, broken, too old or clash are in `tests/backend/test_broken_plugins.py`.)
"""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import polyflow as pf
from polyflow import errors

K, L = pf.keras, pf.keras.layers
X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = X.sum(1, keepdims=True)
C = np.arange(8) % 3
BACKENDS = ["numpy", "jax"]


def slices(*parts):
    return pf.data.Dataset.from_tensor_slices(parts)


def recompile(model, *args, **options):
    """Compile as the user who makes the mistake does; what was compiled before has to survive it."""
    return model.compile(*args, **options)


def compiled(optimizer="sgd", loss="mse", **options):
    """A model of one's own for mistakes in compiling it."""
    model = pf.Sequential([L.Dense(1, name="dense", input_shape=(4,))], name="model")
    model.compile(optimizer, loss, **options)
    return model


def generator_of(function):
    return pf.data.Dataset.from_generator(function, output_signature=pf.TensorSpec((), "int32"))


def nothing(y_true, y_pred):
    """A loss that forgets to return."""


def both_backends():
    return pf.tensor([1.0], backend="numpy"), pf.tensor([1.0], backend="jax")


def itself():
    """A list that is an element of itself."""
    found = [1.0]
    found.append(found)
    return found


class Bare(K.Model):
    """A model whose constructor forgets that of its base."""

    def __init__(self):
        self.dense = L.Dense(1)


class BareMetric(K.metrics.Metric):
    """And a metric's."""

    def __init__(self):
        self.total = 0

    def update_state(self, y_true, y_pred, sample_weight=None): ...

    def result(self):
        return 0.0


class BareLoss(K.losses.Loss):
    """And a loss's."""

    def __init__(self): ...

    def call(self, y_true, y_pred):
        return y_true - y_pred


class BareOptimizer(K.optimizers.SGD):
    """And an optimizer's."""

    def __init__(self): ...


class BareStopping(K.callbacks.EarlyStopping):
    """And a callback's."""

    def __init__(self): ...


class Lossless(K.Model):
    """A model whose loss forgets to return."""

    def call(self, x):
        return x[:, :1]

    def compute_loss(self, **parts): ...


class Resultless(K.metrics.Metric):
    """A metric whose result forgets to return."""

    def update_state(self, y_true, y_pred, sample_weight=None): ...

    def result(self): ...


class Hook(K.callbacks.Callback):
    """A callback whose hook takes no logs."""

    def on_epoch_end(self, epoch): ...


def made(cls):
    model = cls()
    model.compile("sgd", "mse")
    return model


class Silent(L.Layer):
    """A layer whose call forgets to return."""

    def call(self, x):
        x * 2


REGRESSION = {
    # names
    "backend": (lambda m: pf.set_backend("jaxx"), errors.UnknownBackendError, r"'jaxx'\. Did you mean 'jax'\?"),
    "move": (lambda m: m.to("nump"), errors.UnknownBackendError, r"Did you mean 'numpy'\? Installed: .*numpy"),
    "device": (lambda m: pf.zeros(3).to("jax:gpu:7"), errors.UnknownDeviceError, r"no device 'gpu:7'\. Its .*cpu:0"),
    "optimizer": (lambda m: recompile(m, "addam", "mse"), errors.UnknownNameError, "'addam'. Did you mean 'adam'"),
    "optimizer, a number": (lambda m: recompile(m, 3, "mse"), errors.UnknownNameError, "Unknown optimizer 3"),
    "optimizer's argument": (lambda m: K.optimizers.Adam(beta1=0.9), errors.UnknownNameError, "Did you mean 'beta_1'"),
    "learning rate": (lambda m: K.optimizers.SGD("fast"), TypeError, "learning_rate is a number.*got 'fast'"),
    "loss": (lambda m: recompile(m, "sgd", "mean_square_error"), errors.UnknownNameError, "mean 'mean_squared_error'"),
    "a metric of no pairs": (
        lambda m: recompile(m, "sgd", "mse", metrics=[K.metrics.Mean]),
        TypeError,
        r"Mean cannot be compiled as a metric: its update_state takes \(values, sample_weight\), and not \(y_true",
    ),
    "a metric of no pairs, by name": (
        lambda m: recompile(m, "sgd", "mse", metrics=["sum"]),
        TypeError,
        "Sum cannot be compiled as a metric",
    ),
    "a metric that needs arguments": (
        lambda m: recompile(m, "sgd", "mse", metrics=[K.metrics.MeanIoU]),
        TypeError,
        r"MeanIoU cannot be made without arguments: .*'num_classes'\. Give an object, MeanIoU\(\.\.\.\)",
    ),
    "a loss of one": (
        lambda m: recompile(m, "sgd", lambda y: y),
        TypeError,
        r"a loss is a function of \(y_true, y_pred\); 'lambda' takes \(y\)",
    ),
    "a metric of three": (
        lambda m: recompile(m, "sgd", "mse", metrics=[lambda a, b, c: a]),
        TypeError,
        r"a metric is a function of \(y_true, y_pred\); 'lambda' takes \(a, b, c\)",
    ),
    "a loss of nothing": (
        lambda m: compiled(loss=nothing).fit(X, Y),
        TypeError,
        "the loss 'nothing' returned None.*is a `return` missing",
    ),
    "metric": (lambda m: recompile(m, "sgd", "mse", metrics=["accuraccy"]), errors.UnknownNameError, "mean 'accuracy'"),
    "activation": (lambda m: L.Dense(3, activation="reluu"), errors.UnknownNameError, "'reluu'. Did you mean 'relu'"),
    "initializer": (
        lambda m: L.Dense(3, kernel_initializer="glorot_unifrom"),
        errors.UnknownNameError,
        "Did you mean 'glorot_uniform'",
    ),
    "layer's argument": (lambda m: L.Dense(3, activaton="relu"), TypeError, "'activaton'. Did you mean 'activation'"),
    "layer's name": (lambda m: m.get_layer("densee"), errors.UnknownNameError, "Did you mean 'dense'"),
    # tensors
    "mixed backends": (
        lambda m: pf.add(*both_backends()),
        errors.MixedBackendsError,
        r"add got tensors of two backends, 'numpy' \(cpu:0\) and 'jax' \(cpu:0\)\. Move one.*to\('numpy'\)",
    ),
    "mixed in matmul": (lambda m: pf.tensordot(*both_backends(), axes=1), errors.MixedBackendsError, "Move one first"),
    "dtype": (lambda m: pf.zeros(3, dtype="float31"), errors.DTypeError, "'float31' is not a dtype. Expected one of"),
    "dtype of the value": (lambda m: pf.constant([1.5], "int32"), errors.DTypeError, "losing part of the numbers"),
    "text": (lambda m: pf.constant([1, "a"]), errors.DTypeError, r"'a' \(str\) at position \[1\] is no number"),
    "nothing": (lambda m: pf.constant(None), errors.DTypeError, "cannot make a tensor of NoneType"),
    "dtype of the op": (lambda m: pf.bitwise_and(1.0, 2.0), errors.DTypeError, "on integers or booleans, not on float"),
    "order of complex": (lambda m: pf.constant(1j) < 2j, errors.DTypeError, "complex numbers have no order"),
    "shapes": (lambda m: pf.ones((2, 3)) + pf.ones(4), errors.ShapeError, r"\(2, 3\), \(4,\) do not broadcast"),
    "matrices": (lambda m: pf.ones((2, 3)) @ pf.ones((2, 3)), errors.ShapeError, r"^matmul of shapes \(2, 3\) and"),
    "rank": (
        lambda m: pf.constant(1.0) @ pf.ones(3),
        errors.ShapeError,
        r"one axis .* shapes \(\) and \(3,\)\. Use \*",
    ),
    "count": (lambda m: pf.reshape(pf.ones(6), (4, 2)), errors.ShapeError, r"holds 6 elements, to \(4, 2\)"),
    "size": (lambda m: pf.zeros((-1, 2)), errors.ShapeError, r"0 or more; got \(-1, 2\)"),
    "axis": (
        lambda m: pf.reduce_sum(pf.ones((2, 3)), axis=2),
        errors.AxisError,
        "sum: axis 2 is out of range.*-2 to 1",
    ),
    "axes of a transpose": (
        lambda m: pf.transpose(pf.ones((2, 3)), (3, 0)),
        errors.AxisError,
        "axis 3 is out of range.*-2 to 1",
    ),
    "size to broadcast to": (
        lambda m: pf.broadcast_to(pf.ones(2), (-1, 2)),
        errors.ShapeError,
        r"0 or more; got \(-1, 2\)",
    ),
    "count of values": (
        lambda m: pf.constant([1, 2, 3], shape=(2, 2)),
        errors.ShapeError,
        r"3 values in shape \(2, 2\)\. Give as many",
    ),
    "variable of nothing": (lambda m: pf.Variable(None), errors.DTypeError, "cannot make a tensor of NoneType"),
    "axis twice": (lambda m: pf.reduce_sum(pf.ones((2, 3)), axis=(0, -2)), errors.AxisError, "names an axis .* twice"),
    "index": (lambda m: pf.ones(3)[5], IndexError, r"index 5 is out of bounds for axis 0 of size 3"),
    "index array": (lambda m: pf.ones(3)[pf.constant([0, -4])], IndexError, "index -4 is out of bounds for axis 0"),
    "gather": (lambda m: pf.gather(pf.ones((2, 3)), [2]), IndexError, "index 2 is out of bounds for axis 0 of size 2"),
    "mask": (lambda m: pf.ones(3)[pf.constant([True, False])], IndexError, r"mask of shape \(2,\) does not fit"),
    "ragged": (
        lambda m: pf.constant([[[1], [2]], [[3], [4, 5]]]),
        errors.ShapeError,
        r"element\[1\]\[1\] has shape \(2",
    ),
    "value of a variable": (
        lambda m: pf.Variable([1.0]).assign([1.0, 2.0]),
        errors.ShapeError,
        r"\(1,\); got .* \(2,\)",
    ),
    "text as an end": (lambda m: pf.range("a"), errors.DTypeError, r"range needs a number; got 'a' \(str\)"),
    "an end that is a list": (lambda m: pf.range([1, 2]), errors.DTypeError, r"range needs a number; got \[1, 2\]"),
    "text as an end of arange": (lambda m: K.ops.arange(0, "b"), errors.DTypeError, "arange needs a number; got 'b'"),
    "text as an end of linspace": (lambda m: pf.linspace("a", 1, 3), errors.DTypeError, "cannot make a tensor of str"),
    "text as a count": (lambda m: pf.linspace(0, 1, "a"), TypeError, "linspace needs an integer as num; got 'a'"),
    "half a count": (lambda m: pf.linspace(0, 1, 2.5), TypeError, r"an integer as num; got 2.5 \(float\)"),
    "half a size": (lambda m: pf.split(pf.ones(3), [1.5, 1.5]), TypeError, "split needs an integer as each size"),
    "no list": (lambda m: pf.stack(5), TypeError, r"stack takes a list of tensors; got 5 \(int\)"),
    "no tensors": (lambda m: pf.add_n([]), ValueError, "add_n needs at least one tensor"),
    "text as a bound": (
        lambda m: pf.fori_loop(0, "b", lambda i, x: x, 0),
        TypeError,
        "fori_loop needs an integer as upper; got 'b'",
    ),
    **{
        f"no function of {name}": (mistake, TypeError, f"{name} needs a function as {label}; got 5")
        for name, label, mistake in (
            ("fori_loop", "body_fun", lambda m: pf.fori_loop(0, 3, 5, 0)),
            ("while_loop", "cond", lambda m: pf.while_loop(5, lambda i: i, (0,))),
            ("while_loop", "body", lambda m: pf.while_loop(lambda i: i < 3, 5, (0,))),
            ("scan", "f", lambda m: pf.scan(5, 0.0, pf.ones(3))),
            ("map_fn", "fn", lambda m: pf.map_fn(5, pf.ones(3))),
            ("vectorized_map", "fn", lambda m: pf.vectorized_map(5, pf.ones(3))),
            ("foldl", "fn", lambda m: pf.foldl(5, pf.ones(3))),
        )
    },
    **{
        f"arguments of {name}": (mistake, TypeError, f"^{re.escape(text)} takes others.$")
        for name, mistake, text in (
            (
                "cond of while_loop",
                lambda m: pf.while_loop(lambda: True, lambda i: i, (0,)),
                "while_loop calls cond with 1 argument, the loop variables; lambda()",
            ),
            (
                "body of while_loop",
                lambda m: pf.while_loop(lambda i: i < 3, lambda i, j: (i, j), (0,)),
                "while_loop calls body with 1 argument, the loop variables; lambda(i, j)",
            ),
            (
                "cond",
                lambda m: pf.cond(True, lambda: 1, lambda x: x),
                "cond calls false_fn with no arguments; lambda(x)",
            ),
            (
                "cond, traced",
                lambda m: pf.function(lambda p: pf.cond(p, lambda x: x, lambda: 1))(pf.constant(True)),
                "cond calls true_fn with no arguments; lambda(x)",
            ),
            (
                "scan",
                lambda m: pf.scan(lambda c: c, 0.0, pf.ones(3)),
                "scan calls f with 2 arguments, (carry, x); lambda(c)",
            ),
            (
                "fori_loop",
                lambda m: pf.fori_loop(0, 3, lambda i: i, 0.0),
                "fori_loop calls body_fun with 2 arguments, (i, value); lambda(i)",
            ),
            (
                "map_fn",
                lambda m: pf.map_fn(lambda x, *, scale: x, pf.ones(3)),
                "map_fn calls fn with 1 argument, an element; lambda(x, *, scale)",
            ),
            (
                "vectorized_map",
                lambda m: pf.vectorized_map(lambda x, y: x, pf.ones(3)),
                "vectorized_map calls fn with 1 argument, an element; lambda(x, y)",
            ),
            (
                "foldl",
                lambda m: pf.foldl(lambda x: x, pf.ones(3)),
                "foldl calls fn with 2 arguments, (accumulated, element); lambda(x)",
            ),
            (
                "switch_case",
                lambda m: pf.switch_case(0, [lambda x: x]),
                "switch_case calls branch 0 with no arguments; lambda(x)",
            ),
            ("case", lambda m: pf.case([(True, lambda x: x)]), "case calls function 0 with no arguments; lambda(x)"),
            (
                "vjp",
                lambda m: pf.vjp(lambda: 1.0, pf.ones(2)),
                "vjp calls function with 1 argument, the primals; lambda()",
            ),
            (
                "map",
                lambda m: list(slices(X, Y).map(lambda x: x)),
                "map() calls its function with 2 arguments; lambda(x)",
            ),
            (
                "map of dicts",
                lambda m: list(pf.data.Dataset.from_tensor_slices({"x": X}).map(lambda x, y: x)),
                "map() calls its function with 1 argument; lambda(x, y)",
            ),
            (
                "filter",
                lambda m: list(slices(X, Y).filter(lambda x: True)),
                "filter() calls its function with 2 arguments; lambda(x)",
            ),
            (
                "take_while",
                lambda m: list(slices(X, Y).take_while(lambda x: True)),
                "take_while() calls its function with 2 arguments; lambda(x)",
            ),
            (
                "reduce",
                lambda m: slices(X, Y).reduce(0.0, lambda s: s),
                "reduce() calls reduce_func with 2 arguments, (state, element); lambda(s)",
            ),
            (
                "apply",
                lambda m: slices(X, Y).apply(lambda: 1),
                "apply() calls transformation_func with 1 argument, the dataset; lambda()",
            ),
            (
                "from_generator",
                lambda m: generator_of(lambda n: [n]),
                "from_generator() calls generator with no arguments; lambda(n)",
            ),
        )
    },
    **{
        f"arguments of a {name}": (mistake, TypeError, f"^{re.escape(text)} takes others.$")
        for name, mistake, text in (
            (
                "regularizer",
                lambda m: L.Dense(1, kernel_regularizer=lambda: 0.0),
                "a regularizer is called with 1 argument; lambda()",
            ),
            (
                "constraint",
                lambda m: L.Dense(1, bias_constraint=lambda: 0.0),
                "a constraint is called with 1 argument; lambda()",
            ),
            (
                "activation",
                lambda m: L.Activation(lambda x, y: x),
                "an activation is called with 1 argument; lambda(x, y)",
            ),
            (
                "Lambda",
                lambda m: L.Lambda(lambda: 1),
                "Lambda calls its function with 1 argument, the inputs; lambda()",
            ),
            (
                "learning rate",
                lambda m: K.optimizers.SGD(lambda step: 0.1),
                "an optimizer calls learning_rate with no arguments; lambda(step)",
            ),
            (
                "hook",
                lambda m: K.callbacks.LambdaCallback(on_epoch_end=lambda epoch: None),
                "LambdaCallback calls on_epoch_end with 2 arguments, (epoch, logs); lambda(epoch)",
            ),
            (
                "schedule",
                lambda m: K.callbacks.LearningRateScheduler(lambda a, b, c: 0.1),
                "LearningRateScheduler calls schedule with 2 arguments, (epoch, learning_rate); lambda(a, b, c)",
            ),
        )
    },
    **{
        f"{name} of no list": (mistake, TypeError, f"takes a list of {text}; ")
        for name, mistake, text in (
            ("apply", lambda m: K.optimizers.SGD().apply(5, [pf.Variable(1.0)]), "gradients"),
            ("apply to", lambda m: K.optimizers.SGD().apply([1.0], 5), "variables"),
            ("apply to one", lambda m: K.optimizers.SGD().apply([1.0], [5]), "variables"),
            ("build", lambda m: K.optimizers.SGD().build(5), "variables"),
            ("build one", lambda m: K.optimizers.SGD().build([5]), "variables"),
            ("set_weights", lambda m: K.optimizers.SGD().set_weights(5), "values"),
        )
    },
    **{
        f"a learning rate of {rate!r}": (
            lambda m, rate=rate: K.optimizers.SGD(lambda: rate).apply([1.0], [pf.Variable(1.0)]),
            TypeError,
            "learning_rate is a number, a schedule or a function; got ",
        )
        for rate in ("a", None)
    },
    **{
        f"a file named 5, {name}": (mistake, TypeError, "the name of a file is a string or a pathlib.Path; got 5.")
        for name, mistake in (
            ("save", lambda m: m.save(5)),
            ("save_weights", lambda m: m.save_weights(5)),
            ("load_weights", lambda m: m.load_weights(5)),
            ("load_model", lambda m: K.models.load_model(5)),
            ("restore", lambda m: pf.train.Checkpoint(model=m).restore(5)),
            ("ModelCheckpoint", lambda m: K.callbacks.ModelCheckpoint(5)),
            ("CSVLogger", lambda m: K.callbacks.CSVLogger(5)),
        )
    },
    "two characters": (
        lambda m: K.callbacks.CSVLogger("a.csv", separator="ab"),
        ValueError,
        "one character; got .*'ab'",
    ),
    "no tape": (lambda m: pf.GradientTape().__exit__(None, None, None), RuntimeError, "was not entered. Write 'with"),
    "no checkpoint": (lambda m: pf.train.CheckpointManager(5, "a", 3), TypeError, "needs a Checkpoint first; got 5"),
    **{
        f"{name} for one tensor": (mistake, errors.ShapeError, "'one' .* takes one tensor; got a dict of 1")
        for name, mistake in (
            ("a dict", lambda m: L.Dense(1, name="one")({"a": X})),
            ("a dict while building", lambda m: L.BatchNormalization(name="one")({"a": X})),
            ("a dict of symbols", lambda m: L.Flatten(name="one")({"a": K.Input((4,))})),
            ("a dict at inference", lambda m: L.Dropout(0.5, name="one")({"a": X})),
        )
    },
    "a dict to add": (
        lambda m: L.Add(name="one")({"a": X}),
        errors.ShapeError,
        "takes a list of two tensors or more; got a dict of 1",
    ),
    "complex targets": (lambda m: m.fit(X, Y + 1j), errors.DTypeError, "y_true is complex64 and y_pred float32"),
    "a complex loss": (
        lambda m: compiled(loss=lambda y_true, y_pred: pf.cast(y_pred, "complex64")).fit(X, Y),
        errors.DTypeError,
        "the loss is complex",
    ),
    "a loss of two": (
        lambda m: compiled(loss=lambda y_true, y_pred: (y_true, y_pred)).fit(X, Y),
        TypeError,
        "the loss 'lambda' returned a tuple; expected one tensor",
    ),
    "no loss computed": (lambda m: made(Lossless).fit(X, Y), TypeError, "compute_loss of Lossless returned None"),
    "no result of a metric": (
        lambda m: compiled(metrics=[Resultless(name="gone")]).fit(X, Y),
        TypeError,
        "the metric 'gone' gave None as its result",
    ),
    "hook of another form": (
        lambda m: m.fit(X, Y, callbacks=[Hook()]),
        TypeError,
        r"^fit calls Hook.on_epoch_end with 2 arguments, \(epoch, logs\); on_epoch_end\(epoch\) takes others",
    ),
    "no loss to add": (lambda m: L.Layer().add_loss("a"), TypeError, "add_loss takes a number .*; got 'a'"),
    "no axes to share": (
        lambda m: L.PReLU(shared_axes=[9])(X),
        errors.AxisError,
        "axis 9 is out of range",
    ),
    "noise of another rank": (
        lambda m: L.Dropout(0.5, noise_shape=(8,), name="drop")(X, training=True),
        errors.ShapeError,
        r"a noise_shape of 1 axes; got \(8, 4\)",
    ),
    "axis of classes": (
        lambda m: K.losses.CategoricalCrossentropy(axis=9)(X, X),
        errors.AxisError,
        "axis 9 is out of range",
    ),
    "weights that are no numbers": (
        lambda m: pf.data.Dataset.sample_from_datasets([slices(X), slices(X)], weights=["a", 1]),
        ValueError,
        r"sample_from_datasets\(\) needs a number; got weights\[0\]='a'",
    ),
    "no step": (lambda m: pf.data.Dataset.range(0, 5, 0), ValueError, r"a step other than 0; got \(0, 5, 0\)"),
    "layer by text": (
        lambda m: m.get_layer(index="a"),
        TypeError,
        "get_layer needs an integer, or None; got index='a'",
    ),
    "an error of the function's own": (
        lambda m: list(slices(X, Y).map(lambda x, y: len(5))),
        TypeError,
        "object of type 'int' has no len",
    ),
    "no generator": (
        lambda m: list(generator_of(lambda: 5)),
        TypeError,
        "returns an iterable; it returned 5. Write yield",
    ),
    "no functions of case": (lambda m: pf.case([(True, 5)]), TypeError, "case needs a function as function 0; got 5"),
    "no pairs of case": (lambda m: pf.case([True]), TypeError, "case takes a list of pairs .*; got"),
    "no tuples of jvp": (lambda m: pf.jvp(lambda x: x, 1.0, 1.0), TypeError, "jvp takes primals as a tuple.*; got 1.0"),
    **{
        f"no function of {name}": (
            lambda m, name=name: getattr(pf, name)(5),
            TypeError,
            f"{name} needs a function as function; got 5",
        )
        for name in ("grad", "value_and_grad", "jacobian", "hessian", "custom_gradient")
    },
    "no pair of custom_gradient": (
        lambda m: pf.custom_gradient(lambda x: x)(1.0),
        TypeError,
        "returns a pair of its value and a function, the pullback; .* returned",
    ),
    "no pullback of custom_gradient": (
        lambda m: pf.custom_gradient(lambda x: (x, 5))(1.0),
        TypeError,
        "returns a pair of its value and a function, the pullback; .* returned",
    ),
    "shape of a tangent": (
        lambda m: pf.jvp(lambda x: x, (pf.ones(2),), (1.0,)),
        errors.ShapeError,
        r"a tangent has the shape of its argument, \(2,\); got \(\)",
    ),
    "text to fold in": (
        lambda m: pf.random.fold_in(pf.random.key(0), "a"),
        TypeError,
        "fold_in needs an integer as data; got 'a'",
    ),
    "half a key": (lambda m: pf.random.split(pf.random.key(0), 1.5), TypeError, "split needs an integer as n; got 1.5"),
    "text as argnums": (lambda m: pf.grad(lambda x: x, "a")(1.0), TypeError, "argnums is the number .*; got 'a'"),
    **{
        f"{name} of itself": (mistake, errors.ShapeError, "nested too deeply: does it hold itself")
        for name, mistake in (
            ("flatten", lambda m: pf.nest.flatten(itself())),
            ("map_structure", lambda m: pf.nest.map_structure(lambda x: x, itself())),
            ("assert_same_structure", lambda m: pf.nest.assert_same_structure(itself(), itself())),
            ("print", lambda m: pf.print({"a": itself()})),
        )
    },
    "text as a condition": (
        lambda m: pf.while_loop(lambda i: "a", lambda i: i + 1, (0,)),
        TypeError,
        "while_loop decides by a boolean; its condition is 'a'",
    ),
    "no condition": (lambda m: pf.cond(None, lambda: 1, lambda: 2), TypeError, "its condition is None"),
    "text as a branch": (lambda m: pf.switch_case("a", [lambda: 1]), TypeError, "an integer as branch_index; got 'a'"),
    "a format for numbers": (
        lambda m: f"{pf.ones((2, 2)):.2f}",
        ValueError,
        r"the format '.2f' is for one number; this tensor has shape \(2, 2\)\. Print x.numpy\(\).round\(2\)",
    ),
    "a format of a variable": (lambda m: f"{pf.Variable([1.0]):.2f}", ValueError, r"this tensor has shape \(1,\)"),
    "a list in itself": (lambda m: pf.constant(itself()), errors.ShapeError, "deeper than 64 levels: does it hold"),
    "data in itself": (lambda m: m.fit(itself(), Y), errors.ShapeError, "deeper than 64 levels"),
    "slices of itself": (lambda m: slices(itself()), errors.ShapeError, "deeper than 64 levels"),
    "text as a mean": (
        lambda m: pf.random.normal((2,), "a"),
        errors.DTypeError,
        "random.normal needs a number; got 'a'",
    ),
    "text as a limit": (lambda m: pf.random.uniform((2,), "a"), errors.DTypeError, "random.uniform needs a number"),
    "text as a rate": (lambda m: pf.nn.dropout(pf.ones(2), "a"), errors.DTypeError, "dropout needs a number; got 'a'"),
    "no function": (lambda m: pf.function(5), TypeError, "takes a Python function to turn into graphs; got 5"),
    "no branch": (lambda m: pf.cond(True, 1, 2), TypeError, "needs functions.*; true_fn is 1. Write lambda: value"),
    "no equation": (lambda m: pf.einsum(5, pf.ones(2)), TypeError, "needs its equation first.*got int"),
    "truth": (lambda m: bool(pf.ones(2)), ValueError, r"shape \(2,\) is ambiguous"),
    # layers
    **{
        f"no constructor, then {name}": (
            mistake,
            AttributeError,
            r"constructor of Bare must call super\(\).__init__\(\)",
        )
        for name, mistake in (
            ("compile", lambda m: Bare().compile("sgd", "mse")),
            ("fit", lambda m: Bare().fit(X, Y)),
            ("add", lambda m: pf.Sequential([Bare()])),
            ("repr", lambda m: repr(Bare())),
        )
    },
    "no return": (lambda m: pf.Sequential([Silent(name="silent")])(X), TypeError, "'silent' returned no tensor: is a"),
    "no layers": (lambda m: pf.Sequential(5), TypeError, "Sequential takes a list of layers; got 5"),
    "no shape": (lambda m: pf.Sequential([L.Dense(1)]).build(5), TypeError, r"such as \(None, 4\); got 5"),
    **{
        f"no constructor of {cls.__name__}": (
            lambda m, cls=cls, option=option: compiled(**{option: cls()}).fit(X, Y),
            AttributeError,
            f"constructor of {cls.__name__} must call super",
        )
        for cls, option in ((BareMetric, "metrics"), (BareLoss, "loss"), (BareOptimizer, "optimizer"))
    },
    "no constructor of a callback": (
        lambda m: m.fit(X, Y, callbacks=[BareStopping()]),
        AttributeError,
        "constructor of BareStopping must call super",
    ),
    "a configuration that is a number": (
        lambda m: pf.Sequential.from_config(3),
        ValueError,
        r"get_config\(\) .*; got 3",
    ),
    "no layer to get": (lambda m: m.get_layer(), ValueError, "needs the name of a layer, or its index; got neither"),
    "half a description": (lambda m: K.models.model_from_json("{"), ValueError, r"takes what .* gives; got '{'"),
    "no text": (lambda m: K.models.model_from_json(5), ValueError, "takes what .* gives; got 5"),
    "no configuration": (
        lambda m: K.models.model_from_json('{"class_name": "Sequential", "config": 5}'),
        ValueError,
        "its class_name and its config; got",
    ),
    "no configuration of an optimizer": (
        lambda m: K.optimizers.get({"class_name": "Adam", "config": 5}),
        ValueError,
        "'config', a dict; got",
    ),
    "no description": (lambda m: K.models.model_from_json("{}"), ValueError, r"class_name and its config; got \{\}"),
    "two unknown sizes": (lambda m: L.Reshape((-1, -1)), errors.ShapeError, r"one of which may be -1; got \(-1, -1\)"),
    "data_format": (lambda m: L.Flatten("channel_last"), errors.UnknownNameError, "Did you mean 'channels_last'"),
    "units 0": (lambda m: L.Dense(0), ValueError, "Dense needs an integer of 1 or more; got units=0"),
    "units -1": (lambda m: L.Dense(-1), ValueError, "Dense needs an integer of 1 or more; got units=-1"),
    "units 2.5": (lambda m: L.Dense(2.5), ValueError, "Dense needs an integer of 1 or more; got units=2.5"),
    "rate": (lambda m: L.Dropout(1.5), ValueError, "Dropout needs a number from 0 to 1; got rate=1.5"),
    "input shape": (lambda m: L.Dense(1, input_shape=(-4,)), errors.ShapeError, r"got \(-4,\)"),
    "features": (lambda m: m.fit(X[:, :3], Y), errors.ShapeError, r"shape \(None, 4\).*got shape \(8, 3\)"),
    "rank of x": (lambda m: m.fit(X[..., None, None], Y), errors.ShapeError, r"got shape \(8, 4, 1, 1\)"),
    "one sample": (lambda m: m.predict(X[0]), errors.ShapeError, r"single sample: batch it, .*x\[None\]"),
    "targets": (
        lambda m: m.fit(X, np.ones((8, 3))),
        errors.ShapeError,
        r"y_true has shape \(8, 3\) and y_pred \(8, 1\)",
    ),
    "weights": (lambda m: m.set_weights([np.ones(3)]), errors.ShapeError, "has 2 weights .*set_weights got 1"),
    "weights of nothing": (lambda m: m.set_weights(None), TypeError, "list of arrays, as get_weights.*got None"),
    "complex weights": (
        lambda m: m.set_weights([np.zeros((4, 1)), np.array([1j])]),
        errors.DTypeError,
        "bias' has dtype float32; got complex128 numbers",
    ),
    "weights of text": (lambda m: m.set_weights([np.zeros((4, 1)), ["a"]]), errors.DTypeError, "'a' .* is no number"),
    "a number flattened": (
        lambda m: L.Flatten(name="flat")(1.0),
        errors.ShapeError,
        r"takes a batch of samples; got shape \(\)",
    ),
    "scale": (lambda m: L.Rescaling("a"), TypeError, "Rescaling needs a number; got scale='a'"),
    "itself": (lambda m: m.add(m), ValueError, "'model' cannot be a layer of itself"),
    "configuration": (lambda m: pf.Sequential.from_config({"name": "a"}), ValueError, r"got the keys \['name'\]"),
    # compiling
    "no optimizer": (
        lambda m: compiled(optimizer=None).fit(X, Y),
        errors.NotCompiledError,
        "training needs an optimizer",
    ),
    **{
        f"steps_per_execution={steps!r}": (
            lambda m, steps=steps: compiled(steps_per_execution=steps),
            ValueError,
            f"steps_per_execution is an integer of 1 or more, or 'auto'; got {steps!r}",
        )
        for steps in (0, -1, 1.5, "all")
    },
    **{
        f"loss_weights={given!r}": (
            lambda m, given=given: compiled(loss_weights=given),
            ValueError,
            "one output needs a number, or None; got",
        )
        for given in ([1, 2], "x")
    },
    **{
        f"{what} of no output": (
            lambda m, what=what, one=one: compiled(**{what: {"densee": one}}),
            errors.UnknownNameError,
            f"Unknown output in {what} 'densee'. Did you mean 'dense'",
        )
        for what, one in (("loss", "mse"), ("metrics", "mae"), ("weighted_metrics", ["mae"]), ("loss_weights", 1.0))
    },
    "two losses by name": (
        lambda m: compiled(loss={"dense": "mse", "other": "mae"}),
        errors.UnknownNameError,
        "Unknown output in loss 'other'",
    ),
    "clipnorm": (lambda m: K.optimizers.SGD(clipnorm="a"), TypeError, "a number above 0, or None; got clipnorm='a'"),
    "no gradients": (lambda m: K.optimizers.SGD().apply_gradients(5), TypeError, "takes pairs of a gradient and its"),
    "no sequences": (lambda m: K.utils.pad_sequences(5), errors.ShapeError, "takes a list of sequences"),
    "sequences of text": (lambda m: K.utils.pad_sequences([[1], ["a"]]), errors.DTypeError, "'a' .* is no number"),
    "no length": (lambda m: K.utils.pad_sequences([[1]], maxlen="a"), TypeError, "an integer as maxlen; got 'a'"),
    "no pairs": (
        lambda m: K.optimizers.SGD().apply_gradients([pf.ones(2)]),
        TypeError,
        "takes pairs of a gradient and its variable",
    ),
    # data
    "no rows": (lambda m: m.fit(X[:0], Y[:0]), errors.EmptyDataError, "there is no data: x and y have 0 rows"),
    "no rows to predict": (lambda m: m.predict(X[:0]), errors.EmptyDataError, "there is no data: x has 0 rows"),
    "no elements": (lambda m: m.fit([], []), errors.EmptyDataError, "there is no data"),
    "no batches": (lambda m: m.fit(slices(X, Y).take(0).batch(2)), errors.EmptyDataError, "an empty dataset"),
    "none left": (
        lambda m: m.fit(slices(X, Y).filter(lambda x, y: False).batch(2)),
        errors.EmptyDataError,
        "without batches in epoch 1",
    ),
    "no x": (lambda m: m.fit(None, Y), ValueError, "fit needs data: x is None"),
    "no y": (lambda m: m.fit(X), ValueError, "the loss needs targets"),
    "lengths": (lambda m: m.fit(X, Y[:5]), errors.ShapeError, "x has 8, y has 5. Expected one row per example"),
    "lengths of weights": (lambda m: m.fit(X, Y, sample_weight=[1.0]), errors.ShapeError, "sample_weight has 1"),
    "lengths held out": (lambda m: m.fit(X, Y, validation_data=(X, Y[:2])), errors.ShapeError, "x has 8, y has 2"),
    "features held out": (
        lambda m: m.fit(X, Y, validation_data=(X[:, :3], Y)),
        errors.ShapeError,
        r"shape \(None, 4\).*got shape \(8, 3\)",
    ),
    "no y held out": (lambda m: m.fit(X, Y, validation_data=(X,)), ValueError, "the loss needs targets"),
    "lengths of slices": (lambda m: slices(X, Y[:5]), errors.ShapeError, r"8 rows at \[0\], but 5 rows at \[1\]"),
    "ragged rows": (
        lambda m: m.fit([[1, 2, 3, 4], [1, 2, 3]], [1, 2]),
        errors.ShapeError,
        r"element\[1\] has shape \(3",
    ),
    "text in x": (lambda m: m.fit(np.array([["a"] * 4] * 8), Y), errors.DTypeError, "Expected numbers or booleans"),
    # options
    **{
        f"validation_split={split}": (
            lambda m, split=split: m.fit(X, Y, validation_split=split),
            ValueError,
            f"validation_split is a fraction between 0 and 1; got {split}",
        )
        for split in (1.5, 1.0, -0.5, float("nan"))
    },
    "validation_split=0.999": (lambda m: m.fit(X, Y, validation_split=0.999), ValueError, "leaves none for training"),
    "batch_size=0": (
        lambda m: m.fit(X, Y, batch_size=0),
        ValueError,
        "batch_size=0 holds no rows. Expected an integer",
    ),
    "batch_size=-1": (lambda m: m.predict(X, batch_size=-1), ValueError, "batch_size=-1 holds no rows"),
    "batch_size=2.5": (lambda m: m.evaluate(X, Y, batch_size=2.5), ValueError, "integer of 1 or more; got 2.5"),
    "validation_batch_size=0": (
        lambda m: m.fit(X, Y, validation_data=(X, Y), validation_batch_size=0),
        ValueError,
        "batch_size=0 holds no rows",
    ),
    "batch(0)": (lambda m: slices(X, Y).batch(0), ValueError, r"batch\(\) got batch_size=0. Expected an integer"),
    "epochs=-1": (lambda m: m.fit(X, Y, epochs=-1), ValueError, "epochs is an integer of 0 or more; got -1"),
    "epochs=1.5": (lambda m: m.fit(X, Y, epochs=1.5), ValueError, "epochs is an integer of 0 or more; got 1.5"),
    "verbose": (lambda m: m.fit(X, Y, verbose=7), ValueError, "verbose is 0 .* got 7"),
    "callbacks": (lambda m: m.fit(X, Y, callbacks=[print]), TypeError, "Callback objects"),
    # the course of a training
    "ends early": (
        lambda m: m.fit(slices(X, Y).batch(4), epochs=3, steps_per_epoch=5),
        errors.EmptyDataError,
        r"ended after 2 of 5 steps in epoch 1\. Give it \.repeat\(\)",
    ),
    "ends early, held out": (
        lambda m: m.fit(X, Y, validation_data=slices(X, Y).batch(4), validation_steps=9),
        errors.EmptyDataError,
        "ended after 2 of 9 steps",
    ),
    "never ends": (lambda m: m.fit(slices(X, Y).repeat().batch(4)), ValueError, "never ends.*steps_per_epoch="),
    "not compiled": (lambda m: pf.Sequential([L.Dense(1)]).fit(X, Y), errors.NotCompiledError, r"model\.compile\("),
    "not compiled to evaluate": (
        lambda m: pf.Sequential([L.Dense(1)]).evaluate(X, Y),
        errors.NotCompiledError,
        "evaluate needs a compiled model",
    ),
}

CLASSES = {
    **{
        f"label {label}": (
            lambda m, label=label: m.fit(X, np.where(C == 2, label, C)),
            errors.LabelError,
            f"label {label} is none of the 3 classes .* Expected whole numbers from 0 to 2",
        )
        for label in (3, -1, 0.5, float("nan"))
    },
    "classes of weights": (lambda m: m.fit(X, C, class_weight={"a": 2.0}), ValueError, "got the class 'a'"),
    "a half class": (lambda m: m.fit(X, C, class_weight={0.5: 2.0}), ValueError, "got the class 0.5"),
    "weights of classes": (lambda m: m.fit(X, C, class_weight={0: "a"}), ValueError, "got 'a' for the class 0"),
    "labels of a dataset": (lambda m: m.fit(slices(X, C + 1).batch(4)), errors.LabelError, "label 3 is none of"),
    "labels to evaluate": (lambda m: m.evaluate(X, C + 1), errors.LabelError, "label 3 is none of"),
    "labels of a batch": (lambda m: m.train_on_batch(X, C - 1), errors.LabelError, "label -1 is none of"),
    "labels held out": (lambda m: m.fit(X, C, validation_data=(X, C + 1)), errors.LabelError, "label 3 is none of"),
    "no y": (lambda m: m.fit(X), ValueError, "the loss needs targets, and there are none"),
    "no y to evaluate": (lambda m: m.evaluate(X), ValueError, "the loss needs targets, and there are none"),
    "no y in a batch": (lambda m: m.train_on_batch(X), ValueError, "the loss needs targets, and there are none"),
    "one-hot": (
        lambda m: m.fit(X, np.eye(3)[C]),
        errors.ShapeError,
        "For one-hot targets use categorical_crossentropy",
    ),
}


@pytest.fixture(scope="module")
def models():
    """A regression and a classifier on each backend, made once: all mistakes are made with the same ones."""
    made = {}
    for backend in BACKENDS:
        with pf.use_backend(backend):
            regression = pf.Sequential([L.Dense(1, name="dense", input_shape=(4,))], name="model")
            regression.compile("sgd", "mse")
            classifier = pf.Sequential([L.Dense(3, activation="softmax", input_shape=(4,))], name="model")
            classifier.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
            made[backend] = regression, classifier
    return made


def answer(model, mistake):
    with pytest.raises(Exception) as caught:
        mistake(model)
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("case", REGRESSION)
def test_one_sentence_on_every_backend(models, case):
    mistake, kind, text = REGRESSION[case]
    check(models, 0, Y, mistake, kind, text)


TOO_LARGE = {
    "zeros": lambda: pf.zeros([10**9] * 3),
    "ones": lambda: pf.ones([10**9] * 2),
    "fill": lambda: pf.fill([10**6] * 3, 1.5),
    "eye": lambda: pf.eye(10**8),
    "range": lambda: pf.range(0, 10**15),
    "linspace": lambda: pf.linspace(0.0, 1.0, 10**15),
    "normal": lambda: pf.random.normal([10**9] * 2),
    "one_hot": lambda: pf.one_hot([1, 2], 10**15),
    "repeat": lambda: pf.repeat([1.0, 2.0], 10**15),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_fits_into_no_memory(backend, case):
    with pf.use_backend(backend), pytest.raises(errors.ShapeError, match="bytes, which fit into no machine's memory"):
        TOO_LARGE[case]()


ODD = {
    "range to infinity": (lambda: pf.range(0, float("inf")), ValueError, "finite ends and steps; got 0, inf and 1"),
    "range to NaN": (lambda: pf.range(float("nan")), ValueError, "finite ends and steps; got 0, nan and 1"),
    "devices of a number": (
        lambda: pf.config.experimental.list_physical_devices(3),
        ValueError,
        "or None for all; got 3",
    ),
    "a device's number": (lambda: pf.device(3), errors.UnknownDeviceError, "has no device 3"),
    "norm of a number": (lambda: pf.clip_by_global_norm(3.0, 1.0), TypeError, "takes a list of tensors"),
    "axis of normalize": (lambda: K.utils.normalize([1.0, 2.0], axis=4), errors.AxisError, "axis 4 is out of range"),
    "images": (lambda: pf.nn.conv2d, AttributeError, "Instead: there are no layers for images"),
    "CSV": (lambda: pf.data.experimental.make_csv_dataset, AttributeError, "Instead: read files with Python"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_arguments(case):
    mistake, kind, text = ODD[case]
    with pytest.raises(kind, match=text):
        mistake()


@pytest.mark.parametrize("case", CLASSES)
def test_labels_outside_the_classes(models, case):
    mistake, kind, text = CLASSES[case]
    check(models, 1, C, mistake, kind, text)


def check(models, which, targets, mistake, kind, text):
    answers = []
    for backend in BACKENDS:
        model = models[backend][which]
        with pf.use_backend(backend):
            answers.append(answer(model, mistake))
            assert np.isfinite(model.fit(X, targets, verbose=0).history["loss"]).all()
    assert answers[0] == answers[1]
    found, sentence = answers[0]
    assert issubclass(found, kind)
    assert re.search(text, sentence), sentence
    assert "\n" not in sentence


def computed(*parts, batch=4):
    """Batches that have to be computed."""
    data = slices(*parts).map(lambda *one: tuple(2.0 * part for part in one))
    return data if batch is None else data.batch(batch).filter(lambda *one: True)


def generated(*shapes):
    """Batches of a generator of these shapes, of four rows where they do not say."""

    def batches():
        yield tuple(np.zeros([size or 4 for size in shape], "float32") for shape in shapes)

    signature = tuple(pf.TensorSpec(shape, "float32") for shape in shapes)
    return pf.data.Dataset.from_generator(batches, output_signature=signature)


COMPUTED = ["features computed", "targets computed", "x computed", "samples computed", "generated", "targets generated"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "held_out",
    [
        (X,),
        (X, None),
        (X[:, :3], Y),
        (X, np.ones((8, 3))),
        (X, {"a": Y}),
        slices(X[:, :3], Y).batch(4),
        slices(X).batch(4),
        slices(X, Y, Y, Y).batch(4),
        computed(X[:, :3], Y),
        computed(X, np.ones((8, 3))),
        computed(X),
        computed(X, Y, batch=None),
        generated((None, 3), (None, 1)),
        generated((4, 4), (4, 3)),
    ],
    ids=["x", "none", "features", "targets", "names", "features of batches", "x of batches", "four parts", *COMPUTED],
)
def test_what_is_held_out_is_looked_at_before_training(backend, held_out):
    with pf.use_backend(backend):
        model = compiled()
        before = model.get_weights()
        with pytest.raises(ValueError):
            model.fit(X, Y, validation_data=held_out, verbose=0)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


class Particular(pf.keras.Model):
    """A model of batches of four rows, which cannot be tested before it was trained."""

    def __init__(self):
        super().__init__()
        self.dense, self.ready = L.Dense(1), False

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x, training=False):
        if x.shape[0] == 1:  # it is being built
            return self.dense(x)
        if training:
            self.ready = True
        elif not self.ready:
            raise RuntimeError("not trained")
        return self.dense(x) + np.zeros((4, 1), "float32")


@pytest.mark.parametrize("again", [False, True])
def test_what_is_held_out_passes_where_a_model_takes_it_only_as_it_is(again):
    model = Particular()
    model.compile("sgd", "mse")
    model.ready = again
    model.fit(X, Y, batch_size=4, validation_data=generated((None, 4), (None, 1)), verbose=0)
    model.fit(X, Y, batch_size=4, validation_data=computed(X, Y), validation_steps=2, verbose=0)


class Watcher(K.callbacks.Callback):
    """A callback that looks at the batches held out."""

    def on_test_batch_end(self, batch, logs=None): ...


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_held_out_is_looked_at_also_where_its_batches_are_watched(backend):
    with pf.use_backend(backend):
        model = compiled()
        before = model.get_weights()
        with pytest.raises(errors.ShapeError, match=r"got shape \(8, 3\)"):
            model.fit(X, Y, validation_data=(X[:, :3], Y), callbacks=[Watcher()], verbose=0)
        np.testing.assert_array_equal(before[0], model.get_weights()[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_labels_held_out_are_looked_at_before_training(backend):
    with pf.use_backend(backend):
        model = pf.Sequential([L.Dense(3, activation="softmax", input_shape=(4,))])
        model.compile("sgd", "sparse_categorical_crossentropy")
        before = model.get_weights()[0]
        with pytest.raises(errors.LabelError, match="label 3"):
            model.fit(X, C, validation_data=(X, C + 1), verbose=0)
        np.testing.assert_array_equal(before, model.get_weights()[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loss_that_is_nan_names_epoch_and_step(models, backend):
    """The third of four steps in the second epoch; training goes on, as in Keras, unless TerminateOnNaN is there."""
    model = models[backend][0]
    weights = model.get_weights()
    target = Y.copy()

    class Spoil(K.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            target[4] = np.nan if epoch == 1 else 0.0

    with pf.use_backend(backend):
        data = pf.data.Dataset.from_generator(
            lambda: zip(X, target, strict=True),
            output_signature=(pf.TensorSpec((4,), "float32"), pf.TensorSpec((1,), "float32")),
        ).batch(2)
        with pytest.warns(RuntimeWarning, match=r"NaN in epoch 2, step 3\. Check the data .*TerminateOnNaN\(\) stops"):
            assert model.fit(data, epochs=3, callbacks=[Spoil()], verbose=0).epoch == [0, 1, 2]
        model.set_weights(weights)
        with pytest.warns(RuntimeWarning, match=r"NaN in epoch 2, step 3"):
            history = model.fit(data, epochs=3, callbacks=[Spoil(), K.callbacks.TerminateOnNaN()], verbose=0)
        assert history.epoch == [0, 1]
        model.set_weights(weights)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, Y, verbose=0)


class Unused(K.Model):
    """A model with a weight that its loss does not depend on."""

    def __init__(self):
        super().__init__()
        self.dense, self.unused = L.Dense(1), self.add_weight((1,), name="unused")

    def call(self, x):
        return self.dense(x)


def unused():
    model = Unused()
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (
            lambda: K.optimizers.SGD().apply_gradients([(pf.ones(1), pf.Variable([1.0])), (None, pf.Variable([1.0]))]),
            "there are no gradients",
        ),
        (lambda: unused().fit(X, Y, verbose=0), "there are no gradients"),
        (lambda: unused().train_on_batch(X, Y), "there are no gradients"),
        (lambda: K.optimizers.AdamW(decay=0.1), "decay is ignored"),
        (
            lambda: compiled().fit(X, Y, verbose=0, callbacks=[K.callbacks.EarlyStopping()]),
            "Early stopping conditioned",
        ),
        (lambda: compiled().fit(X * np.nan, Y, verbose=0), "the loss became NaN"),
        (lambda: K.losses.CategoricalCrossentropy()(Y, Y), "with a single class"),
    ],
)
def test_warnings_name_the_users_line(mistake, text):
    with pytest.warns(match=text) as caught:
        mistake()
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("backend", BACKENDS)
def test_places_and_lengths_that_are_none(backend):
    with pf.use_backend(backend):
        with pytest.raises(TypeError, match=r"tf.IndexedSlices\(values, indices\); got 3"):
            pf.Variable([1.0]).scatter_update(3)
        with pytest.raises(errors.ShapeError, match="maxlen=-1"):
            K.utils.pad_sequences([[1]], maxlen=-1)
        with pytest.raises(errors.ShapeError, match=r"variance of shape \(2,\); the input's axis -1 needs \(4,\)"):
            L.Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0])(X)
        assert L.Normalization(mean=1.0, variance=4.0)(X).shape == X.shape
