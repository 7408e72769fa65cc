"""One thread for PyTorch, so that the comparisons are repeatable and leave the machine to others."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    import torch  # not above: where it is missing, the tests skip before they come here

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
