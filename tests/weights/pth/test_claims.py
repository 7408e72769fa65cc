"""Files that claim more than they hold: an error in good time, never memory for what is not there."""

import copy
import struct
import zipfile

import handmade as hm
import pytest
from handmade import archive, entries, refused, tensor

from minifcn.weights import read_pth

TRILLION = 10**12


@pytest.mark.parametrize(
    "claim, words",
    [
        (tensor(offset=1), ["reach out of 12 numbers"]),
        (tensor(stride=(5, 1)), ["reach out of 12 numbers"]),
        (tensor((TRILLION,), (1,)), ["reach out of 12 numbers"]),
        (tensor((TRILLION,), (0,)), ["repeats 12 numbers more often"]),
        (tensor((10**6, 10**6, 10**6), (0, 0, 0)), ["repeats 12 numbers more often"]),
        (tensor((3, 4), (-4, 1)), ["-4", "from 0"]),
        (tensor((-3, 4), (4, 1)), ["-3", "from 0"]),
        (tensor(offset=-1), ["-1", "from 0"]),
        (tensor((3, 4), (1,)), ["2 axes and 1 strides"]),
        (tensor((1,) * 65, (1,) * 65), ["65 axes"]),
        (tensor(stored=hm.storage(count=TRILLION)), ["has 48 bytes, expected 4000000000000"]),
        (tensor(stored=hm.storage(count=13)), ["has 48 bytes, expected 52"]),
        (tensor(stored=hm.storage(count=11)), ["has 48 bytes, expected 44"]),
        (tensor(stored=hm.storage(kind="DoubleStorage")), ["has 48 bytes, expected 96"]),
        (tensor(stored=hm.storage("7")), ["data/7 is missing"]),
        (tensor(stored=hm.storage("../0")), ["data/../0 is missing"]),
        (tensor(stored=b"N"), ["without a storage"]),
        (tensor(stored=hm.ask("torch", "FloatStorage")), ["without a storage"]),
    ],
)
def test_claims_beyond_the_file_are_refused(tmp_path, claim, words):
    refused(archive(tmp_path / "w.pth", entries(a=claim)), *words)


def test_one_storage_named_with_two_sizes_is_refused(tmp_path):
    refused(archive(tmp_path / "w.pth", entries(a=tensor(), b=tensor(stored=hm.storage(count=3)))), "named twice")


def test_an_entry_that_claims_a_trillion_bytes_is_refused(tmp_path):
    path = archive(tmp_path / "w.pth", entries(a=tensor(stored=hm.storage(count=2**29))))
    content, size = path.read_bytes(), struct.pack("<II", 48, 48)
    place = content.rindex(size)  # in the archive's directory, compressed and not
    path.write_bytes(content[:place] + struct.pack("<II", 2**31, 2**31) + content[place + 8 :])
    refused(path, "data/0 reaches beyond the end")


def test_overlapping_entries_are_refused(tmp_path):
    """Many entries in the same place would take many times the file in memory."""
    path = tmp_path / "w.pth"
    count = 2**12
    with zipfile.ZipFile(path, "w") as file:
        names = {f"t{key}": tensor(stored=hm.storage(str(key), count)) for key in range(40)}
        file.writestr("net/data.pkl", hm.pickled(entries(**names)))
        file.writestr("net/data/0", bytes(4 * count))
        for key in range(1, 40):
            again = copy.copy(file.getinfo("net/data/0"))
            again.filename = f"net/data/{key}"
            file.filelist.append(again)
    refused(path, "larger than the file")


def test_compressed_entries_are_refused(tmp_path):
    path = archive(tmp_path / "w.pth", entries(a=tensor()), compression=zipfile.ZIP_DEFLATED)
    refused(path, "data.pkl is compressed")
    archive(path, entries(a=tensor(stored=hm.storage(count=2**24))), {})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("net/data/0", bytes(2**26))
    assert path.stat().st_size < 2**17
    refused(path, "data/0 is compressed")


@pytest.mark.parametrize(
    "write, words", [(hm.archive, "bytes follow the archive's end"), (hm.legacy, "5 bytes follow the last storage")]
)
def test_files_longer_than_what_they_hold_are_refused(tmp_path, write, words):
    path = write(tmp_path / "w.pth", hm.entries(a=hm.tensor()))
    assert read_pth(path)["a"].shape == (3, 4)
    with open(path, "ab") as file:
        file.write(b"extra")
    refused(path, words)
