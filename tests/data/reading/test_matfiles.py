"""MATLAB's files: labels of several makers are read, and no damage reaches SciPy, which may crash at it."""

import io
import struct
import zlib

import numpy as np
import pytest

from minifcn.data.reading import matelements
from minifcn.data.reading.matelements import check_elements
from minifcn.data.reading.matfiles import read_mat
from minifcn.errors import InputError

LABEL = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.fixture
def file(tmp_path):
    """Writes variables, or bytes, as x.mat; returns its path."""
    scipy_io = pytest.importorskip("scipy.io")

    def write(content=None, compressed=False, **variables):
        if content is None:
            scipy_io.savemat(tmp_path / "x.mat", variables, do_compression=compressed)
        else:
            (tmp_path / "x.mat").write_bytes(content)
        return tmp_path / "x.mat"

    return write


def element(kind, content, order="<"):
    return struct.pack(f"{order}2I", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(values, name=b"S", kind=2, order="<", sizes=None, what=9, flags=0):
    parts = element(6, struct.pack(f"{order}2I", what | flags, 0), order)
    parts += element(5, struct.pack(f"{order}2i", *(sizes or values.shape)), order)
    return element(14, parts + element(1, name, order) + element(kind, values.T.tobytes(), order), order)


def mat(*elements, order="<"):
    return b"MATLAB 5.0".ljust(124) + {"<": b"\0\1IM", ">": b"\1\0MI"}[order] + b"".join(elements)


@pytest.mark.parametrize("compressed", [False, True])
def test_labels_are_read(file, compressed):
    path = file(compressed=compressed, S=LABEL, other={"deep": [1, "text"]}, names=np.array(["a", "bc"], object))
    assert read_mat(path, "S").dtype == np.int32
    np.testing.assert_array_equal(read_mat(path, "S"), LABEL)
    np.testing.assert_array_equal(read_mat(file(S=LABEL.astype(float), compressed=compressed), "S"), LABEL)
    sparse = pytest.importorskip("scipy.sparse").csc_matrix(LABEL > 3)  # as SBD's boundaries, in cells
    cells = np.empty(2, object)
    cells[:] = [sparse, sparse]
    path = file(compressed=compressed, GTcls={"Boundaries": cells, "Segmentation": LABEL, "CategoriesPresent": 3.0})
    np.testing.assert_array_equal(read_mat(path, "GTcls", "Segmentation"), LABEL)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_made_by_hand_is_read(file, order):
    np.testing.assert_array_equal(read_mat(file(mat(matrix(LABEL, order=order), order=order)), "S"), LABEL)
    packed = zlib.compress(matrix(LABEL, order=order))
    packed = struct.pack(f"{order}2I", 15, len(packed)) + packed  # without anything that fills up 8 bytes
    odd = matrix(LABEL, b"odd", what=17, order=order)  # an object, which nobody asks for
    np.testing.assert_array_equal(read_mat(file(mat(odd, packed, order=order)), "S"), LABEL)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "no file of MATLAB's version 5 to 7"),
        (b"<html>" * 99, "no file of MATLAB's version 5 to 7"),
        (mat()[:124] + b"\0\2IM" + bytes(99), "of MATLAB's version 7.3, expected 7: save it with -v7"),
        (mat(matrix(LABEL)[:-30]), "reaches beyond the end"),
        (mat(matrix(LABEL), b"1234"), "it is cut short"),
        (mat(element(9, bytes(8))), "an element of the kind 9"),
        (mat(matrix(LABEL, kind=8)), "numbers of an unknown kind"),
        (mat(matrix(LABEL, kind=9)), "numbers too many or too few"),
        (mat(matrix(LABEL, sizes=(3, 5))), "numbers too many or too few"),
        (mat(matrix(LABEL, sizes=(2**31 - 1, 2**31 - 1))), "numbers too many or too few"),
        (mat(matrix(LABEL, sizes=(-3, -4))), "a size below 0"),
        (mat(matrix(LABEL, flags=0x800)), "parts too many or too few"),
        (mat(matrix(LABEL, what=17)), "a matrix of the class 17"),
        (mat(matrix(LABEL, what=1)), "parts too many or too few"),
        (mat(matrix(LABEL, what=2)), "a matrix is cut short"),
        (mat(element(14, element(6, bytes(8)))), "a matrix is cut short"),
        (mat(struct.pack("<2I", 15, 4) + b"1234"), "what is compressed in it is damaged"),
        (mat(struct.pack("<2I", 15, 9) + zlib.compress(bytes(999))[:9]), "is cut short"),
        (mat(struct.pack("<2I", 15, 8) + zlib.compress(b"")), "is no matrix"),
    ],
)
def test_damage_is_named(file, content, words):
    with pytest.raises(InputError) as error:
        read_mat(file(content), "S")
    assert f"x.mat cannot be read as a file of MATLAB: {words}" in str(error.value) or words in str(error.value)


def test_matrices_within_matrices_come_to_an_end():
    inner = b""
    for _ in range(50):
        parts = element(6, struct.pack("<2I", 1, 0)) + element(5, struct.pack("<2i", 1, 1)) + element(1, b"S")
        inner = element(14, parts + (inner or matrix(LABEL)))
    with pytest.raises(InputError, match="more than 20 matrices one in the other"):
        check_elements(mat(inner), "S")


def test_what_is_unpacked_has_a_limit(monkeypatch):
    monkeypatch.setattr(matelements, "MOST", 10_000)
    packed = zlib.compress(bytes(10**6))
    with pytest.raises(InputError, match="takes more than 10000 bytes"):
        check_elements(mat(struct.pack("<2I", 15, len(packed)) + packed), "S")


def test_what_holds_no_label_is_named(file):
    for variables in (
        {"S": LABEL + 0.5},
        {"S": "text"},
        {"S": np.full((2, 2), np.nan)},
        {"S": LABEL * 1j},
        {"T": LABEL},
    ):
        with pytest.raises(InputError, match=r"x\.mat.*fetch it again$"):
            read_mat(file(**variables), "S")
    with pytest.raises(InputError, match=r"nowhere\.mat cannot be read: No such file"):
        read_mat(file(S=LABEL).parent / "nowhere.mat", "S")


def test_scipy_writes_what_is_checked(file):
    """Every kind of matrix of SciPy's passes, so that a new version of it does not shut real files out."""
    kinds = [np.ones((2, 3), kind) for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "c16", "?")]
    for value in (*kinds, "text", "사과", [], {"a": 1, "b": {"c": "d"}}, np.zeros((0, 3)), np.ones((2, 3, 4))):
        path = file(S=value)
        check_elements(path.read_bytes(), "S")
    buffer = io.BytesIO()
    pytest.importorskip("scipy.io").savemat(buffer, {"S": LABEL, "long" * 7: 1}, do_compression=True)
    check_elements(buffer.getvalue(), "S")
