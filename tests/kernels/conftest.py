"""`xp`: the strict double, on which a kernel's source runs on the host, then CuPy itself where a GPU works."""

import pytest
import strict_array

from minifcn.backend import gpu_status


@pytest.fixture(params=["strict", "cupy"], scope="module")
def xp(request):
    if request.param == "strict":
        return strict_array.xp
    usable, reason = gpu_status()
    if not usable:
        pytest.skip(reason)
    import cupy

    return cupy
