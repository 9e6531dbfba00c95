"""Introductory TensorFlow 2 code with one changed line: the import.

python examples/first_steps.py
POLYFLOW_BACKEND=jax python examples/first_steps.py
"""

import numpy as np

import polyflow as tf

tf.keras.utils.set_random_seed(1)

# Tensors ----------------------------------------------------------------------------------------------------------

a = tf.constant([[1.0, 2.0], [3.0, 4.0]], name="a")
b = tf.ones((2, 2))
print(a + b)
print(a @ b)
print(tf.zeros((2, 3), dtype=tf.int32))
print(tf.linspace(0.0, 1.0, 5, name="line"))
print(tf.range(3, 18, 3, name="threes"))

# Variables and a tape ---------------------------------------------------------------------------------------------

W = tf.Variable([0.3], dtype=tf.float32, name="W")
c = tf.Variable([-0.3], dtype=tf.float32, name="c")
x = tf.constant([1.0, 2.0, 3.0, 4.0])
y = tf.constant([0.0, -1.0, -2.0, -3.0])

for _ in range(200):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(W * x + c - y))
    dW, dc = tape.gradient(loss, [W, c])
    W.assign_sub(0.02 * dW)
    c.assign_sub(0.02 * dc)
print("W =", W.numpy(), "c =", c.numpy(), "loss =", float(loss))

# A dataset and a model ------------------------------------------------------------------------------------------------

generator = np.random.default_rng(0)
data = generator.standard_normal((100, 2))  # float64, as NumPy makes it
labels = (data[:, 0] * data[:, 1] > 0).astype(float)
dataset = tf.data.Dataset.from_tensor_slices((data, labels)).batch(32)

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Dense(10, activation="sigmoid", input_dim=2),
        tf.keras.layers.Dense(10, activation="sigmoid"),
    ]
)
model.add(tf.keras.layers.Dense(1, activation="sigmoid"))
model.summary()
model.compile(optimizer="SGD", loss="mean_squared_error")
model.fit(dataset, epochs=100, verbose=0)
model.fit(data, labels, epochs=5, verbose=2)
print("evaluate:", model.evaluate(dataset, verbose=0))
print("predict:", model.predict(data[:3], verbose=0))
print("predict a dataset:", model.predict(dataset, verbose=0).shape)
