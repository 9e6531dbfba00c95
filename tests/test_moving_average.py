"""ExponentialMovingAverage against what TensorFlow 2 gives for the same steps."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf


@pytest.mark.parametrize("options", [{}, {"num_updates": 2}])
def test_averages_follow_as_in_tensorflow(options):
    variable, averages = pf.Variable([1.0, -2.0]), pf.train.ExponentialMovingAverage(0.9, **options)
    assert averages.average(variable) is None
    decay = min(0.9, 3 / 12) if options else 0.9
    expected = variable.numpy().astype("float64")
    for step in range(5):
        expected = decay * expected + (1 - decay) * variable.numpy()
        averages.apply([variable])
        np.testing.assert_allclose(averages.average(variable).numpy(), expected, rtol=1e-6)
        variable.assign(variable * 1.5 + step)
    assert not averages.average(variable).trainable


def test_what_averages_do_not_follow():
    averages = pf.train.ExponentialMovingAverage(0.9)
    with pytest.raises(TypeError, match="averages follow variables; got Tensor"):
        averages.apply([pf.tensor(1.0)])
    with pytest.raises(ValueError, match="decay=2"):
        pf.train.ExponentialMovingAverage(2)
