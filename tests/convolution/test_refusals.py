"""What convolutions, as functions and as layers, refuse before they compute."""

import numpy as np
import pytest

from minifcn.convolution.checks import check_groups
from minifcn.errors import InputError
from minifcn.layers import Conv2d


@pytest.mark.parametrize("channels", [(3, 4), (4, 3), (3, 3)])
def test_channels_that_do_not_divide_into_the_groups(channels):
    with pytest.raises(InputError, match="x: {} -> {} channels do not divide into 2 groups".format(*channels)):
        check_groups("x", *channels, 2)


def test_groups_come_back_as_ints():
    assert check_groups("x", np.int64(6), 4, 2) == (6, 4, 2)


def test_an_input_of_another_dtype_than_the_weights():
    with pytest.raises(InputError, match="Conv2d: input is float64, this layer's weights are float32"):
        Conv2d(1, 1, 1)(np.zeros((1, 1, 2, 2)))
