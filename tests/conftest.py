"""What all tests share: one thread for each process that they run in, and the fixture `device`.

`device` is the strict double in CuPy's place, then CuPy itself where a GPU works. A test that takes it runs on both,
and skips on CuPy with the reason where there is none. To the code under test both look the same: `to_device(x, "gpu")`
gives arrays of the device, `to_host(x)` brings them back.

And the fixture `browser`, chromium driven by Playwright: one for a process, or the test skips.
"""

import os
import shutil
import sys

if "PYTEST_XDIST_WORKER" in os.environ:  # BLAS and PyTorch read it as they are imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")

os.environ.pop("COLUMNS", None)  # which rich's console keeps for good if it is there as it is made

import cupy_costs
import numpy as np
import pytest
import strict_array

import minifcn.commands.tables  # noqa: F401
from minifcn.backend import gpu_status, to_host


class Device:
    """`xp`, the device's module, and what it counted since the last `forget()`; CuPy counts nothing."""

    def __init__(self, xp, counts):
        self.xp, self.counts = xp, counts

    def forget(self):
        cupy_costs.forget()

    def counted(self, cause):
        """How often since then; a `cause` of cupy_costs.py, such as "calls". 0 on CuPy, which counts nothing."""
        return cupy_costs.counts[cause]

    def assert_copies(self, waits=None, uploads=None):
        """The host waited, and copied to the device, for just these causes since then: {cause: times}."""
        if self.counts:
            found = {"waits": dict(cupy_costs.waits), "uploads": dict(cupy_costs.uploads)}
            assert found == {"waits": waits or {}, "uploads": uploads or {}}

    def assert_same(self, actual, expected):
        """An array of the device holds the same numbers as one on the host, to rounding, both in float32."""
        assert isinstance(actual, self.xp.ndarray)
        assert actual.dtype == expected.dtype == "float32"
        np.testing.assert_allclose(to_host(actual), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.fixture(params=["strict", "cupy"])
def device(request, monkeypatch):
    if request.param == "cupy":
        usable, reason = gpu_status()
        if not usable:
            pytest.skip(reason)
        import cupy

        return Device(cupy, counts=False)
    monkeypatch.setitem(sys.modules, "cupy", strict_array.xp)
    device = Device(strict_array.xp, counts=True)
    device.forget()
    return device


@pytest.fixture(scope="session")
def browser():
    driver = pytest.importorskip("playwright.sync_api", reason="drives a browser: pip install playwright")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("there is no chromium")
    quiet = "--no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet.split())
        yield browser
        browser.close()
