"""Functions composed of ops, in TensorFlow's form: the same on every backend because the ops are."""
