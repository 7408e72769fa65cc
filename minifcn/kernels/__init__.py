"""Kernels by hand, in CUDA's C: each does in one launch what a plain function does in several array operations.

`minifcn/backend/kernels.py` hands over to them where they are asked for. Every file can be deleted, and so can the
folder: the plain functions remain. None has run on a GPU yet; the tests compile all of them for three, and run them as
loops on the host.

In all of them x counts pixels and y planes (one channel of one image): a thread for each pixel of each plane, so that
neighbouring threads read and write neighbouring numbers. No thread writes what another one reads or writes, and each
adds in a fixed order: the results are the same every time.
"""

import importlib
import pkgutil

_files = [importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
TWINS = {name: getattr(file, name) for file in _files for name in getattr(file, "TWINS", ())}  # of plain functions
