"""Labels in MATLAB's files, read by SciPy."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.reading.matelements import MOST, check_elements
from minifcn.errors import InputError

LARGEST = 2**31 - 1  # number in a label


def need_scipy() -> Any:
    """SciPy's reader of MATLAB's files. InputError where it is not installed."""
    try:
        from scipy.io import loadmat
    except ImportError:
        need = "MATLAB's files are read by SciPy, which is not installed"
        raise InputError(f"{need}: pip install 'minifcn[sbd]', or scipy") from None
    return loadmat


def read_mat(path: Path, name: str, field: str | None = None) -> np.ndarray:
    """The numbers that a variable of a .mat file holds, or a field of it: whole ones, int32 (H, W).

    InputError for a file that is damaged or that holds something else.
    """
    loadmat, told = need_scipy(), f"{name}.{field}" if field else name
    try:
        with open(path, "rb") as file:
            content = file.read(MOST + 1)
        check_elements(content, name)
        held = loadmat(io.BytesIO(content), variable_names=[name])[name]
        values = np.asarray(held.reshape(-1)[0][field] if field else held)
    except InputError as error:
        raise InputError(f"{path} cannot be read as a file of MATLAB: {error}: fetch it again") from error
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"{path} holds no {told} ({error}), as files of this data set do: fetch it again") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever a damaged file leads to
        raise InputError(f"{path} cannot be read as a file of MATLAB ({error}): fetch it again") from error
    whole = values.ndim == 2 and values.size and values.dtype.kind in "uif" and (values == np.floor(values)).all()
    if not whole or values.min() < -LARGEST or values.max() > LARGEST:
        raise InputError(f"{path}: {told} is no matrix of whole numbers, expected a label: fetch it again")
    return values.astype(np.int32)
