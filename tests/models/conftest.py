"""The fixtures `net` and `padding`: a test that takes them runs for each of the three networks, with either padding."""

import pytest
from networks import NETS


@pytest.fixture(params=NETS, ids=lambda net: net.__name__)
def net(request):
    return request.param


@pytest.fixture(params=[100, "same"])
def padding(request):
    return request.param
