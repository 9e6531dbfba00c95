"""What all tests share."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # the oracle's own default, TensorFlow, is not installed
