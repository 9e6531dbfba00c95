"""What `keras.ops` has of its own, one family of functions in each file: compositions of polyflow's ops.

They take what `asarray` takes, keep the dtype of floating tensors, compute integers in float32 where the result is no
whole number, and give indices as int64, as `argmax` and `argsort` do. Where a result's shape is data, the docstring
says so: such functions are not for traced functions.
"""
