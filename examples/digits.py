"""Handwritten digits: train a classifier, judge it on digits it has not seen, save it and read it back.

    python examples/digits.py
    POLYFLOW_BACKEND=jax python examples/digits.py

The digits ship with polyflow: 1,797 images of 8 by 8 pixels. This is the program behind ``polyflow demo``, with
a dataset, and with the weights saved to a file and read into a second model.
"""

import tempfile
from pathlib import Path

import numpy as np

import polyflow as tf

tf.keras.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = tf.datasets.load_digits(flatten=True)
print(f"{len(x_train)} images to train on, {len(x_test)} to judge by, {x_train.shape[1]} pixels each")


def make_model():
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(128, activation="tanh", input_shape=(64,)),
            tf.keras.layers.Dropout(0.2),
            tf.keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(tf.keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# Train ------------------------------------------------------------------------------------------------------------

dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=1).batch(32)
model = make_model()
history = model.fit(dataset, epochs=8, validation_data=(x_test, y_test), verbose=0).history
for epoch, (loss, held_out) in enumerate(zip(history["loss"], history["val_loss"], strict=True), 1):
    print(f"epoch {epoch}: loss {loss:.6f}, held-out loss {held_out:.6f}")

# Judge ------------------------------------------------------------------------------------------------------------

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"held-out loss {loss:.6f}, accuracy {accuracy:.4f}")


def drawn(image):
    """An image as text, a character for each pixel."""
    return "\n".join("".join(" .:*#"[int(pixel * 4.99)] * 2 for pixel in row) for row in image.reshape(8, 8))


probabilities = model.predict(x_test[:3], verbose=0)
for image, label, row in zip(x_test, y_test, probabilities, strict=False):
    print(f"\n{drawn(image)}\na {label}; the model says {row.argmax()}")

# Save and read back -----------------------------------------------------------------------------------------------

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.weights.safetensors"
    model.save_weights(path)
    copy = make_model()
    copy.load_weights(path)
same = np.array_equal(model.predict(x_test, verbose=0), copy.predict(x_test, verbose=0))
print("\nThe copy predicts the same:", same)
