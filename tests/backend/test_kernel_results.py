"""A kernel that returns something else than an array: one sentence that says of which op it is, and what came."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

import polyflow as pf
from polyflow.backend import ArrayNamespaceBackend
from polyflow.errors import BackendBrokenError
from polyflow.ops.declare import OPS
from polyflow_numpy.backend import NumPyBackend

WRONG = {
    "None": lambda: None,
    "an object of type list": lambda: [1.0, 2.0],
    "an object of type tuple": lambda: (np.zeros(2, np.float32),),
    "an object of type float": lambda: 1.5,
    "an object of type Tensor": lambda: pf.ones(2),
}


def backend(name, made, base=ArrayNamespaceBackend):
    """A backend over NumPy whose kernel of an op returns what ``made`` gives."""
    members = {"name": "wrong", "xp": np, name: lambda self, *arrays, **attrs: made()}
    return type("Wrong", (base,), members)()


USES = {  # op: ways in which a user comes by it
    "exp": [
        lambda: pf.exp(pf.ones(2)),
        lambda: pf.function(lambda x: pf.exp(x) + 1.0)(pf.ones(2)),
        lambda: pf.grad(lambda x: pf.sum(pf.exp(x)))(pf.ones(2)),
        lambda: pf.grad(pf.grad(lambda x: pf.sum(pf.exp(x))))(pf.ones(())),
    ],
    "add": [lambda: pf.ones(2) + pf.ones(2), lambda: pf.ones(2) + 1.0, lambda: pf.ones(2) + pf.constant([1, 2])],
    "sum": [lambda: pf.sum(pf.ones(2)), lambda: pf.reduce_sum(pf.ones((2, 2)), [0])],
    "astype": [lambda: pf.cast(pf.ones(2), "int32"), lambda: pf.ones(2) + pf.constant([1, 2])],
    "where": [lambda: pf.where(pf.ones(2) > 0, pf.ones(2), pf.zeros(2))],
    "getitem": [lambda: pf.ones(3)[1:]],
    "full": [lambda: pf.ones(3)],
    "concat": [lambda: pf.concat([pf.ones(2), pf.ones(2)], 0)],
}


@pytest.mark.parametrize("came", WRONG)
@pytest.mark.parametrize("name", USES)
def test_the_sentence_names_the_op(name, came):
    for use in USES[name]:
        with pytest.raises(BackendBrokenError) as raised, pf.use_backend(backend(name, WRONG[came])):
            use()
        said = f"the kernel {name} of backend 'wrong' returned {came}, expected an array of the library."
        assert str(raised.value) == said


class Strict(ArrayNamespaceBackend):
    """Its dtypes are its own, so that ops have no quick kernels."""

    name = "wrong"
    xp = array_api_strict

    def tanh(self, x):
        return [0.0]


@pytest.mark.parametrize("use", [pf.tanh, pf.function(pf.tanh), pf.grad(lambda x: pf.sum(pf.tanh(x)))])
def test_a_library_with_dtypes_of_its_own(use):
    with pf.use_backend(Strict()), pytest.raises(BackendBrokenError, match="the kernel tanh of backend 'wrong' ret"):
        use(pf.ones(2))


def test_a_kernel_with_several_results():
    for made, came in ((lambda: np.ones(2), "an object of type ndarray"), (lambda: (np.ones(2),), "a tuple of 1")):
        with pytest.raises(BackendBrokenError) as raised, pf.use_backend(backend("svd", made)):
            pf.linalg.svd(pf.ones((2, 2)))
        said = f"the kernel svd of backend 'wrong' returned {came}, expected a tuple of 3 arrays of the library."
        assert str(raised.value) == said


@pf.custom_gradient
def steep(x):
    return x * 2.0, lambda g: g * 3.0


@pytest.mark.parametrize("library", [ArrayNamespaceBackend, "jax"])
def test_a_gradient_of_one_s_own_in_a_loop_is_an_array(library):
    one = library if library == "jax" else type("Right", (library,), {"name": "right", "xp": np})()
    with pf.use_backend(one):
        loop = pf.function(lambda x: pf.fori_loop(0, 3, lambda i, y: steep(y), x))
        assert loop(pf.ones(2)).tolist() == [8, 8]
        assert pf.grad(lambda x: pf.sum(loop(x)))(pf.ones(2)).tolist() == [27, 27]


def test_a_kernel_that_returned_an_array_is_kept_as_it_is():
    one = backend("exp", lambda: np.ones(2, np.float32))
    quick = pf.exp.op.quick
    assert quick[one] is not quick.form(one)
    with pf.use_backend(one):
        assert pf.exp(pf.ones(2)).tolist() == [1, 1]
    assert quick[one] is pf.exp.op.kernels[one].quick


def test_a_kernel_that_calls_its_own_op_ends():
    """Each level would be tried twice, and so on: the shorter way and the other one."""

    def exp(self, x):
        return pf.exp(pf.Tensor(x, self)).array

    for base in (ArrayNamespaceBackend, Strict):
        endless = type("Endless", (base,), {"name": "endless", "xp": base.xp or np, "exp": exp})()
        with pf.use_backend(endless), pytest.raises(RecursionError) as caught:
            pf.exp(pf.ones(2))
        assert caught.value.__notes__ == ["while polyflow ran exp(float32[2])"]


@pytest.mark.parametrize("hook", ["kernel", "resolve"])
def test_a_hook_that_gives_no_kernel(hook):
    one = type("Wrong", (ArrayNamespaceBackend,), {"name": "wrong", "xp": np, hook: lambda self, op: None})()
    with pf.use_backend(one), pytest.raises(BackendBrokenError) as caught:
        pf.ones(2)
    assert str(caught.value) == "kernel(full) of backend 'wrong' returned None, expected a function of arrays."


PROGRAMS = {
    "None, expected a function from arrays to a tuple of arrays": lambda graph: None,
    "a program that returned None, expected a tuple of 1": lambda graph: lambda *arrays: None,
    "a program that returned a tuple of 0, expected a tuple of 1": lambda graph: lambda *arrays: (),
    "a program that returned an object of type ndarray, expected a tuple of 1": lambda graph: lambda *arrays: arrays[0],
    "a program that returned an object of type int among its results, expected a tuple of 1": lambda graph: (
        lambda *_: (1,)
    ),
}


@pytest.mark.parametrize("came", PROGRAMS)
def test_a_program_that_is_none(came):
    members = {"name": "wrong", "xp": np, "compile": lambda self, graph: PROGRAMS[came](graph)}
    with pf.use_backend(type("Wrong", (ArrayNamespaceBackend,), members)()):
        function, x = pf.function(lambda x: x + 1.0), pf.ones(2)
        for _ in range(2):
            with pytest.raises(BackendBrokenError) as caught:
                function(x)
            assert str(caught.value).startswith(f"compile of backend 'wrong' returned {came}")


def test_a_loop_that_is_none():
    members = {"name": "wrong", "xp": np, "loop": lambda self, loop: None}
    with pf.use_backend(type("Wrong", (ArrayNamespaceBackend,), members)()):
        model = pf.Sequential([pf.layers.Dense(1, input_shape=(2,))])
        model.compile("sgd", "mse")
        with pytest.raises(BackendBrokenError, match="loop of backend 'wrong' returned None, expected a LoopProgram"):
            model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=4, verbose=0)


class Over(ArrayNamespaceBackend):
    """A library whose programs run node by node."""

    name = "over"
    xp = np


def late(name, made, base):
    """A backend whose kernel of an op returns an array the first time, and what ``made`` gives after that."""
    right, calls = base().resolve(OPS[name]), []

    def kernel(self, *arrays, **attrs):
        calls.append(None)
        return right(*arrays, **attrs) if len(calls) == 1 else made()

    return type("Late", (base,), {"name": "wrong", name: kernel})()


AFTERWARDS = {  # op that is given what another returned: how
    "multiply": lambda x: x * 2.0,
    "add": lambda x: 1 + x,
    "divide": lambda x: x / x,
    "exp": lambda x: pf.exp(x),
    "where": lambda x: pf.where(pf.ones(2) > 0, pf.ones(2), x),
    "sum": lambda x: pf.sum(x),
    "max": lambda x: pf.reduce_max(x, axis=[0]),
    "concat": lambda x: pf.concat([pf.ones(2), x], 0),
    "matmul": lambda x: pf.matmul(x, pf.ones((2, 2))),
    "clamp": lambda x: pf.clip_by_value(x, pf.zeros(2), pf.ones(2)),
}


@pytest.mark.parametrize("came", ["None", "an object of type list"])
@pytest.mark.parametrize("op", AFTERWARDS)
def test_no_array_after_an_array(op, came):
    with pf.use_backend(late("tanh", WRONG[came], NumPyBackend)):
        x = pf.ones(2)
        pf.tanh(x)
        with pytest.raises(BackendBrokenError, match=f"of backend 'wrong' (that holds|returned) {came}"):
            AFTERWARDS[op](pf.tanh(x))
        with pytest.raises(BackendBrokenError, match=f"a kernel of backend 'wrong' returned {came}, expected an array"):
            pf.tanh(x).numpy()


def test_the_op_that_is_given_no_array_is_named():
    with pf.use_backend(late("tanh", WRONG["None"], NumPyBackend)):
        pf.tanh(pf.ones(2))
        with pytest.raises(BackendBrokenError) as raised:
            pf.multiply(pf.tanh(pf.ones(2)), 2.0)
    said = "multiply got a tensor of backend 'wrong' that holds None: a kernel returned that where an array of the "
    assert str(raised.value) == said + "library was expected."


@pytest.mark.parametrize("came", ["None", "an object of type list"])
@pytest.mark.parametrize("base", [NumPyBackend, Over])
@pytest.mark.parametrize("function", [lambda x: pf.tanh(x) * 2.0, pf.tanh, lambda x: pf.concat([x, pf.tanh(x)], 0)])
def test_no_array_after_an_array_in_a_program(function, base, came):
    with pf.use_backend(late("tanh", WRONG[came], base)):
        program = pf.function(function)
        program(pf.ones(2))
        with pytest.raises(BackendBrokenError) as raised:
            program(pf.ones(2))
    said = f"the kernel tanh of backend 'wrong' returned {came}, expected an array of the library."
    assert str(raised.value) == said
