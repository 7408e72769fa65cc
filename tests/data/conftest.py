"""Where the real data sets lie, for the tests that want them, and small files for the others."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"  # beside the repository's folder


def _root(variable, default):
    root = Path(os.environ.get(variable) or BESIDE / default)
    if not root.is_dir():
        pytest.skip(f"no data at {root}: name its folder in {variable}")
    return root


@pytest.fixture
def camvid_root():
    return _root("MINIFCN_CAMVID", "camvid")


@pytest.fixture
def voc_root():
    return _root("MINIFCN_VOC", "voc-sample")


@pytest.fixture
def save():
    """save(array, path): writes an image file, uint8 (h, w) as grey and (h, w, 3) as RGB; makes its folder."""

    def write(array, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(array, dtype=np.uint8)).save(path)
        return path

    return write
