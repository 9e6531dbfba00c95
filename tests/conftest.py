"""What all tests share."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy asks when it is first imported whether to take arrays other than NumPy's
os.environ.setdefault("KERAS_BACKEND", "jax")  # the oracle's own default, TensorFlow, is not installed
