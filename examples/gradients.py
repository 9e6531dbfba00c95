"""Six ways to a derivative: grad, value_and_grad, jvp, jacobian, hessian, GradientTape; and rules of your own.

    python examples/gradients.py
    POLYFLOW_BACKEND=jax python examples/gradients.py

Most of it follows one function, the energy of a chain of springs, so that each derivative means something.
"""

import polyflow as pf

stiffness = pf.constant([1.0, 2.0, 3.0, 2.0])


def energy(x):
    """Five points on a line, joined by springs of length 1: half the stiffness times the square of the stretch."""
    stretch = x[1:] - x[:-1] - 1.0
    return pf.sum(0.5 * stiffness * stretch**2)


x = pf.constant([0.0, 1.5, 2.0, 3.25, 4.5])

# The gradient of a function: minus the force on each point --------------------------------------------------------

print("energy  ", f"{float(energy(x)):.6f}")
print("force   ", (-pf.grad(energy)(x)).numpy())
value, gradient = pf.value_and_grad(energy)(x)
print("both    ", f"{float(value):.6f}", gradient.numpy())

# The derivative along a direction: does pulling at the end cost energy? -------------------------------------------

pull = pf.constant([0.0, 0.0, 0.0, 0.0, 1.0])
_, slope = pf.jvp(energy, (x,), (pull,))
print("slope   ", f"{float(slope):.6f}")

# All first derivatives of a vector, and all second derivatives of a number ----------------------------------------

print("jacobian of the forces:\n", pf.jacobian(pf.grad(energy))(x).numpy())
print("the same as the hessian:", bool(pf.all(pf.hessian(energy)(x) == pf.jacobian(pf.grad(energy))(x))))


# Gradients of structures, and of one argument among several -------------------------------------------------------


def fitted(parameters, t):
    return parameters["a"] * pf.exp(-parameters["rate"] * t)


def misfit(parameters, t, y):
    return pf.mean((fitted(parameters, t) - y) ** 2)


t = pf.linspace(0.0, 3.0, 20)
y = 2.0 * pf.exp(-0.7 * t)
parameters = {"a": pf.constant(1.0), "rate": pf.constant(0.1)}
step = pf.function(pf.value_and_grad(misfit))  # one compiled program
for _ in range(1500):
    loss, slopes = step(parameters, t, y)
    parameters = {name: parameters[name] - 0.1 * slopes[name] for name in parameters}
print("fit     ", {name: round(float(value), 4) for name, value in sorted(parameters.items())})

# TensorFlow's way: a tape, with variables -------------------------------------------------------------------------

points = pf.Variable(x)
for _ in range(400):
    with pf.GradientTape() as tape:
        cost = energy(points)
    points.assign_sub(0.1 * tape.gradient(cost, points))
print("at rest ", points.numpy().round(4))

u = pf.constant(0.5)
with pf.GradientTape() as outer:  # tapes nest: the second derivative
    outer.watch(u)
    with pf.GradientTape() as inner:
        inner.watch(u)
        v = pf.sin(u) ** 2
    first = inner.gradient(v, u)
print("twice   ", f"{float(first):.6f} {float(outer.gradient(first, u)):.6f}")

# A rule of your own: log(1 + exp(x)), whose plain derivative is NaN for large x -----------------------------------


@pf.custom_gradient
def log1pexp(x):
    e = pf.exp(x)
    return pf.log(1.0 + e), lambda g: g * (1.0 - 1.0 / (1.0 + e))


plain = pf.grad(lambda x: pf.log(1.0 + pf.exp(x)))
print("rule    ", float(plain(100.0)), float(pf.grad(log1pexp)(100.0)))
